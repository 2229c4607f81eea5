/*
 * Memory that cannot be had, at each single allocation.
 *
 * A scene is acted once for every n: the n-th allocation that our objects ask
 * for fails, and in a second round all from the n-th on, until none is left to
 * fail.  The linker puts us between them and libc (see the Makefile), so libc's
 * own are spared.  A call that fails says ENOMEM and has done nothing; what was
 * there before is there still, and can be worked off.  That nothing leaks or
 * is freed twice the address sanitizer sees.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tq/tq.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/message/celery.h"
#include "lib/message/celery_plan.h"
#include "lib/message/json.h"
#include "lib/spool/upkeep.h"
#include "lib/worker/conf.h"
#include "tests/lib/spool.h"

#define ROUNDS_MAX	2000	/* a scene has far fewer allocations */

/* ---- the allocator that fails ------------------------------------------- */

static unsigned	 calls, first;	/* counted, the first to fail; 0: none */
static int	 all_after;	/* and all behind it */

void	*__real_malloc(size_t), *__real_calloc(size_t, size_t);
void	*__real_realloc(void *, size_t);
void	*__real_reallocarray(void *, size_t, size_t);
char	*__real_strdup(const char *), *__real_strndup(const char *, size_t);
void	*__wrap_malloc(size_t), *__wrap_calloc(size_t, size_t);
void	*__wrap_realloc(void *, size_t);
void	*__wrap_reallocarray(void *, size_t, size_t);
char	*__wrap_strdup(const char *), *__wrap_strndup(const char *, size_t);

static int
fails(void)
{
	if (first == 0)
		return 0;
	calls++;
	if (calls != first && (calls < first || !all_after))
		return 0;
	errno = ENOMEM;
	return 1;
}

void *
__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(p, n, size);
}

char *
__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

char *
__wrap_strndup(const char *s, size_t n)
{
	return fails() ? NULL : __real_strndup(s, n);
}

/* ---- the world of a scene ------------------------------------------------- */

struct world {
	struct t_spool	*f;
	struct tq	*tq;	/* opened without harm */
	struct tq_err	 e;	/* what the act said last */
};

struct scene {
	const char	*name;
	void		(*before)(struct world *);	/* unharmed, or NULL */
	int		(*act)(struct world *);		/* 0, or -1 and w->e */
	void		(*after)(struct world *, int rv);	/* or NULL */
};

static struct tq *
open_harmed(struct world *w)
{
	struct tq *tq = NULL;

	return tq_open(&tq, w->f->dir, NULL, 0, &w->e) == -1 ? NULL : tq;
}

/* A group of two in a queue, and who comes after it. */
static int
put_graph(struct tq *tq, struct tq_err *e)
{
	static const char *const argv[] = { "true", "with", "words" };
	static const char *const after[] = { "g" };
	static const char *const env[] = { "A=1", "B=2", NULL };
	struct tq_task t[4];
	struct tq_id id[4];
	size_t i;

	for (i = 0; i < T_COUNT(t); i++) {
		tq_task_init(&t[i]);
		t[i].queue = "q";
		t[i].kind = TQ_KIND_COMMAND;
		t[i].argc = T_COUNT(argv);
		t[i].argv = argv;
		t[i].env = env;
	}
	tq_task_init(&t[0]);
	t[0].id = "g";
	t[0].queue = "q";
	t[0].kind = TQ_KIND_GROUP;
	t[1].group = t[2].group = "g";
	t[1].key = "one";
	t[3].after = after;
	t[3].nafter = 1;
	t[3].body.p = "body";
	t[3].body.n = 4;
	return tq_put_many(tq, t, T_COUNT(t), 0, id, e);
}

static int
count_one(const struct tq_info *i, void *arg)
{
	(void)i;
	++*(int *)arg;
	return 0;
}

/* How many tasks are in those states. */
static int
count(struct world *w, unsigned states)
{
	const struct tq_select sel = { .states = states };
	int n = 0;

	if (tq_list(w->tq, &sel, count_one, &n, &w->e) == -1)
		fail_msg("list: %s", w->e.text);
	return n;
}

#define STATE(s)	(1u << (s))
#define QUEUED		(STATE(TQ_READY) | STATE(TQ_BLOCKED))

static void
graph_before(struct world *w)
{
	if (put_graph(w->tq, &w->e) == -1)
		fail_msg("put: %s", w->e.text);
}

