/*
 * The null broker keeps nothing, so it can keep no contract but this: it
 * takes everything, gives nothing, and says so.
 */
#include <errno.h>

#include "lib/base/clock.h"
#include "tests/contract/contract.h"

static int
setup(void **state)
{
	struct ground *g = test_calloc(1, sizeof(*g));

	tq_claim_init(&g->c);
	tq_info_init(&g->i);
	MUST(g, tq_open(&g->tq, "null:", "null:", 0, &g->e));
	*state = g;
	return 0;
}

static int
teardown(void **state)
{
	struct ground *g = *state;

	tq_claim_fini(&g->c);
	tq_info_fini(&g->i);
	tq_close(g->tq);
	test_free(g);
	return 0;
}

static void
null_takes_a_task_and_does_not_know_it(void **state)
{
	struct tq_id id = contract_put_text(*state, "q", NULL, "body");

	assert_int_equal(contract_state(*state, id.s), TQ_ABSENT);
	id = contract_put_text(*state, "q", "mine", "body");
	assert_string_equal(id.s, "mine");
	/* it never heard of it */
	contract_put_text(*state, "q", "mine", "body");
}

static void
null_waits_and_gives_nothing(void **state)
{
	const struct tq_take take = {
		.queue = { "q" }, .nqueues = 1, .timeout = 20 * TQ_MS
	};
	struct ground *g = *state;
	tq_time begin = tq_clock_mono();

	contract_put_text(g, "q", NULL, "body");
	assert_int_equal(tq_claim(g->tq, &take, &g->c, &g->e), 0);
	assert_true(tq_clock_mono() - begin >= 20 * TQ_MS);
}

static void
null_lists_nothing_and_is_idle(void **state)
{
	static const char *const q[] = { "q" };
	struct ground *g = *state;

	contract_put_text(g, "q", NULL, "body");
	assert_int_equal(contract_count(g, "q", 0), 0);
	assert_int_equal(tq_wait_idle(g->tq, q, 1, 0, &g->e), 1);
}

static void
null_says_that_it_knows_no_task(void **state)
{
	static const char *const ids[] = { "t" };
	struct ground *g = *state;
	struct tq_ref ref = { .id = { "t" }, .attempt = 1 };
	struct tq_outcome o;
	char buf[4];

	tq_outcome_init(&o, TQ_SUCCESS);
	MUST_FAIL(g, tq_settle(g->tq, &ref, &o, 0, &g->e), ESTALE, "t");
	MUST_FAIL(g, tq_wait(g->tq, ids, 1, 0, 0, NULL, &g->e), ENOENT, "t");
	MUST_FAIL(g, tq_read(g->tq, "t", 0, TQ_STDOUT, 0, buf, 4, &g->e),
	    ENOENT, "t");
}

static void
null_lacks_what_it_cannot_keep(void **state)
{
	static const char *const q[] = { "q" };
	const struct tq_select sel = { .queues = q, .nqueues = 1 };
	struct ground *g = *state;

	MUST_FAIL(g, tq_do(g->tq, TQ_DO_PAUSE, &sel, NULL, 0, NULL, &g->e),
	    ENOTSUP, "null");
	MUST_FAIL(g, tq_set(g->tq, "q", "limit", "1", &g->e), ENOTSUP,
	    "null");
}

int
main(void)
{
#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(null_takes_a_task_and_does_not_know_it),
		TEST(null_waits_and_gives_nothing),
		TEST(null_lists_nothing_and_is_idle),
		TEST(null_says_that_it_knows_no_task),
		TEST(null_lacks_what_it_cannot_keep)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
