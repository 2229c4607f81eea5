/*
 * libtq: put tasks into a broker, claim them, settle them, and read what
 * became of them.
 *
 * A handle (struct tq) belongs to one thread; several handles may be open.
 * The library never exits, prints or aborts, and all its descriptors are
 * close-on-exec.  Calls return 0, or -1 with errno set and *e filled (e may
 * be NULL); questions return 1 or 0, or -1.  Timeouts are lengths of time:
 * 0 does not wait, TQ_FOREVER has no limit.
 *
 * errno values promised: EAGAIN nothing now; ETIMEDOUT; ENOENT no such id,
 * queue or worker; EEXIST id taken; ESTALE the claim is no longer yours;
 * ENOSPC queue, disk or table full; EMSGSIZE too big; EINVAL bad argument;
 * EBADMSG damaged; ENOTSUP not in this broker; EPROTO other format or
 * version; EPERM not allowed by mode, owner or setting; EBUSY somebody holds
 * it; EIO unknown whether done; ECONNREFUSED broker not reachable.
 */
#ifndef TQ_TQ_H
#define TQ_TQ_H

#include <sys/types.h>

#include <tq/task.h>
#include <tq/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tq;

/* ---- handles --------------------------------------------------------- */

#define TQ_OPEN_ONESHOT	0x01	/* a process of a few calls: sync every put */
#define TQ_OPEN_AWAY	0x02	/* of a remote broker, when none answers: open
				 * the last; what it is asked for fails with
				 * ECONNREFUSED or ETIMEDOUT until it is back */
#define TQ_OPEN_LOOK	0x04	/* nothing is going to be changed */
#define TQ_OPEN_THERE	0x08	/* no spool is made */

/*
 * Open the broker at url and the result store at results.
 *
 *	url	"spool:", "spool:/dir", "null:", "redis://..."; a value with a
 *		'/' and no scheme is a spool directory; NULL: $TQ_BROKER, then
 *		"spool:".  Several separated by blanks: the first that answers
 *	results	the same for the result store; NULL: $TQ_RESULTS, then the
 *		broker itself
 *
 * A spool that does not exist is made, or with TQ_OPEN_LOOK or TQ_OPEN_THERE is
 * ENOENT.  The caller ends with tq_close().
 * ECONNREFUSED no broker answers, ENOTSUP no module for the scheme, EPERM,
 * EPROTO, EBUSY a spool that cannot be used (the sentence says why).
 */
int	tq_open(struct tq **out, const char *url, const char *results,
	    unsigned flags, struct tq_err *e);
/* Close and free; NULL is allowed; keeps errno. */
void	tq_close(struct tq *);
/* The URL in use, without a password; valid until tq_close(). */
const char *tq_url(const struct tq *);
/* The queue that is meant where none is named; valid until tq_close(). */
const char *tq_queue(const struct tq *);
/* Directory of the spool in use, NULL for another broker. */
const char *tq_spool_dir(const struct tq *);

/* ---- put ------------------------------------------------------------- */

/*
 * Put one task; *out gets its id.  When this returns 0 the task is where the
 * broker promises to keep it (on disk, for a spool of policy full).  timeout
 * is how long to wait while the queue is full.
 *
 * EEXIST the id is known already (*out is it), or another task has its key
 * (*out is that one); ENOSPC full (nothing was put); EPERM the queue is closed;
 * ENOENT no such queue, where they do not come into being, or no task that it
 * waits for; EMSGSIZE; EINVAL; EIO the sync failed: unknown whether it was put,
 * put again under the same id.
 */
int	tq_put(struct tq *, const struct tq_task *, tq_time timeout,
	    struct tq_id *out, struct tq_err *);
/*
 * Put n tasks (at most TQ_BATCH_MAX) whole or not at all; out has room for n
 * ids.  Errors as tq_put().  A batch too big in bytes is EMSGSIZE: put it in
 * two halves.
 */
int	tq_put_many(struct tq *, const struct tq_task *, size_t n,
	    tq_time timeout, struct tq_id *out, struct tq_err *);
/* known[i] is 1 if a put of ids[i] is EEXIST now, for its id; ENOTSUP. */
int	tq_known(struct tq *, const char *const *ids, size_t n,
	    unsigned char *known, struct tq_err *);
