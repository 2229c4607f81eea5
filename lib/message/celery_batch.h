/*
 * Who waits for whom in a batch that is put: what of it Celery has no shape
 * for is refused here.
 */
#ifndef TQ_MESSAGE_CELERY_BATCH_H
#define TQ_MESSAGE_CELERY_BATCH_H

#include "message/celery_tree.h"

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

/* Relate n tasks and ids; n of them is "none" everywhere. */
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
/*
 * The task or group i with its callbacks; not what its chain goes on with.
 * calls: those that wait for its success are callbacks, too.
 */
int	tq_batch_step(struct tq_tree **out, struct tq_batch *, size_t i,
	    int calls, unsigned depth);
/* So that a client can wait for the group i by its id. */
int	tq_batch_save_group(struct tq_batch *, size_t i);
/* Send the flow i, whose members wait for each other (celery_flow_put.c). */
int	tq_batch_send_flow(struct tq_batch *, size_t i);
#endif
