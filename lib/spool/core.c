/* The way in and out of the lock, and the transaction; see core.h. */
#include "spool/core.h"

#include <sys/stat.h>

#include <bsd/stdlib.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "spool/apply.h"
#include "spool/due.h"
#include "spool/lead.h"
#include "spool/lock.h"

/* How often a handle makes sure that its table still has its name. */
#define IDENTITY_EVERY	TQ_SECOND

static int
lock_failed(struct tq_spool *sp, struct tq_err *e)
{
	if (errno == EBUSY)
		return tq_fail(e, EBUSY, "%s: process %d has held the lock "
		    "for %d seconds", sp->path, (int)sp->t.top->holder,
		    (int)(TQ_LOCK_PATIENCE / TQ_SECOND));
	return tq_fail_sys(e, errno, "%s: lock", sp->path);
}

/* Let go of a table whose object was removed, and open what is there now. */
static int
reopen(struct tq_spool *sp, struct tq_err *e)
{
	tq_share_close(sp);
	return tq_share_open(sp, e);
}

/* Once a second: is the table still the one that others find by its name? */
static int
check_identity(struct tq_spool *sp, struct tq_err *e)
{
	struct stat st;

	sp->came = tq_clock_coarse();
	if (sp->came - sp->looked < IDENTITY_EVERY)
		return 0;
	sp->looked = sp->came;
	/* what is written to files without a name is lost with us */
	if (fstat(sp->dirfd, &st) == 0 && st.st_nlink == 0) {
		sp->looked = 0;		/* and so it stays */
		return tq_fail(e, ECONNREFUSED, "%s: the spool was removed",
		    sp->path);
	}
	/* with another lock there would be another table */
	if (!tq_share_locked(sp)) {
		sp->looked = 0;
		return tq_fail(e, ECONNREFUSED, "%s: its lock was removed",
		    sp->path);
	}
	if (tq_share_linked(sp))
		return 0;
	/* who died in it does not matter: nothing in it is used any more */
	if (tq_lock_take(&sp->t.top->lock, &sp->t.top->progress) == -1)
		return lock_failed(sp, e);
	sp->t.top->retired = 1;
	tq_lock_give(&sp->t.top->lock);
	return 0;
}

/*
 * The last holder left it unfinished: he died, or a write or a rebuild of his
 * failed.  Bytes behind the tail may be his: zero them, for a replay must meet
 * neither half a record nor a whole one there.  With dirty 0 the table agrees
 * with the ledger.  Otherwise, rebuild.
 */
static int
mend(struct tq_spool *sp, struct tq_err *e)
{
	struct tq_top *top = sp->t.top;
	uint32_t seg = TQ_LSN_SEG(top->tail), off = TQ_LSN_OFF(top->tail);
	uint32_t here, beyond;
	struct tq_segment *s;

	if (sp->t.bad)
		return tq_rebuild(sp, e);
	/* who cannot open it could not read it either: the next may */
	if ((s = tq_ledger_segment(&sp->l, seg)) == NULL &&
	    !tq_segment_lost(errno))
		return tq_fail_sys(e, errno, "%s/ledger", sp->path);
	if (s == NULL || off > s->size)
		return tq_rebuild(sp, e);
	here = top->intent < s->size - off ? top->intent : s->size - off;
	beyond = top->intent - here;
	if (tq_segment_zero(s->fd, off, off + here) == -1)
		return tq_fail_sys(e, errno, "%s/ledger", sp->path);
	if (beyond > 0) {
		if ((s = tq_ledger_segment(&sp->l, seg + 1)) == NULL)
			return tq_segment_lost(errno) ? tq_rebuild(sp, e) :
			    tq_fail_sys(e, errno, "%s/ledger", sp->path);
		if (tq_segment_zero(s->fd, TQ_SEG_HEAD,
		    TQ_SEG_HEAD + beyond) == -1)
			return tq_fail_sys(e, errno, "%s/ledger", sp->path);
	}
	top->intent = 0;
	return top->dirty ? tq_rebuild(sp, e) : 0;
}

