/* Noting where tasks stand. */
#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/going.h"
#include "backend/redis/message.h"
#include "backend/redis/see.h"

static int
by_wanted(const void *a, const void *b)
{
	const struct tq_redis_wanted *x = a, *y = b;

	return strcmp(x->id, y->id);
}

/* 1 if it is one to be noted: *w says which of several, or is NULL. */
static int
is_meant(struct tq_redis_wanted **w, const struct tq_redis_going *g,
    const struct tq_info *info, const char *name)
{
	const struct tq_redis_wanted key = { .id = name };

	*w = NULL;
	if (g->wanted == NULL)
		return g->needle[0] != '\0' ? strcmp(name, g->needle) == 0 :
		    tq_redis_is_selected(g->sel, info);
	*w = bsearch(&key, g->wanted, g->nwanted, sizeof(key), by_wanted);
	return *w != NULL && !(*w)->found;
}

/* Note where it stands. */
static int
note_spot(struct tq_redis_going *g, struct tq_info *info,
    const struct tq_redis_read *in, const char *tag)
{
	struct tq_redis_spots *s = g->spots;
	struct tq_redis_wanted *w;
	struct tq_redis_spot *p;
	const char *key;
	size_t cap;

	if (!is_meant(&w, g, info, in->name))
		return 0;
	if (s->n == s->cap) {
		cap = s->cap == 0 ? 16 : 2 * s->cap;
		if ((p = reallocarray(s->v, cap, sizeof(*p))) == NULL)
			return tq_fail_sys(g->e, ENOMEM, "tasks");
		s->v = p;
		s->cap = cap;
	}
	p = &s->v[s->n];
	p->where = g->place == TQ_REDIS_IN_LIST ? "list" :
	    g->place == TQ_REDIS_IN_WAIT ? "wait" : NULL;
	p->state = info->state;
	strlcpy(p->id.s, info->id.s, sizeof(p->id.s));
	strlcpy(p->queue, info->task.queue, sizeof(p->queue));
	key = g->place == TQ_REDIS_IN_LIST ? g->list : tag;
	p->key = tq_arena_copy(s->mem, key, strlen(key));
	p->text.p = tq_arena_copy(s->mem, in->text.p, in->text.n);
	p->text.n = in->text.n;
	if (p->key == NULL || p->text.p == NULL)
		return tq_fail_sys(g->e, ENOMEM, "tasks");
	s->n++;
	if (w == NULL)
		return g->needle[0] != '\0';
	p->of = w->of;
	w->found = 1;
	return --g->left == 0;
}

int
tq_redis_spot(struct tq_redis *r, struct tq_redis_spots *s,
    const struct tq_select *sel, const char *id, struct tq_err *e)
{
	struct tq_redis_going g = {
		.r = r, .needle = id == NULL ? "" : id, .sel = sel,
		.each = note_spot, .spots = s
	};

	return tq_redis_everywhere(&g, e) == -1 ? -1 : 0;
}

static int
by_order(const void *a, const void *b)
{
	const struct tq_redis_spot *x = a, *y = b;

	return x->of < y->of ? -1 : x->of > y->of;
}

int
tq_redis_spot_ids(struct tq_redis *r, struct tq_redis_spots *s,
    const char *const *ids, size_t n, struct tq_err *e)
{
	struct tq_redis_going g = {
		.r = r, .needle = "", .each = note_spot, .spots = s,
		.nwanted = n, .left = n
	};
	size_t i;
	int rv;

	if ((g.wanted = calloc(n, sizeof(*g.wanted))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%zu tasks", n);
	for (i = 0; i < n; i++)
		g.wanted[i] = (struct tq_redis_wanted){ ids[i], i, 0 };
	qsort(g.wanted, n, sizeof(*g.wanted), by_wanted);
	rv = tq_redis_everywhere(&g, e);
	free(g.wanted);
	if (s->n > 0)
		qsort(s->v, s->n, sizeof(*s->v), by_order);
	return rv == -1 ? -1 : 0;
}
