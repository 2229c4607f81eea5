/*
 * What a person's retry makes of a task.
 *
 * A task that is named runs, whatever it waited for has come to.  But over a
 * whole graph that failed it has to go in order again: what is named with all
 * that it waited for in vain waits for that.  So the ids of a call are asked
 * for, not only those of one transaction.
 */
#include <stdlib.h>
#include <string.h>

#include "spool/arrow.h"
#include "spool/graph.h"
#include "spool/retry.h"
#include "spool/verb.h"

static int
by_id(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct tq_uuid));
}

int
tq_retry_init(struct tq_retry *y, const struct tq_uuid *ids, size_t n,
    unsigned flags)
{
	y->flags = flags;
	y->n = n;
	y->ids = NULL;
	if (n == 0)
		return 0;
	if ((y->ids = reallocarray(NULL, n, sizeof(*ids))) == NULL)
		return -1;
	memcpy(y->ids, ids, n * sizeof(*ids));
	qsort(y->ids, n, sizeof(*ids), by_id);
	return 0;
}

void
tq_retry_fini(struct tq_retry *y)
{
	free(y->ids);
	y->ids = NULL;
}

static int
may_retry(const struct tq_retry *y, const struct tq_slot *s)
{
	return tq_arrow_leads(TQ_ARROW_RETRY, s->state) &&
	    (s->state != TQ_SUCCESS || y->flags & TQ_DO_FORCE);
}

/* 1 if a slot begins again by the same call. */
static int
comes(struct tq_table *t, uint32_t slot, const void *arg)
{
	const struct tq_slot *s = tq_table_slot(t, slot);
	const struct tq_retry *y = arg;

	return s != NULL && may_retry(y, s) && bsearch(&s->id, y->ids, y->n,
	    sizeof(*y->ids), by_id) != NULL && !tq_key_taken(t, s, NULL, 0);
}

int
tq_retry_decide(const struct tq_retry *y, struct tq_table *t,
    const struct tq_slot *s, struct tq_rec *recs, size_t n)
{
	const struct tq_ext *x = tq_table_ext(t, s);
	int group = x != NULL && x->flags & TQ_XF_GROUP;

	/* its key may be another's by now */
	if (!may_retry(y, s) || tq_key_taken(t, s, recs, n))
		return 0;
	tq_reopen_record(&recs[n], s, group ? TQ_BLOCKED : TQ_READY,
	    group ? s->seq : t->top->seq + 1);
	if (tq_graph_vain(t, s, comes, y))
		recs[n].st.flags |= TQ_PF_FREED;
	return 1;
}
