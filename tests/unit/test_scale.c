/* Unit tests of lib/worker/scale.c and load.c: how many places, and when. */
#include "lib/worker/load.h"
#include "lib/worker/scale.h"
#include "tests/lib/t.h"

static void
size_doubles_at_most(void **state)
{
	struct tq_scale s = { .min = 2, .max = 100 };

	(void)state;
	assert_int_equal(tq_scale_up(&s, 2, 1000, 1), 4);
	assert_int_equal(tq_scale_up(&s, 4, 1, 1), 5);
	assert_int_equal(tq_scale_up(&s, 4, 0, 1), 4);
	assert_int_equal(tq_scale_up(&s, 60, 1000, 1), 100);
}

static void
backlog_is_looked_at_now_and_then(void **state)
{
	struct tq_scale s = { .min = 1, .max = 4 };

	(void)state;
	assert_true(tq_scale_due(&s, 1, TQ_SECOND));
	(void)tq_scale_up(&s, 1, 0, TQ_SECOND);
	assert_false(tq_scale_due(&s, 1, TQ_SECOND + TQ_SCALE_EVERY - 1));
	assert_true(tq_scale_due(&s, 1, TQ_SECOND + TQ_SCALE_EVERY));
	assert_false(tq_scale_due(&s, 4, 10 * TQ_SECOND));
}

static void
size_sinks_to_what_was_needed(void **state)
{
	struct tq_scale s = { .min = 2, .max = 9 };
	tq_time t = TQ_SECOND;

	(void)state;
	tq_scale_note(&s, 9, t);
	tq_scale_note(&s, 3, t + 1);
	assert_int_equal(tq_scale_down(&s, 9, t + TQ_SCALE_IDLE), 9);
	t += TQ_SCALE_IDLE;
	tq_scale_note(&s, 3, t);
	assert_int_equal(tq_scale_down(&s, 9, t + TQ_SCALE_IDLE - 1), 9);
	assert_int_equal(tq_scale_down(&s, 9, t + TQ_SCALE_IDLE), 3);
	t += 2 * TQ_SCALE_IDLE;
	tq_scale_note(&s, 0, t);
	assert_int_equal(tq_scale_down(&s, 3, t + TQ_SCALE_IDLE), 2);
}

static void
bounds_move_but_not_below_one(void **state)
{
	struct tq_scale s = { .min = 2, .max = 4 };

	(void)state;
	tq_scale_move(&s, -3, 10);
	assert_int_equal(s.min, 1);
	assert_int_equal(s.max, 1);
	tq_scale_move(&s, 100, 10);
	assert_int_equal(s.min, 10);
	assert_int_equal(s.max, 10);
}

static void
numbers_are_found_behind_their_names(void **state)
{
	static const char psi[] =
	    "some avg10=1.50 avg60=2 total=1\nfull avg10=0.25 avg60=0\n";

	(void)state;
	assert_true(tq_load_number("0.52 1 2 1/9 7", "") == 0.52);
	assert_true(tq_load_number(psi, "some avg10=") == 1.5);
	assert_true(tq_load_number(psi, "full avg10=") == 0.25);
	assert_true(tq_load_number("MemAvailable:   12 kB\n",
	    "MemAvailable:") == 12);
	assert_true(tq_load_number(psi, "none=") == -1);
	assert_true(tq_load_number("some avg10=x", "some avg10=") == -1);
}

static void
values_of_both_kinds_are_read(void **state)
{
	struct tq_load l = { .load = 0 };

	(void)state;
	assert_int_equal(tq_load_parse(&l, "2.5", NULL), 0);
	assert_true(l.load == 2.5);
	assert_int_equal(tq_load_parse(&l, "20%", NULL), 0);
	assert_true(l.waiting == 20);
	assert_int_equal(tq_memfree_parse(&l, "1G", NULL), 0);
	assert_int_equal(l.memfree, 1 << 30);
	assert_int_equal(tq_memfree_parse(&l, "5%", NULL), 0);
	assert_true(l.stalled == 5);
	assert_int_equal(tq_load_parse(&l, "nan", NULL), -1);
	assert_int_equal(tq_load_parse(&l, "1e9", NULL), -1);
	assert_int_equal(tq_load_parse(&l, "%", NULL), -1);
	assert_int_equal(tq_memfree_parse(&l, "0", NULL), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_doubles_at_most),
		cmocka_unit_test(backlog_is_looked_at_now_and_then),
		cmocka_unit_test(size_sinks_to_what_was_needed),
		cmocka_unit_test(bounds_move_but_not_below_one),
		cmocka_unit_test(numbers_are_found_behind_their_names),
		cmocka_unit_test(values_of_both_kinds_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
