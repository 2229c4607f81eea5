/*
 * Fill the table from the ledger: what is done when there is no table, when a
 * holder died between the ledger and the table, and when a wild number was met.
 * Repair is this ordinary path; it is idempotent, and a crash in it is another
 * reason to run it.
 *
 * After it every task is in the state its records give it.  What time and the
 * death of owners change is changed by who comes next: timers, sweep.
 */
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "spool/apply.h"
#include "spool/core.h"
#include "spool/forget.h"
#include "spool/gate.h"
#include "spool/lease.h"
#include "spool/walk.h"

/* What a replay is given and what it learns. */
struct replay {
	struct tq_spool	*sp;
	tq_time		 begins;	/* time of the first record, 0 none */
	tq_time		 now;		/* of the last */
};

static void
replay(struct tq_walk *w, const struct tq_rec *r, tq_lsn lsn)
{
	struct replay *p = w->arg;

	if (p->begins == 0)
		p->begins = r->time;
	p->now = r->time;
	tq_apply(&p->sp->t, r, lsn, NULL);
}

static void
replay_lost(struct tq_walk *w, const struct tq_lost *l)
{
	struct replay *p = w->arg;

	tq_lost_apply(&p->sp->t, l, p->now);
}

/* ---- the order of lists --------------------------------------------------- */

struct place {
	uint64_t	 key;
	uint32_t	 n;
};

