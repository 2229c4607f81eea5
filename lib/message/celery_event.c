/* Events, as Celery's workers and clients publish them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "message/celery_field.h"
#include "message/celery_remote.h"

#define AT(field)	offsetof(struct tq_celery_event, field)
#define N(table)	(sizeof(table) / sizeof((table)[0]))

static const struct tq_celery_field fields[] = {
	{ "hostname", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(hostname) },
	{ "utcoffset", TQ_CELERY_SIGNED, TQ_CELERY_OUT, AT(utcoffset) },
	{ "pid", TQ_CELERY_COUNT, TQ_CELERY_OUT, AT(pid) },
	{ "clock", TQ_CELERY_COUNT, TQ_CELERY_OUT, AT(clock) },
	{ "uuid", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(uuid) },
	{ "root_id", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(root_id) },
	{ "parent_id", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(parent_id) },
	{ "name", TQ_CELERY_NOTE, TQ_CELERY_OUT, AT(name) },
	{ "args", TQ_CELERY_NOTE, TQ_CELERY_OUT, AT(args) },
	{ "kwargs", TQ_CELERY_NOTE, TQ_CELERY_OUT, AT(kwargs) },
	{ "retries", TQ_CELERY_COUNT, TQ_CELERY_OUT, AT(retries) },
	{ "eta", TQ_CELERY_DATE, TQ_CELERY_OUT, AT(eta) },
	{ "expires", TQ_CELERY_DATE, TQ_CELERY_OUT, AT(expires) },
	{ "queue", TQ_CELERY_NOTE, TQ_CELERY_OUT, AT(queue) },
	{ "exchange", TQ_CELERY_NOTE, TQ_CELERY_OUT, AT(exchange) },
	{ "routing_key", TQ_CELERY_NOTE, TQ_CELERY_OUT, AT(routing_key) },
	{ "result", TQ_CELERY_NOTE, TQ_CELERY_OUT, AT(result) },
	{ "runtime", TQ_CELERY_LENGTH, TQ_CELERY_OUT, AT(runtime) },
	{ "exception", TQ_CELERY_NOTE, TQ_CELERY_OUT, AT(exception) },
	{ "traceback", TQ_CELERY_TEXT, TQ_CELERY_OUT, AT(traceback) },
	{ "terminated", TQ_CELERY_FLAG, TQ_CELERY_OUT, AT(terminated) },
	{ "signum", TQ_CELERY_VALUE, TQ_CELERY_OUT, AT(signum) },
	{ "expired", TQ_CELERY_FLAG, TQ_CELERY_OUT, AT(expired) },
	{ "requeue", TQ_CELERY_FLAG, TQ_CELERY_OUT, AT(requeue) },
	{ "freq", TQ_CELERY_LIMIT, TQ_CELERY_OUT, AT(freq) },
	{ "active", TQ_CELERY_COUNT, TQ_CELERY_OUT, AT(active) },
	{ "processed", TQ_CELERY_COUNT, TQ_CELERY_OUT, AT(processed) },
	{ "loadavg", TQ_CELERY_OTHER, TQ_CELERY_OUT, 0 },
	{ "sw_ident", TQ_CELERY_NOTE, TQ_CELERY_OUT, AT(sw_ident) },
	{ "sw_ver", TQ_CELERY_NOTE, TQ_CELERY_OUT, AT(sw_ver) },
	{ "sw_sys", TQ_CELERY_NOTE, TQ_CELERY_OUT, AT(sw_sys) },
	{ "timestamp", TQ_CELERY_STAMP, TQ_CELERY_OUT, AT(timestamp) },
	{ "type", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(type) }
};

void
tq_celery_event_init(struct tq_celery_event *ev)
{
	tq_celery_fields_init(ev, sizeof(*ev), fields, N(fields));
}

/* A load in hundredths, as getloadavg(3) is shown everywhere. */
static void
put_load(struct tq_buf *b, double load)
{
	long long hundredths = load > 0 && load < 1e9 ?
	    (long long)(load * 100 + 0.5) : 0;

	tq_buf_printf(b, "%lld.%02lld", hundredths / 100, hundredths % 100);
}

