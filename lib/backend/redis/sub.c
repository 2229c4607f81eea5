/*
 * The second connection: channels.  The server rings us there (wait.c), and
 * Celery's remote control comes that way (control.c).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/redis/work.h"
#include "backend/redis/worker.h"
#include "base/clock.h"

#define INVALIDATE	"__redis__:invalidate"
#define PIDBOX		"celery.pidbox"

/* A message of a channel, [message, channel, what]; a ring wakes by itself. */
static void
heard(void *arg, const redisReply *a)
{
	struct tq_redis *r = arg;

	r->heard = tq_clock_mono();
	if (a != NULL && a->type == REDIS_REPLY_ARRAY && a->elements == 3 &&
	    a->element[0]->type == REDIS_REPLY_STRING &&
	    strcmp(a->element[0]->str, "subscribe") == 0)
		r->sub_ready--;
	if (a != NULL && a->type == REDIS_REPLY_ERROR)
		r->sub_ready = -1;
	if (a == NULL || a->type != REDIS_REPLY_ARRAY || a->elements != 3 ||
	    a->element[0]->type != REDIS_REPLY_STRING ||
	    strcmp(a->element[0]->str, "message") != 0)
		return;
	if (strcmp(a->element[1]->str, INVALIDATE) == 0)
		r->quiet = r->view.asked = 0;
	else if (a->element[2]->type == REDIS_REPLY_STRING)
		tq_redis_control(r, a->element[2]->str, a->element[2]->len);
}

int
tq_redis_sub_open(struct tq_redis *r, struct tq_err *e)
{
	char channel[TQ_REDIS_PREFIX_MAX + 64];
	tq_time until;
	redisReply *a;

	if (tq_redis_conn_open(&r->sub, e) == -1)
		return -1;
	if ((a = tq_redis_say(&r->sub, e, "CLIENT", "ID", NULL)) == NULL)
		return -1;
	r->sub_id = a->integer;
	freeReplyObject(a);
	r->sub.push = heard;
	r->sub.arg = r;
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "SUBSCRIBE");
	tq_redis_cmd_str(&r->cmd, INVALIDATE);
	if (r->worker != NULL && r->worker->control) {
		snprintf(channel, sizeof(channel), "%s/%d." PIDBOX,
		    r->place.prefix, r->place.db);
		tq_redis_cmd_str(&r->cmd, channel);
	}
	r->sub_ready = (int)r->cmd.n - 1;
	if (tq_redis_tell(&r->sub, &r->cmd, e) == -1)
		return -1;
	until = tq_clock_deadline(tq_clock_mono(), r->place.timeout);
	while (r->sub_ready > 0)
		if (tq_redis_await(&r->sub, until, e) != 1)
			return r->sub.wire.fd == -1 ? -1 : tq_fail(e,
			    ECONNREFUSED, "%s: no answer to SUBSCRIBE",
			    r->place.name);
	return r->sub_ready == 0 ? 0 : tq_fail(e, EACCES,
	    "%s: this user may not subscribe to channels (ACL)",
	    r->place.name);
}
