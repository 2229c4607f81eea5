/* Unit tests of lib/worker/remote.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/worker/remote.h"
#include "tests/lib/t.h"

static void
one_more_queue_is_the_last(void **state)
{
	struct tq_remote r = { .ntimes = 0 };
	struct tq_take take = { .queue = { "a" }, .nqueues = 1 };
	char name[] = "b";

	(void)state;
	assert_int_equal(tq_remote_serve(&r, &take, name, NULL), 0);
	name[0] = 'x';
	assert_int_equal(take.nqueues, 2);
	assert_string_equal(take.queue[1], "b");
	assert_int_equal(take.weight[1], 0);
}

static void
one_that_is_served_stays_as_it_is(void **state)
{
	struct tq_remote r = { .ntimes = 0 };
	struct tq_take take = { .queue = { "a" }, .weight = { 7 },
	    .nqueues = 1 };

	(void)state;
	assert_int_equal(tq_remote_serve(&r, &take, "a", NULL), 0);
	assert_int_equal(take.nqueues, 1);
	assert_int_equal(take.weight[0], 7);
}

static void
among_weights_it_gets_the_least(void **state)
{
	struct tq_remote r = { .ntimes = 0 };
	struct tq_take take = { .queue = { "a", "b" }, .weight = { 5, 2 },
	    .nqueues = 2 };

	(void)state;
	assert_int_equal(tq_remote_serve(&r, &take, "c", NULL), 0);
	assert_int_equal(take.weight[2], 2);
}

static void
left_queues_keep_the_others(void **state)
{
	struct tq_remote r = { .ntimes = 0 };
	struct tq_take take = { .queue = { "a", "b", "c" },
	    .weight = { 1, 2, 3 }, .nqueues = 3 };

	(void)state;
	tq_remote_leave(&take, "x");
	assert_int_equal(take.nqueues, 3);
	tq_remote_leave(&take, "b");
	assert_int_equal(take.nqueues, 2);
	assert_string_equal(take.queue[1], "c");
	assert_int_equal(take.weight[1], 3);
	tq_remote_leave(&take, "a");
	tq_remote_leave(&take, "c");
	assert_int_equal(take.nqueues, 0);
	assert_int_equal(tq_remote_serve(&r, &take, "d", NULL), 0);
	assert_string_equal(take.queue[0], "d");
}

static void
names_are_used_again(void **state)
{
	struct tq_remote r = { .ntimes = 0 };
	struct tq_take take = { .nqueues = 0 };
	struct tq_err e;
	char name[16];
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "q%d", i);
		if (i >= TQ_QUEUES_MAX) {
			assert_int_equal(tq_remote_serve(&r, &take, name, &e),
			    -1);
			assert_int_equal(e.num, EMSGSIZE);
			tq_remote_leave(&take, take.queue[i % 7]);
		}
		assert_int_equal(tq_remote_serve(&r, &take, name, NULL), 0);
		assert_string_equal(take.queue[take.nqueues - 1], name);
	}
	for (i = 1; i < TQ_QUEUES_MAX; i++)
		assert_string_not_equal(take.queue[i - 1], take.queue[i]);
}

static void
time_limits_are_found_by_name(void **state)
{
	struct tq_remote r = { .ntimes = 0 };

	(void)state;
	assert_null(tq_remote_limits(NULL, "a"));
	assert_null(tq_remote_limits(&r, "a"));
	assert_int_equal(tq_remote_limit(&r, "a", 1, 2, NULL), 0);
	assert_int_equal(tq_remote_limit(&r, "b", 3, 4, NULL), 0);
	assert_int_equal(tq_remote_limit(&r, "a", 5, 0, NULL), 0);
	assert_int_equal(r.ntimes, 2);
	assert_true(tq_remote_limits(&r, "a")->soft == 5);
	assert_true(tq_remote_limits(&r, "a")->hard == 0);
	assert_true(tq_remote_limits(&r, "b")->hard == 4);
	assert_null(tq_remote_limits(&r, "c"));
	assert_null(tq_remote_limits(&r, NULL));
}

static void
too_many_names_are_refused(void **state)
{
	struct tq_remote r = { .ntimes = TQ_REMOTE_TIMES };
	struct tq_err e;

	(void)state;
	assert_int_equal(tq_remote_limit(&r, "a", 1, 2, &e), -1);
	assert_int_equal(e.num, EMSGSIZE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_more_queue_is_the_last),
		cmocka_unit_test(one_that_is_served_stays_as_it_is),
		cmocka_unit_test(among_weights_it_gets_the_least),
		cmocka_unit_test(left_queues_keep_the_others),
		cmocka_unit_test(names_are_used_again),
		cmocka_unit_test(time_limits_are_found_by_name),
		cmocka_unit_test(too_many_names_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
