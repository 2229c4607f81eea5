/*
 * The one place where the table follows the ledger (see core.h).  Nothing here
 * decides: what a record says has happened, and what cannot follow (a task
 * that is not known, a state that was left) is passed over, because replay may
 * begin in the middle of a task's life.
 */
#include <stdio.h>
#include <string.h>

#include "spool/apply.h"
#include "spool/due.h"
#include "spool/forget.h"
#include "spool/gate.h"
#include "spool/graph.h"
#include "spool/relation.h"
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

/*
 * What a record needs of the table.  Who writes one has made room for it; a
 * replay that finds none must not go on as if the record had not been there.
 */
static uint32_t
add(struct tq_table *t, const struct tq_uuid *id)
{
	uint32_t n = tq_table_add(t, id);

	if (n == 0)
		t->bad = 1;
	return n;
}

static void
grow(struct tq_table *t, struct tq_slot *s, uint32_t length)
{
	s->size += (uint32_t)TQ_REC_ROOM(length);
	t->top->live += TQ_REC_ROOM(length);
}

/* ---- tasks -------------------------------------------------------------- */

static void
fill(struct tq_table *t, struct tq_slot *s, const struct tq_rec_put *p)
{
	struct tq_crow *c;

	s->queue = p->queue;
	s->pri = p->pri;
	s->flags = p->flags;
	s->expires = p->expires;
	s->due = p->eta;
	if (p->ctx != 0 && (c = tq_apply_crow(t, p->ctx)) != NULL) {
		s->ctx = p->ctx;
		c->refs++;
	}
}

/* What a task asks of gates: a row of its own if it asks anything. */
static void
ask(struct tq_table *t, uint32_t n, const struct tq_relation *rel)
{
	struct tq_ask a = { .lane = 0 };
	uint64_t key = 0;

	if (TQ_REL_HAS(rel, TQ_REL_ASK) && tq_ask_decode(&a, rel->ask) == -1)
		return;
	if (TQ_REL_HAS(rel, TQ_REL_KEY))
		key = tq_gate_hash(rel->key.p, rel->key.n);
	tq_pass_give(t, n, &a, key);
}

/*
 * The row of a queue that a task names.  In replay the QUEUE record may stand
 * behind it, carried out of an older segment, or be lost to damage: the task
 * is kept all the same, under a name that is no queue's until one comes.
 */
static struct tq_qrow *
queue_of(struct tq_table *t, uint32_t n)
{
	struct tq_qrow *q = tq_apply_qrow(t, n);

	if (q != NULL && !q->used) {
		memset(q, 0, sizeof(*q));
		snprintf(q->name, sizeof(q->name), "lost.%u", (unsigned)n);
		q->used = 1;
	}
	return q;
}

/*
 * In replay: 0 if a task of that id is there already.  One that has ended may
 * have been let go by time, without a record, before its id came again.
 */
static int
make_way(struct tq_table *t, const struct tq_uuid *id)
{
	uint32_t n = tq_table_find(t, id);
	struct tq_slot *s = tq_table_slot(t, n);

	if (s == NULL)
		return 1;
	if (!TQ_STATE_ENDED(s->state))
		return 0;
	tq_table_del(t, n);
	return 1;
}

/* 1 if a new task waits: in replay, for whatever it names, until link.c. */
static int
waits(struct tq_table *t, const struct tq_slot *s,
    const struct tq_relation *rel, const struct tq_spool *sp)
{
	static const uint32_t tags = 1u << TQ_REL_AFTER | 1u << TQ_REL_PIPE |
	    1u << TQ_REL_FOLLOW | 1u << TQ_REL_GROUP;

	return sp == NULL ? (rel->has & tags) != 0 : tq_graph_waits(t, s);
}

static void
apply_put(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn,
    struct tq_spool *sp)
{
	enum tq_state state = TQ_READY;
	struct tq_relation rel;
	struct tq_qrow *q;
	struct tq_slot *s;
	uint32_t n;

