/*
 * What becomes of a task whose process ended (pure): how it ended and what
 * its policy allows make success, another try at some time, or failure.
 */
#ifndef TQ_WORKER_OUTCOME_H
#define TQ_WORKER_OUTCOME_H

#include <stdint.h>

#include <tq/tq.h>

/* What a task may still do, and what it did before this attempt. */
struct tq_policy {
	int		 retries;	/* failed attempts to try again, >= 0 */
	int		 once;		/* at most one start, whatever else */
	unsigned	 failures;	/* failed attempts before this one */
	unsigned	 laters;	/* "try later" ends before this one */
	struct tq_rules	 rules;		/* that hold for it */
};

/*
 * The policy of a claimed task; retries is the worker's own rule, for a task
 * that has none.
 */
void	tq_policy_of(struct tq_policy *out, const struct tq_claim *,
	    int retries);
/* What the task itself says of its backoff, in place of its queue's rule. */
void	tq_policy_backoff(struct tq_rules *r, const struct tq_task *t);

/*
 * The longest delay before retry k, counted from 1: the first, then each
 * longer by the factor, and never more than the cap.
 */
tq_time	tq_backoff_max(const struct tq_rules *r, unsigned k);
/*
 * The delay before retry k with full jitter, so that tasks which failed
 * together do not come back together: in [0, tq_backoff_max(r, k)], chosen by
 * the random number rnd.
 */
tq_time	tq_backoff(const struct tq_rules *r, unsigned k, uint64_t rnd);

/*
 * Let the attempt be tried again after a delay of its own choosing, as by a
 * status that says "later": *out gets state, flags, why and when.
 */
void	tq_outcome_later(struct tq_outcome *out, const struct tq_policy *p,
	    tq_time delay, tq_time now);

/*
 * Decide how an attempt ended.
 *
 *	out	as tq_outcome_init() leaves it; gets state, flags, status,
 *		signal, why, and, for TQ_RETRY, when.  why is a constant or
 *		NULL: it says only what status and signal do not
 *	wstatus	of the task's first process, as from waitpid(2)
 *	p	see above
 *	rnd	64 random bits
 *	now	wall clock, ns
 *
 * The state becomes TQ_SUCCESS, TQ_RETRY or TQ_FAILURE; tqrun(1), "STATUS OF A
 * TASK", lists which exit status means what.
 */
void	tq_outcome_decide(struct tq_outcome *out, int wstatus,
	    const struct tq_policy *p, uint64_t rnd, tq_time now);
#endif
