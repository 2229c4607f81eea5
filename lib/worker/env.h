/*
 * The environment of a task (pure): what its submitter may say, what comes
 * from the worker, and the TQ_* variables.
 */
#ifndef TQ_WORKER_ENV_H
#define TQ_WORKER_ENV_H

#include <stddef.h>

#include <tq/tq.h>

#include "base/arena.h"
#include "offer.h"

/* What a task is told about itself and its broker; NULL and 0: not told. */
struct tq_env_facts {
	const struct tq_claim *claim;
	const char	*url;		/* TQ_BROKER */
	const char	*results;	/* TQ_RESULTS */
	const char	*dir;		/* TQ_DIR */
	const char	*site;		/* for TQ_MARK, see mark.h */
	unsigned	 place;		/* TQ_SLOT, from 1 */
	int		 retries;	/* TQ_RETRIES: the rule that holds */
	const char	*task_file;	/* TQ_TASK */
	tq_time		 deadline;	/* TQ_DEADLINE, 0: none */
	int		 status_fd;	/* TQ_STATUS_FD, 0: none */
	const struct tq_offers *offers;	/* TQ_R_*, of the place; NULL: none */
};

/* A growing vector of "name=value" in an arena; an error is sticky. */
struct tq_env {
	struct tq_arena	*mem;
	const char	**v;		/* NULL-terminated, once taken */
	size_t		 n, cap;
	int		 failed;
};

void	tq_env_init(struct tq_env *, struct tq_arena *);
/* Add name=value; NULL as value adds nothing. */
void	tq_env_add(struct tq_env *, const char *name, const char *value);
/* Add the TQ_* variables of the facts, TQ_KW_* included. */
void	tq_env_add_facts(struct tq_env *, const struct tq_env_facts *);
/*
 * Add what the settings of a handler say, or, for a local command of the
 * worker's own uid, what the submitter gave: whole, but for TQ_* that are
 * there already.
 */
void	tq_env_add_trusted(struct tq_env *, const char *const *env);
/*
 * For every other task: PATH, HOME and LANG of the worker (`own`), then what
 * the submitter gave but for TQ_*, what a login sets (PATH, HOME, LC_*, ...)
 * and what makes programs load code (LD_*, IFS, PYTHON*, ...).  A name that
 * is there already is not added again.  Returns the number of the last that
 * were dropped.
 */
size_t	tq_env_add_scrubbed(struct tq_env *, const char *const *own,
	    const char *const *env);
/* The vector, NULL-terminated, in the arena; NULL: ENOMEM. */
const char *const *tq_env_take(struct tq_env *);
#endif
