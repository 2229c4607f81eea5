/* A walk along the ledger; the rules are in walk.h. */
#include "spool/walk.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

/* Records that are a step of progress. */
#define PROGRESS_EVERY	4096

/*
 * The next record of this segment that verifies by itself and is younger than
 * what was read; its offset, or 0.
 */
static uint32_t
next_good(const struct tq_walk *w, uint32_t off, uint32_t size, uint32_t salt,
    struct tq_rec *r)
{
	return tq_segs_good(w->buf, off, size, salt, w->seq, r);
}

/* Whether bytes were lost that should be there, given a record beyond them. */
static int
is_damage(const struct tq_walk *w, const struct tq_rec *beyond)
{
	uint64_t durable = beyond->seq - beyond->lag;

	if (durable < w->durable_seq)
		durable = w->durable_seq;
	return w->same_boot || durable > w->seq;
}

static void
give(struct tq_walk *w, uint32_t seg, uint32_t off)
{
	struct tq_rec r;

	if (tq_rec_head(&r, w->buf + off, w->sp->format.segment - off) == -1 ||
	    tq_rec_decode(&r, w->buf + off) == -1) {
		tq_walk_say(w, "ledger/%08" PRIx32 ".seg: the record at byte %" PRIu32
		    " makes no sense", seg, off);
		tq_walk_count(w, seg);
		return;
	}
	/* who waits for the lock extends his deadline while this moves */
	if (++w->records % PROGRESS_EVERY == 0)
		atomic_fetch_add(&w->sp->t.top->progress, 1);
	w->record(w, &r, TQ_LSN(seg, off));
}

/* One record that holds; transactions are given once their last is there. */
static int
take(struct tq_walk *w, const struct tq_rec *r, uint32_t seg, uint32_t off)
{
	struct tq_walk_txn *v;
	size_t i;

	if (r->seq - r->lag > w->durable_seq && r->lag <= r->seq)
		w->durable_seq = r->seq - r->lag;
	if (w->ntxn == 0) {
		w->before.seq = w->seq;
		w->before.crc = w->crc;
	}
	w->seq = r->seq;
	w->crc = r->crc;
	w->chained = 1;
	if (!(r->flags & TQ_REC_MORE) && w->ntxn == 0) {
		give(w, seg, off);
		return 0;
	}
	if (w->ntxn == w->txncap) {
		v = reallocarray(w->txn, w->txncap + 1024, sizeof(*v));
		if (v == NULL)
			return -1;
		w->txn = v;
		w->txncap += 1024;
	}
	w->txn[w->ntxn++].off = off;
	if (!(r->flags & TQ_REC_MORE)) {
		for (i = 0; i < w->ntxn; i++)
			give(w, seg, w->txn[i].off);
		w->ntxn = 0;
	}
	return 0;
}

/*
 * Where the records end, given that they hold up to off: a transaction without
 * its last record must go, or what is appended next would be its end.
 */
static uint32_t
end_of(struct tq_walk *w, uint32_t off)
{
	if (w->ntxn == 0)
		return off;
	w->ntxn = 0;
	w->seq = w->before.seq;
	w->crc = w->before.crc;
	w->cut = 1;
	return w->txn[0].off;
}

/*
 * Walk one segment whose bytes are in w->buf; beyond is the first record of a
 * later one, NULL if there is none; more says that something is written there.
 * Returns where it ends in *end; 1 the walk goes on in the next segment, 0 this
 * holds the tail, -1.
 */
static int
walk_segment(struct tq_walk *w, const struct tq_seg_head *h, uint32_t limit,
    const struct tq_rec *beyond, int more, uint32_t *end)
{
	uint32_t off = TQ_SEG_HEAD, good;
	struct tq_rec r;

	for (;;) {
		if (off + TQ_REC_HEAD <= limit &&
		    tq_rec_head(&r, w->buf + off, limit - off) == 0 &&
		    r.salt == h->salt && (!w->chained ||
		    (r.prev == w->crc && r.seq == w->seq + 1))) {
			if (take(w, &r, h->number, off) == -1)
				return -1;
			off += (uint32_t)TQ_REC_ROOM(r.length);
			continue;
		}
		if (off >= limit || tq_segs_zero(w->buf + off, limit - off)) {
			*end = end_of(w, off);
			return beyond != NULL || (more && !w->cut);
		}
		good = next_good(w, off, limit, h->salt, &r);
		if (good == 0) {
			if (beyond == NULL ? w->same_boot :
			    is_damage(w, beyond))
				tq_walk_aside(w, h->number, off, limit);
			*end = end_of(w, off);
			w->cut = 1;
			return beyond != NULL;
		}
		if (!is_damage(w, &r)) {
			*end = end_of(w, off);
			w->cut = 1;
			return 0;
		}
		tq_walk_aside(w, h->number, off, good);
		w->ntxn = 0;
		w->chained = 0;
		off = good;
	}
}

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

