/* Files of the ledger; see segment.h. */
#define _GNU_SOURCE	/* MADV_POPULATE_WRITE */
#include "spool/segment.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_READ 22	/* Linux 5.14; an older kernel says EINVAL */
#define MADV_POPULATE_WRITE 23
#endif
#define XFS_MAGIC	0x58465342	/* statfs(2) */

/* Larger writes left the page cache in a state that made later ones slower. */
#define ZERO_CHUNK	(64u << 10)

/* By hand: the printf family costs a one-shot tqput 10 us of page faults. */
void
tq_segment_name(char out[TQ_SEG_NAME], uint32_t number)
{
	static const char digits[] = "0123456789abcdef";
	int i;

	for (i = 0; i < 8; i++)
		out[i] = digits[number >> (28 - 4 * i) & 0xf];
	memcpy(out + 8, ".seg", 5);
}

uint32_t
tq_segment_number(const char *name)
{
	uint32_t v = 0;
	int i;

	for (i = 0; i < 8; i++) {
		if (name[i] >= '0' && name[i] <= '9')
			v = v << 4 | (uint32_t)(name[i] - '0');
		else if (name[i] >= 'a' && name[i] <= 'f')
			v = v << 4 | (uint32_t)(name[i] - 'a' + 10);
		else
			return 0;
	}
	return strcmp(name + 8, ".seg") == 0 ? v : 0;
}

int
tq_segment_zero(int fd, uint32_t from, uint32_t to)
{
	static const unsigned char zeros[ZERO_CHUNK];
	uint32_t n;

	for (; from < to; from += n) {
		n = to - from < ZERO_CHUNK ? to - from : ZERO_CHUNK;
		if (tq_io_pwrite(fd, zeros, n, from) == -1)
			return -1;
	}
	return 0;
}

int
tq_segment_make(int dirfd, const struct tq_seg_head *h, mode_t mode,
    int durable)
{
	return tq_segment_fill(dirfd, h, mode, durable, NULL, 0);
}

/*
 * A try that must fail would hold all that is left of a disk for a moment, and
 * tasks that run could not write a line then: look first.
 */
static int
allocate(int fd, uint32_t size)
{
	struct statvfs v;
	uint64_t left;

	if (fstatvfs(fd, &v) == 0) {
		left = (uint64_t)(geteuid() == 0 ? v.f_bfree : v.f_bavail) *
		    v.f_frsize;
		if (left < size)
			return ENOSPC;
	}
	return tq_sys.posix_fallocate(fd, 0, size);
}

