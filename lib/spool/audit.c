/* Does the table agree with itself?  For tqctl check and for tests. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spool/gate.h"
#include "spool/graph.h"
#include "spool/table.h"

struct audit {
	struct tq_table	*t;
	char		*why;
	size_t		 size;
	uint32_t	 listed, tasks, timers, started;
	uint64_t	 live;
	uint32_t	*parked;	/* by queue */
};

static int __attribute__((__format__(__printf__, 2, 3)))
wrong(struct audit *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->why, a->size, fmt, ap);
	va_end(ap);
	return 0;
}

/* Every member of a list is in the state of the list, and linked both ways. */
static int
list_ok(struct audit *a, const struct tq_list *l, const char *name,
    unsigned states)
{
	uint32_t n, last = 0, count = 0;
	struct tq_slot *s;

	for (n = l->head; n != 0; last = n, n = s->next) {
		if ((s = tq_table_slot(a->t, n)) == NULL || count++ > l->n)
			return wrong(a, "table: the %s list is wild", name);
		if (!(states >> s->state & 1) || s->prev != last)
			return wrong(a, "table: slot %u does not belong to "
			    "the %s list", (unsigned)n, name);
	}
	if (count != l->n || l->tail != last)
		return wrong(a, "table: the %s list has %u members, not %u",
		    name, (unsigned)count, (unsigned)l->n);
	a->listed += count;
	return 1;
}

/* Who waits at a gate is of its queue and class, and knows where it stands. */
static int
wait_ok(struct audit *a, uint32_t n)
{
	struct tq_wait *w = &a->t->waits[n];
	struct tq_gate *g = tq_table_gate(a->t, w->gate);
	uint32_t slot, before = a->listed;
	struct tq_slot *s;
	struct tq_pass *pass;
	int p;

	if (g == NULL || g->kind == 0 || w->queue >= TQ_QROWS_MAX)
		return wrong(a, "table: row %u waits at no gate", (unsigned)n);
	for (p = 0; p <= TQ_PRI_MAX; p++) {
		if (!list_ok(a, &w->list[p], "waiting", 1u << TQ_READY))
			return 0;
		for (slot = w->list[p].head; slot != 0; slot = s->next) {
			s = &a->t->slots[slot];
			pass = tq_table_pass(a->t, s);
			if (pass == NULL || pass->wait != n || s->pri != p ||
			    s->queue != w->queue || pass->class != w->class)
				return wrong(a, "table: slot %u waits where "
				    "it does not belong", (unsigned)slot);
		}
	}
	if (a->listed - before != w->n || w->n == 0)
		return wrong(a, "table: %u wait in row %u, not %u",
		    (unsigned)(a->listed - before), (unsigned)n,
		    (unsigned)w->n);
	if (g->kind != TQ_GATE_CLASS)
		a->parked[w->queue] += w->n;
	return 1;
}

/* What is held of each gate is what tasks hold of it. */
static int
gates_ok(struct audit *a)
{
	struct tq_table *t = a->t;
	uint32_t n, *held, gate;
	struct tq_slot *s;
	struct tq_pass *p;
	int ok = 1;

	if (t->top->gates.used == 0)
		return 1;
	held = calloc((size_t)t->top->gates.used + 1, sizeof(*held));
	if (held == NULL)
		return wrong(a, "table: no memory for an audit");
	for (n = 1; n <= t->top->slots.used; n++) {
		s = &t->slots[n];
		if (s->state == TQ_ABSENT || (p = tq_table_pass(t, s)) == NULL)
			continue;
		if (tq_gate_keeps_lane(s) ||
		    (s->state == TQ_READY && tq_gate_has_lane(t, s)))
			held[tq_gate_find(t, TQ_GATE_LANE, p->lane)]++;
		if (s->state != TQ_STARTED)
			continue;
		held[tq_gate_find(t, TQ_GATE_KEY, p->key)]++;
		held[tq_gate_find(t, TQ_GATE_NAME, p->name)]++;
	}
	for (gate = 1; ok && gate <= t->top->gates.used; gate++)
		switch (t->gates[gate].kind) {
		case TQ_GATE_LANE:
		case TQ_GATE_KEY:
		case TQ_GATE_NAME:
			if (t->gates[gate].count != held[gate])
				ok = wrong(a, "table: %u hold gate %u, not %u",
				    (unsigned)held[gate], (unsigned)gate,
				    (unsigned)t->gates[gate].count);
			break;
		default:
			break;
		}
	free(held);
	return ok;
}

