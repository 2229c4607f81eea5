/*
 * At most so many starts in a time (pure).  Who must wait is given a time of
 * his own, one period behind the other, so that nobody has to ask twice.
 */
#ifndef TQ_BASE_PACE_H
#define TQ_BASE_PACE_H

#include <tq/types.h>

struct tq_pace {
	tq_time		 period;	/* between two starts, 0: no bound */
	tq_time		 next;		/* nobody starts before */
	tq_time		 last;		/* the last time that was given out */
};

/* From now on so; times given out before still hold for who has them. */
void	tq_pace_set(struct tq_pace *, tq_time period);
/*
 * May one start now?  0: it does; else the time for which it has a place.
 * Who comes late, by less than a period, does not make those behind him late.
 */
tq_time	tq_pace_ask(struct tq_pace *, tq_time now);
/*
 * "10/m", "0.5/s", "100/h", "10": in a second, as Celery writes rates; "0" and
 * "" are no bound.  EINVAL, quoted.
 */
int	tq_pace_parse(tq_time *period, const char *text, struct tq_err *);
#endif
