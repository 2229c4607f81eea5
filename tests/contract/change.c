/* Contract: verbs and settings do what they say, seen by another handle. */
#include <errno.h>
#include <string.h>

#include "lib/base/clock.h"
#include "tests/contract/contract.h"

/* ---- verbs on tasks -------------------------------------------------- */

static void
held_task_waits_for_its_release(void **state)
{
	struct ground *g = *state;

	contract_put_text(g, "q", "t", "");
	assert_int_equal(contract_do(g, TQ_DO_HOLD, "t", NULL, 0), 1);
	assert_int_equal(contract_state(g, "t"), TQ_HELD);
	assert_int_equal(contract_claim_now(g, "q"), 0);
	assert_int_equal(contract_do(g, TQ_DO_HOLD, "t", NULL, 0), 0);
	assert_int_equal(contract_do(g, TQ_DO_RELEASE, "t", NULL, 0), 1);
	assert_int_equal(contract_claim_now(g, "q"), 1);
}

static void
task_put_held_waits_for_its_release(void **state)
{
	struct ground *g = *state;
	struct tq_task t;

	contract_task(&t, "t");
	t.flags = TQ_TASK_HOLD;
	contract_put_task(g, &t);
	assert_int_equal(contract_claim_now(g, "q"), 0);
	assert_int_equal(contract_do(g, TQ_DO_RELEASE, "t", NULL, 0), 1);
	assert_int_equal(contract_claim_now(g, "q"), 1);
}

static void
revoked_task_never_runs(void **state)
{
	struct ground *g = *state;

	contract_put_text(g, "q", "t", "");
	assert_int_equal(contract_do(g, TQ_DO_REVOKE, "t", NULL, 0), 1);
	assert_int_equal(contract_state(g, "t"), TQ_REVOKED);
	assert_int_equal(contract_claim_now(g, "q"), 0);
	assert_int_equal(tq_wait(g->tq, &(const char *){ "t" }, 1, 0, 0, NULL,
	    &g->e), 1);
	assert_int_equal(contract_do(g, TQ_DO_REVOKE, "t", NULL, 0), 0);
}

static void
forgotten_task_is_unknown_and_its_id_free(void **state)
{
	struct ground *g = *state;

	contract_put_text(g, "q", "t", "");
	assert_int_equal(contract_do(g, TQ_DO_FORGET, "t", NULL, 0), 0);
	contract_run_one(g, "q", TQ_SUCCESS, 0);
	assert_int_equal(contract_do(g, TQ_DO_FORGET, "t", NULL, 0), 1);
	assert_int_equal(contract_state(g, "t"), TQ_ABSENT);
	contract_put_text(g, "q", "t", "again");
	contract_claim_text(g, "q", "again");
}

static void
failure_is_reopened_with_its_body_and_outcome(void **state)
{
	struct ground *g = *state;
	struct tq_outcome o;

	contract_put_text(g, "q", "t", "body");
	assert_int_equal(contract_claim_now(g, "q"), 1);
	tq_outcome_init(&o, TQ_FAILURE);
	o.out = (struct tq_bytes){ "first", 5 };
	MUST(g, tq_settle(g->tq, &g->c.ref, &o, 0, &g->e));
	assert_int_equal(contract_do(g, TQ_DO_RETRY, "t", NULL, 0), 1);
	assert_int_equal(contract_state(g, "t"), TQ_READY);
	contract_claim_text(g, "q", "body");
	assert_int_equal(g->c.failures, 0);
	contract_settle(g, TQ_SUCCESS, 0);
	contract_stream(g, "t", 1, TQ_STDOUT, "first", 5);
}

static void
success_is_reopened_by_force_only(void **state)
{
	struct ground *g = *state;

	contract_put_text(g, "q", "t", "");
	contract_run_one(g, "q", TQ_SUCCESS, 0);
	assert_int_equal(contract_do(g, TQ_DO_RETRY, "t", NULL, 0), 0);
	assert_int_equal(contract_state(g, "t"), TQ_SUCCESS);
	assert_int_equal(contract_do(g, TQ_DO_RETRY, "t", NULL, TQ_DO_FORCE),
	    1);
	assert_int_equal(contract_claim_now(g, "q"), 1);
}

static void
moved_task_is_in_the_other_queue(void **state)
{
	struct ground *g = *state;

	contract_put_text(g, "q", "t", "");
	assert_int_equal(contract_do(g, TQ_DO_MOVE, "t", "other", 0), 1);
	assert_int_equal(contract_claim_now(g, "q"), 0);
	assert_int_equal(contract_claim_now(g, "other"), 1);
	assert_string_equal(g->c.task.queue, "other");
}

static void
priority_changed_goes_first(void **state)
{
	struct ground *g = *state;

	contract_put_text(g, "q", "a", "a");
	contract_put_text(g, "q", "b", "b");
	assert_int_equal(contract_do(g, TQ_DO_PRI, "b", "9", 0), 1);
	contract_claim_text(g, "q", "b");
	assert_int_equal(g->c.task.pri, 9);
}

