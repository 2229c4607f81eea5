/*
 * Who syncs for all: the leader of a commit.
 *
 * He holds a robust mutex, `sync`.  That is an economy: two who sync the same
 * files at once do no harm.  So a leader who gets nowhere, for he was stopped
 * or frozen or his disk hangs, is not waited for longer than
 * TQ_LOCK_PATIENCE: there are TQ_LEADS mutexes, one of which counts, and who
 * lost his patience takes another that is free and makes that the one.
 *
 *  1. Who leads in another's place writes the bytes again before he syncs, as
 *     after a leader who died: the kernel may have told the first that they
 *     were lost.
 *  2. Whoever was passed by and goes on moves nothing: what he synced before
 *     may have been lost since, and he was not told.  A sync of his that failed
 *     counts, for everything that is not durable.
 */
#ifndef TQ_SPOOL_LEAD_H
#define TQ_SPOOL_LEAD_H

#include <tq/types.h>

#include "spool/top.h"

/* A disk that is only slow syncs for some ten seconds; none is awaited longer. */
#define TQ_LEAD_PATIENCE	(60 * TQ_SECOND)

/* One who needs a leader.  Zeros at first. */
struct tq_lead {
	uint32_t	 n;		/* the mutex he holds, once he leads */
	uint32_t	 led;		/* the lead that he waits for, */
	tq_time		 since;		/* since then; monotonic */
};

/*
 * Lead, if nobody does.  0; 1: write again what is to be synced.  -1: EBUSY
 * somebody leads: wait a little and try again; ETIMEDOUT all who may lead have
 * got nowhere for TQ_LEAD_PATIENCE.
 */
int	tq_lead_try(struct tq_lead *, struct tq_top *);
/* The same, waiting for whoever leads. */
int	tq_lead_take(struct tq_lead *, struct tq_top *);
/* 1 unless he was passed by. */
int	tq_lead_counts(const struct tq_lead *, const struct tq_top *);
void	tq_lead_give(const struct tq_lead *, struct tq_top *);
/* The process that leads, or led last. */
int	tq_lead_pid(const struct tq_top *);
#endif
