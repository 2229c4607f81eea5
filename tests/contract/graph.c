/* Contract: dependencies, groups, and what follows from an end. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests/contract/contract.h"

/* ---- makings ---------------------------------------------------------- */

static void
put_after(struct ground *g, const char *id, const char *const *after,
    size_t n, enum tq_when when)
{
	struct tq_task t;

	contract_task(&t, id);
	t.after = after;
	t.nafter = n;
	t.when = when;
	contract_put_task(g, &t);
}

#define PUT_AFTER(g, id, when, ...) do {				\
	const char *const after_[] = { __VA_ARGS__ };			\
									\
	put_after(g, id, after_, T_COUNT(after_), when);		\
} while (0)

static void
put(struct ground *g, const char *id)
{
	contract_put_text(g, "q", id, "");
}

static void
put_group(struct ground *g, const char *id, const char *const *members,
    size_t n, const char *callback)
{
	struct tq_task t[16];
	struct tq_id out[16];
	size_t i;

	assert_in_range(n, 0, 14);
	contract_task(&t[0], id)->kind = TQ_KIND_GROUP;
	for (i = 0; i < n; i++)
		contract_task(&t[i + 1], members[i])->group = id;
	if (callback != NULL) {
		contract_task(&t[n + 1], callback)->after = &id;
		t[n + 1].nafter = 1;
		t[n + 1].pipe = id;
		t[n + 1].flags |= TQ_TASK_CHORD;
	}
	MUST(g, tq_put_many(g->tq, t, n + 1 + (callback != NULL), 0, out,
	    &g->e));
}

/* A group G of m2 and of a group H, which has m1. */
static void
put_nested(struct ground *g)
{
	struct tq_task t[4];
	struct tq_id out[4];

	contract_task(&t[0], "G")->kind = TQ_KIND_GROUP;
	contract_task(&t[1], "H")->kind = TQ_KIND_GROUP;
	t[1].group = "G";
	contract_task(&t[2], "m1")->group = "H";
	contract_task(&t[3], "m2")->group = "G";
	MUST(g, tq_put_many(g->tq, t, 4, 0, out, &g->e));
}

/* ---- dependencies ------------------------------------------------------- */

static void
task_waits_for_what_it_is_after(void **state)
{
	struct ground *g = *state;

	put(g, "a");
	PUT_AFTER(g, "b", TQ_WHEN_OK, "a");
	assert_int_equal(contract_state(g, "b"), TQ_BLOCKED);
	assert_string_equal(g->i.why, "after a");
	assert_int_equal(g->i.task.nafter, 1);
	assert_string_equal(g->i.task.after[0], "a");
	contract_run_next(g, "a", TQ_SUCCESS);
	assert_int_equal(contract_state(g, "b"), TQ_READY);
	contract_run_next(g, "b", TQ_SUCCESS);
}

static void
task_after_one_that_succeeded_is_ready(void **state)
{
	struct ground *g = *state;

	put(g, "a");
	contract_run_next(g, "a", TQ_SUCCESS);
	PUT_AFTER(g, "b", TQ_WHEN_OK, "a");
	contract_run_next(g, "b", TQ_SUCCESS);
}

static void
failure_ends_all_that_comes_after(void **state)
{
	struct ground *g = *state;

	put(g, "a");
	PUT_AFTER(g, "b", TQ_WHEN_OK, "a");
	PUT_AFTER(g, "c", TQ_WHEN_OK, "b");
	contract_run_next(g, "a", TQ_FAILURE);
	contract_ended(g, "b", TQ_FAILURE, "dependency a failed");
	contract_ended(g, "c", TQ_FAILURE, "dependency b failed");
	PUT_AFTER(g, "d", TQ_WHEN_OK, "a");
	contract_ended(g, "d", TQ_FAILURE, "dependency a failed");
}