/*
 * Is what was put under the id of t this task?  By what it runs, not by how or
 * when.  1; 0 it is another, or there is none; ENOTSUP.
 */
int	tq_same(struct tq *, const struct tq_task *t, struct tq_err *);
/*
 * Wait until everything this handle wrote is durable by the spool's policy.
 * EIO: the disk failed.  What was written since may be lost, which is unknown;
 * the spool takes no more changes until every handle of it is closed.
 */
int	tq_sync(struct tq *, struct tq_err *);

/* ---- schedules ------------------------------------------------------- */

/*
 * A tick of a schedule.  The broker knows the last tick of each and moves it
 * on in the transaction that puts the task.  So of all who have the same
 * schedule one puts each tick, whoever dies when, and whatever the clock does.
 */
struct tq_tick {
	const char	*schedule;	/* its name, as an id is written */
	tq_time		 last;		/* the last tick as tq_last() said */
	tq_time		 at;		/* this one; any number but 0 */
	tq_time		 until;		/* after this the broker may forget */
};

/*
 * Put a task (NULL: none, only move the schedule on) for a tick; *out gets the
 * id.  ESTALE: the last tick is not t->last, somebody else was faster;
 * nothing was put.  Other errors as tq_put(), and ENOSPC: too many schedules.
 */
int	tq_tick(struct tq *, const struct tq_tick *t, const struct tq_task *,
	    tq_time timeout, struct tq_id *out, struct tq_err *);
/* The last tick of a schedule: 1, 0 and *at 0 when none is known, -1. */
int	tq_last(struct tq *, const char *schedule, tq_time *at,
	    struct tq_err *);

/* ---- outcome --------------------------------------------------------- */

/* How an attempt ended, or how a task stands. */
struct tq_outcome {
	/*
	 * TQ_SUCCESS, TQ_FAILURE, TQ_REVOKED: final.  TQ_RETRY: again at
	 * `when`.  TQ_READY: handed back, the attempt not counted.
	 */
	enum tq_state	 state;
	unsigned	 flags;		/* TQ_OUTCOME_* */
	int		 status;	/* 0-255 as a shell says it, -1: none */
	int		 signal;	/* that killed it, 0: none */
	tq_time		 when;		/* TQ_RETRY: earliest next start */
	const char	*why;		/* reason for people, or NULL */
	const char	*type;		/* name of an exception, or NULL */
	struct tq_bytes	 result;	/* JSON value that it returned; n 0: what
					 * it wrote to stdout is the result; of
					 * an exception: its arguments */
	struct tq_bytes	 out, err;	/* what it wrote */
	/*
	 * Instead of out and err, files that hold them from offset 0, or -1.
	 * They are read or linked, never closed; after a settle that returned
	 * 0 the caller may truncate and use them again unless
	 * taken_out or taken_err says that the file itself was taken.
	 */
	int		 out_fd, err_fd;
	int		 taken_out, taken_err;
	/* what it used */
	tq_time		 user, sys;	/* CPU time */
	int64_t		 maxrss;	/* bytes */
	/*
	 * What it put itself, for the results of Celery: a JSON array of ids,
	 * or of result tuples; n 0: nothing is known.
	 */
	struct tq_bytes	 children;
};

/* A "try later": TQ_RETRY or TQ_FAILURE that is no failed attempt for -r. */
#define TQ_OUTCOME_LATER	0x01
/* The middle of its output is not there: it was more than is kept. */
#define TQ_OUTCOME_CUT		0x02
/* What it wrote to stdout is one JSON value: its result where one is wanted. */
#define TQ_OUTCOME_JSON		0x04
/*
 * TQ_SUCCESS: it did not end, `result` runs in its place and under its id: a
 * signature, as only brokers of Celery have them; or null, nothing does.
 */
#define TQ_OUTCOME_REPLACED	0x08

/* Set *o to "no status, no files" in the given state. */
void	tq_outcome_init(struct tq_outcome *o, enum tq_state);

/* ---- claim and settle ------------------------------------------------ */

/* Names one attempt of one task; hint speeds the look-up and may be 0. */
struct tq_ref {
	struct tq_id	 id;
	unsigned	 attempt;
	uint32_t	 hint;
};

/* Parse "id/attempt" as tqget -L prints it.  EINVAL. */
int	tq_ref_parse(struct tq_ref *out, const char *token, struct tq_err *);

