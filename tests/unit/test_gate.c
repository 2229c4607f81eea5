/* Unit tests of lib/spool/gate*.c: who passes, who waits, who comes back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/spool/verb.h"
#include "lib/spool/gate.h"
#include "tests/lib/gate.h"

/* ---- what is asked, as bytes -------------------------------------------------- */

static void
asked_comes_back(void **state)
{
	struct tq_ask ask = { .lane = 7, .name = UINT64_MAX }, got;
	struct tq_buf b;
	size_t n;

	(void)state;
	tq_buf_init(&b);
	assert_int_equal(tq_ask_need(&ask, "gpu=2", NULL), 0);
	assert_int_equal(tq_ask_need(&ask, "disk", NULL), 0);
	assert_int_equal(tq_ask_need(&ask, "gpu", NULL), 0);
	assert_int_equal(ask.needs.n, 2);
	tq_ask_encode(&b, &ask);
	assert_int_equal(tq_ask_decode(&got, (struct tq_bytes){
	    (const char *)b.p, b.n }), 0);
	assert_memory_equal(&got, &ask, sizeof(got));
	for (n = 0; n < b.n; n++)
		if (n != 17 && n != 26)		/* whole without some needs */
			assert_int_equal(tq_ask_decode(&got,
			    (struct tq_bytes){ (const char *)b.p, n }), -1);
	tq_buf_fini(&b);
}

static void
nothing_asked_is_no_bytes(void **state)
{
	struct tq_ask ask = { .lane = 0 };
	struct tq_buf b;

	(void)state;
	tq_buf_init(&b);
	tq_ask_encode(&b, &ask);
	assert_int_equal(b.n, 0);
	tq_buf_fini(&b);
}

static void
senseless_needs_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "=1", "gpu=", "gpu=0", "gpu=-1", "gpu=1x", "gpu=2147483648",
		"gpu=99999999999999999999"
	};
	struct tq_ask ask = { .lane = 0 };
	struct tq_err e;
	char name[] = "a";
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(bad); i++) {
		assert_int_equal(tq_ask_need(&ask, bad[i], &e), -1);
		assert_int_equal(e.num, EINVAL);
	}
	assert_int_equal(ask.needs.n, 0);
	for (; name[0] < 'a' + TQ_NEEDS_MAX; name[0]++)
		assert_int_equal(tq_ask_need(&ask, name, NULL), 0);
	assert_int_equal(tq_ask_need(&ask, name, &e), -1);
}

/* ---- rates ---------------------------------------------------------------------- */

static void
rates_are_read_and_written(void **state)
{
	static const struct { const char *in, *out; } good[] = {
		{ "10/m", "10/m" }, { "1/s", "1/s" }, { "5/h", "5/h" },
		{ "3/d", "3/d" }, { "7/90s", "7/1m30s" }, { "2/60", "2/m" },
		{ "0", "0" }, { "1000/s", "1000/s" },
	};
	static const char *const bad[] = {
		"", "10", "/m", "0/m", "-1/m", "10/x", "10/", "10/0",
		"1.5/s", "99999999999/s", "10/400d"
	};
	char text[64];
	uint32_t limit;
	tq_time period;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(good); i++) {
		assert_int_equal(tq_rate_parse(&limit, &period, good[i].in,
		    NULL), 0);
		tq_rate_format(text, sizeof(text), limit, period);
		assert_string_equal(text, good[i].out);
	}
	for (i = 0; i < T_COUNT(bad); i++)
		assert_int_equal(tq_rate_parse(&limit, &period, bad[i], NULL),
		    -1);
}

/*
 * Try a start at each tick of a clock of which one in `late` is looked at: in
 * no window of a period are there more than limit + 1, and what comes late is
 * made up for.
 */
static void
try_rate(uint32_t limit, tq_time period, tq_time tick, unsigned late)
{
	enum { MOST = 4000 };
	static tq_time start[MOST];
	tq_time gap = tq_rate_gap(limit, period), next = 0, now = 0;
	unsigned n = 0, i, seed = 1;

	while (n < MOST) {
		seed = seed * 1103515245u + 12345u;
		now += tick * (1 + (tq_time)((seed >> 16) % late));
		if (!tq_rate_open(next, gap, now))
			continue;
		next = tq_rate_next(next, gap, now);
		start[n++] = now;
	}
	for (i = 0; i + limit + 1 < n; i++)
		assert_true(start[i + limit + 1] - start[i] > period);
	/* ticks are shorter than a gap: nearly all that is allowed starts */
	if (tick * late <= gap)
		assert_true((start[n - 1] - start[0]) / gap < n + 2);
}

