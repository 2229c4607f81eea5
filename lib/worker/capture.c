/* The files that hold what a task writes. */
#define _GNU_SOURCE		/* fallocate(2) */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "capture.h"

/* An unnamed file in $TMPDIR. */
static int
make_unnamed(void)
{
	char path[PATH_MAX];
	const char *dir;
	int fd, n;

	if ((dir = getenv("TMPDIR")) == NULL || *dir == '\0')
		dir = "/tmp";
	n = snprintf(path, sizeof(path), "%s/tq.XXXXXXXXXX", dir);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if ((fd = mkstemp(path)) == -1)
		return -1;
	unlink(path);
	/* mkstemp(3) sets neither */
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ||
	    fcntl(fd, F_SETFL, O_APPEND) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * Make file i anew.  O_APPEND: all processes of a task, and what one of them
 * opens again through /dev/stdout, write behind each other.
 */
static int
make_file(struct tq_capture *c, int i, struct tq_err *e)
{
	const char *path = c->path[i];
	int fd;

	if (path[0] == '\0') {
		if ((fd = make_unnamed()) == -1)
			return tq_fail_sys(e, errno, "file for output");
	} else {
		if (unlink(path) == -1 && errno != ENOENT)
			return tq_fail_sys(e, errno, "%s", path);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND |
		    O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd == -1)
			return tq_fail_sys(e, errno, "%s", path);
	}
	if (c->fd[i] != -1)
		close(c->fd[i]);
	c->fd[i] = fd;
	return 0;
}

int
tq_capture_open(struct tq_capture *c, struct tq *tq, unsigned n,
    struct tq_err *e)
{
	static const enum tq_stream streams[] = { TQ_STDOUT, TQ_STDERR };
	int i;

	c->fd[0] = c->fd[1] = -1;
	for (i = 0; i < 2; i++) {
		c->path[i][0] = '\0';
		if (tq_worker_capture(tq, n, streams[i], c->path[i],
		    sizeof(c->path[i]), e) == -1) {
			if (errno != ENOTSUP)
				goto fail;
			c->path[i][0] = '\0';
		}
		if (make_file(c, i, e) == -1)
			goto fail;
	}
	return 0;
fail:
	tq_capture_close(c);
	return -1;
}

void
tq_capture_close(struct tq_capture *c)
{
	int i, num = errno;

	for (i = 0; i < 2; i++) {
		if (c->fd[i] == -1)
			continue;
		close(c->fd[i]);
		c->fd[i] = -1;
		if (c->path[i][0] != '\0')
			unlink(c->path[i]);
	}
	errno = num;
}

void
tq_capture_trim(struct tq_capture *c, int64_t max)
{
	const off_t half = max / 2;
	struct stat st;
	int i;

	for (i = 0; i < 2; i++)
		/* where holes cannot be made the file stays as it is */
		if (fstat(c->fd[i], &st) == 0 && st.st_size > max)
			(void)fallocate(c->fd[i], FALLOC_FL_PUNCH_HOLE |
			    FALLOC_FL_KEEP_SIZE, half, st.st_size - 2 * half);
}

/* Keep the first and the last half of max of size bytes. */
static int
cut(int fd, off_t size, off_t max)
{
	const off_t half = max / 2;
	char note[80], buf[65536];
	off_t to, from;
	ssize_t n;
	int len;

	len = snprintf(note, sizeof(note), "\n[tqrun: %lld bytes cut here]\n",
	    (long long)(size - max));
	/* pwrite(2) appends to a file of O_APPEND, wherever it is told to */
	if (fcntl(fd, F_SETFL, 0) == -1)
		return -1;
	if (tq_io_pwrite(fd, note, (size_t)len, half) == -1)
		return -1;
	to = half + len;
	from = size - half;
	/* the note takes the place of as many bytes of the second half */
	for (from += len; from < size; from += n, to += n) {
		n = tq_io_pread(fd, buf, sizeof(buf), from);
		if (n <= 0 || tq_io_pwrite(fd, buf, (size_t)n, to) == -1)
			return -1;
	}
	if (ftruncate(fd, to) == -1)
		return -1;
	return fcntl(fd, F_SETFL, O_APPEND);
}

/* The size of file i, once what is over max was cut; -1. */
static off_t
cut_size(struct tq_capture *c, int i, int64_t max, unsigned *flags)
{
	struct stat st;

	if (fstat(c->fd[i], &st) == -1)
		return -1;
	if (st.st_size <= max)
		return st.st_size;
	*flags |= TQ_OUTCOME_CUT;
	if (cut(c->fd[i], st.st_size, max) == -1 ||
	    fstat(c->fd[i], &st) == -1)
		return -1;
	return st.st_size;
}

/* What is in file i, into *bytes or *fd. */
static int
collect(struct tq_capture *c, int i, int64_t max, unsigned *flags,
    struct tq_bytes *bytes, int *fd, struct tq_err *e)
{
	off_t size;
	ssize_t n;

	if ((size = cut_size(c, i, max, flags)) == -1)
		return tq_fail_sys(e, errno, "output");
	if (size == 0)
		return 0;
	if (size > TQ_CAPTURE_SMALL) {
		*fd = c->fd[i];
		return 0;
	}
	n = tq_io_pread(c->fd[i], c->small[i], TQ_CAPTURE_SMALL, 0);
	if (n == -1)
		return tq_fail_sys(e, errno, "output");
	bytes->p = c->small[i];
	bytes->n = (size_t)n;
	return 0;
}

int
tq_capture_collect(struct tq_capture *c, struct tq_outcome *out, int64_t max,
    struct tq_err *e)
{
	int rv;

	rv = collect(c, 0, max, &out->flags, &out->out, &out->out_fd, e);
	if (collect(c, 1, max, &out->flags, &out->err, &out->err_fd,
	    e) == -1)
		rv = -1;
	return rv;
}

/* Empty file i: most tasks write nothing, most of the others little. */
static int
reset(struct tq_capture *c, int i, size_t small, int large, int renew,
    struct tq_err *e)
{
	if (renew)
		return make_file(c, i, e);
	if (small == 0 && !large)
		return 0;
	if (ftruncate(c->fd[i], 0) == -1)
		return tq_fail_sys(e, errno, "output");
	return 0;
}

int
tq_capture_reset(struct tq_capture *c, const struct tq_outcome *out,
    int shared, struct tq_err *e)
{
	int rv;

	rv = reset(c, 0, out->out.n, out->out_fd != -1,
	    shared || out->taken_out, e);
	if (reset(c, 1, out->err.n, out->err_fd != -1,
	    shared || out->taken_err, e) == -1)
		rv = -1;
	return rv;
}
