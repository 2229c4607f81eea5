/*
 * Contract: chains, groups and chords that come in one put.  What a broker
 * tells of their parts before they have begun is its own affair.
 */
#include <string.h>

#include "tests/contract/contract.h"

/* ---- makings ---------------------------------------------------------- */

/* Three tasks, each after the one before. */
static void
put_chain(struct ground *g)
{
	static const char *const ids[] = { "a", "b", "c" };
	struct tq_task t[3];
	struct tq_id out[3];
	size_t i;

	for (i = 0; i < 3; i++) {
		contract_task(&t[i], ids[i]);
		if (i > 0) {
			t[i].after = &ids[i - 1];
			t[i].nafter = 1;
		}
	}
	MUST(g, tq_put_many(g->tq, t, 3, 0, out, &g->e));
}

/* A group of a command and a named task, and what runs on their outputs. */
static void
put_group(struct ground *g, const char *callback)
{
	struct tq_task t[4];
	struct tq_id out[4];

	contract_task(&t[0], "G")->kind = TQ_KIND_GROUP;
	contract_task(&t[1], "m1")->group = "G";
	contract_task(&t[2], "m2")->group = "G";
	t[2].kind = TQ_KIND_NAMED;
	t[2].name = "add";
	if (callback != NULL) {
		contract_task(&t[3], callback)->pipe = "G";
		t[3].flags = TQ_TASK_CHORD;
	}
	MUST(g, tq_put_many(g->tq, t, callback != NULL ? 4 : 3, 0, out,
	    &g->e));
}

/* It has not ended, and is not next. */
static void
waits(struct ground *g, const char *id)
{
	struct tq_info i;

	tq_info_init(&i);
	if (tq_stat(g->tq, id, 0, &i, &g->e) == 1)
		assert_false(TQ_STATE_ENDED(i.state));
	tq_info_fini(&i);
}

/* ---- chains ------------------------------------------------------------- */

static void
chain_runs_in_order(void **state)
{
	static const char *const ids[] = { "a", "b", "c" };
	struct ground *g = *state;
	size_t i;

	put_chain(g);
	for (i = 0; i < 3; i++) {
		contract_run_next(g, ids[i], TQ_SUCCESS);
		assert_int_equal(contract_state(g, ids[i]), TQ_SUCCESS);
		assert_int_equal(contract_claim_now(g, "q"), i < 2);
		if (i < 2)
			contract_settle(g, TQ_READY, -1);
	}
}

static void
failure_ends_the_rest_of_the_chain(void **state)
{
	struct ground *g = *state;

	put_chain(g);
	contract_run_next(g, "a", TQ_SUCCESS);
	contract_run_next(g, "b", TQ_FAILURE);
	assert_int_equal(contract_state(g, "c"), TQ_FAILURE);
	contract_idle(g);
}

static void
revoked_link_ends_the_rest_of_the_chain(void **state)
{
	struct ground *g = *state;

	put_chain(g);
	contract_do(g, TQ_DO_REVOKE, "a", NULL, 0);
	contract_idle(g);
	assert_int_equal(contract_state(g, "a"), TQ_REVOKED);
	assert_true(TQ_STATE_ENDED(contract_state(g, "b")));
	assert_true(TQ_STATE_ENDED(contract_state(g, "c")));
}

static void
chain_goes_on_after_a_retry(void **state)
{
	struct ground *g = *state;

	put_chain(g);
	contract_run_next(g, "a", TQ_SUCCESS);
	contract_run_next(g, "b", TQ_RETRY);
	waits(g, "c");
	T_UNTIL(contract_claim_now(g, "q") == 1);
	assert_string_equal(g->c.ref.id.s, "b");
	contract_settle(g, TQ_SUCCESS, 0);
	contract_run_next(g, "c", TQ_SUCCESS);
	contract_idle(g);
}

