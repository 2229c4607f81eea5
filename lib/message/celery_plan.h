/*
 * What is owed to Celery, as a plan (pure): results to store, messages to
 * send, chords to count.  A worker owes it for an attempt that has ended, a
 * producer for tasks that it puts.  The message, the outcome, the time and
 * what the site is like are arguments; a backend carries the plan out.
 *
 * A claimed message:
 *
 *	tq_celery_look() --RUN--> a worker runs what it says --+
 *	        |  '------END--> there is nothing to run ------+
 *	      LOOK                                             v
 *	        |                                      tq_celery_settle()
 *	        v                                              |
 *	tq_celery_unlock(metas) -------------------------------+
 *	                                                       v
 *	           for each part of a chord: if the chord is complete with it,
 *	           tq_celery_chord(its members) lengthens the plan
 *	                                                       |
 *	                                                       v
 *	           all parts recorded, all steps in their order, and the end of
 *	           the claim, as one
 *
 * What holds when a worker dies at any instruction:
 *
 *  1.  The recording of parts, all steps and the end of the claim are one
 *	transaction: either the message is still claimed and comes back, or
 *	all is done.  Where a store is apart from the broker it is one for
 *	each, the end of the claim last.
 *  2.  It is refused (ESTALE) when the claim has passed to somebody else.
 *  3.  Recording a part replaces what its task recorded before.  A part that
 *	was recorded by an attempt that then died is recorded again by the
 *	next one, and counts once.
 *  4.  An id of a message that has none yet is derived from the id of the
 *	task that sends it, so a second run of the same message sends the
 *	same ids.  A step with TQ_CELERY_ONCE is left out when that message,
 *	known by its delivery tag, sent that id before in the last day.
 *	Another message may send it again: a client may use a frozen
 *	signature twice.
 *
 * Recording a part: take from the sorted set `.j` the members of the same
 * score that begin as `head` does; add `member` with `score`; set its time to
 * live.  The chord is complete when `.s` is there, and as many different task
 * ids are in `.j` as `.s` and `.t` say.  Then all members, by score, and the
 * group's own meta (`celery-taskset-meta-GID`, if there is one) are for
 * tq_celery_chord().  With such a meta more ids are enough, too: Celery 5.2
 * writes too small an `.s` when a chain in the header ends in a group, but the
 * meta names all members, and tq_celery_chord() plans nothing until they are
 * there.  Where recording is a transaction of its own, a member that runs again
 * completes no chord, but that which saw it complete before (remember which,
 * with a time to live).
 *
 * What follows from a message can be carried out: a plan of over 120,000 steps
 * or 256 MiB is one that the message asked for in vain (a group of thousands,
 * each with a body of megabytes), and fails its task as what cannot be obeyed.
 *
 * Steps live in the plan's arena and borrow from the message and the outcome.
 */
#ifndef TQ_MESSAGE_CELERY_PLAN_H
#define TQ_MESSAGE_CELERY_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include <tq/tq.h>

#include "base/arena.h"

struct tq_celery_envelope;
struct tq_celery_task;

/* ---- what the planner may not ask for itself ------------------------- */

/* Messages for tasks whose name matches a glob(7) go to a queue. */
struct tq_celery_route {
	const char	*glob, *queue;
};

struct tq_celery_site {
	tq_time		 now;		/* wall clock */
	const char	*origin;	/* of what is sent: "gen123@host" */
	const char	*worker;	/* name of this node, or NULL */
	const char	*queue;		/* where no route leads elsewhere */
	const char	*from;		/* where the message was taken, NULL:
					 * where its envelope says */
	const struct tq_celery_route *routes;	/* the first that matches */
	size_t		 nroutes;
	unsigned	 flags;		/* TQ_CELERY_SITE_* */
};
/* The result store cannot count: a chord is watched by celery.chord_unlock. */
#define TQ_CELERY_SITE_UNLOCK	0x01
/* Metas tell name, args, worker, ...: result_extended. */
#define TQ_CELERY_SITE_EXTENDED	0x02
/* All workers are tq's (workers=tq): they obey the header `tq`. */
#define TQ_CELERY_SITE_TQ	0x08
/* Of priorities in messages 0 is the most urgent (Redis), not 9. */
#define TQ_CELERY_SITE_ZERO_FIRST 0x10

/* ---- the plan -------------------------------------------------------- */

enum tq_celery_do {
	TQ_CELERY_STORE,	/* result `text` of task `id`, unless a
				 * SUCCESS of it is there already */
	TQ_CELERY_SEND,		/* message `task` */
	TQ_CELERY_SIZE,		/* `.s` of group `id` is `size` */
	TQ_CELERY_SAVE,		/* meta `text` of group `id` */
	TQ_CELERY_CLOSE		/* forget `.j`, `.s` and `.t` of group `id` */
};

struct tq_celery_step {
	enum tq_celery_do what;
	unsigned	 flags;
	const char	*id;		/* of the task or group */
	/*
	 * Not NULL: the step is of the end of this chord, and is left out
	 * when `.s` of it is gone at the start of the transaction: somebody
	 * else has ended it.
	 */
	const char	*chord;
	struct tq_bytes	 text;		/* JSON, ready to store */
	uint64_t	 size;
	/* TQ_CELERY_SEND: what, and to a queue or to an exchange by a key */
	const struct tq_celery_task *task;
	const char	*queue;		/* NULL: */
	const char	*exchange, *routing_key;
	int		 priority;	/* as Celery writes it, 0 to 9 */
	tq_time		 eta;		/* not before, 0: now */
	const char	*by;		/* delivery tag of the message whose
					 * end sends it; NULL: a producer */
};
/* TQ_CELERY_SEND: not if `by` sent this id before. */
#define TQ_CELERY_ONCE		0x01
/* TQ_CELERY_SEND: the claimed message itself, changed: the next attempt. */
#define TQ_CELERY_AGAIN		0x02
/* TQ_CELERY_SEND: it is the next one to be taken from its queue. */
#define TQ_CELERY_FIRST		0x04
/* TQ_CELERY_SIZE: only if there is none. */
#define TQ_CELERY_IF_NONE	0x08

