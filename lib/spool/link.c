/*
 * After a replay: make the edges between tasks from what their records say,
 * and find what a crash left undone.
 *
 * In the ledger a task may stand before the one it waits for (that was carried
 * out of an older segment), so replay makes no edges.  Here all tasks are
 * known.  Where the states of two tasks with an edge between them do not agree,
 * the one who was to make them agree did not live to do so: the task is listed
 * as to be done, as it was then.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "spool/core.h"
#include "spool/graph.h"

/* The newest outcome of an ended task: 1, 0 none (any more), -1. */
static int
newest_end(struct tq_spool *sp, const struct tq_slot *s,
    struct tq_rec_end *out)
{
	struct tq_rec r;
	struct tq_cur c;

	if (s->end == 0)
		return 0;
	if (tq_ledger_read(&sp->l, s->end, &r) == -1)
		return tq_segment_lost(errno) ? 0 : -1;
	if (r.type == TQ_REC_END) {
		*out = r.end;
		return 1;
	}
	tq_cur_init(&c, r.ends.p, r.ends.n);
	return r.type == TQ_REC_CARRY && tq_rec_end_next(out, &c) == 1;
}

/* How a task ended, and by whom; one that was replaced leads there. */
static int
link_end(struct tq_spool *sp, uint32_t n, struct tq_ext *x)
{
	struct tq_rec_end end;
	uint32_t cause;
	int rv;

	if (!(x->flags & (TQ_XF_CAUSED | TQ_XF_REPLACED)))
		return 0;
	x->flags &= (uint16_t)~(TQ_XF_CAUSED | TQ_XF_REPLACED);
	if ((rv = newest_end(sp, &sp->t.slots[n], &end)) != 1 ||
	    !(end.flags & TQ_EF_CAUSE))
		return rv == -1 ? -1 : 0;
	cause = tq_table_find(&sp->t, &end.cause);
	if (end.why == TQ_CAUSE_REPLACED) {
		x->flags |= TQ_XF_REPLACED;
		if (cause != 0 && cause != n)
			tq_graph_alias(&sp->t, cause, n);
	} else if (end.why != TQ_CAUSE_GROUP) {
		x->flags |= TQ_XF_CAUSED;
		x->cause = cause;
	}
	return 0;
}

static int
link_ties(struct tq_spool *sp, uint32_t n)
{
	struct tq_relation rel;
	struct tq_rec r;

	if (tq_ledger_read(&sp->l, sp->t.slots[n].put, &r) == -1)
		return tq_segment_lost(errno) ? 0 : -1;
	if (r.put.more.n != 0 && tq_relation_decode(&rel, r.put.more) == 0)
		tq_graph_tie(&sp->t, n, &rel);
	return 0;
}

/*
 * Mark the edge that led to the end of n: from its cause, or from a group or a
 * substitute that the cause stands behind.  Ties have marked another.
 */
static void
mark_blame(struct tq_table *t, uint32_t n, struct tq_ext *x, uint32_t cause)
{
	struct tq_edge *g, *found = NULL;
	uint32_t e;

	x->flags &= (uint16_t)~TQ_XF_BLAMED;
	for (e = x->in; (g = tq_table_edge(t, e)) != NULL; e = g->tnext) {
		g->flags &= (uint8_t)~TQ_EG_BLAME;
		/* not one that was reopened since */
		if (found == NULL && g->flags & TQ_EG_BAD &&
		    (g->from == cause || tq_graph_blame(t,
		    tq_graph_real(t, g->from)) == cause))
			found = g;
	}
	if (found != NULL && t->slots[n].state == TQ_FAILURE)
		tq_graph_set_blame(t, found);
	x->cause = cause;
}

/* The first of its dependencies to fail is the one that will be named. */
static void
mark_first(struct tq_table *t, struct tq_ext *x)
{
	struct tq_edge *g, *first = NULL;
	uint32_t e;

	if (x->bad < 2)
		return;
	for (e = x->in; (g = tq_table_edge(t, e)) != NULL; e = g->tnext) {
		g->flags &= (uint8_t)~TQ_EG_BLAME;
		if (g->flags & TQ_EG_BAD && (first == NULL ||
		    t->slots[g->from].time < t->slots[first->from].time))
			first = g;
	}
	if (first != NULL)
		tq_graph_set_blame(t, first);
}

/* What follows for a task from its edges. */
static void
link_state(struct tq_table *t, uint32_t n, struct tq_ext *x,
    const uint32_t *causes, tq_time now)
{
	struct tq_slot *s = &t->slots[n];

	if (!TQ_STATE_ENDED(s->state)) {
		mark_first(t, x);
		tq_graph_settle(t, n, now, NULL);
		return;
	}
	if (x->flags & TQ_XF_REPLACED)
		tq_graph_meet_alias(t, n);
	if (x->flags & TQ_XF_CAUSED) {
		mark_blame(t, n, x, causes[n]);
		if (tq_graph_undone(t, s))
			tq_graph_todo(t, n, TQ_TODO_REOPEN);
	} else if (x->flags & TQ_XF_GROUP && s->state != TQ_SUCCESS)
		tq_graph_work(t, n, TQ_XF_DOWN);
}

/* Call f for each slot that has a row. */
#define EACH_TIED(t, n, x)						\
	for ((n) = 1; (n) <= (t)->top->slots.used && !(t)->bad; (n)++)	\
		if ((t)->slots[n].state != TQ_ABSENT &&			\
		    ((x) = tq_table_ext((t), &(t)->slots[n])) != NULL)

int
tq_link(struct tq_spool *sp, tq_time now, struct tq_err *e)
{
	struct tq_table *t = &sp->t;
	uint32_t *causes, n;
	struct tq_ext *x;
	int rv = 0;

	if (t->top->nexts == 0)
		return 0;
	if ((causes = calloc((size_t)t->top->slots.used + 1,
	    sizeof(*causes))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s: recovery", sp->path);
	EACH_TIED(t, n, x)
		if (rv == 0 && TQ_STATE_ENDED(t->slots[n].state)) {
			rv = link_end(sp, n, x);
			causes[n] = x->cause;
		}
	EACH_TIED(t, n, x)
		if (rv == 0 && x->flags & TQ_XF_TIED)
			rv = link_ties(sp, n);
	if (rv == -1)
		tq_fail_sys(e, errno, "%s: recovery", sp->path);
	EACH_TIED(t, n, x)
		if (rv == 0)
			link_state(t, n, x, causes, now);
	free(causes);
	return rv;
}
