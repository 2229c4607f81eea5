/* Contract: workers show themselves, are rung and get mail; events are told. */
#include <bsd/string.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "tests/contract/contract.h"

static const struct tq_take q_only = { .queue = { "q" }, .nqueues = 1 };

/* ---- showing itself -------------------------------------------------- */

struct shown {
	int		 n;
	char		 name[64], queues[256], status[64], limits[64], id[64];
	struct tq_worker_info w;
};

static int
show(const struct tq_worker_info *w, void *arg)
{
	struct shown *s = arg;

	s->n++;
	s->w = *w;
	(void)strlcpy(s->name, w->name, sizeof(s->name));
	(void)strlcpy(s->queues, w->queues, sizeof(s->queues));
	(void)strlcpy(s->status, w->status, sizeof(s->status));
	(void)strlcpy(s->limits, w->limits, sizeof(s->limits));
	(void)strlcpy(s->id, w->nids > 0 ? w->ids[0] : "", sizeof(s->id));
	return 0;
}

static void
worker_shows_itself_until_it_closes(void **state)
{
	const struct tq_take two = {
		.queue = { "q", "second" }, .nqueues = 2
	};
	const struct tq_worker_state state_of_it = {
		.jobs = 5, .status = "all is well", .limits = "rlimit",
		.rss = 1 << 20, .pong = UINT64_C(1) << 40
	};
	struct ground *g = *state;
	struct tq *worker = contract_open(g);
	struct shown s = { .n = 0 };

	MUST(g, tq_worker_join(worker, &two, 4, &g->e));
	tq_worker_status(worker, &state_of_it);
	MUST(g, tq_workers(g->tq, show, &s, &g->e));
	assert_int_equal(s.n, 1);
	assert_string_equal(s.queues, "q,second");
	assert_string_equal(s.status, "all is well");
	assert_string_equal(s.limits, "rlimit");
	assert_int_equal(s.w.rss, 1 << 20);
	assert_true(s.w.pong == UINT64_C(1) << 40);
	assert_int_equal(s.w.jobs, 5);
	assert_int_equal(s.w.pid, getpid());
	assert_int_equal(s.w.running, 0);
	assert_true(s.w.since <= tq_clock_wall());
	tq_close(worker);
	s.n = 0;
	MUST(g, tq_workers(g->tq, show, &s, &g->e));
	assert_int_equal(s.n, 0);
}

static void
worker_shows_what_it_runs_under_the_name_tasks_tell(void **state)
{
	struct ground *g = *state;
	struct shown s = { .n = 0 };

	MUST(g, tq_worker_join(g->tq, &q_only, 1, &g->e));
	contract_put_text(g, "q", "t", "");
	assert_int_equal(contract_claim_now(g, "q"), 1);
	MUST(g, tq_workers(g->tq, show, &s, &g->e));
	assert_int_equal(s.w.running, 1);
	assert_int_equal(s.w.claims, 1);
	assert_string_equal(s.id, "t");
	contract_state(g, "t");
	assert_string_equal(g->i.worker, s.name);
	contract_settle(g, TQ_SUCCESS, 0);
	MUST(g, tq_workers(g->tq, show, &s, &g->e));
	assert_int_equal(s.w.running, 0);
	assert_int_equal(s.w.done, 1);
}

/* ---- what it has ready for itself ------------------------------------ */

/* Have a worker claim, and end what it claims but for the last in *c. */
static void
claim_many(struct ground *g, struct tq *worker, unsigned n, struct tq_claim *c)
{
	struct tq_outcome o;
	int rv;

	tq_outcome_init(&o, TQ_SUCCESS);
	while (n-- > 0) {
		MUST(g, rv = tq_claim(worker, &q_only, c, &g->e));
		assert_int_equal(rv, 1);
		if (n > 0)
			MUST(g, tq_settle(worker, &c->ref, &o, 0, &g->e));
	}
}

/*
 * It asked for so many, one upon another, that a broker may have given it more
 * than that; and two ends are on their way when it goes quiet.
 */
