/*
 * From a claimed task to the process to start: what to run, where, with which
 * environment and input, and whether this worker may run it at all.
 */
#ifndef TQ_WORKER_PLAN_H
#define TQ_WORKER_PLAN_H

#include <limits.h>

#include <tq/tq.h>

#include "base/arena.h"
#include "base/rules.h"
#include "conf.h"
#include "handler.h"
#include "mark.h"
#include "proc.h"
#include "remote.h"
#include "use.h"

/* What does not change from task to task. */
struct tq_plan_rules {
	const char	*url, *results, *dir;	/* told to tasks, or NULL */
	char		 site[TQ_SITE_SIZE];	/* of the broker: mark.h */
	const char *const *env;		/* the worker's own */
	const struct tq_handlers *handlers;
	const struct tq_uses *uses;	/* before those, or NULL */
	int		 named_only;	/* -X */
	int		 commands;	/* --allow-commands: of remote brokers */
	int		 retries;	/* -r, for tasks that say nothing */
	struct tq_limits limits;	/* default and ceiling of tasks */
	tq_time		 soft, hard;	/* the same, of time; 0: none */
	const struct tq_remote *remote;	/* what was changed since, or NULL */
};

/* What belongs to the place that runs it. */
struct tq_plan_place {
	unsigned	 number;	/* from 1 */
	int		 null;		/* /dev/null, for both ways */
	int		 input;		/* file for a small body */
	int		 json;		/* file for the task as JSON */
	const int	*output;	/* files for stdout and stderr */
	const struct tq_offers *offers;	/* units it has, or NULL */
	int		 status;	/* for TQ_STATUS_FD, 0: none */
	tq_time		 now;		/* wall clock */
};

/* How a task will run. */
struct tq_plan {
	struct tq_proc	 proc;
	struct tq_conf	 conf;		/* of its handler */
	int		 retries;	/* that hold */
	tq_time		 soft, hard;	/* lengths of time that hold, 0: none */
	size_t		 dropped;	/* unsafe variables left out of its
					 * environment */
};

/*
 * The strictest time limits of task, settings (out->conf, or what was set
 * since) and worker.
 */
void	tq_plan_time(struct tq_plan *out, const struct tq_task *,
	    const struct tq_plan_rules *);
/* 1 if there is a program for the task, whether or not it can be run. */
int	tq_plan_has(const void *rules, const struct tq_task *);
/*
 * Fill *out for a claimed task; what it points to is borrowed from mem, the
 * claim and the rules.  The input and JSON files are written.
 *
 * Returns 0, or -1 and *status: 126 or 127 when the task can not be run here,
 * with the reason; -1 when something else is short: try again later.
 */
int	tq_plan_make(struct tq_plan *out, struct tq_arena *mem,
	    const struct tq_claim *, const struct tq_plan_rules *,
	    const struct tq_plan_place *, int *status, struct tq_err *);
#endif
