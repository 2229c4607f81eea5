/*
 * Following events: what workers of either kind publish.  Celery has no record
 * of them, so who follows is told of what happens while it does, of workers
 * that send events.  That a worker has received a task is left out: it is no
 * change of its state.
 */
#include <bsd/string.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "backend/redis/calls.h"
#include "backend/redis/keyname.h"
#include "backend/redis/redis.h"
#include "base/clock.h"
#include "message/celery_remote.h"

struct follow {
	struct tq_redis	*r;
	int		 (*each)(const struct tq_event *, void *);
	void		*arg;
	uint64_t	*seq;
	int		 n;		/* told so far */
	int		 rv;		/* what each said, if not 0 */
};

static const struct {
	const char	*name;
	enum tq_event_type type;
	enum tq_state	 state;
} kinds[] = {
	{ "task-sent", TQ_EV_PUT, TQ_READY },
	{ "task-started", TQ_EV_CLAIM, TQ_STARTED },
	{ "task-succeeded", TQ_EV_END, TQ_SUCCESS },
	{ "task-failed", TQ_EV_END, TQ_FAILURE },
	{ "task-retried", TQ_EV_END, TQ_RETRY },
	{ "task-revoked", TQ_EV_END, TQ_REVOKED },
};

/* One of Celery's as one of ours: 1; 0 it tells nothing of a task. */
static int
translate(struct tq_event *out, struct tq_arena *mem,
    const struct tq_celery_event *ev)
{
	const char *id;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(ev->type, kinds[i].name) == 0)
			break;
	if (i == sizeof(kinds) / sizeof(kinds[0]) || ev->uuid == NULL ||
	    *ev->uuid == '\0' ||
	    (id = tq_celery_id_name(mem, ev->uuid)) == NULL)
		return 0;
	memset(out, 0, sizeof(*out));
	out->time = ev->timestamp;
	out->type = kinds[i].type;
	out->state = kinds[i].state;
	out->attempt = UINT_MAX;
	out->queue = ev->queue;
	out->why = ev->exception;
	out->status = out->state == TQ_SUCCESS ? 0 : -1;
	(void)strlcpy(out->id.s, id, sizeof(out->id.s));
	if (out->state == TQ_REVOKED && ev->expired == 1)
		out->state = TQ_EXPIRED;
	else if (out->state == TQ_REVOKED)
		out->why = ev->terminated == 1 ? "terminated" : "revoked";
	return 1;
}

static void
tell(struct follow *f, struct tq_arena *mem, const struct tq_celery_event *ev)
{
	struct tq_event event;

	if (f->rv != 0 || !translate(&event, mem, ev))
		return;
	event.seq = ++*f->seq;
	f->n++;
	f->rv = f->each(&event, f->arg);
}

/* [pmessage, pattern, channel, envelope]; what cannot be read is nobody's. */
static void
heard(void *arg, const redisReply *a)
{
	struct tq_celery_envelope env;
	struct tq_celery_bounds b;
	struct tq_celery_event ev;
	struct follow *f = arg;
	const struct tq_bytes *list;
	struct tq_bytes body;
	struct tq_arena mem;
	size_t i, n;

	if (a == NULL || a->type != REDIS_REPLY_ARRAY || a->elements != 4 ||
	    a->element[3]->type != REDIS_REPLY_STRING)
		return;
	tq_celery_bounds_init(&b);
	tq_arena_init(&mem);
	if (tq_celery_envelope_decode(&env, &mem, a->element[3]->str,
	    a->element[3]->len, &b, NULL) == 0 &&
	    (body = tq_celery_envelope_body(&mem, &env, &b, NULL)).p != NULL &&
	    tq_celery_event_list(&list, &n, &mem, body, NULL) == 0)
		for (i = 0; i < n; i++)
			if (tq_celery_event_decode(&ev, &mem, list[i],
			    NULL) == 0)
				tell(f, &mem, &ev);
	tq_arena_fini(&mem);
}

static int
listen(struct tq_redis *r, struct tq_err *e)
{
	char channel[2 * TQ_REDIS_PREFIX_MAX + 64];
	size_t n;

	if (r->events_in.wire.fd != -1)
		return 0;
	if (tq_redis_conn_open(&r->events_in, e) == -1)
		return -1;
	n = tq_redis_glob(channel, r->place.prefix);
	snprintf(channel + n, sizeof(channel) - n, "/%d.celeryev/*",
	    r->place.db);
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "PSUBSCRIBE");
	tq_redis_cmd_str(&r->cmd, channel);
	return tq_redis_tell(&r->events_in, &r->cmd, e);
}

int
tq_redis_events(void *b, uint64_t *seq, tq_time timeout,
    int (*each)(const struct tq_event *, void *), void *arg,
    struct tq_err *e)
{
	struct tq_redis *r = b;
	struct follow f = { r, each, arg, seq, 0, 0 };
	tq_time until = tq_clock_deadline(tq_clock_mono(), timeout);
	int rv;

	if (listen(r, e) == -1)
		return -1;
	r->events_in.push = heard;
	r->events_in.arg = &f;
	do
		rv = tq_redis_await(&r->events_in, until, e);
	while (rv == 1 && f.n == 0);
	r->events_in.push = NULL;
	if (rv == -1 && f.n == 0)
		return -1;
	return f.rv != 0 ? f.rv : f.n;
}