static void
tasks_that_a_worker_does_not_ask_for_are_for_others(void **state)
{
	struct ground *g = *state;
	struct tq *worker = contract_open(g);
	tq_time until = tq_clock_mono() + 30 * TQ_SECOND;
	struct tq_claim first, last;
	struct tq_outcome o;
	int i, left = 200 - 64;

	for (i = 0; i < 200; i++)
		contract_put_text(g, "q", NULL, "");
	tq_claim_init(&first);
	tq_claim_init(&last);
	tq_outcome_init(&o, TQ_SUCCESS);
	MUST(g, tq_worker_join(worker, &q_only, 2, &g->e));
	claim_many(g, worker, 63, &first);
	claim_many(g, worker, 1, &last);
	MUST(g, tq_settle(worker, &first.ref, &o, 0, &g->e));
	MUST(g, tq_settle(worker, &last.ref, &o, 0, &g->e));
	while (left > 0 && tq_clock_mono() < until) {
		(void)tq_alive(worker);
		for (; contract_claim_now(g, "q") == 1; left--)
			contract_settle(g, TQ_SUCCESS, 0);
	}
	assert_int_equal(left, 0);
	tq_claim_fini(&first);
	tq_claim_fini(&last);
	tq_close(worker);
}

/* ---- ringing --------------------------------------------------------- */

static void
worker_does_not_sleep_while_there_is_work(void **state)
{
	struct ground *g = *state;
	tq_time next;
	int rv;

	MUST(g, tq_worker_join(g->tq, &q_only, 1, &g->e));
	contract_put_text(g, "q", "t", "");
	MUST(g, rv = tq_worker_sleep(g->tq, &q_only, &next, &g->e));
	assert_int_equal(rv, 0);
}

static void
worker_without_a_place_sleeps_while_there_is_work(void **state)
{
	struct ground *g = *state;
	tq_time next;
	int rv;

	MUST(g, tq_worker_join(g->tq, &q_only, 1, &g->e));
	contract_put_text(g, "q", "t", "");
	MUST(g, rv = tq_worker_sleep(g->tq, NULL, &next, &g->e));
	assert_int_equal(rv, 1);
	assert_true(next <= tq_clock_wall() + TQ_SECOND);
}

static void
sleeping_worker_is_rung_by_a_put(void **state)
{
	struct ground *g = *state;
	struct tq *worker = contract_open(g);
	struct pollfd p = { .events = POLLIN };
	tq_time next;
	int rv;

	MUST(g, tq_worker_join(worker, &q_only, 1, &g->e));
	MUST(g, rv = tq_worker_sleep(worker, &q_only, &next, &g->e));
	assert_int_equal(rv, 1);
	if ((p.fd = tq_worker_fd(worker)) == -1) {
		tq_close(worker);
		skip();			/* no bell to be had here */
	}
	assert_int_equal(poll(&p, 1, 0), 0);
	contract_put_text(g, "other", NULL, "");
	assert_int_equal(poll(&p, 1, 0), 0);
	contract_put_text(g, "q", "t", "");
	assert_int_equal(poll(&p, 1, 60000), 1);
	MUST(g, rv = tq_claim(worker, &q_only, &g->c, &g->e));
	assert_int_equal(rv, 1);
	tq_close(worker);
}

static void
sleep_tells_the_next_timer(void **state)
{
	struct ground *g = *state;
	/* less than the second that one sleeps at most */
	tq_time next, eta = tq_clock_wall() + 900 * TQ_MS;
	struct tq_task t;
	int rv;

	eta -= eta % 1000;		/* every broker keeps microseconds */
	MUST(g, tq_worker_join(g->tq, &q_only, 1, &g->e));
	tq_task_init(&t);
	t.queue = "q";
	t.eta = eta;
	contract_put_task(g, &t);
	MUST(g, rv = tq_worker_sleep(g->tq, &q_only, &next, &g->e));
	assert_int_equal(rv, 1);
	assert_true(next > 0 && next <= eta);
}

/* ---- mail ------------------------------------------------------------ */

/* Join as a worker for q with a bell; its name.  Skips where there is none. */
static void
join_with_bell(struct ground *g, struct tq *worker, char name[64])
{
	struct shown s = { .n = 0 };

	MUST(g, tq_worker_join(worker, &q_only, 1, &g->e));
	if (tq_worker_fd(worker) == -1)
		skip();
	MUST(g, tq_workers(g->tq, show, &s, &g->e));
	(void)strlcpy(name, s.name, 64);
}

