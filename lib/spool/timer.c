/*
 * What time and death change: tasks whose ETA has come, that expired, whose
 * lease passed, whose owner died, whose result was kept long enough.
 *
 * An ETA that has come may be to come again: the clock was set back.  A task
 * that is ready by then waits once more when somebody is about to claim it.
 *
 * Timers follow the wall clock, as ETAs do.  Leases do not: they are looked at
 * once a second, with the owners.
 *
 * An ETA that comes and a result that goes need no record: replay sees the
 * same clock.  The other changes are END records like any.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "spool/arrow.h"
#include "spool/due.h"
#include "spool/forget.h"
#include "spool/gate.h"
#include "spool/lease.h"
#include "spool/row.h"
#include "spool/state.h"
#include "spool/verb.h"

/* How much one critical section does before others get their turn. */
#define SLICE	64
/* Dead owners are looked for this often at most, whoever comes by. */
#define SWEEP_EVERY	TQ_SECOND

/* Add an END that no worker said to the transaction and to recs. */
static int
add_end(struct tq_spool *sp, struct tq_rec *r, const struct tq_slot *s,
    enum tq_state state, unsigned flags, tq_time now)
{
	tq_end_record(r, s, state, flags, now);
	return tq_ledger_add(&sp->l, r);
}

/* What becomes of a started task whose owner died or whose lease passed. */
static enum tq_state
after_death(struct tq_spool *sp, const struct tq_slot *s)
{
	struct tq_qrow *q = tq_table_queue(&sp->t, s->queue);
	int64_t crashes = tq_setting_get(q == NULL ? NULL : &q->set,
	    &sp->t.top->set, TQ_SET_CRASHES);

	if (s->flags & TQ_PF_ONCE ||
	    (crashes > 0 && s->crashes + 1 >= crashes))
		return TQ_FAILURE;
	return TQ_READY;
}

/* Write what was added, if anything.  As tq_core_write(). */
static int
flush(struct tq_spool *sp, struct tq_rec *recs, uint64_t reserve, tq_time now,
    struct tq_err *e)
{
	if (sp->l.npend == 0)
		return 1;
	return tq_core_write(sp, recs, reserve, 0, now, e);
}

/* A timer without a record: let the slot stand where time has put it. */
static void
by_itself(struct tq_spool *sp, uint32_t n, struct tq_slot *s, tq_time now)
{
	if (TQ_STATE_ENDED(s->state)) {
		tq_apply_forget(&sp->t, n, now, sp);
		return;
	}
	tq_table_leave(&sp->t, n);
	s->time = now;
	tq_table_enter(&sp->t, n, TQ_READY, 0);
	tq_due_ring_for(sp, s);
}

static int
is_expired(const struct tq_slot *s, tq_time now)
{
	return s->expires != 0 && s->expires <= now &&
	    tq_arrow_is(TQ_ARROW_EXPIRE, s->state, TQ_EXPIRED);
}

/* End a task that was not started in time.  As tq_core_write(). */
static int
expire(struct tq_spool *sp, const struct tq_slot *s, tq_time now,
    struct tq_err *e)
{
	struct tq_rec rec;

	tq_ledger_begin(&sp->l);
	if (add_end(sp, &rec, s, TQ_EXPIRED, TQ_EF_NOCLAIM, now) == -1)
		return tq_fail_sys(e, errno, "%s", sp->path);
	/* what it frees are tasks, not promises: ENDs of running ones keep all */
	return flush(sp, &rec, sp->t.top->reserved, now, e);
}

int
tq_timer_one(struct tq_spool *sp, uint32_t n, tq_time now, struct tq_err *e)
{
	struct tq_slot *s = &sp->t.slots[n];

	if (is_expired(s, now))
		return expire(sp, s, now, e);
	if (tq_arrow_leads(TQ_ARROW_DUE, s->state) && s->due <= now)
		by_itself(sp, n, s, now);
	else if (tq_arrow_leads(TQ_ARROW_EARLY, s->state) && s->due > now) {
		tq_table_leave(&sp->t, n);
		s->time = now;
		tq_table_enter(&sp->t, n, s->attempt > 0 ? TQ_RETRY :
		    TQ_DELAYED, 0);
	}
	return 1;
}

