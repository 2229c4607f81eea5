/* Growing bytes and a reading cursor, both with a sticky error. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"

#define BUF_MIN		64
#define KEEP_MOST	(1 << 20)	/* bytes of room that a reset keeps */
#define VARINT_MAX	10		/* bytes of a 64-bit LEB128 number */

void
tq_buf_init(struct tq_buf *b)
{
	memset(b, 0, sizeof(*b));
}

void
tq_buf_fini(struct tq_buf *b)
{
	int saved = errno;

	free(b->p);
	tq_buf_init(b);
	errno = saved;
}

void
tq_buf_reset(struct tq_buf *b)
{
	if (b->cap > KEEP_MOST)
		tq_buf_fini(b);
	b->n = 0;
	b->err = 0;
}

int
tq_buf_ok(const struct tq_buf *b)
{
	return b->err == 0;
}

/* Make room for n bytes more than fit now.  0, or -1 with the error kept. */
static int
buf_extend(struct tq_buf *b, size_t n)
{
	unsigned char *p;
	size_t cap;

	if (n > SIZE_MAX / 2 - b->n) {
		b->err = EMSGSIZE;
		return -1;
	}
	cap = b->cap < BUF_MIN ? BUF_MIN : b->cap;
	while (cap < b->n + n)
		cap *= 2;
	if ((p = realloc(b->p, cap)) == NULL) {
		b->err = ENOMEM;
		return -1;
	}
	b->p = p;
	b->cap = cap;
	return 0;
}

void *
tq_buf_more(struct tq_buf *b, size_t n)
{
	unsigned char *p;

	if (b->err != 0)
		return NULL;
	if ((b->p == NULL || n > b->cap - b->n) && buf_extend(b, n) == -1)
		return NULL;
	p = b->p + b->n;
	b->n += n;
	return p;
}

void
tq_buf_str(struct tq_buf *b, const char *s)
{
	tq_buf_put(b, s, strlen(s));
}

void
tq_buf_int(struct tq_buf *b, int64_t v)
{
	char digits[20], *end = digits + sizeof(digits), *p = end;
	uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v;

	do
		*--p = (char)('0' + u % 10);
	while ((u /= 10) > 0);
	if (v < 0)
		*--p = '-';
	tq_buf_put(b, p, (size_t)(end - p));
}

void
tq_buf_printf(struct tq_buf *b, const char *fmt, ...)
{
	size_t room = b->cap - b->n;
	char *p;
	int n;
	va_list ap;

	if (b->err != 0)
		return;
	va_start(ap, fmt);
	n = vsnprintf(room > 0 ? (char *)b->p + b->n : NULL, room, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->err = EMSGSIZE;
		return;
	}
	if ((size_t)n < room) {
		b->n += (size_t)n;
		return;
	}
	/* vsnprintf also writes a NUL, which is not counted in. */
	if ((p = tq_buf_grow(b, (size_t)n + 1)) == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n--;
}

void
tq_buf_varint(struct tq_buf *b, uint64_t v)
{
	unsigned char bytes[VARINT_MAX];
	size_t n = 0;

	if (v < 0x80) {
		tq_buf_byte(b, (unsigned)v);
		return;
	}
	while (v >= 0x80) {
		bytes[n++] = (v & 0x7f) | 0x80;
		v >>= 7;
	}
	bytes[n++] = (unsigned char)v;
	tq_buf_put(b, bytes, n);
}

void
tq_buf_bytes(struct tq_buf *b, const void *p, size_t n)
{
	tq_buf_varint(b, n);
	tq_buf_put(b, p, n);
}

/* A number has one form: the shortest.  Others are damage. */
uint64_t
tq_cur_long(struct tq_cur *c)
{
	uint64_t v = 0;
	unsigned shift = 0, byte;

	do {
		byte = tq_cur_byte(c);
		/* the tenth byte has room for one bit only */
		if (c->err != 0 || (shift == 63 && byte > 1)) {
			c->err = EBADMSG;
			return 0;
		}
		v |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (byte == 0 && shift > 7) {
		c->err = EBADMSG;
		return 0;
	}
	return v;
}

const void *
tq_cur_bytes(struct tq_cur *c, size_t *n)
{
	const void *p;
	uint64_t want;

	*n = 0;
	want = tq_cur_varint(c);
	if (want > c->n)
		c->err = EBADMSG;
	if ((p = tq_cur_get(c, (size_t)want)) != NULL)
		*n = (size_t)want;
	return p;
}
