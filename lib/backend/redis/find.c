/* Finding one task by its id. */
#include <bsd/string.h>
#include <errno.h>
#include <string.h>

#include "backend/redis/going.h"
#include "backend/redis/message.h"
#include "backend/redis/see.h"
#include "backend/redis/send.h"

/* Read what was found once more, into memory that stays: 1, or -1. */
static int
tell(struct tq_info *out, struct tq_arena *mem,
    const struct tq_redis_seen *s, struct tq_err *e)
{
	struct tq_redis_read in;
	const char *text, *queue;

	if ((text = tq_arena_copy(mem, s->text.p, s->text.n)) == NULL ||
	    (queue = tq_arena_copy(mem, s->queue, strlen(s->queue))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", s->id);
	if (tq_redis_read(&in, mem, text, s->text.n, e) == -1)
		return -1;
	if (tq_redis_describe(out, mem, &in, s->place, queue, s->score,
	    s->tag) == -1)
		return tq_fail_sys(e, ENOMEM, "%s", s->id);
	return 1;
}

/* Found.  The info that was given is of the message's own text. */
static int
keep(struct tq_redis_going *g, struct tq_info *info,
    const struct tq_redis_read *in, const char *tag)
{
	struct tq_redis_seen now;

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
	now.id = in->name;
	now.queue = info->task.queue;
	now.score = g->score;
	now.tag = tag;
	now.place = g->place;
	now.text = in->text;
	return tell(g->out, g->mem, &now, g->e);
}

int
tq_redis_find(struct tq_redis *r, const char *id, struct tq_info *out,
    struct tq_arena *mem, struct tq_err *e)
{
	struct tq_redis_going g = {
		.r = r, .needle = id, .each = keep, .out = out, .mem = mem
	};
	const struct tq_redis_seen *s = tq_redis_ahead_seen(r, id);
	int rv = 0, looks;

	if (s != NULL && s->text.p != NULL) {
		strlcpy(g.found, s->tag, sizeof(g.found));
		rv = tell(out, mem, s, e);
	}
	for (looks = 0; s == NULL && rv == 0 && looks < TQ_REDIS_LOOKS; looks++)
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
