/*
 * What people do to tasks: hold, release, revoke, forget, retry, move,
 * priority.  Every change is a record, and durable before the caller is told.
 */
#include <bsd/stdlib.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "spool/arrow.h"
#include "spool/graph.h"
#include "spool/retry.h"
#include "spool/verb.h"

/* Ids that one transaction changes. */
#define SLICE	256

struct act {
	enum tq_verb	 verb;
	unsigned	 flags;		/* TQ_DO_* */
	int		 pri;
	const char	*value;		/* MOVE: name of the queue */
	uint32_t	 queue;		/* MOVE: its number */
	int		 again;		/* some of the ids may be gone */
	struct tq_spool_transfer *transfer; /* or NULL */
	struct tq_retry	 retry;
	tq_time		 now;
};

/* 1 if the verb leaves it as it is, whatever its state. */
static int
is_spared(const struct act *a, const struct tq_slot *s, int group)
{
	switch (a->verb) {
	case TQ_DO_HOLD:
	case TQ_DO_RELEASE:
	case TQ_DO_MOVE:
	case TQ_DO_PRI:
		/* it stands in no line, and its place in order must not change */
		if (group)
			return 1;
		/* FALLTHROUGH */
	case TQ_DO_REVOKE:
		/* it may be elsewhere already, as it was when it was marked */
		return tq_transfer_mark(s) != 0 && !(a->flags & TQ_DO_FORCE);
	default:
		return 0;
	}
}

/*
 * The record that does the verb to a slot, behind n others of the same slice:
 * 1, or 0 when the slot is in no state for it.
 */
static int
decide(const struct act *a, struct tq_table *t, const struct tq_slot *s,
    struct tq_rec *recs, size_t n)
{
	struct tq_rec *r = &recs[n];
	const struct tq_ext *x = tq_table_ext(t, s);
	int group = x != NULL && x->flags & TQ_XF_GROUP;
	int ended = TQ_STATE_ENDED(s->state);
	const struct tq_top *top = t->top;

	if (a->transfer != NULL)
		return tq_transfer_decide(r, a->verb, a->flags, a->transfer, t,
		    s, a->now);
	if (is_spared(a, s, group))
		return 0;
	tq_alter_record(r, s);
	switch (a->verb) {
	case TQ_DO_HOLD:
		if (!tq_arrow_leads(TQ_ARROW_HOLD, s->state))
			return 0;
		r->st.state = TQ_HELD;
		tq_alter_why(r, "held");
		return 1;
	case TQ_DO_RELEASE:
		if (!tq_arrow_leads(TQ_ARROW_RELEASE, s->state))
			return 0;
		tq_transfer_release(r, t, s, a->now);
		return 1;
	case TQ_DO_RETRY:
		return tq_retry_decide(&a->retry, t, s, recs, n);
	case TQ_DO_SEAL:
		r->type = TQ_REC_SEAL;
		return group && s->state == TQ_BLOCKED && s->row != 0;
	case TQ_DO_MOVE:
		if (ended || s->state == TQ_STARTED || s->queue == a->queue)
			return 0;
		r->st.queue = (uint16_t)a->queue;
		r->st.seq = top->seq + 1;
		tq_alter_why(r, "moved");
		return 1;
	case TQ_DO_PRI:
		if (ended || s->state == TQ_STARTED || s->pri == a->pri)
			return 0;
		r->st.pri = (uint8_t)a->pri;
		r->st.seq = top->seq + 1;
		tq_alter_why(r, "priority");
		return 1;
	case TQ_DO_FORGET:
		r->type = TQ_REC_FORGET;
		return tq_arrow_leads(TQ_ARROW_FORGET, s->state) &&
		    (x == NULL || x->pins == 0 || a->flags & TQ_DO_FORCE);
	case TQ_DO_REVOKE:
		tq_end_record(r, s, TQ_REVOKED,
		    s->state == TQ_STARTED ? 0 : TQ_EF_NOCLAIM, a->now);
		return tq_arrow_leads(TQ_ARROW_REVOKE, s->state) != 0;
	default:
		return 0;
	}
}

/*
 * What a verb leaves of room: all that is kept, unless it brings tasks nearer
 * to their end.  Whom a retry reopens may have dependants, who come back with
 * it and are asked no more.
 */
static uint64_t
verb_keep(const struct tq_spool *sp, const struct act *a)
{
	if (a->transfer != NULL && tq_transfer_is_kept(a->verb, a->flags,
	    a->transfer))
		return 0;
	switch (a->verb) {
	case TQ_DO_REVOKE:
		return a->transfer != NULL ? tq_ledger_kept(&sp->l) : 0;
	case TQ_DO_FORGET:
	case TQ_DO_SEAL:
		return 0;
	case TQ_DO_RETRY:
		return tq_ledger_kept(&sp->l) +
		    (uint64_t)sp->t.top->nedges * TQ_TASK_ROOM;
	default:
		return tq_ledger_kept(&sp->l);
	}
}

/* 1 if one of n records is of that slot. */
static int
is_among(const struct tq_rec *recs, size_t n, uint32_t slot)
{
	while (n-- > 0)
		if (recs[n].hint == slot)
			return 1;
	return 0;
}

/*
 * Under the lock: do the verb to n ids as one transaction.  As
 * tq_core_write(); *done is how many it changed.
 */
