/*
 * Claiming tasks.
 *
 * A CLAIM is not waited for (a crash makes the task ready again, which is what
 * it was), but of two kinds the next start must not be missed: a `--once` task,
 * and one whose owner died before.  Those are durable before they are given
 * out.
 */
#include <sys/statvfs.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alarm.h"
#include "base/clock.h"
#include "spool/due.h"
#include "spool/gate.h"
#include "spool/lease.h"
#include "spool/lock.h"
#include "spool/state.h"
#include "spool/verb.h"

/* A busy claimer looks again this often before it sleeps: some 10 µs. */
#define LOOKS		256
/* Reads of a claimed task whose record moves: more often than it ever does. */
#define TRIES		8

/*
 * The units it gets of shared resources, a record beside its CLAIM.  1 if
 * there are any, 0, -1.
 */
static int
claim_units(struct tq_spool *sp, const struct tq_take *take, uint32_t n,
    struct tq_rec *r, struct tq_err *e)
{
	tq_buf_reset(&sp->units);
	if (sp->t.slots[n].pass == 0 ||
	    sp->t.top->ngates[TQ_GATE_SHARE] == 0)
		return 0;
	tq_line_units(&sp->t, &sp->t.slots[n], take, &sp->units);
	if (!tq_buf_ok(&sp->units))
		return tq_fail_sys(e, ENOMEM, "%s", sp->path);
	if (sp->units.n == 0)
		return 0;
	memset(r, 0, sizeof(*r));
	r->type = TQ_REC_UNITS;
	r->id = sp->t.slots[n].id;
	r->hint = n;
	r->bytes.p = (const char *)sp->units.p;
	r->bytes.n = sp->units.n;
	if (tq_ledger_add(&sp->l, r) == -1)
		return tq_fail_sys(e, errno, "%s", sp->path);
	return 1;
}

/* Under the lock: claim slot n.  As tq_core_write(). */
static int
claim_slot(struct tq_spool *sp, const struct tq_take *take, uint32_t n,
    tq_time now, struct tq_err *e)
{
	struct tq_slot *s = &sp->t.slots[n];
	struct tq_rec recs[2], *r = &recs[0];
	tq_time lease;

	/* its lane is a gate from now on */
	if (s->pass != 0 && tq_table_reserve_gates(&sp->t, 0, 1) == -1)
		return tq_fail_sys(e, errno, "%s: table of gates", sp->path);
	memset(r, 0, sizeof(*r));
	r->type = TQ_REC_CLAIM;
	r->id = s->id;
	r->hint = n;
	r->st.attempt = (uint16_t)(s->attempt + 1);
	r->capture = (uint16_t)take->capture;
	if (take->lease != 0) {
		lease = tq_lease_bound(&sp->t, s, take->lease);
		r->st.flags = TQ_PF_LEASED;
		r->st.due = tq_clock_deadline(now, lease);
		r->st.epoch = tq_lease_end(lease);
	} else {
		r->st.row = sp->owner.row;
		r->st.epoch = sp->owner.epoch;
	}
	tq_ledger_begin(&sp->l);
	if (tq_ledger_add(&sp->l, r) == -1)
		return tq_fail_sys(e, errno, "%s", sp->path);
	if (claim_units(sp, take, n, &recs[1], e) == -1)
		return -1;
	return tq_core_write(sp, recs, (uint64_t)(sp->t.top->started + 1) *
	    tq_format_end_room(&sp->format), 0, now, e);
}

/* What the queue says of a failure. */
static void
rules_of(struct tq_spool *sp, const struct tq_qrow *q,
    struct tq_spool_got *out)
{
	const struct tq_settings *all = &sp->t.top->set;
	uint64_t set = q->set.is_set | all->is_set;

	/* where no rule is set, the worker's own is the one */
	out->retries = -1;
	if (set & TQ_SET_BIT(TQ_SET_RETRIES))
		out->retries = (int)tq_setting_get(&q->set, all,
		    TQ_SET_RETRIES);
	if (set & TQ_SET_RULES)
		tq_setting_rules(&out->rules, &q->set, all);
	else
		tq_rules_init(&out->rules);
}

/* 1 if the time is within the bounds of a ready task, or the table is wild. */
static int
may_start(struct tq_spool *sp, uint32_t n, tq_time now)
{
	struct tq_slot *s = tq_table_slot(&sp->t, n);

	return s == NULL || sp->t.bad || (s->due <= now &&
	    (s->expires == 0 || s->expires > now));
}

/*
 * Under the lock: 1 claimed (*out), 2 nothing is ready, 3 look again; 0 and -1
 * as tq_core_write().
 */