static void
output_is_the_input_of_what_it_is_piped_to(void **state)
{
	struct ground *g = *state;
	struct tq_task t[2];
	struct tq_id out[2];

	contract_task(&t[0], "a");
	contract_task(&t[1], "b")->pipe = "a";
	MUST(g, tq_put_many(g->tq, t, 2, 0, out, &g->e));
	contract_end(g, "a", TQ_SUCCESS, "one\ntwo\n", 0);
	contract_claim_body(g, "b", "one\ntwo\n");
	/* again for the next attempt */
	contract_settle(g, TQ_READY, -1);
	contract_claim_body(g, "b", "one\ntwo\n");
}

static void
put_for_failure(struct ground *g)
{
	static const char *const after[] = { "a" };
	struct tq_task t[2];
	struct tq_id out[2];

	contract_task(&t[0], "a");
	contract_task(&t[1], "e")->after = after;
	t[1].nafter = 1;
	t[1].when = TQ_WHEN_FAIL;
	MUST(g, tq_put_many(g->tq, t, 2, 0, out, &g->e));
}

static void
what_is_for_a_failure_runs_after_one(void **state)
{
	struct ground *g = *state;

	put_for_failure(g);
	contract_run_next(g, "a", TQ_FAILURE);
	contract_run_next(g, "e", TQ_SUCCESS);
	contract_idle(g);
}

static void
what_is_for_a_failure_does_not_run_after_a_success(void **state)
{
	struct ground *g = *state;

	put_for_failure(g);
	contract_run_next(g, "a", TQ_SUCCESS);
	contract_idle(g);
}

/* ---- groups ------------------------------------------------------------- */

static void
group_succeeds_with_all_its_members(void **state)
{
	struct ground *g = *state;

	put_group(g, NULL);
	waits(g, "G");
	contract_run_next(g, "m1", TQ_SUCCESS);
	waits(g, "G");
	contract_run_next(g, "m2", TQ_SUCCESS);
	assert_int_equal(contract_state(g, "G"), TQ_SUCCESS);
	contract_idle(g);
}

static void
group_fails_with_a_member(void **state)
{
	struct ground *g = *state;

	put_group(g, NULL);
	contract_run_next(g, "m1", TQ_FAILURE);
	contract_run_next(g, "m2", TQ_SUCCESS);
	assert_int_equal(contract_state(g, "G"), TQ_FAILURE);
}

static void
groups_and_tasks_are_waited_for_together(void **state)
{
	static const char *const ids[] = { "a", "G", "z" };
	enum tq_state ended[3];
	struct ground *g = *state;

	contract_put_text(g, "q", "a", "");
	put_group(g, NULL);
	contract_put_text(g, "q", "z", "");
	/* who comes back asks for the same */
	assert_int_equal(tq_wait(g->tq, ids, 3, 1, TQ_MS, NULL, &g->e), 0);
	contract_run_next(g, "a", TQ_SUCCESS);
	assert_int_equal(tq_wait(g->tq, ids, 3, 1, T_DEADLINE, ended, &g->e),
	    1);
	assert_int_equal(ended[0], TQ_SUCCESS);
	assert_int_equal(ended[1], TQ_ABSENT);
	contract_run_next(g, "m1", TQ_FAILURE);
	assert_int_equal(tq_wait(g->tq, ids, 3, 2, TQ_MS, NULL, &g->e), 0);
	contract_run_next(g, "m2", TQ_SUCCESS);
	assert_int_equal(tq_wait(g->tq, ids, 3, 2, T_DEADLINE, ended, &g->e),
	    1);
	assert_int_equal(ended[1], TQ_FAILURE);
	assert_int_equal(ended[2], TQ_ABSENT);
	contract_run_next(g, "z", TQ_SUCCESS);
	assert_int_equal(tq_wait(g->tq, ids, 3, 0, 0, ended, &g->e), 1);
	assert_int_equal(ended[2], TQ_SUCCESS);
}

