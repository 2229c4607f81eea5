/*
 * What a worker took from a remote broker and may not start yet, in the spool
 * of this machine (tqrun --local-hold): a task there for each message, a body
 * and nothing else, in a queue of the broker's own, delayed until it is due.
 * Any worker of this machine with --local-hold and that broker gives it back
 * then.  Which copy counts is the broker's to say: tq_worker_release().
 */
#ifndef TQ_WORKER_HOLD_H
#define TQ_WORKER_HOLD_H

#include <tq/tq.h>

#include "say.h"

struct tq_hold {
	struct tq_holder holder;
	struct tq	*broker, *spool;	/* spool NULL: there is no holding */
	const struct tq_say *say;
	char		 queue[TQ_NAME_MAX + 1];
	struct tq_claim	 claim;
	tq_time		 next;		/* look again, wall clock */
	int		 failed;	/* it was said that it did not work */
};

/* Open the spool and let the broker use it.  0 or -1. */
int	tq_hold_open(struct tq_hold *, struct tq *broker,
	    const struct tq_say *, struct tq_err *);
void	tq_hold_close(struct tq_hold *);
/*
 * Give back what is due.  *wait becomes how long there is nothing to do.  0,
 * or -1: the broker is away (ETIMEDOUT, ECONNREFUSED).
 */
int	tq_hold_tick(struct tq_hold *, tq_time *wait, struct tq_err *);
#endif
