/* Control requests and their replies, as kombu's pidbox carries them. */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "message/celery_field.h"
#include "message/celery_remote.h"

#define AT(field)	offsetof(struct tq_celery_request, field)
#define N(table)	(sizeof(table) / sizeof((table)[0]))

static const struct tq_celery_field body_table[] = {
	{ "method", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(method) },
	{ "arguments", TQ_CELERY_OBJECT, TQ_CELERY_OUT, AT(arguments) },
	{ "destination", TQ_CELERY_OTHER, TQ_CELERY_OUT, 0 },
	{ "pattern", TQ_CELERY_STRING, TQ_CELERY_NULL, AT(pattern) },
	{ "matcher", TQ_CELERY_STRING, TQ_CELERY_NULL, AT(matcher) },
	{ "ticket", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(ticket) },
	{ "reply_to", TQ_CELERY_OTHER, TQ_CELERY_OUT, 0 }
};

static const struct tq_celery_field reply_table[] = {
	{ "exchange", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(reply_exchange) },
	{ "routing_key", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(reply_key) }
};

static const struct tq_celery_field header_table[] = {
	{ "clock", TQ_CELERY_COUNT, TQ_CELERY_OUT, AT(clock) },
	{ "expires", TQ_CELERY_STAMP, TQ_CELERY_OUT, AT(expires) }
};

void
tq_celery_request_init(struct tq_celery_request *q)
{
	tq_celery_fields_init(q, sizeof(*q), header_table, N(header_table));
	q->arguments.p = "{}";
	q->arguments.n = 2;
}

/* ---- requests -------------------------------------------------------- */

static void
get_destination(struct tq_celery_reader *r, struct tq_celery_request *out,
    struct tq_bytes v)
{
	struct tq_bytes node;
	struct tq_scan s;
	const char **list;
	size_t n = 0;

	v = tq_celery_get_typed(r, "destination", v, TQ_SCAN_ARRAY);
	if (r->failed || tq_scan_count(v) == 0)
		return;
	if ((list = tq_arena_alloc(r->mem, tq_scan_count(v) *
	    sizeof(*list))) == NULL) {
		tq_celery_bad(r, ENOMEM, "out of memory");
		return;
	}
	tq_scan_init(&s, v);
	while (!r->failed && tq_scan_next(&s, &node)) {
		list[n] = tq_celery_get_string(r, "destination", node);
		if (list[n++] == NULL)
			tq_celery_want(r, "destination", "names", v);
	}
	out->destination = list;
	out->ndestination = n;
}

int
tq_celery_request_decode(struct tq_celery_request *out, struct tq_arena *mem,
    const struct tq_celery_envelope *env,
    const struct tq_celery_bounds *bounds, struct tq_err *e)
{
	static const struct tq_bytes none = { "{}", 2 };
	struct tq_celery_reader r = { mem, "control request", e, 0 };
	struct tq_bytes body, to;

	tq_celery_request_init(out);
	body = tq_celery_envelope_body(mem, env, bounds, e);
	if (body.p == NULL)
		return -1;
	if (tq_scan_type(body) != TQ_SCAN_OBJECT) {
		tq_celery_want(&r, "it", "an object", body);
		return -1;
	}
	tq_celery_fields_get(&r, out, body_table, N(body_table), body, NULL,
	    NULL);
	if (out->arguments.n == 0)
		out->arguments = none;
	get_destination(&r, out, tq_scan_get(body, "destination"));
	to = tq_celery_get_typed(&r, "reply_to", tq_scan_get(body,
	    "reply_to"), TQ_SCAN_OBJECT);
	tq_celery_fields_get(&r, out, reply_table, N(reply_table), to, NULL,
	    NULL);
	tq_celery_fields_get(&r, out, header_table, N(header_table),
	    env->headers, NULL, NULL);
	if (out->method == NULL || *out->method == '\0')
		tq_celery_bad(&r, EBADMSG, "method: there is none");
	return r.failed ? -1 : 0;
}

static void
put_request(struct tq_buf *b, const struct tq_celery_request *q)
{
	size_t i;

	tq_buf_byte(b, '{');
	tq_celery_fields_put(b, q, body_table, N(body_table));
	tq_celery_name_put(b, "destination");
	for (i = 0; i < q->ndestination; i++) {
		tq_buf_str(b, i == 0 ? "[" : ", ");
		tq_celery_string_put(b, q->destination[i]);
	}
	tq_buf_str(b, i == 0 ? "null" : "]");
	if (q->reply_exchange != NULL) {
		tq_celery_name_put(b, "reply_to");
		tq_buf_byte(b, '{');
		tq_celery_fields_put(b, q, reply_table, N(reply_table));
		tq_buf_byte(b, '}');
	}
	tq_buf_byte(b, '}');
}

