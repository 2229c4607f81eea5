/*
 * Group commit between processes.
 *
 * Who needs a place of the ledger on disk becomes the leader if nobody is:
 * it notes the tail, syncs every segment from the durable place to that tail,
 * and moves the durable place.  Everybody else sleeps on a futex that rises
 * with it and then has what he needed or leads the next round, so that one
 * sync serves all who came while the one before it ran.
 *
 * A leader that died may have eaten the error of its sync (the kernel tells
 * it once): who inherits the lead writes the bytes again before syncing.  So
 * does who passes one by that gets nowhere; see lead.h.
 */
#include "spool/ledger.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/io.h"
#include "spool/lead.h"
#include "spool/lock.h"

#define FOLLOW		(10 * TQ_MS)	/* then a follower tries to lead */

int
tq_ledger_durable(const struct tq_ledger *l, tq_lsn lsn)
{
	return l->policy == TQ_SYNC_NONE ||
	    atomic_load(&l->top->durable) >= lsn;
}

/*
 * Call f for the part of each segment between two places.  0; -1, f failed or a
 * segment is not what it was; 1 one cannot be opened now, for which the caller
 * has not what it takes: that says nothing of what is on disk.
 */
static int
each_part(struct tq_ledger *l, tq_lsn from, tq_lsn to,
    int (*f)(struct tq_segment *, uint32_t, uint32_t))
{
	uint32_t seg, end, off = TQ_LSN_OFF(from);
	struct tq_segment *s;

	for (seg = TQ_LSN_SEG(from); seg <= TQ_LSN_SEG(to); seg++) {
		if ((s = tq_ledger_segment(l, seg)) == NULL) {
			/* retired meanwhile: then it was synced before */
			if (errno == ENOENT && seg < l->top->base)
				continue;
			/* a rescue left a gap: it syncs what it writes */
			if (errno == ENOENT && seg != TQ_LSN_SEG(to))
				continue;
			/* lost to damage that is known: nothing to sync */
			if ((errno == ENOENT || errno == EBADMSG) &&
			    l->top->damaged > 0)
				continue;
			return tq_segment_lost(errno) ? -1 : 1;
		}
		end = seg == TQ_LSN_SEG(to) ? TQ_LSN_OFF(to) : s->size;
		if (f(s, off, end) == -1)
			return -1;
		off = TQ_SEG_HEAD;
	}
	return 0;
}

static int
sync_part(struct tq_segment *s, uint32_t from, uint32_t to)
{
	(void)from;
	(void)to;
	return tq_io_sync(s->fd);
}

/* Dirty the pages again: bytes in the page cache are what was written. */
static int
rewrite_part(struct tq_segment *s, uint32_t from, uint32_t to)
{
	unsigned char buf[64 << 10];
	const unsigned char *p;
	size_t n;

	for (; from < to; from += (uint32_t)n) {
		n = to - from < sizeof(buf) ? to - from : sizeof(buf);
		p = tq_segment_read(s, buf, &n, from);
		if (p == NULL || n == 0 ||
		    tq_io_pwrite(s->fd, p, n, from) == -1)
			return -1;
	}
	return 0;
}

int
tq_ledger_dirty(struct tq_ledger *l)
{
	const struct tq_top *top = l->top;
	uint32_t seg = TQ_LSN_SEG(top->tail);
	struct tq_rec r;

	while (seg > top->base && (tq_ledger_peek(l, TQ_LSN(seg, TQ_SEG_HEAD),
	    &r) == NULL || r.seq > top->durable_seq))
		seg--;
	return each_part(l, TQ_LSN(seg, TQ_SEG_HEAD), top->tail,
	    rewrite_part) == 0 ? 0 : -1;
}

/* A sync failed: what it may have been told of is not trusted any more. */
static int
sync_failed(struct tq_top *top, const struct tq_lead *w, tq_lsn from, tq_lsn to)
{
	int counts = tq_lead_counts(w, top);

	top->fail_from = counts ? from : atomic_load(&top->durable);
	top->fail_to = counts ? to : atomic_load(&top->tail);
	errno = EAGAIN;
	return -1;
}

/* Let everything before `to` be durable, unless somebody passed us by. */
static void
move(struct tq_top *top, const struct tq_lead *w, tq_lsn from, tq_lsn to,
    uint64_t seq)
{
	/* it may have moved since we looked, if we were stopped here */
	if (!tq_lead_counts(w, top) ||
	    !atomic_compare_exchange_strong(&top->durable, &from, to))
		return;
	top->durable_seq = seq;
	top->synced = tq_clock_mono();
	if (atomic_exchange(&top->durable_waiters, 0) != 0)
		tq_futex_wake(&top->durable_word);
}

/* -1: EAGAIN it failed now, else it was not tried. */
static int
lead(struct tq_ledger *l, const struct tq_lead *w, int inherited)
{
	struct tq_top *top = l->top;
	tq_lsn from = atomic_load(&top->durable), to;
	uint64_t seq;
	int rv = 0;

	/* what a failed sync covered is not synced as if it were clean */
	if (top->fail_to > from) {
		errno = EAGAIN;
		return -1;
	}
	/* seq before tail: it is never ahead of what the sync covers */
	seq = atomic_load(&top->seq);
	to = atomic_load(&top->tail);
	if (to <= from)
		return 0;
	/* who inherits must write again, or nobody knows that it has to be */
	if (inherited && each_part(l, from, to, rewrite_part) != 0)
		rv = -1;
	/* of several, those that were synced are: the next begins with them */
	if (rv == 0 && (rv = each_part(l, from, to, sync_part)) == 1)
		return -1;
	if (rv == -1)
		return sync_failed(top, w, from, to);
	move(top, w, from, to, seq);
	return 0;
}

static int
failed(const struct tq_top *top, tq_lsn lsn)
{
	if (lsn > top->fail_from && lsn <= top->fail_to) {
		errno = EIO;
		return 1;
	}
	return 0;
}

int
tq_ledger_commit(struct tq_ledger *l, tq_lsn lsn)
{
	struct tq_top *top = l->top;
	struct tq_lead w = { 0 };
	uint32_t seen;
	int rv;

	while (!tq_ledger_durable(l, lsn)) {
		if (failed(top, lsn))
			return -1;
		if ((rv = tq_lead_try(&w, top)) != -1) {
			if (!failed(top, lsn))
				rv = lead(l, &w, rv == 1);
			else
				rv = -1;
			tq_lead_give(&w, top);
			if (rv == -1)
				return -1;
			continue;
		}
		if (errno != EBUSY)
			return -1;
		seen = atomic_load(&top->durable_word);
		atomic_store(&top->durable_waiters, 1);
		if (!tq_ledger_durable(l, lsn))
			tq_futex_wait(&top->durable_word, seen, FOLLOW);
	}
	return 0;
}

int
tq_ledger_sync_spares(struct tq_ledger *l)
{
	uint32_t seg = TQ_LSN_SEG(atomic_load(&l->top->tail));
	struct tq_segment *s;

	for (; seg <= l->top->last; seg++) {
		if ((s = tq_ledger_segment(l, seg)) == NULL ||
		    tq_io_sync(s->fd) == -1)
			return -1;
	}
	return tq_io_sync_dir(l->dirfd);
}
