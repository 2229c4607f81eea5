/*
 * What a put must find first: room on the disk, its queue, and a row for the
 * directory and environment that it names.
 */
#include <sys/statvfs.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "spool/put.h"

/* The floor if nothing is set: the larger of these. */
#define FLOOR_BYTES	(UINT64_C(256) << 20)
#define FLOOR_PART	20		/* a twentieth of the file system */

int
tq_batch_floor(struct tq_spool *sp, struct tq_err *e)
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

/* The same for a context; its number when it is interned already. */
static int
ctx_find(struct tq_spool *sp, const struct tq_bytes *ctx, uint64_t hash,
    uint32_t *out)
{
	struct tq_bytes have;
	struct tq_crow *c;
	uint32_t n;

	*out = 0;
	for (n = 1; n <= sp->t.top->ctxs.used; n++) {
		if ((c = tq_table_ctx(&sp->t, n)) == NULL)
			return -1;
		if (c->rec == 0 || c->hash != hash || c->size != ctx->n)
			continue;
		if (tq_core_ctx(sp, n, &have) == 0 && have.n == ctx->n &&
		    memcmp(have.p, ctx->p, ctx->n) == 0) {
			*out = n;
			return 0;
		}
	}
	return 0;
}

/* 1 if a task of this call is about to name context n. */
static int
ctx_wanted(const struct tq_batch *b, size_t upto, uint32_t n)
{
	size_t i;

	for (i = 0; i < upto; i++)
		if (b->recs[i].put.ctx == n)
			return 1;
	return 0;
}

int
tq_batch_ctx(struct tq_spool *sp, const struct tq_batch *b, size_t i,
    uint32_t *out, struct tq_err *e)
{
	const struct tq_bytes *ctx = &b->v[i].ctx;
	struct tq_rec r = { .type = TQ_REC_CTX };
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	uint32_t n;
	size_t k;

	for (k = 0; k < ctx->n; k++)
		hash = (hash ^ (unsigned char)ctx->p[k]) *
		    UINT64_C(0x100000001b3);
	if (ctx_find(sp, ctx, hash, out) == -1)
		return tq_fail(e, EBADMSG, "%s: the table is damaged",
		    sp->path);
	if (*out != 0)
		return 1;
	for (n = 1; n <= sp->t.top->ctxs.used; n++)
		/* one that is lost to damage has tasks, and no record */
		if (sp->t.crows[n].refs == 0 && (sp->t.crows[n].rec == 0 ||
		    !ctx_wanted(b, i, n)))
			break;
	if (n >= TQ_CTX_MAX)
		return tq_fail(e, ENOSPC, "%s: %d directories and "
		    "environments are in use", sp->path, TQ_CTX_MAX - 1);
	if (tq_table_ctx_at(&sp->t, n) == NULL)
		return tq_fail_sys(e, errno, "%s: table of directories and "
		    "environments", sp->path);
	r.number = *out = n;
	r.hash = hash;
	r.bytes = *ctx;
	return tq_core_write_one(sp, &r, tq_ledger_kept(&sp->l), b->now, e);
}

int
tq_batch_queue(struct tq_spool *sp, struct tq_batch *b, const char *name,
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
