/*
 * Records from a descriptor.
 *
 *	buf	0 ... start ... seen ... end ... cap
 *		returned  no delimiter  not looked at
 *
 * Records are returned where they were read, without a copy.  They move only
 * in tq_records_more(), and only when the room behind `end` is used up.
 */
#include "command/records.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

#define FIRST	(256 * 1024)

void
tq_records_init(struct tq_records *r, int fd, int delim, size_t max)
{
	memset(r, 0, sizeof(*r));
	r->fd = fd;
	r->delim = delim;
	r->max = max;
}

void
tq_records_fini(struct tq_records *r)
{
	free(r->buf);
	r->buf = NULL;
}

char *
tq_records_next(struct tq_records *r, size_t *n)
{
	char *rec, *end;

	if (r->start == r->end)
		return NULL;
	rec = r->buf + r->start;
	end = memchr(rec + r->seen, r->delim, r->end - r->start - r->seen);
	if (end == NULL && !r->eof) {
		r->seen = r->end - r->start;
		return NULL;
	}
	if (end == NULL)
		end = r->buf + r->end;
	*n = (size_t)(end - rec);
	*end = '\0';
	r->start += *n + (r->start + *n < r->end);
	r->seen = 0;
	return rec;
}

int
tq_records_ready(const struct tq_records *r, int copied)
{
	struct pollfd p = { .fd = r->fd, .events = POLLIN };

	return (copied || r->end < r->cap) && poll(&p, 1, 0) > 0;
}

/* Room for at least one byte behind `end`. */
static int
make_room(struct tq_records *r, struct tq_err *e)
{
	size_t cap, left = r->end - r->start;
	char *buf;

	if (r->end < r->cap)
		return 0;
	if (left < r->cap && r->start > 0) {
		memmove(r->buf, r->buf + r->start, left);
		r->start = 0;
		r->end = left;
		return 0;
	}
	if (r->cap > r->max)
		return tq_fail(e, EMSGSIZE, "over %zu bytes", r->max);
	cap = r->cap == 0 ? FIRST : r->cap * 2;
	buf = realloc(r->buf, cap + 1);
	if (buf == NULL)
		return tq_fail_sys(e, ENOMEM, "records");
	r->buf = buf;
	r->cap = cap;
	return 0;
}

int
tq_records_more(struct tq_records *r, struct tq_err *e)
{
	ssize_t n;

	if (r->eof)
		return 0;
	if (make_room(r, e) == -1)
		return -1;
	n = tq_io_some(r->fd, r->buf + r->end, r->cap - r->end);
	if (n == -1)
		return tq_fail_sys(e, errno, "stdin");
	r->end += (size_t)n;
	if (n == 0)
		r->eof = 1;
	return n > 0 || r->start < r->end;
}
