/* What the segments of a ledger hold; see segs.h. */
#include "spool/segs.h"

#include <bsd/stdlib.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

#define AT_SALT	16		/* in the header of a record */

static int
ascending(const void *a, const void *b)
{
	const struct tq_segs_one *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* One that cannot be used for what it is; any other error ends the walk. */
static int
unusable(int error)
{
	return tq_segment_lost(error) || error == EPROTO;
}

int
tq_segs_zero(const unsigned char *p, size_t n)
{
	return n == 0 || (*p == 0 && memcmp(p, p + 1, n - 1) == 0);
}

uint32_t
tq_segs_good(const unsigned char *p, uint32_t off, uint32_t size, uint32_t salt,
    uint64_t seq, struct tq_rec *r)
{
	for (; off + TQ_REC_HEAD <= size; off += 8)
		if (tq_rec_seems(p + off, salt) &&
		    tq_rec_head(r, p + off, size - off) == 0 && r->seq > seq)
			return off;
	return 0;
}

int
tq_segs_first(struct tq_spool *sp, uint32_t number, struct tq_rec *r)
{
	unsigned char head[TQ_REC_HEAD], *p = NULL;
	struct tq_seg_head h;
	struct tq_segment s;
	size_t length;
	ssize_t n;
	int rv = -1;

	if (tq_segment_open(&s, &h, sp->ledgerfd, number) == -1)
		return unusable(errno) ? 0 : -1;
	if ((n = tq_io_pread(s.fd, head, sizeof(head), TQ_SEG_HEAD)) == -1)
		goto out;
	rv = 0;
	length = tq_le32(head + 4);
	if (n < (ssize_t)sizeof(head) || length < sizeof(head) ||
	    length > sp->format.segment)
		goto out;
	rv = -1;
	if ((p = malloc(length)) == NULL ||
	    (n = tq_io_pread(s.fd, p, length, TQ_SEG_HEAD)) == -1)
		goto out;
	rv = tq_rec_head(r, p, (size_t)n) == 0 && r->salt == h.salt;
 out:
	free(p);
	tq_segment_close(&s);
	return rv;
}

ssize_t
tq_segs_raw(struct tq_spool *sp, uint32_t number, unsigned char *p)
{
	char name[TQ_SEG_NAME];
	ssize_t n;
	int fd;

	tq_segment_name(name, number);
	fd = tq_sys.openat(sp->ledgerfd, name, O_RDONLY | O_CLOEXEC |
	    O_NOFOLLOW);
	if (fd == -1)
		return -1;
	if ((n = tq_io_pread(fd, p, sp->format.segment, 0)) != -1)
		memset(p + n, 0, sp->format.segment - (size_t)n);
	close(fd);
	return n;
}

uint32_t
tq_segs_salt(const unsigned char *p)
{
	struct tq_seg_head h;

	return tq_seg_decode(&h, p) == 0 ? h.salt :
	    tq_le32(p + TQ_SEG_HEAD + AT_SALT);
}

int
tq_segs_holds(struct tq_spool *sp, uint32_t number, struct tq_rec *r)
{
	uint32_t size = sp->format.segment;
	unsigned char *p;
	int rv;

	if ((rv = tq_segs_first(sp, number, r)) != 0)
		return rv == 1 ? 2 : -1;
	if ((p = malloc(size)) == NULL)
		return -1;
	if (tq_segs_raw(sp, number, p) == -1)
		rv = errno == ENOENT ? 0 : -1;
	else if (!tq_segs_zero(p + TQ_SEG_HEAD, size - TQ_SEG_HEAD)) {
		rv = tq_segs_good(p, TQ_SEG_HEAD, size, tq_segs_salt(p), 0,
		    r) != 0 ? 2 : 1;
	}
	free(p);
	return rv;
}

/*
 * Where each segment ends: one whose head says `sealed` replaces everything
 * from that place on, in the segments before it (rescue.c), once it holds what
 * was written again.
 */
static int
find_limits(struct tq_spool *sp, struct tq_segs *segs)
{
	struct tq_seg_head h;
	struct tq_segment s;
	struct tq_rec r;
	tq_lsn seal = 0;
	struct tq_segs_one *g;
	size_t i;
	int rv;

	for (i = segs->n; i-- > 0;) {
		g = &segs->v[i];
		g->limit = sp->format.segment;
		if (seal != 0 && g->number >= TQ_LSN_SEG(seal))
			g->limit = g->number == TQ_LSN_SEG(seal) ?
			    TQ_LSN_OFF(seal) : TQ_SEG_HEAD;
		if (tq_segment_open(&s, &h, sp->ledgerfd, g->number) == -1) {
			if (!unusable(errno))
				return -1;
			continue;
		}
		tq_segment_close(&s);
		if (h.sealed == 0)
			continue;
		if ((rv = tq_segs_first(sp, g->number, &r)) == -1)
			return -1;
		g->sealing = rv;
		g->unborn = !rv;
		if (g->sealing && (seal == 0 || h.sealed < seal))
			seal = h.sealed;
	}
	return 0;
}

int
tq_segs_list(struct tq_spool *sp, struct tq_segs *out)
{
	const struct dirent *d;
	struct tq_segs_one *v;
	uint32_t n;
	DIR *dp;
	int fd;

	memset(out, 0, sizeof(*out));
	fd = openat(sp->ledgerfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	if ((dp = fdopendir(fd)) == NULL) {
		close(fd);
		return -1;
	}
	while ((d = readdir(dp)) != NULL) {
		if ((n = tq_segment_number(d->d_name)) == 0)
			continue;
		if (out->n == out->cap) {
			v = reallocarray(out->v, out->cap + 256, sizeof(*v));
			if (v == NULL) {
				closedir(dp);
				free(out->v);
				return -1;
			}
			out->v = v;
			out->cap += 256;
		}
		out->v[out->n++] = (struct tq_segs_one){ .number = n };
	}
	closedir(dp);
	if (out->n > 1)
		qsort(out->v, out->n, sizeof(*out->v), ascending);
	if (find_limits(sp, out) == 0)
		return 0;
	free(out->v);
	return -1;
}
