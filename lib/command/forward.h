/*
 * Tasks for a remote broker that cannot take them now wait in the spool here
 * (tqput --spool-on-failure).
 *
 * Nothing but a task does it: in the queue TQ_FORWARD_QUEUE of the spool, put
 * as any command is, with its own retries; its body has the tasks of one
 * transaction, a JSON object a line, and it runs
 *
 *	tqput -mJQ	with TQ_BROKER as it was here
 *
 * so whoever serves that queue forwards, and tqstat, tqctl and tqresult show
 * what waits, what went and what was refused.
 *
 *  1.	A transaction stays one: put whole by one tqput, or not at all.
 *  2.	Each task has the id that it was first tried with and that was told to
 *	the caller.  The broker refuses an id that it has (exit 1), and that is
 *	a success of the forwarding: when the first try did get there, when
 *	the forwarding was killed between its put and its end.
 *  3.	The forwarding has the id of the first of them, so the spool refuses a
 *	second put of an id that waits here, as the broker would.
 */
#ifndef TQ_COMMAND_FORWARD_H
#define TQ_COMMAND_FORWARD_H

#include <tq/tq.h>

#include "client/spare.h"
#include "command/place.h"

#define TQ_FORWARD_QUEUE	"forward"

struct tq_forward {
	struct tq_spare	 spare;
	const char	*self;		/* tqput, as it was called */
	char		*path;		/* or by a path, that path from / */
	const char	*urls, *results;
	struct tq	*spool;		/* opened when it is needed */
	struct tq_place	 place;
	char		*vars[2];	/* what the place borrows */
	int		 said;
};

/*
 * From now on what tq cannot take goes to the spool; urls and results as
 * tq_open() got them.  Nothing happens to a handle on a spool.
 */
void	tq_forward_begin(struct tq_forward *, struct tq *, const char *self,
	    const char *urls, const char *results);
/* After tq_close(). */
void	tq_forward_end(struct tq_forward *);
#endif
