/*
 * Putting tasks.
 *
 * PUT records of one call are one transaction.  COMMIT POINT: with policy
 * full, the sync that covers them; before it a crash may leave the tasks or
 * not, and the caller has not been told.
 *
 * What a put must find is in put_find.c and put_tie.c, bodies that are files in
 * put_body.c.
 */
#include <errno.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "spool/lock.h"
#include "spool/put.h"

void
tq_spool_digest(struct tq_uuid *out, const char *id)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX ctx;

	SHA256Init(&ctx);
	SHA256Update(&ctx, (const uint8_t *)id, strlen(id));
	SHA256Final(digest, &ctx);
	memcpy(out->b, digest, sizeof(out->b));
	/* version 8, RFC 9562 §5.8: never equal to a UUIDv7 */
	out->b[6] = (out->b[6] & 0x0f) | 0x80;
	out->b[8] = (out->b[8] & 0x3f) | 0x80;
}

void
tq_spool_make_id(struct tq_spool *sp, struct tq_uuid *out)
{
	tq_uuid_make(out, &sp->maker, tq_clock_wall());
}

static void
fill(struct tq_rec *r, const struct tq_spool_put *p)
{
	r->type = TQ_REC_PUT;
	r->id = p->id;
	r->put.pri = p->pri;
	r->put.flags = p->flags;
	r->put.uid = p->uid;
	r->put.eta = p->eta;
	r->put.expires = p->expires;
	r->put.keep = p->keep;
	r->put.head = p->head;
	r->put.body = p->body;
	if (p->foreign != NULL) {
		r->put.flags |= TQ_PF_FOREIGN;
		r->put.foreign.p = p->foreign;
		r->put.foreign.n = strlen(p->foreign);
	}
}

/* 1 if two tasks of one call have one id; those tq makes rise strictly. */
static int
twice(const struct tq_batch *b)
{
	int rising = 1;
	size_t i, k;

	for (i = 1; rising && i < b->n; i++)
		rising = memcmp(&b->v[i - 1].id, &b->v[i].id,
		    sizeof(b->v[i].id)) < 0;
	for (i = 1; !rising && i < b->n; i++)
		for (k = 0; k < i; k++)
			if (memcmp(&b->v[k].id, &b->v[i].id,
			    sizeof(b->v[i].id)) == 0) {
				*b->which = i;
				return 1;
			}
	return 0;
}

static int
encode(struct tq_spool *sp, struct tq_batch *b, struct tq_err *e)
{
	size_t i;

	tq_ledger_begin(&sp->l);
	for (i = 0; i < b->nrecs; i++)
		if (tq_ledger_add(&sp->l, &b->recs[i]) == -1)
			return tq_fail_sys(e, errno, "%s", sp->path);
	return 0;
}

/*
 * Not under the lock: encode a batch whose queues and contexts are all that
 * is not known yet.  What ties and ticks put into records is known later.
 */
static int
encode_early(struct tq_spool *sp, struct tq_batch *b, struct tq_err *e)
{
	size_t i;

	if (b->room > b->n || b->tick != NULL ||
	    (b->begun != 0 && b->begun == sp->l.begun))
		return 0;
	b->nrecs = b->n;
	for (i = 0; i < b->n; i++)
		b->recs[i].put.ctx = b->v[i].ctx.n > 0;
	if (encode(sp, b, e) == -1)
		return -1;
	b->begun = sp->l.begun;
	return 0;
}

/* Under the lock: have the records in the ledger's buffer. */
static int
encoded(struct tq_spool *sp, struct tq_batch *b, struct tq_err *e)
{
	size_t i;

	/* a queue or context that was made here took the buffer */
	if (b->begun == 0 || b->begun != sp->l.begun)
		return encode(sp, b, e);
	for (i = 0; i < b->nrecs; i++)
		tq_ledger_place(&sp->l, i, &b->recs[i]);
	return 0;
}

/* What they leave, with them. */
static uint64_t
batch_keep(const struct tq_spool *sp, const struct tq_batch *b)
{
	return tq_ledger_kept(&sp->l) + b->n * TQ_TASK_ROOM;
}

/*
 * One try under the lock.  As tq_core_write(), or 2: gc took the file of a body
 * that waited.
 */
static int
put_once(struct tq_spool *sp, struct tq_batch *b, struct tq_err *e)
{
	int rv;

	if ((rv = tq_batch_need(sp, b, e)) != 1)
		return rv;
	if (!tq_batch_has_bodies(sp, b))
		return 2;
	if (encoded(sp, b, e) == -1)
		return -1;
	return tq_core_write(sp, b->recs, sp->t.top->reserved,
	    batch_keep(sp, b), b->now, e);
}