static int
claim_locked(struct tq_spool *sp, const struct tq_take *take,
    struct tq_spool_got *out, tq_time now, struct tq_err *e)
{
	struct tq_top *top = sp->t.top;
	struct tq_slot *s;
	struct tq_qrow *q;
	struct tq_wrow *w;
	tq_time next;
	uint32_t n, behind;
	int rv, parks;

	/* awake: the next ring is for somebody else */
	w = &sp->t.wrows[sp->owner.row];
	if (w->sleeping) {
		w->sleeping = 0;
		top->sleepers--;
	}
	if ((rv = tq_timers(sp, now, &next, e)) != 1)
		return rv;
	if ((rv = tq_sweep_due(sp, now, e)) != 1)
		return rv;
	/* what is ready may have expired since, or the clock was set back */
	while ((n = tq_choose(sp, take, now, &parks)) != 0 &&
	    !may_start(sp, n, now))
		if ((rv = tq_timer_one(sp, n, now, e)) != 1)
			return rv;
	if (n == 0 || (s = tq_table_slot(&sp->t, n)) == NULL ||
	    (q = tq_table_queue(&sp->t, s->queue)) == NULL) {
		/* so many were refused that others get their turn first */
		if (parks <= 0)
			return 3;
		sp->ready_seen = top->ready_word;
		return 2;
	}
	sp->near = s->queue;
	behind = s->next;
	if ((rv = claim_slot(sp, take, n, now, e)) != 1)
		return rv;
	sp->ahead = behind <= top->slots.used ? behind : 0;
	out->slot = n;
	out->s = *s;
	strlcpy(out->queue, q->name, sizeof(out->queue));
	rules_of(sp, q, out);
	w->claims++;
	out->units.p = (const char *)sp->units.p;
	out->units.n = sp->units.n;
	/* whoever takes one and leaves more rings on */
	if (q->nready > 0 && tq_queue_closed(&sp->t, q, now) == TQ_OPEN)
		tq_due_ring(sp, s->queue);
	/* and who would have woken for the next timer has it known */
	if (top->sleepers > 0 && (n = tq_table_first(&sp->t)) != 0 &&
	    sp->t.slots[n].state != TQ_READY)
		tq_due_ring_slot(sp, &sp->t.slots[n]);
	return 1;
}

/* Read the record of a claimed task and its context. */
static int
read_claimed(struct tq_spool *sp, struct tq_spool_got *out)
{
	if (tq_core_ctx(sp, out->s.ctx, &out->ctx) == -1 ||
	    tq_ledger_read(&sp->l, out->s.put, &out->rec) == -1)
		return -1;
	if (memcmp(&out->rec.id, &out->s.id, sizeof(out->s.id)) == 0)
		return 0;
	errno = EBADMSG;
	return -1;
}

/* 1 if the record was carried elsewhere since the claim, 0 not, -1. */
static int
follow(struct tq_spool *sp, struct tq_spool_got *out, struct tq_err *e)
{
	struct tq_slot *s;
	int moved;

	if (tq_core_enter(sp, e) == -1)
		return -1;
	s = tq_table_slot(&sp->t, tq_table_find(&sp->t, &out->s.id));
	moved = s != NULL && s->put != out->s.put;
	if (moved)
		out->s.put = s->put;
	tq_core_leave(sp);
	return moved;
}

/* A claim that comes to nothing: end it, with nothing said. */
static int
unclaim(struct tq_spool *sp, const struct tq_spool_got *out,
    enum tq_state state, struct tq_err *e)
{
	static const int none[2] = { -1, -1 };
	struct tq_rec_end end;
	int taken[2];

	memset(&end, 0, sizeof(end));
	end.state = (uint8_t)state;
	if (tq_spool_settle(sp, &out->s.id, out->slot, out->s.attempt, &end,
	    none, taken, 0, e) == -1 && errno != ESTALE)
		return -1;
	return 0;
}

/*
 * Two kinds of claims must be known after a crash.  A disk that does not keep
 * one gets the task back, unless it keeps nothing any more.
 */
static int
keep_claim(struct tq_spool *sp, const struct tq_spool_got *out,
    struct tq_err *e)
{
	int saved;

	if (!(out->s.flags & TQ_PF_ONCE) && out->s.crashes == 0)
		return 0;
	if (tq_core_keep(sp, sp->mine, e) == 0)
		return 0;
	saved = errno;
	(void)unclaim(sp, out, TQ_READY, NULL);
	errno = saved;
	return -1;
}

/*
 * Read what was claimed.  If the record was damaged after it was indexed the
 * task ends in failure, and the claim goes on.  If it could not be read for
 * another reason (too many open files, the disk) the task is as good as
 * before: it is handed back.
 */