static int
act_slice(struct tq_spool *sp, struct act *a, const struct tq_uuid *ids,
    size_t n, size_t *done, size_t *which, struct tq_err *e)
{
	struct tq_rec recs[SLICE];
	struct tq_slot *s;
	uint32_t slot;
	size_t i, k = 0;
	int rv = 1;

	if (a->verb == TQ_DO_MOVE && (rv = tq_queue_need(sp, a->value,
	    &a->queue, verb_keep(sp, a), a->now, e)) != 1)
		return rv;
	tq_ledger_begin(&sp->l);
	for (i = 0; i < n; i++) {
		slot = tq_table_find(&sp->t, &ids[i]);
		s = tq_table_slot(&sp->t, slot);
		if (s == NULL && a->again)
			continue;
		if (s == NULL) {
			*which = i;
			return tq_fail(e, ENOENT, "no such task");
		}
		/* given twice: what is decided here is done only below */
		if (is_among(recs, k, slot) || !decide(a, &sp->t, s, recs, k))
			continue;
		/* of several that take a new place each stands behind the last */
		if (recs[k].st.seq > sp->t.top->seq)
			recs[k].st.seq = sp->t.top->seq + 1 + k;
		recs[k].hint = slot;
		if (tq_ledger_add(&sp->l, &recs[k++]) == -1)
			return tq_fail_sys(e, errno, "%s", sp->path);
	}
	if (k > 0)
		rv = tq_core_write(sp, recs, sp->t.top->reserved,
		    verb_keep(sp, a), a->now, e);
	if (rv == 1)
		*done = k;
	return rv;
}

/* On a full disk: 1 if less may still do, a few at a time or a shorter end. */
static int
is_less(struct tq_spool *sp, struct act *a, size_t part, size_t *most)
{
	if (verb_keep(sp, a) == 0)
		return (*most = part / 2) != 0;
	if (a->transfer == NULL || a->verb != TQ_DO_REVOKE)
		return 0;
	a->transfer->meta = a->transfer->brief;
	return 1;
}

/* Do the verb to all of them, in slices. */
static int
act_all(struct tq_spool *sp, struct act *a, const struct tq_uuid *ids,
    size_t n, uint64_t *changed, size_t *which, struct tq_err *e)
{
	size_t at = 0, part, done = 0, most = SLICE;
	size_t each = 256 + (a->transfer != NULL ? a->transfer->meta.n : 0);
	struct tq_turn t = { .rv = 0 };

	while (at < n) {
		part = n - at < most ? n - at : most;
		/* a record of 256 ENDs may be too much for small segments */
		if (part * each > sp->format.segment / 4)
			part = sp->format.segment / 4 / each;
		while (tq_turn_next(sp, &t, e)) {
			a->now = t.now;
			t.rv = act_slice(sp, a, ids + at, part, &done, which,
			    e);
		}
		if (t.full && is_less(sp, a, part, &most))
			continue;
		if (t.rv == -1) {
			*which += at;
			return -1;
		}
		at += part;
		*changed += done;
		tq_core_upkeep(sp, a->now);
	}
	return 0;
}

/* The verb to ids, and again to those that another of them kept from it. */
static int
act_rounds(struct tq_spool *sp, struct act *a, const struct tq_uuid *ids,
    size_t n, uint64_t *changed, size_t *which, struct tq_err *e)
{
	const uint64_t start = *changed;
	uint64_t before;

	do {
		before = *changed;
		if (act_all(sp, a, ids, n, changed, which, e) == -1)
			return -1;
		/* who was kept only for one that is forgotten now goes too */
		a->again = a->verb == TQ_DO_FORGET && *changed - start < n;
	} while (a->again && *changed > before);
	return 0;
}

int
tq_spool_act(struct tq_spool *sp, enum tq_verb verb,
    const struct tq_uuid *ids, size_t n, const char *value, unsigned flags,
    uint64_t *changed, size_t *which, struct tq_err *e)
{
	struct act a = { .verb = verb, .flags = flags, .value = value };
	int rv;

	*which = 0;
	if (verb == TQ_DO_PRI) {
		if (value == NULL || value[0] < '0' || value[0] > '9' ||
		    value[1] != '\0')
			return tq_fail(e, EINVAL, "priority '%s' is not 0 to 9",
			    value == NULL ? "" : value);
		a.pri = value[0] - '0';
	}
	if (verb == TQ_DO_RETRY && tq_retry_init(&a.retry, ids, n, flags) == -1)
		return tq_fail_sys(e, errno, "%s", sp->path);
	rv = act_rounds(sp, &a, ids, n, changed, which, e);
	tq_retry_fini(&a.retry);
	return rv == -1 ? -1 : tq_core_commit(sp, sp->mine, e);
}

int
tq_spool_transfer(struct tq_spool *sp, enum tq_verb verb,
    const struct tq_uuid *ids, size_t n, const struct tq_spool_transfer *tr,
    unsigned flags, uint64_t *changed, struct tq_err *e)
{
	struct tq_spool_transfer my = *tr;
	struct act a = { .verb = verb, .flags = flags, .again = 1,
	    .transfer = &my };
	size_t which = 0;

	if (tq_transfer_lock(sp, e) == -1 ||
	    act_all(sp, &a, ids, n, changed, &which, e) == -1)
		return -1;
	return tq_core_commit(sp, sp->mine, e);
}
