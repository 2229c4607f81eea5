/* Relations of a task as bytes; the layout is in relation.h. */
#include "spool/relation.h"

#include <errno.h>
#include <string.h>

#include <tq/task.h>

#include "spool/gate.h"

/* ---- writing ---------------------------------------------------------- */

static void
put_id(struct tq_buf *b, unsigned tag, const struct tq_uuid *id,
    const void *rest, size_t n)
{
	tq_buf_byte(b, tag);
	tq_buf_varint(b, sizeof(id->b) + n);
	tq_buf_put(b, id->b, sizeof(id->b));
	tq_buf_put(b, rest, n);
}

static void
put_member(struct tq_buf *b, const struct tq_relation *r)
{
	unsigned char number[5];
	uint32_t v = r->number;
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		number[n++] = (unsigned char)(v | 0x80);
	number[n++] = (unsigned char)v;
	put_id(b, TQ_REL_MEMBER, &r->member, number, n);
}

void
tq_relation_encode(struct tq_buf *b, const struct tq_relation *r)
{
	unsigned char owner[6];

	if (TQ_REL_HAS(r, TQ_REL_KEY)) {
		tq_buf_byte(b, TQ_REL_KEY);
		tq_buf_bytes(b, r->key.p, r->key.n);
	}
	if (TQ_REL_HAS(r, TQ_REL_AFTER)) {
		tq_buf_byte(b, TQ_REL_AFTER);
		tq_buf_bytes(b, r->after.p, r->after.n);
	}
	if (TQ_REL_HAS(r, TQ_REL_WHEN)) {
		tq_buf_byte(b, TQ_REL_WHEN);
		tq_buf_bytes(b, &r->when, 1);
	}
	if (TQ_REL_HAS(r, TQ_REL_PIPE))
		put_id(b, TQ_REL_PIPE, &r->pipe, &r->pipe_as, 1);
	if (TQ_REL_HAS(r, TQ_REL_FOLLOW))
		put_id(b, TQ_REL_FOLLOW, &r->follow, NULL, 0);
	if (TQ_REL_HAS(r, TQ_REL_MEMBER))
		put_member(b, r);
	if (TQ_REL_HAS(r, TQ_REL_GROUP)) {
		tq_set16(owner, r->row);
		tq_set32(owner + 2, r->epoch);
		tq_buf_byte(b, TQ_REL_GROUP);
		tq_buf_bytes(b, owner, sizeof(owner));
	}
	if (TQ_REL_HAS(r, TQ_REL_ASK)) {
		tq_buf_byte(b, TQ_REL_ASK);
		tq_buf_bytes(b, r->ask.p, r->ask.n);
	}
}

/* ---- reading ---------------------------------------------------------- */

static void
get_id(struct tq_cur *c, struct tq_uuid *out)
{
	const void *p = tq_cur_get(c, sizeof(out->b));

	if (p != NULL)
		memcpy(out->b, p, sizeof(out->b));
}

/* The value of one tag: all of *c. */
static int
get_value(struct tq_relation *r, unsigned tag, struct tq_cur *c)
{
	const unsigned char *p;
	struct tq_ask ask;
	uint64_t number;

	switch (tag) {
	case TQ_REL_KEY:
		r->key.n = c->n;
		r->key.p = tq_cur_get(c, c->n);
		return r->key.n > 0 && r->key.n <= TQ_LABEL_MAX;
	case TQ_REL_AFTER:
		r->after.n = c->n;
		r->after.p = tq_cur_get(c, c->n);
		return r->after.n > 0 && r->after.n % TQ_UUID_SIZE == 0 &&
		    r->after.n <= (size_t)TQ_AFTER_MAX * TQ_UUID_SIZE;
	case TQ_REL_WHEN:
		r->when = (uint8_t)tq_cur_byte(c);
		return r->when <= TQ_WHEN_ANY;
	case TQ_REL_PIPE:
		get_id(c, &r->pipe);
		r->pipe_as = (uint8_t)tq_cur_byte(c);
		return r->pipe_as <= TQ_PIPE_JSON;
	case TQ_REL_FOLLOW:
		get_id(c, &r->follow);
		return 1;
	case TQ_REL_MEMBER:
		get_id(c, &r->member);
		number = tq_cur_varint(c);
		r->number = (uint32_t)number;
		return number <= UINT32_MAX;
	case TQ_REL_GROUP:
		if ((p = tq_cur_get(c, 6)) == NULL)
			return 0;
		r->row = tq_le16(p);
		r->epoch = tq_le32(p + 2);
		return 1;
	case TQ_REL_ASK:
		r->ask.n = c->n;
		r->ask.p = tq_cur_get(c, c->n);
		return tq_ask_decode(&ask, r->ask) == 0;
	default:
		return 0;
	}
}

int
tq_relation_decode(struct tq_relation *out, struct tq_bytes list)
{
	struct tq_cur c, value;
	unsigned tag, last = 0;
	const void *p;
	size_t n;

	memset(out, 0, sizeof(*out));
	tq_cur_init(&c, list.p, list.n);
	while (c.n > 0) {
		tag = tq_cur_byte(&c);
		if ((p = tq_cur_bytes(&c, &n)) == NULL || c.err ||
		    tag <= last || tag >= TQ_REL_NTAGS)
			goto bad;
		tq_cur_init(&value, p, n);
		if (!get_value(out, tag, &value) || value.err || value.n > 0)
			goto bad;
		out->has |= 1u << tag;
		last = tag;
	}
	return 0;
 bad:
	errno = EBADMSG;
	return -1;
}
