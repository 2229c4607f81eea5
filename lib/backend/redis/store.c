/*
 * The result store: Celery's metas, read and waited for.
 *
 * A meta of ours has a member "tq" besides (extra.h).  Of a task that nobody
 * has told anything about there is no meta: Celery calls it PENDING, and so do
 * we, unless all workers are tq's: then it is on the broker or it is unknown.
 */
#include <bsd/string.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/extra.h"
#include "backend/redis/redis.h"
#include "base/clock.h"
#include "message/celery_result.h"

#define LOOK_AGAIN	(5 * TQ_SECOND)	/* while waiting, whatever is told */
#define META_MAX	((size_t)512 << 20)	/* of any string of Redis */

/* ---- one meta -------------------------------------------------------- */

/* What is known of an ended or running task from its meta. */
struct meta {
	struct tq_celery_meta m;
	struct tq_redis_extra x;
	enum tq_state	 state;
};

int
tq_redis_meta_get(struct tq_redis *r, struct tq_bytes *out,
    struct tq_arena *mem, const char *id, struct tq_err *e)
{
	const char *key = tq_redis_meta_key(r, mem, id);
	redisReply *a;

	out->p = NULL;
	out->n = 0;
	if (key == NULL)
		return tq_fail_sys(e, ENOMEM, "result of %s", id);
	if (tq_redis_ready_store(r, e) == -1 ||
	    (a = tq_redis_say(&r->store, e, "GET", key, NULL)) == NULL)
		return -1;
	if (a->type == REDIS_REPLY_STRING && a->len > 0) {
		out->p = tq_arena_copy(mem, a->str, a->len);
		out->n = a->len;
	}
	freeReplyObject(a);
	return out->n > 0 && out->p == NULL ?
	    tq_fail_sys(e, ENOMEM, "result of %s", id) : 0;
}

static enum tq_state
state_of(const struct meta *m)
{
	if (m->x.o.state != TQ_ABSENT)
		return m->x.o.state;
	if (strcmp(m->m.status, "REVOKED") == 0 && m->m.exc.message.n > 0 &&
	    tq_scan_says(tq_scan_at(m->m.exc.message, 0), "expired"))
		return TQ_EXPIRED;
	return tq_celery_state_in(m->m.status);
}

static int
decode(struct meta *out, struct tq_arena *mem, struct tq_bytes text,
    struct tq_err *e)
{
	struct tq_celery_bounds b;
	struct tq_bytes extra = { NULL, 0 };
	size_t i;

	tq_celery_bounds_init(&b);
	b.envelope = b.body.bytes = META_MAX;
	b.body.nodes = 10000000;
	b.body.depth = 200;
	if (tq_celery_meta_decode(&out->m, mem, text.p, text.n, &b, e) == -1)
		return -1;
	if (out->m.status == NULL)
		return tq_fail(e, EBADMSG, "result: no status");
	for (i = 0; i < out->m.nothers; i++)
		if (tq_scan_says(out->m.others[i].name, "tq"))
			extra = out->m.others[i].value;
	if (tq_redis_extra_get(&out->x, mem, extra, e) == -1)
		return -1;
	out->state = state_of(out);
	return 0;
}

/* 1 if there is a meta, decoded; 0; -1. */
static int
look(struct tq_redis *r, struct meta *out, struct tq_arena *mem,
    const char *id, struct tq_err *e)
{
	struct tq_bytes text;
	struct tq_err why;

	if (tq_redis_meta_get(r, &text, mem, id, e) == -1)
		return -1;
	if (text.n == 0)
		return 0;
	if (decode(out, mem, text, &why) == -1)
		return tq_fail(e, why.num, "%s: %s", id, why.text);
	return 1;
}

/* ---- its streams ----------------------------------------------------- */

