/*
 * The ledger: the set of segments, appended to at one tail that stands in the
 * table, and synced by one leader for many.
 *
 * Rules
 *  1. A record is written at the tail first and the tail moves after, under
 *     the table's lock: what a dying process leaves behind the tail is never
 *     read, and `intent` says how much of it may be there.
 *  2. The records of one write are one transaction: contiguous in one
 *     segment, all but the last flagged MORE.
 *  3. Segments tail+1 .. last are prepared and empty.  Otherwise another is
 *     prepared first, outside the lock, and if that fails the write is refused
 *     and nothing changed.  Room is what these have and what the disk has for
 *     more of them, but for TQ_OUTPUT_ROOM.  Who may take it is one of three:
 *
 *	promised	to the ENDs of running claims (`reserved`): it stands
 *			in segments, and nobody else takes it.
 *	kept		for what brings tasks nearer to their end: CLAIM, END,
 *			FORGET, SEAL, the mark of a transfer, what opens a
 *			queue: TQ_TASK_ROOM for each
 *			that has not ended, TQ_ENDED_ROOM for each that has,
 *			and a segment, in which the oldest one can be carried.
 *			Half a segment of it is in segments.  On a full disk all
 *			that is here can be claimed, ended, revoked and
 *			forgotten.  Of output an END says TQ_SAY_ROOM there.
 *	free		the rest, more output, also in files, and all that a record may take that adds
 *			something: PUT, ALTER, a setting.  Who writes it names
 *			what it leaves, tq_ledger_kept().
 *
 *     So `keep` is 0 for who may take all but what is promised.  What
 *     tq_ledger_prepare() has found to be enough is enough for tq_ledger_fit(),
 *     unless others came between: both ask the same question.
 *  4. `durable` is moved only by who leads and only after a sync that covers
 *     it returned 0.  A sync that failed is never repeated on the same
 *     pages: what it covered is written again elsewhere (rescue.c).
 */
#ifndef TQ_SPOOL_LEDGER_H
#define TQ_SPOOL_LEDGER_H

#include <sys/types.h>

#include <tq/types.h>

#include "base/buf.h"
#include "spool/record.h"
#include "spool/segment.h"
#include "spool/top.h"

#define TQ_LEDGER_CACHE	8	/* open segments */
/* Room the BASE record of a new segment takes. */
#define TQ_BASE_ROOM	TQ_REC_ROOM(TQ_REC_HEAD + 8)
#define TQ_SKIP		(16u << 10)
/*
 * What a task that has not ended may take yet: to claim, end and forget it, or
 * to hold it for a transfer (120), end it (104 and TQ_BRIEF) and forget it, and
 * a part of what is left at the end of segments that the next did not fit.
 */
#define TQ_TASK_ROOM	384
/* The same for one that has. */
#define TQ_ENDED_ROOM	64
/* Output that an END may have without asking whether it leaves what is kept. */
#define TQ_SAY_ROOM	64
/* What is left for the output of running tasks; none is claimed without. */
#define TQ_OUTPUT_ROOM	(256u << 10)

struct tq_ledger {
	int		 dirfd;		/* of SPOOL/ledger; borrowed */
	mode_t		 mode;		/* of its files */
	struct tq_top	*top;		/* of the table; borrowed */
	int		 policy;	/* TQ_SYNC_* */
	int		 in_place;	/* see below; -1: not asked yet */
	int		 full;		/* the disk had no room for a segment */
	uint32_t	 writes;	/* by this handle */
	uint64_t	 clock;		/* of the cache */
	struct tq_segment cache[TQ_LEDGER_CACHE];

	/* what was asked last: room with all that is promised, and what is
	 * left of it (rule 3) */
	uint64_t	 asked, asked_keep;

	/* the transaction being made */
	uint64_t	 begun;		/* how many were: which one this is */
	struct tq_buf	 buf;		/* its records, header room and zeros in */
	struct tq_pend {
		uint32_t	 at, length;
		uint8_t		 type;
	}		*pend;
	size_t		 npend, pendcap;

	struct tq_buf	 rbuf;		/* the record read last */
};

/* dirfd and top stay the caller's and must outlive it. */
void	tq_ledger_open(struct tq_ledger *l, int dirfd, mode_t mode,
	    struct tq_top *top);
void	tq_ledger_close(struct tq_ledger *l);

/* 1 if the file system overwrites in place, so that room stays room. */
int	tq_ledger_in_place(struct tq_ledger *l);

/* ---- appending -------------------------------------------------------- */

/* Under the lock: 1 if the places that the table says can be. */
int	tq_ledger_sane(const struct tq_ledger *l, uint32_t seg_size);
/*
 * Begin a transaction; add a record to it.  Encoding needs no lock: the
 * transaction is still there under it if l->begun is what it was, and what was
 * not known is written in by tq_ledger_place(), one of its PUTs or ENDs.
 */