static int
lists_ok(struct audit *a)
{
	struct tq_top *top = a->t->top;
	uint32_t q, w;
	int p;

	for (q = 1; q <= top->queues.used; q++)
		for (p = 0; a->t->qrows[q].used && p <= TQ_PRI_MAX; p++)
			if (!list_ok(a, &a->t->qrows[q].ready[p],
			    a->t->qrows[q].name, 1u << TQ_READY))
				return 0;
	for (w = 1; w <= top->waits.used; w++)
		if (a->t->waits[w].gate != 0 && !wait_ok(a, w))
			return 0;
	for (w = 0; w < TQ_WORKERS_MAX; w++)
		if (!list_ok(a, &a->t->wrows[w].claimed, "claimed",
		    1u << TQ_STARTED | 1u << TQ_BLOCKED))
			return 0;
	return list_ok(a, &top->done, "done", 1u << TQ_SUCCESS |
	    1u << TQ_REVOKED | 1u << TQ_EXPIRED) &&
	    list_ok(a, &top->dead, "dead", 1u << TQ_FAILURE);
}

/* Each slot is found by its id and counted by its queue. */
static int
slots_ok(struct audit *a, uint32_t (*count)[TQ_NSTATES], uint32_t *unlisted)
{
	struct tq_table *t = a->t;
	struct tq_slot *s;
	struct tq_ext *x;
	uint32_t n;

	for (n = 1; n <= t->top->slots.used; n++) {
		s = &t->slots[n];
		if (s->state == TQ_ABSENT)
			continue;
		if (s->state >= TQ_NSTATES || tq_table_find(t, &s->id) != n ||
		    s->queue == 0 || s->queue > t->top->queues.used)
			return wrong(a, "table: slot %u is not indexed",
			    (unsigned)n);
		a->tasks++;
		count[s->queue][s->state]++;
		*unlisted += s->state == TQ_HELD || s->state == TQ_DELAYED ||
		    (s->state == TQ_BLOCKED && s->row == 0) ||
		    s->state == TQ_RETRY || (TQ_STATE_ENDED(s->state) &&
		    (x = tq_table_ext(t, s)) != NULL && x->pins > 0);
		if (s->heap != 0 && (s->heap > t->top->heap.used ||
		    t->heap[s->heap - 1].slot != n))
			return wrong(a, "table: slot %u has a wrong timer",
			    (unsigned)n);
		a->timers += s->heap != 0;
		a->started += s->state == TQ_STARTED;
		a->live += s->size;
	}
	return 1;
}

/* Every slot that holds no task can be had again. */
static int
free_ok(struct audit *a)
{
	struct tq_table *t = a->t;
	uint32_t n, count = 0;
	struct tq_slot *s;

	for (n = t->top->free; n != 0; n = s->chain) {
		if ((s = tq_table_slot(t, n)) == NULL ||
		    s->state != TQ_ABSENT || count++ > t->top->slots.used)
			return wrong(a, "table: the list of free slots is "
			    "wild");
	}
	if (count + a->tasks != t->top->slots.used)
		return wrong(a, "table: of %u slots %u hold a task and %u are "
		    "free", (unsigned)t->top->slots.used, (unsigned)a->tasks,
		    (unsigned)count);
	return 1;
}

static int
sums_ok(struct audit *a)
{
	const struct tq_top *top = a->t->top;

	if (a->timers != top->heap.used)
		return wrong(a, "table: %u timers of %u tasks",
		    (unsigned)top->heap.used, (unsigned)a->timers);
	if (a->started != top->started)
		return wrong(a, "table: %u claims, not %u",
		    (unsigned)a->started, (unsigned)top->started);
	if (a->live != top->live)
		return wrong(a, "table: %llu live bytes, not %llu",
		    (unsigned long long)a->live,
		    (unsigned long long)top->live);
	return 1;
}

int
tq_table_audit(struct tq_table *t, char *why, size_t size)
{
	struct audit a = { .t = t, .why = why, .size = size };
	uint32_t (*count)[TQ_NSTATES], unlisted = 0, q;
	int rv = 0;

	if (!tq_table_sane(t))
		return wrong(&a, "table: its regions are wild");
	count = calloc((size_t)t->top->queues.used + 1, sizeof(*count));
	a.parked = calloc(TQ_QROWS_MAX, sizeof(*a.parked));
	if (count == NULL || a.parked == NULL) {
		wrong(&a, "table: no memory for an audit");
		goto out;
	}
	if (!gates_ok(&a) || !lists_ok(&a) || !slots_ok(&a, count, &unlisted) ||
	    !free_ok(&a) || !sums_ok(&a))
		goto out;
	if (a.tasks != t->top->ntasks || a.listed + unlisted != a.tasks) {
		wrong(&a, "table: %u tasks, %u indexed, %u in a list",
		    (unsigned)t->top->ntasks, (unsigned)a.tasks,
		    (unsigned)(a.listed + unlisted));
		goto out;
	}
	for (q = 1; q <= t->top->queues.used; q++)
		if (t->qrows[q].used && (memcmp(count[q] + 1,
		    t->qrows[q].count + 1,
		    (TQ_NSTATES - 1) * sizeof(count[q][0])) != 0 ||
		    t->qrows[q].nready + a.parked[q] !=
		    count[q][TQ_READY])) {
			wrong(&a, "table: counts of queue %s are wrong",
			    t->qrows[q].name);
			goto out;
		}
	rv = !t->bad && tq_graph_audit(t, why, size);
 out:
	free(a.parked);
	free(count);
	return rv;
}
