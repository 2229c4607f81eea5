/*
 * The ties of tasks that are being put.  Whatever a task names has to be there:
 * known to the table, or before it in the same call.  So what waits is younger
 * than what it waits for, but for a group, which waits for members that are put
 * after it; these may not lead back to it (tq_graph_may_join()).
 */
#include <errno.h>
#include <string.h>

#include "spool/graph.h"
#include "spool/put.h"

/* Where a task that is named was found. */
struct found {
	uint32_t	 slot;		/* in the table, or 0: */
	size_t		 at;		/* in the call */
};

int
tq_batch_tied(const struct tq_batch *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->v[i].ties != NULL)
			return 1;
	return 0;
}

/* A hint: where the table changes meanwhile another line comes, for nothing. */
__attribute__((__no_sanitize_thread__)) void
tq_batch_expect(struct tq_spool *sp, const struct tq_batch *b)
{
	const struct tq_relation *rel;
	size_t i;

	for (i = 0; i < b->n; i++) {
		if (b->v[i].ties == NULL)
			continue;
		rel = &b->v[i].ties->rel;
		if (TQ_REL_HAS(rel, TQ_REL_KEY))
			tq_key_expect(&sp->t, tq_key_hash(&sp->t, rel->key.p,
			    rel->key.n));
	}
}

/* ---- what is named ------------------------------------------------------ */

