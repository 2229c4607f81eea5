/* Owners known by locks that the kernel releases; see owner.h. */
#define _GNU_SOURCE	/* F_OFD_SETLK */
#include "spool/owner.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/io.h"

/* ---- closed in a forked child ---------------------------------------- */

/*
 * The one piece of state of the library outside a handle: pthread_atfork(3)
 * hands its callback no argument.
 */
#define GUARDS	64	/* places that are made at once */

static struct {
	pthread_mutex_t	 lock;
	pthread_once_t	 once;
	int		*fd;		/* descriptor + 1, 0 empty */
	size_t		 n;
} guard = { .lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT };

static void
before_fork(void)
{
	pthread_mutex_lock(&guard.lock);
}

static void
after_fork(void)
{
	pthread_mutex_unlock(&guard.lock);
}

static void
in_child(void)
{
	size_t i;

	for (i = 0; i < guard.n; i++)
		if (guard.fd[i] != 0) {
			close(guard.fd[i] - 1);
			guard.fd[i] = 0;
		}
	pthread_mutex_unlock(&guard.lock);
}

static void
guard_start(void)
{
	(void)pthread_atfork(before_fork, after_fork, in_child);
}

/* Where that stands, or guard.n. */
static size_t
guard_find(int what)
{
	size_t i;

	for (i = 0; i < guard.n && guard.fd[i] != what; i++)
		continue;
	return i;
}

int
tq_owner_guard(int fd)
{
	size_t i;
	int *v, rv = 0;

	pthread_once(&guard.once, guard_start);
	pthread_mutex_lock(&guard.lock);
	if ((i = guard_find(0)) == guard.n) {
		v = recallocarray(guard.fd, guard.n, guard.n + GUARDS,
		    sizeof(*v));
		if (v == NULL)
			rv = -1;
		else {
			guard.fd = v;
			guard.n += GUARDS;
		}
	}
	if (rv == 0)
		guard.fd[i] = fd + 1;
	pthread_mutex_unlock(&guard.lock);
	return rv;
}

void
tq_owner_unguard(int fd)
{
	size_t i;

	pthread_mutex_lock(&guard.lock);
	if ((i = guard_find(fd + 1)) < guard.n)
		guard.fd[i] = 0;
	pthread_mutex_unlock(&guard.lock);
}

/* ---- rows ------------------------------------------------------------ */

static int
row_lock(int fd, unsigned row, short type)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET,
	    .l_start = (off_t)row * TQ_OWNER_SIZE, .l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &fl);
}

int
tq_owner_read(struct tq_owner_info *out, int probe, unsigned row)
{
	unsigned char b[TQ_OWNER_SIZE];
	ssize_t n;

	memset(out, 0, sizeof(*out));
	n = tq_io_pread(probe, b, sizeof(b), (off_t)row * TQ_OWNER_SIZE);
	if (n != (ssize_t)sizeof(b))
		return n == -1 ? -1 : 0;
	out->epoch = tq_le32(b);
	out->pid = (int)tq_le32(b + 4);
	out->since = (tq_time)tq_le64(b + 8);
	memcpy(out->host, b + 16, sizeof(out->host) - 1);
	return 0;
}

/*
 * An epoch that no owner of the row had.  Random, not counted: the file is not
 * synced, and a count that a power cut set back would make the owner of a
 * claim that is in the ledger seem alive.
 */
static uint32_t
next_epoch(uint32_t old)
{
	uint32_t epoch;

	do {
		tq_random(&epoch, sizeof(epoch));
	} while (epoch == 0 || epoch == old);
	return epoch;
}

int
tq_owner_take(struct tq_owner *o, int dirfd, unsigned rows, tq_time now,
    struct tq_err *e)
{
	unsigned char b[TQ_OWNER_SIZE] = { 0 };
	struct tq_owner_info old;
	unsigned row;
	int fd;

	fd = openat(dirfd, "owners", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return tq_fail_sys(e, errno, "owners");
	for (row = 1; row < rows; row++)
		if (row_lock(fd, row, F_WRLCK) == 0)
			break;
	if (row == rows) {
		close(fd);
		return tq_fail(e, ENOSPC, "owners: all %u places are taken",
		    rows - 1);
	}
	if (tq_owner_read(&old, fd, row) == -1)
		goto fail;
	o->fd = fd;
	o->row = (uint16_t)row;
	o->epoch = next_epoch(old.epoch);
	tq_set32(b, o->epoch);
	tq_set32(b + 4, (uint32_t)getpid());
	tq_set64(b + 8, (uint64_t)now);
	(void)gethostname((char *)b + 16, TQ_OWNER_HOST - 1);
	if (tq_io_pwrite(fd, b, sizeof(b), (off_t)row * TQ_OWNER_SIZE) == -1 ||
	    tq_owner_guard(fd) == -1)
		goto fail;
	return 0;
 fail:
	tq_fail_sys(e, errno, "owners");
	close(fd);
	o->fd = -1;
	return -1;
}

void
tq_owner_give(struct tq_owner *o)
{
	if (o->fd == -1)
		return;
	tq_owner_unguard(o->fd);
	close(o->fd);
	o->fd = -1;
}

int
tq_owner_probe(int dirfd)
{
	return openat(dirfd, "owners", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
}

/* 1 somebody has the row, 0, -1. */
static int
row_locked(int probe, unsigned row)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = (off_t)row * TQ_OWNER_SIZE, .l_len = 1 };

	if (fcntl(probe, F_OFD_GETLK, &fl) == -1)
		return -1;
	return fl.l_type != F_UNLCK;
}

int
tq_owner_alive(int probe, unsigned row, uint32_t epoch)
{
	struct tq_owner_info info;
	int rv = row_locked(probe, row);

	if (rv != 1)
		return rv;
	if (tq_owner_read(&info, probe, row) == -1)
		return -1;
	return info.epoch == epoch;
}
