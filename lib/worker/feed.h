/*
 * The resident handlers of a place: one process for each program of -U, made
 * when a task needs it.  A place that runs a task of one has it in p->at.
 *
 * One that is quick is fed ahead: tasks claimed for the same handler stand in
 * p->ahead behind the one it works on, whose turn comes when that is
 * answered.  Whatever befalls it before, they go back uncounted: it answers
 * in order, so it has not begun them.
 */
#ifndef TQ_WORKER_FEED_H
#define TQ_WORKER_FEED_H

#include "answer.h"
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
/*
 * Claim one more task for p->at, which is not fed before the flush.  1 one was
 * claimed; 0 it shall have no more; 2 there is nothing to claim; -1.
 */
int	tq_feed_more(struct tq_place *, const struct tq_place_rules *,
	    tq_time now, struct tq_err *);
void	tq_feed_flush(struct tq_place *);
/*
 * The claim of the place is settled: take the next one of p->at.  1 it has
 * one; 0 there is none, and p->at is NULL.
 */
int	tq_feed_next(struct tq_place *);
/*
 * p->at works on nothing any more: hand back what it was fed beside that.
 * What cannot be now stays for another call: the place is not free.
 */
void	tq_feed_hand_back(struct tq_place *, const struct tq_place_rules *);
/* Send sig when its turn comes: 1 if the task is one of those ahead. */
int	tq_feed_signal(struct tq_place *, const char *id, int sig);

enum tq_heard {
	TQ_HEARD_NOTHING,	/* that matters to the task */
	TQ_HEARD_ANSWER,
	TQ_HEARD_REPORT,
	TQ_HEARD_GARBAGE,	/* the sentence says what; it was killed */
	TQ_HEARD_TWICE,		/* for the task before; it was killed */
	TQ_HEARD_END		/* it closed its stdout */
};
/*
 * Resident handler n has written something, or has ended: take one line.  What
 * *out points to is the place's.
 */
enum tq_heard tq_feed_hear(struct tq_answer *out, struct tq_place *,
	    const struct tq_place_rules *, size_t n, tq_time now,
	    struct tq_err *);
/* 1 if p->at has another line to be heard. */
int	tq_feed_has_more(const struct tq_place *);
/*
 * 1 if p->at has ended without having read its task, which then is no fault
 * of the task; one that never answered any does not count.
 */
int	tq_feed_unseen(const struct tq_place *);
/* How p->at ended without an answer. */
void	tq_feed_why(char *why, size_t size, int wstatus);

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