static int
walk_all(struct tq_walk *w, struct tq_segs *segs, struct tq_err *e)
{
	uint32_t end, number, expect;
	struct tq_seg_head h;
	struct tq_rec beyond;
	size_t i, next, used;
	int rv;

	if (find_base(w, segs, e) == -1)
		return -1;
	while (segs->n > 0 && segs->v[0].number < w->base) {
		segs->n--;
		memmove(segs->v, segs->v + 1, segs->n * sizeof(*segs->v));
	}
	expect = w->base;
	if (last_used(w, segs, &used) == -1 || (segs->n > 0 &&
	    ((used == 0 && tq_walk_nothing(w, segs) == -1) ||
	    (!w->same_boot && find_durable(w, segs, used) == -1))))
		return tq_fail_sys(e, errno, "%s/ledger", w->sp->path);
	for (i = 0; i < segs->n; i++, expect = number + 1) {
		number = segs->v[i].number;
		if (!segs->v[i].sealing && !segs->v[i].unborn)
			tq_walk_missing(w, expect, number, i > used);
		if ((rv = tq_walk_load(w, number, &h, e)) == -1)
			return -1;
		if (rv == 0) {
			w->chained = 0;
			w->cut |= i > used;
			continue;
		}
		tq_walk_length(w, number, i >= used);
		if (w->tail == 0 || i <= used) {
			w->tail = TQ_LSN(number, TQ_SEG_HEAD);
			w->salt = h.salt;
			w->last = number;
		}
		if (i > used) {
			/*
			 * Prepared and empty: they must follow on, and must
			 * not seal anything once they are used.
			 */
			if (number == w->last + 1 && !segs->v[i].unborn &&
			    !w->cut)
				w->last = number;
			continue;
		}
		for (next = i + 1, rv = 0; next <= used && rv != 2 && rv != -1;
		    next++)
			rv = tq_segs_holds(w->sp, segs->v[next].number, &beyond);
		if (rv == -1)
			return tq_fail_sys(e, errno, "%s/ledger", w->sp->path);
		rv = walk_segment(w, &h, segs->v[i].limit,
		    rv == 2 ? &beyond : NULL, i < used, &end);
		if (rv == -1)
			return tq_fail_sys(e, errno, "%s", w->sp->path);
		w->tail = TQ_LSN(number, end);
		if (rv == 0 && i < used) {	/* cut in the middle */
			w->last = number;
			return 0;
		}
		/* a sealed segment in between is passed over, not read */
		if (segs->v[i].limit != h.size)
			continue;
		if (i == used)
			continue;
		rv = tq_segs_first(w->sp, segs->v[i + 1].number, &beyond);
		if (rv == -1)
			return tq_fail_sys(e, errno, "%s/ledger", w->sp->path);
		if (rv == 1 && (beyond.prev != w->crc ||
		    beyond.seq != w->seq + 1)) {
			if (!is_damage(w, &beyond)) {
				w->cut = 1;
				return 0;
			}
			tq_walk_say(w, "ledger/%08" PRIx32 ".seg: records %" PRIu64
			    " to %" PRIu64 " are missing", number, w->seq + 1,
			    beyond.seq - 1);
			tq_walk_count(w, number);
			w->chained = 0;
			w->ntxn = 0;
		}
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

int
tq_walk_cut(struct tq_spool *sp, struct tq_walk *w, struct tq_err *e)
{
	uint32_t number;
	struct tq_segment s;
	struct tq_segs segs;
	char name[TQ_SEG_NAME];
	size_t i;

	if (tq_segment_open(&s, NULL, sp->ledgerfd, TQ_LSN_SEG(w->tail)) == -1)
		return tq_fail_sys(e, errno, "%s/ledger", sp->path);
	if (tq_segment_zero(s.fd, TQ_LSN_OFF(w->tail), s.size) == -1 ||
	    tq_io_sync(s.fd) == -1) {
		tq_segment_close(&s);
		return tq_fail_sys(e, errno, "%s/ledger", sp->path);
	}
	number = s.number;
	tq_segment_close(&s);
	if (tq_segs_list(sp, &segs) == -1)
		return tq_fail_sys(e, errno, "%s/ledger", sp->path);
	for (i = 0; i < segs.n; i++)
		if (segs.v[i].number > number) {
			tq_segment_name(name, segs.v[i].number);
			(void)tq_sys.unlinkat(sp->ledgerfd, name, 0);
		}
	free(segs.v);
	w->last = number;
	return tq_io_sync_dir(sp->ledgerfd) == -1 ?
	    tq_fail_sys(e, errno, "%s/ledger", sp->path) : 0;
}

void
tq_walk_unlink(struct tq_spool *sp, uint32_t base)
{
	char name[TQ_SEG_NAME];
	struct tq_segs segs;
	size_t i;

	if (tq_segs_list(sp, &segs) == -1)
		return;
	for (i = 0; i < segs.n && segs.v[i].number < base; i++) {
		tq_segment_name(name, segs.v[i].number);
		(void)tq_sys.unlinkat(sp->ledgerfd, name, 0);
	}
	free(segs.v);
}
