/*
 * What a put must find: room on the disk, what its tasks are tied to, its queue,
 * a row for the directory and environment that it names, and rows for all it
 * brings.
 */
#include <sys/statvfs.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "spool/gate.h"
#include "spool/put.h"
#include "spool/tick.h"

/* The floor if nothing is set: the larger of these. */
#define FLOOR_BYTES	(UINT64_C(256) << 20)
#define FLOOR_PART	20		/* a twentieth of the file system */

/* Once a second: is there more free space than the floor?  0, or -1 ENOSPC. */
static int
check_floor(struct tq_spool *sp, struct tq_err *e)
{
	struct statvfs v;
	int64_t set;
	uint64_t floor, left;

	if (sp->floored != 0 && sp->came - sp->floored < TQ_SECOND &&
	    !sp->under_floor)
		return 0;
	if (fstatvfs(sp->dirfd, &v) == -1)
		return tq_fail_sys(e, errno, "%s", sp->path);
	set = tq_setting_get(NULL, &sp->t.top->set, TQ_SET_FLOOR);
	floor = (uint64_t)v.f_blocks * v.f_frsize / FLOOR_PART;
	if (floor < FLOOR_BYTES)
		floor = FLOOR_BYTES;
	if (set >= 0)
		floor = (uint64_t)set;
	left = (uint64_t)v.f_bavail * v.f_frsize;
	atomic_store(&sp->t.top->left, left);
	sp->floored = sp->came;
	sp->under_floor = left < floor;
	if (!sp->under_floor)
		return 0;
	return tq_fail(e, ENOSPC, "%s: %" PRIu64 " MiB free are less than the "
	    "floor of %" PRIu64 " MiB (tqctl set floor=...)", sp->path,
	    left >> 20, floor >> 20);
}

/*
 * Under the lock: make a queue.  1 with its number in *out, 0 a segment is
 * wanted, -1.
 */
int
tq_queue_make(struct tq_spool *sp, const char *name, uint32_t *out,
    uint64_t keep, tq_time now, struct tq_err *e)
{
	static const char fresh[1] = { 0 };	/* open, no settings */
	struct tq_rec r = { .type = TQ_REC_QUEUE };
	int rv;

	if ((r.number = tq_table_queue_new(&sp->t)) == 0)
		return tq_fail(e, ENOSPC, "%s: no room for another queue",
		    name);
	r.name.p = name;
	r.name.n = strlen(name);
	r.bytes.p = fresh;
	r.bytes.n = sizeof(fresh);
	rv = tq_core_write_one(sp, &r, keep, now, e);
	*out = r.number;
	return rv;
}

int
tq_queue_need(struct tq_spool *sp, const char *name, uint32_t *out,
    uint64_t keep, tq_time now, struct tq_err *e)
{
	*out = tq_table_queue_find(&sp->t, name, strlen(name));
	if (*out != 0)
		return 1;
	if (!tq_setting_get(NULL, &sp->t.top->set, TQ_SET_AUTOCREATE))
		return tq_fail(e, ENOENT, "%s: no such queue", name);
	return tq_queue_make(sp, name, out, keep, now, e);
}

/* ---- contexts ------------------------------------------------------------ */

/* 1 if row n has these bytes. */
static int
is_ctx(struct tq_spool *sp, uint32_t n, const struct tq_bytes *ctx,
    uint64_t hash)
{
	const struct tq_crow *c = &sp->t.crows[n];
	struct tq_bytes have;

	return c->rec != 0 && c->hash == hash && c->size == ctx->n &&
	    tq_core_ctx(sp, n, &have) == 0 && have.n == ctx->n &&
	    memcmp(have.p, ctx->p, ctx->n) == 0;
}

/* 1 if a task of this call is about to name context n. */
static int
is_wanted(const struct tq_batch *b, size_t upto, uint32_t n)
{
	size_t i;

	for (i = 0; i < upto; i++)
		if (b->recs[i].put.ctx == n)
			return 1;
	return 0;
}

/*
 * Number of the context of task i when it is interned already; 0: it is not,
 * and *room is the first row that it may have.
 */
static uint32_t
find_ctx(struct tq_spool *sp, const struct tq_batch *b, size_t i,
    uint64_t hash, uint32_t *room)
{
	const struct tq_bytes *ctx = &b->v[i].ctx;
	const uint32_t used = sp->t.top->ctxs.used;
	const struct tq_crow *c;
	uint32_t n;

	/* as like as not it is that of the task before */
	if (sp->ctx_number != 0 && sp->ctx_number <= used &&
	    is_ctx(sp, sp->ctx_number, ctx, hash))
		return sp->ctx_number;
	*room = 0;
	for (n = 1; n <= used; n++) {
		if (is_ctx(sp, n, ctx, hash))
			return n;
		c = &sp->t.crows[n];
		/* one that is lost to damage has tasks, and no record */
		if (*room == 0 && c->refs == 0 &&
		    (c->rec == 0 || !is_wanted(b, i, n)))
			*room = n;
	}
	if (*room == 0)
		*room = n;
	return 0;
}

