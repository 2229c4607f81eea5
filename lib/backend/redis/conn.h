/*
 * One connection to a Redis server: commands out, replies in the same order.
 *
 * Nothing here waits longer than the place's timeout.  A connection that fails
 * or is silent for that long is dropped: what was awaited is answered NULL,
 * and the next use begins with tq_redis_conn_open().
 */
#ifndef TQ_REDIS_CONN_H
#define TQ_REDIS_CONN_H

#include <hiredis/hiredis.h>

#include <tq/types.h>

#include "backend/redis/cmd.h"
#include "backend/redis/place.h"
#include "backend/redis/script.h"
#include "backend/redis/wire.h"

/*
 * A reply is what a server says, or what stands before one: nothing of it is as
 * our script makes it before it was looked at.  So each, and what is in its
 * lists and in theirs, has a string: where there is none an empty one.
 */
void	tq_redis_reply_fill(redisReply *);
/* One of a list; what is not there is nil. */
const redisReply *tq_redis_reply_at(const redisReply *, size_t);

/* Where a scan goes on, the first of its list; "0": it is through. */
#define TQ_REDIS_CURSOR	32
int	tq_redis_cursor(const struct tq_redis_place *,
	    char out[TQ_REDIS_CURSOR], const redisReply *, struct tq_err *);

/* Gets the reply to a command (not to be freed), NULL: none will come. */
typedef void tq_redis_done(void *arg, const redisReply *);

struct tq_redis_want {
	tq_redis_done	*done;		/* NULL: whatever it says */
	void		*arg;
};

struct tq_redis_conn {
	const struct tq_redis_place *place;
	struct tq_redis_wire wire;	/* its fd is -1: none */
	int		 keeps;		/* worth loading scripts for */
	redisReader	*reader;
	struct tq_buf	 out;
	size_t		 sent;		/* bytes of out */
	struct tq_redis_want *want;	/* a ring of cap, n from first */
	size_t		 first, n, cap;
	unsigned long	 asked;		/* so often, over all openings */
	/* gets what nobody asked for: messages of channels */
	tq_redis_done	*push;
	void		*arg;
	unsigned	 opened;	/* how often */
	char		 sha[TQ_REDIS_NSCRIPTS][41];
	struct tq_err	 lost;		/* why it was dropped */
};

void	tq_redis_conn_init(struct tq_redis_conn *,
	    const struct tq_redis_place *);
void	tq_redis_conn_fini(struct tq_redis_conn *);
/*
 * Connect, say who we are, choose the database.  ECONNREFUSED nobody there,
 * EACCES a wrong password, EPERM a certificate that is not trusted, EINVAL no
 * such database or file of certificates, ENOTSUP no TLS here.
 */
int	tq_redis_conn_open(struct tq_redis_conn *, struct tq_err *);
/* Let it go; what is awaited is answered NULL. */
void	tq_redis_conn_drop(struct tq_redis_conn *);

/* TQ_REDIS_PLAIN in place of a script: the words are the command. */
#define TQ_REDIS_PLAIN	((enum tq_redis_script)-1)

/*
 * Send words, or run a script with them; done is called when the reply is
 * there.  Sent as far as the socket takes it, the rest with the next call.
 */
int	tq_redis_post(struct tq_redis_conn *, enum tq_redis_script,
	    const struct tq_redis_cmd *, tq_redis_done *, void *,
	    struct tq_err *);
/* The same for a command, which goes out together with the next one. */
int	tq_redis_post_later(struct tq_redis_conn *,
	    const struct tq_redis_cmd *, tq_redis_done *, void *,
	    struct tq_err *);
/*
 * The same, and wait for the reply, which the caller frees.  NULL: an error
 * reply (its errno is tq_redis_failed()'s), or the connection was lost:
 * ECONNREFUSED.
 */
redisReply *tq_redis_call(struct tq_redis_conn *, enum tq_redis_script,
	    const struct tq_redis_cmd *, struct tq_err *);
/*
 * The same with what `more` posts later: it goes out behind the words, and when
 * this returns there are the answers to it, too.  `more` may be called twice,
 * and must leave cmd alone.
 */
redisReply *tq_redis_call_with(struct tq_redis_conn *, enum tq_redis_script,
	    const struct tq_redis_cmd *, int (*more)(void *, struct tq_err *),
	    void *, struct tq_err *);
/* The same for a few words, the last of them NULL. */
redisReply *tq_redis_say(struct tq_redis_conn *, struct tq_err *,
	    const char *, ...) __attribute__((__sentinel__));
/* Send words that are answered by messages only: SUBSCRIBE and the like. */
int	tq_redis_tell(struct tq_redis_conn *, const struct tq_redis_cmd *,
	    struct tq_err *);
/* Wait until nothing is awaited any more. */
int	tq_redis_finish(struct tq_redis_conn *, struct tq_err *);
/* Take what has come, without waiting; -1: dropped. */
int	tq_redis_pump(struct tq_redis_conn *, struct tq_err *);
/* Wait up to `until` (CLOCK_MONOTONIC) for something to come: 1, 0, -1. */
int	tq_redis_await(struct tq_redis_conn *, tq_time until,
	    struct tq_err *);

/* Fail with what an error reply means to us. */
int	tq_redis_failed(const struct tq_redis_place *, const redisReply *,
	    struct tq_err *);
#endif
