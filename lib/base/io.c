/*
 * Whole reads and writes.  Short counts and EINTR are handled here and
 * nowhere else; so is what somebody else, who shares a pipe or a terminal with
 * us, made not wait.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "io.h"

#define COPY_SIZE	65536

struct tq_sys tq_sys = {
	.openat = openat,
	.pwrite = pwrite,
	.fdatasync = fdatasync,
	.fsync = fsync,
	.renameat = renameat,
	.linkat = linkat,
	.unlinkat = unlinkat,
	.ftruncate = ftruncate,
	.posix_fallocate = posix_fallocate,
};

int
tq_io_pwrite(int fd, const void *data, size_t n, off_t off)
{
	const char *p = data;
	ssize_t done;

	while (n > 0) {
		if ((done = tq_sys.pwrite(fd, p, n, off)) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		p += done;
		n -= (size_t)done;
		off += done;
	}
	return 0;
}

ssize_t
tq_io_pread(int fd, void *data, size_t n, off_t off)
{
	char *p = data;
	size_t got = 0;
	ssize_t done;

	while (got < n) {
		done = pread(fd, p + got, n - got, off + (off_t)got);
		if (done == -1 && errno == EINTR)
			continue;
		if (done == -1)
			return -1;
		if (done == 0)
			break;
		got += (size_t)done;
	}
	return (ssize_t)got;
}

/* 1 if a read or write that failed is to be tried again, now that it may be. */
static int
try_again(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (errno == EINTR)
		return 1;
	if (errno != EAGAIN)
		return 0;
	return poll(&p, 1, -1) != -1 || errno == EINTR;
}

int
tq_io_write(int fd, const void *data, size_t n)
{
	const char *p = data;
	ssize_t done;

	while (n > 0) {
		if ((done = write(fd, p, n)) == -1) {
			if (try_again(fd, POLLOUT))
				continue;
			return -1;
		}
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

ssize_t
tq_io_some(int fd, void *data, size_t n)
{
	ssize_t got;

	do
		got = read(fd, data, n);
	while (got == -1 && try_again(fd, POLLIN));
	return got;
}

ssize_t
tq_io_read(int fd, void *data, size_t n)
{
	char *p = data;
	size_t got = 0;
	ssize_t done;

	while (got < n) {
		if ((done = tq_io_some(fd, p + got, n - got)) == -1)
			return -1;
		if (done == 0)
			break;
		got += (size_t)done;
	}
	return (ssize_t)got;
}

/*
 * A sync that failed is not asked again: the kernel may have dropped the
 * pages and would say yes (fsync(2), ERRORS).  EINTR is no such failure.
 */
int
tq_io_sync(int fd)
{
	int rv;

	do {
		rv = tq_sys.fdatasync(fd);
	} while (rv == -1 && errno == EINTR);
	return rv;
}

int
tq_io_sync_dir(int dirfd)
{
	int rv;

	do {
		rv = tq_sys.fsync(dirfd);
	} while (rv == -1 && errno == EINTR);
	return rv;
}

/* Make file tmp with the bytes and mode wanted, durable but not yet named. */
static int
io_write_new(int dirfd, const char *tmp, const void *p, size_t n, mode_t mode)
{
	int fd, saved, rv = -1;

	/* what a crash left; O_EXCL then follows no symbolic link */
	if (tq_sys.unlinkat(dirfd, tmp, 0) == -1 && errno != ENOENT)
		return -1;
	fd = tq_sys.openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    mode);
	if (fd == -1)
		return -1;
	/* the umask cut the mode */
	if (fchmod(fd, mode) == 0 && tq_io_pwrite(fd, p, n, 0) == 0 &&
	    tq_io_sync(fd) == 0)
		rv = 0;
	saved = errno;
	close(fd);
	errno = saved;
	return rv;
}

int
tq_io_replace(int dirfd, const char *name, const void *p, size_t n,
    mode_t mode, struct tq_err *e)
{
	char tmp[NAME_MAX + 1];
	int len, saved;

	len = snprintf(tmp, sizeof(tmp), ".%s.tmp", name);
	if (len < 0 || (size_t)len >= sizeof(tmp))
		return tq_fail_sys(e, ENAMETOOLONG, "%s", name);
	if (io_write_new(dirfd, tmp, p, n, mode) == -1 ||
	    tq_sys.renameat(dirfd, tmp, dirfd, name) == -1) {
		saved = errno;
		tq_sys.unlinkat(dirfd, tmp, 0);
		return tq_fail_sys(e, saved, "%s", name);
	}
	if (tq_io_sync_dir(dirfd) == -1)
		return tq_fail_sys(e, errno, "%s: sync of its directory", name);
	return 0;
}

off_t
tq_io_copy(int to, int from, off_t from_off, off_t n)
{
	char block[COPY_SIZE];
	off_t done = 0;
	ssize_t got;
	size_t want;

	while (n < 0 || done < n) {
		want = sizeof(block);
		if (n >= 0 && n - done < (off_t)want)
			want = (size_t)(n - done);
		got = tq_io_pread(from, block, want, from_off + done);
		if (got == -1 || tq_io_write(to, block, (size_t)got) == -1)
			return -1;
		done += got;
		if ((size_t)got < want)
			break;
	}
	return done;
}