static void
no_window_holds_more_than_the_limit_and_one(void **state)
{
	(void)state;
	try_rate(10, 60 * TQ_SECOND, TQ_MS, 1);
	try_rate(10, 60 * TQ_SECOND, TQ_SECOND, 6);
	try_rate(7, 60 * TQ_SECOND, 333 * TQ_MS, 100);
	try_rate(1000, TQ_SECOND, TQ_MS / 10, 5);
	try_rate(3, 10, 1, 9);
	try_rate(1, 3600 * TQ_SECOND, TQ_SECOND, 100);
}

static void
a_clock_set_back_stops_no_rate(void **state)
{
	tq_time gap = tq_rate_gap(10, 60 * TQ_SECOND), next;

	(void)state;
	next = tq_rate_next(0, gap, 1000000 * TQ_SECOND);
	assert_int_equal(tq_rate_open(next, gap, 1000000 * TQ_SECOND + 1), 1);
	next = tq_rate_next(next, gap, 1000000 * TQ_SECOND + 1);
	assert_int_equal(tq_rate_open(next, gap, 1000000 * TQ_SECOND + 2), 0);
	assert_int_equal(tq_rate_open(next, gap, 1000 * TQ_SECOND), 1);
	next = tq_rate_next(next, gap, 1000 * TQ_SECOND);
	assert_true(next <= 1000 * TQ_SECOND + gap);
}

/* ---- lanes ----------------------------------------------------------------------- */

static const struct t_gate_task lane = { .lane = "l" };

static void
a_lane_is_one_after_another_in_order_of_put(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got, other;
	uint32_t n;

	for (n = 1; n <= 5; n++)
		t_gate_put(f, n, &lane);
	t_gate_put(f, 6, &(struct t_gate_task){ .lane = "another" });
	t_gate_put(f, 7, &(struct t_gate_task){ .queue = "q" });
	assert_int_equal(t_gate_claim(f, &got), 1);
	assert_int_equal(t_gate_claim(f, &other), 6);
	assert_int_equal(t_gate_claim(f, &other), 7);
	assert_int_equal(t_gate_claim(f, &other), 0);
	t_gate_sound(f);
	for (n = 2; n <= 5; n++) {
		t_spool_settle(f, &got, n % 2 ? TQ_SUCCESS : TQ_FAILURE);
		assert_int_equal(t_gate_claim(f, &got), n);
		assert_int_equal(t_gate_claim(f, &other), 0);
		t_gate_sound(f);
	}
}

static void
a_lane_is_kept_across_retries(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got, other;

	t_gate_put(f, 1, &lane);
	t_gate_put(f, 2, &lane);
	assert_int_equal(t_gate_claim(f, &got), 1);
	t_gate_retry(f, &got, tq_clock_wall() + 3600 * TQ_SECOND);
	assert_int_equal(t_gate_claim(f, &other), 0);
	assert_int_equal(t_gate_parked(f, 2), 1);
	t_gate_rebuild(f);
	assert_int_equal(t_gate_claim(f, &other), 0);
	/* due now: it comes first although its new place is behind */
	t_gate_act(f, TQ_DO_HOLD, 1, NULL);
	assert_int_equal(t_gate_claim(f, &got), 2);
	t_gate_retry(f, &got, 1);
	t_gate_put(f, 3, &lane);
	t_gate_act(f, TQ_DO_RELEASE, 1, NULL);
	assert_int_equal(t_gate_claim(f, &got), 2);
	t_spool_settle(f, &got, TQ_READY);
	t_gate_sound(f);
	assert_int_equal(t_gate_claim(f, &got), 2);
	t_spool_settle(f, &got, TQ_SUCCESS);
	assert_int_equal(t_gate_claim(f, &got), 3);
	t_spool_settle(f, &got, TQ_SUCCESS);
	/* a person took it out of line: its lane is free until its hour */
	assert_int_equal(t_gate_slot(f, 1)->state, TQ_DELAYED);
	assert_int_equal(t_gate_claim(f, &got), 0);
}

/* As a transfer does that the other broker refuses, or takes. */
static void
transfer(struct t_spool *f, enum tq_verb verb, uint32_t n)
{
	const struct tq_spool_transfer tr = { .mark = 7,
	    .meta = { "gone", 4 }, .brief = { "g", 1 } };
	struct tq_uuid id = t_id(n);
	uint64_t changed = 0;

	assert_int_equal(tq_spool_transfer(f->sp, verb, &id, 1, &tr, 0,
	    &changed, &f->e), 0);
	assert_int_equal(changed, 1);
	t_gate_sound(f);
}

