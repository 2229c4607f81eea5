/* Finding one task by its id. */
#include <bsd/string.h>
#include <errno.h>
#include <string.h>

#include "backend/redis/going.h"
#include "backend/redis/key.h"

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
