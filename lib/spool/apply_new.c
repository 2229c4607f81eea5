/*
 * Tasks that come into the table: put, or carried out of segments that are
 * gone; see apply.c.
 */
#include <string.h>

#include "spool/apply.h"
#include "spool/due.h"
#include "spool/forget.h"
#include "spool/gate.h"
#include "spool/graph.h"
#include "spool/relation.h"
#include "spool/state.h"

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

void
tq_apply_grow(struct tq_table *t, struct tq_slot *s, uint32_t length)
{
	s->size += (uint32_t)TQ_REC_ROOM(length);
	t->top->live += TQ_REC_ROOM(length);
}

void
tq_apply_state(struct tq_slot *s, const struct tq_rec_state *st)
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
 * In replay: 0 if a task of that id is there already.  One that has ended may
 * have been let go by time, without a record, before its id came again.
 */
static int
make_way(struct tq_table *t, const struct tq_uuid *id, tq_time now)
{
	uint32_t n = tq_table_find(t, id);
	struct tq_slot *s = tq_table_slot(t, n);

	if (s == NULL)
		return 1;
	if (!TQ_STATE_ENDED(s->state))
		return 0;
	tq_table_del(t, n, now);
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

void
tq_apply_put(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn,
    struct tq_spool *sp)
{
	enum tq_state state = TQ_READY;
	struct tq_relation rel;
	struct tq_qrow *q;
	struct tq_slot *s;
	uint32_t n;

	if ((q = tq_apply_queue_of(t, r->put.queue)) == NULL ||
	    (sp == NULL && !make_way(t, &r->id, r->time)) ||
	    (n = add(t, &r->id)) == 0)
		return;
	s = &t->slots[n];
	fill(t, s, &r->put);
	s->seq = r->seq;
	s->put = lsn;
	tq_table_live(t, 0, lsn);
	s->time = r->time;
	tq_apply_grow(t, s, r->length);
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

void
tq_apply_carried(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn)
{
	const struct tq_rec_state *st = &r->st;
	struct tq_relation rel;
	struct tq_slot *s;
	uint32_t n;

	if (tq_apply_queue_of(t, st->queue) == NULL || (n = add(t, &r->id)) == 0)
		return;
	s = &t->slots[n];
	fill(t, s, &r->put);
	if (r->put.more.n == 0 ||
	    tq_relation_decode(&rel, r->put.more) == -1)
		rel.has = 0;
	ask(t, n, &rel);
	tq_apply_state(s, st);
	s->attempt = st->attempt;
	s->row = st->row;
	s->epoch = st->epoch;
	s->time = st->start;
	s->put = lsn;
	tq_table_live(t, 0, lsn);
	s->end = r->ends.n > 0 ? lsn : 0;
	tq_apply_grow(t, s, r->length);
	tq_table_enter(t, n, st->state, 0);
	if (TQ_REL_TIED(&rel)) {
		/* whether a group is open its state says */
		rel.row = st->row;
		rel.epoch = st->epoch;
		tq_graph_put(t, n, &rel);
		carry_cause(t, n, r);
	}
}