static void
a_transfer_that_is_refused_leaves_a_retry_and_its_lane(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got;

	t_gate_put(f, 1, &lane);
	t_gate_put(f, 2, &lane);
	assert_int_equal(t_gate_claim(f, &got), 1);
	t_gate_retry(f, &got, tq_clock_wall() + 3600 * TQ_SECOND);
	transfer(f, TQ_DO_HOLD, 1);
	assert_int_equal(t_gate_claim(f, &got), 0);
	t_gate_rebuild(f);
	t_gate_turn(f);
	t_gate_rebuild(f);
	assert_int_equal(t_gate_slot(f, 1)->state, TQ_HELD);
	assert_int_equal(t_gate_claim(f, &got), 0);
	transfer(f, TQ_DO_RELEASE, 1);
	assert_int_equal(t_gate_slot(f, 1)->state, TQ_RETRY);
	t_gate_rebuild(f);
	assert_int_equal(t_gate_slot(f, 1)->state, TQ_RETRY);
	assert_int_equal(t_gate_slot(f, 1)->row, 0);
	assert_int_equal(t_gate_claim(f, &got), 0);
	/* once it has gone the lane is free */
	transfer(f, TQ_DO_HOLD, 1);
	transfer(f, TQ_DO_REVOKE, 1);
	assert_int_equal(t_gate_claim(f, &got), 2);
}

static void
a_transfer_leaves_the_lane_of_who_is_ready_again(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got;

	t_gate_put(f, 1, &lane);
	t_gate_put(f, 2, &lane);
	assert_int_equal(t_gate_claim(f, &got), 1);
	t_spool_settle(f, &got, TQ_READY);
	transfer(f, TQ_DO_HOLD, 1);
	assert_int_equal(t_gate_claim(f, &got), 0);
	t_gate_rebuild(f);
	transfer(f, TQ_DO_RELEASE, 1);
	assert_int_equal(t_gate_slot(f, 1)->state, TQ_READY);
	assert_int_equal(t_gate_claim(f, &got), 1);
	t_gate_sound(f);
}

static void
between_attempts_the_lane_survives_a_rebuild_and_a_carry(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got;
	tq_time next;

	t_gate_put(f, 1, &lane);
	t_gate_put(f, 2, &lane);
	assert_int_equal(t_gate_claim(f, &got), 1);
	t_gate_retry(f, &got, 1);
	assert_int_equal(tq_core_enter(f->sp, &f->e), 0);
	assert_int_equal(tq_timers(f->sp, tq_clock_wall(), &next, &f->e), 1);
	tq_core_leave(f->sp);
	assert_int_equal(t_gate_slot(f, 1)->state, TQ_READY);
	t_gate_rebuild(f);
	/* out of the segments that know of its attempt */
	t_gate_turn(f);
	t_gate_rebuild(f);
	assert_int_equal(t_gate_claim(f, &got), 1);
	t_spool_settle(f, &got, TQ_SUCCESS);
	assert_int_equal(t_gate_claim(f, &got), 2);
}

static void
a_lane_of_a_dead_worker_goes_on_with_its_task(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool *dead;
	struct tq_spool_got got;
	struct tq_take take = { .queue = { "q" }, .nqueues = 1 };

	t_gate_put(f, 1, &lane);
	t_gate_put(f, 2, &lane);
	dead = t_spool_open(f);
	assert_int_equal(tq_spool_claim(dead, &take, &got, &f->e), 1);
	assert_int_equal(t_gate_claim(f, &got), 0);
	tq_spool_close(dead);
	assert_true(tq_spool_sweep(f->sp, &f->e) >= 0);
	assert_int_equal(t_gate_claim(f, &got), 1);
	t_gate_sound(f);
	t_spool_settle(f, &got, TQ_SUCCESS);
	assert_int_equal(t_gate_claim(f, &got), 2);
}

static void
a_lane_may_be_wider(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got[4];
	uint32_t n;

	for (n = 1; n <= 6; n++)
		t_gate_put(f, n, &lane);
	assert_int_equal(t_gate_claim(f, &got[0]), 1);
	assert_int_equal(t_gate_claim(f, &got[1]), 0);
	t_gate_set(f, NULL, "cap.lane:l", "3");
	assert_int_equal(t_gate_claim(f, &got[1]), 2);
	assert_int_equal(t_gate_claim(f, &got[2]), 3);
	assert_int_equal(t_gate_claim(f, &got[3]), 0);
	t_gate_rebuild(f);
	assert_int_equal(t_gate_claim(f, &got[3]), 0);
	t_gate_set(f, NULL, "cap.lane:l", "");
	t_spool_settle(f, &got[0], TQ_SUCCESS);
	t_spool_settle(f, &got[1], TQ_SUCCESS);
	assert_int_equal(t_gate_claim(f, &got[3]), 0);
	t_spool_settle(f, &got[2], TQ_SUCCESS);
	assert_int_equal(t_gate_claim(f, &got[3]), 4);
	assert_int_equal(t_gate_claim(f, &got[0]), 0);
	t_gate_sound(f);
}

