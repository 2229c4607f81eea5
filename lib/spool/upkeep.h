/*
 * What has to come of a change of the spool: ends that follow from ends, room
 * for what will be written, retirement.  It stands on the core; the verbs call
 * it, and it calls none of them.
 */
#ifndef TQ_SPOOL_UPKEEP_H
#define TQ_SPOOL_UPKEEP_H

#include "spool/core.h"

/* ---- cascade.c --------------------------------------------------------- */

/*
 * Under the lock: write a transaction, as tq_core_append(), and do the first
 * slice of what follows from it.
 */
int	tq_core_write(struct tq_spool *sp, struct tq_rec *recs,
	    uint64_t reserve, uint64_t keep, tq_time now, struct tq_err *e);
/* The same for one record that is a transaction of its own, not begun yet. */
int	tq_core_write_one(struct tq_spool *sp, struct tq_rec *r, uint64_t keep,
	    tq_time now, struct tq_err *e);
/*
 * Under the lock: do a slice of what follows from ends.  As tq_core_write();
 * who has more to do when he leaves finds sp->behind set.
 */
int	tq_cascade(struct tq_spool *sp, tq_time now, struct tq_err *e);
/* All that a record says of a slot's state, but for the time of its PUT. */
void	tq_state_record(struct tq_rec_state *st, const struct tq_slot *s);
/* An ALTER that leaves all as it is, to be changed; and the reason for it. */
void	tq_alter_record(struct tq_rec *r, const struct tq_slot *s);
void	tq_alter_why(struct tq_rec *r, const char *why);
/* The END of a task that no worker said; flags are TQ_EF_*. */
void	tq_end_record(struct tq_rec *r, const struct tq_slot *s,
	    enum tq_state state, unsigned flags, tq_time now);
/* The ALTER that lets an ended task begin again, with this place in line. */
void	tq_reopen_record(struct tq_rec *r, const struct tq_slot *s,
	    enum tq_state state, uint64_t seq);

/* ---- carry.c ------------------------------------------------------------ */

/*
 * Under the lock: append again what lives of a slice of the base segment, with
 * `keep` left.  1 it may have more, 2 it is done, 0 another segment is wanted
 * first, -1.
 */
int	tq_carry(struct tq_spool *sp, uint64_t keep, tq_time now,
	    struct tq_err *e);

/* ---- retire.c ----------------------------------------------------------- */

/*
 * Not under the lock: carry a slice of the oldest segment, or unlink it.
 * 1 there is more to do, 0 not, -1.  It waits its turn while somebody else is
 * at it, with the patience of a lock.
 */
int	tq_retire_step(struct tq_spool *sp, enum tq_retirer who, tq_time now,
	    struct tq_err *e);
/* The same for who need not: 0 while somebody else is at it. */
int	tq_retire_try(struct tq_spool *sp, enum tq_retirer who, tq_time now,
	    struct tq_err *e);

/* ---- upkeep.c ------------------------------------------------------------ */

/* What nobody waits for is synced at most this much later. */
#define TQ_SYNC_LATER	(100 * TQ_MS)

/* Outside the lock: make room for what did not fit; ledger.h, rule 3. */
int	tq_core_prepare(struct tq_spool *sp, tq_time now, struct tq_err *e);
/*
 * A verb goes through the lock by turns:
 *
 *	struct tq_turn t = { 0 };
 *
 *	while (tq_turn_next(sp, &t, e))
 *		t.rv = ...;
 *
 * What stands for the dots is done under the lock, and looks, decides and
 * writes, as tq_core_write(): 0 and the room that the write did not find is
 * prepared, then all is decided anew; so it is when the table turns out to be
 * bad, which the next turn rebuilds, unless it says 1 and has written.  With
 * any other answer that is over.  Afterwards t.rv is that answer, or -1 when
 * the lock or the room was not to be had.
 */
struct tq_turn {
	tq_time	 now;		/* wall clock, before the lock was taken */
	int	 rv;
	int	 in;		/* under the lock */
	int	 full;		/* -1 for want of room: ENOSPC */
};
int	tq_turn_next(struct tq_spool *sp, struct tq_turn *t,
	    struct tq_err *e);
/*
 * After leaving: what every change owes the spool, a segment if none is
 * prepared, one step of retirement if one is due.
 */
void	tq_core_upkeep(struct tq_spool *sp, tq_time now);
/* Not under the lock: all of it, while sp->behind is set. */
int	tq_cascade_all(struct tq_spool *sp, struct tq_err *e);

#endif
