/* Contract: lanes, needs, caps and rates: what a ready task waits for. */
#include <errno.h>
#include <string.h>

#include "lib/base/clock.h"
#include "tests/contract/contract.h"

#define FAR	(tq_clock_wall() + 3600 * TQ_SECOND)

/* Put a task of a lane (or NULL) that needs something (or NULL). */
static void
put(struct ground *g, const char *queue, const char *id, const char *lane,
    const char *need)
{
	struct tq_task t;

	tq_task_init(&t);
	t.id = id;
	t.queue = queue;
	t.lane = lane;
	t.needs = &need;
	t.nneeds = need != NULL;
	contract_put_task(g, &t);
}

/* The next one of q is this (NULL: there is none), into g->c. */
static void
next(struct ground *g, const char *id)
{
	assert_int_equal(contract_claim_now(g, "q"), id != NULL);
	if (id != NULL)
		assert_string_equal(g->c.ref.id.s, id);
}

/* The same for who has places and so many units of "gpu". */
static void
next_for(struct ground *g, unsigned places, unsigned total, unsigned free,
    const char *id)
{
	const struct tq_offer offer[] = {
		{ "slot", 4, places }, { "gpu", total, free }
	};
	struct tq_take take = {
		.queue = { "q" }, .nqueues = 1, .offer = offer, .noffers = 2
	};
	int rv;

	MUST(g, rv = tq_claim(g->tq, &take, &g->c, &g->e));
	assert_int_equal(rv, id != NULL);
	if (id != NULL)
		assert_string_equal(g->c.ref.id.s, id);
}

static void
settle(struct ground *g, const struct tq_ref *ref, enum tq_state state,
    tq_time when)
{
	struct tq_outcome o;

	tq_outcome_init(&o, state);
	o.when = when;
	MUST(g, tq_settle(g->tq, ref, &o, 0, &g->e));
}

/* ---- lanes ------------------------------------------------------------ */

static void
lane_lets_one_start_and_others_pass(void **state)
{
	struct ground *g = *state;
	struct tq_ref a;

	put(g, "q", "a", "one", NULL);
	put(g, "q", "b", "one", NULL);
	put(g, "q", "c", "two", NULL);
	put(g, "q", "d", NULL, NULL);
	next(g, "a");
	a = g->c.ref;
	next(g, "c");
	next(g, "d");
	next(g, NULL);
	assert_int_equal(contract_state(g, "b"), TQ_READY);
	assert_string_equal(g->i.why, "lane busy: a");
	assert_string_equal(g->i.task.lane, "one");
	settle(g, &a, TQ_SUCCESS, 0);
	next(g, "b");
	contract_settle(g, TQ_FAILURE, 1);
	put(g, "q", "e", "one", NULL);
	next(g, "e");
}

static void
lane_keeps_the_order_of_its_tasks(void **state)
{
	static const char *const ids[] = { "a", "b", "c", "d", "e" };
	struct ground *g = *state;
	struct tq_ref ref;
	size_t i;

	for (i = 0; i < T_COUNT(ids); i++)
		put(g, "q", ids[i], "one", NULL);
	for (i = 0; i < T_COUNT(ids); i++) {
		next(g, ids[i]);
		ref = g->c.ref;
		next(g, NULL);
		settle(g, &ref, i % 2 ? TQ_FAILURE : TQ_SUCCESS, 0);
	}
	next(g, NULL);
}

static void
lane_is_kept_between_attempts(void **state)
{
	struct ground *g = *state;

	put(g, "q", "a", "one", NULL);
	put(g, "q", "b", "one", NULL);
	next(g, "a");
	settle(g, &g->c.ref, TQ_RETRY, FAR);
	next(g, NULL);
	contract_do(g, TQ_DO_REVOKE, "a", NULL, 0);
	next(g, "b");
}

