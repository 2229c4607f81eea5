/*
 * What is held, kept by signs of life and given back when nobody needs it.
 *
 * Our own leases are renewed once a second, and so are the scores in
 * unacked_index by which a Celery worker sees how old a message is: whatever
 * its visibility timeout, it leaves ours alone.  Others of tq see ours passed
 * after the lease of the URL without a sign.
 */
#include <errno.h>
#include <string.h>

#include "backend/redis/calls.h"
#include "backend/redis/redis.h"
#include "backend/redis/send.h"
#include "backend/redis/work.h"
#include "base/clock.h"

#define RENEW		TQ_SECOND
#define STALE		(100 * TQ_MS)	/* taken and not asked for */

static void
mark_lost(struct tq_redis *r, const redisReply *tags)
{
	struct tq_redis_held *h;
	size_t i;

	for (i = 0; i < tags->elements; i++)
		TAILQ_FOREACH(h, &r->held, link)
			if (h->stage != TQ_REDIS_ENDING &&
			    strcmp(h->tag, tags->element[i]->str) == 0)
				h->lost = 1;
}

/* Say that we are alive, for all that we hold. */
static int
renew(struct tq_redis *r, tq_time mono, struct tq_err *e)
{
	tq_time now = tq_clock_wall();
	struct tq_redis_held *h;
	redisReply *a;
	size_t none;

	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, r->place.prefix);
	tq_redis_cmd_time(&r->cmd, now);
	tq_redis_cmd_time(&r->cmd, tq_clock_deadline(now, r->place.lease));
	none = r->cmd.n;
	TAILQ_FOREACH(h, &r->held, link)
		if (h->lease == 0 && !h->lost)
			tq_redis_cmd_str(&r->cmd, h->tag);
	if (r->cmd.n > none) {
		a = tq_redis_call(&r->main, TQ_REDIS_RENEW, &r->cmd, e);
		if (a == NULL)
			return -1;
		mark_lost(r, a);
		freeReplyObject(a);
	}
	r->renewed = mono;
	return 0;
}

static struct tq_redis_held *
first_unposted(const struct tq_redis *r)
{
	struct tq_redis_held *h;

	TAILQ_FOREACH(h, &r->held, link)
		if (h->stage == TQ_REDIS_ENDING && !h->posted)
			return h;
	return NULL;
}

/*
 * Ends whose answer was lost with a connection.  As many as there are, and no
 * more: an answer that comes meanwhile may refuse one again.
 */
int
tq_redis_post_again(struct tq_redis *r, struct tq_err *e)
{
	struct tq_redis_held *h;
	unsigned n = r->nending;

	for (; n > 0 && (h = first_unposted(r)) != NULL; n--)
		if (tq_redis_end_post(h, e) == -1)
			return -1;
	return 0;
}

static struct tq_redis_held *
last_taken(const struct tq_redis *r, tq_time before)
{
	struct tq_redis_held *h;

	TAILQ_FOREACH_REVERSE(h, &r->held, tq_redis_list, link)
		if (h->stage == TQ_REDIS_TAKEN && h->taken < before)
			return h;
	return NULL;
}

/* What nobody asked for goes back, the last taken first: it was behind. */
static int
give_back(struct tq_redis *r, tq_time before, struct tq_err *e)
{
	struct tq_redis_held *h;

	while ((h = last_taken(r, before)) != NULL) {
		r->batch = 1;
		if (tq_redis_back(r, h, e) == -1)
			return -1;
	}
	return 0;
}

/* How often we must show that we live. */
static tq_time
sign_every(const struct tq_redis *r)
{
	tq_time every = RENEW;

	if (r->place.visibility / 4 < every)
		every = r->place.visibility / 4;
	if (r->place.lease / 4 < every)
		every = r->place.lease / 4;
	return every;
}

int
tq_redis_tend(struct tq_redis *r, struct tq_err *e)
{
	tq_time now = tq_clock_mono();

	if (tq_redis_ready(r, e) == -1)
		return -1;
	if (r->nending > 0 && tq_redis_post_again(r, e) == -1)
		return -1;
	if (r->ntaken > 0 && give_back(r, now - STALE, e) == -1)
		return -1;
	if (!TAILQ_EMPTY(&r->held) && now - r->renewed >= sign_every(r))
		return renew(r, now, e);
	return 0;
}

tq_time
tq_redis_alive(void *b)
{
	struct tq_redis *r = b;

	if (TAILQ_EMPTY(&r->held))
		return TQ_FOREVER;
	/* what fails is tried again; who settles too late is told so */
	(void)tq_redis_tend(r, NULL);
	return sign_every(r);
}

int
tq_redis_sync(void *b, struct tq_err *e)
{
	struct tq_redis *r = b;

	r->refused.num = 0;
	/* ends on their way when the server was lost go out again */
	if (r->nending > 0 && tq_redis_tend(r, e) == -1)
		return -1;
	if ((r->main.n > 0 && tq_redis_finish(&r->main, e) == -1) ||
	    (r->store.n > 0 && tq_redis_finish(&r->store, e) == -1))
		return -1;
	/* an answer that refuses one names the server and says why */
	return r->nending == 0 ? 0 : tq_fail(e, ETIMEDOUT, "%s: %u outcomes "
	    "are not told yet", r->refused.num != 0 ? r->refused.text :
	    r->place.name, (unsigned)r->nending);
}
