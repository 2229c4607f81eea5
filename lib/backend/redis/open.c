/*
 * Groups that are put open: their members come in later puts, then they are
 * sealed (TQ_DO_SEAL).
 *
 * Celery knows the size of a group when it is sent, so nothing is sent before
 * it is known: tasks are kept in the handle from the first open group on until
 * the last has been sealed, and are then put as one (batch.c, stage.c).  Who
 * ends before that leaves nothing.  While a group is open every task that is tied to
 * others is one of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/calls.h"
#include "backend/redis/verb.h"

#define TASKS_MAX	100000	/* with which a server is busy for a second */

struct tq_redis_open {
	struct tq_arena	 mem;		/* what the tasks point to */
	struct tq_task	*v;		/* n of cap */
	struct tq_id	*ids;		/* theirs, made or chosen */
	size_t		 n, cap;
	size_t		 work;		/* of n: records of the caller's */
	size_t		 unsealed;	/* groups */
};

void
tq_redis_open_drop(struct tq_redis *r)
{
	struct tq_redis_open *o = r->open;

	if (o == NULL)
		return;
	tq_arena_fini(&o->mem);
	free(o->v);
	free(o->ids);
	free(o);
	r->open = NULL;
}

/* ---- copies --------------------------------------------------------------- */

static int
copy_text(const char **s, struct tq_arena *mem)
{
	return *s == NULL ||
	    (*s = tq_arena_copy(mem, *s, strlen(*s))) != NULL ? 0 : -1;
}

/* A vector of n strings, with a NULL behind it. */
static int
copy_vector(const char *const **v, size_t n, struct tq_arena *mem)
{
	const char **out;
	size_t i;

	if (*v == NULL)
		return 0;
	if ((out = tq_arena_alloc(mem, (n + 1) * sizeof(*out))) == NULL)
		return -1;
	for (i = 0; i < n; i++) {
		out[i] = (*v)[i];
		if (copy_text(&out[i], mem) == -1)
			return -1;
	}
	out[n] = NULL;
	*v = out;
	return 0;
}

static size_t
length(const char *const *v)
{
	size_t n = 0;

	while (v != NULL && v[n] != NULL)
		n++;
	return n;
}

/* 1 if two environments are the same, as those of one tqput are. */
static int
same(const char *const *a, const char *const *b)
{
	size_t i, n = length(a);

	if (a == NULL || b == NULL || length(b) != n)
		return 0;
	for (i = 0; i < n; i++)
		if (strcmp(a[i], b[i]) != 0)
			return 0;
	return 1;
}

