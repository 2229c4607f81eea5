/* Gates: counting, refusing and parking; the rules are in gate.h. */
#include <errno.h>
#include <string.h>

#include "spool/gate.h"
#include "spool/handle.h"
#include "spool/list.h"

/* ---- rooms ---------------------------------------------------------------- */

tq_time
tq_gate_gap(const struct tq_gate *g)
{
	return tq_rate_gap(g->limit, g->period);
}

uint32_t
tq_gate_room(const struct tq_gate *g, tq_time now)
{
	if (g->limit == 0)
		return UINT32_MAX;
	if (g->kind == TQ_GATE_RATE)
		return tq_rate_open(g->next, tq_gate_gap(g), now) ? 1 : 0;
	return g->count < g->limit ? g->limit - g->count : 0;
}

/* The gates of a task that are there, into v; returns how many. */
static int
gates_of(struct tq_table *t, const struct tq_pass *p, uint32_t v[4])
{
	int n = 0;

	if ((v[n] = tq_gate_find(t, TQ_GATE_LANE, p->lane)) != 0)
		n++;
	if ((v[n] = tq_gate_find(t, TQ_GATE_KEY, p->key)) != 0)
		n++;
	if ((v[n] = tq_gate_find(t, TQ_GATE_NAME, p->name)) != 0)
		n++;
	if ((v[n] = tq_gate_find(t, TQ_GATE_RATE, p->name)) != 0)
		n++;
	return n;
}

void
tq_gate_mark(struct tq_table *t, uint32_t n)
{
	struct tq_gate *g = tq_table_gate(t, n);

	if (g == NULL || g->waits == 0)
		return;
	if (g->kind == TQ_GATE_RATE) {
		g->armed = 1;
		/* a rate that is gone has no time to wait for */
		if (g->limit != 0)
			return;
	}
	if (g->listed)
		return;
	g->listed = 1;
	g->opened = t->top->opened;
	t->top->opened = n;
}

/* The line lost one that did not start: rule 4. */
static void
mark_all(struct tq_table *t, const struct tq_pass *p)
{
	uint32_t v[4];
	int i, n = gates_of(t, p, v);

	for (i = 0; i < n; i++)
		tq_gate_mark(t, v[i]);
}

int
tq_gate_parked(struct tq_table *t, const struct tq_slot *s)
{
	struct tq_pass *p = tq_table_pass(t, s);
	struct tq_wait *w = p == NULL ? NULL : tq_table_wait(t, p->wait);
	struct tq_gate *g = w == NULL ? NULL : tq_table_gate(t, w->gate);

	return g != NULL && g->kind != TQ_GATE_CLASS;
}

int
tq_gate_stand(struct tq_table *t, uint32_t slot)
{
	struct tq_slot *s = &t->slots[slot];
	struct tq_pass *p = tq_table_pass(t, s);
	struct tq_list *l;
	uint32_t to;

	if (p == NULL || p->wait != 0 || (to = tq_gate_place(t, s)) == 0)
		return 0;
	if ((l = tq_list_of(t, s)) != NULL)
		tq_list_del(t, l, slot);
	p->wait = to;
	t->waits[to].n++;
	if ((l = tq_list_of(t, s)) != NULL)
		tq_list_place(t, l, slot);
	return 1;
}

int
tq_gate_has_lane(struct tq_table *t, const struct tq_slot *s)
{
	struct tq_pass *p = tq_table_pass(t, s);

	return p != NULL && p->holds;
}

int
tq_gate_keeps_lane(const struct tq_slot *s)
{
	return s->state == TQ_STARTED || s->state == TQ_RETRY ||
	    (s->state == TQ_HELD && s->epoch != 0 && s->row & TQ_WAS_LANE);
}

uint32_t
tq_gate_place(struct tq_table *t, const struct tq_slot *s)
{
	struct tq_pass *p = tq_table_pass(t, s);

	if (p == NULL || p->class == 0)
		return 0;
	/* none to be had: it stands in the queue's list until there is one */
	return tq_wait_need(t, p->class, s->queue, p->class);
}

/* ---- holding -------------------------------------------------------------- */

static void
drop(struct tq_table *t, unsigned kind, uint64_t hash, uint32_t slot)
{
	uint32_t n = tq_gate_find(t, kind, hash);
	struct tq_gate *g = tq_table_gate(t, n);

	if (g == NULL)
		return;
	if (g->count > 0)
		g->count--;
	if (kind == TQ_GATE_LANE && g->more == slot)
		g->more = 0;
	tq_gate_mark(t, n);
	if (!g->listed)
		tq_gate_unneed(t, n);
}

/* A task holds its lane. */
static void
hold_lane(struct tq_table *t, struct tq_pass *p, uint32_t slot)
{
	struct tq_gate *g;

	if (p->lane == 0 || p->holds)
		return;
	g = tq_table_gate(t, tq_gate_need(t, TQ_GATE_LANE, p->lane));
	if (g == NULL) {
		t->bad = 1;
		return;
	}
	g->count++;
	g->more = slot;		/* for who asks why the lane is busy */
	p->holds = 1;
}