/*
 * Units of a resource that a claimer has for tasks that need some; "slot" is
 * its places.
 */
struct tq_offer {
	const char	*name;
	unsigned	 total, free;
};
#define TQ_OFFERS_MAX	8

/* What to claim. */
struct tq_take {
	const char	*queue[TQ_QUEUES_MAX];	/* none: the default queue */
	unsigned	 weight[TQ_QUEUES_MAX];	/* all 0: in the order given */
	size_t		 nqueues;
	tq_time		 timeout;
	tq_time		 lease;		/* 0: while this handle lives */
	unsigned	 capture;	/* number of the capture files, 0: none */
	const struct tq_offer *offer;	/* noffers of them */
	size_t		 noffers;
	/* 0 if the claimer has nothing that runs the task: its end is told to
	 * who follows events, its start is not; NULL: it runs all */
	int		(*runs)(const void *runs_arg, const struct tq_task *);
	const void	*runs_arg;
};

/*
 * What becomes of an attempt that did not succeed, where its task does not
 * say: the queue's rules.  A bit of the lists is bit status % 64 of word
 * status / 64.
 */
struct tq_rules {
	tq_time		 backoff;	/* longest first delay of a retry */
	tq_time		 backoff_cap;	/* no delay is longer */
	unsigned	 factor;	/* of each next one, in thousandths */
	unsigned	 later;		/* "try later" ends of one task */
	uint64_t	 permanent[4];	/* statuses not worth a retry */
	uint64_t	 temporary[4];	/* statuses that mean "try later" */
};

/* Set *r to the rules that hold where nobody has set any. */
void	tq_rules_init(struct tq_rules *r);

/* A claimed task.  Reuse one for many claims. */
struct tq_claim {
	struct tq_ref	 ref;
	struct tq_task	 task;		/* borrowed from mem */
	unsigned	 capture;	/* as in the take that claimed it */
	unsigned	 crashes;	/* workers that died with it */
	unsigned	 laters;	/* "try later" ends so far */
	unsigned	 failures;	/* failed attempts so far, for -r */
	struct tq_rules	 rules;		/* of its queue */
	const char *const *units;	/* "gpu=0,3": nunits resources that all
					 * workers share, and what it has */
	size_t		 nunits;
	tq_time		 put, start;
	/* JSON objects of its message, if it came as one of Celery; or none */
	struct tq_bytes	 headers, properties, embed;
	void		*mem;		/* private */
	size_t		 size;
};

void	tq_claim_init(struct tq_claim *);
void	tq_claim_fini(struct tq_claim *);	/* frees; does not settle */

/*
 * Claim the next task.  1: *c holds it; 0: nothing within the timeout; -1.
 * The claim holds until it is settled, until its lease passes, or until this
 * handle is closed or its process dies; then another worker gets the task.
 * c->task.body_fd, if not -1, belongs to the claim and is closed by the next
 * tq_claim() into it or tq_claim_fini().
 */
int	tq_claim(struct tq *, const struct tq_take *, struct tq_claim *c,
	    struct tq_err *);
/*
 * Say how an attempt ended; the outcome and its output are stored as one.
 * ESTALE: the claim had passed to somebody else, or the task had ended;
 * nothing was changed.  With TQ_SETTLE_SYNC it returns when the outcome is
 * durable, otherwise at once (nobody is told before it is durable).
 */
int	tq_settle(struct tq *, const struct tq_ref *, struct tq_outcome *,
	    unsigned flags, struct tq_err *);
#define TQ_SETTLE_SYNC	0x01
/* Let the lease of a claim end `lease` from now.  ESTALE. */
int	tq_renew(struct tq *, const struct tq_ref *, tq_time lease,
	    struct tq_err *);

/*
 * Show a sign of life for all that this handle holds without a lease of its
 * own: a remote broker cannot see that its process lives.  Claiming, settling
 * and being a worker do it too.  Returns how long until it must be shown
 * again, TQ_FOREVER: never.
 */
tq_time	tq_alive(struct tq *);

/* What a running attempt says of itself. */
struct tq_report {
	const char	*state;		/* a name of its own for where it is, or
					 * NULL; letters, digits and _.- */
	struct tq_bytes	 text;		/* a line; behind a state JSON, or n 0 */
};

