/*
 * Why tasks of a list wait, as far as it does not stand in their messages: who
 * has the lane, whether the queue is paused or served.  Each of these is asked
 * once.
 */
#include <errno.h>
#include <string.h>

#include "backend/redis/see.h"
#include "backend/redis/send.h"
#include "backend/redis/why.h"

void
tq_redis_whys_init(struct tq_redis_whys *w)
{
	tq_arena_init(&w->mem);
	w->n = w->next = 0;
}

void
tq_redis_whys_fini(struct tq_redis_whys *w)
{
	tq_arena_fini(&w->mem);
}

/* What was answered for this lane or queue before, or room for it. */
static struct tq_redis_why *
find(struct tq_redis_whys *w, char kind, const char *of)
{
	struct tq_redis_why *p;
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->v[i].kind == kind && strcmp(w->v[i].of, of) == 0)
			return &w->v[i];
	/* of more lanes and queues some are asked again */
	p = &w->v[w->n < TQ_REDIS_WHYS ? w->n++ : w->next++ % TQ_REDIS_WHYS];
	p->kind = 0;
	p->of = tq_arena_copy(&w->mem, of, strlen(of));
	return p->of == NULL ? NULL : p;
}

/* The reason of a lane ('l') or a queue ('q'), or NULL, in *out. */
static int
learn(const char **out, struct tq_redis *r, struct tq_redis_whys *w,
    char kind, const char *of, struct tq_err *e)
{
	struct tq_redis_why *p = find(w, kind, of);
	struct tq_info about;

	if (p == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", of);
	if (p->kind == 0) {
		memset(&about, 0, sizeof(about));
		tq_task_init(&about.task);
		about.state = TQ_READY;
		about.task.queue = about.task.lane = p->of;
		if ((kind == 'l' ? tq_redis_key_explain(r, &about, &w->mem,
		    e) : tq_redis_explain(r, &about, NULL, e)) == -1)
			return -1;
		p->kind = kind;
		p->why = about.why;
	}
	*out = p->why;
	return 0;
}

/* 1 if the reason "lane busy: ID" is of another task. */
static int
is_of_other(const char *why, const struct tq_info *i)
{
	return why != NULL && strcmp(why + strlen("lane busy: "), i->id.s) != 0;
}

int
tq_redis_why(struct tq_redis *r, struct tq_redis_whys *w,
    struct tq_info *info, struct tq_err *e)
{
	const char *why = NULL;

	if (info->state == TQ_BLOCKED && info->task.key != NULL)
		return tq_redis_key_explain(r, info, &w->mem, e);
	if (info->state != TQ_READY)
		return 0;
	if (info->task.lane != NULL) {
		if (learn(&why, r, w, 'l', info->task.lane, e) == -1)
			return -1;
		if (is_of_other(why, info))
			info->why = why;
	}
	if (learn(&why, r, w, 'q', info->task.queue, e) == -1)
		return -1;
	if (why != NULL && (info->why == NULL || strcmp(why, "paused") == 0))
		info->why = why;
	return 0;
}
