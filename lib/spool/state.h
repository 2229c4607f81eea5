/*
 * The states of a slot: a slot stands in the list, the count and the timer
 * heap that follow from its state, and moves from one state to another only by
 * tq_table_leave() and tq_table_enter().  tq_spool(5) draws which arrows there
 * are and who takes them.
 */
#ifndef TQ_SPOOL_STATE_H
#define TQ_SPOOL_STATE_H

#include "spool/table.h"

/*
 * Let a slot leave its state and enter another: lists, counts and timers
 * follow from the state, s->due, s->expires, s->row, s->pri and s->queue,
 * which the caller sets between the two calls.
 *
 *	HELD, BLOCKED		timer at expires; a group that is open: list of its
 *				owner
 *	DELAYED, RETRY		timer at due, or expires if that is sooner
 *	READY			ready list of its queue and priority (at its
 *				head with TQ_ENTER_HEAD); timer at expires
 *	STARTED			list of its owner, of row 0 if it is leased
 *	ended			done or dead list, timer at due when KEEP; with pins
 *				neither
 */
void		 tq_table_leave(struct tq_table *t, uint32_t n);
void		 tq_table_enter(struct tq_table *t, uint32_t n,
		    enum tq_state, unsigned flags);
#define TQ_ENTER_HEAD	0x01
/* One more task is in line: whoever looks for one in vain looks again. */
void		 tq_table_ready(struct tq_table *t);

/* Slot of the first timer, 0 none. */
uint32_t	 tq_table_first(struct tq_table *t);
/* Slot of the first timer due at now, 0 none; *due is when the first is. */
uint32_t	 tq_table_due(struct tq_table *t, tq_time now, tq_time *due);

#endif