/*
 * Let others see what the attempt of a claim says; the newest counts, and it
 * is forgotten when the attempt ends.  The claim must have been made with a
 * capture number.  EINVAL, EMSGSIZE over TQ_PROGRESS_MAX bytes in all,
 * ENOTSUP.
 */
int	tq_report(struct tq *, const struct tq_claim *,
	    const struct tq_report *, struct tq_err *);

/* ---- looking --------------------------------------------------------- */

/* All that is known of one task.  Pointers are borrowed from mem. */
struct tq_info {
	struct tq_id	 id;
	enum tq_state	 state;
	struct tq_task	 task;		/* body_fd is always -1 */
	uint64_t	 body_size;
	uint32_t	 mark;		/* TQ_HELD for a transfer: which, 0 not */
	int		 held_before;	/* and it was held then */
	struct tq_outcome end;		/* of the last ended attempt; out and
					 * err are not set, see sizes below */
	uint64_t	 out_size, err_size;
	int		 cut;		/* output was cut: it did not fit */
	unsigned	 attempt, crashes, laters, failures;
	tq_time		 put, eta, start, end_time;
	tq_time		 until;		/* result kept until, 0: no limit */
	const char	*why;		/* why it is not running, or ended so */
	const char	*progress;	/* what the running attempt said last, or
					 * NULL: "text", or "STATE json" */
	char		 worker[96];	/* name of the worker that holds it */
	int		 pid;		/* of that worker, 0: none */
	char		 host[65];
	void		*mem;		/* private */
	size_t		 size;
};

void	tq_info_init(struct tq_info *);
void	tq_info_fini(struct tq_info *);

/*
 * Find the task of an id or, with TQ_FIND_TAIL, of an unambiguous tail of
 * four or more characters of one made by tq.  1 and *out filled, 0 unknown,
 * -1 (EINVAL: the tail is ambiguous; the sentence names two of the ids).
 */
int	tq_stat(struct tq *, const char *id, unsigned flags,
	    struct tq_info *out, struct tq_err *);
#define TQ_FIND_TAIL	0x01
/*
 * As attempt n (1 to 65535) left it: the outcome is that attempt's, and so is
 * the state, TQ_FAILURE if it was tried again.  ENOENT: nothing is kept of it.
 */
#define TQ_FIND_ATTEMPT(n)	((unsigned)(n) << 8)

/*
 * Say which n tasks will be found next, so that a server is asked for all of
 * them at once: until this is called again, with 0 of them in the end, each is
 * found as it stood now.  Where that is of no use it does nothing.
 */
int	tq_stat_ahead(struct tq *, const char *const *ids, size_t n,
	    struct tq_err *);

/* Which tasks; what is NULL or 0 does not restrict. */
struct tq_select {
	const char *const *queues;
	size_t		 nqueues;
	unsigned	 states;	/* 1 << enum tq_state, or'ed */
	const char	*key;
	const char	*label;
	const char *const *ids;		/* full ids */
	size_t		 nids;
	const char	*group;		/* members of it, in their order */
};

/*
 * Call each for every selected task, in order of its put or, with ids, in the
 * order of those; stops early when it returns non-zero and returns that.  The
 * info is valid during the call only.  Tasks that come or go meanwhile may or
 * may not be seen; one that stays is seen once.
 */
int	tq_list(struct tq *, const struct tq_select *,
	    int (*each)(const struct tq_info *, void *), void *arg,
	    struct tq_err *);

/*
 * Wait until `count` of the n tasks have ended (0: all).  ended[i], if ended
 * is not NULL, becomes the task's state once it has.  Only outcomes that are
 * durable count.  1 done, 0 the timeout ran out, -1: ENOENT an id is unknown
 * (named).
 */
int	tq_wait(struct tq *, const char *const *ids, size_t n, size_t count,
	    tq_time timeout, enum tq_state *ended, struct tq_err *);
/*
 * Wait until n queues have nothing ready, started, retry, blocked, delayed.
 * 1 they have not, 0 the timeout ran out, -1: ENOENT no such queue.
 */
int	tq_wait_idle(struct tq *, const char *const *queues, size_t n,
	    tq_time timeout, struct tq_err *);

enum tq_stream { TQ_STDIN = 0, TQ_STDOUT = 1, TQ_STDERR = 2 };

