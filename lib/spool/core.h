/*
 * What the files that make up the spool share: its handle, the way in and
 * out of the lock, and the one function that changes the table.
 *
 * A change of state, in every file of this room, goes so:
 *
 *	tq_ledger_begin, tq_ledger_add	encode, no lock held
 *	tq_core_enter			lock; mend what a dead holder left
 *	decide; tq_ledger_fit		or leave, tq_core_prepare, again
 *	tq_ledger_write			the record is the truth from here on
 *	tq_apply			the table follows
 *	tq_core_leave			unlock; then ring, wake, commit
 *
 * Replay calls the same tq_apply() on the same records, so that the table is
 * a function of the ledger by construction.
 */
#ifndef TQ_SPOOL_CORE_H
#define TQ_SPOOL_CORE_H

#include <sys/stat.h>
#include <sys/types.h>

#include <tq/types.h>

#include "base/buf.h"
#include "base/id.h"
#include "spool/bell.h"
#include "spool/format.h"
#include "spool/ledger.h"
#include "spool/owner.h"
#include "spool/spool.h"
#include "spool/table.h"

/* How long a command waits for things that are over in moments. */
#define TQ_PATIENCE	(5 * TQ_SECOND)

/* Of those to be told of one change, by ring and by call. */
#define TQ_RINGS_MAX	8
#define TQ_CALLS_MAX	4

/* The table of one spool as mapped in this process; shared by its handles. */
struct tq_share;

struct tq_spool {
	char		*path;
	int		 dirfd, ledgerfd, filesfd;
	unsigned	 flags;		/* TQ_OPEN_* */
	int		 retire_due;	/* as our last write found it */
	int		 cascading;	/* in tq_cascade() */
	int		 behind;	/* it had more to do when we left */
	uint32_t	 ahead;		/* slot that may be claimed next */
	uint32_t	 near;		/* queue of our last put or claim */
	uint32_t	 ready_seen;	/* ready_word when we found nothing */
	int		 caring;	/* holds the `care` mutex */
	int		 same_boot;	/* its last table is of this boot */
	int		 pid;		/* ours, for the diagnostic of the lock */
	struct tq_format format;
	struct tq_share	*share;
	struct tq_table	 t;		/* copied from the share */
	struct tq_ledger l;
	struct tq_uuid_maker maker;
	tq_time		 came;		/* mono, coarse: for the lock, the last time;
					 * what is looked at once a second goes by
					 * it, a reading of the clock is 21 ns */
	tq_time		 looked;	/* coarse: identity of the table checked */
	tq_time		 floored;	/* coarse: free space checked */
	int		 under_floor;
	tq_time		 roomy;		/* mono: room for output was there */
	struct tq_uuid	 other;		/* the task that a refusal is about */
	tq_lsn		 mine;		/* end of the last record we wrote */
	int		 wrote;		/* one since we entered */
	uint16_t	 reported;	/* capture numbers up to it have said
					 * something */

	/* as a claimer */
	struct tq_owner	 owner;
	int		 probe;		/* asks about other owners, or -1 */
	int		 transfer;	/* holds the byte of transfer.c, or -1 */
	struct tq_bell	 bell;
	int		 alarm;		/* base/alarm.h, or -1 */
	int		 bell_tried;	/* they were to be made, once */
	struct tq_bell_peer *peers;	/* TQ_WORKERS_MAX, made on demand */
	tq_lsn		*lsns;		/* scratch of a large transaction */
	size_t		 nlsns;
	uint32_t	 joined;	/* generation in which the row was filled */
	unsigned	 jobs;
	char		 status[64], limits[48];
	uint32_t	 rotor;		/* of weighted choice */
	struct tq_buf	 mail;		/* words taken while looking for rings */

	/* rings to send once the lock is given back: due.h */
	unsigned	 nrings;
	uint16_t	 ring[TQ_RINGS_MAX];
	/* queues without a worker, to call for one then */
	unsigned	 ncalls;
	uint16_t	 call[TQ_CALLS_MAX];
	/* ids whose waiters to wake, as indices of futex words */
	uint64_t	 wake;
	/* files of forgotten tasks, to be unlinked outside the lock */
	struct tq_buf	 litter;

	struct tq_buf	 ctx;		/* bytes of the last context read */
	uint32_t	 ctx_number;
	uint64_t	 ctx_hash;
	struct tq_buf	 keep;		/* record bytes that outlive a read */
	struct tq_buf	 units;		/* of shared resources, of the last claim */
};

/* ---- share.c: one table for all who use a spool ------------------------ */

/*
 * Get the table of the spool in dirfd: mapped already, or attached to, or made
 * (then recovered).  sp->t and sp->l are ready afterwards.
 */
