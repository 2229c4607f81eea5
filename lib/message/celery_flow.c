/* Series and parallels out of tasks that wait for each other. */
#include "message/celery_flow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE	SIZE_MAX

struct edge {
	size_t		 from, to;	/* points */
	struct tq_sp	*sp;
};

struct work {
	struct tq_sp_task *t;
	size_t		 n;
	struct tq_arena	*mem;
	struct tq_err	*e;
	size_t		*level;		/* longest way from a beginning */
	size_t		*seen, *stack;
	/* points: 0 the beginning, 1 the end */
	size_t		*in, *out;	/* of a task */
	size_t		*width;		/* of a point: tasks that end there, */
	size_t		*user;		/* and the first that begins there */
	size_t		 npoints;
	struct edge	*edge;
	size_t		 nedges;
};

static size_t *
numbers(struct work *w, size_t n, size_t value)
{
	size_t i, *v = tq_arena_alloc(w->mem, (n + 1) * sizeof(*v));

	for (i = 0; v != NULL && i <= n; i++)
		v[i] = value;
	return v;
}

/* ---- what waits for what ----------------------------------------------- */

/*
 * Levels, from those that wait for none; of a circle they cannot be told.  On
 * the way, with one count of who waits for whom, all of it in O(edges).
 */
static int
find_levels(struct work *w)
{
	size_t *first = numbers(w, w->n, 0), *left = numbers(w, w->n, 0);
	size_t *waiting, i, k, v, edges = 0, top = 0, done = 0;

	for (i = 0; i < w->n; i++)
		edges += w->t[i].nafter;
	waiting = numbers(w, edges, 0);
	if (first == NULL || left == NULL || waiting == NULL)
		return tq_fail(w->e, ENOMEM, "out of memory");
	for (i = 0; i < w->n; i++)
		for (k = 0; k < w->t[i].nafter; k++)
			first[w->t[i].after[k] + 1]++;
	for (i = 0; i < w->n; i++)
		first[i + 1] += first[i];
	for (i = w->n; i-- > 0;) {
		left[i] = w->t[i].nafter;
		if (left[i] == 0)
			w->stack[top++] = i;
		for (k = 0; k < w->t[i].nafter; k++)
			waiting[first[w->t[i].after[k]] +
			    w->seen[w->t[i].after[k]]++] = i;
	}
	while (top > 0) {
		v = w->stack[--top];
		done++;
		for (k = first[v]; k < first[v + 1]; k++) {
			i = waiting[k];
			if (w->level[i] <= w->level[v])
				w->level[i] = w->level[v] + 1;
			if (--left[i] == 0)
				w->stack[top++] = i;
		}
	}
	for (i = 0; i < w->n; i++)
		w->seen[i] = NONE;
	for (i = 0; i < w->n && done < w->n; i++)
		if (left[i] > 0)
			return tq_fail(w->e, ENOTSUP, "'%s' waits for itself",
			    w->t[i].name);
	return 0;
}

/* Note whatever v waits for, down to a level, as seen for `who`. */
static void
note_awaited(struct work *w, size_t v, size_t who, size_t least)
{
	size_t k, a, top = 0;

	w->stack[top++] = v;
	while (top > 0) {
		v = w->stack[--top];
		for (k = 0; k < w->t[v].nafter; k++) {
			a = w->t[v].after[k];
			if (w->seen[a] == who || w->level[a] < least)
				continue;
			w->seen[a] = who;
			w->stack[top++] = a;
		}
	}
}

