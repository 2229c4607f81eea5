/* What the end of a task of Celery's own does besides. */
#include <errno.h>
#include <string.h>

#include "message/celery_field.h"
#include "message/celery_own.h"
#include "message/celery_settle.h"

#define DONE_MAX	(512 << 10)	/* bytes of TQ_OWN_DONE */

/* One more item is done: 1 the message is sent again, 0 *result is all. */
static int
settle_item(const struct tq_settling *t, struct tq_bytes *result)
{
	struct tq_bytes it = tq_own_argument(t->m, "it", 1), list;
	struct tq_planner *p = t->p;
	struct tq_celery_step *s;
	struct tq_celery_task *m;

	if (tq_scan_count(it) == 0)
		return 0;
	if ((list = tq_plan_list(p, *result)).p == NULL ||
	    (list = tq_tree_concat(p, tq_own_done(t->m), list)).p == NULL)
		return -1;
	if (tq_scan_count(list) >= tq_scan_count(it)) {
		*result = list;
		return 0;
	}
	if (list.n > DONE_MAX)
		return tq_fail(p->e, EMSGSIZE, "results of %s are over %d "
		    "bytes", t->m->task, DONE_MAX);
	if ((m = tq_settle_copy(t)) == NULL || tq_settle_header(p, m,
	    "\"" TQ_OWN_DONE "\"", list) == -1 ||
	    (s = tq_settle_again(t, m)) == NULL)
		return -1;
	s->flags |= TQ_CELERY_FIRST;
	return 1;
}

/* A signature that came as a task of its own. */
static int
shape_of(struct tq_tree **out, const struct tq_settling *t)
{
	struct tq_bytes text, partial = tq_own_argument(t->m, "partial_args", 3);
	struct tq_celery_sig sig;
	struct tq_buf b;

	tq_celery_sig_init(&sig);
	sig.task = t->m->task;
	if (tq_scan_type(partial) == TQ_SCAN_ARRAY)
		sig.args = partial;
	sig.kwargs = t->m->kwargs;
	tq_buf_init(&b);
	tq_celery_sig_encode(&b, &sig);
	if ((text = tq_plan_keep(t->p, &b)).p == NULL)
		return -1;
	return tq_tree_parse(out, t->p, text);
}

/* Chunks: the items in parts of n, each a starmap of a group. */
static int
chunks_of(struct tq_tree **out, const struct tq_settling *t)
{
	struct tq_bytes it = tq_own_argument(t->m, "it", 1), v;
	struct tq_bytes task = tq_own_argument(t->m, "task", 0);
	struct tq_planner *p = t->p;
	struct tq_celery_sig *sig;
	struct tq_tree *group;
	struct tq_scan i;
	struct tq_buf b;
	int64_t k, n = 0;

	if (tq_scan_type(it) != TQ_SCAN_ARRAY ||
	    tq_scan_type(task) != TQ_SCAN_OBJECT ||
	    !tq_scan_int(&n, tq_own_argument(t->m, "n", 2)) || n < 1)
		return tq_fail(p->e, EBADMSG, "chunks need a task, a list and "
		    "a number over 0");
	if ((group = tq_tree_new(p, TQ_TREE_GROUP, tq_scan_count(it))) == NULL)
		return -1;
	group->nkids = 0;
	tq_scan_init(&i, it);
	while (tq_scan_next(&i, &v)) {
		tq_buf_init(&b);
		tq_buf_str(&b, "{\"task\": ");
		tq_buf_put(&b, task.p, task.n);
		tq_buf_str(&b, ", \"it\": [");
		tq_buf_put(&b, v.p, v.n);
		for (k = 1; k < n && tq_scan_next(&i, &v); k++)
			tq_celery_item_put(&b, v);
		tq_buf_str(&b, "]}");
		if ((v = tq_plan_keep(p, &b)).p == NULL ||
		    (group->kid[group->nkids] = tq_tree_new(p, TQ_TREE_TASK,
		    0)) == NULL)
			return -1;
		sig = &group->kid[group->nkids++]->sig;
		sig->task = "celery.starmap";
		sig->kwargs = v;
		sig->immutable = 1;
	}
	*out = group;
	return 0;
}

int
tq_settle_own(const struct tq_settling *t, struct tq_bytes *result)
{
	struct tq_bytes none = { NULL, 0 };
	enum tq_own own = tq_own_of(t->m->task);
	struct tq_celery_sig o;
	struct tq_tree *tree;

	if ((*result = tq_settle_result(t->p, t->end)).p == NULL)
		return -1;
	if (own == TQ_OWN_MAP || own == TQ_OWN_STARMAP)
		return settle_item(t, result);
	if (own != TQ_OWN_SHAPE && own != TQ_OWN_CHUNKS)
		return 0;
	tq_celery_sig_init(&o);
	o.parent_id = t->m->id;
	o.root_id = t->p->root;
	if ((own == TQ_OWN_SHAPE ? shape_of(&tree, t) :
	    chunks_of(&tree, t)) == -1 ||
	    tq_tree_apply(t->p, tree, none, &o, 0) == -1)
		return -1;
	*result = tq_tree_tuple(t->p, tree, none);
	return result->p != NULL ? 0 : -1;
}
