/* A task's meta, as it is stored: what Celery says of it and what we do. */
#ifndef TQ_REDIS_META_H
#define TQ_REDIS_META_H

#include "backend/redis/extra.h"
#include "backend/redis/redis.h"
#include "message/celery_result.h"

#define TQ_REDIS_PROGRESS	"PROGRESS"	/* a report without a state */

struct tq_redis_meta {
	struct tq_celery_meta m;
	struct tq_redis_extra x;	/* state TQ_ABSENT: Celery wrote it */
	enum tq_state	 state;
};

int	tq_redis_meta_decode(struct tq_redis_meta *out, struct tq_arena *mem,
	    struct tq_bytes text, struct tq_err *);
/* 1 if there is a meta, decoded; 0; -1. */
int	tq_redis_meta_look(struct tq_redis *, struct tq_redis_meta *out,
	    struct tq_arena *mem, const char *id, struct tq_err *);
/* What it wrote, or what stands for that in a meta of Celery's; -1: ENOMEM. */
int	tq_redis_meta_stream(struct tq_bytes *out, struct tq_arena *mem,
	    const struct tq_redis_meta *, enum tq_stream);
/* "ValueError('bad')", on a line; -1: ENOMEM. */
int	tq_redis_meta_exception(struct tq_bytes *out, struct tq_arena *mem,
	    const struct tq_celery_exc *);

/* group.c */
/*
 * The ids of a group that a client saved: 1 and *ids with *n of them in mem;
 * 0 there is no such group; -1.
 */
int	tq_redis_group(struct tq_redis *, const char *const **ids, size_t *n,
	    struct tq_arena *mem, const char *gid, struct tq_err *);
/* The same of a group's meta. */
int	tq_redis_group_read(const char *const **ids, size_t *n,
	    struct tq_arena *mem, struct tq_bytes meta, const char *gid,
	    struct tq_err *);
/* How a group stands: as tq_redis_stat(), for what has no meta. */
int	tq_redis_group_stat(struct tq_redis *, const char *gid,
	    struct tq_info *out, struct tq_arena *mem, struct tq_err *);
#endif
