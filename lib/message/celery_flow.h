/*
 * Tasks that wait for each other as one shape of series and parallels, which is
 * what chains, groups and chords are made of (pure).
 *
 *	a   b	c: a b  d: c  e: c	series(parallel(a, b), c, parallel(d, e))
 *
 * Waiting that follows from other waiting does not count.  Then
 *
 *  1.	tasks that wait for one task in common must wait for the same tasks
 *	("no N": else they are not a shape), so that each such set is a point
 *	where some tasks end and others begin, and a task is an edge from one
 *	point to another;
 *  2.	two edges between the same points are a parallel, two edges with
 *	nothing else at the point between them a series: one edge instead;
 *  3.	what ends as a single edge is a shape, and nothing else is.
 *
 * Source: Valdes, Tarjan, Lawler, The recognition of series parallel
 * digraphs, SIAM Journal on Computing 11 (1982).
 */
#ifndef TQ_MESSAGE_CELERY_FLOW_H
#define TQ_MESSAGE_CELERY_FLOW_H

#include <stddef.h>

#include <tq/types.h>

#include "base/arena.h"

/* A task, and the places of those that it waits for. */
struct tq_sp_task {
	const char	*name;		/* for sentences */
	size_t		*after;		/* nafter of them; may be reordered */
	size_t		 nafter;
};

enum tq_sp_kind { TQ_SP_TASK, TQ_SP_SERIES, TQ_SP_PARALLEL };

/* In a series no kid is one, in a parallel no kid is one; each has two or
 * more. */
struct tq_sp {
	enum tq_sp_kind	 kind;
	size_t		 task;		/* of TQ_SP_TASK: its place */
	struct tq_sp	*first, *last;	/* kids, in order of their run */
	struct tq_sp	*next;		/* sibling */
};

/*
 * The shape of n >= 1 tasks; redundant waiting is taken out of them.  NULL:
 * ENOMEM; ENOTSUP they are none, or wait in a circle: two are named.
 */
struct tq_sp *tq_sp_make(struct tq_sp_task *, size_t n, struct tq_arena *,
	    struct tq_err *);
#endif