static void
mail_comes_as_it_was_sent(void **state)
{
	struct ground *g = *state;
	char name[64], buf[512];
	unsigned sent;

	join_with_bell(g, g->tq, name);
	assert_int_equal(tq_worker_mail(g->tq, buf, sizeof(buf), &g->e), 0);
	MUST(g, tq_worker_send(g->tq, name, "grow 2", &sent, &g->e));
	assert_int_equal(sent, 1);
	MUST(g, tq_worker_send(g->tq, NULL, "ping", &sent, &g->e));
	assert_int_equal(sent, 1);
	assert_int_equal(tq_worker_mail(g->tq, buf, sizeof(buf), &g->e), 1);
	assert_string_equal(buf, "grow 2");
	assert_int_equal(tq_worker_mail(g->tq, buf, sizeof(buf), &g->e), 1);
	assert_string_equal(buf, "ping");
	assert_int_equal(tq_worker_mail(g->tq, buf, sizeof(buf), &g->e), 0);
}

static void
mail_to_nobody_is_an_error(void **state)
{
	struct ground *g = *state;

	MUST_FAIL(g, tq_worker_send(g->tq, "host.1.1", "stop", NULL, &g->e),
	    ENOENT, "host.1.1");
}

static void
kill_is_mailed_to_the_worker_that_holds_the_task(void **state)
{
	struct ground *g = *state;
	char name[64], buf[512];

	join_with_bell(g, g->tq, name);
	contract_put_text(g, "q", "t", "");
	contract_put_text(g, "q", "waiting", "");
	assert_int_equal(contract_claim_now(g, "q"), 1);
	assert_int_equal(contract_do(g, TQ_DO_KILL, "t", "USR1", 0), 1);
	assert_int_equal(contract_do(g, TQ_DO_KILL, "waiting", NULL, 0), 0);
	assert_int_equal(tq_worker_mail(g->tq, buf, sizeof(buf), &g->e), 1);
	assert_string_equal(buf, "kill t USR1");
	assert_int_equal(tq_worker_mail(g->tq, buf, sizeof(buf), &g->e), 0);
}

static void
capture_files_have_places_of_their_own(void **state)
{
	char out[T_PATH_MAX], err[T_PATH_MAX], second[T_PATH_MAX];
	struct ground *g = *state;

	MUST(g, tq_worker_join(g->tq, &q_only, 1, &g->e));
	MUST(g, tq_worker_capture(g->tq, 1, TQ_STDOUT, out, sizeof(out),
	    &g->e));
	MUST(g, tq_worker_capture(g->tq, 1, TQ_STDERR, err, sizeof(err),
	    &g->e));
	MUST(g, tq_worker_capture(g->tq, 2, TQ_STDOUT, second,
	    sizeof(second), &g->e));
	assert_string_not_equal(out, err);
	assert_string_not_equal(out, second);
}

/* ---- events ---------------------------------------------------------- */

struct told {
	char		 text[512];
	uint64_t	 last;
	int		 risen;
};

static int
tell(const struct tq_event *ev, void *arg)
{
	static const char *const types[] = {
		[TQ_EV_PUT] = "put", [TQ_EV_CLAIM] = "claim",
		[TQ_EV_END] = "end", [TQ_EV_ALTER] = "alter",
		[TQ_EV_SET] = "set", [TQ_EV_FORGET] = "forget"
	};
	struct told *t = arg;
	size_t n = strlen(t->text);
	/* the words for a change of state are the broker's own */
	int told = ev->why != NULL && ev->type != TQ_EV_ALTER;

	(void)snprintf(t->text + n, sizeof(t->text) - n, "%s %s %s %u %s\n",
	    types[ev->type], ev->id.s, tq_state_name(ev->state), ev->attempt,
	    told ? ev->why : "");
	t->risen &= ev->seq > t->last;
	t->last = ev->seq;
	return 0;
}

static void
events_tell_a_life_from_now_on(void **state)
{
	struct told t = { .risen = 1 };
	struct ground *g = *state;
	struct tq_outcome o;
	uint64_t seq = 0;
	int n;

	contract_put_text(g, "q", "before", "");
	contract_run_one(g, "q", TQ_SUCCESS, 0);
	assert_int_equal(tq_events(g->tq, &seq, 0, tell, &t, &g->e), 0);

	contract_put_text(g, "q", "the task", "");
	contract_do(g, TQ_DO_HOLD, "the task", NULL, 0);
	contract_do(g, TQ_DO_RELEASE, "the task", NULL, 0);
	assert_int_equal(contract_claim_now(g, "q"), 1);
	tq_outcome_init(&o, TQ_FAILURE);
	o.why = "no use";
	MUST(g, tq_settle(g->tq, &g->c.ref, &o, 0, &g->e));
	MUST(g, n = tq_events(g->tq, &seq, T_DEADLINE, tell, &t, &g->e));
	assert_int_equal(n, 5);
	assert_string_equal(t.text,
	    "put the task ready 0 \n"
	    "alter the task held 0 \n"
	    "alter the task ready 0 \n"
	    "claim the task started 1 \n"
	    "end the task failure 1 no use\n");
	assert_int_equal(t.risen, 1);
	assert_int_equal(tq_events(g->tq, &seq, 0, tell, &t, &g->e), 0);
}

