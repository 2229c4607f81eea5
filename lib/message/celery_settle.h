/* What the files that plan the ends of tasks share: the planner's inside. */
#ifndef TQ_MESSAGE_CELERY_SETTLE_H
#define TQ_MESSAGE_CELERY_SETTLE_H

#include "message/celery_raise.h"
#include "message/celery_tree.h"

/* One end being planned. */
struct tq_settling {
	struct tq_planner *p;
	const struct tq_celery_task *m;
	const struct tq_celery_envelope *env;
	const struct tq_celery_end *end;
};

/* What an attempt that succeeded returns, as JSON; {NULL, 0}: ENOMEM. */
struct tq_bytes tq_settle_result(struct tq_planner *,
	    const struct tq_celery_end *);
/* Tell in a meta what the task was stamped with; m keeps the values. */
int	tq_settle_stamps(struct tq_planner *, struct tq_celery_meta *,
	    const struct tq_celery_task *m);
/* Store a meta under id; dates are added. */
int	tq_settle_store(struct tq_planner *, const char *id,
	    struct tq_celery_meta *);
/* The message of the end itself, sent again; NULL on failure. */
struct tq_celery_step *tq_settle_again(const struct tq_settling *,
	    const struct tq_celery_task *);
/* Count one more "try later" in the message, a copy of the planner's. */
int	tq_settle_later(struct tq_planner *, struct tq_celery_task *);
/*
 * What is special about the success of a task of Celery's own: 0 and
 * *result, with which all goes on as usual; 1 all is planned; -1.
 */
int	tq_settle_builtin(const struct tq_settling *, struct tq_bytes *result);

/* It named another task to run in its place. */
int	tq_settle_replace(const struct tq_settling *);

/* Ids of the tasks that a list of result tuples is made of; EBADMSG. */
int	tq_settle_awaited(const char *const **ids, size_t *n,
	    struct tq_arena *, struct tq_bytes tuples);

/* A member of a chord, and what it leaves there; none of a chord: nothing. */
struct tq_settle_member {
	const char	*gid, *id;
	int64_t		 index;
	struct tq_bytes	 chord;
	int		 unknown;	/* whether there is a chord */
};
int	tq_settle_part(struct tq_planner *, const struct tq_settle_member *,
	    const char *status, struct tq_bytes result);

/* Why tasks end that have not begun. */
struct tq_settle_cause {
	const char	*status;
	const struct tq_celery_exc *exc;
	struct tq_bytes	 trace;
	struct tq_bytes	 map;		/* exc as JSON */
};
struct tq_bytes tq_settle_map(struct tq_planner *,
	    const struct tq_celery_exc *);
/* End every task of a tree that has an id; its chord hears of it. */
int	tq_settle_end(struct tq_planner *, const struct tq_tree *,
	    const struct tq_settle_cause *);
int	tq_settle_end_members(struct tq_planner *, const struct tq_tree *,
	    const struct tq_settle_cause *);
int	tq_settle_end_chain(struct tq_planner *, struct tq_bytes chain,
	    const struct tq_settle_cause *);
/* Send errbacks the id of what failed. */
int	tq_settle_errbacks(struct tq_planner *, struct tq_bytes errbacks,
	    const char *id);
#endif
