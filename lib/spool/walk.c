/* A walk along the ledger; the rules are in walk.h. */
#include "spool/walk.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"

/*
 * The oldest segment that counts: what the youngest BASE record says.  Every
 * segment begins with one, so the youngest segment with records has it.  It
 * only rises, and one that names a segment younger than its own is not
 * believed.
 */
static int
find_base(struct tq_walk *w, const struct tq_segs *segs, struct tq_err *e)
{
	struct tq_seg_head h;
	struct tq_rec r;
	uint32_t off, base = 0, crc = 0;
	uint64_t seq = 0;
	size_t i;
	int rv;

	w->base = segs->n > 0 ? segs->v[0].number : 1;
	for (i = segs->n; i-- > 0;) {
		if ((rv = tq_segs_first(w->sp, segs->v[i].number, &r)) == -1)
			return tq_fail_sys(e, errno, "%s/ledger", w->sp->path);
		if (rv == 0)
			continue;
		if ((rv = tq_walk_load(w, segs->v[i].number, &h, e)) != 1)
			return rv;
		for (off = TQ_SEG_HEAD; off + TQ_REC_HEAD <= h.size &&
		    tq_rec_head(&r, w->buf + off, h.size - off) == 0 &&
		    r.salt == h.salt && (off == TQ_SEG_HEAD ||
		    (r.prev == crc && r.seq == seq + 1));
		    off += (uint32_t)TQ_REC_ROOM(r.length)) {
			crc = r.crc;
			seq = r.seq;
			if (r.type == TQ_REC_BASE &&
			    tq_rec_decode(&r, w->buf + off) == 0 &&
			    r.number > base && r.number <= segs->v[i].number)
				base = r.number;
		}
		if (base != 0)
			w->base = base;
		return 0;
	}
	return 0;
}

/*
 * Index of the last segment that anything is written in, or the first.  Its
 * first record alone would not tell: that may be what is damaged, or what a
 * power cut did not let through.
 */
static int
last_used(struct tq_walk *w, const struct tq_segs *segs, size_t *out)
{
	struct tq_rec r;
	size_t i;
	int rv;

	*out = 0;
	for (i = segs->n; i-- > 1;) {
		if (segs->v[i].unborn)
			continue;
		if ((rv = tq_segs_holds(w->sp, segs->v[i].number, &r)) != 0) {
			*out = i;
			return rv == -1 ? -1 : 0;
		}
	}
	return 0;
}

/*
 * What was durable, by all that is there.  A record says it of those before
 * it, so the last that verifies says most: the one behind a gap may have been
 * written when nothing was known yet, and would make a torn tail of what much
 * later ones know to have been on disk.
 */
static int
find_durable(struct tq_walk *w, const struct tq_segs *segs, size_t used)
{
	uint32_t size = w->sp->format.segment, off, salt;
	struct tq_rec r;
	size_t i;
	int found;

	for (i = used + 1, found = 0; i-- > 0 && !found;) {
		if (tq_segs_raw(w->sp, segs->v[i].number, w->buf) == -1) {
			if (errno == ENOENT)
				continue;
			return -1;
		}
		salt = tq_segs_salt(w->buf);
		for (off = TQ_SEG_HEAD; (off = tq_segs_good(w->buf, off, size,
		    salt, 0, &r)) != 0; off += TQ_REC_ROOM(r.length)) {
			found = 1;
			if (r.lag <= r.seq && r.seq - r.lag > w->durable_seq)
				w->durable_seq = r.seq - r.lag;
		}
	}
	return 0;
}

/*
 * Which segments count, which of them is the last that anything is written in,
 * and what was durable.
 */
static int
survey(struct tq_walk *w, struct tq_segs *segs, size_t *used,
    struct tq_err *e)
{
	if (find_base(w, segs, e) == -1)
		return -1;
	while (segs->n > 0 && segs->v[0].number < w->base) {
		segs->n--;
		memmove(segs->v, segs->v + 1, segs->n * sizeof(*segs->v));
	}
	if (last_used(w, segs, used) == -1 || (segs->n > 0 &&
	    ((*used == 0 && tq_walk_nothing(w, segs) == -1) ||
	    (!w->same_boot && find_durable(w, segs, *used) == -1))))
		return tq_fail_sys(e, errno, "%s/ledger", w->sp->path);
	return 0;
}

