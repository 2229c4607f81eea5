/* What a handle that has joined as a worker keeps. */
#ifndef TQ_REDIS_WORKER_H
#define TQ_REDIS_WORKER_H

#include <stdarg.h>

#include "backend/redis/message.h"
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

/* mail.c */
/* For the loop to read; -1: there are too many already. */
int	tq_redis_mail_add(struct tq_redis *, const char *fmt, ...)
	    __attribute__((__format__(__printf__, 2, 3)));
/* The loop is to kill one that runs, however many there are. */
void	tq_redis_mail_kill(struct tq_redis *, struct tq_redis_held *, int sig);
/* The next word of it: 1; 0 there is none. */
int	tq_redis_mail_take(struct tq_redis *, char *, size_t);

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