static int
same(const struct tq_uuid *a, const struct tq_uuid *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* The place before i of a task in the call: 1, 0 there is none. */
static int
find_before(const struct tq_batch *b, size_t i, const struct tq_uuid *id,
    size_t *out)
{
	size_t k;

	/* the one before, and the first, are what chains and groups name */
	if (i > 0 && same(&b->v[0].id, id)) {
		*out = 0;
		return 1;
	}
	for (k = i; k-- > 0;)
		if (same(&b->v[k].id, id)) {
			*out = k;
			return 1;
		}
	return 0;
}

static int
find(struct tq_spool *sp, const struct tq_batch *b, size_t i,
    const struct tq_uuid *id, struct found *out, struct tq_err *e)
{
	struct tq_slot *s;

	out->at = 0;
	out->slot = tq_table_find(&sp->t, id);
	s = tq_table_slot(&sp->t, out->slot);
	if (s != NULL && tq_transfer_mark(s) != 0) {
		sp->other = *id;
		return tq_fail(e, ENOENT, "it is on its way to another broker");
	}
	if (s != NULL && tq_graph_known(&sp->t, s, b->now))
		return 0;
	out->slot = 0;
	if (find_before(b, i, id, &out->at))
		return 0;
	sp->other = *id;
	return tq_fail(e, ENOENT, "no such task");
}

/* ---- groups ------------------------------------------------------------- */

/* The group that task k of the call is in, if it is of the call: 1, 0. */
static int
group_before(const struct tq_batch *b, size_t k, size_t *out)
{
	const struct tq_spool_ties *t = b->v[k].ties;

	return t != NULL && TQ_REL_HAS(&t->rel, TQ_REL_MEMBER) &&
	    find_before(b, k, &t->rel.member, out);
}

static int
is_in(const struct tq_batch *b, size_t k, size_t group)
{
	size_t at = k;

	while (group_before(b, at, &at))
		if (at == group)
			return 1;
	return 0;
}

/*
 * 1 if a member of group g may wait for f; either may be of the call.  See
 * tq_graph_may_join(): groups are left from the inside out, first those of the
 * call.
 */
static int
may_join(struct tq_spool *sp, const struct tq_batch *b, struct found g,
    const struct found *f)
{
	const struct tq_spool_ties *t;
	uint32_t in;

	while (g.slot == 0) {
		if (f->slot == 0 && (f->at == g.at ||
		    (f->at > g.at && !is_in(b, f->at, g.at))))
			return 0;
		t = b->v[g.at].ties;
		if (!TQ_REL_HAS(&t->rel, TQ_REL_MEMBER))
			return 1;
		g.slot = tq_table_find(&sp->t, &t->rel.member);
		if (g.slot == 0 && !find_before(b, g.at, &t->rel.member,
		    &g.at))
			return 1;
	}
	if (f->slot != 0)
		return tq_graph_may_join(&sp->t, g.slot, f->slot);
	/* younger than all groups of the table: it must be in them */
	t = b->v[f->at].ties;
	in = t == NULL || !TQ_REL_HAS(&t->rel, TQ_REL_MEMBER) ? 0 :
	    tq_table_find(&sp->t, &t->rel.member);
	for (; g.slot != 0; g.slot = tq_graph_group(&sp->t, g.slot))
		if (in != g.slot)
			return 0;
		else
			in = tq_graph_group(&sp->t, in);
	return 1;
}

/* The group must be one, and take members. */
static int
check_group(struct tq_spool *sp, const struct tq_batch *b,
    const struct found *g, const struct tq_uuid *id, struct tq_err *e)
{
	const struct tq_spool_ties *t;
	struct tq_slot *s;
	struct tq_ext *x;

	sp->other = *id;
	if (g->slot == 0) {
		t = b->v[g->at].ties;
		if (t != NULL && TQ_REL_HAS(&t->rel, TQ_REL_GROUP))
			return 0;
		return tq_fail(e, EINVAL, "is no group");
	}
	s = &sp->t.slots[g->slot];
	x = tq_table_ext(&sp->t, s);
	if (x == NULL || !(x->flags & TQ_XF_GROUP))
		return tq_fail(e, EINVAL, "is no group");
	if (s->state != TQ_BLOCKED || s->row == 0)
		return tq_fail(e, EINVAL, TQ_STATE_ENDED(s->state) ?
		    "the group has ended" : "the group is complete");
	return 0;
}

/* Number of a member: rising, in the order of puts. */
static uint32_t
number_of(struct tq_spool *sp, const struct found *g, size_t i)
{
	struct tq_ext *x;

	if (g->slot == 0)
		return (uint32_t)i;
	x = tq_table_ext(&sp->t, &sp->t.slots[g->slot]);
	return (x == NULL ? 0 : x->members) + (uint32_t)i;
}

/* ---- what it waits for -------------------------------------------------- */

static int
check_source(struct tq_spool *sp, struct tq_batch *b, size_t i,
    const struct tq_uuid *id, const struct found *group, struct tq_err *e)
{
	struct found f;

	if (find(sp, b, i, id, &f, e) == -1)
		return -1;
	b->edges++;
	if (f.slot != 0 && sp->t.slots[f.slot].ext == 0)
		b->exts++;
	if (group != NULL && !may_join(sp, b, *group, &f)) {
		sp->other = *id;
		return tq_fail(e, EINVAL, "waits for the group that the task "
		    "is in");
	}
	return 0;
}

static int
check_sources(struct tq_spool *sp, struct tq_batch *b, size_t i,
    struct tq_relation *rel, struct tq_err *e)
{
	struct found g, *group = NULL;
	struct tq_uuid id;
	size_t at;

	if (TQ_REL_HAS(rel, TQ_REL_MEMBER)) {
		if (find(sp, b, i, &rel->member, &g, e) == -1 ||
		    check_group(sp, b, &g, &rel->member, e) == -1)
			return -1;
		memset(&sp->other, 0, sizeof(sp->other));
		rel->number = number_of(sp, &g, i);
		group = &g;
		b->edges++;
	}
	for (at = 0; TQ_REL_HAS(rel, TQ_REL_AFTER) && at < rel->after.n;
	    at += sizeof(id)) {
		memcpy(&id, rel->after.p + at, sizeof(id));
		if (check_source(sp, b, i, &id, group, e) == -1)
			return -1;
	}
	if (TQ_REL_HAS(rel, TQ_REL_PIPE))
		return check_source(sp, b, i, &rel->pipe, group, e);
	return 0;
}

/* ---- keys --------------------------------------------------------------- */

/*
 * Who has a key, and has not ended.  Where two are, one began before the other
 * came, which waits for its end: between two attempts it counts as running.
 */
struct holders {
	uint32_t	 running, waiting;	/* slots, 0 none */
};

/* 1 if the task of a slot has the key: hashes may agree by chance. */
static int
has_key(struct tq_spool *sp, const struct tq_slot *s,
    const struct tq_bytes *key)
{
	struct tq_relation rel;
	struct tq_rec r;

	/* what cannot be read is taken for it: no second one is let in */
	if (tq_ledger_read(&sp->l, s->put, &r) == -1 ||
	    tq_relation_decode(&rel, r.put.more) == -1)
		return 1;
	return rel.key.n == key->n && memcmp(rel.key.p, key->p, key->n) == 0;
}

static void
find_holders(struct tq_spool *sp, const struct tq_bytes *key,
    struct holders *out)
{
	struct tq_table *t = &sp->t;
	uint64_t hash = tq_key_hash(t, key->p, key->n);
	uint32_t ext = 0, begun = 0;
	struct tq_slot *s;

	out->running = out->waiting = 0;
	while ((ext = tq_key_next(t, hash, ext)) != 0) {
		if ((s = tq_table_slot(t, t->exts[ext].slot)) == NULL ||
		    !has_key(sp, s, key))
			continue;
		if (s->state == TQ_STARTED)
			out->running = t->exts[ext].slot;
		else if (s->attempt > 0)
			begun = t->exts[ext].slot;
		else
			out->waiting = t->exts[ext].slot;
	}
	if (out->waiting == 0)
		out->waiting = begun;
	else if (out->running == 0)
		out->running = begun;
}

static int
key_taken(struct tq_spool *sp, const struct tq_uuid *by, struct tq_err *e)
{
	sp->other = *by;
	return tq_fail(e, EEXIST, "the key is taken");
}

/* The END of the one whose place is taken, behind the PUTs. */
static int
replace(struct tq_spool *sp, struct tq_batch *b, size_t i, uint32_t old,
    const struct tq_relation *rel, struct tq_err *e)
{
	const struct tq_slot *s = &sp->t.slots[old];
	const struct tq_ext *x = tq_table_ext(&sp->t, s);
	struct tq_rec *r = &b->recs[b->nrecs++];

	/* what it waits for might wait for the one it replaces */
	if (x != NULL && x->out != 0 &&
	    (rel->has & (1u << TQ_REL_AFTER | 1u << TQ_REL_PIPE)) != 0)
		return tq_fail(e, EINVAL, "others wait for the task that it "
		    "replaces, so it may not wait itself");
	tq_end_record(r, s, TQ_REVOKED, TQ_EF_NOCLAIM | TQ_EF_CAUSE, b->now);
	r->hint = old;
	r->end.why = TQ_CAUSE_REPLACED;
	r->end.cause = b->v[i].id;
	b->edges++;
	return 0;
}

static int
check_key(struct tq_spool *sp, struct tq_batch *b, size_t i,
    struct tq_relation *rel, struct tq_err *e)
{
	const struct tq_relation *o;
	const struct tq_uuid *held;
	struct holders h;
	size_t k;

	for (k = 0; k < i; k++) {
		o = b->v[k].ties == NULL ? NULL : &b->v[k].ties->rel;
		if (o != NULL && o->key.n == rel->key.n &&
		    memcmp(o->key.p, rel->key.p, rel->key.n) == 0)
			return key_taken(sp, &b->v[k].id, e);
	}
	find_holders(sp, &rel->key, &h);
	held = &sp->t.slots[h.waiting != 0 ? h.waiting : h.running].id;
	if (h.running == 0 && h.waiting == 0)
		return 0;
	switch (b->v[i].ties->on_key) {
	case TQ_KEY_SKIP:
		return key_taken(sp, held, e);
	case TQ_KEY_REPLACE:
		if (h.waiting != 0 &&
		    replace(sp, b, i, h.waiting, rel, e) == -1)
			return -1;
		break;
	default:
		if (h.waiting != 0)
			return key_taken(sp, held, e);
		break;
	}
	if (h.running != 0) {
		rel->has |= 1u << TQ_REL_FOLLOW;
		rel->follow = sp->t.slots[h.running].id;
		b->edges++;
	}
	return 0;
}

/* ---- all of a call ------------------------------------------------------ */

static int
tie_one(struct tq_spool *sp, struct tq_batch *b, size_t i, struct tq_err *e)
{
	const struct tq_spool_ties *ties = b->v[i].ties;
	struct tq_relation rel = ties->rel;
	size_t at = b->more.n;

	*b->which = i;
	b->exts += TQ_REL_TIED(&rel);
	b->passes += TQ_REL_HAS(&rel, TQ_REL_ASK) ||
	    TQ_REL_HAS(&rel, TQ_REL_KEY);
	if (TQ_REL_HAS(&rel, TQ_REL_GROUP)) {
		rel.row = ties->open ? (uint16_t)sp->owner.row : 0;
		rel.epoch = ties->open ? sp->owner.epoch : 0;
	}
	if (check_sources(sp, b, i, &rel, e) == -1 ||
	    (TQ_REL_HAS(&rel, TQ_REL_KEY) &&
	    check_key(sp, b, i, &rel, e) == -1))
		return -1;
	tq_relation_encode(&b->more, &rel);
	b->recs[i].put.more.n = b->more.n - at;
	return 0;
}

int
tq_batch_tie(struct tq_spool *sp, struct tq_batch *b, struct tq_err *e)
{
	const char *p;
	size_t i;

	tq_buf_reset(&b->more);
	b->nrecs = b->n;
	b->exts = b->edges = b->passes = 0;
	for (i = 0; i < b->n; i++)
		if (b->v[i].ties != NULL && tie_one(sp, b, i, e) == -1)
			return -1;
	if (!tq_buf_ok(&b->more))
		return tq_fail_sys(e, ENOMEM, "%s", sp->path);
	p = (const char *)b->more.p;
	for (i = 0; i < b->n; i++) {
		if (b->v[i].ties == NULL)
			continue;
		b->recs[i].put.more.p = p;
		p += b->recs[i].put.more.n;
	}
	return 0;
}
