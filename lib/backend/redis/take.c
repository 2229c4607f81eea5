/*
 * Taking: messages out of their lists and into our hands, in one script.
 *
 * One is taken for each that is asked for.  A worker that asks again at once
 * gets more with each script, so that many short tasks cost few round trips;
 * what it does not ask for within a moment goes back (held.c).
 */
#define _GNU_SOURCE		/* memfd_create(2) */
#include <sys/mman.h>

#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/redis/worker.h"
#include "base/clock.h"
#include "base/io.h"

#define BATCH_MAX	64
#define BATCH_BYTES	(1 << 20)	/* no more messages behind so much */
#define AT_ONCE		(20 * TQ_MS)
#define MOVE_MOST	100		/* due ones a script moves, or parks */
#define LOOK_AGAIN	TQ_SECOND	/* while waiting, whatever rings */
#define INLINE_MAX	65536		/* a longer body is a file */

/* ---- the script ------------------------------------------------------ */

/*
 * The queues in the order they are asked: as given, or drawn by their weights.
 * The first draw of each call visits them evenly: a step of the golden ratio.
 */
static void
order_queues(struct tq_redis *r, const struct tq_take *take,
    const char *names[TQ_QUEUES_MAX])
{
	unsigned weight[TQ_QUEUES_MAX], sum = 0;
	uint32_t lot = r->rotor += UINT32_C(0x9e3779b9);
	size_t i, k;

	for (i = 0; i < take->nqueues; i++) {
		names[i] = take->queue[i];
		sum += weight[i] = take->weight[i];
	}
	for (i = 0; i < take->nqueues && sum > 0; i++) {
		lot = (uint32_t)((uint64_t)lot * sum >> 32);
		for (k = 0; k < take->nqueues && lot >= weight[k]; k++)
			lot -= weight[k];
		names[i] = take->queue[k];
		sum -= weight[k];
		weight[k] = 0;
		tq_random(&lot, sizeof(lot));
	}
}

static int
add_lists(struct tq_redis *r, const char *const *names, size_t n,
    struct tq_err *e)
{
	const char *list;
	size_t i, k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < r->place.nsteps; k++) {
			list = tq_redis_list_key(&r->place, &r->mem, names[i],
			    (int)r->place.steps[k]);
			if (list == NULL)
				return tq_fail_sys(e, ENOMEM, "queue %s",
				    names[i]);
			tq_redis_cmd_str(&r->cmd, list);
			tq_redis_cmd_str(&r->cmd, names[i]);
		}
	}
	return 0;
}

/* The queue of the n-th list that was named. */
static const char *
queue_of(const struct tq_redis *r, const char *const *names, long long n)
{
	return names[(size_t)n / r->place.nsteps];
}

/* Seconds in a text, as a point in time. */
static tq_time
seconds(const char *s)
{
	return (tq_time)(strtod(s, NULL) * 1e6) * 1000;
}

/* What the script gave: the number of messages, or -1. */
static int
take_in(struct tq_redis *r, const redisReply *a,
    const char *const *names, struct tq_err *e)
{
	const redisReply *const *v = (const redisReply *const *)a->element;
	struct tq_redis_held *h;
	size_t i;
	int n = 0;

	if (a->type != REDIS_REPLY_ARRAY || a->elements < 7)
		return tq_fail(e, EPROTO, "%s: bad answer to a take",
		    r->place.name);
	r->due = v[0]->len == 0 ? 0 : seconds(v[0]->str);
	r->past = v[1]->integer > 0;
	r->paused = v[3]->integer > 0;
	r->more = v[4]->integer > 0;
	strlcpy(r->bell, v[5]->str, sizeof(r->bell));
	r->opens = v[6]->len == 0 ? 0 : seconds(v[6]->str);
	if (strcmp(r->revision, v[2]->str) != 0 &&
	    tq_redis_learn_revoked(r, v[2]->str, e) == -1)
		return -1;
	for (i = 7; i + 3 < a->elements; i += 4, n++) {
		h = tq_redis_held_add(r, v[i]->str,
		    queue_of(r, names, v[i + 1]->integer), v[i + 2]->str,
		    v[i + 2]->len);
		if (h == NULL)
			/* it is ours on the server: the lease finds it */
			return tq_fail_sys(e, ENOMEM, "%s", r->place.name);
		h->seen = v[i + 3]->integer == 1;
	}
	return n;
}

/* How many to take: more while they are asked for one upon another. */
static unsigned
batch(struct tq_redis *r)
{
	tq_time now = tq_clock_mono();

	if (r->worker == NULL || now - r->last_take > AT_ONCE)
		r->batch = 1;
	else if (r->batch < BATCH_MAX)
		r->batch *= 2;
	r->last_take = now;
	return r->batch;
}

