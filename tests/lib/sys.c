/*
 * A struct tq_sys whose n-th call fails or kills the process.  Every call
 * counts, whichever it is, so that a test can walk through all n.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/io.h"
#include "tests/lib/t.h"

static struct {
	struct tq_sys	 real;
	unsigned	 calls, at;
	int		 err;
	int		 armed;
} fake;

/* 1 when this call is the one; errno is set. */
static int
hit(void)
{
	if (++fake.calls != fake.at)
		return 0;
	if (fake.err <= 0)
		raise(SIGKILL);
	errno = fake.err;
	return 1;
}

static int
fake_openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (hit())
		return -1;
	if (flags & O_CREAT) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return fake.real.openat(dirfd, path, flags, mode);
}

static ssize_t
fake_pwrite(int fd, const void *p, size_t n, off_t off)
{
	/* a process that is killed may leave the first part of a write */
	if (fake.err == T_SYS_TORN && fake.calls + 1 == fake.at)
		(void)fake.real.pwrite(fd, p, n / 2, off);
	return hit() ? -1 : fake.real.pwrite(fd, p, n, off);
}

static int
fake_fdatasync(int fd)
{
	return hit() ? -1 : fake.real.fdatasync(fd);
}

static int
fake_fsync(int fd)
{
	return hit() ? -1 : fake.real.fsync(fd);
}

static int
fake_renameat(int from, const char *old, int to, const char *new)
{
	return hit() ? -1 : fake.real.renameat(from, old, to, new);
}

static int
fake_linkat(int from, const char *old, int to, const char *new, int flags)
{
	return hit() ? -1 : fake.real.linkat(from, old, to, new, flags);
}

static int
fake_unlinkat(int dirfd, const char *path, int flags)
{
	return hit() ? -1 : fake.real.unlinkat(dirfd, path, flags);
}

static int
fake_ftruncate(int fd, off_t n)
{
	return hit() ? -1 : fake.real.ftruncate(fd, n);
}

/* posix_fallocate(3) returns its error */
static int
fake_fallocate(int fd, off_t off, off_t n)
{
	return hit() ? fake.err : fake.real.posix_fallocate(fd, off, n);
}

void
t_sys_arm(unsigned n, int err)
{
	t_sys_disarm();
	fake.real = tq_sys;
	fake.calls = 0;
	fake.at = n;
	fake.err = err;
	fake.armed = 1;
	tq_sys = (struct tq_sys){
		.openat = fake_openat,
		.pwrite = fake_pwrite,
		.fdatasync = fake_fdatasync,
		.fsync = fake_fsync,
		.renameat = fake_renameat,
		.linkat = fake_linkat,
		.unlinkat = fake_unlinkat,
		.ftruncate = fake_ftruncate,
		.posix_fallocate = fake_fallocate,
	};
}

unsigned
t_sys_disarm(void)
{
	if (fake.armed)
		tq_sys = fake.real;
	fake.armed = 0;
	return fake.calls;
}
