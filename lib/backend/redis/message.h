/* What a message says. */
#ifndef TQ_REDIS_MESSAGE_H
#define TQ_REDIS_MESSAGE_H

#include "base/arena.h"
#include "message/celery.h"

/* All of it in mem. */
struct tq_redis_read {
	struct tq_celery_envelope env;
	struct tq_celery_task msg;
	struct tq_bytes	 text;		/* as it was given */
	unsigned	 crashes, laters;
	const char	*name;		/* of the task in tq; salvaged: or
					 * NULL, as its id */
};

/* The errors of tq_celery_task_decode(). */
int	tq_redis_read(struct tq_redis_read *, struct tq_arena *,
	    const char *text, size_t n, struct tq_err *);
/* Of one that is no message: what of it can be told, as salvaged. */
void	tq_redis_salvage(struct tq_redis_read *, struct tq_arena *,
	    const char *text, size_t n);
/* The same message as one that came back; the text is in mem. */
int	tq_redis_reword(struct tq_bytes *out, struct tq_arena *,
	    const struct tq_redis_read *, unsigned crashes, unsigned laters,
	    struct tq_err *);

/* "[message, exchange, routing key]" of unacked; -1: it is none. */
int	tq_redis_split(struct tq_bytes *message, const char **queue,
	    struct tq_arena *, const char *text, size_t n);
/* The same of what a worker of tq wrote down, JSON or not. */
int	tq_redis_split_ours(struct tq_bytes *message, const char **queue,
	    struct tq_arena *, const char *text, size_t n);
#endif
