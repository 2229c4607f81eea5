/*
 * What whoever changes the spool owes it, before and after, not under the lock:
 * room for what he will write, the rest of what follows from it, a segment
 * ahead, a step of retirement, a sync that is due.
 *
 * It stands above all that writes, and each of its functions may take the lock.
 */
#include "spool/upkeep.h"

#include <errno.h>

#include "base/clock.h"

/* Policy batch: what a process wrote is synced at most this much later. */
#define BATCH_EVERY	(100 * TQ_MS)

int
tq_core_prepare(struct tq_spool *sp, uint64_t bytes, uint64_t keep,
    tq_time now, struct tq_err *e)
{
	/* what is carried behind it is not carried again: it gives no room */
	const uint32_t upto = TQ_LSN_SEG(atomic_load(&sp->t.top->tail));
	uint32_t base;
	int rv;

	for (;;) {
		if (tq_ledger_prepare(&sp->l, bytes, keep, 1, now, e) == 0)
			return 0;
		if (!sp->l.full)
			return -1;
		/* perhaps the oldest segment can go: then try again */
		base = sp->t.top->base;
		rv = base < upto;
		while (rv == 1 && sp->t.top->base == base)
			rv = tq_retire_step(sp, TQ_RETIRE_BUSY, now, NULL);
		if (sp->t.top->base == base)
			return tq_fail(e, ENOSPC, "%s: the disk is full%s",
			    sp->path, keep == 0 ? "" :
			    ": what is free the tasks that are here may take");
	}
}

int
tq_cascade_all(struct tq_spool *sp, struct tq_err *e)
{
	tq_time now;
	int rv;

	while (sp->behind) {
		now = tq_clock_wall();
		if (tq_core_enter(sp, e) == -1)
			return -1;
		rv = tq_cascade(sp, now, e);
		tq_core_leave(sp);
		if (rv == -1 || (rv == 0 && !sp->t.bad &&
		    tq_core_prepare(sp, sp->l.buf.n, 0, now, e) == -1))
			return -1;
	}
	return 0;
}

void
tq_core_upkeep(struct tq_spool *sp, tq_time now)
{
	if (sp->behind)
		(void)tq_cascade_all(sp, NULL);
	tq_ledger_ahead(&sp->l);
	if (tq_ledger_wants_segment(&sp->l))
		(void)tq_ledger_prepare(&sp->l, 0, 0, 0, now, NULL);
	if (sp->retire_due || sp->l.full)
		(void)tq_retire_try(sp, TQ_RETIRE_BUSY, now, NULL);
	if (sp->l.policy == TQ_SYNC_BATCH &&
	    tq_clock_mono() - sp->t.top->synced > BATCH_EVERY)
		(void)tq_core_commit(sp, sp->mine, NULL);
}