static int
claim_now(struct tq *tq, struct tq_claim *c, struct tq_err *e)
{
	const struct tq_take take = { .queue = { "q" }, .nqueues = 1 };

	return tq_claim(tq, &take, c, e);
}

static void
remark(const char *sentence, void *arg)
{
	(void)sentence;
	(void)arg;
}

/* Work everything off, forget it, and find nothing damaged. */
static void
finish(struct world *w)
{
	const struct tq_select all = { .states = ~0u };
	struct tq_outcome o;
	struct tq_claim c;

	tq_claim_init(&c);
	while (claim_now(w->tq, &c, &w->e) == 1) {
		tq_outcome_init(&o, TQ_SUCCESS);
		if (tq_settle(w->tq, &c.ref, &o, 0, &w->e) == -1)
			fail_msg("settle: %s", w->e.text);
	}
	tq_claim_fini(&c);
	assert_int_equal(count(w, QUEUED | STATE(TQ_STARTED)), 0);
	assert_int_equal(tq_check(w->tq, 0, remark, NULL, &w->e), 0);
	if (tq_do(w->tq, TQ_DO_FORGET, &all, NULL, 0, NULL, &w->e) == -1)
		fail_msg("forget: %s", w->e.text);
	assert_int_equal(count(w, ~0u), 0);
}

/* ---- scenes --------------------------------------------------------------- */

static int
put_act(struct world *w)
{
	struct tq *tq = open_harmed(w);
	int rv;

	if (tq == NULL)
		return -1;
	rv = put_graph(tq, &w->e);
	tq_close(tq);
	return rv;
}

static void
put_after(struct world *w, int rv)
{
	assert_int_equal(count(w, QUEUED), rv == 0 ? 4 : 0);
}

static int
file_act(struct world *w)
{
	static char body[30000];	/* more than goes into a record */
	struct tq *tq = open_harmed(w);
	struct tq_task t;
	struct tq_id id;
	int rv;

	if (tq == NULL)
		return -1;
	tq_task_init(&t);
	t.queue = "q";
	t.body.p = body;
	t.body.n = sizeof(body);
	rv = tq_put(tq, &t, 0, &id, &w->e);
	tq_close(tq);
	return rv;
}

static void
file_after(struct world *w, int rv)
{
	assert_int_equal(count(w, QUEUED), rv == 0 ? 1 : 0);
}

static int
work_act(struct world *w)
{
	struct tq *tq = open_harmed(w);
	struct tq_outcome o;
	struct tq_claim c;
	int rv;

	if (tq == NULL)
		return -1;
	tq_claim_init(&c);
	while ((rv = claim_now(tq, &c, &w->e)) == 1) {
		tq_outcome_init(&o, TQ_SUCCESS);
		o.out.p = "output";
		o.out.n = 6;
		if (tq_settle(tq, &c.ref, &o, TQ_SETTLE_SYNC, &w->e) == -1) {
			rv = -1;
			break;
		}
	}
	tq_claim_fini(&c);
	tq_close(tq);
	return rv;
}

static void
work_after(struct world *w, int rv)
{
	/* a claimer without memory to hand it back is seen dead by others */
	assert_int_not_equal(tq_worker_sweep(w->tq, &w->e), -1);
	assert_int_equal(count(w, STATE(TQ_SUCCESS) | QUEUED), 4);
	if (rv == 0)
		assert_int_equal(count(w, STATE(TQ_SUCCESS)), 4);
}

static int
queue_one(const struct tq_queue_info *q, void *arg)
{
	(void)q;
	++*(int *)arg;
	return 0;
}

static int
worker_one(const struct tq_worker_info *i, void *arg)
{
	(void)i;
	++*(int *)arg;
	return 0;
}

static int
look_act(struct world *w)
{
	static const char *const ids[] = { "g" };
	const struct tq_select sel = { .states = ~0u };
	struct tq *tq = open_harmed(w);
	struct tq_info i;
	int n = 0, rv = -1;

	if (tq == NULL)
		return -1;
	tq_info_init(&i);
	if (tq_list(tq, &sel, count_one, &n, &w->e) != -1 &&
	    tq_stat(tq, "g", 0, &i, &w->e) != -1 &&
	    tq_queues(tq, queue_one, &n, &w->e) != -1 &&
	    tq_workers(tq, worker_one, &n, &w->e) != -1 &&
	    (tq_wait(tq, ids, 1, 1, 0, NULL, &w->e) != -1 ||
	    w->e.num == ETIMEDOUT || w->e.num == EAGAIN))
		rv = 0;
	tq_info_fini(&i);
	tq_close(tq);
	return rv;
}

