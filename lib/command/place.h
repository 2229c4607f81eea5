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
	int		 umask;			/* -1: not filled in yet */
	const char	**env;			/* n strings, then NULL */
	size_t		 n, cap;		/* the strings are borrowed */
	size_t		 given;			/* the first of them: were added */
};

void	tq_place_init(struct tq_place *);
void	tq_place_fini(struct tq_place *);
/* Make one like another: 0, or -1 with ENOMEM. */
int	tq_place_copy(struct tq_place *, const struct tq_place *,
	    struct tq_err *);
/*
 * Add "name=value", or "name" with the value it has here; the last one of a
 * name counts.  0, or -1 with EINVAL for an unset variable or a bad name.
 */
int	tq_place_add(struct tq_place *, const char *var, struct tq_err *);
/* Choose a directory; one not absolute is taken from here.  0 or -1. */
int	tq_place_chdir(struct tq_place *, const char *dir, struct tq_err *);
/*
 * Fill in what was not chosen: this directory, this umask, and PATH HOME LANG
 * LC_* TZ USER LOGNAME SHELL.  Does nothing the second time.
 */
void	tq_place_here(struct tq_place *);
/* 1 if a variable was added that has the name of this "name=value". */
int	tq_place_gives(const struct tq_place *, const char *var);
/* Let t run in this place; it borrows from p. */
void	tq_place_apply(const struct tq_place *p, struct tq_task *t);
#endif
