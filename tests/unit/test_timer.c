/*
 * Unit tests of lib/spool/timer.c and of who sees what time has made of a
 * task.  That the clock was set back is shown by a task that is ready though
 * its ETA is to come; tests/cmd/clock.sh does set it.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "tests/lib/spool.h"

#define HOUR	(3600 * TQ_SECOND)
#define SLICE	64	/* of timer.c: what one claim sees to */

/* Put task number n. */
static void
put(struct t_spool *f, uint32_t n, const char *queue, tq_time eta,
    tq_time expires)
{
	struct tq_spool_put p = { .id = t_id(n), .queue = queue,
	    .pri = TQ_PRI_DEFAULT, .keep = -1, .body_fd = -1, .eta = eta,
	    .expires = expires };
	size_t which;

	if (tq_spool_put(f->sp, &p, 1, 0, &which, &f->e) == -1)
		fail_msg("put: %s", f->e.text);
}

static struct tq_slot *
slot(struct t_spool *f, uint32_t n)
{
	struct tq_uuid id = t_id(n);

	return tq_table_slot(&f->sp->t, tq_table_find(&f->sp->t, &id));
}

static int
claim(struct t_spool *f, const char *queue, tq_time lease)
{
	struct tq_take take = { .queue = { queue }, .nqueues = 1,
	    .lease = lease };
	struct tq_spool_got got;
	int rv = tq_spool_claim(f->sp, &take, &got, &f->e);

	if (rv == -1)
		fail_msg("claim: %s", f->e.text);
	return rv;
}

static void
assert_sound(struct t_spool *f)
{
	char why[256];

	assert_int_equal(tq_core_enter(f->sp, &f->e), 0);
	if (!tq_table_audit(&f->sp->t, why, sizeof(why)))
		fail_msg("%s", why);
	tq_core_leave(f->sp);
}

static int
step(struct t_spool *f, uint32_t n, tq_time now)
{
	int rv;

	assert_int_equal(tq_core_enter(f->sp, &f->e), 0);
	rv = tq_timer_one(f->sp, (uint32_t)(slot(f, n) - f->sp->t.slots), now,
	    &f->e);
	tq_core_leave(f->sp);
	return rv;
}

static void
ready_task_waits_again_when_the_clock_was_set_back(void **state)
{
	struct t_spool *f = *state;
	tq_time eta = tq_clock_wall() + HOUR;

	put(f, 1, "q", 0, 0);
	put(f, 2, "q", 0, 0);
	slot(f, 1)->due = eta;
	assert_int_equal(claim(f, "q", 0), 1);
	assert_int_equal(slot(f, 1)->state, TQ_DELAYED);
	assert_int_equal(slot(f, 2)->state, TQ_STARTED);
	assert_int_equal(claim(f, "q", 0), 0);
	assert_sound(f);
	assert_int_equal(step(f, 1, eta - 1), 1);
	assert_int_equal(slot(f, 1)->state, TQ_DELAYED);
	assert_int_equal(step(f, 1, eta), 1);
	assert_int_equal(slot(f, 1)->state, TQ_READY);
	assert_sound(f);
}

static void
retry_waits_again_as_a_retry(void **state)
{
	static const int none[2] = { -1, -1 };
	struct t_spool *f = *state;
	struct tq_spool_got got;
	struct tq_rec_end end;
	int taken[2];

	put(f, 1, "q", 0, 0);
	t_spool_claim(f, 1, "q", &got);
	memset(&end, 0, sizeof(end));
	end.state = TQ_RETRY;
	end.when = 1;
	assert_int_equal(tq_spool_settle(f->sp, &got.s.id, got.slot, 1, &end,
	    none, taken, 0, &f->e), 0);
	assert_int_equal(step(f, 1, tq_clock_wall()), 1);
	assert_int_equal(slot(f, 1)->state, TQ_READY);
	slot(f, 1)->due = tq_clock_wall() + HOUR;
	assert_int_equal(claim(f, "q", 0), 0);
	assert_int_equal(slot(f, 1)->state, TQ_RETRY);
	assert_sound(f);
}

