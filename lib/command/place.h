/*
 * The place a command runs in: the submitter's directory, umask and a short
 * part of the environment, carried along with the task.
 */
#ifndef TQ_COMMAND_PLACE_H
#define TQ_COMMAND_PLACE_H

#include <limits.h>
#include <stddef.h>

#include <tq/task.h>

struct tq_place {
	char		 dir[2 * PATH_MAX];	/* absolute, "": not given */
	int		 umask;			/* -1: not given */
	const char	**env;			/* n strings, then NULL */
	size_t		 n, cap;		/* the strings are borrowed */
};

void	tq_place_init(struct tq_place *);
void	tq_place_fini(struct tq_place *);
/*
 * Add "name=value", or "name" with the value it has here; the last one of a
 * name counts.  An unset variable or a bad name: exit 64.
 */
void	tq_place_env(struct tq_place *, const char *opt, const char *var);
/* Choose a directory; one that is not absolute is taken from here. */
void	tq_place_dir(struct tq_place *, const char *dir);
/* The same two, where a mistake is no reason to exit: 0 or -1. */
int	tq_place_add(struct tq_place *, const char *var, struct tq_err *);
int	tq_place_chdir(struct tq_place *, const char *dir, struct tq_err *);
/*
 * Fill in what was not chosen: this directory, this umask, and PATH HOME LANG
 * LC_* TZ USER LOGNAME SHELL.
 */
void	tq_place_here(struct tq_place *);
/* Let t run in this place; it borrows from p. */
void	tq_place_apply(const struct tq_place *p, struct tq_task *t);
#endif
