/*
 * A batch of tasks that is put, as a Celery client would send it: the
 * planner's inside.
 *
 * `after` and `group` of the tasks say what the batch is.  Each task or group
 * waits for one other of the same put, or for none:
 *
 *	one waits for a task, to succeed	the rest of its chain
 *	several do, or one for a group's member	callbacks, each with its own
 *	for a task, to fail			errbacks
 *	one waits for a group			the body of a chord
 *	members of a group for each other	chains and chords in each other, if
 *						they are such (celery_flow.h)
 *
 * Celery gives a chain's next task, a callback and a chord's body the results
 * of those before as first arguments, and an errback the id of what failed.
 * Here a task is given them when it names what it waits for as its `pipe`;
 * an errback is when it is a named task.
 *
 * A string of --link, --link-error or --chord behind named tasks is a call of
 * another: its name, and operands with blanks between, each JSON or a text.
 */
#ifndef TQ_MESSAGE_CELERY_BATCH_H
#define TQ_MESSAGE_CELERY_BATCH_H

#include "message/celery_tree.h"

/* ---- celery_batch.c: who waits for whom ---------------------------------- */

struct tq_batch_place {
	const char	*id;
	size_t		 i;
};

/* What the batch is, by places in it. */
struct tq_batch {
	struct tq_planner *p;
	const struct tq_task *task;
	const struct tq_id *ids;
	size_t		 n;
	size_t		*first, *next;	/* who waits for i: a list; n ends it */
	size_t		*member, *sibling;	/* members of group i: a list */
	struct tq_batch_place *sorted;	/* by id */
	unsigned char	*waits;		/* i is not sent by itself */
	unsigned char	*flow;		/* members of group i wait for others */
	size_t		 made;		/* how many are in a tree */
};

/*
 * Relate n tasks and ids; n of them is "none" everywhere.  ENOTSUP: Celery has
 * no shape for it.
 */
int	tq_batch_begin(struct tq_batch *, struct tq_planner *,
	    const struct tq_task *, const struct tq_id *ids, size_t n);
/* The place of an id in the batch, or n. */
size_t	tq_batch_find(const struct tq_batch *, const char *id);
/* The one id that a task waits for, or NULL. */
const char *tq_batch_awaited(const struct tq_task *);
/* Fail with ENOTSUP: "option: Celery cannot why". */
int	tq_batch_refuse(struct tq_batch *, const char *option,
	    const char *why);
/* How many wait for i to succeed; *only is the last of them. */
size_t	tq_batch_followers(const struct tq_batch *, size_t i, size_t *only);

/* ---- celery_call.c ------------------------------------------------------ */

/* Let t, a string for a shell, be the call of a named task; EINVAL it is none. */
int	tq_plan_call(struct tq_planner *, struct tq_task *t);

/* ---- celery_step.c ------------------------------------------------------ */

/*
 * The task or group i with its callbacks; not what its chain goes on with.
 * calls: those that wait for its success are callbacks, too.
 */
int	tq_batch_step(struct tq_tree **out, struct tq_batch *, size_t i,
	    int calls, unsigned depth);
/*
 * i and all that waits for it: a chain for as long as exactly one waits for
 * the success of the last.  What a member of a group is followed by does not
 * belong to the group, so that is a callback.
 */
int	tq_batch_tree(struct tq_tree **out, struct tq_batch *, size_t i,
	    unsigned depth);
/* So that a client can wait for the group i by its id. */
int	tq_batch_save_group(struct tq_batch *, size_t i);

/* ---- celery_flow_put.c -------------------------------------------------- */

/* Send the flow i, whose members wait for each other. */
int	tq_batch_send_flow(struct tq_batch *, size_t i);
#endif
