/*
 * One ledger, one table.
 *
 * SPOOL/lock names the object that is the table (object.h).  Byte 0 of that
 * file is held shared by every process that maps the table, byte 1 exclusively
 * by the one that is replacing it (open file description locks: released by the
 * kernel, whatever happens to the process).
 *
 *	fast way in	hold byte 0 shared, read the name, map, compare.  While
 *			byte 0 is held nobody can replace the table.
 *	slow way in	byte 1 exclusive, then byte 0 exclusive: nobody alive uses
 *			any table of this spool.  Raise an old format, make a new
 *			object, recover it from the ledger, write its name, byte 0
 *			to shared.
 *
 * If byte 0 cannot be had exclusively somebody alive uses a table that cannot
 * be seen from here (another /dev/shm, or its object was just removed: then
 * he lets go within a second).  Wait, then say so.
 *
 * Who maps a table holds flock(2) on its object, shared, for reap.c.
 *
 * A table that takes no more changes, for the disk failed (rescue.c), is
 * replaced so too, by the first who comes when nobody else uses it: perhaps the
 * disk is sound again.  Those who only look let it be.
 *
 * A table is mapped once in a process and never unmapped, because a robust
 * mutex whose holder unmapped it before dying is never reported; all handles
 * of the process use that mapping.
 */
#define _GNU_SOURCE	/* F_OFD_SETLK */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "spool/core.h"
#include "spool/object.h"

#define PAUSE		(2 * TQ_MS)	/* between looks at a held byte */
#define REAP		32		/* objects looked at for each one made */

struct tq_share {
	struct tq_share	*next;
	dev_t		 dev;		/* of the spool's directory */
	ino_t		 ino;
	int		 refs;
	int		 lockfd;	/* holds byte 0 shared */
	int		 other;		/* another build made what is there */
	struct tq_table	 t;
};

/* Tables mapped in this process. */
static struct {
	pthread_mutex_t	 lock;
	struct tq_share	*first;
} shares = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int
byte_lock(int fd, off_t byte, short type)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET,
	    .l_start = byte, .l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &fl);
}

/* The same, trying until the deadline (monotonic). */
static int
byte_wait(int fd, off_t byte, short type, tq_time deadline)
{
	struct timespec ts;

	while (byte_lock(fd, byte, type) == -1) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return -1;
		if (tq_clock_mono() >= deadline) {
			errno = EBUSY;
			return -1;
		}
		tq_clock_timespec(&ts, PAUSE);
		(void)nanosleep(&ts, NULL);
	}
	return 0;
}

/* Make the handle use a share: its own view of table and ledger. */
static void
use(struct tq_spool *sp, struct tq_share *s)
{
	/* no transaction is taken for one that was begun before it */
	const uint64_t begun = sp->l.begun;

	sp->share = s;
	sp->t = s->t;
	tq_ledger_open(&sp->l, sp->ledgerfd, sp->format.mode & 0660,
	    sp->t.top);
	sp->l.begun = begun + 1;
	sp->looked = tq_clock_coarse();
	sp->tables++;
	sp->same_boot = sp->begun = 1;
}

/* One that holds this descriptor from now on; NULL, and it is closed. */
static struct tq_share *
share_new(int lockfd, const struct stat *st)
{
	struct tq_share *s = calloc(1, sizeof(*s));

	if (s == NULL || tq_owner_guard(lockfd) == -1) {
		free(s);
		close(lockfd);
		return NULL;
	}
	s->dev = st->st_dev;
	s->ino = st->st_ino;
	s->lockfd = lockfd;
	s->refs = 1;
	return s;
}

static void
share_free(struct tq_share *s)
{
	int saved = errno;

	tq_owner_unguard(s->lockfd);
	close(s->lockfd);
	free(s);
	errno = saved;
}

/* The one of a directory that may still be used, or NULL. */
static struct tq_share *
share_find(const struct stat *st)
{
	struct tq_share *s;

	for (s = shares.first; s != NULL; s = s->next)
		if (s->dev == st->st_dev && s->ino == st->st_ino &&
		    !s->t.top->retired)
			break;
	return s;
}

/* 1 if the table takes no more changes, and we alone have it now. */
static int
given_up(const struct tq_spool *sp, const struct tq_share *s)
{
	return !(sp->flags & TQ_OPEN_LOOK) &&
	    atomic_load(&s->t.top->readonly) != 0 &&
	    byte_lock(s->lockfd, 0, F_WRLCK) == 0;
}

