/* What a task wrote, as much of it as a result takes. */
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/redis/redis.h"
#include "base/io.h"

#define OUTPUT_MAX	((size_t)16 << 20)	/* of a stream in a result */

/* Bytes of a stream from a place on, into p. */
static int
copy(char *p, struct tq_bytes bytes, int fd, size_t from, size_t n)
{
	if (fd == -1) {
		memcpy(p, bytes.p + from, n);
		return 0;
	}
	return tq_io_pread(fd, p, n, (off_t)from) == (ssize_t)n ? 0 : -1;
}

/* What is kept of a stream of size bytes: 1 its middle is cut, 0, -1. */
static int
keep(char *p, struct tq_bytes *out, struct tq_bytes bytes, int fd, size_t size)
{
	const size_t half = OUTPUT_MAX / 2;
	size_t rest = OUTPUT_MAX - half, len;

	out->p = p;
	out->n = size;
	if (size <= OUTPUT_MAX)
		return copy(p, bytes, fd, 0, size);
	out->n = OUTPUT_MAX;
	len = (size_t)snprintf(p + half, rest, "\n[tqrun: %zu bytes cut here]\n",
	    size - OUTPUT_MAX);
	rest -= len;
	return copy(p, bytes, fd, 0, half) == -1 ||
	    copy(p + half + len, bytes, fd, size - rest, rest) == -1 ? -1 : 1;
}

/*
 * What it wrote to one stream, as its result has it.  More than a result takes
 * loses its middle, as more than the worker keeps does (lib/worker/capture.h).
 */
static int
stream(struct tq_redis *r, struct tq_bytes *out, struct tq_bytes bytes,
    int fd, unsigned *flags, struct tq_err *e)
{
	size_t size = bytes.n;
	struct stat st;
	char *p;
	int rv;

	if (fd != -1) {
		if (fstat(fd, &st) == -1)
			return tq_fail_sys(e, errno, "output");
		size = (size_t)st.st_size;
	} else if (size <= OUTPUT_MAX) {
		*out = bytes;
		return 0;
	}
	p = tq_arena_alloc(&r->mem,
	    (size < OUTPUT_MAX ? size : OUTPUT_MAX) + 1);
	if (p == NULL)
		return tq_fail_sys(e, ENOMEM, "output");
	errno = EIO;
	if ((rv = keep(p, out, bytes, fd, size)) == -1)
		return tq_fail_sys(e, errno, "output");
	if (rv == 1)
		*flags |= TQ_OUTCOME_CUT;
	return 0;
}

int
tq_redis_output(struct tq_redis *r, struct tq_celery_end *end,
    struct tq_outcome *o, struct tq_err *e)
{
	return stream(r, &end->out, o->out, o->out_fd, &o->flags, e) == -1 ||
	    stream(r, &end->err, o->err, o->err_fd, &o->flags, e) == -1 ?
	    -1 : 0;
}
