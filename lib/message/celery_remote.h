/*
 * What Celery's workers and their watchers tell each other: events, and
 * control requests with their replies.  Each is the body of an envelope.
 * Slices and strings live as celery.h says.
 */
#ifndef TQ_MESSAGE_CELERY_REMOTE_H
#define TQ_MESSAGE_CELERY_REMOTE_H

#include "message/celery.h"

/* ---- events ---------------------------------------------------------- */

/*
 * Any event; what its type does not carry is "not set" and not written.  In
 * one that was read, others has what is not known here.
 */
struct tq_celery_event {
	const char	*type;		/* "task-started", ... */
	const char	*hostname;	/* node */
	int64_t		 pid;
	int64_t		 clock;		/* Lamport; NONE: not set */
	int64_t		 utcoffset;	/* hours, positive west */
	tq_time		 timestamp;
	/* task-* */
	const char	*uuid, *name, *root_id, *parent_id;
	const char	*args, *kwargs;	/* reprs */
	int64_t		 retries;	/* NONE: not set */
	tq_time		 eta, expires;
	const char	*queue, *exchange, *routing_key;
	const char	*result;	/* repr, of task-succeeded */
	tq_time		 runtime;	/* NONE: not set */
	const char	*exception;	/* repr */
	struct tq_bytes	 traceback;	/* text */
	int		 terminated, expired, requeue;	/* of task-revoked and
					 * task-rejected; NONE: not set */
	struct tq_bytes	 signum;	/* JSON: number, name or null */
	/* worker-* */
	tq_time		 freq;		/* 0: not set */
	int64_t		 active, processed;
	double		 loadavg[3];
	const char	*sw_ident, *sw_ver, *sw_sys;
	const struct tq_celery_member *others;
	size_t		 nothers;
};

void	tq_celery_event_init(struct tq_celery_event *);
void	tq_celery_event_encode(struct tq_buf *,
	    const struct tq_celery_event *);
/* One event, a slice of checked JSON. */
int	tq_celery_event_decode(struct tq_celery_event *out,
	    struct tq_arena *mem, struct tq_bytes text, struct tq_err *);
/*
 * Events come singly or in a list (routing key task.multi): *out has *n
 * slices in mem.
 */
int	tq_celery_event_list(const struct tq_bytes **out, size_t *n,
	    struct tq_arena *mem, struct tq_bytes body, struct tq_err *);
/* The routing key: the type with . for each -. */
void	tq_celery_event_key(char *out, size_t size, const char *type);

/* ---- control --------------------------------------------------------- */

struct tq_celery_request {
	const char	*method;
	struct tq_bytes	 arguments;	/* object */
	const char *const *destination;	/* ndestination nodes; n 0: all */
	size_t		 ndestination;
	const char	*pattern, *matcher;	/* or NULL */
	const char	*ticket;	/* NULL: no answer is wanted */
	const char	*reply_exchange, *reply_key;
	/* headers */
	int64_t		 clock;		/* NONE: not set */
	tq_time		 expires;	/* 0: never */
};

void	tq_celery_request_init(struct tq_celery_request *);
int	tq_celery_request_decode(struct tq_celery_request *out,
	    struct tq_arena *mem, const struct tq_celery_envelope *,
	    const struct tq_celery_bounds *, struct tq_err *);
/* Headers and body; fanout exchange celery.pidbox is the caller's. */
int	tq_celery_request_wrap(struct tq_celery_envelope *out,
	    struct tq_arena *mem, const struct tq_celery_request *,
	    struct tq_err *);
/*
 * 1 if the request is for this node: named, matched by the pattern, or for
 * all.  A pattern of pcre other than ".*" is nobody's: 0.
 */
int	tq_celery_request_for(const struct tq_celery_request *,
	    const char *node);

struct tq_celery_reply {
	const char	*node;
	struct tq_bytes	 value;		/* JSON */
	const char	*ticket;
	int64_t		 clock;		/* NONE: not set */
};

int	tq_celery_reply_decode(struct tq_celery_reply *out,
	    struct tq_arena *mem, const struct tq_celery_envelope *,
	    const struct tq_celery_bounds *, struct tq_err *);
/* Addressed to exchange and key of the request. */
int	tq_celery_reply_wrap(struct tq_celery_envelope *out,
	    struct tq_arena *mem, const struct tq_celery_reply *,
	    const struct tq_celery_request *, struct tq_err *);

/* Values of replies: {"ok": text}, {"error": text}. */
void	tq_celery_value_ok(struct tq_buf *, const char *text);
void	tq_celery_value_error(struct tq_buf *, const char *text);

/* A task of `inspect active`, `reserved` and `query_task`. */
struct tq_celery_active {
	const struct tq_celery_task *task;
	const char	*node;
	const char	*exchange, *routing_key;
	int		 priority;
	tq_time		 start;		/* 0: not started */
	int		 acknowledged;
	int64_t		 pid;		/* 0: none */
	int		 safe;		/* args as reprs, not as values */
};
void	tq_celery_value_active(struct tq_buf *,
	    const struct tq_celery_active *);

/* `inspect stats`. */
struct tq_celery_stats {
	const struct tq_celery_total {
		const char	*name;
		int64_t		 n;
	}		*total;		/* ntotal tasks by name */
	size_t		 ntotal;
	int64_t		 pid, clock;
	tq_time		 uptime;
	int64_t		 jobs;		/* max-concurrency */
	int64_t		 jobs_min, jobs_max;	/* equal: no autoscaler */
	const int64_t	*processes;	/* nprocesses pids */
	size_t		 nprocesses;
	int64_t		 prefetch;
	const char	*transport, *hostname, *virtual_host;	/* broker */
	int64_t		 port;
	tq_time		 utime, stime;	/* rusage */
	int64_t		 maxrss;	/* bytes */
};
void	tq_celery_value_stats(struct tq_buf *,
	    const struct tq_celery_stats *);
/* An element of `inspect active_queues`. */
void	tq_celery_value_queue(struct tq_buf *, const char *queue,
	    const char *exchange, const char *routing_key);
/* Of `hello`: n revoked ids, each since when (seconds since 1970). */
void	tq_celery_value_hello(struct tq_buf *, const char *const *revoked,
	    const tq_time *when, size_t n, int64_t clock);
#endif