void	tq_ledger_begin(struct tq_ledger *l);
int	tq_ledger_add(struct tq_ledger *l, const struct tq_rec *r);
void	tq_ledger_place(struct tq_ledger *l, size_t i, const struct tq_rec *r);
/*
 * Under the lock: 1 if the transaction fits with `reserve` more bytes
 * promised to ENDs and `keep` left, moving to the next segment if it must; 0:
 * another segment has to be prepared first, for what l->asked tells; -1.
 */
int	tq_ledger_fit(struct tq_ledger *l, uint64_t reserve, uint64_t keep,
	    tq_time now);
/* Under the lock: go on in the next segment now; 1, 0 none is prepared, -1. */
int	tq_ledger_next(struct tq_ledger *l, tq_time now);
/*
 * Under the lock, after a fit: write the transaction and move the tail.
 * lsn[i], for each record, is where it stands.  From here to
 * tq_ledger_applied() the table is behind the ledger.
 */
int	tq_ledger_write(struct tq_ledger *l, tq_time now, tq_lsn *lsn);
void	tq_ledger_applied(struct tq_ledger *l);
/*
 * Under the lock: the table is about to be what no record says.  A death before
 * tq_ledger_applied() has it rebuilt.
 */
void	tq_ledger_unsettle(struct tq_ledger *l);
/* Not under the lock: have the pages behind the tail present, if mapped. */
void	tq_ledger_ahead(struct tq_ledger *l);

/* ---- room (ledger_room.c) ---------------------------------------------- */

/* Bytes that are surely there for records, without another segment. */
uint64_t tq_ledger_room(const struct tq_ledger *l);
/* What has to be left of it and of what the disk has for more: rule 3. */
uint64_t tq_ledger_kept(const struct tq_ledger *l);
/* 1 if the disk still has what is kept, with all files that are there now. */
int	tq_ledger_spares(struct tq_ledger *l);
/* Ask how much of the disk is free, for rule 3. */
int	tq_ledger_ask(struct tq_ledger *l);
/* Largest transaction that a segment takes. */
static inline size_t
tq_ledger_max(const struct tq_ledger *l)
{
	return l->top->seg_size / 4;
}

/* 1 if there are n bytes with `keep` left. */
int	tq_ledger_has_room(const struct tq_ledger *l, uint64_t n,
	    uint64_t keep);
/* Under the lock: 1 when no empty segment is prepared. */
int	tq_ledger_wants_segment(const struct tq_ledger *l);
/*
 * Not under the lock: prepare segments until there is one empty one and room
 * for what is reserved and `bytes` more, with `keep` left.  With must 0 it does
 * nothing while somebody else is at it.  -1: ENOSPC or what the disk said.
 */
int	tq_ledger_prepare(struct tq_ledger *l, uint64_t bytes, uint64_t keep,
	    int must, tq_time now, struct tq_err *e);
/* The same for who holds the `care` mutex. */
int	tq_ledger_make_room(struct tq_ledger *l, uint64_t bytes, uint64_t keep,
	    tq_time now, struct tq_err *e);

/* ---- syncing (commit.c) ------------------------------------------------ */

/* 1 if everything before lsn is durable by the policy. */
int	tq_ledger_durable(const struct tq_ledger *l, tq_lsn lsn);
/*
 * Not under the lock: let everything before lsn be durable, by a sync of our
 * own or of whoever leads.  0; -1 EIO: the sync that covered it failed;
 * EAGAIN: this sync failed just now and the caller must rescue; ETIMEDOUT: all
 * who sync get nowhere; any other, it could not be tried by us, and may be by
 * others.
 */
int	tq_ledger_commit(struct tq_ledger *l, tq_lsn lsn);

/* Write again, as it was read, what is not known to be durable: segments. */
int	tq_ledger_dirty(struct tq_ledger *l);
/*
 * Sync prepared segments and their names: one that was made while nothing was
 * synced must not be written to under another policy before that.
 */
int	tq_ledger_sync_spares(struct tq_ledger *l);

/* ---- reading ---------------------------------------------------------- */

/*
 * The record at lsn, decoded; views are good until the next read or write
 * through l.  -1: EBADMSG there is no such record (any more).
 */
int	tq_ledger_read(struct tq_ledger *l, tq_lsn lsn, struct tq_rec *out);
/* The same when the raw bytes are wanted too. */
const unsigned char *tq_ledger_peek(struct tq_ledger *l, tq_lsn lsn,
	    struct tq_rec *out);
/*
 * Where to look for a record behind a place that has none: at the next that
 * verifies or, if there is none in the next TQ_SKIP bytes, behind those.  1; 0
 * at the end of the segment, or if there is none; -1 it cannot be read now.
 */
int	tq_ledger_skip(struct tq_ledger *l, tq_lsn lsn, tq_lsn *next);
/* An open segment, or NULL with errno. */
struct tq_segment *tq_ledger_segment(struct tq_ledger *l, uint32_t number);
/* Forget cached descriptors of segments below `base`. */
void	tq_ledger_drop(struct tq_ledger *l, uint32_t base);

#endif
