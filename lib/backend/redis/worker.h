/* What a handle that has joined as a worker keeps. */
#ifndef TQ_REDIS_WORKER_H
#define TQ_REDIS_WORKER_H

#include <stdarg.h>

#include "backend/redis/names.h"
#include "backend/redis/redis.h"
#include "base/once.h"

#define TQ_REDIS_MAILS	32

/* A worker that answered, of whichever kind. */
struct tq_redis_peer {
	char		 name[128];
	char		 queues[512];
	int		 pid;
	unsigned	 jobs;
	tq_time		 since;		/* wall */
	uint64_t	 claims, pong;
	tq_time		 seen;		/* CLOCK_MONOTONIC */
	int		 is_tq;		/* it has a note of its own */
};

struct tq_redis_worker {
	unsigned	 jobs, jobs_min, jobs_max;
	tq_time		 since;		/* wall */
	char		 status[64], limits[48];
	int64_t		 rss;
	uint64_t	 pong;
	char		 queue[TQ_QUEUES_MAX][TQ_NAME_MAX + 1];
	size_t		 nqueues;
	struct tq_redis_names names;	/* of tasks */
	uint64_t	 claims, done, failed;
	tq_time		 noted;		/* CLOCK_MONOTONIC */
	int		 ticking;
	tq_time		 asked;		/* the second connection for a sign */
	unsigned	 asked_of;	/* which opening of it */
	unsigned	 watched;	/* opening of the second connection */
	struct tq_once	 refused;	/* why ends are, as it was said */
	/* words for the loop */
	char		 mail[TQ_REDIS_MAILS][512];
	unsigned	 first, nmails;
	int		 kills;		/* some of those held are to be killed */
	/* remote control and events */
	int		 control;	/* answer it */
	int		 events;	/* tell of tasks */
	tq_time		 beat;		/* CLOCK_MONOTONIC */
	int64_t		 clock;		/* Lamport */
};

/* note.c */
/* Write our note, when it has changed or is growing old. */
int	tq_redis_note(struct tq_redis *, int changed, struct tq_err *);

/* worker.c */
void	tq_redis_worker_free(struct tq_redis *);
int	tq_redis_option(void *b, const char *name, const char *value,
	    struct tq_err *);
int	tq_redis_join(void *b, const struct tq_take *, unsigned jobs,
	    struct tq_err *);
void	tq_redis_status(void *b, const struct tq_worker_state *);
int	tq_redis_fd(void *b);
int	tq_redis_sleep(void *b, const struct tq_take *, tq_time *next,
	    struct tq_err *);
int	tq_redis_mail(void *b, char *, size_t, struct tq_err *);
int	tq_redis_workers(void *b, int (*each)(const struct tq_worker_info *,
	    void *), void *arg, struct tq_err *);
/* mail.c */
/* For the loop to read; -1: there are too many already. */
int	tq_redis_mail_add(struct tq_redis *, const char *fmt, ...)
	    __attribute__((__format__(__printf__, 2, 3)));
/* The loop is to kill one that runs, however many there are. */
void	tq_redis_mail_kill(struct tq_redis *, struct tq_redis_held *, int sig);
/* The next word of it: 1; 0 there is none. */
int	tq_redis_mail_take(struct tq_redis *, char *, size_t);
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

/* ask.c */
int	tq_redis_send(void *b, const char *name, const char *words,
	    unsigned *sent, struct tq_err *);
/* Let workers know of revoked ids; kill: those that run are ended, too. */
int	tq_redis_tell_revoked(struct tq_redis *, const char *const *ids,
	    size_t n, int kill, struct tq_err *);
/* An envelope, addressed already, as text in r->buf; 0 or -1. */
int	tq_redis_seal(struct tq_redis *, struct tq_celery_envelope *);
/* Ask all workers who they are: r->peers. */
int	tq_redis_meet(struct tq_redis *, struct tq_err *);
/* What we know of one, made if it is new; NULL: no memory. */
struct tq_redis_peer *tq_redis_peer(struct tq_redis *, const char *name);

/* event.c */
/* "worker-online", "worker-offline", "worker-heartbeat". */
void	tq_redis_event_worker(struct tq_redis *, const char *type);
/* A heartbeat, if it is time. */
void	tq_redis_event_beat(struct tq_redis *);
/* Something that happened to a held task, if anybody wants to know. */
void	tq_redis_event_task(struct tq_redis *, const char *type,
	    const struct tq_redis_held *, const struct tq_redis_read *,
	    const struct tq_outcome *);
#endif
