/*
 * A handle on Redis: a broker that speaks Celery's language, a result store,
 * or both.
 *
 * What it takes it holds: the message stands in `unacked` under a tag of ours
 * until its end is settled in the same script that says what follows from it
 * (script.c).  A held one is
 *
 *	        take                claim              settle
 *	list ----------> TAKEN ----------> CLAIMED ----------> ENDING --> gone
 *	 ^                 |                  |    reply lost: sent again
 *	 `----- restore <--'------------------'
 *
 * TAKEN and not asked for within a moment goes back; so does all of it when
 * the handle is closed or its lease passes.
 */
#ifndef TQ_REDIS_REDIS_H
#define TQ_REDIS_REDIS_H

#include <sys/queue.h>

#include <tq/backend.h>

#include "backend/redis/conn.h"
#include "backend/redis/place.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/id.h"
#include "message/celery.h"
#include "message/celery_plan.h"

#define TQ_REDIS_TAG_MAX	80
#define TQ_REDIS_TAG		"tq."	/* what ours begin with */
#define TQ_REDIS_DEAD_MAX	100000	/* dead letters kept */
#define TQ_REDIS_DEAD_TEXT	16384	/* bytes kept of one that is longer */

enum tq_redis_stage { TQ_REDIS_TAKEN, TQ_REDIS_CLAIMED, TQ_REDIS_ENDING };

/* Small: what a message says is read again when it is needed. */
struct tq_redis_held {
	TAILQ_ENTRY(tq_redis_held) link;
	struct tq_redis	*r;
	enum tq_redis_stage stage;
	unsigned	 users;		/* it is not freed yet */
	int		 dropped;	/* it is out of the list */
	int		 lost;		/* it is somebody else's by now */
	int		 seen;		/* by the server: what it asks for */
	char		 tag[TQ_REDIS_TAG_MAX];
	char		 queue[TQ_NAME_MAX + 1];
	char		*text;		/* the message, n bytes */
	size_t		 n;
	tq_time		 taken;		/* CLOCK_MONOTONIC */
	tq_time		 lease;		/* asked for with the claim, 0: ours */
	/* CLAIMED */
	struct tq_id	 id;
	unsigned	 attempt, crashes, laters;
	int		 revoked;	/* while it ran: it is being killed */
	int		 kill;		/* by this signal; the loop is not told yet */
	int		 asked;		/* its end was lost on the way there or
					 * back: if it is gone, that came */
	tq_time		 put, start;	/* wall, 0: not known */
	/* ENDING */
	struct tq_redis_cmd end;	/* to be sent again after a loss */
	int		 posted;
	int		 refused;	/* by the server, the last time */
};
TAILQ_HEAD(tq_redis_list, tq_redis_held);

struct tq_redis {
	struct tq_redis_place place;	/* of the broker, or of a lone store */
	struct tq_redis_place results;	/* of the results */
	char		*query;		/* of the URL, or NULL */
	int		 is_store;	/* nothing but results */
	int		 apart;		/* results are on another server */
	unsigned	 flags;		/* TQ_OPEN_* */
	struct tq_redis_conn main;	/* to the broker */
	struct tq_redis_conn store;	/* to the database of the results */
	struct tq_redis_conn sub;	/* channels of the broker */
	struct tq_redis_conn listen;	/* channels of results */
	struct tq_redis_cmd listens;	/* to these; n is 0: to none */
	size_t		 unsure;	/* how many are to be confirmed */
	struct tq_redis_ahead *ahead;	/* what many tasks were found as, or NULL */
	tq_time		 sure_by;	/* CLOCK_MONOTONIC */
	struct tq_redis_conn events_in;	/* channels of events */

	struct tq_uuid_maker ids;
	char		 host[65];
	char		 node[128];	/* "tq@host": our name to Celery */
	char		 origin[96];	/* "gen123@host" */
	const char	*usual;		/* queue of what is sent nowhere else */
	const struct tq_celery_route *routes;	/* TQ_ROUTES */
	size_t		 nroutes;
	struct tq_arena	 kept;		/* what lives as long as the handle */
	struct tq_arena	 mem;		/* of one call */
	struct tq_buf	 buf;
	struct tq_redis_cmd cmd, look;

	/* what is held, the oldest first */
	struct tq_redis_list held;
	size_t		 ntaken, nending;
	uint32_t	 rotor;		/* of draws among queues */
	/* of the end that is being written, or NULL */
	const struct tq_redis_read *ending;
	const char	*keep_id, *tag;
	tq_time		 keep;
	const struct tq_buf *letter;	/* that sets it aside, but for its end */
	char		 untold[TQ_WHY_MAX];	/* whom it could not tell */
	const struct tq_holder *holder;	/* of what waits, or NULL: the server */
	struct tq_err	 refused;	/* why the server did not take one */
	int		 stale;		/* the last end came too late */
	uint64_t	 ntags;		/* made so far */
	char		 stem[48];	/* of our tags */
	tq_time		 renewed;	/* CLOCK_MONOTONIC */

	/* of a result that is read piece by piece (store.c) */
	struct tq_buf	 stream;
	char		 stream_of[TQ_ID_MAX + 32];	/* whose, or "" */

	struct tq_redis_open *open;	/* groups that are being put, or NULL */

