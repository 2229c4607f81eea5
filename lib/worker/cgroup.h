/*
 * Limits of a whole task, not of each of its processes, and an end for all of
 * them at once: a cgroup v2 of its own for each place of a worker, where one
 * is delegated to us.
 */
#ifndef TQ_WORKER_CGROUP_H
#define TQ_WORKER_CGROUP_H

#include <stddef.h>
#include <stdint.h>

#include <tq/types.h>

#include "message/limits.h"

/* What of it is to be had. */
#define TQ_CGROUP_CPU		0x01	/* cpus= */
#define TQ_CGROUP_MEMORY	0x02	/* mem= */
#define TQ_CGROUP_PIDS		0x04	/* nproc= */
#define TQ_CGROUP_KILL		0x08	/* everybody ends at once */

/* One worker. */
struct tq_cgroup {
	int		 dir;		/* of its own groups, -1: has none */
	unsigned	 has;		/* TQ_CGROUP_* */
};

/* That of one place, or of one process that stays up. */
struct tq_leaf {
	int		 dir;		/* -1: not made */
	unsigned	 number;	/* its name is number.generation */
	unsigned	 generation;
	unsigned	 oldest;	/* generation that may still be there */
	int64_t		 limit[TQ_NLIMITS];	/* as its files have them */
	int64_t		 oom, oom_kill;		/* events seen so far */
};

/*
 * Find the cgroup that we are in, and may arrange: 1 and its directory; 0 when
 * nobody delegated one.
 */
int	tq_cgroup_find(char *base, size_t size);
/*
 * Arrange base for this worker, which moves below it.  -1: it has none, and
 * what is said names the reason.
 */
int	tq_cgroup_open(struct tq_cgroup *, const char *base, struct tq_err *);
/* The groups stay until all of us is gone. */
void	tq_cgroup_close(struct tq_cgroup *);
/* "cgroup:cpu,memory,pids,kill", or "rlimit" when there is none. */
void	tq_cgroup_words(char *buf, size_t size, const struct tq_cgroup *);

/* One that has no group yet. */
void	tq_leaf_init(struct tq_leaf *, unsigned number);
/*
 * Let it have a group with the limits of *l and take out of *l what is kept by
 * it.  -1: it has none, all is left to others.
 */
int	tq_leaf_make(struct tq_leaf *, const struct tq_cgroup *,
	    struct tq_limits *l, struct tq_err *);
/* Something is left in it: the next one gets another group. */
void	tq_leaf_leave(struct tq_leaf *);
/* KILL all in it; returns at once. */
void	tq_leaf_kill(const struct tq_leaf *);
/*
 * That the system has killed in it for want of memory since the last time, and
 * by whose limit, in words; NULL: it has not.
 */
const char *tq_leaf_why(struct tq_leaf *);
/* Nothing of it may run. */
void	tq_leaf_close(struct tq_leaf *, const struct tq_cgroup *);
#endif
