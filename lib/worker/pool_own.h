/* What the files that make up the pool share. */
#ifndef TQ_WORKER_POOL_OWN_H
#define TQ_WORKER_POOL_OWN_H

#include "pool.h"

/*
 * Settle the task of a place that ENDED: then it is FREE, or RUNNING the next
 * one of its resident handler.  Later, if it could not be now.
 */
void	tq_pool_settle(struct tq_pool *, struct tq_place *);
/* Tasks that were fed ahead and went back may be claimed again. */
void	tq_pool_returned(struct tq_pool *, struct tq_place *);
#endif
