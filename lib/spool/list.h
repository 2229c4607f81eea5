/*
 * Lists of slots, and which one a slot stands in by its state.
 *
 * It counts nothing and asks no gate: what else follows from a state is done
 * by who moves a slot, state.c, or, within READY, gate.c and gate_let.c.
 */
#ifndef TQ_SPOOL_LIST_H
#define TQ_SPOOL_LIST_H

#include "spool/table.h"

/* The list that a slot stands in by its state, NULL for none. */
struct tq_list	*tq_list_of(struct tq_table *t, const struct tq_slot *s);
/* 1 for an ended task in no list: somebody may still want its result. */
int		 tq_slot_pinned(struct tq_table *t, const struct tq_slot *s);
/*
 * Into a list at one of its ends; by its place in line, as far as the first
 * 64 there tell; out of one.
 */
void		 tq_list_put(struct tq_table *t, struct tq_list *l, uint32_t n,
		    int at_head);
void		 tq_list_place(struct tq_table *t, struct tq_list *l,
		    uint32_t n);
void		 tq_list_del(struct tq_table *t, struct tq_list *l, uint32_t n);

#endif
