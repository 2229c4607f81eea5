/*
 * The envelope of kombu's virtual transports: one JSON object
 *
 *	{"body": text, "content-type": ..., "content-encoding": ...,
 *	 "headers": {...}, "properties": {"delivery_tag": ...,
 *	 "delivery_info": {"exchange": ..., "routing_key": ...},
 *	 "body_encoding": "base64" or not there, ...}}
 *
 * A Celery worker dies of one without delivery_tag or delivery_info, and the
 * next one too; here such a text is refused.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "message/base64.h"
#include "message/celery_field.h"
#include "message/json.h"

#define AT(field)	offsetof(struct tq_celery_envelope, field)
#define N(table)	(sizeof(table) / sizeof((table)[0]))

void
tq_celery_bounds_init(struct tq_celery_bounds *bounds)
{
	bounds->envelope = 2 << 20;
	bounds->body.bytes = 1 << 20;
	bounds->body.nodes = 10000;
	/* an operand that may be put, in its array or object, in the body */
	bounds->body.depth = TQ_JSON_DEPTH_MAX + 2;
	bounds->unpack = NULL;
}

void
tq_celery_bounds_stored(struct tq_celery_bounds *bounds)
{
	tq_celery_bounds_init(bounds);
	bounds->envelope = bounds->body.bytes = bounds->body.nodes = SIZE_MAX;
	bounds->body.depth = TQ_SCAN_DEPTH_MAX;
}

void
tq_celery_envelope_init(struct tq_celery_envelope *env)
{
	memset(env, 0, sizeof(*env));
	env->priority = -1;
}

/* ---- in -------------------------------------------------------------- */

/*
 * A number as kombu takes it (5.2.3, transport/virtual/base.py,
 * _get_message_priority): what Python makes an integer of, within bounds; all
 * else is as if it were not there.
 */
static int
small_number(struct tq_bytes v, int unset)
{
	double real;
	int64_t n;
	int on;

	v = tq_celery_unquoted(v);
	if (tq_scan_bool(&on, v))
		return on;
	if (tq_scan_int(&n, v))
		return n < 0 ? 0 : n > 255 ? 255 : (int)n;
	if (tq_scan_real(&real, v))
		return real < 0 ? 0 : real > 255 ? 255 : (int)real;
	return unset;
}

static int
is_true(struct tq_bytes v)
{
	int on;

	return tq_scan_bool(&on, v) && on;
}

/* An envelope and its properties, taken apart but not looked at. */
struct parts {
	struct tq_bytes	 body, content_type, content_encoding, headers;
	struct tq_bytes	 properties;
	struct tq_bytes	 correlation_id, reply_to, delivery_tag, info;
	struct tq_bytes	 expiration, delivery_mode, priority, body_encoding;
};

#define PART(field)	TQ_CELERY_VALUE, TQ_CELERY_OUT, \
			    offsetof(struct parts, field)

static const struct tq_celery_field parts_of_envelope[] = {
	{ "body", PART(body) },
	{ "content-type", PART(content_type) },
	{ "content-encoding", PART(content_encoding) },
	{ "headers", PART(headers) },
	{ "properties", PART(properties) }
};

static const struct tq_celery_field parts_of_properties[] = {
	{ "correlation_id", PART(correlation_id) },
	{ "reply_to", PART(reply_to) },
	{ "delivery_tag", PART(delivery_tag) },
	{ "delivery_info", PART(info) },
	{ "expiration", PART(expiration) },
	{ "delivery_mode", PART(delivery_mode) },
	{ "priority", PART(priority) },
	{ "body_encoding", PART(body_encoding) }
};

static void
get_properties(struct tq_celery_reader *r, struct tq_celery_envelope *out,
    struct parts *p)
{
	struct tq_bytes info;

	r->what = "properties";
	tq_celery_fields_get(r, p, parts_of_properties,
	    N(parts_of_properties), p->properties, NULL, NULL);
	/* first what finds the message again among the unacknowledged */
	out->delivery_tag = tq_celery_get_name(r, "delivery_tag",
	    p->delivery_tag);
	info = tq_celery_get_typed(r, "delivery_info", p->info,
	    TQ_SCAN_OBJECT);
	out->exchange = tq_celery_get_name(r, "exchange",
	    tq_scan_get(info, "exchange"));
	out->routing_key = tq_celery_get_name(r, "routing_key",
	    tq_scan_get(info, "routing_key"));
	out->redelivered = is_true(tq_scan_get(info, "redelivered"));
	if (out->delivery_tag == NULL || *out->delivery_tag == '\0')
		tq_celery_bad(r, EBADMSG, "no delivery_tag");
	if (info.n == 0 || out->exchange == NULL || out->routing_key == NULL)
		tq_celery_bad(r, EBADMSG,
		    "no delivery_info with exchange and routing_key");
	out->correlation_id = tq_celery_get_note(r, "correlation_id",
	    p->correlation_id);
	out->reply_to = tq_celery_get_note(r, "reply_to", p->reply_to);
	out->expiration = tq_celery_get_note(r, "expiration", p->expiration);
	out->delivery_mode = small_number(p->delivery_mode, 0);
	out->priority = small_number(p->priority, -1);
}