int	tq_share_open(struct tq_spool *sp, struct tq_err *e);
void	tq_share_close(struct tq_spool *sp);
/* 1 while the object still has its name. */
int	tq_share_linked(const struct tq_spool *sp);

/* ---- reap.c: tables whose spool is gone -------------------------------- */

/* Take them away, looking at so many of ours at most. */
void	tq_reap(unsigned most);

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
 * another segment must be prepared (leave, tq_core_prepare, decide again);
 * -1.  reserve: bytes promised to ENDs once it is done; keep: as to
 * tq_core_prepare().  Sequence, time and length are filled into recs.
 */
int	tq_core_append(struct tq_spool *sp, struct tq_rec *recs,
	    uint64_t reserve, uint64_t keep, tq_time now, struct tq_err *e);
/* Interned bytes of a context, "" for 0; good until the next call. */
int	tq_core_ctx(struct tq_spool *sp, uint32_t number, struct tq_bytes *out);

/* ---- apply.c ----------------------------------------------------------- */

/*
 * Let the table follow one record that stands at lsn.  sp may be NULL in
 * replay: then nobody is woken and no file unlinked.
 */
void	tq_apply(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn,
	    struct tq_spool *sp);

/* ---- cascade.c, link.c ---------------------------------------------------- */

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
/* An ALTER that leaves all as it is, to be changed. */
void	tq_alter_record(struct tq_rec *r, const struct tq_slot *s);
/* The END of a task that no worker said; flags are TQ_EF_*. */
void	tq_end_record(struct tq_rec *r, const struct tq_slot *s,
	    enum tq_state state, unsigned flags, tq_time now);
/* The ALTER that lets an ended task begin again, with this place in line. */
void	tq_reopen_record(struct tq_rec *r, const struct tq_slot *s,
	    enum tq_state state, uint64_t seq);
/* Under the lock, after a replay: make all edges. */
int	tq_link(struct tq_spool *sp, tq_time now, struct tq_err *e);

/* ---- recover.c, rescue.c ------------------------------------------------ */

/* Under the lock: fill an empty table from the ledger. */
int	tq_recover(struct tq_spool *sp, struct tq_err *e);
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
 * Keep n damaged bytes of a segment, from byte `from` on, in SPOOL/damaged.
 * 0: they are there already.
 */
int	tq_damage_keep(struct tq_spool *sp, uint32_t seg, uint32_t from,
	    const void *p, size_t n);
/*
 * 0 while the spool takes changes.  -1, EIO: a sync failed and so did writing
 * it again (rescue.c).  Who lives long has to leave then: the next one to open
 * a spool that nobody uses begins anew.
 */
int	tq_core_sound(const struct tq_spool *sp, struct tq_err *e);
/* Not under the lock: a sync failed; write what it covered elsewhere. */
int	tq_rescue(struct tq_spool *sp, struct tq_err *e);

/* ---- retire_due.c, retire.c ----------------------------------------------- */

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
/*
 * Not under the lock: carry a slice of the oldest segment, or unlink it.
 * 1 there is more to do, 0 not, -1.
 */
int	tq_retire_step(struct tq_spool *sp, enum tq_retirer who, tq_time now,
	    struct tq_err *e);

/* ---- upkeep.c ------------------------------------------------------------ */

/*
 * Outside the lock: make room for `bytes` more and the reserve, with `keep`
 * left; ledger.h, rule 3.
 */
int	tq_core_prepare(struct tq_spool *sp, uint64_t bytes, uint64_t keep,
	    tq_time now, struct tq_err *e);
/*
 * After leaving: what every change owes the spool, a segment if none is
 * prepared, one step of retirement if one is due.
 */
void	tq_core_upkeep(struct tq_spool *sp, tq_time now);
/* Not under the lock: all of it, while sp->behind is set. */
int	tq_cascade_all(struct tq_spool *sp, struct tq_err *e);

/* ---- timer.c ------------------------------------------------------------ */

/*
 * Under the lock: move due timers, at most a slice.  Adds ENDs of the expired
 * to the table through the ledger.  1 done, 0 a segment is wanted, -1.  *next
 * is when the next timer is due, 0 none.
 */
int	tq_timers(struct tq_spool *sp, tq_time now, tq_time *next,
	    struct tq_err *e);
/*
 * Under the lock: the same for one slot that has not ended, which may be due
 * behind many others or, when the clock was set back, not be due any more.
 * As tq_core_write().
 */
int	tq_timer_one(struct tq_spool *sp, uint32_t n, tq_time now,
	    struct tq_err *e);
/*
 * Not under the lock: all that is due, for a tenth of a second at most, so
 * that who looks at many tasks sees what time has made of them.
 */
