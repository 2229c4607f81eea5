/* What a meta of ours tells besides what Celery's do. */
#include "backend/redis/extra.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "message/base64.h"
#include "message/json.h"
#include "message/scan.h"

/*
 * Numbers by name; not set is left out.  Times are in nanoseconds, they are
 * nobody's but ours.
 */
static void
put_number(struct tq_buf *b, const char *name, int64_t v, int64_t unset)
{
	if (v != unset)
		tq_buf_printf(b, ", \"%s\": %" PRId64, name, v);
}

static void
put_text(struct tq_buf *b, const char *name, const char *s)
{
	if (s == NULL)
		return;
	tq_buf_printf(b, ", \"%s\": ", name);
	tq_json_bytes(b, s, strlen(s));
}

static void
put_bytes(struct tq_buf *b, const char *name, struct tq_bytes v)
{
	if (v.n == 0)
		return;
	tq_buf_printf(b, ", \"%s\": ", name);
	tq_json_bytes(b, v.p, v.n);
}

void
tq_redis_extra_put(struct tq_buf *b, const struct tq_redis_extra *x)
{
	const struct tq_outcome *o = &x->o;

	tq_buf_str(b, "{\"state\": ");
	tq_json_str(b, tq_state_name(o->state),
	    strlen(tq_state_name(o->state)));
	put_number(b, "status", o->status, -1);
	put_number(b, "signal", o->signal, 0);
	put_number(b, "when", o->when, 0);
	put_number(b, "user", o->user, 0);
	put_number(b, "sys", o->sys, 0);
	put_number(b, "maxrss", o->maxrss, 0);
	put_number(b, "flags", o->flags, 0);
	put_number(b, "attempt", x->attempt, 0);
	put_number(b, "crashes", x->crashes, 0);
	put_number(b, "laters", x->laters, 0);
	put_number(b, "failures", x->failures, 0);
	put_number(b, "put", x->put, 0);
	put_number(b, "start", x->start, 0);
	put_number(b, "end", x->end, 0);
	put_text(b, "why", o->why);
	put_text(b, "type", o->type);
	put_text(b, "queue", x->queue);
	put_text(b, "worker", x->worker);
	/* of a success it is the meta's own result */
	put_number(b, "result", o->result.n > 0 || x->is_value, 0);
	put_number(b, "value", x->is_value, 0);
	put_bytes(b, "out", o->out);
	put_bytes(b, "err", o->err);
	tq_buf_str(b, "}");
}

static int64_t
number(struct tq_bytes json, const char *name, int64_t unset)
{
	int64_t v;

	return tq_scan_int(&v, tq_scan_get(json, name)) ? v : unset;
}

/* A string, or {"base64": "..."}. */
static struct tq_bytes
bytes(struct tq_arena *mem, struct tq_bytes v)
{
	struct tq_bytes s, none = { NULL, 0 };
	char *p;
	size_t n;

	if (tq_scan_type(v) != TQ_SCAN_OBJECT)
		return tq_scan_string(mem, v);
	s = tq_scan_string(mem, tq_scan_get(v, "base64"));
	if (s.p == NULL || (p = tq_arena_alloc(mem, s.n / 4 * 3 + 1)) == NULL ||
	    !tq_base64_get(p, &n, s.p, s.n))
		return none;
	p[n] = '\0';
	s.p = p;
	s.n = n;
	return s;
}

int
tq_redis_extra_get(struct tq_redis_extra *x, struct tq_arena *mem,
    struct tq_bytes json, struct tq_err *e)
{
	struct tq_outcome *o = &x->o;
	struct tq_bytes state;

	memset(x, 0, sizeof(*x));
	tq_outcome_init(o, TQ_ABSENT);
	if (json.n == 0)
		return 0;
	state = tq_scan_string(mem, tq_scan_get(json, "state"));
	if (state.p == NULL)
		return tq_fail(e, EBADMSG, "result: member \"tq\" of no "
		    "state");
	o->state = tq_state_parse(state.p, state.n);
	o->status = (int)number(json, "status", -1);
	o->signal = (int)number(json, "signal", 0);
	o->when = number(json, "when", 0);
	o->user = number(json, "user", 0);
	o->sys = number(json, "sys", 0);
	o->maxrss = number(json, "maxrss", 0);
	o->flags = (unsigned)number(json, "flags", 0);
	x->attempt = (unsigned)number(json, "attempt", 0);
	x->crashes = (unsigned)number(json, "crashes", 0);
	x->laters = (unsigned)number(json, "laters", 0);
	x->failures = (unsigned)number(json, "failures", 0);
	x->has_result = number(json, "result", 0) == 1;
	x->is_value = number(json, "value", 0) == 1;
	x->put = number(json, "put", 0);
	x->start = number(json, "start", 0);
	x->end = number(json, "end", 0);
	o->why = bytes(mem, tq_scan_get(json, "why")).p;
	o->type = bytes(mem, tq_scan_get(json, "type")).p;
	x->queue = bytes(mem, tq_scan_get(json, "queue")).p;
	x->worker = bytes(mem, tq_scan_get(json, "worker")).p;
	o->out = bytes(mem, tq_scan_get(json, "out"));
	o->err = bytes(mem, tq_scan_get(json, "err"));
	return 0;
}
