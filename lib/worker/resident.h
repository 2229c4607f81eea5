/*
 * A handler that stays up: one process that is fed tasks, each a line of JSON
 * on its stdin, and answers each with a line on its stdout, in their order.
 * Its stderr is the worker's.
 *
 *	      start          feed         the last answer
 *	DOWN -------> IDLE -------> BUSY -----------------> IDLE
 *	  ^            |  retire     |  end: a bad answer, none, a limit
 *	  `------------'-------------'
 *
 * Who owns it learns from SIGCHLD that the process has ended, and says so
 * with tq_resident_reaped().
 */
#ifndef TQ_WORKER_RESIDENT_H
#define TQ_WORKER_RESIDENT_H

#include <sys/types.h>

#include <stdint.h>

#include <tq/tq.h>

#include "answer.h"
#include "base/buf.h"
#include "cgroup.h"
#include "plan.h"
#include "use.h"

struct tq_resident {
	pid_t		 pid;		/* 0: none, or reaped already */
	int		 in, out;	/* its stdin and stdout; out -1: DOWN */
	int		 epoll;		/* where they are watched */
	uint64_t	 key;		/* with this as data.u64 */
	struct tq_conf	 conf;		/* as it was started, */
	struct tq_arena	 mem;		/* with its strings */
	struct tq_buf	 request;	/* what it is fed, */
	size_t		 sent;		/* so much of it is written */
	uint64_t	 fed;		/* bytes before the request, ever */
	int		 blocked;	/* in is watched for room */
	struct tq_buf	 line;		/* what it has answered, */
	size_t		 heard;		/* so much of it is done with */
	uint64_t	 answered;	/* tasks */
	struct tq_id	 last;		/* that it answered, "" none */
	tq_time		 since;		/* it works on its task */
	tq_time		 pace;		/* time a task takes it, 0: not known */
	int		 worn;		/* it shall get no more */
	tq_time		 looked;	/* at its size, CLOCK_BOOTTIME */
	char		 mark[64];	/* TQ_RESIDENT=... in its environment */
	struct tq_leaf	 leaf;		/* its cgroup, another for each process */
	const struct tq_cgroup *cgroup;	/* that is in, or NULL */

	unsigned long	 starts;	/* processes so far */

	pid_t		 old;		/* one that was retired, 0: none */
	char		 old_mark[64];
	tq_time		 until;		/* KILL it then */
};

void	tq_resident_init(struct tq_resident *, int epoll, uint64_t key,
	    const struct tq_cgroup *);
/* As retire, wait for what is there and kill it; free the rest. */
void	tq_resident_fini(struct tq_resident *);

/*
 * Start the process for place `number`.  0, or -1 and *status as from
 * tq_proc_start().
 */
int	tq_resident_start(struct tq_resident *, const struct tq_use *,
	    const struct tq_plan_rules *, unsigned number, int *status,
	    struct tq_err *);
/*
 * Let it have a task, once it is flushed; *at is the place of its first byte
 * in all that it is fed.  ENOMEM; EMSGSIZE the body is too big.
 */
int	tq_resident_feed(struct tq_resident *, const struct tq_claim *,
	    uint64_t *at, struct tq_err *);
/* Write what its pipe takes.  EPIPE: the process has gone. */
int	tq_resident_flush(struct tq_resident *);
/*
 * Go on writing, and take the next line: 1 and where its n bytes without the
 * newline stand, until the next call; 0: not yet; -1: there will be none,
 * since it closed its stdout (EPIPE) or the line is too long (EMSGSIZE).
 */
int	tq_resident_hear(struct tq_resident *, const char **line, size_t *n,
	    struct tq_err *);
/* The line behind that one, if it is there already: its length, or 0. */
size_t	tq_resident_peek(const struct tq_resident *, const char **line);
/* 1 if it read nothing of the task that begins at this place. */
int	tq_resident_unread(const struct tq_resident *, uint64_t at);
/* It has answered the task of that id: keep the pace. */
void	tq_resident_answered(struct tq_resident *, const struct tq_use *,
	    const struct tq_id *, tq_time now);
/*
 * How many tasks to feed it beside the one it works on: what it does in
 * TQ_AHEAD_TIME, so that no task waits longer behind others for it while
 * another worker has nothing to do.
 */
unsigned tq_resident_ahead(const struct tq_resident *, const struct tq_use *);
#define TQ_AHEAD_TIME	(2 * TQ_MS)

/*
 * Close its stdin, which tells it to leave; it has TQ_RESIDENT_LEAVE to.  Not
 * while the one before is still leaving: ask again.
 */
void	tq_resident_retire(struct tq_resident *, tq_time now);
#define TQ_RESIDENT_LEAVE (5 * TQ_SECOND)
/* It has closed its stdout: hear no more, until it is ended. */
void	tq_resident_deafen(struct tq_resident *);
/* KILL it with all its processes. */
void	tq_resident_end(struct tq_resident *);
/* 1 if pid was its process, or a retired one, which has been reaped. */
int	tq_resident_reaped(struct tq_resident *, pid_t pid);
/* Kill a retired one that does not leave; when to come again, or FOREVER. */
tq_time	tq_resident_tick(struct tq_resident *, tq_time now);
#endif
