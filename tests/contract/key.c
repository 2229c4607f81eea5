/* Contract: of a key there is one unended task, and one that follows it. */
#include <errno.h>

#include "lib/base/clock.h"
#include "tests/contract/contract.h"

/* Put a task of a key: 0, or -1 with EEXIST and the holder's id. */
static int
put_key(struct ground *g, const char *id, const char *key,
    enum tq_on_key policy, struct tq_id *out)
{
	struct tq_task t;

	contract_task(&t, id);
	t.key = key;
	t.on_key = policy;
	return tq_put(g->tq, &t, 0, out, &g->e);
}

/* Let somebody else claim the next one, into *c. */
static void
claim_other(struct ground *g, struct tq_claim *c)
{
	struct tq_take take = { .queue = { "q" }, .nqueues = 1 };
	int rv;

	tq_claim_init(c);
	MUST(g, rv = tq_claim(g->tq, &take, c, &g->e));
	assert_int_equal(rv, 1);
}

static void
settle_other(struct ground *g, struct tq_claim *c, enum tq_state state)
{
	struct tq_outcome o;

	tq_outcome_init(&o, state);
	MUST(g, tq_settle(g->tq, &c->ref, &o, 0, &g->e));
	tq_claim_fini(c);
}

static void
key_is_held_until_the_end(void **state)
{
	struct ground *g = *state;
	struct tq_id out;

	MUST(g, put_key(g, "a", "k", TQ_KEY_SKIP, &out));
	MUST_FAIL(g, put_key(g, "b", "k", TQ_KEY_SKIP, &out), EEXIST,
	    "key 'k' is taken by a");
	assert_string_equal(out.s, "a");
	MUST(g, put_key(g, "c", "K", TQ_KEY_SKIP, &out));
	assert_int_equal(contract_claim_now(g, "q"), 1);
	MUST_FAIL(g, put_key(g, "b", "k", TQ_KEY_SKIP, &out), EEXIST, "");
	contract_settle(g, TQ_FAILURE, 1);
	MUST(g, put_key(g, "b", "k", TQ_KEY_SKIP, &out));
	assert_int_equal(contract_state(g, "b"), TQ_READY);
	assert_string_equal(g->i.task.key, "k");
}

static void
key_is_not_taken_back_by_a_retry(void **state)
{
	struct ground *g = *state;
	struct tq_id out;

	MUST(g, put_key(g, "a", "k", TQ_KEY_SKIP, &out));
	contract_run_next(g, "a", TQ_FAILURE);
	MUST(g, put_key(g, "b", "k", TQ_KEY_SKIP, &out));
	assert_int_equal(contract_do(g, TQ_DO_RETRY, "a", NULL, 0), 0);
}

static void
key_of_a_revoked_task_is_free(void **state)
{
	struct ground *g = *state;
	struct tq_id out;

	MUST(g, put_key(g, "a", "k", TQ_KEY_SKIP, &out));
	contract_do(g, TQ_DO_REVOKE, "a", NULL, 0);
	MUST(g, put_key(g, "b", "k", TQ_KEY_SKIP, &out));
	contract_do_queue(g, TQ_DO_PURGE, "q", 0);
	MUST(g, put_key(g, "c", "k", TQ_KEY_SKIP, &out));
	contract_run_next(g, "c", TQ_SUCCESS);
}

static void
key_of_an_expired_task_is_free(void **state)
{
	struct ground *g = *state;
	struct tq_task t;
	struct tq_id out;

	contract_task(&t, "a");
	t.key = "k";
	t.expires = tq_clock_wall() + 10 * TQ_MS;
	MUST(g, tq_put(g->tq, &t, 0, &out, &g->e));
	T_UNTIL(tq_clock_wall() > t.expires);
	assert_int_equal(contract_claim_now(g, "q"), 0);
	MUST(g, put_key(g, "b", "k", TQ_KEY_SKIP, &out));
	contract_run_next(g, "b", TQ_SUCCESS);
}

static void
two_of_a_key_in_one_put_are_none(void **state)
{
	struct ground *g = *state;
	struct tq_task t[2];
	struct tq_id out[2];

	tq_task_init(&t[0]);
	t[0].queue = "q";
	t[0].key = "k";
	t[1] = t[0];
	MUST_FAIL(g, tq_put_many(g->tq, t, 2, 0, out, &g->e), EEXIST, "k");
	assert_int_equal(contract_count(g, "q", 0), 0);
	MUST(g, put_key(g, "b", "k", TQ_KEY_SKIP, &out[0]));
}

static void
key_replaces_what_has_not_started(void **state)
{
	struct ground *g = *state;
	struct tq_id out;

	MUST(g, put_key(g, "a", "k", TQ_KEY_SKIP, &out));
	MUST(g, put_key(g, "b", "k", TQ_KEY_REPLACE, &out));
	contract_ended(g, "a", TQ_REVOKED, "replaced by b");
	MUST(g, put_key(g, "c", "k", TQ_KEY_REPLACE, &out));
	contract_ended(g, "b", TQ_REVOKED, "replaced by c");
	assert_int_equal(contract_count(g, "q", 1u << TQ_READY), 1);
	contract_run_next(g, "c", TQ_SUCCESS);
	assert_int_equal(contract_claim_now(g, "q"), 0);
	MUST(g, put_key(g, "d", "k", TQ_KEY_REPLACE, &out));
	contract_run_next(g, "d", TQ_SUCCESS);
}

