/*
 * What has to follow from an end, in slices.
 *
 * Two lists stand in the table.  `work` has tasks whose edges are to be looked
 * at, which needs no record: a task becomes ready.  `todo` has tasks that must
 * end or be reopened for what another did: an END or ALTER each.  Both are only
 * an order of work: after a crash link.c finds again what has not been done,
 * because the state of two tasks with an edge between them says so.
 *
 * The first slice is done by who caused it, under the same lock, so that a task
 * with a few dependants costs no second way in.  The rest is done by whoever
 * comes by: that caller before he returns, who claims, sleeps or waits.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "spool/arrow.h"
#include "spool/forget.h"
#include "spool/graph.h"
#include "spool/upkeep.h"

/* Edges, and then records, of one slice. */
#define SLICE	64

void
tq_state_record(struct tq_rec_state *st, const struct tq_slot *s)
{
	st->state = s->state;
	st->pri = s->pri;
	st->flags = s->flags;
	st->crashes = s->crashes;
	st->laters = s->laters;
	st->failures = s->failures;
	st->queue = s->queue;
	st->attempt = s->attempt;
	st->row = s->row;
	st->epoch = s->epoch;
	st->due = s->due;
	st->start = s->time;
	st->seq = s->seq;
}

void
tq_alter_record(struct tq_rec *r, const struct tq_slot *s)
{
	memset(r, 0, sizeof(*r));
	r->type = TQ_REC_ALTER;
	r->id = s->id;
	tq_state_record(&r->st, s);
	if (s->state != TQ_HELD) {
		r->st.row = 0;
		r->st.epoch = 0;
	}
}

void
tq_alter_why(struct tq_rec *r, const char *why)
{
	r->why.p = why;
	r->why.n = strlen(why);
}

void
tq_end_record(struct tq_rec *r, const struct tq_slot *s, enum tq_state state,
    unsigned flags, tq_time now)
{
	memset(r, 0, sizeof(*r));
	r->type = TQ_REC_END;
	r->id = s->id;
	r->end.state = (uint8_t)state;
	r->end.flags = (uint8_t)flags;
	r->end.attempt = s->attempt;
	r->end.prev = s->end;
	r->end.start = s->state == TQ_STARTED ? s->time : 0;
	r->end.end = now;
}

void
tq_reopen_record(struct tq_rec *r, const struct tq_slot *s,
    enum tq_state state, uint64_t seq)
{
	memset(r, 0, sizeof(*r));
	r->type = TQ_REC_ALTER;
	r->id = s->id;
	r->st.state = (uint8_t)state;
	r->st.pri = s->pri;
	r->st.flags = s->flags & (uint8_t)~TQ_PF_FREED;
	r->st.queue = s->queue;
	r->st.attempt = s->attempt;
	r->st.start = s->time;
	r->st.seq = seq;		/* a new place in line */
	tq_alter_why(r, "retried");
}

/* The ALTER that lets an ended task be freed of its cause. */
static void
stay_record(struct tq_rec *r, const struct tq_slot *s)
{
	tq_reopen_record(r, s, s->state, s->seq);
	r->st.flags |= TQ_PF_FREED;
	tq_alter_why(r, "its key is another's");
}

/* ---- work --------------------------------------------------------------- */

static void
pop_work(struct tq_table *t)
{
	struct tq_top *top = t->top;
	struct tq_ext *x = &t->exts[top->work];
	uint32_t ext = top->work;

	if ((top->work = x->work) == 0)
		top->work_last = 0;
	x->work = 0;
	x->flags &= (uint16_t)~TQ_XF_WORK;
	if (x->slot == 0 && !(x->flags & TQ_XF_TODO))
		tq_table_ext_free(t, ext);
}

static void
do_work(struct tq_spool *sp, int *left, tq_time now)
{
	struct tq_table *t = &sp->t;
	uint32_t slot;
	int rv;

	for (; *left > 0 && t->top->work != 0 && !t->bad; (*left)--) {
		if (t->top->work > t->top->exts.used) {
			t->bad = 1;
			return;
		}
		slot = t->exts[t->top->work].slot;
		if ((rv = tq_graph_step(t, t->top->work, now, sp)) == 1)
			continue;
		pop_work(t);
		if (rv == 2)
			tq_apply_forget(t, slot, now, sp);
	}
}