static void
task_given_back_forgets_when_its_lease_was_to_end(void **state)
{
	static const int none[2] = { -1, -1 };
	struct t_spool *f = *state;
	struct tq_rec_end end;
	struct tq_uuid id = t_id(1);
	int taken[2];

	put(f, 1, "q", 0, 0);
	assert_int_equal(claim(f, "q", HOUR), 1);
	assert_true(slot(f, 1)->due > tq_clock_wall());
	memset(&end, 0, sizeof(end));
	end.state = TQ_READY;
	assert_int_equal(tq_spool_settle(f->sp, &id, 0, 1, &end, none, taken,
	    0, &f->e), 0);
	assert_int_equal(slot(f, 1)->due, 0);
	assert_int_equal(claim(f, "q", 0), 1);
}

static void
expired_task_behind_many_due_ones_is_not_started(void **state)
{
	struct t_spool *f = *state;
	tq_time expires = tq_clock_wall() + 300 * TQ_MS;
	uint32_t n;

	for (n = 1; n <= 2 * SLICE; n++)
		put(f, n, "other", expires, 0);
	put(f, n, "q", 0, expires + 1);
	T_UNTIL(tq_clock_wall() > expires + 1);
	assert_int_equal(claim(f, "q", 0), 0);
	assert_int_equal(slot(f, n)->state, TQ_EXPIRED);
	assert_int_equal(slot(f, n - 1)->state, TQ_DELAYED);
	assert_sound(f);
}

/* ---- who sleeps ---------------------------------------------------------- */

/*
 * Another handle goes to sleep over queue q; it must find nothing ready.  It
 * wakes by itself in so long, not in a second: a test may be slower than that.
 */
static struct tq_spool *
sleeper(struct t_spool *f, tq_time length)
{
	const struct tq_take take = { .queue = { "q" }, .nqueues = 1 };
	struct tq_spool *sp = t_spool_open(f);
	tq_time next;

	assert_int_equal(tq_spool_join(sp, &take, 1, &f->e), 0);
	assert_int_equal(tq_spool_sleep(sp, &take, &next, &f->e), 1);
	assert_true(sp->t.wrows[sp->owner.row].wake == next);
	sp->t.wrows[sp->owner.row].wake = tq_clock_wall() + length;
	return sp;
}

static int
sleeps(struct tq_spool *sp)
{
	return (int)sp->t.wrows[sp->owner.row].sleeping;
}

static void
sleeper_is_rung_for_a_time_before_it_wakes(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool *other = sleeper(f, HOUR);

	put(f, 1, "q", tq_clock_wall() + 2 * HOUR, 0);
	assert_true(sleeps(other));
	put(f, 2, "elsewhere", tq_clock_wall() + HOUR / 2, 0);
	assert_true(sleeps(other));
	put(f, 3, "q", tq_clock_wall() + HOUR / 2, 0);
	assert_false(sleeps(other));
	tq_spool_close(other);
}

static void
one_sleeper_is_enough_for_a_time(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool *one, *two;

	one = sleeper(f, HOUR);
	two = sleeper(f, HOUR / 4);
	put(f, 1, "q", tq_clock_wall() + HOUR / 2, 0);
	assert_true(sleeps(one));
	assert_true(sleeps(two));
	tq_spool_close(one);
	tq_spool_close(two);
}

static void
who_stops_sleeping_hands_the_next_time_on(void **state)
{
	const struct tq_take take = { .queue = { "q" }, .nqueues = 1 };
	struct t_spool *f = *state;
	struct tq_spool *one = sleeper(f, HOUR), *two = sleeper(f, HOUR);
	struct tq_spool_got got;
	tq_time next;

	put(f, 1, "q", tq_clock_wall() + HOUR / 2, 0);
	assert_false(sleeps(one));
	assert_true(sleeps(two));
	/* it learns the time, but then gets something else to do */
	assert_int_equal(tq_spool_sleep(one, &take, &next, &f->e), 1);
	put(f, 2, "q", 0, 0);
	assert_int_equal(tq_spool_claim(one, &take, &got, &f->e), 1);
	assert_false(sleeps(two));
	tq_spool_close(one);
	tq_spool_close(two);
}

