/* Unit tests of lib/worker/outcome.c. */
#include <stdint.h>

#include "lib/worker/outcome.h"
#include "tests/lib/t.h"

#define NOW	(1000 * TQ_SECOND)

/* As the kernel packs them, see wait(2). */
#define EXITED(n)	((n) << 8)
#define KILLED(n)	(n)
#define DUMPED(n)	((n) | 0x80)

struct row {
	int		 wstatus;
	struct tq_policy p;	/* retries, once, failures, laters */
	enum tq_state	 state;
	int		 status, signal;
	tq_time		 latest;	/* longest delay of a retry */
};

static void
check(const struct row *r)
{
	struct tq_outcome out = { .state = TQ_ABSENT };

	tq_outcome_decide(&out, r->wstatus, &r->p, UINT64_MAX, NOW);
	assert_int_equal(out.state, r->state);
	assert_int_equal(out.status, r->status);
	assert_int_equal(out.signal, r->signal);
	if (r->state == TQ_RETRY) {
		assert_true(out.when >= NOW);
		assert_true(out.when <= NOW + r->latest);
	} else
		assert_true(out.when == 0);
}

static void
check_all(const struct row *r, size_t n)
{
	while (n-- > 0)
		check(r++);
}

static void
zero_is_success_whatever_the_policy(void **state)
{
	static const struct row rows[] = {
		{ EXITED(0), { 0, 0, 0, 0 }, TQ_SUCCESS, 0, 0, 0 },
		{ EXITED(0), { 5, 0, 5, 20 }, TQ_SUCCESS, 0, 0, 0 },
		{ EXITED(0), { 0, 1, 0, 0 }, TQ_SUCCESS, 0, 0, 0 },
	};

	(void)state;
	check_all(rows, sizeof(rows) / sizeof(rows[0]));
}

static void
later_is_tried_twenty_times_whatever_retries(void **state)
{
	static const struct row rows[] = {
		{ EXITED(75), { 0, 0, 0, 0 }, TQ_RETRY, 75, 0, TQ_SECOND },
		{ EXITED(111), { 0, 0, 0, 0 }, TQ_RETRY, 111, 0, TQ_SECOND },
		{ EXITED(75), { 0, 0, 0, 3 }, TQ_RETRY, 75, 0, 8 * TQ_SECOND },
		{ EXITED(75), { 0, 0, 0, 19 }, TQ_RETRY, 75, 0, TQ_BACKOFF_CAP },
		{ EXITED(75), { 9, 0, 0, 20 }, TQ_FAILURE, 75, 0, 0 },
		{ EXITED(111), { 9, 0, 0, 20 }, TQ_FAILURE, 111, 0, 0 },
	};

	(void)state;
	check_all(rows, sizeof(rows) / sizeof(rows[0]));
}

static void
permanent_statuses_are_never_retried(void **state)
{
	static const struct row rows[] = {
		{ EXITED(64), { 9, 0, 0, 0 }, TQ_FAILURE, 64, 0, 0 },
		{ EXITED(65), { 9, 0, 0, 0 }, TQ_FAILURE, 65, 0, 0 },
		{ EXITED(66), { 9, 0, 0, 0 }, TQ_FAILURE, 66, 0, 0 },
		{ EXITED(67), { 9, 0, 0, 0 }, TQ_FAILURE, 67, 0, 0 },
		{ EXITED(68), { 9, 0, 0, 0 }, TQ_FAILURE, 68, 0, 0 },
		{ EXITED(77), { 9, 0, 0, 0 }, TQ_FAILURE, 77, 0, 0 },
		{ EXITED(78), { 9, 0, 0, 0 }, TQ_FAILURE, 78, 0, 0 },
		{ EXITED(100), { 9, 0, 0, 0 }, TQ_FAILURE, 100, 0, 0 },
		{ EXITED(126), { 9, 0, 0, 0 }, TQ_FAILURE, 126, 0, 0 },
		{ EXITED(127), { 9, 0, 0, 0 }, TQ_FAILURE, 127, 0, 0 },
	};

	(void)state;
	check_all(rows, sizeof(rows) / sizeof(rows[0]));
}

