/*
 * A task and what it waits for, as a tree for people: members of a group, and
 * dependencies that have not ended, each below who waits for it and once only.
 */
#ifndef TQ_COMMAND_TREE_H
#define TQ_COMMAND_TREE_H

#include "command/columns.h"
#include "command/ids.h"

/*
 * Call each for every id and what is below it, depth first; depth counts from
 * 0.  0; what each returned if that is not 0; -1: ENOENT an id is not known.
 */
int	tq_tree_walk(struct tq *, const struct tq_ids *,
	    int (*each)(const struct tq_info *, unsigned depth, void *),
	    void *arg, struct tq_err *);

#endif
