/*
 * The list of what is held.
 *
 * An answer drops what has ended, and whatever goes to the server may bring
 * one: so no place in the list outlives a call that talks to it, but for one
 * that is in use (tq_redis_held_use()), or not ending.
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/redis.h"
#include "base/clock.h"

struct tq_redis_held *
tq_redis_held_add(struct tq_redis *r, const char *tag, const char *queue,
    const char *text, size_t n)
{
	struct tq_redis_held *h = calloc(1, sizeof(*h));

	if (h == NULL || (h->text = malloc(n + 1)) == NULL) {
		free(h);
		return NULL;
	}
	memcpy(h->text, text, n);
	h->text[n] = '\0';
	h->n = n;
	h->r = r;
	h->stage = TQ_REDIS_TAKEN;
	h->taken = tq_clock_mono();
	tq_redis_cmd_init(&h->end);
	strlcpy(h->tag, tag, sizeof(h->tag));
	strlcpy(h->queue, queue, sizeof(h->queue));
	TAILQ_INSERT_TAIL(&r->held, h, link);
	r->ntaken++;
	return h;
}

static void
held_free(struct tq_redis_held *h)
{
	tq_redis_cmd_fini(&h->end);
	free(h->text);
	free(h);
}

void
tq_redis_held_drop(struct tq_redis *r, struct tq_redis_held *h)
{
	int saved = errno;

	r->ntaken -= h->stage == TQ_REDIS_TAKEN;
	r->nending -= h->stage == TQ_REDIS_ENDING;
	TAILQ_REMOVE(&r->held, h, link);
	h->dropped = 1;
	if (h->users == 0)
		held_free(h);
	errno = saved;
}

void
tq_redis_held_use(struct tq_redis_held *h)
{
	h->users++;
}

int
tq_redis_held_done(struct tq_redis_held *h)
{
	int saved = errno, dropped = h->dropped;

	if (--h->users == 0 && dropped)
		held_free(h);
	errno = saved;
	return !dropped;
}

struct tq_redis_held *
tq_redis_held_find(struct tq_redis *r, const struct tq_ref *ref)
{
	struct tq_redis_held *h;

	TAILQ_FOREACH(h, &r->held, link)
		if (h->stage == TQ_REDIS_CLAIMED &&
		    h->attempt == ref->attempt &&
		    strcmp(h->id.s, ref->id.s) == 0)
			return h;
	return NULL;
}
