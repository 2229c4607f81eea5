/*
 * The parts that payloads of records are made of, each with its two directions.
 * Those of record.c and part.c alone.  A decoder leaves c->err where a part is
 * not what it can be.
 */
#ifndef TQ_SPOOL_PART_H
#define TQ_SPOOL_PART_H

#include <errno.h>

#include "spool/record.h"

/* ---- part.c ------------------------------------------------------------- */

/* A task, as it is put. */
void	tq_part_put_encode(struct tq_buf *b, const struct tq_rec_put *t);
void	tq_part_put_decode(struct tq_rec_put *t, struct tq_cur *c,
	    unsigned version);
/* An outcome. */
void	tq_part_end_encode(struct tq_buf *b, const struct tq_rec_end *t);
void	tq_part_end_decode(struct tq_rec_end *t, struct tq_cur *c);
/* The state of a task. */
void	tq_part_state_encode(struct tq_buf *b, const struct tq_rec_state *t);
void	tq_part_state_decode(struct tq_rec_state *t, struct tq_cur *c);

/* ---- fields ------------------------------------------------------------- */

static inline void
tq_part_put_time(struct tq_buf *b, tq_time t)
{
	unsigned char v[8];

	tq_set64(v, (uint64_t)t);
	tq_buf_put(b, v, sizeof(v));
}

static inline tq_time
tq_part_time(struct tq_cur *c)
{
	const void *p = tq_cur_get(c, 8);

	return p == NULL ? 0 : (tq_time)tq_le64(p);
}

static inline struct tq_bytes
tq_part_bytes(struct tq_cur *c)
{
	struct tq_bytes v;

	v.p = tq_cur_bytes(c, &v.n);
	if (v.p == NULL)
		v.n = 0;
	return v;
}

/* All that is left. */
static inline struct tq_bytes
tq_part_rest(struct tq_cur *c)
{
	struct tq_bytes v = { NULL, c->n };

	v.p = tq_cur_get(c, c->n);
	return v;
}

/* A varint into the range of an unsigned type, or the sticky error. */
static inline uint64_t
tq_part_max(struct tq_cur *c, uint64_t max)
{
	uint64_t v = tq_cur_varint(c);

	if (v > max) {
		c->err = EBADMSG;
		return 0;
	}
	return v;
}

#endif