/* Take the base 64 off, in place: what is in mem is ours. */
static void
get_body(struct tq_celery_reader *r, struct tq_celery_envelope *out,
    struct tq_bytes v, const char *encoding)
{
	r->what = "envelope";
	if (tq_scan_type(v) != TQ_SCAN_STRING) {
		tq_celery_want(r, "body", "a string", v);
		return;
	}
	out->body = tq_scan_text(r->mem, v);
	if (out->body.p == NULL) {
		tq_celery_bad(r, ENOMEM, "out of memory");
		return;
	}
	if (encoding == NULL || strcmp(encoding, "utf-8") == 0)
		return;
	if (strcmp(encoding, "base64") != 0)
		tq_celery_bad(r, EBADMSG, "body_encoding '%.40s' is not known",
		    encoding);
	else if (!tq_base64_get((char *)(uintptr_t)out->body.p, &out->body.n,
	    out->body.p, out->body.n))
		tq_celery_bad(r, EBADMSG, "body is not base 64");
}

int
tq_celery_envelope_decode(struct tq_celery_envelope *out,
    struct tq_arena *mem, const char *text, size_t n,
    const struct tq_celery_bounds *bounds, struct tq_err *e)
{
	static const char empty[] = "{}";
	struct tq_celery_reader r = { mem, "envelope", e, 0 };
	struct tq_scan_bounds most = {
		bounds->envelope, bounds->body.nodes, bounds->body.depth
	};
	struct tq_bytes all, headers;
	struct parts p;

	tq_celery_envelope_init(out);
	out->headers.p = empty;
	out->headers.n = sizeof(empty) - 1;
	if (tq_scan_check(&all, text, n, &most, e) == -1)
		return -1;
	if (tq_scan_type(all) != TQ_SCAN_OBJECT) {
		tq_celery_want(&r, "text", "an object", all);
		return -1;
	}
	memset(&p, 0, sizeof(p));
	tq_celery_fields_get(&r, &p, parts_of_envelope, N(parts_of_envelope),
	    all, NULL, NULL);
	p.properties = tq_celery_get_typed(&r, "properties", p.properties,
	    TQ_SCAN_OBJECT);
	out->properties = p.properties;
	get_properties(&r, out, &p);
	r.what = "envelope";
	headers = tq_celery_get_typed(&r, "headers", p.headers,
	    TQ_SCAN_OBJECT);
	if (headers.n > 0)
		out->headers = headers;
	if (is_true(tq_scan_get(headers, "redelivered")))
		out->redelivered = 1;
	out->content_type = tq_celery_get_string(&r, "content-type",
	    p.content_type);
	out->content_encoding = tq_celery_get_string(&r, "content-encoding",
	    p.content_encoding);
	get_body(&r, out, p.body, tq_celery_get_string(&r, "body_encoding",
	    p.body_encoding));
	return r.failed ? -1 : 0;
}

/* ---- the body -------------------------------------------------------- */

/*
 * JSON is in UTF-8 to kombu whatever content-encoding says (5.2.3,
 * serialization.py, loads); a body in another is none.
 */
static int
check_type(const struct tq_celery_envelope *env, struct tq_err *e)
{
	static const struct {
		const char	*type, *name;
	} known[] = {
		{ "application/x-python-serialize", "a pickle" },
		{ "application/x-yaml", "YAML" },
		{ "application/x-msgpack", "MessagePack" },
		{ "application/data", "signed or raw data" },
		{ "text/plain", "plain text" }
	};
	const char *type = env->content_type;
	size_t i;

	if (type == NULL)
		return tq_fail(e, EBADMSG, "message: no content-type");
	for (i = 0; i < N(known); i++) {
		if (strcasecmp(type, known[i].type) == 0)
			return tq_fail(e, ENOTSUP, "message: the body is %s "
			    "(content-type %s); only JSON is read",
			    known[i].name, type);
	}
	if (strcasecmp(type, "application/json") != 0)
		return tq_fail(e, ENOTSUP, "message: content-type '%.60s' is "
		    "not known; only JSON is read", type);
	return 0;
}

