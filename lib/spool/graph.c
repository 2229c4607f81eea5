/* What follows for a task from those it is tied to; the rules are in graph.h. */
#include "spool/graph.h"

#include <string.h>

#include "base/clock.h"
#include "spool/core.h"

/* Steps from a replaced task to the one that took its place at last. */
#define REAL_MAX	100000
/* Edges that are taken away at once. */
#define FEW		16
/* Groups around a group. */
#define NEST_MAX	64

static struct tq_ext *
ext_of(struct tq_table *t, uint32_t slot)
{
	struct tq_slot *s = tq_table_slot(t, slot);

	return s == NULL ? NULL : tq_table_ext(t, s);
}

/* ---- lists of edges ------------------------------------------------------- */

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

static void
unlink_edge(struct tq_table *t, uint32_t n)
{
	struct tq_edge *g = &t->edges[n], *o;
	struct tq_ext *from = ext_of(t, g->from), *to = ext_of(t, g->to);

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

/* ---- pins ------------------------------------------------------------------ */

/* An ended task that is pinned leaves the list of ended ones, and comes back. */
static void
restand(struct tq_table *t, uint32_t n, struct tq_ext *x, uint32_t pins)
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

static void
pin(struct tq_table *t, struct tq_edge *g)
{
	struct tq_ext *x = ext_of(t, g->from);

	if (x == NULL || g->flags & TQ_EG_PIN)
		return;
	g->flags |= TQ_EG_PIN;
	restand(t, g->from, x, x->pins + 1);
}

static void
unpin(struct tq_table *t, struct tq_edge *g)
{
	struct tq_ext *x = ext_of(t, g->from);

	if (x == NULL || !(g->flags & TQ_EG_PIN) || x->pins == 0)
		return;
	g->flags &= (uint8_t)~TQ_EG_PIN;
	restand(t, g->from, x, x->pins - 1);
}

/* ---- who counts ------------------------------------------------------------ */

uint32_t
tq_graph_real(struct tq_table *t, uint32_t n)
{
	uint32_t steps, e;
	struct tq_edge *g;
	struct tq_ext *x;

	for (steps = 0; steps < REAL_MAX; steps++) {
		if ((x = ext_of(t, n)) == NULL ||
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
		x = ext_of(t, n);
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
	struct tq_ext *x = ext_of(t, n);
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

/* ---- what the edges say ----------------------------------------------------- */

enum tq_verdict
tq_graph_verdict(struct tq_table *t, const struct tq_slot *s)
{
	struct tq_ext *x = tq_table_ext(t, s);

	if (x == NULL)
		return TQ_VERDICT_RUN;
	if (x->flags & TQ_XF_GROUP) {
		if (s->row != 0 || x->left > 0)
			return TQ_VERDICT_WAIT;
		return x->bad > 0 ? TQ_VERDICT_FAILED : TQ_VERDICT_SUCCESS;
	}
	if (x->flags & (TQ_XF_PIPEBAD | TQ_XF_LOST) ||
	    (x->when == TQ_WHEN_OK && x->bad > 0))
		return TQ_VERDICT_FAILED;
	if (x->left > 0)
		return TQ_VERDICT_WAIT;
	if (x->when == TQ_WHEN_FAIL && x->bad == 0)
		return TQ_VERDICT_UNNEEDED;
	return TQ_VERDICT_RUN;
}

int
tq_graph_waits(struct tq_table *t, const struct tq_slot *s)
{
	return s->ext != 0 && tq_graph_verdict(t, s) != TQ_VERDICT_RUN;
}

void
tq_graph_settle(struct tq_table *t, uint32_t n, tq_time now,
    struct tq_spool *sp)
{
	struct tq_slot *s = tq_table_slot(t, n);
	enum tq_state state;
	struct tq_ext *x;

	if (s == NULL || (x = tq_table_ext(t, s)) == NULL)
		return;
	state = s->state;
	/* what has started once has nothing to wait for any more */
	if (state != TQ_BLOCKED && state != TQ_HELD && (s->attempt > 0 ||
	    (state != TQ_READY && state != TQ_DELAYED)))
		return;
	switch (tq_graph_verdict(t, s)) {
	case TQ_VERDICT_WAIT:
		if (state == TQ_HELD || state == TQ_BLOCKED)
			return;
		state = TQ_BLOCKED;
		break;
	case TQ_VERDICT_RUN:
		if (state != TQ_BLOCKED)
			return;
		state = s->due > now ? TQ_DELAYED : TQ_READY;
		break;
	default:
		/* one that a person let run all the same stays so */
		if (state == TQ_BLOCKED || state == TQ_HELD)
			tq_graph_todo(t, n, TQ_TODO_JUDGE);
		return;
	}
	tq_table_leave(t, n);
	s->time = now;
	tq_table_enter(t, n, state, 0);
	if (sp != NULL)
		tq_core_ring_slot(sp, s);
}

/* ---- edges are met, and not any more ----------------------------------------- */

void
tq_graph_set_blame(struct tq_table *t, struct tq_edge *g)
{
	struct tq_ext *to = ext_of(t, g->to);

	if (to == NULL)
		return;
	g->flags |= TQ_EG_BLAME;
	to->flags |= TQ_XF_BLAMED;
	to->cause = tq_graph_blame(t, tq_graph_real(t, g->from));
}

/* The end of the task that counts for g->from is counted in `to`. */
static void
meet(struct tq_table *t, struct tq_edge *g, uint32_t real)
{
	struct tq_ext *to = ext_of(t, g->to);
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

static void
unmeet(struct tq_table *t, struct tq_edge *g)
{
	struct tq_ext *to = ext_of(t, g->to);

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

/* ---- lists of what is under way ----------------------------------------------- */

void
tq_graph_work(struct tq_table *t, uint32_t n, unsigned phase)
{
	struct tq_top *top = t->top;
	struct tq_slot *s = tq_table_slot(t, n);
	struct tq_ext *x, *last;

	if (s == NULL || (x = tq_table_ext(t, s)) == NULL)
		return;
	/* an earlier phase comes first, and a later one begins at its start */
	if (!(x->flags & (phase | (phase - 1)) & TQ_XF_PHASES))
		x->flags &= (uint16_t)~TQ_XF_CURSOR;
	x->flags |= (uint16_t)phase;
	if (x->flags & TQ_XF_WORK)
		return;
	x->flags |= TQ_XF_WORK;
	x->work = 0;
	if (top->work == 0)
		top->work = s->ext;
	else if (top->work_last <= top->exts.used) {
		last = &t->exts[top->work_last];
		last->work = s->ext;
	} else
		t->bad = 1;
	top->work_last = s->ext;
}

void
tq_graph_todo(struct tq_table *t, uint32_t n, enum tq_todo act)
{
	struct tq_top *top = t->top;
	struct tq_slot *s = tq_table_slot(t, n);
	struct tq_ext *x, *last;

	if (s == NULL || (x = tq_table_ext_need(t, n)) == NULL)
		return;
	x->act = (uint8_t)act;
	if (x->flags & TQ_XF_TODO)
		return;
	x->flags |= TQ_XF_TODO;
	x->todo = 0;
	if (top->todo == 0)
		top->todo = s->ext;
	else if (top->todo_last <= top->exts.used) {
		last = &t->exts[top->todo_last];
		last->todo = s->ext;
	} else
		t->bad = 1;
	top->todo_last = s->ext;
}

/* ---- steps ---------------------------------------------------------------------- */

/* An edge from a task that ended. */
static void
step_out(struct tq_table *t, struct tq_edge *g, tq_time now,
    struct tq_spool *sp)
{
	uint32_t real = tq_graph_real(t, g->from);
	struct tq_slot *s = tq_table_slot(t, real);

	/* reopened or replaced meanwhile: its end will come again */
	if (s != NULL && !TQ_STATE_ENDED(s->state))
		return;
	meet(t, g, real);
	if (g->kind == TQ_EDGE_ALIAS)
		tq_graph_work(t, g->to, TQ_XF_OUT);
	else
		tq_graph_settle(t, g->to, now, sp);
}

/* An edge from a task that was reopened. */
static void
step_reopen(struct tq_table *t, struct tq_edge *g, tq_time now,
    struct tq_spool *sp)
{
	struct tq_slot *s = tq_table_slot(t, g->to);
	struct tq_ext *to = ext_of(t, g->to);
	int blame = g->flags & TQ_EG_BLAME;

	if (s == NULL || to == NULL)
		return;
	/* none of them failed, and it was not needed: one more may */
	blame |= s->state == TQ_REVOKED && g->flags & TQ_EG_MET;
	unmeet(t, g);
	if (g->kind == TQ_EDGE_ALIAS)
		tq_graph_work(t, g->to, TQ_XF_REOPEN);
	else if (!TQ_STATE_ENDED(s->state)) {
		if (to->flags & TQ_XF_TODO && to->act == TQ_TODO_JUDGE)
			to->act = TQ_TODO_NONE;
		tq_graph_settle(t, g->to, now, sp);
	} else if (blame && to->flags & TQ_XF_CAUSED)
		tq_graph_todo(t, g->to, TQ_TODO_REOPEN);
}

static void
step_down(struct tq_table *t, struct tq_edge *g)
{
	struct tq_slot *s = tq_table_slot(t, g->from);
	struct tq_slot *group = tq_table_slot(t, g->to);
	struct tq_ext *x = ext_of(t, g->from);

	if (g->kind != TQ_EDGE_MEMBER || s == NULL || x == NULL ||
	    group == NULL || TQ_STATE_ENDED(s->state))
		return;
	/* one that a person had begin again after that */
	if (s->time > group->time)
		return;
	x->cause = g->to;
	tq_graph_todo(t, g->from, TQ_TODO_DOWN);
}

static unsigned
first_phase(const struct tq_ext *x)
{
	unsigned phases = x->flags & TQ_XF_PHASES;

	return phases & (~phases + 1);
}

int
tq_graph_step(struct tq_table *t, uint32_t ext, tq_time now,
    struct tq_spool *sp)
{
	struct tq_ext *x = &t->exts[ext];
	unsigned phase = first_phase(x);
	int inward = phase == TQ_XF_DOWN || phase == TQ_XF_GONE;
	struct tq_edge *g;
	uint32_t n;

	if (phase == 0 || x->slot == 0)
		return 0;
	if (!(x->flags & TQ_XF_CURSOR)) {
		x->flags |= TQ_XF_CURSOR;
		x->cursor = inward ? x->in : x->out;
	}
	n = x->cursor;
	if (phase == TQ_XF_GONE && n == 0)
		n = x->out;
	if ((g = tq_table_edge(t, n)) == NULL) {
		x->flags &= (uint16_t)~(phase | TQ_XF_CURSOR);
		if (phase == TQ_XF_GONE) {
			restand(t, x->slot, x, 0);
			return 2;
		}
		return first_phase(x) != 0;
	}
	x->cursor = n != x->cursor ? 0 : inward ? g->tnext : g->fnext;
	switch (phase) {
	case TQ_XF_REOPEN:
		step_reopen(t, g, now, sp);
		break;
	case TQ_XF_OUT:
		step_out(t, g, now, sp);
		break;
	case TQ_XF_DOWN:
		step_down(t, g);
		break;
	default:
		unpin(t, g);
		unlink_edge(t, n);
		break;
	}
	return 1;
}

/* ---- a slot comes, ends, is reopened, goes ---------------------------------------- */

void
tq_graph_put(struct tq_table *t, uint32_t n, const struct tq_relation *rel)
{
	/* in state ABSENT or, carried, in its own */
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

/* A new edge that is not met; NULL and t->bad when there is no room. */
static struct tq_edge *
new_edge(struct tq_table *t, uint32_t from, uint32_t to,
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
		pin(t, g);
	return g;
}

/* Meet an edge whose task has ended before. */
static void
meet_due(struct tq_table *t, struct tq_edge *g)
{
	uint32_t real = tq_graph_real(t, g->from);
	struct tq_slot *s = tq_table_slot(t, real);

	if (s == NULL || TQ_STATE_ENDED(s->state))
		meet(t, g, real);
}

static void
tie(struct tq_table *t, uint32_t from, uint32_t to, enum tq_edge_kind kind,
    uint32_t number)
{
	struct tq_edge *g = new_edge(t, from, to, kind, number);

	if (g != NULL)
		meet_due(t, g);
}

void
tq_graph_alias(struct tq_table *t, uint32_t from, uint32_t to)
{
	(void)new_edge(t, from, to, TQ_EDGE_ALIAS, 0);
}

void
tq_graph_meet_alias(struct tq_table *t, uint32_t n)
{
	struct tq_ext *x = ext_of(t, n);
	struct tq_edge *g;
	uint32_t e;

	for (e = x == NULL ? 0 : x->in; (g = tq_table_edge(t, e)) != NULL;
	    e = g->tnext)
		if (g->kind == TQ_EDGE_ALIAS)
			meet_due(t, g);
}

static void
tie_id(struct tq_table *t, const struct tq_uuid *id, uint32_t to,
    enum tq_edge_kind kind)
{
	uint32_t from = tq_table_find(t, id);
	struct tq_ext *x;

	if (from != 0 && from != to)
		tie(t, from, to, kind, 0);
	else if (kind != TQ_EDGE_FOLLOW && (x = ext_of(t, to)) != NULL)
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
	pin_sources(t, x, unpin);
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
		unpin(t, g);
		unlink_edge(t, e);
	}
	pin_sources(t, x, pin);
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
	restand(t, n, x, 1);
	tq_graph_work(t, n, TQ_XF_GONE);
	return 0;
}

void
tq_graph_drop(struct tq_table *t, uint32_t n)
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
		unpin(t, g);
		unlink_edge(t, e);
		if (x->in == e)
			break;		/* wild: t->bad is set */
	}
	while ((e = x->out) != 0 && (g = tq_table_edge(t, e)) != NULL) {
		to = g->to;
		if (!(g->flags & TQ_EG_MET))
			meet(t, g, 0);
		unlink_edge(t, e);
		if (x->out == e)
			break;
		tq_graph_settle(t, to, tq_clock_wall(), NULL);
	}
	x->slot = 0;
	/* a row that stands in a list is freed when it is met there */
	if (!(x->flags & (TQ_XF_WORK | TQ_XF_TODO)))
		tq_table_ext_free(t, s->ext);
	s->ext = 0;
}
