/* The end of a task, and of what is none. */
#ifndef TQ_REDIS_END_H
#define TQ_REDIS_END_H

#include "backend/redis/message.h"
#include "backend/redis/redis.h"

/* count.c */
/*
 * The plan of the end of members of chords.  On one server it is
 * carried out, and h is gone; on two they are counted, and the plan is as long
 * as it will be.  ESTALE: the claim has passed to somebody else.
 */
int	tq_redis_count(struct tq_redis *, struct tq_redis_held *,
	    struct tq_celery_plan *, const struct tq_celery_site *,
	    struct tq_err *);

/* end.c */
/*
 * Settle what is held, whoever holds it: by its tag.  What follows and cannot
 * be said to a server is left off: no end is kept back for that.
 */
int	tq_redis_end(struct tq_redis *, struct tq_redis_held *,
	    const struct tq_redis_read *, const struct tq_outcome *,
	    unsigned flags, struct tq_err *);
/* What is stored of a task that another one replaces. */
int	tq_redis_plan_replaced(struct tq_redis *, struct tq_celery_plan *,
	    const struct tq_redis_read *, const char *queue, const char *by,
	    struct tq_err *);
int	tq_redis_end_stored(struct tq_redis *, const struct tq_redis_held *,
	    const struct tq_redis_read *, const struct tq_outcome *,
	    struct tq_err *);
/* As the end of a chord_unlock: metas are of what it waits for. */
int	tq_redis_end_unlock(struct tq_redis *, struct tq_redis_held *,
	    const struct tq_redis_read *, const struct tq_bytes *metas,
	    size_t n, struct tq_err *);

/* dead.c */
/* Into the dead letters; its end, if it can be told of one. */
int	tq_redis_bury(struct tq_redis *, struct tq_redis_held *,
	    const char *why, struct tq_err *);

/* report.c */
/* That it has started, as Celery's task_track_started; told, not waited for. */
void	tq_redis_report_start(struct tq_redis *, const struct tq_claim *);
#endif