/* A string as it is and any other value as JSON, on a line of its own. */
static int
line_of(struct tq_bytes *out, struct tq_arena *mem, struct tq_bytes v,
    int is_text)
{
	char *p;

	if (!is_text && tq_scan_type(v) == TQ_SCAN_STRING)
		v = tq_scan_text(mem, v);
	if ((p = tq_arena_alloc(mem, v.n + 1)) == NULL)
		return -1;
	if (v.n > 0)
		memcpy(p, v.p, v.n);
	out->p = p;
	out->n = v.n;
	if (v.n > 0 && p[v.n - 1] != '\n')
		p[out->n++] = '\n';
	return 0;
}

/* The text of an exception, for a failure without a traceback. */
static int
exception_of(struct tq_bytes *out, struct tq_arena *mem,
    const struct tq_celery_exc *exc)
{
	struct tq_bytes v = { NULL, 0 };
	struct tq_buf b;
	int rv = -1;

	tq_buf_init(&b);
	if (exc->type != NULL)
		tq_celery_exc_repr(&b, exc);
	v.p = (const char *)b.p;
	v.n = b.n;
	if (tq_buf_ok(&b))
		rv = line_of(out, mem, v, 1);
	tq_buf_fini(&b);
	return rv;
}

static int
stream_of(struct tq_bytes *out, struct tq_arena *mem, const struct meta *m,
    enum tq_stream which)
{
	out->p = NULL;
	out->n = 0;
	if (m->x.o.state != TQ_ABSENT) {
		*out = which == TQ_STDOUT ? m->x.o.out : m->x.o.err;
		return 0;
	}
	if (which == TQ_STDOUT)
		return m->state != TQ_SUCCESS ||
		    tq_scan_unset(m->m.result) ? 0 :
		    line_of(out, mem, m->m.result, 0);
	if (m->m.traceback.n > 0)
		return line_of(out, mem, m->m.traceback, 1);
	return exception_of(out, mem, &m->m.exc);
}

ssize_t
tq_redis_read_stream(void *b, const char *id, unsigned attempt,
    enum tq_stream which, uint64_t off, void *buf, size_t n,
    struct tq_err *e)
{
	struct tq_redis *r = b;
	struct tq_bytes bytes;
	struct meta m;
	int rv;

	tq_arena_reset(&r->mem);
	if (which == TQ_STDIN)
		rv = r->is_store ? 0 :
		    tq_redis_find_body(r, id, &bytes, &r->mem, e);
	else if ((rv = look(r, &m, &r->mem, id, e)) == 1) {
		if (attempt != 0 && m.x.attempt != 0 &&
		    attempt != m.x.attempt)
			return tq_fail(e, ENOENT, "%s: nothing is kept of "
			    "attempt %u", id, attempt);
		if (stream_of(&bytes, &r->mem, &m, which) == -1)
			return tq_fail_sys(e, ENOMEM, "result of %s", id);
	}
	if (rv == -1)
		return -1;
	if (rv == 0)
		return tq_fail(e, ENOENT, "%s: no result", id);
	if (off >= bytes.n)
		return 0;
	if (n > bytes.n - off)
		n = bytes.n - (size_t)off;
	memcpy(buf, bytes.p + off, n);
	return (ssize_t)n;
}

/* ---- one task -------------------------------------------------------- */

