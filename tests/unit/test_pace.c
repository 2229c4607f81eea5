/* Unit tests of lib/base/pace.c. */
#include <errno.h>
#include <string.h>

#include "lib/base/pace.h"
#include "tests/lib/t.h"

#define AT(n)	(1000 * TQ_SECOND + (n) * TQ_MS)

static void
no_pace_lets_all_start(void **state)
{
	struct tq_pace p;

	(void)state;
	tq_pace_set(&p, 0);
	assert_true(tq_pace_ask(&p, AT(0)) == 0);
	assert_true(tq_pace_ask(&p, AT(0)) == 0);
}

static void
who_must_wait_has_a_time_of_his_own(void **state)
{
	struct tq_pace p;

	(void)state;
	tq_pace_set(&p, 100 * TQ_MS);
	assert_true(tq_pace_ask(&p, AT(0)) == 0);
	assert_true(tq_pace_ask(&p, AT(10)) == AT(100));
	assert_true(tq_pace_ask(&p, AT(20)) == AT(200));
	assert_true(tq_pace_ask(&p, AT(100)) == 0);
	assert_true(tq_pace_ask(&p, AT(110)) == AT(300));
	assert_true(tq_pace_ask(&p, AT(200)) == 0);
	assert_true(tq_pace_ask(&p, AT(300)) == 0);
}

static void
who_is_late_does_not_make_others_late(void **state)
{
	struct tq_pace p;

	(void)state;
	tq_pace_set(&p, 100 * TQ_MS);
	assert_true(tq_pace_ask(&p, AT(0)) == 0);
	assert_true(tq_pace_ask(&p, AT(1)) == AT(100));
	assert_true(tq_pace_ask(&p, AT(2)) == AT(200));
	assert_true(tq_pace_ask(&p, AT(105)) == 0);
	assert_true(tq_pace_ask(&p, AT(200)) == 0);
}

static void
a_pause_saves_nothing_up(void **state)
{
	struct tq_pace p;

	(void)state;
	tq_pace_set(&p, 100 * TQ_MS);
	assert_true(tq_pace_ask(&p, AT(0)) == 0);
	assert_true(tq_pace_ask(&p, AT(5000)) == 0);
	assert_true(tq_pace_ask(&p, AT(5001)) == AT(5100));
}

static void
rates_are_read_as_celery_writes_them(void **state)
{
	static const struct {
		const char	*text;
		tq_time		 period;
	} rows[] = {
		{ "10/s", 100 * TQ_MS },
		{ "10", 100 * TQ_MS },
		{ "0.5/s", 2 * TQ_SECOND },
		{ "10/m", 6 * TQ_SECOND },
		{ "100/h", 36 * TQ_SECOND },
		{ "0", 0 },
		{ "0/m", 0 },
		{ "", 0 },
	};
	tq_time period;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(rows); i++) {
		assert_int_equal(tq_pace_parse(&period, rows[i].text, NULL),
		    0);
		assert_true(period == rows[i].period);
	}
}

static void
other_rates_are_quoted(void **state)
{
	static const char *const rows[] = {
		"/m", "x", "10/d", "10/", "10/mm", "-1", "nan", "10 /m",
	};
	struct tq_err e;
	tq_time period;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(rows); i++) {
		assert_int_equal(tq_pace_parse(&period, rows[i], &e), -1);
		assert_int_equal(e.num, EINVAL);
		assert_non_null(strstr(e.text, rows[i]));
	}
}

static void
the_slowest_rate_is_no_never(void **state)
{
	tq_time period;

	(void)state;
	assert_int_equal(tq_pace_parse(&period, "1e-300/h", NULL), 0);
	assert_true(period > 0 && period < TQ_FOREVER / 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_pace_lets_all_start),
		cmocka_unit_test(who_must_wait_has_a_time_of_his_own),
		cmocka_unit_test(who_is_late_does_not_make_others_late),
		cmocka_unit_test(a_pause_saves_nothing_up),
		cmocka_unit_test(rates_are_read_as_celery_writes_them),
		cmocka_unit_test(other_rates_are_quoted),
		cmocka_unit_test(the_slowest_rate_is_no_never),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
