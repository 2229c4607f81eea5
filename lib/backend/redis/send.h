/*
 * What is sent: the steps of a transaction (do.lua), and a held message on its
 * way to where it comes next.
 */
#ifndef TQ_REDIS_SEND_H
#define TQ_REDIS_SEND_H

#include "backend/redis/message.h"
#include "backend/redis/redis.h"

/* local.c: what waits is kept by the worker */
/*
 * Give a message that waits to the worker's holder, and add the step that says
 * so to cmd, a transaction of the tag: 1; 0 there is none, or it did not take
 * it.
 */
int	tq_redis_local_add(struct tq_redis *, struct tq_redis_cmd *,
	    const char *tag, const char *id, tq_time due, int retry,
	    const char *list, struct tq_bytes text);

/* step.c */
#define TQ_REDIS_EXPIRES	"86400"	/* result_expires of Celery, s */

/* What of a plan: on two servers the halves are carried out apart. */
#define TQ_REDIS_SENDS		0x01
#define TQ_REDIS_STORES		0x02
#define TQ_REDIS_COUNTS		0x04
#define TQ_REDIS_ALL		0x07

/* Begin words of TQ_REDIS_DO: for a tag ("": none), letting it go or not. */
void	tq_redis_do_begin(struct tq_redis *, struct tq_redis_cmd *,
	    const char *tag, int let_go, const char *const *queues, size_t n);
/* The same for a server that has nothing but results. */
void	tq_redis_store_begin(struct tq_redis *, struct tq_redis_cmd *);
/* Add the steps of a plan. */
int	tq_redis_do_plan(struct tq_redis *, struct tq_redis_cmd *,
	    struct tq_arena *, const struct tq_celery_plan *, unsigned parts,
	    struct tq_err *);

/* A message as it is sent; its words are in mem. */
struct tq_redis_sent {
	const char	*id;		/* refused when it is known, "": not */
	const char	*list;
	tq_time		 due;		/* 0: now */
	char		 tag[37];	/* of one that is due later */
	struct tq_bytes	 text;
};
int	tq_redis_send_make(struct tq_redis_sent *, struct tq_redis *,
	    struct tq_arena *mem, const struct tq_celery_step *,
	    struct tq_err *);

/* On two servers: do what is to be stored, with r->cmd; counts are no part. */
int	tq_redis_store_plan(struct tq_redis *, struct tq_arena *,
	    const struct tq_celery_plan *, struct tq_err *);
/* Which queues a plan sends to, each once, sorted; NULL: ENOMEM. */
const char **tq_redis_queues_of(struct tq_redis *,
	    const struct tq_celery_plan *, size_t *n);
/* Celery declares its queues on first use: so others see them. */
void	tq_redis_add_bindings(struct tq_redis *, struct tq_redis_cmd *,
	    const char *const *queues, size_t n);
/* The same of the queues that a plan sends to. */
int	tq_redis_bind_sends(struct tq_redis *, struct tq_redis_cmd *,
	    const struct tq_celery_plan *, struct tq_err *);
/* A message's text: what the planner sends, addressed to a queue. */
int	tq_redis_message(struct tq_redis *, struct tq_arena *,
	    struct tq_bytes *out, const struct tq_celery_task *,
	    const char *queue, int priority, tq_time now, struct tq_err *);

/* stage.c: a put of many messages */
#define TQ_REDIS_STAGE_FROM	1000	/* messages; fewer go in the script */

/* Where they are laid down. */
struct tq_redis_stage_keys {
	char		 id[37];
	size_t		 n;		/* keys tq.stage.ID.1 and so on; 0: none */
	int		 ids;		/* some are refused when they are known */
};
/* Lay down what the plan sends, if that is much. */
int	tq_redis_stage(struct tq_redis *, struct tq_redis_stage_keys *,
	    const struct tq_celery_plan *, struct tq_err *);
/* The step that sends it. */
void	tq_redis_stage_add(const struct tq_redis *, struct tq_redis_cmd *,
	    const struct tq_redis_stage_keys *);

/* let_go.c */
/* One step: an id has it no more. */
void	tq_redis_free_key(struct tq_redis *, struct tq_redis_cmd *,
	    const char *key, const char *id);
void	tq_redis_free_lane(struct tq_redis_cmd *, const char *lane,
	    const char *id);
/* A message is about to be gone: so is what it had. */
void	tq_redis_let_go(struct tq_redis *, struct tq_redis_cmd *,
	    const struct tq_redis_read *);
/* Say of one that follows whom: it is blocked; and who has its lane. */
int	tq_redis_key_explain(struct tq_redis *, struct tq_info *,
	    struct tq_arena *mem, struct tq_err *);

/* letter.c */
/* All of a dead letter but its end. */
void	tq_redis_letter(struct tq_redis *, struct tq_buf *,
	    const struct tq_redis_held *, const char *why);
/* The step of an end that sets it aside, if it is one. */
void	tq_redis_bury_add(struct tq_redis *, struct tq_redis_cmd *);

/* ending.c */
/*
 * All of an end on this server: the words of its script, in h->end; parts: of
 * the plan.
 */
int	tq_redis_end_words(struct tq_redis *, struct tq_redis_held *,
	    const struct tq_celery_plan *, unsigned parts, struct tq_err *);
/* Its end stands in h->end: off it goes, with TQ_SETTLE_* flags. */
int	tq_redis_end_begin(struct tq_redis *, struct tq_redis_held *,
	    unsigned flags, struct tq_err *);
/* Once more, after a loss. */
int	tq_redis_end_post(struct tq_redis_held *, struct tq_err *);

/* back.c */
/* Give it back as it is, no attempt counted. */
int	tq_redis_back(struct tq_redis *, struct tq_redis_held *,
	    struct tq_err *);
/* Give it back with a past. */
int	tq_redis_return(struct tq_redis *, struct tq_redis_held *,
	    const struct tq_redis_read *, unsigned crashes, unsigned laters,
	    struct tq_err *);
/* Wait until its time comes, on the server. */
int	tq_redis_delay(struct tq_redis *, struct tq_redis_held *, int priority,
	    tq_time due, struct tq_err *);
/* Back into a list, or to what waits, with another text. */
int	tq_redis_requeue(struct tq_redis *, struct tq_redis_held *,
	    const char *text, size_t n, int priority, tq_time eta,
	    struct tq_err *);
/* End it without a trace. */
int	tq_redis_drop(struct tq_redis *, struct tq_redis_held *,
	    struct tq_err *);
#endif