static void
unknown_id_is_named(void **state)
{
	static const char *const ids[] = { "known", "unknown" };
	const struct tq_select sel = { .ids = ids, .nids = 2 };
	struct ground *g = *state;

	contract_put_text(g, "q", "known", "");
	MUST_FAIL(g, tq_do(g->tq, TQ_DO_HOLD, &sel, NULL, 0, NULL, &g->e),
	    ENOENT, "unknown");
}

static void
selectors_choose_what_is_changed(void **state)
{
	const struct tq_select red = {
		.label = "red", .states = 1u << TQ_READY
	};
	struct ground *g = *state;
	struct tq_task t;
	uint64_t changed;

	tq_task_init(&t);
	t.queue = "q";
	t.label = "red";
	contract_put_task(g, &t);
	contract_put_task(g, &t);
	contract_put_text(g, "q", "plain", "");
	MUST(g, tq_do(g->tq, TQ_DO_REVOKE, &red, NULL, 0, &changed, &g->e));
	assert_int_equal(changed, 2);
	assert_int_equal(contract_count(g, "q", 1u << TQ_REVOKED), 2);
	assert_int_equal(contract_state(g, "plain"), TQ_READY);
}

static void
changes_are_seen_by_another_handle_and_after_closing(void **state)
{
	struct ground *g = *state;
	struct tq *other = contract_open(g);

	contract_put_text(g, "q", "t", "");
	contract_do(g, TQ_DO_HOLD, "t", NULL, 0);
	contract_do_queue(g, TQ_DO_PAUSE, "q", 0);
	tq_close(g->tq);
	g->tq = other;
	assert_int_equal(contract_state(g, "t"), TQ_HELD);
	contract_do(g, TQ_DO_RELEASE, "t", NULL, 0);
	assert_int_equal(contract_claim_now(g, "q"), 0);
}

/* ---- verbs on queues ------------------------------------------------- */

static void
paused_queue_gives_nothing_until_resumed(void **state)
{
	struct ground *g = *state;

	contract_put_text(g, "q", "t", "");
	assert_int_equal(contract_do_queue(g, TQ_DO_PAUSE, "q", 0), 1);
	assert_int_equal(contract_claim_now(g, "q"), 0);
	contract_put_text(g, "q", "u", "");
	assert_int_equal(contract_do_queue(g, TQ_DO_RESUME, "q", 0), 1);
	assert_int_equal(contract_claim_now(g, "q"), 1);
}

static void
closed_queue_refuses_puts_until_opened(void **state)
{
	struct ground *g = *state;
	struct tq_task t;
	struct tq_id id;

	contract_put_text(g, "q", "t", "");
	assert_int_equal(contract_do_queue(g, TQ_DO_CLOSE, "q", 0), 1);
	tq_task_init(&t);
	t.queue = "q";
	MUST_FAIL(g, tq_put(g->tq, &t, TQ_FOREVER, &id, &g->e), EPERM, "q");
	assert_int_equal(contract_claim_now(g, "q"), 1);
	assert_int_equal(contract_do_queue(g, TQ_DO_OPEN, "q", 0), 1);
	MUST(g, tq_put(g->tq, &t, 0, &id, &g->e));
}

static void
purge_spares_what_has_started(void **state)
{
	struct ground *g = *state;

	contract_put_text(g, "q", "a", "");
	contract_put_text(g, "q", "b", "");
	contract_put_text(g, "q", "c", "");
	contract_do(g, TQ_DO_HOLD, "c", NULL, 0);
	assert_int_equal(contract_claim_now(g, "q"), 1);
	assert_int_equal(contract_do_queue(g, TQ_DO_PURGE, "q", 0), 2);
	assert_int_equal(contract_state(g, "a"), TQ_STARTED);
	assert_int_equal(contract_state(g, "b"), TQ_REVOKED);
	assert_int_equal(contract_state(g, "c"), TQ_REVOKED);
}

static void
queue_with_tasks_is_removed_by_force_only(void **state)
{
	static const char *const q[] = { "q" };
	const struct tq_select sel = { .queues = q, .nqueues = 1 };
	struct ground *g = *state;

	contract_put_text(g, "q", "t", "");
	assert_int_equal(tq_do(g->tq, TQ_DO_RMQ, &sel, NULL, 0, NULL, &g->e),
	    -1);
	assert_int_equal(contract_state(g, "t"), TQ_READY);
	assert_int_equal(contract_do_queue(g, TQ_DO_RMQ, "q", TQ_DO_FORCE),
	    1);
	assert_int_equal(contract_state(g, "t"), TQ_ABSENT);
}

static void
unknown_queue_is_named(void **state)
{
	static const char *const q[] = { "nowhere" };
	const struct tq_select sel = { .queues = q, .nqueues = 1 };
	struct ground *g = *state;

	MUST_FAIL(g, tq_do(g->tq, TQ_DO_RESUME, &sel, NULL, 0, NULL, &g->e),
	    ENOENT, "nowhere");
	MUST_FAIL(g, tq_do(g->tq, TQ_DO_PURGE, &sel, NULL, 0, NULL, &g->e),
	    ENOENT, "nowhere");
}

/* ---- settings -------------------------------------------------------- */