/* ---- caps ------------------------------------------------------------------------ */

static void
a_cap_of_a_name_counts_what_runs_already(void **state)
{
	const struct t_gate_task named = { .name = "send" };
	struct t_spool *f = *state;
	struct tq_spool_got got[4];
	uint32_t n;

	for (n = 1; n <= 8; n++)
		t_gate_put(f, n, &named);
	t_gate_put(f, 9, &(struct t_gate_task){ .queue = "q2", .name = "send" });
	assert_int_equal(t_gate_claim(f, &got[0]), 1);
	assert_int_equal(t_gate_claim(f, &got[1]), 2);
	assert_int_equal(t_gate_claim(f, &got[2]), 3);
	t_gate_set(f, NULL, "cap.name:send", "2");
	assert_int_equal(t_gate_claim(f, &got[3]), 0);
	assert_int_equal(t_gate_claim_as(f, "q2", NULL, 0, &got[3]), 0);
	t_gate_sound(f);
	t_spool_settle(f, &got[0], TQ_SUCCESS);
	assert_int_equal(t_gate_claim(f, &got[3]), 0);
	t_spool_settle(f, &got[1], TQ_SUCCESS);
	t_gate_rebuild(f);
	/* in each queue one may go on, whichever is looked at first */
	assert_int_equal(t_gate_claim_as(f, "q2", NULL, 0, &got[3]), 9);
	assert_int_equal(t_gate_claim(f, &got[0]), 0);
	t_gate_set(f, NULL, "cap.name:send", "0");
	for (n = 4; n <= 8; n++)
		assert_int_equal(t_gate_claim(f, &got[0]), n);
	t_gate_sound(f);
}

static void
a_paused_queue_keeps_nobody_elsewhere_waiting(void **state)
{
	const struct t_gate_task a = { .queue = "a", .lane = "l" };
	const struct t_gate_task b = { .queue = "b", .lane = "l" };
	struct t_spool *f = *state;
	struct tq_spool_got got;
	uint64_t changed = 0;

	t_gate_put(f, 1, &a);
	t_gate_put(f, 2, &a);
	t_gate_put(f, 3, &b);
	assert_int_equal(t_gate_claim_as(f, "a", NULL, 0, &got), 1);
	assert_int_equal(t_gate_claim_as(f, "a", NULL, 0, &got), 0);
	assert_int_equal(t_gate_claim_as(f, "b", NULL, 0, &got), 0);
	assert_int_equal(tq_spool_act_queue(f->sp, TQ_DO_PAUSE, "a", 0,
	    &changed, &f->e), 0);
	t_gate_act(f, TQ_DO_REVOKE, 1, NULL);
	assert_int_equal(t_gate_claim_as(f, "b", NULL, 0, &got), 3);
	t_gate_sound(f);
}

static void
a_cap_of_a_queue_closes_it(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got[3];
	uint32_t n;

	for (n = 1; n <= 4; n++)
		t_spool_put(f, n, "q", 0);
	t_gate_set(f, "q", "cap", "2");
	assert_int_equal(t_gate_claim(f, &got[0]), 1);
	assert_int_equal(t_gate_claim(f, &got[1]), 2);
	assert_int_equal(t_gate_claim(f, &got[2]), 0);
	t_gate_retry(f, &got[0], INT64_MAX);
	assert_int_equal(t_gate_claim(f, &got[2]), 3);
	t_gate_set(f, "q", "cap", "");
	assert_int_equal(t_gate_claim(f, &got[2]), 4);
}

/* ---- whoever leaves a gate otherwise ---------------------------------------------- */

/* Task 1 has the lane, 2 and 3 are parked at it. */
static void
three(struct t_spool *f, struct tq_spool_got *got)
{
	struct tq_spool_got none;
	uint32_t n;

	for (n = 1; n <= 3; n++)
		t_gate_put(f, n, &lane);
	assert_int_equal(t_gate_claim(f, got), 1);
	assert_int_equal(t_gate_claim(f, &none), 0);
	assert_int_equal(t_gate_parked(f, 2), 1);
	assert_int_equal(t_gate_parked(f, 3), 1);
}