	if ((q = queue_of(t, r->put.queue)) == NULL ||
	    (sp == NULL && !make_way(t, &r->id)) ||
	    (n = add(t, &r->id)) == 0)
		return;
	s = &t->slots[n];
	fill(t, s, &r->put);
	s->seq = r->seq;
	s->put = lsn;
	tq_table_live(t, 0, lsn);
	s->time = r->time;
	grow(t, s, r->length);
	q->puts++;
	if (s->flags & TQ_PF_HOLD)
		state = TQ_HELD;
	else if (s->due > r->time)
		state = TQ_DELAYED;
	if (r->put.more.n > 0 &&
	    tq_relation_decode(&rel, r->put.more) == 0) {
		ask(t, n, &rel);
		if (TQ_REL_TIED(&rel)) {
			tq_graph_put(t, n, &rel);
			if (sp != NULL)
				tq_graph_tie(t, n, &rel);
			if (state != TQ_HELD && waits(t, s, &rel, sp))
				state = TQ_BLOCKED;
		}
	}
	tq_table_enter(t, n, state, 0);
	if (s->ext != 0 && sp != NULL)
		tq_graph_settle(t, n, r->time, sp);
	if (sp != NULL)
		tq_due_ring_slot(sp, s);
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
	grow(t, s, r->length);
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
	    &t->top->done, sp);
}

/* What ALTER and CARRY say whole. */
static void
take_state(struct tq_slot *s, const struct tq_rec_state *st)
{
	s->pri = st->pri;
	s->queue = st->queue;
	s->flags = st->flags;
	s->crashes = st->crashes;
	s->laters = st->laters;
	s->failures = st->failures;
	s->due = st->due;
	s->seq = st->seq;
}

static void
apply_alter(struct tq_table *t, const struct tq_rec *r, struct tq_spool *sp)
{
	struct tq_slot *s;
	int reopened;
	uint32_t n;

	if ((n = slot_of(t, r, &s)) == 0 || queue_of(t, r->st.queue) == NULL)
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
	take_state(s, &r->st);
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

/* A carried task had ended: by whom, its newest outcome says. */
static void
carry_cause(struct tq_table *t, uint32_t n, const struct tq_rec *r)
{
	struct tq_rec_end end;
	struct tq_cur c;

	tq_cur_init(&c, r->ends.p, r->ends.n);
	if (TQ_STATE_ENDED(r->st.state) && tq_rec_end_next(&end, &c) == 1)
		tq_graph_ended(t, n, &end, NULL);
}

/* A carried task that is not known: it stood in segments that are gone. */
static void
carry_new(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn)
{
	const struct tq_rec_state *st = &r->st;
	struct tq_relation rel;
	struct tq_slot *s;
	uint32_t n;

	if (queue_of(t, st->queue) == NULL || (n = add(t, &r->id)) == 0)
		return;
	s = &t->slots[n];
	fill(t, s, &r->put);
	if (r->put.more.n == 0 ||
	    tq_relation_decode(&rel, r->put.more) == -1)
		rel.has = 0;
	ask(t, n, &rel);
	take_state(s, st);
	s->attempt = st->attempt;
	s->row = st->row;
	s->epoch = st->epoch;
	s->time = st->start;
	s->put = lsn;
	tq_table_live(t, 0, lsn);
	s->end = r->ends.n > 0 ? lsn : 0;
	grow(t, s, r->length);
	tq_table_enter(t, n, st->state, 0);
	if (TQ_REL_TIED(&rel)) {
		/* whether a group is open its state says */
		rel.row = st->row;
		rel.epoch = st->epoch;
		tq_graph_put(t, n, &rel);
		carry_cause(t, n, r);
	}
}

/* A task that is known has the same state already: only its places move. */
static void
apply_carry(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn)
{
	struct tq_slot *s;
	struct tq_qrow *q;
	uint32_t new;

	if (slot_of(t, r, &s) == 0) {
		carry_new(t, r, lsn);
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
		apply_put(t, r, lsn, sp);
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
			tq_apply_forget_told(t, n, s, sp);
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