/*
 * What every change touches was written by whoever had the lock before us, on
 * another processor as like as not.  Have it all come at once: line by line,
 * as it is met, was 20 ns each.
 */
static void
bring(const struct tq_spool *sp)
{
	const char *top = (const char *)&sp->t.top->tail;
	const char *queue = (const char *)sp->t.qrows[sp->near].count;
	int i;

	for (i = 0; i < 2; i++)
		__builtin_prefetch(top + 64 * i, 1);
	for (i = 0; i < 4; i++)
		__builtin_prefetch(queue + 64 * i, 1);
}

int
tq_core_enter(struct tq_spool *sp, struct tq_err *e)
{
	struct tq_top *top;

	for (;;) {
		if (check_identity(sp, e) == -1)
			return -1;
		top = sp->t.top;
		/* what a dead holder left undone is told by dirty and intent */
		if (tq_lock_take(&top->lock, &top->progress) == -1)
			return lock_failed(sp, e);
		bring(sp);
		atomic_store_explicit(&top->holder, sp->pid,
		    memory_order_relaxed);
		if (top->retired) {
			tq_lock_give(&top->lock);
			if (reopen(sp, e) == -1)
				return -1;
			continue;
		}
		if (!tq_table_sane(&sp->t) ||
		    !tq_ledger_sane(&sp->l, sp->format.segment))
			sp->t.bad = 1;
		if ((top->dirty || top->intent != 0 || sp->t.bad) &&
		    mend(sp, e) == -1) {
			tq_lock_give(&top->lock);
			return -1;
		}
		sp->l.policy = (int)tq_setting_get(NULL, &top->set,
		    TQ_SET_SYNC);
		if (top->fail_to > atomic_load(&top->durable) &&
		    !top->readonly && sp->l.policy != TQ_SYNC_NONE) {
			tq_lock_give(&top->lock);
			if (tq_rescue(sp, e) == -1)
				return -1;
			continue;
		}
		return 0;
	}
}

void
tq_core_leave(struct tq_spool *sp)
{
	const struct tq_top *top = sp->t.top;

	sp->behind = (top->work | top->todo) != 0 && !sp->t.bad;
	tq_due_leave(sp);
}

int
tq_core_commit(struct tq_spool *sp, tq_lsn lsn, struct tq_err *e)
{
	struct tq_err why;
	int saved;

	if (tq_ledger_durable(&sp->l, lsn))
		return 0;
	if (tq_ledger_commit(&sp->l, lsn) == 0)
		return 0;
	saved = errno;
	/* it is written: whatever is in the way, nobody is told that it is not */
	if (saved == ETIMEDOUT)
		return tq_fail(e, EIO, "%s: process %d has been syncing for "
		    "more than %d seconds; whether it was kept is unknown",
		    sp->path, tq_lead_pid(sp->t.top),
		    (int)(TQ_LEAD_PATIENCE / TQ_SECOND));
	if (saved == EAGAIN) {
		if (tq_rescue(sp, &why) == -1)
			return tq_fail(e, EIO, "%s", why.text);
		saved = EIO;
	}
	if (tq_core_sound(sp, e) == -1)
		return -1;
	return tq_fail(e, saved, "%s: a sync failed (%s); whether it was kept "
	    "is unknown", sp->path, strerror(saved));
}

int
tq_core_keep(struct tq_spool *sp, tq_lsn lsn, struct tq_err *e)
{
	if (tq_core_commit(sp, lsn, e) == 0)
		return 0;
	/* what a failed sync covered is durable elsewhere once it is rescued */
	return errno == EIO ? tq_core_commit(sp, lsn, e) : -1;
}

int
tq_core_told(struct tq_spool *sp, struct tq_err *e)
{
	return tq_core_keep(sp, atomic_load(&sp->t.top->tail), e);
}

