/* The bytes of the ledger; the layout is in record.h. */
#include "spool/record.h"

#include <errno.h>
#include <string.h>

#include "base/crc.h"
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

static void
put_time(struct tq_buf *b, tq_time t)
{
	unsigned char v[8];

	tq_set64(v, (uint64_t)t);
	tq_buf_put(b, v, sizeof(v));
}

static tq_time
get_time(struct tq_cur *c)
{
	const void *p = tq_cur_get(c, 8);

	return p == NULL ? 0 : (tq_time)tq_le64(p);
}

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

static struct tq_bytes
get_bytes(struct tq_cur *c)
{
	struct tq_bytes v;

	v.p = tq_cur_bytes(c, &v.n);
	if (v.p == NULL)
		v.n = 0;
	return v;
}

/* All that is left. */
static struct tq_bytes
get_rest(struct tq_cur *c)
{
	struct tq_bytes v = { NULL, c->n };

	v.p = tq_cur_get(c, c->n);
	return v;
}

/* A varint into the range of an unsigned type, or the sticky error. */
static uint64_t
get_max(struct tq_cur *c, uint64_t max)
{
	uint64_t v = tq_cur_varint(c);

	if (v > max) {
		c->err = EBADMSG;
		return 0;
	}
	return v;
}

/*
 * Task part: u16 queue, u8 pri, u8 flags, u8 mask, then by mask: i64 eta,
 * i64 expires, i64 keep, u32 ctx, u32 uid, varints size and number of the
 * body's file, bytes foreign id, bytes relations; then bytes head, and the
 * body is the rest.
 */
static void
encode_put(struct tq_buf *b, const struct tq_rec_put *t)
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
		put_time(b, t->eta);
	if (mask & OPT_EXPIRES)
		put_time(b, t->expires);
	if (mask & OPT_KEEP)
		put_time(b, t->keep);
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

static void
decode_put(struct tq_rec_put *t, struct tq_cur *c, unsigned version)
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
		t->eta = get_time(c);
	if (mask & OPT_EXPIRES)
		t->expires = get_time(c);
	if (mask & OPT_KEEP)
		t->keep = get_time(c);
	if (mask & OPT_CTX)
		t->ctx = get_u32(c);
	if (mask & OPT_UID)
		t->uid = get_u32(c);
	if (mask & OPT_BODYFILE) {
		t->body_size = tq_cur_varint(c);
		t->file = (uint32_t)get_max(c, UINT32_MAX);
	}
	if (mask & OPT_FOREIGN)
		t->foreign = get_bytes(c);
	if (mask & OPT_MORE) {
		t->more = get_bytes(c);
		if (version < 2 || t->more.n == 0 ||
		    tq_relation_decode(&rel, t->more) == -1)
			c->err = EBADMSG;
	}
	t->head = get_bytes(c);
	t->body = get_rest(c);
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

static void
encode_end(struct tq_buf *b, const struct tq_rec_end *t)
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

static void
decode_end(struct tq_rec_end *t, struct tq_cur *c)
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
	t->meta = get_bytes(c);
	t->out = get_bytes(c);
	t->err = get_bytes(c);
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

static void
encode_state(struct tq_buf *b, const struct tq_rec_state *t)
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

static void
decode_state(struct tq_rec_state *t, struct tq_cur *c)
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
	put_time(b, t->at);
	put_time(b, t->until);
}

static void
decode_last(struct tq_rec_last *t, struct tq_cur *c)
{
	t->at = get_time(c);
	t->until = get_time(c);
	if (t->at == 0)
		c->err = EBADMSG;
}

void
tq_rec_end_add(struct tq_buf *b, const struct tq_rec_end *t)
{
	encode_end(b, t);
}

