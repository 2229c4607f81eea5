/*
 * A batch of tasks as a Celery client would send it: what waits for nothing,
 * with all that waits for it.
 */
#include "message/celery_batch.h"

static int
send(struct tq_batch *b)
{
	struct tq_bytes none = { NULL, 0 };
	struct tq_celery_sig o;
	struct tq_tree *t;
	size_t i;

	tq_celery_sig_init(&o);
	for (i = 0; i < b->n; i++) {
		if (b->waits[i])
			continue;
		if (b->flow[i]) {
			if (tq_batch_send_flow(b, i) == -1)
				return -1;
			continue;
		}
		b->p->seed = b->ids[i].s;
		if (tq_batch_tree(&t, b, i, TQ_TREE_DEPTH) == -1)
			return -1;
		if (t->shape == TQ_TREE_GROUP &&
		    tq_batch_save_group(b, i) == -1)
			return -1;
		if (tq_tree_apply(b->p, t, none, &o, 1) == -1)
			return -1;
	}
	if (b->made != b->n)
		return tq_batch_refuse(b, "-A", "wait for itself");
	return 0;
}

int
tq_celery_put(struct tq_celery_plan *plan, const struct tq_task *task,
    const struct tq_id *ids, size_t n, const struct tq_celery_site *site,
    struct tq_err *e)
{
	struct tq_planner p;
	struct tq_batch b;
	size_t k;
	int rv;

	tq_planner_init(&p, plan, site, NULL, NULL, "put", e);
	rv = tq_batch_begin(&b, &p, task, ids, n) == -1 || send(&b) == -1 ?
	    -1 : 0;
	tq_planner_fini(&p);
	/* ids are new or chosen, and the backend knows which */
	for (k = 0; k < plan->nsteps; k++)
		plan->step[k].flags &= ~(unsigned)TQ_CELERY_ONCE;
	return rv;
}