static int
take_some(struct tq_redis *r, const struct tq_take *take, struct tq_err *e)
{
	const char *names[TQ_QUEUES_MAX];
	char stem[TQ_REDIS_TAG_MAX];
	tq_time now = tq_clock_wall();
	unsigned n = batch(r);
	redisReply *a;
	size_t i;
	int rv;

	tq_arena_reset(&r->mem);
	/* the first one is for somebody who begins it at once */
	snprintf(stem, sizeof(stem), "%s%llxs.", r->stem,
	    (unsigned long long)r->ntags++);
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, r->place.prefix);
	tq_redis_cmd_time(&r->cmd, now);
	tq_redis_cmd_time(&r->cmd, now +
	    (take->lease > 0 ? take->lease : r->place.lease));
	tq_redis_cmd_str(&r->cmd, stem);
	tq_redis_cmd_num(&r->cmd, n);
	tq_redis_cmd_num(&r->cmd, MOVE_MOST);
	tq_redis_cmd_num(&r->cmd, BATCH_BYTES);
	tq_redis_cmd_num(&r->cmd, (int64_t)take->noffers);
	for (i = 0; i < take->noffers; i++) {
		tq_redis_cmd_str(&r->cmd, take->offer[i].name);
		tq_redis_cmd_num(&r->cmd, take->offer[i].total);
		tq_redis_cmd_num(&r->cmd, take->offer[i].free);
	}
	order_queues(r, take, names);
	if (add_lists(r, names, take->nqueues, e) == -1)
		return -1;
	if ((a = tq_redis_call(&r->main, TQ_REDIS_TAKE, &r->cmd, e)) == NULL)
		return -1;
	rv = take_in(r, a, names, e);
	freeReplyObject(a);
	r->quiet = 0;
	if (rv >= 0 && (unsigned)rv < n)
		r->batch = 1;
	r->drained = rv > 0 && (unsigned)rv < n;
	return rv;
}

/* ---- a claim --------------------------------------------------------- */

/* A long body in a file of its own: a handler's stdin is one anyway. */
static int
body_to_file(struct tq_task *t, struct tq_err *e)
{
	int fd;

	if (t->body.n <= INLINE_MAX)
		return 0;
	if ((fd = memfd_create("tq-body", MFD_CLOEXEC)) == -1)
		return tq_fail_sys(e, errno, "body");
	if (tq_io_pwrite(fd, t->body.p, t->body.n, 0) == -1) {
		tq_fail_sys(e, errno, "body");
		close(fd);
		return -1;
	}
	t->body.p = NULL;
	t->body.n = 0;
	t->body_fd = fd;
	return 0;
}

/* What it says, in memory that is not the held one's. */
static int
read_copy(struct tq_redis_read *in, struct tq_arena *mem,
    const struct tq_redis_held *h, struct tq_err *e)
{
	const char *text = tq_arena_copy(mem, h->text, h->n);

	if (text == NULL)
		return tq_fail_sys(e, ENOMEM, "message");
	return tq_redis_read(in, mem, text, h->n, e);
}

/* End it without a run; the caller goes on with the next. */
static int
end_now(struct tq_redis *r, struct tq_redis_held *h,
    const struct tq_redis_read *in, enum tq_state state, const char *type,
    const char *why, struct tq_err *e)
{
	struct tq_outcome o;

	tq_outcome_init(&o, state);
	o.type = type;
	o.why = why;
	return tq_redis_end(r, h, in, &o, 0, e);
}

/* Celery's own chord_unlock: look at the results that it waits for. */
static int
unlock(struct tq_redis *r, struct tq_redis_held *h,
    const struct tq_redis_read *in, const struct tq_celery_work *work,
    struct tq_err *e)
{
	struct tq_bytes *metas;
	size_t i;

	metas = tq_arena_alloc(&r->mem, (work->nids + 1) * sizeof(*metas));
	if (metas == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", h->id.s);
	for (i = 0; i < work->nids; i++)
		if (tq_redis_meta_get(r, &metas[i], &r->mem, work->ids[i],
		    e) == -1)
			return -1;
	return tq_redis_end_unlock(r, h, in, metas, work->nids, e);
}

static void
set_past(struct tq_redis_held *h, const struct tq_redis_read *in)
{
	strlcpy(h->id.s, in->msg.id, sizeof(h->id.s));
	h->crashes = in->crashes;
	h->laters = in->laters;
	h->attempt = 1 + (unsigned)in->msg.retries + in->crashes + in->laters;
	h->start = tq_clock_wall();
	h->put = tq_redis_put_time(h->id.s);
}

/*
 * Note that it is begun, before it is: should this worker die, the others know
 * what it may have died of.
 */
static int
begin(struct tq_redis *r, const struct tq_redis_held *h, struct tq_err *e)
{
	size_t n = strlen(h->tag);

	if (n > 3 && strcmp(h->tag + n - 3, "s.1") == 0)
		return 0;
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "SADD");
	tq_redis_cmd_join(&r->cmd, r->place.prefix, "tq.started", NULL);
	tq_redis_cmd_str(&r->cmd, h->tag);
	return tq_redis_post(&r->main, TQ_REDIS_PLAIN, &r->cmd, NULL, NULL,
	    e);
}

