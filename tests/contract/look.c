/* Contract: what is asked for is found, and why it does not run is said. */
#include <bsd/string.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "tests/contract/contract.h"

static void
unknown_id_is_0(void **state)
{
	struct ground *g = *state;

	assert_int_equal(tq_stat(g->tq, "nobody", 0, &g->i, &g->e), 0);
	assert_int_equal(tq_stat(g->tq, "nobody", TQ_FIND_TAIL, &g->i,
	    &g->e), 0);
	assert_int_equal(tq_stat(g->tq, "abcdabcd", TQ_FIND_TAIL, &g->i,
	    &g->e), 0);
}

static const char twin_a[] = "01900000-0000-7000-8000-00000000abcd";
static const char twin_b[] = "01900000-0000-7000-9000-00000000abcd";

static void
tail_finds_its_task(void **state)
{
	struct ground *g = *state;

	contract_put_text(g, "q", twin_a, "");
	assert_int_equal(tq_stat(g->tq, "abcd", TQ_FIND_TAIL, &g->i, &g->e),
	    1);
	assert_string_equal(g->i.id.s, twin_a);
	assert_int_equal(tq_stat(g->tq, twin_a, TQ_FIND_TAIL, &g->i, &g->e),
	    1);
	assert_int_equal(tq_stat(g->tq, "abcd", 0, &g->i, &g->e), 0);
	assert_int_equal(tq_stat(g->tq, "abce", TQ_FIND_TAIL, &g->i, &g->e),
	    0);
}

static void
ambiguous_tail_names_two(void **state)
{
	struct ground *g = *state;

	contract_put_text(g, "q", twin_a, "");
	contract_put_text(g, "q", twin_b, "");
	MUST_FAIL(g, tq_stat(g->tq, "abcd", TQ_FIND_TAIL, &g->i, &g->e),
	    EINVAL, twin_a);
	contract_failed(g, EINVAL, twin_b);
	assert_int_equal(tq_stat(g->tq, "9000-00000000abcd", TQ_FIND_TAIL,
	    &g->i, &g->e), 1);
	assert_string_equal(g->i.id.s, twin_b);
}

/* ---- listings -------------------------------------------------------- */

struct seen {
	char	 ids[256];		/* "a b c " */
	int	 stop_at;		/* return 7 at this one, from 1 */
	int	 n;
};

static int
see(const struct tq_info *i, void *arg)
{
	struct seen *s = arg;

	(void)strlcat(s->ids, i->id.s, sizeof(s->ids));
	(void)strlcat(s->ids, " ", sizeof(s->ids));
	return ++s->n == s->stop_at ? 7 : 0;
}

/* The listing of a selection is these ids. */
static void
lists(struct ground *g, const struct tq_select *sel, const char *want)
{
	struct seen s = { .n = 0 };

	MUST(g, tq_list(g->tq, sel, see, &s, &g->e));
	assert_string_equal(s.ids, want);
}

static void
put_labelled(struct ground *g, const char *queue, const char *id,
    const char *label)
{
	struct tq_task t;

	tq_task_init(&t);
	t.queue = queue;
	t.id = id;
	t.label = label;
	contract_put_task(g, &t);
}

/* Four tasks: a and c in p, b and d in q; c has ended; b and c are "red". */
static void
put_four(struct ground *g)
{
	put_labelled(g, "p", "c", "red");
	contract_run_one(g, "p", TQ_SUCCESS, 0);
	put_labelled(g, "p", "a", NULL);
	put_labelled(g, "q", "d", "redder");
	put_labelled(g, "q", "b", "red");
}

static void
list_of_everything_is_in_order_of_put(void **state)
{
	const struct tq_select all = { .nids = 0 };

	put_four(*state);
	lists(*state, &all, "c a d b ");
}

static void
list_by_queue_state_and_label(void **state)
{
	static const char *const p[] = { "p" }, *const both[] = { "p", "q" };
	const struct tq_select by_queue = { .queues = p, .nqueues = 1 };
	const struct tq_select by_state = { .states = 1u << TQ_READY };
	const struct tq_select by_label = { .label = "red" };
	const struct tq_select by_all = {
		.queues = both, .nqueues = 2, .label = "red",
		.states = 1u << TQ_READY | 1u << TQ_STARTED
	};
	const struct tq_select by_key = { .key = "k" };

	put_four(*state);
	lists(*state, &by_queue, "c a ");
	lists(*state, &by_state, "a d b ");
	lists(*state, &by_label, "c b ");
	lists(*state, &by_all, "b ");
	lists(*state, &by_key, "");
}

static void
list_by_ids_is_restricted_too(void **state)
{
	static const char *const ids[] = { "a", "c" }, *const x[] = { "x" };
	struct tq_select sel = { .ids = ids, .nids = 2 };
	struct ground *g = *state;
	struct seen s = { .n = 0 };

	put_four(g);
	lists(g, &sel, "a c ");
	sel.states = 1u << TQ_SUCCESS;
	lists(g, &sel, "c ");
	sel = (struct tq_select){ .ids = x, .nids = 1 };
	MUST_FAIL(g, tq_list(g->tq, &sel, see, &s, &g->e), ENOENT, "x");
}

