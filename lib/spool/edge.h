/*
 * What the files of the graph share: edges, one at a time.
 */
#ifndef TQ_SPOOL_EDGE_H
#define TQ_SPOOL_EDGE_H

#include "spool/graph.h"

/* Row of ties of a slot by number, NULL for none. */
struct tq_ext	*tq_edge_ext(struct tq_table *t, uint32_t slot);

/* A new edge that is not met; NULL and t->bad when there is no room. */
struct tq_edge	*tq_edge_make(struct tq_table *t, uint32_t from, uint32_t to,
		    enum tq_edge_kind kind, uint32_t number);
/* Take edge n out of both lists and free it. */
void		 tq_edge_unlink(struct tq_table *t, uint32_t n);

/* Keep what `from` left for the sake of `to`, and not any more. */
void		 tq_edge_pin(struct tq_table *t, struct tq_edge *g);
void		 tq_edge_unpin(struct tq_table *t, struct tq_edge *g);
/* Give slot n so many pins: with the first it leaves the list of its end. */
void		 tq_edge_restand(struct tq_table *t, uint32_t n,
		    struct tq_ext *x, uint32_t pins);

/* Count the end of `real` in g->to; if it has ended; and take it back. */
void		 tq_edge_meet(struct tq_table *t, struct tq_edge *g,
		    uint32_t real);
void		 tq_edge_meet_due(struct tq_table *t, struct tq_edge *g);
void		 tq_edge_unmeet(struct tq_table *t, struct tq_edge *g);

#endif