/* Headers and body of a message that needs no acknowledgement. */
static int
wrap(struct tq_celery_envelope *out, struct tq_bytes headers,
    struct tq_bytes body, int mode, struct tq_err *e)
{
	tq_celery_envelope_init(out);
	out->content_type = "application/json";
	out->content_encoding = "utf-8";
	out->headers = headers;
	out->body = body;
	out->delivery_mode = mode;
	out->priority = 0;
	if (headers.p == NULL || body.p == NULL)
		return tq_fail_sys(e, ENOMEM, "control");
	return 0;
}

int
tq_celery_request_wrap(struct tq_celery_envelope *out, struct tq_arena *mem,
    const struct tq_celery_request *q, struct tq_err *e)
{
	struct tq_bytes body, headers;
	struct tq_buf b;

	tq_buf_init(&b);
	put_request(&b, q);
	body = tq_arena_keep(mem, &b);
	tq_buf_byte(&b, '{');
	tq_celery_fields_put(&b, q, header_table, N(header_table));
	/* Celery's workers read it always: 0 is never */
	if (q->expires <= 0) {
		tq_celery_name_put(&b, "expires");
		tq_buf_byte(&b, '0');
	}
	tq_buf_byte(&b, '}');
	headers = tq_arena_keep(mem, &b);
	tq_buf_fini(&b);
	return wrap(out, headers, body, 2, e);
}

/* As kombu's Mailbox decides: names first, then the pattern. */
int
tq_celery_request_for(const struct tq_celery_request *q, const char *node)
{
	size_t i;

	for (i = 0; i < q->ndestination; i++) {
		if (strcmp(q->destination[i], node) == 0)
			return 1;
	}
	if (q->ndestination > 0)
		return 0;
	if (q->pattern == NULL || q->matcher == NULL)
		return 1;
	if (strcmp(q->matcher, "glob") == 0)
		return fnmatch(q->pattern, node, FNM_NOESCAPE) == 0;
	return strcmp(q->pattern, ".*") == 0;
}

/* ---- replies --------------------------------------------------------- */

int
tq_celery_reply_decode(struct tq_celery_reply *out, struct tq_arena *mem,
    const struct tq_celery_envelope *env,
    const struct tq_celery_bounds *bounds, struct tq_err *e)
{
	struct tq_celery_reader r = { mem, "control reply", e, 0 };
	struct tq_bytes body, node;
	struct tq_scan s;

	memset(out, 0, sizeof(*out));
	out->clock = TQ_CELERY_NONE;
	body = tq_celery_envelope_body(mem, env, bounds, e);
	if (body.p == NULL)
		return -1;
	tq_scan_init(&s, body);
	if (tq_scan_type(body) != TQ_SCAN_OBJECT ||
	    !tq_scan_member(&s, &node, &out->value)) {
		tq_celery_want(&r, "it", "an object of a node", body);
		return -1;
	}
	out->node = tq_celery_get_string(&r, "node", node);
	out->ticket = tq_celery_get_string(&r, "ticket",
	    tq_scan_get(env->headers, "ticket"));
	(void)tq_scan_int(&out->clock, tq_scan_get(env->headers, "clock"));
	return r.failed ? -1 : 0;
}

int
tq_celery_reply_wrap(struct tq_celery_envelope *out, struct tq_arena *mem,
    const struct tq_celery_reply *reply, const struct tq_celery_request *q,
    struct tq_err *e)
{
	struct tq_bytes body, headers;
	struct tq_buf b;
	int rv;

	if (q->reply_exchange == NULL || q->reply_key == NULL)
		return tq_fail(e, EINVAL, "control request %s wants no reply",
		    q->method == NULL ? "" : q->method);
	tq_buf_init(&b);
	tq_buf_byte(&b, '{');
	tq_celery_key_put(&b, reply->node);
	tq_celery_value_put(&b, reply->value, "null");
	tq_buf_byte(&b, '}');
	body = tq_arena_keep(mem, &b);
	tq_buf_byte(&b, '{');
	tq_celery_name_put(&b, "ticket");
	tq_celery_string_put(&b, reply->ticket == NULL ? q->ticket :
	    reply->ticket);
	if (reply->clock >= 0) {
		tq_celery_name_put(&b, "clock");
		tq_buf_int(&b, reply->clock);
	}
	tq_buf_byte(&b, '}');
	headers = tq_arena_keep(mem, &b);
	tq_buf_fini(&b);
	rv = wrap(out, headers, body, 1, e);
	out->exchange = q->reply_exchange;
	out->routing_key = q->reply_key;
	return rv;
}
