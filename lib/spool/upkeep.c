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

int
tq_core_prepare(struct tq_spool *sp, tq_time now, struct tq_err *e)
{
	const uint64_t reserved = atomic_load(&sp->t.top->reserved);
	const uint64_t asked = sp->l.asked, keep = sp->l.asked_keep;
	const uint64_t bytes = asked > reserved ? asked - reserved : 0;
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

/* All was not done in a turn: 1 another is needed, 0 it is over. */
static int
again(struct tq_spool *sp, struct tq_turn *t, struct tq_err *e)
{
	int saved = errno;

	if (sp->t.bad)
		t->rv = 0;
	tq_core_leave(sp);
	errno = saved;
	if (t->rv == 0 && !sp->t.bad &&
	    tq_core_prepare(sp, t->now, e) == -1) {
		t->full = errno == ENOSPC;
		t->rv = -1;
	}
	return t->rv == 0;
}

int
tq_turn_next(struct tq_spool *sp, struct tq_turn *t, struct tq_err *e)
{
	if (t->in) {
		t->in = 0;
		if (t->rv == 1 && (!sp->t.bad || sp->wrote)) {
			tq_core_leave(sp);
			return 0;
		}
		if (!again(sp, t, e))
			return 0;
	}
	t->full = 0;
	t->now = tq_clock_wall();
	if (tq_core_enter(sp, e) == -1) {
		t->rv = -1;
		return 0;
	}
	return t->in = 1;
}

int
tq_cascade_all(struct tq_spool *sp, struct tq_err *e)
{
	struct tq_turn t = { .rv = 0 };

	while (sp->behind && t.rv != -1)
		while (tq_turn_next(sp, &t, e))
			t.rv = tq_cascade(sp, t.now, e);
	return t.rv == -1 ? -1 : 0;
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
	    tq_clock_mono() - sp->t.top->synced > TQ_SYNC_LATER)
		(void)tq_core_commit(sp, sp->mine, NULL);
}
