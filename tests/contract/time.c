/* Contract: leases, delays, retries and expiry go by the clock. */
#include <sys/syscall.h>

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "tests/contract/contract.h"

static const struct tq_take q_now = { .queue = { "q" }, .nqueues = 1 };

/* ---- leases ---------------------------------------------------------- */

/* Claim from q for a time. */
static int
claim_leased(struct ground *g, struct tq_claim *c, tq_time lease)
{
	struct tq_take take = q_now;
	int rv;

	take.lease = lease;
	MUST(g, rv = tq_claim(g->tq, &take, c, &g->e));
	return rv;
}

static void
lease_that_passed_fences_its_holder(void **state)
{
	struct ground *g = *state;
	struct tq_outcome o;
	struct tq_ref old;

	contract_put_text(g, "q", "t", "");
	assert_int_equal(claim_leased(g, &g->c, 20 * TQ_MS), 1);
	old = g->c.ref;
	T_UNTIL(claim_leased(g, &g->c, 60 * TQ_SECOND) == 1);
	assert_string_equal(g->c.ref.id.s, "t");
	assert_int_equal(g->c.ref.attempt, 2);
	tq_outcome_init(&o, TQ_FAILURE);
	MUST_FAIL(g, tq_settle(g->tq, &old, &o, 0, &g->e), ESTALE, "t");
	MUST_FAIL(g, tq_renew(g->tq, &old, TQ_SECOND, &g->e), ESTALE, "t");
	assert_int_equal(contract_state(g, "t"), TQ_STARTED);
	contract_settle(g, TQ_SUCCESS, 0);
	assert_int_equal(contract_state(g, "t"), TQ_SUCCESS);
}

static void
lease_outlives_its_handle_and_needs_no_hint(void **state)
{
	struct tq_take take = q_now;
	struct ground *g = *state;
	struct tq *other = contract_open(g);
	struct tq_outcome o;
	struct tq_ref ref;

	contract_put_text(g, "q", "t", "");
	take.lease = 60 * TQ_SECOND;
	MUST(g, tq_claim(other, &take, &g->c, &g->e));
	tq_close(other);
	MUST(g, tq_worker_sweep(g->tq, &g->e));
	assert_int_equal(contract_state(g, "t"), TQ_STARTED);
	MUST(g, tq_ref_parse(&ref, "t/1", &g->e));
	tq_outcome_init(&o, TQ_SUCCESS);
	MUST(g, tq_settle(g->tq, &ref, &o, TQ_SETTLE_SYNC, &g->e));
	assert_int_equal(contract_state(g, "t"), TQ_SUCCESS);
}

static void
renewed_lease_lasts_longer(void **state)
{
	struct ground *g = *state;
	struct tq_claim c;

	tq_claim_init(&c);
	contract_put_text(g, "q", "long", "");
	contract_put_text(g, "q", "short", "");
	assert_int_equal(claim_leased(g, &g->c, 500 * TQ_MS), 1);
	MUST(g, tq_renew(g->tq, &g->c.ref, 60 * TQ_SECOND, &g->e));
	assert_int_equal(claim_leased(g, &c, 500 * TQ_MS), 1);
	/* both leases began the same way: one has passed, one has not */
	T_UNTIL(claim_leased(g, &c, 60 * TQ_SECOND) == 1);
	assert_string_equal(c.ref.id.s, "short");
	assert_int_equal(contract_state(g, "long"), TQ_STARTED);
	assert_int_equal(g->i.attempt, 1);
	tq_claim_fini(&c);
}

/* ---- time ------------------------------------------------------------ */

static void
delayed_task_is_claimed_at_its_time_and_not_before(void **state)
{
	const struct tq_take take = {
		.queue = { "q" }, .nqueues = 1, .timeout = T_DEADLINE
	};
	struct ground *g = *state;
	struct tq_task t;

	contract_task(&t, "t");
	t.eta = tq_clock_wall() + 500 * TQ_MS;
	t.eta -= t.eta % 1000;		/* every broker keeps microseconds */
	contract_put_task(g, &t);
	assert_int_equal(contract_state(g, "t"), TQ_DELAYED);
	assert_int_equal(g->i.eta, t.eta);
	assert_int_equal(contract_claim_now(g, "q"), 0);
	assert_int_equal(tq_claim(g->tq, &take, &g->c, &g->e), 1);
	assert_true(tq_clock_wall() >= t.eta);
	assert_int_equal(g->c.task.eta, t.eta);
}

static void
expired_task_is_not_started(void **state)
{
	struct ground *g = *state;
	struct tq_task t;

	contract_task(&t, "t");
	t.expires = tq_clock_wall() + 10 * TQ_MS;
	contract_put_task(g, &t);
	T_UNTIL(tq_clock_wall() > t.expires);
	assert_int_equal(contract_claim_now(g, "q"), 0);
	assert_int_equal(contract_state(g, "t"), TQ_EXPIRED);
	assert_string_equal(g->i.why, "expired");
	assert_int_equal(g->i.attempt, 0);
}

