/*
 * The files that hold what a task writes.  One pair for each place, used
 * again and again: making a file costs more than running a small program.
 * Files and not pipes, so that a task never waits for us to read.
 */
#ifndef TQ_WORKER_CAPTURE_H
#define TQ_WORKER_CAPTURE_H

#include <limits.h>

#include <tq/tq.h>

#define TQ_CAPTURE_SMALL 4096		/* bytes: up to here read back */
#define TQ_CAPTURE_MAX	(64 << 20)	/* bytes of a stream that are kept, if
					 * nothing else is said */

struct tq_capture {
	int		 fd[2];		/* of stdout and stderr, -1: none */
	char		 path[2][PATH_MAX];	/* "": no name, others cannot
						 * follow it */
	char		 small[2][TQ_CAPTURE_SMALL];
};

/*
 * Prepare the files of place n (from 1) of the worker.  A broker that has no
 * room for them (ENOTSUP) gets unnamed files in $TMPDIR.
 */
int	tq_capture_open(struct tq_capture *, struct tq *, unsigned n,
	    struct tq_err *);
/* Close and remove them; allowed for an empty one (fds -1). */
void	tq_capture_close(struct tq_capture *);
/*
 * While the task runs: give the middle of what is over max bytes back to the
 * file system, so that a task that writes without end does not fill it.  Who
 * follows the output reads NULs there.
 */
void	tq_capture_trim(struct tq_capture *, int64_t max);
/*
 * Put what was written into *out: as bytes that last until the files are
 * used again, or as descriptors if it is more than TQ_CAPTURE_SMALL.  More
 * than max bytes are cut in the middle, a
 * line there says so, and *out gets TQ_OUTCOME_CUT.  A stream that cannot be
 * read is left out: returns -1, the rest is done.
 */
int	tq_capture_collect(struct tq_capture *, struct tq_outcome *out,
	    int64_t max, struct tq_err *);
/*
 * Empty the files for the next task, after out was settled.  They are made
 * anew if they were taken, or if `shared`: another process may still write.
 */
int	tq_capture_reset(struct tq_capture *, const struct tq_outcome *out,
	    int shared, struct tq_err *);
#endif