static void
list_stops_when_told(void **state)
{
	const struct tq_select all = { .nids = 0 };
	struct seen s = { .stop_at = 2 };
	struct ground *g = *state;

	put_four(g);
	assert_int_equal(tq_list(g->tq, &all, see, &s, &g->e), 7);
	assert_string_equal(s.ids, "c a ");
}

/* ---- why it is not running ------------------------------------------- */

/* What t waits for. */
static const char *
why(struct ground *g)
{
	contract_state(g, "t");
	return g->i.why == NULL ? "" : g->i.why;
}

static void
ready_task_without_a_worker_says_so(void **state)
{
	const struct tq_take take = { .queue = { "q" }, .nqueues = 1 };
	struct ground *g = *state;
	struct tq *worker;

	contract_put_text(g, "q", "t", "");
	assert_string_equal(why(g), "no worker");
	worker = contract_open(g);
	MUST(g, tq_worker_join(worker, &take, 1, &g->e));
	assert_string_equal(why(g), "");
	contract_do_queue(g, TQ_DO_PAUSE, "q", 0);
	assert_string_equal(why(g), "paused");
	tq_close(worker);
}

static void
held_and_delayed_tasks_say_so(void **state)
{
	struct ground *g = *state;
	struct tq_task t;

	contract_put_text(g, "q", "t", "");
	contract_do(g, TQ_DO_HOLD, "t", NULL, 0);
	assert_string_equal(why(g), "held");
	contract_do(g, TQ_DO_REVOKE, "t", NULL, 0);
	assert_string_equal(why(g), "revoked");
	contract_do(g, TQ_DO_FORGET, "t", NULL, 0);
	contract_task(&t, "t");
	t.eta = 4102444800 * TQ_SECOND;
	contract_put_task(g, &t);
	assert_string_equal(why(g), "delayed until 2100-01-01T00:00:00.000Z");
}

static void
started_task_names_its_worker(void **state)
{
	struct ground *g = *state;

	contract_put_text(g, "q", "t", "");
	assert_int_equal(contract_claim_now(g, "q"), 1);
	assert_string_equal(why(g), "");
	assert_int_equal(g->i.pid, getpid());
	assert_true(g->i.host[0] != '\0');
	assert_memory_equal(g->i.worker, g->i.host, strlen(g->i.host));
	contract_settle(g, TQ_SUCCESS, 0);
	contract_state(g, "t");
	assert_int_equal(g->i.pid, 0);
	assert_string_equal(g->i.worker, "");
}

/* ---- queues ---------------------------------------------------------- */

static int
find_q(const struct tq_queue_info *q, void *arg)
{
	if (strcmp(q->name, "q") != 0)
		return 0;
	*(struct tq_queue_info *)arg = *q;
	return 1;
}

static void
queues_count_their_tasks(void **state)
{
	struct ground *g = *state;
	struct tq_queue_info q;

	contract_put_text(g, "other", NULL, "");
	contract_put_text(g, "q", "1", "");
	contract_put_text(g, "q", "2", "");
	contract_put_text(g, "q", "3", "");
	contract_put_text(g, "q", "4", "");
	contract_run_one(g, "q", TQ_SUCCESS, 0);
	contract_run_one(g, "q", TQ_FAILURE, 1);
	assert_int_equal(contract_claim_now(g, "q"), 1);
	assert_int_equal(tq_queues(g->tq, find_q, &q, &g->e), 1);
	assert_int_equal(q.count[TQ_READY], 1);
	assert_int_equal(q.count[TQ_STARTED], 1);
	assert_int_equal(q.count[TQ_SUCCESS], 1);
	assert_int_equal(q.count[TQ_FAILURE], 1);
	assert_int_equal(q.puts, 4);
	assert_int_equal(q.claims, 3);
	assert_int_equal(q.successes, 1);
	assert_int_equal(q.failures, 1);
	assert_true(q.bytes > 0);
	contract_state(g, "4");
	assert_int_equal(q.oldest, g->i.put);
	assert_int_equal(q.paused, 0);
	assert_int_equal(q.closed, 0);
	contract_do_queue(g, TQ_DO_PAUSE, "q", 0);
	contract_do_queue(g, TQ_DO_CLOSE, "q", 0);
	assert_int_equal(tq_queues(g->tq, find_q, &q, &g->e), 1);
	assert_int_equal(q.paused, 1);
	assert_int_equal(q.closed, 1);
}

const struct contract_test contract_look[] = {
	CONTRACT_TEST(unknown_id_is_0),
	CONTRACT_TEST(tail_finds_its_task),
	CONTRACT_TEST(ambiguous_tail_names_two),
	CONTRACT_TEST(list_of_everything_is_in_order_of_put),
	CONTRACT_TEST(list_by_queue_state_and_label),
	CONTRACT_TEST(list_by_ids_is_restricted_too),
	CONTRACT_TEST(list_stops_when_told),
	CONTRACT_TEST(ready_task_without_a_worker_says_so),
	CONTRACT_TEST(held_and_delayed_tasks_say_so),
	CONTRACT_TEST(started_task_names_its_worker),
	CONTRACT_TEST(queues_count_their_tasks),
	{ .name = NULL }
};
