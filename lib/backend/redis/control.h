/* A request of remote control, and who answers which. */
#ifndef TQ_REDIS_CONTROL_H
#define TQ_REDIS_CONTROL_H

#include "backend/redis/worker.h"
#include "message/celery_remote.h"

/* A request being answered. */
struct tq_redis_asked {
	struct tq_redis	*r;
	struct tq_arena	 mem;
	const struct tq_celery_request *q;
	struct tq_buf	 value;		/* of the reply */
};

/* The name in tq of an id in a request, or NULL: it is none, or ENOMEM. */
const char *tq_redis_name_of(struct tq_redis_asked *, struct tq_bytes id);

/*
 * control_set.c: what changes the worker.  What its loop must do is mailed to
 * it, and "ok" says no more than that.
 */
void	tq_redis_on_autoscale(struct tq_redis_asked *);
void	tq_redis_on_consumer(struct tq_redis_asked *);	/* add_, cancel_ */
void	tq_redis_on_pool(struct tq_redis_asked *);	/* pool_grow, _shrink */
void	tq_redis_on_rate_limit(struct tq_redis_asked *);
void	tq_redis_on_time_limit(struct tq_redis_asked *);

/* control_stats.c */
void	tq_redis_on_conf(struct tq_redis_asked *);
void	tq_redis_on_stats(struct tq_redis_asked *);

/* control_revoke.c: `revoke` and `terminate`; by stamps */
void	tq_redis_on_revoke(struct tq_redis_asked *);
void	tq_redis_on_revoke_stamps(struct tq_redis_asked *);
#endif
