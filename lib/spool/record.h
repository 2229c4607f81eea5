/*
 * The bytes of the ledger: records and segment headers, encoded and decoded
 * (pure).  tq_spool(5) specifies the same in words; change both in one
 * commit, and bump TQ_FORMAT when a reader of the old form would err.
 *
 * A record is a header of TQ_REC_HEAD bytes, a payload and zeros up to a
 * multiple of 8.  Integers are little-endian.
 *
 *	 0  u8   magic 0xB5
 *	 1  u8   format version
 *	 2  u8   type (enum tq_rec_type)
 *	 3  u8   flags (TQ_REC_MORE: the transaction goes on)
 *	 4  u32  length: header and payload, without the zeros at the end
 *	 8  u32  CRC-32C of bytes 0-7 and 12-length
 *	12  u32  that CRC of the record before it, 0 for the first of a spool
 *	16  u32  salt of the segment it was written to
 *	20  u32  how far the durable sequence was behind, at most 2^32-1
 *	24  u64  sequence number: one more than the record before it
 *	32  i64  time of the wall clock, ns
 *
 * A payload begins with the task's id (16 bytes) where the type has one; then
 * fixed fields, then a mask of optional fields in the order of its bits.
 *
 * What changed: version 2 has bit 0x80 in that mask (relations, relation.h),
 * bit 0x80 of an outcome's flags (cause) and the types SEAL, LAST, GATE and
 * UNITS.  What was valid in version 1 has the same bytes and meaning in 2.
 */
#ifndef TQ_SPOOL_RECORD_H
#define TQ_SPOOL_RECORD_H

#include <tq/types.h>

#include "base/buf.h"
#include "base/id.h"

#define TQ_FORMAT	2	/* what is written */
#define TQ_FORMAT_OLD	1	/* the oldest that is read */
#define TQ_REC_MAGIC	0xB5
#define TQ_REC_HEAD	40
#define TQ_REC_MORE	0x01

#define TQ_SEG_MAGIC	"tq-ledgr"
#define TQ_SEG_HEAD	64

enum tq_rec_type {
	TQ_REC_PUT = 1,		/* a task came */
	TQ_REC_CLAIM,		/* an attempt began */
	TQ_REC_END,		/* an attempt ended, or a task without one */
	TQ_REC_ALTER,		/* hold, release, move, priority, reopen */
	TQ_REC_TOUCH,		/* a lease was renewed */
	TQ_REC_FORGET,		/* an ended task was forgotten */
	TQ_REC_CARRY,		/* whole state of a task, from an old segment */
	TQ_REC_QUEUE,		/* number, name and settings of a queue */
	TQ_REC_RMQ,		/* a queue was removed */
	TQ_REC_CTX,		/* directory and environment, interned */
	TQ_REC_BASE,		/* number of the oldest segment */
	TQ_REC_SEAL,		/* a group gets no more members; since 2 */
	TQ_REC_LAST,		/* the last tick of a schedule; since 2 */
	TQ_REC_GATE,		/* kind, name and limit of a gate; since 2 */
	TQ_REC_UNITS,		/* what a started task has of shared resources;
				 * since 2 */
	TQ_REC_NTYPES
};

/* Flags of a task that the table itself needs; in PUT, ALTER and CARRY. */
#define TQ_PF_ONCE	0x01	/* at most one start */
#define TQ_PF_HOLD	0x02	/* begins held */
#define TQ_PF_NORESULT	0x04	/* no output of a success is kept */
#define TQ_PF_FOREIGN	0x08	/* id is a digest of a longer one, in the record */
#define TQ_PF_BODYFILE	0x10	/* the body is a spool file */
#define TQ_PF_OUTFILE	0x20	/* a stream of an attempt is a spool file */
#define TQ_PF_LEASED	0x40	/* started: its claim is bounded by time, not by
				 * life */
#define TQ_PF_FREED	0x40	/* not started: what it waited for in vain counts
				 * no more; graph.h, rule 7 */
#define TQ_PF_KEEP	0x80	/* has a time of its own for its result */

/* How an END came about. */
#define TQ_EF_CRASH	0x01	/* the owner died or its lease passed */
#define TQ_EF_LATER	0x02	/* "try later", not a failure */
#define TQ_EF_FAILED	0x04	/* a failed attempt that counts for -r */
#define TQ_EF_CUT	0x08	/* output was cut */
#define TQ_EF_OUTFILE	0x10	/* stdout is a spool file */
#define TQ_EF_ERRFILE	0x20	/* stderr is a spool file */
#define TQ_EF_NOCLAIM	0x40	/* no attempt: it ended in the queue */
#define TQ_EF_CAUSE	0x80	/* another task is why: `cause`; since 2 */

/* What that other task has to do with it. */
enum tq_cause {
	TQ_CAUSE_NONE,
	TQ_CAUSE_FAILED,	/* a dependency or member without success */
	TQ_CAUSE_UNNEEDED,	/* nothing that it waited to see fail failed */
	TQ_CAUSE_GROUP,		/* the group it is in was revoked or left */
	TQ_CAUSE_REPLACED	/* took its key, and its place in a graph */
};
#define TQ_NCAUSES	5

/* A payload's task part. */
struct tq_rec_put {
	uint16_t	 queue;
	uint8_t		 pri;
	uint8_t		 flags;		/* TQ_PF_* */
	uint32_t	 ctx;		/* interned context, 0: none */
	uint32_t	 uid;		/* of the submitter */
	tq_time		 eta, expires, keep;	/* keep: -1 not set */
	uint64_t	 body_size;	/* of a body in a file */
	uint32_t	 file;		/* number in the name of that file */
	struct tq_bytes	 foreign;	/* the id in full */
	struct tq_bytes	 more;		/* relations, as relation.h has them */
	struct tq_bytes	 head;		/* what lib/message makes of the rest */
	struct tq_bytes	 body;
};