/* What the claim tells of it. */
static void
fill(struct tq_claim *c, const struct tq_redis_held *h,
    const struct tq_redis_read *in)
{
	c->ref.id = h->id;
	c->ref.attempt = h->attempt;
	c->ref.hint = 0;
	c->crashes = h->crashes;
	c->laters = h->laters;
	c->failures = (unsigned)in->msg.retries;
	c->start = h->start;
	c->put = h->put;
	c->headers = in->env.headers;
	c->properties = in->env.properties;
	c->embed = in->msg.embed;
	tq_rules_init(&c->rules);
	c->task.id = in->msg.id;
	c->task.queue = h->queue;
	c->task.pri = in->env.priority < 0 || in->env.priority > 9 ?
	    TQ_PRI_DEFAULT : 9 - in->env.priority;
}

/*
 * One of that name begins: counted, 0; or, by the rate that was set for this
 * worker, when it may.
 */
static tq_time
start(struct tq_redis *r, const char *name, tq_time now)
{
	struct tq_redis_name *t;
	tq_time due;

	if (r->worker == NULL ||
	    (t = tq_redis_name(&r->worker->names, name)) == NULL)
		return 0;
	if ((due = tq_pace_ask(&t->pace, now)) == 0)
		t->begun++;
	return due;
}

/*
 * Make a claim of what was taken: 1; 0 it was seen to without one (poison,
 * revoked, not due yet, Celery's own); -1 it is still there.
 */
static int
prepare(struct tq_redis *r, struct tq_redis_held *h,
    const struct tq_take *take, struct tq_claim *c, struct tq_err *e)
{
	struct tq_arena *mem = tq_arena_reuse(&c->mem);
	struct tq_redis_read in;
	struct tq_celery_site site;
	struct tq_celery_work work;
	struct tq_err why;
	tq_time due;
	int rv;

	tq_arena_reset(&r->mem);
	tq_task_init(&c->task);
	if (mem == NULL)
		return tq_fail_sys(e, ENOMEM, "claim");
	/* the claim outlives what is held: it gets a text of its own */
	if (read_copy(&in, mem, h, &why) == -1)
		return why.num == ENOMEM ? tq_fail(e, ENOMEM, "%s", why.text) :
		    tq_redis_bury(r, h, why.text, e);
	set_past(h, &in);
	tq_redis_site(r, &site, h->queue);
	if (tq_redis_is_revoked(r, h->id.s) ||
	    tq_redis_is_stamped(r, mem, &in.msg))
		return end_now(r, h, &in, TQ_REVOKED, NULL, "revoked", e);
	if (in.msg.eta > site.now && (in.msg.expires == 0 ||
	    in.msg.expires > site.now))
		return tq_redis_delay(r, h, in.env.priority, in.msg.eta, e);
	if (tq_celery_look(&work, mem, &in.msg, &site, &why) == -1)
		return end_now(r, h, &in, TQ_FAILURE, "BadMessage", why.text,
		    e);
	if (work.next == TQ_CELERY_END && work.end.state == TQ_EXPIRED) {
		work.end.why = "expired";
		h->attempt--;		/* there was none */
	}
	if (work.next == TQ_CELERY_END)
		return tq_redis_end(r, h, &in, &work.end, 0, e);
	if (work.next == TQ_CELERY_LOOK)
		return unlock(r, h, &in, &work, e);
	rv = tq_celery_task_view(&c->task, mem, work.task, &why);
	if (rv == -1 && why.num == ENOMEM)
		return tq_fail(e, ENOMEM, "%s", why.text);
	if (rv == -1)
		return end_now(r, h, &in, TQ_FAILURE, why.num == ENOENT ?
		    "NotRegistered" : "BadMessage", why.text, e);
	if (!h->seen && (c->task.lane != NULL || c->task.nneeds > 0))
		/* the script takes no \u for a letter of a word */
		return end_now(r, h, &in, TQ_FAILURE, "BadMessage",
		    "header tq: lane or needs are spelled so that no server "
		    "reads them", e);
	if ((due = start(r, c->task.kind == TQ_KIND_NAMED ? c->task.name :
	    TQ_CELERY_EXEC, site.now)) != 0)
		return tq_redis_delay(r, h, in.env.priority, due, e);
	if (body_to_file(&c->task, e) == -1)
		return -1;
	fill(c, h, &in);
	if ((c->task.queue = tq_arena_copy(mem, h->queue, strlen(h->queue))) ==
	    NULL)
		return tq_fail_sys(e, ENOMEM, "claim");
	if (begin(r, h, e) == -1)
		return -1;
	r->ntaken--;
	h->stage = TQ_REDIS_CLAIMED;
	if (r->worker != NULL) {
		r->worker->claims++;
		tq_redis_event_task(r, "task-received", h, &in, NULL);
		tq_redis_event_task(r, "task-started", h, &in, NULL);
	}
	h->lease = take->lease > 0 ? tq_clock_wall() + take->lease : 0;
	return 1;
}

