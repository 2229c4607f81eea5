/*
 * Answering Celery's remote control: `celery inspect`, `celery control`.
 *
 * A request comes through the channel /DB.celery.pidbox; its answer goes onto
 * the list OID.reply.celery.pidbox.  What the loop of a worker must do itself
 * becomes a mail to it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/redis/control.h"
#include "backend/redis/message.h"
#include "backend/redis/names.h"
#include "backend/redis/redis.h"
#include "backend/redis/see.h"
#include "backend/redis/send.h"
#include "backend/redis/work.h"
#include "backend/redis/worker.h"
#include "base/clock.h"
#include "message/json.h"

#define REPLY_EXCHANGE	"reply.celery.pidbox"

/* ---- answers: what runs ---------------------------------------------- */

/* Put one of ours; 0 when it cannot be read. */
static int
put_held(struct tq_redis_asked *a, const struct tq_redis_held *h)
{
	struct tq_redis_read in;
	struct tq_celery_active v = { .priority = 0 };

	if (tq_redis_read(&in, &a->mem, h->text, h->n, NULL) == -1)
		return 0;
	v.task = &in.msg;
	v.node = a->r->node;
	v.exchange = in.env.exchange;
	v.routing_key = in.env.routing_key;
	v.priority = in.env.priority < 0 ? 0 : in.env.priority;
	v.acknowledged = 0;
	if (h->stage == TQ_REDIS_CLAIMED) {
		v.start = h->start;
		v.pid = getpid();
	}
	tq_celery_value_active(&a->value, &v);
	return 1;
}

static void
list_held(struct tq_redis_asked *a, enum tq_redis_stage stage)
{
	const struct tq_redis_held *h;
	size_t before;
	int n = 0;

	tq_buf_byte(&a->value, '[');
	TAILQ_FOREACH(h, &a->r->held, link) {
		if (h->stage != stage)
			continue;
		before = a->value.n;
		if (n > 0)
			tq_buf_str(&a->value, ", ");
		if (put_held(a, h))
			n++;
		else
			a->value.n = before;
	}
	tq_buf_byte(&a->value, ']');
}

static void
on_active(struct tq_redis_asked *a)
{
	list_held(a, TQ_REDIS_CLAIMED);
}

static void
on_reserved(struct tq_redis_asked *a)
{
	list_held(a, TQ_REDIS_TAKEN);
}

/* What is delayed is held by nobody: it is on the broker. */
static void
on_nothing(struct tq_redis_asked *a)
{
	tq_buf_str(&a->value, "[]");
}

static void
on_registered(struct tq_redis_asked *a)
{
	const struct tq_redis_name *known;
	char *s = a->r->tasks != NULL ? strdup(a->r->tasks) : NULL, *one;
	char *rest = s, text[TQ_NAME_MAX + TQ_REDIS_RATE_MAX + 32];
	int n = 0;

	tq_buf_byte(&a->value, '[');
	while ((one = strsep(&rest, ",")) != NULL) {
		/* that it runs any name is none of them */
		if (*one == '\0' || strcmp(one, "*") == 0)
			continue;
		known = tq_redis_name_find(&a->r->worker->names, one);
		snprintf(text, sizeof(text), known != NULL &&
		    known->rate[0] != '\0' ? "%s [rate_limit=%s]" : "%s",
		    one, known != NULL ? known->rate : "");
		if (n++ > 0)
			tq_buf_str(&a->value, ", ");
		tq_json_str(&a->value, text, strlen(text));
	}
	tq_buf_byte(&a->value, ']');
	free(s);
}

static void
on_query(struct tq_redis_asked *a)
{
	struct tq_bytes ids = tq_scan_get(a->q->arguments, "ids"), v;
	const struct tq_redis_held *h;
	const char *id;
	struct tq_scan scan;
	int n = 0;

	tq_buf_byte(&a->value, '{');
	tq_scan_init(&scan, ids);
	while (tq_scan_next(&scan, &v)) {
		id = tq_redis_name_of(a, v);
		TAILQ_FOREACH(h, &a->r->held, link) {
			if (id == NULL || h->stage != TQ_REDIS_CLAIMED ||
			    strcmp(h->id.s, id) != 0)
				continue;
			if (n++ > 0)
				tq_buf_str(&a->value, ", ");
			tq_buf_put(&a->value, v.p, v.n);
			tq_buf_str(&a->value, ": [\"active\", ");
			if (!put_held(a, h))
				tq_buf_str(&a->value, "null");
			tq_buf_byte(&a->value, ']');
			break;
		}
	}
	tq_buf_byte(&a->value, '}');
}