static void
setting_is_told_as_it_was_set(void **state)
{
	struct ground *g = *state;
	char buf[64];

	assert_int_equal(tq_get(g->tq, NULL, "retries", buf, sizeof(buf),
	    &g->e), 0);
	assert_string_equal(buf, "0");
	MUST(g, tq_set(g->tq, NULL, "retries", "3", &g->e));
	assert_int_equal(tq_get(g->tq, NULL, "retries", buf, sizeof(buf),
	    &g->e), 1);
	assert_string_equal(buf, "3");
}

static void
queue_without_a_setting_has_the_brokers(void **state)
{
	struct ground *g = *state;
	char buf[64];

	MUST(g, tq_set(g->tq, NULL, "retries", "3", &g->e));
	contract_put_text(g, "q", "t", "");
	assert_int_equal(tq_get(g->tq, "q", "retries", buf, sizeof(buf),
	    &g->e), 0);
	assert_string_equal(buf, "3");
	MUST(g, tq_set(g->tq, "q", "retries", "5", &g->e));
	assert_int_equal(tq_get(g->tq, "q", "retries", buf, sizeof(buf),
	    &g->e), 1);
	assert_string_equal(buf, "5");
}

static void
wrong_settings_are_quoted(void **state)
{
	struct ground *g = *state;

	MUST_FAIL(g, tq_set(g->tq, NULL, "no-such", "1", &g->e), EINVAL,
	    "no-such");
	MUST_FAIL(g, tq_set(g->tq, NULL, "limit", "many", &g->e), EINVAL,
	    "many");
	MUST_FAIL(g, tq_set(g->tq, "q", "sync", "none", &g->e), EINVAL,
	    "sync");
}

static void
success_is_kept_as_long_as_set(void **state)
{
	struct ground *g = *state;

	contract_put_text(g, "q", "t", "");
	MUST(g, tq_set(g->tq, "q", "keep", "2h", &g->e));
	contract_run_one(g, "q", TQ_SUCCESS, 0);
	contract_state(g, "t");
	assert_int_equal(g->i.until, g->i.end_time + 7200 * TQ_SECOND);
}

static void
task_kept_for_a_moment_is_forgotten(void **state)
{
	struct ground *g = *state;
	struct tq_task t;

	contract_task(&t, "t");
	t.keep = TQ_MS;
	contract_put_task(g, &t);
	contract_run_one(g, "q", TQ_SUCCESS, 0);
	/* whoever claims does what is due */
	T_UNTIL(contract_claim_now(g, "q") == 0 &&
	    contract_state(g, "t") == TQ_ABSENT);
}

/* ---- the broker ------------------------------------------------------ */

static void
no_finding(const char *sentence, void *arg)
{
	(void)arg;
	fail_msg("found: %s", sentence);
}

static void
healthy_broker_has_no_findings(void **state)
{
	const struct tq_select none = { .nids = 0 };
	struct ground *g = *state;

	contract_put_text(g, "q", "t", "");
	contract_run_one(g, "q", TQ_SUCCESS, 0);
	MUST(g, tq_do(g->tq, TQ_DO_FLUSH, &none, NULL, 0, NULL, &g->e));
	MUST(g, tq_do(g->tq, TQ_DO_GC, &none, NULL, 0, NULL, &g->e));
	MUST(g, tq_sync(g->tq, &g->e));
	assert_int_equal(tq_check(g->tq, 0, no_finding, NULL, &g->e), 0);
	assert_int_equal(contract_state(g, "t"), TQ_SUCCESS);
}

const struct contract_test contract_change[] = {
	CONTRACT_TEST(held_task_waits_for_its_release),
	CONTRACT_TEST(task_put_held_waits_for_its_release),
	CONTRACT_TEST(revoked_task_never_runs),
	CONTRACT_TEST(forgotten_task_is_unknown_and_its_id_free),
	CONTRACT_TEST(failure_is_reopened_with_its_body_and_outcome),
	CONTRACT_TEST(success_is_reopened_by_force_only),
	CONTRACT_TEST(moved_task_is_in_the_other_queue),
	CONTRACT_TEST(priority_changed_goes_first),
	CONTRACT_TEST(unknown_id_is_named),
	CONTRACT_TEST(selectors_choose_what_is_changed),
	CONTRACT_TEST(changes_are_seen_by_another_handle_and_after_closing),
	CONTRACT_TEST(paused_queue_gives_nothing_until_resumed),
	CONTRACT_TEST(closed_queue_refuses_puts_until_opened),
	CONTRACT_TEST(purge_spares_what_has_started),
	CONTRACT_TEST(queue_with_tasks_is_removed_by_force_only),
	CONTRACT_TEST(unknown_queue_is_named),
	CONTRACT_TEST(setting_is_told_as_it_was_set),
	CONTRACT_TEST(queue_without_a_setting_has_the_brokers),
	CONTRACT_TEST(wrong_settings_are_quoted),
	CONTRACT_TEST(success_is_kept_as_long_as_set),
	CONTRACT_TEST(task_kept_for_a_moment_is_forgotten),
	CONTRACT_TEST(healthy_broker_has_no_findings),
	{ .name = NULL }
};
