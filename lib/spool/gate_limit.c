/* Limits of gates: set, and what a replay assumes of rates; see gate.h. */
#include "spool/gate.h"

/* STARTED tasks that a new limit finds. */
static uint32_t
recount(struct tq_table *t, unsigned kind, uint64_t hash)
{
	uint32_t n, count = 0, steps;
	struct tq_pass *p;
	struct tq_slot *s;
	unsigned row;

	for (row = 0; row < TQ_WORKERS_MAX; row++) {
		n = t->wrows[row].claimed.head;
		for (steps = 0; n != 0 && (s = tq_table_slot(t, n)) != NULL &&
		    steps++ <= t->top->slots.used; n = s->next)
			if (s->state == TQ_STARTED &&
			    (p = tq_table_pass(t, s)) != NULL &&
			    (kind == TQ_GATE_KEY ? p->key : p->name) == hash)
				count++;
	}
	return count;
}

void
tq_gate_set(struct tq_table *t, unsigned kind, uint64_t hash, uint32_t limit,
    tq_time period, tq_lsn lsn)
{
	uint32_t n = limit == 0 ? tq_gate_find(t, kind, hash) :
	    tq_gate_need(t, kind, hash);
	struct tq_gate *g = tq_table_gate(t, n);

	if (g == NULL) {
		t->bad |= limit != 0;
		return;
	}
	if (g->rec == 0 && (kind == TQ_GATE_KEY || kind == TQ_GATE_NAME))
		g->count = recount(t, kind, hash);
	tq_table_live(t, g->rec, limit == 0 ? 0 : lsn);
	g->rec = limit == 0 ? 0 : lsn;
	/* a lane is one task wide if nothing else is said */
	g->limit = limit == 0 && kind == TQ_GATE_LANE ? 1 : limit;
	g->period = period;
	tq_gate_mark(t, n);
	t->freed |= kind == TQ_GATE_SHARE;
	if (!g->listed)
		tq_gate_unneed(t, n);
}

static void
assume(tq_time *next, tq_time gap, tq_time begins)
{
	if (gap != 0 && *next < begins + gap)
		*next = begins + gap;
}

void
tq_gate_assume(struct tq_table *t, tq_time begins)
{
	struct tq_gate *g;
	struct tq_qrow *q;
	uint32_t n;

	for (n = t->top->rates; (g = tq_table_gate(t, n)) != NULL;
	    n = g->rates)
		assume(&g->next, tq_gate_gap(g), begins);
	for (n = 1; n <= t->top->queues.used; n++) {
		q = &t->qrows[n];
		if (q->used)
			assume(&q->next, tq_queue_gap(t, q), begins);
	}
}
