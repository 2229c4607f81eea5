/* Ties of a slot that comes, ends, is reopened, goes; see graph.h. */
#include <string.h>

#include "spool/edge.h"
#include "spool/handle.h"

/* Edges that are taken away at once. */
#define FEW		16

void
tq_graph_put(struct tq_table *t, uint32_t n, const struct tq_relation *rel)
{
	struct tq_ext *x = tq_table_ext_need(t, n);

	if (x == NULL) {
		t->bad = 1;
		return;
	}
	x->when = rel->when;
	if (rel->has & (1u << TQ_REL_AFTER | 1u << TQ_REL_PIPE |
	    1u << TQ_REL_FOLLOW | 1u << TQ_REL_MEMBER))
		x->flags |= TQ_XF_TIED;
	if (TQ_REL_HAS(rel, TQ_REL_GROUP)) {
		x->flags |= TQ_XF_GROUP;
		t->slots[n].row = rel->row;
		t->slots[n].epoch = rel->epoch;
	}
	if (TQ_REL_HAS(rel, TQ_REL_KEY)) {
		x->key = tq_key_hash(t, rel->key.p, rel->key.n);
		if (!TQ_STATE_ENDED(t->slots[n].state))
			tq_key_add(t, t->slots[n].ext);
	}
}

static void
tie(struct tq_table *t, uint32_t from, uint32_t to, enum tq_edge_kind kind,
    uint32_t number)
{
	struct tq_edge *g = tq_edge_make(t, from, to, kind, number);

	if (g != NULL)
		tq_edge_meet_due(t, g);
}

void
tq_graph_alias(struct tq_table *t, uint32_t from, uint32_t to)
{
	(void)tq_edge_make(t, from, to, TQ_EDGE_ALIAS, 0);
}

void
tq_graph_meet_alias(struct tq_table *t, uint32_t n)
{
	struct tq_ext *x = tq_edge_ext(t, n);
	struct tq_edge *g;
	uint32_t e;

	for (e = x == NULL ? 0 : x->in; (g = tq_table_edge(t, e)) != NULL;
	    e = g->tnext)
		if (g->kind == TQ_EDGE_ALIAS)
			tq_edge_meet_due(t, g);
}

static void
tie_id(struct tq_table *t, const struct tq_uuid *id, uint32_t to,
    enum tq_edge_kind kind)
{
	uint32_t from = tq_table_find(t, id);
	struct tq_ext *x;

	if (from != 0 && from != to)
		tie(t, from, to, kind, 0);
	else if (kind != TQ_EDGE_FOLLOW && (x = tq_edge_ext(t, to)) != NULL)
		x->flags |= TQ_XF_LOST;
}

void
tq_graph_tie(struct tq_table *t, uint32_t n, const struct tq_relation *rel)
{
	struct tq_uuid id;
	uint32_t group;
	size_t i;

	for (i = 0; TQ_REL_HAS(rel, TQ_REL_AFTER) && i < rel->after.n;
	    i += sizeof(id)) {
		memcpy(&id, rel->after.p + i, sizeof(id));
		tie_id(t, &id, n, TQ_EDGE_AFTER);
	}
	if (TQ_REL_HAS(rel, TQ_REL_PIPE))
		tie_id(t, &rel->pipe, n, TQ_EDGE_PIPE);
	if (TQ_REL_HAS(rel, TQ_REL_FOLLOW))
		tie_id(t, &rel->follow, n, TQ_EDGE_FOLLOW);
	if (TQ_REL_HAS(rel, TQ_REL_MEMBER) &&
	    (group = tq_table_find(t, &rel->member)) != 0 && group != n)
		tie(t, n, group, TQ_EDGE_MEMBER, rel->number);
}

/* What it waited for needs to be kept for its sake no longer, or again. */
static void
pin_sources(struct tq_table *t, const struct tq_ext *x,
    void (*f)(struct tq_table *, struct tq_edge *))
{
	uint32_t e, next, steps = 0;
	struct tq_edge *g;

	if (x->flags & TQ_XF_GROUP)
		return;		/* kept as long as the group is */
	for (e = x->in; (g = tq_table_edge(t, e)) != NULL &&
	    steps++ <= TQ_AFTER_MAX + 2; e = next) {
		next = g->tnext;
		if (g->kind != TQ_EDGE_ALIAS)
			f(t, g);
	}
}

void
tq_graph_ended(struct tq_table *t, uint32_t n, const struct tq_rec_end *end,
    struct tq_spool *sp)
{
	struct tq_slot *s = tq_table_slot(t, n);
	enum tq_cause why = end->flags & TQ_EF_CAUSE ? end->why :
	    TQ_CAUSE_NONE;
	struct tq_ext *x;
	uint32_t other;

