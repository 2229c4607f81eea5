/* What a long-lived worker adds to claiming. */
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/handle.h"

#define STATUS_MAX	63	/* bytes of a worker's status, */
#define LIMITS_MAX	47	/* and of what keeps its limits */

/*
 * What to claim with the default queue in it, checked.  *copy holds it when
 * take itself names none.
 */
static const struct tq_take *
take_checked(struct tq *tq, const struct tq_take *take, struct tq_take *copy,
    struct tq_err *e)
{
	if (take->nqueues > TQ_QUEUES_MAX) {
		tq_fail(e, EINVAL, "%zu queues of a worker, over %d",
		    take->nqueues, TQ_QUEUES_MAX);
		return NULL;
	}
	if (take->nqueues == 0) {
		*copy = *take;
		copy->queue[0] = tq->queue;
		copy->nqueues = 1;
		return copy;
	}
	if (tq_check_queues(take->queue, take->nqueues, e) == -1)
		return NULL;
	return take;
}

int
tq_worker_set(struct tq *tq, const char *name, const char *value,
    struct tq_err *e)
{
	char what[64];

	if (tq->ops->option == NULL) {
		snprintf(what, sizeof(what), "be told a worker's %.32s", name);
		return tq_broker_lacks(tq, what, e);
	}
	return tq->ops->option(tq->b, name, value, e);
}

int
tq_worker_join(struct tq *tq, const struct tq_take *take, unsigned jobs,
    struct tq_err *e)
{
	struct tq_take copy;

	if ((take = take_checked(tq, take, &copy, e)) == NULL)
		return -1;
	if (tq->ops->join == NULL)
		return tq_broker_lacks(tq, "show workers", e);
	return tq->ops->join(tq->b, take, jobs, e);
}

void
tq_worker_status(struct tq *tq, const struct tq_worker_state *s)
{
	char status[STATUS_MAX + 1], limits[LIMITS_MAX + 1];
	struct tq_worker_state cut = *s;

	if (tq->ops->status == NULL)
		return;
	(void)strlcpy(status, s->status != NULL ? s->status : "",
	    sizeof(status));
	(void)strlcpy(limits, s->limits != NULL ? s->limits : "",
	    sizeof(limits));
	cut.status = status;
	cut.limits = limits;
	tq->ops->status(tq->b, &cut);
}

int
tq_worker_sleep(struct tq *tq, const struct tq_take *take, tq_time *next,
    struct tq_err *e)
{
	struct tq_take copy;

	if (take != NULL && (take = take_checked(tq, take, &copy, e)) == NULL)
		return -1;
	if (tq->ops->sleep == NULL)
		return tq_broker_lacks(tq, "ring a worker", e);
	return tq->ops->sleep(tq->b, take, next, e);
}

int
tq_worker_fd(struct tq *tq)
{
	return tq->ops->fd == NULL ? -1 : tq->ops->fd(tq->b);
}

int
tq_worker_mail(struct tq *tq, char *buf, size_t size, struct tq_err *e)
{
	if (tq->ops->mail == NULL)
		return tq_broker_lacks(tq, "send mail to workers", e);
	return tq->ops->mail(tq->b, buf, size, e);
}

int
tq_worker_send(struct tq *tq, const char *name, const char *words,
    unsigned *sent, struct tq_err *e)
{
	unsigned count = 0;
	int rv;

	if (tq->ops->send == NULL)
		return tq_broker_lacks(tq, "send mail to workers", e);
	rv = tq->ops->send(tq->b, name, words, &count, e);
	if (sent != NULL)
		*sent = count;
	return rv;
}

int
tq_worker_capture(struct tq *tq, unsigned capture, enum tq_stream stream,
    char *path, size_t size, struct tq_err *e)
{
	if (stream != TQ_STDOUT && stream != TQ_STDERR)
		return tq_fail(e, EINVAL, "no capture of stream %d",
		    (int)stream);
	if (tq->ops->capture == NULL)
		return tq_broker_lacks(tq, "keep capture files", e);
	return tq->ops->capture(tq->b, capture, stream, path, size, e);
}

int
tq_worker_hold(struct tq *tq, const struct tq_holder *h,
    char name[TQ_NAME_MAX + 1], struct tq_err *e)
{
	if (tq->ops->hold == NULL)
		return tq_broker_lacks(tq, "leave what waits to a worker", e);
	return tq->ops->hold(tq->b, h, name, e);
}

int
tq_worker_release(struct tq *tq, const char *token, struct tq_bytes text,
    struct tq_err *e)
{
	if (tq_check_id(token, e) == -1)
		return -1;
	if (tq->ops->release == NULL)
		return tq_broker_lacks(tq, "leave what waits to a worker", e);
	return tq->ops->release(tq->b, token, text, e);
}

int
tq_worker_sweep(struct tq *tq, struct tq_err *e)
{
	if (tq->ops->sweep == NULL)
		return tq_broker_lacks(tq, "sweep", e);
	return tq->ops->sweep(tq->b, e);
}