/* Number of the context of task i.  As tq_core_write(). */
static int
need_ctx(struct tq_spool *sp, const struct tq_batch *b, size_t i,
    uint32_t *out, struct tq_err *e)
{
	const struct tq_bytes *ctx = &b->v[i].ctx;
	struct tq_rec r = { .type = TQ_REC_CTX };
	size_t k;

	r.hash = UINT64_C(0xcbf29ce484222325);
	for (k = 0; k < ctx->n; k++)
		r.hash = (r.hash ^ (unsigned char)ctx->p[k]) *
		    UINT64_C(0x100000001b3);
	if (!tq_table_sane(&sp->t))
		return tq_fail(e, EBADMSG, "%s: the table is damaged",
		    sp->path);
	if ((*out = find_ctx(sp, b, i, r.hash, &r.number)) != 0)
		return 1;
	if (r.number >= TQ_CTX_MAX)
		return tq_fail(e, ENOSPC, "%s: %d directories and "
		    "environments are in use", sp->path, TQ_CTX_MAX - 1);
	if (tq_table_ctx_at(&sp->t, r.number) == NULL)
		return tq_fail_sys(e, errno, "%s: table of directories and "
		    "environments", sp->path);
	*out = r.number;
	r.bytes = *ctx;
	return tq_core_write_one(sp, &r, tq_ledger_kept(&sp->l), b->now, e);
}

/*
 * The queue of that name, with room for n tasks of so many bytes.  As
 * tq_core_write().
 */
static int
need_queue(struct tq_spool *sp, struct tq_batch *b, const char *name,
    size_t n, uint64_t bytes, uint32_t *out, struct tq_err *e)
{
	const struct tq_settings *all = &sp->t.top->set;
	struct tq_qrow *q;
	uint64_t count = 0, limit;
	int s, rv;

	if ((rv = tq_queue_need(sp, name, out, tq_ledger_kept(&sp->l), b->now,
	    e)) != 1)
		return rv;
	q = &sp->t.qrows[*out];
	sp->near = *out;
	if (q->closed)
		return tq_fail(e, EPERM, "%s: queue is closed", name);
	limit = (uint64_t)tq_setting_get(&q->set, all, TQ_SET_LIMIT_BYTES);
	if (limit != 0 && bytes > limit)	/* waiting would not help */
		return tq_fail(e, EMSGSIZE, "%s: %" PRIu64 " bytes, over its "
		    "limit-bytes of %" PRIu64, name, bytes, limit);
	b->full = tq_setting_get(&q->set, all, TQ_SET_ON_FULL) ==
	    TQ_FULL_WAIT;
	for (s = TQ_HELD; s <= TQ_RETRY; s++)
		count += q->count[s];
	limit = (uint64_t)tq_setting_get(&q->set, all, TQ_SET_LIMIT);
	if (limit != 0 && count + n > limit)
		return tq_fail(e, ENOSPC, "%s: queue is full", name);
	limit = (uint64_t)tq_setting_get(&q->set, all, TQ_SET_LIMIT_BYTES);
	if (limit != 0 && q->bytes + bytes > limit)
		return tq_fail(e, ENOSPC, "%s: queue is full (%" PRIu64
		    " bytes)", name, q->bytes);
	b->full = 0;
	return 1;
}

/*
 * Under the lock: give every record its queue and context, making what is not
 * there.  As tq_core_write().
 */
static int
resolve(struct tq_spool *sp, struct tq_batch *b, struct tq_err *e)
{
	const struct tq_spool_put *p, *before = NULL;
	uint32_t queue = 0, ctx = 0;
	uint64_t bytes = 0;
	size_t i, same;
	int rv;

	for (i = 0; i < b->n; i++) {
		p = &b->v[i];
		*b->which = i;
		if (!p->fresh && tq_table_find(&sp->t, &p->id) != 0)
			return tq_fail(e, EEXIST, "the id is known already");
		if (before == NULL || (p->queue != before->queue &&
		    strcmp(p->queue, before->queue) != 0)) {
			for (same = i, bytes = 0; same < b->n &&
			    (b->v[same].queue == p->queue ||
			    strcmp(b->v[same].queue, p->queue) == 0); same++)
				bytes += b->v[same].body.n +
				    b->v[same].head.n + TQ_REC_HEAD;
			rv = need_queue(sp, b, p->queue, same - i, bytes,
			    &queue, e);
			if (rv != 1)
				return rv;
		}
		if (before == NULL || p->ctx.p != before->ctx.p ||
		    p->ctx.n != before->ctx.n) {
			ctx = 0;
			if (p->ctx.n > 0 &&
			    (rv = need_ctx(sp, b, i, &ctx, e)) != 1)
				return rv;
		}
		b->recs[i].put.queue = (uint16_t)queue;
		b->recs[i].put.ctx = ctx;
		before = p;
	}
	return 1;
}

