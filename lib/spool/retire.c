/*
 * Retiring the oldest segment, in small steps, oldest first only.
 *
 *	carry	what still lives in it is appended again: a task whole (CARRY),
 *		a queue, a context (carry.c).  A slice of records a step; `scan`
 *		says how far.  The old places stay good until the segment goes.
 *	sync	the carries, under every policy.
 *	base	a BASE record says that the ledger begins one segment later;
 *		synced too.  COMMIT POINT: replay begins there from now on.
 *	unlink	the file.
 *
 * A crash before the commit point leaves a segment whose tasks stand in the
 * ledger twice, with the same state: replay takes the later place.  A crash
 * after it leaves a file that recovery removes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "spool/forget.h"
#include "spool/lock.h"
#include "spool/upkeep.h"

/*
 * What carrying leaves of the room that is kept: a segment of it is there for
 * it, and more is taken only if the oldest segment surely goes.
 */
static uint64_t
keep_of(const struct tq_spool *sp, enum tq_retirer who)
{
	return who == TQ_RETIRE_FORCED || tq_retire_squeezed(sp) ? 0 :
	    tq_ledger_kept(&sp->l) - sp->t.top->seg_size;
}

/* Whatever the policy: these must be on disk before the old segment goes. */
static int
sync_all(struct tq_spool *sp, struct tq_err *e)
{
	int policy = sp->l.policy, rv;

	sp->l.policy = TQ_SYNC_FULL;
	rv = tq_core_commit(sp, atomic_load(&sp->t.top->tail), e);
	sp->l.policy = policy;
	return rv;
}

/*
 * Tasks that stand in a segment of which all was carried: their records were
 * damaged.  That is seen again for each before any goes, for what carrying took
 * for damage and is none would be lost here.  1, 0 there are none, -1.
 */
static int
see_lost(struct tq_spool *sp, uint32_t seg)
{
	struct tq_rec r;
	uint32_t n;
	int any = 0;

	if (tq_table_lives(&sp->t, seg) == 0)
		return 0;
	for (n = 1; n <= sp->t.top->slots.used; n++) {
		if (sp->t.slots[n].state == TQ_ABSENT ||
		    TQ_LSN_SEG(sp->t.slots[n].put) != seg)
			continue;
		if (tq_ledger_read(&sp->l, sp->t.slots[n].put, &r) == 0)
			errno = EAGAIN;
		if (!tq_segment_lost(errno))
			return -1;
		any = 1;
	}
	return any;
}

/* They are lost with it, and counted as damage. */
static void
drop_lost(struct tq_spool *sp, uint32_t seg, tq_time now)
{
	uint32_t n;

	for (n = 1; n <= sp->t.top->slots.used; n++)
		if (sp->t.slots[n].state != TQ_ABSENT &&
		    TQ_LSN_SEG(sp->t.slots[n].put) == seg)
			tq_table_del(&sp->t, n, now);
	sp->t.top->damaged++;
	sp->t.top->where = seg;
}

/* The file goes, or to where damage is kept. */
static void
remove_segment(struct tq_spool *sp, uint32_t seg, int lost)
{
	char name[TQ_SEG_NAME], kept[64];

	tq_segment_name(name, seg);
	(void)snprintf(kept, sizeof(kept), "damaged/%s", name);
	if (!lost || renameat(sp->ledgerfd, name, sp->dirfd, kept) == -1)
		(void)tq_sys.unlinkat(sp->ledgerfd, name, 0);
}

/*
 * Let the base segment go.  Where nothing is synced and nothing was carried
 * out of it, there is nothing to wait for either.
 */
static int
unlink_base(struct tq_spool *sp, tq_time now, struct tq_err *e)
{
	int sync = sp->l.policy != TQ_SYNC_NONE || sp->t.top->scan != 0;
	struct tq_rec r = { .type = TQ_REC_BASE };
	struct tq_top *top = sp->t.top;
	uint32_t old = top->base;
	int rv, lost;

	if (sync && sync_all(sp, e) == -1)
		return -1;
	do {
		r.number = old + 1;
		if (tq_core_enter(sp, e) == -1)
			return -1;
		if ((lost = see_lost(sp, old)) == -1) {
			sp->t.top->scan = 0;	/* carry it from its head */
			rv = tq_fail_sys(e, errno, "%s: retiring segment %"
			    PRIu32, sp->path, old);
		} else
			rv = tq_core_write_one(sp, &r, 0, now, e);
		if (rv == 1) {
			/* at once: a new segment begins with this number */
			top = sp->t.top;
			if (lost)
				drop_lost(sp, old, now);
			top->base = old + 1;
			top->scan = 0;
		}
		tq_core_leave(sp);
		if (rv == 0 && tq_ledger_make_room(&sp->l, 4096, 0, now,
		    e) == -1)
			return -1;
	} while (rv == 0);
	if (rv == -1 || (sync && sync_all(sp, e) == -1))
		return -1;
	tq_ledger_drop(&sp->l, old + 1);
	remove_segment(sp, old, lost);
	return 0;
}

/* With `care` held; what a dead holder began is found by scan and base. */
static int
step(struct tq_spool *sp, enum tq_retirer who, tq_time now, struct tq_err *e)
{
	struct tq_top *top = sp->t.top;
	uint64_t keep;
	int rv = 0;

	sp->caring = 1;
	if (TQ_LSN_SEG(top->tail) == top->base || !tq_retire_due(sp, who))
		goto out;
	if (tq_core_enter(sp, e) == -1) {
		rv = -1;
		goto out;
	}
	keep = keep_of(sp, who);
	rv = tq_carry(sp, keep, now, e);
	tq_core_leave(sp);
	if (rv == 0)
		rv = tq_ledger_make_room(&sp->l, tq_ledger_max(&sp->l), keep,
		    now, e) == -1 ? -1 : 1;
	else if (rv == 2 && !tq_retire_due(sp, who))
		rv = 0;		/* its carries are to be synced later */
	else if (rv == 2)
		rv = unlink_base(sp, now, e) == -1 ? -1 :
		    tq_retire_due(sp, who);
 out:
	sp->caring = 0;
	tq_lock_give(&top->care);
	return rv;
}

int
tq_retire_step(struct tq_spool *sp, enum tq_retirer who, tq_time now,
    struct tq_err *e)
{
	if (tq_lock_take(&sp->t.top->care, NULL) != -1)
		return step(sp, who, now, e);
	if (errno == EBUSY)
		return tq_fail(e, EBUSY, "%s: another process has been making "
		    "or retiring segments for %d seconds", sp->path,
		    (int)(TQ_LOCK_PATIENCE / TQ_SECOND));
	return tq_fail_sys(e, errno, "%s: lock", sp->path);
}

int
tq_retire_try(struct tq_spool *sp, enum tq_retirer who, tq_time now,
    struct tq_err *e)
{
	if (tq_lock_try(&sp->t.top->care) != -1)
		return step(sp, who, now, e);
	return errno == EBUSY ? 0 : tq_fail_sys(e, errno, "%s: lock", sp->path);
}
