/*
 * What became of a task, passed through: its output to ours, its status as
 * our own.  tqresult and tqput -w share it.
 */
#ifndef TQ_COMMAND_REPLAY_H
#define TQ_COMMAND_REPLAY_H

#include <signal.h>

#include <tq/tq.h>

/* Streams to write, or'ed. */
#define TQ_REPLAY_OUT	(1u << TQ_STDOUT)
#define TQ_REPLAY_ERR	(1u << TQ_STDERR)
#define TQ_REPLAY_BOTH	(TQ_REPLAY_OUT | TQ_REPLAY_ERR)

/* A task whose output is followed while it runs. */
struct tq_follow {
	struct tq	*tq;
	const char	*id;
	unsigned	 streams;
	unsigned	 attempt;	/* the one being followed, 0: none yet */
	uint64_t	 out, err;	/* bytes written of it */
};

/*
 * Write what attempt (0: the last) wrote to our stdout and stderr.  0 or -1;
 * a failure to write has errno EIO in e.
 */
int	tq_replay(struct tq *, const char *id, unsigned attempt,
	    unsigned streams, struct tq_err *);
/* Write what the followed task wrote since the last call. */
int	tq_follow_more(struct tq_follow *, struct tq_err *);
#define TQ_LOST_MAX	(90 * TQ_SECOND)	/* without a server */

/*
 * Wait until the task has ended, following it if f is not NULL.  Looks at
 * *stop (NULL allowed) several times a second and gives up with EINTR once it
 * is not 0.  A server that is lost, or still reads its data, is waited for as
 * long as the timeout allows, without one for 90 seconds.  1 ended, 0 the
 * timeout ran out, -1.
 */
int	tq_replay_wait(struct tq *, const char *id, struct tq_follow *f,
	    tq_time timeout, const volatile sig_atomic_t *stop,
	    struct tq_err *);
/*
 * The pass-through status of a task: its own 0-123, 124 for one that has not
 * ended, 125 when it ended without a status, 126, 127, 128+n; for the last
 * five the reason is said on stderr.
 */
int	tq_replay_status(const struct tq_info *);
#endif
