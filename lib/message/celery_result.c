/* What Celery's result stores keep. */
#include "message/celery_result.h"

#include <errno.h>
#include <string.h>

#include "message/celery_field.h"

#define AT(field)	offsetof(struct tq_celery_meta, field)
#define N(table)	(sizeof(table) / sizeof((table)[0]))

static const struct tq_celery_field fields[] = {
	{ "status", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(status) },
	{ "result", TQ_CELERY_OTHER, TQ_CELERY_OUT, 0 },
	/* celery-node 0.5 writes the result there, too */
	{ "traceback", TQ_CELERY_LOOSE, TQ_CELERY_NULL, AT(traceback) },
	{ "children", TQ_CELERY_OTHER, TQ_CELERY_OUT, 0 },
	{ "date_done", TQ_CELERY_OTHER, TQ_CELERY_OUT, 0 },
	{ "group_id", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(group_id) },
	{ "parent_id", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(parent_id) },
	{ "name", TQ_CELERY_NOTE, TQ_CELERY_OUT, AT(name) },
	{ "args", TQ_CELERY_VALUE, TQ_CELERY_OUT, AT(args) },
	{ "kwargs", TQ_CELERY_VALUE, TQ_CELERY_OUT, AT(kwargs) },
	{ "worker", TQ_CELERY_NOTE, TQ_CELERY_OUT, AT(worker) },
	{ "retries", TQ_CELERY_COUNT, TQ_CELERY_OUT, AT(retries) },
	{ "queue", TQ_CELERY_NOTE, TQ_CELERY_OUT, AT(queue) },
	{ "task_id", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(task_id) }
};

void
tq_celery_meta_init(struct tq_celery_meta *meta)
{
	tq_celery_fields_init(meta, sizeof(*meta), fields, N(fields));
}

int
tq_celery_meta_knows(struct tq_bytes name)
{
	size_t i;

	for (i = 0; i < N(fields); i++) {
		if (tq_scan_says(name, fields[i].name))
			return 1;
	}
	return tq_scan_says(name, "tq") ||
	    tq_scan_says(name, "stamped_headers");
}

/* ---- states ---------------------------------------------------------- */

static const struct {
	const char	*celery;
	enum tq_state	 state;
} states[] = {
	{ "PENDING", TQ_READY },
	{ "RECEIVED", TQ_READY },
	{ "STARTED", TQ_STARTED },
	{ "RETRY", TQ_RETRY },
	{ "SUCCESS", TQ_SUCCESS },
	{ "FAILURE", TQ_FAILURE },
	{ "REVOKED", TQ_REVOKED }
};

enum tq_state
tq_celery_state_in(const char *status)
{
	size_t i;

	for (i = 0; i < N(states); i++) {
		if (strcmp(states[i].celery, status) == 0)
			return states[i].state;
	}
	return TQ_STARTED;
}

int
tq_celery_state_final(const char *status)
{
	return TQ_STATE_ENDED(tq_celery_state_in(status));
}

/* 1 for the states whose result is an exception. */
static int
has_exception(const char *status)
{
	enum tq_state state = tq_celery_state_in(status);

	return state == TQ_RETRY || state == TQ_FAILURE ||
	    state == TQ_REVOKED;
}

/* ---- exceptions ------------------------------------------------------ */

