/*
 * The end of an attempt that named another task to run in its place (Celery
 * 5.2.6, app/task.py: replace).  Nothing is stored: the other takes over the
 * id and whoever waits for it, callbacks and errbacks, the place in a group
 * and a chord, and the rest of the chain.  With nothing in its place (null,
 * Celery's Ignore) it ends without a word.
 *
 * What has the id in the end carries how often it was replaced, and new ids are
 * derived from that number too: those that the end of the task will derive one
 * day are others.
 */
#include <errno.h>
#include <stdio.h>

#include "message/celery_settle.h"

/*
 * One value is waited for: a group at the end is the header of a chord whose
 * body hands on their results.  As deep as the tree.
 */
static int
gather(struct tq_planner *p, struct tq_tree **tree)
{
	static const char index[] = "{\"index\": 0}";
	struct tq_tree *t = *tree, *chord;

	switch (t->shape) {
	case TQ_TREE_TASK:
		return 0;
	case TQ_TREE_CHORD:
		return gather(p, &t->body);
	case TQ_TREE_CHAIN:
		if (tq_tree_open_chain(p, t) == -1)
			return -1;
		if (t->nkids == 0)
			return tq_fail(p->e, EBADMSG,
			    "cannot replace with an empty chain");
		return gather(p, &t->kid[t->nkids - 1]);
	case TQ_TREE_GROUP:
		break;
	}
	if ((chord = tq_tree_new(p, TQ_TREE_CHORD, 1)) == NULL ||
	    (chord->body = tq_tree_new(p, TQ_TREE_TASK, 0)) == NULL)
		return -1;
	chord->kid[0] = t;
	chord->body->sig.task = "celery.accumulate";
	chord->body->sig.kwargs = (struct tq_bytes){
		index, sizeof(index) - 1
	};
	*tree = chord;
	return 0;
}

/* The task whose end is that of the tree; gathered, it is one. */
static struct tq_tree *
last_of(struct tq_tree *t)
{
	while (t->shape != TQ_TREE_TASK)
		t = t->shape == TQ_TREE_CHORD ? t->body : t->kid[t->nkids - 1];
	return t;
}

/* The tree and the rest of the task's chain, as one chain. */
static struct tq_tree *
with_rest(const struct tq_settling *t, struct tq_tree *first)
{
	struct tq_tree **rest, *chain;
	size_t k, n;

	if (tq_tree_list(&rest, &n, t->p, t->m->chain) == -1)
		return NULL;
	if (n == 0)
		return first;
	if ((chain = tq_tree_new(t->p, TQ_TREE_CHAIN, n + 1)) == NULL)
		return NULL;
	chain->kid[0] = first;
	for (k = 0; k < n; k++)
		chain->kid[k + 1] = rest[n - 1 - k];
	return chain;
}

static const char *
word_of(struct tq_planner *p, int64_t nesting)
{
	size_t size = sizeof("replaced 18446744073709551615");
	char *word;

	if ((word = tq_plan_alloc(p, size)) != NULL)
		snprintf(word, size, "replaced %lld", (long long)nesting);
	return word;
}

int
tq_settle_replace(const struct tq_settling *t)
{
	const struct tq_celery_task *m = t->m;
	struct tq_planner *p = t->p;
	struct tq_bytes none = { NULL, 0 };
	struct tq_celery_sig o, *sig;
	struct tq_tree *tree;
	int64_t nesting = m->nesting > 0 ? m->nesting + 1 : 1;

	if (tq_scan_type(t->end->outcome->result) == TQ_SCAN_NULL)
		return 0;
	if ((p->word = word_of(p, nesting)) == NULL ||
	    tq_tree_parse(&tree, p, t->end->outcome->result) == -1)
		return -1;
	if (tq_scan_type(tree->sig.chord) == TQ_SCAN_OBJECT)
		return tq_fail(p->e, EBADMSG,
		    "cannot replace with a member of a chord");
	if (gather(p, &tree) == -1 ||
	    tq_tree_link(p, tree, m->callbacks, m->errbacks) == -1)
		return -1;
	sig = &last_of(tree)->sig;
	sig->task_id = m->id;
	sig->nesting = nesting;
	if ((tree = with_rest(t, tree)) == NULL)
		return -1;
	tq_celery_sig_init(&o);
	o.root_id = p->root;
	o.group_id = m->group;
	o.group_index = m->group_index;
	if (tq_scan_type(m->chord) == TQ_SCAN_OBJECT)	/* not null */
		o.chord = m->chord;
	return tq_tree_apply(p, tree, none, &o, 0);
}
