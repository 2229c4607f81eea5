/*
 * Who is to be told of a change: noted under the lock, by whoever changes the
 * table, and told once it is given back, for telling is system calls.
 *
 *	ring	a sleeping worker, by its inbox (bell.h)
 *	call	a worker where none is, by a file (call.c)
 *	wake	those who wait for an end, for room, for the next record: by the
 *		futex words in the table
 *
 * It stands above the table and the gates, which say whom a ready task is for,
 * and below all that changes the table.  It gives the lock back, never takes it
 * and writes no record.
 */
#ifndef TQ_SPOOL_DUE_H
#define TQ_SPOOL_DUE_H

#include "spool/handle.h"

/* ---- due.c -------------------------------------------------------------- */

/* Note that a sleeping worker that serves the queue is to be rung. */
void	tq_due_ring(struct tq_spool *sp, uint32_t queue);
/* The same for a READY slot: one that has what the task needs, if any has. */
void	tq_due_ring_for(struct tq_spool *sp, const struct tq_slot *s);
/*
 * The same if the task is ready; if its ETA is to come, one is to sleep no
 * longer than until then; else nothing.
 */
void	tq_due_ring_slot(struct tq_spool *sp, const struct tq_slot *s);
/* Note that waiters of a slot are to be woken. */
void	tq_due_wake(struct tq_spool *sp, struct tq_slot *s);
/* Room for the inboxes of others, made with the first ring; -1. */
int	tq_due_peers(struct tq_spool *sp);
/*
 * Give the lock back, then ring, wake and call, and unlink what nobody needs.
 * What is to be known of the table for that is copied before.
 */
void	tq_due_leave(struct tq_spool *sp);

/* ---- call.c: a worker where none is -------------------------------------- */

/* Under the lock: a task is ready.  Note the queue if nobody serves it. */
void	tq_call(struct tq_spool *sp, uint32_t queue);
/* The same row has gone: call for what it leaves behind. */
void	tq_call_left(struct tq_spool *sp, const struct tq_wrow *w);
/* Name of a queue, "" for one that is not there. */
void	tq_call_name(struct tq_spool *sp, char *out, size_t size,
	    uint32_t queue);
/* Not under the lock: make and remove SPOOL/ready/NAME. */
void	tq_call_make(struct tq_spool *sp, const char *name);
void	tq_call_remove(struct tq_spool *sp, const char *name);

#endif
