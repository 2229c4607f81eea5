/* Unit tests of lib/spool/tick.c: rows of schedules across everything. */
#include <errno.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/spool/tick.h"
#include "tests/lib/spool.h"

#define HOUR	(3600 * TQ_SECOND)

/* Move schedule number n on without a task. */
static int
move(struct t_spool *f, uint32_t n, tq_time last, tq_time at, tq_time until)
{
	struct tq_spool_tick t = { .id = t_id(n), .last = last, .at = at,
	    .until = until };

	return tq_spool_tick(f->sp, &t, NULL, 0, &f->e);
}

static void
must_move(struct t_spool *f, uint32_t n, tq_time last, tq_time at,
    tq_time until)
{
	if (move(f, n, last, at, until) == -1)
		fail_msg("%s", f->e.text);
}

static tq_time
last(struct t_spool *f, uint32_t n)
{
	struct tq_uuid id = t_id(n);
	tq_time at = -1;

	assert_int_not_equal(tq_spool_last(f->sp, &id, &at, &f->e), -1);
	return at;
}

static void
schedules_are_known_after_a_rebuild(void **state)
{
	struct t_spool *f = *state;
	tq_time until = tq_clock_wall() + HOUR;

	must_move(f, 1, 0, 10, until);
	must_move(f, 2, 0, 20, until);
	must_move(f, 1, 10, 11, until);
	t_spool_rebuild(f);
	assert_int_equal(last(f, 1), 11);
	assert_int_equal(last(f, 2), 20);
	assert_int_equal(f->sp->t.top->ticks.used, 2);
	assert_int_equal(move(f, 1, 10, 12, until), -1);
	assert_int_equal(errno, ESTALE);
	must_move(f, 1, 11, 12, until);
}

/* Let segments go until the base has risen twice. */
static void
retire(struct t_spool *f)
{
	static const enum tq_verb verbs[] = { TQ_DO_REVOKE, TQ_DO_FORGET };
	uint32_t base = f->sp->t.top->base;
	struct tq_uuid id = t_id(1000);
	uint64_t changed = 0;
	size_t i, which;

	while (f->sp->t.top->base < base + 2) {
		t_spool_put(f, 1000, "q", 3000);
		for (i = 0; i < T_COUNT(verbs); i++)
			assert_int_equal(tq_spool_act(f->sp, verbs[i], &id, 1,
			    NULL, 0, &changed, &which, &f->e), 0);
		assert_int_not_equal(tq_retire_step(f->sp, TQ_RETIRE_FORCED, tq_clock_wall(),
		    &f->e), -1);
	}
}

static void
schedules_are_carried_out_of_old_segments(void **state)
{
	struct t_spool *f = *state;
	tq_time until = tq_clock_wall() + HOUR;

	must_move(f, 1, 0, 10, until);
	must_move(f, 2, 0, 20, until);
	must_move(f, 2, 20, 21, until);
	retire(f);
	assert_int_equal(last(f, 1), 10);
	t_spool_rebuild(f);
	assert_int_equal(last(f, 1), 10);
	assert_int_equal(last(f, 2), 21);
}

static void
schedule_whose_time_is_over_is_not_carried(void **state)
{
	struct t_spool *f = *state;
	tq_time soon = tq_clock_wall() + 20 * TQ_MS;

	must_move(f, 1, 0, 10, soon);
	T_UNTIL(tq_clock_wall() > soon);
	assert_int_equal(last(f, 1), 0);
	retire(f);
	assert_int_equal(f->sp->t.trows[0].rec, 0);
	t_spool_rebuild(f);
	assert_int_equal(f->sp->t.top->ticks.used, 0);
}

static void
place_of_a_forgotten_schedule_is_used_again(void **state)
{
	struct t_spool *f = *state;
	tq_time now = tq_clock_wall(), soon = now + 20 * TQ_MS;

	must_move(f, 1, 0, 10, now + HOUR);
	must_move(f, 2, 0, 20, soon);
	must_move(f, 3, 0, 30, now + HOUR);
	T_UNTIL(tq_clock_wall() > soon);
	must_move(f, 4, 0, 40, now + HOUR);
	assert_int_equal(f->sp->t.top->ticks.used, 3);
	assert_int_equal(last(f, 4), 40);
	assert_int_equal(last(f, 2), 0);
	assert_int_equal(last(f, 3), 30);
	/* it had no place: it takes one as any other */
	must_move(f, 2, 0, 21, now + HOUR);
	assert_int_equal(last(f, 2), 21);
	assert_int_equal(f->sp->t.top->ticks.used, 4);
	t_spool_rebuild(f);
	assert_int_equal(last(f, 1), 10);
	assert_int_equal(last(f, 2), 21);
	assert_int_equal(last(f, 3), 30);
	assert_int_equal(last(f, 4), 40);
}

static void
one_schedule_too_many_is_refused(void **state)
{
	struct t_spool *f = *state;
	tq_time until = tq_clock_wall() + HOUR;
	struct tq_rec r = { .type = TQ_REC_LAST, .last = { 5, until } };
	uint32_t n;

	must_move(f, 1, 0, 10, until);
	assert_int_equal(tq_core_enter(f->sp, &f->e), 0);
	for (n = 2; n <= TQ_TICKS_MAX; n++) {
		r.id = t_id(n);
		tq_tick_apply(&f->sp->t, &r, TQ_LSN(1, 64));
	}
	tq_core_leave(f->sp);
	assert_int_equal(move(f, n, 0, 10, until), -1);
	assert_int_equal(errno, ENOSPC);
	assert_non_null(strstr(f->e.text, "4096 schedules"));
	must_move(f, 1, 10, 11, until);
	t_spool_rebuild(f);
	assert_int_equal(last(f, 1), 11);
	must_move(f, n, 0, 10, until);
}

static void
wild_count_of_rows_is_seen(void **state)
{
	struct t_spool *f = *state;

	must_move(f, 1, 0, 10, tq_clock_wall() + HOUR);
	f->sp->t.top->ticks.used = UINT32_MAX;
	/* the table is made anew */
	assert_int_equal(last(f, 1), 10);
	assert_int_equal(f->sp->t.top->ticks.used, 1);
}

#define ON_SPOOL(f)	\
	cmocka_unit_test_setup_teardown(f, t_setup_spool, t_teardown_spool)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SPOOL(schedules_are_known_after_a_rebuild),
		ON_SPOOL(schedules_are_carried_out_of_old_segments),
		ON_SPOOL(schedule_whose_time_is_over_is_not_carried),
		ON_SPOOL(place_of_a_forgotten_schedule_is_used_again),
		ON_SPOOL(one_schedule_too_many_is_refused),
		ON_SPOOL(wild_count_of_rows_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
