/*
 * One place of the pool: it holds one task at a time, from its claim until
 * its outcome is settled.
 *
 *	        tq_place_take()              tq_place_ended()
 *	FREE ---------------------> RUNNING -----------------> ENDED
 *	 ^  `--- could not be started --------------------------^ |
 *	 `------------------- tq_place_settle() ------------------'
 *
 * tq_place_ended() of a task that named another to run in its place leads to
 * RUNNING again: same claim, same attempt.
 */
#ifndef TQ_WORKER_PLACE_H
#define TQ_WORKER_PLACE_H

#include <sys/resource.h>

#include <tq/tq.h>

#include "base/arena.h"
#include "capture.h"
#include "cgroup.h"
#include "hook.h"
#include "offer.h"
#include "plan.h"
#include "resident.h"
#include "say.h"
#include "talk.h"

enum tq_place_state { TQ_PLACE_FREE, TQ_PLACE_RUNNING, TQ_PLACE_ENDED };

/* Why we ended it, if we did; the last that was said counts. */
enum tq_place_cause {
	TQ_CAUSE_NONE,
	TQ_CAUSE_TIME,		/* its time limit: a failure like others */
	TQ_CAUSE_MUTE,		/* a resident handler that cannot answer any
				 * more: a failure like others */
	TQ_CAUSE_KILL,		/* somebody asked: a failure, no retry */
	TQ_CAUSE_BACK		/* the worker stops: handed back */
};

struct tq_place_rules {
	struct tq	*tq;
	struct tq_take	 take;
	struct tq_plan_rules plan;
	const struct tq_say *say;
	struct tq_hooks	*hooks;		/* or NULL */
	const struct tq_cgroup *cgroup;	/* or NULL */
	struct tq_offers *offers;	/* take.offer shows them; or NULL */
	int		 null;		/* /dev/null */
	int		 epoll;		/* where resident handlers are watched */
	uint64_t	 key;		/* from this as data.u64; the place has
					 * TQ_USES_MAX of them */
	uint64_t	 talk_key;	/* from this, one a place: TQ_STATUS_FD */
};

/* A task that a resident handler was fed before its turn. */
struct tq_ahead {
	struct tq_claim	 claim;
	uint64_t	 at;		/* of its first byte in what it was fed */
	int		 sig;		/* to send when its turn comes, 0 none;
					 * -1: it was not fed, and goes back */
};

struct tq_place {
	enum tq_place_state state;
	unsigned	 number;	/* from 1 */
	unsigned	 weight;	/* places that its task takes */
	struct tq_claim	 claim;
	struct tq_capture capture;
	int		 input, json;	/* see plan.h */
	struct tq_leaf	 leaf;		/* cgroup of its tasks */
	struct tq_arena	 mem;		/* for one task */
	struct tq_talk	 talk;
	struct tq_arena	 other;		/* for a task in place of the claimed */
	unsigned	 replaced;	/* so often */
	struct tq_resident *resident;	/* one for each use, most are DOWN */
	size_t		 nresident;
	struct tq_ahead	*ahead;		/* a ring of TQ_AHEAD_MAX, or NULL */
	unsigned	 first, nahead;
	unsigned	 returned;	/* of them, not counted by the pool yet */
	tq_time		 strange;	/* feed nothing ahead before */

	tq_time		 again;		/* settle not before: it failed */

	/* RUNNING */
	struct tq_resident *at;		/* NULL: a process of its own */
	uint64_t	 fed_at;	/* see struct tq_ahead, */
	int		 sig;		/* both */
	pid_t		 pid;
	struct tq_plan	 plan;
	tq_time		 soft, hard;	/* TERM and KILL at, CLOCK_BOOTTIME,
					 * 0: not any more */
	enum tq_place_cause cause;

	/* ENDED */
	struct tq_outcome end;
	char		 why[TQ_WHY_MAX + 1];	/* when it is no constant */
};

/* Make an empty place.  -1: nothing is left behind. */
int	tq_place_open(struct tq_place *, const struct tq_place_rules *,
	    unsigned number, struct tq_err *);
/* A place that is FREE. */
void	tq_place_close(struct tq_place *, const struct tq_place_rules *);

/*
 * Claim a task for a free place and start it.  1: the place is RUNNING or
 * ENDED; 0: nothing to claim; -1.
 */
int	tq_place_take(struct tq_place *, const struct tq_place_rules *,
	    struct tq_err *);
/* Its first process has ended, and used what ru says: decide its outcome. */
void	tq_place_ended(struct tq_place *, const struct tq_place_rules *,
	    int wstatus, const struct rusage *ru);
/*
 * Settle what ENDED: the place is FREE.  shared: other processes may still have
 * its files, so they are made anew.  0, also when the claim was not ours any
 * more; -1: not settled, do it again later.
 */
int	tq_place_settle(struct tq_place *, const struct tq_place_rules *,
	    int shared, struct tq_err *);
/* The same when it cannot be settled any more: its outcome is lost. */
void	tq_place_give_up(struct tq_place *, const struct tq_place_rules *,
	    int shared);

/*
 * After that: 1 if its resident handler was fed another task, which is RUNNING
 * now.
 */
int	tq_place_next(struct tq_place *, const struct tq_place_rules *);

/*
 * Resident handler n has written something, or has ended: take a line of it.
 * When that is its answer, or a bad one, the place is ENDED.  0: there was
 * nothing to take.
 */
int	tq_place_hear(struct tq_place *, const struct tq_place_rules *,
	    size_t n, tq_time now);
/* 1 if there is another line to be taken. */
int	tq_place_has_more(const struct tq_place *);

/* Its task has said something on TQ_STATUS_FD. */
void	tq_place_listen(struct tq_place *, const struct tq_place_rules *,
	    tq_time now);
/* Tell what it said and is due; when to come again, TQ_FOREVER: never. */
tq_time	tq_place_tell(struct tq_place *, const struct tq_place_rules *,
	    tq_time now);

/*
 * Send sig to its group, for the cause.  After TERM, INT and QUIT a KILL
 * follows in time.
 */
void	tq_place_signal(struct tq_place *, int sig, enum tq_place_cause,
	    tq_time now);
/* KILL all its processes; mains are the first ones of every running task. */
void	tq_place_kill(struct tq_place *, enum tq_place_cause,
	    const struct tq_place_rules *, const pid_t *mains, size_t nmains);
#endif
