/* Unit tests of lib/base/alarm.c; tests/cmd/clock.sh sets the clock. */
#include <poll.h>
#include <unistd.h>

#include "lib/base/alarm.h"
#include "lib/base/clock.h"
#include "tests/lib/t.h"

/* 1 if it rings within so many milliseconds. */
static int
rings(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static void
alarm_rings_at_its_time_and_not_before(void **state)
{
	int fd = tq_alarm_make();
	tq_time at = tq_clock_wall() + 30 * TQ_MS;

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_int_equal(tq_alarm_set(fd, at), 0);
	assert_true(rings(fd, 60000));
	assert_true(tq_clock_wall() >= at);
	assert_int_equal(tq_alarm_take(fd), 0);
	assert_false(rings(fd, 0));
	close(fd);
}

static void
time_that_is_past_rings_at_once(void **state)
{
	static const tq_time past[] = { 1, 0, -5 };
	int fd = tq_alarm_make();
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(past); i++) {
		assert_int_equal(tq_alarm_set(fd, past[i]), 0);
		assert_true(rings(fd, 60000));
		assert_int_equal(tq_alarm_take(fd), 0);
	}
	close(fd);
}

static void
alarm_set_anew_forgets_its_time(void **state)
{
	int fd = tq_alarm_make();
	tq_time now = tq_clock_wall();

	(void)state;
	assert_int_equal(tq_alarm_set(fd, now), 0);
	assert_int_equal(tq_alarm_set(fd, now + 3600 * TQ_SECOND), 0);
	assert_false(rings(fd, 0));
	assert_int_equal(tq_alarm_set(fd, TQ_FOREVER), 0);
	assert_false(rings(fd, 0));
	close(fd);
}

static void
alarm_that_could_not_be_had_is_silent(void **state)
{
	(void)state;
	assert_int_equal(tq_alarm_set(-1, 1), 0);
	assert_int_equal(tq_alarm_take(-1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alarm_rings_at_its_time_and_not_before),
		cmocka_unit_test(time_that_is_past_rings_at_once),
		cmocka_unit_test(alarm_set_anew_forgets_its_time),
		cmocka_unit_test(alarm_that_could_not_be_had_is_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
