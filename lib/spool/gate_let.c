/* Letting in whom a gate has room for: rules 2 and 4 of gate.h. */
#include "spool/due.h"
#include "spool/gate.h"
#include "spool/handle.h"
#include "spool/list.h"
#include "spool/state.h"

/* The first that waits in a row, by priority, then place. */
static uint32_t
first_of(const struct tq_wait *w)
{
	int p;

	for (p = TQ_PRI_MAX; p >= 0; p--)
		if (w->list[p].head != 0)
			return w->list[p].head;
	return 0;
}

/* Put a parked task back into line. */
static void
let_in(struct tq_table *t, uint32_t slot, struct tq_spool *sp)
{
	struct tq_slot *s = tq_table_slot(t, slot);
	struct tq_pass *p = s == NULL ? NULL : tq_table_pass(t, s);
	struct tq_qrow *q = s == NULL ? NULL : tq_table_queue(t, s->queue);
	struct tq_list *l;
	struct tq_wait *w;
	uint32_t from, to;

	if (p == NULL || q == NULL || s->state != TQ_READY) {
		t->bad = 1;
		return;
	}
	if ((l = tq_list_of(t, s)) != NULL)
		tq_list_del(t, l, slot);
	from = p->wait;
	to = tq_gate_place(t, s);
	if ((w = tq_table_wait(t, from)) != NULL) {
		w->n--;
		tq_wait_unneed(t, from);
	}
	p->wait = to;
	if (to != 0)
		t->waits[to].n++;
	if ((l = tq_list_of(t, s)) != NULL)
		tq_list_place(t, l, slot);
	q->nready++;
	tq_table_ready(t);
	if (sp != NULL)
		tq_due_ring_for(sp, s);
}

/*
 * Of each row at a gate as many as there is room for.  1, or 0 when the budget
 * is spent before that.
 */
static int
let_some(struct tq_table *t, uint32_t n, uint32_t room, int *budget,
    struct tq_spool *sp)
{
	uint32_t wait, next, slot, k, steps = 0;
	struct tq_wait *w;

	for (wait = t->gates[n].waits; wait != 0 && !t->bad; wait = next) {
		if ((w = tq_table_wait(t, wait)) == NULL ||
		    steps++ > t->top->waits.used) {
			t->bad = 1;
			return 1;
		}
		next = w->next;
		for (k = w->n < room ? w->n : room; k > 0 && !t->bad; k--) {
			if (*budget == 0)
				return 0;
			(*budget)--;
			if ((slot = first_of(w)) == 0) {
				t->bad = 1;
				return 1;
			}
			let_in(t, slot, sp);
		}
	}
	return 1;
}

/* Units of a shared resource are free: whoever may need them looks again. */
static void
ring_classes(struct tq_table *t, struct tq_spool *sp)
{
	uint32_t n;

	if (!t->freed || sp == NULL)
		return;
	t->freed = 0;
	for (n = 1; n <= t->top->queues.used; n++)
		if (t->qrows[n].used && t->qrows[n].classes != 0)
			tq_due_ring(sp, n);
}

void
tq_gate_let(struct tq_table *t, struct tq_spool *sp)
{
	struct tq_top *top = t->top;
	uint32_t n, steps = 0;
	int budget = TQ_LETS;
	struct tq_gate *g;

	while ((n = top->opened) != 0 && !t->bad) {
		if ((g = tq_table_gate(t, n)) == NULL ||
		    steps++ > top->gates.used) {
			t->bad = 1;
			return;
		}
		top->opened = g->opened;
		g->listed = 0;
		if (!let_some(t, n, tq_gate_room(g, 0), &budget, sp)) {
			tq_gate_mark(t, n);
			break;
		}
		tq_gate_unneed(t, n);
	}
	ring_classes(t, sp);
}

void
tq_gate_tick(struct tq_spool *sp, tq_time now, tq_time *next)
{
	struct tq_table *t = &sp->t;
	uint32_t n, after, steps = 0;
	int budget = TQ_LETS;
	struct tq_gate *g;

	for (n = t->top->rates; n != 0 && budget > 0 && !t->bad; n = after) {
		if ((g = tq_table_gate(t, n)) == NULL ||
		    steps++ > t->top->gates.used) {
			t->bad = 1;
			return;
		}
		after = g->rates;
		if (g->waits == 0 || !g->armed)
			continue;
		if (tq_gate_room(g, now) == 0) {
			if (*next == 0 || g->next < *next)
				*next = g->next;
			continue;
		}
		g->armed = 0;
		if (!let_some(t, n, 1, &budget, sp))
			g->armed = 1;
	}
}
