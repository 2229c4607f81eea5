/* Contract: outcomes and output are kept as they were. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "tests/contract/contract.h"

#define LARGE	((size_t)200000)

/* Put "t", claim it, and settle it so. */
static void
run_with(struct ground *g, struct tq_outcome *o)
{
	contract_put_text(g, "q", "t", "");
	assert_int_equal(contract_claim_now(g, "q"), 1);
	MUST(g, tq_settle(g->tq, &g->c.ref, o, 0, &g->e));
}

static void
outcome_is_kept_whole(void **state)
{
	struct ground *g = *state;
	tq_time before = tq_clock_wall();
	struct tq_outcome o;

	tq_outcome_init(&o, TQ_FAILURE);
	o.status = 137;
	o.signal = 9;
	o.why = "not \xff worth it";
	o.user = 12 * TQ_MS;
	o.sys = 3 * TQ_MS;
	o.maxrss = 1234567;
	run_with(g, &o);
	assert_int_equal(contract_state(g, "t"), TQ_FAILURE);
	assert_int_equal(g->i.end.state, TQ_FAILURE);
	assert_int_equal(g->i.end.status, 137);
	assert_int_equal(g->i.end.signal, 9);
	assert_string_equal(g->i.end.why, o.why);
	assert_string_equal(g->i.why, o.why);
	assert_int_equal(g->i.end.user, o.user);
	assert_int_equal(g->i.end.sys, o.sys);
	assert_int_equal(g->i.end.maxrss, o.maxrss);
	assert_int_equal(g->i.failures, 1);
	assert_true(g->i.put <= g->i.start && g->i.start <= g->i.end_time);
	assert_true(g->i.start >= before);
	assert_int_equal(g->i.out_size, 0);
	assert_int_equal(g->i.cut, 0);
}

static void
type_and_result_are_kept(void **state)
{
	struct ground *g = *state;
	struct tq_outcome o;

	tq_outcome_init(&o, TQ_SUCCESS);
	o.status = 0;
	o.type = "Warning";
	o.result = (struct tq_bytes){ "{\"n\": 1}", 8 };
	o.out = (struct tq_bytes){ "beside", 6 };
	run_with(g, &o);
	assert_int_equal(contract_state(g, "t"), TQ_SUCCESS);
	assert_string_equal(g->i.end.type, "Warning");
	assert_int_equal(g->i.end.result.n, 8);
	assert_memory_equal(g->i.end.result.p, o.result.p, 8);
	contract_stream(g, "t", 0, TQ_STDOUT, "beside", 6);
}

static void
result_that_is_no_json_is_refused(void **state)
{
	struct ground *g = *state;
	struct tq_outcome o;

	tq_outcome_init(&o, TQ_SUCCESS);
	o.result = (struct tq_bytes){ "{n: 1}", 6 };
	contract_put_text(g, "q", "t", "");
	assert_int_equal(contract_claim_now(g, "q"), 1);
	assert_int_equal(tq_settle(g->tq, &g->c.ref, &o, 0, &g->e), -1);
	assert_int_equal(g->e.num, EINVAL);
}

static void
long_result_takes_the_place_of_output(void **state)
{
	struct ground *g = *state;
	char *p = test_malloc(LARGE);
	struct tq_outcome o;

	memset(p, 'x', LARGE);
	p[0] = p[LARGE - 1] = '"';
	tq_outcome_init(&o, TQ_SUCCESS);
	o.result = (struct tq_bytes){ p, LARGE };
	run_with(g, &o);
	assert_int_equal(contract_state(g, "t"), TQ_SUCCESS);
	assert_int_equal(g->i.out_size, LARGE);
	contract_stream(g, "t", 0, TQ_STDOUT, p, LARGE);
	assert_int_equal(o.result.n, LARGE);
	test_free(p);
}

