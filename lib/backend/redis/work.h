/* What a worker does, and who else takes messages. */
#ifndef TQ_REDIS_WORK_H
#define TQ_REDIS_WORK_H

#include "backend/redis/redis.h"

/* tend.c */
/* Ends whose answer was lost with a connection. */
int	tq_redis_post_again(struct tq_redis *, struct tq_err *);
/*
 * Once in a while: renew what we hold, send again what was not answered, give
 * back what nobody asked for.
 */
int	tq_redis_tend(struct tq_redis *, struct tq_err *);

/* leak.c */
/* Let go what somebody has that is nowhere. */
int	tq_redis_look_after(struct tq_redis *, struct tq_err *);

/* sweep.c */
/* Its worker died; it is given back, or it has had enough. */
int	tq_redis_died(struct tq_redis *, struct tq_redis_held *,
	    struct tq_err *);
int	tq_redis_sweep_due(const struct tq_redis *);

/* claim.c */
/*
 * Make a claim of what was taken: 1; 0 it was seen to without one
 * (poison, revoked, not due yet, Celery's own); -1 it is still there.
 */
int	tq_redis_prepare(struct tq_redis *, struct tq_redis_held *,
	    const struct tq_take *, struct tq_claim *, struct tq_err *);

/* serve.c */
/* One queue more or less; the loop that takes from them is not told. */
int	tq_redis_serve(struct tq_redis *, const char *queue, struct tq_err *);
int	tq_redis_leave_queue(struct tq_redis *, const char *queue,
	    struct tq_err *);
/* 1 if it said that it runs tasks of that name. */
int	tq_redis_runs(const struct tq_redis *, const char *name);

/* control.c */
/* A message of the channel of remote control. */
void	tq_redis_control(struct tq_redis *, const char *text, size_t n);

/* sub.c: the second connection */
int	tq_redis_sub_open(struct tq_redis *, struct tq_err *);

/* wait.c */
/* Sleep until something may be there: at most until then (CLOCK_MONOTONIC). */
int	tq_redis_doze(struct tq_redis *, const struct tq_take *,
	    tq_time until, struct tq_err *);
/* Post what tq_redis_watch() asks, behind a take that may find nothing. */
int	tq_redis_look_too(struct tq_redis *, const struct tq_take *,
	    struct tq_err *);
/* See that the server rings us when one of the queues is written to: the
 * number of messages there, or -1. */
int	tq_redis_watch(struct tq_redis *, const struct tq_take *,
	    struct tq_err *);

/* take.c */
/* When something may start that may not now, wall; 0: not known. */
tq_time	tq_redis_next(const struct tq_redis *);

/* worker.c */
void	tq_redis_worker_free(struct tq_redis *);
#endif
