/* The parts that our record bodies are made of. */
#include "message/field.h"

#include <errno.h>
#include <string.h>

void
tq_field_put_string(struct tq_buf *b, unsigned tag, const char *s)
{
	if (s == NULL)
		return;
	tq_buf_byte(b, tag);
	tq_buf_bytes(b, s, strlen(s) + 1);
}

void
tq_field_put_bytes(struct tq_buf *b, unsigned tag, struct tq_bytes s)
{
	if (s.n == 0)
		return;
	tq_buf_byte(b, tag);
	tq_buf_varint(b, s.n + 1);
	tq_buf_put(b, s.p, s.n);
	tq_buf_byte(b, '\0');
}

/* Values below least are "not set". */
void
tq_field_put_number(struct tq_buf *b, unsigned tag, int64_t v, int64_t least)
{
	if (v < least)
		return;
	tq_buf_byte(b, tag);
	tq_buf_varint(b, (uint64_t)v);
}

void
tq_field_put_vector(struct tq_buf *b, unsigned tag, size_t count,
    const char *const *v)
{
	size_t i, n = 0;

	for (i = 0; i < count; i++)
		n += strlen(v[i]) + 1;
	tq_buf_byte(b, tag);
	tq_buf_varint(b, count);
	tq_buf_varint(b, n);
	for (i = 0; i < count; i++)
		tq_buf_put(b, v[i], strlen(v[i]) + 1);
}

/* A number of at most max; a greater one marks the cursor damaged. */
int64_t
tq_field_number(struct tq_cur *c, int64_t max)
{
	uint64_t v = tq_cur_varint(c);

	if (v > (uint64_t)max) {
		c->err = EBADMSG;
		return 0;
	}
	return (int64_t)v;
}

/* A string of at most max bytes; NULL marks the cursor damaged. */
const char *
tq_field_string(struct tq_cur *c, size_t max)
{
	const char *s;
	size_t n;

	s = tq_cur_bytes(c, &n);
	if (s == NULL || n == 0 || n - 1 > max ||
	    memchr(s, '\0', n) != s + n - 1) {
		c->err = EBADMSG;
		return NULL;
	}
	return s;
}

/*
 * A vector, with a NULL behind it.  The pointers are allocated only once the
 * count is known to be covered by bytes.
 */
const char *const *
tq_field_vector(struct tq_cur *c, size_t *count, struct tq_arena *mem)
{
	const char *end, *p, **v;
	uint64_t i, want;
	size_t n;

	*count = 0;
	want = tq_cur_varint(c);
	p = tq_cur_bytes(c, &n);
	if (c->err != 0 || want > n || n > TQ_ARGS_MAX) {
		c->err = EBADMSG;
		return NULL;
	}
	v = tq_arena_alloc(mem, ((size_t)want + 1) * sizeof(*v));
	if (v == NULL) {
		c->err = ENOMEM;
		return NULL;
	}
	for (i = 0, end = p + n; i < want && p < end; i++) {
		v[i] = p;
		if ((p = memchr(p, '\0', (size_t)(end - p))) == NULL)
			break;
		p++;
	}
	if (i < want || p != end) {
		c->err = EBADMSG;
		return NULL;
	}
	v[i] = NULL;
	*count = (size_t)want;
	return v;
}

/* The next tag, each at most once; 0 at the end or when damaged. */
unsigned
tq_field_tag(struct tq_cur *c, uint32_t *seen)
{
	unsigned tag;

	if (c->err != 0 || c->n == 0)
		return 0;
	tag = tq_cur_byte(c);
	if (tag == 0 || (tag < 32 && (*seen & UINT32_C(1) << tag))) {
		c->err = EBADMSG;
		return 0;
	}
	if (tag < 32)
		*seen |= UINT32_C(1) << tag;
	return tag;
}

/* The version byte. */
int
tq_field_version(struct tq_cur *c, const char *what, struct tq_err *e)
{
	unsigned version = tq_cur_byte(c);

	if (c->err == 0 && version != TQ_FIELD_VERSION)
		return tq_fail(e, EPROTO, "%s: version %u, this tq knows %d",
		    what, version, TQ_FIELD_VERSION);
	return 0;
}

/* What the cursor says once all was read. */
int
tq_field_done(const struct tq_cur *c, const char *what, struct tq_err *e)
{
	switch (c->err) {
	case 0:
		return 0;
	case EBADMSG:
		return tq_fail(e, EBADMSG,
		    "%s: damaged, %zu bytes before its end", what, c->n);
	default:
		return tq_fail_sys(e, c->err, "%s", what);
	}
}

int
tq_field_newer(const char *what, unsigned tag, struct tq_err *e)
{
	return tq_fail(e, EPROTO, "%s: field %u is of a newer tq", what,
	    tag);
}
