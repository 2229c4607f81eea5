/*
 * Rows and edges of what is tied to others: had, found and given back.  What
 * they mean is in graph.h.
 */
#include <errno.h>
#include <string.h>

#include "spool/table.h"

struct tq_ext *
tq_table_ext_need(struct tq_table *t, uint32_t slot)
{
	struct tq_slot *s = tq_table_slot(t, slot);
	struct tq_top *top = t->top;
	struct tq_ext *x;
	uint32_t n;

	if (s == NULL)
		return NULL;
	if (s->ext != 0)
		return tq_table_ext(t, s);
	if (tq_table_reserve_ties(t, 1, 0) == -1)
		return NULL;
	if ((n = top->free_ext) == 0)
		n = ++top->exts.used;
	else if (n > top->exts.used) {
		t->bad = 1;
		return NULL;
	} else
		top->free_ext = t->exts[n].chain;
	x = &t->exts[n];
	memset(x, 0, sizeof(*x));
	x->slot = slot;
	s->ext = n;
	top->nexts++;
	return x;
}

void
tq_table_ext_free(struct tq_table *t, uint32_t n)
{
	struct tq_top *top = t->top;

	if (n == 0 || n > top->exts.used || top->exts.used >= TQ_SLOTS_MAX) {
		t->bad = 1;
		return;
	}
	memset(&t->exts[n], 0, sizeof(t->exts[n]));
	t->exts[n].chain = top->free_ext;
	top->free_ext = n;
	top->nexts--;
}

struct tq_edge *
tq_table_edge(struct tq_table *t, uint32_t n)
{
	uint32_t cap = t->top->edges.cap;

	if (n == 0)
		return NULL;
	if (n > t->top->edges.used || n >= cap || cap > TQ_EDGES_MAX) {
		t->bad = 1;
		return NULL;
	}
	return &t->edges[n];
}

uint32_t
tq_table_edge_new(struct tq_table *t)
{
	struct tq_top *top = t->top;
	uint32_t n;

	if (tq_table_reserve_ties(t, 0, 1) == -1)
		return 0;
	if ((n = top->free_edge) == 0)
		n = ++top->edges.used;
	else if (n > top->edges.used) {
		t->bad = 1;
		return 0;
	} else
		top->free_edge = t->edges[n].tnext;
	memset(&t->edges[n], 0, sizeof(t->edges[n]));
	top->nedges++;
	return n;
}

void
tq_table_edge_free(struct tq_table *t, uint32_t n)
{
	struct tq_top *top = t->top;

	if (tq_table_edge(t, n) == NULL)
		return;
	memset(&t->edges[n], 0, sizeof(t->edges[n]));
	t->edges[n].tnext = top->free_edge;
	top->free_edge = n;
	top->nedges--;
}