/* A payload's outcome part. */
struct tq_rec_end {
	uint8_t		 state;		/* enum tq_state after it */
	uint8_t		 flags;		/* TQ_EF_* */
	uint16_t	 attempt;
	uint16_t	 files;		/* number in the names of its files */
	uint64_t	 prev;		/* position of the task's END before it */
	tq_time		 when;		/* TQ_RETRY: not before */
	tq_time		 start, end;	/* of the attempt */
	uint64_t	 out_size, err_size;	/* whole sizes, also of a file */
	struct tq_bytes	 meta;		/* what lib/message makes of the rest */
	struct tq_bytes	 out, err;	/* inline output */
	uint8_t		 why;		/* enum tq_cause, with TQ_EF_CAUSE */
	struct tq_uuid	 cause;
};

/* Mutable state of a task, in CARRY and ALTER. */
struct tq_rec_state {
	uint8_t		 state, pri, flags, crashes, laters, failures;
	uint16_t	 queue, attempt, row;
	uint32_t	 epoch;
	tq_time		 due, start;
	uint64_t	 seq;		/* of its PUT */
	tq_time		 put;		/* time of its PUT */
};

/* A tick of a schedule, whose digest is the record's id. */
struct tq_rec_last {
	tq_time		 at;		/* the tick */
	tq_time		 until;		/* it need not be known after that */
};

/* A record in parts; which parts count follows from the type. */
struct tq_rec {
	/* header; the version is TQ_FORMAT in all that is written */
	uint8_t		 version, type, flags;
	uint32_t	 length;
	uint32_t	 crc, prev, salt, lag;
	uint64_t	 seq;
	tq_time		 time;
	/* payload */
	struct tq_uuid	 id;
	uint32_t	 hint;		/* not written: slot it may stand in */
	union {
		struct tq_rec_put put;	/* PUT, CARRY */
		struct tq_rec_end end;	/* END */
		struct tq_rec_last last; /* LAST */
	};
	struct tq_rec_state st;		/* ALTER, CARRY; CLAIM: row epoch
					 * attempt flags due (lease end) */
	uint16_t	 capture;	/* CLAIM */
	struct tq_bytes	 ends;		/* CARRY: its outcomes, newest first */
	struct tq_bytes	 why;		/* ALTER: reason, for the event */
	/* QUEUE, CTX, BASE, GATE; UNITS: bytes */
	uint32_t	 number;
	uint64_t	 hash;		/* CTX */
	struct tq_bytes	 name, bytes;
};

/*
 * Write the payload of *r behind n bytes of room for the header in *b; the
 * header itself is written by tq_rec_seal() once the place is known.
 */
void	tq_rec_encode(struct tq_buf *b, const struct tq_rec *r);
/*
 * Of an encoded PUT or END at p: write what is known under the lock only.  Of a
 * PUT that is its queue and its context, which must have been 0 if it is 0; of
 * an END its prev, when, start and end.
 */
void	tq_rec_place(unsigned char *p, const struct tq_rec *r);
/*
 * Fill in the header of the record of `length` bytes at p and its CRC from
 * r->type, flags, prev, salt, lag, seq, time.  Returns the CRC.
 */
uint32_t tq_rec_seal(unsigned char *p, const struct tq_rec *r, uint32_t length);
/* Bytes a record of that length takes in a segment. */
#define TQ_REC_ROOM(length)	(((size_t)(length) + 7) & ~(size_t)7)

/*
 * Read the header of a record of which n bytes are at p, and verify it with
 * its CRC: 0, or -1 when there is no whole record there.
 */
int	tq_rec_head(struct tq_rec *out, const unsigned char *p, size_t n);
/*
 * 1 if the TQ_REC_HEAD bytes at p may be the header of a record in a segment of
 * that salt, which bodies do not know: a CRC is dear.
 */
int	tq_rec_seems(const unsigned char *p, uint32_t salt);
/*
 * Decode a record whose header was verified: every part is a view into p.
 * 0, or -1 when the payload does not fit its type.
 */
int	tq_rec_decode(struct tq_rec *out, const unsigned char *p);

/* The next outcome of a carried list: 1 and *out, 0 at the end, -1 bad. */
int	tq_rec_end_next(struct tq_rec_end *out, struct tq_cur *list);
/* One outcome as an element of such a list. */
void	tq_rec_end_add(struct tq_buf *b, const struct tq_rec_end *);

/*
 * A segment begins with
 *
 *	 0  8 bytes  "tq-ledgr"
 *	 8  u32  format version	12  u32  its number, from 1
 *	16  u32  salt, random	20  u32  size of the file in bytes
 *	24  i64  time made	32  16 bytes of the boot id
 *	48  u64  sealed: 0, or the position where a failed sync ended it
 *	56  u32  reserved, 0	60  u32  CRC-32C of bytes 0-59
 */
struct tq_seg_head {
	uint32_t	 version, number, salt, size;
	tq_time		 made;
	unsigned char	 boot[16];
	uint64_t	 sealed;
};
void	tq_seg_encode(unsigned char p[TQ_SEG_HEAD], const struct tq_seg_head *);
/* 0; -1 with errno EBADMSG, or EPROTO for another version. */
int	tq_seg_decode(struct tq_seg_head *, const unsigned char p[TQ_SEG_HEAD]);

#endif
