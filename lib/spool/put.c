/*
 * Putting tasks.
 *
 * PUT records of one call are one transaction.  COMMIT POINT: with policy
 * full, the sync that covers them; before it a crash may leave the tasks or
 * not, and the caller has not been told.
 *
 * A large body is a file under the task's id before its record is written; a
 * crash in between leaves a file that no record names.
 */
#include <sys/stat.h>

#include <bsd/stdlib.h>
#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "spool/file.h"
#include "spool/gate.h"
#include "spool/lock.h"
#include "spool/put.h"
#include "spool/tick.h"

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

/* Bodies that are files, or too long for a record, go to files first. */
static int
store_bodies(struct tq_spool *sp, struct tq_batch *b, struct tq_err *e)
{
	size_t max = tq_format_inline_max(&sp->format), i;
	char name[TQ_FILE_NAME];
	struct tq_rec *r;
	int fd, taken, rv;

	for (i = 0; i < b->n; i++) {
		r = &b->recs[i];
		fd = b->v[i].body_fd;
		if (fd == -1 && b->v[i].body.n <= max)
			continue;
		*b->which = i;
		if (fd == -1 && (fd = tq_file_memory(b->v[i].body.p,
		    b->v[i].body.n)) == -1)
			return tq_fail_sys(e, errno, "%s/files", sp->path);
		tq_random(&r->put.file, sizeof(r->put.file));
		tq_file_name(name, &r->id, TQ_FILE_BODY, r->put.file);
		rv = tq_file_store(sp, name, fd, &r->put.body_size, &taken, e);
		if (fd != b->v[i].body_fd)
			close(fd);
		if (rv == -1)
			return -1;
		r->put.flags |= TQ_PF_BODYFILE;
		r->put.body.n = 0;
		r->put.body.p = NULL;
	}
	return 0;
}

/*
 * Under the lock: 1 if all files of bodies are there.  No record names them yet,
 * so gc, which unlinks under the lock, may have taken them from a put that waited
 * or was stopped for long.
 */
static int
has_bodies(struct tq_spool *sp, const struct tq_batch *b)
{
	char name[TQ_FILE_NAME];
	struct stat st;
	size_t i;

	for (i = 0; i < b->n; i++) {
		if (!(b->recs[i].put.flags & TQ_PF_BODYFILE))
			continue;
		tq_file_name(name, &b->recs[i].id, TQ_FILE_BODY,
		    b->recs[i].put.file);
		if (fstatat(tq_file_dir(sp), name, &st,
		    AT_SYMLINK_NOFOLLOW) == -1 && errno == ENOENT)
			return 0;
	}
	return 1;
}

static void
drop_bodies(struct tq_spool *sp, const struct tq_batch *b)
{
	char name[TQ_FILE_NAME];
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->recs[i].put.flags & TQ_PF_BODYFILE) {
			tq_file_name(name, &b->recs[i].id, TQ_FILE_BODY,
			    b->recs[i].put.file);
			(void)tq_sys.unlinkat(tq_file_dir(sp), name, 0);
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
			rv = tq_batch_queue(sp, b, p->queue, same - i, bytes,
			    &queue, e);
			if (rv != 1)
				return rv;
		}
		if (before == NULL || p->ctx.p != before->ctx.p ||
		    p->ctx.n != before->ctx.n) {
			ctx = 0;
			if (p->ctx.n > 0 &&
			    (rv = tq_batch_ctx(sp, b, i, &ctx, e)) != 1)
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

	b->full = 0;
	b->nrecs = b->n;
	if (tq_batch_floor(sp, e) == -1 || (b->room > b->n &&
	    tq_batch_tie(sp, b, e) == -1) ||
	    (b->tick != NULL && tick_next(sp, b, e) == -1) ||
	    (rv = resolve(sp, b, e)) == -1)
		return -1;
	if (rv == 0)
		return 0;
	b->full = tq_table_reserve(&sp->t, (uint32_t)b->n) == -1;
	if (b->full)
		return tq_fail_sys(e, errno, "%s: table of %u tasks", sp->path,
		    (unsigned)sp->t.top->ntasks);
	if (b->exts > 0) {
		b->full = tq_table_reserve_ties(&sp->t, b->exts,
		    b->edges) == -1;
		if (b->full)
			return tq_fail_sys(e, errno, "%s: table of %u ties",
			    sp->path, (unsigned)sp->t.top->nedges);
	}
	if (b->passes > 0 && gates_for(sp, b, e) == -1)
		return -1;
	if (!has_bodies(sp, b))
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
		if (encode_early(sp, b, e) == -1)
			return -1;
		while (tq_turn_next(sp, &t, e)) {
			b->now = t.now;
			t.rv = put_once(sp, b, e);
		}
		if (t.rv != 2)
			return t.rv;
		drop_bodies(sp, b);
		b->begun = 0;	/* they get other names */
		if (store_bodies(sp, b, e) == -1)
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
	    store_bodies(sp, b, e);
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
		drop_bodies(sp, b);
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