static void
drop_lane(struct tq_table *t, struct tq_pass *p, uint32_t slot)
{
	if (!p->holds)
		return;
	p->holds = 0;
	drop(t, TQ_GATE_LANE, p->lane, slot);
}

static void
hold(struct tq_table *t, unsigned kind, uint64_t hash)
{
	struct tq_gate *g = tq_table_gate(t, tq_gate_find(t, kind, hash));

	if (g != NULL)
		g->count++;
}

void
tq_gate_entered(struct tq_table *t, uint32_t n)
{
	struct tq_slot *s = tq_table_slot(t, n);
	struct tq_pass *p = s == NULL ? NULL : tq_table_pass(t, s);

	if (p == NULL)
		return;
	if (tq_gate_keeps_lane(s))
		hold_lane(t, p, n);
	else if (s->state != TQ_READY)
		drop_lane(t, p, n);
	if (s->state == TQ_STARTED) {
		hold(t, TQ_GATE_KEY, p->key);
		hold(t, TQ_GATE_NAME, p->name);
	} else if (t->departed == n)
		mark_all(t, p);
	t->departed = 0;
}

void
tq_gate_left(struct tq_table *t, uint32_t n, unsigned state)
{
	struct tq_slot *s = tq_table_slot(t, n);
	struct tq_pass *p = s == NULL ? NULL : tq_table_pass(t, s);
	struct tq_wait *w;
	uint32_t wait;

	t->departed = 0;
	if (p == NULL)
		return;
	switch (state) {
	case TQ_READY:
		if (!tq_gate_parked(t, s))
			t->departed = n;
		wait = p->wait;
		p->wait = 0;
		if ((w = tq_table_wait(t, wait)) != NULL) {
			w->n--;
			tq_wait_unneed(t, wait);
		}
		break;
	case TQ_STARTED:
		drop(t, TQ_GATE_KEY, p->key, n);
		drop(t, TQ_GATE_NAME, p->name, n);
		tq_units_drop(t, p, n);
		break;
	default:
		break;
	}
}

void
tq_gate_gone(struct tq_table *t, uint32_t n)
{
	struct tq_slot *s = tq_table_slot(t, n);
	struct tq_pass *p = s == NULL ? NULL : tq_table_pass(t, s);

	if (p == NULL)
		return;
	drop_lane(t, p, n);
	if (t->departed == n)
		mark_all(t, p);
	t->departed = 0;
	tq_pass_take(t, s);
}

void
tq_gate_started(struct tq_table *t, const struct tq_slot *s, tq_time at)
{
	struct tq_pass *p = tq_table_pass(t, s);
	struct tq_gate *g;

	if (p == NULL || p->name == 0)
		return;
	g = tq_table_gate(t, tq_gate_find(t, TQ_GATE_RATE, p->name));
	if (g == NULL || g->limit == 0)
		return;
	g->next = tq_rate_next(g->next, tq_gate_gap(g), at);
	g->armed = 1;
}

/* ---- refusing ------------------------------------------------------------- */

uint32_t
tq_gate_refuses(struct tq_table *t, const struct tq_slot *s, tq_time now)
{
	struct tq_pass *p = tq_table_pass(t, s);
	struct tq_gate *g;
	uint32_t v[4];
	int i, n;

	if (p == NULL)
		return 0;
	n = gates_of(t, p, v);
	for (i = 0; i < n; i++)
		if ((g = tq_table_gate(t, v[i])) != NULL &&
		    tq_gate_room(g, now) == 0 &&
		    !(g->kind == TQ_GATE_LANE && p->holds))
			return v[i];
	return 0;
}

int
tq_gate_park(struct tq_table *t, uint32_t slot, uint32_t gate)
{
	struct tq_slot *s = tq_table_slot(t, slot);
	struct tq_pass *p = s == NULL ? NULL : tq_table_pass(t, s);
	struct tq_qrow *q = s == NULL ? NULL : tq_table_queue(t, s->queue);
	uint32_t to, from, v[4];
	struct tq_list *l;
	struct tq_wait *w;
	int i, n;

	if (p == NULL || q == NULL || s->state != TQ_READY ||
	    (to = tq_wait_need(t, gate, s->queue, p->class)) == 0)
		return -1;
	if ((l = tq_list_of(t, s)) != NULL)
		tq_list_del(t, l, slot);
	from = p->wait;
	if ((w = tq_table_wait(t, from)) != NULL) {
		w->n--;
		tq_wait_unneed(t, from);
	}
	p->wait = to;
	t->waits[to].n++;
	if ((l = tq_list_of(t, s)) != NULL)
		tq_list_place(t, l, slot);
	q->nready--;
	if (t->gates[gate].kind == TQ_GATE_RATE)
		t->gates[gate].armed = 1;
	n = gates_of(t, p, v);
	for (i = 0; i < n; i++)
		if (v[i] != gate)
			tq_gate_mark(t, v[i]);
	return t->bad ? -1 : 0;
}
