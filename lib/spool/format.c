/* SPOOL/format, read and written; see format.h. */
#include "spool/format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tq/tq.h>

#include "base/io.h"
#include "spool/segment.h"

int
tq_digits(uint64_t *out, const char **p, unsigned base)
{
	const char *s = *p;
	uint64_t v = 0;
	unsigned d;

	for (; (d = (unsigned)(*s - '0')) < base; s++) {
		if (v > (UINT64_MAX - d) / base)
			return 0;
		v = v * base + d;
	}
	if (s == *p)
		return 0;
	*out = v;
	*p = s;
	return 1;
}

/*
 * The number of a line "word number" at *p, in that base; *p moves behind the
 * line.  -1 when it is no such line.
 */
static long long
line_number(const char **p, const char *word, unsigned base)
{
	size_t n = strlen(word);
	uint64_t v;

	if (strncmp(*p, word, n) != 0 || (*p)[n] != ' ')
		return -1;
	*p += n + 1;
	if (!tq_digits(&v, p, base) || v > INT64_MAX || **p != '\n')
		return -1;
	(*p)++;
	return (long long)v;
}

static int
format_parse(struct tq_format *f, const char *p)
{
	long long version, segment, mode;
	uint64_t gid;

	if ((version = line_number(&p, "tq spool", 10)) < 1 ||
	    version > UINT32_MAX) {
		errno = EBADMSG;
		return -1;
	}
	f->version = (uint32_t)version;
	if (version < TQ_FORMAT_OLD || version > TQ_FORMAT) {
		errno = EPROTO;
		return -1;
	}
	segment = line_number(&p, "segment", 10);
	mode = line_number(&p, "mode", 8);
	if (segment < TQ_SEG_MIN || segment > TQ_SEG_MAX ||
	    segment % 4096 != 0 || (mode != 0700 && mode != 02770) ||
	    strncmp(p, "gid ", 4) != 0) {
		errno = EBADMSG;
		return -1;
	}
	f->segment = (uint32_t)segment;
	f->mode = (mode_t)mode;
	p += 4;
	f->gid = (gid_t)-1;	/* "-1": whatever group it has */
	if (tq_digits(&gid, &p, 10))
		f->gid = (gid_t)gid;
	return 0;
}

int
tq_format_read(struct tq_format *f, int dirfd, const char *path,
    struct tq_err *e)
{
	char buf[256];
	ssize_t n;
	int fd;

	fd = openat(dirfd, "format", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return errno == ENOENT ? 0 :
		    tq_fail_sys(e, errno, "%s/format", path);
	/* one call: a file this short comes whole */
	n = pread(fd, buf, sizeof(buf) - 1, 0);
	close(fd);
	if (n == -1)
		return tq_fail_sys(e, errno, "%s/format", path);
	buf[n] = '\0';
	if (format_parse(f, buf) == 0)
		return 1;
	if (errno == EPROTO)
		return tq_fail(e, EPROTO, "%s: format %u of a spool; this is "
		    "tq %s, which reads formats %d to %d", path,
		    (unsigned)f->version, TQ_VERSION, TQ_FORMAT_OLD,
		    TQ_FORMAT);
	return tq_fail(e, EPROTO, "%s/format: not the format of a tq spool",
	    path);
}

int
tq_format_write(const struct tq_format *f, int dirfd)
{
	char buf[256];
	int n;

	n = snprintf(buf, sizeof(buf), "tq spool %u\nsegment %u\nmode %04o\n"
	    "gid %ld\n", (unsigned)f->version, (unsigned)f->segment,
	    (unsigned)f->mode, f->gid == (gid_t)-1 ? -1 : (long)f->gid);
	return tq_io_replace(dirfd, "format", buf, (size_t)n, f->mode & 0660,
	    NULL);
}

int
tq_format_raise(struct tq_format *f, int dirfd, const char *path,
    struct tq_err *e)
{
	if (f->version == TQ_FORMAT)
		return 0;
	f->version = TQ_FORMAT;
	if (tq_format_write(f, dirfd) == -1 ||
	    (f->gid != (gid_t)-1 && fchownat(dirfd, "format", (uid_t)-1,
	    f->gid, AT_SYMLINK_NOFOLLOW) == -1))
		return tq_fail_sys(e, errno, "%s/format", path);
	return 0;
}
