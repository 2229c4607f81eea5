/* memfd_create(2) is Linux's own */
#define _GNU_SOURCE
/* Bodies and outputs on their way into a record or a spool file. */
#include "backend/spool/piece.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <unistd.h>

#include "base/io.h"

int
tq_piece_init(struct tq_piece *p, struct tq_bytes given, int fd,
    struct tq_err *e)
{
	struct stat sb;

	p->given = given;
	p->fd = fd;
	p->made = 0;
	p->is_file = 0;
	p->size = given.n;
	p->at = 0;
	if (fd == -1)
		return 0;
	if (fstat(fd, &sb) == -1)
		return tq_fail_sys(e, errno, "file of a body or output");
	if (!S_ISREG(sb.st_mode))
		return tq_fail(e, EINVAL,
		    "a body or output is given as no regular file");
	p->size = (uint64_t)sb.st_size;
	return 0;
}

static int
read_in(struct tq_piece *p, struct tq_buf *b, struct tq_err *e)
{
	ssize_t n;
	void *to;

	p->at = b->n;
	if ((to = tq_buf_grow(b, p->size)) == NULL)
		return tq_fail_sys(e, b->err, "body or output");
	if ((n = tq_io_pread(p->fd, to, p->size, 0)) == -1)
		return tq_fail_sys(e, errno, "read a body or output");
	/* somebody cut it meanwhile: what there is counts */
	b->n = p->at + (size_t)n;
	p->size = (uint64_t)n;
	return 0;
}

static int
write_out(struct tq_piece *p, struct tq_err *e)
{
	if ((p->fd = memfd_create("tq", MFD_CLOEXEC)) == -1)
		return tq_fail_sys(e, errno, "file of a body or output");
	p->made = 1;
	if (tq_io_write(p->fd, p->given.p, p->given.n) == -1)
		return tq_fail_sys(e, errno, "write a body or output");
	return 0;
}

int
tq_piece_bring(struct tq_piece *p, struct tq_buf *b, struct tq_err *e)
{
	if (p->is_file && p->fd == -1)
		return write_out(p, e);
	if (!p->is_file && p->fd != -1 && p->size > 0)
		return read_in(p, b, e);
	return 0;
}

struct tq_bytes
tq_piece_bytes(const struct tq_piece *p, const struct tq_buf *b)
{
	struct tq_bytes none = { .p = NULL };

	if (p->is_file || p->size == 0)
		return none;
	if (p->fd == -1)
		return p->given;
	return (struct tq_bytes){ (const char *)b->p + p->at, p->size };
}

void
tq_piece_fini(struct tq_piece *p)
{
	int saved = errno;

	if (p->made)
		(void)close(p->fd);
	p->made = 0;
	errno = saved;
}
