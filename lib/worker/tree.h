/*
 * Find and signal all processes of a task, also those that left its process
 * group.  The worker must be a child subreaper (see PR_SET_CHILD_SUBREAPER
 * in prctl(2)): processes whose parent died are its children then.
 */
#ifndef TQ_WORKER_TREE_H
#define TQ_WORKER_TREE_H

#include <sys/types.h>

#include <stddef.h>

/*
 * Processes that belong to a task: its first process, what descends from it,
 * its process group, and any child of the worker that is none of the first
 * processes in `mains` but has `mark` in its environment.
 */
struct tq_tree {
	pid_t		 root;		/* its first process, not yet reaped;
					 * 0: any process with the mark */
	const char	*mark;		/* TQ_MARK=..., see mark.h */
	const pid_t	*mains;		/* first processes of running tasks */
	size_t		 nmains;
};

/*
 * Send sig to each of them that is not a zombie; returns how many there were.
 * Some may be born meanwhile: call it again until there are none.
 */
int	tq_tree_signal(const struct tq_tree *, int sig);
/*
 * KILL until none is left, for a tenth of a second at most.  Returns how many
 * are left: those that wait in the kernel or belong to another user.
 */
int	tq_tree_end(const struct tq_tree *);
/*
 * The same for what an attempt left behind whose worker died: all processes
 * of this machine with its mark, and what descends from them.
 */
int	tq_tree_end_remains(const char *mark);
#endif