static int
compare(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

/* Take out of v what it waits for twice, and what others of it wait for. */
static void
reduce(struct work *w, size_t v)
{
	struct tq_sp_task *t = &w->t[v];
	size_t i, n, least = NONE;

	if (t->nafter < 2)
		return;
	qsort(t->after, t->nafter, sizeof(*t->after), compare);
	for (i = n = 1; i < t->nafter; i++)
		if (t->after[i] != t->after[n - 1])
			t->after[n++] = t->after[i];
	t->nafter = n;
	for (i = 0; i < t->nafter; i++)
		if (w->level[t->after[i]] < least)
			least = w->level[t->after[i]];
	for (i = 0; i < t->nafter; i++)
		note_awaited(w, t->after[i], v, least);
	for (i = n = 0; i < t->nafter; i++)
		if (w->seen[t->after[i]] != v)
			t->after[n++] = t->after[i];
	t->nafter = n;
}

/* ---- points --------------------------------------------------------------- */

/* The point where v begins: its own if it is the first, or that of others. */
static int
find_point(struct work *w, size_t v)
{
	const struct tq_sp_task *t = &w->t[v];
	size_t k, point;

	if (t->nafter == 0) {
		w->in[v] = 0;
		return 0;
	}
	if ((point = w->out[t->after[0]]) == NONE) {
		point = w->npoints++;
		w->width[point] = t->nafter;
		w->user[point] = v;
		for (k = 0; k < t->nafter && w->out[t->after[k]] == NONE; k++)
			w->out[t->after[k]] = point;
	} else {
		for (k = 0; k < t->nafter && w->out[t->after[k]] == point; k++)
			continue;
	}
	w->in[v] = point;
	if (k == t->nafter && w->width[point] == t->nafter)
		return 0;
	/* name a task that begins at one point and not at the other */
	if (k < t->nafter && w->out[t->after[k]] != NONE)
		point = w->out[t->after[k]];
	else
		k = 0;
	return tq_fail(w->e, ENOTSUP, "'%s' and '%s' both wait for '%s', and "
	    "one of them for more", w->t[w->user[point]].name, t->name,
	    w->t[t->after[k]].name);
}

static int
find_points(struct work *w)
{
	struct tq_sp *sp;
	size_t v;

	w->npoints = 2;
	for (v = 0; v < w->n; v++)
		if (find_point(w, v) == -1)
			return -1;
	w->edge = tq_arena_alloc(w->mem, w->n * sizeof(*w->edge));
	sp = tq_arena_alloc(w->mem, w->n * sizeof(*sp));
	if (w->edge == NULL || sp == NULL)
		return tq_fail(w->e, ENOMEM, "out of memory");
	for (v = 0; v < w->n; v++, sp++) {
		memset(sp, 0, sizeof(*sp));
		sp->task = v;
		w->edge[v].from = w->in[v];
		w->edge[v].to = w->out[v] == NONE ? 1 : w->out[v];
		w->edge[v].sp = sp;
	}
	w->nedges = w->n;
	return 0;
}

/* ---- one edge for two ----------------------------------------------------- */

/* a, then or beside it b. */
static struct tq_sp *
join(struct work *w, enum tq_sp_kind kind, struct tq_sp *a, struct tq_sp *b)
{
	struct tq_sp *sp;

	if (a->kind != kind) {
		if ((sp = tq_arena_alloc(w->mem, sizeof(*sp))) == NULL) {
			tq_fail(w->e, ENOMEM, "out of memory");
			return NULL;
		}
		memset(sp, 0, sizeof(*sp));
		sp->kind = kind;
		sp->first = sp->last = a;
		a = sp;
	}
	if (b->kind == kind) {
		a->last->next = b->first;
		a->last = b->last;
	} else {
		a->last->next = b;
		a->last = b;
	}
	return a;
}

/* The first task of it, for an order that people expect. */
static size_t
place(const struct tq_sp *sp)
{
	while (sp->kind != TQ_SP_TASK)
		sp = sp->first;
	return sp->task;
}

static int
compare_edges(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;
	size_t p, q;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	p = place(x->sp);
	q = place(y->sp);
	return (p > q) - (p < q);
}

static int
join_parallels(struct work *w)
{
	struct edge *to = w->edge, *x;

	qsort(w->edge, w->nedges, sizeof(*w->edge), compare_edges);
	for (x = w->edge + 1; x < w->edge + w->nedges; x++) {
		if (x->from != to->from || x->to != to->to) {
			*++to = *x;
			continue;
		}
		if ((to->sp = join(w, TQ_SP_PARALLEL, to->sp, x->sp)) == NULL)
			return -1;
	}
	w->nedges = (size_t)(to + 1 - w->edge);
	return 0;
}

/* Points with one edge that ends there and one that begins. */
static int
join_series(struct work *w)
{
	size_t *in = w->width, *out = w->user;	/* the edge, n: several */
	struct edge *a, *b;
	size_t i, n = w->nedges, to;

	for (i = 0; i < w->npoints; i++)
		in[i] = out[i] = NONE;
	for (i = 0; i < n; i++) {
		in[w->edge[i].to] = in[w->edge[i].to] == NONE ? i : n;
		out[w->edge[i].from] = out[w->edge[i].from] == NONE ? i : n;
	}
	for (i = 2; i < w->npoints; i++) {
		if (in[i] >= n || out[i] >= n)
			continue;
		a = &w->edge[in[i]];
		b = &w->edge[out[i]];
		if ((a->sp = join(w, TQ_SP_SERIES, a->sp, b->sp)) == NULL)
			return -1;
		a->to = b->to;
		if (in[b->to] == out[i])
			in[b->to] = in[i];
		b->sp = NULL;
	}
	for (i = to = 0; i < n; i++)
		if (w->edge[i].sp != NULL)
			w->edge[to++] = w->edge[i];
	w->nedges = to;
	return 0;
}

/* Each round takes one off the depth of the shape. */
static struct tq_sp *
join_all(struct work *w)
{
	size_t before;

	do {
		before = w->nedges;
		if (join_parallels(w) == -1 || join_series(w) == -1)
			return NULL;
	} while (w->nedges > 1 && w->nedges < before);
	if (w->nedges == 1)
		return w->edge[0].sp;
	tq_fail(w->e, ENOTSUP, "ways through '%s' and '%s' cross",
	    w->t[place(w->edge[0].sp)].name, w->t[place(w->edge[1].sp)].name);
	return NULL;
}

struct tq_sp *
tq_sp_make(struct tq_sp_task *t, size_t n, struct tq_arena *mem,
    struct tq_err *e)
{
	struct work w = { .t = t, .n = n, .mem = mem, .e = e };
	size_t v;

	w.level = numbers(&w, n, 0);
	w.seen = numbers(&w, n, 0);
	w.stack = numbers(&w, n, 0);
	w.in = numbers(&w, n, NONE);
	w.out = numbers(&w, n, NONE);
	w.width = numbers(&w, n + 2, 0);
	w.user = numbers(&w, n + 2, 0);
	if (w.level == NULL || w.seen == NULL || w.stack == NULL ||
	    w.in == NULL || w.out == NULL || w.width == NULL ||
	    w.user == NULL) {
		tq_fail(e, ENOMEM, "out of memory");
		return NULL;
	}
	if (find_levels(&w) == -1)
		return NULL;
	for (v = 0; v < n; v++)
		reduce(&w, v);
	return find_points(&w) == -1 ? NULL : join_all(&w);
}
