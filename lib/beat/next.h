/*
 * When a line of a schedule is due next (pure: time and zone are arguments).
 *
 * A line names times of the clock on the wall.  Where a zone's rules put that
 * clock forward, the times left out are one tick, at the moment they were left
 * out; where they put it back, the times shown twice are ticks the first time.
 */
#ifndef TQ_BEAT_NEXT_H
#define TQ_BEAT_NEXT_H

#include <stdint.h>

#include "crontab.h"

/* A time zone: seconds that its clocks are ahead of UTC at a second of UTC. */
struct tq_zone {
	int64_t		(*offset)(void *arg, int64_t t);
	void		*arg;
};

/*
 * The first tick of a line of kind CRON or EVERY that is later than `after`.
 * TQ_FOREVER: there is none that a tq_time can hold.
 */
tq_time	tq_next(const struct tq_crontab *, const struct tq_zone *,
	    tq_time after);

/*
 * The last tick in (after, upto], 0: there is none.  It costs no more for a
 * line that was due a million times.
 */
tq_time	tq_next_last(const struct tq_crontab *, const struct tq_zone *,
	    tq_time after, tq_time upto);
#endif
