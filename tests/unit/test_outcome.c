/* Unit tests of lib/worker/outcome.c. */
#include <stdint.h>

#include "lib/base/id.h"
#include "lib/base/rules.h"
#include "lib/worker/outcome.h"
#include "tests/lib/t.h"

#define NOW	(1000 * TQ_SECOND)

/* As the kernel packs them, see wait(2). */
#define EXITED(n)	((n) << 8)
#define KILLED(n)	(n)
#define DUMPED(n)	((n) | 0x80)

struct row {
	int		 wstatus;
	struct {
		int	 retries, once;
		unsigned failures, laters;
	} p;
	enum tq_state	 state;
	int		 status, signal;
	tq_time		 latest;	/* longest delay of a retry */
};

static void
check(const struct row *r)
{
	struct tq_outcome out = { .state = TQ_ABSENT };
	struct tq_policy p = { .retries = r->p.retries, .once = r->p.once,
	    .failures = r->p.failures, .laters = r->p.laters };

	tq_rules_init(&p.rules);
	tq_outcome_decide(&out, r->wstatus, &p, UINT64_MAX, NOW);
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
		{ EXITED(75), { 0, 0, 0, 19 }, TQ_RETRY, 75, 0,
		    600 * TQ_SECOND },
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
	struct tq_rules r;

	(void)state;
	tq_rules_init(&r);
	assert_true(tq_backoff_max(&r, 0) == TQ_SECOND);
	assert_true(tq_backoff_max(&r, 1) == TQ_SECOND);
	assert_true(tq_backoff_max(&r, 2) == 2 * TQ_SECOND);
	assert_true(tq_backoff_max(&r, 10) == 512 * TQ_SECOND);
	assert_true(tq_backoff_max(&r, 11) == 600 * TQ_SECOND);
	assert_true(tq_backoff_max(&r, 4000000000U) == 600 * TQ_SECOND);
}

static void
backoff_is_as_the_rules_say(void **state)
{
	struct tq_rules r = { .backoff = 2 * TQ_SECOND, .factor = 1500,
	    .backoff_cap = 4 * TQ_SECOND };

	(void)state;
	assert_true(tq_backoff_max(&r, 1) == 2 * TQ_SECOND);
	assert_true(tq_backoff_max(&r, 2) == 3 * TQ_SECOND);
	assert_true(tq_backoff_max(&r, 3) == 4 * TQ_SECOND);
	r.factor = 1000;
	assert_true(tq_backoff_max(&r, 4000000000U) == 2 * TQ_SECOND);
	r.factor = 1000000;
	r.backoff_cap = INT64_MAX;
	assert_true(tq_backoff_max(&r, 2) == 2000 * TQ_SECOND);
	assert_true(tq_backoff_max(&r, 3) == 2000000 * TQ_SECOND);
	assert_true(tq_backoff_max(&r, 4) == 2000000000 * TQ_SECOND);
	assert_true(tq_backoff_max(&r, 5) == INT64_MAX);
	r.backoff = 0;
	assert_true(tq_backoff_max(&r, 99) == 0);
}

/*
 * 10,000 retries, as a worker decides them with random bits of the system.  In
 * 16 equal parts of the longest delay 625 are to be expected; chi-square with
 * 15 degrees of freedom is over 60 once in two million runs, and a delay
 * without jitter or with half of it is in the thousands.
 */
static void
ten_thousand_retries_spread_evenly_from_zero_to_the_longest(void **state)
{
	enum { RETRIES = 10000, PARTS = 16 };
	struct tq_policy p = { .retries = 9, .failures = 4 };
	unsigned count[PARTS] = { 0 };
	tq_time max, delay, sum = 0;
	struct tq_outcome out;
	double chi = 0, off;
	uint64_t rnd;
	int i;

	(void)state;
	tq_rules_init(&p.rules);
	max = tq_backoff_max(&p.rules, 5);
	assert_true(max == 16 * TQ_SECOND);
	for (i = 0; i < RETRIES; i++) {
		tq_random(&rnd, sizeof(rnd));
		tq_outcome_decide(&out, EXITED(1), &p, rnd, NOW);
		delay = out.when - NOW;
		assert_true(out.state == TQ_RETRY);
		assert_true(delay >= 0 && delay <= max);
		count[delay * PARTS / (max + 1)]++;
		sum += delay / RETRIES;
	}
	for (i = 0; i < PARTS; i++) {
		off = count[i] - (double)RETRIES / PARTS;
		chi += off * off / ((double)RETRIES / PARTS);
	}
	assert_true(chi < 60);
	/* the mean of so many is within 0.25 s of the middle */
	assert_true(sum > max / 2 - TQ_SECOND / 4 &&
	    sum < max / 2 + TQ_SECOND / 4);
}

