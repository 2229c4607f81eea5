/*
 * Start one process: in a process group of its own, with nothing of the
 * worker's but what is said here.
 */
#ifndef TQ_WORKER_PROC_H
#define TQ_WORKER_PROC_H

#include <sys/types.h>

#include <tq/types.h>

#include "cgroup.h"
#include "message/limits.h"

struct tq_proc {
	const char	*file;		/* without a '/': sought in env's PATH */
	const char *const *argv;	/* NULL-terminated */
	const char *const *env;		/* NULL-terminated "name=value" */
	const char	*dir;		/* to run in, NULL: the worker's */
	int		 umask;		/* -1: the worker's */
	int		 fd[3];		/* its stdin, stdout and stderr */
	int		 extra;		/* descriptor 3, 0 or -1: none */
	struct tq_limits limits;	/* kept by the system, see limit.h */
	const struct tq_leaf *leaf;	/* to run in, NULL: where the worker is */
};

/*
 * Start p; *out gets its pid, which is its process group too.
 *
 * The child has default signal handling and no blocked signals, no descriptor
 * but those (all of ours are close-on-exec), and is killed when the worker
 * dies.  The worker must have one thread.
 *
 * Returns 0, or -1 and *status as sh(1) has it: 127 not found, 126 found but
 * cannot run, or its directory cannot be entered; -1 when the system has no
 * process to give: try again later.
 */
int	tq_proc_start(pid_t *out, const struct tq_proc *p, int *status,
	    struct tq_err *);
#endif
