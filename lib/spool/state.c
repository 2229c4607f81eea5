/* States of a slot: left, entered, and the timers of them; see state.h. */
#include "spool/state.h"

#include "spool/gate.h"
#include "spool/list.h"
#include "spool/record.h"

/* ---- timers ---------------------------------------------------------- */

static void
heap_moved(void *arg, uint32_t slot, uint32_t place)
{
	struct tq_table *t = arg;
	struct tq_slot *s = tq_table_slot(t, slot);

	if (s != NULL)
		s->heap = place;
}

static void
heap_of(struct tq_table *t, struct tq_heap *h)
{
	h->v = t->heap;
	h->n = &t->top->heap.used;
	h->cap = t->top->heap.cap <= TQ_SLOTS_MAX ? t->top->heap.cap : 0;
	h->moved = heap_moved;
	h->arg = t;
}

/* When a slot's timer is to go off, 0 never. */
static tq_time
timer_of(struct tq_table *t, const struct tq_slot *s)
{
	switch (s->state) {
	case TQ_DELAYED:
	case TQ_RETRY:
		return s->expires != 0 && s->expires < s->due ?
		    s->expires : s->due;
	case TQ_READY:
	case TQ_HELD:
	case TQ_BLOCKED:
		return s->expires;
	case TQ_STARTED:
		return 0;	/* leases do not follow the wall clock: timer.c */
	default:
		return s->flags & TQ_PF_KEEP && !tq_slot_pinned(t, s) ?
		    s->due : 0;
	}
}

uint32_t
tq_table_first(struct tq_table *t)
{
	const struct tq_heap_item *i;
	struct tq_heap h;

	heap_of(t, &h);
	i = tq_heap_peek(&h);
	return i == NULL || tq_table_slot(t, i->slot) == NULL ? 0 : i->slot;
}

uint32_t
tq_table_due(struct tq_table *t, tq_time now, tq_time *due)
{
	const struct tq_heap_item *i;
	struct tq_heap h;

	heap_of(t, &h);
	if ((i = tq_heap_peek(&h)) == NULL) {
		*due = 0;
		return 0;
	}
	*due = i->due;
	if (i->due > now || tq_table_slot(t, i->slot) == NULL)
		return 0;
	return i->slot;
}

/* ---- states ---------------------------------------------------------- */

void
tq_table_leave(struct tq_table *t, uint32_t n)
{
	struct tq_slot *s = tq_table_slot(t, n);
	struct tq_list *l;
	struct tq_qrow *q;
	struct tq_heap h;
	unsigned state;
	int parked;

	if (s == NULL || s->state == TQ_ABSENT || s->state >= TQ_NSTATES)
		return;
	state = s->state;
	parked = s->pass != 0 && state == TQ_READY && tq_gate_parked(t, s);
	if ((l = tq_list_of(t, s)) != NULL)
		tq_list_del(t, l, n);
	if (s->heap != 0) {
		heap_of(t, &h);
		if (tq_heap_remove(&h, s->heap) == -1)
			t->bad = 1;
		s->heap = 0;
	}
	if ((q = tq_table_queue(t, s->queue)) != NULL) {
		q->count[s->state]--;
		if (!TQ_STATE_ENDED(s->state))
			q->bytes -= s->size;
		if (s->state == TQ_READY && !parked)
			q->nready--;
	}
	if (s->state == TQ_STARTED)
		t->top->started--;
	s->state = TQ_ABSENT;
	if (s->pass != 0)
		tq_gate_left(t, n, state);
}

void
tq_table_ready(struct tq_table *t)
{
	atomic_store_explicit(&t->top->ready_word, t->top->ready_word + 1,
	    memory_order_relaxed);
}

/* A task that needs something stands with others that need the same. */
static void
stand(struct tq_table *t, struct tq_slot *s)
{
	struct tq_pass *p = tq_table_pass(t, s);
	struct tq_wait *w;

	if (p == NULL)
		return;
	p->wait = tq_gate_place(t, s);
	if ((w = tq_table_wait(t, p->wait)) != NULL)
		w->n++;
}

void
tq_table_enter(struct tq_table *t, uint32_t n, enum tq_state state,
    unsigned flags)
{
	struct tq_slot *s = tq_table_slot(t, n);
	struct tq_heap_item item;
	struct tq_list *l;
	struct tq_qrow *q;
	struct tq_heap h;

	if (s == NULL)
		return;
	s->state = (uint8_t)state;
	if (s->pass != 0 && state == TQ_READY)
		stand(t, s);
	if ((l = tq_list_of(t, s)) != NULL)
		tq_list_put(t, l, n, flags & TQ_ENTER_HEAD);
	else
		s->next = s->prev = 0;
	if ((item.due = timer_of(t, s)) != 0) {
		item.order = s->seq;
		item.slot = n;
		item.pad = 0;
		if (tq_table_timers(t, 1) == -1)
			t->bad = 1;
		heap_of(t, &h);
		if (tq_heap_push(&h, &item) == -1)
			t->bad = 1;
	}
	if ((q = tq_table_queue(t, s->queue)) != NULL) {
		q->count[state]++;
		if (!TQ_STATE_ENDED(state))
			q->bytes += s->size;
		if (state == TQ_READY) {
			q->nready++;
			tq_table_ready(t);
		}
	}
	if (state == TQ_STARTED)
		t->top->started++;
	if (s->pass != 0)
		tq_gate_entered(t, n);
}
