/* Who is to be told; see due.h. */
#include "spool/due.h"

#include <stdlib.h>
#include <string.h>

#include "spool/file.h"
#include "spool/gate.h"
#include "spool/lock.h"
#include "spool/row.h"

int
tq_due_peers(struct tq_spool *sp)
{
	int i;

	sp->peers = calloc(TQ_WORKERS_MAX, sizeof(*sp->peers));
	if (sp->peers == NULL)
		return -1;
	for (i = 0; i < TQ_WORKERS_MAX; i++)
		sp->peers[i].mq = (mqd_t)-1;
	return 0;
}

/* ---- noting -------------------------------------------------------------- */

/*
 * Ring a sleeper that serves the queue; s, if not NULL: and has its needs.
 * With a time, none if one of them wakes by itself before it.
 */
static void
ring(struct tq_spool *sp, uint32_t queue, const struct tq_slot *s,
    tq_time due)
{
	struct tq_top *top = sp->t.top;
	struct tq_wrow *w;
	unsigned row, found = 0;

	if (top->sleepers == 0 ||
	    sp->nrings == TQ_RINGS_MAX)
		return;
	if (sp->peers == NULL && tq_due_peers(sp) == -1)
		return;
	for (row = 1; row <= top->rows && row < TQ_WORKERS_MAX; row++) {
		w = &sp->t.wrows[row];
		if (w->joined == 0 || w->sleeping == 0 ||
		    !tq_row_serves(w, queue) ||
		    (s != NULL && !tq_line_offered(&sp->t, s, w)))
			continue;
		if (due != 0 && w->wake <= due)
			return;
		if (found == 0)
			found = row;
		if (due == 0)
			break;
	}
	if (found == 0)
		return;
	w = &sp->t.wrows[found];
	w->sleeping = 0;
	top->sleepers--;
	if (w->mq[0] != '\0')
		sp->ring[sp->nrings++] = (uint16_t)found;
}

void
tq_due_ring(struct tq_spool *sp, uint32_t queue)
{
	tq_call(sp, queue);
	ring(sp, queue, NULL, 0);
}

void
tq_due_ring_for(struct tq_spool *sp, const struct tq_slot *s)
{
	tq_call(sp, s->queue);
	ring(sp, s->queue, s->pass == 0 ? NULL : s, 0);
}

void
tq_due_ring_slot(struct tq_spool *sp, const struct tq_slot *s)
{
	if (s->state == TQ_READY)
		tq_due_ring_for(sp, s);
	else if (s->state == TQ_DELAYED || s->state == TQ_RETRY)
		ring(sp, s->queue, s->pass == 0 ? NULL : s, s->due);
}

void
tq_due_wake(struct tq_spool *sp, struct tq_slot *s)
{
	struct tq_top *top = sp->t.top;

	if (s->waited != 0) {
		/* word 0 is for those who wait for the first of several */
		sp->wake |= UINT64_C(1) << tq_table_word(&s->id) | 1;
		s->waited = 0;
	}
	if (atomic_load(&top->room_waiters) != 0 &&
	    atomic_exchange(&top->room_waiters, 0) != 0)
		tq_futex_wake(&top->room_word);
}

/* ---- telling ------------------------------------------------------------- */

void
tq_due_leave(struct tq_spool *sp)
{
	struct {
		char		 name[TQ_BELL_NAME];
		uint64_t	 dev, ino;
		unsigned	 row;
	} ring[TQ_RINGS_MAX];
	char call[TQ_CALLS_MAX][TQ_NAME_MAX + 1];
	struct tq_top *top = sp->t.top;
	unsigned i, n = sp->nrings, ncalls = sp->ncalls;
	uint64_t wake = sp->wake;
	struct tq_wrow *w;

	for (i = 0; i < n; i++) {
		w = &sp->t.wrows[sp->ring[i]];
		memcpy(ring[i].name, w->mq, sizeof(ring[i].name));
		ring[i].name[sizeof(ring[i].name) - 1] = '\0';
		ring[i].dev = w->mq_dev;
		ring[i].ino = w->mq_ino;
		ring[i].row = sp->ring[i];
	}
	for (i = 0; i < ncalls; i++)
		tq_call_name(sp, call[i], sizeof(call[i]), sp->call[i]);
	sp->nrings = sp->ncalls = 0;
	sp->wake = 0;
	tq_lock_give(&top->lock);
	for (i = 0; i < n; i++)
		if (sp->peers != NULL)
			(void)tq_bell_send(&sp->peers[ring[i].row],
			    ring[i].name, ring[i].dev, ring[i].ino, NULL);
	for (i = 0; wake != 0; i++, wake >>= 1)
		if (wake & 1)
			tq_futex_wake(&top->end_word[i]);
	/* who only looked, as those who wait do, wakes nobody: nor himself */
	if (sp->wrote && atomic_load(&top->tail_waiters) != 0 &&
	    atomic_exchange(&top->tail_waiters, 0) != 0)
		tq_futex_wake(&top->tail_word);
	sp->wrote = 0;
	for (i = 0; i < ncalls; i++)
		tq_call_make(sp, call[i]);
	if (sp->litter.n > 0)
		tq_file_sweep(sp);
}
