/* Who waits for whom in a batch that is put. */
#include "message/celery_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int
compare_places(const void *a, const void *b)
{
	const struct tq_batch_place *x = a, *y = b;

	return strcmp(x->id, y->id);
}

size_t
tq_batch_find(const struct tq_batch *b, const char *id)
{
	size_t lo = 0, hi = b->n, mid;
	int c;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if ((c = strcmp(id, b->sorted[mid].id)) == 0)
			return b->sorted[mid].i;
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return b->n;
}

int
tq_batch_refuse(struct tq_batch *b, const char *option, const char *why)
{
	return tq_fail(b->p->e, ENOTSUP, "%s: Celery cannot %s", option, why);
}

const char *
tq_batch_awaited(const struct tq_task *t)
{
	return t->nafter > 0 ? t->after[0] : t->pipe;
}

static int
check_wait(struct tq_batch *b, size_t i)
{
	const struct tq_task *t = &b->task[i];
	const char *id = tq_batch_awaited(t);

	if (t->nafter > 1 || (t->nafter == 1 && t->pipe != NULL &&
	    strcmp(t->pipe, id) != 0))
		return tq_batch_refuse(b, "-A",
		    "wait for more than one task that is not in a group");
	if (tq_batch_find(b, id) == b->n)
		return tq_batch_refuse(b, t->nafter > 0 ? "-A" : "-P",
		    "wait for a task of another put");
	if (t->when == TQ_WHEN_ANY)
		return tq_batch_refuse(b, "-D any",
		    "wait for any end of a task");
	if (t->kind == TQ_KIND_GROUP)
		return tq_batch_refuse(b, "-A",
		    "let a group wait");
	if (b->task[tq_batch_find(b, id)].kind == TQ_KIND_GROUP &&
	    t->when == TQ_WHEN_FAIL)
		return tq_batch_refuse(b, "-D fail",
		    "wait for a group to fail");
	return 0;
}

/* A member of a group that waits for others of it: a flow. */
static int
check_member(struct tq_batch *b, size_t i)
{
	const struct tq_task *t = &b->task[i];
	const char *id;
	size_t k, at;

	if (t->when != TQ_WHEN_OK)
		return tq_batch_refuse(b, t->when == TQ_WHEN_ANY ? "-D any" :
		    "-D fail", "let a member of a group wait for that");
	for (k = 0; k <= t->nafter; k++) {
		if ((id = k < t->nafter ? t->after[k] : t->pipe) == NULL)
			continue;
		if ((at = tq_batch_find(b, id)) == b->n ||
		    b->task[at].group == NULL ||
		    strcmp(b->task[at].group, t->group) != 0)
			return tq_batch_refuse(b, k < t->nafter ? "-A" : "-P",
			    "let a member of a group wait for one that is "
			    "none");
	}
	return 0;
}

static int
relate(struct tq_batch *b)
{
	const struct tq_task *t;
	size_t i, k;

	for (i = b->n; i-- > 0;) {
		t = &b->task[i];
		if (tq_batch_awaited(t) != NULL && t->group != NULL) {
			if (check_member(b, i) == -1)
				return -1;
		} else if (tq_batch_awaited(t) != NULL) {
			if (check_wait(b, i) == -1)
				return -1;
			k = tq_batch_find(b, tq_batch_awaited(t));
			b->waits[i] = 1;
			/* backwards, and to the front: in order of the put */
			b->next[i] = b->first[k];
			b->first[k] = i;
		}
		if (t->flags & TQ_TASK_OPEN)
			return tq_batch_refuse(b, "--group",
			    "take members of a group in several puts, which "
			    "so many need");
		if (t->group == NULL)
			continue;
		if ((k = tq_batch_find(b, t->group)) == b->n ||
		    b->task[k].kind != TQ_KIND_GROUP)
			return tq_batch_refuse(b, "--group",
			    "add to a group of another put");
		if (t->kind == TQ_KIND_GROUP)
			return tq_batch_refuse(b, "--group",
			    "hold a group in a group that is put so");
		b->flow[k] |= tq_batch_awaited(t) != NULL;
		b->sibling[i] = b->member[k];
		b->member[k] = i;
		b->waits[i] = 1;	/* sent with its group */
	}
	return 0;
}

int
tq_batch_begin(struct tq_batch *b, struct tq_planner *p,
    const struct tq_task *task, const struct tq_id *ids, size_t count)
{
	size_t i, n = count + 1, *all;

	memset(b, 0, sizeof(*b));
	b->p = p;
	b->task = task;
	b->ids = ids;
	b->n = count;
	if ((all = tq_plan_alloc(b->p, 4 * n * sizeof(*all))) == NULL ||
	    (b->sorted = tq_plan_alloc(b->p, n * sizeof(*b->sorted))) ==
	    NULL ||
	    (b->waits = tq_plan_alloc(b->p, n)) == NULL ||
	    (b->flow = tq_plan_alloc(b->p, n)) == NULL)
		return -1;
	b->first = all;
	b->next = all + n;
	b->member = all + 2 * n;
	b->sibling = all + 3 * n;
	memset(b->waits, 0, n);
	memset(b->flow, 0, n);
	for (i = 0; i < b->n; i++) {
		b->first[i] = b->next[i] = b->member[i] = b->sibling[i] = b->n;
		b->sorted[i].id = b->ids[i].s;
		b->sorted[i].i = i;
	}
	qsort(b->sorted, b->n, sizeof(*b->sorted), compare_places);
	return relate(b);
}

size_t
tq_batch_followers(const struct tq_batch *b, size_t i, size_t *only)
{
	size_t k, n = 0;

	for (k = b->first[i]; k != b->n; k = b->next[k]) {
		if (b->task[k].when == TQ_WHEN_OK) {
			*only = k;
			n++;
		}
	}
	return n;
}