/*
 * Under the lock: the record that moves a schedule on, if it stands where the
 * putter believes.  0 or -1.
 */
static int
tick_next(struct tq_spool *sp, struct tq_batch *b, struct tq_err *e)
{
	const struct tq_spool_tick *tick = b->tick;
	struct tq_trow *row = tq_tick_find(&sp->t, &tick->id, b->now);
	struct tq_rec *r;

	if ((row == NULL ? 0 : row->at) != tick->last)
		return tq_fail(e, ESTALE, "somebody else has put this tick");
	if (row == NULL && tq_tick_reserve(&sp->t, b->now) == -1)
		return tq_fail_sys(e, errno, "%s: table of %d schedules",
		    sp->path, TQ_TICKS_MAX);
	r = &b->recs[b->nrecs++];
	memset(r, 0, sizeof(*r));
	r->type = TQ_REC_LAST;
	r->id = tick->id;
	r->last.at = tick->at;
	r->last.until = tick->until;
	return 0;
}

/* 1 if the task before asks for the same. */
static int
same_needs(const struct tq_spool_put *before, const struct tq_ask *ask)
{
	struct tq_ask a;

	return before->ties != NULL &&
	    tq_ask_decode(&a, before->ties->rel.ask) == 0 &&
	    memcmp(&a.needs, &ask->needs, sizeof(a.needs)) == 0;
}

/*
 * Rows for what the tasks ask of gates.  How many sets of needs are new is
 * not counted: at the worst each is.
 */
static int
gates_for(struct tq_spool *sp, struct tq_batch *b, struct tq_err *e)
{
	struct tq_top *top = sp->t.top;
	uint32_t new = 0;
	struct tq_ask ask;
	size_t i;

	b->full = tq_table_reserve_gates(&sp->t, b->passes, b->passes) == -1;
	if (b->full)
		return tq_fail_sys(e, errno, "%s: table of gates", sp->path);
	for (i = 0; i < b->n; i++) {
		if (b->v[i].ties == NULL ||
		    tq_ask_decode(&ask, b->v[i].ties->rel.ask) == -1 ||
		    ask.needs.n == 0 || tq_gate_find(&sp->t, TQ_GATE_CLASS,
		    tq_gate_class(&ask.needs)) != 0)
			continue;
		new = i > 0 && new > 0 && same_needs(&b->v[i - 1], &ask) ?
		    new : new + 1;
		if (top->ngates[TQ_GATE_CLASS] + new < TQ_CLASSES_MAX)
			continue;
		b->full = 1;
		return tq_fail(e, ENOSPC, "%s: tasks with %d different sets of "
		    "needs are there", sp->path, TQ_CLASSES_MAX - 1);
	}
	return 0;
}

/* Rows for all that they bring, so that none is refused later.  0, -1. */
static int
rows_for(struct tq_spool *sp, struct tq_batch *b, struct tq_err *e)
{
	const struct tq_top *top = sp->t.top;

	b->full = tq_table_reserve(&sp->t, (uint32_t)b->n) == -1;
	if (b->full)
		return tq_fail_sys(e, errno, "%s: table of %u tasks", sp->path,
		    (unsigned)top->ntasks);
	b->full = b->exts > 0 &&
	    tq_table_reserve_ties(&sp->t, b->exts, b->edges) == -1;
	if (b->full)
		return tq_fail_sys(e, errno, "%s: table of %u ties", sp->path,
		    (unsigned)top->nedges);
	return b->passes > 0 ? gates_for(sp, b, e) : 0;
}

int
tq_batch_need(struct tq_spool *sp, struct tq_batch *b, struct tq_err *e)
{
	int rv;

	b->full = 0;
	b->nrecs = b->n;
	if (check_floor(sp, e) == -1 ||
	    (b->room > b->n && tq_batch_tie(sp, b, e) == -1) ||
	    (b->tick != NULL && tick_next(sp, b, e) == -1))
		return -1;
	if ((rv = resolve(sp, b, e)) != 1)
		return rv;
	return rows_for(sp, b, e) == -1 ? -1 : 1;
}
