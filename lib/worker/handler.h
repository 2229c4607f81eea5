/*
 * Find the program of a named task: an executable of that name in one of the
 * handler directories, and only one that nobody but root or the worker's user
 * can have put there.
 */
#ifndef TQ_WORKER_HANDLER_H
#define TQ_WORKER_HANDLER_H

#include <sys/types.h>

#include <limits.h>
#include <stddef.h>

#include <tq/types.h>

#include "base/buf.h"

#define TQ_HANDLER_DIRS_MAX	16

struct stat;

struct tq_handlers {
	char		*dir[TQ_HANDLER_DIRS_MAX];	/* absolute, ours */
	size_t		 n;
};

/*
 * Add a directory, to be searched after those before it.  One that cannot be
 * opened, or that others may write to, is refused: ENOENT, EPERM.  EMSGSIZE:
 * too many.
 */
int	tq_handlers_add(struct tq_handlers *, const char *dir,
	    struct tq_err *);
/* The same for each of a list with colons between, as TQ_HANDLERS. */
int	tq_handlers_add_list(struct tq_handlers *, const char *list,
	    struct tq_err *);
void	tq_handlers_fini(struct tq_handlers *);

/*
 * 0 if only root or the worker's user can have changed the file at path, which
 * is as st says; else -1, EPERM.
 */
int	tq_handlers_trust(const char *path, const struct stat *st,
	    struct tq_err *);

/*
 * Check that the program at path may be run: a regular file that only root
 * or the worker's user can write.  ENOENT, EPERM, EACCES not executable.
 */
int	tq_handler_check(const char *path, struct tq_err *);

/*
 * Write the path of the handler of that name.  0, or -1: ENOENT there is none
 * ("NotRegistered: name"), EPERM there is one that must not be run, EACCES
 * one that is not executable; the sentence says why.
 */
int	tq_handlers_find(char path[PATH_MAX], const struct tq_handlers *,
	    const char *name, struct tq_err *);
/*
 * Append the names that have a handler now, with commas between; one that
 * stands in several directories is there several times.
 */
void	tq_handlers_names(struct tq_buf *, const struct tq_handlers *);
#endif
