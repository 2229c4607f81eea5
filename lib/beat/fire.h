/*
 * Where the lines of a schedule stand, and putting what is due of one; beat.h
 * says by which rules.
 */
#ifndef TQ_BEAT_FIRE_H
#define TQ_BEAT_FIRE_H

#include "beat.h"

struct tq_firing {
	struct tq_beat	*b;
	struct tq_zones	 zones;
	tq_time		 boot;		/* what this boot is known by, not 0 */
};

/*
 * Do what there is to do for a line at `now`, at most a few dozen ticks:
 * ask where it stands, put what is due.  1 when there is more.  What fails is
 * said once, and tried again when TQ_FIRE_AGAIN has passed: entry->retry.
 */
int	tq_fire(struct tq_firing *f, struct tq_entry *entry, tq_time now);
#define TQ_FIRE_AGAIN	(10 * TQ_SECOND)

/* Give a sentence to one who hears it; fn may be NULL. */
void	tq_beat_say(void (*fn)(const char *), const char *fmt, ...)
	    __attribute__((__format__(__printf__, 2, 3)));

#endif
