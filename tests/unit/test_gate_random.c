/*
 * Unit test of lib/spool/gate*.c: whatever happens in whatever order, no gate
 * lets more pass than it may, and nobody is forgotten.
 *
 * After each step the table is audited and the rule of gate.h is checked: where
 * a gate has room, as many stand in line of each queue and class, or nobody is
 * parked there.  In the end everything is let go, and every task must run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/spool/gate.h"
#include "tests/lib/gate.h"

enum { TASKS = 120, STEPS = 1200, AT_ONCE = 24 };

static const char *const queues[] = { "q", "p" };
static const char *const lanes[] = { NULL, NULL, "a", "b" };
static const char *const names[] = { NULL, NULL, "m", "n" };
static const char *const needs[] = { NULL, NULL, NULL, "gpu", "gpu=2" };

struct walk {
	struct t_spool	*f;
	unsigned	 seed;
	uint32_t	 put;		/* tasks 1 to this are there */
	struct t_gate_task task[TASKS + 1];
	struct tq_spool_got got[AT_ONCE];	/* what runs */
	uint32_t	 running[AT_ONCE];	/* its number, 0: nothing */
	unsigned	 cap_m, width_a;
};

static unsigned
chance(struct walk *w, unsigned n)
{
	w->seed = w->seed * 1103515245u + 12345u;
	return (w->seed >> 16) % n;
}

static const char *
text(unsigned n)
{
	static const char *const texts[] = { "", "1", "2", "3" };

	return texts[n];
}

/* ---- what must hold ----------------------------------------------------------- */

/* Tasks in line of w's queue and class that pass through the gate. */
static uint32_t
in_line(struct tq_table *t, const struct tq_wait *w, const struct tq_gate *g)
{
	uint32_t n, count = 0;
	struct tq_pass *p;
	struct tq_slot *s;

	for (n = 1; n <= t->top->slots.used; n++) {
		s = &t->slots[n];
		if (s->state != TQ_READY || s->queue != w->queue ||
		    (p = tq_table_pass(t, s)) == NULL ||
		    p->class != w->class || tq_gate_parked(t, s))
			continue;
		count += (g->kind == TQ_GATE_LANE ? p->lane : p->name) ==
		    g->hash;
	}
	return count;
}

static void
nobody_is_forgotten(struct walk *k)
{
	struct tq_table *t = &k->f->sp->t;
	struct tq_wait *w;
	struct tq_gate *g;
	uint32_t n, room;

	assert_int_equal(tq_core_enter(k->f->sp, &k->f->e), 0);
	for (n = 1; n <= t->top->waits.used; n++) {
		w = &t->waits[n];
		if (w->gate == 0 || t->gates[w->gate].kind == TQ_GATE_CLASS)
			continue;
		g = &t->gates[w->gate];
		room = g->limit == 0 ? UINT32_MAX :
		    g->count < g->limit ? g->limit - g->count : 0;
		if (room > 0 && !g->listed && in_line(t, w, g) < room)
			fail_msg("seed %u: %u wait at gate %u of kind %u that "
			    "has room for %u", k->seed, (unsigned)w->n,
			    (unsigned)w->gate, g->kind, (unsigned)room);
	}
	tq_core_leave(k->f->sp);
}

/* Task n was just claimed: it was let pass by all that it asks. */
static void
may_run(struct walk *k, uint32_t n)
{
	const struct t_gate_task *t = &k->task[n], *o;
	struct tq_slot *s;
	unsigned lane = 0, name = 0;
	uint32_t i;

	for (i = 1; i <= k->put; i++) {
		o = &k->task[i];
		if ((s = t_gate_slot(k->f, i)) == NULL)
			continue;
		lane += o->lane != NULL && o->lane == t->lane &&
		    (s->state == TQ_STARTED || s->state == TQ_RETRY);
		name += o->name != NULL && o->name == t->name &&
		    s->state == TQ_STARTED;
	}
	if (t->lane != NULL && *t->lane == 'b')
		assert_true(lane <= 1);
	/* one that goes on may find its lane narrower than when it began */
	if (t->lane != NULL && *t->lane == 'a' &&
	    t_gate_slot(k->f, n)->attempt == 1)
		assert_true(lane <= (k->width_a == 0 ? 1 : k->width_a));
	if (t->name != NULL && *t->name == 'm' && k->cap_m != 0)
		assert_true(name <= k->cap_m);
}