static void
events_tell_settings_and_what_is_forgotten(void **state)
{
	static const char id[] = "01900000-0000-7000-8000-00000000abcd";
	struct told t = { .risen = 1 };
	struct ground *g = *state;
	uint64_t seq = 0;
	int n;

	contract_put_text(g, "q", id, "");
	contract_run_one(g, "q", TQ_SUCCESS, 0);
	assert_int_equal(tq_events(g->tq, &seq, 0, tell, &t, &g->e), 0);
	MUST(g, tq_set(g->tq, "q", "limit", "7", &g->e));
	contract_do_queue(g, TQ_DO_PAUSE, "q", 0);
	contract_do(g, TQ_DO_FORGET, id, NULL, 0);
	MUST(g, n = tq_events(g->tq, &seq, T_DEADLINE, tell, &t, &g->e));
	assert_int_equal(n, 3);
	assert_string_equal(t.text,
	    "set  absent 0 limit=7\n"
	    "set  absent 0 paused limit=7\n"
	    "forget 01900000-0000-7000-8000-00000000abcd absent 0 \n");
}

static int
stop_at_once(const struct tq_event *ev, void *arg)
{
	(void)ev;
	++*(int *)arg;
	return 5;
}

static void
events_stop_when_told_and_go_on_from_there(void **state)
{
	struct told t = { .risen = 1 };
	struct ground *g = *state;
	uint64_t seq = 0;
	int calls = 0;

	contract_put_text(g, "q", "zero", "");
	assert_int_equal(tq_events(g->tq, &seq, 0, stop_at_once, &calls,
	    &g->e), 0);
	contract_put_text(g, "q", "one", "");
	contract_put_text(g, "q", "two", "");
	assert_int_equal(tq_events(g->tq, &seq, T_DEADLINE, stop_at_once,
	    &calls, &g->e), 5);
	assert_int_equal(calls, 1);
	assert_int_equal(tq_events(g->tq, &seq, T_DEADLINE, tell, &t, &g->e),
	    1);
	assert_string_equal(t.text, "put two ready 0 \n");
}

static void
events_wait_as_long_as_asked(void **state)
{
	struct told t = { .risen = 1 };
	struct ground *g = *state;
	tq_time begin = tq_clock_mono();
	uint64_t seq = 0;

	assert_int_equal(tq_events(g->tq, &seq, 30 * TQ_MS, tell, &t, &g->e),
	    0);
	assert_true(tq_clock_mono() - begin >= 30 * TQ_MS);
}

const struct contract_test contract_worker[] = {
	CONTRACT_TEST(worker_shows_itself_until_it_closes),
	CONTRACT_TEST(worker_shows_what_it_runs_under_the_name_tasks_tell),
	CONTRACT_TEST(tasks_that_a_worker_does_not_ask_for_are_for_others),
	CONTRACT_TEST(worker_does_not_sleep_while_there_is_work),
	CONTRACT_TEST(worker_without_a_place_sleeps_while_there_is_work),
	CONTRACT_TEST(sleeping_worker_is_rung_by_a_put),
	CONTRACT_TEST(sleep_tells_the_next_timer),
	CONTRACT_TEST(mail_comes_as_it_was_sent),
	CONTRACT_TEST(mail_to_nobody_is_an_error),
	CONTRACT_TEST(kill_is_mailed_to_the_worker_that_holds_the_task),
	CONTRACT_TEST(capture_files_have_places_of_their_own),
	CONTRACT_TEST(events_tell_a_life_from_now_on),
	CONTRACT_TEST(events_tell_settings_and_what_is_forgotten),
	CONTRACT_TEST(events_stop_when_told_and_go_on_from_there),
	CONTRACT_TEST(events_wait_as_long_as_asked),
	{ .name = NULL }
};