static void
all_of_several_must_succeed(void **state)
{
	struct ground *g = *state;

	put(g, "a");
	put(g, "b");
	PUT_AFTER(g, "c", TQ_WHEN_OK, "a", "b");
	contract_run_next(g, "a", TQ_SUCCESS);
	assert_int_equal(contract_state(g, "c"), TQ_BLOCKED);
	assert_string_equal(g->i.why, "after b");
	contract_run_next(g, "b", TQ_SUCCESS);
	contract_run_next(g, "c", TQ_SUCCESS);
}

static void
first_failure_of_several_is_enough(void **state)
{
	struct ground *g = *state;

	put(g, "a");
	put(g, "b");
	PUT_AFTER(g, "c", TQ_WHEN_OK, "a", "b");
	contract_run_next(g, "a", TQ_FAILURE);
	contract_ended(g, "c", TQ_FAILURE, "dependency a failed");
	contract_run_next(g, "b", TQ_SUCCESS);
	contract_idle(g);
}

static void
any_end_is_enough_for_any(void **state)
{
	struct ground *g = *state;

	put(g, "a");
	put(g, "b");
	PUT_AFTER(g, "c", TQ_WHEN_ANY, "a", "b");
	contract_run_next(g, "a", TQ_FAILURE);
	assert_int_equal(contract_state(g, "c"), TQ_BLOCKED);
	contract_run_next(g, "b", TQ_SUCCESS);
	contract_run_next(g, "c", TQ_SUCCESS);
}

static void
fail_runs_on_failure_and_is_not_needed_otherwise(void **state)
{
	struct ground *g = *state;

	put(g, "a");
	put(g, "b");
	PUT_AFTER(g, "c", TQ_WHEN_FAIL, "a", "b");
	contract_run_next(g, "a", TQ_FAILURE);
	assert_int_equal(contract_state(g, "c"), TQ_BLOCKED);
	contract_run_next(g, "b", TQ_SUCCESS);
	contract_run_next(g, "c", TQ_SUCCESS);

	put(g, "d");
	PUT_AFTER(g, "e", TQ_WHEN_FAIL, "d");
	contract_run_next(g, "d", TQ_SUCCESS);
	contract_ended(g, "e", TQ_REVOKED, "not needed");
}

static void
unknown_dependency_puts_nothing(void **state)
{
	struct ground *g = *state;
	const char *const after[] = { "nobody" };
	struct tq_task t[2];
	struct tq_id out[2];

	contract_task(&t[0], "a");
	contract_task(&t[1], "b");
	t[1].after = after;
	t[1].nafter = 1;
	MUST_FAIL(g, tq_put_many(g->tq, t, 2, 0, out, &g->e), ENOENT,
	    "nobody: no such task");
	assert_int_equal(contract_count(g, "q", 0), 0);
}

/* In one call what is waited for comes first: a circle cannot be said. */
static void
task_cannot_wait_for_a_later_one(void **state)
{
	struct ground *g = *state;
	const char *const a[] = { "a" }, *const b[] = { "b" };
	struct tq_task t[2];
	struct tq_id out[2];

	contract_task(&t[0], "a")->after = b;
	contract_task(&t[1], "b")->after = a;
	t[0].nafter = t[1].nafter = 1;
	MUST_FAIL(g, tq_put_many(g->tq, t, 2, 0, out, &g->e), ENOENT,
	    "b: no such task");
	contract_task(&t[0], "c")->after = &t[0].id;
	t[0].nafter = 1;
	MUST_FAIL(g, tq_put(g->tq, t, 0, out, &g->e), ENOENT,
	    "c: no such task");
}

static void
retry_takes_back_what_the_failure_ended(void **state)
{
	struct ground *g = *state;

	put(g, "a");
	PUT_AFTER(g, "b", TQ_WHEN_OK, "a");
	PUT_AFTER(g, "c", TQ_WHEN_OK, "b");
	PUT_AFTER(g, "d", TQ_WHEN_OK, "a");
	contract_do(g, TQ_DO_REVOKE, "d", NULL, 0);
	contract_run_next(g, "a", TQ_FAILURE);
	assert_int_equal(contract_state(g, "c"), TQ_FAILURE);
	assert_int_equal(contract_do(g, TQ_DO_RETRY, "a", NULL, 0), 1);
	assert_int_equal(contract_state(g, "b"), TQ_BLOCKED);
	assert_int_equal(contract_state(g, "c"), TQ_BLOCKED);
	contract_ended(g, "d", TQ_REVOKED, "revoked");	/* not by the failure */
	contract_run_next(g, "a", TQ_SUCCESS);
	contract_run_next(g, "b", TQ_SUCCESS);
	contract_run_next(g, "c", TQ_SUCCESS);
}

