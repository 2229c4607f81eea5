/*
 * Keys and lanes of tasks that are gone without an end.
 *
 * A key or lane is let go by the end of its task.  Where a list was deleted, or
 * a message was taken by a worker that is not tq's, no end comes, and others
 * would wait behind it for ever.  So who waits is noted in tq.watch, and once
 * in ten minutes some worker looks whether the one they wait for is there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/see.h"
#include "backend/redis/send.h"
#include "backend/redis/work.h"
#include "base/clock.h"

#define AGAIN		(600 * TQ_SECOND)
#define AT_ONCE		"4"		/* looking goes through everything */

/* One command about a key that is ours. */
static redisReply *
ask(struct tq_redis *r, const char *word, const char *name, const char *of,
    const char *a, tq_time t, const char *b, struct tq_err *e)
{
	struct tq_redis_cmd *cmd = &r->cmd;

	tq_redis_cmd_reset(cmd);
	tq_redis_cmd_str(cmd, word);
	tq_redis_cmd_join(cmd, r->place.prefix, name, of, NULL);
	if (a != NULL)
		tq_redis_cmd_str(cmd, a);
	if (t != 0)
		tq_redis_cmd_time(cmd, t);
	if (b != NULL)
		tq_redis_cmd_str(cmd, b);
	return tq_redis_call(&r->main, TQ_REDIS_PLAIN, cmd, e);
}

/* The id is nowhere: what it had is free. */
static int
let_go(struct tq_redis *r, const char *what, const char *id, struct tq_err *e)
{
	redisReply *a;

	tq_redis_do_begin(r, &r->cmd, "", 0, NULL, 0);
	if (what[0] == 'l')
		tq_redis_free_lane(&r->cmd, what + 1, id);
	else
		tq_redis_free_key(r, &r->cmd, what + 1, id);
	if ((a = tq_redis_call(&r->main, TQ_REDIS_DO, &r->cmd, e)) == NULL)
		return -1;
	freeReplyObject(a);
	return 0;
}

/* 1 it is somewhere, 0, -1. */
static int
is_there(struct tq_redis *r, const char *id, struct tq_err *e)
{
	struct tq_info info;
	struct tq_arena mem;
	int rv = -1;

	memset(&info, 0, sizeof(info));
	tq_arena_init(&mem);
	if ((id = tq_celery_id_name(&mem, id)) == NULL)
		tq_fail_sys(e, ENOMEM, "tq.watch");
	else if ((rv = tq_redis_find(r, id, &info, &mem, e)) == 0)
		rv = tq_redis_is_local(r, id, e);
	tq_arena_fini(&mem);
	return rv;
}

/* Look after "l" and a lane, "k" and a key. */
static int
look(struct tq_redis *r, const char *what, struct tq_err *e)
{
	redisReply *a;
	char *id = NULL;
	int rv;

	/* first: others need not do the same now */
	a = ask(r, "ZADD", "tq.watch", "", NULL, tq_clock_wall() + AGAIN,
	    what, e);
	if (a == NULL)
		return -1;
	freeReplyObject(a);
	a = ask(r, "HGET", what[0] == 'l' ? "tq.lane." : "tq.key.", what + 1,
	    "id", 0, NULL, e);
	if (a == NULL)
		return -1;
	if (a->type == REDIS_REPLY_STRING && (id = strdup(a->str)) == NULL) {
		freeReplyObject(a);
		return tq_fail_sys(e, ENOMEM, "%s", what + 1);
	}
	freeReplyObject(a);
	if (id == NULL) {
		a = ask(r, "ZREM", "tq.watch", "", what, 0, NULL, e);
		freeReplyObject(a);
		return a == NULL ? -1 : 0;
	}
	if ((rv = is_there(r, id, e)) == 0)
		rv = let_go(r, what, id, e);
	free(id);
	return rv == -1 ? -1 : 0;
}

int
tq_redis_look_after(struct tq_redis *r, struct tq_err *e)
{
	redisReply *a;
	size_t i;
	int rv = 0;

	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "ZRANGEBYSCORE");
	tq_redis_cmd_join(&r->cmd, r->place.prefix, "tq.watch", NULL);
	tq_redis_cmd_str(&r->cmd, "-inf");
	tq_redis_cmd_time(&r->cmd, tq_clock_wall());
	tq_redis_cmd_str(&r->cmd, "LIMIT");
	tq_redis_cmd_str(&r->cmd, "0");
	tq_redis_cmd_str(&r->cmd, AT_ONCE);
	if ((a = tq_redis_call(&r->main, TQ_REDIS_PLAIN, &r->cmd, e)) == NULL)
		return -1;
	for (i = 0; i < a->elements && rv == 0; i++)
		rv = look(r, a->element[i]->str, e);
	freeReplyObject(a);
	return rv;
}
