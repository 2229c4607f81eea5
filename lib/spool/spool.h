/*
 * The spool: tasks and outcomes as bytes, kept in a directory, indexed in
 * shared memory.  What a task says beyond the fields here (its command,
 * environment, outcome) is bytes to this room; lib/message gives them sense.
 *
 * Calls return 0 or -1 with errno and *e as tq/tq.h promises.
 */
#ifndef TQ_SPOOL_SPOOL_H
#define TQ_SPOOL_SPOOL_H

#include <sys/types.h>

#include <tq/tq.h>

#include "base/id.h"
#include "spool/record.h"
#include "spool/relation.h"
#include "spool/table.h"

struct tq_spool;

/*
 * Open the spool in a directory, making it if it is not there.  flags:
 * TQ_OPEN_ONESHOT.  EPERM not ours, too open, a symbolic link; EPROTO of a
 * newer format, or no spool; EBUSY somebody uses a table we cannot see.
 */
int	tq_spool_open(struct tq_spool **out, const char *dir, unsigned flags,
	    struct tq_err *e);
void	tq_spool_close(struct tq_spool *sp);
const char *tq_spool_path(const struct tq_spool *sp);
/* Make a spool of that mode and group; EEXIST. */
int	tq_spool_init(const char *dir, mode_t mode, gid_t gid,
	    struct tq_err *e);

/* Digest of an id that is no UUIDv7, marked as version 8. */
void	tq_spool_digest(struct tq_uuid *out, const char *id);

/* ---- put -------------------------------------------------------------- */

/* What ties a task to others. */
struct tq_spool_ties {
	struct tq_relation rel;	/* KEY AFTER WHEN PIPE MEMBER GROUP; the rest
				 * is filled in */
	uint8_t		 on_key;	/* enum tq_on_key */
	int		 open;		/* a group: members come in later puts */
};

struct tq_spool_put {
	struct tq_uuid	 id;
	int		 fresh;		/* of tq_spool_make_id(): nobody has it */
	const char	*foreign;	/* the id if it is not a UUIDv7, or NULL */
	const char	*queue;
	uint8_t		 pri, flags;	/* TQ_PF_ONCE HOLD NORESULT KEEP */
	uint32_t	 uid;
	tq_time		 eta, expires, keep;
	struct tq_bytes	 ctx;		/* to be interned, n 0: none */
	struct tq_bytes	 head, body;
	int		 body_fd;	/* instead of body, or -1 */
	const struct tq_spool_ties *ties;	/* or NULL */
};

/*
 * Put n tasks as one transaction.  *which, on failure, is the number of the
 * task it is about.  Errors as tq_put_many(); those about another task that is
 * named leave its id in tq_spool_other(), which is all zeros otherwise.
 */
int	tq_spool_put(struct tq_spool *sp, const struct tq_spool_put *v,
	    size_t n, tq_time timeout, size_t *which, struct tq_err *e);
const struct tq_uuid *tq_spool_other(const struct tq_spool *sp);

/* A tick of a schedule, whose name is known by its digest. */
struct tq_spool_tick {
	struct tq_uuid	 id;
	tq_time		 last;		/* what must be known of it, 0: none */
	tq_time		 at, until;	/* as struct tq_tick has them */
};

/*
 * Put a task (NULL: none) and move a schedule on, in one transaction.  ESTALE
 * it stands elsewhere; else errors as tq_put().
 */
int	tq_spool_tick(struct tq_spool *sp, const struct tq_spool_tick *tick,
	    const struct tq_spool_put *v, tq_time timeout, struct tq_err *e);
/* Its last tick: 1, 0 and *at 0 none is known, -1. */
int	tq_spool_last(struct tq_spool *sp, const struct tq_uuid *id,
	    tq_time *at, struct tq_err *e);
/* Until what this handle wrote is durable by the policy. */
int	tq_spool_sync(struct tq_spool *sp, struct tq_err *e);
/* Until all that anybody wrote is durable, whatever the policy. */
int	tq_spool_flush(struct tq_spool *sp, struct tq_err *e);
/* The next id of this handle. */
void	tq_spool_make_id(struct tq_spool *sp, struct tq_uuid *out);
/* Largest body or output that stands in a record; the rest is files. */
size_t	tq_spool_inline_max(const struct tq_spool *sp);

/* ---- claim and settle -------------------------------------------------- */

struct tq_spool_got {
	uint32_t	 slot;
	struct tq_slot	 s;		/* as it stood after the claim */
	struct tq_rec	 rec;		/* its PUT or CARRY; views, see below */
	struct tq_bytes	 ctx;		/* interned bytes */
	int		 retries;	/* rule of its queue, -1: it has none */
	struct tq_rules	 rules;		/* its other rules */
	struct tq_bytes	 units;		/* of shared resources, as UNITS says */
	char		 queue[TQ_NAME_MAX + 1];
};

/*
 * Claim the next task of take's queues: 1, 0 nothing within the timeout, -1.
 * Views into *out are good until the next call on sp.
 */