/* How it ended, for a meta that some other Celery wrote. */
static int
foreign_end(struct tq_info *out, struct tq_arena *mem, const struct meta *m)
{
	struct tq_bytes text;

	out->attempt = 1;
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
	if (exception_of(&text, mem, &m->m.exc) == -1)
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

static int
fill(struct tq_redis *r, struct tq_info *out, struct tq_arena *mem,
    const struct meta *m, struct tq_err *e)
{
	const struct tq_redis_extra *x = &m->x;
	struct tq_bytes s;

	out->state = m->state;
	out->task.queue = x->queue != NULL ? x->queue : m->m.queue;
	out->task.name = m->m.name;
	if (x->o.state == TQ_ABSENT) {
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
	if (stream_of(&s, mem, m, TQ_STDOUT) == -1)
		return tq_fail_sys(e, ENOMEM, "%s", out->id.s);
	out->out_size = s.n;
	if (stream_of(&s, mem, m, TQ_STDERR) == -1)
		return tq_fail_sys(e, ENOMEM, "%s", out->id.s);
	out->err_size = s.n;
	(void)r;
	return 0;
}

/* How long the result is kept. */
static int
get_until(struct tq_redis *r, struct tq_info *out, struct tq_err *e)
{
	const char *key = tq_redis_meta_key(r, &r->mem, out->id.s);
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

int
tq_redis_stat(void *b, const char *id, unsigned flags, struct tq_info *out,
    struct tq_err *e)
{
	struct tq_redis *r = b;
	struct tq_arena *mem = tq_arena_reuse(&out->mem);
	unsigned attempt = flags >> 8;
	struct meta m;
	void *keep = out->mem;
	int rv, found;

	if (mem == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", id);
	tq_arena_reset(&r->mem);
	memset(out, 0, sizeof(*out));
	out->mem = keep;
	tq_task_init(&out->task);
	tq_outcome_init(&out->end, TQ_ABSENT);
	strlcpy(out->id.s, id, sizeof(out->id.s));
	out->task.id = out->id.s;
	if ((rv = look(r, &m, mem, id, e)) == -1)
		return -1;
	/* a meta that is no end tells less than the message itself */
	if ((rv == 0 || !TQ_STATE_ENDED(m.state)) && !r->is_store) {
		if ((found = tq_redis_find(r, id, out, mem, e)) == -1)
			return -1;
		if (found == 1 && rv == 0)
			return 1;
	}
	if (rv == 1) {
		if (attempt != 0 && m.x.attempt != attempt &&
		    m.x.o.state != TQ_ABSENT)
			return tq_fail(e, ENOENT, "%s: nothing is kept of "
			    "attempt %u", id, attempt);
		return fill(r, out, mem, &m, e) == -1 ||
		    get_until(r, out, e) == -1 ? -1 : 1;
	}
	if (r->place.tq_only || flags & TQ_FIND_TAIL)
		return 0;
	out->state = TQ_READY;		/* PENDING: it may be anywhere */
	return 1;
}

/* ---- waiting --------------------------------------------------------- */

struct wait {
	struct tq_redis	*r;
	const char *const *ids;
	size_t		 n;
	enum tq_state	*ended;		/* n of them */
	size_t		 left;		/* that must still end */
	int		 listens;	/* told of what comes */
};

static void
note(struct wait *w, size_t i, enum tq_state state)
{
	if (!TQ_STATE_ENDED(state) || TQ_STATE_ENDED(w->ended[i]))
		return;
	w->ended[i] = state;
	if (w->left > 0)
		w->left--;
}

/* [message, "celery-task-meta-ID", meta] */
static void
told(void *arg, const redisReply *a)
{
	struct wait *w = arg;
	struct tq_arena mem;
	struct tq_bytes text;
	const char *id;
	struct meta m;
	size_t i;

	if (a == NULL || a->type != REDIS_REPLY_ARRAY || a->elements != 3 ||
	    a->element[2]->type != REDIS_REPLY_STRING ||
	    (id = strstr(a->element[1]->str, "celery-task-meta-")) == NULL)
		return;
	id += strlen("celery-task-meta-");
	text.p = a->element[2]->str;
	text.n = a->element[2]->len;
	tq_arena_init(&mem);
	if (decode(&m, &mem, text, NULL) == 0)
		for (i = 0; i < w->n; i++)
			if (strcmp(w->ids[i], id) == 0)
				note(w, i, m.state);
	tq_arena_fini(&mem);
}

/* Listen for all that have not ended. */
static int
subscribe(struct wait *w, struct tq_err *e)
{
	struct tq_redis *r = w->r;
	size_t i;

	/* it stays from one wait to the next */
	if (r->listen.fd == -1 && tq_redis_conn_open(&r->listen, e) == -1)
		return -1;
	w->listens = 1;
	r->listen.push = told;
	r->listen.arg = w;
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "SUBSCRIBE");
	for (i = 0; i < w->n; i++)
		if (!TQ_STATE_ENDED(w->ended[i]))
			tq_redis_cmd_join(&r->cmd, r->results.results,
			    "celery-task-meta-", w->ids[i], NULL);
	return tq_redis_tell(&r->listen, &r->cmd, e);
}

/* Whatever still comes is nobody's. */
static void
unsubscribe(struct tq_redis *r)
{
	r->listen.push = NULL;
	if (r->listen.fd == -1)
		return;
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "UNSUBSCRIBE");
	(void)tq_redis_tell(&r->listen, &r->cmd, NULL);
}

/* Look at each that has not ended. */
static int
look_at_all(struct wait *w, struct tq_err *e)
{
	struct tq_redis *r = w->r;
	struct tq_info info;
	struct meta m;
	size_t i;
	int rv;

	for (i = 0; i < w->n; i++) {
		if (TQ_STATE_ENDED(w->ended[i]))
			continue;
		tq_arena_reset(&r->mem);
		if ((rv = look(r, &m, &r->mem, w->ids[i], e)) == -1)
			return -1;
		if (rv == 1)
			note(w, i, m.state);
		if (rv == 1 || r->is_store || !r->place.tq_only)
			continue;
		/* where it may be is known: it is there or nowhere */
		memset(&info, 0, sizeof(info));
		if ((rv = tq_redis_find(r, w->ids[i], &info, &r->mem, e)) == 0)
			rv = look(r, &m, &r->mem, w->ids[i], e);
		if (rv == -1)
			return -1;
		if (rv == 0)
			return tq_fail(e, ENOENT, "%s: no such task",
			    w->ids[i]);
	}
	return 0;
}

/*
 * Listen, then look, so that no end falls between; and look again now and
 * then.  A lost server is waited for as long as there is time.
 */
static int
wait_for(struct wait *w, tq_time until, struct tq_err *e)
{
	struct tq_redis *r = w->r;
	tq_time now, again = 0;

	for (;;) {
		if ((r->listen.fd == -1 || !w->listens) &&
		    until > tq_clock_mono() && subscribe(w, e) == -1)
			return -1;
		if ((now = tq_clock_mono()) >= again) {
			if (look_at_all(w, e) == -1)
				return -1;
			again = tq_clock_mono() + LOOK_AGAIN;
		}
		if (w->left == 0)
			return 1;
		if (now >= until || r->listen.fd == -1)
			return 0;
		if (tq_redis_await(&r->listen, again < until ? again : until,
		    e) == -1)
			again = 0;
	}
}

int
tq_redis_wait(void *b, const char *const *ids, size_t n, size_t count,
    tq_time timeout, enum tq_state *ended, struct tq_err *e)
{
	struct tq_redis *r = b;
	tq_time until = tq_clock_deadline(tq_clock_mono(), timeout), now;
	struct wait w = { .r = r, .ids = ids, .n = n, .left = count };
	struct tq_err why;
	int rv;

	if ((w.ended = calloc(n, sizeof(*w.ended))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%zu tasks", n);
	while ((rv = wait_for(&w, until, &why)) == -1 &&
	    (why.num == ECONNREFUSED || why.num == ETIMEDOUT)) {
		/* gone for a while: that is no reason to give up waiting */
		now = tq_clock_mono();
		if (now >= until)
			break;
		(void)poll(NULL, 0, 100);
	}
	unsubscribe(r);
	if (rv == -1)
		tq_fail(e, why.num, "%s", why.text);
	if (ended != NULL)
		memcpy(ended, w.ended, n * sizeof(*ended));
	free(w.ended);
	return rv;
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
	in.msg.id = c->ref.id.s;
	in.msg.task = c->task.name != NULL ? c->task.name : TQ_CELERY_EXEC;
	h.id = c->ref.id;
	h.attempt = c->ref.attempt;
	h.put = c->put;
	h.start = c->start;
	return tq_redis_end_stored(r, &h, &in, o, e);
}
