/*
 * Room of the ledger: what is there, what is kept for whom (ledger.h, rule 3),
 * and one segment more.
 */
#include "spool/ledger.h"

#include <sys/statvfs.h>

#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "spool/lock.h"

/*
 * Bytes that records of at most a quarter segment each surely find in n empty
 * ones: the last quarter of each may stay empty because a record did not fit.
 */
static uint64_t
room_in(const struct tq_ledger *l, uint64_t n)
{
	return n * (l->top->seg_size - TQ_SEG_HEAD - TQ_BASE_ROOM -
	    tq_ledger_max(l));
}

uint64_t
tq_ledger_room(const struct tq_ledger *l)
{
	const struct tq_top *top = l->top;
	tq_lsn tail = top->tail;

	return top->seg_size - TQ_LSN_OFF(tail) +
	    room_in(l, top->last - TQ_LSN_SEG(tail));
}

/* Segments that the disk has room for. */
static uint64_t
more_segments(const struct tq_ledger *l)
{
	const struct tq_top *top = l->top;
	uint64_t left = atomic_load_explicit(&top->left, memory_order_relaxed);

	return left < TQ_OUTPUT_ROOM ? 0 :
	    (left - TQ_OUTPUT_ROOM) / top->seg_size;
}

uint64_t
tq_ledger_kept(const struct tq_ledger *l)
{
	const struct tq_top *top = l->top;
	uint32_t ended = top->done.n + top->dead.n;

	return (uint64_t)(top->ntasks > ended ? top->ntasks - ended : 0) *
	    TQ_TASK_ROOM + (uint64_t)ended * TQ_ENDED_ROOM + top->seg_size;
}

int
tq_ledger_ask(struct tq_ledger *l)
{
	struct statvfs v;

	if (fstatvfs(l->dirfd, &v) == -1)
		return -1;
	atomic_store(&l->top->left, (uint64_t)v.f_bavail * v.f_frsize);
	return 0;
}

int
tq_ledger_spares(struct tq_ledger *l)
{
	return tq_ledger_ask(l) == -1 || tq_ledger_room(l) + room_in(l,
	    more_segments(l)) >= l->top->reserved + tq_ledger_kept(l);
}

int
tq_ledger_has_room(const struct tq_ledger *l, uint64_t n, uint64_t keep)
{
	uint64_t room = tq_ledger_room(l);

	if (keep == 0)
		return room >= n;
	return room >= n + l->top->seg_size / 2 &&
	    room + room_in(l, more_segments(l)) >= n + keep;
}

int
tq_ledger_wants_segment(const struct tq_ledger *l)
{
	return l->top->last <= TQ_LSN_SEG(l->top->tail);
}

static int
make_next(struct tq_ledger *l, tq_time now)
{
	struct tq_top *top = l->top;
	struct tq_seg_head h = { .version = TQ_FORMAT };

	h.number = top->last + 1;
	h.size = top->seg_size;
	h.made = now;
	memcpy(h.boot, top->boot, sizeof(h.boot));
	tq_random(&h.salt, sizeof(h.salt));
	if (tq_segment_make(l->dirfd, &h, l->mode,
	    l->policy != TQ_SYNC_NONE) == -1)
		return -1;
	/* only who holds `care` moves it, so a store is enough */
	top->last = h.number;
	return 0;
}

/* One more segment, if the disk has it and what is to be left. */
static int
make_more(struct tq_ledger *l, uint64_t n, uint64_t keep, tq_time now)
{
	uint64_t more;

	if (tq_ledger_ask(l) == -1)
		return -1;
	more = more_segments(l);
	if (more == 0 || (keep != 0 &&
	    tq_ledger_room(l) + room_in(l, more) < n + keep)) {
		errno = ENOSPC;
		return -1;
	}
	if (make_next(l, now) == -1)
		return -1;
	return tq_ledger_ask(l);
}

int
tq_ledger_make_room(struct tq_ledger *l, uint64_t bytes, uint64_t keep,
    tq_time now, struct tq_err *e)
{
	uint64_t n = l->top->reserved + bytes;

	/* there may be room since it was looked for last */
	if (keep != 0 && tq_ledger_ask(l) == -1)
		return tq_fail_sys(e, errno, "ledger");
	while (tq_ledger_wants_segment(l) || !tq_ledger_has_room(l, n, keep))
		if (make_more(l, n, keep, now) == -1) {
			if (errno == EDQUOT)
				errno = ENOSPC;
			l->full = errno == ENOSPC;
			return tq_fail_sys(e, errno, "ledger");
		}
	l->full = 0;
	return 0;
}

int
tq_ledger_prepare(struct tq_ledger *l, uint64_t bytes, uint64_t keep,
    int must, tq_time now, struct tq_err *e)
{
	struct tq_top *top = l->top;
	int rv;

	rv = must ? tq_lock_take(&top->care, NULL) : tq_lock_try(&top->care);
	if (rv == -1) {
		if (!must && errno == EBUSY)
			return 0;
		return tq_fail_sys(e, errno, "ledger: making a segment");
	}
	/* who died making one has left it without a name */
	rv = tq_ledger_make_room(l, bytes, keep, now, e);
	tq_lock_give(&top->care);
	return rv;
}