static void
graph_after(struct world *w, int rv)
{
	(void)rv;
	assert_int_equal(count(w, QUEUED), 4);
}

static int
revoke_act(struct world *w)
{
	static const char *const ids[] = { "g" };
	const struct tq_select sel = { .ids = ids, .nids = 1 };
	struct tq *tq = open_harmed(w);
	int rv;

	if (tq == NULL)
		return -1;
	rv = tq_do(tq, TQ_DO_REVOKE, &sel, NULL, 0, NULL, &w->e);
	tq_close(tq);
	return rv;
}

static void
revoke_after(struct world *w, int rv)
{
	int left = count(w, QUEUED);

	assert_int_equal(left, rv == 0 ? 0 : 4);
}

/* Being a worker, settings, schedules and looking after the spool. */
static int
one_setting(const char *name, const char *value, int is_set, void *arg)
{
	(void)name;
	(void)value;
	(void)is_set;
	++*(int *)arg;
	return 0;
}

static tq_time	 ticked;	/* the last tick that was seen */

static int
care(struct tq *tq, struct tq_err *e)
{
	const struct tq_take take = { .queue = { "q" }, .nqueues = 1 };
	const struct tq_select all = { .states = ~0u };
	struct tq_tick tick = { .schedule = "every", .until = TQ_FOREVER };
	struct tq_task t;
	struct tq_id id;
	tq_time next;
	int n = 0;

	tq_task_init(&t);
	t.queue = "q";
	if (tq_worker_join(tq, &take, 1, e) == -1 ||
	    tq_worker_sleep(tq, &take, &next, e) == -1 ||
	    tq_set(tq, "q", "retries", "2", e) == -1 ||
	    tq_settings(tq, "q", one_setting, &n, e) == -1 ||
	    tq_last(tq, "every", &tick.last, e) == -1)
		return -1;
	tick.at = tick.last + 1;
	if (tq_tick(tq, &tick, &t, 0, &id, e) == -1 ||
	    tq_do(tq, TQ_DO_GC, &all, NULL, 0, NULL, e) == -1)
		return -1;
	return 0;
}

static int
care_act(struct world *w)
{
	struct tq *tq = open_harmed(w);
	int rv;

	if (tq == NULL)
		return -1;
	rv = care(tq, &w->e);
	tq_close(tq);
	return rv;
}

static void
care_after(struct world *w, int rv)
{
	tq_time last;

	/* the schedule has moved on if and only if its task was put */
	assert_int_not_equal(tq_last(w->tq, "every", &last, &w->e), -1);
	assert_int_equal(count(w, QUEUED), last != ticked);
	if (rv == 0)
		assert_int_not_equal(last, ticked);
	ticked = last;
}

/* Readers and writers of messages: memory is all that can be wrong. */
static int
json_act(struct world *w)
{
	static const char text[] = "{\"id\":\"a\",\"argv\":[\"x\",\"y\"],"
	    "\"queue\":\"q\",\"env\":[\"A=1\"],\"body\":\"b\\u00e4\","
	    "\"after\":[\"p\",\"q\"],\"key\":\"k\"}";
	struct tq_arena mem;
	struct tq_task t;
	int rv;

	tq_arena_init(&mem);
	rv = tq_json_task_decode(&t, &mem, text, strlen(text), &w->e);
	tq_arena_fini(&mem);
	return rv;
}

static int
celery_act(struct world *w)
{
	static const char args[] = "[1, {\"a\": [2]}]";
	struct tq_celery_envelope out, in;
	struct tq_celery_bounds bounds;
	struct tq_celery_task t;
	struct tq_arena mem;
	struct tq_buf text;
	int rv = -1;

	tq_arena_init(&mem);
	tq_buf_init(&text);
	tq_celery_bounds_init(&bounds);
	tq_celery_task_init(&t);
	t.task = "proj.add";
	t.id = "7e3b1f5c-0d0f-4c2b-9b8e-5f3a5c1d2e4f";
	t.args.p = args;
	t.args.n = strlen(args);
	if (tq_celery_task_wrap(&out, &mem, &t, 0, &w->e) == 0) {
		out.delivery_tag = "tag";
		tq_celery_envelope_encode(&text, &out);
		if (!tq_buf_ok(&text))
			tq_fail(&w->e, ENOMEM, "text");
		else if (tq_celery_envelope_decode(&in, &mem,
		    (const char *)text.p, text.n, &bounds, &w->e) == 0)
			rv = tq_celery_task_decode(&t, &mem, &in, &bounds,
			    &w->e);
	}
	if (rv == 0)
		assert_string_equal(t.task, "proj.add");
	tq_buf_fini(&text);
	tq_arena_fini(&mem);
	return rv;
}

