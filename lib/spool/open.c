/*
 * A spool's directory: made, checked and opened.
 *
 *	format		what it is: version, segment size, mode; written last,
 *			so that a directory with it is whole
 *	lock		names the table (share.c)
 *	owners		who is alive (owner.c)
 *	ledger/		segments (ledger.c)
 *	files/		bodies and outputs too long for a record (file.c)
 *	live/		capture files of running tasks
 *	damaged/	what was set aside
 */
#define _GNU_SOURCE	/* secure_getenv() */
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <bsd/stdlib.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/date.h"
#include "base/io.h"
#include "spool/verb.h"

static const char *const dirs[] = { "ledger", "files", "live", "damaged",
    "ready" };
static const char *const files[] = { "lock", "owners" };
/* As many segments are to fit into what is free, down to this size. */
#define SEGMENTS	8
#define SEGMENT_LEAST	(1u << 20)
#define NDIRS	(sizeof(dirs) / sizeof(dirs[0]))
#define NFILES	(sizeof(files) / sizeof(files[0]))

/* 1 if it has a segment: then it was a spool, whatever became of its format. */
static int
has_ledger(int dirfd)
{
	const struct dirent *d;
	int found = 0, fd;
	DIR *dp;

	fd = openat(dirfd, "ledger", O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW);
	if (fd == -1)
		return 0;
	if ((dp = fdopendir(fd)) == NULL) {
		close(fd);
		return 0;
	}
	while (!found && (d = readdir(dp)) != NULL)
		found = tq_segment_number(d->d_name) != 0;
	closedir(dp);
	return found;
}

