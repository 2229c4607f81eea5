/*
 * A copy of what tq_queues() and tq_workers() tell, taken once, for those
 * who print it in another order or compare two of them.
 */
#ifndef TQ_COMMAND_SNAPSHOT_H
#define TQ_COMMAND_SNAPSHOT_H

#include <stddef.h>

#include <tq/tq.h>

struct tq_snapshot {
	tq_time		 at;		/* wall clock when it was taken */
	struct tq_queue_info *queue;
	size_t		 nqueues;
	struct tq_worker_info *worker;
	size_t		 nworkers;
};

/*
 * Take one into *out; at is the wall clock.  Of the queues, and of the
 * workers by the queues they serve, only those named are kept, all of them
 * when n is 0.  Workers are left out where the broker cannot list them
 * (ENOTSUP).  0 or -1; the caller ends with tq_snapshot_fini() either way.
 */
int	tq_snapshot_take(struct tq_snapshot *out, struct tq *,
	    const char *const *queues, size_t n, tq_time at, struct tq_err *);
void	tq_snapshot_fini(struct tq_snapshot *);
/* The queue of a name, NULL when there is none. */
const struct tq_queue_info *tq_snapshot_queue(const struct tq_snapshot *,
	    const char *name);
#endif