int
tq_timers(struct tq_spool *sp, tq_time now, tq_time *next, struct tq_err *e)
{
	struct tq_slot *s;
	uint32_t n;
	int i, rv;

	if ((rv = tq_cascade(sp, now, e)) != 1)
		return rv;
	/* whom the last that opened a gate had no time to let in */
	if (sp->t.top->opened != 0)
		tq_gate_let(&sp->t, sp);
	for (i = 0; i < SLICE; i++) {
		if ((n = tq_table_due(&sp->t, now, next)) == 0)
			break;
		s = &sp->t.slots[n];
		/* one at a time: it must leave the heap to see the next */
		if (is_expired(s, now)) {
			if ((rv = expire(sp, s, now, e)) != 1)
				return rv;
		} else
			by_itself(sp, n, s, now);
		if (sp->t.bad)
			return 0;
	}
	if (sp->t.top->rates != 0)
		tq_gate_tick(sp, now, next);
	if (i == SLICE || (sp->t.top->work | sp->t.top->todo) != 0)
		*next = now;	/* more are due: come again at once */
	return 1;
}

/* Whether the holder of a claim is gone: 1, 0, -1. */
static int
is_gone(struct tq_spool *sp, unsigned row, uint32_t epoch)
{
	int alive;

	if (row == 0)
		return tq_lease_over(epoch);
	alive = tq_owner_alive(sp->probe, row, epoch);
	return alive == -1 ? -1 : !alive;
}

/*
 * Hand back what a row's claimed list holds of holders that are gone.  As
 * tq_sweep().
 */
static int
sweep_row(struct tq_spool *sp, unsigned row, tq_time now, int *total,
    struct tq_err *e)
{
	struct tq_wrow *w = &sp->t.wrows[row];
	struct tq_rec recs[SLICE];
	struct tq_slot *s;
	uint32_t n, epoch = 0, steps = 0;
	int gone = -1, groups = 0, k = 0, rv;

	tq_ledger_begin(&sp->l);
	for (n = w->claimed.head; n != 0 && k < SLICE; n = s->next) {
		if ((s = tq_table_slot(&sp->t, n)) == NULL ||
		    steps++ > w->claimed.n)
			return 1;
		if (gone == -1 || s->epoch != epoch) {
			epoch = s->epoch;
			gone = is_gone(sp, row, epoch);
		}
		if (gone != 1)
			continue;
		/* a group whose members will not all come */
		groups |= s->state == TQ_BLOCKED;
		if ((s->state == TQ_BLOCKED ?
		    add_end(sp, &recs[k], s, TQ_FAILURE, TQ_EF_NOCLAIM, now) :
		    add_end(sp, &recs[k], s, after_death(sp, s), TQ_EF_CRASH,
		    now)) == -1)
			return tq_fail_sys(e, errno, "%s", sp->path);
		k++;
	}
	/* ENDs of claims free more promised room than they use */
	rv = flush(sp, recs, groups ? sp->t.top->reserved : 0, now, e);
	if (rv != 1)
		return rv;
	*total += k;
	return k == SLICE ? 2 : 1;
}

int
tq_sweep(struct tq_spool *sp, tq_time now, int *n, struct tq_err *e)
{
	struct tq_wrow *w;
	unsigned row;
	int rv = 1;

	if (sp->probe == -1 &&
	    (sp->probe = tq_owner_probe(sp->dirfd)) == -1)
		return tq_fail_sys(e, errno, "%s/owners", sp->path);
	sp->t.top->swept = now;
	for (row = 0; rv == 1 && row < TQ_WORKERS_MAX && !sp->t.bad; row++) {
		w = &sp->t.wrows[row];
		if (row != 0 && w->joined != 0 &&
		    tq_owner_alive(sp->probe, row, w->joined) == 0)
			tq_row_clear(&sp->t, w);
		if (w->claimed.n > 0)
			rv = sweep_row(sp, row, now, n, e);
	}
	return sp->t.bad ? 0 : rv;
}

int
tq_sweep_due(struct tq_spool *sp, tq_time now, struct tq_err *e)
{
	struct tq_top *top = sp->t.top;
	int rv, n = 0;

	if ((now - top->swept <= SWEEP_EVERY && now >= top->swept) ||
	    (sp->probe == -1 &&
	    (sp->probe = tq_owner_probe(sp->dirfd)) == -1))
		return 1;
	if ((rv = tq_sweep(sp, now, &n, e)) != 2)
		return rv;
	top->swept = 0;		/* the rest at the next look */
	return 1;
}

int
tq_timers_turn(struct tq_spool *sp, struct tq_err *e)
{
	tq_time end = tq_clock_mono() + TQ_SECOND / 10, next;
	struct tq_turn t = { .rv = 0 };

	do {
		while (tq_turn_next(sp, &t, e))
			if ((t.rv = tq_timers(sp, t.now, &next, e)) == 1)
				t.rv = tq_sweep_due(sp, t.now, e);
		if (t.rv == -1)
			return t.full ? 1 : -1;
	} while (next == t.now && tq_clock_mono() < end);
	return 0;
}