/* Nothing in it but what an unfinished creation leaves. */
static int
empty(int dirfd)
{
	const struct dirent *d;
	size_t i;
	int known = 1, fd;
	DIR *dp;

	if ((fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return 0;
	if ((dp = fdopendir(fd)) == NULL) {
		close(fd);
		return 0;
	}
	while (known && (d = readdir(dp)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 ||
		    strcmp(d->d_name, "..") == 0 ||
		    strcmp(d->d_name, ".format.tmp") == 0)
			continue;
		known = 0;
		for (i = 0; i < NDIRS; i++)
			known |= strcmp(d->d_name, dirs[i]) == 0;
		for (i = 0; i < NFILES; i++)
			known |= strcmp(d->d_name, files[i]) == 0;
	}
	closedir(dp);
	return known;
}

/* Let an entry have the mode and group of the spool, whatever the umask. */
static int
adopt(int dirfd, const char *name, mode_t mode, gid_t gid)
{
	if (gid != (gid_t)-1 &&
	    fchownat(dirfd, name, (uid_t)-1, gid, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	return fchmodat(dirfd, name, mode, 0);
}

static int
fill_dir(int dirfd, const struct tq_format *f)
{
	size_t i;
	int fd;

	for (i = 0; i < NDIRS; i++)
		if ((mkdirat(dirfd, dirs[i], 0700) == -1 && errno != EEXIST) ||
		    adopt(dirfd, dirs[i], f->mode, f->gid) == -1)
			return -1;
	for (i = 0; i < NFILES; i++) {
		fd = openat(dirfd, files[i], O_RDWR | O_CREAT | O_CLOEXEC |
		    O_NOFOLLOW, 0600);
		if (fd == -1)
			return -1;
		close(fd);
		if (adopt(dirfd, files[i], f->mode & 0660, f->gid) == -1)
			return -1;
	}
	return tq_format_write(f, dirfd);
}

/*
 * Where there is little room segments are smaller, so that some fit.  Of
 * another size for tests: tq_spool(5), TQ_SEGMENT.
 */
static uint32_t
segment_size(int dirfd)
{
	const char *s = secure_getenv("TQ_SEGMENT");
	uint32_t size = TQ_SEG_SIZE;
	struct statvfs v;
	uint64_t n;

	if (s != NULL && tq_size_parse(&n, s, NULL) == 0 && n >= TQ_SEG_MIN &&
	    n <= TQ_SEG_MAX && n % 4096 == 0)
		return (uint32_t)n;
	if (fstatvfs(dirfd, &v) == -1)
		return size;
	n = (uint64_t)v.f_bavail * v.f_frsize;
	while (size > SEGMENT_LEAST && n / size < SEGMENTS)
		size /= 2;
	return size;
}

/* There is no format: may a spool be made here?  0, -1 EPROTO. */
static int
may_create(int dirfd, const char *path, struct tq_err *e)
{
	if (has_ledger(dirfd))
		return tq_fail(e, EPROTO, "%s: a spool whose format file is "
		    "missing", path);
	if (!empty(dirfd))
		return tq_fail(e, EPROTO, "%s: not a spool, and not empty",
		    path);
	return 0;
}

/* Make what is missing; who comes second finds it made. */
static int
create(int dirfd, const char *path, mode_t mode, gid_t gid,
    struct tq_format *f, struct tq_err *e)
{
	int rv;

	/* let go when dirfd is closed, whoever dies */
	if (flock(dirfd, LOCK_EX) == -1)
		return tq_fail_sys(e, errno, "%s", path);
	if ((rv = tq_format_read(f, dirfd, path, e)) == 0) {
		f->version = TQ_FORMAT;
		f->segment = segment_size(dirfd);
		f->mode = mode;
		f->gid = gid;
		rv = may_create(dirfd, path, e);
		if (rv == 0 && (adopt(dirfd, ".", mode, gid) == -1 ||
		    fill_dir(dirfd, f) == -1))
			rv = tq_fail_sys(e, errno, "%s", path);
	}
	(void)flock(dirfd, LOCK_UN);
	return rv == -1 ? -1 : 0;
}

/* mkdir -p; the last part private. */
static int
make_path(const char *path, struct tq_err *e)
{
	char buf[PATH_MAX], *p, *refused = NULL;
	int num = 0, rv;

	if (snprintf(buf, sizeof(buf), "%s", path) >= (int)sizeof(buf))
		return tq_fail(e, ENAMETOOLONG, "%s: path is too long", path);
	for (p = buf + 1; p != NULL; p++) {
		if ((p = strchr(p, '/')) != NULL)
			*p = '\0';
		rv = mkdir(buf, p != NULL ? 0755 : 0700);
		/* perhaps it is there all the same: the next one will tell */
		if (rv == -1 && p != NULL && (errno == EROFS ||
		    errno == EACCES)) {
			num = errno;
			refused = p;
		} else if (rv == -1 && errno == ENOENT && refused != NULL) {
			*refused = '\0';
			return tq_fail_sys(e, num, "%s", buf);
		} else if (rv == -1 && errno != EEXIST)
			return tq_fail_sys(e, errno, "%s", buf);
		if (p == NULL)
			break;
		*p = '/';
	}
	return 0;
}

static int
open_dir(const char *path, struct tq_err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd == -1 && (errno == ELOOP || errno == ENOTDIR)) {
		struct stat st;

		if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
			return tq_fail(e, EPERM, "%s: is a symbolic link",
			    path);
		return tq_fail(e, EPERM, "%s: not a directory", path);
	}
	if (fd == -1)
		return tq_fail_sys(e, errno, "%s", path);
	return fd;
}

/* Ours, or declared to be shared; and not more open than declared. */
static int
trusted(int dirfd, const char *path, const struct tq_format *f,
    struct tq_err *e)
{
	struct stat st;

	if (fstat(dirfd, &st) == -1)
		return tq_fail_sys(e, errno, "%s", path);
	if (f->mode == 0700 && st.st_uid != geteuid())
		return tq_fail(e, EPERM, "%s: a private spool of user %u",
		    path, (unsigned)st.st_uid);
	if (st.st_mode & 0022 & ~f->mode)
		return tq_fail(e, EPERM, "%s: mode %04o lets others write, "
		    "the spool was made for %04o", path,
		    (unsigned)(st.st_mode & 07777), (unsigned)f->mode);
	return 0;
}

int
tq_spool_init(const char *dir, mode_t mode, gid_t gid, struct tq_err *e)
{
	struct tq_format f;
	int fd, rv;

	if (mode != 0700 && mode != 02770)
		return tq_fail(e, EINVAL, "mode %04o: a spool is 0700 or 2770",
		    (unsigned)mode);
	if (make_path(dir, e) == -1 || (fd = open_dir(dir, e)) == -1)
		return -1;
	rv = tq_format_read(&f, fd, dir, e);
	if (rv == 1)
		rv = tq_fail(e, EEXIST, "%s: is a spool already", dir);
	else if (rv == 0)
		rv = create(fd, dir, mode, gid, &f, e);
	close(fd);
	return rv;
}

/* Looking makes no spool. */
static int
missing(const struct tq_spool *sp, struct tq_err *e)
{
	return tq_fail(e, ENOENT, "%s: there is no spool", sp->path);
}

static int
open_parts(struct tq_spool *sp, struct tq_err *e)
{
	int rv;

	sp->dirfd = open_dir(sp->path, NULL);
	if (sp->dirfd == -1 && errno == ENOENT) {
		if (sp->flags & (TQ_OPEN_LOOK | TQ_OPEN_THERE))
			return missing(sp, e);
		if (make_path(sp->path, e) == -1)
			return -1;
		sp->dirfd = open_dir(sp->path, e);
	} else if (sp->dirfd == -1)
		sp->dirfd = open_dir(sp->path, e);
	if (sp->dirfd == -1)
		return -1;
	rv = tq_format_read(&sp->format, sp->dirfd, sp->path, e);
	if (rv == 0 && sp->flags & (TQ_OPEN_LOOK | TQ_OPEN_THERE))
		return may_create(sp->dirfd, sp->path, e) == -1 ? -1 :
		    missing(sp, e);
	if (rv == 0)
		rv = create(sp->dirfd, sp->path, 0700, (gid_t)-1, &sp->format,
		    e);
	if (rv == -1 || trusted(sp->dirfd, sp->path, &sp->format, e) == -1)
		return -1;
	sp->ledgerfd = openat(sp->dirfd, "ledger", O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC | O_NOFOLLOW);
	/* there is a spool, so this is not one that is yet to be made */
	if (sp->ledgerfd == -1 && errno == ENOENT)
		return tq_fail(e, EBADMSG, "%s/ledger: is missing, and with it "
		    "all tasks of the spool", sp->path);
	if (sp->ledgerfd == -1)
		return tq_fail_sys(e, errno, "%s/ledger", sp->path);
	return 0;
}

int
tq_spool_open(struct tq_spool **out, const char *dir, unsigned flags,
    struct tq_err *e)
{
	struct tq_spool *sp;

	if ((sp = calloc(1, sizeof(*sp))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", dir);
	sp->dirfd = sp->ledgerfd = sp->filesfd = -1;
	sp->owner.fd = sp->probe = sp->transfer = -1;
	sp->bell.mq = (mqd_t)-1;
	sp->alarm = -1;
	sp->flags = flags;
	sp->pid = getpid();
	tq_buf_init(&sp->mail);
	tq_buf_init(&sp->litter);
	tq_buf_init(&sp->ctx);
	tq_buf_init(&sp->keep);
	tq_buf_init(&sp->units);
	if ((sp->path = strdup(dir)) == NULL) {
		tq_fail_sys(e, ENOMEM, "%s", dir);
		goto fail;
	}
	if (open_parts(sp, e) == -1 || tq_share_open(sp, e) == -1)
		goto fail;
	*out = sp;
	return 0;
 fail:
	tq_spool_close(sp);
	return -1;
}

void
tq_spool_close(struct tq_spool *sp)
{
	int saved = errno, i;

	if (sp == NULL)
		return;
	if (sp->pid != getpid()) {
		/* a forked child's copy: what it names is its parent's */
		sp->owner.fd = -1;
		sp->bell.mq = (mqd_t)-1;
	} else if (sp->share != NULL) {
		if (sp->l.policy != TQ_SYNC_NONE && sp->mine != 0)
			(void)tq_core_commit(sp, sp->mine, NULL);
		tq_leave_work(sp);
		tq_share_close(sp);
	}
	tq_bell_free(&sp->bell);
	tq_owner_give(&sp->owner);
	for (i = 0; sp->peers != NULL && i < TQ_WORKERS_MAX; i++)
		tq_bell_peer_free(&sp->peers[i]);
	free(sp->peers);
	free(sp->lsns);
	if (sp->probe != -1)
		close(sp->probe);
	if (sp->transfer != -1)
		close(sp->transfer);
	if (sp->alarm != -1)
		close(sp->alarm);
	if (sp->dirfd != -1)
		close(sp->dirfd);
	if (sp->ledgerfd != -1)
		close(sp->ledgerfd);
	if (sp->filesfd != -1)
		close(sp->filesfd);
	tq_buf_fini(&sp->mail);
	tq_buf_fini(&sp->litter);
	tq_buf_fini(&sp->ctx);
	tq_buf_fini(&sp->keep);
	tq_buf_fini(&sp->units);
	free(sp->path);
	free(sp);
	errno = saved;
}

size_t
tq_spool_inline_max(const struct tq_spool *sp)
{
	return tq_format_inline_max(&sp->format);
}

const char *
tq_spool_path(const struct tq_spool *sp)
{
	return sp->path;
}
