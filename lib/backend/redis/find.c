/* Finding one task by its id, and what is held. */
#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/going.h"
#include "backend/redis/key.h"
#include "base/clock.h"

#define LOOKS	3		/* for one task before it is unknown */

/*
 * Found: read once more, into memory that stays.  The info that was given is
 * of the message's own text.
 */
static int
keep(struct tq_redis_going *g, struct tq_info *info,
    const struct tq_redis_read *in, const char *tag)
{
	struct tq_redis_read again;
	const char *text, *queue;

	if (strcmp(in->name, g->needle) != 0)
		return 0;
	strlcpy(g->found, tag, sizeof(g->found));
	if (g->body != NULL) {
		g->body->n = info->task.body.n;
		g->body->p = tq_arena_copy(g->mem, info->task.body.p,
		    info->task.body.n);
		return g->body->p == NULL ?
		    tq_fail_sys(g->e, ENOMEM, "body") : 1;
	}
	if ((text = tq_arena_copy(g->mem, in->text.p, in->text.n)) == NULL ||
	    (queue = tq_arena_copy(g->mem, info->task.queue,
	    strlen(info->task.queue))) == NULL)
		return tq_fail_sys(g->e, ENOMEM, "%s", g->needle);
	if (tq_redis_read(&again, g->mem, text, in->text.n, g->e) == -1)
		return -1;
	if (tq_redis_describe(g->out, g->mem, &again, g->place, queue,
	    g->score, tag) == -1)
		return tq_fail_sys(g->e, ENOMEM, "%s", g->needle);
	return 1;
}

int
tq_redis_find(struct tq_redis *r, const char *id, struct tq_info *out,
    struct tq_arena *mem, struct tq_err *e)
{
	struct tq_redis_going g = {
		.r = r, .needle = id, .each = keep, .out = out, .mem = mem
	};
	int rv = 0, looks;

	/* on its way from one place to another it may be missed in both */
	for (looks = 0; rv == 0 && looks < LOOKS; looks++)
		rv = tq_redis_everywhere(&g, e);
	if (rv != 1)
		return rv;
	return tq_redis_limit_explain(r, out, mem, e) == -1 ||
	    tq_redis_key_explain(r, out, mem, e) == -1 ||
	    tq_redis_explain(r, out, g.found, e) == -1 ? -1 : 1;
}

int
tq_redis_find_body(struct tq_redis *r, const char *id, struct tq_bytes *out,
    struct tq_arena *mem, struct tq_err *e)
{
	struct tq_info info;
	struct tq_redis_going g = {
		.r = r, .needle = id, .each = keep, .out = &info,
		.body = out, .mem = mem
	};

	memset(&info, 0, sizeof(info));
	return tq_redis_everywhere(&g, e);
}

/* Held under a tag of tq's: for a lease that outlived its process. */
static int
take_over(struct tq_redis_going *g, struct tq_info *info,
    const struct tq_redis_read *in, const char *tag)
{
	(void)info;
	if (strcmp(in->name, g->needle) != 0 || strncmp(tag, "tq.", 3) != 0 ||
	    info->attempt != g->ref->attempt || info->state != TQ_STARTED)
		return 0;
	*g->held = tq_redis_held_add(g->r, tag, info->task.queue,
	    (const char *)in->text.p, in->text.n);
	if (*g->held == NULL)
		return tq_fail_sys(g->e, ENOMEM, "%s", g->needle);
	g->r->ntaken--;
	(*g->held)->stage = TQ_REDIS_CLAIMED;
	(*g->held)->id = g->ref->id;
	(*g->held)->attempt = g->ref->attempt;
	(*g->held)->crashes = in->crashes;
	(*g->held)->laters = in->laters;
	(*g->held)->put = info->put;
	(*g->held)->lease = tq_clock_wall();	/* not ours to renew */
	return 1;
}

/* It runs, and a limit is about to count it. */
static int
count_one(struct tq_redis_going *g, struct tq_info *info,
    const struct tq_redis_read *in, const char *tag)
{
	if (g->name != NULL ? strcmp(in->msg.task, g->name) == 0 :
	    strcmp(info->task.queue, g->sel->queues[0]) == 0)
		tq_redis_cmd_str(g->cmd, tag);
	return 0;
}

int
tq_redis_count_held(struct tq_redis *r, const char *limit, const char *queue,
    const char *name, struct tq_err *e)
{
	const struct tq_select sel = { .queues = &queue, .nqueues = 1 };
	struct tq_redis_cmd cmd;
	struct tq_redis_going g = {
		.r = r, .needle = "", .sel = &sel, .each = count_one,
		.name = name, .cmd = &cmd, .e = e
	};
	struct tq_info info;
	redisReply *a = NULL;
	int rv;

	memset(&info, 0, sizeof(info));
	tq_redis_cmd_init(&cmd);
	tq_redis_cmd_str(&cmd, "SADD");
	tq_redis_cmd_join(&cmd, r->place.prefix, "tq.run.", limit, NULL);
	rv = tq_redis_through(&g, TQ_REDIS_IN_HAND, NULL, "", &info);
	if (rv == 0 && cmd.n > 2 &&
	    (a = tq_redis_call(&r->main, TQ_REDIS_PLAIN, &cmd, e)) == NULL)
		rv = -1;
	freeReplyObject(a);
	tq_redis_cmd_fini(&cmd);
	return rv;
}

int
tq_redis_adopt(struct tq_redis *r, const struct tq_ref *ref,
    struct tq_redis_held **out, struct tq_err *e)
{
	struct tq_redis_going g = {
		.r = r, .needle = ref->id.s, .each = take_over, .ref = ref,
		.held = out, .e = e
	};
	struct tq_info info;

	memset(&info, 0, sizeof(info));
	*out = NULL;
	if (tq_redis_ready(r, e) == -1)
		return -1;
	return tq_redis_through(&g, TQ_REDIS_IN_HAND, NULL, "", &info) == -1 ?
	    -1 : 0;
}