/* ---- without a worker --------------------------------------------------- */

static void
who_looks_sees_what_time_has_made_of_a_task(void **state)
{
	struct t_spool *f = *state;
	struct tq_uuid late = t_id(1), due = t_id(2), held = t_id(3);
	tq_time soon = tq_clock_wall() + 20 * TQ_MS;
	struct tq_spool_look l;

	put(f, 1, "q", 0, soon);
	put(f, 2, "q", soon, 0);
	put(f, 3, "q", soon + HOUR, soon);
	T_UNTIL(tq_clock_wall() > soon);
	assert_int_equal(tq_spool_look(f->sp, &late, 0, &l, &f->e), 1);
	assert_int_equal(l.s.state, TQ_EXPIRED);
	assert_true(l.has_end);
	assert_int_equal(tq_spool_look(f->sp, &due, 0, &l, &f->e), 1);
	assert_int_equal(l.s.state, TQ_READY);
	assert_int_equal(tq_spool_look(f->sp, &held, 0, &l, &f->e), 1);
	assert_int_equal(l.s.state, TQ_EXPIRED);
	assert_sound(f);
}

static void
list_has_what_expired(void **state)
{
	struct t_spool *f = *state;
	tq_time soon = tq_clock_wall() + 20 * TQ_MS;
	struct tq_uuid *ids;
	size_t n;

	put(f, 1, "q", 0, soon);
	put(f, 2, "q", 0, 0);
	T_UNTIL(tq_clock_wall() > soon);
	assert_int_equal(tq_spool_ids(f->sp, NULL, 0, 1u << TQ_EXPIRED, &ids,
	    &n, &f->e), 0);
	assert_int_equal(n, 1);
	free(ids);
}

static void
waiter_is_told_of_an_expiry(void **state)
{
	struct t_spool *f = *state;
	struct tq_uuid ids[2] = { t_id(1), t_id(2) };
	tq_time soon = tq_clock_wall() + 50 * TQ_MS;
	enum tq_state ended[2];
	size_t which;

	put(f, 1, "q", 0, soon);
	put(f, 2, "q", soon + HOUR, soon + 50 * TQ_MS);
	assert_int_equal(tq_spool_wait(f->sp, ids, 2, 0, T_DEADLINE, ended,
	    &which, &f->e), 1);
	assert_int_equal(ended[0], TQ_EXPIRED);
	assert_int_equal(ended[1], TQ_EXPIRED);
}

static void
queue_is_idle_when_its_last_has_expired(void **state)
{
	static const char *const queue[] = { "q" };
	struct t_spool *f = *state;

	put(f, 1, "q", 0, tq_clock_wall() + 20 * TQ_MS);
	assert_int_equal(tq_spool_wait_idle(f->sp, queue, 1, T_DEADLINE,
	    &f->e), 1);
	assert_int_equal(slot(f, 1)->state, TQ_EXPIRED);
}

#define ON_SPOOL(f)	\
	cmocka_unit_test_setup_teardown(f, t_setup_spool, t_teardown_spool)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SPOOL(ready_task_waits_again_when_the_clock_was_set_back),
		ON_SPOOL(retry_waits_again_as_a_retry),
		ON_SPOOL(task_given_back_forgets_when_its_lease_was_to_end),
		ON_SPOOL(expired_task_behind_many_due_ones_is_not_started),
		ON_SPOOL(sleeper_is_rung_for_a_time_before_it_wakes),
		ON_SPOOL(one_sleeper_is_enough_for_a_time),
		ON_SPOOL(who_stops_sleeping_hands_the_next_time_on),
		ON_SPOOL(who_looks_sees_what_time_has_made_of_a_task),
		ON_SPOOL(list_has_what_expired),
		ON_SPOOL(waiter_is_told_of_an_expiry),
		ON_SPOOL(queue_is_idle_when_its_last_has_expired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
