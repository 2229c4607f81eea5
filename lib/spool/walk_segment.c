/*
 * A walk along one segment: which of its records hold and which transactions
 * are whole; the rules are in walk.h.
 */
#include "spool/walk.h"

#include <bsd/stdlib.h>
#include <inttypes.h>

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

int
tq_walk_is_damage(const struct tq_walk *w, const struct tq_rec *beyond)
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

/* The transaction under way was written whole: what is there of it counts. */
static void
settle(struct tq_walk *w, uint32_t seg)
{
	size_t i;

	for (i = 0; i < w->ntxn; i++)
		give(w, seg, w->txn[i].off);
	w->ntxn = 0;
	w->holed = 0;
}

static void
learn(struct tq_walk *w, const struct tq_rec *r)
{
	if (r->lag <= r->seq && r->seq - r->lag > w->durable_seq)
		w->durable_seq = r->seq - r->lag;
}

/* One record that holds; transactions are given once their last is there. */
static int
take(struct tq_walk *w, const struct tq_rec *r, uint32_t seg, uint32_t off)
{
	struct tq_walk_txn *v;

	learn(w, r);
	/* what is appended here after a cut does not use numbers that were lost */
	if (!w->chained)
		w->seq = r->seq - 1;
	if (w->ntxn == 0) {
		w->before.seq = w->seq;
		w->before.crc = w->crc;
	}
	w->seq = r->seq;
	w->crc = r->crc;
	w->chained = 1;
	if (w->ntxn == w->txncap) {
		v = reallocarray(w->txn, w->txncap + 1024, sizeof(*v));
		if (v == NULL)
			return -1;
		w->txn = v;
		w->txncap += 1024;
	}
	w->txn[w->ntxn++].off = off;
	if (!(r->flags & TQ_REC_MORE))
		settle(w, seg);
	return 0;
}

/*
 * Go on behind a gap, at the record *r.  What was durable had been written
 * whole.  Of the rest of a transaction a last record behind the gap will tell:
 * its own, or that of a later one.
 */
static void
pass(struct tq_walk *w, uint32_t seg, const struct tq_rec *r)
{
	learn(w, r);
	if (w->durable_seq >= w->seq)
		settle(w, seg);
	w->holed = 1;
	w->gaps = 1;
	w->chained = 0;
}

/*
 * Where the records end, given that they hold up to off and what follows, up to
 * `to`, is damaged.  A transaction without its last record is whole if there is
 * a segment behind it; else it must go, or what is appended next would be its
 * end.
 */
static uint32_t
end_of(struct tq_walk *w, uint32_t seg, uint32_t off, uint32_t to,
    const struct tq_rec *beyond)
{
	if (w->ntxn > 0 && beyond != NULL && tq_walk_is_damage(w, beyond))
		settle(w, seg);
	else if (w->ntxn > 0) {
		if (w->holed && to == 0)
			to = off;
		off = w->txn[0].off;
		w->seq = w->before.seq;
		w->crc = w->before.crc;
		w->cut = 1;
		w->ntxn = 0;
	}
	w->holed = 0;
	if (to != 0)
		tq_walk_aside(w, seg, off, to, beyond == NULL);
	return off;
}

int
tq_walk_segment(struct tq_walk *w, const struct tq_seg_head *h, uint32_t limit,
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
			*end = end_of(w, h->number, off, 0, beyond);
			return beyond != NULL || (more && !w->cut);
		}
		good = next_good(w, off, limit, h->salt, &r);
		if (good == 0) {
			*end = end_of(w, h->number, off, (beyond == NULL ?
			    w->same_boot : tq_walk_is_damage(w, beyond)) ?
			    limit : 0, beyond);
			w->cut = 1;
			return beyond != NULL;
		}
		if (!tq_walk_is_damage(w, &r)) {
			*end = end_of(w, h->number, off, 0, NULL);
			w->cut = 1;
			return 0;
		}
		pass(w, h->number, &r);
		tq_walk_aside(w, h->number, off, good, 0);
		off = good;
	}
}