/* Task 2 is let in and taken out by the verb: 3 is next. */
static void
let_in_and_gone(struct t_spool *f, enum tq_verb verb)
{
	struct tq_spool_got got;

	three(f, &got);
	t_spool_settle(f, &got, TQ_SUCCESS);
	assert_int_equal(t_gate_parked(f, 2), 0);
	assert_int_equal(t_gate_parked(f, 3), 1);
	t_gate_act(f, verb, 2, verb == TQ_DO_MOVE ? "elsewhere" : NULL);
	assert_int_equal(t_gate_parked(f, 3), 0);
	t_gate_sound(f);
	assert_int_equal(t_gate_claim(f, &got), 3);
	t_spool_settle(f, &got, TQ_SUCCESS);
}

static void
who_is_let_in_and_held_makes_way_for_the_next(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got;

	let_in_and_gone(f, TQ_DO_HOLD);
	t_gate_act(f, TQ_DO_RELEASE, 2, NULL);
	assert_int_equal(t_gate_claim(f, &got), 2);
}

static void
who_is_let_in_and_revoked_makes_way_for_the_next(void **state)
{
	let_in_and_gone(*state, TQ_DO_REVOKE);
}

static void
who_is_let_in_and_moved_makes_way_for_the_next(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got;

	let_in_and_gone(f, TQ_DO_MOVE);
	assert_int_equal(t_gate_claim_as(f, "elsewhere", NULL, 0, &got), 2);
}

static void
who_is_parked_can_be_held_moved_raised_and_revoked(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got;

	three(f, &got);
	t_gate_put(f, 4, &lane);
	t_gate_put(f, 5, &lane);
	assert_int_equal(t_gate_claim_as(f, "q", NULL, 0, &(struct tq_spool_got){
	    .slot = 0 }), 0);
	t_gate_act(f, TQ_DO_HOLD, 2, NULL);
	t_gate_sound(f);
	t_gate_act(f, TQ_DO_MOVE, 3, "elsewhere");
	t_gate_sound(f);
	t_gate_act(f, TQ_DO_PRI, 5, "9");
	t_gate_sound(f);
	t_spool_settle(f, &got, TQ_SUCCESS);
	assert_int_equal(t_gate_claim(f, &got), 5);
	t_gate_act(f, TQ_DO_REVOKE, 5, NULL);
	assert_int_equal(t_gate_claim_as(f, "elsewhere", NULL, 0, &got), 3);
	t_gate_act(f, TQ_DO_RELEASE, 2, NULL);
	t_spool_settle(f, &got, TQ_FAILURE);
	assert_int_equal(t_gate_claim(f, &got), 4);
	t_spool_settle(f, &got, TQ_FAILURE);
	assert_int_equal(t_gate_claim(f, &got), 2);
	t_gate_sound(f);
}

static void
who_is_parked_expires_in_time(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got;
	tq_time next;

	t_gate_put(f, 1, &lane);
	t_gate_put(f, 2, &(struct t_gate_task){ .lane = "l",
	    .expires = tq_clock_wall() + 3600 * TQ_SECOND });
	assert_int_equal(t_gate_claim(f, &got), 1);
	assert_int_equal(t_gate_claim(f, &got), 0);
	assert_int_equal(t_gate_parked(f, 2), 1);
	assert_int_equal(tq_core_enter(f->sp, &f->e), 0);
	assert_int_equal(tq_timers(f->sp, tq_clock_wall() +
	    7200 * TQ_SECOND, &next, &f->e), 1);
	tq_core_leave(f->sp);
	assert_int_equal(t_gate_slot(f, 2)->state, TQ_EXPIRED);
	t_gate_sound(f);
}

static void
a_queue_with_parked_tasks_can_be_removed(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got;
	uint64_t changed = 0;

	three(f, &got);
	assert_int_equal(tq_spool_act_queue(f->sp, TQ_DO_RMQ, "q",
	    TQ_DO_FORCE, &changed, &f->e), 0);
	t_gate_sound(f);
	assert_int_equal(f->sp->t.top->ngates[TQ_GATE_LANE], 0);
	t_gate_put(f, 9, &lane);
	assert_int_equal(t_gate_claim(f, &got), 9);
}

static void
a_task_that_is_refused_twice_hurts_nobody(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got a, b, none;

	t_gate_set(f, NULL, "cap.name:n", "1");
	t_gate_put(f, 1, &(struct t_gate_task){ .lane = "l" });
	t_gate_put(f, 2, &(struct t_gate_task){ .name = "n" });
	/* waits at the lane first, then at the name's cap */
	t_gate_put(f, 3, &(struct t_gate_task){ .lane = "l", .name = "n" });
	t_gate_put(f, 4, &lane);
	t_gate_put(f, 5, &(struct t_gate_task){ .name = "n" });
	assert_int_equal(t_gate_claim(f, &a), 1);
	assert_int_equal(t_gate_claim(f, &b), 2);
	assert_int_equal(t_gate_claim(f, &none), 0);
	t_spool_settle(f, &a, TQ_SUCCESS);
	/* 3 is let in, refused by the cap, and 4 has the lane */
	assert_int_equal(t_gate_claim(f, &a), 4);
	t_gate_sound(f);
	t_spool_settle(f, &b, TQ_SUCCESS);
	/* 3 is let in, refused by the lane, and 5 has the name */
	assert_int_equal(t_gate_claim(f, &b), 5);
	t_gate_sound(f);
	t_spool_settle(f, &a, TQ_SUCCESS);
	assert_int_equal(t_gate_claim(f, &none), 0);
	t_spool_settle(f, &b, TQ_SUCCESS);
	assert_int_equal(t_gate_claim(f, &a), 3);
	t_gate_sound(f);
}