static void
revoked_and_expired_are_failures_to_who_waits(void **state)
{
	struct ground *g = *state;

	put(g, "a");
	PUT_AFTER(g, "b", TQ_WHEN_OK, "a");
	PUT_AFTER(g, "c", TQ_WHEN_FAIL, "a");
	contract_do(g, TQ_DO_REVOKE, "a", NULL, 0);
	contract_ended(g, "b", TQ_FAILURE, "dependency a failed");
	contract_run_next(g, "c", TQ_SUCCESS);
}

static void
held_task_is_released_to_wait(void **state)
{
	struct ground *g = *state;
	const char *const after[] = { "a" };
	struct tq_task t;

	put(g, "a");
	contract_task(&t, "b")->after = after;
	t.nafter = 1;
	t.flags = TQ_TASK_HOLD;
	contract_put_task(g, &t);
	assert_int_equal(contract_state(g, "b"), TQ_HELD);
	contract_do(g, TQ_DO_RELEASE, "b", NULL, 0);
	assert_int_equal(contract_state(g, "b"), TQ_BLOCKED);
	contract_run_next(g, "a", TQ_SUCCESS);
	contract_do(g, TQ_DO_HOLD, "b", NULL, 0);
	contract_idle(g);
	contract_do(g, TQ_DO_RELEASE, "b", NULL, 0);
	contract_run_next(g, "b", TQ_SUCCESS);
}

/* What somebody waits for is kept, however many ends came after. */
static void
outcome_is_known_while_somebody_waits(void **state)
{
	struct ground *g = *state;

	MUST(g, tq_set(g->tq, NULL, "keep-outcome", "1", &g->e));
	put(g, "a");
	put(g, "x");
	PUT_AFTER(g, "b", TQ_WHEN_OK, "a", "x");
	contract_run_next(g, "a", TQ_SUCCESS);
	contract_do(g, TQ_DO_HOLD, "x", NULL, 0);
	put(g, "1");
	put(g, "2");
	put(g, "3");
	contract_run_next(g, "1", TQ_SUCCESS);
	contract_run_next(g, "2", TQ_SUCCESS);
	contract_run_next(g, "3", TQ_SUCCESS);
	assert_int_equal(tq_stat(g->tq, "1", 0, &g->i, &g->e), 0);
	assert_int_equal(contract_state(g, "a"), TQ_SUCCESS);
	assert_int_equal(contract_do(g, TQ_DO_FORGET, "a", NULL, 0), 0);
	contract_do(g, TQ_DO_RELEASE, "x", NULL, 0);
	contract_run_next(g, "x", TQ_SUCCESS);
	contract_run_next(g, "b", TQ_SUCCESS);
	put(g, "4");
	contract_run_next(g, "4", TQ_SUCCESS);
	assert_int_equal(tq_stat(g->tq, "a", 0, &g->i, &g->e), 0);
}

/* ---- groups ------------------------------------------------------------- */

static const char *const three[] = { "m1", "m2", "m3" };

static void
group_ends_with_its_last_member(void **state)
{
	struct ground *g = *state;

	put_group(g, "G", three, 3, NULL);
	PUT_AFTER(g, "z", TQ_WHEN_OK, "G");
	assert_int_equal(contract_state(g, "G"), TQ_BLOCKED);
	contract_run_next(g, "m1", TQ_SUCCESS);
	contract_run_next(g, "m2", TQ_SUCCESS);
	assert_int_equal(contract_state(g, "G"), TQ_BLOCKED);
	contract_run_next(g, "m3", TQ_SUCCESS);
	assert_int_equal(contract_state(g, "G"), TQ_SUCCESS);
	contract_run_next(g, "z", TQ_SUCCESS);
}

