/* Unit tests of lib/base/clock.c. */
#include <stdlib.h>
#include <time.h>

#include "lib/base/clock.h"
#include "tests/lib/t.h"

static void
wall_clock_agrees_with_time(void **state)
{
	time_t before, after;
	tq_time t;

	(void)state;
	/* time(2) may lag a tick behind the precise clock */
	before = time(NULL);
	t = tq_clock_wall();
	after = time(NULL) + 1;
	assert_in_range(t / TQ_SECOND, before, after);
}

static void
monotonic_clock_never_goes_back(void **state)
{
	tq_time a, b;

	(void)state;
	a = tq_clock_mono();
	b = tq_clock_mono();
	assert_true(a > 0);
	assert_true(b >= a);
}

static void
boot_clock_is_not_behind_the_monotonic(void **state)
{
	tq_time mono;

	(void)state;
	mono = tq_clock_mono();
	assert_true(tq_clock_boot() >= mono);
}

static void
deadline_is_now_and_the_timeout(void **state)
{
	(void)state;
	assert_true(tq_clock_deadline(100, 0) == 100);
	assert_true(tq_clock_deadline(100, 50) == 150);
}

static void
deadline_never_overflows(void **state)
{
	(void)state;
	assert_true(tq_clock_deadline(100, TQ_FOREVER) == TQ_FOREVER);
	assert_true(tq_clock_deadline(100, TQ_FOREVER - 1) == TQ_FOREVER);
	assert_true(tq_clock_deadline(TQ_FOREVER, 1) == TQ_FOREVER);
	assert_true(tq_clock_deadline(0, TQ_FOREVER - 1) == TQ_FOREVER - 1);
}

static void
timespec_has_no_negative_nanoseconds(void **state)
{
	struct timespec ts;

	(void)state;
	tq_clock_timespec(&ts, 3 * TQ_SECOND + 7);
	assert_int_equal(ts.tv_sec, 3);
	assert_int_equal(ts.tv_nsec, 7);
	tq_clock_timespec(&ts, -1);
	assert_int_equal(ts.tv_sec, -1);
	assert_int_equal(ts.tv_nsec, 999999999);
	tq_clock_timespec(&ts, -TQ_SECOND);
	assert_int_equal(ts.tv_sec, -1);
	assert_int_equal(ts.tv_nsec, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wall_clock_agrees_with_time),
		cmocka_unit_test(monotonic_clock_never_goes_back),
		cmocka_unit_test(boot_clock_is_not_behind_the_monotonic),
		cmocka_unit_test(deadline_is_now_and_the_timeout),
		cmocka_unit_test(deadline_never_overflows),
		cmocka_unit_test(timespec_has_no_negative_nanoseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