/* ---- rates of a spool -------------------------------------------------------------- */

static void
a_rate_survives_a_rebuild(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got;
	uint32_t n;

	for (n = 1; n <= 5; n++)
		t_gate_put(f, n, &(struct t_gate_task){ .name = "n" });
	t_gate_put(f, 6, &(struct t_gate_task){ .queue = "q" });
	t_gate_set(f, NULL, "rate.name:n", "1/h");
	assert_int_equal(t_gate_claim(f, &got), 1);
	assert_int_equal(t_gate_claim(f, &got), 2);	/* the one over */
	assert_int_equal(t_gate_claim(f, &got), 6);
	assert_int_equal(t_gate_claim(f, &got), 0);
	t_gate_rebuild(f);
	assert_int_equal(t_gate_claim(f, &got), 0);
	t_gate_set(f, NULL, "rate.name:n", "1000000/s");
	assert_int_equal(t_gate_claim(f, &got), 3);
	t_gate_set(f, NULL, "rate.name:n", "");
	assert_int_equal(t_gate_claim(f, &got), 4);
	assert_int_equal(t_gate_claim(f, &got), 5);
	t_gate_sound(f);
}

static void
a_rate_whose_starts_were_retired_gives_no_burst(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got;
	uint32_t n;

	t_gate_set(f, "q", "rate", "2/h");
	t_gate_set(f, NULL, "rate.name:n", "1/h");
	for (n = 1; n <= 3; n++)
		t_spool_put(f, n, "q", 0);
	t_gate_put(f, 4, &(struct t_gate_task){ .queue = "p", .name = "n" });
	t_gate_put(f, 5, &(struct t_gate_task){ .queue = "p", .name = "n" });
	t_gate_put(f, 6, &(struct t_gate_task){ .queue = "p", .name = "n" });
	assert_int_equal(t_gate_claim(f, &got), 1);
	assert_int_equal(t_gate_claim(f, &got), 2);
	assert_int_equal(t_gate_claim(f, &got), 0);
	assert_int_equal(t_gate_claim_as(f, "p", NULL, 0, &got), 4);
	assert_int_equal(t_gate_claim_as(f, "p", NULL, 0, &got), 5);
	t_gate_turn(f);
	t_gate_rebuild(f);
	assert_int_equal(t_gate_claim(f, &got), 0);
	assert_int_equal(t_gate_claim_as(f, "p", NULL, 0, &got), 0);
}

static void
a_sleeper_knows_when_the_rate_lets_it_go_on(void **state)
{
	struct t_spool *f = *state;
	struct tq_take take = { .queue = { "q" }, .nqueues = 1 };
	struct tq_spool_got got;
	tq_time now, next;
	uint32_t n;

	for (n = 1; n <= 3; n++)
		t_gate_put(f, n, &(struct t_gate_task){ .name = "n" });
	t_gate_set(f, NULL, "rate.name:n", "1/h");
	assert_int_equal(t_gate_claim(f, &got), 1);
	assert_int_equal(t_gate_claim(f, &got), 2);
	assert_int_equal(t_gate_claim(f, &got), 0);
	t_gate_set(f, NULL, "rate.name:n", "2/s");
	now = tq_clock_wall();
	assert_int_equal(t_gate_claim(f, &got), 3);
	t_gate_put(f, 4, &(struct t_gate_task){ .name = "n" });
	assert_int_equal(t_gate_claim(f, &got), 0);
	if (tq_spool_sleep(f->sp, &take, &next, &f->e) == 1)
		assert_true(next >= now + TQ_SECOND / 2 &&
		    next <= tq_clock_wall() + TQ_SECOND / 2);
	take.timeout = 10 * TQ_SECOND;
	assert_int_equal(tq_spool_claim(f->sp, &take, &got, &f->e), 1);
	assert_true(tq_clock_wall() >= now + TQ_SECOND / 2);
}

/* ---- needs ------------------------------------------------------------------------- */

