/*
 * The core: one ledger and one table, made, recovered, locked, mended and
 * written to.  It is the only floor that knows both sides; what stands on it
 * is in upkeep.h and verb.h, and it calls nothing of them.
 *
 * A change of state, in every file of this room, goes so:
 *
 *	tq_ledger_begin, tq_ledger_add	encode, no lock held
 *	tq_core_enter			lock; mend what a dead holder left
 *	decide; tq_ledger_fit		or leave, prepare room, and again
 *	tq_core_write			tq_ledger_write: the record is the truth
 *					tq_apply: the table follows
 *	tq_core_leave			unlock; then ring, wake
 *	tq_core_upkeep			and what is owed; tq_core_commit
 *
 * tq_turn_next() of upkeep.h goes this way for the verbs, tries and all.
 *
 * Replay calls the same tq_apply() on the same records.  tq_core_append() alone
 * is for who does what follows from it himself (cascade.c).
 */
#ifndef TQ_SPOOL_CORE_H
#define TQ_SPOOL_CORE_H

#include <sys/stat.h>

#include "spool/handle.h"

/* ---- core.c ------------------------------------------------------------ */

/*
 * Take the lock of a table that is whole and current.  -1: EBUSY, EIO, …
 * what made it impossible is said.
 */
int	tq_core_enter(struct tq_spool *sp, struct tq_err *e);
/* Give the lock back, then ring, wake and unlink what was noted under it. */
void	tq_core_leave(struct tq_spool *sp);
/* Make everything up to lsn durable by the policy, mending a failed sync. */
int	tq_core_commit(struct tq_spool *sp, tq_lsn lsn, struct tq_err *e);
/*
 * The same for who need not hear of a sync that failed, when a rescue has
 * written it elsewhere.
 */
int	tq_core_keep(struct tq_spool *sp, tq_lsn lsn, struct tq_err *e);
/*
 * Make durable what is in the ledger now, before somebody outside is told of
 * it.
 */
int	tq_core_told(struct tq_spool *sp, struct tq_err *e);
/*
 * Under the lock: write the transaction in sp->l and apply it.  1 done; 0
 * another segment must be prepared, or the table has turned out to be bad
 * (leave, do it, decide again); -1.
 * reserve: bytes promised to ENDs once it is done; keep: what it leaves of
 * room, ledger.h, rule 3.  Sequence, time and length are filled into recs.
 */
int	tq_core_append(struct tq_spool *sp, struct tq_rec *recs,
	    uint64_t reserve, uint64_t keep, tq_time now, struct tq_err *e);
/* Interned bytes of a context, "" for 0; good until the next call. */
int	tq_core_ctx(struct tq_spool *sp, uint32_t number, struct tq_bytes *out);

/* ---- recover.c, link.c, rescue.c --------------------------------------- */

/* Under the lock: fill an empty table from the ledger. */
int	tq_recover(struct tq_spool *sp, struct tq_err *e);
/* Under the lock, after a replay: make all edges. */
int	tq_link(struct tq_spool *sp, tq_time now, struct tq_err *e);
/* Under the lock: empty the table and recover it. */
int	tq_rebuild(struct tq_spool *sp, struct tq_err *e);
/* After that, where a sync may have failed that nobody knows of any more. */
int	tq_distrust(struct tq_spool *sp, struct tq_err *e);
/*
 * What of the ledger is damaged: each is called with a sentence; the bytes
 * are copied to SPOOL/damaged.  Returns how many places.
 */
int	tq_recover_scan(struct tq_spool *sp, void (*each)(const char *, void *),
	    void *arg, struct tq_err *e);
/*
 * 0 while the spool takes changes.  -1, EIO: a sync failed and so did writing
 * it again (rescue.c).  Who lives long has to leave then: the next one to open
 * a spool that nobody uses begins anew.
 */
int	tq_core_sound(const struct tq_spool *sp, struct tq_err *e);
/* Not under the lock: a sync failed; write what it covered elsewhere. */
int	tq_rescue(struct tq_spool *sp, struct tq_err *e);

/* ---- retire_due.c -------------------------------------------------------- */

/* Who retires: that is how long it may take, and when it is due. */
enum tq_retirer {
	TQ_RETIRE_BUSY,		/* somebody at work */
	TQ_RETIRE_IDLE,		/* somebody who has nothing else to do */
	TQ_RETIRE_FORCED	/* due or not */
};

/* 1 when the ledger is large enough against what lives in it. */
int	tq_retire_due(const struct tq_spool *sp, enum tq_retirer who);
/*
 * The disk has no room for another segment.  The oldest goes early if nothing
 * lives in it, or if what lives is so little that it surely fits behind the
 * tail, and as much again (which is not asked once carrying has begun).
 */
int	tq_retire_squeezed(const struct tq_spool *sp);
/* ---- share.c: one table for all who use a spool ------------------------ */

/*
 * Get the table of the spool in dirfd: mapped already, or attached to, or made
 * (then recovered).  sp->t and sp->l are ready afterwards.
 */
int	tq_share_open(struct tq_spool *sp, struct tq_err *e);
void	tq_share_close(struct tq_spool *sp);
/* 0: the lock file, which keeps others from another table, was removed. */
int	tq_share_locked(const struct tq_spool *sp);
/* 1 while the object still has its name. */
int	tq_share_linked(const struct tq_spool *sp);

/* ---- reap.c: tables whose spool is gone -------------------------------- */

/* Let a table say where its spool is; nothing if that is too long. */
void	tq_reap_home(const struct tq_spool *sp, struct tq_top *top);
/* Take them away, looking at so many of ours at most. */
void	tq_reap(unsigned most);

#endif