static int
ascending(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

/* Ready tasks stand by the place they were given, ended ones by their end. */
static uint64_t
key_of(const struct tq_slot *s)
{
	return TQ_STATE_ENDED(s->state) ? (uint64_t)s->time : s->seq;
}

/*
 * A task carried out of an old segment is met behind younger ones: put each
 * list in its order again.
 */
static int
sort_list(struct tq_table *t, struct tq_list *l)
{
	struct place *v;
	struct tq_slot *s;
	uint32_t n, i = 0;
	uint64_t last = 0;
	int sorted = 1;

	for (n = l->head; n != 0 && i < l->n; n = s->next, i++) {
		if ((s = tq_table_slot(t, n)) == NULL)
			return -1;
		sorted &= key_of(s) >= last;
		last = key_of(s);
	}
	if (sorted)
		return 0;
	if ((v = calloc(l->n, sizeof(*v))) == NULL)
		return -1;
	for (i = 0, n = l->head; n != 0 && i < l->n; n = t->slots[n].next)
		v[i++] = (struct place){ key_of(&t->slots[n]), n };
	qsort(v, i, sizeof(*v), ascending);
	for (n = 0; n < i; n++) {
		s = &t->slots[v[n].n];
		s->prev = n == 0 ? 0 : v[n - 1].n;
		s->next = n + 1 == i ? 0 : v[n + 1].n;
	}
	l->head = v[0].n;
	l->tail = v[i - 1].n;
	free(v);
	return 0;
}

static int
sort_lists(struct tq_table *t)
{
	uint32_t q;
	int p;

	/* nobody is parked yet, but who needs something stands in a class */
	for (q = 1; q <= t->top->waits.used; q++)
		for (p = 0; t->waits[q].gate != 0 && p <= TQ_PRI_MAX; p++)
			if (sort_list(t, &t->waits[q].list[p]) == -1)
				return -1;
	for (q = 1; q <= t->top->queues.used; q++)
		for (p = 0; t->qrows[q].used && p <= TQ_PRI_MAX; p++)
			if (sort_list(t, &t->qrows[q].ready[p]) == -1)
				return -1;
	return sort_list(t, &t->top->done) == -1 ? -1 :
	    sort_list(t, &t->top->dead);
}

/* Ended tasks whose time was over before this replay. */
static void
forget_old(struct tq_table *t, struct tq_list *l, tq_time now)
{
	struct tq_slot *s;

	while ((s = tq_table_slot(t, l->head)) != NULL && s->due != 0 &&
	    s->due <= now)
		tq_apply_forget(t, l->head, now, NULL);
}

/* ---- recovery ------------------------------------------------------------ */

/* A spool without a segment: make the first. */
static int
first_segment(struct tq_spool *sp, struct tq_walk *w, struct tq_err *e)
{
	struct tq_seg_head h = { .version = TQ_FORMAT, .number = w->base,
	    .size = sp->format.segment, .made = tq_clock_wall() };

	memcpy(h.boot, sp->t.top->boot, sizeof(h.boot));
	tq_random(&h.salt, sizeof(h.salt));
	if (tq_segment_make(sp->ledgerfd, &h, sp->format.mode & 0660, 1) == -1)
		return tq_fail_sys(e, errno, "%s/ledger", sp->path);
	w->tail = TQ_LSN(h.number, TQ_SEG_HEAD);
	w->salt = h.salt;
	w->last = h.number;
	return 0;
}

int
tq_recover(struct tq_spool *sp, struct tq_err *e)
{
	struct replay r = { .sp = sp };
	struct tq_walk w = { .record = replay, .lost = replay_lost, .arg = &r,
	    .mends = 1 };
	struct tq_top *top = sp->t.top;
	tq_time now = tq_clock_wall();

	top->seg_size = sp->format.segment;
	if (tq_walk(sp, &w, e) == -1)
		return -1;
	/* a table is named once its segment is on disk: this spool is not new */
	if (w.tail == 0 && sp->begun)
		return tq_fail(e, EBADMSG, "%s/ledger: has no segments, and "
		    "with them all tasks of the spool are gone", sp->path);
	if (w.tail == 0 && first_segment(sp, &w, e) == -1)
		return -1;
	if (w.cut && tq_walk_cut(sp, &w, e) == -1)
		return -1;
	tq_walk_unlink(sp, w.base);
	top->tail = w.tail;
	top->salt = w.salt;
	top->crc = w.crc;
	top->seq = w.seq;
	top->base = w.base;
	top->last = w.last;
	top->intent = 0;
	top->scan = 0;
	top->damaged = w.damaged;
	top->where = w.where;
	top->readonly = 0;
	top->fail_from = top->fail_to = 0;
	/* what is on disk is not known: the next sync covers it all */
	top->durable_seq = w.durable_seq;
	atomic_store(&top->durable, TQ_LSN(w.base, 0));
	if (tq_link(sp, now, e) == -1)
		return -1;
	/* starts in segments that are gone have to be allowed for */
	if (w.base > 1)
		tq_gate_assume(&sp->t, r.begins);
	if (sort_lists(&sp->t) == -1)
		return tq_fail_sys(e, errno, "%s: recovery", sp->path);
	if (!sp->same_boot)
		tq_lease_reboot(&sp->t, now);
	forget_old(&sp->t, &top->done, now);
	forget_old(&sp->t, &top->dead, now);
	tq_apply_trim(&sp->t, now);
	top->reserved = (uint64_t)top->started *
	    tq_format_end_room(&sp->format);
	if (sp->t.bad)
		return tq_fail(e, ENOSPC, "%s: no shared memory for the table "
		    "of %u tasks", sp->path, (unsigned)top->ntasks);
	top->dirty = 0;
	return 0;
}

/*
 * A new table knows of no sync that failed, and the kernel calls the pages
 * clean that one left: a sync would say that all is well.  So they are made
 * dirty again, from the segment on that has the first record not known to be on
 * disk.  What another boot left was read from the disk.
 */
int
tq_distrust(struct tq_spool *sp, struct tq_err *e)
{
	struct tq_top *top = sp->t.top;

	if (!sp->same_boot || tq_setting_get(NULL, &top->set, TQ_SET_SYNC) ==
	    TQ_SYNC_NONE)
		return 0;
	if (tq_ledger_dirty(&sp->l) == -1)
		return tq_fail_sys(e, errno, "%s/ledger", sp->path);
	return 0;
}

/* What a table knows of the disk, which no replay tells. */
struct known {
	tq_lsn		 durable, tail;
	uint64_t	 seq, from, to;
	uint32_t	 last;
};

static void
remember(struct known *k, const struct tq_top *top)
{
	k->durable = atomic_load(&top->durable);
	k->tail = top->tail;
	k->seq = top->durable_seq;
	k->from = top->fail_from;
	k->to = top->fail_to;
	k->last = top->last;
}

/* The durable place goes back last: it is read without the lock. */
static void
recall(const struct known *k, struct tq_top *top)
{
	top->durable_seq = k->seq;
	top->fail_from = k->from;
	top->fail_to = k->to;
	atomic_store(&top->durable, k->durable);
}

/*
 * What is on disk is known as well as before, and so is a sync that failed and
 * has not been rescued: forgetting it would let the next one be trusted.  Only
 * a table that was found wild tells nothing.  A rebuild that fails has changed
 * nothing of that: the next to come, who may have what it takes, begins where
 * this one began.
 */
int
tq_rebuild(struct tq_spool *sp, struct tq_err *e)
{
	struct tq_top *top = sp->t.top;
	int known = !sp->t.bad;
	struct known k;

	remember(&k, top);
	top->dirty = 1;
	tq_table_clear(&sp->t);
	/* segments may have been written again or retired: open them anew */
	tq_ledger_drop(&sp->l, UINT32_MAX);
	if (tq_recover(sp, e) == -1) {
		if (!known)
			k.durable = 0;	/* nor does it to the next */
		top->tail = k.tail;
		top->last = k.last;
		recall(&k, top);
		return -1;
	}
	if (!known || k.durable < atomic_load(&top->durable) ||
	    k.durable > top->tail)
		return tq_distrust(sp, e);
	/* records where no segment was: a rescue wrote and synced them */
	if (TQ_LSN_SEG(top->tail) > k.last) {
		k.durable = top->tail;
		k.seq = top->seq;
		k.from = k.to = 0;
	}
	recall(&k, top);
	return 0;
}

/* ---- only looking --------------------------------------------------------- */

static void
count_only(struct tq_walk *w, const struct tq_rec *r, tq_lsn lsn)
{
	(void)w;
	(void)r;
	(void)lsn;
}

static void
say_lost(struct tq_walk *w, const struct tq_lost *l)
{
	tq_lost_say(w->sp, l, w->say, w->arg);
}

int
tq_recover_scan(struct tq_spool *sp, void (*each)(const char *, void *),
    void *arg, struct tq_err *e)
{
	struct tq_walk w = { .record = count_only, .lost = say_lost,
	    .say = each, .arg = arg };

	if (tq_walk(sp, &w, e) == -1)
		return -1;
	return (int)w.damaged;
}
