/*
 * Waiting for ends, for idle queues, for events.
 *
 * A waiter marks the slot, notes the futex word and looks, all under the lock,
 * then sleeps on the word; the END that finds the mark changes the word.  It
 * never sleeps longer than a second without a second look, and tells nobody of
 * an end before that is durable.
 *
 * Time passes where no worker is, too: who waits sees to timers with each
 * look, and sleeps no longer than what it waits for may be started.
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "spool/lock.h"
#include "spool/verb.h"

/* Ids that one critical section looks at. */
#define SLICE	1024

/*
 * How long to sleep: at most a second, and until `next` by the wall clock (0:
 * no such time).  0 when the deadline has come.
 */
static tq_time
nap(tq_time deadline, tq_time next)
{
	tq_time now = tq_clock_mono(), left = TQ_SECOND, due;

	if (now >= deadline)
		return 0;
	if (deadline - now < left)
		left = deadline - now;
	if (next == 0 || (due = next - tq_clock_wall()) >= left)
		return left;
	return due > 0 ? due : 1;
}

/* What is waited for, and what the last look has found. */
struct watch {
	const struct tq_uuid *ids;
	enum tq_state	*states;	/* of those that have ended, or NULL */
	size_t		*which;		/* an id that is not known */
	size_t		 ended;		/* of those that were looked at */
	tq_time		 next;		/* first time by which one must have been
					 * started, 0 none */
};

/*
 * Under the lock: look at ids [from, to), noting waiters on those that have not
 * ended if `mark`.  1; -1: ENOENT at *w->which.
 */
static int
look_slice(struct tq_spool *sp, struct watch *w, size_t from, size_t to,
    int mark, struct tq_err *e)
{
	struct tq_slot *s;
	size_t i, ended = 0;

	for (i = from; i < to; i++) {
		s = tq_table_slot(&sp->t, tq_table_find(&sp->t, &w->ids[i]));
		if (s == NULL) {
			/* what ended before and was forgotten meanwhile */
			if (w->states != NULL && TQ_STATE_ENDED(w->states[i])) {
				ended++;
				continue;
			}
			*w->which = i;
			return tq_fail(e, ENOENT, "no such task");
		}
		if (TQ_STATE_ENDED(s->state)) {
			ended++;
			if (w->states != NULL)
				w->states[i] = s->state;
		} else if (mark) {
			s->waited = 1;
			if (s->state != TQ_STARTED && s->expires != 0 &&
			    (w->next == 0 || s->expires < w->next))
				w->next = s->expires;
		}
	}
	w->ended += ended;
	return 1;
}

static int
look(struct tq_spool *sp, struct watch *w, size_t from, size_t n, int mark,
    struct tq_err *e)
{
	struct tq_turn t = { .rv = 0 };
	size_t to;

	w->ended = 0;
	w->next = 0;
	for (; from < n && t.rv != -1; from = to) {
		to = n - from < SLICE ? n : from + SLICE;
		while (tq_turn_next(sp, &t, e))
			t.rv = look_slice(sp, w, from, to, mark, e);
	}
	return t.rv == -1 ? -1 : 0;
}

int
tq_spool_wait(struct tq_spool *sp, const struct tq_uuid *ids, size_t n,
    size_t count, tq_time timeout, enum tq_state *ended, size_t *which,
    struct tq_err *e)
{
	tq_time deadline = tq_clock_deadline(tq_clock_mono(), timeout), left;
	struct watch w = { .ids = ids, .states = ended, .which = which };
	int all = count == 0 || count >= n, late;
	size_t from = 0;
	uint32_t seen;
	unsigned word;

	*which = 0;
	if (ended != NULL)
		memset(ended, 0, n * sizeof(*ended));
	/* an unknown id is named at once, wherever it stands */
	if (n > 1 && look(sp, &w, 0, n, 0, e) == -1)
		return -1;
	for (;;) {
		if ((late = tq_timers_turn(sp, e)) == -1)
			return -1;
		/* for all of them, one after the other is enough */
		word = all && from < n ? tq_table_word(&ids[from]) : 0;
		seen = atomic_load(&sp->t.top->end_word[word]);
		if (look(sp, &w, from, all && from < n ? from + 1 : n, 1,
		    e) == -1)
			return -1;
		if (all) {
			from += w.ended;
			if (from == n)
				return tq_core_told(sp, e) == -1 ? -1 : 1;
			if (w.ended > 0)
				continue;
		} else if (w.ended >= count)
			return tq_core_told(sp, e) == -1 ? -1 : 1;
		/* when there is room again is not known */
		if ((left = nap(deadline, late ? 0 : w.next)) == 0)
			break;
		tq_futex_wait(&sp->t.top->end_word[word], seen, left);
	}
	if (all && from + 1 < n && look(sp, &w, from + 1, n, 0, e) == -1)
		return -1;
	return tq_core_told(sp, e) == -1 ? -1 : 0;
}

/* 1 if one of the queues has anything that is going to run. */
static int
busy(struct tq_spool *sp, const char *const *queues, size_t n)
{
	struct tq_qrow *q;
	uint32_t i;
	size_t k;

	for (i = 1; i <= sp->t.top->queues.used; i++) {
		q = &sp->t.qrows[i];
		if (!q->used)
			continue;
		for (k = 0; k < n && strcmp(q->name, queues[k]) != 0; k++)
			continue;
		if ((n == 0 || k < n) && q->count[TQ_READY] +
		    q->count[TQ_STARTED] + q->count[TQ_RETRY] +
		    q->count[TQ_BLOCKED] + q->count[TQ_DELAYED] != 0)
			return 1;
	}
	return 0;
}

