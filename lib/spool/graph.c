/* What follows for a task from those it is tied to; see graph.h. */
#include "spool/arrow.h"
#include "spool/due.h"
#include "spool/edge.h"
#include "spool/handle.h"
#include "spool/state.h"

/* ---- what the edges say ------------------------------------------------- */

/* What follows from how many are left, and how many did not succeed. */
static enum tq_verdict
weigh(const struct tq_ext *x, uint32_t left, uint32_t bad, unsigned flags)
{
	if (flags & (TQ_XF_PIPEBAD | TQ_XF_LOST) ||
	    (x->when == TQ_WHEN_OK && bad > 0))
		return TQ_VERDICT_FAILED;
	if (left > 0)
		return TQ_VERDICT_WAIT;
	if (x->when == TQ_WHEN_FAIL && bad == 0)
		return TQ_VERDICT_UNNEEDED;
	return TQ_VERDICT_RUN;
}

static int
is_vain(enum tq_verdict v)
{
	return v == TQ_VERDICT_FAILED || v == TQ_VERDICT_UNNEEDED;
}

/* Rule 7. */
static int
is_freed(const struct tq_slot *s)
{
	return s->state != TQ_STARTED && s->flags & TQ_PF_FREED;
}

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
	if (is_freed(s) && !TQ_STATE_ENDED(s->state))
		return TQ_VERDICT_RUN;
	return weigh(x, x->left, x->bad, x->flags);
}

int
tq_graph_vain(struct tq_table *t, const struct tq_slot *s,
    int (*comes)(struct tq_table *, uint32_t, const void *), const void *arg)
{
	const struct tq_ext *x = tq_table_ext(t, s);
	uint32_t e, left, bad, steps = 0;
	const struct tq_edge *g;
	unsigned flags;

	if (x == NULL || x->flags & TQ_XF_GROUP)
		return 0;
	left = x->left;
	bad = x->bad;
	flags = x->flags;
	for (e = x->in; (g = tq_table_edge(t, e)) != NULL &&
	    steps++ <= TQ_AFTER_MAX + 2; e = g->tnext) {
		if (!(g->flags & TQ_EG_MET) || g->kind == TQ_EDGE_ALIAS ||
		    !(comes(t, g->from, arg) ||
		    comes(t, tq_graph_real(t, g->from), arg)))
			continue;
		left++;
		bad -= (g->flags & TQ_EG_BAD) != 0;
		if (g->kind == TQ_EDGE_PIPE)
			flags &= ~(unsigned)TQ_XF_PIPEBAD;
	}
	return is_vain(weigh(x, left, bad, flags));
}

int
tq_graph_undone(struct tq_table *t, const struct tq_slot *s)
{
	const struct tq_ext *x = tq_table_ext(t, s);

	if (x == NULL || !(x->flags & TQ_XF_CAUSED) || is_freed(s) ||
	    !tq_arrow_leads(TQ_ARROW_REOPEN, s->state))
		return 0;
	return !is_vain(tq_graph_verdict(t, s));
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
	/* what has started once has nothing to wait for any more, held or not */
	if (state != TQ_BLOCKED && (s->attempt > 0 || (state != TQ_HELD &&
	    state != TQ_READY && state != TQ_DELAYED)))
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
		tq_graph_todo(t, n, TQ_TODO_JUDGE);
		if (state == TQ_BLOCKED || state == TQ_HELD)
			return;
		/* a crash was between the end of the other and its own */
		state = TQ_BLOCKED;
		break;
	}
	tq_table_leave(t, n);
	s->time = now;
	tq_table_enter(t, n, state, 0);
	if (sp != NULL)
		tq_due_ring_slot(sp, s);
}

/* ---- lists of what is under way ----------------------------------------- */

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

/* ---- steps -------------------------------------------------------------- */

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
	tq_edge_meet(t, g, real);
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
	struct tq_ext *to = tq_edge_ext(t, g->to);

	if (s == NULL || to == NULL)
		return;
	tq_edge_unmeet(t, g);
	if (g->kind == TQ_EDGE_ALIAS)
		tq_graph_work(t, g->to, TQ_XF_REOPEN);
	else if (!TQ_STATE_ENDED(s->state)) {
		if (to->flags & TQ_XF_TODO && to->act == TQ_TODO_JUDGE)
			to->act = TQ_TODO_NONE;
		tq_graph_settle(t, g->to, now, sp);
	} else if (tq_graph_undone(t, s))
		tq_graph_todo(t, g->to, TQ_TODO_REOPEN);
}

static void
step_down(struct tq_table *t, struct tq_edge *g)
{
	struct tq_slot *s = tq_table_slot(t, g->from);
	struct tq_slot *group = tq_table_slot(t, g->to);
	struct tq_ext *x = tq_edge_ext(t, g->from);

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
			tq_edge_restand(t, x->slot, x, 0);
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
		tq_edge_unpin(t, g);
		tq_edge_unlink(t, n);
		break;
	}
	return 1;
}