/* ---- what happens --------------------------------------------------------------- */

static void
put(struct walk *k)
{
	struct t_gate_task *t;

	if (k->put == TASKS)
		return;
	t = &k->task[++k->put];
	t->queue = queues[chance(k, 2)];
	t->lane = lanes[chance(k, T_COUNT(lanes))];
	t->name = names[chance(k, T_COUNT(names))];
	t->need = needs[chance(k, T_COUNT(needs))];
	t->pri = (uint8_t)(3 + chance(k, 3));
	t_gate_put(k->f, k->put, t);
}

static void
claim(struct walk *k)
{
	unsigned i;

	for (i = 0; i < AT_ONCE && k->running[i] != 0; i++)
		continue;
	if (i == AT_ONCE)
		return;
	k->running[i] = t_gate_claim_as(k->f, queues[chance(k, 2)], NULL, 0,
	    &k->got[i]);
	if (k->running[i] != 0)
		may_run(k, k->running[i]);
}

static void
end(struct walk *k, unsigned i, unsigned how)
{
	if (k->running[i] == 0)
		return;
	k->running[i] = 0;
	/* revoked while it ran */
	if (k->got[i].s.attempt != t_gate_attempt(k->f, &k->got[i]))
		return;
	switch (how) {
	case 0:
		t_spool_settle(k->f, &k->got[i], TQ_READY);
		break;
	case 1:
		t_gate_retry(k->f, &k->got[i], 1);
		break;
	case 2:
		t_gate_retry(k->f, &k->got[i], tq_clock_wall() +
		    3600 * TQ_SECOND);
		break;
	default:
		t_spool_settle(k->f, &k->got[i], how == 3 ? TQ_FAILURE :
		    TQ_SUCCESS);
		break;
	}
}

static void
person(struct walk *k)
{
	static const enum tq_verb verbs[] = { TQ_DO_HOLD, TQ_DO_RELEASE,
	    TQ_DO_MOVE, TQ_DO_PRI, TQ_DO_REVOKE, TQ_DO_RETRY };
	enum tq_verb verb = verbs[chance(k, T_COUNT(verbs))];
	uint64_t changed = 0;
	struct tq_uuid id;
	size_t which;

	if (k->put == 0)
		return;
	id = t_id(1 + chance(k, k->put));
	assert_int_equal(tq_spool_act(k->f->sp, verb, &id, 1,
	    verb == TQ_DO_MOVE ? queues[chance(k, 2)] : verb == TQ_DO_PRI ?
	    text(1 + chance(k, 3)) : NULL, 0, &changed, &which, &k->f->e), 0);
}

static void
limit(struct walk *k)
{
	uint64_t changed = 0;

	switch (chance(k, 4)) {
	case 0:
		k->cap_m = chance(k, 4);
		t_gate_set(k->f, NULL, "cap.name:m", text(k->cap_m));
		break;
	case 1:
		k->width_a = chance(k, 3);
		t_gate_set(k->f, NULL, "cap.lane:a", text(k->width_a));
		break;
	case 2:
		t_gate_set(k->f, NULL, "resource.gpu", text(chance(k, 4)));
		break;
	default:
		assert_int_equal(tq_spool_act_queue(k->f->sp, chance(k, 2) ?
		    TQ_DO_PAUSE : TQ_DO_RESUME, "p", 0, &changed, &k->f->e),
		    0);
		break;
	}
}