/*
 * Read up to n bytes at offset off of a task's body (TQ_STDIN) or of what an
 * attempt wrote (attempt 0: the last one).  While it runs this is what there
 * is so far.  Returns the bytes read, 0 at the end, -1: ENOENT.
 */
ssize_t	tq_read(struct tq *, const char *id, unsigned attempt,
	    enum tq_stream, uint64_t off, void *buf, size_t n,
	    struct tq_err *);

/* In place of a number below: this broker does not count that. */
#define TQ_UNCOUNTED	UINT64_MAX

/* One queue.  Pointers are borrowed for the call that shows it. */
struct tq_queue_info {
	const char	*name;
	int		 paused, closed;
	uint64_t	 count[TQ_NSTATES];	/* tasks by state, kept ends too */
	uint64_t	 puts, claims, successes, failures;	/* ever */
	uint64_t	 bytes;			/* of unended tasks */
	tq_time		 oldest;		/* put of the first ready one, 0:
					 * there is none, or it is not known */
	uint64_t	 workers, sleeping;	/* that serve it */
};
/*
 * Call each for every queue; stops early when it returns non-zero and returns
 * that.  Otherwise 0, or -1.
 */
int	tq_queues(struct tq *, int (*each)(const struct tq_queue_info *,
	    void *), void *arg, struct tq_err *);

/* One worker: a handle that claims.  Pointers are borrowed, as of a queue. */
struct tq_worker_info {
	const char	*name;		/* host.pid.row */
	const char	*host;
	int		 pid;
	tq_time		 since;
	const char	*queues;	/* separated by commas */
	unsigned	 jobs, running, sleeping;
	uint64_t	 claims, done, failed;
	const char	*status;	/* free text the worker set */
	const char	*limits;	/* what keeps the limits of its tasks, as
					 * it says: "rlimit", "cgroup ..." */
	int64_t		 rss;		/* bytes of memory it says it takes */
	uint64_t	 pong;		/* number of the last ping it answered */
	const char *const *ids;		/* ids of running tasks */
	size_t		 nids;
};
/* The same for every worker that joined.  ENOTSUP. */
int	tq_workers(struct tq *, int (*each)(const struct tq_worker_info *,
	    void *), void *arg, struct tq_err *);

/*
 * Something that happened.  Numbers rise; those of the broker's housekeeping
 * are left out.
 */
enum tq_event_type {
	TQ_EV_PUT = 1, TQ_EV_CLAIM, TQ_EV_END, TQ_EV_ALTER, TQ_EV_SET,
	TQ_EV_FORGET
};
struct tq_event {
	uint64_t	 seq;
	tq_time		 time;
	enum tq_event_type type;
	struct tq_id	 id;		/* "" for TQ_EV_SET */
	enum tq_state	 state;		/* after it */
	unsigned	 attempt;	/* UINT_MAX: not known */
	const char	*queue;		/* or NULL */
	const char	*why;		/* reason, or "name=value" of a setting */
	int		 status;	/* TQ_EV_END, -1: none */
};
/*
 * Call each for every event after the place *seq (0: from now on) and move
 * *seq on; waits up to timeout for the first.  Returns the number seen, or what
 * each returned if not 0 (then negative is that), -1 on error.
 */
int	tq_events(struct tq *, uint64_t *seq, tq_time timeout,
	    int (*each)(const struct tq_event *, void *), void *arg,
	    struct tq_err *);

/* ---- changing -------------------------------------------------------- */

enum tq_verb {
	/* on tasks: by ids or selectors */
	TQ_DO_HOLD = 1, TQ_DO_RELEASE, TQ_DO_REVOKE, TQ_DO_FORGET, TQ_DO_RETRY,
	TQ_DO_MOVE,		/* value: the queue */
	TQ_DO_PRI,		/* value: 0-9 */
	TQ_DO_KILL,		/* value: signal name or NULL */
	TQ_DO_SEAL,		/* a group put with TQ_TASK_OPEN is complete */
	/* on queues: sel->queues */
	TQ_DO_PAUSE, TQ_DO_RESUME, TQ_DO_CLOSE, TQ_DO_OPEN, TQ_DO_RMQ,
	TQ_DO_PURGE,
	/* on the broker */
	TQ_DO_GC, TQ_DO_FLUSH
};
#define TQ_DO_FORCE	0x01	/* retry a success; rmq with tasks in it; release
				 * and revoke what a transfer holds */
