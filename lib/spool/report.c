/*
 * What running attempts say of themselves.  It is no event and outlives
 * nothing, so it is not in the ledger: one small file for each place of a
 * worker, beside its capture files, written anew each time.
 *
 *	live/<row>.<capture>.say	CRC-32C of the rest, 8 hex digits
 *					id, 36 characters, '/', attempt, LF
 *					the words
 *
 * The file may be another task's, may be written just now or may be left by a
 * dead worker: the id, the attempt and the CRC say so, and then nothing was
 * said.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/crc.h"
#include "base/io.h"
#include "spool/verb.h"

#define HEAD_MAX	64		/* bytes before the words */
#define PATH_SIZE	40
#define CRC_SIZE	8
#define TRIES		8		/* reads of a file being written */

/* The file of a place, relative to the spool. */
static void
path_of(char path[PATH_SIZE], unsigned row, unsigned capture)
{
	snprintf(path, PATH_SIZE, "live/%u.%u.say", row, capture);
}

/* "crc id/attempt\n"; returns its length. */
static size_t
head(char buf[HEAD_MAX], const struct tq_uuid *id, unsigned attempt,
    const char *words, size_t n)
{
	char text[37];
	uint32_t crc;
	int len;

	tq_uuid_format(text, id);
	len = snprintf(buf + CRC_SIZE, HEAD_MAX - CRC_SIZE, "%s/%u\n", text,
	    attempt);
	crc = tq_crc32c(0, buf + CRC_SIZE, (size_t)len);
	crc = tq_crc32c(crc, words, n);
	snprintf(text, sizeof(text), "%08x", crc);
	memcpy(buf, text, CRC_SIZE);
	return CRC_SIZE + (size_t)len;
}

int
tq_spool_report(struct tq_spool *sp, const struct tq_uuid *id,
    unsigned attempt, unsigned capture, const char *words, size_t n,
    struct tq_err *e)
{
	char path[PATH_SIZE], buf[HEAD_MAX + TQ_PROGRESS_MAX];
	size_t len;
	int fd, rv;

	if (tq_own(sp, e) == -1)
		return -1;
	if (capture == 0 || capture > UINT16_MAX)
		return tq_fail(e, EINVAL, "no capture number %u", capture);
	path_of(path, sp->owner.row, capture);
	len = head(buf, id, attempt, words, n);
	memcpy(buf + len, words, n);
	len += n;
	fd = openat(sp->dirfd, path, O_WRONLY | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, sp->format.mode & 0660);
	if (fd == -1)
		return tq_fail_sys(e, errno, "%s/%s", sp->path, path);
	rv = tq_io_pwrite(fd, buf, len, 0);
	if (rv == 0)
		rv = ftruncate(fd, (off_t)len);
	if (rv == -1)
		tq_fail_sys(e, errno, "%s/%s", sp->path, path);
	close(fd);
	if (capture > sp->reported)
		sp->reported = (uint16_t)capture;
	return rv;
}

/*
 * Read what fd holds of the attempt into buf: its length; 0 another attempt's,
 * or none; -1 it is being written.
 */
static ssize_t
read_words(int fd, const struct tq_slot *s, char *buf)
{
	char file[HEAD_MAX + TQ_PROGRESS_MAX], want[HEAD_MAX];
	ssize_t n = tq_io_pread(fd, file, sizeof(file), 0);
	size_t len;

	/* but for its CRC the head is the same whatever the words are */
	len = head(want, &s->id, s->attempt, "", 0);
	if (n == -1 || (size_t)n < len || memcmp(file + CRC_SIZE,
	    want + CRC_SIZE, len - CRC_SIZE) != 0)
		return 0;
	n -= (ssize_t)len;
	(void)head(want, &s->id, s->attempt, file + len, (size_t)n);
	if (memcmp(file, want, CRC_SIZE) != 0)
		return -1;
	memcpy(buf, file + len, (size_t)n);
	return n;
}

size_t
tq_spool_reported(struct tq_spool *sp, const struct tq_spool_look *k,
    char buf[TQ_PROGRESS_MAX])
{
	char path[PATH_SIZE];
	ssize_t n = -1;
	int fd, i;

	if (k->s.state != TQ_STARTED || k->row == 0 || k->s.capture == 0)
		return 0;
	path_of(path, k->row, k->s.capture);
	fd = openat(sp->dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return 0;
	for (i = 0; i < TRIES && n == -1; i++)
		n = read_words(fd, &k->s, buf);
	close(fd);
	return n > 0 ? (size_t)n : 0;
}

void
tq_report_clear(struct tq_spool *sp)
{
	char path[PATH_SIZE];
	unsigned i;

	if (sp->owner.fd == -1 || sp->reported == 0)
		return;
	for (i = 1; i <= sp->reported; i++) {
		path_of(path, sp->owner.row, i);
		(void)unlinkat(sp->dirfd, path, 0);
	}
	sp->reported = 0;
}
