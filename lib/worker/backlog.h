/* What is left to do in the queues of a worker, for -E. */
#ifndef TQ_WORKER_BACKLOG_H
#define TQ_WORKER_BACKLOG_H

#include <stdint.h>

#include <tq/tq.h>

struct tq_backlog {
	uint64_t	 ready;
	uint64_t	 work;		/* ready, started, retry, blocked */
	uint64_t	 waiting;	/* delayed, held */
};

/* Count the tasks in the queues of take. */
int	tq_backlog_count(struct tq_backlog *out, struct tq *,
	    const struct tq_take *take, struct tq_err *);
#endif
