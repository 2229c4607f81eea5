/*
 * The resident handlers of a place: one process for each program of -U, made
 * when a task needs it.  A place that runs a task of one has it in p->at.
 */
#ifndef TQ_WORKER_FEED_H
#define TQ_WORKER_FEED_H

#include "place.h"

int	tq_feed_open(struct tq_place *, const struct tq_place_rules *,
	    struct tq_err *);
/* Kills those that are there, but lets retired ones leave in their time. */
void	tq_feed_close(struct tq_place *);

/*
 * Feed the claimed task to use's process, which becomes p->at and p->pid; -1
 * and *status as of tq_plan_make().
 */
int	tq_feed_start(struct tq_place *, const struct tq_place_rules *,
	    const struct tq_use *, int *status, struct tq_err *);

enum tq_heard {
	TQ_HEARD_NOTHING,	/* that matters to the task */
	TQ_HEARD_ANSWER,
	TQ_HEARD_GARBAGE,	/* the sentence says what; it was killed */
	TQ_HEARD_END		/* it closed its stdout */
};
/*
 * Resident handler n has written something, or has ended.  What *out points
 * to is the place's.
 */
enum tq_heard tq_feed_hear(struct tq_answer *out, struct tq_place *,
	    const struct tq_place_rules *, size_t n, tq_time now,
	    struct tq_err *);
/*
 * 1 if p->at has ended without having read its task, which then is no fault
 * of the task; one that never answered any does not count.
 */
int	tq_feed_unseen(const struct tq_place *);
/* Say how p->at ended without an answer. */
void	tq_feed_why(struct tq_place *, int wstatus);

/* A process that runs no task has ended: 1 if it was one of these. */
int	tq_feed_reaped(struct tq_place *, const struct tq_place_rules *,
	    pid_t, int wstatus);
/* Let the idle ones leave. */
void	tq_feed_retire(struct tq_place *, tq_time now);
/* Kill those that do not; returns when to come again, TQ_FOREVER: never. */
tq_time	tq_feed_tick(struct tq_place *, tq_time now);
/* How many processes run no task. */
unsigned tq_feed_idlers(const struct tq_place *);
#endif
