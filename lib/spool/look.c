/*
 * Looking at one task: its slot, its record, its outcome.
 *
 * The slot is copied under the lock, the record read outside it; a record that
 * was carried elsewhere or retired in between is looked up again.
 */
#include <bsd/string.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "spool/graph.h"
#include "spool/tick.h"
#include "spool/verb.h"

/* Looks at a task whose records move: more often than they ever do. */
#define TRIES	8

/* What a blocked task waits for: one of it. */
static void
look_waits(struct tq_spool *sp, const struct tq_slot *s,
    struct tq_spool_look *out)
{
	uint32_t n = s->state == TQ_BLOCKED ? tq_graph_awaited(&sp->t, s) : 0;

	out->has_after = n != 0;
	if (n != 0)
		out->after = sp->t.slots[n].id;
}

/* Under the lock: what the table knows of a slot and around it. */
static void
look_around(struct tq_spool *sp, const struct tq_slot *s, tq_time now,
    struct tq_spool_look *out)
{
	struct tq_qrow *q = tq_table_queue(&sp->t, s->queue);
	struct tq_wrow *w;

	out->s = *s;
	out->id = s->id;
	out->row = s->row;
	out->why = NULL;
	out->waits = out->cause = NULL;
	look_waits(sp, s, out);
	memset(&out->gate, 0, sizeof(out->gate));
	if (q != NULL)
		strlcpy(out->queue, q->name, sizeof(out->queue));
	if (q != NULL && s->state == TQ_READY)
		tq_look_why(sp, s, q, now, out);
	if (s->state == TQ_STARTED &&
	    (w = tq_table_owner(&sp->t, s->row)) != NULL &&
	    w->joined == s->epoch) {
		out->pid = w->pid;
		memcpy(out->host, w->host, sizeof(out->host) - 1);
	}
}

/*
 * Under the lock: 1 known, 2 not; 0 and -1 as tq_core_write().  late: an end
 * cannot be written yet.
 */
static int
look_locked(struct tq_spool *sp, const struct tq_uuid *id, int late,
    tq_time now, struct tq_spool_look *out, struct tq_err *e)
{
	uint32_t n = tq_table_find(&sp->t, id);
	struct tq_slot *s = tq_table_slot(&sp->t, n);
	int rv;

	/* it is what time has made of it, whoever was there to see, */
	if (s != NULL && !late && (rv = tq_timer_one(sp, n, now, e)) != 1)
		return rv;
	/* or the death of its worker */
	if (s != NULL && !late && s->state == TQ_STARTED) {
		if ((rv = tq_sweep_due(sp, now, e)) != 1)
			return rv;
		s = tq_table_slot(&sp->t, tq_table_find(&sp->t, id));
	}
	/* kept long enough: gone, whether somebody swept it away or not */
	if (s == NULL || !tq_graph_known(&sp->t, s, now))
		return 2;
	look_around(sp, s, now, out);
	return 1;
}

int
tq_look_slot(struct tq_spool *sp, const struct tq_uuid *id,
    struct tq_spool_look *out, struct tq_err *e)
{
	struct tq_turn t = { .rv = 0 };
	int late = 0;

	do {
		while (tq_turn_next(sp, &t, e))
			t.rv = look_locked(sp, id, late, t.now, out, e);
	} while (t.full && !late++);
	return t.rv == 2 ? 0 : t.rv;
}

/* Owners that only claim have no row to show: the owners file knows them. */
static void
look_owner(struct tq_spool *sp, struct tq_spool_look *out)
{
	struct tq_owner_info info;

	if (out->s.state != TQ_STARTED || out->pid != 0 || out->row == 0 ||
	    (sp->probe == -1 &&
	    (sp->probe = tq_owner_probe(sp->dirfd)) == -1) ||
	    tq_owner_read(&info, sp->probe, out->row) == -1 ||
	    info.epoch != out->s.epoch)
		return;
	out->pid = info.pid;
	strlcpy(out->host, info.host, sizeof(out->host));
}

/*
 * The outcome of an attempt (0: the newest), following the chain of END
 * records back; a CARRY holds the rest of the chain.  1 found, 0 there is none
 * (any more), -1; views are into sp->l.rbuf.
 */
static int
find_end(struct tq_spool *sp, tq_lsn at, unsigned attempt,
    struct tq_rec_end *out)
{
	struct tq_rec r;
	struct tq_cur c;
	int steps;

	for (steps = 0; at != 0 && steps < UINT16_MAX; steps++) {
		if (tq_ledger_read(&sp->l, at, &r) == -1)
			return tq_segment_lost(errno) ? 0 : -1;
		if (r.type == TQ_REC_END) {
			*out = r.end;
			if (attempt == 0 || r.end.attempt == attempt)
				return 1;
			at = r.end.prev;
			continue;
		}
		if (r.type != TQ_REC_CARRY)
			return 0;
		tq_cur_init(&c, r.ends.p, r.ends.n);
		while (tq_rec_end_next(out, &c) == 1)
			if (attempt == 0 || out->attempt == attempt)
				return 1;
		return 0;
	}
	return 0;
}

/* Move a view from one copy of its bytes to another. */
static void
rebase(struct tq_bytes *b, const void *from, const void *to)
{
	if (b->p != NULL)
		b->p = (const char *)to + (b->p - (const char *)from);
}

