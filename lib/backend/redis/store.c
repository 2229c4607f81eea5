/*
 * The result store: Celery's metas, one task at a time.
 *
 * A meta of ours has a member "tq" besides (extra.h).  Of a task that nobody
 * has told anything about there is no meta: Celery calls it PENDING, and so do
 * we, unless all workers are tq's: then it is on the broker or it is unknown.
 */
#include <bsd/string.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "backend/redis/calls.h"
#include "backend/redis/end.h"
#include "backend/redis/extra.h"
#include "backend/redis/keyname.h"
#include "backend/redis/message.h"
#include "backend/redis/meta.h"
#include "backend/redis/see.h"
#include "base/clock.h"

/* ---- its streams ----------------------------------------------------- */

/*
 * A result comes whole and is read in pieces: the rest of one that has ended is
 * kept for the next piece.
 */
static void
keep_rest(struct tq_redis *r, const char *key, struct tq_bytes bytes)
{
	tq_buf_fini(&r->stream);
	r->stream_of[0] = '\0';
	if (key == NULL)
		return;
	tq_buf_put(&r->stream, bytes.p, bytes.n);
	if (tq_buf_ok(&r->stream))
		strlcpy(r->stream_of, key, sizeof(r->stream_of));
}

/* n bytes at most of those from off on. */
static ssize_t
piece(void *buf, struct tq_bytes bytes, uint64_t off, size_t n)
{
	if (off >= bytes.n)
		return 0;
	if (n > bytes.n - off)
		n = bytes.n - (size_t)off;
	memcpy(buf, bytes.p + off, n);
	return (ssize_t)n;
}

ssize_t
tq_redis_read_stream(void *b, const char *id, unsigned attempt,
    enum tq_stream which, uint64_t off, void *buf, size_t n,
    struct tq_err *e)
{
	struct tq_redis *r = b;
	struct tq_bytes bytes;
	struct tq_redis_meta m = { .state = TQ_ABSENT };
	char key[sizeof(r->stream_of)];
	int rv;

	snprintf(key, sizeof(key), "%u %d %s", attempt, (int)which, id);
	if (off > 0 && strcmp(key, r->stream_of) == 0) {
		bytes.p = (const char *)r->stream.p;
		bytes.n = r->stream.n;
		return piece(buf, bytes, off, n);
	}
	tq_arena_reset(&r->mem);
	if (which == TQ_STDIN)
		rv = r->is_store ? 0 :
		    tq_redis_find_body(r, id, &bytes, &r->mem, e);
	else if ((rv = tq_redis_meta_look(r, &m, &r->mem, id, e)) == 1) {
		if (attempt != 0 && m.x.attempt != 0 &&
		    attempt != m.x.attempt)
			return tq_fail(e, ENOENT, "%s: nothing is kept of "
			    "attempt %u", id, attempt);
		if (tq_redis_meta_stream(&bytes, &r->mem, &m, which) == -1)
			return tq_fail_sys(e, ENOMEM, "result of %s", id);
	}
	if (rv == -1)
		return -1;
	if (rv == 0)
		return tq_fail(e, ENOENT, "%s: no result", id);
	keep_rest(r, TQ_STATE_ENDED(m.state) && bytes.n > n ? key : NULL,
	    bytes);
	return piece(buf, bytes, off, n);
}

/* ---- one task -------------------------------------------------------- */

/* Who runs it, for a meta that some other Celery wrote. */
static void
foreign_start(struct tq_info *out, struct tq_arena *mem,
    const struct tq_redis_meta *m)
{
	struct tq_bytes name = tq_scan_string(mem, tq_scan_get(m->m.result,
	    "hostname"));
	int64_t pid;

	if (m->state != TQ_STARTED)
		return;
	if (name.p != NULL)
		strlcpy(out->worker, name.p, sizeof(out->worker));
	if (tq_scan_int(&pid, tq_scan_get(m->m.result, "pid")) && pid > 0 &&
	    pid <= INT_MAX)
		out->pid = (int)pid;
}

