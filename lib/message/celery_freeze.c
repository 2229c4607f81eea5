/*
 * Freezing of signatures: every task gets an id, and the group and chord it
 * counts for (Celery 5.2.6, canvas.py: freeze, prepare_steps).
 */
#include "message/celery_tree.h"

#include <errno.h>
#include <string.h>

#include "message/celery_field.h"

/* Result tuples in each other that Python still reads. */
#define PARENTS_MAX	100

void
tq_bond_init(struct tq_bond *b)
{
	memset(b, 0, sizeof(*b));
	b->index = TQ_CELERY_NONE;
}

/* ---- shapes as they run ---------------------------------------------- */

static struct tq_tree *
chord_of(struct tq_planner *p, struct tq_tree *group, struct tq_tree *body)
{
	struct tq_tree *t;

	if ((t = tq_tree_new(p, TQ_TREE_CHORD, 1)) == NULL)
		return NULL;
	t->kid[0] = group;
	t->body = body;
	return t;
}

/* A group of one in a chain is that one. */
static struct tq_tree *
unroll(struct tq_tree *t)
{
	while (t->shape == TQ_TREE_GROUP && t->nkids == 1)
		t = t->kid[0];
	return t;
}

/* How many steps a chain has when chains in it are laid open. */
static size_t
count_steps(const struct tq_tree *chain)
{
	const struct tq_tree *t;
	size_t k, n = 0;

	for (k = 0; k < chain->nkids; k++) {
		t = unroll(chain->kid[k]);
		n += t->shape == TQ_TREE_CHAIN ? count_steps(t) : 1;
	}
	return n;
}

static struct tq_tree **
lay_open(struct tq_tree **to, const struct tq_tree *chain)
{
	struct tq_tree *t;
	size_t k;

	for (k = 0; k < chain->nkids; k++) {
		t = unroll(chain->kid[k]);
		if (t->shape == TQ_TREE_CHAIN)
			to = lay_open(to, t);
		else
			*to++ = t;
	}
	return to;
}

/*
 * Steps of a chain as they run: no chain among them, and a group only at the
 * end, since a group that something follows is the header of a chord whose
 * body follows.
 */
int
tq_tree_open_chain(struct tq_planner *p, struct tq_tree *t)
{
	struct tq_tree **step;
	size_t k, n, to;

	n = count_steps(t);
	if ((step = tq_plan_alloc(p, (n + 1) * sizeof(*step))) == NULL)
		return -1;
	lay_open(step, t);
	/* from the end, so that a body is whole before its header is met */
	for (k = to = n; k-- > 0;) {
		if (step[k]->shape == TQ_TREE_GROUP && to < n) {
			if ((step[to] = chord_of(p, step[k], step[to])) ==
			    NULL)
				return -1;
		} else {
			step[--to] = step[k];
		}
	}
	t->kid = step + to;
	t->nkids = n - to;
	return 0;
}

static size_t
count_members(const struct tq_tree *t)
{
	size_t k, n = 0;

	if (t->shape != TQ_TREE_GROUP)
		return 1;
	for (k = 0; k < t->nkids; k++)
		n += count_members(t->kid[k]);
	return n;
}

/*
 * Lay open the groups in a group; reverse: each of them from its end.  In the
 * header of a chord every Celery numbers members so.
 */
static struct tq_tree **
members_of(struct tq_tree **to, const struct tq_tree *t, int back, int reverse)
{
	struct tq_tree *kid;
	size_t k;

	for (k = 0; k < t->nkids; k++) {
		kid = t->kid[back ? t->nkids - 1 - k : k];
		if (kid->shape == TQ_TREE_GROUP)
			to = members_of(to, kid, reverse, reverse);
		else
			*to++ = kid;
	}
	return to;
}

int
tq_tree_open_group(struct tq_planner *p, struct tq_tree *t, int reverse)
{
	size_t n = count_members(t);
	struct tq_tree **member;

	if ((member = tq_plan_alloc(p, (n + 1) * sizeof(*member))) == NULL)
		return -1;
	members_of(member, t, 0, reverse);
	t->kid = member;
	t->nkids = n;
	return 0;
}

/* ---- freezing -------------------------------------------------------- */

static int
freeze_task(struct tq_planner *p, struct tq_celery_sig *sig,
    const struct tq_bond *b)
{
	if (sig->task_id == NULL)
		sig->task_id = b->id != NULL ? b->id : tq_plan_id(p);
	if (sig->task_id == NULL)
		return -1;
	if (b->root_id != NULL)
		sig->root_id = b->root_id;
	if (b->parent_id != NULL)
		sig->parent_id = b->parent_id;
	if (sig->group_id == NULL)
		sig->group_id = b->group_id;
	if (b->chord.p != NULL)
		sig->chord = b->chord;
	if (b->index != TQ_CELERY_NONE)
		sig->group_index = b->index;
	return 0;
}

/* The last step counts for the chain. */
static int
freeze_chain(struct tq_planner *p, struct tq_tree *t, const struct tq_bond *b)
{
	struct tq_bond inner;
	size_t k;

	if (tq_tree_open_chain(p, t) == -1)
		return -1;
	tq_bond_init(&inner);
	inner.root_id = b->root_id;
	for (k = 0; k < t->nkids; k++) {
		if (k + 1 == t->nkids) {
			inner = *b;
			inner.parent_id = NULL;
		}
		if (tq_tree_freeze(p, t->kid[k], &inner) == -1)
			return -1;
	}
	return 0;
}