static void
what_is_handed_back_keeps_its_lane_and_place(void **state)
{
	struct ground *g = *state;

	put(g, "q", "a", "one", NULL);
	put(g, "q", "b", "one", NULL);
	next(g, "a");
	settle(g, &g->c.ref, TQ_READY, 0);
	next(g, "a");
	next(g, NULL);
}

static void
lane_goes_over_queues(void **state)
{
	struct ground *g = *state;
	struct tq_ref a;

	put(g, "q", "a", "one", NULL);
	put(g, "r", "b", "one", NULL);
	put(g, "q", "c", "one", NULL);
	next(g, "a");
	a = g->c.ref;
	assert_int_equal(contract_claim_now(g, "r"), 0);
	next(g, NULL);
	settle(g, &a, TQ_SUCCESS, 0);
	assert_int_equal(contract_claim_now(g, "r"), 1);
	assert_string_equal(g->c.ref.id.s, "b");
	next(g, NULL);
	contract_settle(g, TQ_SUCCESS, 0);
	next(g, "c");
}

static void
who_leaves_a_lane_lets_the_next_in(void **state)
{
	struct ground *g = *state;

	put(g, "q", "a", "one", NULL);
	put(g, "q", "b", "one", NULL);
	put(g, "q", "c", "one", NULL);
	put(g, "q", "d", "one", NULL);
	next(g, "a");
	next(g, NULL);
	contract_do(g, TQ_DO_REVOKE, "b", NULL, 0);
	contract_do(g, TQ_DO_MOVE, "c", "r", 0);
	contract_settle(g, TQ_SUCCESS, 0);
	next(g, "d");
	assert_int_equal(contract_claim_now(g, "r"), 0);
	contract_settle(g, TQ_SUCCESS, 0);
	assert_int_equal(contract_claim_now(g, "r"), 1);
}

/* What waits for its lane is there for who counts and who purges. */
static void
what_waits_for_a_lane_is_seen(void **state)
{
	struct ground *g = *state;

	put(g, "q", "a", "one", NULL);
	put(g, "q", "b", "one", NULL);
	put(g, "q", "c", "one", NULL);
	next(g, "a");
	next(g, NULL);
	assert_int_equal(contract_count(g, "q", 1u << TQ_READY), 2);
	assert_int_equal(tq_wait_idle(g->tq, &(const char *){ "q" }, 1, 0,
	    &g->e), 0);
	contract_settle(g, TQ_SUCCESS, 0);
	assert_int_equal(tq_wait_idle(g->tq, &(const char *){ "q" }, 1, 0,
	    &g->e), 0);
	assert_int_equal(contract_do_queue(g, TQ_DO_PURGE, "q", 0), 2);
	next(g, NULL);
	assert_int_equal(contract_state(g, "b"), TQ_REVOKED);
	put(g, "q", "d", "one", NULL);
	next(g, "d");
}

/* ---- needs ------------------------------------------------------------ */

static void
needs_wait_for_who_offers_them(void **state)
{
	struct ground *g = *state;

	put(g, "q", "a", NULL, "gpu=2");
	put(g, "q", "b", NULL, NULL);
	put(g, "q", "c", NULL, NULL);
	next(g, "b");
	next_for(g, 4, 1, 1, "c");
	next_for(g, 4, 1, 1, NULL);
	assert_int_equal(contract_state(g, "a"), TQ_READY);
	assert_int_equal(g->i.task.nneeds, 1);
	next_for(g, 4, 2, 2, "a");
	assert_string_equal(g->c.task.needs[0], "gpu=2");
}

/* Passed over by others it is still in front of who came later. */
static void
needs_keep_their_place(void **state)
{
	struct ground *g = *state;

	put(g, "q", "a", NULL, NULL);
	put(g, "q", "b", NULL, "gpu=1");
	put(g, "q", "c", NULL, NULL);
	put(g, "q", "d", NULL, NULL);
	next(g, "a");
	next(g, "c");
	next_for(g, 4, 1, 1, "b");
	next_for(g, 4, 1, 0, "d");
}

