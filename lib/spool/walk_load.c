/*
 * What a walk meets as files: segments as they are read, whole or damaged or not
 * there at all, and what is said and kept of damage; see walk.h.
 */
#include "spool/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

void
tq_walk_say(struct tq_walk *w, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (w->say == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	w->say(text, w->arg);
}

void
tq_walk_count(struct tq_walk *w, uint32_t seg)
{
	w->damaged++;
	w->where = seg;
}

int
tq_damage_keep(struct tq_spool *sp, uint32_t seg, uint32_t from, const void *p,
    size_t n)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "damaged/%08" PRIx32 ".%08" PRIx32, seg,
	    from);
	fd = openat(sp->dirfd, name, O_WRONLY | O_CREAT | O_EXCL |
	    O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return errno != EEXIST;
	(void)tq_io_write(fd, p, n);
	close(fd);
	return 1;
}

void
tq_walk_aside(struct tq_walk *w, uint32_t seg, uint32_t from, uint32_t to,
    int cut)
{
	const struct tq_lost lost = { seg, from, w->buf + from, to - from, cut };

	tq_walk_count(w, seg);
	tq_walk_say(w, "ledger/%08" PRIx32 ".seg: damaged from byte %" PRIu32
	    " to %" PRIu32 ", a copy is in damaged/%08" PRIx32 ".%08" PRIx32,
	    seg, from, to, seg, from);
	(void)tq_damage_keep(w->sp, seg, from, w->buf + from, to - from);
	if (w->lost != NULL)
		w->lost(w, &lost);
}

/* Write the head of a segment again. */
static int
write_head(const struct tq_walk *w, const struct tq_seg_head *h)
{
	char name[TQ_SEG_NAME];
	int fd, rv;

	tq_segment_name(name, h->number);
	fd = tq_sys.openat(w->sp->ledgerfd, name, O_WRONLY | O_CLOEXEC |
	    O_NOFOLLOW);
	if (fd == -1)
		return -1;
	rv = tq_io_pwrite(fd, w->buf, TQ_SEG_HEAD, 0) == -1 ||
	    tq_io_sync(fd) == -1 ? -1 : 0;
	close(fd);
	return rv;
}

/*
 * A segment whose head is damaged: if its first record continues what was read
 * the head is known by it, and nothing else is lost.  Otherwise all of it is
 * set aside, for its number will be used again.
 */
static int
load_headless(struct tq_walk *w, uint32_t number, struct tq_seg_head *h,
    struct tq_err *e)
{
	uint32_t size = w->sp->format.segment;
	struct tq_rec r;
	ssize_t n;

	if ((n = tq_segs_raw(w->sp, number, w->buf)) == -1)
		return tq_fail_sys(e, errno, "%s/ledger/%08" PRIx32 ".seg",
		    w->sp->path, number);
	tq_walk_say(w, "ledger/%08" PRIx32 ".seg: its head is damaged", number);
	if (n < (ssize_t)size || tq_rec_head(&r, w->buf + TQ_SEG_HEAD,
	    size - TQ_SEG_HEAD) == -1 || !w->chained || r.prev != w->crc ||
	    r.seq != w->seq + 1) {
		tq_walk_aside(w, number, 0, (uint32_t)n, 0);
		return 0;
	}
	tq_walk_aside(w, number, 0, TQ_SEG_HEAD, 0);
	memset(h, 0, sizeof(*h));
	h->version = TQ_FORMAT;
	h->number = number;
	h->salt = r.salt;
	h->size = size;
	tq_seg_encode(w->buf, h);
	if (w->mends && write_head(w, h) == -1)
		return tq_fail_sys(e, errno, "%s/ledger/%08" PRIx32 ".seg",
		    w->sp->path, number);
	return 1;
}

int
tq_walk_load(struct tq_walk *w, uint32_t number, struct tq_seg_head *h,
    struct tq_err *e)
{
	struct tq_segment s;
	ssize_t n;

	if (tq_segment_open(&s, h, w->sp->ledgerfd, number) == -1) {
		if (errno == EBADMSG)
			return load_headless(w, number, h, e);
		if (errno == EPROTO)
			return tq_fail(e, EPROTO, "%s/ledger/%08" PRIx32
			    ".seg: of a newer format", w->sp->path, number);
		if (errno != ENOENT)
			return tq_fail_sys(e, errno, "%s/ledger", w->sp->path);
		tq_walk_say(w, "ledger/%08" PRIx32 ".seg: is missing", number);
		tq_walk_count(w, number);
		return 0;
	}
	/* of a spool with others: what is to be believed nobody knows */
	if (h->size != w->sp->format.segment) {
		tq_segment_close(&s);
		return tq_fail(e, EPROTO, "%s/ledger/%08" PRIx32 ".seg: of %"
		    PRIu32 " bytes, where the format says %" PRIu32,
		    w->sp->path, number, h->size, w->sp->format.segment);
	}
	n = tq_io_pread(s.fd, w->buf, h->size, 0);
	tq_segment_close(&s);
	if (n == -1)
		return tq_fail_sys(e, errno, "%s/ledger/%08" PRIx32 ".seg",
		    w->sp->path, number);
	memset(w->buf + n, 0, w->sp->format.segment - (size_t)n);
	w->bytes = (uint32_t)n;
	return 1;
}

/*
 * Whether a segment that was prepared must be there whole: not if it may not
 * have been synced before a power cut.
 */
static int
is_promised(const struct tq_walk *w)
{
	const struct tq_top *top = w->sp->t.top;

	return w->same_boot || (top != NULL && tq_setting_get(NULL, &top->set,
	    TQ_SET_SYNC) != TQ_SYNC_NONE);
}

void
tq_walk_missing(struct tq_walk *w, uint32_t expect, uint32_t number, int prepared)
{
	if (expect >= number)
		return;
	w->cut |= prepared;
	if (prepared && !is_promised(w))
		return;
	for (; expect < number; expect++) {
		tq_walk_say(w, "ledger/%08" PRIx32 ".seg: is missing", expect);
		tq_walk_count(w, expect);
	}
	w->chained = 0;
}

int
tq_walk_nothing(struct tq_walk *w, const struct tq_segs *segs)
{
	uint32_t first = segs->v[0].number;
	struct tq_rec r;
	int rv;

	if (first == 1 || segs->v[0].unborn)
		return 0;
	if ((rv = tq_segs_holds(w->sp, first, &r)) == 0)
		tq_walk_missing(w, first - 1, first, 1);
	return rv == -1 ? -1 : 0;
}

void
tq_walk_length(struct tq_walk *w, uint32_t number, int behind)
{
	if (w->bytes >= w->sp->format.segment)
		return;
	w->cut |= behind;
	if (!is_promised(w))
		return;
	tq_walk_say(w, "ledger/%08" PRIx32 ".seg: is cut short at byte %" PRIu32,
	    number, w->bytes);
	tq_walk_count(w, number);
}