/*
 * Of a spool, by ids: let tasks go to the place that value names.  HOLD keeps
 * those that may go from starting and marks them, but not those that another
 * place is marked for, unless forced; RELEASE gives back what is marked for
 * value; REVOKE ends it, for it is there.  From the first of these, which may
 * be one of no ids, until this handle is closed others get EBUSY.
 */
#define TQ_DO_TRANSFER	0x02

/*
 * Do a verb to what is selected; *changed gets how many it changed (NULL
 * allowed).  Durable when it returns.  An empty selection is EINVAL, an id
 * that is unknown ENOENT (named, nothing else undone).
 */
int	tq_do(struct tq *, enum tq_verb, const struct tq_select *,
	    const char *value, unsigned flags, uint64_t *changed,
	    struct tq_err *);

/*
 * Set a setting of a queue (NULL: of the broker), durably; tq(7) lists them.
 * EINVAL no such setting, or no value that it can have; ENOTSUP.
 */
int	tq_set(struct tq *, const char *queue, const char *name,
	    const char *value, struct tq_err *);
/*
 * Its value in words into buf, NUL-terminated: 1 set, 0 the default, -1: EINVAL
 * no such setting, ENOENT no such queue.
 */
int	tq_get(struct tq *, const char *queue, const char *name, char *buf,
	    size_t size, struct tq_err *);
/*
 * Call each for every setting, defaults (is_set 0) included; stops early as
 * tq_queues().
 */
int	tq_settings(struct tq *, const char *queue, int (*each)(const char *name,
	    const char *value, int is_set, void *), void *arg,
	    struct tq_err *);

/*
 * Verify the whole broker; each is called with a sentence for every finding.
 * Returns the number of damaged places found, -1 on error.  What is damaged is
 * copied aside and passed over by whoever reads it; TQ_CHECK_SALVAGE writes the
 * rest again, so that it is found no more.  Of a server that keeps its own files
 * a finding is what its settings do not promise, and is not counted.
 */
int	tq_check(struct tq *, unsigned flags, void (*each)(const char *,
	    void *), void *arg, struct tq_err *);
#define TQ_CHECK_SALVAGE 0x01

/* Make a spool for sharing: mode 0700 or 2770, group or -1.  EEXIST. */
int	tq_init(const char *dir, mode_t mode, gid_t gid, struct tq_err *);

/* ---- being a worker -------------------------------------------------- */

/*
 * What a long-lived worker adds to tq_claim(): a descriptor to poll and
 * mails from tqctl.
 */

/*
 * Announce this handle as a worker for take->queue with `jobs` places, so that
 * tq_workers() shows it and puts ring it, until it is closed.
 */
int	tq_worker_join(struct tq *, const struct tq_take *, unsigned jobs,
	    struct tq_err *);
/*
 * Before joining: how this worker is to be.  "node" its name; "events" yes or
 * no, to tell of what happens to tasks; "control" no, to obey nobody;
 * "tasks" the names it has handlers for, with commas between, "*" is any.
 * ENOTSUP: this broker knows no such thing; EINVAL.
 */
int	tq_worker_set(struct tq *, const char *name, const char *value,
	    struct tq_err *);
/* What a worker says of itself in tq_workers(). */
struct tq_worker_state {
	unsigned	 jobs;		/* places it has */
	unsigned	 jobs_min, jobs_max;	/* that it may have, 0: as now */
	const char	*status;	/* text, at most 63 bytes */
	const char	*limits;	/* text, at most 47 bytes, or NULL */
	int64_t		 rss;		/* bytes, 0: not known */
	uint64_t	 pong;		/* of the last mail "ping n" */
};
void	tq_worker_status(struct tq *, const struct tq_worker_state *);
/*
 * Prepare to sleep: 1 when the handle is registered and nothing was ready at
 * that moment (poll tq_worker_fd() until *next at the latest), 0 when
 * something is ready: claim it; -1.  *next is the time, by the wall clock, of
 * the next timer or second look, never more than 1 s ahead.
 *
 * With NULL for take, as who has no place free: it waits for no task, and is
 * rung for none.  1; *next is when to come again, for what the handle wrote is
 * to be durable a moment later.
 */