/* Sleep until a queue may have room: 1, 0 the deadline passed. */
static int
wait_room(struct tq_spool *sp, tq_time deadline)
{
	struct tq_top *top = sp->t.top;
	uint32_t seen = atomic_load(&top->room_word);
	tq_time now = tq_clock_mono(), left;

	if (now >= deadline)
		return 0;
	atomic_store(&top->room_waiters, 1);
	left = deadline - now < TQ_SECOND / 10 ? deadline - now :
	    TQ_SECOND / 10;
	tq_futex_wait(&top->room_word, seen, left);
	return 1;
}

/* 1, -1. */
static int
try_put(struct tq_spool *sp, struct tq_batch *b, struct tq_err *e)
{
	struct tq_turn t = { .rv = 0 };

	for (;;) {
		b->full = 0;	/* who does not get in knows nothing of it */
		if (encode_early(sp, b, e) == -1)
			return -1;
		while (tq_turn_next(sp, &t, e)) {
			b->now = t.now;
			t.rv = put_once(sp, b, e);
		}
		if (t.rv != 2)
			return t.rv;
		tq_batch_drop(sp, b);
		b->begun = 0;	/* they get other names */
		if (tq_batch_store(sp, b, e) == -1)
			return -1;
	}
}

/* It is written: whatever keeps it from being synced, it may be there. */
static int
unknown(int rv, struct tq_err *e)
{
	if (rv == 0)
		return 0;
	if (e != NULL)
		e->num = EIO;
	errno = EIO;
	return -1;
}

/* Put a batch whose records are zeroed, and wait for the disk. */
static int
put_batch(struct tq_spool *sp, struct tq_batch *b, tq_time timeout,
    struct tq_err *e)
{
	tq_time deadline = 0;
	size_t i;
	int rv, saved;

	for (i = 0; i < b->n; i++)
		fill(&b->recs[i], &b->v[i]);
	rv = twice(b) ? tq_fail(e, EEXIST, "the id is there twice") :
	    tq_batch_store(sp, b, e);
	while (rv == 0 && (rv = try_put(sp, b, e)) == -1 && b->full &&
	    timeout > 0) {
		if (deadline == 0)
			deadline = tq_clock_deadline(tq_clock_mono(), timeout);
		if (wait_room(sp, deadline))
			rv = 0;
	}
	tq_buf_fini(&b->more);
	if (rv == -1) {
		saved = errno;
		tq_batch_drop(sp, b);
		errno = saved;
		return -1;
	}
	tq_core_upkeep(sp, b->now);
	if (sp->l.policy == TQ_SYNC_FULL || (sp->l.policy == TQ_SYNC_BATCH &&
	    sp->flags & TQ_OPEN_ONESHOT))
		return unknown(tq_core_commit(sp, sp->mine, e), e);
	return 0;
}

const struct tq_uuid *
tq_spool_other(const struct tq_spool *sp)
{
	return &sp->other;
}

/* 1 if members of a group will be put later: it is ours until then. */
static int
needs_owner(const struct tq_batch *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->v[i].ties != NULL && b->v[i].ties->open)
			return 1;
	return 0;
}

int
tq_spool_put(struct tq_spool *sp, const struct tq_spool_put *v, size_t n,
    tq_time timeout, size_t *which, struct tq_err *e)
{
	struct tq_rec few[2];
	struct tq_batch b = { .v = v, .n = n, .recs = few, .room = n,
	    .which = which };
	int rv, saved;

	*which = 0;
	memset(&sp->other, 0, sizeof(sp->other));
	memset(&few[0], 0, sizeof(few[0]));
	if (tq_batch_tied(&b)) {
		b.room = 2 * n;		/* each may replace one */
		tq_batch_expect(sp, &b);
		if (needs_owner(&b) && tq_own(sp, e) == -1)
			return -1;
	}
	if (n > 1 && (b.recs = calloc(b.room, sizeof(*b.recs))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", sp->path);
	rv = put_batch(sp, &b, timeout, e);
	saved = errno;
	if (b.recs != few)
		free(b.recs);
	errno = saved;
	return rv;
}

int
tq_spool_tick(struct tq_spool *sp, const struct tq_spool_tick *tick,
    const struct tq_spool_put *v, tq_time timeout, struct tq_err *e)
{
	struct tq_rec recs[3];
	size_t which = 0;
	struct tq_batch b = { .v = v, .n = v != NULL, .tick = tick,
	    .recs = recs, .which = &which };

	memset(recs, 0, sizeof(recs));
	memset(&sp->other, 0, sizeof(sp->other));
	b.room = tq_batch_tied(&b) ? 2 : b.n;
	return put_batch(sp, &b, timeout, e);
}

int
tq_spool_sync(struct tq_spool *sp, struct tq_err *e)
{
	if (sp->mine != 0 &&
	    unknown(tq_core_keep(sp, sp->mine, e), e) == -1)
		return -1;
	return tq_core_sound(sp, e);
}
