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

/* handle.c */
int	tq_redis_open(void **b, const struct tq_url *, unsigned flags,
	    struct tq_err *);
int	tq_redis_open_store(void **b, const struct tq_url *, unsigned flags,
	    struct tq_err *);
int	tq_redis_results(void *b, const struct tq_url *, unsigned flags,
	    struct tq_err *);
void	tq_redis_close(void *b);
/* ---- link.c ---------------------------------------------------------- */

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

/* ---- keyname.c: names of keys, in mem; NULL: ENOMEM --------------------- */

/* Up to five pieces as one string. */
const char *tq_redis_glue(struct tq_arena *, const char *, const char *,
	    const char *, const char *, const char *);
const char *tq_redis_list_key(const struct tq_redis_place *,
	    struct tq_arena *, const char *queue, int priority);
/* How many bytes of a list's name, behind the prefix, are that of its queue. */
size_t	tq_redis_list_queue(const struct tq_redis_place *, const char *list);
/*
 * Two words: the set of the bindings of an exchange, and one from a key to the
 * queue that is called like it and `more`.
 */
void	tq_redis_binding(struct tq_redis_cmd *, const struct tq_redis_place *,
	    const char *exchange, const char *key, const char *more);
/* The queue of "key SEP pattern SEP queue", which is cut, or NULL. */
char	*tq_redis_binding_cut(const struct tq_redis_place *, char *member,
	    char **pattern);
#define TQ_REDIS_EXPIRES	"86400"	/* result_expires of Celery, s */

/* Of results: "celery-task-meta-ID", "celery-taskset-meta-GID". */
const char *tq_redis_meta_key(const struct tq_redis *, struct tq_arena *,
	    const char *id);
const char *tq_redis_group_key(const struct tq_redis *, struct tq_arena *,
	    const char *gid);
const char *tq_redis_own_key(const struct tq_redis *, struct tq_arena *,
	    const char *name);

/*
 * The prefix as the beginning of a pattern, into 2 * TQ_REDIS_PREFIX_MAX + 1
 * bytes at least; its length.
 */
size_t	tq_redis_glob(char *out, const char *prefix);

/* ---- step.c ---------------------------------------------------------- */

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

/* ---- site.c ---------------------------------------------------------- */

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
/* A message's text: what the planner sends, addressed to a queue. */
int	tq_redis_message(struct tq_redis *, struct tq_arena *,
	    struct tq_bytes *out, const struct tq_celery_task *,
	    const char *queue, int priority, tq_time now, struct tq_err *);

/* ---- stage.c: a put of many messages ---------------------------------- */

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

/* ---- open.c: a group whose members come in several puts ---------------- */

/* 1 the tasks are kept until their group is sealed; 0 they are none of it. */
int	tq_redis_open_take(struct tq_redis *, const struct tq_task *, size_t n,
	    struct tq_id *out, struct tq_err *);
/* These groups are whole; with the last of them all is put. */
int	tq_redis_open_seal(struct tq_redis *, const struct tq_select *,
	    uint64_t *n, struct tq_err *);
void	tq_redis_open_drop(struct tq_redis *);

/* put.c */
void	tq_redis_make_ids(struct tq_redis *, const struct tq_task *, size_t n,
	    struct tq_id *out);
/* Bodies in files as bytes: *out is t, or a copy of it in mem. */
int	tq_redis_read_bodies(const struct tq_task **out, struct tq_arena *mem,
	    const struct tq_task *t, size_t n, struct tq_err *);
/* Put n tasks under ids, made or chosen, that are in out already. */
int	tq_redis_put_named(struct tq_redis *, const struct tq_tick *,
	    const struct tq_task *, size_t n, struct tq_id *out,
	    struct tq_err *);
int	tq_redis_put(void *b, const struct tq_task *, size_t n,
	    tq_time timeout, struct tq_id *out, struct tq_err *);
int	tq_redis_known(void *b, const char *const *ids, size_t n,
	    unsigned char *known, struct tq_err *);