/* How it ended, for a meta that some other Celery wrote. */
static int
foreign_end(struct tq_info *out, struct tq_arena *mem,
    const struct tq_redis_meta *m)
{
	struct tq_bytes text;

	out->failures = m->m.retries > 0 && m->m.retries < INT_MAX ?
	    (unsigned)m->m.retries : 0;
	out->attempt = out->failures + 1;
	out->end.state = out->state;
	out->end.status = out->state == TQ_SUCCESS ? 0 :
	    out->state == TQ_FAILURE ? 1 : -1;
	out->end_time = m->m.date_done;
	if (out->state == TQ_SUCCESS)
		return 0;
	if (out->state == TQ_EXPIRED || out->state == TQ_REVOKED) {
		out->why = out->state == TQ_EXPIRED ? "expired" : "revoked";
		return 0;
	}
	if (tq_redis_meta_exception(&text, mem, &m->m.exc) == -1)
		return -1;
	/* one line, as long as a reason may be */
	while (text.n > 0 && text.p[text.n - 1] == '\n')
		text.n--;
	if (text.n > TQ_WHY_MAX)
		text.n = TQ_WHY_MAX;
	out->why = out->end.why = tq_arena_copy(mem, text.p, text.n);
	out->end.type = m->m.exc.type;
	return out->why == NULL ? -1 : 0;
}

/* 1 if a running attempt said this: a state of its own, as Celery has it. */
static int
is_report(const struct tq_redis_meta *m)
{
	return m->x.o.state == TQ_ABSENT && m->state == TQ_STARTED &&
	    strcmp(m->m.status, "STARTED") != 0;
}

/* "text", or "STATE json". */
static int
set_progress(struct tq_info *out, struct tq_arena *mem,
    const struct tq_redis_meta *m)
{
	struct tq_buf b;

	tq_buf_init(&b);
	if (strcmp(m->m.status, TQ_REDIS_PROGRESS) == 0 &&
	    tq_scan_type(m->m.result) == TQ_SCAN_STRING) {
		out->progress = tq_scan_text(mem, m->m.result).p;
		return out->progress == NULL ? -1 : 0;
	}
	tq_buf_str(&b, m->m.status);
	if (!tq_scan_unset(m->m.result)) {
		tq_buf_byte(&b, ' ');
		tq_buf_put(&b, m->m.result.p, m->m.result.n);
	}
	out->progress = tq_buf_ok(&b) ? tq_arena_copy(mem, b.p, b.n) : NULL;
	tq_buf_fini(&b);
	return out->progress == NULL ? -1 : 0;
}

static int
fill(struct tq_redis *r, struct tq_info *out, struct tq_arena *mem,
    const struct tq_redis_meta *m, struct tq_err *e)
{
	const struct tq_redis_extra *x = &m->x;
	struct tq_bytes s;

	out->state = m->state;
	if (is_report(m) && set_progress(out, mem, m) == -1)
		return tq_fail_sys(e, ENOMEM, "%s", out->id.s);
	out->task.queue = x->queue != NULL ? x->queue : m->m.queue;
	out->task.name = m->m.name;
	if (x->o.state == TQ_ABSENT) {
		foreign_start(out, mem, m);
		if (foreign_end(out, mem, m) == -1)
			return tq_fail_sys(e, ENOMEM, "%s", out->id.s);
	} else {
		out->end = x->o;
		out->end.out.n = out->end.err.n = 0;
		if (x->has_result && out->state == TQ_SUCCESS)
			out->end.result = m->m.result;
		out->attempt = x->attempt;
		out->crashes = x->crashes;
		out->laters = x->laters;
		out->failures = x->failures;
		out->put = x->put;
		out->start = x->start;
		out->end_time = x->end;
		out->why = x->o.why;
		if (out->state == TQ_RETRY)
			out->eta = x->o.when;
		out->cut = (x->o.flags & TQ_OUTCOME_CUT) != 0;
	}
	if (tq_redis_meta_stream(&s, mem, m, TQ_STDOUT) == -1)
		return tq_fail_sys(e, ENOMEM, "%s", out->id.s);
	out->out_size = s.n;
	if (tq_redis_meta_stream(&s, mem, m, TQ_STDERR) == -1)
		return tq_fail_sys(e, ENOMEM, "%s", out->id.s);
	out->err_size = s.n;
	(void)r;
	return 0;
}