/* Outcome into out->end, its bytes kept in sp->keep. */
static int
look_end(struct tq_spool *sp, unsigned attempt, struct tq_spool_look *out)
{
	const char *p, *base;
	size_t n;
	int rv;

	out->has_end = 0;
	tq_buf_reset(&sp->keep);
	/* a replay or a carry has passed over its record */
	out->damaged = out->s.end == 0 && TQ_STATE_ENDED(out->s.state);
	if (out->s.end == 0)
		return 0;
	if ((rv = find_end(sp, out->s.end, attempt, &out->end)) == 0)
		errno = EBADMSG;
	if (rv != 1)
		return rv == -1 || attempt == 0 ? -1 : 0;
	/* meta, out and err stand one behind the other */
	base = out->end.meta.p;
	p = out->end.err.p != NULL ? out->end.err.p : base;
	n = (size_t)(p - base) + out->end.err.n;
	tq_buf_put(&sp->keep, base, n);
	if (!tq_buf_ok(&sp->keep)) {
		errno = ENOMEM;
		return -1;
	}
	rebase(&out->end.meta, base, sp->keep.p);
	rebase(&out->end.out, base, sp->keep.p);
	rebase(&out->end.err, base, sp->keep.p);
	out->has_end = 1;
	return 0;
}

/*
 * The record of a task was whole when it was indexed, and is damaged now.
 * Recovery is what deals with damage: it sets the bytes aside, names them, and
 * the rest goes on.  The task is unknown then.
 */
static int
set_aside(struct tq_spool *sp, struct tq_err *e)
{
	int rv;

	if (tq_core_enter(sp, e) == -1)
		return -1;
	rv = tq_rebuild(sp, e);
	tq_core_leave(sp);
	return rv;
}

/*
 * As look_end(), but at last an outcome that cannot be read is one that is
 * damaged: how its task ended the table knows.
 */
static int
look_outcome(struct tq_spool *sp, unsigned attempt, int last,
    struct tq_spool_look *out)
{
	if (look_end(sp, attempt, out) == 0)
		return 0;
	out->damaged = last && errno == EBADMSG;
	return out->damaged ? 0 : -1;
}

/*
 * Where it runs.  A task whose context was lost to damage is told of all the
 * same, without; whoever claims it ends it in failure.
 */
static int
look_ctx(struct tq_spool *sp, struct tq_spool_look *out)
{
	if (tq_core_ctx(sp, out->s.ctx, &out->ctx) == 0)
		return 0;
	return errno == EBADMSG && out->s.ctx < sp->t.top->ctxs.cap &&
	    sp->t.crows[out->s.ctx].rec == 0 ? 0 : -1;
}

int
tq_spool_known(struct tq_spool *sp, const struct tq_uuid *ids, size_t n,
    unsigned char *known, struct tq_err *e)
{
	struct tq_turn t = { .rv = 0 };
	size_t i;

	while (tq_turn_next(sp, &t, e)) {
		for (i = 0; i < n; i++)
			known[i] = tq_table_find(&sp->t, &ids[i]) != 0;
		t.rv = !sp->t.bad;
	}
	return t.rv == -1 ? -1 : 0;
}

static int
look_record(struct tq_spool *sp, const struct tq_uuid *id,
    struct tq_spool_look *out)
{
	if (tq_ledger_read(&sp->l, out->s.put, &out->rec) == -1)
		return -1;
	if (memcmp(&out->rec.id, id, sizeof(*id)) != 0) {
		errno = EBADMSG;
		return -1;
	}
	if (out->rec.type == TQ_REC_PUT)
		out->rec.st.put = out->rec.time;
	return 0;
}

int
tq_spool_look(struct tq_spool *sp, const struct tq_uuid *id,
    unsigned attempt, struct tq_spool_look *out, struct tq_err *e)
{
	int i, rv, saved = 0;

	for (i = 0; i < TRIES; i++) {
		memset(out, 0, sizeof(*out));
		if ((rv = tq_look_slot(sp, id, out, e)) != 1)
			return rv;
		/* nobody is told of an end that a power cut could undo */
		if (TQ_STATE_ENDED(out->s.state) && out->s.end != 0 &&
		    !tq_ledger_durable(&sp->l, out->s.end + 1)) {
			if (tq_core_told(sp, e) == -1)
				return -1;
			continue;	/* a rescue may have moved it */
		}
		look_owner(sp, out);
		if (look_outcome(sp, attempt, i == TRIES - 1, out) == 0 &&
		    look_ctx(sp, out) == 0 && look_record(sp, id, out) == 0)
			return 1;
		saved = errno;
		/* moved or retired meanwhile: descriptors may be old */
		tq_ledger_drop(&sp->l, UINT32_MAX);
	}
	if (!tq_segment_lost(saved))
		return tq_fail_sys(e, saved, "%s: a task cannot be read",
		    sp->path);
	return set_aside(sp, e);
}

int
tq_spool_last(struct tq_spool *sp, const struct tq_uuid *id, tq_time *at,
    struct tq_err *e)
{
	struct tq_turn t = { .rv = 0 };
	struct tq_trow *row;

	while (tq_turn_next(sp, &t, e)) {
		row = tq_tick_find(&sp->t, id, t.now);
		*at = row == NULL ? 0 : row->at;
		t.rv = row == NULL ? 2 : 1;
	}
	if (t.rv != 1)
		return t.rv == 2 ? 0 : -1;
	/* nobody acts on what a power cut could undo */
	return tq_core_told(sp, e) == -1 ? -1 : 1;
}
