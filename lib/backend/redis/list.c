/* Listing tasks by selectors, and noting where they stand. */
#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/going.h"
#include "backend/redis/meta.h"
#include "backend/redis/why.h"

static int
is_selected(const struct tq_select *s, const struct tq_info *i)
{
	size_t k;

	if (s->nqueues > 0) {
		/* one that has ended, or that nobody knows, is in none */
		for (k = 0; i->task.queue != NULL && k < s->nqueues; k++)
			if (strcmp(s->queues[k], i->task.queue) == 0)
				break;
		if (i->task.queue == NULL || k == s->nqueues)
			return 0;
	}
	if (s->states != 0 && !(s->states & 1u << i->state))
		return 0;
	if (s->key != NULL && (i->task.key == NULL ||
	    strcmp(s->key, i->task.key) != 0))
		return 0;
	return s->label == NULL || (i->task.label != NULL &&
	    strcmp(s->label, i->task.label) == 0);
}

static int
pass_on(struct tq_redis_going *g, struct tq_info *info,
    const struct tq_redis_read *in, const char *tag)
{
	(void)in;
	(void)tag;
	if (!is_selected(g->sel, info))
		return 0;
	if (g->whys != NULL && tq_redis_why(g->r, g->whys, info, g->e) == -1)
		return -1;
	return g->user(info, g->arg);
}

/* One that waits with a worker. */
static int
pass_away(const struct tq_info *info, void *arg)
{
	struct tq_redis_going *g = arg;

	return is_selected(g->sel, info) ? g->user(info, g->arg) : 0;
}

/* All that is with the broker, then what it left to workers. */
static int
list_all(struct tq_redis_going *g, struct tq_err *e)
{
	struct tq_info info;
	struct tq_arena mem;
	int rv = tq_redis_everywhere(g, e);

	if (rv != 0)
		return rv;
	memset(&info, 0, sizeof(info));
	tq_arena_init(&mem);
	rv = tq_redis_away(g->r, NULL, &info, &mem, pass_away, g, e);
	tq_arena_fini(&mem);
	return rv;
}

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
		    is_selected(g->sel, info);
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

/* Each id by itself, in the order given. */
static int
list_ids(struct tq_redis *r, const struct tq_select *sel,
    int (*each)(const struct tq_info *, void *), void *arg, struct tq_err *e)
{
	struct tq_info info;
	size_t i;
	int rv = 0;

	memset(&info, 0, sizeof(info));
	for (i = 0; i < sel->nids && rv == 0; i++) {
		rv = tq_redis_stat(r, sel->ids[i], 0, &info, e);
		if (rv == 0)
			rv = tq_fail(e, ENOENT, "%s: no such task",
			    sel->ids[i]);
		else if (rv == 1)
			rv = is_selected(sel, &info) ? each(&info, arg) : 0;
	}
	tq_arena_free(info.mem);
	return rv;
}

/* The members of a group that was saved, in their order. */
static int
list_group(struct tq_redis *r, const struct tq_select *sel,
    int (*each)(const struct tq_info *, void *), void *arg, struct tq_err *e)
{
	struct tq_select members = *sel;
	const char *const *ids;
	struct tq_arena mem;
	int rv;

	tq_arena_init(&mem);
	if ((rv = tq_redis_group(r, &ids, &members.nids, &mem, sel->group,
	    e)) == 1) {
		members.ids = ids;
		members.group = NULL;
		rv = list_ids(r, &members, each, arg, e);
	}
	tq_arena_fini(&mem);
	return rv;
}

int
tq_redis_list_unready(struct tq_redis *r, const struct tq_select *sel,
    int (*each)(const struct tq_info *, void *), void *arg, struct tq_err *e)
{
	struct tq_redis_going g = {
		.r = r, .needle = "", .sel = sel, .each = pass_on,
		.user = each, .arg = arg, .unready = 1
	};

	return list_all(&g, e);
}

int
tq_redis_list(void *b, const struct tq_select *sel,
    int (*each)(const struct tq_info *, void *), void *arg, struct tq_err *e)
{
	struct tq_redis_whys whys;
	struct tq_redis_going g = {
		.r = b, .needle = "", .sel = sel, .each = pass_on,
		.user = each, .arg = arg, .whys = &whys
	};
	int rv;

	if (sel->group != NULL)
		return list_group(b, sel, each, arg, e);
	if (sel->nids > 0)
		return list_ids(b, sel, each, arg, e);
	tq_redis_whys_init(&whys);
	rv = list_all(&g, e);
	tq_redis_whys_fini(&whys);
	return rv;
}
