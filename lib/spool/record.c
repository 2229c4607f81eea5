/* The payloads of records, by type; the layout is in record.h. */
#include "spool/record.h"

#include <errno.h>
#include <string.h>

#include "spool/part.h"

/*
 * Claim: u16 row, u32 epoch, u16 attempt, u16 capture, u8 flags, i64 due.
 * Touch: i64 due, varint epoch.
 */
#define CLAIM_FIXED	19

static void
encode_claim(struct tq_buf *b, const struct tq_rec *r)
{
	unsigned char *p;

	if ((p = tq_buf_grow(b, CLAIM_FIXED)) == NULL)
		return;
	tq_set16(p, r->st.row);
	tq_set32(p + 2, r->st.epoch);
	tq_set16(p + 6, r->st.attempt);
	tq_set16(p + 8, r->capture);
	p[10] = r->st.flags;
	tq_set64(p + 11, (uint64_t)r->st.due);
}

static void
decode_claim(struct tq_rec *r, struct tq_cur *c)
{
	const unsigned char *p;

	memset(&r->st, 0, sizeof(r->st));
	if ((p = tq_cur_get(c, CLAIM_FIXED)) == NULL)
		return;
	r->st.row = tq_le16(p);
	r->st.epoch = tq_le32(p + 2);
	r->st.attempt = tq_le16(p + 6);
	r->capture = tq_le16(p + 8);
	r->st.flags = p[10];
	r->st.due = (tq_time)tq_le64(p + 11);
}

/* Last tick: i64 at, not 0, i64 until. */
static void
encode_last(struct tq_buf *b, const struct tq_rec_last *t)
{
	tq_part_put_time(b, t->at);
	tq_part_put_time(b, t->until);
}

static void
decode_last(struct tq_rec_last *t, struct tq_cur *c)
{
	t->at = tq_part_time(c);
	t->until = tq_part_time(c);
	if (t->at == 0)
		c->err = EBADMSG;
}

/* What is of no task: 1, or 0 it is of one. */
static int
encode_row(struct tq_buf *b, const struct tq_rec *r)
{
	switch (r->type) {
	case TQ_REC_QUEUE:
	case TQ_REC_RMQ:
	case TQ_REC_GATE:
		tq_buf_varint(b, r->number);
		tq_buf_bytes(b, r->name.p, r->name.n);
		tq_buf_put(b, r->bytes.p, r->bytes.n);
		return 1;
	case TQ_REC_CTX:
		tq_buf_varint(b, r->number);
		tq_buf_varint(b, r->hash);
		tq_buf_put(b, r->bytes.p, r->bytes.n);
		return 1;
	case TQ_REC_BASE:
		tq_buf_varint(b, r->number);
		return 1;
	default:
		return 0;
	}
}

static int
decode_row(struct tq_rec *r, struct tq_cur *c)
{
	switch (r->type) {
	case TQ_REC_QUEUE:
	case TQ_REC_RMQ:
	case TQ_REC_GATE:
		r->number = (uint32_t)tq_part_max(c, UINT32_MAX);
		r->name = tq_part_bytes(c);
		r->bytes = tq_part_rest(c);
		return 1;
	case TQ_REC_CTX:
		r->number = (uint32_t)tq_part_max(c, UINT32_MAX);
		r->hash = tq_cur_varint(c);
		r->bytes = tq_part_rest(c);
		return 1;
	case TQ_REC_BASE:
		r->number = (uint32_t)tq_part_max(c, UINT32_MAX);
		return 1;
	default:
		return 0;
	}
}

void
tq_rec_encode(struct tq_buf *b, const struct tq_rec *r)
{
	if (tq_buf_grow(b, TQ_REC_HEAD) == NULL || encode_row(b, r))
		return;
	tq_buf_put(b, r->id.b, sizeof(r->id.b));
	switch (r->type) {
	case TQ_REC_PUT:
		tq_part_put_encode(b, &r->put);
		break;
	case TQ_REC_CLAIM:
		encode_claim(b, r);
		break;
	case TQ_REC_END:
		tq_part_end_encode(b, &r->end);
		break;
	case TQ_REC_ALTER:
		tq_part_state_encode(b, &r->st);
		tq_buf_bytes(b, r->why.p, r->why.n);
		break;
	case TQ_REC_TOUCH:
		tq_part_put_time(b, r->st.due);
		tq_buf_varint(b, r->st.epoch);
		break;
	case TQ_REC_LAST:
		encode_last(b, &r->last);
		break;
	case TQ_REC_UNITS:
		tq_buf_put(b, r->bytes.p, r->bytes.n);
		break;
	case TQ_REC_CARRY:
		tq_part_state_encode(b, &r->st);
		tq_buf_bytes(b, r->ends.p, r->ends.n);
		tq_part_put_encode(b, &r->put);
		break;
	default:
		break;
	}
}

/* What version 2 has brought. */
static int
is_new(const struct tq_rec *r)
{
	return r->type == TQ_REC_SEAL || r->type == TQ_REC_LAST ||
	    r->type == TQ_REC_GATE || r->type == TQ_REC_UNITS;
}

/* What follows the id of a task. */
static void
decode_of_task(struct tq_rec *r, struct tq_cur *c)
{
	switch (r->type) {
	case TQ_REC_PUT:
		tq_part_put_decode(&r->put, c, r->version);
		break;
	case TQ_REC_CLAIM:
		decode_claim(r, c);
		break;
	case TQ_REC_END:
		tq_part_end_decode(&r->end, c);
		/* in version 1 the bit says nothing, and nothing follows */
		if (r->version < 2 && r->end.flags & TQ_EF_CAUSE)
			c->err = EBADMSG;
		break;
	case TQ_REC_ALTER:
		tq_part_state_decode(&r->st, c);
		r->why = tq_part_bytes(c);
		break;
	case TQ_REC_TOUCH:
		r->st.due = tq_part_time(c);
		r->st.epoch = (uint32_t)tq_part_max(c, UINT32_MAX);
		break;
	case TQ_REC_FORGET:
	case TQ_REC_SEAL:
		break;
	case TQ_REC_LAST:
		decode_last(&r->last, c);
		break;
	case TQ_REC_UNITS:
		r->bytes = tq_part_rest(c);
		break;
	case TQ_REC_CARRY:
		tq_part_state_decode(&r->st, c);
		r->ends = tq_part_bytes(c);
		tq_part_put_decode(&r->put, c, r->version);
		break;
	default:
		c->err = EBADMSG;
		break;
	}
}

int
tq_rec_decode(struct tq_rec *r, const unsigned char *p)
{
	struct tq_cur c;
	const void *id;

	tq_cur_init(&c, p + TQ_REC_HEAD, r->length - TQ_REC_HEAD);
	if (r->version < 2 && is_new(r))
		return -1;
	if (!decode_row(r, &c)) {
		if ((id = tq_cur_get(&c, sizeof(r->id.b))) == NULL)
			return -1;
		memcpy(r->id.b, id, sizeof(r->id.b));
		decode_of_task(r, &c);
	}
	return c.err ? -1 : 0;
}
