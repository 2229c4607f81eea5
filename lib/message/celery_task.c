/*
 * Task messages, protocol 2 both ways and protocol 1 read.
 *
 * Protocol 2 has all but the arguments in the headers, and the body is
 * [args, kwargs, embed].  Protocol 1 has no headers, and the body is an
 * object.  The header `task` tells them apart, as it does in Celery.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "message/celery_field.h"

#define AT(field)	offsetof(struct tq_celery_task, field)
#define N(table)	(sizeof(table) / sizeof((table)[0]))

/*
 * In the order in which Celery writes them.  What is only told to people, and
 * the stamps, stops no worker of Celery whatever it is, and none of ours.
 */
static const struct tq_celery_field headers[] = {
	{ "lang", TQ_CELERY_NOTE, TQ_CELERY_OUT, AT(lang) },
	{ "task", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(task) },
	{ "id", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(id) },
	{ "shadow", TQ_CELERY_NOTE, TQ_CELERY_NULL, AT(shadow) },
	{ "eta", TQ_CELERY_DATE, TQ_CELERY_NULL, AT(eta) },
	{ "expires", TQ_CELERY_DATE, TQ_CELERY_NULL, AT(expires) },
	{ "group", TQ_CELERY_NAME, TQ_CELERY_NULL, AT(group) },
	{ "group_index", TQ_CELERY_LOOSE_COUNT, TQ_CELERY_NULL,
	    AT(group_index) },
	{ "retries", TQ_CELERY_LOOSE_COUNT, TQ_CELERY_OUT, AT(retries) },
	{ "timelimit", TQ_CELERY_OTHER, TQ_CELERY_OUT, 0 },
	{ "root_id", TQ_CELERY_NOTE, TQ_CELERY_NULL, AT(root_id) },
	{ "parent_id", TQ_CELERY_NOTE, TQ_CELERY_NULL, AT(parent_id) },
	{ "argsrepr", TQ_CELERY_NOTE, TQ_CELERY_OUT, AT(argsrepr) },
	{ "kwargsrepr", TQ_CELERY_NOTE, TQ_CELERY_OUT, AT(kwargsrepr) },
	{ "origin", TQ_CELERY_NOTE, TQ_CELERY_OUT, AT(origin) },
	{ "ignore_result", TQ_CELERY_TRUTH, TQ_CELERY_OUT,
	    AT(ignore_result) },
	{ "replaced_task_nesting", TQ_CELERY_LOOSE_COUNT, TQ_CELERY_OUT,
	    AT(nesting) },
	{ "stamped_headers", TQ_CELERY_LOOSE_ARRAY, TQ_CELERY_OUT,
	    AT(stamped_headers) },
	{ "stamps", TQ_CELERY_LOOSE_OBJECT, TQ_CELERY_OUT, AT(stamps) },
	{ "tq", TQ_CELERY_OURS, TQ_CELERY_OUT, AT(tq) },
	/* of the envelope, or of no use */
	{ "compression", TQ_CELERY_OTHER, TQ_CELERY_OUT, 0 },
	{ "redelivered", TQ_CELERY_OTHER, TQ_CELERY_OUT, 0 },
	{ "meth", TQ_CELERY_OTHER, TQ_CELERY_OUT, 0 }
};

/* The object that is a body of protocol 1; times are read by hand. */
static const struct tq_celery_field first[] = {
	{ "task", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(task) },
	{ "id", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(id) },
	{ "args", TQ_CELERY_ARRAY, TQ_CELERY_OUT, AT(args) },
	{ "kwargs", TQ_CELERY_OBJECT, TQ_CELERY_OUT, AT(kwargs) },
	{ "group", TQ_CELERY_NAME, TQ_CELERY_OUT, AT(group) },
	{ "group_index", TQ_CELERY_LOOSE_COUNT, TQ_CELERY_OUT,
	    AT(group_index) },
	{ "retries", TQ_CELERY_LOOSE_COUNT, TQ_CELERY_OUT, AT(retries) }
};

static const struct tq_celery_field embed[] = {
	{ "callbacks", TQ_CELERY_VALUE, TQ_CELERY_NULL, AT(callbacks) },
	{ "errbacks", TQ_CELERY_VALUE, TQ_CELERY_NULL, AT(errbacks) },
	{ "chain", TQ_CELERY_VALUE, TQ_CELERY_NULL, AT(chain) },
	{ "chord", TQ_CELERY_VALUE, TQ_CELERY_NULL, AT(chord) }
};

