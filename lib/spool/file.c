/*
 * Bodies and outputs too long for a record: one file each in SPOOL/files,
 * named by the task's id.  It is written, synced and given its name before the
 * record that names it is appended, so that a record never names what is not
 * there; a file that no record names is what a crash in between left, and
 * gc.c unlinks it.
 */
#define _GNU_SOURCE	/* O_TMPFILE, AT_EMPTY_PATH, memfd_create() */
#include "spool/file.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

static void
hex(char out[2 * TQ_UUID_SIZE + 1], const struct tq_uuid *id)
{
	int i;

	for (i = 0; i < TQ_UUID_SIZE; i++)
		snprintf(out + 2 * i, 3, "%02x", id->b[i]);
}

int
tq_file_dir(struct tq_spool *sp)
{
	if (sp->filesfd == -1)
		sp->filesfd = openat(sp->dirfd, "files", O_RDONLY |
		    O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return sp->filesfd;
}

void
tq_file_name(char out[TQ_FILE_NAME], const struct tq_uuid *id,
    enum tq_file kind, unsigned files)
{
	char s[2 * TQ_UUID_SIZE + 1];

	hex(s, id);
	if (kind == TQ_FILE_BODY)
		snprintf(out, TQ_FILE_NAME, "%s.b%08x", s, files);
	else
		snprintf(out, TQ_FILE_NAME, "%s.%u.%d", s, files,
		    kind == TQ_FILE_OUT ? 1 : 2);
}

/* Give an open file a name in files/, through /proc where that is needed. */
static int
link_fd(struct tq_spool *sp, int fd, const char *name)
{
	char proc[64];

	if (tq_sys.linkat(fd, "", tq_file_dir(sp), name, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno == EEXIST || errno == EXDEV)
		return -1;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return tq_sys.linkat(AT_FDCWD, proc, tq_file_dir(sp), name,
	    AT_SYMLINK_FOLLOW);
}

/* What an earlier try under the same id left is replaced. */
static int
link_over(struct tq_spool *sp, int fd, const char *name)
{
	if (link_fd(sp, fd, name) == 0)
		return 0;
	if (errno != EEXIST ||
	    tq_sys.unlinkat(tq_file_dir(sp), name, 0) == -1)
		return -1;
	return link_fd(sp, fd, name);
}

static int
copy_in(struct tq_spool *sp, int from, uint64_t *size)
{
	off_t n;
	int fd, saved;

	fd = tq_sys.openat(tq_file_dir(sp), ".", O_RDWR | O_TMPFILE | O_CLOEXEC,
	    0600);
	if (fd == -1)
		return -1;
	if ((n = tq_io_copy(fd, from, 0, -1)) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	*size = (uint64_t)n;
	return fd;
}

/*
 * A file may become ours by a link only if nobody can write to it by another
 * name: one of this file system that the caller made for us (live/).
 */
static int
may_link(struct tq_spool *sp, int fd, uint64_t *size)
{
	char proc[64], path[256];
	struct stat st, dir;
	ssize_t n;

	if (fstat(fd, &st) == -1 || fstat(tq_file_dir(sp), &dir) == -1 ||
	    !S_ISREG(st.st_mode) || st.st_dev != dir.st_dev ||
	    st.st_uid != geteuid() || st.st_nlink != 1)
		return 0;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	n = readlink(proc, path, sizeof(path) - 1);
	if (n <= 0)
		return 0;
	path[n] = '\0';
	if (strstr(path, "/live/") == NULL)
		return 0;
	*size = (uint64_t)st.st_size;
	return 1;
}

int
tq_file_store(struct tq_spool *sp, const char *name, int fd, uint64_t *size,
    int *taken, struct tq_err *e)
{
	int mine = -1, use = fd, saved;

	*taken = may_link(sp, fd, size);
	if (!*taken) {
		if ((mine = copy_in(sp, fd, size)) == -1)
			goto fail;
		use = mine;
	}
	if (sp->format.mode & 0070 &&
	    fchmod(use, sp->format.mode & 0660) == -1)
		goto fail;
	if (sp->l.policy != TQ_SYNC_NONE && tq_io_sync(use) == -1)
		goto fail;
	if (link_over(sp, use, name) == -1)
		goto fail;
	if (sp->l.policy != TQ_SYNC_NONE &&
	    tq_io_sync_dir(tq_file_dir(sp)) == -1)
		goto fail;
	if (mine != -1)
		close(mine);
	return 0;
 fail:
	saved = errno == EDQUOT ? ENOSPC : errno;
	if (mine != -1)
		close(mine);
	*taken = 0;
	return tq_fail_sys(e, saved, "%s/files", sp->path);
}

int
tq_file_memory(const void *p, size_t n)
{
	int fd = memfd_create("tq", MFD_CLOEXEC), saved;

	if (fd != -1 && tq_io_write(fd, p, n) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* ---- files of forgotten tasks --------------------------------------------- */

void
tq_file_litter(struct tq_spool *sp, const struct tq_slot *s)
{
	struct tq_rec r;

	memset(&r.put, 0, sizeof(r.put));
	if (s->flags & TQ_PF_BODYFILE &&
	    tq_ledger_read(&sp->l, s->put, &r) == -1)
		return;
	tq_buf_put(&sp->litter, &s->id, sizeof(s->id));
	tq_buf_put(&sp->litter, &r.put.file, sizeof(r.put.file));
	tq_buf_put(&sp->litter, &s->attempt, sizeof(s->attempt));
	tq_buf_put(&sp->litter, &s->flags, sizeof(s->flags));
}

#define LITTER	(sizeof(struct tq_uuid) + 4 + 2 + 1)

/*
 * Unlink what was noted.  Names that are not there cost a look-up; what is
 * missed here (more attempts, a death) is found by gc.
 */
void
tq_file_sweep(struct tq_spool *sp)
{
	const unsigned char *p = sp->litter.p;
	size_t n = sp->litter.n;
	char name[TQ_FILE_NAME];
	struct tq_uuid id;
	uint32_t file;
	uint16_t attempt;
	uint8_t flags;
	unsigned i;

	for (; n >= LITTER; p += LITTER, n -= LITTER) {
		memcpy(&id, p, sizeof(id));
		memcpy(&file, p + sizeof(id), sizeof(file));
		memcpy(&attempt, p + sizeof(id) + 4, sizeof(attempt));
		flags = p[sizeof(id) + 6];
		if (flags & TQ_PF_BODYFILE) {
			tq_file_name(name, &id, TQ_FILE_BODY, file);
			(void)tq_sys.unlinkat(tq_file_dir(sp), name, 0);
		}
		for (i = attempt > 8 ? attempt - 8u : 0;
		    flags & TQ_PF_OUTFILE && i <= attempt; i++) {
			tq_file_name(name, &id, TQ_FILE_OUT, i);
			(void)tq_sys.unlinkat(tq_file_dir(sp), name, 0);
			tq_file_name(name, &id, TQ_FILE_ERR, i);
			(void)tq_sys.unlinkat(tq_file_dir(sp), name, 0);
		}
	}
	tq_buf_reset(&sp->litter);
}

