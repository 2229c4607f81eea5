/*
 * Programs given for named tasks on the command line: -u name=program, which
 * is run for each task, and -U [name=]program, which stays up.
 */
#ifndef TQ_WORKER_USE_H
#define TQ_WORKER_USE_H

#include <stddef.h>
#include <stdint.h>

#include <tq/task.h>

#define TQ_USES_MAX	64
#define TQ_AHEAD_MAX	32

struct tq_use {
	char		*name;		/* of its tasks; NULL: the named tasks
					 * and bodies that no other names */
	char		*path;		/* absolute */
	int		 resident;	/* -U */
	uint64_t	 tasks;		/* then a new process, 0: no bound */
	uint64_t	 rss;		/* bytes, more: a new one, 0: no bound */
	unsigned	 ahead;		/* tasks it is fed beside the one it
					 * works on, at most */
};

struct tq_uses {
	struct tq_use	 use[TQ_USES_MAX];
	size_t		 n;
};

/*
 * Add "name=program" for -u, "[name=]program[,tasks=n][,rss=size][,ahead=n]" for
 * -U.  A program without a '/' is sought in $PATH.  ENOENT there is none, EPERM and
 * EACCES one that must not be run, EINVAL, EEXIST the name has one, EMSGSIZE
 * too many.
 */
int	tq_uses_add(struct tq_uses *, const char *definition,
	    struct tq_err *);
int	tq_uses_add_resident(struct tq_uses *, const char *definition,
	    struct tq_err *);
void	tq_uses_fini(struct tq_uses *);

/*
 * What runs the task, NULL: its handler, or it is a command; pure.  The uses
 * may be NULL too.
 */
const struct tq_use *tq_uses_find(const struct tq_uses *,
	    const struct tq_task *);
#endif
