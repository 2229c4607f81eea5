/* Claim and settle: a task out of the spool, its outcome into it. */
#include <errno.h>
#include <string.h>

#include "backend/spool/local.h"
#include "backend/spool/translate.h"
#include "base/arena.h"
#include "base/clock.h"
#include "message/native.h"
#include "spool/gate.h"

/* ---- settle ---------------------------------------------------------- */

static uint8_t
end_flags(const struct tq_outcome *o)
{
	uint8_t flags = o->flags & TQ_OUTCOME_CUT ? TQ_EF_CUT : 0;

	if (o->state != TQ_RETRY && o->state != TQ_FAILURE)
		return flags;
	return flags |
	    (o->flags & TQ_OUTCOME_LATER ? TQ_EF_LATER : TQ_EF_FAILED);
}

static int
stale(const struct tq_ref *ref, struct tq_err *e)
{
	return tq_fail(e, ESTALE, "%s/%u: the claim is no longer yours",
	    ref->id.s, ref->attempt);
}

/* When it may start again; with no time said, at once. */
static tq_time
retry_time(const struct tq_outcome *o)
{
	if (o->state != TQ_RETRY)
		return 0;
	return o->when > 0 ? o->when : tq_clock_wall();
}

/*
 * Forget what a success wrote if its task wants no result.  The task is asked
 * only when there is something to forget.
 */
static int
drop_unwanted(struct tq_local *l, const struct tq_ref *ref,
    struct tq_outcome *o, struct tq_piece io[2], struct tq_err *e)
{
	const struct tq_bytes nothing = { .p = NULL };
	struct tq_spool_look look;
	struct tq_uuid id;
	int i;

	if (o->state != TQ_SUCCESS ||
	    io[0].size + io[1].size + o->result.n == 0)
		return 0;
	(void)tq_local_id(&id, ref->id.s);
	switch (tq_spool_look(l->sp, &id, 0, &look, e)) {
	case -1:
		return -1;
	case 0:
		return stale(ref, e);
	}
	if (!(look.s.flags & TQ_PF_NORESULT))
		return 0;
	for (i = 0; i < 2; i++)
		(void)tq_piece_init(&io[i], nothing, -1, NULL);
	o->result = nothing;
	return 0;
}

/* The shorter stream stands in the record first, the longer if it fits. */
static void
choose(struct tq_piece io[2], size_t room)
{
	struct tq_piece *p = &io[io[1].size < io[0].size];
	int i;

	for (i = 0; i < 2; i++, p = p == io ? io + 1 : io) {
		p->is_file = p->size > room;
		if (!p->is_file)
			room -= p->size;
	}
}

/* Settle what stands in the buffer and io. */
static int
settle_pieces(struct tq_local *l, const struct tq_ref *ref,
    struct tq_outcome *o, struct tq_piece io[2], unsigned flags,
    struct tq_err *e)
{
	const struct tq_native_sizes sizes = {
		.out = io[0].size, .err = io[1].size
	};
	struct tq_rec_end end = {
		.state = (uint8_t)o->state,
		.flags = end_flags(o),
		.when = retry_time(o),
		.out_size = io[0].size,
		.err_size = io[1].size
	};
	int fd[2] = { -1, -1 }, taken[2] = { 0, 0 };
	size_t meta = l->bytes.n;
	struct tq_uuid id;
	int i;

	tq_native_outcome_put(&l->bytes, o, &sizes);
	if (!tq_buf_ok(&l->bytes))
		return tq_fail_sys(e, l->bytes.err, "outcome of %s",
		    ref->id.s);
	end.meta.p = (const char *)l->bytes.p + meta;
	end.meta.n = l->bytes.n - meta;
	end.out = tq_piece_bytes(&io[0], &l->bytes);
	end.err = tq_piece_bytes(&io[1], &l->bytes);
	for (i = 0; i < 2; i++)
		if (io[i].is_file)
			fd[i] = io[i].fd;
	(void)tq_local_id(&id, ref->id.s);
	if (tq_spool_settle(l->sp, &id, ref->hint, ref->attempt, &end, fd,
	    taken, flags, e) == -1)
		return errno == ESTALE ? stale(ref, e) : -1;
	o->taken_out = taken[0] && !io[0].made;
	o->taken_err = taken[1] && !io[1].made;
	return 0;
}

