/*
 * A worker: claim tasks of some queues and run them until told to stop.
 */
#ifndef TQ_WORKER_LOOP_H
#define TQ_WORKER_LOOP_H

#include <tq/tq.h>

#include "hold.h"
#include "load.h"
#include "place.h"

/* What it is told, and what it did. */
struct tq_worker {
	struct tq_place_rules rules;	/* but for null, which is its own */
	unsigned	 places;	/* tasks at a time, 1 to TQ_PLACES_MAX, */
	unsigned	 places_max;	/* and while many wait; 0: the same */
	struct tq_load	 load;		/* claim only while there is room */
	uint64_t	 count;		/* tasks in all, UINT64_MAX: no bound */
	struct tq_hold	*hold;		/* of what waits, or NULL: the broker */
	int		 exit_empty;	/* leave when nothing is left to do */
	tq_time		 grace;		/* to finish in when told to stop */

	uint64_t	 done, failed;	/* tasks that ended in success, failure */
};

/*
 * Run it.  Takes over the process's signals, reaping and descriptors: what it
 * inherited beyond stderr becomes close-on-exec.  TERM and INT stop it, again
 * or QUIT: at once; USR1 and USR2 add and take a place.
 *
 * Returns 0 after an orderly end, -1 when it could not start.
 */
int	tq_worker_run(struct tq_worker *, struct tq_err *);
#endif