static void
group_fails_when_all_have_ended_and_names_one(void **state)
{
	struct ground *g = *state;

	put_group(g, "G", three, 3, "cb");
	contract_run_next(g, "m1", TQ_SUCCESS);
	contract_run_next(g, "m2", TQ_FAILURE);
	assert_int_equal(contract_state(g, "G"), TQ_BLOCKED);
	contract_run_next(g, "m3", TQ_SUCCESS);
	contract_ended(g, "G", TQ_FAILURE, "member m2 failed");
	contract_ended(g, "cb", TQ_FAILURE, "dependency m2 failed");
	/* and is undone by the member alone */
	assert_int_equal(contract_do(g, TQ_DO_RETRY, "m2", NULL, 0), 1);
	assert_int_equal(contract_state(g, "G"), TQ_BLOCKED);
	assert_int_equal(contract_state(g, "cb"), TQ_BLOCKED);
	contract_run_next(g, "m2", TQ_SUCCESS);
	assert_int_equal(contract_state(g, "G"), TQ_SUCCESS);
	contract_run_next(g, "cb", TQ_SUCCESS);
}

static void
empty_group_is_a_success(void **state)
{
	struct ground *g = *state;

	put_group(g, "G", NULL, 0, "cb");
	assert_int_equal(contract_state(g, "G"), TQ_SUCCESS);
	contract_run_next(g, "cb", TQ_SUCCESS);
}

static void
revoked_group_takes_its_members(void **state)
{
	struct ground *g = *state;

	put_group(g, "G", three, 3, "cb");
	contract_run_next(g, "m1", TQ_SUCCESS);
	contract_do(g, TQ_DO_REVOKE, "G", NULL, 0);
	contract_ended(g, "m2", TQ_REVOKED, "revoked");
	assert_int_equal(contract_state(g, "m1"), TQ_SUCCESS);
	contract_ended(g, "cb", TQ_FAILURE, "dependency G failed");
	contract_idle(g);
}

/* Nested members are kept by the group, and go with it. */
static void
forgotten_group_takes_its_members(void **state)
{
	struct ground *g = *state;

	put_nested(g);
	contract_run_next(g, "m1", TQ_SUCCESS);
	contract_run_next(g, "m2", TQ_SUCCESS);
	assert_int_equal(contract_do(g, TQ_DO_FORGET, "m1", NULL, 0), 0);
	assert_int_equal(contract_do(g, TQ_DO_FORGET, "G", NULL, 0), 4);
	assert_int_equal(contract_count(g, "q", 0), 0);
}

/* What is kept only for others goes when they do, in whatever order. */
static void
all_are_forgotten_at_once(void **state)
{
	struct ground *g = *state;

	put_group(g, "G", three, 3, "cb");
	contract_run_next(g, "m1", TQ_SUCCESS);
	contract_run_next(g, "m2", TQ_SUCCESS);
	contract_run_next(g, "m3", TQ_SUCCESS);
	contract_run_next(g, "cb", TQ_SUCCESS);
	assert_int_equal(contract_do_queue(g, TQ_DO_FORGET, "q", 0), 5);
	assert_int_equal(contract_count(g, "q", 0), 0);
}

static void
retried_group_runs_what_failed_of_it(void **state)
{
	struct ground *g = *state;

	put_group(g, "G", three, 3, "cb");
	contract_run_next(g, "m1", TQ_SUCCESS);
	contract_run_next(g, "m2", TQ_FAILURE);
	contract_run_next(g, "m3", TQ_FAILURE);
	assert_int_equal(contract_state(g, "cb"), TQ_FAILURE);
	assert_int_equal(contract_do(g, TQ_DO_RETRY, "G", NULL, 0), 3);
	contract_run_next(g, "m2", TQ_SUCCESS);
	assert_int_equal(contract_state(g, "G"), TQ_BLOCKED);
	contract_run_next(g, "m3", TQ_SUCCESS);
	contract_run_next(g, "cb", TQ_SUCCESS);
}

/* ---- output into input -------------------------------------------------- */