static void
only_who_has_what_it_needs_gets_a_task(void **state)
{
	const struct tq_offer one = { "gpu", 1, 1 }, two = { "gpu", 2, 2 };
	struct t_spool *f = *state;
	struct tq_spool_got got;

	t_gate_put(f, 1, &(struct t_gate_task){ .need = "gpu=2" });
	t_gate_put(f, 2, &(struct t_gate_task){ .need = "gpu" });
	t_gate_put(f, 3, &(struct t_gate_task){ .queue = "q" });
	t_gate_put(f, 4, &(struct t_gate_task){ .queue = "q" });
	t_gate_sound(f);
	assert_int_equal(t_gate_claim(f, &got), 3);
	assert_int_equal(t_gate_claim_as(f, "q", &one, 1, &got), 2);
	assert_int_equal(t_gate_claim_as(f, "q", &two, 1, &got), 1);
	assert_int_equal(t_gate_claim(f, &got), 4);
	t_gate_sound(f);
}

static void
who_needs_much_is_not_starved_by_who_needs_little(void **state)
{
	struct tq_offer gpu = { "gpu", 2, 1 }, slot4 = { "slot", 4, 2 };
	struct t_spool *f = *state;
	struct tq_spool_got got;

	t_gate_put(f, 1, &(struct t_gate_task){ .need = "gpu=2" });
	t_gate_put(f, 2, &(struct t_gate_task){ .need = "gpu" });
	t_gate_put(f, 3, &(struct t_gate_task){ .queue = "q" });
	/* one of two is free: 1 waits for both, so 2 waits too, but 3 not */
	assert_int_equal(t_gate_claim_as(f, "q", &gpu, 1, &got), 3);
	assert_int_equal(t_gate_claim_as(f, "q", &gpu, 1, &got), 0);
	gpu.free = 2;
	assert_int_equal(t_gate_claim_as(f, "q", &gpu, 1, &got), 1);
	assert_int_equal(t_gate_claim_as(f, "q", &gpu, 1, &got), 2);
	/* places are what every task needs */
	t_gate_put(f, 4, &(struct t_gate_task){ .need = "slot=4" });
	t_gate_put(f, 5, &(struct t_gate_task){ .queue = "q" });
	assert_int_equal(t_gate_claim_as(f, "q", &slot4, 1, &got), 0);
	slot4.free = 4;
	assert_int_equal(t_gate_claim_as(f, "q", &slot4, 1, &got), 4);
	/* one that never fits is in nobody's way */
	t_gate_put(f, 6, &(struct t_gate_task){ .need = "slot=5" });
	assert_int_equal(t_gate_claim_as(f, "q", &slot4, 1, &got), 5);
}

/* The units in a claim, as bits. */
static uint64_t
units_of(const struct tq_spool_got *got)
{
	uint64_t bits = 0, n;
	struct tq_cur c;

	tq_cur_init(&c, got->units.p, got->units.n);
	if (tq_cur_get(&c, 8) == NULL)
		return 0;
	for (n = tq_cur_varint(&c); n > 0 && !c.err; n--)
		bits |= UINT64_C(1) << tq_cur_varint(&c);
	return bits;
}

static void
shared_units_are_never_given_twice(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got a, b, c;

	t_gate_set(f, NULL, "resource.gpu", "4");
	t_gate_put(f, 1, &(struct t_gate_task){ .need = "gpu=2" });
	t_gate_put(f, 2, &(struct t_gate_task){ .need = "gpu=1" });
	t_gate_put(f, 3, &(struct t_gate_task){ .need = "gpu=2" });
	t_gate_put(f, 4, &(struct t_gate_task){ .need = "gpu=5" });
	assert_int_equal(t_gate_claim(f, &a), 1);
	assert_true(units_of(&a) == 0x3);
	assert_int_equal(t_gate_claim(f, &b), 2);
	assert_true(units_of(&b) == 0x4);
	assert_int_equal(t_gate_claim(f, &c), 0);
	t_gate_rebuild(f);
	t_spool_settle(f, &a, TQ_SUCCESS);
	/* out of the segments that have its UNITS record */
	t_gate_turn(f);
	t_gate_rebuild(f);
	assert_int_equal(t_gate_claim(f, &c), 3);
	assert_true(units_of(&c) == 0x3);
	t_spool_settle(f, &b, TQ_SUCCESS);
	t_spool_settle(f, &c, TQ_SUCCESS);
	t_gate_set(f, NULL, "resource.gpu", "8");
	assert_int_equal(t_gate_claim(f, &c), 4);
	assert_true(units_of(&c) == 0x1f);
	t_gate_set(f, NULL, "resource.gpu", "");
	t_spool_settle(f, &c, TQ_SUCCESS);
	assert_int_equal(f->sp->t.top->ngates[TQ_GATE_SHARE], 0);
	t_gate_sound(f);
}

