/*
 * The places of a worker: fill them with tasks, notice ends, keep time
 * limits, change their number.
 */
#ifndef TQ_WORKER_POOL_H
#define TQ_WORKER_POOL_H

#include <stdint.h>

#include "place.h"

#define TQ_PLACES_MAX	1024

struct tq_pool {
	struct tq_place_rules rules;
	struct tq_place	*place[TQ_PLACES_MAX];	/* made when first used */
	unsigned	 made;		/* how many there are */
	unsigned	 size;		/* how many may be filled */
	unsigned	 busy;		/* RUNNING or ENDED */
	unsigned	 wide;		/* places that their tasks take besides */
	unsigned	 ending;	/* RUNNING, but told to end by us */
	uint64_t	 left;		/* tasks it may still claim */
	uint64_t	 done, failed;	/* settled as success; as failure */
	int		 children;	/* list of our children in /proc, -1 */
	int		 broken;	/* an outcome that the broker does not
					 * take is not tried again */
	struct tq_err	 trouble;	/* of the last settle that failed; num
					 * is 0 again once somebody saw it */
};

enum tq_filled {
	TQ_FILLED_FULL,		/* no place is free, or none may be filled */
	TQ_FILLED_SOME,		/* places are free, and there may be more */
	TQ_FILLED_IDLE		/* places are free, nothing can be claimed */
};

/* rules are copied; rules->null is opened here.  -1: nothing to undo. */
int	tq_pool_init(struct tq_pool *, const struct tq_place_rules *,
	    unsigned size, uint64_t count, struct tq_err *);
/* Nothing may be busy.  Resident handlers get time to leave. */
void	tq_pool_fini(struct tq_pool *);

/*
 * Claim a task for every free place.  -1: the broker refuses or the system
 * has no room for processes; wait before doing it again.
 */
int	tq_pool_fill(struct tq_pool *, enum tq_filled *, struct tq_err *);
/* The epoll said that the resident handler of this data.u64 has something. */
void	tq_pool_hear(struct tq_pool *, uint64_t data, tq_time now);
/* The same of TQ_STATUS_FD of the place of this data.u64. */
void	tq_pool_listen(struct tq_pool *, uint64_t data, tq_time now);
/* Take the ends of processes, settle their tasks. */
void	tq_pool_reap(struct tq_pool *);
/*
 * Keep the time limits and settle what could not be settled before, once a
 * second each; or give that up, when it is broken.  Returns
 * when to come again at the latest (CLOCK_BOOTTIME), TQ_FOREVER for never.
 */
tq_time	tq_pool_tick(struct tq_pool *, tq_time now);

/* Let resident handlers be started anew, with the settings of then. */
void	tq_pool_renew(struct tq_pool *, tq_time now);
/* Take back the room of output that is over its limit. */
void	tq_pool_trim(struct tq_pool *);
/*
 * TERM to all that run; KILL to all their processes.  They are handed back, and
 * nothing waits any more for a broker that does not take an outcome.
 */
void	tq_pool_term(struct tq_pool *, tq_time now);
void	tq_pool_kill(struct tq_pool *);
/* Signal one task on request; 0, or -1 (ENOENT) when it does not run here. */
int	tq_pool_signal(struct tq_pool *, const char *id, int sig, tq_time now);
/* Change the number of places to between 1 and TQ_PLACES_MAX. */
void	tq_pool_resize(struct tq_pool *, unsigned size);
#endif