/* The first record that verifies behind segment i: 1, 0 there is none, -1. */
static int
find_beyond(struct tq_walk *w, const struct tq_segs *segs, size_t i,
    size_t used, struct tq_rec *out)
{
	int rv = 0;

	while (++i <= used && rv != 2 && rv != -1)
		rv = tq_segs_holds(w->sp, segs->v[i].number, out);
	return rv == 2 ? 1 : rv == -1 ? -1 : 0;
}

/*
 * The end of a segment against the beginning of the next: 1, with what is lost
 * in between counted; 0, nothing behind it counts; -1.
 */
static int
join(struct tq_walk *w, uint32_t number, uint32_t next)
{
	struct tq_rec r;
	int rv = tq_segs_first(w->sp, next, &r);

	if (rv != 1)
		return rv == -1 ? -1 : 1;
	if (r.prev == w->crc && r.seq == w->seq + 1)
		return 1;
	if (!tq_walk_is_damage(w, &r)) {
		w->cut = 1;
		return 0;
	}
	tq_walk_say(w, "ledger/%08" PRIx32 ".seg: records %" PRIu64 " to %"
	    PRIu64 " are missing", number, w->seq + 1, r.seq - 1);
	tq_walk_count(w, number);
	w->chained = 0;
	w->gaps = 1;
	return 1;
}

/*
 * A segment that is written in, and loaded: 1 the walk goes on, 0 it ends here
 * though more is written, -1.
 */
static int
walk_one(struct tq_walk *w, const struct tq_segs *segs, size_t i, size_t used,
    const struct tq_seg_head *h)
{
	const struct tq_segs_one *s = &segs->v[i];
	struct tq_rec beyond;
	uint32_t end;
	int rv;

	w->salt = h->salt;
	w->last = s->number;
	if ((rv = find_beyond(w, segs, i, used, &beyond)) == -1 ||
	    (rv = tq_walk_segment(w, h, s->limit, rv ? &beyond : NULL,
	    i < used, &end)) == -1)
		return -1;
	w->tail = TQ_LSN(s->number, end);
	if (i == used)
		return 1;
	if (rv == 0)		/* cut in the middle */
		return 0;
	/* a sealed segment in between is passed over, not read */
	return s->limit != h->size ? 1 :
	    join(w, s->number, segs->v[i + 1].number);
}

/* One that is prepared and empty. */
static void
see_prepared(struct tq_walk *w, const struct tq_segs_one *s,
    const struct tq_seg_head *h)
{
	if (w->tail == 0) {
		w->tail = TQ_LSN(s->number, TQ_SEG_HEAD);
		w->salt = h->salt;
		w->last = s->number;
	}
	/* it must follow on, and must not seal anything once it is used */
	if (s->number == w->last + 1 && !s->unborn && !w->cut)
		w->last = s->number;
}

static int
walk_all(struct tq_walk *w, struct tq_segs *segs, struct tq_err *e)
{
	const struct tq_segs_one *s;
	struct tq_seg_head h;
	uint32_t expect;
	size_t i, used;
	int rv;

	if (survey(w, segs, &used, e) == -1)
		return -1;
	for (i = 0, expect = w->base; i < segs->n; i++) {
		s = &segs->v[i];
		if (!s->sealing && !s->unborn)
			tq_walk_missing(w, expect, s->number, i > used);
		expect = s->number + 1;
		if ((rv = tq_walk_load(w, s->number, &h, e)) == -1)
			return -1;
		if (rv == 0) {
			w->chained = 0;
			w->cut |= i > used;
			continue;
		}
		tq_walk_length(w, s->number, i >= used);
		if (i > used) {
			see_prepared(w, s, &h);
			continue;
		}
		rv = walk_one(w, segs, i, used, &h);
		if (rv == -1)
			return tq_fail_sys(e, errno, "%s/ledger", w->sp->path);
		if (rv == 0)
			return 0;
	}
	return 0;
}