static void
report_is_seen_while_the_attempt_runs(void **state)
{
	static const struct tq_report half = { .text = { "50%", 3 } },
	    named = { .state = "LOADING", .text = { "[1]", 3 } };
	struct ground *g = *state;
	struct tq_take take = {
		.queue = { "q" }, .nqueues = 1, .capture = 3
	};
	int rv;

	contract_put_text(g, "q", "t", "");
	MUST(g, rv = tq_claim(g->tq, &take, &g->c, &g->e));
	assert_int_equal(rv, 1);
	MUST(g, tq_report(g->tq, &g->c, &half, &g->e));
	assert_int_equal(contract_state(g, "t"), TQ_STARTED);
	assert_string_equal(g->i.progress, "50%");
	MUST(g, tq_report(g->tq, &g->c, &named, &g->e));
	contract_state(g, "t");
	assert_string_equal(g->i.progress, "LOADING [1]");
	contract_settle(g, TQ_SUCCESS, 0);
	contract_state(g, "t");
	assert_null(g->i.progress);
	/* the next of that capture number has said nothing yet */
	contract_put_text(g, "q", "u", "");
	MUST(g, rv = tq_claim(g->tq, &take, &g->c, &g->e));
	assert_int_equal(rv, 1);
	contract_state(g, "u");
	assert_null(g->i.progress);
}

static void
short_output_is_kept(void **state)
{
	struct ground *g = *state;
	struct tq_outcome o;

	tq_outcome_init(&o, TQ_SUCCESS);
	o.status = 0;
	o.out = (struct tq_bytes){ "out\0put", 7 };
	o.err = (struct tq_bytes){ "\xff", 1 };
	run_with(g, &o);
	assert_int_equal(contract_state(g, "t"), TQ_SUCCESS);
	assert_int_equal(g->i.out_size, 7);
	assert_int_equal(g->i.err_size, 1);
	assert_true(g->i.until > tq_clock_wall());
	contract_stream(g, "t", 0, TQ_STDOUT, "out\0put", 7);
	contract_stream(g, "t", 1, TQ_STDERR, "\xff", 1);
}

static void
long_output_given_as_bytes_is_kept(void **state)
{
	struct ground *g = *state;
	char *p = test_malloc(LARGE);
	struct tq_outcome o;

	memset(p, 'o', LARGE);
	memcpy(p + LARGE - 4, "end", 4);
	tq_outcome_init(&o, TQ_SUCCESS);
	o.out = (struct tq_bytes){ p, LARGE };
	o.err = (struct tq_bytes){ p + 1, LARGE - 1 };
	run_with(g, &o);
	assert_int_equal(o.taken_out, 0);
	assert_int_equal(contract_state(g, "t"), TQ_SUCCESS);
	assert_int_equal(g->i.out_size, LARGE);
	assert_int_equal(g->i.err_size, LARGE - 1);
	contract_stream(g, "t", 0, TQ_STDOUT, p, LARGE);
	contract_stream(g, "t", 0, TQ_STDERR, p + 1, LARGE - 1);
	test_free(p);
}

