/* Keys and lanes: who has one, and letting go of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/redis/message.h"
#include "backend/redis/send.h"

/* What the policy of a message says under a name, or NULL. */
static const char *
word_of(struct tq_redis *r, const struct tq_redis_read *in, const char *name)
{
	return tq_scan_string(&r->mem, tq_scan_get(in->msg.tq, name)).p;
}

static void
look_soon(struct tq_redis *r, struct tq_redis_cmd *cmd, const char *kind,
    const char *name, const char *id)
{
	tq_redis_cmd_str(cmd, "A");
	tq_redis_cmd_str(cmd, "");
	tq_redis_cmd_join(cmd, r->place.prefix, *kind == 'k' ? "tq.key." :
	    "tq.lane.", name, NULL);
	tq_redis_cmd_str(cmd, id);
	tq_redis_cmd_join(cmd, kind, name, NULL);
	r->swept = 0;
}

void
tq_redis_free_key(struct tq_redis *r, struct tq_redis_cmd *cmd,
    const char *key, const char *id)
{
	tq_redis_cmd_str(cmd, "U");
	tq_redis_cmd_str(cmd, "");
	tq_redis_cmd_join(cmd, r->place.prefix, "tq.key.", key, NULL);
	tq_redis_cmd_str(cmd, id);
}

void
tq_redis_free_lane(struct tq_redis_cmd *cmd, const char *lane, const char *id)
{
	tq_redis_cmd_str(cmd, "N");
	tq_redis_cmd_str(cmd, "");
	tq_redis_cmd_str(cmd, lane);
	tq_redis_cmd_str(cmd, id);
}

void
tq_redis_let_go(struct tq_redis *r, struct tq_redis_cmd *cmd,
    const struct tq_redis_read *in)
{
	const char *key, *lane;

	if (in->msg.id == NULL || in->msg.tq.n == 0)
		return;
	key = word_of(r, in, "key");
	lane = word_of(r, in, "lane");
	if (r->letter != NULL) {
		/* it may not be what its id says: somebody is to look */
		if (key != NULL)
			look_soon(r, cmd, "k", key, in->msg.id);
		if (lane != NULL)
			look_soon(r, cmd, "l", lane, in->msg.id);
		return;
	}
	if (key != NULL)
		tq_redis_free_key(r, cmd, key, in->msg.id);
	if (lane != NULL)
		tq_redis_free_lane(cmd, lane, in->msg.id);
}

/* Who has a key or a lane, and who follows. */
static redisReply *
ask(struct tq_redis *r, const char *what, const char *of, struct tq_err *e)
{
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "HMGET");
	tq_redis_cmd_join(&r->cmd, r->place.prefix, what, of, NULL);
	tq_redis_cmd_str(&r->cmd, "id");
	tq_redis_cmd_str(&r->cmd, "next");
	return tq_redis_call(&r->main, TQ_REDIS_PLAIN, &r->cmd, e);
}

static int
say_why(struct tq_info *info, struct tq_arena *mem, const char *words,
    const char *id, struct tq_err *e)
{
	char why[TQ_ID_MAX + 16];

	if ((id = tq_celery_id_name(mem, id)) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", words);
	snprintf(why, sizeof(why), "%s %s", words, id);
	info->why = tq_arena_copy(mem, why, strlen(why));
	return info->why == NULL ? tq_fail_sys(e, ENOMEM, "%s", id) : 0;
}

int
tq_redis_key_explain(struct tq_redis *r, struct tq_info *info,
    struct tq_arena *mem, struct tq_err *e)
{
	redisReply *a;
	const char *id;
	int rv = 0;

	if (info->state != TQ_READY && info->state != TQ_BLOCKED)
		return 0;
	if (info->task.lane != NULL) {
		if ((a = ask(r, "tq.lane.", info->task.lane, e)) == NULL)
			return -1;
		if (tq_redis_reply_at(a, 0)->len > 0 && (id =
		    tq_celery_id_name(mem, a->element[0]->str)) != NULL &&
		    strcmp(id, info->id.s) != 0)
			rv = say_why(info, mem, "lane busy:",
			    a->element[0]->str, e);
		freeReplyObject(a);
	}
	if (rv == 0 && info->task.key != NULL) {
		if ((a = ask(r, "tq.key.", info->task.key, e)) == NULL)
			return -1;
		if (tq_redis_reply_at(a, 1)->len > 0 && (id =
		    tq_celery_id_name(mem, a->element[1]->str)) != NULL &&
		    strcmp(id, info->id.s) == 0) {
			info->state = TQ_BLOCKED;
			rv = say_why(info, mem, "after", a->element[0]->str,
			    e);
		}
		freeReplyObject(a);
	}
	return rv;
}