/* last: the copy before this one, or NULL. */
static int
copy_task(struct tq_task *out, struct tq_arena *mem, const struct tq_task *t,
    const struct tq_task *last)
{
	const char **text[] = {
		&out->id, &out->queue, &out->label, &out->parent, &out->root,
		&out->name, &out->dir, &out->key, &out->lane, &out->pipe,
		&out->group, &out->limits
	};
	size_t i;

	*out = *t;
	for (i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		if (copy_text(text[i], mem) == -1)
			return -1;
	if (t->body.n > 0 &&
	    (out->body.p = tq_arena_copy(mem, t->body.p, t->body.n)) == NULL)
		return -1;
	if (last != NULL && same(t->env, last->env))
		out->env = last->env;
	else if (copy_vector(&out->env, length(t->env), mem) == -1)
		return -1;
	return copy_vector(&out->argv, (size_t)t->argc, mem) == -1 ||
	    copy_vector(&out->kwargs, (size_t)t->kwc, mem) == -1 ||
	    copy_vector(&out->after, t->nafter, mem) == -1 ||
	    copy_vector(&out->needs, t->nneeds, mem) == -1 ? -1 : 0;
}

/* ---- taking ---------------------------------------------------------------- */

/* How many of these are neither a group itself nor the body of its chord. */
static size_t
count_work(const struct tq_task *t, size_t n)
{
	size_t i, work = 0;

	for (i = 0; i < n; i++)
		work += t[i].kind != TQ_KIND_GROUP &&
		    (t[i].flags & TQ_TASK_CHORD) == 0;
	return work;
}

static int
reserve(struct tq_redis_open *o, size_t n, size_t work, struct tq_err *e)
{
	size_t cap = o->cap * 2 < o->n + n ? o->n + n : o->cap * 2;
	struct tq_task *v;
	struct tq_id *ids;

	if (o->work + work > TASKS_MAX)
		return tq_fail(e, EMSGSIZE, "over %d tasks that are put as "
		    "one", TASKS_MAX);
	if (o->n + n <= o->cap)
		return 0;
	if ((v = reallocarray(o->v, cap, sizeof(*v))) != NULL)
		o->v = v;
	if ((ids = reallocarray(o->ids, cap, sizeof(*ids))) != NULL)
		o->ids = ids;
	if (v == NULL || ids == NULL)
		return tq_fail_sys(e, ENOMEM, "%zu tasks", o->n + n);
	o->cap = cap;
	return 0;
}

/* 1 if these are for the open groups, or begin one. */
static int
belongs(const struct tq_redis *r, const struct tq_task *t, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (t[i].flags & TQ_TASK_OPEN || (r->open != NULL &&
		    (t[i].group != NULL || t[i].pipe != NULL ||
		    t[i].nafter > 0)))
			return 1;
	return 0;
}

int
tq_redis_open_take(struct tq_redis *r, const struct tq_task *t, size_t n,
    struct tq_id *out, struct tq_err *e)
{
	struct tq_redis_open *o;
	size_t i, first, work = count_work(t, n);

	if (!belongs(r, t, n))
		return 0;
	if (r->open == NULL && (r->open = calloc(1, sizeof(*o))) == NULL)
		return tq_fail_sys(e, ENOMEM, "group");
	o = r->open;
	if (reserve(o, n, work, e) == -1 ||
	    tq_redis_read_bodies(&t, &o->mem, t, n, e) == -1)
		return -1;
	first = o->n;
	for (i = 0; i < n; i++) {
		if (copy_task(&o->v[first + i], &o->mem, &t[i],
		    first + i > 0 ? &o->v[first + i - 1] : NULL) == -1)
			return tq_fail_sys(e, ENOMEM, "%zu tasks", o->n);
		o->ids[first + i] = out[i];
	}
	for (i = 0; i < n; i++)
		o->unsealed += (t[i].flags & TQ_TASK_OPEN) != 0;
	o->n += n;
	o->work += work;
	return 1;
}

/* ---- sealing --------------------------------------------------------------- */

static int
has_members(const struct tq_redis_open *o, size_t group)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		if (o->v[i].group != NULL &&
		    strcmp(o->v[i].group, o->ids[group].s) == 0)
			return 1;
	return 0;
}

/* Nobody need wait for it, and it need not be put. */
static void
forget(struct tq_redis_open *o, size_t group)
{
	const char *id = o->ids[group].s, **after;
	size_t i, k, n;

	for (i = 0; i < o->n; i++) {
		/* ours, out of copy_vector() */
		after = (const char **)(uintptr_t)o->v[i].after;
		for (k = n = 0; k < o->v[i].nafter; k++)
			if (strcmp(after[k], id) != 0)
				after[n++] = after[k];
		o->v[i].nafter = n;
	}
	memmove(&o->v[group], &o->v[group + 1],
	    (o->n - group - 1) * sizeof(*o->v));
	memmove(&o->ids[group], &o->ids[group + 1],
	    (o->n - group - 1) * sizeof(*o->ids));
	o->n--;
}

/* The group of that id is whole: 1; 0 there is no such open one. */
static int
seal(struct tq_redis_open *o, const char *id)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		if (o->v[i].flags & TQ_TASK_OPEN &&
		    strcmp(o->ids[i].s, id) == 0)
			break;
	if (i == o->n)
		return 0;
	o->v[i].flags &= ~(unsigned)TQ_TASK_OPEN;
	o->unsealed--;
	/* one that others waited for, so that they wait for all (a gate) */
	if (!has_members(o, i))
		forget(o, i);
	return 1;
}

int
tq_redis_open_seal(struct tq_redis *r, const struct tq_select *sel,
    uint64_t *n, struct tq_err *e)
{
	struct tq_redis_open *o = r->open;
	size_t i;
	int rv;

	for (i = 0; i < sel->nids && o != NULL; i++)
		*n += (uint64_t)seal(o, sel->ids[i]);
	if (o == NULL || *n == 0)
		return tq_fail(e, ENOENT, "%s: no group that is open",
		    sel->nids > 0 ? sel->ids[0] : "");
	if (o->unsealed > 0)
		return 0;
	rv = tq_redis_put_named(r, NULL, o->v, o->n, o->ids, e);
	tq_redis_open_drop(r);
	return rv;
}
