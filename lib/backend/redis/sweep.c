/*
 * What others hold and show no sign of life for: it comes back.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/redis/calls.h"
#include "backend/redis/end.h"
#include "backend/redis/message.h"
#include "backend/redis/redis.h"
#include "backend/redis/send.h"
#include "backend/redis/work.h"
#include "base/clock.h"

#define SWEEP		(10 * TQ_SECOND)	/* as often as kombu looks */
#define SWEEP_MOST	100

/*
 * A worker died with it: it comes back with one more death, until there are
 * too many.  What is done is done only if the tag is still there.
 */
int
tq_redis_died(struct tq_redis *r, struct tq_redis_held *h, struct tq_err *e)
{
	struct tq_redis_read in;
	struct tq_outcome o;
	struct tq_task t;
	struct tq_err why;
	char deaths[64];
	const char *last = NULL;

	tq_arena_reset(&r->mem);
	if (tq_redis_read(&in, &r->mem, h->text, h->n, &why) == -1)
		return tq_redis_bury(r, h, why.text, e);
	snprintf(deaths, sizeof(deaths), "worker died %u times",
	    in.crashes + 1);
	if (in.crashes + 1 >= r->place.crashes)
		last = deaths;
	else if (tq_celery_task_view(&t, &r->mem, &in.msg, NULL) == 0 &&
	    t.flags & TQ_TASK_ONCE)
		last = "worker died (--once)";
	if (last == NULL)
		return tq_redis_return(r, h, &in, in.crashes + 1, in.laters,
		    e);
	in.crashes++;
	tq_outcome_init(&o, TQ_FAILURE);
	o.why = last;
	o.type = "WorkerLostError";
	return tq_redis_end(r, h, &in, &o, 0, e);
}

/* Celery's own way: it comes back as it is. */
static int
restore(struct tq_redis *r, struct tq_redis_held *h, struct tq_err *e)
{
	struct tq_redis_read in;
	struct tq_err why;

	tq_arena_reset(&r->mem);
	if (tq_redis_read(&in, &r->mem, h->text, h->n, &why) == -1)
		return tq_redis_bury(r, h, why.text, e);
	return tq_redis_return(r, h, &in, in.crashes, in.laters, e);
}

/* Take up one tag of others. */
static int
recover(struct tq_redis *r, const redisReply *tag, const redisReply *text,
    int died, struct tq_err *e)
{
	struct tq_redis_held *h;
	struct tq_bytes message = { text->str, text->len };
	const char *queue = "celery";
	int rv;

	tq_arena_reset(&r->mem);
	if (strlen(tag->str) >= TQ_REDIS_TAG_MAX ||
	    (strncmp(tag->str, TQ_REDIS_TAG, strlen(TQ_REDIS_TAG)) == 0 ?
	    tq_redis_split_ours : tq_redis_split)(&message, &queue, &r->mem,
	    text->str, text->len) == -1)
		return 0;		/* not ours to judge */
	h = tq_redis_held_add(r, tag->str, queue, message.p, message.n);
	if (h == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", r->place.name);
	h->stage = TQ_REDIS_CLAIMED;
	r->ntaken--;
	tq_redis_held_use(h);
	rv = died ? tq_redis_died(r, h, e) : restore(r, h, e);
	/* it stays where it is; our note of it must not be renewed */
	if (tq_redis_held_done(h) && rv == -1)
		tq_redis_held_drop(r, h);
	return rv == -1 ? -1 : 1;
}

int
tq_redis_sweep_due(const struct tq_redis *r)
{
	return r->swept == 0 || tq_clock_mono() - r->swept >= SWEEP;
}

int
tq_redis_sweep(void *b, struct tq_err *e)
{
	struct tq_redis *r = b;
	tq_time mono = tq_clock_mono(), now = tq_clock_wall();
	int celery = tq_redis_sweep_due(r);
	int n = 0, rv = 0;
	redisReply *a;
	size_t i;

	if (tq_redis_ready(r, e) == -1)
		return -1;
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, r->place.prefix);
	tq_redis_cmd_time(&r->cmd, now);
	if (celery)
		tq_redis_cmd_time(&r->cmd, now - r->place.visibility);
	else
		tq_redis_cmd_str(&r->cmd, "");
	tq_redis_cmd_num(&r->cmd, SWEEP_MOST);
	tq_redis_cmd_str(&r->cmd, r->stem);
	if ((a = tq_redis_call(&r->main, TQ_REDIS_OVERDUE, &r->cmd, e)) ==
	    NULL)
		return -1;
	if (celery)
		r->swept = mono;
	r->past = 0;
	for (i = 0; i + 2 < a->elements && rv != -1; i += 3) {
		rv = recover(r, a->element[i], a->element[i + 1],
		    a->element[i + 2]->len > 0, e);
		n += rv == 1;
	}
	freeReplyObject(a);
	if (rv == -1 || tq_redis_finish(&r->main, e) == -1 ||
	    (celery && tq_redis_look_after(r, e) == -1))
		return -1;
	return n;
}
