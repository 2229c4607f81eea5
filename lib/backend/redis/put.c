/* The calls of a producer. */
#include <stdlib.h>

#include "backend/redis/calls.h"
#include "backend/redis/redis.h"
#include "backend/redis/verb.h"

int
tq_redis_put(void *b, const struct tq_task *t, size_t n, tq_time timeout,
    struct tq_id *out, struct tq_err *e)
{
	struct tq_redis *r = b;
	int rv;

	(void)timeout;		/* no queue is ever full here */
	if (n == 0)
		return 0;
	tq_redis_make_ids(r, t, n, out);
	if ((rv = tq_redis_open_take(r, t, n, out, e)) != 0)
		return rv == 1 ? 0 : -1;
	return tq_redis_put_named(r, NULL, t, n, out, e);
}

int
tq_redis_known(void *b, const char *const *ids, size_t n, unsigned char *known,
    struct tq_err *e)
{
	struct tq_redis *r = b;
	redisReply *a;
	size_t i;

	if (tq_redis_ready(r, e) == -1)
		return -1;
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "MGET");
	for (i = 0; i < n; i++)
		tq_redis_cmd_join(&r->cmd, r->place.prefix, "tq.id.", ids[i],
		    NULL);
	if ((a = tq_redis_call(&r->main, TQ_REDIS_PLAIN, &r->cmd, e)) == NULL)
		return -1;
	for (i = 0; i < n; i++)
		known[i] = i < a->elements &&
		    a->element[i]->type == REDIS_REPLY_STRING;
	freeReplyObject(a);
	return 0;
}

int
tq_redis_tick(void *b, const struct tq_tick *tick, const struct tq_task *t,
    tq_time timeout, struct tq_id *out, struct tq_err *e)
{
	(void)timeout;
	if (t != NULL)
		tq_redis_make_ids(b, t, 1, out);
	return tq_redis_put_named(b, tick, t, t != NULL, out, e);
}

int
tq_redis_last(void *b, const char *schedule, tq_time *at, struct tq_err *e)
{
	struct tq_redis *r = b;
	redisReply *a;
	int there;

	*at = 0;
	if (tq_redis_ready(r, e) == -1)
		return -1;
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "GET");
	tq_redis_cmd_join(&r->cmd, r->place.prefix, "tq.last.", schedule,
	    NULL);
	if ((a = tq_redis_call(&r->main, TQ_REDIS_PLAIN, &r->cmd, e)) == NULL)
		return -1;
	there = a->type == REDIS_REPLY_STRING;
	if (there)
		*at = strtoll(a->str, NULL, 10);
	freeReplyObject(a);
	return there;
}