/* ---- things to do ------------------------------------------------------- */

/*
 * Another one that failed, when the one that was named first did not; when none
 * was to be named yet, and none failed, any of them.
 */
static uint32_t
find_cause(struct tq_table *t, const struct tq_ext *x)
{
	struct tq_edge *g;
	uint32_t e;

	if (x->flags & TQ_XF_BLAMED || (x->bad == 0 && x->cause != 0))
		return x->cause;
	for (e = x->in; (g = tq_table_edge(t, e)) != NULL; e = g->tnext)
		if (g->flags & TQ_EG_BAD) {
			tq_graph_set_blame(t, g);
			break;
		} else if (x->bad == 0 && g->kind == TQ_EDGE_AFTER)
			return tq_graph_real(t, g->from);
	return x->cause;
}

static void
blame(struct tq_table *t, struct tq_rec *r, enum tq_cause why, uint32_t slot)
{
	struct tq_slot *s = tq_table_slot(t, slot);

	r->end.flags |= TQ_EF_CAUSE;
	r->end.why = (uint8_t)why;
	if (s != NULL)
		r->end.cause = s->id;	/* else lost: zeros */
}

/* The END of a task whose edges have decided: 1, 0 they have not. */
static int
judge(struct tq_table *t, const struct tq_slot *s, struct tq_ext *x,
    tq_time now, struct tq_rec *r)
{
	if (!tq_arrow_leads(TQ_ARROW_JUDGE, s->state) ||
	    (s->state == TQ_HELD && s->attempt > 0))
		return 0;
	switch (tq_graph_verdict(t, s)) {
	case TQ_VERDICT_SUCCESS:
		tq_end_record(r, s, TQ_SUCCESS, TQ_EF_NOCLAIM, now);
		return 1;
	case TQ_VERDICT_FAILED:
		tq_end_record(r, s, TQ_FAILURE, TQ_EF_NOCLAIM, now);
		blame(t, r, TQ_CAUSE_FAILED, find_cause(t, x));
		return 1;
	case TQ_VERDICT_UNNEEDED:
		tq_end_record(r, s, TQ_REVOKED, TQ_EF_NOCLAIM, now);
		blame(t, r, TQ_CAUSE_UNNEEDED, find_cause(t, x));
		return 1;
	default:
		return 0;
	}
}

/*
 * The record that does what is to be done to a row's task, behind n others of
 * the same slice: 1, 0 nothing.
 */
static int
decide(struct tq_table *t, struct tq_ext *x, struct tq_rec *recs, size_t n,
    tq_time now)
{
	struct tq_rec *r = &recs[n];
	struct tq_slot *s = tq_table_slot(t, x->slot);

	if (s == NULL)
		return 0;
	switch (x->act) {
	case TQ_TODO_JUDGE:
		return judge(t, s, x, now, r);
	case TQ_TODO_DOWN:
		if (!tq_arrow_leads(TQ_ARROW_DOWN, s->state))
			return 0;
		tq_end_record(r, s, TQ_REVOKED,
		    s->state == TQ_STARTED ? 0 : TQ_EF_NOCLAIM, now);
		blame(t, r, TQ_CAUSE_GROUP, x->cause);
		return 1;
	case TQ_TODO_REOPEN:
		if (!tq_graph_undone(t, s))
			return 0;
		/* its key may be another's by now */
		if (tq_key_taken(t, s, recs, n))
			stay_record(r, s);
		else
			tq_reopen_record(r, s, TQ_BLOCKED,
			    t->top->seq + n + 1);
		return 1;
	default:
		return 0;
	}
}

