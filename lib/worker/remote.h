/*
 * What remote control changes of a worker while it works (pure): the queues
 * it serves, and the time limits of tasks by their names.
 */
#ifndef TQ_WORKER_REMOTE_H
#define TQ_WORKER_REMOTE_H

#include <tq/tq.h>

#define TQ_REMOTE_TIMES	64	/* names that have limits, at most */

struct tq_remote_times {
	char		 name[TQ_NAME_MAX + 1];
	tq_time		 soft, hard;	/* 0: none */
};

struct tq_remote {
	/* names of queues that a take points to */
	char		 queue[TQ_QUEUES_MAX][TQ_NAME_MAX + 1];
	struct tq_remote_times times[TQ_REMOTE_TIMES];
	size_t		 ntimes;
};

/*
 * Serve one more queue, behind the others, or with the weight of the lightest;
 * one that is served already is left as it is.  EMSGSIZE too many.
 */
int	tq_remote_serve(struct tq_remote *, struct tq_take *,
	    const char *queue, struct tq_err *);
/* Serve it no more; the last one may go, too. */
void	tq_remote_leave(struct tq_take *, const char *queue);

/* From now on tasks of this name have these limits.  EMSGSIZE too many. */
int	tq_remote_limit(struct tq_remote *, const char *name, tq_time soft,
	    tq_time hard, struct tq_err *);
/* What was set for a name, which may be NULL, or NULL. */
const struct tq_remote_times *tq_remote_limits(const struct tq_remote *,
	    const char *name);
#endif