/* A file of n letters in the ground's directory. */
static int
file_of(struct ground *g, const char *name, char letter, size_t n)
{
	char path[T_PATH_MAX + 16], *p = test_malloc(n);
	int fd;

	memset(p, letter, n);
	t_write(g->dir, name, p, n);
	test_free(p);
	(void)snprintf(path, sizeof(path), "%s/%s", g->dir, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* Output in files of those sizes is kept; files not taken may be reused. */
static void
keep_files(struct ground *g, size_t nout, size_t nerr)
{
	char *p = test_malloc(LARGE);
	struct tq_outcome o;

	tq_outcome_init(&o, TQ_SUCCESS);
	o.out_fd = file_of(g, "out", 'o', nout);
	o.err_fd = file_of(g, "err", 'e', nerr);
	run_with(g, &o);
	if (!o.taken_out)
		assert_int_equal(ftruncate(o.out_fd, 0), 0);
	if (!o.taken_err)
		assert_int_equal(ftruncate(o.err_fd, 0), 0);
	close(o.out_fd);
	close(o.err_fd);
	assert_int_equal(contract_state(g, "t"), TQ_SUCCESS);
	assert_int_equal(g->i.out_size, nout);
	assert_int_equal(g->i.err_size, nerr);
	memset(p, 'o', nout);
	contract_stream(g, "t", 0, TQ_STDOUT, p, nout);
	memset(p, 'e', nerr);
	contract_stream(g, "t", 0, TQ_STDERR, p, nerr);
	test_free(p);
}

static void
output_in_short_files_is_kept(void **state)
{
	keep_files(*state, 5, 6);
}

static void
output_in_a_long_and_a_short_file_is_kept(void **state)
{
	keep_files(*state, LARGE, 6);
}

static void
output_in_long_files_is_kept(void **state)
{
	keep_files(*state, LARGE - 1, LARGE);
}

static void
reading_goes_by_offset(void **state)
{
	struct ground *g = *state;
	struct tq_outcome o;
	char buf[4];

	tq_outcome_init(&o, TQ_SUCCESS);
	o.out = (struct tq_bytes){ "0123456789", 10 };
	run_with(g, &o);
	assert_int_equal(tq_read(g->tq, "t", 0, TQ_STDOUT, 3, buf, 4, &g->e),
	    4);
	assert_memory_equal(buf, "3456", 4);
	assert_int_equal(tq_read(g->tq, "t", 0, TQ_STDOUT, 8, buf, 4, &g->e),
	    2);
	assert_int_equal(tq_read(g->tq, "t", 0, TQ_STDOUT, 10, buf, 4,
	    &g->e), 0);
	assert_int_equal(tq_read(g->tq, "t", 0, TQ_STDOUT, UINT64_MAX, buf, 4,
	    &g->e), 0);
}

static void
reading_an_unknown_task_says_so(void **state)
{
	struct ground *g = *state;
	char buf[4];

	MUST_FAIL(g, tq_read(g->tq, "nobody", 0, TQ_STDOUT, 0, buf, 4, &g->e),
	    ENOENT, "nobody");
}

/* Put "t" with NORESULT and end it with output. */
static void
run_without_result(struct ground *g, enum tq_state end)
{
	struct tq_outcome o;
	struct tq_task t;

	contract_task(&t, "t");
	t.flags = TQ_TASK_NORESULT;
	contract_put_task(g, &t);
	assert_int_equal(contract_claim_now(g, "q"), 1);
	tq_outcome_init(&o, end);
	o.out = (struct tq_bytes){ "said", 4 };
	MUST(g, tq_settle(g->tq, &g->c.ref, &o, 0, &g->e));
	assert_int_equal(contract_state(g, "t"), end);
}

static void
success_without_result_keeps_no_output(void **state)
{
	run_without_result(*state, TQ_SUCCESS);
	contract_stream(*state, "t", 0, TQ_STDOUT, "", 0);
}

static void
failure_keeps_its_output_all_the_same(void **state)
{
	run_without_result(*state, TQ_FAILURE);
	contract_stream(*state, "t", 0, TQ_STDOUT, "said", 4);
}

static void
output_of_earlier_attempts_is_kept(void **state)
{
	struct ground *g = *state;
	struct tq_outcome o;

	tq_outcome_init(&o, TQ_RETRY);
	o.out = (struct tq_bytes){ "one", 3 };
	run_with(g, &o);
	T_UNTIL(contract_claim_now(g, "q") == 1);
	tq_outcome_init(&o, TQ_SUCCESS);
	o.out = (struct tq_bytes){ "two", 3 };
	MUST(g, tq_settle(g->tq, &g->c.ref, &o, 0, &g->e));
	contract_stream(g, "t", 1, TQ_STDOUT, "one", 3);
	contract_stream(g, "t", 2, TQ_STDOUT, "two", 3);
	contract_stream(g, "t", 0, TQ_STDOUT, "two", 3);
}

static void
everything_is_there_after_closing_and_opening(void **state)
{
	struct ground *g = *state;
	struct tq_outcome o;

	tq_outcome_init(&o, TQ_SUCCESS);
	o.status = 0;
	o.out = (struct tq_bytes){ "kept", 4 };
	run_with(g, &o);
	contract_put_text(g, "q", "waiting", "w");
	tq_close(g->tq);
	g->tq = contract_open(g);
	assert_int_equal(contract_state(g, "t"), TQ_SUCCESS);
	contract_stream(g, "t", 0, TQ_STDOUT, "kept", 4);
	contract_claim_text(g, "q", "w");
}

/* ---- waiting --------------------------------------------------------- */

static const char *const two[] = { "a", "b" };

static void
waiting_ends_with_the_time_given(void **state)
{
	struct ground *g = *state;

	contract_put_text(g, "q", "a", "");
	contract_put_text(g, "q", "b", "");
	contract_run_one(g, "q", TQ_SUCCESS, 0);
	assert_int_equal(tq_wait(g->tq, two, 2, 0, 0, NULL, &g->e), 0);
	assert_int_equal(tq_wait(g->tq, two, 2, 0, 20 * TQ_MS, NULL, &g->e),
	    0);
}

static void
waiting_tells_states(void **state)
{
	enum tq_state ended[2] = { TQ_ABSENT, TQ_ABSENT };
	struct ground *g = *state;

	contract_put_text(g, "q", "a", "");
	contract_put_text(g, "q", "b", "");
	contract_run_one(g, "q", TQ_FAILURE, 1);
	assert_int_equal(tq_wait(g->tq, two, 2, 1, T_DEADLINE, ended, &g->e),
	    1);
	assert_int_equal(ended[0], TQ_FAILURE);
	assert_false(TQ_STATE_ENDED(ended[1]));
	contract_run_one(g, "q", TQ_SUCCESS, 0);
	assert_int_equal(tq_wait(g->tq, two, 2, 0, T_DEADLINE, ended, &g->e),
	    1);
	assert_int_equal(ended[1], TQ_SUCCESS);
}

static void
waiting_for_an_unknown_task_names_it(void **state)
{
	struct ground *g = *state;
	tq_time begin = tq_clock_mono();

	/* at once, although the other one does not end */
	contract_put_text(g, "q", "a", "");
	MUST_FAIL(g, tq_wait(g->tq, two, 2, 0, T_DEADLINE, NULL, &g->e),
	    ENOENT, "b");
	assert_true(tq_clock_mono() - begin < T_DEADLINE / 2);
}

static void *
work_elsewhere(void *arg)
{
	const struct tq_take take = {
		.queue = { "q" }, .nqueues = 1, .timeout = T_DEADLINE
	};
	struct tq_outcome o;
	struct tq_claim c;

	tq_claim_init(&c);
	tq_outcome_init(&o, TQ_SUCCESS);
	if (tq_claim(arg, &take, &c, NULL) == 1)
		(void)tq_settle(arg, &c.ref, &o, 0, NULL);
	tq_claim_fini(&c);
	return NULL;
}

static void
waiting_sees_an_end_of_another_handle(void **state)
{
	enum tq_state ended = TQ_ABSENT;
	struct ground *g = *state;
	struct tq *other = contract_open(g);
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, work_elsewhere, other),
	    0);
	contract_put_text(g, "q", "a", "");
	assert_int_equal(tq_wait(g->tq, two, 1, 0, T_DEADLINE, &ended, &g->e),
	    1);
	assert_int_equal(ended, TQ_SUCCESS);
	pthread_join(thread, NULL);
	tq_close(other);
}

