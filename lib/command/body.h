/*
 * A task's body read from stdin: in memory when it is small, as a file when
 * it is not.
 */
#ifndef TQ_COMMAND_BODY_H
#define TQ_COMMAND_BODY_H

#include <tq/task.h>

#define TQ_BODY_SMALL	65536	/* bytes that are kept in memory */

struct tq_body {
	char		*mem;	/* ours */
	int		 fd;	/* ours, unless it is stdin; -1: none */
};

void	tq_body_init(struct tq_body *);
void	tq_body_fini(struct tq_body *);
/* A file without a name in dir, or in $TMPDIR where dir is NULL; -1. */
int	tq_body_file(const char *dir, struct tq_err *);
/*
 * Read stdin to its end and make it the body of t, which borrows it.  What is
 * large and not a regular file goes to a file without a name in dir, or in
 * $TMPDIR where dir is NULL.  0 or -1: EIO stdin, ENOSPC and others the file.
 */
int	tq_body_stdin(struct tq_body *, struct tq_task *t, const char *dir,
	    struct tq_err *);
#endif
