/*
 * Who is next: the best of a queue's line that gates let pass, and of its
 * classes one whose needs the taker can meet.
 */
#include <errno.h>
#include <string.h>

#include "spool/gate.h"

#define SLOT		"slot"	/* the resource that places of a worker are */
#define RESERVED_MAX	16	/* resources that are waited for */

/* First of one list of the line. */
struct head {
	uint32_t	 slot;
	int64_t		 score;		/* priority, or its age in the setting's
					 * measure on top of that */
	uint64_t	 seq;
	const struct tq_needs *needs;	/* NULL: none */
};

/* ---- queues ----------------------------------------------------------------- */

tq_time
tq_queue_gap(struct tq_table *t, const struct tq_qrow *q)
{
	const struct tq_settings *all = &t->top->set;

	if (((q->set.is_set | all->is_set) & TQ_SET_BIT(TQ_SET_RATE)) == 0)
		return 0;
	return tq_rate_gap((uint32_t)tq_setting_get(&q->set, all,
	    TQ_SET_RATE), tq_setting_get(&q->set, all, TQ_SET_PERIOD));
}

/* 1 if no setting says how its tasks are taken. */
static int
is_plain(const struct tq_table *t, const struct tq_qrow *q)
{
	return ((q->set.is_set | t->top->set.is_set) & TQ_SET_GATES) == 0;
}

enum tq_closed
tq_queue_closed(struct tq_table *t, const struct tq_qrow *q, tq_time now)
{
	int64_t cap;
	tq_time gap;

	if (q->paused)
		return TQ_CLOSED_PAUSE;
	if (is_plain(t, q))
		return TQ_OPEN;
	cap = tq_setting_get(&q->set, &t->top->set, TQ_SET_CAP);
	gap = tq_queue_gap(t, q);
	if (cap != 0 && q->count[TQ_STARTED] >= cap)
		return TQ_CLOSED_CAP;
	if (gap != 0 && !tq_rate_open(q->next, gap, now))
		return TQ_CLOSED_RATE;
	return TQ_OPEN;
}

/* ---- the first of ten lists --------------------------------------------------- */

/* The head of the highest list. */
static uint32_t
highest(const struct tq_list *lists)
{
	int p;

	for (p = TQ_PRI_MAX; p > 0 && lists[p].head == 0; p--)
		continue;
	return lists[p].head;
}

/*
 * With ageing a task gains one priority for each such time that it waited, so
 * that it comes to be the first whatever comes after it.  The head of a list is
 * its oldest: ten looks are enough.
 */
static void
aged(struct tq_table *t, const struct tq_list *lists, tq_time ageing,
    tq_time now, struct head *out)
{
	struct tq_slot *s;
	int64_t score;
	int p;

	for (p = TQ_PRI_MAX; p >= 0; p--) {
		if ((s = tq_table_slot(t, lists[p].head)) == NULL)
			continue;
		score = (int64_t)((uint64_t)p * (uint64_t)ageing +
		    (now > s->time ? (uint64_t)now - (uint64_t)s->time : 0));
		if (out->slot != 0 && score <= out->score)
			continue;
		out->slot = lists[p].head;
		out->score = score;
		out->seq = s->seq;
	}
}

static int
first(struct tq_table *t, const struct tq_list *lists, tq_time ageing,
    tq_time now, struct head *out)
{
	struct tq_slot *s;

	memset(out, 0, sizeof(*out));
	if (ageing != 0) {
		aged(t, lists, ageing, now, out);
		return out->slot != 0;
	}
	out->slot = highest(lists);
	if ((s = tq_table_slot(t, out->slot)) == NULL)
		return 0;
	out->score = s->pri;
	out->seq = s->seq;
	return 1;
}

/* ---- needs ------------------------------------------------------------------- */

enum fit { FIT_NOW, FIT_LATER, FIT_NEVER };

/* Units of a resource that workers share: all of them and those free. */
static void
shared(struct tq_table *t, uint64_t hash, uint32_t *total, uint32_t *free)
{
	struct tq_gate *g = tq_table_gate(t, tq_gate_find(t, TQ_GATE_SHARE,
	    hash));

	*total = g == NULL ? 0 : g->limit;
	*free = g == NULL || g->count >= g->limit ? 0 : g->limit - g->count;
}

