/*
 * Rows of gates, passes and waits: had, found by hash, and given back.  What
 * they mean is in gate.h.
 */
#include <errno.h>
#include <string.h>

#include "spool/gate.h"

/* ---- checked access ----------------------------------------------------- */

static int
row_ok(struct tq_table *t, const struct tq_region *r, uint32_t n,
    uint32_t max)
{
	if (n == 0)
		return 0;
	if (n > r->used || n >= r->cap || r->cap > max) {
		t->bad = 1;
		return 0;
	}
	return 1;
}

struct tq_pass *
tq_table_pass(struct tq_table *t, const struct tq_slot *s)
{
	return row_ok(t, &t->top->passes, s->pass, TQ_SLOTS_MAX) ?
	    &t->passes[s->pass] : NULL;
}

struct tq_gate *
tq_table_gate(struct tq_table *t, uint32_t n)
{
	return row_ok(t, &t->top->gates, n, TQ_GATES_MAX) ? &t->gates[n] :
	    NULL;
}

struct tq_wait *
tq_table_wait(struct tq_table *t, uint32_t n)
{
	return row_ok(t, &t->top->waits, n, TQ_GATES_MAX) ? &t->waits[n] :
	    NULL;
}

struct tq_needs *
tq_table_needs(struct tq_table *t, const struct tq_gate *g)
{
	if (g->kind != TQ_GATE_CLASS ||
	    !row_ok(t, &t->top->needs, g->more, TQ_CLASSES_MAX) ||
	    t->needs[g->more].n > TQ_NEEDS_MAX) {
		t->bad = 1;
		return NULL;
	}
	return &t->needs[g->more];
}

struct tq_units *
tq_table_units(struct tq_table *t, const struct tq_gate *g)
{
	if (g->kind != TQ_GATE_SHARE ||
	    !row_ok(t, &t->top->units, g->more, TQ_SHARES_MAX)) {
		t->bad = 1;
		return NULL;
	}
	return &t->units[g->more];
}

/*
 * A row of a region of which a free one's number stands in *link: from the
 * list of those given back, else behind the last used.  0 when there is none.
 */
static uint32_t
row_new(struct tq_table *t, struct tq_region *r, uint32_t *free,
    uint32_t (*link)(const struct tq_table *, uint32_t))
{
	uint32_t n = *free;

	if (n == 0) {
		if (r->used + 1 >= r->cap) {
			errno = ENOSPC;
			return 0;
		}
		return ++r->used;
	}
	if (n > r->used || n >= r->cap) {
		t->bad = 1;
		return 0;
	}
	*free = link(t, n);
	return n;
}

static uint32_t
gate_link(const struct tq_table *t, uint32_t n)
{
	return t->gates[n].chain;
}

static uint32_t
wait_link(const struct tq_table *t, uint32_t n)
{
	return t->waits[n].next;
}

static uint32_t
pass_link(const struct tq_table *t, uint32_t n)
{
	return t->passes[n].wait;
}

static uint32_t
need_link(const struct tq_table *t, uint32_t n)
{
	return t->needs[n].next;
}

static uint32_t
unit_link(const struct tq_table *t, uint32_t n)
{
	return t->units[n].slot[0];
}

/* ---- gates -------------------------------------------------------------- */

static uint32_t *
bucket_of(const struct tq_table *t, unsigned kind, uint64_t hash)
{
	uint64_t h = (hash ^ t->top->hash_seed ^ kind) *
	    UINT64_C(0x9e3779b97f4a7c15);

	return &t->gate_index[(h >> 32) % TQ_GATE_BUCKETS];
}

uint32_t
tq_gate_find(struct tq_table *t, unsigned kind, uint64_t hash)
{
	struct tq_gate *g;
	uint32_t n, steps = 0;

	if (t->top->ngates[kind] == 0 || hash == 0 ||
	    t->top->gate_index.cap != TQ_GATE_BUCKETS)
		return 0;
	for (n = *bucket_of(t, kind, hash); n != 0; n = g->chain) {
		if ((g = tq_table_gate(t, n)) == NULL ||
		    steps++ > t->top->gates.used) {
			t->bad = 1;
			return 0;
		}
		if (g->hash == hash && g->kind == kind)
			return n;
	}
	return 0;
}