/*
 * A result stands with the outcome; one that is too long for that takes the
 * place of what was written to stdout, which may be a file.
 */
static int
place_result(struct tq_outcome *o, struct tq_piece io[2], size_t room,
    struct tq_err *e)
{
	const struct tq_bytes nothing = { .p = NULL };

	if (o->result.n <= room / 2)
		return 0;
	if (tq_piece_init(&io[0], o->result, -1, e) == -1)
		return -1;
	o->result = nothing;
	return 0;
}

int
tq_local_settle(void *b, const struct tq_ref *ref, struct tq_outcome *o,
    unsigned flags, struct tq_err *e)
{
	struct tq_local *l = b;
	struct tq_piece io[2] = { { .fd = -1 }, { .fd = -1 } };
	struct tq_outcome kept = *o;
	size_t room = tq_spool_inline_max(l->sp);
	int rv = -1;

	tq_buf_reset(&l->bytes);
	kept.taken_out = kept.taken_err = 0;
	if (tq_piece_init(&io[0], o->out, o->out_fd, e) == -1 ||
	    tq_piece_init(&io[1], o->err, o->err_fd, e) == -1 ||
	    drop_unwanted(l, ref, &kept, io, e) == -1 ||
	    place_result(&kept, io, room, e) == -1)
		return -1;
	choose(io, room - kept.result.n);
	if (tq_piece_bring(&io[0], &l->bytes, e) == 0 &&
	    tq_piece_bring(&io[1], &l->bytes, e) == 0)
		rv = settle_pieces(l, ref, &kept, io, flags, e);
	tq_piece_fini(&io[0]);
	tq_piece_fini(&io[1]);
	o->taken_out = kept.taken_out;
	o->taken_err = kept.taken_err;
	return rv;
}

int
tq_local_renew(void *b, const struct tq_ref *ref, tq_time lease,
    struct tq_err *e)
{
	struct tq_local *l = b;
	struct tq_uuid id;

	(void)tq_local_id(&id, ref->id.s);
	if (tq_spool_renew(l->sp, &id, ref->hint, ref->attempt, lease,
	    e) == -1)
		return errno == ESTALE ? stale(ref, e) : -1;
	return 0;
}

int
tq_local_report(void *b, const struct tq_claim *c, const struct tq_report *r,
    struct tq_err *e)
{
	struct tq_local *l = b;
	struct tq_uuid id;

	tq_buf_reset(&l->bytes);
	if (r->state != NULL)
		tq_buf_str(&l->bytes, r->state);
	if (r->state != NULL && r->text.n > 0)
		tq_buf_byte(&l->bytes, ' ');
	tq_buf_put(&l->bytes, r->text.p, r->text.n);
	if (!tq_buf_ok(&l->bytes))
		return tq_fail_sys(e, l->bytes.err, "report");
	(void)tq_local_id(&id, c->ref.id.s);
	return tq_spool_report(l->sp, &id, c->ref.attempt, c->capture,
	    (const char *)l->bytes.p, l->bytes.n, e);
}

/* ---- claim ----------------------------------------------------------- */

/* "gpu=0,3": what it got of a resource, by the name that its task says. */
static const char *
unit_words(struct tq_arena *mem, const struct tq_task *t, uint64_t hash,
    struct tq_cur *c)
{
	uint64_t n = tq_cur_varint(c), unit;
	const char *name = NULL;
	size_t i, len = 0;
	struct tq_buf b;
	const char *words;

	for (i = 0; i < t->nneeds; i++) {
		len = strcspn(t->needs[i], "=");
		name = t->needs[i];
		if (tq_gate_hash(name, len) == hash)
			break;
	}
	tq_buf_init(&b);
	if (i < t->nneeds)
		tq_buf_put(&b, name, len);
	for (i = 0; i < n && !c->err; i++) {
		unit = tq_cur_varint(c);
		tq_buf_printf(&b, "%c%u", i == 0 ? '=' : ',', (unsigned)unit);
	}
	words = tq_arena_keep(mem, &b).p;
	tq_buf_fini(&b);
	return words;
}

