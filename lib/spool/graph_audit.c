/* Do rows, edges and keys agree with each other?  See audit.c. */
#include <stdio.h>

#include "spool/graph.h"

struct sums {
	uint32_t	 rows, edges, pins, keys;
};

/* The edges to a slot: linked both ways, and counted as they are marked. */
static int
in_ok(struct tq_table *t, uint32_t n, const struct tq_ext *x, struct sums *sum)
{
	uint32_t e, last = 0, left = 0, bad = 0, steps = 0;
	struct tq_edge *g;

	for (e = x->in; (g = tq_table_edge(t, e)) != NULL; e = g->tnext) {
		if (g->to != n || g->tprev != last ||
		    steps++ > t->top->nedges)
			return 0;
		left += !(g->flags & TQ_EG_MET);
		bad += (g->flags & TQ_EG_BAD) != 0;
		sum->pins += (g->flags & TQ_EG_PIN) != 0;
		sum->edges++;
		last = e;
	}
	return e == 0 && left == x->left && bad == x->bad;
}

static int
out_ok(struct tq_table *t, uint32_t n, const struct tq_ext *x)
{
	uint32_t e, last = 0, pins = 0, steps = 0;
	struct tq_edge *g;

	for (e = x->out; (g = tq_table_edge(t, e)) != NULL; e = g->fnext) {
		if (g->from != n || g->fprev != last ||
		    steps++ > t->top->nedges)
			return 0;
		pins += (g->flags & TQ_EG_PIN) != 0;
		last = e;
	}
	return e == 0 && (pins == x->pins ||
	    (x->flags & TQ_XF_GONE && x->pins == 1));
}

/* An unended task is found by its key, an ended one is not. */
static int
key_ok(struct tq_table *t, const struct tq_slot *s, const struct tq_ext *x)
{
	uint32_t n = 0, steps = 0;

	if (x->key == 0)
		return 1;
	while ((n = tq_key_next(t, x->key, n)) != 0 && n != s->ext)
		if (steps++ > t->top->nexts)
			return 0;
	return (n != 0) == !TQ_STATE_ENDED(s->state);
}

/* The state is one that its edges allow, or a list has it. */
static int
state_ok(struct tq_table *t, const struct tq_slot *s, const struct tq_ext *x)
{
	if (s->state != TQ_BLOCKED)
		return 1;
	return x != NULL && (tq_graph_verdict(t, s) == TQ_VERDICT_WAIT ||
	    x->flags & TQ_XF_TODO);
}

int
tq_graph_audit(struct tq_table *t, char *why, size_t size)
{
	struct sums sum = { .rows = 0 };
	struct tq_slot *s;
	struct tq_ext *x;
	uint32_t n;

	for (n = 1; n <= t->top->slots.used; n++) {
		s = &t->slots[n];
		if (s->state == TQ_ABSENT)
			continue;
		x = tq_table_ext(t, s);
		if (!state_ok(t, s, x)) {
			(void)snprintf(why, size, "table: slot %u waits for "
			    "nothing", (unsigned)n);
			return 0;
		}
		if (x == NULL)
			continue;
		sum.rows++;
		if (x->slot != n || !in_ok(t, n, x, &sum) ||
		    !out_ok(t, n, x) || !key_ok(t, s, x)) {
			(void)snprintf(why, size, "table: the ties of slot %u "
			    "are wrong", (unsigned)n);
			return 0;
		}
	}
	if (sum.edges != t->top->nedges || (sum.rows != t->top->nexts &&
	    (t->top->work | t->top->todo) == 0)) {
		(void)snprintf(why, size, "table: %u rows and %u edges, not "
		    "%u and %u", (unsigned)sum.rows, (unsigned)sum.edges,
		    (unsigned)t->top->nexts, (unsigned)t->top->nedges);
		return 0;
	}
	return !t->bad;
}
