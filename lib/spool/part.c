/* The parts of a record that are of a task; see part.h. */
#include "spool/part.h"

#include <errno.h>
#include <string.h>

#include "spool/relation.h"

/* Optional fields of a task part, in the order they stand. */
#define OPT_ETA		0x01
#define OPT_EXPIRES	0x02
#define OPT_KEEP	0x04
#define OPT_CTX		0x08
#define OPT_UID		0x10
#define OPT_BODYFILE	0x20
#define OPT_FOREIGN	0x40
#define OPT_MORE	0x80	/* since version 2 */

static uint16_t
get_u16(struct tq_cur *c)
{
	const void *p = tq_cur_get(c, 2);

	return p == NULL ? 0 : tq_le16(p);
}

static uint32_t
get_u32(struct tq_cur *c)
{
	const void *p = tq_cur_get(c, 4);

	return p == NULL ? 0 : tq_le32(p);
}

/*
 * Task part: u16 queue, u8 pri, u8 flags, u8 mask, then by mask: i64 eta,
 * i64 expires, i64 keep, u32 ctx, u32 uid, varints size and number of the
 * body's file, bytes foreign id, bytes relations; then bytes head, and the
 * body is the rest.
 */
void
tq_part_put_encode(struct tq_buf *b, const struct tq_rec_put *t)
{
	unsigned char *p;
	unsigned mask = 0;

	if (t->eta != 0)
		mask |= OPT_ETA;
	if (t->expires != 0)
		mask |= OPT_EXPIRES;
	if (t->flags & TQ_PF_KEEP)
		mask |= OPT_KEEP;
	if (t->ctx != 0)
		mask |= OPT_CTX;
	if (t->uid != 0)
		mask |= OPT_UID;
	if (t->flags & TQ_PF_BODYFILE)
		mask |= OPT_BODYFILE;
	if (t->flags & TQ_PF_FOREIGN)
		mask |= OPT_FOREIGN;
	if (t->more.n > 0)
		mask |= OPT_MORE;
	if ((p = tq_buf_grow(b, 5)) == NULL)
		return;
	tq_set16(p, t->queue);
	p[2] = t->pri;
	p[3] = t->flags;
	p[4] = (unsigned char)mask;
	if (mask & OPT_ETA)
		tq_part_put_time(b, t->eta);
	if (mask & OPT_EXPIRES)
		tq_part_put_time(b, t->expires);
	if (mask & OPT_KEEP)
		tq_part_put_time(b, t->keep);
	if (mask & OPT_CTX && (p = tq_buf_grow(b, 4)) != NULL)
		tq_set32(p, t->ctx);
	if (mask & OPT_UID && (p = tq_buf_grow(b, 4)) != NULL)
		tq_set32(p, t->uid);
	if (mask & OPT_BODYFILE) {
		tq_buf_varint(b, t->body_size);
		tq_buf_varint(b, t->file);
	}
	if (mask & OPT_FOREIGN)
		tq_buf_bytes(b, t->foreign.p, t->foreign.n);
	if (mask & OPT_MORE)
		tq_buf_bytes(b, t->more.p, t->more.n);
	tq_buf_bytes(b, t->head.p, t->head.n);
	tq_buf_put(b, t->body.p, t->body.n);
}

static void
place_put(unsigned char *p, const struct tq_rec_put *t)
{
	static const unsigned char times[8] = { 0, 8, 8, 16, 8, 16, 16, 24 };

	tq_set16(p, t->queue);
	if (p[4] & OPT_CTX)
		tq_set32(p + 5 + times[p[4] & (OPT_ETA | OPT_EXPIRES |
		    OPT_KEEP)], t->ctx);
}

void
tq_part_put_decode(struct tq_rec_put *t, struct tq_cur *c, unsigned version)
{
	struct tq_relation rel;
	unsigned mask;

	memset(t, 0, sizeof(*t));
	t->queue = get_u16(c);
	t->pri = (uint8_t)tq_cur_byte(c);
	t->flags = (uint8_t)tq_cur_byte(c);
	mask = tq_cur_byte(c);
	t->keep = -1;
	if (mask & OPT_ETA)
		t->eta = tq_part_time(c);
	if (mask & OPT_EXPIRES)
		t->expires = tq_part_time(c);
	if (mask & OPT_KEEP)
		t->keep = tq_part_time(c);
	if (mask & OPT_CTX)
		t->ctx = get_u32(c);
	if (mask & OPT_UID)
		t->uid = get_u32(c);
	if (mask & OPT_BODYFILE) {
		t->body_size = tq_cur_varint(c);
		t->file = (uint32_t)tq_part_max(c, UINT32_MAX);
	}
	if (mask & OPT_FOREIGN)
		t->foreign = tq_part_bytes(c);
	if (mask & OPT_MORE) {
		t->more = tq_part_bytes(c);
		if (version < 2 || t->more.n == 0 ||
		    tq_relation_decode(&rel, t->more) == -1)
			c->err = EBADMSG;
	}
	t->head = tq_part_bytes(c);
	t->body = tq_part_rest(c);
	if (t->pri > TQ_PRI_MAX ||
	    t->foreign.n > TQ_ID_MAX ||
	    !(mask & OPT_BODYFILE) != !(t->flags & TQ_PF_BODYFILE) ||
	    !(mask & OPT_FOREIGN) != !(t->flags & TQ_PF_FOREIGN))
		c->err = EBADMSG;
}

/*
 * Outcome part: u8 state, u8 flags, u16 attempt, u16 files, u64 prev, i64
 * when, i64 start, i64 end, varint out and err sizes, bytes meta, out, err;
 * with the flag CAUSE u8 enum tq_cause and an id.
 */
