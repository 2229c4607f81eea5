/*
 * Chains, groups and chords out of records (tqput -m --chain, --group,
 * --chord): the tasks of one run of tqput tied to each other.
 *
 * A chain grows batch by batch, each link waiting for the one before; on a
 * broker elsewhere, which knows a chain only as a whole, it is put like a
 * group.  A group that fits into one batch is put with it; a larger one is put
 * open, its members follow in later batches, and then it is sealed: should we
 * not come to that, the spool ends the group and what has not run of it.
 */
#ifndef TQ_COMMAND_WEAVE_H
#define TQ_COMMAND_WEAVE_H

#include <tq/tq.h>

#include "base/arena.h"
#include "base/id.h"

enum tq_shape {
	TQ_SHAPE_LOOSE,
	TQ_SHAPE_CHAIN,
	TQ_SHAPE_GROUP,
	TQ_SHAPE_CHORD
};

struct tq_weave {
	enum tq_shape	 shape;
	const char	*chord;		/* run by sh -c once all have ended */
	const char	*words[2];	/* it, as argv */
	struct tq_uuid_maker maker;
	struct tq_id	 group, callback;
	struct tq_id	 last;		/* link of a chain, "" none */
	int		 begun;		/* the group has been put */
	const char	*gate;		/* what the first link waits for */
	const struct tq_task *base;
};

/* Tasks of a batch that are none of its records: the group, the callback. */
#define TQ_WEAVE_EXTRA	2

/* base: what all tasks share. */
void	tq_weave_init(struct tq_weave *, enum tq_shape, const char *chord,
	    const struct tq_task *base);
/* A new id for a task of this call. */
void	tq_weave_id(struct tq_weave *, struct tq_id *out);
/* Tie a record's task to those before it.  0 or -1, ENOMEM, EINVAL. */
int	tq_weave_add(struct tq_weave *, struct tq_task *, struct tq_arena *,
	    struct tq_err *);
/*
 * Put n members, or links of a chain, (tasks[1] to tasks[n]) with what a group
 * needs besides: before them, and behind them, is room.  final: there will be
 * no more.
 */
int	tq_weave_put(struct tq_weave *, struct tq *, struct tq_task *tasks,
	    size_t n, int final, tq_time timeout, struct tq_err *);
/* The group of this id that tasks like `base` are in; open: more will come. */
void	tq_weave_group(struct tq_task *out, const char *id,
	    const struct tq_task *base, int open);
/* A task like `base` that runs *string by sh -c, tied to nothing. */
void	tq_weave_then(struct tq_task *out, const struct tq_task *base,
	    const char *const *string);
/*
 * Put a task, and what runs by sh -c on its output when it has succeeded, and
 * what when it has not; either may be NULL.  *id: the task's, also of one that
 * is there already (-1, EEXIST).
 */
int	tq_weave_linked(struct tq *, const struct tq_task *, const char *link,
	    const char *link_error, tq_time timeout, struct tq_id *id,
	    struct tq_err *);
/* The id to print at the end, "" none. */
const char *tq_weave_result(const struct tq_weave *);

#endif