/* The first is done; what it is to do next, by its own record, comes last. */
static void
pop_todo(struct tq_table *t)
{
	struct tq_top *top = t->top;
	struct tq_ext *x = &t->exts[top->todo];
	uint32_t ext = top->todo;

	if ((top->todo = x->todo) == 0)
		top->todo_last = 0;
	x->todo = 0;
	x->flags &= (uint16_t)~TQ_XF_TODO;
	if (x->slot == 0 && !(x->flags & TQ_XF_WORK))
		tq_table_ext_free(t, ext);
	else if (x->slot != 0 && x->act != TQ_TODO_NONE)
		tq_graph_todo(t, x->slot, (enum tq_todo)x->act);
}

/* The records were not written: all is to be done still. */
static void
put_back(struct tq_table *t, const uint8_t *acts, int n)
{
	uint32_t ext = t->top->todo;
	int i;

	for (i = 0; i < n && ext != 0; i++, ext = t->exts[ext].todo)
		t->exts[ext].act = acts[i];
}

/* As tq_core_append(). */
static int
do_todo(struct tq_spool *sp, int *left, tq_time now, struct tq_err *e)
{
	struct tq_table *t = &sp->t;
	struct tq_rec recs[SLICE];
	uint8_t acts[SLICE];
	uint32_t n;
	int i, k = 0, seen = 0, rv = 1;

	tq_ledger_begin(&sp->l);
	for (n = t->top->todo; n != 0 && seen < *left; n = t->exts[n].todo) {
		if (n > t->top->exts.used) {
			t->bad = 1;
			return 0;
		}
		acts[seen++] = t->exts[n].act;
		if (decide(t, &t->exts[n], recs, (size_t)k, now)) {
			recs[k].hint = t->exts[n].slot;
			if (tq_ledger_add(&sp->l, &recs[k++]) == -1)
				rv = tq_fail_sys(e, errno, "%s", sp->path);
		}
		t->exts[n].act = TQ_TODO_NONE;
	}
	if (k > 0 && rv == 1)
		rv = tq_core_append(sp, recs, t->top->reserved, 0, now, e);
	if (rv != 1)
		put_back(t, acts, seen);
	tq_ledger_unsettle(&sp->l);
	for (i = 0; rv == 1 && i < seen && !t->bad && t->top->todo != 0; i++)
		pop_todo(t);
	*left -= seen;
	return rv;
}

/* ---- slices ------------------------------------------------------------- */

int
tq_cascade(struct tq_spool *sp, tq_time now, struct tq_err *e)
{
	int edges = SLICE, recs = SLICE, rv = 1;
	const struct tq_top *top = sp->t.top;

	if (sp->cascading || (top->work | top->todo) == 0)
		return 1;
	sp->cascading = 1;
	/* what a death leaves of the lists here is found again by link.c */
	tq_ledger_unsettle(&sp->l);
	/* an END gives work, and that another END */
	while (rv == 1 && !sp->t.bad && (top->work | top->todo) != 0 &&
	    edges > 0 && recs > 0) {
		do_work(sp, &edges, now);
		if (top->todo != 0 && !sp->t.bad)
			rv = do_todo(sp, &recs, now, e);
	}
	sp->cascading = 0;
	tq_ledger_applied(&sp->l);
	return sp->t.bad ? 0 : rv;
}

/* ---- writing ------------------------------------------------------------ */

int
tq_core_write(struct tq_spool *sp, struct tq_rec *recs, uint64_t reserve,
    uint64_t keep, tq_time now, struct tq_err *e)
{
	const struct tq_top *top = sp->t.top;
	int rv = tq_core_append(sp, recs, reserve, keep, now, e);

	/* what does not fit now is done by who comes next */
	if (rv == 1 && (top->work | top->todo) != 0)
		(void)tq_cascade(sp, now, NULL);
	return rv;
}

int
tq_core_write_one(struct tq_spool *sp, struct tq_rec *r, uint64_t keep,
    tq_time now, struct tq_err *e)
{
	tq_ledger_begin(&sp->l);
	if (tq_ledger_add(&sp->l, r) == -1)
		return tq_fail_sys(e, errno, "%s", sp->path);
	return tq_core_write(sp, r, sp->t.top->reserved, keep, now, e);
}
