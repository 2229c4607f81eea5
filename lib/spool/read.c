/* Reading bodies and outputs, also of an attempt that still writes its own. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "spool/file.h"
#include "spool/verb.h"

static ssize_t
from_memory(const struct tq_bytes *b, uint64_t off, void *buf, size_t n)
{
	if (off >= b->n)
		return 0;
	if (n > b->n - off)
		n = b->n - (size_t)off;
	memcpy(buf, b->p + off, n);
	return (ssize_t)n;
}

static ssize_t
from_file(int dirfd, const char *name, uint64_t off, void *buf, size_t n)
{
	ssize_t got;
	int fd, saved;

	if (off > INT64_MAX)
		return 0;
	fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return -1;
	got = tq_io_pread(fd, buf, n, (off_t)off);
	saved = errno;
	close(fd);
	errno = saved;
	return got;
}

static ssize_t
from_spool(struct tq_spool *sp, const char *name, uint64_t off, void *buf,
    size_t n, struct tq_err *e)
{
	ssize_t got = from_file(tq_file_dir(sp), name, off, buf, n);

	if (got == -1)
		(void)tq_fail_sys(e, errno, "%s/files/%s", sp->path, name);
	return got;
}

static ssize_t
read_body(struct tq_spool *sp, const struct tq_spool_look *k, uint64_t off,
    void *buf, size_t n, struct tq_err *e)
{
	char name[TQ_FILE_NAME];

	if (!(k->rec.put.flags & TQ_PF_BODYFILE))
		return from_memory(&k->rec.put.body, off, buf, n);
	tq_file_name(name, &k->id, TQ_FILE_BODY, k->rec.put.file);
	return from_spool(sp, name, off, buf, n, e);
}

/* What an attempt that has ended left. */
static ssize_t
read_end(struct tq_spool *sp, const struct tq_spool_look *k,
    enum tq_stream stream, uint64_t off, void *buf, size_t n,
    struct tq_err *e)
{
	int out = stream == TQ_STDOUT;
	char name[TQ_FILE_NAME];

	if (!(k->end.flags & (out ? TQ_EF_OUTFILE : TQ_EF_ERRFILE)))
		return from_memory(out ? &k->end.out : &k->end.err, off, buf,
		    n);
	tq_file_name(name, &k->id, out ? TQ_FILE_OUT : TQ_FILE_ERR,
	    k->end.files);
	return from_spool(sp, name, off, buf, n, e);
}

/* What a running attempt wrote so far, from its capture file. */
static ssize_t
read_live(struct tq_spool *sp, const struct tq_spool_look *k,
    enum tq_stream stream, uint64_t off, void *buf, size_t n)
{
	char path[1024];
	ssize_t got;

	if (k->s.capture == 0 || tq_capture_path(sp, k->row, k->s.capture,
	    stream, path, sizeof(path), NULL) == -1)
		return 0;
	got = from_file(AT_FDCWD, path, off, buf, n);
	return got == -1 && errno == ENOENT ? 0 : got;
}

ssize_t
tq_spool_read(struct tq_spool *sp, const struct tq_uuid *id,
    unsigned attempt, enum tq_stream stream, uint64_t off, void *buf,
    size_t n, struct tq_err *e)
{
	struct tq_spool_look k, after;
	ssize_t got;
	int rv;

	if ((rv = tq_spool_look(sp, id, attempt, &k, e)) != 1)
		return rv == 0 ? tq_fail(e, ENOENT, "no such task") : -1;
	if (stream == TQ_STDIN)
		return read_body(sp, &k, off, buf, n, e);
	if (k.s.state == TQ_STARTED &&
	    (attempt == 0 || attempt == k.s.attempt)) {
		got = read_live(sp, &k, stream, off, buf, n);
		if (got == -1)
			return tq_fail_sys(e, errno, "%s/live", sp->path);
		/* the capture file may be another task's by now */
		if ((rv = tq_look_slot(sp, id, &after, e)) == -1)
			return -1;
		if (rv == 1 && after.s.state == TQ_STARTED &&
		    after.s.attempt == k.s.attempt)
			return got;
		return tq_spool_read(sp, id, k.s.attempt, stream, off, buf, n,
		    e);
	}
	if (k.has_end)
		return read_end(sp, &k, stream, off, buf, n, e);
	if (k.damaged && (attempt == 0 || attempt == k.s.attempt))
		return tq_fail(e, EBADMSG, TQ_DAMAGED_END);
	return attempt == 0 ? 0 : tq_fail(e, ENOENT, "nothing is kept of "
	    "attempt %u", attempt);
}

int
tq_spool_body(struct tq_spool *sp, const struct tq_uuid *id,
    struct tq_err *e)
{
	struct tq_spool_look k;
	char name[TQ_FILE_NAME];
	int fd, rv;

	if ((rv = tq_spool_look(sp, id, 0, &k, e)) != 1)
		return rv == 0 ? tq_fail(e, ENOENT, "no such task") : -1;
	if (!(k.rec.put.flags & TQ_PF_BODYFILE))
		return -1;
	tq_file_name(name, id, TQ_FILE_BODY, k.rec.put.file);
	fd = openat(tq_file_dir(sp), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return tq_fail_sys(e, errno, "%s/files/%s", sp->path, name);
	return fd;
}
