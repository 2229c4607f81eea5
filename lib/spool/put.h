/*
 * What the files that put tasks share: the records of one call, and what they
 * need of the table, kept while the call is tried again.
 */
#ifndef TQ_SPOOL_PUT_H
#define TQ_SPOOL_PUT_H

#include "spool/relation.h"
#include "spool/verb.h"

struct tq_batch {
	const struct tq_spool_put *v;
	const struct tq_spool_tick *tick;	/* put with them, or NULL */
	size_t		 n;
	struct tq_rec	*recs;		/* n PUTs, then ENDs of the replaced, then
					 * one of the tick */
	size_t		 nrecs, room;
	size_t		*which;		/* the task that an error is about */
	uint64_t	 begun;		/* transaction it was encoded into, 0 none */
	tq_time		 now;
	int		 full;		/* a limit was met that will pass */
	/* ties of its tasks */
	struct tq_buf	 more;		/* their bytes, one behind the other */
	uint32_t	 exts, edges, passes; /* rows that may be needed */
};

/* ---- put_tie.c ---------------------------------------------------------- */

/* 1 if a task of the call is tied to others. */
int	tq_batch_tied(const struct tq_batch *b);
/* Not under the lock: have what their keys need come from memory. */
void	tq_batch_expect(struct tq_spool *sp, const struct tq_batch *b);
/*
 * Under the lock: find what the tasks name, decide what becomes of their keys,
 * and encode their ties.  0; -1: EEXIST the key is taken, ENOENT no such task
 * (both: sp->other), EINVAL, EMSGSIZE.
 */
int	tq_batch_tie(struct tq_spool *sp, struct tq_batch *b,
	    struct tq_err *e);

/* ---- put_find.c --------------------------------------------------------- */

/*
 * Under the lock; as tq_core_write().  Find, or make, all that the tasks need
 * of the table, and give every record its queue and context.
 */
int	tq_batch_need(struct tq_spool *sp, struct tq_batch *b,
	    struct tq_err *e);

/* ---- put_body.c --------------------------------------------------------- */

/* Bodies that are files, or too long for a record, go to files first. */
int	tq_batch_store(struct tq_spool *sp, struct tq_batch *b,
	    struct tq_err *e);
/*
 * Under the lock: 1 if all files of bodies are there.  No record names them yet,
 * so gc, which unlinks under the lock, may have taken them from a put that waited
 * or was stopped for long.
 */
int	tq_batch_has_bodies(struct tq_spool *sp, const struct tq_batch *b);
void	tq_batch_drop(struct tq_spool *sp, const struct tq_batch *b);

#endif