static void
group_in_parts_is_whole_once_it_is_sealed(void **state)
{
	struct ground *g = *state;
	struct tq_task t;

	contract_task(&t, "G")->kind = TQ_KIND_GROUP;
	t.flags = TQ_TASK_OPEN;
	contract_put_task(g, &t);
	contract_task(&t, "m1")->group = "G";
	contract_put_task(g, &t);
	contract_task(&t, "m2")->group = "G";
	contract_put_task(g, &t);
	assert_int_equal(contract_do(g, TQ_DO_SEAL, "G", NULL, 0), 1);
	contract_run_next(g, "m1", TQ_SUCCESS);
	waits(g, "G");
	contract_run_next(g, "m2", TQ_SUCCESS);
	assert_int_equal(contract_state(g, "G"), TQ_SUCCESS);
}

/* ---- chords ------------------------------------------------------------- */

static void
chord_gets_a_value_a_line(void **state)
{
	struct ground *g = *state;

	put_group(g, "cb");
	contract_end(g, "m1", TQ_SUCCESS, "a \"b\"\n", 0);
	waits(g, "cb");
	contract_end(g, "m2", TQ_SUCCESS, "{\"x\":[1,2]}\n",
	    TQ_OUTCOME_JSON);
	contract_claim_body(g, "cb", "\"a \\\"b\\\"\"\n{\"x\":[1,2]}\n");
	contract_settle(g, TQ_SUCCESS, 0);
	contract_idle(g);
}

static void
chord_values_are_in_the_order_of_its_members(void **state)
{
	static const char text[] = "1\n";
	struct ground *g = *state;
	struct tq_claim first;
	struct tq_outcome o;

	put_group(g, "cb");
	assert_int_equal(contract_claim_now(g, "q"), 1);
	first = g->c;
	tq_claim_init(&g->c);
	contract_end(g, "m2", TQ_SUCCESS, "2\n", TQ_OUTCOME_JSON);
	tq_outcome_init(&o, TQ_SUCCESS);
	o.status = 0;
	o.out = (struct tq_bytes){ text, 2 };
	MUST(g, tq_settle(g->tq, &first.ref, &o, 0, &g->e));
	tq_claim_fini(&first);
	contract_claim_body(g, "cb", "\"1\"\n2\n");
}

static void
chord_fails_with_a_member(void **state)
{
	struct ground *g = *state;

	put_group(g, "cb");
	contract_run_next(g, "m1", TQ_FAILURE);
	contract_run_next(g, "m2", TQ_SUCCESS);
	assert_int_equal(contract_state(g, "cb"), TQ_FAILURE);
	assert_non_null(strstr(g->i.why, "m1"));
	contract_idle(g);
}

static void
chord_of_nothing_gets_nothing(void **state)
{
	struct ground *g = *state;
	struct tq_task t[2];
	struct tq_id out[2];

	contract_task(&t[0], "G")->kind = TQ_KIND_GROUP;
	contract_task(&t[1], "cb")->pipe = "G";
	t[1].flags = TQ_TASK_CHORD;
	MUST(g, tq_put_many(g->tq, t, 2, 0, out, &g->e));
	contract_claim_body(g, "cb", "");
}

const struct contract_test contract_flow[] = {
	CONTRACT_TEST(chain_runs_in_order),
	CONTRACT_TEST(failure_ends_the_rest_of_the_chain),
	CONTRACT_TEST(revoked_link_ends_the_rest_of_the_chain),
	CONTRACT_TEST(chain_goes_on_after_a_retry),
	CONTRACT_TEST(output_is_the_input_of_what_it_is_piped_to),
	CONTRACT_TEST(what_is_for_a_failure_runs_after_one),
	CONTRACT_TEST(what_is_for_a_failure_does_not_run_after_a_success),
	CONTRACT_TEST(group_succeeds_with_all_its_members),
	CONTRACT_TEST(group_fails_with_a_member),
	CONTRACT_TEST(groups_and_tasks_are_waited_for_together),
	CONTRACT_TEST(group_in_parts_is_whole_once_it_is_sealed),
	CONTRACT_TEST(chord_gets_a_value_a_line),
	CONTRACT_TEST(chord_values_are_in_the_order_of_its_members),
	CONTRACT_TEST(chord_fails_with_a_member),
	CONTRACT_TEST(chord_of_nothing_gets_nothing),
	{ .name = NULL },
};