static void
key_replaces_what_is_delayed_or_between_attempts(void **state)
{
	struct ground *g = *state;
	struct tq_outcome o;
	struct tq_task t;
	struct tq_id out;

	contract_task(&t, "a");
	t.key = "k";
	t.eta = tq_clock_wall() + 3600 * TQ_SECOND;
	MUST(g, tq_put(g->tq, &t, 0, &out, &g->e));
	MUST(g, put_key(g, "b", "k", TQ_KEY_REPLACE, &out));
	contract_ended(g, "a", TQ_REVOKED, "replaced by b");
	assert_int_equal(contract_claim_now(g, "q"), 1);
	tq_outcome_init(&o, TQ_RETRY);
	o.when = t.eta;
	MUST(g, tq_settle(g->tq, &g->c.ref, &o, 0, &g->e));
	MUST_FAIL(g, put_key(g, "c", "k", TQ_KEY_FOLLOW, &out), EEXIST, "b");
	MUST(g, put_key(g, "c", "k", TQ_KEY_REPLACE, &out));
	contract_ended(g, "b", TQ_REVOKED, "replaced by c");
	contract_run_next(g, "c", TQ_SUCCESS);
}

static void
who_replaces_is_waited_for(void **state)
{
	struct ground *g = *state;
	const char *const after[] = { "a" };
	struct tq_task t;
	struct tq_id out;

	MUST(g, put_key(g, "a", "k", TQ_KEY_SKIP, &out));
	contract_task(&t, "x");
	t.after = after;
	t.nafter = 1;
	contract_put_task(g, &t);
	MUST(g, put_key(g, "b", "k", TQ_KEY_REPLACE, &out));
	/* its place in the graph is b's now */
	assert_int_equal(contract_state(g, "x"), TQ_BLOCKED);
	assert_string_equal(g->i.why, "after b");
	MUST(g, put_key(g, "c", "k", TQ_KEY_REPLACE, &out));
	assert_int_equal(contract_state(g, "x"), TQ_BLOCKED);
	contract_run_next(g, "c", TQ_SUCCESS);
	contract_run_next(g, "x", TQ_SUCCESS);
	assert_int_equal(contract_claim_now(g, "q"), 0);
}

static void
key_follows_the_one_that_runs(void **state)
{
	struct ground *g = *state;
	struct tq_claim first;
	struct tq_id out;

	MUST(g, put_key(g, "a", "k", TQ_KEY_FOLLOW, &out));
	MUST_FAIL(g, put_key(g, "b", "k", TQ_KEY_FOLLOW, &out), EEXIST, "");
	claim_other(g, &first);
	MUST(g, put_key(g, "b", "k", TQ_KEY_FOLLOW, &out));
	assert_int_equal(contract_state(g, "b"), TQ_BLOCKED);
	assert_string_equal(g->i.why, "after a");
	assert_int_equal(contract_claim_now(g, "q"), 0);
	assert_int_equal(contract_state(g, "b"), TQ_BLOCKED);
	MUST_FAIL(g, put_key(g, "c", "k", TQ_KEY_FOLLOW, &out), EEXIST, "");
	assert_string_equal(out.s, "b");
	MUST_FAIL(g, put_key(g, "c", "k", TQ_KEY_SKIP, &out), EEXIST, "");
	/* replaced while it waits, the next one follows too */
	MUST(g, put_key(g, "c", "k", TQ_KEY_REPLACE, &out));
	contract_ended(g, "b", TQ_REVOKED, "replaced by c");
	assert_int_equal(contract_claim_now(g, "q"), 0);
	settle_other(g, &first, TQ_FAILURE);
	assert_int_equal(contract_state(g, "c"), TQ_READY);
	MUST_FAIL(g, put_key(g, "d", "k", TQ_KEY_SKIP, &out), EEXIST, "");
	assert_string_equal(out.s, "c");
	contract_run_next(g, "c", TQ_SUCCESS);
	MUST(g, put_key(g, "d", "k", TQ_KEY_SKIP, &out));
}

static void
follower_that_is_revoked_leaves_its_place(void **state)
{
	struct ground *g = *state;
	struct tq_claim first;
	struct tq_id out;

	MUST(g, put_key(g, "a", "k", TQ_KEY_FOLLOW, &out));
	claim_other(g, &first);
	MUST(g, put_key(g, "b", "k", TQ_KEY_FOLLOW, &out));
	assert_int_equal(contract_claim_now(g, "q"), 0);
	contract_do(g, TQ_DO_REVOKE, "b", NULL, 0);
	contract_ended(g, "b", TQ_REVOKED, "revoked");
	MUST_FAIL(g, put_key(g, "c", "k", TQ_KEY_SKIP, &out), EEXIST, "");
	assert_string_equal(out.s, "a");
	MUST(g, put_key(g, "c", "k", TQ_KEY_FOLLOW, &out));
	settle_other(g, &first, TQ_SUCCESS);
	contract_run_next(g, "c", TQ_SUCCESS);
	MUST(g, put_key(g, "d", "k", TQ_KEY_SKIP, &out));
}

const struct contract_test contract_key[] = {
	CONTRACT_TEST(key_is_held_until_the_end),
	CONTRACT_TEST(key_is_not_taken_back_by_a_retry),
	CONTRACT_TEST(key_of_a_revoked_task_is_free),
	CONTRACT_TEST(key_of_an_expired_task_is_free),
	CONTRACT_TEST(two_of_a_key_in_one_put_are_none),
	CONTRACT_TEST(key_replaces_what_has_not_started),
	CONTRACT_TEST(key_replaces_what_is_delayed_or_between_attempts),
	CONTRACT_TEST(who_replaces_is_waited_for),
	CONTRACT_TEST(key_follows_the_one_that_runs),
	CONTRACT_TEST(follower_that_is_revoked_leaves_its_place),
	{ .name = NULL }
};