/* Under the lock, as a waiter: 1 they are idle, 2 not, -1 ENOENT. */
static int
look_idle(struct tq_spool *sp, const char *const *queues, size_t n,
    struct tq_err *e)
{
	size_t i;

	atomic_store(&sp->t.top->room_waiters, 1);
	for (i = 0; i < n; i++)
		if (tq_table_queue_find(&sp->t, queues[i],
		    strlen(queues[i])) == 0)
			return tq_fail(e, ENOENT, "%s: no such queue",
			    queues[i]);
	return busy(sp, queues, n) ? 2 : 1;
}

int
tq_spool_wait_idle(struct tq_spool *sp, const char *const *queues, size_t n,
    tq_time timeout, struct tq_err *e)
{
	tq_time deadline = tq_clock_deadline(tq_clock_mono(), timeout), left;
	struct tq_turn t = { .rv = 0 };
	uint32_t seen;

	for (;;) {
		if (tq_timers_turn(sp, e) == -1)
			return -1;
		seen = atomic_load(&sp->t.top->room_word);
		while (tq_turn_next(sp, &t, e))
			t.rv = look_idle(sp, queues, n, e);
		if (t.rv == -1)
			return -1;
		if (t.rv == 1)
			return tq_core_told(sp, e) == -1 ? -1 : 1;
		if ((left = nap(deadline, 0)) == 0)
			return 0;
		tq_futex_wait(&sp->t.top->room_word, seen, left);
	}
}

/* ---- events ------------------------------------------------------------------- */

static void
queue_name(struct tq_spool *sp, const struct tq_rec *r, char *out,
    size_t size)
{
	struct tq_slot *s;
	uint32_t n = 0;

	*out = '\0';
	if (r->type == TQ_REC_PUT)
		n = r->put.queue;
	else if (r->type == TQ_REC_ALTER)
		n = r->st.queue;
	else if (r->type == TQ_REC_QUEUE)
		n = r->number;
	else if (r->type == TQ_REC_CLAIM || r->type == TQ_REC_END) {
		s = tq_table_slot(&sp->t, tq_table_find(&sp->t, &r->id));
		n = s == NULL ? 0 : s->queue;
	}
	if (n != 0 && n < sp->t.top->queues.cap && sp->t.qrows[n].used)
		strlcpy(out, sp->t.qrows[n].name, size);
}

/*
 * The next record at or after *at: 1 and *at behind it, 0 the tail, -1.  What is
 * damaged is passed over.
 */
static int
next_record(struct tq_spool *sp, tq_lsn *at, tq_lsn tail, struct tq_rec *r)
{
	tq_lsn next;
	int rv;

	while (*at < tail) {
		if (tq_ledger_read(&sp->l, *at, r) == 0) {
			*at += TQ_REC_ROOM(r->length);
			return 1;
		}
		if (!tq_segment_lost(errno) ||
		    (rv = tq_ledger_skip(&sp->l, *at, &next)) == -1)
			return -1;
		if (rv == 1 && next < tail) {
			*at = next;
			continue;
		}
		/* the end of a segment, or one that is retired */
		if (TQ_LSN_SEG(*at) == TQ_LSN_SEG(tail)) {
			*at = tail;
			break;
		}
		*at = TQ_LSN(TQ_LSN_SEG(*at) + 1, TQ_SEG_HEAD);
		if (TQ_LSN_SEG(*at) < sp->t.top->base)
			*at = TQ_LSN(sp->t.top->base, TQ_SEG_HEAD);
	}
	return 0;
}

int
tq_spool_events(struct tq_spool *sp, uint64_t *at, tq_time timeout,
    int (*each)(const struct tq_rec *, const char *, void *), void *arg,
    struct tq_err *e)
{
	tq_time deadline = tq_clock_deadline(tq_clock_mono(), timeout), left;
	char queue[TQ_NAME_MAX + 1];
	struct tq_top *top;
	struct tq_rec r;
	uint32_t seen;
	tq_lsn tail;
	int n = 0, rv;

	for (;;) {
		if (tq_core_enter(sp, e) == -1)
			return -1;
		top = sp->t.top;
		seen = atomic_load(&top->tail_word);
		tail = top->tail;
		if (*at == 0)
			*at = tail;
		if (*at >= tail)
			atomic_store(&top->tail_waiters, 1);
		tq_core_leave(sp);
		if (*at < tail && tq_core_told(sp, e) == -1)
			return -1;
		while ((rv = next_record(sp, at, tail, &r)) == 1) {
			if (tq_core_enter(sp, e) == -1)
				return -1;
			queue_name(sp, &r, queue, sizeof(queue));
			tq_core_leave(sp);
			n++;
			if ((rv = each(&r, *queue == '\0' ? NULL : queue,
			    arg)) != 0)
				return rv;
		}
		if (rv == -1)
			return tq_fail_sys(e, errno, "%s/ledger", sp->path);
		if (n > 0 || (left = nap(deadline, 0)) == 0)
			return n;
		if (tq_core_sound(sp, e) == -1)
			return -1;
		tq_futex_wait(&top->tail_word, seen, left);
	}
}