int
tq_segment_fill(int dirfd, const struct tq_seg_head *h, mode_t mode,
    int durable, const void *records, size_t n)
{
	unsigned char head[TQ_SEG_HEAD];
	char name[TQ_SEG_NAME], tmp[] = ".new";
	int fd, rv;

	tq_segment_name(name, h->number);
	fd = tq_sys.openat(dirfd, tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (fd == -1)
		return -1;
	tq_seg_encode(head, h);
	if ((rv = allocate(fd, h->size)) != 0) {
		errno = rv;
		goto fail;
	}
	/* the umask of whoever is here now must not decide for the others */
	if (fchmod(fd, mode) == -1 ||
	    tq_io_pwrite(fd, head, sizeof(head), 0) == -1)
		goto fail;
	if (tq_segment_zero(fd, sizeof(head), h->size) == -1 ||
	    tq_io_pwrite(fd, records, n, sizeof(head)) == -1 ||
	    (durable && tq_sys.fsync(fd) == -1))
		goto fail;
	if (tq_sys.renameat(dirfd, tmp, dirfd, name) == -1)
		goto fail;
	if (durable && tq_io_sync_dir(dirfd) == -1)
		goto fail;
	close(fd);
	return 0;
 fail:
	rv = errno;
	(void)tq_sys.unlinkat(dirfd, tmp, 0);
	close(fd);
	errno = rv;
	return -1;
}

int
tq_segment_open(struct tq_segment *s, struct tq_seg_head *h, int dirfd,
    uint32_t number)
{
	unsigned char head[TQ_SEG_HEAD];
	struct tq_seg_head mine;
	char name[TQ_SEG_NAME];
	ssize_t n;
	int saved;

	if (h == NULL)
		h = &mine;
	memset(s, 0, sizeof(*s));
	tq_segment_name(name, number);
	s->fd = tq_sys.openat(dirfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (s->fd == -1)
		return -1;
	if ((n = tq_io_pread(s->fd, head, sizeof(head), 0)) == -1)
		goto fail;
	if (n != (ssize_t)sizeof(head)) {
		errno = EBADMSG;
		goto fail;
	}
	if (tq_seg_decode(h, head) == -1)
		goto fail;
	if (h->number != number || h->size < TQ_SEG_MIN ||
	    h->size > TQ_SEG_MAX) {
		errno = EBADMSG;
		goto fail;
	}
	s->number = number;
	s->size = h->size;
	s->salt = h->salt;
	return 0;
 fail:
	saved = errno;
	close(s->fd);
	s->fd = -1;
	errno = saved;
	return -1;
}

int
tq_segment_lost(int error)
{
	return error == EBADMSG || error == ENOENT;
}

void
tq_segment_close(struct tq_segment *s)
{
	int saved = errno;

	if (s->number == 0)
		return;
	if (s->map != NULL)
		munmap(s->map, s->size);
	close(s->fd);
	memset(s, 0, sizeof(*s));
	s->fd = -1;
	errno = saved;
}

int
tq_segment_map(struct tq_segment *s)
{
	void *p;

	if (s->map != NULL)
		return 0;
	p = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (p == MAP_FAILED)
		return -1;
	s->map = p;
	return 0;
}

/*
 * Have the pages of n bytes at off present, so that a disk error or a full
 * disk is an errno here and no SIGBUS in a load or store.  A whole window at
 * once; windows that touch grow together.
 */
static int
make_present(struct tq_segment *s, struct tq_window *w, uint32_t off, size_t n,
    int advice)
{
	uint32_t from = off & ~(uint32_t)4095;
	uint32_t to = off + (uint32_t)n + TQ_SEG_WINDOW;

	if (to > s->size)
		to = s->size;
	if (w->to >= from && w->from <= from)
		from = w->to;
	to = (to + 4095) & ~(uint32_t)4095;
	if (madvise(s->map + from, to - from, advice) == -1)
		return -1;
	if (from != w->to)
		w->from = from;
	w->to = to;
	return 0;
}

void
tq_segment_ahead(struct tq_segment *s, uint32_t off)
{
	if (s->map != NULL && off >= s->store.from && off <= s->store.to &&
	    s->store.to < s->size && s->store.to - off < TQ_SEG_WINDOW / 2)
		(void)make_present(s, &s->store, s->store.to, 0,
		    MADV_POPULATE_WRITE);
}

static int
within(const struct tq_window *w, uint32_t off, size_t n)
{
	return off >= w->from && off + n <= w->to;
}

int
tq_segment_write(struct tq_segment *s, const void *p, size_t n, uint32_t off)
{
	if (off > s->size || n > s->size - off) {
		errno = EBADMSG;
		return -1;
	}
	if (s->map == NULL || (!within(&s->store, off, n) &&
	    make_present(s, &s->store, off, n, MADV_POPULATE_WRITE) == -1))
		return tq_io_pwrite(s->fd, p, n, off);
	memcpy(s->map + off, p, n);
	return 0;
}

const unsigned char *
tq_segment_read(struct tq_segment *s, void *buf, size_t *n, uint32_t off)
{
	ssize_t got;

	if (off >= s->size) {
		errno = EBADMSG;
		return NULL;
	}
	if (*n > s->size - off)
		*n = s->size - off;
	if (s->map != NULL && (within(&s->store, off, *n) ||
	    within(&s->load, off, *n) ||
	    make_present(s, &s->load, off, *n, MADV_POPULATE_READ) == 0))
		return s->map + off;
	if ((got = tq_io_pread(s->fd, buf, *n, off)) == -1)
		return NULL;
	*n = (size_t)got;
	return buf;
}

int
tq_segment_in_place(int dirfd)
{
	struct statfs fs;

	if (fstatfs(dirfd, &fs) == -1)
		return 0;
	switch ((unsigned long)fs.f_type) {
	case EXT4_SUPER_MAGIC:		/* ext2 and ext3 say the same */
	case XFS_MAGIC:
	case TMPFS_MAGIC:
		return 1;
	default:
		return 0;
	}
}

const char *
tq_segment_refused(int dirfd)
{
	static const struct {
		unsigned long	 magic;
		const char	*name;
	} kinds[] = {
		{ 0x6969, "nfs" }, { 0x517b, "smb" }, { 0xff534d42, "cifs" },
		{ 0xfe534d42, "smb2" }, { 0x65735546, "fuse" },
		{ 0x01021997, "9p" }, { 0x6a656a63, "virtiofs" },
	};
	struct statfs fs;
	size_t i;

	if (fstatfs(dirfd, &fs) == -1)
		return NULL;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if ((unsigned long)fs.f_type == kinds[i].magic)
			return kinds[i].name;
	return NULL;
}
