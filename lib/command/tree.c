/* A task and what it waits for; see tree.h. */
#include "command/tree.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Ids that have been shown: an open hash, at most half full. */
struct set {
	char		**v;
	size_t		 n, cap;
};

struct node {
	char		*id;
	unsigned	 depth;
};

struct walk {
	struct tq	*tq;
	struct set	 seen;
	struct node	*stack;
	size_t		 n, cap;
	unsigned	 depth;		/* of what is being added */
	struct tq_err	*e;
};

/* ---- what has been seen ------------------------------------------------ */

static size_t
place_of(const struct set *s, const char *id)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	const char *p;
	size_t i;

	for (p = id; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	for (i = (size_t)h & (s->cap - 1); s->v[i] != NULL &&
	    strcmp(s->v[i], id) != 0; i = (i + 1) & (s->cap - 1))
		continue;
	return i;
}

static int
set_grow(struct set *s)
{
	struct set big = { .n = s->n, .cap = s->cap == 0 ? 64 : s->cap * 2 };
	size_t i;

	if ((big.v = calloc(big.cap, sizeof(*big.v))) == NULL)
		return -1;
	for (i = 0; i < s->cap; i++)
		if (s->v[i] != NULL)
			big.v[place_of(&big, s->v[i])] = s->v[i];
	free(s->v);
	*s = big;
	return 0;
}

/* 1 if it was not there before, 0 it was, -1. */
static int
set_add(struct set *s, const char *id)
{
	size_t i;

	if (s->n * 2 >= s->cap && set_grow(s) == -1)
		return -1;
	i = place_of(s, id);
	if (s->v[i] != NULL)
		return 0;
	if ((s->v[i] = strdup(id)) == NULL)
		return -1;
	s->n++;
	return 1;
}

static void
set_fini(struct set *s)
{
	size_t i;

	for (i = 0; i < s->cap; i++)
		free(s->v[i]);
	free(s->v);
}

/* ---- what is to be shown ------------------------------------------------ */

static int
push(struct walk *w, const char *id, unsigned depth)
{
	size_t cap = w->cap == 0 ? 64 : w->cap * 2;
	struct node *v;

	if (w->n == w->cap) {
		if ((v = reallocarray(w->stack, cap, sizeof(*v))) == NULL)
			return tq_fail_sys(w->e, ENOMEM, "%s", id);
		w->stack = v;
		w->cap = cap;
	}
	if ((w->stack[w->n].id = strdup(id)) == NULL)
		return tq_fail_sys(w->e, ENOMEM, "%s", id);
	w->stack[w->n++].depth = depth;
	return 0;
}

static int
add_member(const struct tq_info *i, void *arg)
{
	struct walk *w = arg;

	return push(w, i->id.s, w->depth);
}

/* What was pushed last comes first: turn the order of what came since. */
static void
turn(struct walk *w, size_t from)
{
	size_t to = w->n;
	struct node node;

	for (; from + 1 < to; from++) {
		node = w->stack[from];
		w->stack[from] = w->stack[--to];
		w->stack[to] = node;
	}
}

/* A dependency, if it has not ended. */
static int
add_unended(struct walk *w, const char *id, struct tq_info *info)
{
	int rv = tq_stat(w->tq, id, 0, info, w->e);

	if (rv != 1 || TQ_STATE_ENDED(info->state))
		return rv == -1 ? -1 : 0;
	return push(w, id, w->depth);
}

static int
add_below(struct walk *w, const struct tq_info *i, unsigned depth)
{
	struct tq_select sel = { .group = i->id.s };
	size_t from = w->n, k;
	struct tq_info info;
	int rv = 0;

	w->depth = depth + 1;
	if (i->task.kind == TQ_KIND_GROUP)
		rv = tq_list(w->tq, &sel, add_member, w, w->e);
	else if (!TQ_STATE_ENDED(i->state)) {
		tq_info_init(&info);
		for (k = 0; rv == 0 && k < i->task.nafter; k++)
			rv = add_unended(w, i->task.after[k], &info);
		if (rv == 0 && i->task.pipe != NULL)
			rv = add_unended(w, i->task.pipe, &info);
		tq_info_fini(&info);
	}
	turn(w, from);
	return rv;
}

static int
visit(struct walk *w, const struct node *node,
    int (*each)(const struct tq_info *, unsigned, void *), void *arg)
{
	struct tq_info info;
	int rv;

	if ((rv = set_add(&w->seen, node->id)) != 1)
		return rv == -1 ? tq_fail_sys(w->e, ENOMEM, "%s", node->id) :
		    0;
	tq_info_init(&info);
	rv = tq_stat(w->tq, node->id, 0, &info, w->e);
	/* what was below another may have been forgotten meanwhile */
	if (rv == 0 && node->depth == 0)
		rv = tq_fail(w->e, ENOENT, "%s: no such task", node->id);
	if (rv == 1) {
		rv = each(&info, node->depth, arg);
		if (rv == 0)
			rv = add_below(w, &info, node->depth);
	}
	tq_info_fini(&info);
	return rv;
}

int
tq_tree_walk(struct tq *tq, const struct tq_ids *ids,
    int (*each)(const struct tq_info *, unsigned, void *), void *arg,
    struct tq_err *e)
{
	struct walk w = { .tq = tq, .e = e };
	struct node node;
	size_t i;
	int rv = 0;

	for (i = ids->n; rv == 0 && i-- > 0;)
		rv = push(&w, ids->v[i], 0);
	while (rv == 0 && w.n > 0) {
		node = w.stack[--w.n];
		rv = visit(&w, &node, each, arg);
		free(node.id);
	}
	while (w.n > 0)
		free(w.stack[--w.n].id);
	free(w.stack);
	set_fini(&w.seen);
	return rv;
}
