/* Queues: their names, their depths, and waiting until they are empty. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "backend/redis/calls.h"
#include "backend/redis/keyname.h"
#include "backend/redis/redis.h"
#include "backend/redis/verb.h"
#include "base/clock.h"

#define LOOK_EVERY	(50 * TQ_MS)
#define LOOKS		3		/* before queues are idle */

/* ---- depths ---------------------------------------------------------- */

/* What stands in no list: lists are counted by their length. */
struct count {
	struct tq_queue_info *v;
	size_t		 n;
};

static int
count_one(const struct tq_info *i, void *arg)
{
	struct count *c = arg;
	size_t k;

	for (k = 0; k < c->n; k++)
		if (strcmp(c->v[k].name, i->task.queue) == 0)
			c->v[k].count[i->state]++;
	return 0;
}

/* Lengths of all lists in one go; a reply each. */
static void
add_length(void *arg, const redisReply *a)
{
	struct tq_queue_info *q = arg;

	if (a != NULL && a->type == REDIS_REPLY_INTEGER)
		q->count[TQ_READY] += (uint64_t)a->integer;
}

static void
note_paused(void *arg, const redisReply *a)
{
	if (a != NULL && a->type == REDIS_REPLY_INTEGER)
		*(int *)arg = a->integer == 1;
}

/* Ask for all that has a number of its own. */
static int
ask(struct tq_redis *r, struct tq_queue_info *q, struct tq_arena *mem,
    struct tq_err *e)
{
	static const char *const sets[] = { "tq.paused", "tq.closed" };
	int *flags[] = { &q->paused, &q->closed };
	size_t k;

	for (k = 0; k < r->place.nsteps; k++) {
		tq_redis_cmd_reset(&r->cmd);
		tq_redis_cmd_str(&r->cmd, "LLEN");
		tq_redis_cmd_str(&r->cmd, tq_redis_list_key(&r->place, mem,
		    q->name, (int)r->place.steps[k]));
		if (tq_redis_post(&r->main, TQ_REDIS_PLAIN, &r->cmd,
		    add_length, q, e) == -1)
			return -1;
	}
	for (k = 0; k < 2; k++) {
		tq_redis_cmd_reset(&r->cmd);
		tq_redis_cmd_str(&r->cmd, "SISMEMBER");
		tq_redis_cmd_join(&r->cmd, r->place.prefix, sets[k], NULL);
		tq_redis_cmd_str(&r->cmd, q->name);
		if (tq_redis_post(&r->main, TQ_REDIS_PLAIN, &r->cmd,
		    note_paused, flags[k], e) == -1)
			return -1;
	}
	return 0;
}

/* Ends are results, which no queue has; what is put and begun leaves no trace. */
static void
set_uncounted(struct tq_queue_info *q)
{
	static const enum tq_state ends[] = {
		TQ_SUCCESS, TQ_FAILURE, TQ_REVOKED, TQ_EXPIRED
	};
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		q->count[ends[i]] = TQ_UNCOUNTED;
	q->puts = q->claims = q->successes = q->failures = q->bytes =
	    q->workers = q->sleeping = TQ_UNCOUNTED;
}

static int
depths(struct tq_redis *r, struct count *c, const char *const *names,
    size_t n, struct tq_arena *mem, struct tq_err *e)
{
	const struct tq_select sel = {
		.queues = names, .nqueues = n,
		.states = 1u << TQ_STARTED | 1u << TQ_DELAYED | 1u << TQ_RETRY |
		    1u << TQ_BLOCKED | 1u << TQ_READY
	};
	size_t i;

	c->n = n;
	c->v = tq_arena_alloc(mem, (n + 1) * sizeof(*c->v));
	if (c->v == NULL)
		return tq_fail_sys(e, ENOMEM, "queues");
	memset(c->v, 0, (n + 1) * sizeof(*c->v));
	for (i = 0; i < n; i++) {
		c->v[i].name = names[i];
		set_uncounted(&c->v[i]);
		if (ask(r, &c->v[i], mem, e) == -1)
			return -1;
	}
	if (tq_redis_finish(&r->main, e) == -1)
		return -1;
	return tq_redis_list_unready(r, &sel, count_one, c, e);
}

int
tq_redis_queues(void *b, int (*each)(const struct tq_queue_info *, void *),
    void *arg, struct tq_err *e)
{
	struct tq_redis *r = b;
	const char *const *names;
	struct tq_arena mem;
	struct count c;
	size_t i, n;
	int rv;

	if (tq_redis_ready(r, e) == -1)
		return -1;
	tq_arena_init(&mem);
	if ((rv = tq_redis_queue_names(r, &names, &n, &mem, e)) == 0)
		rv = depths(r, &c, names, n, &mem, e);
	for (i = 0; rv == 0 && i < n; i++)
		rv = each(&c.v[i], arg);
	tq_arena_fini(&mem);
	return rv;
}

/* 1 nothing was seen that is to be done, 0, -1. */
static int
looks_idle(struct tq_redis *r, const char *const *queues, size_t n,
    struct tq_err *e)
{
	struct tq_arena mem;
	struct count c;
	size_t i;
	int rv;

	if (tq_redis_ready(r, e) == -1)
		return -1;
	tq_arena_init(&mem);
	rv = depths(r, &c, queues, n, &mem, e);
	if (rv == 0)
		rv = 1;
	for (i = 0; rv == 1 && i < n; i++)
		if (c.v[i].count[TQ_READY] + c.v[i].count[TQ_STARTED] +
		    c.v[i].count[TQ_RETRY] + c.v[i].count[TQ_DELAYED] +
		    c.v[i].count[TQ_BLOCKED] > 0)
			rv = 0;
	tq_arena_fini(&mem);
	return rv;
}

/*
 * A task on its way from one place to another may be missed in both: one that
 * is tried again goes from a worker to what is delayed and to a worker, while
 * these are read one after the other.
 */
static int
is_idle(struct tq_redis *r, const char *const *queues, size_t n,
    struct tq_err *e)
{
	int rv = 1, looks;

	for (looks = 0; rv == 1 && looks < LOOKS; looks++)
		rv = looks_idle(r, queues, n, e);
	return rv;
}

/* What a Celery worker has acknowledged early is not seen here. */
int
tq_redis_wait_idle(void *b, const char *const *queues, size_t n,
    tq_time timeout, struct tq_err *e)
{
	tq_time until = tq_clock_deadline(tq_clock_mono(), timeout), left;
	int rv;

	while ((rv = is_idle(b, queues, n, e)) == 0) {
		if ((left = until - tq_clock_mono()) <= 0)
			break;
		if (left > LOOK_EVERY)
			left = LOOK_EVERY;
		(void)poll(NULL, 0, (int)((left + TQ_MS - 1) / TQ_MS));
	}
	return rv;
}
