/*
 * Retiring the oldest segment, in small steps, oldest first only.
 *
 *	carry	what still lives in it is appended again: a task whole (CARRY),
 *		a queue, a context.  A slice of records a step; `scan` says how
 *		far.  The old places stay good until the segment goes.
 *	sync	the carries, under every policy.
 *	base	a BASE record says that the ledger begins one segment later;
 *		synced too.  COMMIT POINT: replay begins there from now on.
 *	unlink	the file.
 *
 * A crash before the commit point leaves a segment whose tasks stand in the
 * ledger twice, with the same state: replay takes the later place.  A crash
 * after it leaves a file that recovery removes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "spool/forget.h"
#include "spool/gate.h"
#include "spool/lock.h"
#include "spool/tick.h"
#include "spool/upkeep.h"
#include "spool/walk.h"

#define SLICE	64		/* records looked at in one step */
#define ENDS_MAX (32u << 10)	/* bytes of earlier outcomes carried */

/*
 * What carrying leaves of the room that is kept: a segment of it is there for
 * it, and more is taken only if the oldest segment surely goes.
 */
static uint64_t
keep_of(const struct tq_spool *sp, enum tq_retirer who)
{
	return who == TQ_RETIRE_FORCED || tq_retire_squeezed(sp) ? 0 :
	    tq_ledger_kept(&sp->l) - sp->t.top->seg_size;
}

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

/* Behind its CARRY, what a started task has of shared resources: 1, 0, -1. */
static int
carry_units(struct tq_spool *sp, const struct tq_slot *s, struct tq_rec *out)
{
	struct tq_rec r = { .type = TQ_REC_UNITS, .id = s->id };

	tq_buf_reset(&sp->units);
	if (s->pass == 0 || s->state != TQ_STARTED)
		return 0;
	tq_units_of(&sp->t, s, &sp->units);
	if (sp->units.n == 0)
		return tq_buf_ok(&sp->units) ? 0 : -1;
	r.bytes.p = (const char *)sp->units.p;
	r.bytes.n = sp->units.n;
	if (tq_ledger_add(&sp->l, &r) == -1)
		return -1;
	*out = r;
	/* the table knows it already */
	memset(&out->bytes, 0, sizeof(out->bytes));
	return 1;
}

/*
 * Add the CARRY of a slot whose PUT or CARRY stands at lsn.  Returns how many
 * records that are, -1.
 */
static int
carry_task(struct tq_spool *sp, const struct tq_slot *s, tq_time now,
    struct tq_rec out[2])
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
	r.st.state = s->state;
	r.st.pri = s->pri;
	r.st.flags = s->flags;
	r.st.crashes = s->crashes;
	r.st.laters = s->laters;
	r.st.failures = s->failures;
	r.st.queue = s->queue;
	r.st.attempt = s->attempt;
	r.st.row = s->row;
	r.st.epoch = s->epoch;
	r.st.due = s->due;
	r.st.start = s->time;
	r.st.seq = s->seq;
	carry_lane(sp, s, now, &r);
	r.put.expires = s->expires;	/* waived when it was reopened */
	r.ends.p = (const char *)ends.p;
	r.ends.n = ends.n;
	if (tq_ledger_add(&sp->l, &r) == -1)
		goto out;
	/* what apply needs of it; the views die with this function */
	*out = r;
	out->ends.p = NULL;
	memset(&out->put.head, 0, sizeof(out->put.head));
	memset(&out->put.body, 0, sizeof(out->put.body));
	memset(&out->put.foreign, 0, sizeof(out->put.foreign));
	memset(&out->put.more, 0, sizeof(out->put.more));
	if ((rv = carry_units(sp, s, &out[1])) != -1)
		rv++;
 out:
	tq_buf_fini(&ends);
	return rv;
}

/* Add again the record of a queue, context or schedule that is current. */
static int
carry_row(struct tq_spool *sp, const struct tq_rec *r, tq_lsn at, tq_time now,
    struct tq_rec *out, struct tq_buf *keep)
{
	struct tq_table *t = &sp->t;
	struct tq_crow *c;
	struct tq_gate *g;
	size_t from = keep->n;
	uint32_t n;

