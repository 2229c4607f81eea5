/*
 * Tasks of a spool go to another broker, under their ids (tqctl transfer).
 *
 * Some of a queue at a time they are
 *
 *	asked	for there: what the target knows by its id is not ours, and stays
 *	marked	held here, in one transaction; what started meanwhile, or is
 *		tied to others, is not (lib/spool/transfer.c)
 *	read	whole, as they stand now
 *	put	there; of a refusal by a task the others do not suffer
 *	ended	here as revoked: "transferred to URL"
 *
 * so at every instant a task is here, or there, or both, and then held here:
 *
 *	killed after	it is	and when the same is done again
 *	marking		here	it is put
 *	putting		in both	the put says EEXIST, and it is ended here
 *	ending		there	it is not selected any more
 *
 * So a mark says that the target did not know the id then, and EEXIST for one
 * that was marked when we came that it is there; a spool that has something
 * else to run under the id got that meanwhile.  It is a mark that one transfer
 * leaves for the next, so one that was there when we came is taken away by
 * nothing that the target says, but that: the task may be there, and stays held.
 *
 * What was not put goes back to where it stood.  What nobody knows of, for the
 * target went away with the answer (EIO), stays marked, and what there is no room
 * to give back: transferred there again, it goes on.
 *
 * A target that takes no more of a queue is asked for each queue; so of each the
 * first task goes alone, and if it is refused there is little to take back.
 */
#ifndef TQ_COMMAND_TRANSFER_H
#define TQ_COMMAND_TRANSFER_H

#include <limits.h>

#include <tq/tq.h>

#define TQ_TRANSFER_MAX	TQ_BATCH_MAX	/* tasks that are marked at a time */

struct tq_transfer_item {
	char		*id;
	size_t		 queue, at;	/* numbers: which one, in which order */
	unsigned	 again;		/* it was marked before we came */
};

struct tq_transfer {
	struct tq	*from, *to;
	char		 place[PATH_MAX + 8]; /* where it is, without a password */
	uint32_t	 mark;		/* tq_mark() of that */
	int		 force;		/* take what was marked for another */
	/* how it went */
	uint64_t	 moved, started, left, held;
	int		 status;	/* why tasks were left, 0 none was */
	/* what is under way: k tasks, as they are to be put */
	struct tq_info	*info;
	struct tq_task	*task;
	const struct tq_transfer_item **item;
	const struct tq_transfer_item **go;	/* what is not taken there */
	unsigned char	*known;
	struct tq_id	*out;
	const char	**ids;
	const char	**there;	/* of those that are there */
	size_t		 k, nthere, bytes, files;
};

/*
 * Between them it does what it says above; from, to, place, mark are set.  From
 * the beginning on nobody else transfers: what is marked then was cut off.
 */
int	tq_transfer_begin(struct tq_transfer *, struct tq_err *);
void	tq_transfer_end(struct tq_transfer *);
/*
 * Transfer n tasks of one queue, at most TQ_TRANSFER_MAX.  What stays of them is
 * said on stderr and is in *x.  1: the target takes no more of this queue, which
 * is said; -1: nothing more can be done, as tq_put() says it, or tq_do() of the
 * spool.
 */
int	tq_transfer_some(struct tq_transfer *x,
	    const struct tq_transfer_item *v, size_t n, struct tq_err *);
/* A task as it is to be put, from what stands here; its body is *x's to close. */
int	tq_transfer_make(struct tq_transfer *x, struct tq_task *t,
	    const struct tq_info *info, struct tq_err *);
/* Say what was not named of what stays. */
void	tq_transfer_say(const struct tq_transfer *);
#endif