static void
pipe_makes_output_the_input(void **state)
{
	struct ground *g = *state;
	struct tq_task t;

	put(g, "a");
	contract_task(&t, "b")->pipe = "a";
	contract_put_task(g, &t);
	assert_int_equal(contract_state(g, "b"), TQ_BLOCKED);
	contract_end(g, "a", TQ_SUCCESS, "one\ntwo", 0);
	contract_claim_body(g, "b", "one\ntwo");
	/* again for the next attempt */
	contract_settle(g, TQ_READY, -1);
	contract_claim_body(g, "b", "one\ntwo");
}

/* Long enough to be a file of the spool. */
static void
pipe_takes_output_of_any_size(void **state)
{
	struct ground *g = *state;
	static char text[100000], buf[sizeof(text)];
	struct tq_task t;

	memset(text, 'x', sizeof(text) - 1);
	put(g, "a");
	contract_task(&t, "b")->pipe = "a";
	contract_put_task(g, &t);
	contract_end(g, "a", TQ_SUCCESS, text, 0);
	assert_int_equal(contract_claim_now(g, "q"), 1);
	assert_true(g->c.task.body_fd >= 0);
	assert_int_equal(pread(g->c.task.body_fd, buf, sizeof(buf), 0),
	    sizeof(text) - 1);
	assert_memory_equal(buf, text, sizeof(text) - 1);
}

static void
pipe_of_a_failure_never_runs(void **state)
{
	struct ground *g = *state;
	struct tq_task t;

	put(g, "a");
	contract_task(&t, "b")->pipe = "a";
	t.when = TQ_WHEN_ANY;
	contract_put_task(g, &t);
	contract_run_next(g, "a", TQ_FAILURE);
	contract_ended(g, "b", TQ_FAILURE, "dependency a failed");
}

static void
pipe_of_a_group_is_in_the_order_of_its_members(void **state)
{
	struct ground *g = *state;
	struct tq_task t;

	put_group(g, "G", three, 3, NULL);
	contract_task(&t, "b")->pipe = "G";
	contract_put_task(g, &t);
	/* they end in another order */
	contract_do(g, TQ_DO_HOLD, "m1", NULL, 0);
	contract_end(g, "m2", TQ_SUCCESS, "2\n", 0);
	contract_do(g, TQ_DO_RELEASE, "m1", NULL, 0);
	contract_end(g, "m3", TQ_SUCCESS, "3\n", 0);
	contract_end(g, "m1", TQ_SUCCESS, "1\n", 0);
	contract_claim_body(g, "b", "1\n2\n3\n");
}

static void
open_group_waits_for_its_seal(void **state)
{
	struct ground *g = *state;
	struct tq_task t;

	contract_task(&t, "G")->kind = TQ_KIND_GROUP;
	t.flags = TQ_TASK_OPEN;
	contract_put_task(g, &t);
	contract_task(&t, "m1")->group = "G";
	contract_put_task(g, &t);
	contract_run_next(g, "m1", TQ_SUCCESS);
	assert_int_equal(contract_state(g, "G"), TQ_BLOCKED);
	contract_task(&t, "m2")->group = "G";
	contract_put_task(g, &t);
	assert_int_equal(contract_do(g, TQ_DO_SEAL, "G", NULL, 0), 1);
	contract_task(&t, "m3")->group = "G";
	MUST_FAIL(g, tq_put(g->tq, &t, 0, &(struct tq_id){ "" }, &g->e),
	    EINVAL, "G: the group is complete");
	contract_run_next(g, "m2", TQ_SUCCESS);
	assert_int_equal(contract_state(g, "G"), TQ_SUCCESS);
}

static void
open_group_ends_with_who_was_to_fill_it(void **state)
{
	struct ground *g = *state;
	struct tq *other = contract_open(g);
	struct tq_task t;
	struct tq_id id;

	contract_task(&t, "G")->kind = TQ_KIND_GROUP;
	t.flags = TQ_TASK_OPEN;
	MUST(g, tq_put(other, &t, 0, &id, &g->e));
	contract_task(&t, "m1")->group = "G";
	MUST(g, tq_put(other, &t, 0, &id, &g->e));
	tq_close(other);
	contract_ended(g, "G", TQ_FAILURE, "not all of its members were put");
	contract_ended(g, "m1", TQ_REVOKED, "group G ended");
}

