/*
 * How a slot is freed, and when an ended task is.  sp NULL: in replay, or
 * where nobody has files to unlink.
 */
#ifndef TQ_SPOOL_FORGET_H
#define TQ_SPOOL_FORGET_H

#include "spool/table.h"

struct tq_spool;

/*
 * Take a slot out of every list and index and free it; `now`, here and below, is
 * the time of the change, in a replay that of its record.
 */
void	tq_table_del(struct tq_table *t, uint32_t n, tq_time now);

/* What a slot's kept-until is when it ends at `end`; *own: not by the list. */
tq_time	tq_apply_until(struct tq_table *t, const struct tq_slot *s,
	    enum tq_state state, tq_time end, int *own);
/* After a replay: let the oldest ended tasks go that are too many. */
void	tq_apply_trim(struct tq_table *t, tq_time now);
/* Forget a slot by retention or command, unless it is pinned. */
void	tq_apply_forget(struct tq_table *t, uint32_t n, tq_time now,
	    struct tq_spool *sp);
/* Let the oldest of a list of ended tasks go when there are too many. */
void	tq_apply_oldest(struct tq_table *t, struct tq_list *l, tq_time now,
	    struct tq_spool *sp);
/* Forget slot n, which is *s, by command, whoever may still want it. */
void	tq_apply_forget_told(struct tq_table *t, uint32_t n,
	    const struct tq_slot *s, tq_time now, struct tq_spool *sp);

#endif