int	tq_spool_claim(struct tq_spool *sp, const struct tq_take *take,
	    struct tq_spool_got *out, struct tq_err *e);
/* An open descriptor of the body file of a task, -1 when there is none. */
int	tq_spool_body(struct tq_spool *sp, const struct tq_uuid *id,
	    struct tq_err *e);
/*
 * End an attempt.  end->state, when, meta, out, err, out_size, err_size are
 * the caller's; outputs too long for a record come as descriptors in fd[0]
 * and fd[1] (-1: none), and taken[i] is set when the file itself was taken.
 */
int	tq_spool_settle(struct tq_spool *sp, const struct tq_uuid *id,
	    uint32_t hint, unsigned attempt, struct tq_rec_end *end,
	    const int fd[2], int taken[2], unsigned flags, struct tq_err *e);
int	tq_spool_renew(struct tq_spool *sp, const struct tq_uuid *id,
	    uint32_t hint, unsigned attempt, tq_time lease, struct tq_err *e);

/*
 * Let others see the words of a running attempt whose claim had that capture
 * number; at most TQ_PROGRESS_MAX bytes.
 */
int	tq_spool_report(struct tq_spool *sp, const struct tq_uuid *id,
	    unsigned attempt, unsigned capture, const char *words, size_t n,
	    struct tq_err *e);

/* ---- looking ----------------------------------------------------------- */

/* What keeps a ready task back, where people give it a name. */
struct tq_spool_gate {
	struct tq_uuid	 busy;		/* who holds its lane, zeros: nobody */
	int		 unoffered;	/* no worker has what it needs */
	uint64_t	 lacking;	/* hash of the resource that none has enough
					 * of, 0: not together with the others */
};

/* Why there is nothing to see of an end. */
#define TQ_DAMAGED_END	"its outcome is damaged"

struct tq_spool_look {
	struct tq_slot	 s;
	struct tq_rec	 rec;		/* its PUT or CARRY */
	int		 has_end, damaged; /* damaged: it cannot be read */
	struct tq_rec_end end;		/* its newest outcome */
	struct tq_bytes	 ctx;
	char		 queue[TQ_NAME_MAX + 1];
	struct tq_uuid	 id;
	int		 pid;		/* of its owner, 0 none */
	uint16_t	 row;
	char		 host[65];
	const char	*why;		/* not running because, NULL: it may */
	struct tq_uuid	 after;		/* BLOCKED: one that it waits for */
	int		 has_after;
	/* set by who looks: names of that one, and of what caused its end */
	const char	*waits, *cause;
	char		 why_text[64];	/* what that is, where it is made */
	struct tq_spool_gate gate;
};

/*
 * Look at one task: 1, 0 unknown.  Views are good until the next call.  With
 * attempt not 0 the outcome is that attempt's; has_end 0 when it is gone.  damaged: there is an
 * outcome of the newest attempt, and its record is lost.
 */
int	tq_spool_look(struct tq_spool *sp, const struct tq_uuid *id,
	    unsigned attempt, struct tq_spool_look *out, struct tq_err *e);
/* Which of n ids a put would refuse. */
int	tq_spool_known(struct tq_spool *sp, const struct tq_uuid *ids, size_t n,
	    unsigned char *known, struct tq_err *e);
/* What the running attempt has said last, its length; 0: nothing. */
size_t	tq_spool_reported(struct tq_spool *sp, const struct tq_spool_look *,
	    char buf[TQ_PROGRESS_MAX]);
/*
 * Ids that end in a tail (lower-case hex and dashes): how many there are, at
 * most 2 of them in out.
 */
int	tq_spool_tail(struct tq_spool *sp, const char *tail,
	    struct tq_uuid out[2], struct tq_err *e);
/* Ids of all tasks of the queues (n 0: all) and states, in order of put. */
int	tq_spool_ids(struct tq_spool *sp, const char *const *queues, size_t n,
	    unsigned states, struct tq_uuid **out, size_t *count,
	    struct tq_err *e);
/* Ids of the unended tasks of a key: two at most. */
int	tq_spool_keyed(struct tq_spool *sp, const char *key,
	    struct tq_uuid **out, size_t *n, struct tq_err *e);
/* A task whose output others may want: it, or what replaced it. */
struct tq_spool_source {
	struct tq_uuid	 id;
	uint32_t	 number;	/* in its group */
	uint8_t		 state;
	int		 group;		/* it is one */
	tq_lsn		 put, end;
};
/* The task of an id.  ENOENT. */
int	tq_spool_source(struct tq_spool *sp, const struct tq_uuid *id,
	    struct tq_spool_source *out, struct tq_err *e);
/* The members of a group in order; n 0 for another task.  Free *out. */
int	tq_spool_sources(struct tq_spool *sp, const struct tq_uuid *group,
	    struct tq_spool_source **out, size_t *n, struct tq_err *e);

struct tq_spool_output {
	struct tq_rec_end end;		/* views good until the next call */
	int		 fd;		/* its stdout if that is a file, or -1 */
};
/*
 * What its last attempt left that ran to its end, however that was: 0; 1 there
 * is none; -1.
 */
