/*
 * The segments of a ledger as files: which there are, and what each holds by
 * itself, before a walk follows the chain through them.
 */
#ifndef TQ_SPOOL_SEGS_H
#define TQ_SPOOL_SEGS_H

#include "spool/handle.h"

struct tq_segs_one {
	uint32_t	 number;
	uint32_t	 limit;		/* where a failed sync ended it, or its size */
	int		 sealing;	/* it begins where one before it was sealed */
	int		 unborn;	/* so it was meant, but it holds no record */
};

struct tq_segs {
	struct tq_segs_one	*v;		/* ascending */
	size_t		 n, cap;
};

/* Every segment there is; free v.  0, -1. */
int	tq_segs_list(struct tq_spool *sp, struct tq_segs *out);
/* 1 if segment `number` holds a first record (*r), 0 not, -1. */
int	tq_segs_first(struct tq_spool *sp, uint32_t number, struct tq_rec *r);
/*
 * What is written in segment `number` behind its head: 2 records, *r the first
 * that verifies, even if those before it do not; 1 other bytes; 0 nothing; -1.
 */
int	tq_segs_holds(struct tq_spool *sp, uint32_t number, struct tq_rec *r);
/*
 * Read all of a segment's file into p, whatever its head says, and zeros behind
 * it.  Returns its bytes, -1.
 */
ssize_t	tq_segs_raw(struct tq_spool *sp, uint32_t number, unsigned char *p);
/* The salt of a segment; with a damaged head its first record has to know. */
uint32_t tq_segs_salt(const unsigned char *p);
/*
 * The next record at or behind off that verifies by itself and is younger than
 * seq: its offset, 0 if there is none.
 */
uint32_t tq_segs_good(const unsigned char *p, uint32_t off, uint32_t size,
	    uint32_t salt, uint64_t seq, struct tq_rec *r);
int	tq_segs_zero(const unsigned char *p, size_t n);
#endif