/* Python would call a class by it: letters, digits, _ and dots. */
static int
is_class_name(const char *s)
{
	static const char more[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz_.<>0123456789";

	if (*s >= '0' && *s <= '9')
		return 0;
	/* <locals> is part of the name of a class in a function */
	return *s != '\0' && s[strspn(s, more)] == '\0';
}

int
tq_celery_exc_decode(struct tq_celery_exc *out, struct tq_arena *mem,
    struct tq_bytes value, struct tq_err *e)
{
	struct tq_celery_reader r = { mem, "exception", e, 0 };

	memset(out, 0, sizeof(*out));
	if (tq_scan_unset(value))
		return 0;
	if (tq_scan_type(value) != TQ_SCAN_OBJECT) {
		tq_celery_want(&r, "it", "an object", value);
		return -1;
	}
	out->type = tq_celery_get_string(&r, "exc_type",
	    tq_scan_get(value, "exc_type"));
	out->module = tq_celery_get_string(&r, "exc_module",
	    tq_scan_get(value, "exc_module"));
	out->message = tq_scan_get(value, "exc_message");
	if (tq_scan_unset(out->message))
		out->message.n = 0;
	if (out->type == NULL || !is_class_name(out->type))
		tq_celery_bad(&r, EBADMSG, "exc_type: '%.60s' is not the name "
		    "of a class", out->type == NULL ? "" : out->type);
	return r.failed ? -1 : 0;
}

void
tq_celery_exc_encode(struct tq_buf *b, const struct tq_celery_exc *exc)
{
	if (exc->type == NULL) {
		tq_buf_str(b, "null");
		return;
	}
	tq_buf_str(b, "{\"exc_type\": ");
	tq_celery_string_put(b, exc->type);
	tq_buf_str(b, ", \"exc_message\": ");
	tq_celery_value_put(b, exc->message, "[]");
	tq_buf_str(b, ", \"exc_module\": ");
	tq_celery_string_put(b, exc->module);
	tq_buf_byte(b, '}');
}

void
tq_celery_exc_repr(struct tq_buf *b, const struct tq_celery_exc *exc)
{
	struct tq_bytes message = exc->message;

	if (exc->type == NULL)
		return;
	tq_buf_str(b, exc->type);
	tq_buf_byte(b, '(');
	if (tq_scan_type(message) == TQ_SCAN_ARRAY) {
		message.p++;
		message.n -= 2;
	}
	tq_celery_repr(b, message);
	tq_buf_byte(b, ')');
}

/* ---- the meta of a task ---------------------------------------------- */

static void
get_date(struct tq_celery_reader *r, struct tq_celery_meta *out,
    struct tq_bytes v)
{
	struct tq_err why;

	if (!r->failed && !tq_scan_unset(v) && tq_celery_date_parse(
	    &out->date_done, &out->date_naive, v, &why) == -1)
		tq_celery_bad(r, EBADMSG, "date_done: %s", why.text);
}

static void
get_result(struct tq_celery_meta *out, struct tq_arena *mem,
    struct tq_bytes v)
{
	struct tq_celery_exc exc;

	out->result = v;
	/* what is no exception of Celery's is shown as it is */
	if (has_exception(out->status) && !tq_scan_unset(v) &&
	    tq_celery_exc_decode(&exc, mem, v, NULL) == 0)
		out->exc = exc;
}

int
tq_celery_meta_decode(struct tq_celery_meta *out, struct tq_arena *mem,
    const char *text, size_t n, const struct tq_celery_bounds *bounds,
    struct tq_err *e)
{
	struct tq_celery_reader r = { mem, "result", e, 0 };
	struct tq_bytes all;

	tq_celery_meta_init(out);
	if (tq_scan_check(&all, text, n, &bounds->body, e) == -1)
		return -1;
	if (tq_scan_type(all) != TQ_SCAN_OBJECT) {
		tq_celery_want(&r, "it", "an object", all);
		return -1;
	}
	tq_celery_fields_get(&r, out, fields, N(fields), all, &out->others,
	    &out->nothers);
	if (out->status == NULL || *out->status == '\0')
		tq_celery_bad(&r, EBADMSG, "status: there is none");
	out->children = tq_celery_get_typed(&r, "children",
	    tq_scan_get(all, "children"), TQ_SCAN_ARRAY);
	get_date(&r, out, tq_scan_get(all, "date_done"));
	if (r.failed)
		return -1;
	get_result(out, mem, tq_scan_get(all, "result"));
	return 0;
}

void
tq_celery_meta_encode(struct tq_buf *b, const struct tq_celery_meta *meta)
{
	tq_buf_byte(b, '{');
	tq_celery_fields_put(b, meta, fields, N(fields));
	tq_celery_name_put(b, "result");
	/* Python clients raise it: another value would make them fail */
	if (has_exception(meta->status))
		tq_celery_exc_encode(b, &meta->exc);
	else
		tq_celery_value_put(b, meta->result, "null");
	tq_celery_name_put(b, "children");
	tq_celery_value_put(b, meta->children, "[]");
	tq_celery_name_put(b, "date_done");
	if (meta->date_done > 0)
		tq_celery_date_put(b, meta->date_done, meta->date_naive);
	else
		tq_buf_str(b, "null");
	tq_celery_members_put(b, meta->others, meta->nothers);
	tq_buf_byte(b, '}');
}
