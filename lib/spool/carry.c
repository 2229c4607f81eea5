/*
 * Carrying: what still lives in the oldest segment is appended again, a slice of
 * its records at a time, so that the segment can go; see retire.c.  A task is
 * carried whole, with its outcomes; its CARRY stands for all of its records.
 */
#include <errno.h>
#include <string.h>

#include "spool/gate.h"
#include "spool/tick.h"
#include "spool/upkeep.h"
#include "spool/walk.h"

#define SLICE	64		/* records looked at in one step */
#define ENDS_MAX (32u << 10)	/* bytes of earlier outcomes carried */

/*
 * An outcome that cannot be read: keep a copy of its bytes and go on without, or
 * nothing would be retired any more.
 */
static int
pass_damaged(struct tq_spool *sp, tq_lsn at)
{
	unsigned char buf[TQ_SKIP];
	struct tq_segment *s;
	const unsigned char *p;
	tq_lsn next;
	size_t n = sizeof(buf);
	int rv;

	if ((rv = tq_ledger_skip(&sp->l, at, &next)) == -1)
		return -1;
	if (rv == 1 && next - at < n)
		n = next - at;
	if ((s = tq_ledger_segment(&sp->l, TQ_LSN_SEG(at))) == NULL ||
	    (p = tq_segment_read(s, buf, &n, TQ_LSN_OFF(at))) == NULL)
		return tq_segment_lost(errno) ? 0 : -1;
	if (tq_damage_keep(sp, TQ_LSN_SEG(at), TQ_LSN_OFF(at), p, n)) {
		sp->t.top->damaged++;
		sp->t.top->where = TQ_LSN_SEG(at);
	}
	return 0;
}

/* The chain of a task's outcomes, newest first, into *out. */
static int
gather_ends(struct tq_spool *sp, tq_lsn at, struct tq_buf *out)
{
	struct tq_rec_end end;
	struct tq_rec r;
	struct tq_cur c;

	while (at != 0 && out->n < ENDS_MAX) {
		if (tq_ledger_read(&sp->l, at, &r) == -1)
			return tq_segment_lost(errno) ?
			    pass_damaged(sp, at) : -1;
		if (r.type == TQ_REC_END) {
			tq_rec_end_add(out, &r.end);
			at = r.end.prev;
			continue;
		}
		tq_cur_init(&c, r.ends.p, r.ends.n);
		while (out->n < ENDS_MAX && tq_rec_end_next(&end, &c) == 1)
			tq_rec_end_add(out, &end);
		break;
	}
	return tq_buf_ok(out) ? 0 : -1;
}

/*
 * Between two attempts a task keeps its lane although it is READY, which its
 * CARRY has no word for: as one in RETRY whose time has come it is again so
 * after a replay.
 */
static void
carry_lane(struct tq_spool *sp, const struct tq_slot *s, tq_time now,
    struct tq_rec *r)
{
	if (s->pass == 0 || s->state != TQ_READY ||
	    !tq_gate_has_lane(&sp->t, s))
		return;
	r->st.state = TQ_RETRY;
	r->st.due = now;
}

/* Behind its CARRY, what a started task has of shared resources. */
static int
carry_units(struct tq_spool *sp, const struct tq_slot *s)
{
	struct tq_rec r = { .type = TQ_REC_UNITS, .id = s->id };

	if (s->pass == 0 || s->state != TQ_STARTED)
		return 0;
	tq_buf_reset(&sp->units);
	tq_units_of(&sp->t, s, &sp->units);
	if (!tq_buf_ok(&sp->units))
		return -1;
	r.bytes.p = (const char *)sp->units.p;
	r.bytes.n = sp->units.n;
	return r.bytes.n == 0 ? 0 : tq_ledger_add(&sp->l, &r);
}

/* Add the CARRY of a slot whose PUT or CARRY stands at s->put. */
static int
carry_task(struct tq_spool *sp, const struct tq_slot *s, tq_time now)
{
	struct tq_rec r;
	struct tq_buf ends;
	int rv = -1;

	tq_buf_init(&ends);
	if (gather_ends(sp, s->end, &ends) == -1 ||
	    tq_ledger_read(&sp->l, s->put, &r) == -1)
		goto out;
	if (r.type == TQ_REC_PUT)
		r.st.put = r.time;
	r.type = TQ_REC_CARRY;
	tq_state_record(&r.st, s);
	carry_lane(sp, s, now, &r);
	r.put.expires = s->expires;	/* waived when it was reopened */
	r.ends.p = (const char *)ends.p;
	r.ends.n = ends.n;
	if (tq_ledger_add(&sp->l, &r) == 0)
		rv = carry_units(sp, s);
 out:
	tq_buf_fini(&ends);
	return rv;
}

