/*
 * Put: tasks become the bytes and fields that lib/spool keeps.
 *
 * Heads and contexts of a whole batch stand in one buffer, which moves while
 * it grows; so places are offsets until the last task is written.
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/spool/local.h"
#include "message/native.h"

#define DEFAULT_QUEUE	"default"

static int
reserve(struct tq_local *l, size_t n, struct tq_err *e)
{
	struct tq_spool_put *puts;
	struct tq_local_place *places;

	if (n <= l->room)
		return 0;
	if ((puts = reallocarray(l->puts, n, sizeof(*puts))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%zu tasks", n);
	l->puts = puts;
	if ((places = reallocarray(l->places, n, sizeof(*places))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%zu tasks", n);
	l->places = places;
	l->room = n;
	return 0;
}

static uint8_t
put_flags(const struct tq_task *t)
{
	unsigned flags = 0;

	if (t->flags & TQ_TASK_ONCE)
		flags |= TQ_PF_ONCE;
	if (t->flags & TQ_TASK_HOLD)
		flags |= TQ_PF_HOLD;
	if (t->flags & TQ_TASK_NORESULT)
		flags |= TQ_PF_NORESULT;
	if (t->keep >= 0)
		flags |= TQ_PF_KEEP;
	return (uint8_t)flags;
}

/* What the record has fields for. */
static void
fill(struct tq_local *l, struct tq_spool_put *v, const struct tq_task *t,
    struct tq_id *out)
{
	v->foreign = NULL;
	v->fresh = t->id == NULL;
	if (v->fresh) {
		tq_spool_make_id(l->sp, &v->id);
		tq_uuid_format(out->s, &v->id);
	} else {
		(void)strlcpy(out->s, t->id, sizeof(out->s));
		if (tq_local_id(&v->id, t->id))
			v->foreign = t->id;
	}
	v->queue = t->queue == NULL ? DEFAULT_QUEUE : t->queue;
	v->pri = (uint8_t)t->pri;
	v->flags = put_flags(t);
	v->uid = l->uid;
	v->eta = t->eta;
	v->expires = t->expires;
	v->keep = t->keep;
}

static int
same_context(const struct tq_task *a, const struct tq_task *b)
{
	return a->dir == b->dir && a->env == b->env && a->umask == b->umask;
}

/* What it has none for, behind the bytes of the tasks before it. */
static int
encode(struct tq_local *l, size_t i, const struct tq_task *t,
    struct tq_err *e)
{
	struct tq_local_place *p = &l->places[i];
	struct tq_task head = *t;

	head.uid = -1;			/* the record has these two */
	head.keep = -1;
	p->head = l->bytes.n;
	tq_native_head_put(&l->bytes, &head);
	p->head_size = l->bytes.n - p->head;
	if (tq_local_tie(l, i, t, e) == -1)
		return -1;

	p->ctx = l->bytes.n;
	p->ctx_size = 0;
	if (i > 0 && same_context(t, t - 1)) {
		p->ctx = p[-1].ctx;
		p->ctx_size = p[-1].ctx_size;
	} else if (t->dir != NULL || t->env != NULL || t->umask != -1) {
		tq_native_ctx_put(&l->bytes, t);
		p->ctx_size = l->bytes.n - p->ctx;
	}

	/* a short file is read; long bytes lib/spool itself makes a file of */
	if (tq_piece_init(&p->body, t->body, t->body_fd, e) == -1)
		return -1;
	p->body.is_file = t->body_fd != -1 &&
	    p->body.size > tq_spool_inline_max(l->sp);
	return tq_piece_bring(&p->body, &l->bytes, e);
}

/* Nothing is added to the buffer any more: offsets become pointers. */
static void
place(struct tq_local *l, size_t i)
{
	const char *bytes = (const char *)l->bytes.p;
	const struct tq_local_place *p = &l->places[i];
	struct tq_spool_put *v = &l->puts[i];

	v->head = (struct tq_bytes){ bytes + p->head, p->head_size };
	v->ctx = (struct tq_bytes){ bytes + p->ctx, p->ctx_size };
	v->body = tq_piece_bytes(&p->body, &l->bytes);
	v->body_fd = p->body.is_file ? p->body.fd : -1;
	v->ties = NULL;
	if (p->tied) {
		l->places[i].ties.rel.after.p = bytes + p->after;
		l->places[i].ties.rel.ask.p = bytes + p->ask;
		v->ties = &p->ties;
	}
}

/* With a tick, n is at most 1. */
static int
put_placed(struct tq_local *l, const struct tq_spool_tick *tick,
    const struct tq_task *t, size_t n, tq_time timeout, struct tq_id *out,
    struct tq_err *e)
{
	struct tq_err why;
	size_t i, which = 0;

	if (!tq_buf_ok(&l->bytes))
		return tq_fail_sys(e, l->bytes.err, "%zu tasks", n);
	for (i = 0; i < n; i++)
		place(l, i);
	if ((tick != NULL ? tq_spool_tick(l->sp, tick, n > 0 ? l->puts : NULL,
	    timeout, &why) : tq_spool_put(l->sp, l->puts, n, timeout, &which,
	    &why)) == 0)
		return 0;
	if (n > 0)
		return tq_local_refused(l, t, which, out, &why, e);
	return tq_fail(e, why.num, "%s", why.text);
}

static int
put(struct tq_local *l, const struct tq_spool_tick *tick,
    const struct tq_task *t, size_t n, tq_time timeout, struct tq_id *out,
    struct tq_err *e)
{
	size_t i;

	if (reserve(l, n, e) == -1)
		return -1;
	tq_buf_reset(&l->bytes);
	for (i = 0; i < n; i++) {
		fill(l, &l->puts[i], &t[i], &out[i]);
		if (encode(l, i, &t[i], e) == -1)
			return -1;
	}
	return put_placed(l, tick, t, n, timeout, out, e);
}

int
tq_local_put(void *b, const struct tq_task *t, size_t n, tq_time timeout,
    struct tq_id *out, struct tq_err *e)
{
	return put(b, NULL, t, n, timeout, out, e);
}

int
tq_local_tick(void *b, const struct tq_tick *tick, const struct tq_task *t,
    tq_time timeout, struct tq_id *out, struct tq_err *e)
{
	struct tq_spool_tick v = { .last = tick->last, .at = tick->at,
	    .until = tick->until };
	struct tq_err why;

	tq_spool_digest(&v.id, tick->schedule);
	if (put(b, &v, t, t != NULL, timeout, out, &why) == 0)
		return 0;
	return tq_fail(e, why.num, "%s%s%s",
	    why.num == ESTALE ? tick->schedule : "",
	    why.num == ESTALE ? ": " : "", why.text);
}

int
tq_local_last(void *b, const char *schedule, tq_time *at, struct tq_err *e)
{
	struct tq_local *l = b;
	struct tq_uuid id;

	tq_spool_digest(&id, schedule);
	return tq_spool_last(l->sp, &id, at, e);
}