/* ---- answers: the worker --------------------------------------------- */

static void
on_ping(struct tq_redis_asked *a)
{
	int64_t n;

	/* from tqctl, who looks for the number in our note */
	if (tq_scan_int(&n, tq_scan_get(a->q->arguments, "n")) && n > 0)
		tq_redis_mail_add(a->r, "ping %lld", (long long)n);
	tq_celery_value_ok(&a->value, "pong");
}

static void
on_queues(struct tq_redis_asked *a)
{
	const struct tq_redis_worker *w = a->r->worker;
	size_t i;

	tq_buf_byte(&a->value, '[');
	for (i = 0; i < w->nqueues; i++) {
		if (i > 0)
			tq_buf_str(&a->value, ", ");
		tq_celery_value_queue(&a->value, w->queue[i], w->queue[i],
		    w->queue[i]);
	}
	tq_buf_byte(&a->value, ']');
}

static void
on_clock(struct tq_redis_asked *a)
{
	tq_buf_printf(&a->value, "{\"clock\": %lld}",
	    (long long)a->r->worker->clock);
}

static void
on_report(struct tq_redis_asked *a)
{
	tq_celery_value_ok(&a->value, "tq " TQ_VERSION);
}

static void
on_heartbeat(struct tq_redis_asked *a)
{
	tq_redis_event_worker(a->r, "worker-heartbeat");
	tq_buf_str(&a->value, "null");
}

static void
on_events(struct tq_redis_asked *a)
{
	int on = strcmp(a->q->method, "enable_events") == 0;

	a->r->worker->events = on;
	tq_celery_value_ok(&a->value, on ? "task events enabled" :
	    "task events disabled");
}

static void
on_shutdown(struct tq_redis_asked *a)
{
	if (tq_redis_mail_add(a->r, "stop") == -1)
		tq_celery_value_error(&a->value, "busy: try again");
	else
		tq_buf_str(&a->value, "null");
}

/* What a tq worker is set to otherwise, by its options or by tqctl. */
static void
on_refused(struct tq_redis_asked *a)
{
	tq_celery_value_error(&a->value, "not done by a tq worker: see "
	    "tqrun(1) and tqctl(1)");
}

/* ---- answers: revoking ----------------------------------------------- */

/* A worker that takes nothing has not heard of the last ones. */
static void
learn_revoked(struct tq_redis *r)
{
	char revision[sizeof(r->revision)];
	struct tq_err ignored;

	/* as old as it is: the next take looks again */
	memcpy(revision, r->revision, sizeof(revision));
	(void)tq_redis_learn_revoked(r, revision, &ignored);
}

static void
on_revoked(struct tq_redis_asked *a)
{
	const struct tq_redis *r = a->r;
	size_t i, first;

	learn_revoked(a->r);
	tq_buf_byte(&a->value, '[');
	first = tq_redis_marks(r->revoked, r->nrevoked);
	for (i = first; i < r->nrevoked; i++) {
		if (i > first)
			tq_buf_str(&a->value, ", ");
		tq_json_str(&a->value, r->revoked[i], strlen(r->revoked[i]));
	}
	tq_buf_byte(&a->value, ']');
}

static void
on_hello(struct tq_redis_asked *a)
{
	const struct tq_redis *r = a->r;
	tq_time *when, now = tq_clock_wall();
	size_t i, first, n;

	learn_revoked(a->r);
	first = tq_redis_marks(r->revoked, r->nrevoked);
	n = r->nrevoked - first;
	when = tq_arena_alloc(&a->mem, (n + 1) * sizeof(*when));
	for (i = 0; i < n && when != NULL; i++)
		when[i] = now;
	tq_celery_value_hello(&a->value, n == 0 ? NULL :
	    (const char *const *)r->revoked + first, when,
	    when == NULL ? 0 : n, r->worker->clock);
}

/* ---- requests -------------------------------------------------------- */