/* How long the result is kept. */
static int
get_until(struct tq_redis *r, struct tq_info *out, struct tq_err *e)
{
	const char *key = tq_redis_meta_key(&r->results, &r->mem, out->id.s);
	redisReply *a;

	if (key == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", out->id.s);
	if ((a = tq_redis_say(&r->store, e, "PTTL", key, NULL)) == NULL)
		return -1;
	if (a->integer > 0)
		out->until = tq_clock_wall() + a->integer * TQ_MS;
	freeReplyObject(a);
	return 0;
}

/* Nothing but its id. */
static void
blank(struct tq_info *out, const char *id)
{
	void *keep = out->mem;

	memset(out, 0, sizeof(*out));
	out->mem = keep;
	tq_task_init(&out->task);
	tq_outcome_init(&out->end, TQ_ABSENT);
	strlcpy(out->id.s, id, sizeof(out->id.s));
	out->task.id = out->id.s;
}

int
tq_redis_stat(void *b, const char *id, unsigned flags, struct tq_info *out,
    struct tq_err *e)
{
	struct tq_redis *r = b;
	struct tq_arena *mem = tq_arena_reuse(&out->mem);
	unsigned attempt = flags >> 8;
	struct tq_redis_meta m;
	int rv, found;

	if (mem == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", id);
	tq_arena_reset(&r->mem);
	blank(out, id);
	if ((rv = tq_redis_meta_look(r, &m, mem, id, e)) == -1)
		return -1;
	/* a meta that is no end tells less than the message itself */
	if ((rv == 0 || !TQ_STATE_ENDED(m.state)) && !r->is_store) {
		if ((found = tq_redis_find(r, id, out, mem, e)) == -1)
			return -1;
		if (found == 0 && rv == 0) {
			found = tq_redis_away(r, id, out, mem, NULL, NULL, e);
			if (found != 0)
				return found;
			blank(out, id);
		}
		if (found == 1 && rv == 1 && out->worker[0] == '\0')
			foreign_start(out, mem, &m);
		if (found == 1 && (rv == 0 || is_report(&m) ||
		    out->state == TQ_STARTED))
			return rv == 1 && is_report(&m) && set_progress(out, mem, &m) == -1 ?
			    tq_fail_sys(e, ENOMEM, "%s", id) : 1;
	}
	if (rv == 1) {
		if (attempt != 0 && m.x.attempt != attempt &&
		    m.x.o.state != TQ_ABSENT)
			return tq_fail(e, ENOENT, "%s: nothing is kept of "
			    "attempt %u", id, attempt);
		return fill(r, out, mem, &m, e) == -1 ||
		    get_until(r, out, e) == -1 ? -1 : 1;
	}
	if ((rv = tq_redis_group_stat(r, id, out, mem, e)) != 0)
		return rv;
	if (r->place.tq_only || flags & TQ_FIND_TAIL)
		return 0;
	out->state = TQ_READY;		/* PENDING: it may be anywhere */
	return 1;
}

/* ---- for another broker ---------------------------------------------- */

/* The outcome of a task that is no message of Celery's. */
int
tq_redis_store_put(void *b, const struct tq_claim *c, struct tq_outcome *o,
    struct tq_err *e)
{
	struct tq_redis *r = b;
	struct tq_redis_held h = { .r = r };
	struct tq_redis_read in;

	tq_arena_reset(&r->mem);
	tq_celery_task_init(&in.msg);
	tq_celery_envelope_init(&in.env);
	in.crashes = c->crashes;
	in.laters = c->laters;
	in.name = in.msg.id = c->ref.id.s;
	in.msg.task = c->task.name != NULL ? c->task.name : TQ_CELERY_EXEC;
	h.id = c->ref.id;
	h.attempt = c->ref.attempt;
	h.put = c->put;
	h.start = c->start;
	return tq_redis_end_stored(r, &h, &in, o, e);
}
