/*
 * The one place where the table follows the ledger (see core.h).  Nothing here
 * decides: what a record says has happened, and what cannot follow (a task
 * that is not known, a state that was left) is passed over, because replay may
 * begin in the middle of a task's life.
 */
#include <string.h>

#include "spool/apply.h"
#include "spool/due.h"
#include "spool/forget.h"
#include "spool/gate.h"
#include "spool/graph.h"
#include "spool/state.h"
#include "spool/tick.h"

static uint32_t
slot_of(struct tq_table *t, const struct tq_rec *r, struct tq_slot **s)
{
	uint32_t n = r->hint;

	/* who decided knows the slot; replay has to look it up */
	if (n == 0 || n > t->top->slots.used ||
	    (*s = tq_table_slot(t, n)) == NULL ||
	    memcmp(&(*s)->id, &r->id, sizeof(r->id)) != 0)
		n = tq_table_find(t, &r->id);
	*s = tq_table_slot(t, n);
	return *s == NULL ? 0 : n;
}

/* A start: the rates of its name and its queue follow. */
static void
count_start(struct tq_table *t, const struct tq_slot *s, tq_time at)
{
	struct tq_qrow *q = tq_table_queue(t, s->queue);
	tq_time gap;

	tq_gate_started(t, s, at);
	if (q == NULL)
		return;
	q->claims++;
	if ((gap = tq_queue_gap(t, q)) != 0)
		q->next = tq_rate_next(q->next, gap, at);
}

static void
apply_claim(struct tq_table *t, const struct tq_rec *r)
{
	struct tq_slot *s;
	uint32_t n;

	if ((n = slot_of(t, r, &s)) == 0 || TQ_STATE_ENDED(s->state))
		return;
	tq_table_leave(t, n);
	s->row = r->st.row;
	s->epoch = r->st.epoch;
	s->attempt = r->st.attempt;
	s->capture = r->capture;
	s->due = r->st.due;
	s->flags = (uint8_t)((s->flags & ~TQ_PF_LEASED) |
	    (r->st.flags & TQ_PF_LEASED));
	s->time = r->time;
	tq_table_enter(t, n, TQ_STARTED, 0);
	count_start(t, s, r->time);
}

/* What it has of shared resources; written beside its CLAIM. */
static void
apply_units(struct tq_table *t, const struct tq_rec *r)
{
	struct tq_slot *s;
	uint32_t n;

	if ((n = slot_of(t, r, &s)) != 0 && s->state == TQ_STARTED)
		tq_units_hold(t, n, r->bytes);
}

/* Count one more in a byte that stays at its top. */
static void
count(uint8_t *n)
{
	if (*n < UINT8_MAX)
		(*n)++;
}

/* An attempt is over: what is counted, and when the task is due next. */
static void
take_end(struct tq_table *t, struct tq_slot *s, const struct tq_rec *r,
    struct tq_qrow *q)
{
	const struct tq_rec_end *end = &r->end;
	enum tq_state state = end->state;
	int own;

	s->row = 0;
	s->epoch = 0;
	s->flags &= (uint8_t)~(TQ_PF_LEASED | TQ_PF_FREED);
	if (end->flags & (TQ_EF_OUTFILE | TQ_EF_ERRFILE))
		s->flags |= TQ_PF_OUTFILE;
	if (end->flags & TQ_EF_CRASH)
		count(&s->crashes);
	if (end->flags & TQ_EF_LATER)
		count(&s->laters);
	if (end->flags & TQ_EF_FAILED)
		count(&s->failures);
	tq_apply_grow(t, s, r->length);
	s->time = r->time;
	/* READY: `due` was the end of the lease */
	s->due = state == TQ_READY ? 0 : end->when;
	if (state == TQ_RETRY)
		s->seq = r->seq;
	if (state == TQ_READY || state == TQ_RETRY)
		return;
	if (!(s->flags & TQ_PF_KEEP)) {
		s->due = tq_apply_until(t, s, state, r->time, &own);
		if (own)
			s->flags |= TQ_PF_KEEP;
	}
	if (q != NULL && state == TQ_SUCCESS)
		q->successes++;
	if (q != NULL && state == TQ_FAILURE)
		q->failures++;
}

/* Whoever waits for what ended there: a place, a cap's room, the outcome. */
static void
ring_end(struct tq_table *t, const struct tq_slot *s, const struct tq_qrow *q,
    struct tq_spool *sp)
{
	tq_due_ring_slot(sp, s);
	if (s->state != TQ_READY && q != NULL && q->nready > 0 &&
	    ((q->set.is_set | t->top->set.is_set) &
	    TQ_SET_BIT(TQ_SET_CAP)) != 0)
		tq_due_ring(sp, s->queue);
}

static void
apply_end(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn,
    struct tq_spool *sp)
{
	enum tq_state state = r->end.state;
	struct tq_qrow *q;
	struct tq_slot *s;
	uint32_t n;

