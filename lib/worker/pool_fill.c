/*
 * Filling the places of a worker: a task for each that is free, then more for
 * resident handlers that are quick.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "feed.h"
#include "pool_own.h"

/* Place i, made if it is the first time; NULL. */
static struct tq_place *
get_place(struct tq_pool *pool, unsigned i, struct tq_err *e)
{
	struct tq_place *p;

	if (i < pool->made)
		return pool->place[i];
	if ((p = malloc(sizeof(*p))) == NULL) {
		tq_fail_sys(e, errno, "place %u", i + 1);
		return NULL;
	}
	if (tq_place_open(p, &pool->rules, i + 1, e) == -1) {
		free(p);
		return NULL;
	}
	pool->place[pool->made++] = p;
	return p;
}

/* Claim a task for every free place; as tq_pool_fill(). */
static int
fill_free(struct tq_pool *pool, enum tq_filled *out, struct tq_err *e)
{
	struct tq_place *p;
	unsigned i, taken;
	int rv;

	for (i = 0; i < pool->size && pool->left > 0; i++) {
		if ((p = get_place(pool, i, e)) == NULL)
			return -1;
		if (p->state != TQ_PLACE_FREE || p->nahead > 0)
			continue;
		/* wide tasks fill more places than their own */
		if ((taken = pool->busy + pool->wide) >= pool->size)
			return 0;
		if (pool->rules.offers != NULL)
			tq_offers_places(pool->rules.offers, pool->size,
			    pool->size - taken);
		if ((rv = tq_place_take(p, &pool->rules, e)) == -1)
			return -1;
		if (rv == 0) {
			*out = TQ_FILLED_IDLE;
			return 0;
		}
		pool->busy++;
		pool->wide += p->weight - 1;
		if (p->state == TQ_PLACE_RUNNING) {
			pool->left--;
			continue;
		}
		/* not started: the place is free again, look once more */
		*out = TQ_FILLED_SOME;
		if (p->end.state == TQ_READY) {
			tq_pool_settle(pool, p);
			return tq_fail(e, EAGAIN, "waiting for a process to "
			    "be had");
		}
		pool->left--;
		tq_pool_settle(pool, p);
	}
	return 0;
}

/* Claim tasks for resident handlers that are quick. */
static int
feed_ahead(struct tq_pool *pool, struct tq_err *e)
{
	struct tq_place *p;
	unsigned i;
	int rv = 1;

	for (i = 0; i < pool->size && i < pool->made && rv >= 0; i++) {
		p = pool->place[i];
		if (p->state != TQ_PLACE_RUNNING || p->at == NULL)
			continue;
		while (pool->left > 0 && (rv = tq_feed_more(p, &pool->rules,
		    tq_clock_boot(), e)) == 1)
			pool->left--;
		tq_pool_returned(pool, p);
		tq_feed_flush(p);
		if (rv == 2)
			break;
	}
	return rv == -1 ? -1 : 0;
}

int
tq_pool_fill(struct tq_pool *pool, enum tq_filled *out, struct tq_err *e)
{
	*out = TQ_FILLED_FULL;
	if (fill_free(pool, out, e) == -1)
		return -1;
	return *out == TQ_FILLED_FULL ? feed_ahead(pool, e) : 0;
}