static const struct tq_bytes empty_array = { "[]", 2 };
static const struct tq_bytes empty_object = { "{}", 2 };

void
tq_celery_task_init(struct tq_celery_task *t)
{
	tq_celery_fields_init(t, sizeof(*t), headers, N(headers));
	t->protocol = 2;
	t->retries = 0;
	t->args = empty_array;
	t->kwargs = empty_object;
}

/* ---- in -------------------------------------------------------------- */

/* A limit, or one in a string; nothing is none. */
static tq_time
get_limit(struct tq_celery_reader *r, struct tq_bytes v)
{
	return tq_celery_nothing(v) ? 0 : tq_celery_get_seconds(r,
	    "timelimit", tq_celery_unquoted(v), 0);
}

/* [hard, soft] in seconds, each or all of it null */
static void
get_timelimit(struct tq_celery_reader *r, struct tq_celery_task *out,
    struct tq_bytes v)
{
	if (r->failed || tq_celery_nothing(v))
		return;
	if (tq_scan_type(v) != TQ_SCAN_ARRAY || tq_scan_count(v) != 2) {
		tq_celery_want(r, "timelimit", "an array of two", v);
		return;
	}
	out->hard = get_limit(r, tq_scan_at(v, 0));
	out->soft = get_limit(r, tq_scan_at(v, 1));
}

/* What a signature must have to be one: celery_sig.c reads the rest. */
static void
check_signature(struct tq_celery_reader *r, const char *name,
    struct tq_bytes v)
{
	static const struct {
		const char	*name;
		enum tq_scan_type type;
	} parts[] = {
		{ "args", TQ_SCAN_ARRAY },
		{ "kwargs", TQ_SCAN_OBJECT },
		{ "options", TQ_SCAN_OBJECT }
	};
	struct tq_bytes part;
	size_t i;

	if (tq_scan_type(v) != TQ_SCAN_OBJECT) {
		tq_celery_want(r, name, "a signature", v);
		return;
	}
	part = tq_scan_get(v, "task");
	if (tq_scan_type(part) != TQ_SCAN_STRING)
		tq_celery_want(r, name, "the name of a task", part);
	for (i = 0; i < N(parts); i++) {
		part = tq_scan_get(v, parts[i].name);
		(void)tq_celery_get_typed(r, parts[i].name, part,
		    parts[i].type);
	}
}

/* A list of signatures, or one alone. */
static void
check_signatures(struct tq_celery_reader *r, const char *name,
    struct tq_bytes *v)
{
	struct tq_bytes sig;
	struct tq_scan s;

	if (tq_celery_nothing(*v)) {
		v->n = 0;
		return;
	}
	if (tq_scan_type(*v) != TQ_SCAN_ARRAY) {
		check_signature(r, name, *v);
		return;
	}
	tq_scan_init(&s, *v);
	while (!r->failed && tq_scan_next(&s, &sig))
		check_signature(r, name, sig);
}

static void
get_embed(struct tq_celery_reader *r, struct tq_celery_task *out,
    struct tq_bytes v)
{
	r->what = "embed";
	if (tq_celery_nothing(v))
		return;
	out->embed = tq_celery_get_typed(r, "third element", v,
	    TQ_SCAN_OBJECT);
	tq_celery_fields_get(r, out, embed, N(embed), out->embed, NULL, NULL);
	check_signatures(r, "callbacks", &out->callbacks);
	check_signatures(r, "errbacks", &out->errbacks);
	check_signatures(r, "chain", &out->chain);
	if (tq_celery_nothing(out->chord))
		out->chord.n = 0;
	else
		check_signature(r, "chord", out->chord);
}

static void
get_body(struct tq_celery_reader *r, struct tq_celery_task *out,
    struct tq_bytes body)
{
	struct tq_bytes args, kwargs, third, more;
	struct tq_scan s;

