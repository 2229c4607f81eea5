/*
 * Is what was put under an id this task?  The message is made again, and the
 * server compares what must be the same in both (proof.lua): its own
 * note of the id, for the message may have been sent again since, by a worker,
 * with something else.
 */
#include <errno.h>
#include <string.h>

#include "backend/redis/calls.h"
#include "backend/redis/redis.h"
#include "backend/redis/send.h"
#include "backend/redis/verb.h"

/* The message that would be put, all in r->mem. */
static int
make(struct tq_redis_sent *out, struct tq_redis *r, const struct tq_task *t,
    struct tq_err *e)
{
	struct tq_celery_plan plan;
	struct tq_celery_site site;
	struct tq_id id;
	size_t i;

	if (tq_redis_read_bodies(&t, &r->mem, t, 1, e) == -1)
		return -1;
	tq_redis_make_ids(r, t, 1, &id);
	tq_redis_site(r, &site, NULL);
	tq_celery_plan_init(&plan, &r->mem);
	if (tq_celery_put(&plan, t, &id, 1, &site, e) == -1)
		return -1;
	for (i = 0; i < plan.nsteps; i++)
		if (plan.step[i].what == TQ_CELERY_SEND &&
		    strcmp(plan.step[i].task->id, id.s) == 0)
			return tq_redis_send_make(out, r, &r->mem,
			    &plan.step[i], e);
	return tq_fail(e, EINVAL, "%s is no message", id.s);
}

int
tq_redis_same(void *b, const struct tq_task *t, struct tq_err *e)
{
	struct tq_redis *r = b;
	struct tq_redis_sent m;
	redisReply *a;
	int rv;

	tq_arena_reset(&r->mem);
	if (tq_redis_ready(r, e) == -1 || make(&m, r, t, e) == -1)
		return -1;
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_join(&r->cmd, r->place.prefix, "tq.id.", t->id, NULL);
	tq_redis_cmd_put(&r->cmd, m.text.p, m.text.n);
	if ((a = tq_redis_call(&r->main, TQ_REDIS_SAME, &r->cmd, e)) == NULL)
		return -1;
	rv = a->integer == 1;
	freeReplyObject(a);
	return rv;
}
