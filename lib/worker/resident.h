/*
 * A handler that stays up: one process that is fed tasks, one at a time and
 * each a line of JSON on its stdin, and answers each with a line on its
 * stdout.  Its stderr is the worker's.
 *
 *	      start          send           hear: 1
 *	DOWN -------> IDLE -------> BUSY ------------> IDLE
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
#include "plan.h"
#include "use.h"

struct tq_resident {
	pid_t		 pid;		/* 0: none, or reaped already */
	int		 in, out;	/* its stdin and stdout; out -1: DOWN */
	int		 epoll;		/* where they are watched */
	uint64_t	 key;		/* with this as data.u64 */
	struct tq_buf	 request;	/* what it is fed, */
	size_t		 sent;		/* so much of it is written */
	int		 blocked;	/* in is watched for room */
	struct tq_buf	 line;		/* what it has answered so far */
	uint64_t	 answered;	/* tasks */
	tq_time		 looked;	/* at its size, CLOCK_BOOTTIME */
	char		 mark[64];	/* TQ_RESIDENT=... in its environment */

	unsigned long	 starts;	/* processes so far */

	pid_t		 old;		/* one that was retired, 0: none */
	char		 old_mark[64];
	tq_time		 until;		/* KILL it then */
};

void	tq_resident_init(struct tq_resident *, int epoll, uint64_t key);
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
 * Feed an idle one a task.  ENOMEM; EMSGSIZE its body is too big; EPIPE the
 * process has gone and has not seen it.
 */
int	tq_resident_send(struct tq_resident *, const struct tq_claim *,
	    struct tq_err *);
/*
 * Go on writing and reading.  1: r->line holds a line, its newline last and
 * perhaps something behind it; 0: not yet; -1: there will be none, since it
 * closed its stdout (EPIPE) or the line is too long (EMSGSIZE).
 */
int	tq_resident_hear(struct tq_resident *, struct tq_err *);
/* 1 if it read nothing of the task that it was fed. */
int	tq_resident_unread(const struct tq_resident *);
/* After an answer: 1 if it is due for a new process. */
int	tq_resident_worn(struct tq_resident *, const struct tq_use *,
	    tq_time now);

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