static void
other_statuses_are_retried_while_retries_allow(void **state)
{
	static const struct row rows[] = {
		{ EXITED(1), { 0, 0, 0, 0 }, TQ_FAILURE, 1, 0, 0 },
		{ EXITED(1), { 1, 0, 0, 0 }, TQ_RETRY, 1, 0, TQ_SECOND },
		{ EXITED(1), { 1, 0, 1, 0 }, TQ_FAILURE, 1, 0, 0 },
		{ EXITED(2), { 3, 0, 2, 9 }, TQ_RETRY, 2, 0, 4 * TQ_SECOND },
		{ EXITED(69), { 1, 0, 0, 0 }, TQ_RETRY, 69, 0, TQ_SECOND },
		{ EXITED(255), { 1, 0, 0, 0 }, TQ_RETRY, 255, 0, TQ_SECOND },
	};

	(void)state;
	check_all(rows, sizeof(rows) / sizeof(rows[0]));
}

static void
death_by_signal_is_a_failure_of_128_and_the_signal(void **state)
{
	static const struct row rows[] = {
		{ KILLED(9), { 0, 0, 0, 0 }, TQ_FAILURE, 137, 9, 0 },
		{ KILLED(15), { 1, 0, 0, 0 }, TQ_RETRY, 143, 15, TQ_SECOND },
		{ DUMPED(11), { 0, 0, 0, 0 }, TQ_FAILURE, 139, 11, 0 },
		/* a real-time signal */
		{ KILLED(64), { 1, 0, 0, 0 }, TQ_RETRY, 192, 64, TQ_SECOND },
	};

	(void)state;
	check_all(rows, sizeof(rows) / sizeof(rows[0]));
}

static void
a_task_of_one_start_is_never_retried(void **state)
{
	static const struct row rows[] = {
		{ EXITED(75), { 0, 1, 0, 0 }, TQ_FAILURE, 75, 0, 0 },
		{ EXITED(1), { 5, 1, 0, 0 }, TQ_FAILURE, 1, 0, 0 },
		{ KILLED(9), { 5, 1, 0, 0 }, TQ_FAILURE, 137, 9, 0 },
	};

	(void)state;
	check_all(rows, sizeof(rows) / sizeof(rows[0]));
}

static void
backoff_doubles_from_one_second_to_ten_minutes(void **state)
{
	(void)state;
	assert_true(tq_backoff_max(0) == TQ_SECOND);
	assert_true(tq_backoff_max(1) == TQ_SECOND);
	assert_true(tq_backoff_max(2) == 2 * TQ_SECOND);
	assert_true(tq_backoff_max(10) == 512 * TQ_SECOND);
	assert_true(tq_backoff_max(11) == 600 * TQ_SECOND);
	assert_true(tq_backoff_max(4000000000U) == 600 * TQ_SECOND);
}

static void
backoff_reaches_both_ends_of_its_range(void **state)
{
	(void)state;
	assert_true(tq_backoff(3, 0) == 0);
	assert_true(tq_backoff(3, 4 * TQ_SECOND) == 4 * TQ_SECOND);
	assert_true(tq_backoff(3, 4 * TQ_SECOND + 1) == 0);
}

static void
own_retries_win_over_the_workers(void **state)
{
	struct tq_claim c = { .failures = 2, .laters = 3 };
	struct tq_policy p;

	(void)state;
	c.task.retries = 7;
	tq_policy_of(&p, &c, 1);
	assert_int_equal(p.retries, 7);
	assert_int_equal(p.failures, 2);
	assert_int_equal(p.laters, 3);
	assert_int_equal(p.once, 0);
}

static void
a_task_without_retries_takes_the_workers(void **state)
{
	struct tq_claim c = { .failures = 0 };
	struct tq_policy p;

	(void)state;
	c.task.retries = -1;
	c.task.flags = TQ_TASK_ONCE;
	tq_policy_of(&p, &c, 4);
	assert_int_equal(p.retries, 4);
	assert_int_equal(p.once, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zero_is_success_whatever_the_policy),
		cmocka_unit_test(later_is_tried_twenty_times_whatever_retries),
		cmocka_unit_test(permanent_statuses_are_never_retried),
		cmocka_unit_test(other_statuses_are_retried_while_retries_allow),
		cmocka_unit_test(death_by_signal_is_a_failure_of_128_and_the_signal),
		cmocka_unit_test(a_task_of_one_start_is_never_retried),
		cmocka_unit_test(backoff_doubles_from_one_second_to_ten_minutes),
		cmocka_unit_test(backoff_reaches_both_ends_of_its_range),
		cmocka_unit_test(own_retries_win_over_the_workers),
		cmocka_unit_test(a_task_without_retries_takes_the_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
