/*
 * Run one command for one claimed task and wait for it, as tqget does: in
 * our directory, with our stdout and stderr, under our signals.
 */
#ifndef TQ_WORKER_FOREGROUND_H
#define TQ_WORKER_FOREGROUND_H

#include <tq/tq.h>

struct tq_foreground {
	int		 argc;		/* the command and its arguments; the */
	const char *const *argv;	/* task's operands come behind them */
	tq_time		 soft, hard;	/* limits, 0: none; the task's own
					 * count where they are shorter */
};

/*
 * Run f for claim c.  INT, TERM, HUP and QUIT are passed on to the command;
 * then *sig is the first of them and *out hands the task back.
 *
 * Returns 0 and how the attempt ended in *out; or -1 when the command could
 * not be started, which is no fault of the task: ENOENT, EACCES, or what the
 * system was short of.
 */
int	tq_foreground_run(struct tq_outcome *out, int *sig, struct tq *,
	    const struct tq_claim *c, const struct tq_foreground *f,
	    struct tq_err *);
#endif