/* What a taker has of its own, by the hashes of the names. */
struct own {
	const struct tq_offer *offer;
	uint64_t	 hash[TQ_OFFERS_MAX];
	size_t		 n;
};

static void
own_of(struct own *o, const struct tq_take *take)
{
	o->offer = take->offer;
	for (o->n = 0; o->n < take->noffers && o->n < TQ_OFFERS_MAX; o->n++)
		o->hash[o->n] = tq_gate_hash(take->offer[o->n].name,
		    strlen(take->offer[o->n].name));
}

/* The taker's own of a resource, NULL when it has none. */
static const struct tq_offer *
offer_of(const struct own *o, uint64_t hash)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		if (o->hash[i] == hash)
			return &o->offer[i];
	return NULL;
}

static int
is_slot(uint64_t hash)
{
	return hash == tq_gate_hash(SLOT, sizeof(SLOT) - 1);
}

static enum fit
fits_one(struct tq_table *t, const struct tq_need *need,
    const struct own *own)
{
	const struct tq_offer *o = offer_of(own, need->hash);
	uint32_t total, free;

	if (o != NULL) {
		total = o->total;
		free = o->free;
	} else if (is_slot(need->hash))
		return FIT_NOW;		/* it has no places to count */
	else
		shared(t, need->hash, &total, &free);
	if (need->n > total)
		return FIT_NEVER;
	return need->n > free ? FIT_LATER : FIT_NOW;
}

static enum fit
fits(struct tq_table *t, const struct tq_needs *needs, const struct own *own)
{
	enum fit fit = FIT_NOW, one;
	uint32_t i;

	for (i = 0; i < needs->n; i++) {
		one = fits_one(t, &needs->v[i], own);
		if (one > fit)
			fit = one;
	}
	return fit;
}

/* Resources that somebody further ahead waits for. */
struct reserved {
	uint64_t	 hash[RESERVED_MAX];
	int		 n;
	int		 all;		/* places: nothing behind it starts */
};

static void
reserve(struct reserved *r, const struct tq_needs *needs)
{
	uint32_t i;

	for (i = 0; i < needs->n; i++) {
		r->all |= is_slot(needs->v[i].hash) || r->n == RESERVED_MAX;
		if (r->n < RESERVED_MAX)
			r->hash[r->n++] = needs->v[i].hash;
	}
}

static int
is_reserved(const struct reserved *r, const struct tq_needs *needs)
{
	uint32_t i;
	int k;

	for (i = 0; needs != NULL && i < needs->n; i++)
		for (k = 0; k < r->n; k++)
			if (r->hash[k] == needs->v[i].hash)
				return 1;
	return 0;
}

/* ---- the best ------------------------------------------------------------------ */

static void
insert(struct head *v, int n, const struct head *h)
{
	for (; n > 0 && (h->score > v[n - 1].score ||
	    (h->score == v[n - 1].score && h->seq < v[n - 1].seq)); n--)
		v[n] = v[n - 1];
	v[n] = *h;
}

/* The heads of a queue's list and of its classes, best first. */
static int
gather(struct tq_table *t, const struct tq_qrow *q, tq_time now,
    struct head v[TQ_CLASSES_MAX + 1])
{
	tq_time ageing = tq_setting_get(&q->set, &t->top->set, TQ_SET_AGEING);
	struct tq_gate *g;
	struct tq_wait *w;
	struct head h;
	uint32_t at, steps = 0;
	int n;

	n = first(t, q->ready, ageing, now, &v[0]);
	for (at = q->classes; at != 0 && n <= TQ_CLASSES_MAX; at = w->qnext) {
		if ((w = tq_table_wait(t, at)) == NULL ||
		    (g = tq_table_gate(t, w->gate)) == NULL ||
		    steps++ > TQ_CLASSES_MAX) {
			t->bad = 1;
			return 0;
		}
		if (!first(t, w->list, ageing, now, &h) ||
		    (h.needs = tq_table_needs(t, g)) == NULL)
			continue;
		insert(v, n++, &h);
	}
	return n;
}

/* The first in line of what the taker can run. */
static uint32_t
select_one(struct tq_table *t, const struct tq_qrow *q,
    const struct tq_take *take, tq_time now)
{
	struct head v[TQ_CLASSES_MAX + 1];
	struct reserved r = { .n = 0 };
	int i, n = gather(t, q, now, v);
	struct own own;

	own_of(&own, take);
	for (i = 0; i < n && !r.all; i++) {
		if (v[i].needs == NULL)
			return v[i].slot;
		if (is_reserved(&r, v[i].needs))
			continue;
		switch (fits(t, v[i].needs, &own)) {
		case FIT_NOW:
			return v[i].slot;
		case FIT_LATER:
			reserve(&r, v[i].needs);
			break;
		case FIT_NEVER:
			break;
		}
	}
	return 0;
}

