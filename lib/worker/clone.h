/* clone(2) as vfork(2) does it, also into another cgroup. */
#ifndef TQ_WORKER_CLONE_H
#define TQ_WORKER_CLONE_H

#include <sys/types.h>

#include <stddef.h>

/*
 * Start a child that calls fn(arg) on a stack of its own, shares our memory,
 * and lets us stand still until it execs or leaves; fn must not return.
 *
 *	stack	its lowest byte, aligned to 16; size bytes
 *	cgroup	directory of a cgroup v2 to be born in, -1: ours
 *
 * Returns its pid, or -1: ENOSYS when it cannot be born elsewhere with this
 * kernel or on this machine.
 */
pid_t	tq_clone(int (*fn)(void *), void *arg, void *stack, size_t size,
	    int cgroup);
#endif