/* mmap(2) failed: a limit on address space is the usual reason, and named. */
static int
unmapped(const struct tq_spool *sp, struct tq_err *e)
{
	struct rlimit rl;

	if (errno != ENOMEM || getrlimit(RLIMIT_AS, &rl) == -1 ||
	    rl.rlim_cur == RLIM_INFINITY)
		return tq_fail_sys(e, errno, "%s: shared memory", sp->path);
	return tq_fail(e, ENOMEM, "%s: the table takes %" PRIu64 " MiB of "
	    "address space; the limit on it forbids it (ulimit -v, or mem of "
	    "--limit)", sp->path, tq_table_size() >> 20);
}

/* 1 if that error tells of us, not of the object, which may well be there. */
static int
is_ours(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM;
}

/* Fast way in: 1 attached, 0 there is no table to attach to, -1. */
static int
attach(struct tq_spool *sp, struct tq_share *s, struct tq_err *e)
{
	struct tq_object o;
	int fd = -1, rv = 0;

	if (byte_lock(s->lockfd, 0, F_RDLCK) == -1) {
		if (errno == EAGAIN || errno == EACCES)
			return 0;
		return tq_fail_sys(e, errno, "%s/lock", sp->path);
	}
	if (tq_object_read(&o, s->lockfd)) {
		fd = tq_object_open(sp, &o, &s->other);
		if (fd == -1 && is_ours(errno))
			rv = tq_fail_sys(e, errno, "%s: shared memory",
			    sp->path);
	}
	if (fd != -1) {
		if (!s->other && tq_table_map(&s->t, fd) == 0) {
			if (s->t.top->magic != 0 && !s->t.top->retired &&
			    !given_up(sp, s))
				return 1;
		} else if (s->other || errno == EPROTO)
			s->other = 1;
		else
			rv = unmapped(sp, e);
		/* one that retired is let be, and mapped: see above */
		close(fd);
	}
	(void)byte_lock(s->lockfd, 0, F_UNLCK);
	memset(&s->t, 0, sizeof(s->t));
	return rv;
}

static int
busy(const struct tq_spool *sp, const struct tq_share *s, struct tq_err *e)
{
	if (s->other)
		return tq_fail(e, EBUSY, "%s: another build of tq is using "
		    "it; end its processes", sp->path);
	return tq_fail(e, EBUSY, "%s: a live process uses a table of this "
	    "spool that cannot be seen here (another container or /dev/shm?)",
	    sp->path);
}

/* Slow way in: replace the table.  Byte 1 is held. */
static int
replace(struct tq_spool *sp, struct tq_share *s, tq_time deadline,
    struct tq_err *e)
{
	struct tq_object new, old;
	const struct tq_table before = sp->t;
	const char *kind;
	int fd, fdold, had_old, other, saved;

	if (byte_wait(s->lockfd, 0, F_WRLCK, deadline) == -1)
		return errno == EBUSY ? busy(sp, s, e) :
		    tq_fail_sys(e, errno, "%s/lock", sp->path);
	had_old = tq_object_read(&old, s->lockfd);
	/* asked when a table is made: once a boot is enough */
	if ((kind = tq_segment_refused(sp->dirfd)) != NULL)
		return tq_fail(e, ENOTSUP, "%s: a spool cannot be on %s",
		    sp->path, kind);
	if (tq_format_raise(&sp->format, sp->dirfd, sp->path, e) == -1 ||
	    (fd = tq_object_make(sp, s->lockfd, &new, e)) == -1)
		return -1;
	if (tq_table_map(&s->t, fd) == -1) {
		unmapped(sp, e);
		goto fail;
	}
	if (tq_table_init(&s->t, fd) == -1) {
		tq_fail_sys(e, errno, "%s: shared memory", sp->path);
		goto fail;
	}
	use(sp, s);
	tq_reap_home(sp, s->t.top);
	tq_object_boot(s->t.top->boot);
	sp->same_boot = had_old && strcmp(old.boot, new.boot) == 0;
	sp->begun = had_old || tq_object_was(s->lockfd);
	if (tq_recover(sp, e) == -1 || tq_distrust(sp, e) == -1) {
		tq_ledger_close(&sp->l);
		goto fail;
	}
	tq_ledger_close(&sp->l);
	if (had_old && (fdold = tq_object_open(sp, &old, &other)) != -1) {
		close(fdold);
		(void)shm_unlink(old.name);
	}
	if (tq_object_write(&new, s->lockfd) == -1 ||
	    tq_object_pending(s->lockfd, "") == -1 ||
	    byte_lock(s->lockfd, 0, F_RDLCK) == -1) {
		tq_fail_sys(e, errno, "%s/lock", sp->path);
		goto fail;
	}
	tq_reap(REAP);
	return 0;
 fail:
	saved = errno;
	(void)shm_unlink(new.name);
	sp->share = NULL;
	/* a handle that was to go on with it has what it had */
	sp->t = before;
	sp->l.top = before.top;
	/* nobody has locked this one: it may go, and must, or each try has one */
	if (s->t.top != NULL)
		(void)munmap(s->t.top, tq_table_size());
	memset(&s->t, 0, sizeof(s->t));
	close(fd);
	errno = saved;
	return -1;
}

