/* What is left to do in the queues of a worker. */
#include <string.h>

#include "backlog.h"

struct count {
	struct tq_backlog *out;
	const struct tq_take *take;
};

static int
add(const struct tq_queue_info *q, void *arg)
{
	struct count *c = arg;
	size_t i;

	for (i = 0; i < c->take->nqueues; i++) {
		if (strcmp(c->take->queue[i], q->name) != 0)
			continue;
		c->out->ready += q->count[TQ_READY];
		/* what is blocked on none of these waits for somebody else */
		c->out->work += q->count[TQ_READY] + q->count[TQ_STARTED] +
		    q->count[TQ_RETRY];
		c->out->waiting += q->count[TQ_DELAYED] + q->count[TQ_HELD] +
		    q->count[TQ_BLOCKED];
		break;
	}
	return 0;
}

int
tq_backlog_count(struct tq_backlog *out, struct tq *tq,
    const struct tq_take *take, struct tq_err *e)
{
	struct count c = { out, take };

	out->ready = out->work = out->waiting = 0;
	return tq_queues(tq, add, &c, e);
}
