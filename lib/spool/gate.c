/* Gates: counting, parking and letting in; the rules are in gate.h. */
#include <errno.h>
#include <string.h>

#include "spool/core.h"
#include "spool/gate.h"

/* ---- rooms ---------------------------------------------------------------- */

static tq_time
gap_of(const struct tq_gate *g)
{
	return tq_rate_gap(g->limit, g->period);
}

/* How many a gate would let pass now. */
static uint32_t
room_of(const struct tq_gate *g, tq_time now)
{
	if (g->limit == 0)
		return UINT32_MAX;
	if (g->kind == TQ_GATE_RATE)
		return tq_rate_open(g->next, gap_of(g), now) ? 1 : 0;
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

/* Somebody may have to be let in. */
static void
mark(struct tq_table *t, uint32_t n)
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
		mark(t, v[i]);
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
	mark(t, n);
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

/* Give back the units of shared resources that a slot has. */
static void
drop_units(struct tq_table *t, const struct tq_pass *p, uint32_t slot)
{
	struct tq_gate *class = tq_table_gate(t, p->class), *g;
	struct tq_needs *needs;
	struct tq_units *u;
	uint32_t i, k, n;

	if (class == NULL || t->top->ngates[TQ_GATE_SHARE] == 0 ||
	    (needs = tq_table_needs(t, class)) == NULL)
		return;
	for (i = 0; i < needs->n; i++) {
		n = tq_gate_find(t, TQ_GATE_SHARE, needs->v[i].hash);
		if ((g = tq_table_gate(t, n)) == NULL || g->count == 0 ||
		    (u = tq_table_units(t, g)) == NULL)
			continue;
		for (k = 0; k < TQ_UNITS_MAX; k++)
			if (u->slot[k] == slot) {
				u->slot[k] = 0;
				g->count--;
				t->freed = 1;
			}
		tq_gate_unneed(t, n);
	}
}

void
tq_units_hold(struct tq_table *t, uint32_t slot, struct tq_bytes units)
{
	struct tq_units *u;
	struct tq_gate *g;
	struct tq_cur c;
	uint64_t hash, k, unit;
	const void *p;

	tq_cur_init(&c, units.p, units.n);
	while (c.n > 0 && (p = tq_cur_get(&c, 8)) != NULL) {
		hash = tq_le64(p);
		k = tq_cur_varint(&c);
		g = tq_table_gate(t, tq_gate_need(t, TQ_GATE_SHARE, hash));
		if (g == NULL || (u = tq_table_units(t, g)) == NULL) {
			t->bad = 1;
			return;
		}
		for (; k > 0 && !c.err; k--) {
			unit = tq_cur_varint(&c);
			if (c.err || unit >= TQ_UNITS_MAX)
				return;
			g->count += u->slot[unit] == 0;
			u->slot[unit] = slot;
		}
	}
}

void
tq_units_of(struct tq_table *t, const struct tq_slot *s, struct tq_buf *out)
{
	struct tq_pass *p = tq_table_pass(t, s);
	struct tq_gate *class = p == NULL ? NULL : tq_table_gate(t, p->class);
	uint32_t i, k, n, slot = (uint32_t)(s - t->slots);
	struct tq_needs *needs;
	struct tq_units *u;
	struct tq_gate *g;
	unsigned char *to;

	if (class == NULL || (needs = tq_table_needs(t, class)) == NULL)
		return;
	for (i = 0; i < needs->n; i++) {
		g = tq_table_gate(t, tq_gate_find(t, TQ_GATE_SHARE,
		    needs->v[i].hash));
		if (g == NULL || (u = tq_table_units(t, g)) == NULL)
			continue;
		for (k = n = 0; k < TQ_UNITS_MAX; k++)
			n += u->slot[k] == slot;
		if (n == 0 || (to = tq_buf_grow(out, 8)) == NULL)
			continue;
		tq_set64(to, g->hash);
		tq_buf_varint(out, n);
		for (k = 0; k < TQ_UNITS_MAX; k++)
			if (u->slot[k] == slot)
				tq_buf_varint(out, k);
	}
}

void
tq_gate_entered(struct tq_table *t, uint32_t n)
{
	struct tq_slot *s = tq_table_slot(t, n);
	struct tq_pass *p = s == NULL ? NULL : tq_table_pass(t, s);

	if (p == NULL)
		return;
	if (s->state == TQ_STARTED || s->state == TQ_RETRY)
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
		drop_units(t, p, n);
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
	g->next = tq_rate_next(g->next, gap_of(g), at);
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
		    room_of(g, now) == 0 &&
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
			mark(t, v[i]);
	return t->bad ? -1 : 0;
}

/* ---- letting in ------------------------------------------------------------- */

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
		tq_core_ring_for(sp, s);
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
			tq_core_ring(sp, n);
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
		if (!let_some(t, n, room_of(g, 0), &budget, sp)) {
			mark(t, n);
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
		if (room_of(g, now) == 0) {
			if (*next == 0 || g->next < *next)
				*next = g->next;
			continue;
		}
		g->armed = 0;
		if (!let_some(t, n, 1, &budget, sp))
			g->armed = 1;
	}
}

/* ---- limits ----------------------------------------------------------------- */

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
	mark(t, n);
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
		assume(&g->next, gap_of(g), begins);
	for (n = 1; n <= t->top->queues.used; n++) {
		q = &t->qrows[n];
		if (q->used)
			assume(&q->next, tq_queue_gap(t, q), begins);
	}
}