static void
what_is_not_free_is_kept_for_the_first(void **state)
{
	struct ground *g = *state;

	put(g, "q", "a", NULL, "gpu=2");
	put(g, "q", "b", NULL, "gpu=1");
	put(g, "q", "c", NULL, NULL);
	next_for(g, 4, 2, 1, "c");
	next_for(g, 4, 2, 1, NULL);
	next_for(g, 4, 2, 2, "a");
	next_for(g, 4, 2, 1, "b");
}

static void
weight_waits_for_places(void **state)
{
	struct ground *g = *state;

	put(g, "q", "a", NULL, "slot=3");
	put(g, "q", "b", NULL, NULL);
	next_for(g, 2, 0, 0, NULL);
	next_for(g, 3, 0, 0, "a");
	next_for(g, 1, 0, 0, "b");
}

static void
needs_of_a_lane_wait_in_their_turn(void **state)
{
	struct ground *g = *state;

	put(g, "q", "a", "one", NULL);
	put(g, "q", "b", "one", "gpu=1");
	next_for(g, 4, 1, 1, "a");
	next_for(g, 4, 1, 1, NULL);
	contract_settle(g, TQ_SUCCESS, 0);
	next(g, NULL);
	next_for(g, 4, 1, 1, "b");
}

static void
attempt_with_needs_goes_where_they_are(void **state)
{
	struct ground *g = *state;

	put(g, "q", "a", NULL, "gpu=1");
	next_for(g, 4, 1, 1, "a");
	settle(g, &g->c.ref, TQ_RETRY, tq_clock_wall() - TQ_SECOND);
	next(g, NULL);
	next_for(g, 4, 1, 1, "a");
	assert_int_equal(g->c.ref.attempt, 2);
}

/* ---- caps and rates ----------------------------------------------------- */

static void
put_named(struct ground *g, const char *queue, const char *id,
    const char *name)
{
	struct tq_task t;

	tq_task_init(&t);
	t.id = id;
	t.queue = queue;
	t.kind = TQ_KIND_NAMED;
	t.name = name;
	contract_put_task(g, &t);
}

static void
cap_of_a_queue_holds_and_goes(void **state)
{
	struct ground *g = *state;
	struct tq_ref a;

	MUST(g, tq_set(g->tq, "q", "cap", "1", &g->e));
	put(g, "q", "a", NULL, NULL);
	put(g, "q", "b", NULL, NULL);
	put(g, "r", "c", NULL, NULL);
	next(g, "a");
	a = g->c.ref;
	next(g, NULL);
	assert_int_equal(contract_state(g, "b"), TQ_READY);
	assert_string_equal(g->i.why, "cap 1");
	assert_int_equal(contract_claim_now(g, "r"), 1);
	settle(g, &a, TQ_RETRY, FAR);
	next(g, "b");
	put(g, "q", "d", NULL, NULL);
	next(g, NULL);
	MUST(g, tq_set(g->tq, "q", "cap", "0", &g->e));
	next(g, "d");
}

static void
cap_counts_what_runs_already(void **state)
{
	struct ground *g = *state;

	put_named(g, "q", "a", "send");
	put_named(g, "r", "b", "send");
	put_named(g, "q", "c", "other");
	next(g, "a");
	MUST(g, tq_set(g->tq, NULL, "cap.name:send", "1", &g->e));
	assert_int_equal(contract_claim_now(g, "r"), 0);
	assert_int_equal(contract_state(g, "b"), TQ_READY);
	assert_string_equal(g->i.why, "cap 1");
	next(g, "c");
}