static int
fetch(struct tq_spool *sp, struct tq_spool_got *out, struct tq_err *e)
{
	int saved = 0, tries, rv, lost;

	for (tries = 0; tries < TRIES; tries++) {
		if (read_claimed(sp, out) == 0)
			return 1;
		saved = errno;
		/* the table may be wrong, not the ledger: ask that first */
		if (saved == EBADMSG && tries == 0)
			sp->t.bad = 1;
		if ((rv = follow(sp, out, e)) == -1)
			return -1;
		/* its context may have moved without it: look twice */
		if (rv == 0 && tries > 0)
			break;
	}
	lost = saved == EBADMSG || saved == ENOENT;
	if (unclaim(sp, out, lost ? TQ_FAILURE : TQ_READY, e) == -1)
		return -1;
	return lost ? 0 : tq_fail_sys(e, saved, "%s: a claimed task cannot be "
	    "read", sp->path);
}

/*
 * Where the next task in line stands was written by another processor: have
 * its lines come while this one is being run.
 */
static void
look_ahead(struct tq_spool *sp)
{
	const char *s = (const char *)&sp->t.slots[sp->ahead];

	if (sp->ahead == 0)
		return;
	__builtin_prefetch(s, 1);
	__builtin_prefetch(s + sizeof(struct tq_slot) - 1, 1);
	sp->ahead = 0;
}

/*
 * On a full disk a task could not write a line of output, and would fail for
 * that: leave it where it is.  Asked once a second.
 */
static int
has_room(struct tq_spool *sp, struct tq_err *e)
{
	tq_time now = tq_clock_coarse();
	struct statvfs v;

	if (sp->roomy != 0 && now - sp->roomy < TQ_SECOND)
		return 0;
	if (fstatvfs(sp->dirfd, &v) == -1)
		return tq_fail_sys(e, errno, "%s", sp->path);
	if ((uint64_t)v.f_bavail * v.f_frsize < TQ_OUTPUT_ROOM)
		return tq_fail(e, ENOSPC, "%s: the disk is full, no task is "
		    "claimed", sp->path);
	sp->roomy = now;
	return 0;
}

/* 1, 0 nothing is ready, -1. */
static int
claim_now(struct tq_spool *sp, const struct tq_take *take,
    struct tq_spool_got *out, struct tq_err *e)
{
	struct tq_turn t = { .rv = 0 };
	int rv;

	for (;;) {
		/* who finds nothing ready has to leave, too */
		if (tq_core_sound(sp, e) == -1)
			return -1;
		while (tq_turn_next(sp, &t, e))
			t.rv = claim_locked(sp, take, out, t.now, e);
		look_ahead(sp);
		if (t.rv == -1 || t.rv == 2)
			return t.rv == 2 ? 0 : -1;
		if (t.rv == 3)
			continue;
		/* upkeep is left to the settle: somebody waits for this task */
		if (keep_claim(sp, out, e) == -1)
			return -1;
		if ((rv = fetch(sp, out, e)) != 0)
			return rv;
	}
}

int
tq_spool_claim(struct tq_spool *sp, const struct tq_take *take,
    struct tq_spool_got *out, struct tq_err *e)
{
	tq_time deadline = 0, next, now;
	char words[TQ_BELL_MSG];
	int i, rv;

	if (tq_own(sp, e) == -1 || has_room(sp, e) == -1)
		return -1;
	for (;;) {
		if ((rv = claim_now(sp, take, out, e)) != 0)
			return rv;
		if (take->timeout <= 0)
			return 0;
		if (deadline == 0)
			deadline = tq_clock_deadline(tq_clock_mono(),
			    take->timeout);
		for (i = 0; i < LOOKS && atomic_load(
		    &sp->t.top->ready_word) == sp->ready_seen; i++)
			tq_relax();
		if (i < LOOKS)
			continue;
		if ((now = tq_clock_mono()) >= deadline)
			return 0;
		if ((rv = tq_spool_sleep(sp, take, &next, e)) == -1)
			return -1;
		if (rv == 0)
			continue;
		if (tq_alarm_set(sp->alarm, next) == 1)
			continue;
		next -= tq_clock_wall();
		tq_bell_wait(&sp->bell, sp->alarm, next < deadline - now ?
		    next : deadline - now);
		(void)tq_alarm_take(sp->alarm);
		/* one is enough: what stays there ends the next sleep */
		if (tq_bell_take(&sp->bell, words, sizeof(words)) == 1)
			tq_mail_keep(sp, words);
	}
}
