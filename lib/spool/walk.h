/*
 * A walk along the whole ledger, oldest record first: which records hold, what
 * is damaged, where the tail is.  Recovery applies what it is given, a check
 * only counts.
 *
 * A record is accepted if it continues the one before it: salt of its segment,
 * next sequence number, CRC of its predecessor.  Where that fails, bytes
 * further on tell what it was:
 *
 *	nothing but zeros follows			the tail
 *	the next segment goes on with the chain		the end of a segment
 *	records that verify by themselves follow	damage in between if the
 *		machine has not been down since, or if one of them, however
 *		late, says that the missing sequence number was durable; else
 *		a torn tail: what a power cut left of writes that nobody had
 *		been told of
 *	other bytes follow				damage if the machine has
 *		not been down since; else a torn tail
 *
 * A segment with a damaged head whose first record continues the chain has its
 * head made again from that.
 *
 * Segments are prepared whole and in order, so one that is shorter than it
 * should be, or is not there before one that is prepared, is damage too, unless
 * a power cut may have taken it because nothing is synced.  Behind the tail that
 * is mended at once: what is prepared there is made anew.
 *
 * Damage is set aside in SPOOL/damaged and the walk goes on at the next record
 * that verifies; a torn tail is cut.
 *
 * A transaction is written at once, so it counts if it was written whole:
 *
 *	its last record is there			it was, whatever is missing
 *		in between
 *	a last record or a segment behind it is		it was: nothing is appended
 *		behind one that was not, and the records that are lost are lost
 *		alone
 *	what is missing was durable			it was
 *	else						it is cut as a torn tail is,
 *		and kept in SPOOL/damaged if there is a gap in it
 *
 * What tells that a gap was damage may be cut with the tail.  So a record that
 * tells it again is written there, before anything is cut.
 */
#ifndef TQ_SPOOL_WALK_H
#define TQ_SPOOL_WALK_H

#include "spool/handle.h"
#include "spool/lost.h"
#include "spool/segs.h"

struct tq_walk {
	/* given */
	void	(*record)(struct tq_walk *, const struct tq_rec *, tq_lsn);
	/* bytes that are damaged; may be NULL */
	void	(*lost)(struct tq_walk *, const struct tq_lost *);
	/* a sentence for people; may be NULL */
	void	(*say)(const char *, void *);
	void	*arg;
	int	 mends;			/* write a damaged head again */
	/* found */
	uint32_t	 base, last;	/* oldest and newest segment */
	tq_lsn		 tail;
	uint32_t	 salt;		/* of the tail's segment */
	uint32_t	 crc;		/* of the last record */
	uint64_t	 seq;		/* of the last record, 0: none */
	uint64_t	 durable_seq;	/* greatest seen */
	uint64_t	 records;
	unsigned	 damaged;	/* places */
	uint32_t	 where;		/* segment of the last of them, 0 none */
	int		 cut;		/* bytes behind the tail must go */
	int		 gaps;		/* records were passed that are lost */
	/* private */
	struct tq_spool	*sp;
	unsigned char	*buf;		/* one segment */
	uint32_t	 bytes;		/* that its file had */
	int		 same_boot;
	int		 chained;	/* the next must continue crc and seq */
	struct tq_walk_txn {
		uint32_t off;
	}		*txn;		/* of the transaction under way */
	size_t		 ntxn, txncap;
	int		 holed;		/* a gap is in it, or just before */
	struct tq_walk_before {
		uint64_t	 seq;
		uint32_t	 crc;
	}		 before;	/* of the record before it */
};

/* 0; -1: EPROTO a newer format, EIO, ENOMEM. */
int	tq_walk(struct tq_spool *sp, struct tq_walk *w, struct tq_err *e);
/*
 * Zero what stands behind the tail; remove segments that begin behind it.  The
 * tail moves by one record if there were gaps.
 */
int	tq_walk_cut(struct tq_spool *sp, struct tq_walk *w, struct tq_err *e);
/* Unlink segments that were retired: those below the base. */
void	tq_walk_unlink(struct tq_spool *sp, uint32_t base);

/* ---- walk_segment.c ----------------------------------------------------- */

/* Whether bytes were lost that should be there, given a record beyond them. */
int	tq_walk_is_damage(const struct tq_walk *w, const struct tq_rec *beyond);
/*
 * Walk one segment whose bytes are in w->buf; beyond is the first record of a
 * later one, NULL if there is none; more says that something is written there.
 * Returns where it ends in *end; 1 the walk goes on in the next segment, 0 this
 * holds the tail, -1.
 */
int	tq_walk_segment(struct tq_walk *w, const struct tq_seg_head *h,
	    uint32_t limit, const struct tq_rec *beyond, int more,
	    uint32_t *end);

/* ---- walk_load.c: segments as files, and damage ------------------------- */

/*
 * Keep n damaged bytes of a segment, from byte `from` on, in SPOOL/damaged.
 * 0: they are there already.
 */
int	tq_damage_keep(struct tq_spool *sp, uint32_t seg, uint32_t from,
	    const void *p, size_t n);
void	tq_walk_say(struct tq_walk *w, const char *fmt, ...)
	    __attribute__((__format__(__printf__, 2, 3)));
/* One more place of damage, in that segment. */
void	tq_walk_count(struct tq_walk *w, uint32_t seg);
/* Keep a copy of damaged bytes of w->buf; made once, whoever walks there. */
void	tq_walk_aside(struct tq_walk *w, uint32_t seg, uint32_t from,
	    uint32_t to, int cut);
/* Read a segment into w->buf: 1, 0 unusable (said), -1. */
int	tq_walk_load(struct tq_walk *w, uint32_t number, struct tq_seg_head *h,
	    struct tq_err *e);
/*
 * Segments from expect on to before `number` are not there, which may be one
 * that is prepared: then what is behind the tail is made anew.
 */
void	tq_walk_missing(struct tq_walk *w, uint32_t expect, uint32_t number,
	    int prepared);
/*
 * Nothing is written anywhere: so it is in a new spool, whose first segment has
 * the number 1.  0, -1.
 */
int	tq_walk_nothing(struct tq_walk *w, const struct tq_segs *segs);
/*
 * A file may have been cut short; one at or behind the tail is made whole again.
 */
void	tq_walk_length(struct tq_walk *w, uint32_t number, int behind);
#endif
