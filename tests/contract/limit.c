/* Contract: a full queue pushes back, and nothing is put by halves. */
#include <errno.h>
#include <pthread.h>

#include "lib/base/clock.h"
#include "tests/contract/contract.h"

static int
put_more(struct ground *g, tq_time timeout)
{
	struct tq_task t;
	struct tq_id id;

	tq_task_init(&t);
	t.queue = "q";
	return tq_put(g->tq, &t, timeout, &id, &g->e);
}

static void
full_queue_refuses_at_once_when_told(void **state)
{
	struct ground *g = *state;

	MUST(g, tq_set(g->tq, "q", "limit", "2", &g->e));
	MUST(g, tq_set(g->tq, "q", "on-full", "refuse", &g->e));
	MUST(g, put_more(g, TQ_FOREVER));
	MUST(g, put_more(g, TQ_FOREVER));
	MUST_FAIL(g, put_more(g, TQ_FOREVER), ENOSPC, "q");
	assert_int_equal(contract_count(g, "q", 0), 2);
}

static void
full_queue_waits_as_long_as_asked(void **state)
{
	struct ground *g = *state;
	tq_time begin;

	MUST(g, tq_set(g->tq, "q", "limit", "1", &g->e));
	MUST(g, put_more(g, 0));
	MUST_FAIL(g, put_more(g, 0), ENOSPC, "q");
	begin = tq_clock_mono();
	MUST_FAIL(g, put_more(g, 30 * TQ_MS), ENOSPC, "q");
	assert_true(tq_clock_mono() - begin >= 30 * TQ_MS);
	assert_int_equal(contract_count(g, "q", 0), 1);
}

static void
full_batch_that_does_not_fit_puts_nothing(void **state)
{
	struct ground *g = *state;
	struct tq_task t[3];
	struct tq_id ids[3];

	tq_task_init(&t[0]);
	t[0].queue = "q";
	t[1] = t[2] = t[0];
	MUST(g, tq_set(g->tq, "q", "limit", "2", &g->e));
	MUST_FAIL(g, tq_put_many(g->tq, t, 3, 0, ids, &g->e), ENOSPC, "q");
	assert_int_equal(contract_claim_now(g, "q"), 0);
}

static void *
run_one_elsewhere(void *arg)
{
	struct tq_take take = {
		.queue = { "q" }, .nqueues = 1, .timeout = T_DEADLINE
	};
	struct tq_outcome o;
	struct tq_claim c;
	struct tq *tq = arg;

	tq_claim_init(&c);
	tq_outcome_init(&o, TQ_SUCCESS);
	if (tq_claim(tq, &take, &c, NULL) == 1)
		(void)tq_settle(tq, &c.ref, &o, 0, NULL);
	tq_claim_fini(&c);
	return NULL;
}

static void
full_queue_takes_again_once_a_task_has_ended(void **state)
{
	struct ground *g = *state;
	struct tq *other = contract_open(g);
	pthread_t thread;

	MUST(g, tq_set(g->tq, "q", "limit", "1", &g->e));
	MUST(g, put_more(g, 0));
	assert_int_equal(pthread_create(&thread, NULL, run_one_elsewhere,
	    other), 0);
	MUST(g, put_more(g, T_DEADLINE));
	pthread_join(thread, NULL);
	tq_close(other);
	assert_int_equal(contract_count(g, "q", 1u << TQ_READY), 1);
	assert_int_equal(contract_count(g, "q", 1u << TQ_SUCCESS), 1);
}

const struct contract_test contract_limit[] = {
	CONTRACT_TEST(full_queue_refuses_at_once_when_told),
	CONTRACT_TEST(full_queue_waits_as_long_as_asked),
	CONTRACT_TEST(full_batch_that_does_not_fit_puts_nothing),
	CONTRACT_TEST(full_queue_takes_again_once_a_task_has_ended),
	{ .name = NULL }
};