	switch (r->type) {
	case TQ_REC_QUEUE:
		if (r->number == 0 ? t->top->set_rec != at :
		    r->number >= t->top->queues.cap ||
		    !t->qrows[r->number].used || t->qrows[r->number].rec != at)
			return 0;
		break;
	case TQ_REC_CTX:
		if (r->number >= t->top->ctxs.cap)
			return 0;
		c = &t->crows[r->number];
		if (c->rec != at)
			return 0;
		if (c->refs == 0) {
			tq_table_live(t, c->rec, 0);
			c->rec = 0;	/* nobody names it: the row is free */
			return 0;
		}
		break;
	case TQ_REC_GATE:
		n = tq_gate_find(t, r->number % TQ_GATE_NKINDS,
		    tq_gate_hash(r->name.p, r->name.n));
		if ((g = tq_table_gate(t, n)) == NULL || g->rec != at)
			return 0;
		break;
	case TQ_REC_LAST:
		if (!tq_tick_carry(t, r, at, now))
			return 0;
		break;
	default:
		return 0;
	}
	if (tq_ledger_add(&sp->l, r) == -1)
		return -1;
	*out = *r;
	if (r->type == TQ_REC_LAST)
		return 1;
	/* apply reads these: keep them while the buffer does not move */
	if (r->type == TQ_REC_CTX)
		out->name.n = 0;	/* it has none */
	else
		tq_buf_put(keep, r->name.p, r->name.n);
	tq_buf_put(keep, r->bytes.p, r->bytes.n);
	out->name.p = (const char *)(uintptr_t)from;
	out->bytes.p = (const char *)(uintptr_t)(from + out->name.n);
	return tq_buf_ok(keep) ? 1 : -1;
}

/* Add again what lives of a record that stands at `at`: records added, -1. */
static int
carry_record(struct tq_spool *sp, const struct tq_rec *r, tq_lsn at,
    tq_time now, struct tq_rec *out, struct tq_buf *keep)
{
	struct tq_slot *s;

	if (r->type != TQ_REC_PUT && r->type != TQ_REC_CARRY)
		return carry_row(sp, r, at, now, out, keep);
	s = tq_table_slot(&sp->t, tq_table_find(&sp->t, &r->id));
	return s == NULL || s->put != at ? 0 : carry_task(sp, s, now, out);
}

static void
settle_views(struct tq_rec *recs, size_t n, const struct tq_buf *keep)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (recs[i].type == TQ_REC_QUEUE ||
		    recs[i].type == TQ_REC_CTX ||
		    recs[i].type == TQ_REC_GATE) {
			recs[i].name.p = (const char *)keep->p +
			    (uintptr_t)recs[i].name.p;
			recs[i].bytes.p = (const char *)keep->p +
			    (uintptr_t)recs[i].bytes.p;
		}
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
 * Under the lock: carry a slice, with `keep` left.  1 the segment may have
 * more, 2 it is done, 0 another segment is wanted first, -1.
 */
static int
carry_slice(struct tq_spool *sp, uint64_t keep, tq_time now,
    struct tq_err *e)
{
	struct tq_top *top = sp->t.top;
	struct tq_rec recs[2 * SLICE], r;
	tq_lsn at = top->scan, next;
	size_t k = 0, had;
	struct tq_buf texts;
	int i, rv, done = 0;

	if (tq_table_lives(&sp->t, top->base) == 0)
		return 2;
	if (TQ_LSN_SEG(at) != top->base)
		at = TQ_LSN(top->base, TQ_SEG_HEAD);
	tq_buf_init(&texts);
	tq_ledger_begin(&sp->l);
	for (i = 0; i < SLICE && !done &&
	    sp->l.buf.n < tq_ledger_max(&sp->l) / 2; i++, at = next) {
		if ((rv = read_record(sp, at, &r, &next)) == 0) {
			if ((done = next == 0))
				break;
			continue;
		}
		had = sp->l.npend;
		if (rv == 1)
			rv = carry_record(sp, &r, at, now, &recs[k], &texts);
		if (rv == -1) {
			tq_fail_sys(e, errno, "%s: carrying a task", sp->path);
			tq_buf_fini(&texts);
			return -1;
		}
		if (sp->l.buf.n > tq_ledger_max(&sp->l) && had > 0) {
			/* one too many: it begins the next slice */
			sp->l.npend = had;
			sp->l.buf.n = sp->l.pend[had].at;
			break;
		}
		k += (size_t)rv;
	}
	rv = 1;
	if (k > 0) {
		settle_views(recs, k, &texts);
		rv = tq_core_write(sp, recs, top->reserved, keep, now, e);
	}
	tq_buf_fini(&texts);
	if (rv != 1)
		return rv;
	top->scan = at;
	return done ? 2 : 1;
}

/* Whatever the policy: these must be on disk before the old segment goes. */
static int
sync_all(struct tq_spool *sp, struct tq_err *e)
{
	int policy = sp->l.policy, rv;

	sp->l.policy = TQ_SYNC_FULL;
	rv = tq_core_commit(sp, atomic_load(&sp->t.top->tail), e);
	sp->l.policy = policy;
	return rv;
}

/*
 * Tasks that stand in a segment of which all was carried: their records were
 * damaged.  That is seen again for each before any goes, for what carrying took
 * for damage and is none would be lost here.  1, 0 there are none, -1.
 */
static int
see_lost(struct tq_spool *sp, uint32_t seg)
{
	struct tq_rec r;
	uint32_t n;
	int any = 0;

	if (tq_table_lives(&sp->t, seg) == 0)
		return 0;
	for (n = 1; n <= sp->t.top->slots.used; n++) {
		if (sp->t.slots[n].state == TQ_ABSENT ||
		    TQ_LSN_SEG(sp->t.slots[n].put) != seg)
			continue;
		if (tq_ledger_read(&sp->l, sp->t.slots[n].put, &r) == 0)
			errno = EAGAIN;
		if (!tq_segment_lost(errno))
			return -1;
		any = 1;
	}
	return any;
}

