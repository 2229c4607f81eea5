/* The ground a contract test stands on, and running them all. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/contract/contract.h"

#define TESTS_MAX	256

static const struct {
	unsigned	 bit;
	const struct contract_test *tests;
} groups[] = {
	{ CONTRACT_PUT, contract_put },
	{ CONTRACT_LIMIT, contract_limit },
	{ CONTRACT_CLAIM, contract_claim },
	{ CONTRACT_TIME, contract_time },
	{ CONTRACT_RESULT, contract_result },
	{ CONTRACT_LOOK, contract_look },
	{ CONTRACT_CHANGE, contract_change },
	{ CONTRACT_WORKER, contract_worker },
	{ CONTRACT_TICK, contract_tick },
	{ CONTRACT_GRAPH, contract_graph },
	{ CONTRACT_KEY, contract_key },
	{ CONTRACT_GATE, contract_gate },
	{ CONTRACT_FLOW, contract_flow },
	{ CONTRACT_APART, contract_apart },
	{ CONTRACT_MIXED, contract_mixed }
};

/* ---- the ground ------------------------------------------------------ */

static int
setup(void **state)
{
	struct ground *g = test_calloc(1, sizeof(*g));

	unsetenv("TQ_RESULTS");
	unsetenv("TQ_DEFAULT_QUEUE");
	g->k = *state;
	t_tmpdir(g->dir);
	g->k->url(g->url, sizeof(g->url), g->dir);
	tq_claim_init(&g->c);
	tq_info_init(&g->i);
	MUST(g, tq_open(&g->tq, g->url, NULL, 0, &g->e));
	*state = g;
	return 0;
}

static int
teardown(void **state)
{
	struct ground *g = *state;

	tq_claim_fini(&g->c);
	tq_info_fini(&g->i);
	tq_close(g->tq);
	if (g->k->gone != NULL)
		g->k->gone(g->dir);
	t_rmdir(g->dir);
	test_free(g);
	return 0;
}

/* Why a test is among those that cannot be kept, or NULL. */
static const char *
lack(const struct contract_lack *l, const char *name)
{
	for (; l != NULL && l->name != NULL; l++)
		if (strcmp(l->name, name) == 0)
			return l->why;
	return NULL;
}

/* 1 if there is a test of that name. */
static int
is_test(const char *name)
{
	const struct contract_test *t;
	size_t i;

	for (i = 0; i < T_COUNT(groups); i++)
		for (t = groups[i].tests; t->name != NULL; t++)
			if (strcmp(t->name, name) == 0)
				return 1;
	return 0;
}

/* 1 if each of those that are lacked is a test. */
static int
are_tests(const struct contract_lack *l)
{
	for (; l != NULL && l->name != NULL; l++) {
		if (!is_test(l->name)) {
			printf("Bail out! no test %s to lack\n", l->name);
			return 0;
		}
	}
	return 1;
}

int
contract_run(const struct contract *k)
{
	struct CMUnitTest tests[TESTS_MAX];
	const struct contract_test *t;
	const char *why;
	size_t i, n = 0;

	if (!are_tests(k->lacks) || !are_tests(k->more_lacks))
		return 1;
	memset(tests, 0, sizeof(tests));
	for (i = 0; i < T_COUNT(groups); i++) {
		if ((groups[i].bit & k->groups) == 0)
			continue;
		for (t = groups[i].tests; t->name != NULL; t++) {
			if ((why = lack(k->lacks, t->name)) != NULL ||
			    (why = lack(k->more_lacks, t->name)) != NULL) {
				printf("# lacks %s: %s\n", t->name, why);
				continue;
			}
			assert_true(n < TESTS_MAX);
			tests[n].name = t->name;
			tests[n].test_func = t->f;
			tests[n].setup_func = setup;
			tests[n].teardown_func = teardown;
			tests[n++].initial_state = (void *)(uintptr_t)k;
		}
	}
	return _cmocka_run_group_tests("contract", tests, n, NULL, NULL);
}

/* ---- words of the tests ---------------------------------------------- */

void
contract_failed(const struct ground *g, int num, const char *words)
{
	if (g->e.num != num || strstr(g->e.text, words) == NULL)
		fail_msg("wanted errno %d and '%s', not %d and '%s'", num,
		    words, g->e.num, g->e.text);
	assert_int_equal(errno, num);
}

struct tq *
contract_open(struct ground *g)
{
	struct tq *tq;

	MUST(g, tq_open(&tq, g->url, NULL, 0, &g->e));
	return tq;
}

struct tq_id
contract_put_task(struct ground *g, const struct tq_task *t)
{
	struct tq_id id;

	MUST(g, tq_put(g->tq, t, 0, &id, &g->e));
	return id;
}

struct tq_id
contract_put_text(struct ground *g, const char *queue, const char *id,
    const char *text)
{
	struct tq_task t;

	tq_task_init(&t);
	t.queue = queue;
	t.id = id;
	t.body.p = text;
	t.body.n = strlen(text);
	return contract_put_task(g, &t);
}