/* same.c */
int	tq_redis_same(void *b, const struct tq_task *, struct tq_err *);
/* put.c */
int	tq_redis_tick(void *b, const struct tq_tick *, const struct tq_task *,
	    tq_time timeout, struct tq_id *out, struct tq_err *);
int	tq_redis_last(void *b, const char *schedule, tq_time *at,
	    struct tq_err *);

/* message.c: what a held text says, all of it in mem. */
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

/* held.c */
struct tq_redis_held *tq_redis_held_add(struct tq_redis *, const char *tag,
	    const char *queue, const char *text, size_t n);
void	tq_redis_held_drop(struct tq_redis *, struct tq_redis_held *);
/* An answer may drop it: keep what it is until done; 1 if it is still held. */
void	tq_redis_held_use(struct tq_redis_held *);
int	tq_redis_held_done(struct tq_redis_held *);
struct tq_redis_held *tq_redis_held_find(struct tq_redis *,
	    const struct tq_ref *);
/* tend.c */
/* Ends whose answer was lost with a connection. */
int	tq_redis_post_again(struct tq_redis *, struct tq_err *);
int	tq_redis_sync(void *b, struct tq_err *);
/*
 * Once in a while: renew what we hold, send again what was not answered, give
 * back what nobody asked for.
 */
int	tq_redis_tend(struct tq_redis *, struct tq_err *);
/* sweep.c */
/* Put back what others held too long.  How many, or -1. */
int	tq_redis_sweep(void *b, struct tq_err *);
tq_time	tq_redis_alive(void *b);
int	tq_redis_renew(void *b, const struct tq_ref *, tq_time lease,
	    struct tq_err *);

/* settle.c */
int	tq_redis_settle(void *b, const struct tq_ref *, struct tq_outcome *,
	    unsigned flags, struct tq_err *);
/* output.c: what it wrote, into its end; flags of what is cut are set. */
int	tq_redis_output(struct tq_redis *, struct tq_celery_end *,
	    struct tq_outcome *, struct tq_err *);
/*
 * Settle what is held, whoever holds it: by its tag.  What follows and cannot
 * be said to a server is left off: no end is kept back for that.
 */
int	tq_redis_end(struct tq_redis *, struct tq_redis_held *,
	    const struct tq_redis_read *, const struct tq_outcome *,
	    unsigned flags, struct tq_err *);
/*
 * count.c: the plan of the end of members of chords.  On one server it is
 * carried out, and h is gone; on two they are counted, and the plan is as long
 * as it will be.  ESTALE: the claim has passed to somebody else.
 */
int	tq_redis_count(struct tq_redis *, struct tq_redis_held *,
	    struct tq_celery_plan *, const struct tq_celery_site *,
	    struct tq_err *);
/* Give it back as it is, no attempt counted. */
int	tq_redis_back(struct tq_redis *, struct tq_redis_held *,
	    struct tq_err *);
/* Back into a list, or to what waits, with another text. */
int	tq_redis_requeue(struct tq_redis *, struct tq_redis_held *,
	    const char *text, size_t n, int priority, tq_time eta,
	    struct tq_err *);
/* End it without a trace. */
int	tq_redis_drop(struct tq_redis *, struct tq_redis_held *,
	    struct tq_err *);
/* Into the dead letters; its end, if it can be told of one. */
int	tq_redis_bury(struct tq_redis *, struct tq_redis_held *,
	    const char *why, struct tq_err *);
/* letter.c: all of a dead letter but its end. */
void	tq_redis_letter(struct tq_redis *, struct tq_buf *,
	    const struct tq_redis_held *, const char *why);
/* The step of an end that sets it aside, if it is one. */
void	tq_redis_bury_add(struct tq_redis *, struct tq_redis_cmd *);
/* Wait until its time comes, on the server. */
int	tq_redis_delay(struct tq_redis *, struct tq_redis_held *, int priority,
	    tq_time due, struct tq_err *);

/*
 * claim.c: make a claim of what was taken: 1; 0 it was seen to without one
 * (poison, revoked, not due yet, Celery's own); -1 it is still there.
 */