static int
find_or_make(struct tq_spool *sp, struct tq_share *s, struct tq_err *e)
{
	tq_time deadline = tq_clock_mono() + TQ_PATIENCE;
	int rv;

	if ((rv = attach(sp, s, e)) != 0)
		return rv == 1 ? 0 : -1;
	if (byte_wait(s->lockfd, 1, F_WRLCK, deadline) == -1)
		return errno == EBUSY ? busy(sp, s, e) :
		    tq_fail_sys(e, errno, "%s/lock", sp->path);
	/* whoever held byte 1 before us may have made it */
	if ((rv = attach(sp, s, e)) == 0)
		rv = replace(sp, s, deadline, e) == -1 ? -1 : 1;
	(void)byte_lock(s->lockfd, 1, F_UNLCK);
	return rv == 1 ? 0 : -1;
}

/* Under the lock of shares: a new one for the spool, or NULL. */
static struct tq_share *
share_open(struct tq_spool *sp, const struct stat *st, struct tq_err *e)
{
	struct tq_share *s;
	int fd = openat(sp->dirfd, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd == -1) {
		/* not made anew: who holds byte 0 of the old one is not seen */
		if (errno == ENOENT)
			tq_fail(e, EBADMSG, "%s/lock was removed: end all "
			    "processes that use the spool and make an empty "
			    "one, as tq_spool(5) says", sp->path);
		else
			tq_fail_sys(e, errno, "%s/lock", sp->path);
		return NULL;
	}
	if ((s = share_new(fd, st)) == NULL) {
		tq_fail_sys(e, ENOMEM, "%s", sp->path);
		return NULL;
	}
	if (find_or_make(sp, s, e) == -1) {
		share_free(s);
		return NULL;
	}
	s->next = shares.first;
	return shares.first = s;
}

int
tq_share_open(struct tq_spool *sp, struct tq_err *e)
{
	struct tq_share *s;
	struct stat st;

	if (fstat(sp->dirfd, &st) == -1)
		return tq_fail_sys(e, errno, "%s", sp->path);
	pthread_mutex_lock(&shares.lock);
	if ((s = share_find(&st)) != NULL)
		s->refs++;
	else
		s = share_open(sp, &st, e);
	if (s != NULL)
		use(sp, s);
	pthread_mutex_unlock(&shares.lock);
	return s == NULL ? -1 : 0;
}

void
tq_share_close(struct tq_spool *sp)
{
	struct tq_share *s = sp->share, **at;

	if (s == NULL)
		return;
	sp->share = NULL;
	tq_ledger_close(&sp->l);
	pthread_mutex_lock(&shares.lock);
	/* the last handle lets go of byte 0; the mapping stays, see above */
	if (--s->refs == 0) {
		for (at = &shares.first; *at != s; at = &(*at)->next)
			continue;
		*at = s->next;
		close(s->t.fd);
		share_free(s);
	}
	pthread_mutex_unlock(&shares.lock);
}

int
tq_share_locked(const struct tq_spool *sp)
{
	struct stat st;

	return fstat(sp->share->lockfd, &st) == -1 || st.st_nlink > 0;
}

int
tq_share_linked(const struct tq_spool *sp)
{
	struct stat st;

	return fstat(sp->t.fd, &st) == 0 && st.st_nlink > 0;
}