static const struct {
	const char	*name;
	void		(*f)(struct tq_redis_asked *);
} methods[] = {
	{ "active", on_active },
	{ "active_queues", on_queues },
	{ "add_consumer", tq_redis_on_consumer },
	{ "autoscale", tq_redis_on_autoscale },
	{ "cancel_consumer", tq_redis_on_consumer },
	{ "clock", on_clock },
	{ "conf", tq_redis_on_conf },
	{ "disable_events", on_events },
	{ "dump_active", on_active },
	{ "dump_reserved", on_reserved },
	{ "dump_revoked", on_revoked },
	{ "dump_schedule", on_nothing },
	{ "dump_tasks", on_registered },
	{ "election", on_refused },
	{ "enable_events", on_events },
	{ "heartbeat", on_heartbeat },
	{ "hello", on_hello },
	{ "memdump", on_refused },
	{ "memsample", on_refused },
	{ "objgraph", on_refused },
	{ "ping", on_ping },
	{ "pool_grow", tq_redis_on_pool },
	{ "pool_restart", on_refused },
	{ "pool_shrink", tq_redis_on_pool },
	{ "query_task", on_query },
	{ "rate_limit", tq_redis_on_rate_limit },
	{ "registered", on_registered },
	{ "report", on_report },
	{ "reserved", on_reserved },
	{ "revoke", tq_redis_on_revoke },
	{ "revoke_by_stamped_headers", tq_redis_on_revoke_stamps },
	{ "revoked", on_revoked },
	{ "scheduled", on_nothing },
	{ "shutdown", on_shutdown },
	{ "stats", tq_redis_on_stats },
	{ "terminate", tq_redis_on_revoke },
	{ "time_limit", tq_redis_on_time_limit },
};

static void
answer(struct tq_redis_asked *a)
{
	char text[128];
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(a->q->method, methods[i].name) == 0) {
			methods[i].f(a);
			return;
		}
	}
	snprintf(text, sizeof(text), "KeyError('%.80s')", a->q->method);
	tq_celery_value_error(&a->value, text);
}

static void
reply(struct tq_redis_asked *a)
{
	struct tq_redis *r = a->r;
	struct tq_celery_reply p = {
		.node = r->node, .clock = ++r->worker->clock
	};
	struct tq_celery_envelope env;

	p.value.p = (const char *)a->value.p;
	p.value.n = a->value.n;
	if (!tq_buf_ok(&a->value) || tq_celery_reply_wrap(&env, &a->mem, &p,
	    a->q, NULL) == -1 || tq_redis_seal(r, &env) == -1)
		return;
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "LPUSH");
	tq_redis_cmd_join(&r->cmd, r->place.prefix, a->q->reply_key,
	    "." REPLY_EXCHANGE, NULL);
	tq_redis_cmd_put(&r->cmd, r->buf.p, r->buf.n);
	(void)tq_redis_post(&r->main, TQ_REDIS_PLAIN, &r->cmd, NULL, NULL,
	    NULL);
}

void
tq_redis_control(struct tq_redis *r, const char *text, size_t n)
{
	struct tq_celery_envelope env;
	struct tq_celery_request q;
	struct tq_celery_bounds b;
	struct tq_redis_asked a = { .r = r, .q = &q };

	if (r->worker == NULL || !r->worker->control || r->main.wire.fd == -1)
		return;
	tq_celery_bounds_init(&b);
	tq_arena_init(&a.mem);
	tq_buf_init(&a.value);
	tq_celery_envelope_init(&env);
	if (tq_celery_envelope_decode(&env, &a.mem, text, n, &b, NULL) == 0 &&
	    tq_celery_request_decode(&q, &a.mem, &env, &b, NULL) == 0 &&
	    (q.expires == 0 || q.expires > tq_clock_wall()) &&
	    (q.ticket == NULL || strcmp(q.ticket, r->ticket) != 0) &&
	    tq_celery_request_for(&q, r->node)) {
		if (q.clock > r->worker->clock)
			r->worker->clock = q.clock;
		answer(&a);
		/* a shutdown is not answered, nor our own hello */
		if (q.reply_key != NULL && strcmp(q.method, "shutdown") != 0)
			reply(&a);
	}
	tq_buf_fini(&a.value);
	tq_arena_fini(&a.mem);
}