static void
gates_that_nobody_asks_for_go(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got;
	struct tq_top *top;
	uint32_t n, i;
	char name[16];

	for (i = 0; i < 3; i++) {
		for (n = 1; n <= 50; n++) {
			snprintf(name, sizeof(name), "l%u", (unsigned)n % 7);
			t_gate_put(f, i * 50 + n, &(struct t_gate_task){ .lane = name,
			    .need = n % 3 ? "slot" : "slot=2" });
		}
		while (t_gate_claim(f, &got) != 0)
			t_spool_settle(f, &got, TQ_SUCCESS);
		t_gate_sound(f);
	}
	for (n = 1; n <= 150; n++)
		t_gate_act(f, TQ_DO_FORGET, n, NULL);
	top = f->sp->t.top;
	for (n = 0; n < TQ_GATE_NKINDS; n++)
		assert_int_equal(top->ngates[n], 0);
	assert_true(top->gates.used < 20 && top->waits.used < 20);
	assert_true(top->passes.used <= 150);
}

/* ---- ageing ------------------------------------------------------------------------ */

static void
with_ageing_no_priority_starves(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got;
	struct tq_slot *s;
	int aged;

	t_gate_put(f, 1, &(struct t_gate_task){ .pri = 1 });
	t_gate_put(f, 2, &(struct t_gate_task){ .pri = 9 });
	t_gate_put(f, 3, &(struct t_gate_task){ .pri = 9 });
	assert_int_equal(t_gate_claim(f, &got), 2);
	t_gate_set(f, "q", "ageing", "1h");
	assert_int_equal(tq_core_enter(f->sp, &f->e), 0);
	s = t_gate_slot(f, 1);
	s->time -= 7 * 3600 * TQ_SECOND;
	aged = t_gate_slot(f, 3)->pri - s->pri;
	tq_core_leave(f->sp);
	assert_int_equal(aged, 8);
	assert_int_equal(t_gate_claim(f, &got), 3);
	t_gate_put(f, 4, &(struct t_gate_task){ .pri = 9 });
	t_gate_slot(f, 1)->time -= 2 * 3600 * TQ_SECOND;
	assert_int_equal(t_gate_claim(f, &got), 1);
	assert_int_equal(t_gate_claim(f, &got), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asked_comes_back),
		cmocka_unit_test(nothing_asked_is_no_bytes),
		cmocka_unit_test(senseless_needs_are_refused),
		cmocka_unit_test(rates_are_read_and_written),
		cmocka_unit_test(no_window_holds_more_than_the_limit_and_one),
		cmocka_unit_test(a_clock_set_back_stops_no_rate),
#define SPOOL(t) cmocka_unit_test_setup_teardown(t, t_setup_spool, \
    t_teardown_spool)
		SPOOL(a_lane_is_one_after_another_in_order_of_put),
		SPOOL(a_lane_is_kept_across_retries),
		SPOOL(a_transfer_that_is_refused_leaves_a_retry_and_its_lane),
		SPOOL(a_transfer_leaves_the_lane_of_who_is_ready_again),
		SPOOL(between_attempts_the_lane_survives_a_rebuild_and_a_carry),
		SPOOL(a_lane_of_a_dead_worker_goes_on_with_its_task),
		SPOOL(a_lane_may_be_wider),
		SPOOL(a_cap_of_a_name_counts_what_runs_already),
		SPOOL(a_paused_queue_keeps_nobody_elsewhere_waiting),
		SPOOL(a_cap_of_a_queue_closes_it),
		SPOOL(who_is_let_in_and_held_makes_way_for_the_next),
		SPOOL(who_is_let_in_and_revoked_makes_way_for_the_next),
		SPOOL(who_is_let_in_and_moved_makes_way_for_the_next),
		SPOOL(who_is_parked_can_be_held_moved_raised_and_revoked),
		SPOOL(who_is_parked_expires_in_time),
		SPOOL(a_queue_with_parked_tasks_can_be_removed),
		SPOOL(a_task_that_is_refused_twice_hurts_nobody),
		SPOOL(a_rate_survives_a_rebuild),
		SPOOL(a_rate_whose_starts_were_retired_gives_no_burst),
		SPOOL(a_sleeper_knows_when_the_rate_lets_it_go_on),
		SPOOL(only_who_has_what_it_needs_gets_a_task),
		SPOOL(who_needs_much_is_not_starved_by_who_needs_little),
		SPOOL(shared_units_are_never_given_twice),
		SPOOL(gates_that_nobody_asks_for_go),
		SPOOL(with_ageing_no_priority_starves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