int	tq_timers_turn(struct tq_spool *sp, struct tq_err *e);
/*
 * Under the lock: hand back up to a slice of what dead owners hold.  Returns
 * how many, -1; *more is set when there may be more.
 */
int	tq_sweep(struct tq_spool *sp, tq_time now, int *more, struct tq_err *e);
/* ---- file.c: bodies and outputs too long for a record -------------------- */

#define TQ_FILE_NAME	64

enum tq_file { TQ_FILE_BODY, TQ_FILE_OUT, TQ_FILE_ERR };

/* Descriptor of files/, opened when first needed; -1. */
int	tq_file_dir(struct tq_spool *sp);
/* "<id in hex>.b<number>", "<id in hex>.<number>.1", ….2 */
void	tq_file_name(char out[TQ_FILE_NAME], const struct tq_uuid *id,
	    enum tq_file kind, unsigned files);
/*
 * Put what fd holds into a spool file of that name, linking it if it can be,
 * copying otherwise; synced by the policy.  *taken: fd itself was linked.
 */
int	tq_file_store(struct tq_spool *sp, const char *name, int fd,
	    uint64_t *size, int *taken, struct tq_err *e);
/* n bytes as an unlinked file to read from; -1. */
int	tq_file_memory(const void *p, size_t n);
/* Note the files of a slot as litter, to be unlinked after the lock. */
void	tq_file_litter(struct tq_spool *sp, const struct tq_slot *s);
void	tq_file_sweep(struct tq_spool *sp);

/* ---- put.c -------------------------------------------------------------- */

/*
 * Under the lock: make a queue.  1 and its number, 0 a segment is wanted, -1.
 */
int	tq_queue_make(struct tq_spool *sp, const char *name, uint32_t *out,
	    uint64_t keep, tq_time now, struct tq_err *e);

/* The same for one that may be there; ENOENT if it may not be made. */
int	tq_queue_need(struct tq_spool *sp, const char *name, uint32_t *out,
	    uint64_t keep, tq_time now, struct tq_err *e);

/* ---- own.c, choose.c, work.c --------------------------------------------- */

/* Be an owner: take a row, once. */
int	tq_own(struct tq_spool *sp, struct tq_err *e);
int	tq_capture_path(struct tq_spool *sp, unsigned row, unsigned capture,
	    enum tq_stream stream, char *path, size_t size, struct tq_err *e);
/*
 * Under the lock: the next task of the queues served, of the first that has
 * one; with weights, of one drawn in proportion to them among those that have
 * one.  Whom gates refuse is parked; *parks is 0 or less when that was enough
 * for one critical section.
 */
uint32_t tq_choose(struct tq_spool *sp, const struct tq_take *take,
	    tq_time now, int *parks);
/*
 * Before a handle closes: hand back what it holds, uncounted, and leave its
 * row as nobody's.
 */
void	tq_leave_work(struct tq_spool *sp);
/* Keep words that came while only rings were looked for. */
void	tq_mail_keep(struct tq_spool *sp, const char *words);
/* All rows of live workers, copied; free it.  joined 0: no worker. */
struct tq_wrow *tq_rows_copy(struct tq_spool *sp, struct tq_err *e);

/* ---- look.c, why.c ------------------------------------------------------ */

/* Copy a slot and what the table knows around it: 1, 0 unknown, -1. */
int	tq_look_slot(struct tq_spool *sp, const struct tq_uuid *id,
	    struct tq_spool_look *out, struct tq_err *e);
/* Under the lock: why a READY task of this queue is not running, if it is so. */
void	tq_look_why(struct tq_spool *sp, const struct tq_slot *s,
	    const struct tq_qrow *q, tq_time now, struct tq_spool_look *out);

/* report.c: take away what our attempts said. */
void	tq_report_clear(struct tq_spool *sp);

/* ---- transfer.c --------------------------------------------------------- */

/* Mark of the place that a slot's task is on its way to, 0: it is not. */
uint32_t tq_transfer_mark(const struct tq_slot *s);
/* What one that is held becomes when it is let go, and waits for no other. */
enum tq_state tq_transfer_was(const struct tq_slot *s, tq_time now);
/* 1 if the verb is one that room is kept for. */
int	tq_transfer_is_kept(enum tq_verb verb, unsigned flags,
	    const struct tq_spool_transfer *tr);
/* The record that does the verb of a transfer to a slot: 1, or 0. */
int	tq_transfer_decide(struct tq_rec *r, enum tq_verb verb,
	    unsigned flags, const struct tq_spool_transfer *tr,
	    struct tq_table *t, const struct tq_slot *s, tq_time now);
/* Let nobody else transfer until sp is closed.  EBUSY. */
int	tq_transfer_lock(struct tq_spool *sp, struct tq_err *e);

#endif