/* The body unpacked; *out is the body itself when it is not compressed. */
static int
unpack(struct tq_bytes *out, struct tq_arena *mem,
    const struct tq_celery_envelope *env,
    const struct tq_celery_bounds *bounds, struct tq_err *e)
{
	struct tq_celery_reader r = { mem, "header", e, 0 };
	struct tq_buf b;
	const char *name;
	int rv;

	*out = env->body;
	name = tq_celery_get_string(&r, "compression",
	    tq_scan_get(env->headers, "compression"));
	if (r.failed)
		return -1;
	if (name == NULL || *name == '\0')
		return 0;
	if (bounds->unpack == NULL)
		return tq_fail(e, ENOTSUP, "message: the body is compressed "
		    "(%.60s), which is not read here", name);
	tq_buf_init(&b);
	rv = bounds->unpack(&b, name, env->body, bounds->body.bytes, e);
	if (rv == 0) {
		*out = tq_arena_keep(mem, &b);
		if (out->p == NULL)
			rv = tq_fail(e, ENOMEM, "message: out of memory");
	}
	tq_buf_fini(&b);
	return rv;
}

struct tq_bytes
tq_celery_envelope_body(struct tq_arena *mem,
    const struct tq_celery_envelope *env,
    const struct tq_celery_bounds *bounds, struct tq_err *e)
{
	struct tq_bytes none = { NULL, 0 }, text, out;
	struct tq_err why;

	if (check_type(env, e) == -1 ||
	    unpack(&text, mem, env, bounds, e) == -1)
		return none;
	if (tq_scan_check(&out, text.p, text.n, &bounds->body, &why) == -1) {
		tq_fail(e, why.num, "body: %s", why.text);
		return none;
	}
	return out;
}

/* ---- out ------------------------------------------------------------- */

static const struct tq_celery_field properties[] = {
	{ "correlation_id", TQ_CELERY_STRING, TQ_CELERY_OUT,
	    AT(correlation_id) },
	{ "reply_to", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(reply_to) },
	{ "expiration", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(expiration) },
	{ "delivery_tag", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(delivery_tag) }
};

/* The headers, with redelivered among them. */
static void
put_headers(struct tq_buf *b, const struct tq_celery_envelope *env)
{
	struct tq_bytes h = env->headers;

	if (!env->redelivered || h.n == 0 ||
	    is_true(tq_scan_get(h, "redelivered"))) {
		tq_celery_value_put(b, h, "{}");
		return;
	}
	/* last, so that it counts even if there was another */
	tq_buf_put(b, h.p, h.n - 1);
	tq_buf_str(b, tq_scan_count(h) > 0 ? ", " : "");
	tq_buf_str(b, "\"redelivered\": true}");
}

static void
put_delivery_info(struct tq_buf *b, const struct tq_celery_envelope *env)
{
	tq_celery_name_put(b, "delivery_info");
	tq_buf_byte(b, '{');
	tq_celery_name_put(b, "exchange");
	tq_celery_string_put(b, env->exchange == NULL ? "" : env->exchange);
	tq_celery_name_put(b, "routing_key");
	tq_celery_string_put(b, env->routing_key == NULL ? "" :
	    env->routing_key);
	if (env->redelivered) {
		tq_celery_name_put(b, "redelivered");
		tq_buf_str(b, "true");
	}
	tq_buf_byte(b, '}');
}

void
tq_celery_envelope_encode(struct tq_buf *b,
    const struct tq_celery_envelope *env)
{
	tq_buf_str(b, "{\"body\": \"");
	tq_base64_put(b, env->body.p, env->body.n);
	tq_buf_str(b, "\", \"content-encoding\": ");
	tq_celery_string_put(b, env->content_encoding == NULL ? "utf-8" :
	    env->content_encoding);
	tq_buf_str(b, ", \"content-type\": ");
	tq_celery_string_put(b, env->content_type == NULL ?
	    "application/json" : env->content_type);
	tq_buf_str(b, ", \"headers\": ");
	put_headers(b, env);
	tq_buf_str(b, ", \"properties\": {");
	tq_celery_fields_put(b, env, properties, N(properties));
	if (env->delivery_mode > 0) {
		tq_celery_name_put(b, "delivery_mode");
		tq_buf_int(b, env->delivery_mode);
	}
	if (env->priority >= 0) {
		tq_celery_name_put(b, "priority");
		tq_buf_int(b, env->priority);
	}
	put_delivery_info(b, env);
	tq_celery_name_put(b, "body_encoding");
	tq_buf_str(b, "\"base64\"}}");
}