/*
 * What is null, and never left out, in events of Celery's workers: who receives
 * them looks it up.
 */
static void
put_nulls(struct tq_buf *b, const struct tq_celery_event *ev)
{
	const struct {
		const char	*type, *name;
		int		 unset;
	} nulls[] = {
		{ "task-received", "root_id", ev->root_id == NULL },
		{ "task-received", "parent_id", ev->parent_id == NULL },
		{ "task-received", "eta", ev->eta == 0 },
		{ "task-received", "expires", ev->expires == 0 },
		{ "task-failed", "traceback", ev->traceback.n == 0 },
		{ "task-retried", "traceback", ev->traceback.n == 0 },
		{ "task-revoked", "signum", ev->signum.n == 0 }
	};
	size_t i;

	for (i = 0; i < N(nulls); i++) {
		if (!nulls[i].unset || strcmp(ev->type, nulls[i].type) != 0)
			continue;
		tq_celery_name_put(b, nulls[i].name);
		tq_buf_str(b, "null");
	}
}

void
tq_celery_event_encode(struct tq_buf *b, const struct tq_celery_event *ev)
{
	int i;

	tq_buf_byte(b, '{');
	tq_celery_fields_put(b, ev, fields, N(fields));
	if (ev->type != NULL)
		put_nulls(b, ev);
	/* of a worker: only these events have a frequency */
	if (ev->freq > 0) {
		tq_celery_name_put(b, "loadavg");
		for (i = 0; i < 3; i++) {
			tq_buf_str(b, i == 0 ? "[" : ", ");
			put_load(b, ev->loadavg[i]);
		}
		tq_buf_byte(b, ']');
	}
	tq_celery_members_put(b, ev->others, ev->nothers);
	tq_buf_byte(b, '}');
}

static void
get_loadavg(struct tq_celery_reader *r, struct tq_celery_event *out,
    struct tq_bytes v)
{
	struct tq_bytes load;
	size_t i;

	if (tq_scan_unset(v))
		return;
	for (i = 0; i < 3; i++) {
		load = tq_scan_at(v, i);
		if (!tq_scan_real(&out->loadavg[i], load))
			tq_celery_want(r, "loadavg", "three numbers", v);
	}
}

int
tq_celery_event_decode(struct tq_celery_event *out, struct tq_arena *mem,
    struct tq_bytes text, struct tq_err *e)
{
	struct tq_celery_reader r = { mem, "event", e, 0 };

	tq_celery_event_init(out);
	if (tq_scan_type(text) != TQ_SCAN_OBJECT) {
		tq_celery_want(&r, "it", "an object", text);
		return -1;
	}
	tq_celery_fields_get(&r, out, fields, N(fields), text, &out->others,
	    &out->nothers);
	get_loadavg(&r, out, tq_scan_get(text, "loadavg"));
	if (tq_scan_unset(out->signum))
		out->signum.n = 0;
	if (out->type == NULL || *out->type == '\0')
		tq_celery_bad(&r, EBADMSG, "type: there is none");
	return r.failed ? -1 : 0;
}

int
tq_celery_event_list(const struct tq_bytes **out, size_t *n,
    struct tq_arena *mem, struct tq_bytes body, struct tq_err *e)
{
	struct tq_bytes *list;
	struct tq_scan s;
	size_t i = 0;

	*n = 0;
	*out = NULL;
	list = tq_arena_alloc(mem, (tq_scan_count(body) + 1) * sizeof(*list));
	if (list == NULL)
		return tq_fail_sys(e, ENOMEM, "events");
	list[i] = body;
	if (tq_scan_type(body) == TQ_SCAN_ARRAY) {
		tq_scan_init(&s, body);
		while (tq_scan_next(&s, &list[i]))
			i++;
	} else {
		i = 1;
	}
	*out = list;
	*n = i;
	return 0;
}

void
tq_celery_event_key(char *out, size_t size, const char *type)
{
	char *p;

	strlcpy(out, type, size);
	for (p = out; *p != '\0'; p++) {
		if (*p == '-')
			*p = '.';
	}
}