static void
queue_is_idle_when_all_have_ended_or_are_held(void **state)
{
	static const char *const q[] = { "q" };
	struct ground *g = *state;

	contract_put_text(g, "q", "a", "");
	contract_put_text(g, "q", "b", "");
	contract_do(g, TQ_DO_HOLD, "b", NULL, 0);
	assert_int_equal(tq_wait_idle(g->tq, q, 1, 0, &g->e), 0);
	assert_int_equal(contract_claim_now(g, "q"), 1);
	assert_int_equal(tq_wait_idle(g->tq, q, 1, 10 * TQ_MS, &g->e), 0);
	contract_settle(g, TQ_SUCCESS, 0);
	assert_int_equal(tq_wait_idle(g->tq, q, 1, T_DEADLINE, &g->e), 1);
}

const struct contract_test contract_result[] = {
	CONTRACT_TEST(outcome_is_kept_whole),
	CONTRACT_TEST(type_and_result_are_kept),
	CONTRACT_TEST(result_that_is_no_json_is_refused),
	CONTRACT_TEST(long_result_takes_the_place_of_output),
	CONTRACT_TEST(report_is_seen_while_the_attempt_runs),
	CONTRACT_TEST(short_output_is_kept),
	CONTRACT_TEST(long_output_given_as_bytes_is_kept),
	CONTRACT_TEST(output_in_short_files_is_kept),
	CONTRACT_TEST(output_in_a_long_and_a_short_file_is_kept),
	CONTRACT_TEST(output_in_long_files_is_kept),
	CONTRACT_TEST(reading_goes_by_offset),
	CONTRACT_TEST(reading_an_unknown_task_says_so),
	CONTRACT_TEST(success_without_result_keeps_no_output),
	CONTRACT_TEST(failure_keeps_its_output_all_the_same),
	CONTRACT_TEST(output_of_earlier_attempts_is_kept),
	CONTRACT_TEST(everything_is_there_after_closing_and_opening),
	CONTRACT_TEST(waiting_ends_with_the_time_given),
	CONTRACT_TEST(waiting_tells_states),
	CONTRACT_TEST(waiting_for_an_unknown_task_names_it),
	CONTRACT_TEST(waiting_sees_an_end_of_another_handle),
	CONTRACT_TEST(queue_is_idle_when_all_have_ended_or_are_held),
	{ .name = NULL }
};
