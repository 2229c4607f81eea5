/*
 * A task's meta, as it is stored: what Celery says of it and what we do.
 */
#include <errno.h>
#include <string.h>

#include "backend/redis/extra.h"
#include "backend/redis/keyname.h"
#include "backend/redis/meta.h"
#include "backend/redis/redis.h"
#include "backend/redis/see.h"

#define META_MAX	((size_t)512 << 20)	/* of any string of Redis */

/* ---- one meta -------------------------------------------------------- */

int
tq_redis_meta_get(struct tq_redis *r, struct tq_bytes *out,
    struct tq_arena *mem, const char *id, struct tq_err *e)
{
	const char *key = tq_redis_meta_key(&r->results, mem, id);
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
state_of(const struct tq_redis_meta *m)
{
	if (m->x.o.state != TQ_ABSENT)
		return m->x.o.state;
	if (strcmp(m->m.status, "REVOKED") == 0 && m->m.exc.message.n > 0 &&
	    tq_scan_says(tq_scan_at(m->m.exc.message, 0), "expired"))
		return TQ_EXPIRED;
	return tq_celery_state_in(m->m.status);
}

int
tq_redis_meta_decode(struct tq_redis_meta *out, struct tq_arena *mem,
    struct tq_bytes text, struct tq_err *e)
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

int
tq_redis_meta_look(struct tq_redis *r, struct tq_redis_meta *out,
    struct tq_arena *mem, const char *id, struct tq_err *e)
{
	struct tq_bytes text;
	struct tq_err why;

	if (tq_redis_meta_get(r, &text, mem, id, e) == -1)
		return -1;
	if (text.n == 0)
		return 0;
	if (tq_redis_meta_decode(out, mem, text, &why) == -1)
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
int
tq_redis_meta_exception(struct tq_bytes *out, struct tq_arena *mem,
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

int
tq_redis_meta_stream(struct tq_bytes *out, struct tq_arena *mem,
    const struct tq_redis_meta *m, enum tq_stream which)
{
	out->p = NULL;
	out->n = 0;
	if (m->x.o.state != TQ_ABSENT &&
	    !(m->x.is_value && which == TQ_STDOUT)) {
		*out = which == TQ_STDOUT ? m->x.o.out : m->x.o.err;
		return 0;
	}
	if (which == TQ_STDOUT)
		return m->state != TQ_SUCCESS ||
		    tq_scan_unset(m->m.result) ? 0 :
		    line_of(out, mem, m->m.result, 0);
	if (m->m.traceback.n > 0)
		return line_of(out, mem, m->m.traceback, 1);
	return tq_redis_meta_exception(out, mem, &m->m.exc);
}