static struct tq_redis_held *
first_taken(const struct tq_redis *r)
{
	struct tq_redis_held *h;

	if (r->ntaken == 0)
		return NULL;
	TAILQ_FOREACH(h, &r->held, link)
		if (h->stage == TQ_REDIS_TAKEN)
			return h;
	return NULL;
}

/* The next of those taken already: as prepare(), 0 when there is none. */
static int
next_taken(struct tq_redis *r, const struct tq_take *take,
    struct tq_claim *c, struct tq_err *e)
{
	struct tq_redis_held *h;
	int rv;

	while ((h = first_taken(r)) != NULL) {
		if (h->lost) {
			tq_redis_held_drop(r, h);
			continue;
		}
		tq_redis_held_use(h);
		rv = prepare(r, h, take, c, e);
		if (tq_redis_held_done(h) && rv == -1 && errno == ESTALE)
			h->lost = 1;
		if (rv == 1 || (rv == -1 && errno != ESTALE))
			return rv;
	}
	return 0;
}

/*
 * 1 if the take before this one, a moment ago, gave less than it was asked for:
 * the answer is known for the worker's next place.  Once, and then he watches,
 * which looks; a script more would keep him from the answers of his handlers.
 */
static int
was_drained(struct tq_redis *r)
{
	int drained = r->drained;

	r->drained = 0;
	return drained && tq_clock_mono() - r->last_take < AT_ONCE;
}

tq_time
tq_redis_next(const struct tq_redis *r)
{
	return r->due == 0 || (r->opens != 0 && r->opens < r->due) ?
	    r->opens : r->due;
}

/*
 * 1 if the lists were empty a moment ago, when we lay down to sleep: so a place
 * that is free again is as likely to find nothing.  Once, and then he watches,
 * which is less than a script for a server that somebody else waits for.  Not
 * where an end of ours may free what is not in the lists (lanes, needs, limits:
 * they ring the bell), and not when something else is to be done.
 */
static int
is_quiet(struct tq_redis *r)
{
	tq_time next = tq_redis_next(r);
	int quiet = r->quiet;

	r->quiet = 0;
	return quiet && r->bell[0] == '\0' && !r->paused && !r->past &&
	    (next == 0 || next > tq_clock_wall()) &&
	    !tq_redis_sweep_due(r) &&
	    tq_clock_mono() - r->last_take < AT_ONCE;
}

/* Look once: 1 claimed, 0 nothing there, -1. */
static int
claim_once(struct tq_redis *r, const struct tq_take *take,
    struct tq_claim *c, struct tq_err *e)
{
	int n, rv;

	if (tq_redis_tend(r, e) == -1)
		return -1;
	if ((rv = next_taken(r, take, c, e)) != 0 || was_drained(r) ||
	    is_quiet(r))
		return rv;
	do {
		if ((n = take_some(r, take, e)) == -1 ||
		    (rv = next_taken(r, take, c, e)) != 0)
			return n == -1 ? -1 : rv;
		if (n == 0 && !r->more && tq_clock_mono() >= r->grace &&
		    (r->past || tq_redis_sweep_due(r)))
			n = tq_redis_sweep(r, e);
	} while (n > 0 || r->more);
	return n;
}

int
tq_redis_claim(void *b, const struct tq_take *take, struct tq_claim *c,
    struct tq_err *e)
{
	struct tq_redis *r = b;
	tq_time until = tq_clock_deadline(tq_clock_mono(), take->timeout);
	tq_time now, next, wake;
	int rv;

	for (;;) {
		if ((rv = claim_once(r, take, c, e)) != 0)
			return rv;
		if ((now = tq_clock_mono()) >= until)
			return 0;
		next = now + LOOK_AGAIN;
		wake = tq_redis_next(r);
		if (wake != 0 && wake - tq_clock_wall() < LOOK_AGAIN)
			next = now + (wake - tq_clock_wall());
		if (tq_redis_doze(r, take, next < until ? next : until, e) ==
		    -1)
			return -1;
	}
}