int
tq_walk(struct tq_spool *sp, struct tq_walk *w, struct tq_err *e)
{
	struct tq_segs segs;
	int rv;

	w->sp = sp;
	w->same_boot = sp->same_boot;
	if (tq_segs_list(sp, &segs) == -1)
		return tq_fail_sys(e, errno, "%s/ledger", sp->path);
	if ((w->buf = malloc(sp->format.segment)) == NULL) {
		free(segs.v);
		return tq_fail_sys(e, ENOMEM, "%s", sp->path);
	}
	rv = walk_all(w, &segs, e);
	free(w->buf);
	free(w->txn);
	free(segs.v);
	w->buf = NULL;
	w->txn = NULL;
	return rv;
}

/*
 * Write at the tail what was known to be durable, and the base again.  0, -1.
 */
static int
write_mark(struct tq_walk *w, struct tq_segment *s)
{
	uint64_t lag = w->seq + 1 - w->durable_seq;
	struct tq_rec r = { .type = TQ_REC_BASE, .number = w->base,
	    .prev = w->crc, .salt = w->salt, .seq = w->seq + 1 };
	uint32_t length;
	struct tq_buf b;
	int rv = 0;

	r.lag = lag > UINT32_MAX ? UINT32_MAX : (uint32_t)lag;
	r.time = tq_clock_wall();
	tq_buf_init(&b);
	tq_rec_encode(&b, &r);
	length = (uint32_t)b.n;
	tq_buf_put(&b, "\0\0\0\0\0\0\0", TQ_REC_ROOM(length) - length);
	if (!tq_buf_ok(&b)) {
		errno = ENOMEM;
		rv = -1;
	} else if (TQ_LSN_OFF(w->tail) + b.n <= s->size) {
		r.crc = tq_rec_seal(b.p, &r, length);
		rv = tq_segment_write(s, b.p, b.n, TQ_LSN_OFF(w->tail)) == -1 ||
		    tq_io_sync(s->fd) == -1 ? -1 : 0;
		w->tail += b.n;
		w->crc = r.crc;
		w->seq = r.seq;
	}
	tq_buf_fini(&b);
	return rv;
}

/* Unlink the segments that there are of these numbers.  0, -1. */
static int
unlink_range(struct tq_spool *sp, uint32_t from, uint32_t to)
{
	char name[TQ_SEG_NAME];
	struct tq_segs segs;
	size_t i;

	if (tq_segs_list(sp, &segs) == -1)
		return -1;
	for (i = 0; i < segs.n; i++) {
		if (segs.v[i].number < from || segs.v[i].number > to)
			continue;
		tq_segment_name(name, segs.v[i].number);
		(void)tq_sys.unlinkat(sp->ledgerfd, name, 0);
	}
	free(segs.v);
	return 0;
}

int
tq_walk_cut(struct tq_spool *sp, struct tq_walk *w, struct tq_err *e)
{
	uint32_t number = TQ_LSN_SEG(w->tail);
	struct tq_segment s;
	int rv = 0;

	if (tq_segment_open(&s, NULL, sp->ledgerfd, number) == -1)
		return tq_fail_sys(e, errno, "%s/ledger", sp->path);
	if ((w->gaps && write_mark(w, &s) == -1) ||
	    tq_segment_zero(s.fd, TQ_LSN_OFF(w->tail), s.size) == -1 ||
	    tq_io_sync(s.fd) == -1)
		rv = -1;
	tq_segment_close(&s);
	if (rv == -1 || unlink_range(sp, number + 1, UINT32_MAX) == -1 ||
	    tq_io_sync_dir(sp->ledgerfd) == -1)
		return tq_fail_sys(e, errno, "%s/ledger", sp->path);
	w->last = number;
	return 0;
}

void
tq_walk_unlink(struct tq_spool *sp, uint32_t base)
{
	if (base > 0)
		(void)unlink_range(sp, 0, base - 1);
}