static void
lists_of_the_rules_decide_what_a_status_means(void **state)
{
	struct tq_policy p = { .retries = 1 };
	struct tq_outcome out;

	(void)state;
	tq_rules_init(&p.rules);
	assert_int_equal(tq_statuses_parse(p.rules.permanent, "3,200", NULL),
	    0);
	assert_int_equal(tq_statuses_parse(p.rules.temporary, "9", NULL), 0);
	p.rules.later = 1;
	tq_outcome_decide(&out, EXITED(200), &p, 0, NOW);
	assert_int_equal(out.state, TQ_FAILURE);
	tq_outcome_decide(&out, EXITED(65), &p, 0, NOW);
	assert_int_equal(out.state, TQ_RETRY);
	assert_int_equal(out.flags, 0);
	tq_outcome_decide(&out, EXITED(9), &p, 0, NOW);
	assert_int_equal(out.state, TQ_RETRY);
	assert_int_equal(out.flags, TQ_OUTCOME_LATER);
	p.laters = 1;
	tq_outcome_decide(&out, EXITED(9), &p, 0, NOW);
	assert_int_equal(out.state, TQ_FAILURE);
	/* a signal is no status of the list: 137 would be KILL's */
	assert_int_equal(tq_statuses_parse(p.rules.permanent, "137", NULL), 0);
	tq_outcome_decide(&out, KILLED(9), &p, 0, NOW);
	assert_int_equal(out.state, TQ_RETRY);
}

static void
backoff_reaches_both_ends_of_its_range(void **state)
{
	struct tq_rules r;

	(void)state;
	tq_rules_init(&r);
	assert_true(tq_backoff(&r, 3, 0) == 0);
	assert_true(tq_backoff(&r, 3, 4 * TQ_SECOND) == 4 * TQ_SECOND);
	assert_true(tq_backoff(&r, 3, 4 * TQ_SECOND + 1) == 0);
}

static void
own_retries_win_over_the_workers(void **state)
{
	struct tq_policy p;
	struct tq_claim c;

	(void)state;
	tq_claim_init(&c);
	c.failures = 2;
	c.laters = 3;
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

static void
own_backoff_wins_over_the_queues(void **state)
{
	struct tq_policy p;
	struct tq_claim c;

	(void)state;
	tq_claim_init(&c);
	c.rules.factor = 3000;
	c.task.backoff = 5 * TQ_SECOND;
	tq_policy_of(&p, &c, 1);
	assert_true(p.rules.backoff == 5 * TQ_SECOND);
	assert_int_equal(p.rules.factor, 3000);
	assert_true(p.rules.backoff_cap == 600 * TQ_SECOND);
	/* only its first delay is said: that is not cut by the queue's cap */
	c.task.backoff = 700 * TQ_SECOND;
	tq_policy_of(&p, &c, 1);
	assert_true(tq_backoff_max(&p.rules, 1) == 700 * TQ_SECOND);
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
		cmocka_unit_test(backoff_is_as_the_rules_say),
		cmocka_unit_test(ten_thousand_retries_spread_evenly_from_zero_to_the_longest),
		cmocka_unit_test(lists_of_the_rules_decide_what_a_status_means),
		cmocka_unit_test(own_backoff_wins_over_the_queues),
		cmocka_unit_test(backoff_reaches_both_ends_of_its_range),
		cmocka_unit_test(own_retries_win_over_the_workers),
		cmocka_unit_test(a_task_without_retries_takes_the_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