static void
step(struct walk *k)
{
	switch (chance(k, 16)) {
	case 0: case 1: case 2:
		put(k);
		break;
	case 3: case 4: case 5: case 6: case 7:
		claim(k);
		break;
	case 8: case 9: case 10: case 11:
		end(k, chance(k, AT_ONCE), chance(k, 8));
		break;
	case 12: case 13:
		person(k);
		break;
	case 14:
		limit(k);
		break;
	default:
		if (chance(k, 4) == 0)
			t_gate_rebuild(k->f);
		break;
	}
}

/* ---- the end of it ---------------------------------------------------------------- */

/* Let go of everything; tasks that a retry put far off come now. */
static void
let_go(struct walk *k)
{
	uint64_t changed = 0;
	struct tq_uuid id;
	struct tq_slot *s;
	size_t which;
	uint32_t n;

	t_gate_set(k->f, NULL, "resource.gpu", "2");
	assert_int_equal(tq_spool_act_queue(k->f->sp, TQ_DO_RESUME, "p", 0,
	    &changed, &k->f->e), 0);
	for (n = 0; n < AT_ONCE; n++)
		end(k, n, 4);
	for (n = 1; n <= k->put; n++) {
		s = t_gate_slot(k->f, n);
		id = t_id(n);
		if (s->state == TQ_HELD)
			assert_int_equal(tq_spool_act(k->f->sp, TQ_DO_RELEASE,
			    &id, 1, NULL, 0, &changed, &which, &k->f->e), 0);
		if (s->state == TQ_RETRY || s->state == TQ_DELAYED)
			assert_int_equal(tq_spool_act(k->f->sp, TQ_DO_REVOKE,
			    &id, 1, NULL, 0, &changed, &which, &k->f->e), 0);
	}
}

static void
walk(struct t_spool *f, unsigned seed)
{
	static struct walk k;
	uint32_t n, left;
	int i, idle;

	memset(&k, 0, sizeof(k));
	k.f = f;
	k.seed = seed;
	t_gate_set(f, NULL, "sync", "none");
	t_spool_put(f, 5000, "p", 0);	/* the queue is there */
	t_gate_act(f, TQ_DO_REVOKE, 5000, NULL);
	for (i = 0; i < STEPS; i++) {
		step(&k);
		t_gate_sound(f);
		nobody_is_forgotten(&k);
	}
	let_go(&k);
	for (idle = 0; idle < 8; idle++) {
		for (i = 0; i < AT_ONCE; i++)
			claim(&k);
		for (i = 0; i < AT_ONCE; i++)
			if (k.running[i] != 0) {
				end(&k, (unsigned)i, 4);
				idle = 0;
			}
		for (n = 1, left = 0; n <= k.put; n++)
			left += !TQ_STATE_ENDED(t_gate_slot(f, n)->state);
		if (left == 0)
			return;
	}
	for (n = 1; n <= k.put; n++)
		if (!TQ_STATE_ENDED(t_gate_slot(f, n)->state))
			fail_msg("seed %u: %u tasks never ran, task %u is %s",
			    seed, (unsigned)left, (unsigned)n,
			    tq_state_name(t_gate_slot(f, n)->state));
}

static void
nothing_passes_that_may_not_and_nobody_is_forgotten(void **state)
{
	walk(*state, 1);
}

static void
nor_in_another_order(void **state)
{
	walk(*state, 20261125);
}

static void
nor_in_a_third(void **state)
{
	const char *seed = getenv("TQ_SEED");

	walk(*state, seed == NULL ? 77 : (unsigned)strtoul(seed, NULL, 10));
}

int
main(void)
{
#define SPOOL(t) cmocka_unit_test_setup_teardown(t, t_setup_spool, \
    t_teardown_spool)
	const struct CMUnitTest tests[] = {
		SPOOL(nothing_passes_that_may_not_and_nobody_is_forgotten),
		SPOOL(nor_in_another_order),
		SPOOL(nor_in_a_third),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