int	tq_spool_output(struct tq_spool *sp, const struct tq_spool_source *from,
	    struct tq_spool_output *out, struct tq_err *e);
/* The first n bytes of its head; how many there are, -1. */
ssize_t	tq_spool_head(struct tq_spool *sp, const struct tq_spool_source *from,
	    unsigned char *out, size_t n, struct tq_err *e);
/* A file without a name in the spool. */
int	tq_spool_scratch(struct tq_spool *sp, struct tq_err *e);

/* Read a body or output; see tq_read(). */
ssize_t	tq_spool_read(struct tq_spool *sp, const struct tq_uuid *id,
	    unsigned attempt, enum tq_stream stream, uint64_t off, void *buf,
	    size_t n, struct tq_err *e);
/* Wait for ends; see tq_wait(). */
int	tq_spool_wait(struct tq_spool *sp, const struct tq_uuid *ids, size_t n,
	    size_t count, tq_time timeout, enum tq_state *ended, size_t *which,
	    struct tq_err *e);
int	tq_spool_wait_idle(struct tq_spool *sp, const char *const *queues,
	    size_t n, tq_time timeout, struct tq_err *e);
int	tq_spool_queues(struct tq_spool *sp,
	    int (*each)(const struct tq_queue_info *, void *), void *arg,
	    struct tq_err *e);
int	tq_spool_workers(struct tq_spool *sp,
	    int (*each)(const struct tq_worker_info *, void *), void *arg,
	    struct tq_err *e);
/*
 * Call each for every record after *at (0: the tail), with the task's slot as
 * far as it is known and its queue's name.  As tq_events().
 */
int	tq_spool_events(struct tq_spool *sp, uint64_t *at, tq_time timeout,
	    int (*each)(const struct tq_rec *, const char *queue, void *),
	    void *arg, struct tq_err *e);

/* ---- changing ---------------------------------------------------------- */

/*
 * Do a verb on tasks by id; *changed rises by how many it changed.  A task
 * that is in no state for it is left alone; an unknown one is ENOENT.
 */
int	tq_spool_act(struct tq_spool *sp, enum tq_verb verb,
	    const struct tq_uuid *ids, size_t n, const char *value,
	    unsigned flags, uint64_t *changed, size_t *which,
	    struct tq_err *e);
/* What a transfer to another broker leaves on tasks here; see transfer.c. */
#define TQ_BRIEF	64		/* bytes at most */
struct tq_spool_transfer {
	uint32_t	 mark;		/* of the place they go to, not 0 */
	struct tq_bytes	 meta;		/* of the outcome of those that went */
	struct tq_bytes	 brief;		/* the same on a full disk: TQ_BRIEF */
};
/*
 * Of n tasks, HOLD marks those that may go and are not marked yet, RELEASE
 * takes the mark off again and REVOKE ends what has it; others are left alone,
 * unknown ones too.  With TQ_DO_FORCE the mark of another place goes.
 * Until sp is closed no other handle may do it: EBUSY.
 */
int	tq_spool_transfer(struct tq_spool *sp, enum tq_verb verb,
	    const struct tq_uuid *ids, size_t n,
	    const struct tq_spool_transfer *tr, unsigned flags,
	    uint64_t *changed, struct tq_err *e);
/* PAUSE RESUME CLOSE OPEN RMQ on a queue. */
int	tq_spool_act_queue(struct tq_spool *sp, enum tq_verb verb,
	    const char *queue, unsigned flags, uint64_t *changed,
	    struct tq_err *e);
int	tq_spool_set(struct tq_spool *sp, const char *queue, const char *name,
	    const char *value, struct tq_err *e);
int	tq_spool_settings(struct tq_spool *sp, const char *queue,
	    int (*each)(const char *, const char *, int, void *), void *arg,
	    struct tq_err *e);
/* Retire what can be retired, unlink files that no record names. */
int	tq_spool_gc(struct tq_spool *sp, uint64_t *changed, struct tq_err *e);
int	tq_spool_check(struct tq_spool *sp, unsigned flags,
	    void (*each)(const char *, void *), void *arg, struct tq_err *e);

/* ---- being a worker ---------------------------------------------------- */

int	tq_spool_join(struct tq_spool *sp, const struct tq_take *take,
	    unsigned jobs, struct tq_err *e);
void	tq_spool_status(struct tq_spool *sp, const struct tq_worker_state *);
int	tq_spool_sleep(struct tq_spool *sp, const struct tq_take *take,
	    tq_time *next, struct tq_err *e);
int	tq_spool_fd(struct tq_spool *sp);
int	tq_spool_mail(struct tq_spool *sp, char *buf, size_t size);
int	tq_spool_send(struct tq_spool *sp, const char *name, const char *words,
	    unsigned *sent, struct tq_err *e);
int	tq_spool_capture(struct tq_spool *sp, unsigned capture,
	    enum tq_stream stream, char *path, size_t size, struct tq_err *e);
int	tq_spool_sweep(struct tq_spool *sp, struct tq_err *e);

#endif
