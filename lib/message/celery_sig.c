/* Signatures: what a task will be called with, and how. */
#include "message/celery_sig.h"

#include <errno.h>
#include <string.h>

#include "message/celery_field.h"

#define AT(field)	offsetof(struct tq_celery_sig, field)
#define N(table)	(sizeof(table) / sizeof((table)[0]))

static const struct tq_celery_field parts[] = {
	{ "task", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(task) },
	{ "args", TQ_CELERY_ARRAY, TQ_CELERY_OUT, AT(args) },
	{ "kwargs", TQ_CELERY_OBJECT, TQ_CELERY_OUT, AT(kwargs) },
	{ "options", TQ_CELERY_OTHER, TQ_CELERY_OUT, 0 },
	{ "subtask_type", TQ_CELERY_STRING, TQ_CELERY_NULL,
	    AT(subtask_type) },
	{ "immutable", TQ_CELERY_OTHER, TQ_CELERY_OUT, 0 },
	{ "chord_size", TQ_CELERY_VALUE, TQ_CELERY_OUT, AT(chord_size) }
};

static const struct tq_celery_field options[] = {
	{ "task_id", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(task_id) },
	{ "root_id", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(root_id) },
	{ "parent_id", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(parent_id) },
	{ "group_id", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(group_id) },
	{ "group_index", TQ_CELERY_COUNT, TQ_CELERY_OUT, AT(group_index) },
	{ "reply_to", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(reply_to) },
	{ "queue", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(queue) },
	{ "exchange", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(exchange) },
	{ "routing_key", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(routing_key) },
	{ "shadow", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(shadow) },
	{ "retries", TQ_CELERY_COUNT, TQ_CELERY_OUT, AT(retries) },
	{ "priority", TQ_CELERY_RANK, TQ_CELERY_OUT, AT(priority) },
	{ "time_limit", TQ_CELERY_LIMIT, TQ_CELERY_OUT, AT(time_limit) },
	{ "soft_time_limit", TQ_CELERY_LIMIT, TQ_CELERY_OUT,
	    AT(soft_time_limit) },
	{ "countdown", TQ_CELERY_OTHER, TQ_CELERY_OUT, 0 },
	{ "eta", TQ_CELERY_DATE, TQ_CELERY_OUT, AT(eta) },
	{ "expires", TQ_CELERY_OTHER, TQ_CELERY_OUT, 0 },
	{ "ignore_result", TQ_CELERY_FLAG, TQ_CELERY_OUT, AT(ignore_result) },
	{ "replaced_task_nesting", TQ_CELERY_COUNT, TQ_CELERY_OUT,
	    AT(nesting) },
	{ "chord", TQ_CELERY_VALUE, TQ_CELERY_OUT, AT(chord) },
	{ "chain", TQ_CELERY_VALUE, TQ_CELERY_OUT, AT(chain) },
	{ "link", TQ_CELERY_VALUE, TQ_CELERY_OUT, AT(link) },
	{ "link_error", TQ_CELERY_VALUE, TQ_CELERY_OUT, AT(link_error) },
	{ "headers", TQ_CELERY_OBJECT, TQ_CELERY_OUT, AT(headers) },
	{ "stamped_headers", TQ_CELERY_ARRAY, TQ_CELERY_OUT,
	    AT(stamped_headers) }
};

void
tq_celery_sig_init(struct tq_celery_sig *sig)
{
	tq_celery_fields_init(sig, sizeof(*sig), options, N(options));
	sig->countdown = TQ_CELERY_NONE;
	sig->args.p = "[]";
	sig->kwargs.p = sig->options.p = "{}";
	sig->args.n = sig->kwargs.n = sig->options.n = 2;
}

/* ---- in -------------------------------------------------------------- */

/*
 * Seconds from now, also those before now: they are 0 (countdown) or have
 * passed (1 ns, expires).
 */
static tq_time
from_now(struct tq_celery_reader *r, const char *name, struct tq_bytes v,
    tq_time past)
{
	double s;

	if (tq_scan_real(&s, v) && s <= 0)
		return past;
	return tq_celery_get_seconds(r, name, v, 0);
}

static void
get_times(struct tq_celery_reader *r, struct tq_celery_sig *out,
    struct tq_bytes object)
{
	struct tq_bytes v = tq_scan_get(object, "countdown");
	struct tq_err why;

	if (!tq_scan_unset(v))
		out->countdown = from_now(r, "countdown", v, 0);
	v = tq_scan_get(object, "expires");
	if (tq_scan_unset(v))
		return;
	if (tq_scan_type(v) == TQ_SCAN_NUMBER)
		out->expires_in = from_now(r, "expires", v, 1);
	else if (tq_celery_date_parse(&out->expires, NULL, v, &why) == -1)
		tq_celery_bad(r, EBADMSG, "expires: %s", why.text);
}

