/* Listening to the channels on which results are told. */
#include <errno.h>
#include <string.h>

#include "backend/redis/await.h"
#include "backend/redis/meta.h"
#include "base/clock.h"

/*
 * Bytes of names that are listened for; who is not is looked at now and then.
 * The server confirms each name before it hears of the next command, and drops
 * one who has 32 MB unread (client-output-buffer-limit): he would ask again,
 * and be dropped again, for ever.
 */
#define NAMES_MOST	(8 << 20)

/* [message, "celery-task-meta-ID", meta], or [subscribe, channel, n] */
static void
told(void *arg, const redisReply *a)
{
	struct tq_redis_waiting *w = arg;
	struct tq_arena mem;
	struct tq_bytes text;
	const char *id;
	struct tq_redis_meta m;

	/* who may not listen hears nothing, and looks now and then */
	if (a != NULL && a->type == REDIS_REPLY_ERROR)
		w->r->unsure = 0;
	if (a == NULL || a->type != REDIS_REPLY_ARRAY || a->elements != 3)
		return;
	if (a->element[2]->type == REDIS_REPLY_INTEGER &&
	    strcmp(a->element[0]->str, "subscribe") == 0)
		w->r->unsure -= w->r->unsure > 0;
	if (a->element[2]->type != REDIS_REPLY_STRING ||
	    (id = strstr(a->element[1]->str, "celery-task-meta-")) == NULL)
		return;
	id += strlen("celery-task-meta-");
	text.p = a->element[2]->str;
	text.n = a->element[2]->len;
	tq_arena_init(&mem);
	if (tq_redis_meta_decode(&m, &mem, text, NULL) == 0)
		tq_redis_awaited_told(w, id, m.state);
	tq_arena_fini(&mem);
}

/* Wait until the server has heard that we listen, or there is no more time. */
static int
be_sure(struct tq_redis *r, tq_time until, struct tq_err *e)
{
	int rv;

	while (r->unsure > 0) {
		rv = tq_redis_await(&r->listen, r->sure_by < until ?
		    r->sure_by : until, e);
		if (rv == -1)
			return -1;
		if (rv == 1) {
			r->sure_by = tq_clock_deadline(tq_clock_mono(),
			    r->listen.place->timeout);
			continue;
		}
		if (tq_clock_mono() >= until)
			return 0;
		tq_redis_conn_drop(&r->listen);
		return tq_fail(e, ETIMEDOUT, "%s: no answer",
		    r->results.name);
	}
	return 0;
}

int
tq_redis_unlisten(struct tq_redis *r, struct tq_err *e)
{
	struct tq_redis_cmd none;
	int rv = 0;

	/* what is on its way would be counted for the next ones */
	if (r->unsure > 0)
		tq_redis_conn_drop(&r->listen);
	r->unsure = 0;
	if (r->listen.wire.fd != -1 && r->listens.n > 0) {
		tq_redis_cmd_init(&none);
		tq_redis_cmd_str(&none, "UNSUBSCRIBE");
		rv = tq_redis_tell(&r->listen, &none, e);
		tq_redis_cmd_fini(&none);
	}
	tq_redis_cmd_reset(&r->listens);
	return rv;
}

/* Listen to these channels, and no others. */
static int
listen_to(struct tq_redis *r, struct tq_redis_cmd *cmd, struct tq_err *e)
{
	struct tq_redis_cmd old = r->listens;

	/* the connection stays from one wait to the next */
	if (r->listen.wire.fd != -1 && old.n == cmd->n &&
	    old.bytes.n == cmd->bytes.n &&
	    memcmp(old.bytes.p, cmd->bytes.p, old.bytes.n) == 0)
		return 0;
	if (tq_redis_unlisten(r, e) == -1 || (r->listen.wire.fd == -1 &&
	    tq_redis_conn_open(&r->listen, e) == -1) ||
	    tq_redis_tell(&r->listen, cmd, e) == -1)
		return -1;
	old = r->listens;
	r->listens = *cmd;
	*cmd = old;
	r->unsure = r->listens.n - 1;
	r->sure_by = tq_clock_deadline(tq_clock_mono(),
	    r->listen.place->timeout);
	return 0;
}

/* Listen for those at hand, so that who comes back asks for the same. */
static int
subscribe(struct tq_redis_waiting *w, tq_time until, struct tq_err *e)
{
	struct tq_redis *r = w->r;
	size_t i;
	int rv;

	if (w->nv == 0)
		return 0;
	r->listen.push = told;
	r->listen.arg = w;
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "SUBSCRIBE");
	for (i = 0; i < w->nv && r->cmd.bytes.n < NAMES_MOST; i++)
		tq_redis_cmd_join(&r->cmd, r->results.results,
		    "celery-task-meta-", w->v[i].id, NULL);
	if (listen_to(r, &r->cmd, e) == -1)
		return -1;
	w->listens = 1;
	rv = r->unsure > 0;
	return be_sure(r, until, e) == -1 ? -1 : rv;
}

int
tq_redis_listen(struct tq_redis_waiting *w, tq_time until, struct tq_err *e)
{
	struct tq_redis *r = w->r;

	if (w->listens && r->listen.wire.fd != -1)
		return 0;
	/* something is listened to, and it may be the same */
	if (!w->known && r->listens.n > 0)
		return 0;
	return tq_clock_mono() >= until ? 0 : subscribe(w, until, e);
}