/* Claim t from q and let it be tried again in so long; when that is. */
static tq_time
try_again(struct ground *g, tq_time length, unsigned flags)
{
	struct tq_outcome o;

	T_UNTIL(contract_claim_now(g, "q") == 1);
	tq_outcome_init(&o, TQ_RETRY);
	o.flags = flags;
	o.status = 9;
	o.when = tq_clock_wall() + length;
	MUST(g, tq_settle(g->tq, &g->c.ref, &o, 0, &g->e));
	return o.when;
}

static void
retry_waits_for_its_time_and_counts(void **state)
{
	struct ground *g = *state;
	tq_time when;

	contract_put_text(g, "q", "t", "");
	when = try_again(g, 500 * TQ_MS, 0);
	assert_int_equal(contract_state(g, "t"), TQ_RETRY);
	assert_int_equal(g->i.eta, when);
	assert_int_equal(g->i.failures, 1);
	assert_int_equal(g->i.end.status, 9);
	T_UNTIL(contract_claim_now(g, "q") == 1);
	assert_true(tq_clock_wall() >= when);
	assert_int_equal(g->c.ref.attempt, 2);
	assert_int_equal(g->c.failures, 1);
	assert_int_equal(g->c.laters, 0);
}

static void
try_later_is_no_failed_attempt(void **state)
{
	struct ground *g = *state;

	contract_put_text(g, "q", "t", "");
	try_again(g, 40 * TQ_MS, TQ_OUTCOME_LATER);
	try_again(g, 40 * TQ_MS, TQ_OUTCOME_LATER);
	T_UNTIL(contract_claim_now(g, "q") == 1);
	assert_int_equal(g->c.laters, 2);
	assert_int_equal(g->c.failures, 0);
}

static void
claim_tells_the_retries_of_the_queue(void **state)
{
	struct ground *g = *state;

	MUST(g, tq_set(g->tq, "q", "retries", "4", &g->e));
	contract_put_text(g, "q", "t", "");
	assert_int_equal(contract_claim_now(g, "q"), 1);
	assert_int_equal(g->c.task.retries, 4);
}

/* A thread that claims, and waits for it. */
struct waiter {
	struct tq	*tq;
	struct tq_claim	 c;
	struct tq_err	 e;
	_Atomic pid_t	 tid;
	int		 rv;
};

static void *
claim_elsewhere(void *arg)
{
	static const struct tq_take take = {
		.queue = { "q" }, .nqueues = 1, .timeout = T_DEADLINE
	};
	struct waiter *w = arg;

	w->tid = (pid_t)syscall(SYS_gettid);
	w->rv = tq_claim(w->tq, &take, &w->c, &w->e);
	return NULL;
}

static void
waiting_claim_gets_what_is_put_meanwhile(void **state)
{
	struct ground *g = *state;
	struct waiter w = { .tq = contract_open(g) };
	pthread_t thread;
	struct tq_task t;
	struct tq_id id;

	tq_claim_init(&w.c);
	assert_int_equal(pthread_create(&thread, NULL, claim_elsewhere, &w),
	    0);
	T_UNTIL(w.tid != 0);
	t_until_asleep(w.tid);
	tq_task_init(&t);
	t.queue = "q";
	MUST(g, tq_put(g->tq, &t, 0, &id, &g->e));
	pthread_join(thread, NULL);
	assert_int_equal(w.rv, 1);
	assert_string_equal(w.c.ref.id.s, id.s);
	tq_claim_fini(&w.c);
	tq_close(w.tq);
}

static void
claim_waits_as_long_as_asked(void **state)
{
	struct tq_take take = q_now;
	struct ground *g = *state;
	tq_time begin = tq_clock_mono();

	take.timeout = 30 * TQ_MS;
	assert_int_equal(tq_claim(g->tq, &take, &g->c, &g->e), 0);
	assert_true(tq_clock_mono() - begin >= 30 * TQ_MS);
}

const struct contract_test contract_time[] = {
	CONTRACT_TEST(lease_that_passed_fences_its_holder),
	CONTRACT_TEST(lease_outlives_its_handle_and_needs_no_hint),
	CONTRACT_TEST(renewed_lease_lasts_longer),
	CONTRACT_TEST(delayed_task_is_claimed_at_its_time_and_not_before),
	CONTRACT_TEST(expired_task_is_not_started),
	CONTRACT_TEST(retry_waits_for_its_time_and_counts),
	CONTRACT_TEST(try_later_is_no_failed_attempt),
	CONTRACT_TEST(claim_tells_the_retries_of_the_queue),
	CONTRACT_TEST(waiting_claim_gets_what_is_put_meanwhile),
	CONTRACT_TEST(claim_waits_as_long_as_asked),
	{ .name = NULL }
};