	if (s == NULL || (x = tq_table_ext(t, s)) == NULL)
		return;
	if (x->key != 0)
		tq_key_del(t, s->ext);
	x->act = TQ_TODO_NONE;
	x->flags &= (uint16_t)~(TQ_XF_CAUSED | TQ_XF_REPLACED);
	if (why == TQ_CAUSE_FAILED || why == TQ_CAUSE_UNNEEDED)
		x->flags |= TQ_XF_CAUSED;
	if (why == TQ_CAUSE_REPLACED)
		x->flags |= TQ_XF_REPLACED;
	if (sp == NULL)
		return;
	pin_sources(t, x, tq_edge_unpin);
	if (why == TQ_CAUSE_REPLACED &&
	    (other = tq_table_find(t, &end->cause)) != 0 && other != n)
		tie(t, other, n, TQ_EDGE_ALIAS, 0);
	if (x->flags & TQ_XF_GROUP && end->state != TQ_SUCCESS &&
	    why != TQ_CAUSE_FAILED)
		tq_graph_work(t, n, TQ_XF_DOWN);
	if (x->out != 0)
		tq_graph_work(t, n, TQ_XF_OUT);
}

void
tq_graph_reopened(struct tq_table *t, uint32_t n, struct tq_spool *sp)
{
	struct tq_slot *s = tq_table_slot(t, n);
	struct tq_edge *g;
	struct tq_ext *x;
	uint32_t e, next;

	if (s == NULL || (x = tq_table_ext(t, s)) == NULL)
		return;
	if (x->key != 0)
		tq_key_add(t, s->ext);
	x->act = TQ_TODO_NONE;
	if (!(x->flags & TQ_XF_BLAMED))
		x->cause = 0;
	x->flags &= (uint16_t)~(TQ_XF_CAUSED | TQ_XF_REPLACED | TQ_XF_OUT |
	    TQ_XF_DOWN);
	if (sp == NULL)
		return;
	for (e = x->flags & TQ_XF_GROUP ? 0 : x->in;
	    (g = tq_table_edge(t, e)) != NULL; e = next) {
		next = g->tnext;
		if (g->kind != TQ_EDGE_ALIAS)
			continue;
		/* it stands for itself again */
		if (!(g->flags & TQ_EG_MET))
			x->left--;
		tq_edge_unpin(t, g);
		tq_edge_unlink(t, e);
	}
	pin_sources(t, x, tq_edge_pin);
	if (x->out != 0)
		tq_graph_work(t, n, TQ_XF_REOPEN);
	tq_graph_settle(t, n, s->time, sp);
}

/* 1 if a slot's edges can be taken away at once. */
static int
few(struct tq_table *t, const struct tq_ext *x)
{
	struct tq_edge *g;
	uint32_t e;
	int i = 0;

	for (e = x->in; i < FEW && (g = tq_table_edge(t, e)) != NULL; i++)
		e = g->tnext;
	for (e = x->out; i < FEW && (g = tq_table_edge(t, e)) != NULL; i++)
		e = g->fnext;
	return i < FEW;
}

int
tq_graph_known(struct tq_table *t, const struct tq_slot *s, tq_time now)
{
	const struct tq_ext *x;

	if (!TQ_STATE_ENDED(s->state))
		return 1;
	if ((x = tq_table_ext(t, s)) != NULL) {
		if (x->flags & TQ_XF_GONE)
			return 0;
		if (x->pins > 0)
			return 1;
	}
	return s->due == 0 || s->due > now;
}

int
tq_graph_forget(struct tq_table *t, uint32_t n)
{
	struct tq_slot *s = tq_table_slot(t, n);
	struct tq_ext *x;

	if (s == NULL || (x = tq_table_ext(t, s)) == NULL)
		return 1;
	if (x->pins > 0 || x->flags & (TQ_XF_WORK | TQ_XF_TODO))
		return 0;
	if (few(t, x))
		return 1;
	/* out of the list of those that may be forgotten, for good */
	tq_edge_restand(t, n, x, 1);
	tq_graph_work(t, n, TQ_XF_GONE);
	return 0;
}

void
tq_graph_drop(struct tq_table *t, uint32_t n, tq_time now)
{
	struct tq_slot *s = tq_table_slot(t, n);
	struct tq_ext *x;
	struct tq_edge *g;
	uint32_t e, to;

	if (s == NULL || (x = tq_table_ext(t, s)) == NULL)
		return;
	if (x->key != 0)
		tq_key_del(t, s->ext);
	while ((e = x->in) != 0 && (g = tq_table_edge(t, e)) != NULL) {
		tq_edge_unpin(t, g);
		tq_edge_unlink(t, e);
		if (x->in == e)
			break;		/* wild: t->bad is set */
	}
	while ((e = x->out) != 0 && (g = tq_table_edge(t, e)) != NULL) {
		to = g->to;
		if (!(g->flags & TQ_EG_MET))
			tq_edge_meet(t, g, 0);
		tq_edge_unlink(t, e);
		if (x->out == e)
			break;
		tq_graph_settle(t, to, now, NULL);
	}
	x->slot = 0;
	/* a row that stands in a list is freed when it is met there */
	if (!(x->flags & (TQ_XF_WORK | TQ_XF_TODO)))
		tq_table_ext_free(t, s->ext);
	s->ext = 0;
}
