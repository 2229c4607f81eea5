/* What is done with a claim by its name: it is settled, or goes on. */
#include <errno.h>
#include <string.h>

#include "backend/redis/calls.h"
#include "backend/redis/end.h"
#include "backend/redis/going.h"
#include "backend/redis/message.h"
#include "backend/redis/redis.h"
#include "backend/redis/send.h"
#include "base/clock.h"

/* ---- what a name means ------------------------------------------------- */

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

/* Held by no handle of this process: *out stays NULL when it is nowhere. */
static int
adopt(struct tq_redis *r, const struct tq_ref *ref,
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

static int
stale(const struct tq_ref *ref, struct tq_err *e)
{
	return tq_fail(e, ESTALE, "%s/%u: the claim is no longer yours",
	    ref->id.s, ref->attempt);
}

/*
 * What is settled: held by this handle, or, for a lease that outlives a
 * process, found in unacked by its id and attempt.
 */
static struct tq_redis_held *
hold(struct tq_redis *r, const struct tq_ref *ref, struct tq_err *e)
{
	struct tq_redis_held *h = tq_redis_held_find(r, ref);

	if (h != NULL && h->lost && !h->asked) {
		tq_redis_held_drop(r, h);
		h = NULL;
	} else if (h == NULL && adopt(r, ref, &h, e) == -1)
		return NULL;
	if (h == NULL)
		stale(ref, e);
	return h;
}

/* ---- the calls --------------------------------------------------------- */

int
tq_redis_settle(void *b, const struct tq_ref *ref, struct tq_outcome *o,
    unsigned flags, struct tq_err *e)
{
	struct tq_redis *r = b;
	struct tq_redis_held *h;
	struct tq_redis_read in;

	o->taken_out = o->taken_err = 0;
	tq_arena_reset(&r->mem);
	/* without a server an end of ours is kept until there is one */
	h = tq_redis_held_find(r, ref);
	if ((h == NULL || r->worker == NULL) && tq_redis_ready(r, e) == -1)
		return -1;
	if ((h = hold(r, ref, e)) == NULL)
		return -1;
	if (o->state == TQ_READY)
		return tq_redis_back(r, h, e);
	if (h->revoked && o->state != TQ_SUCCESS) {
		o->state = TQ_REVOKED;
		o->when = 0;
		o->why = "terminated";		/* Celery's word */
	}
	if (tq_redis_read(&in, &r->mem, h->text, h->n, e) == -1)
		return -1;
	if (tq_redis_end(r, h, &in, o, flags, e) == 0)
		return 0;
	if (errno != ESTALE)
		return -1;
	/* it may have been let go by the answer */
	if ((h = tq_redis_held_find(r, ref)) != NULL)
		tq_redis_held_drop(r, h);
	return stale(ref, e);
}

int
tq_redis_renew(void *b, const struct tq_ref *ref, tq_time lease,
    struct tq_err *e)
{
	struct tq_redis *r = b;
	struct tq_redis_held *h;
	tq_time until = tq_clock_deadline(tq_clock_wall(), lease);
	redisReply *a;
	int lost;

	tq_arena_reset(&r->mem);
	if (tq_redis_ready(r, e) == -1 ||
	    (h = hold(r, ref, e)) == NULL)
		return -1;
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, r->place.prefix);
	tq_redis_cmd_time(&r->cmd, until);
	tq_redis_cmd_time(&r->cmd, until);
	tq_redis_cmd_str(&r->cmd, h->tag);
	if ((a = tq_redis_call(&r->main, TQ_REDIS_RENEW, &r->cmd, e)) == NULL)
		return -1;
	lost = a->elements > 0;
	freeReplyObject(a);
	h->lease = until;
	if (lost) {
		tq_redis_held_drop(r, h);
		return stale(ref, e);
	}
	return 0;
}
