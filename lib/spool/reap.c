/*
 * Tables whose spool is gone: `rm -rf` of a spool leaves its object in /dev/shm
 * and the inboxes of workers that were killed, which nobody would ever open
 * again.
 *
 * An object says where its spool is, and whoever maps it holds flock(2) on it,
 * shared.  It goes if it is ours and nobody else may write to it, if there is
 * no spool in that place or one that names another object, and if the lock can
 * be had exclusively, which is kept until it has gone.  A spool that was moved,
 * or whose disk is not mounted now, loses its table by that, which is made
 * again from the ledger.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spool/object.h"

#define OBJECTS	"/dev/shm"	/* shm_open(3) of Linux */

/* 1 if the spool that an object was made for is gone, or has another. */
static int
is_orphan(const char *home, const char *object, const struct stat *st)
{
	char path[TQ_HOME_MAX + 8];
	int fd, rv;

	if (home[0] != '/')
		return 0;
	(void)snprintf(path, sizeof(path), "%s/lock", home);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1)
		return errno == ENOENT || errno == ENOTDIR;
	rv = tq_object_named(fd, object, st) == 0;
	close(fd);
	return rv;
}

/* With the lock of an orphan held. */
static void
bury(int dir, const char *name, int fd, const struct stat *st)
{
	struct tq_wrow w;
	struct stat now;
	unsigned row;

	if (fstatat(dir, name, &now, AT_SYMLINK_NOFOLLOW) == -1 ||
	    now.st_dev != st->st_dev || now.st_ino != st->st_ino)
		return;
	for (row = 1; row < TQ_WORKERS_MAX; row++)
		if (tq_table_wrow_read(fd, row, &w) == 1 &&
		    memchr(w.mq, '\0', sizeof(w.mq)) != NULL)
			tq_bell_bury(w.mq, w.mq_dev, w.mq_ino);
	(void)unlinkat(dir, name, 0);
}

/* Look at one object; 1 if it was ours. */
static int
look(int dir, const char *name)
{
	char home[TQ_HOME_MAX], object[64];
	struct stat st;
	int fd, rv;

	fd = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1)
		return 0;
	rv = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_uid == geteuid() && (st.st_mode & 0077) == 0 &&
	    st.st_size == (off_t)tq_table_size();
	(void)snprintf(object, sizeof(object), "/%s", name);
	if (rv && tq_table_home_read(fd, home) == 1 &&
	    is_orphan(home, object, &st) && flock(fd, LOCK_EX | LOCK_NB) == 0)
		bury(dir, name, fd, &st);
	close(fd);
	return rv;
}

void
tq_reap(unsigned most)
{
	const struct dirent *d;
	DIR *dp;
	int saved = errno;

	if ((dp = opendir(OBJECTS)) == NULL) {
		errno = saved;
		return;
	}
	while (most > 0 && (d = readdir(dp)) != NULL)
		if (strncmp(d->d_name, "tq-", 3) == 0 &&
		    strlen(d->d_name) < TQ_BELL_NAME && look(dirfd(dp),
		    d->d_name))
			most--;
	closedir(dp);
	errno = saved;
}

void
tq_reap_home(const struct tq_spool *sp, struct tq_top *top)
{
	char path[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", sp->dirfd);
	n = readlink(path, top->home, sizeof(top->home));
	if (n == -1 || (size_t)n == sizeof(top->home))
		n = 0;
	memset(top->home + n, 0, sizeof(top->home) - (size_t)n);
}