	r->what = "body";
	tq_scan_init(&s, body);
	if (tq_scan_type(body) != TQ_SCAN_ARRAY || !tq_scan_next(&s, &args) ||
	    !tq_scan_next(&s, &kwargs) || !tq_scan_next(&s, &third) ||
	    tq_scan_next(&s, &more)) {
		tq_celery_want(r, "message", "an array of args, kwargs and "
		    "embed", body);
		return;
	}
	if (tq_scan_type(args) != TQ_SCAN_ARRAY)
		tq_celery_want(r, "args", "an array", args);
	else if (tq_scan_type(kwargs) != TQ_SCAN_OBJECT)
		tq_celery_want(r, "kwargs", "an object", kwargs);
	if (r->failed)
		return;
	out->args = args;
	out->kwargs = kwargs;
	get_embed(r, out, third);
}

/*
 * A time of protocol 1: in UTC, or with "utc": false and no zone, in that of
 * the machine.
 */
static tq_time
get_local(struct tq_celery_reader *r, const char *name, struct tq_bytes v,
    int utc)
{
	struct tq_err why;
	struct tm tm;
	time_t s;
	tq_time t;
	int naive;

	if (r->failed || tq_scan_unset(v))
		return 0;
	if (tq_celery_date_parse(&t, &naive, v, &why) == -1) {
		tq_celery_bad(r, EBADMSG, "%s: %s", name, why.text);
		return 0;
	}
	if (utc || !naive || t == INT64_MAX)
		return t;
	s = (time_t)(t / TQ_SECOND);
	gmtime_r(&s, &tm);
	tm.tm_isdst = -1;
	s = mktime(&tm);
	return s < 0 ? 1 : (tq_time)s * TQ_SECOND + t % TQ_SECOND;
}

static void
get_first(struct tq_celery_reader *r, struct tq_celery_task *out,
    struct tq_bytes body)
{
	int utc = 1;

	r->what = "body";
	out->protocol = 1;
	tq_celery_fields_get(r, out, first, N(first), body, NULL, NULL);
	if (out->args.n == 0)
		out->args = empty_array;
	if (out->kwargs.n == 0)
		out->kwargs = empty_object;
	if (out->group == NULL)
		out->group = tq_celery_get_name(r, "taskset",
		    tq_scan_get(body, "taskset"));
	(void)tq_scan_bool(&utc, tq_scan_get(body, "utc"));
	out->eta = get_local(r, "eta", tq_scan_get(body, "eta"), utc);
	out->expires = get_local(r, "expires", tq_scan_get(body, "expires"),
	    utc);
	get_timelimit(r, out, tq_scan_get(body, "timelimit"));
	tq_celery_fields_get(r, out, embed, N(embed), body, NULL, NULL);
	out->chain.n = 0;
	check_signatures(r, "callbacks", &out->callbacks);
	check_signatures(r, "errbacks", &out->errbacks);
	if (tq_celery_nothing(out->chord))
		out->chord.n = 0;
	else
		check_signature(r, "chord", out->chord);
}

static void
check_identity(struct tq_celery_reader *r, const struct tq_celery_task *t)
{
	r->what = t->protocol == 2 ? "header" : "body";
	if (t->task == NULL || *t->task == '\0')
		tq_celery_bad(r, EBADMSG, "task: there is no name");
	if (t->id == NULL || *t->id == '\0')
		tq_celery_bad(r, EBADMSG, "id: there is none");
}

int
tq_celery_task_decode(struct tq_celery_task *out, struct tq_arena *mem,
    const struct tq_celery_envelope *env,
    const struct tq_celery_bounds *bounds, struct tq_err *e)
{
	struct tq_celery_reader r = { mem, "header", e, 0 };
	struct tq_bytes body;
	int second;

	tq_celery_task_init(out);
	out->reply_to = env->reply_to;
	out->redelivered = env->redelivered;
	second = tq_scan_get(env->headers, "task").n > 0;
	if (second) {
		tq_celery_fields_get(&r, out, headers, N(headers),
		    env->headers, &out->others, &out->nothers);
		get_timelimit(&r, out, tq_scan_get(env->headers,
		    "timelimit"));
		check_identity(&r, out);
	}
	if (r.failed)
		return -1;
	body = tq_celery_envelope_body(mem, env, bounds, e);
	if (body.p == NULL)
		return -1;
	if (second) {
		get_body(&r, out, body);
	} else if (tq_scan_type(body) == TQ_SCAN_OBJECT) {
		get_first(&r, out, body);
		check_identity(&r, out);
	} else {
		tq_celery_bad(&r, EBADMSG, "task: there is no name");
	}
	if (out->retries < 0)
		out->retries = 0;
	if (out->retries > TQ_CELERY_RETRIES_MAX)
		out->retries = TQ_CELERY_RETRIES_MAX;
	return r.failed ? -1 : 0;
}