/*
 * What a task that succeeded owes: a chord with a group in it, watched, and the
 * rest of its chain, of groups and chains in each other.
 */
#define SIG(name)	"{\"task\": \"" name "\"}"
#define SHAPE(type, rest) "{\"task\": \"celery." type "\", " \
	"\"subtask_type\": \"" type "\", \"kwargs\": {" rest "}}"

static const char chord[] = "[" SHAPE("chord", "\"header\": ["
    SIG("a") ", " SHAPE("group", "\"tasks\": [" SIG("b") ", " SIG("c") "]")
    "], \"body\": " SIG("d")) "]";
static const char chain[] = "[" SIG("e") ", " SHAPE("group", "\"tasks\": ["
    SIG("f") ", " SHAPE("chain", "\"tasks\": [" SIG("g") ", " SIG("h") "]")
    "]") "]";

static struct tq_buf owed;	/* when memory can be had */

static int
plan_end(struct tq_buf *to, struct tq_err *e)
{
	const struct tq_celery_site site = { .now = 1, .origin = "o",
	    .queue = "q", .flags = TQ_CELERY_SITE_UNLOCK };
	struct tq_celery_envelope env;
	struct tq_celery_plan plan;
	struct tq_celery_task m;
	struct tq_outcome o;
	struct tq_celery_end end = { .outcome = &o, .out = { "1", 1 } };
	struct tq_arena mem;
	size_t i;
	int rv;

	tq_arena_init(&mem);
	tq_celery_envelope_init(&env);
	tq_celery_task_init(&m);
	m.task = "proj.add";
	m.id = "7e3b1f5c-0d0f-4c2b-9b8e-5f3a5c1d2e4f";
	m.callbacks = (struct tq_bytes){ chord, sizeof(chord) - 1 };
	m.chain = (struct tq_bytes){ chain, sizeof(chain) - 1 };
	tq_outcome_init(&o, TQ_SUCCESS);
	o.status = 0;
	tq_celery_plan_init(&plan, &mem);
	rv = tq_celery_settle(&plan, &m, &env, &end, &site, e);
	first = 0;			/* what follows is ours */
	for (i = 0; rv == 0 && i < plan.nsteps; i++) {
		tq_buf_put(to, plan.step[i].text.p, plan.step[i].text.n);
		if (plan.step[i].what == TQ_CELERY_SEND) {
			tq_celery_headers_encode(to, plan.step[i].task);
			tq_celery_body_encode(to, plan.step[i].task);
		}
	}
	tq_arena_fini(&mem);
	return rv;
}

static void
plan_before(struct world *w)
{
	tq_buf_reset(&owed);
	if (plan_end(&owed, &w->e) == -1)
		fail_msg("%s", w->e.text);
}

static int
plan_act(struct world *w)
{
	struct tq_buf b;
	int rv;

	tq_buf_init(&b);
	rv = plan_end(&b, &w->e);
	if (rv == 0) {
		assert_int_equal(b.n, owed.n);
		assert_memory_equal(b.p, owed.p, b.n);
	}
	tq_buf_fini(&b);
	return rv;
}

static void
plan_after(struct world *w, int rv)
{
	(void)w;
	(void)rv;
	tq_buf_fini(&owed);
}

static int
conf_act(struct world *w)
{
	static const char text[] = "retries 3\ntime-limit 2,3\nenv A=1\n"
	    "env B=2\nlimit mem=1G\nrate 10/60s\n";
	struct tq_arena mem;
	struct tq_conf conf;
	int rv;

	tq_arena_init(&mem);
	tq_conf_init(&conf);
	rv = tq_conf_parse(&conf, &mem, "x.conf", text, &w->e);
	tq_arena_fini(&mem);
	return rv;
}

/* ---- every scene at every allocation -------------------------------------- */

/* ---- the spool mends itself ------------------------------------------------ */

/* Do it with a handle that is harmed from the beginning. */
static int
with_handle(struct world *w, int (*f)(struct tq_spool *, struct tq_err *))
{
	struct tq_spool *sp = NULL;
	int rv;

	if (tq_spool_open(&sp, w->f->dir, 0, &w->e) == -1)
		return -1;
	rv = f(sp, &w->e);
	tq_spool_close(sp);
	return rv;
}

