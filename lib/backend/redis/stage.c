/*
 * A put of more messages than a script should be given.
 *
 * They are laid down first, a thousand at a time, under keys that nobody reads
 * and that expire; then the script of the put moves them all, with the rest of
 * the plan, into their lists.  So nothing can start before everything is
 * there, and of a producer that is killed on the way nothing remains.
 */
#include <stdio.h>
#include <string.h>

#include "backend/redis/send.h"
#include "base/clock.h"

#define PART_MESSAGES	1000
#define PART_BYTES	(4 << 20)
#define STANDS		"600"		/* s */

static size_t
count_sends(const struct tq_celery_plan *plan)
{
	size_t i, n = 0;

	for (i = 0; i < plan->nsteps; i++)
		n += plan->step[i].what == TQ_CELERY_SEND;
	return n;
}

static void
begin_part(struct tq_redis *r, const struct tq_redis_stage_keys *k)
{
	char number[24];

	snprintf(number, sizeof(number), ".%zu", k->n + 1);
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_join(&r->cmd, r->place.prefix, "tq.stage.", k->id,
	    number, NULL);
	tq_redis_cmd_str(&r->cmd, STANDS);
}

static int
add(struct tq_redis *r, struct tq_redis_stage_keys *k, struct tq_arena *mem,
    const struct tq_celery_step *s, struct tq_err *e)
{
	struct tq_redis_sent m;

	if (tq_redis_send_make(&m, r, mem, s, e) == -1)
		return -1;
	k->ids |= m.id[0] != '\0';
	tq_redis_cmd_str(&r->cmd, m.id);
	tq_redis_cmd_str(&r->cmd, m.tag);
	if (m.due != 0)
		tq_redis_cmd_time(&r->cmd, m.due);
	else
		tq_redis_cmd_str(&r->cmd, "");
	tq_redis_cmd_str(&r->cmd, m.list);
	tq_redis_cmd_put(&r->cmd, m.text.p, m.text.n);
	return 0;
}

static int
send_part(struct tq_redis *r, struct tq_redis_stage_keys *k, struct tq_err *e)
{
	redisReply *a = tq_redis_call(&r->main, TQ_REDIS_STAGE, &r->cmd, e);

	if (a == NULL)
		return -1;
	freeReplyObject(a);
	k->n++;
	return 0;
}

static int
lay_down(struct tq_redis *r, struct tq_redis_stage_keys *k,
    const struct tq_celery_plan *plan, struct tq_arena *mem, struct tq_err *e)
{
	size_t i, n = 0;

	for (i = 0; i < plan->nsteps; i++) {
		if (plan->step[i].what != TQ_CELERY_SEND)
			continue;
		if (n == 0)
			begin_part(r, k);
		if (add(r, k, mem, &plan->step[i], e) == -1)
			return -1;
		if (++n < PART_MESSAGES && r->cmd.bytes.n < PART_BYTES)
			continue;
		if (send_part(r, k, e) == -1)
			return -1;
		tq_arena_reset(mem);
		n = 0;
	}
	return n > 0 ? send_part(r, k, e) : 0;
}

int
tq_redis_stage(struct tq_redis *r, struct tq_redis_stage_keys *k,
    const struct tq_celery_plan *plan, struct tq_err *e)
{
	struct tq_arena mem;
	struct tq_uuid id;
	int rv;

	memset(k, 0, sizeof(*k));
	if (count_sends(plan) <= TQ_REDIS_STAGE_FROM)
		return 0;
	tq_uuid_make(&id, &r->ids, tq_clock_wall());
	tq_uuid_format(k->id, &id);
	tq_arena_init(&mem);
	rv = lay_down(r, k, plan, &mem, e);
	tq_arena_fini(&mem);
	return rv;
}

void
tq_redis_stage_add(const struct tq_redis *r, struct tq_redis_cmd *cmd,
    const struct tq_redis_stage_keys *k)
{
	if (k->n == 0)
		return;
	tq_redis_cmd_str(cmd, "G");
	tq_redis_cmd_str(cmd, "");
	tq_redis_cmd_join(cmd, r->place.prefix, "tq.stage.", k->id, ".",
	    NULL);
	tq_redis_cmd_num(cmd, (int64_t)k->n);
	tq_redis_cmd_str(cmd, k->ids ? "1" : "0");
}