int
contract_claim_now(struct ground *g, const char *queue)
{
	struct tq_take take = { .queue = { queue }, .nqueues = 1 };
	int rv;

	MUST(g, rv = tq_claim(g->tq, &take, &g->c, &g->e));
	return rv;
}

void
contract_claim_text(struct ground *g, const char *queue, const char *text)
{
	assert_int_equal(contract_claim_now(g, queue), 1);
	assert_int_equal(g->c.task.body.n, strlen(text));
	assert_memory_equal(g->c.task.body.p, text, strlen(text));
}

void
contract_settle(struct ground *g, enum tq_state state, int status)
{
	struct tq_outcome o;

	tq_outcome_init(&o, state);
	o.status = status;
	MUST(g, tq_settle(g->tq, &g->c.ref, &o, 0, &g->e));
}

void
contract_run_one(struct ground *g, const char *queue, enum tq_state state,
    int status)
{
	assert_int_equal(contract_claim_now(g, queue), 1);
	contract_settle(g, state, status);
}

enum tq_state
contract_state(struct ground *g, const char *id)
{
	int rv;

	MUST(g, rv = tq_stat(g->tq, id, 0, &g->i, &g->e));
	return rv == 1 ? g->i.state : TQ_ABSENT;
}

void
contract_stream(struct ground *g, const char *id, unsigned attempt,
    enum tq_stream stream, const void *p, size_t n)
{
	char *buf = test_malloc(n + 1);
	ssize_t got;
	size_t at = 0;

	do {
		MUST(g, got = tq_read(g->tq, id, attempt, stream, at,
		    buf + at, n + 1 - at, &g->e));
		at += (size_t)got;
	} while (got > 0 && at <= n);
	assert_int_equal(at, n);
	assert_memory_equal(buf, p, n);
	test_free(buf);
}

uint64_t
contract_do(struct ground *g, enum tq_verb verb, const char *id,
    const char *value, unsigned flags)
{
	const struct tq_select sel = { .ids = &id, .nids = 1 };
	uint64_t changed;

	MUST(g, tq_do(g->tq, verb, &sel, value, flags, &changed, &g->e));
	return changed;
}

uint64_t
contract_do_queue(struct ground *g, enum tq_verb verb, const char *queue,
    unsigned flags)
{
	const struct tq_select sel = { .queues = &queue, .nqueues = 1 };
	uint64_t changed;

	MUST(g, tq_do(g->tq, verb, &sel, NULL, flags, &changed, &g->e));
	return changed;
}

static int
count_one(const struct tq_info *i, void *arg)
{
	(void)i;
	++*(size_t *)arg;
	return 0;
}

size_t
contract_count(struct ground *g, const char *queue, unsigned states)
{
	const struct tq_select sel = {
		.queues = &queue, .nqueues = 1, .states = states
	};
	size_t n = 0;

	MUST(g, tq_list(g->tq, &sel, count_one, &n, &g->e));
	return n;
}

/* ---- scenes in one queue ---------------------------------------------- */

struct tq_task *
contract_task(struct tq_task *t, const char *id)
{
	tq_task_init(t);
	t->id = id;
	t->queue = "q";
	return t;
}

/* The next one is this. */
static void
claim_next(struct ground *g, const char *id)
{
	assert_int_equal(contract_claim_now(g, "q"), 1);
	assert_string_equal(g->c.ref.id.s, id);
}

void
contract_end(struct ground *g, const char *id, enum tq_state state,
    const char *output, unsigned flags)
{
	struct tq_outcome o;

	claim_next(g, id);
	tq_outcome_init(&o, state);
	o.status = state == TQ_SUCCESS ? 0 : 1;
	o.flags = flags;
	o.out = (struct tq_bytes){ output, strlen(output) };
	MUST(g, tq_settle(g->tq, &g->c.ref, &o, 0, &g->e));
}

void
contract_run_next(struct ground *g, const char *id, enum tq_state state)
{
	contract_end(g, id, state, "", 0);
}

void
contract_claim_body(struct ground *g, const char *id, const char *text)
{
	char buf[256];
	ssize_t n = (ssize_t)strlen(text);

	claim_next(g, id);
	if (g->c.task.body_fd == -1) {
		assert_int_equal(g->c.task.body.n, n);
		assert_memory_equal(g->c.task.body.p, text, n);
	} else {
		assert_int_equal(pread(g->c.task.body_fd, buf, sizeof(buf), 0),
		    n);
		assert_memory_equal(buf, text, n);
	}
}

void
contract_idle(struct ground *g)
{
	assert_int_equal(contract_claim_now(g, "q"), 0);
}

void
contract_ended(struct ground *g, const char *id, enum tq_state state,
    const char *why)
{
	assert_int_equal(contract_state(g, id), state);
	assert_non_null(g->i.why);
	assert_string_equal(g->i.why, why);
}
