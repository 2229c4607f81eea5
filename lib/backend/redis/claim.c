/*
 * A claim of what was taken: the message read, and what becomes of it without
 * a run, or the task that is to be run.
 *
 *	cannot be read			set aside, with the dead letters
 *	its id and attempt run here	back, to wait a second: an end names a
 *					claim by these two
 *	revoked, expired, Celery's own	it ends, or is seen to
 *	not due, or over its rate	back, to wait for its time
 *	no task of ours can be made	it fails
 *	else				claimed
 *
 * What is read lives in the claim's memory: the claim outlives what is held.
 */
#define _GNU_SOURCE		/* memfd_create(2) */
#include <sys/mman.h>

#include <bsd/string.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backend/redis/end.h"
#include "backend/redis/message.h"
#include "backend/redis/names.h"
#include "backend/redis/redis.h"
#include "backend/redis/see.h"
#include "backend/redis/send.h"
#include "backend/redis/work.h"
#include "backend/redis/worker.h"
#include "base/clock.h"
#include "base/io.h"

#define INLINE_MAX	65536		/* a longer body is a file */
#define TWIN_WAIT	TQ_SECOND	/* of one whose id runs here */

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
	strlcpy(h->id.s, in->name, sizeof(h->id.s));
	h->crashes = in->crashes;
	h->laters = in->laters;
	h->attempt = 1 + (unsigned)in->msg.retries + in->crashes + in->laters;
	h->start = tq_clock_wall();
	h->put = tq_uuid_time(h->id.s);
}

/* 1 if a claim of this handle has its name: one of the two cannot be ended. */
static int
runs_here(struct tq_redis *r, const struct tq_redis_held *h)
{
	const struct tq_ref ref = { .id = h->id, .attempt = h->attempt };

	return tq_redis_held_find(r, &ref) != NULL;
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
	c->task.id = in->name;
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
 * What is seen to without a run (revoked, not due yet, Celery's own): 0, or -1
 * it is still there; 1 it is to be run, as *work says.
 */
static int
see_to(struct tq_redis *r, struct tq_redis_held *h,
    const struct tq_redis_read *in, struct tq_celery_work *work,
    struct tq_arena *mem, struct tq_err *e)
{
	struct tq_celery_site site;
	struct tq_err why;

	tq_redis_site(r, &site, h->queue);
	if (tq_redis_is_revoked(r, h->id.s) ||
	    tq_redis_is_stamped(r, mem, &in->msg))
		return end_now(r, h, in, TQ_REVOKED, NULL, "revoked", e);
	if (in->msg.eta > site.now && (in->msg.expires == 0 ||
	    in->msg.expires > site.now))
		return tq_redis_delay(r, h, in->env.priority, in->msg.eta, e);
	if (tq_celery_look(work, mem, &in->msg, &site, &why) == -1)
		return end_now(r, h, in, TQ_FAILURE, "BadMessage", why.text,
		    e);
	if (work->next == TQ_CELERY_END && work->end.state == TQ_EXPIRED) {
		work->end.why = "expired";
		h->attempt--;		/* there was none */
	}
	if (work->next == TQ_CELERY_END)
		return tq_redis_end(r, h, in, &work->end, 0, e);
	if (work->next == TQ_CELERY_LOOK)
		return unlock(r, h, in, work, e);
	return 1;
}

/* What is to be run as a task of ours: 1, and 0, -1 as above. */
static int
view(struct tq_redis *r, struct tq_redis_held *h,
    const struct tq_redis_read *in, const struct tq_celery_work *work,
    struct tq_task *t, struct tq_arena *mem, struct tq_err *e)
{
	struct tq_err why;
	tq_time due;
	int rv;

	rv = tq_celery_task_view(t, mem, work->task, &why);
	if (rv == -1 && why.num == ENOMEM)
		return tq_fail(e, ENOMEM, "%s", why.text);
	if (rv == -1)
		return end_now(r, h, in, TQ_FAILURE, why.num == ENOENT ?
		    "NotRegistered" : "BadMessage", why.text, e);
	if (!h->seen && (t->lane != NULL || t->nneeds > 0))
		/* the script takes no \u for a letter of a word */
		return end_now(r, h, in, TQ_FAILURE, "BadMessage",
		    "header tq: lane or needs are spelled so that no server "
		    "reads them", e);
	due = start(r, t->kind == TQ_KIND_NAMED ? t->name : TQ_CELERY_EXEC,
	    h->start);
	return due == 0 ? 1 : tq_redis_delay(r, h, in->env.priority, due, e);
}

/*
 * Of a name without a handler Celery's workers tell only that it failed
 * (5.2.6, worker/consumer/consumer.py, on_unknown_task).
 */
static int
is_told(const struct tq_redis *r, const struct tq_take *take,
    const struct tq_task *t)
{
	return r->worker->events && (take->runs == NULL ||
	    take->runs(take->runs_arg, t));
}

/* From here on it is the claim's. */
static void
hand_out(struct tq_redis *r, struct tq_redis_held *h,
    const struct tq_redis_read *in, const struct tq_task *t,
    const struct tq_take *take)
{
	r->ntaken--;
	h->stage = TQ_REDIS_CLAIMED;
	if (r->worker != NULL) {
		r->worker->claims++;
		if (is_told(r, take, t)) {
			tq_redis_event_task(r, "task-received", h, in, NULL);
			tq_redis_event_task(r, "task-started", h, in, NULL);
		}
	}
	h->lease = take->lease > 0 ?
	    tq_clock_deadline(tq_clock_wall(), take->lease) : 0;
}

int
tq_redis_prepare(struct tq_redis *r, struct tq_redis_held *h,
    const struct tq_take *take, struct tq_claim *c, struct tq_err *e)
{
	struct tq_arena *mem = tq_arena_reuse(&c->mem);
	struct tq_celery_work work;
	struct tq_redis_read in;
	struct tq_err why;
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
	if (runs_here(r, h))
		return tq_redis_delay(r, h, in.env.priority,
		    tq_clock_wall() + TWIN_WAIT, e);
	if ((rv = see_to(r, h, &in, &work, mem, e)) != 1 ||
	    (rv = view(r, h, &in, &work, &c->task, mem, e)) != 1)
		return rv;
	if (body_to_file(&c->task, e) == -1)
		return -1;
	fill(c, h, &in);
	if ((c->task.queue = tq_arena_copy(mem, h->queue, strlen(h->queue))) ==
	    NULL)
		return tq_fail_sys(e, ENOMEM, "claim");
	if (begin(r, h, e) == -1)
		return -1;
	hand_out(r, h, &in, &c->task, take);
	if (r->results.track && in.msg.ignore_result != 1)
		tq_redis_report_start(r, c);
	return 1;
}
