/*
 * How many places a worker of -j min,max has (pure).  It grows when all are
 * filled and tasks still wait, twofold at most at a time; it shrinks to what
 * it needed at most when that was less for TQ_SCALE_IDLE.
 */
#ifndef TQ_WORKER_SCALE_H
#define TQ_WORKER_SCALE_H

#include <stdint.h>

#include <tq/types.h>

#define TQ_SCALE_EVERY	(100 * TQ_MS)	/* between two looks at the backlog */
#define TQ_SCALE_IDLE	(2 * TQ_SECOND)

struct tq_scale {
	unsigned	 min, max;
	tq_time		 looked;	/* at the backlog last */
	tq_time		 since;		/* begin of the period, 0: none yet */
	unsigned	 most;		/* places busy in it, at most */
};

/* 1 if all of `size` are filled and it is time to look whether more wait. */
int	tq_scale_due(const struct tq_scale *, unsigned size, tq_time now);
/* The size to have when so many tasks wait. */
unsigned tq_scale_up(struct tq_scale *, unsigned size, uint64_t ready,
	    tq_time now);
/* So many places are busy at a moment when tasks were looked for. */
void	tq_scale_note(struct tq_scale *, unsigned busy, tq_time now);
/* The size to have after what was noted. */
unsigned tq_scale_down(struct tq_scale *, unsigned size, tq_time now);
/* By how much the bounds move when somebody wants n places more or less. */
void	tq_scale_move(struct tq_scale *, long n, unsigned limit);
#endif
