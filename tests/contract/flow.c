/*
 * Contract: chains, groups and chords that come in one put.  What a broker
 * tells of their parts before they have begun is its own affair.
 */
#include <string.h>
#include <unistd.h>

#include "tests/contract/contract.h"

/* ---- makings ---------------------------------------------------------- */

static struct tq_task *
task(struct tq_task *t, const char *id)
{
	tq_task_init(t);
	t->id = id;
	t->queue = "q";
	return t;
}

/* Three tasks, each after the one before. */
static void
put_chain(struct ground *g)
{
	static const char *const ids[] = { "a", "b", "c" };
	struct tq_task t[3];
	struct tq_id out[3];
	size_t i;

	for (i = 0; i < 3; i++) {
		task(&t[i], ids[i]);
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

	task(&t[0], "G")->kind = TQ_KIND_GROUP;
	task(&t[1], "m1")->group = "G";
	task(&t[2], "m2")->group = "G";
	t[2].kind = TQ_KIND_NAMED;
	t[2].name = "add";
	if (callback != NULL) {
		task(&t[3], callback)->pipe = "G";
		t[3].flags = TQ_TASK_CHORD;
	}
	MUST(g, tq_put_many(g->tq, t, callback != NULL ? 4 : 3, 0, out,
	    &g->e));
}

/* The next task of the queue is this one; it ends so, with that output. */
static void
end(struct ground *g, const char *id, enum tq_state state, const char *text,
    unsigned flags)
{
	struct tq_outcome o;

	assert_int_equal(contract_claim_now(g, "q"), 1);
	assert_string_equal(g->c.ref.id.s, id);
	tq_outcome_init(&o, state);
	o.status = state == TQ_SUCCESS ? 0 : 1;
	o.flags = flags;
	o.out = (struct tq_bytes){ text, strlen(text) };
	MUST(g, tq_settle(g->tq, &g->c.ref, &o, 0, &g->e));
}

static void
run(struct ground *g, const char *id, enum tq_state state)
{
	end(g, id, state, "", 0);
}

static void
nothing_to_run(struct ground *g)
{
	assert_int_equal(contract_claim_now(g, "q"), 0);
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

/* The stdin of the next task. */
static void
claims_body(struct ground *g, const char *id, const char *text)
{
	char buf[256];
	ssize_t n = (ssize_t)strlen(text);

	assert_int_equal(contract_claim_now(g, "q"), 1);
	assert_string_equal(g->c.ref.id.s, id);
	if (g->c.task.body_fd == -1) {
		assert_int_equal(g->c.task.body.n, n);
		assert_memory_equal(g->c.task.body.p, text, n);
	} else {
		assert_int_equal(pread(g->c.task.body_fd, buf, sizeof(buf), 0),
		    n);
		assert_memory_equal(buf, text, n);
	}
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
		run(g, ids[i], TQ_SUCCESS);
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
	run(g, "a", TQ_SUCCESS);
	run(g, "b", TQ_FAILURE);
	assert_int_equal(contract_state(g, "c"), TQ_FAILURE);
	nothing_to_run(g);
}

static void
revoked_link_ends_the_rest_of_the_chain(void **state)
{
	struct ground *g = *state;

	put_chain(g);
	contract_do(g, TQ_DO_REVOKE, "a", NULL, 0);
	nothing_to_run(g);
	assert_int_equal(contract_state(g, "a"), TQ_REVOKED);
	assert_true(TQ_STATE_ENDED(contract_state(g, "b")));
	assert_true(TQ_STATE_ENDED(contract_state(g, "c")));
}

static void
chain_goes_on_after_a_retry(void **state)
{
	struct ground *g = *state;

	put_chain(g);
	run(g, "a", TQ_SUCCESS);
	run(g, "b", TQ_RETRY);
	waits(g, "c");
	T_UNTIL(contract_claim_now(g, "q") == 1);
	assert_string_equal(g->c.ref.id.s, "b");
	contract_settle(g, TQ_SUCCESS, 0);
	run(g, "c", TQ_SUCCESS);
	nothing_to_run(g);
}

static void
output_is_the_input_of_what_it_is_piped_to(void **state)
{
	struct ground *g = *state;
	struct tq_task t[2];
	struct tq_id out[2];

	task(&t[0], "a");
	task(&t[1], "b")->pipe = "a";
	MUST(g, tq_put_many(g->tq, t, 2, 0, out, &g->e));
	end(g, "a", TQ_SUCCESS, "one\ntwo\n", 0);
	claims_body(g, "b", "one\ntwo\n");
	/* again for the next attempt */
	contract_settle(g, TQ_READY, -1);
	claims_body(g, "b", "one\ntwo\n");
}

static void
put_for_failure(struct ground *g)
{
	static const char *const after[] = { "a" };
	struct tq_task t[2];
	struct tq_id out[2];

	task(&t[0], "a");
	task(&t[1], "e")->after = after;
	t[1].nafter = 1;
	t[1].when = TQ_WHEN_FAIL;
	MUST(g, tq_put_many(g->tq, t, 2, 0, out, &g->e));
}

static void
what_is_for_a_failure_runs_after_one(void **state)
{
	struct ground *g = *state;

	put_for_failure(g);
	run(g, "a", TQ_FAILURE);
	run(g, "e", TQ_SUCCESS);
	nothing_to_run(g);
}

static void
what_is_for_a_failure_does_not_run_after_a_success(void **state)
{
	struct ground *g = *state;

	put_for_failure(g);
	run(g, "a", TQ_SUCCESS);
	nothing_to_run(g);
}

/* ---- groups ------------------------------------------------------------- */

static void
group_succeeds_with_all_its_members(void **state)
{
	struct ground *g = *state;

	put_group(g, NULL);
	waits(g, "G");
	run(g, "m1", TQ_SUCCESS);
	waits(g, "G");
	run(g, "m2", TQ_SUCCESS);
	assert_int_equal(contract_state(g, "G"), TQ_SUCCESS);
	nothing_to_run(g);
}

static void
group_fails_with_a_member(void **state)
{
	struct ground *g = *state;

	put_group(g, NULL);
	run(g, "m1", TQ_FAILURE);
	run(g, "m2", TQ_SUCCESS);
	assert_int_equal(contract_state(g, "G"), TQ_FAILURE);
}

static void
group_in_parts_is_whole_once_it_is_sealed(void **state)
{
	struct ground *g = *state;
	struct tq_task t;

	task(&t, "G")->kind = TQ_KIND_GROUP;
	t.flags = TQ_TASK_OPEN;
	contract_put_task(g, &t);
	task(&t, "m1")->group = "G";
	contract_put_task(g, &t);
	task(&t, "m2")->group = "G";
	contract_put_task(g, &t);
	assert_int_equal(contract_do(g, TQ_DO_SEAL, "G", NULL, 0), 1);
	run(g, "m1", TQ_SUCCESS);
	waits(g, "G");
	run(g, "m2", TQ_SUCCESS);
	assert_int_equal(contract_state(g, "G"), TQ_SUCCESS);
}

/* ---- chords ------------------------------------------------------------- */

static void
chord_gets_a_value_a_line(void **state)
{
	struct ground *g = *state;

	put_group(g, "cb");
	end(g, "m1", TQ_SUCCESS, "a \"b\"\n", 0);
	waits(g, "cb");
	end(g, "m2", TQ_SUCCESS, "{\"x\":[1,2]}\n",
	    TQ_OUTCOME_JSON);
	claims_body(g, "cb", "\"a \\\"b\\\"\"\n{\"x\":[1,2]}\n");
	contract_settle(g, TQ_SUCCESS, 0);
	nothing_to_run(g);
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
	end(g, "m2", TQ_SUCCESS, "2\n", TQ_OUTCOME_JSON);
	tq_outcome_init(&o, TQ_SUCCESS);
	o.status = 0;
	o.out = (struct tq_bytes){ text, 2 };
	MUST(g, tq_settle(g->tq, &first.ref, &o, 0, &g->e));
	tq_claim_fini(&first);
	claims_body(g, "cb", "\"1\"\n2\n");
}

static void
chord_fails_with_a_member(void **state)
{
	struct ground *g = *state;

	put_group(g, "cb");
	run(g, "m1", TQ_FAILURE);
	run(g, "m2", TQ_SUCCESS);
	assert_int_equal(contract_state(g, "cb"), TQ_FAILURE);
	assert_non_null(strstr(g->i.why, "m1"));
	nothing_to_run(g);
}

static void
chord_of_nothing_gets_nothing(void **state)
{
	struct ground *g = *state;
	struct tq_task t[2];
	struct tq_id out[2];

	task(&t[0], "G")->kind = TQ_KIND_GROUP;
	task(&t[1], "cb")->pipe = "G";
	t[1].flags = TQ_TASK_CHORD;
	MUST(g, tq_put_many(g->tq, t, 2, 0, out, &g->e));
	claims_body(g, "cb", "");
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
	CONTRACT_TEST(group_in_parts_is_whole_once_it_is_sealed),
	CONTRACT_TEST(chord_gets_a_value_a_line),
	CONTRACT_TEST(chord_values_are_in_the_order_of_its_members),
	CONTRACT_TEST(chord_fails_with_a_member),
	CONTRACT_TEST(chord_of_nothing_gets_nothing),
	{ .name = NULL },
};