/* Scratch for n places; NULL with ENOMEM. */
static tq_lsn *
lsns(struct tq_spool *sp, size_t n)
{
	tq_lsn *v;

	if (n > sp->nlsns) {
		if ((v = reallocarray(sp->lsns, n, sizeof(*v))) == NULL)
			return NULL;
		sp->lsns = v;
		sp->nlsns = n;
	}
	return sp->lsns;
}

/* That a segment is missing is no word on what the caller named. */
static int
no_ledger(const struct tq_spool *sp, struct tq_err *e)
{
	if (errno == ENOENT)
		return tq_fail(e, EBADMSG, "%s/ledger: the segment to write "
		    "to is missing", sp->path);
	return tq_fail_sys(e, errno, "%s: ledger", sp->path);
}

int
tq_core_append(struct tq_spool *sp, struct tq_rec *recs,
    uint64_t reserve, uint64_t keep, tq_time now, struct tq_err *e)
{
	struct tq_top *top = sp->t.top;
	tq_lsn few[16], *lsn = few;
	size_t i;
	int rv;

	/* what was decided by a wild table is not written */
	if (sp->t.bad)
		return 0;
	/* nothing is refused for want of it: gate.c does without */
	if (top->passes.used != 0)
		(void)tq_table_reserve_gates(&sp->t, 0,
		    (uint32_t)sp->l.npend);
	if (atomic_load(&top->readonly) != 0 && tq_core_sound(sp, e) == -1)
		return -1;
	rv = tq_ledger_fit(&sp->l, reserve, keep, now);
	if (rv == -1 && errno == EMSGSIZE)
		return tq_fail(e, EMSGSIZE, "%s: %zu bytes at once are more "
		    "than a segment of %u takes", sp->path, sp->l.buf.n,
		    (unsigned)top->seg_size);
	if (rv == -1)
		return no_ledger(sp, e);
	if (rv == 0)
		return 0;
	if (sp->l.npend > sizeof(few) / sizeof(few[0])) {
		lsn = lsns(sp, sp->l.npend);
		if (lsn == NULL)
			return tq_fail_sys(e, errno, "%s", sp->path);
	}
	if (tq_ledger_write(&sp->l, now, lsn) == -1)
		return no_ledger(sp, e);
	for (i = 0; i < sp->l.npend; i++) {
		recs[i].seq = top->seq - (sp->l.npend - 1 - i);
		recs[i].time = now;
		recs[i].length = sp->l.pend[i].length;
		tq_apply(&sp->t, &recs[i], lsn[i], sp);
	}
	atomic_store_explicit(&top->reserved, (uint64_t)top->started *
	    tq_format_end_room(&sp->format), memory_order_relaxed);
	tq_ledger_applied(&sp->l);
	sp->mine = top->tail;
	sp->wrote = 1;
	sp->retire_due = tq_retire_due(sp, TQ_RETIRE_BUSY);
	return 1;
}

int
tq_core_ctx(struct tq_spool *sp, uint32_t number, struct tq_bytes *out)
{
	struct tq_crow *c;
	struct tq_rec r;

	out->p = "";
	out->n = 0;
	if (number == 0)
		return 0;
	if (number >= TQ_CTX_MAX || number >= sp->t.top->ctxs.cap) {
		errno = EBADMSG;
		return -1;
	}
	c = &sp->t.crows[number];
	if (sp->ctx_number != number || sp->ctx_hash != c->hash) {
		if (tq_ledger_read(&sp->l, c->rec, &r) == -1)
			return -1;
		if (r.type != TQ_REC_CTX || r.number != number) {
			errno = EBADMSG;
			return -1;
		}
		tq_buf_reset(&sp->ctx);
		tq_buf_put(&sp->ctx, r.bytes.p, r.bytes.n);
		if (!tq_buf_ok(&sp->ctx)) {
			errno = ENOMEM;
			return -1;
		}
		sp->ctx_number = number;
		sp->ctx_hash = r.hash;
	}
	out->p = (const char *)sp->ctx.p;
	out->n = sp->ctx.n;
	return 0;
}
