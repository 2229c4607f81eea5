/* Putting with a second place; see spare.h. */
#include "client/spare.h"

#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "client/handle.h"

void
tq_set_spare(struct tq *tq, const struct tq_spare *spare)
{
	tq->spare = spare;
}

/*
 * 1 if the broker may take the same put later: it is away, lost in the middle
 * of it, full, or a replica.  What it understood and refused, it would refuse
 * again.
 */
static int
is_for_now(int num)
{
	return num == ECONNREFUSED || num == EINPROGRESS || num == ETIMEDOUT ||
	    num == EIO || num == ENOSPC || num == EROFS;
}

/* What became of the put, with the brokers before that did not answer. */
static void
tell_all(const struct tq *tq, struct tq_err *out, const struct tq_err *why)
{
	if (tq->away == NULL)
		*out = *why;
	else
		tq_fail(out, why->num, "%s; %s", tq->away, why->text);
}

int
tq_spare_sealed(const struct tq *tq, const struct tq_err *why,
    struct tq_err *e)
{
	struct tq_err all;

	if (!is_for_now(why->num))
		return tq_fail(e, why->num, "%s", why->text);
	tell_all(tq, &all, why);
	/* a first connection that failed is a broker that is away */
	return tq_fail(e, why->num == ETIMEDOUT ? ECONNREFUSED : why->num,
	    "%s; over %d tasks in one are not kept in the spool", all.text,
	    TQ_BATCH_MAX - 1);
}

/* Let every task have an id; new ones stand in ids. */
static void
name_all(struct tq *tq, struct tq_task *t, size_t n, struct tq_id *ids)
{
	tq_time now = tq_clock_wall();
	struct tq_uuid id;
	size_t i;

	for (i = 0; i < n; i++) {
		if (t[i].id != NULL)
			continue;
		tq_uuid_make(&id, &tq->ids, now);
		tq_uuid_format(ids[i].s, &id);
		t[i].id = ids[i].s;
	}
}

int
tq_spare_put(struct tq *tq, const struct tq_task *t, size_t n,
    tq_time timeout, struct tq_id *out, struct tq_err *e)
{
	struct tq_task *copy = reallocarray(NULL, n, sizeof(*copy));
	struct tq_id *ids = reallocarray(NULL, n, sizeof(*ids));
	struct tq_err why, all;
	size_t i;
	int rv = -1;

	if (copy == NULL || ids == NULL) {
		tq_fail_sys(e, ENOMEM, "%zu tasks", n);
		goto out;
	}
	memcpy(copy, t, n * sizeof(*copy));
	name_all(tq, copy, n, ids);
	rv = tq->ops->put(tq->b, copy, n, timeout, out, &why);
	if (rv == -1 && !is_for_now(why.num)) {
		tq_fail(e, why.num, "%s", why.text);
	} else if (rv == -1) {
		for (i = 0; i < n; i++)
			(void)strlcpy(out[i].s, copy[i].id,
			    sizeof(out[i].s));
		tell_all(tq, &all, &why);
		rv = tq->spare->keep(tq->spare->arg, copy, n, &all, e);
	}
out:
	free(copy);
	free(ids);
	return rv;
}
