/*
 * The words of an end, and ends on their way.
 *
 * An end is kept until the server has answered, and sent again over a new
 * connection when the answer was lost: done twice, it is STALE the second time.
 */
#include <errno.h>
#include <string.h>

#include "backend/redis/redis.h"
#include "backend/redis/send.h"
#include "backend/redis/worker.h"
#include "base/clock.h"

#define ENDING_MAX	64	/* ends on their way */

/* 1 if the end is none yet: the message is sent again with its next item. */
static int
goes_on(const struct tq_celery_plan *plan)
{
	size_t k;

	for (k = 0; k < plan->nsteps; k++)
		if (plan->step[k].flags & TQ_CELERY_AGAIN)
			return 1;
	return 0;
}

int
tq_redis_end_words(struct tq_redis *r, struct tq_redis_held *h,
    const struct tq_celery_plan *plan, unsigned parts, struct tq_err *e)
{
	r->tag = h->tag;
	tq_redis_do_begin(r, &h->end, h->tag, 1, NULL, 0);
	if (tq_redis_do_plan(r, &h->end, &r->mem, plan, parts, e) == -1)
		return -1;
	if (parts & TQ_REDIS_SENDS &&
	    tq_redis_bind_sends(r, &h->end, plan, e) == -1)
		return -1;
	if (r->ending != NULL && !goes_on(plan))
		tq_redis_let_go(r, &h->end, r->ending);
	tq_redis_bury_add(r, &h->end);
	return tq_buf_ok(&h->end.bytes) ? 0 :
	    tq_fail_sys(e, ENOMEM, "%s", h->id.s);
}

/* ---- on their way ---------------------------------------------------- */

/*
 * The server refuses an end.  Who is no worker returns it; a worker's waits and
 * is sent again, and of those that wait for one reason one is named.
 */
static void
refused(struct tq_redis_held *h, const redisReply *a)
{
	struct tq_redis *r = h->r;
	struct tq_redis_worker *w = r->worker;

	(void)tq_redis_failed(&r->place, a, &r->refused);
	h->refused = 1;
	if (w == NULL || !tq_once_due(&w->refused, r->refused.text,
	    tq_clock_mono()))
		return;
	/* an id may be long: the reason has to fit too */
	(void)tq_redis_mail_add(r, "say %.100s of queue %s: not told what "
	    "became of it, tried again: %s", h->id.s[0] != '\0' ? h->id.s :
	    "a message", h->queue, r->refused.text);
	w->noted = 0;		/* and who looks sees it */
}

static void
ended(void *arg, const redisReply *a)
{
	struct tq_redis_held *h = arg;

	/* OOM and the like: it is tried again; STALE: it is another's */
	if (a == NULL || a->type == REDIS_REPLY_ERROR) {
		/* somebody flushed the server's scripts */
		if (a != NULL && strncmp(a->str, "NOSCRIPT", 8) == 0)
			memset(h->r->main.sha, 0, sizeof(h->r->main.sha));
		else if (a != NULL)
			refused(h, a);
		h->posted = 0;
		return;
	}
	h->r->stale = strcmp(a->str, "STALE") == 0;
	tq_redis_held_drop(h->r, h);
}

int
tq_redis_end_post(struct tq_redis_held *h, struct tq_err *e)
{
	struct tq_redis *r = h->r;

	h->posted = 1;
	if (tq_redis_post(&r->main, TQ_REDIS_DO, &h->end, ended, h, e) == 0)
		return 0;
	h->posted = 0;
	return -1;
}

/* Its end stands in h->end: off it goes. */
int
tq_redis_end_begin(struct tq_redis *r, struct tq_redis_held *h, unsigned flags,
    struct tq_err *e)
{
	r->ntaken -= h->stage == TQ_REDIS_TAKEN;
	r->nending += h->stage != TQ_REDIS_ENDING;
	h->stage = TQ_REDIS_ENDING;
	/* from here on it is kept; a lost server delays it, no more */
	if (tq_redis_end_post(h, e) == -1)
		return r->worker != NULL ? 0 : -1;
	/* who is no worker has nothing else to do than to hear of it */
	if (r->worker == NULL || flags & TQ_SETTLE_SYNC ||
	    r->nending > ENDING_MAX) {
		r->stale = 0;
		r->refused.num = 0;
		if (tq_redis_finish(&r->main, e) == -1)
			return -1;
		if (r->worker == NULL && r->refused.num != 0)
			return tq_fail(e, r->refused.num, "%s",
			    r->refused.text);
		if (r->stale && r->worker == NULL)
			return tq_fail(e, ESTALE, "the claim is no longer "
			    "yours");
	}
	return 0;
}
