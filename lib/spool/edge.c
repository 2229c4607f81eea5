/*
 * Edges: made, met, pinned and taken away; what counts behind them.  The rules
 * are in graph.h.
 */
#include "spool/edge.h"
#include "spool/state.h"

#include <string.h>

/* Steps from a replaced task to the one that took its place at last. */
#define REAL_MAX	100000
/* Groups around a group. */
#define NEST_MAX	64

struct tq_ext *
tq_edge_ext(struct tq_table *t, uint32_t slot)
{
	struct tq_slot *s = tq_table_slot(t, slot);

	return s == NULL ? NULL : tq_table_ext(t, s);
}

/* ---- lists of edges ----------------------------------------------------- */

static void
link_edge(struct tq_table *t, uint32_t n, struct tq_ext *from,
    struct tq_ext *to)
{
	struct tq_edge *g = &t->edges[n], *o;

	g->fnext = from->out;
	if ((o = tq_table_edge(t, from->out)) != NULL)
		o->fprev = n;
	from->out = n;
	g->tnext = to->in;
	if ((o = tq_table_edge(t, to->in)) != NULL)
		o->tprev = n;
	to->in = n;
}

void
tq_edge_unlink(struct tq_table *t, uint32_t n)
{
	struct tq_edge *g = &t->edges[n], *o;
	struct tq_ext *from = tq_edge_ext(t, g->from);
	struct tq_ext *to = tq_edge_ext(t, g->to);

	if (from == NULL || to == NULL) {
		t->bad = 1;
		return;
	}
	/* a walk that stands here goes on behind it */
	if (from->cursor == n)
		from->cursor = g->fnext;
	if (to->cursor == n)
		to->cursor = g->tnext;
	if (g->fprev == 0)
		from->out = g->fnext;
	else if ((o = tq_table_edge(t, g->fprev)) != NULL)
		o->fnext = g->fnext;
	if ((o = tq_table_edge(t, g->fnext)) != NULL)
		o->fprev = g->fprev;
	if (g->tprev == 0)
		to->in = g->tnext;
	else if ((o = tq_table_edge(t, g->tprev)) != NULL)
		o->tnext = g->tnext;
	if ((o = tq_table_edge(t, g->tnext)) != NULL)
		o->tprev = g->tprev;
	tq_table_edge_free(t, n);
}

/* ---- pins --------------------------------------------------------------- */

/* An ended task that is pinned leaves the list of such, and comes back. */
void
tq_edge_restand(struct tq_table *t, uint32_t n, struct tq_ext *x, uint32_t pins)
{
	struct tq_slot *s = &t->slots[n];
	enum tq_state state = s->state;

	if (!TQ_STATE_ENDED(state) || (x->pins == 0) == (pins == 0)) {
		x->pins = pins;
		return;
	}
	tq_table_leave(t, n);
	x->pins = pins;
	tq_table_enter(t, n, state, 0);
}

void
tq_edge_pin(struct tq_table *t, struct tq_edge *g)
{
	struct tq_ext *x = tq_edge_ext(t, g->from);

	if (x == NULL || g->flags & TQ_EG_PIN)
		return;
	g->flags |= TQ_EG_PIN;
	tq_edge_restand(t, g->from, x, x->pins + 1);
}

void
tq_edge_unpin(struct tq_table *t, struct tq_edge *g)
{
	struct tq_ext *x = tq_edge_ext(t, g->from);

	if (x == NULL || !(g->flags & TQ_EG_PIN) || x->pins == 0)
		return;
	g->flags &= (uint8_t)~TQ_EG_PIN;
	tq_edge_restand(t, g->from, x, x->pins - 1);
}

/* ---- who counts --------------------------------------------------------- */

uint32_t
tq_graph_real(struct tq_table *t, uint32_t n)
{
	uint32_t steps, e;
	struct tq_edge *g;
	struct tq_ext *x;

	for (steps = 0; steps < REAL_MAX; steps++) {
		if ((x = tq_edge_ext(t, n)) == NULL ||
		    !(x->flags & TQ_XF_REPLACED))
			return n;
		for (e = x->in; (g = tq_table_edge(t, e)) != NULL;
		    e = g->tnext)
			if (g->kind == TQ_EDGE_ALIAS)
				break;
		if (g == NULL)
			return 0;
		n = g->from;
	}
	t->bad = 1;
	return 0;
}

uint32_t
tq_graph_blame(struct tq_table *t, uint32_t n)
{
	struct tq_ext *x;
	int steps;

	for (steps = 0; steps < NEST_MAX; steps++) {
		x = tq_edge_ext(t, n);
		if (x == NULL || !(x->flags & TQ_XF_GROUP) ||
		    !(x->flags & TQ_XF_CAUSED) || x->cause == 0 ||
		    tq_table_slot(t, x->cause) == NULL)
			break;
		n = x->cause;
	}
	return n;
}

uint32_t
tq_graph_awaited(struct tq_table *t, const struct tq_slot *s)
{
	const struct tq_ext *x = tq_table_ext(t, s);
	struct tq_edge *g;
	uint32_t e;

	for (e = x == NULL ? 0 : x->in; (g = tq_table_edge(t, e)) != NULL;
	    e = g->tnext)
		if (!(g->flags & TQ_EG_MET))
			return tq_graph_real(t, g->from);
	return 0;
}