/* They are lost with it, and counted as damage. */
static void
drop_lost(struct tq_spool *sp, uint32_t seg, tq_time now)
{
	uint32_t n;

	for (n = 1; n <= sp->t.top->slots.used; n++)
		if (sp->t.slots[n].state != TQ_ABSENT &&
		    TQ_LSN_SEG(sp->t.slots[n].put) == seg)
			tq_table_del(&sp->t, n, now);
	sp->t.top->damaged++;
	sp->t.top->where = seg;
}

/* The file goes, or to where damage is kept. */
static void
remove_segment(struct tq_spool *sp, uint32_t seg, int lost)
{
	char name[TQ_SEG_NAME], kept[64];

	tq_segment_name(name, seg);
	(void)snprintf(kept, sizeof(kept), "damaged/%s", name);
	if (!lost || renameat(sp->ledgerfd, name, sp->dirfd, kept) == -1)
		(void)tq_sys.unlinkat(sp->ledgerfd, name, 0);
}

/*
 * Let the base segment go.  Where nothing is synced and nothing was carried
 * out of it, there is nothing to wait for either.
 */
static int
unlink_base(struct tq_spool *sp, tq_time now, struct tq_err *e)
{
	int sync = sp->l.policy != TQ_SYNC_NONE || sp->t.top->scan != 0;
	struct tq_rec r = { .type = TQ_REC_BASE };
	struct tq_top *top = sp->t.top;
	uint32_t old = top->base;
	int rv, lost;

	if (sync && sync_all(sp, e) == -1)
		return -1;
	do {
		r.number = old + 1;
		if (tq_core_enter(sp, e) == -1)
			return -1;
		if ((lost = see_lost(sp, old)) == -1) {
			sp->t.top->scan = 0;	/* carry it from its head */
			rv = tq_fail_sys(e, errno, "%s: retiring segment %"
			    PRIu32, sp->path, old);
		} else
			rv = tq_core_write_one(sp, &r, 0, now, e);
		if (rv == 1) {
			/* at once: a new segment begins with this number */
			top = sp->t.top;
			if (lost)
				drop_lost(sp, old, now);
			top->base = old + 1;
			top->scan = 0;
		}
		tq_core_leave(sp);
		if (rv == 0 && tq_ledger_make_room(&sp->l, 4096, 0, now,
		    e) == -1)
			return -1;
	} while (rv == 0);
	if (rv == -1 || (sync && sync_all(sp, e) == -1))
		return -1;
	tq_ledger_drop(&sp->l, old + 1);
	remove_segment(sp, old, lost);
	return 0;
}

/* With `care` held, which was taken so: 1 its last holder died. */
static int
step(struct tq_spool *sp, int died, enum tq_retirer who, tq_time now,
    struct tq_err *e)
{
	struct tq_top *top = sp->t.top;
	uint64_t keep;
	int rv = 0;

	if (died)
		tq_lock_mended(&top->care);
	sp->caring = 1;
	if (TQ_LSN_SEG(top->tail) == top->base || !tq_retire_due(sp, who))
		goto out;
	if (tq_core_enter(sp, e) == -1) {
		rv = -1;
		goto out;
	}
	keep = keep_of(sp, who);
	rv = carry_slice(sp, keep, now, e);
	tq_core_leave(sp);
	if (rv == 0)
		rv = tq_ledger_make_room(&sp->l, tq_ledger_max(&sp->l), keep,
		    now, e) == -1 ? -1 : 1;
	else if (rv == 2 && !tq_retire_due(sp, who))
		rv = 0;		/* its carries are to be synced later */
	else if (rv == 2)
		rv = unlink_base(sp, now, e) == -1 ? -1 :
		    tq_retire_due(sp, who);
 out:
	sp->caring = 0;
	tq_lock_give(&top->care);
	return rv;
}

int
tq_retire_step(struct tq_spool *sp, enum tq_retirer who, tq_time now,
    struct tq_err *e)
{
	int died = tq_lock_take(&sp->t.top->care, NULL);

	if (died == -1 && errno == EBUSY)
		return tq_fail(e, EBUSY, "%s: another process has been making "
		    "or retiring segments for %d seconds", sp->path,
		    (int)(TQ_LOCK_PATIENCE / TQ_SECOND));
	return died == -1 ? tq_fail_sys(e, errno, "%s: lock", sp->path) :
	    step(sp, died, who, now, e);
}

int
tq_retire_try(struct tq_spool *sp, enum tq_retirer who, tq_time now,
    struct tq_err *e)
{
	int died = tq_lock_try(&sp->t.top->care);

	if (died == -1)
		return errno == EBUSY ? 0 :
		    tq_fail_sys(e, errno, "%s: lock", sp->path);
	return step(sp, died, who, now, e);
}