/* What a gate of its kind has besides its row.  0, or -1 with ENOSPC. */
static int
give_more(struct tq_table *t, struct tq_gate *g)
{
	struct tq_top *top = t->top;

	switch (g->kind) {
	case TQ_GATE_CLASS:
		g->more = row_new(t, &top->needs, &top->free_need, need_link);
		if (g->more == 0)
			return -1;
		memset(&t->needs[g->more], 0, sizeof(t->needs[0]));
		return 0;
	case TQ_GATE_SHARE:
		g->more = row_new(t, &top->units, &top->free_unit, unit_link);
		if (g->more == 0)
			return -1;
		memset(&t->units[g->more], 0, sizeof(t->units[0]));
		return 0;
	case TQ_GATE_RATE:
		g->rates = top->rates;
		top->rates = (uint32_t)(g - t->gates);
		return 0;
	default:
		return 0;
	}
}

uint32_t
tq_gate_need(struct tq_table *t, unsigned kind, uint64_t hash)
{
	struct tq_top *top = t->top;
	struct tq_gate *g;
	uint32_t n, *b;

	if ((n = tq_gate_find(t, kind, hash)) != 0)
		return n;
	if (t->bad || tq_table_reserve_gates(t, 0, 1) == -1 ||
	    (n = row_new(t, &top->gates, &top->free_gate, gate_link)) == 0)
		return 0;
	g = &t->gates[n];
	memset(g, 0, sizeof(*g));
	g->kind = (uint8_t)kind;
	g->hash = hash;
	g->limit = kind == TQ_GATE_LANE;
	if (give_more(t, g) == -1) {
		memset(g, 0, sizeof(*g));
		g->chain = top->free_gate;
		top->free_gate = n;
		return 0;
	}
	b = bucket_of(t, kind, hash);
	g->chain = *b;
	*b = n;
	top->ngates[kind]++;
	return n;
}

/* Take number n out of a list that is linked by the member at `at`. */
static void
unlink_gate(struct tq_table *t, uint32_t *from, uint32_t n, size_t at)
{
	struct tq_gate *g;
	uint32_t steps = 0;

	while (*from != n) {
		if ((g = tq_table_gate(t, *from)) == NULL ||
		    steps++ > t->top->gates.used) {
			t->bad = 1;
			return;
		}
		from = (uint32_t *)(void *)((char *)g + at);
	}
	*from = *(uint32_t *)(void *)((char *)&t->gates[n] + at);
}

static void
take_more(struct tq_table *t, const struct tq_gate *g, uint32_t n)
{
	struct tq_top *top = t->top;

	if (g->kind == TQ_GATE_CLASS && tq_table_needs(t, g) != NULL) {
		t->needs[g->more].next = top->free_need;
		top->free_need = g->more;
	} else if (g->kind == TQ_GATE_SHARE && tq_table_units(t, g) != NULL) {
		t->units[g->more].slot[0] = top->free_unit;
		top->free_unit = g->more;
	} else if (g->kind == TQ_GATE_RATE)
		unlink_gate(t, &top->rates, n, offsetof(struct tq_gate,
		    rates));
}

void
tq_gate_unneed(struct tq_table *t, uint32_t n)
{
	struct tq_gate *g = tq_table_gate(t, n);
	struct tq_top *top = t->top;

	if (g == NULL || g->kind == 0 || g->rec != 0 || g->waits != 0 ||
	    g->refs != 0 || ((g->kind == TQ_GATE_LANE ||
	    g->kind == TQ_GATE_SHARE) && g->count != 0))
		return;
	take_more(t, g, n);
	if (g->listed)
		unlink_gate(t, &top->opened, n, offsetof(struct tq_gate,
		    opened));
	unlink_gate(t, bucket_of(t, g->kind, g->hash), n,
	    offsetof(struct tq_gate, chain));
	top->ngates[g->kind]--;
	memset(g, 0, sizeof(*g));
	g->chain = top->free_gate;
	top->free_gate = n;
}

/* ---- who waits ------------------------------------------------------------ */