#define END_FIXED	38
#define CAUSE_FIXED	(1 + TQ_UUID_SIZE)

static void
place_end(unsigned char *p, const struct tq_rec_end *t)
{
	tq_set64(p + 6, t->prev);
	tq_set64(p + 14, (uint64_t)t->when);
	tq_set64(p + 22, (uint64_t)t->start);
	tq_set64(p + 30, (uint64_t)t->end);
}

void
tq_part_end_encode(struct tq_buf *b, const struct tq_rec_end *t)
{
	unsigned char *p;

	if ((p = tq_buf_grow(b, END_FIXED)) == NULL)
		return;
	p[0] = t->state;
	p[1] = t->flags;
	tq_set16(p + 2, t->attempt);
	tq_set16(p + 4, t->files);
	place_end(p, t);
	tq_buf_varint(b, t->out_size);
	tq_buf_varint(b, t->err_size);
	tq_buf_bytes(b, t->meta.p, t->meta.n);
	tq_buf_bytes(b, t->out.p, t->out.n);
	tq_buf_bytes(b, t->err.p, t->err.n);
	if (t->flags & TQ_EF_CAUSE &&
	    (p = tq_buf_grow(b, CAUSE_FIXED)) != NULL) {
		p[0] = t->why;
		memcpy(p + 1, t->cause.b, TQ_UUID_SIZE);
	}
}

static void
decode_cause(struct tq_rec_end *t, struct tq_cur *c)
{
	const unsigned char *p = tq_cur_get(c, CAUSE_FIXED);

	if (p == NULL)
		return;
	t->why = p[0];
	memcpy(t->cause.b, p + 1, TQ_UUID_SIZE);
	if (t->why == TQ_CAUSE_NONE || t->why >= TQ_NCAUSES)
		c->err = EBADMSG;
}

void
tq_part_end_decode(struct tq_rec_end *t, struct tq_cur *c)
{
	const unsigned char *p;

	memset(t, 0, sizeof(*t));
	if ((p = tq_cur_get(c, END_FIXED)) == NULL)
		return;
	t->state = p[0];
	t->flags = p[1];
	t->attempt = tq_le16(p + 2);
	t->files = tq_le16(p + 4);
	t->prev = tq_le64(p + 6);
	t->when = (tq_time)tq_le64(p + 14);
	t->start = (tq_time)tq_le64(p + 22);
	t->end = (tq_time)tq_le64(p + 30);
	t->out_size = tq_cur_varint(c);
	t->err_size = tq_cur_varint(c);
	t->meta = tq_part_bytes(c);
	t->out = tq_part_bytes(c);
	t->err = tq_part_bytes(c);
	if (t->flags & TQ_EF_CAUSE)
		decode_cause(t, c);
	if (t->state != TQ_READY && t->state != TQ_RETRY &&
	    (t->state < TQ_SUCCESS || t->state >= TQ_NSTATES))
		c->err = EBADMSG;
}

/*
 * State part: u8 state, pri, flags, crashes, laters, failures, u16 queue,
 * attempt, row, u32 epoch, i64 due, start, u64 seq, i64 put.
 */
#define STATE_FIXED	48

void
tq_part_state_encode(struct tq_buf *b, const struct tq_rec_state *t)
{
	unsigned char *p;

	if ((p = tq_buf_grow(b, STATE_FIXED)) == NULL)
		return;
	p[0] = t->state;
	p[1] = t->pri;
	p[2] = t->flags;
	p[3] = t->crashes;
	p[4] = t->laters;
	p[5] = t->failures;
	tq_set16(p + 6, t->queue);
	tq_set16(p + 8, t->attempt);
	tq_set16(p + 10, t->row);
	tq_set32(p + 12, t->epoch);
	tq_set64(p + 16, (uint64_t)t->due);
	tq_set64(p + 24, (uint64_t)t->start);
	tq_set64(p + 32, t->seq);
	tq_set64(p + 40, (uint64_t)t->put);
}

void
tq_part_state_decode(struct tq_rec_state *t, struct tq_cur *c)
{
	const unsigned char *p;

	memset(t, 0, sizeof(*t));
	if ((p = tq_cur_get(c, STATE_FIXED)) == NULL)
		return;
	t->state = p[0];
	t->pri = p[1];
	t->flags = p[2];
	t->crashes = p[3];
	t->laters = p[4];
	t->failures = p[5];
	t->queue = tq_le16(p + 6);
	t->attempt = tq_le16(p + 8);
	t->row = tq_le16(p + 10);
	t->epoch = tq_le32(p + 12);
	t->due = (tq_time)tq_le64(p + 16);
	t->start = (tq_time)tq_le64(p + 24);
	t->seq = tq_le64(p + 32);
	t->put = (tq_time)tq_le64(p + 40);
	if (t->state == TQ_ABSENT || t->state >= TQ_NSTATES ||
	    t->pri > TQ_PRI_MAX)
		c->err = EBADMSG;
}

void
tq_rec_end_add(struct tq_buf *b, const struct tq_rec_end *t)
{
	tq_part_end_encode(b, t);
}

int
tq_rec_end_next(struct tq_rec_end *out, struct tq_cur *list)
{
	if (list->n == 0)
		return 0;
	tq_part_end_decode(out, list);
	return list->err ? -1 : 1;
}

void
tq_rec_place(unsigned char *p, const struct tq_rec *r)
{
	p += TQ_REC_HEAD + TQ_UUID_SIZE;
	if (r->type == TQ_REC_PUT)
		place_put(p, &r->put);
	else
		place_end(p, &r->end);
}