int	tq_worker_sleep(struct tq *, const struct tq_take *, tq_time *next,
	    struct tq_err *);
/* Descriptor that becomes readable on a ring; -1 when there is no bell. */
int	tq_worker_fd(struct tq *);
/*
 * Take one mail: its words into buf ("ping 7", "stop", "grow 2", "shrink 1",
 * "kill ID SIGNAL"; to who has said what "tasks" it has also "scale MIN MAX",
 * "serve QUEUE", "leave QUEUE", "limit NAME SOFT HARD"); rings are swallowed.
 * 1 a mail, 0 none, -1.
 */
int	tq_worker_mail(struct tq *, char *buf, size_t size, struct tq_err *);
/* Send one to the named worker, or with NULL to all: to *sent.  ENOENT. */
int	tq_worker_send(struct tq *, const char *name, const char *words,
	    unsigned *sent, struct tq_err *);
/*
 * Where this worker is to write what the attempt of a capture number, 1 and up,
 * writes to stdout or stderr, for others to follow: a path of at most size
 * bytes with its NUL.  0 or -1, ENOTSUP.
 */
int	tq_worker_capture(struct tq *, unsigned capture, enum tq_stream,
	    char *path, size_t size, struct tq_err *);
/* Hand back what dead workers held, now.  Returns how many, or -1. */
int	tq_worker_sweep(struct tq *, struct tq_err *);

/* Where a worker keeps what it took and may not start yet: not on the broker. */
struct tq_holder {
	/*
	 * Keep the text until due, durably, under a token, 1 to TQ_ID_MAX
	 * bytes, that was never used before; retry: it has been tried
	 * already.  0 or -1: then the broker keeps it.
	 */
	int	(*keep)(void *arg, const char *token, tq_time due, int retry,
		    struct tq_bytes text, struct tq_err *);
	void	*arg;
};
/*
 * From now on; *h lives as long as the handle.  name becomes a name of the
 * broker, to tell by it what was kept for which.  ENOTSUP.
 */
int	tq_worker_hold(struct tq *, const struct tq_holder *h,
	    char name[TQ_NAME_MAX + 1], struct tq_err *);
/*
 * Give back what was kept and is due.  1 it is the broker's again; 0 the broker
 * has it, and this copy is void; -1: EAGAIN that is not settled yet.
 */
int	tq_worker_release(struct tq *, const char *token,
	    struct tq_bytes text, struct tq_err *);

/* ---- handlers in this process ---------------------------------------- */

/* A task in the hands of a handler. */
struct tq_call {
	struct tq	*tq;		/* to put others, and to tell progress;
					 * it must not claim */
	const struct tq_claim *claim;	/* its task is claim->task */
	struct tq_outcome *end;		/* to be filled: out, err, result, type,
					 * why; a state that is set counts
					 * instead of the status */
	void		*arg;		/* of the handler */
};

struct tq_handler {
	const char	*name;		/* of its tasks; NULL: of all that no
					 * other names, bodies included */
	/*
	 * Run the task and return its exit status, 0 to 255, which is read as
	 * tqrun(1) reads that of a program.  What *end points to must last
	 * until the next call.
	 */
	int		(*run)(struct tq_call *);
	void		*arg;
};

struct tq_work {
	struct tq_take	 take;		/* what to claim; timeout, lease and
					 * capture are not looked at */
	const struct tq_handler *handlers;
	size_t		 nhandlers;
	int		 retries;	/* of tasks that do not say it */
	uint64_t	 count;		/* leave after so many, 0: never */
	tq_time		 idle;		/* leave when nothing came for so long;
					 * TQ_FOREVER: never */
	const volatile int *stop;	/* leave when it is not 0, or NULL; a
					 * handler of signals may set it */
	/* what it did */
	uint64_t	 done, failed;	/* ended in success, in failure */
};

/*
 * Be a worker: claim tasks, call their handlers in this process, settle what
 * they make of them, one after another, until told to leave or until the mail
 * "stop".  A task without a handler fails as NotRegistered.
 *
 * 0; -1: the broker failed, and what was claimed goes to another worker when
 * the handle is closed.  EINVAL no handlers.
 */
int	tq_work(struct tq *, struct tq_work *, struct tq_err *);

#ifdef __cplusplus
}
#endif
#endif