/* A member of a chord has ended. */
struct tq_celery_count {
	const char	*gid;		/* of the chord's group */
	const char	*id;		/* of the member */
	double		 score;		/* its place; infinity: none */
	struct tq_bytes	 head;		/* what every member of this id
					 * begins with: [1, "id", */
	struct tq_bytes	 member;	/* JSON for `.j` */
	struct tq_bytes	 callback;	/* signature of the chord's body; none:
					 * it is not known, nor whether the
					 * group is a chord's: it is if `.s` is
					 * there, and is ended by others */
	/* the caller's word for the chord that the plan was lengthened for;
	 * NULL: for one that is not complete */
	const char	*state;
	int		 again;		/* it may have been counted before, by
					 * a worker that died */
	int		 left_out;	/* by the caller: it cannot be counted */
	/* private: what the plan was before that, 0 counts: it was not */
	size_t		 nsteps, ncounts;
};

struct tq_celery_plan {
	struct tq_celery_step *step;
	size_t		 nsteps;
	struct tq_celery_count *count;
	size_t		 ncounts;
	/* private */
	struct tq_arena	*mem;
	size_t		 step_room, count_room;
	const struct tq_celery_task *of;	/* the message that ended */
	const char	*by;			/* its delivery tag */
};

/* An empty plan whose steps will be in mem. */
void	tq_celery_plan_init(struct tq_celery_plan *, struct tq_arena *mem);

/*
 * Header of a message with a past that Celery has no field for: [workers that
 * died with it, "try later" ends].  Neither is among its retries.
 */
#define TQ_CELERY_PAST		"tq_past"
#define TQ_CELERY_PAST_MAX	1000000

/* ---- the worker's side ----------------------------------------------- */

enum tq_celery_next {
	TQ_CELERY_RUN,		/* run `task`, then settle what becomes of it */
	TQ_CELERY_END,		/* run nothing: settle `end` */
	TQ_CELERY_LOOK		/* read the metas of `ids`, then unlock */
};

struct tq_celery_work {
	enum tq_celery_next next;
	const struct tq_celery_task *task;	/* what to view and run: the
						 * message or an item of it */
	struct tq_outcome end;
	const char *const *ids;
	size_t		 nids;
};

/*
 * Say what a claimed message asks for.  One that has expired ends; so do
 * Celery's own tasks but for celery.map and celery.starmap, which run their
 * items one after another, each as an attempt of its own: until the last one,
 * the plan of a success sends the message again with what is done.
 *
 * 0, or -1 with ENOMEM.
 */
int	tq_celery_look(struct tq_celery_work *out, struct tq_arena *mem,
	    const struct tq_celery_task *, const struct tq_celery_site *,
	    struct tq_err *);

/* How an attempt ended. */
struct tq_celery_end {
	const struct tq_outcome *outcome;	/* its files are not read: */
	struct tq_bytes	 out, err;	/* what it wrote */
	/* what the task put itself, as far as is known: a JSON array of ids
	 * and result tuples, or none */
	struct tq_bytes	 children;
};

/*
 * Plan what follows from the end of an attempt: TQ_SUCCESS, TQ_FAILURE,
 * TQ_RETRY, TQ_REVOKED or TQ_EXPIRED.  The envelope says where the message
 * came from.  What a message carries that cannot be obeyed (a callback that
 * is none, for example) makes of a success a failure that says so.
 *
 * 0, or -1: ENOMEM; EINVAL another state.
 */
int	tq_celery_settle(struct tq_celery_plan *,
	    const struct tq_celery_task *, const struct tq_celery_envelope *,
	    const struct tq_celery_end *, const struct tq_celery_site *,
	    struct tq_err *);
/*
 * The chord that the k-th count is of has become complete: members as they
 * stand in `.j`, by score; saved is the meta of its group, or none.
 */
int	tq_celery_chord(struct tq_celery_plan *, size_t k,
	    const struct tq_bytes *members, size_t n, struct tq_bytes saved,
	    const struct tq_celery_site *, struct tq_err *);
/* Forget what was planned for the end of that chord and of those behind it. */
void	tq_celery_chord_undo(struct tq_celery_plan *, size_t k);
/*
 * As settle, for a celery.chord_unlock: metas[i] is the meta of ids[i] of
 * tq_celery_look(), or none.
 */
int	tq_celery_unlock(struct tq_celery_plan *,
	    const struct tq_celery_task *, const struct tq_celery_envelope *,
	    const struct tq_bytes *metas, size_t n,
	    const struct tq_celery_site *, struct tq_err *);

/* ---- the producer's side --------------------------------------------- */

/*
 * Plan the put of n tasks that passed tq_task_check(), under ids: alone, or
 * as the chains, groups, chords and links that `after` and `group` make of
 * them, each as a Celery client would send it.
 *
 * ENOTSUP: a shape or an option that Celery has no field for; the sentence
 * names the option.  EINVAL as tq_celery_task_from(); ENOMEM.
 */
int	tq_celery_put(struct tq_celery_plan *, const struct tq_task *,
	    const struct tq_id *ids, size_t n, const struct tq_celery_site *,
	    struct tq_err *);
#endif
