/*
 * A sync failed.  The kernel reports that once and then calls the pages clean,
 * so what it covered is on no disk for all we know, and syncing the same file
 * again proves nothing.
 *
 * The records from the durable place to the tail are still in the page cache:
 * they are written again to fresh segments, whose first head says where the
 * broken one ends (`sealed`), and those are synced.  The tasks keep their
 * places in line, only their places in the ledger move, so the table is
 * rebuilt.  Who waited for the failed sync is told EIO all the same: whether
 * his records were kept was unknown to him when he asked.
 *
 * If that fails too the spool takes no more changes (readonly).  Its table is
 * replaced by the first to come when nobody uses it (share.c), who writes again
 * what may be on no disk: so who lives long leaves, and is started again by
 * whoever looks after it.
 *
 * A crash leaves the broken segments, or fresh ones with their records: a fresh
 * one has its name only when it is whole and synced.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "spool/core.h"
#include "spool/lead.h"
#include "spool/lock.h"

int
tq_core_sound(const struct tq_spool *sp, struct tq_err *e)
{
	int why = (int)atomic_load(&sp->t.top->readonly);

	if (why == 0)
		return 0;
	return tq_fail(e, EIO, "%s: the disk failed (%s); nothing can be "
	    "changed until it is mended and all that use the spool have left",
	    sp->path, strerror(why));
}

/*
 * All whole records from `from` to the tail, as read from the page cache.  What
 * cannot be read now is not left out, for `sealed` would cut it.
 */