uint32_t
tq_wait_need(struct tq_table *t, uint32_t gate, unsigned queue,
    uint32_t class)
{
	struct tq_gate *g = tq_table_gate(t, gate);
	struct tq_top *top = t->top;
	struct tq_qrow *q;
	struct tq_wait *w;
	uint32_t n, steps = 0;

	if (g == NULL)
		return 0;
	for (n = g->waits; n != 0; n = w->next) {
		if ((w = tq_table_wait(t, n)) == NULL ||
		    steps++ > top->waits.used) {
			t->bad = 1;
			return 0;
		}
		if (w->queue == queue && w->class == class)
			return n;
	}
	if (tq_table_reserve_gates(t, 0, 1) == -1 ||
	    (n = row_new(t, &top->waits, &top->free_wait, wait_link)) == 0)
		return 0;
	w = &t->waits[n];
	memset(w, 0, sizeof(*w));
	w->gate = gate;
	w->queue = (uint16_t)queue;
	w->class = class;
	w->next = g->waits;
	g->waits = n;
	if (g->kind == TQ_GATE_CLASS &&
	    (q = tq_table_queue(t, queue)) != NULL) {
		w->qnext = q->classes;
		q->classes = n;
	}
	return n;
}

/* Take row n out of a list linked by the member at `at`. */
static void
unlink_wait(struct tq_table *t, uint32_t *from, uint32_t n, size_t at)
{
	struct tq_wait *w;
	uint32_t steps = 0;

	while (*from != n) {
		if ((w = tq_table_wait(t, *from)) == NULL ||
		    steps++ > t->top->waits.used) {
			t->bad = 1;
			return;
		}
		from = (uint32_t *)(void *)((char *)w + at);
	}
	*from = *(uint32_t *)(void *)((char *)&t->waits[n] + at);
}

void
tq_wait_unneed(struct tq_table *t, uint32_t n)
{
	struct tq_wait *w = tq_table_wait(t, n);
	struct tq_top *top = t->top;
	struct tq_gate *g;
	struct tq_qrow *q;
	uint32_t gate;

	if (w == NULL || w->n != 0 || (g = tq_table_gate(t, w->gate)) == NULL)
		return;
	gate = w->gate;
	if (g->kind == TQ_GATE_CLASS &&
	    (q = tq_table_queue(t, w->queue)) != NULL)
		unlink_wait(t, &q->classes, n, offsetof(struct tq_wait,
		    qnext));
	unlink_wait(t, &g->waits, n, offsetof(struct tq_wait, next));
	memset(w, 0, sizeof(*w));
	w->next = top->free_wait;
	top->free_wait = n;
	tq_gate_unneed(t, gate);
}

/* ---- passes --------------------------------------------------------------- */

/* The class of tasks with these needs. */
static uint32_t
class_of(struct tq_table *t, const struct tq_needs *needs)
{
	uint32_t n = tq_gate_need(t, TQ_GATE_CLASS, tq_gate_class(needs));
	struct tq_gate *g = tq_table_gate(t, n);
	struct tq_needs *own;

	if (g == NULL || (own = tq_table_needs(t, g)) == NULL)
		return 0;
	if (own->n == 0)
		*own = *needs;
	g->refs++;
	return n;
}

void
tq_pass_give(struct tq_table *t, uint32_t slot, const struct tq_ask *ask,
    uint64_t key)
{
	struct tq_slot *s = tq_table_slot(t, slot);
	struct tq_top *top = t->top;
	struct tq_pass *p;
	uint32_t n;

	if (s == NULL || (ask->lane == 0 && ask->name == 0 && key == 0 &&
	    ask->needs.n == 0))
		return;
	if (tq_table_reserve_gates(t, 1, 1) == -1 ||
	    (n = row_new(t, &top->passes, &top->free_pass, pass_link)) == 0) {
		t->bad = 1;
		return;
	}
	p = &t->passes[n];
	memset(p, 0, sizeof(*p));
	p->lane = ask->lane;
	p->key = key;
	p->name = ask->name;
	s->pass = n;
	if (ask->needs.n > 0 && (p->class = class_of(t, &ask->needs)) == 0)
		t->bad = 1;
}

void
tq_pass_take(struct tq_table *t, struct tq_slot *s)
{
	struct tq_pass *p = tq_table_pass(t, s);
	struct tq_top *top = t->top;
	struct tq_gate *g;
	uint32_t class;

	if (p == NULL)
		return;
	class = p->class;
	memset(p, 0, sizeof(*p));
	p->wait = top->free_pass;
	top->free_pass = s->pass;
	s->pass = 0;
	if ((g = tq_table_gate(t, class)) != NULL) {
		g->refs--;
		tq_gate_unneed(t, class);
	}
}
