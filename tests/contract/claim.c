/* Contract: who gets which task, when, and for how long. */
#include <errno.h>
#include <string.h>

#include "lib/base/clock.h"
#include "tests/contract/contract.h"

/* ---- order ----------------------------------------------------------- */

static void
nothing_to_claim_is_0(void **state)
{
	assert_int_equal(contract_claim_now(*state, "q"), 0);
}

static void
put_with_priority(struct ground *g, const char *text, int pri)
{
	struct tq_task t;

	tq_task_init(&t);
	t.queue = "q";
	t.pri = pri;
	t.body.p = text;
	t.body.n = strlen(text);
	contract_put_task(g, &t);
}

static void
priority_goes_first_then_order_of_put(void **state)
{
	struct ground *g = *state;

	put_with_priority(g, "low", 0);
	put_with_priority(g, "first", 5);
	put_with_priority(g, "second", 5);
	put_with_priority(g, "high", 9);
	put_with_priority(g, "third", 5);
	contract_claim_text(g, "q", "high");
	contract_claim_text(g, "q", "first");
	contract_claim_text(g, "q", "second");
	contract_claim_text(g, "q", "third");
	contract_claim_text(g, "q", "low");
}

static void
queues_without_weights_go_in_the_order_given(void **state)
{
	const struct tq_take take = {
		.queue = { "b", "a" }, .nqueues = 2
	};
	struct ground *g = *state;

	contract_put_text(g, "a", NULL, "");
	contract_put_text(g, "b", NULL, "");
	contract_put_text(g, "b", NULL, "");
	MUST(g, tq_claim(g->tq, &take, &g->c, &g->e));
	assert_string_equal(g->c.task.queue, "b");
	MUST(g, tq_claim(g->tq, &take, &g->c, &g->e));
	assert_string_equal(g->c.task.queue, "b");
	MUST(g, tq_claim(g->tq, &take, &g->c, &g->e));
	assert_string_equal(g->c.task.queue, "a");
}

static void
queue_of_little_weight_gets_its_turn(void **state)
{
	const struct tq_take take = {
		.queue = { "a", "b" }, .weight = { 3, 1 }, .nqueues = 2
	};
	struct ground *g = *state;
	int i, b = 0;

	for (i = 0; i < 40; i++) {
		contract_put_text(g, "a", NULL, "");
		contract_put_text(g, "b", NULL, "");
	}
	for (i = 0; i < 40; i++) {
		MUST(g, tq_claim(g->tq, &take, &g->c, &g->e));
		b += g->c.task.queue[0] == 'b';
	}
	assert_in_range(b, 5, 15);
}

static void
other_queues_are_left_alone(void **state)
{
	contract_put_text(*state, "mine", NULL, "");
	assert_int_equal(contract_claim_now(*state, "yours"), 0);
}

/* ---- holding --------------------------------------------------------- */

static const struct tq_take q_now = { .queue = { "q" }, .nqueues = 1 };

static void
claimed_task_is_given_to_one_only(void **state)
{
	struct ground *g = *state;
	struct tq *other = contract_open(g);
	struct tq_id id = contract_put_text(g, "q", NULL, "");
	tq_time before = tq_clock_wall();

	assert_int_equal(contract_claim_now(g, "q"), 1);
	assert_int_equal(g->c.ref.attempt, 1);
	assert_true(g->c.put <= before);
	assert_true(g->c.start >= before);
	assert_int_equal(tq_claim(other, &q_now, &g->c, &g->e), 0);
	tq_close(other);
	assert_int_equal(contract_state(g, id.s), TQ_STARTED);
	assert_int_equal(g->i.attempt, 1);
}

/* Another handle claims from q and goes away with it. */
static void
die_with_one(struct ground *g)
{
	struct tq *other = contract_open(g);
	struct tq_claim c;

	tq_claim_init(&c);
	T_UNTIL(tq_claim(other, &q_now, &c, &g->e) == 1);
	tq_claim_fini(&c);
	tq_close(other);
	MUST(g, tq_worker_sweep(g->tq, &g->e));
}

static void
task_of_a_closed_handle_is_given_again(void **state)
{
	struct ground *g = *state;

	contract_put_text(g, "q", "t", "");
	die_with_one(g);
	T_UNTIL(contract_claim_now(g, "q") == 1);
	assert_string_equal(g->c.ref.id.s, "t");
	assert_int_equal(g->c.ref.attempt, 2);
	assert_int_equal(g->c.crashes, 1);
	assert_int_equal(g->c.failures, 0);
}

static void
third_death_is_a_failure(void **state)
{
	struct ground *g = *state;

	contract_put_text(g, "q", "t", "");
	die_with_one(g);
	die_with_one(g);
	die_with_one(g);
	T_UNTIL(contract_state(g, "t") == TQ_FAILURE);
	assert_int_equal(g->i.crashes, 3);
	assert_int_equal(g->i.end.status, -1);
	assert_string_equal(g->i.why, "worker died 3 times");
}

static void
task_put_once_is_not_started_twice(void **state)
{
	struct ground *g = *state;
	struct tq_task t;

	contract_task(&t, "t");
	t.flags = TQ_TASK_ONCE;
	contract_put_task(g, &t);
	die_with_one(g);
	T_UNTIL(contract_state(g, "t") == TQ_FAILURE);
	assert_string_equal(g->i.why, "worker died (--once)");
	assert_int_equal(contract_claim_now(g, "q"), 0);
}

static void
task_handed_back_counts_no_failure(void **state)
{
	struct ground *g = *state;

	contract_put_text(g, "q", "t", "");
	contract_run_one(g, "q", TQ_READY, -1);
	assert_int_equal(contract_state(g, "t"), TQ_READY);
	assert_int_equal(contract_claim_now(g, "q"), 1);
	assert_int_equal(g->c.failures, 0);
	assert_int_equal(g->c.laters, 0);
	assert_int_equal(g->c.crashes, 0);
}

static void
settling_twice_is_stale(void **state)
{
	struct ground *g = *state;
	struct tq_outcome o;

	contract_put_text(g, "q", "t", "");
	contract_run_one(g, "q", TQ_SUCCESS, 0);
	tq_outcome_init(&o, TQ_FAILURE);
	MUST_FAIL(g, tq_settle(g->tq, &g->c.ref, &o, 0, &g->e), ESTALE, "t");
	assert_int_equal(contract_state(g, "t"), TQ_SUCCESS);
}

const struct contract_test contract_claim[] = {
	CONTRACT_TEST(nothing_to_claim_is_0),
	CONTRACT_TEST(priority_goes_first_then_order_of_put),
	CONTRACT_TEST(queues_without_weights_go_in_the_order_given),
	CONTRACT_TEST(queue_of_little_weight_gets_its_turn),
	CONTRACT_TEST(other_queues_are_left_alone),
	CONTRACT_TEST(claimed_task_is_given_to_one_only),
	CONTRACT_TEST(task_of_a_closed_handle_is_given_again),
	CONTRACT_TEST(third_death_is_a_failure),
	CONTRACT_TEST(task_put_once_is_not_started_twice),
	CONTRACT_TEST(task_handed_back_counts_no_failure),
	CONTRACT_TEST(settling_twice_is_stale),
	{ .name = NULL }
};