static int
collect(struct tq_spool *sp, tq_lsn from, struct tq_buf *out)
{
	struct tq_top *top = sp->t.top;
	const unsigned char *p;
	struct tq_rec r;
	tq_lsn at = from;

	/* after a recovery nothing is known to be durable: from its head on */
	if (TQ_LSN_OFF(at) < TQ_SEG_HEAD)
		at = TQ_LSN(TQ_LSN_SEG(at), TQ_SEG_HEAD);
	while (at < top->tail) {
		p = tq_ledger_peek(&sp->l, at, &r);
		if (p == NULL) {
			if (!tq_segment_lost(errno) ||
			    TQ_LSN_SEG(at) >= TQ_LSN_SEG(top->tail))
				return -1;
			at = TQ_LSN(TQ_LSN_SEG(at) + 1, TQ_SEG_HEAD);
			continue;
		}
		tq_buf_put(out, p, r.length);
		tq_buf_put(out, "\0\0\0\0\0\0\0",
		    TQ_REC_ROOM(r.length) - r.length);
		at += TQ_REC_ROOM(r.length);
	}
	if (!tq_buf_ok(out)) {
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

/* CRC of the last record before `lsn`, which the first copy must continue. */
static uint32_t
crc_before(struct tq_spool *sp, const struct tq_buf *copies)
{
	struct tq_rec r;

	if (copies->n > 0 && tq_rec_head(&r, copies->p, copies->n) == 0)
		return r.prev;
	return sp->t.top->crc;
}

/*
 * Write as many whole transactions as fit into one fresh segment, sync it, and
 * give it its name.  Returns the bytes used of p, -1.
 */
static ssize_t
write_segment(struct tq_spool *sp, uint32_t number, tq_lsn sealed,
    const unsigned char *p, size_t n, uint32_t *crc)
{
	struct tq_seg_head h = { .version = TQ_FORMAT, .number = number,
	    .size = sp->format.segment, .made = tq_clock_wall(),
	    .sealed = sealed };
	unsigned char *copy;
	struct tq_rec r;
	size_t used = 0, whole = 0, room;
	uint32_t last = *crc;
	int rv;

	memcpy(h.boot, sp->t.top->boot, sizeof(h.boot));
	tq_random(&h.salt, sizeof(h.salt));
	if ((copy = malloc(n > 0 ? n : 1)) == NULL)
		return -1;
	memcpy(copy, p, n);
	while (used < n && tq_rec_head(&r, p + used, n - used) == 0) {
		room = TQ_REC_ROOM(r.length);
		if (TQ_SEG_HEAD + used + room > h.size)
			break;
		r.prev = last;
		r.salt = h.salt;
		last = tq_rec_seal(copy + used, &r, r.length);
		used += room;
		if (!(r.flags & TQ_REC_MORE)) {
			whole = used;
			*crc = last;
		}
	}
	rv = tq_segment_fill(sp->ledgerfd, &h, sp->format.mode & 0660, 1,
	    copy, whole);
	free(copy);
	return rv == -1 ? -1 : (ssize_t)whole;
}

/*
 * Whether it is the disk that failed, and not what this process may do or has:
 * then another does better.
 */
static int
is_of_disk(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EACCES:
	case EPERM:
	case EINTR:
	case EFBIG:		/* RLIMIT_FSIZE */
		return 0;
	default:
		return 1;
	}
}

static void
unlink_segments(struct tq_spool *sp, uint32_t from, uint32_t to)
{
	char name[TQ_SEG_NAME];

	for (; to > from; to--) {
		tq_segment_name(name, to);
		(void)tq_sys.unlinkat(sp->ledgerfd, name, 0);
	}
}

/* 0; -1 a write or a sync failed; 1 it could not be tried, errno says why. */
static int
write_again(struct tq_spool *sp, tq_lsn from)
{
	struct tq_top *top = sp->t.top;
	uint32_t number, crc;
	tq_lsn sealed = from;
	struct tq_buf b;
	size_t at = 0;
	ssize_t n;
	int rv = 1, saved;

	tq_buf_init(&b);
	if (collect(sp, from, &b) == -1) {
		rv = tq_segment_lost(errno) ? -1 : 1;
		goto out;
	}
	crc = crc_before(sp, &b);
	/*
	 * Numbers between the broken segment and the fresh ones would be read
	 * before them: begin behind the newest, whose head then seals all.
	 */
	number = top->last + 1;
	do {
		n = write_segment(sp, number++, sealed, b.p + at, b.n - at,
		    &crc);
		if (n == -1 || (n == 0 && at < b.n)) {
			saved = errno;
			/* the first alone would cut what the others lack */
			unlink_segments(sp, top->last, number - 1);
			errno = saved;
			rv = is_of_disk(saved) ? -1 : 1;
			goto out;
		}
		at += (size_t)n;
		sealed = 0;
	} while (at < b.n);
	rv = 0;
 out:
	saved = errno;
	tq_buf_fini(&b);
	errno = saved;
	return rv;
}

/*
 * Take a mutex.  What a dead holder of `lock` left half done is told by dirty and
 * intent, and mended by who enters next; the others guard nothing like that.
 */
static int
take(struct tq_spool *sp, pthread_mutex_t *m, struct tq_err *e)
{
	return tq_lock_take(m, &sp->t.top->progress) != -1 ? 0 :
	    tq_fail_sys(e, errno, "%s: lock", sp->path);
}

/* Under the mutexes of care, of the leader and of the table. */
static int
rescue(struct tq_spool *sp, struct tq_err *e)
{
	struct tq_top *top = sp->t.top;
	tq_lsn from = atomic_load(&top->durable);
	uint32_t last = top->last;

	if (top->fail_to <= from || top->readonly)
		return 0;	/* somebody else was faster */
	switch (write_again(sp, from)) {
	case -1:
		top->readonly = (uint32_t)(errno != 0 ? errno : EIO);
		return tq_core_sound(sp, e);
	case 1:		/* fail_to stands: whoever comes next tries */
		return tq_fail_sys(e, errno, "%s: a sync failed, and what it "
		    "covered cannot be written again", sp->path);
	}
	if (tq_rebuild(sp, e) == -1)
		return -1;
	atomic_store(&top->durable, top->tail);
	top->durable_seq = top->seq;
	unlink_segments(sp, TQ_LSN_SEG(from), last);
	return 0;
}

int
tq_rescue(struct tq_spool *sp, struct tq_err *e)
{
	struct tq_top *top = sp->t.top;
	struct tq_lead w = { 0 };
	int rv = -1;

	/* who retires a segment has `care` already */
	if (!sp->caring && take(sp, &top->care, e) == -1)
		return -1;
	if (tq_lead_take(&w, top) == -1) {
		tq_fail_sys(e, errno, "%s: process %d syncs", sp->path,
		    tq_lead_pid(top));
		goto care;
	}
	if (take(sp, &top->lock, e) == -1)
		goto sync;
	rv = rescue(sp, e);
	tq_lock_give(&top->lock);
 sync:
	tq_lead_give(&w, top);
 care:
	if (!sp->caring)
		tq_lock_give(&top->care);
	return rv;
}