/* What was to be done is done at last, and nothing is lost by any try. */
static void
mended(struct world *w, int rv, int (*f)(struct tq_spool *, struct tq_err *))
{
	assert_int_equal(w->f->sp->t.top->readonly, 0);
	if (rv == -1 && with_handle(w, f) == -1)
		fail_msg("unharmed: %s", w->e.text);
	assert_int_equal(count(w, QUEUED), 4);
}

/* A death left the table behind the ledger. */
static int
replay(struct tq_spool *sp, struct tq_err *e)
{
	sp->t.top->dirty = 1;
	if (tq_core_enter(sp, e) == -1)
		return -1;
	tq_core_leave(sp);
	return 0;
}

static int
replay_act(struct world *w)
{
	return with_handle(w, replay);
}

static void
replay_after(struct world *w, int rv)
{
	mended(w, rv, replay);
}

/* All that lives is carried into a fresh segment. */
static int
carry(struct tq_spool *sp, struct tq_err *e)
{
	uint32_t upto = TQ_LSN_SEG(sp->t.top->tail);
	struct tq_turn t = { .rv = 0 };

	while (tq_turn_next(sp, &t, e))
		if ((t.rv = tq_ledger_next(&sp->l, 1)) == -1)
			tq_fail_sys(e, errno, "next segment");
	while (t.rv != -1 && sp->t.top->base <= upto)
		t.rv = tq_retire_step(sp, TQ_RETIRE_FORCED, 1, e);
	return t.rv == -1 ? -1 : 0;
}

static int
carry_act(struct world *w)
{
	return with_handle(w, carry);
}

static void
carry_after(struct world *w, int rv)
{
	mended(w, rv, carry);
}

/* A sync failed that covers all there is. */
static int
rescue(struct tq_spool *sp, struct tq_err *e)
{
	sp->t.top->durable = TQ_LSN(sp->t.top->base, 0);
	sp->t.top->fail_to = sp->t.top->tail;
	return tq_rescue(sp, e);
}

static int
rescue_act(struct world *w)
{
	return with_handle(w, rescue);
}

static void
rescue_after(struct world *w, int rv)
{
	mended(w, rv, rescue);
}

static const struct scene scenes[] = {
	{ "put", NULL, put_act, put_after },
	{ "put of a file", NULL, file_act, file_after },
	{ "work", graph_before, work_act, work_after },
	{ "look", graph_before, look_act, graph_after },
	{ "revoke", graph_before, revoke_act, revoke_after },
	{ "care", NULL, care_act, care_after },
	{ "replay", graph_before, replay_act, replay_after },
	{ "carry", graph_before, carry_act, carry_after },
	{ "rescue", graph_before, rescue_act, rescue_after },
	{ "task in JSON", NULL, json_act, NULL },
	{ "message of Celery", NULL, celery_act, NULL },
	{ "plan for Celery", plan_before, plan_act, plan_after },
	{ "settings of a handler", NULL, conf_act, NULL },
};

/* Act with the n-th allocation failing; 1 if there was one. */
static int
act(const struct scene *sc, struct world *w, unsigned n)
{
	int rv;

	if (sc->before != NULL)
		sc->before(w);
	memset(&w->e, 0, sizeof(w->e));
	calls = 0;
	first = n;
	rv = sc->act(w);
	first = 0;
	if (calls < n && rv == -1)
		fail_msg("%s, unharmed: %s", sc->name, w->e.text);
	if (rv == -1 && (w->e.num != ENOMEM || w->e.text[0] == '\0'))
		fail_msg("%s, allocation %u: errno %d: %s", sc->name, n,
		    w->e.num, w->e.text);
	if (sc->after != NULL)
		sc->after(w, rv);
	finish(w);
	return calls >= n;
}

static void
without_memory_nothing_is_half_done(void **state)
{
	struct world w = { .f = *state };
	const struct scene *sc;
	unsigned n;

	if (tq_open(&w.tq, w.f->dir, NULL, 0, &w.e) == -1)
		fail_msg("%s", w.e.text);
	for (sc = scenes; sc < scenes + T_COUNT(scenes); sc++)
		for (all_after = 0; all_after < 2; all_after++) {
			for (n = 1; n < ROUNDS_MAX && act(sc, &w, n); n++)
				continue;
			assert_in_range(n, 2, ROUNDS_MAX - 1);
		}
	tq_close(w.tq);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    without_memory_nothing_is_half_done, t_setup_spool,
		    t_teardown_spool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