/* It needs something, but there was no row for it to stand in. */
static int
is_misplaced(struct tq_table *t, const struct tq_slot *s)
{
	struct tq_pass *p = tq_table_pass(t, s);

	return p != NULL && p->class != 0 && p->wait == 0;
}

uint32_t
tq_line_best(struct tq_table *t, uint32_t queue, const struct tq_take *take,
    tq_time now, int *parks)
{
	struct tq_qrow *q = tq_table_queue(t, queue);
	struct tq_slot *s;
	uint32_t n, gate;
	struct head h;

	if (q == NULL || q->nready == 0 ||
	    tq_queue_closed(t, q, now) != TQ_OPEN)
		return 0;
	for (;;) {
		if (q->classes != 0)
			n = select_one(t, q, take, now);
		else if (is_plain(t, q))
			n = highest(q->ready);
		else
			n = first(t, q->ready, tq_setting_get(&q->set,
			    &t->top->set, TQ_SET_AGEING), now, &h) ? h.slot : 0;
		if (n == 0 || (s = tq_table_slot(t, n)) == NULL)
			return 0;
		if (s->pass == 0)
			return n;
		if (is_misplaced(t, s)) {
			if (!tq_gate_stand(t, n))
				return 0;
			continue;
		}
		if ((gate = tq_gate_refuses(t, s, now)) == 0)
			return n;
		if (*parks <= 0 || tq_gate_park(t, n, gate) == -1)
			return 0;
		(*parks)--;
	}
}

/* ---- units --------------------------------------------------------------------- */

static void
take_units(struct tq_table *t, const struct tq_need *need,
    struct tq_buf *units)
{
	struct tq_gate *g = tq_table_gate(t, tq_gate_find(t, TQ_GATE_SHARE,
	    need->hash));
	struct tq_units *u = g == NULL ? NULL : tq_table_units(t, g);
	unsigned char *p;
	uint32_t i, k = 0;

	if (u == NULL || (p = tq_buf_grow(units, 8)) == NULL)
		return;
	tq_set64(p, need->hash);
	tq_buf_varint(units, need->n);
	for (i = 0; i < g->limit && i < TQ_UNITS_MAX && k < need->n; i++)
		if (u->slot[i] == 0) {
			tq_buf_varint(units, i);
			k++;
		}
}

void
tq_line_units(struct tq_table *t, const struct tq_slot *s,
    const struct tq_take *take, struct tq_buf *units)
{
	struct tq_pass *p = tq_table_pass(t, s);
	struct tq_gate *g = p == NULL ? NULL : tq_table_gate(t, p->class);
	struct tq_needs *needs = g == NULL ? NULL : tq_table_needs(t, g);
	struct own own;
	uint32_t i;

	own_of(&own, take);
	for (i = 0; needs != NULL && i < needs->n; i++)
		if (offer_of(&own, needs->v[i].hash) == NULL &&
		    !is_slot(needs->v[i].hash))
			take_units(t, &needs->v[i], units);
}

int
tq_line_meets(struct tq_table *t, const struct tq_need *need,
    const struct tq_wrow *w)
{
	uint32_t total, free;
	int k;

	for (k = 0; k < TQ_NEEDS_MAX && w->offer[k].n != 0; k++)
		if (w->offer[k].hash == need->hash)
			return w->offer[k].n >= need->n;
	if (is_slot(need->hash))
		return 1;
	shared(t, need->hash, &total, &free);
	return total >= need->n;
}

int
tq_line_offered(struct tq_table *t, const struct tq_slot *s,
    const struct tq_wrow *w)
{
	struct tq_pass *p = tq_table_pass(t, s);
	struct tq_gate *g = p == NULL ? NULL : tq_table_gate(t, p->class);
	struct tq_needs *needs = g == NULL ? NULL : tq_table_needs(t, g);
	uint32_t i;

	for (i = 0; needs != NULL && i < needs->n; i++)
		if (!tq_line_meets(t, &needs->v[i], w))
			return 0;
	return 1;
}
