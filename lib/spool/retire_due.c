/*
 * When the oldest segment is to be retired: a question, asked under the lock
 * after each change and outside it, that takes no lock and writes nothing.
 *
 * Where nothing else is synced (policy none), all that was written since the
 * last retirement goes to the disk with the carries: 80 ms for 80 MB.  A burst
 * of tasks should not wait for that, so it is left to who has nothing to do,
 * as long as it makes the ledger no more than LATER segments larger.
 */
#include "spool/core.h"

#define LATER	16		/* segments: 128 MiB of 8 MiB */

/* 1 if the next step waits for a disk that nobody else waits for. */
static int
is_slow(const struct tq_spool *sp)
{
	const struct tq_top *top = sp->t.top;

	return sp->l.policy == TQ_SYNC_NONE && top->scan != 0 &&
	    tq_table_lives(&sp->t, top->base) == 0;
}

int
tq_retire_squeezed(const struct tq_spool *sp)
{
	const struct tq_top *top = sp->t.top;

	return sp->l.full && tq_ledger_wants_segment(&sp->l) &&
	    (tq_table_lives(&sp->t, top->base) == 0 ||
	    top->reserved + (top->scan != 0 ? 1 : 2) * top->live <=
	    tq_ledger_room(&sp->l));
}

int
tq_retire_due(const struct tq_spool *sp, enum tq_retirer who)
{
	const struct tq_top *top = sp->t.top;
	uint64_t n = TQ_LSN_SEG(top->tail) - top->base + 1;
	uint64_t more = who == TQ_RETIRE_BUSY && is_slow(sp) ? LATER : 2;

	return who == TQ_RETIRE_FORCED || (n > 1 && tq_retire_squeezed(sp)) ||
	    (n > more && (n - more) * top->seg_size > 2 * top->live);
}