/* ---- out ------------------------------------------------------------- */

static void
put_limit(struct tq_buf *b, tq_time limit)
{
	if (limit > 0)
		tq_celery_seconds_put(b, limit);
	else
		tq_buf_str(b, "null");
}

static void
put_repr(struct tq_buf *b, const char *name, struct tq_bytes v,
    void (*repr)(struct tq_buf *, struct tq_bytes))
{
	struct tq_buf text;

	tq_buf_init(&text);
	repr(&text, v);
	tq_celery_name_put(b, name);
	if (tq_buf_ok(&text))
		tq_scan_quote(b, (const char *)text.p, text.n);
	else
		tq_buf_str(b, "\"...\"");
	tq_buf_fini(&text);
}

void
tq_celery_headers_encode(struct tq_buf *b, const struct tq_celery_task *t)
{
	tq_buf_byte(b, '{');
	tq_celery_fields_put(b, t, headers, N(headers));
	tq_celery_name_put(b, "timelimit");
	tq_buf_byte(b, '[');
	put_limit(b, t->hard);
	tq_buf_str(b, ", ");
	put_limit(b, t->soft);
	tq_buf_byte(b, ']');
	if (t->argsrepr == NULL)
		put_repr(b, "argsrepr", t->args, tq_celery_argsrepr);
	if (t->kwargsrepr == NULL)
		put_repr(b, "kwargsrepr", t->kwargs, tq_celery_repr);
	tq_celery_members_put(b, t->others, t->nothers);
	tq_buf_byte(b, '}');
}

void
tq_celery_body_encode(struct tq_buf *b, const struct tq_celery_task *t)
{
	tq_buf_byte(b, '[');
	tq_celery_value_put(b, t->args, "[]");
	tq_buf_str(b, ", ");
	tq_celery_value_put(b, t->kwargs, "{}");
	tq_buf_str(b, ", {");
	tq_celery_fields_put(b, t, embed, N(embed));
	tq_buf_str(b, "}]");
}

/* Milliseconds until t, as RabbitMQ drops a message by; none for 0. */
static const char *
expiration(struct tq_arena *mem, tq_time t, tq_time now)
{
	char text[32];
	int64_t ms = t <= now ? 0 : (t - now) / TQ_MS;
	int n = snprintf(text, sizeof(text), "%" PRId64, ms);

	return tq_arena_copy(mem, text, (size_t)n);
}

/* What our own code must not send: it would kill workers, or be lost. */
static int
check_out(const struct tq_celery_task *t, struct tq_err *e)
{
	if (t->task == NULL || *t->task == '\0' || t->id == NULL ||
	    *t->id == '\0')
		return tq_fail(e, EBADMSG, "a message without name or id");
	if (tq_scan_type(t->args) != TQ_SCAN_ARRAY ||
	    tq_scan_type(t->kwargs) != TQ_SCAN_OBJECT)
		return tq_fail(e, EBADMSG, "message %s: args are %s, kwargs %s",
		    t->id, tq_scan_type_name(t->args),
		    tq_scan_type_name(t->kwargs));
	return 0;
}

int
tq_celery_task_wrap(struct tq_celery_envelope *out, struct tq_arena *mem,
    const struct tq_celery_task *t, tq_time now, struct tq_err *e)
{
	struct tq_buf b;

	tq_celery_envelope_init(out);
	if (check_out(t, e) == -1)
		return -1;
	tq_buf_init(&b);
	tq_celery_headers_encode(&b, t);
	out->headers = tq_arena_keep(mem, &b);
	tq_celery_body_encode(&b, t);
	out->body = tq_arena_keep(mem, &b);
	tq_buf_fini(&b);
	out->content_type = "application/json";
	out->content_encoding = "utf-8";
	out->correlation_id = t->id;
	/* always there, and empty when nobody waits for an answer */
	out->reply_to = t->reply_to == NULL ? "" : t->reply_to;
	out->delivery_mode = 2;
	if (t->expires > 0)
		out->expiration = expiration(mem, t->expires, now);
	if (out->headers.p == NULL || out->body.p == NULL ||
	    (t->expires > 0 && out->expiration == NULL))
		return tq_fail_sys(e, ENOMEM, "message %s", t->id);
	return 0;
}