int
tq_rec_end_next(struct tq_rec_end *out, struct tq_cur *list)
{
	if (list->n == 0)
		return 0;
	decode_end(out, list);
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
		r->number = (uint32_t)get_max(c, UINT32_MAX);
		r->name = get_bytes(c);
		r->bytes = get_rest(c);
		return 1;
	case TQ_REC_CTX:
		r->number = (uint32_t)get_max(c, UINT32_MAX);
		r->hash = tq_cur_varint(c);
		r->bytes = get_rest(c);
		return 1;
	case TQ_REC_BASE:
		r->number = (uint32_t)get_max(c, UINT32_MAX);
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
		encode_put(b, &r->put);
		break;
	case TQ_REC_CLAIM:
		encode_claim(b, r);
		break;
	case TQ_REC_END:
		encode_end(b, &r->end);
		break;
	case TQ_REC_ALTER:
		encode_state(b, &r->st);
		tq_buf_bytes(b, r->why.p, r->why.n);
		break;
	case TQ_REC_TOUCH:
		put_time(b, r->st.due);
		tq_buf_varint(b, r->st.epoch);
		break;
	case TQ_REC_LAST:
		encode_last(b, &r->last);
		break;
	case TQ_REC_UNITS:
		tq_buf_put(b, r->bytes.p, r->bytes.n);
		break;
	case TQ_REC_CARRY:
		encode_state(b, &r->st);
		tq_buf_bytes(b, r->ends.p, r->ends.n);
		encode_put(b, &r->put);
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
		decode_put(&r->put, c, r->version);
		break;
	case TQ_REC_CLAIM:
		decode_claim(r, c);
		break;
	case TQ_REC_END:
		decode_end(&r->end, c);
		/* in version 1 the bit says nothing, and nothing follows */
		if (r->version < 2 && r->end.flags & TQ_EF_CAUSE)
			c->err = EBADMSG;
		break;
	case TQ_REC_ALTER:
		decode_state(&r->st, c);
		r->why = get_bytes(c);
		break;
	case TQ_REC_TOUCH:
		r->st.due = get_time(c);
		r->st.epoch = (uint32_t)get_max(c, UINT32_MAX);
		break;
	case TQ_REC_FORGET:
	case TQ_REC_SEAL:
		break;
	case TQ_REC_LAST:
		decode_last(&r->last, c);
		break;
	case TQ_REC_UNITS:
		r->bytes = get_rest(c);
		break;
	case TQ_REC_CARRY:
		decode_state(&r->st, c);
		r->ends = get_bytes(c);
		decode_put(&r->put, c, r->version);
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

uint32_t
tq_rec_seal(unsigned char *p, const struct tq_rec *r, uint32_t length)
{
	uint32_t crc;

	p[0] = TQ_REC_MAGIC;
	p[1] = TQ_FORMAT;
	p[2] = r->type;
	p[3] = r->flags;
	tq_set32(p + 4, length);
	tq_set32(p + 12, r->prev);
	tq_set32(p + 16, r->salt);
	tq_set32(p + 20, r->lag);
	tq_set64(p + 24, r->seq);
	tq_set64(p + 32, (uint64_t)r->time);
	crc = tq_crc32c(tq_crc32c(0, p, 8), p + 12, length - 12);
	tq_set32(p + 8, crc);
	return crc;
}

int
tq_rec_head(struct tq_rec *r, const unsigned char *p, size_t n)
{
	uint32_t length, crc;

	if (n < TQ_REC_HEAD || p[0] != TQ_REC_MAGIC || p[1] < TQ_FORMAT_OLD ||
	    p[1] > TQ_FORMAT)
		return -1;
	length = tq_le32(p + 4);
	if (length < TQ_REC_HEAD || length > n)
		return -1;
	crc = tq_crc32c(tq_crc32c(0, p, 8), p + 12, length - 12);
	if (crc != tq_le32(p + 8))
		return -1;
	r->version = p[1];
	r->type = p[2];
	r->flags = p[3];
	r->length = length;
	r->crc = crc;
	r->prev = tq_le32(p + 12);
	r->salt = tq_le32(p + 16);
	r->lag = tq_le32(p + 20);
	r->seq = tq_le64(p + 24);
	r->time = (tq_time)tq_le64(p + 32);
	return 0;
}

int
tq_rec_seems(const unsigned char *p, uint32_t salt)
{
	return p[0] == TQ_REC_MAGIC && tq_le32(p + 16) == salt;
}

void
tq_seg_encode(unsigned char p[TQ_SEG_HEAD], const struct tq_seg_head *h)
{
	memset(p, 0, TQ_SEG_HEAD);
	memcpy(p, TQ_SEG_MAGIC, 8);
	tq_set32(p + 8, h->version);
	tq_set32(p + 12, h->number);
	tq_set32(p + 16, h->salt);
	tq_set32(p + 20, h->size);
	tq_set64(p + 24, (uint64_t)h->made);
	memcpy(p + 32, h->boot, sizeof(h->boot));
	tq_set64(p + 48, h->sealed);
	tq_set32(p + 60, tq_crc32c(0, p, 60));
}

int
tq_seg_decode(struct tq_seg_head *h, const unsigned char p[TQ_SEG_HEAD])
{
	if (memcmp(p, TQ_SEG_MAGIC, 8) != 0 ||
	    tq_le32(p + 60) != tq_crc32c(0, p, 60)) {
		errno = EBADMSG;
		return -1;
	}
	h->version = tq_le32(p + 8);
	h->number = tq_le32(p + 12);
	h->salt = tq_le32(p + 16);
	h->size = tq_le32(p + 20);
	h->made = (tq_time)tq_le64(p + 24);
	memcpy(h->boot, p + 32, sizeof(h->boot));
	h->sealed = tq_le64(p + 48);
	if (h->version < TQ_FORMAT_OLD || h->version > TQ_FORMAT) {
		errno = EPROTO;
		return -1;
	}
	return 0;
}
