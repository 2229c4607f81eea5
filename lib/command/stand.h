/*
 * Put a task and stand for it: its output is ours, its exit status too
 * (tqput -w).
 */
#ifndef TQ_COMMAND_STAND_H
#define TQ_COMMAND_STAND_H

#include <tq/tq.h>

/*
 * Put t, wait until it has ended, at most `timeout` for both, and write what
 * its final attempt wrote; with TQ_STAND_FOLLOW while it runs.  Returns the
 * pass-through status: the task's own; 124 the time ran out, "queued: ID" is
 * said; 125 and "not queued: ..." when nothing was put, or "queued: ID" and
 * the reason when the broker went away meanwhile.
 *
 * INT and TERM revoke the task, kill it if it runs, and end the process with
 * 128+n; other signals leave the task to itself.
 */
int	tq_stand_for(struct tq *, const struct tq_task *t, tq_time timeout,
	    unsigned flags);
#define TQ_STAND_FOLLOW	0x01

/* Say why a task was not put, and exit 125. */
_Noreturn void tq_stand_refused(const struct tq_err *);
#endif