/* 1 if the record of a queue, context, limit or schedule is current. */
static int
is_current(struct tq_spool *sp, const struct tq_rec *r, tq_lsn at, tq_time now)
{
	struct tq_table *t = &sp->t;
	struct tq_crow *c;
	struct tq_gate *g;
	uint32_t n;

	switch (r->type) {
	case TQ_REC_QUEUE:
		return r->number == 0 ? t->top->set_rec == at :
		    r->number < t->top->queues.cap &&
		    t->qrows[r->number].used && t->qrows[r->number].rec == at;
	case TQ_REC_CTX:
		if (r->number >= t->top->ctxs.cap)
			return 0;
		c = &t->crows[r->number];
		if (c->rec != at || c->refs > 0)
			return c->rec == at;
		tq_table_live(t, c->rec, 0);
		c->rec = 0;	/* nobody names it: the row is free */
		return 0;
	case TQ_REC_GATE:
		n = tq_gate_find(t, r->number % TQ_GATE_NKINDS,
		    tq_gate_hash(r->name.p, r->name.n));
		return (g = tq_table_gate(t, n)) != NULL && g->rec == at;
	case TQ_REC_LAST:
		return tq_tick_carry(t, r, at, now);
	default:
		return 0;
	}
}

/* Add again what lives of a record that stands at `at`. */
static int
carry_record(struct tq_spool *sp, const struct tq_rec *r, tq_lsn at,
    tq_time now)
{
	struct tq_slot *s;

	if (r->type != TQ_REC_PUT && r->type != TQ_REC_CARRY)
		return is_current(sp, r, at, now) ?
		    tq_ledger_add(&sp->l, r) : 0;
	s = tq_table_slot(&sp->t, tq_table_find(&sp->t, &r->id));
	return s == NULL || s->put != at ? 0 : carry_task(sp, s, now);
}

/*
 * The record at `at`: 1, and *next is where it ends; 0, there is none, and
 * *next is where to look, or 0 where the segment ends; -1 it cannot be read now,
 * which lets nothing go.
 */
static int
read_record(struct tq_spool *sp, tq_lsn at, struct tq_rec *r, tq_lsn *next)
{
	int rv;

	if (tq_ledger_read(&sp->l, at, r) == 0) {
		*next = at + TQ_REC_ROOM(r->length);
		return 1;
	}
	if (!tq_segment_lost(errno) ||
	    (rv = tq_ledger_skip(&sp->l, at, next)) == -1)
		return -1;
	if (rv == 0)
		*next = 0;
	return 0;
}

/*
 * Add what lives of a slice of the segment, from *at on.  1 it may have more, 2
 * it is done, -1.
 */
static int
gather(struct tq_spool *sp, tq_lsn *at, tq_time now)
{
	const size_t max = tq_ledger_max(&sp->l);
	struct tq_ledger *l = &sp->l;
	struct tq_rec r;
	tq_lsn next;
	size_t had;
	int i, rv;

	tq_ledger_begin(l);
	for (i = 0; i < SLICE && l->buf.n < max / 2; i++, *at = next) {
		if ((rv = read_record(sp, *at, &r, &next)) == 0 && next == 0)
			return 2;
		had = l->npend;
		if (rv == 1)
			rv = carry_record(sp, &r, *at, now);
		if (rv == -1)
			return -1;
		if (l->buf.n > max && had > 0) {
			/* one too many: it begins the next slice */
			l->npend = had;
			l->buf.n = l->pend[had].at;
			break;
		}
	}
	return 1;
}

/* What was added as apply takes it: its bytes stay in the buffer. */
static int
as_records(const struct tq_ledger *l, struct tq_rec *recs)
{
	size_t i;

	for (i = 0; i < l->npend; i++) {
		memset(&recs[i], 0, sizeof(recs[i]));
		recs[i].version = TQ_FORMAT;
		recs[i].type = l->pend[i].type;
		recs[i].length = l->pend[i].length;
		if (tq_rec_decode(&recs[i], l->buf.p + l->pend[i].at) == -1) {
			errno = EBADMSG;
			return -1;
		}
	}
	return 0;
}

int
tq_carry(struct tq_spool *sp, uint64_t keep, tq_time now, struct tq_err *e)
{
	struct tq_top *top = sp->t.top;
	struct tq_rec recs[2 * SLICE];	/* a CARRY and UNITS of each */
	tq_lsn at = top->scan;
	int found, rv;

	if (tq_table_lives(&sp->t, top->base) == 0)
		return 2;
	if (TQ_LSN_SEG(at) != top->base)
		at = TQ_LSN(top->base, TQ_SEG_HEAD);
	if ((found = gather(sp, &at, now)) == -1 ||
	    as_records(&sp->l, recs) == -1)
		return tq_fail_sys(e, errno, "%s: carrying a task", sp->path);
	if (sp->l.npend > 0 && (rv = tq_core_write(sp, recs, top->reserved,
	    keep, now, e)) != 1)
		return rv;
	top->scan = at;
	return found;
}