static int
freeze_group(struct tq_planner *p, struct tq_tree *t, const struct tq_bond *b)
{
	struct tq_celery_sig *sig = &t->sig;
	struct tq_bond inner = *b;
	size_t k;

	if (sig->task_id == NULL)
		sig->task_id = b->group_id != NULL ? b->group_id :
		    tq_plan_id(p);
	if (sig->task_id == NULL)
		return -1;
	if (b->group_id != NULL)
		sig->group_id = b->group_id;
	if (b->chord.p != NULL)
		sig->chord = b->chord;
	if (b->index != TQ_CELERY_NONE)
		sig->group_index = b->index;
	if (sig->root_id == NULL)
		sig->root_id = b->root_id;
	if (sig->parent_id == NULL)
		sig->parent_id = b->parent_id;
	if (tq_tree_open_group(p, t, 1) == -1)
		return -1;
	inner.id = NULL;
	inner.root_id = sig->root_id;
	inner.parent_id = sig->parent_id;
	for (k = 0; k < t->nkids; k++) {
		inner.index = (int64_t)k;
		if (tq_tree_freeze(p, t->kid[k], &inner) == -1)
			return -1;
	}
	return 0;
}

/* The body counts for the chord; the header's members carry the body. */
static int
freeze_chord(struct tq_planner *p, struct tq_tree *t, const struct tq_bond *b)
{
	struct tq_bond inner = *b;

	inner.parent_id = NULL;
	if (tq_tree_freeze(p, t->body, &inner) == -1)
		return -1;
	tq_bond_init(&inner);
	inner.root_id = b->root_id;
	inner.parent_id = b->parent_id;
	inner.chord = tq_tree_text(p, t->body);
	if (inner.chord.p == NULL ||
	    tq_tree_freeze(p, t->kid[0], &inner) == -1)
		return -1;
	t->sig.task_id = t->kid[0]->sig.task_id;
	return 0;
}

int
tq_tree_freeze(struct tq_planner *p, struct tq_tree *t,
    const struct tq_bond *b)
{
	switch (t->shape) {
	case TQ_TREE_TASK:
		return freeze_task(p, &t->sig, b);
	case TQ_TREE_CHAIN:
		return freeze_chain(p, t, b);
	case TQ_TREE_GROUP:
		return freeze_group(p, t, b);
	case TQ_TREE_CHORD:
		return freeze_chord(p, t, b);
	}
	return tq_fail(p->e, EINVAL, "no shape");
}

/* ---- what to wait for ------------------------------------------------ */

int
tq_tree_is_group(const struct tq_tree *t)
{
	while (t->shape == TQ_TREE_CHAIN && t->nkids > 0)
		t = t->kid[t->nkids - 1];
	if (t->shape == TQ_TREE_CHORD)
		return tq_tree_is_group(t->body);
	return t->shape == TQ_TREE_GROUP;
}

size_t
tq_tree_weight(const struct tq_tree *t)
{
	size_t k, n = 0;

	switch (t->shape) {
	case TQ_TREE_TASK:
		return 1;
	case TQ_TREE_GROUP:
		for (k = 0; k < t->nkids; k++)
			n += tq_tree_weight(t->kid[k]);
		return n;
	case TQ_TREE_CHORD:
		return tq_tree_weight(t->body);
	case TQ_TREE_CHAIN:
		/* the last step that is not empty */
		for (k = t->nkids; k-- > 0 && n == 0;)
			n = tq_tree_weight(t->kid[k]);
		return n;
	}
	return 0;
}

/*
 * A tuple is what stands before its parent, the parent, and the rest: a chain
 * is written from its last step to its first, then back.
 */
static void	open_tuple(struct tq_planner *, struct tq_buf *,
		    const struct tq_tree *);
static void	close_tuple(struct tq_planner *, struct tq_buf *,
		    const struct tq_tree *);

static size_t
first_told(const struct tq_tree *t)
{
	return t->nkids > PARENTS_MAX ? t->nkids - PARENTS_MAX : 0;
}

static void
open_tuple(struct tq_planner *p, struct tq_buf *b, const struct tq_tree *t)
{
	size_t k;

	if (t->shape == TQ_TREE_CHAIN) {
		for (k = t->nkids; k-- > first_told(t);)
			open_tuple(p, b, t->kid[k]);
	} else if (t->shape == TQ_TREE_CHORD) {
		open_tuple(p, b, t->body);
		open_tuple(p, b, t->kid[0]);
	} else {
		tq_buf_str(b, "[[");
		tq_scan_quote(b, t->sig.task_id, strlen(t->sig.task_id));
		tq_buf_str(b, ", ");
	}
}

static void
close_tuple(struct tq_planner *p, struct tq_buf *b, const struct tq_tree *t)
{
	size_t k;

	switch (t->shape) {
	case TQ_TREE_CHAIN:
		for (k = first_told(t); k < t->nkids; k++)
			close_tuple(p, b, t->kid[k]);
		break;
	case TQ_TREE_CHORD:
		close_tuple(p, b, t->kid[0]);
		close_tuple(p, b, t->body);
		break;
	case TQ_TREE_GROUP:
		tq_buf_str(b, "], [");
		for (k = 0; k < t->nkids; k++) {
			tq_celery_comma(b);
			open_tuple(p, b, t->kid[k]);
			tq_buf_str(b, "null");
			close_tuple(p, b, t->kid[k]);
		}
		tq_buf_str(b, "]]");
		break;
	case TQ_TREE_TASK:
		tq_buf_str(b, "], null]");
		break;
	}
}

struct tq_bytes
tq_tree_tuple(struct tq_planner *p, const struct tq_tree *t,
    struct tq_bytes parent)
{
	struct tq_buf b;

	tq_buf_init(&b);
	open_tuple(p, &b, t);
	if (parent.p != NULL)
		tq_buf_put(&b, parent.p, parent.n);
	else
		tq_buf_str(&b, "null");
	close_tuple(p, &b, t);
	return tq_plan_keep(p, &b);
}