int	tq_redis_prepare(struct tq_redis *, struct tq_redis_held *,
	    const struct tq_take *, struct tq_claim *, struct tq_err *);

/* take.c */
int	tq_redis_claim(void *b, const struct tq_take *, struct tq_claim *,
	    struct tq_err *);

/* When something may start that may not now, wall; 0: not known. */
tq_time	tq_redis_next(const struct tq_redis *);

/* limit.c: caps and rates */
int	tq_redis_set(void *b, const char *queue, const char *name,
	    const char *value, struct tq_err *);
int	tq_redis_settings(void *b, const char *queue, int (*each)(const char *,
	    const char *, int, void *), void *arg, struct tq_err *);
/* Say of a ready one which limit keeps it back. */
int	tq_redis_limit_explain(struct tq_redis *, struct tq_info *,
	    struct tq_arena *mem, struct tq_err *);
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
int	tq_redis_end_stored(struct tq_redis *, const struct tq_redis_held *,
	    const struct tq_redis_read *, const struct tq_outcome *,
	    struct tq_err *);
/* What is stored of a task that another one replaces. */
int	tq_redis_plan_replaced(struct tq_redis *, struct tq_celery_plan *,
	    const struct tq_redis_read *, const char *queue, const char *by,
	    struct tq_err *);
/* As the end of a chord_unlock: metas are of what it waits for. */
int	tq_redis_end_unlock(struct tq_redis *, struct tq_redis_held *,
	    const struct tq_redis_read *, const struct tq_bytes *metas,
	    size_t n, struct tq_err *);
/* Its worker died; it is given back, or it has had enough. */
int	tq_redis_died(struct tq_redis *, struct tq_redis_held *,
	    struct tq_err *);
/* Give it back with a past. */
int	tq_redis_return(struct tq_redis *, struct tq_redis_held *,
	    const struct tq_redis_read *, unsigned crashes, unsigned laters,
	    struct tq_err *);
int	tq_redis_sweep_due(const struct tq_redis *);

/* leak.c: let go what somebody has that is nowhere */
int	tq_redis_look_after(struct tq_redis *, struct tq_err *);

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

/* worker.c: who has it, why it is not running */
int	tq_redis_explain(struct tq_redis *, struct tq_info *, const char *tag,
	    struct tq_err *);

/* sub.c: the second connection */
int	tq_redis_sub_open(struct tq_redis *, struct tq_err *);

/* ---- local.c: what waits is kept by the worker ---------------- */

/*
 * Give a message that waits to the worker's holder, and add the step that says
 * so to cmd, a transaction of the tag: 1; 0 there is none, or it did not take
 * it.
 */
int	tq_redis_local_add(struct tq_redis *, struct tq_redis_cmd *,
	    const char *tag, const char *id, tq_time due, int retry,
	    const char *list, struct tq_bytes text);
/* away.c */
/* 1 if some worker keeps the message of this id. */
int	tq_redis_is_local(struct tq_redis *, const char *id, struct tq_err *);
/*
 * Go through them, or look for the one of an id: 1 it is in *info; 0; -1.  What
 * *info borrows is in mem.
 */
int	tq_redis_away(struct tq_redis *, const char *id, struct tq_info *info,
	    struct tq_arena *mem, int (*each)(const struct tq_info *, void *),
	    void *arg, struct tq_err *);
int	tq_redis_local_hold(void *b, const struct tq_holder *,
	    char name[TQ_NAME_MAX + 1], struct tq_err *);
int	tq_redis_local_release(void *b, const char *token, struct tq_bytes,
	    struct tq_err *);

/* store.c */
/* The meta of a task, in mem; none: {NULL, 0}. */
int	tq_redis_meta_get(struct tq_redis *, struct tq_bytes *out,
	    struct tq_arena *, const char *id, struct tq_err *);
int	tq_redis_stat(void *b, const char *id, unsigned flags,
	    struct tq_info *, struct tq_err *);