	if ((n = slot_of(t, r, &s)) == 0)
		return;
	q = tq_table_queue(t, s->queue);
	tq_table_leave(t, n);
	s->end = lsn;
	take_end(t, s, r, q);
	tq_table_enter(t, n, state, state == TQ_READY ? TQ_ENTER_HEAD : 0);
	if (sp != NULL)
		ring_end(t, s, q, sp);
	if (!TQ_STATE_ENDED(state))
		return;
	if (s->ext != 0)
		tq_graph_ended(t, n, &r->end, sp);
	if (sp == NULL)
		return;		/* what is pinned is known after link.c */
	tq_due_wake(sp, s);
	tq_apply_oldest(t, state == TQ_FAILURE ? &t->top->dead :
	    &t->top->done, r->time, sp);
}

static void
apply_alter(struct tq_table *t, const struct tq_rec *r, struct tq_spool *sp)
{
	struct tq_slot *s;
	int reopened;
	uint32_t n;

	if ((n = slot_of(t, r, &s)) == 0 || tq_apply_queue_of(t, r->st.queue) == NULL)
		return;
	/* freed of what ended it, and else as it was */
	if (TQ_STATE_ENDED(s->state) && TQ_STATE_ENDED(r->st.state)) {
		s->flags = r->st.flags;
		return;
	}
	/* reopened: the time it was to start by has been waived */
	reopened = TQ_STATE_ENDED(s->state) && !TQ_STATE_ENDED(r->st.state);
	if (reopened)
		s->expires = 0;
	tq_table_leave(t, n);
	tq_apply_state(s, &r->st);
	/* of a held task a mark, transfer.c; else 0 */
	s->row = r->st.row;
	s->epoch = r->st.epoch;
	s->time = r->time;
	tq_table_enter(t, n, r->st.state, 0);
	if (reopened && s->ext != 0)
		tq_graph_reopened(t, n, sp);
	else if (sp != NULL && s->ext != 0)
		tq_graph_settle(t, n, r->time, sp);
	if (sp != NULL)
		tq_due_ring_slot(sp, s);
}

/* A group gets no more members: it ends when those that it has do. */
static void
apply_seal(struct tq_table *t, const struct tq_rec *r, struct tq_spool *sp)
{
	struct tq_slot *s;
	uint32_t n;

	if ((n = slot_of(t, r, &s)) == 0 || s->state != TQ_BLOCKED)
		return;
	tq_table_leave(t, n);
	s->row = 0;
	s->epoch = 0;
	tq_table_enter(t, n, TQ_BLOCKED, 0);
	if (sp != NULL)
		tq_graph_settle(t, n, r->time, sp);
}

static void
apply_touch(struct tq_table *t, const struct tq_rec *r)
{
	struct tq_slot *s;

	if (slot_of(t, r, &s) == 0 || s->state != TQ_STARTED)
		return;
	s->due = r->st.due;
	s->epoch = r->st.epoch;
}

/* A task that is known has the same state already: only its places move. */
static void
apply_carry(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn)
{
	struct tq_slot *s;
	struct tq_qrow *q;
	uint32_t new;

	if (slot_of(t, r, &s) == 0) {
		tq_apply_carried(t, r, lsn);
		return;
	}
	new = (uint32_t)TQ_REC_ROOM(r->length);
	if (!TQ_STATE_ENDED(s->state) &&
	    (q = tq_table_queue(t, s->queue)) != NULL)
		q->bytes += (uint64_t)new - s->size;
	t->top->live += (uint64_t)new - s->size;
	s->size = new;
	tq_table_live(t, s->put, lsn);
	s->put = lsn;
	s->end = r->ends.n > 0 ? lsn : 0;
}

void
tq_apply(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn,
    struct tq_spool *sp)
{
	struct tq_slot *s;
	uint32_t n;

	switch (r->type) {
	case TQ_REC_PUT:
		tq_apply_put(t, r, lsn, sp);
		break;
	case TQ_REC_CLAIM:
		apply_claim(t, r);
		break;
	case TQ_REC_END:
		apply_end(t, r, lsn, sp);
		break;
	case TQ_REC_ALTER:
		apply_alter(t, r, sp);
		break;
	case TQ_REC_TOUCH:
		apply_touch(t, r);
		break;
	case TQ_REC_FORGET:
		if ((n = slot_of(t, r, &s)) != 0)
			tq_apply_forget_told(t, n, s, r->time, sp);
		break;
	case TQ_REC_SEAL:
		apply_seal(t, r, sp);
		break;
	case TQ_REC_CARRY:
		apply_carry(t, r, lsn);
		break;
	case TQ_REC_QUEUE:
		tq_apply_queue(t, r, lsn, sp);
		break;
	case TQ_REC_RMQ:
		tq_apply_rmq(t, r);
		break;
	case TQ_REC_CTX:
		tq_apply_ctx(t, r, lsn);
		break;
	case TQ_REC_LAST:
		tq_tick_apply(t, r, lsn);
		break;
	case TQ_REC_GATE:
		tq_apply_gate(t, r, lsn);
		break;
	case TQ_REC_UNITS:
		apply_units(t, r);
		break;
	default:	/* BASE: recover.c and retire.c */
		break;
	}
	if (sp != NULL && (t->top->opened != 0 || t->freed))
		tq_gate_let(t, sp);
}
