/*
 * Finding many tasks at once.
 *
 * Where one task is, the server is asked by its id, and goes through all there
 * is (find.c).  For n tasks that is n times all there is; so who is about to
 * look for many says so, all is read once, and what stands under those ids is
 * kept here until they have been looked for.  That is how they stood then.
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/calls.h"
#include "backend/redis/going.h"
#include "backend/redis/message.h"
#include "backend/redis/see.h"

struct tq_redis_ahead {
	struct tq_arena	 mem;
	struct tq_redis_seen *v;	/* n of them, by id */
	size_t		 n, left;	/* of these: to be found */
};

static int
by_id(const void *a, const void *b)
{
	const struct tq_redis_seen *x = a, *y = b;

	return strcmp(x->id, y->id);
}

static struct tq_redis_seen *
seen(const struct tq_redis_ahead *h, const char *id)
{
	struct tq_redis_seen key = { .id = id };

	return bsearch(&key, h->v, h->n, sizeof(key), by_id);
}

static int
note(struct tq_redis_going *g, struct tq_info *info,
    const struct tq_redis_read *in, const char *tag)
{
	struct tq_redis_ahead *h = g->arg;
	struct tq_redis_seen *s = seen(h, in->name);

	if (s == NULL || s->text.p != NULL)
		return 0;
	s->place = g->place;
	s->score = tq_arena_copy(&h->mem, g->score, strlen(g->score));
	s->tag = tq_arena_copy(&h->mem, tag, strlen(tag));
	s->queue = tq_arena_copy(&h->mem, info->task.queue,
	    strlen(info->task.queue));
	s->text.n = in->text.n;
	s->text.p = tq_arena_copy(&h->mem, in->text.p, in->text.n);
	if (s->score == NULL || s->tag == NULL || s->queue == NULL ||
	    s->text.p == NULL)
		return tq_fail_sys(g->e, ENOMEM, "%s", in->name);
	return --h->left == 0;
}

/* The ids in order, each once. */
static int
set_ids(struct tq_redis_ahead *h, const char *const *ids, size_t n)
{
	size_t i;

	if ((h->v = calloc(n, sizeof(*h->v))) == NULL)
		return -1;
	for (i = 0; i < n; i++)
		if ((h->v[i].id = tq_arena_copy(&h->mem, ids[i],
		    strlen(ids[i]))) == NULL)
			return -1;
	qsort(h->v, n, sizeof(*h->v), by_id);
	for (i = 0; i < n; i++)
		if (h->n == 0 || strcmp(h->v[i].id, h->v[h->n - 1].id) != 0)
			h->v[h->n++] = h->v[i];
	h->left = h->n;
	return 0;
}

int
tq_redis_ahead(void *b, const char *const *ids, size_t n, struct tq_err *e)
{
	struct tq_redis *r = b;
	struct tq_redis_going g = { .r = r, .needle = "", .each = note };
	int rv = 0, looks;

	tq_redis_ahead_end(r);
	if (n <= TQ_REDIS_FEW || r->is_store)
		return 0;
	if ((r->ahead = calloc(1, sizeof(*r->ahead))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%zu tasks", n);
	tq_arena_init(&r->ahead->mem);
	g.arg = r->ahead;
	if (set_ids(r->ahead, ids, n) == -1)
		rv = tq_fail_sys(e, ENOMEM, "%zu tasks", n);
	for (looks = 0; rv == 0 && looks < TQ_REDIS_LOOKS; looks++)
		rv = tq_redis_everywhere(&g, e);
	if (rv == -1)
		tq_redis_ahead_end(r);
	return rv == -1 ? -1 : 0;
}

const struct tq_redis_seen *
tq_redis_ahead_seen(const struct tq_redis *r, const char *id)
{
	return r->ahead == NULL ? NULL : seen(r->ahead, id);
}

void
tq_redis_ahead_end(struct tq_redis *r)
{
	if (r->ahead == NULL)
		return;
	tq_arena_fini(&r->ahead->mem);
	free(r->ahead->v);
	free(r->ahead);
	r->ahead = NULL;
}