uint32_t
tq_graph_group(struct tq_table *t, uint32_t n)
{
	struct tq_ext *x = tq_edge_ext(t, n);
	struct tq_edge *g;
	uint32_t e;

	for (e = x == NULL ? 0 : x->out; (g = tq_table_edge(t, e)) != NULL;
	    e = g->fnext)
		if (g->kind == TQ_EDGE_MEMBER)
			return g->to;
	return 0;
}

static int
is_in(struct tq_table *t, uint32_t n, uint32_t group)
{
	int steps;

	for (steps = 0; n != 0 && steps < NEST_MAX; steps++) {
		n = tq_graph_group(t, n);
		if (n == group)
			return 1;
	}
	return 0;
}

int
tq_graph_may_join(struct tq_table *t, uint32_t group, uint32_t f)
{
	const struct tq_slot *g, *s = tq_table_slot(t, f);
	int steps;

	for (steps = 0; group != 0 && steps < NEST_MAX; steps++) {
		if ((g = tq_table_slot(t, group)) == NULL || s == NULL ||
		    f == group || (s->seq > g->seq && !is_in(t, f, group)))
			return 0;
		group = tq_graph_group(t, group);
	}
	return steps < NEST_MAX;
}

/* ---- edges are met, and not any more ------------------------------------ */

void
tq_graph_set_blame(struct tq_table *t, struct tq_edge *g)
{
	struct tq_ext *to = tq_edge_ext(t, g->to);

	if (to == NULL)
		return;
	g->flags |= TQ_EG_BLAME;
	to->flags |= TQ_XF_BLAMED;
	to->cause = tq_graph_blame(t, tq_graph_real(t, g->from));
}

/* The end of the task that counts for g->from is counted in `to`. */
void
tq_edge_meet(struct tq_table *t, struct tq_edge *g, uint32_t real)
{
	struct tq_ext *to = tq_edge_ext(t, g->to);
	struct tq_slot *s = tq_table_slot(t, real);

	if (to == NULL || g->flags & TQ_EG_MET)
		return;
	g->flags |= TQ_EG_MET;
	if (to->left > 0)
		to->left--;
	if (g->kind == TQ_EDGE_FOLLOW || g->kind == TQ_EDGE_ALIAS)
		return;
	if (s == NULL || s->state != TQ_SUCCESS) {
		g->flags |= TQ_EG_BAD;
		to->bad++;
		if (g->kind == TQ_EDGE_PIPE)
			to->flags |= TQ_XF_PIPEBAD;
	}
	/* the first to fail is named; nobody failed: any of them */
	if (g->flags & TQ_EG_BAD && !(to->flags & TQ_XF_BLAMED))
		tq_graph_set_blame(t, g);
	else if (to->cause == 0)
		to->cause = real;
}

void
tq_edge_unmeet(struct tq_table *t, struct tq_edge *g)
{
	struct tq_ext *to = tq_edge_ext(t, g->to);

	if (to == NULL || !(g->flags & TQ_EG_MET))
		return;
	if (g->flags & TQ_EG_BAD && to->bad > 0)
		to->bad--;
	if (g->kind == TQ_EDGE_PIPE)
		to->flags &= (uint16_t)~TQ_XF_PIPEBAD;
	if (g->flags & TQ_EG_BLAME) {
		to->flags &= (uint16_t)~TQ_XF_BLAMED;
		to->cause = 0;
	}
	g->flags &= (uint8_t)~(TQ_EG_MET | TQ_EG_BAD | TQ_EG_BLAME);
	to->left++;
}

/* A new edge that is not met; NULL and t->bad when there is no room. */
struct tq_edge *
tq_edge_make(struct tq_table *t, uint32_t from, uint32_t to,
    enum tq_edge_kind kind, uint32_t number)
{
	struct tq_ext *f, *x;
	struct tq_edge *g;
	uint32_t n;

	if ((f = tq_table_ext_need(t, from)) == NULL ||
	    (x = tq_table_ext_need(t, to)) == NULL ||
	    (n = tq_table_edge_new(t)) == 0) {
		t->bad = 1;
		return NULL;
	}
	g = &t->edges[n];
	g->from = from;
	g->to = to;
	g->kind = (uint8_t)kind;
	g->number = number;
	link_edge(t, n, f, x);
	x->left++;
	if (kind == TQ_EDGE_MEMBER && number >= x->members)
		x->members = number + 1;
	if (!TQ_STATE_ENDED(t->slots[to].state) || kind == TQ_EDGE_MEMBER ||
	    kind == TQ_EDGE_ALIAS)
		tq_edge_pin(t, g);
	return g;
}

/* Meet an edge whose task has ended before. */
void
tq_edge_meet_due(struct tq_table *t, struct tq_edge *g)
{
	uint32_t real = tq_graph_real(t, g->from);
	struct tq_slot *s = tq_table_slot(t, real);

	if (s == NULL || TQ_STATE_ENDED(s->state))
		tq_edge_meet(t, g, real);
}