static int
fill_units(struct tq_claim *c, struct tq_arena *mem, struct tq_bytes units)
{
	const char **v;
	struct tq_cur cur;
	const void *p;

	c->units = NULL;
	c->nunits = 0;
	if (units.n == 0)
		return 0;
	if ((v = tq_arena_alloc(mem, TQ_NEEDS_MAX * sizeof(*v))) == NULL)
		return -1;
	tq_cur_init(&cur, units.p, units.n);
	while (cur.n > 0 && c->nunits < TQ_NEEDS_MAX &&
	    (p = tq_cur_get(&cur, 8)) != NULL) {
		v[c->nunits] = unit_words(mem, &c->task, tq_le64(p), &cur);
		if (v[c->nunits++] == NULL)
			return -1;
	}
	c->units = v;
	return 0;
}

/* Fill the claim; got's views die with the call for the body, the last. */
static int
fill(struct tq_local *l, struct tq_claim *c, const struct tq_spool_got *got,
    struct tq_err *e)
{
	const struct tq_stored stored = {
		&got->s.id, &got->s, &got->rec, got->ctx, got->queue
	};
	struct tq_uuid id = got->s.id;
	int in_file = (got->rec.put.flags & TQ_PF_BODYFILE) != 0;
	struct tq_bytes more = got->rec.put.more;
	struct tq_relation rel = { .has = 0 };
	struct tq_arena *mem;

	tq_translate_id(&c->ref.id, &id, got->rec.put.foreign);
	c->ref.attempt = got->s.attempt;
	c->ref.hint = got->slot;
	tq_task_init(&c->task);
	if ((mem = tq_arena_reuse(&c->mem)) == NULL)
		return tq_fail_sys(e, ENOMEM, "claim of %s", c->ref.id.s);
	if (tq_translate_task(&c->task, mem, &stored, e) == -1 ||
	    (more.n > 0 && tq_relation_decode(&rel, more) == -1))
		return -1;
	if (c->task.retries == -1)
		c->task.retries = got->retries;
	c->rules = got->rules;
	if (fill_units(c, mem, got->units) == -1)
		return tq_fail_sys(e, ENOMEM, "claim of %s", c->ref.id.s);
	c->crashes = got->s.crashes;
	c->laters = got->s.laters;
	c->failures = tq_translate_failures(&got->s, got->s.attempt - 1u);
	c->put = tq_translate_put_time(&got->rec);
	c->start = got->s.time;
	if (in_file && (c->task.body_fd = tq_spool_body(l->sp, &id, e)) == -1)
		return -1;
	if (TQ_REL_HAS(&rel, TQ_REL_PIPE) &&
	    tq_local_pipe(l, &c->task, mem, &rel.pipe, e) == -1)
		return -1;
	return rel.has != 0 ? tq_local_names(l, &c->task, mem, e) : 0;
}

/*
 * The task was claimed and cannot be told.  Damaged, of a newer tq, or its
 * body gone: it ends in failure, so that people see it, and 0 is returned.
 * Our own want of memory or descriptors is none of its fault: it goes back.
 */
static int
refuse(struct tq_local *l, const struct tq_ref *ref, struct tq_err *why,
    struct tq_err *e)
{
	struct tq_outcome o;
	int ours = why->num != EBADMSG && why->num != EPROTO &&
	    why->num != ENOENT;

	tq_outcome_init(&o, ours ? TQ_READY : TQ_FAILURE);
	why->text[TQ_WHY_MAX] = '\0';
	o.why = why->text;
	if (tq_local_settle(l, ref, &o, 0, e) == -1 && errno != ESTALE)
		return -1;
	return ours ? tq_fail(e, why->num, "%s: %s", ref->id.s, why->text) : 0;
}

int
tq_local_claim(void *b, const struct tq_take *take, struct tq_claim *c,
    struct tq_err *e)
{
	struct tq_local *l = b;
	struct tq_spool_got got;
	struct tq_err why;
	int rv;

	/* one that ended here in failure costs a second wait, at worst */
	while ((rv = tq_spool_claim(l->sp, take, &got, e)) == 1) {
		if (fill(l, c, &got, &why) == 0)
			return 1;
		if (refuse(l, &c->ref, &why, e) == -1)
			return -1;
	}
	return rv;
}
