/*
 * What others see of a worker: its row for tqstat -W and tqctl ping, its title
 * for ps(1), and what the service manager is told.
 */
#ifndef TQ_WORKER_FACE_H
#define TQ_WORKER_FACE_H

#include <tq/tq.h>

#include "pool.h"
#include "scale.h"

struct tq_face {
	struct tq	*tq;
	const struct tq_pool *pool;
	const struct tq_scale *scale;
	char		 status[64];	/* the last that was shown, */
	int64_t		 rss;		/* with that size */
	uint64_t	 pong;		/* number of the last ping */
	char		 limits[48];	/* who keeps them, in words */
	char		 queues[64];	/* it serves, as many names as fit */
	tq_time		 watchdog, bark; /* how often it is fed, 0: there is
					 * none; and when next */
};

void	tq_face_init(struct tq_face *, struct tq *, const struct tq_pool *,
	    const struct tq_scale *);
/* It serves these queues, from now on. */
void	tq_face_queues(struct tq_face *, const struct tq_take *);
/* Show the row: something in it is another. */
void	tq_face_row(const struct tq_face *);
/*
 * Show how it is, if that is news; how: what stands before the numbers.  1 if
 * the words in ->status are others.
 */
int	tq_face_status(struct tq_face *, const char *how);
/* Tell the manager that the end has begun, of which grace is known. */
void	tq_face_stopping(tq_time grace);
/*
 * Feed the manager's watchdog: that we come by here is what it wants to know.
 * Returns when to be here again, by the clock of now, TQ_FOREVER: no matter.
 */
tq_time	tq_face_alive(struct tq_face *, tq_time now);
#endif
