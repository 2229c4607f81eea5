/*
 * A growing string of bytes with a sticky error: every put is void and
 * remembers failure; ask once at the end with tq_buf_ok().
 */
#ifndef TQ_BASE_BUF_H
#define TQ_BASE_BUF_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct tq_buf {
	unsigned char	*p;	/* n bytes, NULL while empty; ours */
	size_t		 n;
	size_t		 cap;
	int		 err;	/* 0, ENOMEM or EMSGSIZE: all later puts do nothing */
};

void	tq_buf_init(struct tq_buf *);
void	tq_buf_fini(struct tq_buf *);
/* Empty and without error; up to 1 MiB of memory is kept. */
void	tq_buf_reset(struct tq_buf *);
int	tq_buf_ok(const struct tq_buf *);
/* The same as tq_buf_grow(), where more memory may be needed for it. */
void	*tq_buf_more(struct tq_buf *, size_t n);
void	tq_buf_str(struct tq_buf *, const char *);	/* without its NUL */
void	tq_buf_int(struct tq_buf *, int64_t);		/* in decimal */
void	tq_buf_printf(struct tq_buf *, const char *, ...)
	    __attribute__((__format__(__printf__, 2, 3)));
/* Unsigned LEB128: 7 bits a byte, low first, at most 10 bytes. */
void	tq_buf_varint(struct tq_buf *, uint64_t);
/* A varint length, then the bytes. */
void	tq_buf_bytes(struct tq_buf *, const void *, size_t);

/*
 * The small ones stand here: a record is made of some thirty of them, and a
 * call cost more than what it does.
 */

/* n bytes of room at the end, already counted in; NULL on failure. */
static inline void *
tq_buf_grow(struct tq_buf *b, size_t n)
{
	unsigned char *p;

	if (b->err != 0 || n >= b->cap - b->n)
		return tq_buf_more(b, n);
	p = b->p + b->n;
	b->n += n;
	return p;
}

static inline void
tq_buf_put(struct tq_buf *b, const void *p, size_t n)
{
	void *to;

	/* Nothing to copy from is allowed when there is nothing to copy. */
	if (n == 0)
		return;
	if ((to = tq_buf_grow(b, n)) != NULL)
		memcpy(to, p, n);
}

static inline void
tq_buf_byte(struct tq_buf *b, unsigned c)
{
	unsigned char *p;

	if ((p = tq_buf_grow(b, 1)) != NULL)
		*p = (unsigned char)c;
}

/*
 * The reader's side: a cursor over n bytes with the same sticky error.  A get
 * past the end, or a bad varint, sets err to EBADMSG and returns 0 or NULL.
 */
struct tq_cur {
	const unsigned char *p;
	size_t		 n;		/* bytes left */
	int		 err;
};

/* The same as tq_cur_varint(), of any length. */
uint64_t	 tq_cur_long(struct tq_cur *);
/* A varint length (returned through n) and that many bytes (returned). */
const void	*tq_cur_bytes(struct tq_cur *, size_t *n);

static inline void
tq_cur_init(struct tq_cur *c, const void *p, size_t n)
{
	c->p = p;
	c->n = n;
	c->err = 0;
}

static inline const void *
tq_cur_get(struct tq_cur *c, size_t n)
{
	const unsigned char *p = c->p;

	if (c->err != 0 || n > c->n) {
		c->err = EBADMSG;
		return NULL;
	}
	/* NULL means failure, also when no byte of an empty cursor is wanted */
	if (p == NULL)
		return "";
	c->p += n;
	c->n -= n;
	return p;
}

static inline unsigned
tq_cur_byte(struct tq_cur *c)
{
	const unsigned char *p = tq_cur_get(c, 1);

	return p == NULL ? 0 : *p;
}

/* Most numbers are lengths and have one byte. */
static inline uint64_t
tq_cur_varint(struct tq_cur *c)
{
	if (c->err != 0 || c->n == 0 || c->p == NULL || *c->p >= 0x80)
		return tq_cur_long(c);
	c->n--;
	return *c->p++;
}

/* Little-endian integers at any address. */
static inline uint16_t
tq_le16(const void *p)
{
	const unsigned char *b = p;

	return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t
tq_le32(const void *p)
{
	const unsigned char *b = p;

	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	    (uint32_t)b[3] << 24;
}

static inline uint64_t
tq_le64(const void *p)
{
	const unsigned char *b = p;

	return tq_le32(b) | (uint64_t)tq_le32(b + 4) << 32;
}

static inline void
tq_set16(void *p, uint16_t v)
{
	unsigned char *b = p;

	b[0] = v & 0xff;
	b[1] = v >> 8;
}

static inline void
tq_set32(void *p, uint32_t v)
{
	unsigned char *b = p;

	b[0] = v & 0xff;
	b[1] = v >> 8 & 0xff;
	b[2] = v >> 16 & 0xff;
	b[3] = v >> 24;
}

static inline void
tq_set64(void *p, uint64_t v)
{
	unsigned char *b = p;

	tq_set32(b, (uint32_t)v);
	tq_set32(b + 4, (uint32_t)(v >> 32));
}
#endif