static void
cap_of_a_name_lets_others_pass(void **state)
{
	struct ground *g = *state;
	struct tq_ref a;
	char buf[32];

	MUST(g, tq_set(g->tq, NULL, "cap.name:send", "1", &g->e));
	put_named(g, "q", "a", "send");
	put_named(g, "q", "b", "send");
	put_named(g, "q", "c", "other");
	put_named(g, "q", "d", "send");
	next(g, "a");
	a = g->c.ref;
	next(g, "c");
	next(g, NULL);
	settle(g, &a, TQ_SUCCESS, 0);
	next(g, "b");
	next(g, NULL);
	assert_int_equal(tq_get(g->tq, NULL, "cap.name:send", buf,
	    sizeof(buf), &g->e), 1);
	assert_string_equal(buf, "1");
	MUST(g, tq_set(g->tq, NULL, "cap.name:send", "", &g->e));
	next(g, "d");
}

static void
rate_gives_one_more_than_it_says(void **state)
{
	struct ground *g = *state;
	size_t n = 0;

	MUST(g, tq_set(g->tq, "q", "rate", "2/h", &g->e));
	MUST(g, tq_set(g->tq, NULL, "rate.name:send", "1/h", &g->e));
	put_named(g, "r", "a", "send");
	put_named(g, "r", "b", "send");
	put_named(g, "r", "c", "send");
	for (; contract_claim_now(g, "r") == 1; n++)
		contract_settle(g, TQ_SUCCESS, 0);
	assert_int_equal(n, 2);
	assert_int_equal(contract_state(g, "c"), TQ_READY);
	assert_string_equal(g->i.why, "rate 1/h");
	put(g, "q", "d", NULL, NULL);
	put(g, "q", "e", NULL, NULL);
	put(g, "q", "f", NULL, NULL);
	put(g, "q", "g", NULL, NULL);
	for (n = 0; contract_claim_now(g, "q") == 1; n++)
		contract_settle(g, TQ_SUCCESS, 0);
	assert_in_range(n, 1, 3);
	assert_int_equal(contract_state(g, "g"), TQ_READY);
	assert_string_equal(g->i.why, "rate 2/h");
}

static void
start_waits_for_its_rate(void **state)
{
	const struct tq_take take = {
		.queue = { "q" }, .nqueues = 1, .timeout = T_DEADLINE
	};
	struct ground *g = *state;
	tq_time begin = tq_clock_mono();
	size_t i;

	MUST(g, tq_set(g->tq, "q", "rate", "20/s", &g->e));
	for (i = 0; i < 5; i++)
		put(g, "q", NULL, NULL, NULL);
	for (i = 0; i < 5; i++)
		assert_int_equal(tq_claim(g->tq, &take, &g->c, &g->e), 1);
	assert_true(tq_clock_mono() - begin >= 150 * TQ_MS - TQ_MS);
}

const struct contract_test contract_gate[] = {
	CONTRACT_TEST(cap_of_a_queue_holds_and_goes),
	CONTRACT_TEST(cap_counts_what_runs_already),
	CONTRACT_TEST(cap_of_a_name_lets_others_pass),
	CONTRACT_TEST(rate_gives_one_more_than_it_says),
	CONTRACT_TEST(start_waits_for_its_rate),
	CONTRACT_TEST(lane_lets_one_start_and_others_pass),
	CONTRACT_TEST(lane_keeps_the_order_of_its_tasks),
	CONTRACT_TEST(lane_is_kept_between_attempts),
	CONTRACT_TEST(what_is_handed_back_keeps_its_lane_and_place),
	CONTRACT_TEST(lane_goes_over_queues),
	CONTRACT_TEST(who_leaves_a_lane_lets_the_next_in),
	CONTRACT_TEST(what_waits_for_a_lane_is_seen),
	CONTRACT_TEST(needs_wait_for_who_offers_them),
	CONTRACT_TEST(needs_keep_their_place),
	CONTRACT_TEST(what_is_not_free_is_kept_for_the_first),
	CONTRACT_TEST(weight_waits_for_places),
	CONTRACT_TEST(needs_of_a_lane_wait_in_their_turn),
	CONTRACT_TEST(attempt_with_needs_goes_where_they_are),
	{ .name = NULL }
};
