/*
 * Commands that are run when something happened: each in a process of its
 * own with the task as JSON on its stdin.  No task waits for them: they wait
 * for each other, and what does not end in time is killed.
 */
#ifndef TQ_WORKER_HOOK_H
#define TQ_WORKER_HOOK_H

#include <sys/types.h>

#include <tq/tq.h>

#include "say.h"

#define TQ_HOOK_TIME	(30 * TQ_SECOND)	/* then KILL */
#define TQ_HOOKS_RUNNING 8	/* at a time; the others wait, */
#define TQ_HOOKS_WAITING 1024	/* and those beyond are dropped */

enum tq_hook_event {
	TQ_HOOK_DEAD,		/* a task ended in failure */
	TQ_HOOK_FAILURE,	/* an attempt failed, whether tried again or
				 * not */
	TQ_HOOK_RETRY,		/* a task will be tried again */
	TQ_HOOK_START,		/* the worker begins to claim */
	TQ_HOOK_STOP,		/* the worker has ended its last task */
	TQ_HOOK_SUCCESS		/* a task ended in success */
};
#define TQ_NHOOKS	6

struct tq_hook_call {
	enum tq_hook_event event;
	struct tq_id	 id;		/* of the task, "": none */
	char		*json;		/* what it reads, ours */
	size_t		 n;
	pid_t		 pid;		/* 0: not running */
	tq_time		 until;		/* KILL then, CLOCK_BOOTTIME */
	char		 mark[40];	/* TQ_HOOK=... in its environment */
};

struct tq_hooks {
	const char	*command[TQ_NHOOKS];	/* for sh -c, NULL: none */
	const char *const *env;			/* of the worker */
	const struct tq_say *say;
	struct tq_hook_call running[TQ_HOOKS_RUNNING];
	struct tq_hook_call waiting[TQ_HOOKS_WAITING];	/* a ring */
	unsigned	 first, nwaiting, nrunning;
	unsigned long	 started;	/* so far */
	uint64_t	 dropped;	/* since it was last said */
};

/* Add "event=command"; the string is borrowed.  EINVAL, quoted; EEXIST. */
int	tq_hooks_add(struct tq_hooks *, const char *definition,
	    struct tq_err *);

/* A task's attempt has ended so; what the worker did. */
void	tq_hooks_task(struct tq_hooks *, const struct tq_claim *,
	    const struct tq_outcome *end, tq_time now);
void	tq_hooks_worker(struct tq_hooks *, enum tq_hook_event, tq_time now);

/* A process has ended: 1 if it was one of these. */
int	tq_hooks_reaped(struct tq_hooks *, pid_t, int wstatus, tq_time now);
/* Kill what is over its time; when to come again, TQ_FOREVER: never. */
tq_time	tq_hooks_tick(struct tq_hooks *, tq_time now);
/* Kill what runs and forget what waits. */
void	tq_hooks_kill(struct tq_hooks *);
#endif
