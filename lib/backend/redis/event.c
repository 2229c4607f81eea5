/*
 * Events, as a Celery worker sends them: heartbeats always, what happens to
 * tasks when somebody asked for it.  They are told and not waited for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/redis/message.h"
#include "backend/redis/redis.h"
#include "backend/redis/worker.h"
#include "base/clock.h"
#include "message/celery_raise.h"
#include "message/celery_remote.h"
#include "message/celery_result.h"
#include "message/json.h"

#define BEAT	(2 * TQ_SECOND)

/* Publish it under its type. */
static void
publish(struct tq_redis *r, const struct tq_celery_event *ev)
{
	struct tq_celery_envelope env;
	struct tq_uuid id;
	struct tq_buf body, text;
	char key[64], tag[37], channel[256];

	if (r->main.wire.fd == -1)
		return;
	tq_celery_event_key(key, sizeof(key), ev->type);
	tq_uuid_make(&id, &r->ids, ev->timestamp);
	tq_uuid_format(tag, &id);
	tq_buf_init(&body);
	tq_buf_init(&text);
	tq_celery_event_encode(&body, ev);
	tq_buf_str(&text, "{\"hostname\": ");
	tq_json_str(&text, r->node, strlen(r->node));
	tq_buf_str(&text, "}");
	tq_celery_envelope_init(&env);
	env.headers.p = (const char *)text.p;
	env.headers.n = text.n;
	env.body.p = (const char *)body.p;
	env.body.n = body.n;
	env.delivery_tag = tag;
	env.delivery_mode = 1;
	env.priority = 0;
	env.exchange = "celeryev";
	env.routing_key = key;
	tq_buf_reset(&r->buf);
	tq_celery_envelope_encode(&r->buf, &env);
	snprintf(channel, sizeof(channel), "%s/%d.celeryev/%s",
	    r->place.prefix, r->place.db, key);
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "PUBLISH");
	tq_redis_cmd_str(&r->cmd, channel);
	tq_redis_cmd_put(&r->cmd, r->buf.p, r->buf.n);
	if (tq_buf_ok(&body) && tq_buf_ok(&text) && tq_buf_ok(&r->buf))
		(void)tq_redis_post(&r->main, TQ_REDIS_PLAIN, &r->cmd, NULL,
		    NULL, NULL);
	tq_buf_fini(&body);
	tq_buf_fini(&text);
}

static void
begin(struct tq_redis *r, struct tq_celery_event *ev, const char *type)
{
	tq_celery_event_init(ev);
	ev->type = type;
	ev->hostname = r->node;
	ev->pid = getpid();
	ev->clock = ++r->worker->clock;
	ev->utcoffset = 0;
	ev->timestamp = tq_clock_wall();
}

static int64_t
running(const struct tq_redis *r)
{
	const struct tq_redis_held *h;
	int64_t n = 0;

	TAILQ_FOREACH(h, &r->held, link)
		n += h->stage == TQ_REDIS_CLAIMED;
	return n;
}

void
tq_redis_event_worker(struct tq_redis *r, const char *type)
{
	struct tq_celery_event ev;

	if (!r->worker->control)
		return;
	begin(r, &ev, type);
	ev.freq = BEAT;
	ev.active = running(r);
	ev.processed = (int64_t)(r->worker->done + r->worker->failed);
	if (getloadavg(ev.loadavg, 3) == -1)
		memset(ev.loadavg, 0, sizeof(ev.loadavg));
	ev.sw_ident = "tq";
	ev.sw_ver = TQ_VERSION;
	ev.sw_sys = "Linux";
	publish(r, &ev);
}

void
tq_redis_event_beat(struct tq_redis *r)
{
	tq_time now = tq_clock_mono();

	if (now - r->worker->beat < BEAT)
		return;
	r->worker->beat = now;
	tq_redis_event_worker(r, "worker-heartbeat");
}

/* A value as Python shows it, in mem. */
static const char *
repr(struct tq_arena *mem, struct tq_bytes v)
{
	const char *s = NULL;
	struct tq_buf b;

	tq_buf_init(&b);
	tq_celery_repr(&b, v);
	if (tq_buf_ok(&b))
		s = tq_arena_copy(mem, b.p, b.n);
	tq_buf_fini(&b);
	return s;
}

/* What was written, without its last newline. */
static const char *
text(struct tq_arena *mem, struct tq_bytes v)
{
	if (v.n > 0 && v.p[v.n - 1] == '\n')
		v.n--;
	return v.n == 0 ? "None" : tq_arena_copy(mem, v.p,
	    v.n < 1024 ? v.n : 1024);
}

/* What who waits for its result sees raised, as Python shows it. */
static const char *
raised(struct tq_arena *mem, const struct tq_redis_read *in,
    const struct tq_outcome *o)
{
	const struct tq_celery_end end = { .outcome = o, .out = o->out,
	    .err = o->err };
	struct tq_celery_exc exc;
	const char *s = NULL;
	struct tq_buf b;

	if (tq_celery_raise(&exc, mem, &in->msg, &end, NULL) == -1)
		return o->why;
	tq_buf_init(&b);
	tq_celery_exc_repr(&b, &exc);
	if (tq_buf_ok(&b))
		s = tq_arena_copy(mem, b.p, b.n);
	tq_buf_fini(&b);
	return s;
}

void
tq_redis_event_task(struct tq_redis *r, const char *type,
    const struct tq_redis_held *h, const struct tq_redis_read *in,
    const struct tq_outcome *o)
{
	struct tq_celery_event ev;
	struct tq_arena mem;

	if (r->worker == NULL || !r->worker->events)
		return;
	tq_arena_init(&mem);
	begin(r, &ev, type);
	ev.uuid = in->msg.id;
	if (strcmp(type, "task-received") == 0) {
		ev.name = in->msg.task;
		ev.args = in->msg.argsrepr != NULL ? in->msg.argsrepr :
		    repr(&mem, in->msg.args);
		ev.kwargs = in->msg.kwargsrepr != NULL ? in->msg.kwargsrepr :
		    repr(&mem, in->msg.kwargs);
		ev.root_id = in->msg.root_id;
		ev.parent_id = in->msg.parent_id;
		ev.retries = in->msg.retries;
		ev.eta = in->msg.eta;
		ev.expires = in->msg.expires;
	}
	if (strcmp(type, "task-succeeded") == 0) {
		ev.result = o->result.n > 0 ? repr(&mem, o->result) :
		    text(&mem, o->out);
		ev.runtime = ev.timestamp - h->start;
	}
	if (strcmp(type, "task-failed") == 0 ||
	    strcmp(type, "task-retried") == 0) {
		ev.exception = raised(&mem, in, o);
		ev.traceback = o->err;
	}
	if (strcmp(type, "task-revoked") == 0) {
		ev.expired = o->state == TQ_EXPIRED;
		ev.terminated = h->revoked || o->signal != 0;
	}
	publish(r, &ev);
	tq_arena_fini(&mem);
}