	/* taking */
	tq_time		 due;		/* of the next delayed one, wall, 0 */
	tq_time		 opens;		/* when a rate lets one start, wall, 0 */
	int		 past;		/* leases of others have passed */
	tq_time		 swept;		/* CLOCK_MONOTONIC */
	unsigned	 batch;		/* to take at once */
	tq_time		 last_take;	/* CLOCK_MONOTONIC */
	int		 lean;		/* it gave less than it was asked for */
	int		 drained;	/* so it left its lists empty */
	int		 quiet;		/* so they were seen when we slept, and
					 * nobody rang since */
	char		 revision[24];	/* of tq.revoked, as we know it */
	char		**revoked;	/* ids, sorted */
	size_t		 nrevoked;

	/* waiting */
	int		 paused;	/* messages there are not for us now */
	int		 more;		/* the script did not get to the end */
	char		 bell[24];	/* tq.bell, as the last take saw it */
	struct {
		unsigned long asked;	/* main.asked behind it; 0: nothing */
		long long lists;	/* that are not empty */
		int	 dated;		/* due was told */
		tq_time	 due;		/* of the next delayed one, wall, 0 */
		char	 bell[24];
		struct tq_err e;	/* why they were not told; num 0 */
	}		 view;		/* what we were shown when we looked */
	int		 no_tracking;	/* the server cannot ring us */
	int		 sub_ready;	/* channels to be confirmed */
	long long	 sub_id;	/* of our second connection */
	unsigned	 tracked_main, tracked_sub;	/* which openings */
	int		 epoll, timer;	/* -1 until asked for */

	/* who else is there (ask.c) */
	struct tq_redis_peer *peers;
	size_t		 npeers;
	char		 ticket[37];	/* of our own last question */
	tq_time		 peers_at;	/* CLOCK_MONOTONIC, 0: never asked */

	/* losing and finding the server */
	unsigned	 failures;	/* in a row */
	tq_time		 retry;		/* not before, CLOCK_MONOTONIC */
	tq_time		 grace;		/* nor take from others, who may still
					 * be on their way back to the server */
	tq_time		 heard;		/* last sign of the second one */

	int		 events, no_control;	/* of the worker to be */
	char		*tasks;		/* names it has handlers for, with
					 * commas, or NULL */
	struct tq_redis_worker *worker;	/* after join, or NULL */
};

/* link.c */
/*
 * Connect for the first time; with TQ_OPEN_AWAY a server that cannot be reached
 * may come later.
 */
int	tq_redis_connect(struct tq_redis *, struct tq_redis_conn *,
	    struct tq_err *);
/*
 * See that there is a connection; after a loss it is tried again with growing
 * pauses.  ETIMEDOUT: not yet; ECONNREFUSED: for a worker this means for good.
 */
int	tq_redis_ready(struct tq_redis *, struct tq_err *);
int	tq_redis_ready_store(struct tq_redis *, struct tq_err *);
/* What an operation of a worker returns that came to rv. */
int	tq_redis_hope(struct tq_redis *, int rv, struct tq_err *);

/* held.c */
struct tq_redis_held *tq_redis_held_add(struct tq_redis *, const char *tag,
	    const char *queue, const char *text, size_t n);
void	tq_redis_held_drop(struct tq_redis *, struct tq_redis_held *);
/* An answer may drop it: keep what it is until done; 1 if it is still held. */
void	tq_redis_held_use(struct tq_redis_held *);
int	tq_redis_held_done(struct tq_redis_held *);
struct tq_redis_held *tq_redis_held_find(struct tq_redis *,
	    const struct tq_ref *);

/* site.c */
/* Read the environment.  EINVAL names TQ_ROUTES and the line. */
int	tq_redis_site_open(struct tq_redis *, struct tq_err *);
/*
 * Fill in what the planner asks about the site; from: the queue of the message
 * that has ended, or NULL.
 */
void	tq_redis_site(const struct tq_redis *, struct tq_celery_site *,
	    const char *from);
/* The queue that an exchange leads to by that key; NULL on failure. */
const char *tq_redis_bound_queue(struct tq_redis *, struct tq_arena *,
	    const char *exchange, const char *key, struct tq_err *);
/* Names of queues that Celery or tq has declared, sorted, in mem. */
int	tq_redis_queue_names(struct tq_redis *, const char *const **out,
	    size_t *n, struct tq_arena *mem, struct tq_err *);

/* revoke.c: which ids must not start */
int	tq_redis_learn_revoked(struct tq_redis *, const char *revision,
	    struct tq_err *);
int	tq_redis_is_revoked(const struct tq_redis *, const char *id);
void	tq_redis_forget_revoked(struct tq_redis *);
int	tq_redis_revoke(struct tq_redis *, const char *const *ids, size_t n,
	    struct tq_err *);
/* The mark of a stamp, name and value in JSON; NULL: ENOMEM. */
const char *tq_redis_mark(struct tq_arena *mem, struct tq_bytes name,
	    struct tq_bytes value);
void	tq_redis_marks_sort(const char **mark, size_t n);
/* How many of n sorted ids are marks, which stand first. */
size_t	tq_redis_marks(char *const *sorted, size_t n);
/* 1 if it has a stamp with one of n sorted marks; with one that is revoked. */
int	tq_redis_is_marked(struct tq_arena *mem, const struct tq_celery_task *,
	    const char *const *mark, size_t n);
int	tq_redis_is_stamped(const struct tq_redis *, struct tq_arena *mem,
	    const struct tq_celery_task *);

/* output.c */
/* What a task wrote, into its end; flags of what is cut are set. */
int	tq_redis_output(struct tq_redis *, struct tq_celery_end *,
	    struct tq_outcome *, struct tq_err *);
#endif
