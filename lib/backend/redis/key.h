/* Keys of the tasks of a put, and whom each of them meets. */
#ifndef TQ_REDIS_KEY_H
#define TQ_REDIS_KEY_H

#include "backend/redis/message.h"
#include "backend/redis/redis.h"

/* A task with a key. */
struct tq_redis_keyed {
	const struct tq_task *task;
	const char	*id;
	struct tq_celery_step *step;	/* that sends it */
	const struct tq_celery_task *own;	/* as it was made */
	/* the rival, as the server has it; all "" at first */
	const char	*rival;		/* its id */
	const char	*where, *place;
	struct tq_redis_read in;	/* its message */
	char		 queue[TQ_NAME_MAX + 1];
	int		 replaces;	/* it is to go */
};

struct tq_redis_keys {
	struct tq_redis_keyed *v;	/* n of them, in r->mem */
	size_t		 n;
	unsigned	 tries;
	int		 staged;	/* what is put is written already */
};

/* ENOTSUP, ENOMEM */
int	tq_redis_keys_init(struct tq_redis_keys *, struct tq_redis *,
	    const struct tq_celery_plan *, const struct tq_task *,
	    const struct tq_id *ids, size_t n, struct tq_err *);
/* What the script is to do about them, before it sends. */
int	tq_redis_keys_add(struct tq_redis *, struct tq_redis_cmd *,
	    const struct tq_redis_keys *, struct tq_err *);
/* After it has: what another server is to know. */
int	tq_redis_keys_done(struct tq_redis *, const struct tq_redis_keys *,
	    struct tq_err *);
/*
 * The script did nothing because of a key: 0 try again, -1.  EEXIST: it is
 * taken, by out[0].
 */
int	tq_redis_keys_answer(struct tq_redis *, struct tq_redis_keys *,
	    const char *answer, struct tq_id *out, struct tq_err *);
#endif