int	tq_redis_wait(void *b, const char *const *ids, size_t n, size_t count,
	    tq_time timeout, enum tq_state *ended, struct tq_err *);
ssize_t	tq_redis_read_stream(void *b, const char *id, unsigned attempt,
	    enum tq_stream, uint64_t off, void *, size_t, struct tq_err *);
/* That it has started, as Celery's task_track_started; told, not waited for. */
void	tq_redis_report_start(struct tq_redis *, const struct tq_claim *);
int	tq_redis_report(void *b, const struct tq_claim *,
	    const struct tq_report *, struct tq_err *);
int	tq_redis_store_put(void *b, const struct tq_claim *,
	    struct tq_outcome *, struct tq_err *);

/* follow.c */
int	tq_redis_events(void *b, uint64_t *seq, tq_time timeout,
	    int (*each)(const struct tq_event *, void *), void *arg,
	    struct tq_err *);

/* list.c: what stands on the broker */
int	tq_redis_list(void *b, const struct tq_select *,
	    int (*each)(const struct tq_info *, void *), void *arg,
	    struct tq_err *);
/* The same of what is held or waits, and stands in no list. */
int	tq_redis_list_unready(struct tq_redis *, const struct tq_select *,
	    int (*each)(const struct tq_info *, void *), void *arg,
	    struct tq_err *);
/* ahead.c: tq_stat_ahead(); few ids are looked for one by one. */
int	tq_redis_ahead(void *b, const char *const *ids, size_t n,
	    struct tq_err *);
void	tq_redis_ahead_end(struct tq_redis *);
/* queue.c */
int	tq_redis_queues(void *b, int (*each)(const struct tq_queue_info *,
	    void *), void *arg, struct tq_err *);
int	tq_redis_wait_idle(void *b, const char *const *queues, size_t n,
	    tq_time timeout, struct tq_err *);
/* spot.c: where tasks stand */
struct tq_redis_spot {
	const char	*where;		/* "list", "wait"; NULL: it is held */
	const char	*key;		/* of the list; tag of the others */
	enum tq_state	 state;
	size_t		 of;		/* which of several ids it is */
	struct tq_id	 id;
	char		 queue[TQ_NAME_MAX + 1];
	struct tq_bytes	 text;
};
struct tq_redis_spots {
	struct tq_redis_spot *v;	/* n of them; to be freed */
	size_t		 n, cap;
	struct tq_arena	*mem;		/* what they point to */
};
/* Add what is selected, or with an id that one. */
int	tq_redis_spot(struct tq_redis *, struct tq_redis_spots *,
	    const struct tq_select *, const char *id, struct tq_err *);
/* Add those of n ids that stand somewhere, in the order of the ids. */
int	tq_redis_spot_ids(struct tq_redis *, struct tq_redis_spots *,
	    const char *const *ids, size_t n, struct tq_err *);
/* act.c */
int	tq_redis_act(void *b, enum tq_verb, const struct tq_select *,
	    const char *value, unsigned flags, uint64_t *changed,
	    struct tq_err *);
/* find.c */
/* Find a task that has not ended: 1 and *out, all in mem; 0; -1. */
int	tq_redis_find(struct tq_redis *, const char *id, struct tq_info *out,
	    struct tq_arena *mem, struct tq_err *);
int	tq_redis_find_body(struct tq_redis *, const char *id,
	    struct tq_bytes *out, struct tq_arena *mem, struct tq_err *);

/* wait.c */
/* Sleep until something may be there: at most until then (CLOCK_MONOTONIC). */
int	tq_redis_doze(struct tq_redis *, const struct tq_take *,
	    tq_time until, struct tq_err *);
/* Post what tq_redis_watch() asks, behind a take that may find nothing. */
int	tq_redis_look_too(struct tq_redis *, const struct tq_take *,
	    struct tq_err *);
/* See that the server rings us when one of the queues is written to: the
 * number of messages there, or -1. */
int	tq_redis_watch(struct tq_redis *, const struct tq_take *,
	    struct tq_err *);
#endif
