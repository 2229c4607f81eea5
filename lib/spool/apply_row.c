/*
 * Queues, settings, contexts and limits as the ledger has them: rows that stand
 * beside the tasks; see apply.c.
 */
#include <stdio.h>
#include <string.h>

#include "spool/apply.h"
#include "spool/due.h"
#include "spool/forget.h"
#include "spool/gate.h"

struct tq_qrow *
tq_apply_qrow(struct tq_table *t, uint32_t n)
{
	struct tq_qrow *q = tq_table_queue_at(t, n);

	if (q == NULL && n != 0 && n < TQ_QROWS_MAX)
		t->bad = 1;
	return q;
}

struct tq_qrow *
tq_apply_queue_of(struct tq_table *t, uint32_t n)
{
	struct tq_qrow *q = tq_apply_qrow(t, n);

	if (q != NULL && !q->used) {
		memset(q, 0, sizeof(*q));
		snprintf(q->name, sizeof(q->name), "lost.%u", (unsigned)n);
		q->used = 1;
	}
	return q;
}

struct tq_crow *
tq_apply_crow(struct tq_table *t, uint32_t n)
{
	struct tq_crow *c = tq_table_ctx_at(t, n);

	if (c == NULL && n != 0 && n < TQ_CTX_MAX)
		t->bad = 1;
	return c;
}

/* A cap or rate may have been raised: those who sleep for it look again. */
static void
ring_all(struct tq_table *t, struct tq_spool *sp)
{
	uint32_t n;

	for (n = 1; sp != NULL && n <= t->top->queues.used; n++)
		if (t->qrows[n].used && t->qrows[n].nready > 0)
			tq_due_ring(sp, n);
}

/* bytes: u8 paused | closed << 1, then the settings.  Number 0: the spool. */
void
tq_apply_queue(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn,
    struct tq_spool *sp)
{
	struct tq_settings set;
	struct tq_qrow *q;
	struct tq_cur c;
	unsigned flags;

	tq_cur_init(&c, r->bytes.p, r->bytes.n);
	flags = tq_cur_byte(&c);
	if (tq_settings_decode(&set, &c) == -1)
		return;
	if (r->number == 0) {
		tq_table_live(t, t->top->set_rec, lsn);
		t->top->set = set;
		t->top->set_rec = lsn;
		ring_all(t, sp);
		return;
	}
	if (r->name.n == 0 || r->name.n > TQ_NAME_MAX ||
	    (q = tq_apply_qrow(t, r->number)) == NULL)
		return;
	if (!q->used)
		memset(q, 0, sizeof(*q));
	q->used = 1;
	memcpy(q->name, r->name.p, r->name.n);
	q->name[r->name.n] = '\0';
	q->paused = flags & 1;
	q->closed = flags >> 1 & 1;
	q->set = set;
	tq_table_live(t, q->rec, lsn);
	q->rec = lsn;
	if (sp != NULL && q->nready > 0)
		tq_due_ring(sp, r->number);
}

/*
 * The queue was empty when this was written, but replay may still know ended
 * tasks of it that time has made the live table forget.
 */
void
tq_apply_rmq(struct tq_table *t, const struct tq_rec *r)
{
	struct tq_qrow *q;
	uint32_t n;

	if (r->number == 0 || (q = tq_table_queue(t, r->number)) == NULL)
		return;
	for (n = 1; n <= t->top->slots.used; n++)
		if (t->slots[n].state != TQ_ABSENT &&
		    t->slots[n].queue == r->number)
			tq_table_del(t, n, r->time);
	tq_table_live(t, q->rec, 0);
	memset(q, 0, sizeof(*q));
}

void
tq_apply_ctx(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn)
{
	struct tq_crow *c;

	if ((c = tq_apply_crow(t, r->number)) == NULL)
		return;
	tq_table_live(t, c->rec, lsn);
	c->hash = r->hash;
	c->rec = lsn;
	c->size = (uint32_t)r->bytes.n;
}

/* bytes: varint limit, varint period.  A limit of 0 is none. */
void
tq_apply_gate(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn)
{
	uint64_t limit, period;
	struct tq_cur c;

	tq_cur_init(&c, r->bytes.p, r->bytes.n);
	limit = tq_cur_varint(&c);
	period = tq_cur_varint(&c);
	if (c.err || limit > INT32_MAX || period > INT64_MAX ||
	    r->number < TQ_GATE_LANE || r->number > TQ_GATE_SHARE ||
	    (r->number == TQ_GATE_SHARE && limit > TQ_UNITS_MAX) ||
	    (r->number == TQ_GATE_RATE && limit != 0 && period < limit))
		return;
	tq_gate_set(t, r->number, tq_gate_hash(r->name.p, r->name.n),
	    (uint32_t)limit, (tq_time)period, lsn);
}