/* Options that are null are not set: null for each slice. */
static void
drop_nulls(struct tq_celery_sig *out)
{
	struct tq_bytes *const slices[] = {
		&out->chord, &out->chain, &out->link, &out->link_error,
		&out->chord_size
	};
	size_t i;

	for (i = 0; i < N(slices); i++) {
		if (tq_scan_unset(*slices[i]))
			slices[i]->n = 0;
	}
}

int
tq_celery_sig_decode(struct tq_celery_sig *out, struct tq_arena *mem,
    struct tq_bytes text, struct tq_err *e)
{
	static const struct tq_bytes array = { "[]", 2 }, object = { "{}", 2 };
	struct tq_celery_reader r = { mem, "signature", e, 0 };
	struct tq_bytes v;

	tq_celery_sig_init(out);
	if (tq_scan_type(text) != TQ_SCAN_OBJECT) {
		tq_celery_want(&r, "it", "an object", text);
		return -1;
	}
	tq_celery_fields_get(&r, out, parts, N(parts), text, NULL, NULL);
	if (out->task == NULL || *out->task == '\0')
		tq_celery_bad(&r, EBADMSG, "task: there is no name");
	if (out->args.n == 0)
		out->args = array;
	if (out->kwargs.n == 0)
		out->kwargs = object;
	v = tq_scan_get(text, "immutable");
	if (!tq_scan_unset(v) && !tq_scan_bool(&out->immutable, v))
		tq_celery_want(&r, "immutable", "true or false", v);
	v = tq_celery_get_typed(&r, "options", tq_scan_get(text, "options"),
	    TQ_SCAN_OBJECT);
	out->options = v.n > 0 ? v : object;
	tq_celery_fields_get(&r, out, options, N(options), out->options,
	    &out->others, &out->nothers);
	/* Celery, too, makes an id then */
	if (out->task_id != NULL && *out->task_id == '\0')
		out->task_id = NULL;
	get_times(&r, out, out->options);
	drop_nulls(out);
	return r.failed ? -1 : 0;
}

int
tq_celery_sig_list(const struct tq_bytes **out, size_t *n,
    struct tq_arena *mem, struct tq_bytes text, struct tq_err *e)
{
	struct tq_celery_reader r = { mem, "signatures", e, 0 };
	struct tq_bytes *list;
	struct tq_scan s;
	size_t i = 0;

	*out = NULL;
	*n = 0;
	if (tq_scan_unset(text))
		return 0;
	list = tq_arena_alloc(mem, (tq_scan_count(text) + 1) * sizeof(*list));
	if (list == NULL)
		return tq_fail_sys(e, ENOMEM, "signatures");
	*out = list;
	if (tq_scan_type(text) == TQ_SCAN_OBJECT) {
		list[0] = text;
		*n = 1;
		return 0;
	}
	if (tq_scan_type(text) != TQ_SCAN_ARRAY) {
		tq_celery_want(&r, "it", "an array", text);
		return -1;
	}
	tq_scan_init(&s, text);
	for (; tq_scan_next(&s, &list[i]); i++) {
		if (tq_scan_type(list[i]) != TQ_SCAN_OBJECT) {
			tq_celery_want(&r, "element", "an object", list[i]);
			return -1;
		}
	}
	*n = i;
	return 0;
}

/* ---- out ------------------------------------------------------------- */

static void
put_options(struct tq_buf *b, const struct tq_celery_sig *sig)
{
	tq_buf_byte(b, '{');
	tq_celery_fields_put(b, sig, options, N(options));
	if (sig->countdown >= 0) {
		tq_celery_name_put(b, "countdown");
		tq_celery_seconds_put(b, sig->countdown);
	}
	if (sig->expires > 0 || sig->expires_in > 0)
		tq_celery_name_put(b, "expires");
	if (sig->expires > 0)
		tq_celery_date_put(b, sig->expires, 0);
	else if (sig->expires_in > 0)
		tq_celery_seconds_put(b, sig->expires_in);
	tq_celery_members_put(b, sig->others, sig->nothers);
	tq_buf_byte(b, '}');
}

void
tq_celery_sig_encode(struct tq_buf *b, const struct tq_celery_sig *sig)
{
	tq_buf_byte(b, '{');
	tq_celery_fields_put(b, sig, parts, N(parts));
	tq_celery_name_put(b, "options");
	put_options(b, sig);
	tq_celery_name_put(b, "immutable");
	tq_buf_str(b, sig->immutable ? "true" : "false");
	tq_buf_byte(b, '}');
}
