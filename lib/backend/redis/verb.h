/* What the calls share. */
#ifndef TQ_REDIS_VERB_H
#define TQ_REDIS_VERB_H

#include "backend/redis/redis.h"

/* batch.c */
void	tq_redis_make_ids(struct tq_redis *, const struct tq_task *, size_t n,
	    struct tq_id *out);
/* Bodies in files as bytes: *out is t, or a copy of it in mem. */
int	tq_redis_read_bodies(const struct tq_task **out, struct tq_arena *mem,
	    const struct tq_task *t, size_t n, struct tq_err *);
/* Put n tasks under ids, made or chosen, that are in out already. */
int	tq_redis_put_named(struct tq_redis *, const struct tq_tick *,
	    const struct tq_task *, size_t n, struct tq_id *out,
	    struct tq_err *);

/* open.c: a group whose members come in several puts */
/* 1 the tasks are kept until their group is sealed; 0 they are none of it. */
int	tq_redis_open_take(struct tq_redis *, const struct tq_task *, size_t n,
	    struct tq_id *out, struct tq_err *);
/* These groups are whole; with the last of them all is put. */
int	tq_redis_open_seal(struct tq_redis *, const struct tq_select *,
	    uint64_t *n, struct tq_err *);
void	tq_redis_open_drop(struct tq_redis *);

/* list.c */
/* As tq_redis_list(), of what is held or waits, and stands in no list. */
int	tq_redis_list_unready(struct tq_redis *, const struct tq_select *,
	    int (*each)(const struct tq_info *, void *), void *arg,
	    struct tq_err *);
#endif