/* A member that waits for its own group would wait for ever. */
static void
member_cannot_wait_for_its_group(void **state)
{
	struct ground *g = *state;
	const char *const on_g[] = { "G" }, *const on_x[] = { "x" };
	struct tq_task t[3];
	struct tq_id out[3];

	contract_task(&t[0], "G")->kind = TQ_KIND_GROUP;
	contract_task(&t[1], "x")->after = on_g;
	t[1].nafter = 1;
	contract_task(&t[2], "m")->group = "G";
	t[2].after = on_x;
	t[2].nafter = 1;
	MUST_FAIL(g, tq_put_many(g->tq, t, 3, 0, out, &g->e), EINVAL,
	    "x: waits for the group");
	t[2].after = on_g;
	MUST_FAIL(g, tq_put_many(g->tq, t, 3, 0, out, &g->e), EINVAL,
	    "G: waits for the group");
	assert_int_equal(contract_count(g, "q", 0), 0);
	/* the same with one that is open */
	t[0].flags = TQ_TASK_OPEN;
	MUST(g, tq_put_many(g->tq, t, 2, 0, out, &g->e));
	t[2].after = on_x;
	MUST_FAIL(g, tq_put(g->tq, &t[2], 0, out, &g->e), EINVAL, "x: waits");
}

static void
group_may_be_a_member_of_another(void **state)
{
	struct ground *g = *state;

	put_nested(g);
	contract_run_next(g, "m1", TQ_FAILURE);
	contract_ended(g, "H", TQ_FAILURE, "member m1 failed");
	contract_run_next(g, "m2", TQ_SUCCESS);
	contract_ended(g, "G", TQ_FAILURE, "member m1 failed");
}

const struct contract_test contract_graph[] = {
	CONTRACT_TEST(task_waits_for_what_it_is_after),
	CONTRACT_TEST(task_after_one_that_succeeded_is_ready),
	CONTRACT_TEST(failure_ends_all_that_comes_after),
	CONTRACT_TEST(all_of_several_must_succeed),
	CONTRACT_TEST(first_failure_of_several_is_enough),
	CONTRACT_TEST(any_end_is_enough_for_any),
	CONTRACT_TEST(fail_runs_on_failure_and_is_not_needed_otherwise),
	CONTRACT_TEST(unknown_dependency_puts_nothing),
	CONTRACT_TEST(task_cannot_wait_for_a_later_one),
	CONTRACT_TEST(retry_takes_back_what_the_failure_ended),
	CONTRACT_TEST(revoked_and_expired_are_failures_to_who_waits),
	CONTRACT_TEST(held_task_is_released_to_wait),
	CONTRACT_TEST(outcome_is_known_while_somebody_waits),
	CONTRACT_TEST(group_ends_with_its_last_member),
	CONTRACT_TEST(group_fails_when_all_have_ended_and_names_one),
	CONTRACT_TEST(empty_group_is_a_success),
	CONTRACT_TEST(revoked_group_takes_its_members),
	CONTRACT_TEST(forgotten_group_takes_its_members),
	CONTRACT_TEST(all_are_forgotten_at_once),
	CONTRACT_TEST(retried_group_runs_what_failed_of_it),
	CONTRACT_TEST(pipe_makes_output_the_input),
	CONTRACT_TEST(pipe_takes_output_of_any_size),
	CONTRACT_TEST(pipe_of_a_failure_never_runs),
	CONTRACT_TEST(pipe_of_a_group_is_in_the_order_of_its_members),
	CONTRACT_TEST(open_group_waits_for_its_seal),
	CONTRACT_TEST(open_group_ends_with_who_was_to_fill_it),
	CONTRACT_TEST(member_cannot_wait_for_its_group),
	CONTRACT_TEST(group_may_be_a_member_of_another),
	{ .name = NULL },
};
