/* The shared-memory object of a table; see object.h. */
#include "spool/object.h"

#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

#define NAME_SIZE	256		/* of SPOOL/lock */

void
tq_object_boot(unsigned char out[16])
{
	char s[64];
	ssize_t n;
	int fd, i = 0, high = 1;
	const char *p;

	memset(out, 0, 16);
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return;
	n = tq_io_read(fd, s, sizeof(s) - 1);
	close(fd);
	for (p = s; n > 0 && p < s + n && i < 16; p++) {
		int v = *p >= '0' && *p <= '9' ? *p - '0' :
		    *p >= 'a' && *p <= 'f' ? *p - 'a' + 10 : -1;

		if (v == -1)
			continue;
		out[i] = (unsigned char)(out[i] | (high ? v << 4 : v));
		i += !high;
		high = !high;
	}
}

/* Copy the word at *p up to a blank or line end; 0 when it does not fit. */
static int
word(const char **p, char *out, size_t size)
{
	size_t n = 0;

	while ((*p)[n] != '\0' && (*p)[n] != ' ' && (*p)[n] != '\n')
		n++;
	if (n == 0 || n >= size)
		return 0;
	memcpy(out, *p, n);
	out[n] = '\0';
	*p += n + ((*p)[n] == ' ');
	return 1;
}

static const char magic[] = "tq table ";

int
tq_object_was(int lockfd)
{
	char buf[sizeof(magic) - 1];

	return tq_io_pread(lockfd, buf, sizeof(buf), 0) ==
	    (ssize_t)sizeof(buf) && memcmp(buf, magic, sizeof(buf)) == 0;
}

int
tq_object_read(struct tq_object *out, int lockfd)
{
	char buf[NAME_SIZE + 1];
	ssize_t n = tq_io_pread(lockfd, buf, NAME_SIZE, 0);
	const char *p = buf + sizeof(magic) - 1;
	struct stat st;
	uint64_t home, on;

	if (n <= 0 || fstat(lockfd, &st) == -1)
		return 0;
	buf[n] = '\0';
	if (strncmp(buf, magic, sizeof(magic) - 1) != 0 ||
	    !word(&p, out->name, sizeof(out->name)))
		return 0;
	if (!tq_digits(&out->dev, &p, 10) || *p++ != ' ' ||
	    !tq_digits(&out->ino, &p, 10) || *p++ != ' ')
		return 0;
	if (!word(&p, out->boot, sizeof(out->boot)) ||
	    !tq_digits(&home, &p, 10))
		return 0;
	/* a copy of a spool has no part in the table of the first */
	if (home != st.st_ino)
		return 0;
	out->elsewhere = *p++ == ' ' &&
	    (!tq_digits(&on, &p, 10) || on != st.st_dev);
	return out->name[0] == '/' &&
	    strchr(out->name + 1, '/') == NULL;
}

int
tq_object_write(const struct tq_object *o, int lockfd)
{
	char buf[NAME_SIZE];
	struct stat st;
	int n;

	if (fstat(lockfd, &st) == -1)
		return -1;
	memset(buf, ' ', sizeof(buf));
	n = snprintf(buf, sizeof(buf), "tq table %s %" PRIu64 " %" PRIu64
	    " %s %" PRIu64 " %" PRIu64 "\n", o->name, o->dev, o->ino,
	    o->boot, (uint64_t)st.st_ino, (uint64_t)st.st_dev);
	if (n > 0 && n < (int)sizeof(buf))
		buf[n] = '\n';
	return tq_io_pwrite(lockfd, buf, sizeof(buf), 0);
}

int
tq_object_open(const struct tq_spool *sp, const struct tq_object *o,
    int *other)
{
	struct stat st, dir;
	int fd;

	if (o->elsewhere) {
		errno = ESTALE;
		return -1;
	}
	fd = shm_open(o->name, O_RDWR, 0);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1 || fstat(sp->dirfd, &dir) == -1 ||
	    st.st_dev != o->dev || st.st_ino != o->ino ||
	    st.st_nlink == 0 ||
	    (st.st_uid != dir.st_uid && st.st_uid != geteuid() &&
	    !(sp->format.mode & 0070)) ||
	    (st.st_mode & 0022 & ~sp->format.mode) ||
	    /* from here on it stays, if it is there still: reap.c */
	    (flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK) ||
	    fstat(fd, &st) == -1 || st.st_nlink == 0) {
		close(fd);
		errno = ESTALE;
		return -1;
	}
	*other = st.st_size != (off_t)tq_table_size();
	return fd;
}

int
tq_object_pending(int lockfd, const char *name)
{
	char buf[TQ_OBJECT_NAME] = "";

	strlcpy(buf, name, sizeof(buf));
	return tq_io_pwrite(lockfd, buf, sizeof(buf), NAME_SIZE);
}

static void
pending_remove(int lockfd)
{
	char buf[TQ_OBJECT_NAME];

	if (tq_io_pread(lockfd, buf, sizeof(buf), NAME_SIZE) != sizeof(buf) ||
	    memchr(buf, '\0', sizeof(buf)) == NULL ||
	    strncmp(buf, "/tq-", 4) != 0 || strchr(buf + 1, '/') != NULL)
		return;
	(void)shm_unlink(buf);
}

static void
hex(char out[33], const unsigned char b[16])
{
	int i;

	for (i = 0; i < 16; i++)
		snprintf(out + 2 * i, 3, "%02x", b[i]);
}

int
tq_object_make(const struct tq_spool *sp, int lockfd, struct tq_object *o,
    struct tq_err *e)
{
	unsigned char boot[16];
	struct rlimit rl;
	struct stat st;
	uint64_t r;
	int fd;

	if (getrlimit(RLIMIT_FSIZE, &rl) == 0 &&
	    rl.rlim_cur != RLIM_INFINITY && rl.rlim_cur < tq_table_size())
		return tq_fail(e, EFBIG, "%s: the table is a sparse object of "
		    "%" PRIu64 " bytes; the limit on file sizes forbids it "
		    "(ulimit -f)", sp->path, tq_table_size());
	tq_random(&r, sizeof(r));
	snprintf(o->name, sizeof(o->name), "/tq-%016" PRIx64, r);
	pending_remove(lockfd);
	if (tq_object_pending(lockfd, o->name) == -1)
		return tq_fail_sys(e, errno, "%s/lock", sp->path);
	fd = shm_open(o->name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd == -1)
		return tq_fail_sys(e, errno, "%s: shared memory", sp->path);
	(void)flock(fd, LOCK_SH | LOCK_NB);
	if ((sp->format.gid != (gid_t)-1 &&
	    fchown(fd, (uid_t)-1, sp->format.gid) == -1) ||
	    fchmod(fd, sp->format.mode & 0660) == -1 ||
	    ftruncate(fd, (off_t)tq_table_size()) == -1 ||
	    fstat(fd, &st) == -1) {
		tq_fail_sys(e, errno, "%s: shared memory", sp->path);
		shm_unlink(o->name);
		close(fd);
		return -1;
	}
	o->dev = st.st_dev;
	o->ino = st.st_ino;
	tq_object_boot(boot);
	hex(o->boot, boot);
	return fd;
}

int
tq_object_named(int lockfd, const char *name, const struct stat *st)
{
	struct tq_object o;

	return tq_object_read(&o, lockfd) && !o.elsewhere &&
	    strcmp(o.name, name) == 0 && o.dev == st->st_dev &&
	    o.ino == st->st_ino;
}
