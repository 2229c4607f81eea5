/* What a claimed message asks for. */
#include <errno.h>
#include <string.h>

#include "message/celery_field.h"
#include "message/celery_own.h"
#include "message/celery_tree.h"

/* Nothing is run: it has ended so. */
static int
end(struct tq_celery_work *out, enum tq_state state, struct tq_bytes result)
{
	out->next = TQ_CELERY_END;
	tq_outcome_init(&out->end, state);
	if (state == TQ_SUCCESS)
		out->end.status = 0;
	out->end.result = result;
	return 0;
}

static int
refuse(struct tq_celery_work *out, struct tq_arena *mem, const char *why)
{
	struct tq_bytes none = { NULL, 0 };

	end(out, TQ_FAILURE, none);
	out->end.type = "InvalidTaskError";
	out->end.why = tq_arena_copy(mem, why, strlen(why));
	return out->end.why != NULL ? 0 : -1;
}

static int
end_text(struct tq_celery_work *out, const char *json)
{
	struct tq_bytes result = { json, strlen(json) };

	return end(out, TQ_SUCCESS, result);
}

/* The next item of a map as a call of its task. */
static int
look_at_item(struct tq_celery_work *out, struct tq_arena *mem,
    const struct tq_celery_task *m, int spread)
{
	struct tq_bytes it = tq_own_argument(m, "it", 1), item, none = { NULL, 0 };
	size_t k = tq_scan_count(tq_own_done(m));
	struct tq_celery_task *call;
	struct tq_celery_sig sig;
	struct tq_err why;
	struct tq_buf b;

	if (tq_scan_type(it) != TQ_SCAN_ARRAY)
		return refuse(out, mem, "it: not an array");
	if (tq_celery_sig_decode(&sig, mem, tq_own_argument(m, "task", 0), &why) ==
	    -1)
		return errno == ENOMEM ? -1 : refuse(out, mem, why.text);
	if (tq_scan_count(it) == 0)
		return end_text(out, "[]");
	if (k >= tq_scan_count(it))
		return refuse(out, mem, "more items are done than there are");
	item = tq_scan_at(it, k);
	if (spread && tq_scan_type(item) != TQ_SCAN_ARRAY)
		return refuse(out, mem, "an item is not an array");
	if ((call = tq_arena_alloc(mem, sizeof(*call))) == NULL)
		return -1;
	*call = *m;
	call->task = sig.task;
	tq_buf_init(&b);
	tq_buf_str(&b, spread ? "" : "[");
	tq_buf_put(&b, item.p, item.n);
	tq_buf_str(&b, spread ? "" : "]");
	call->args = tq_arena_keep(mem, &b);
	tq_buf_fini(&b);
	if (call->args.p == NULL)
		return -1;
	call->kwargs.p = "{}";
	call->kwargs.n = 2;
	call->argsrepr = call->kwargsrepr = NULL;
	call->callbacks = call->errbacks = call->chain = none;
	call->chord = call->embed = none;
	out->next = TQ_CELERY_RUN;
	out->task = call;
	return 0;
}

/* A value as people read it: a string as it is, others as JSON; a line. */
static int
put_line(struct tq_buf *b, struct tq_arena *mem, struct tq_bytes v, int json)
{
	struct tq_bytes s;

	if (json || tq_scan_type(v) != TQ_SCAN_STRING) {
		tq_scan_compact(b, v);
	} else {
		if ((s = tq_scan_string(mem, v)).p == NULL)
			return -1;
		tq_buf_put(b, s.p, s.n);
	}
	tq_buf_byte(b, '\n');
	return 0;
}

/*
 * A raw command with arguments: results of those before it, put there by a
 * chain, a chord or a link.  They are its stdin.
 */
static int
look_at_command(struct tq_celery_work *out, struct tq_arena *mem,
    const struct tq_celery_task *m)
{
	struct tq_bytes each = tq_celery_others_get(m->others, m->nothers,
	    TQ_CELERY_EACH);
	struct tq_celery_task *call;
	struct tq_buf text, kw;
	struct tq_bytes v;
	struct tq_scan i;
	int rv = 0, json = 0;

	if ((call = tq_arena_alloc(mem, sizeof(*call))) == NULL)
		return -1;
	*call = *m;
	(void)tq_scan_bool(&json, each);
	tq_buf_init(&text);
	tq_scan_init(&i, tq_scan_type(each) == TQ_SCAN_BOOL ?
	    tq_scan_at(m->args, 0) : m->args);
	while (rv == 0 && tq_scan_next(&i, &v))
		rv = put_line(&text, mem, v, json);
	if (rv == -1) {
		tq_buf_fini(&text);
		return errno == ENOMEM ? -1 : refuse(out, mem,
		    "a result before it is no text");
	}
	tq_buf_init(&kw);
	tq_buf_put(&kw, m->kwargs.p, m->kwargs.n - 1);
	tq_buf_str(&kw, tq_scan_count(m->kwargs) > 0 ? ", \"body\": " :
	    "\"body\": ");
	tq_scan_quote(&kw, (const char *)text.p, text.n);
	tq_buf_byte(&kw, '}');
	call->kwargs.p = tq_buf_ok(&text) && tq_buf_ok(&kw) ?
	    tq_arena_copy(mem, kw.p, kw.n) : NULL;
	call->kwargs.n = kw.n;
	call->args.p = "[]";
	call->args.n = 2;
	tq_buf_fini(&text);
	tq_buf_fini(&kw);
	out->task = call;
	return call->kwargs.p != NULL ? 0 : -1;
}

static int
look_at_sum(struct tq_celery_work *out, struct tq_arena *mem,
    const struct tq_celery_task *m)
{
	struct tq_bytes index = tq_scan_get(m->kwargs, "index"), v;
	int64_t i;

	if (tq_scan_unset(index))
		return end(out, TQ_SUCCESS, m->args);
	if (!tq_scan_int(&i, index) || i < 0 ||
	    (v = tq_scan_at(m->args, (size_t)i)).p == NULL)
		return refuse(out, mem, "index: no such argument");
	return end(out, TQ_SUCCESS, v);
}

int
tq_celery_look(struct tq_celery_work *out, struct tq_arena *mem,
    const struct tq_celery_task *m, const struct tq_celery_site *site,
    struct tq_err *e)
{
	struct tq_bytes none = { NULL, 0 };
	int rv = 0;

	memset(out, 0, sizeof(*out));
	out->next = TQ_CELERY_RUN;
	out->task = m;
	if (m->expires != 0 && site->now > m->expires)
		return end(out, TQ_EXPIRED, none);
	switch (tq_own_of(m->task)) {
	case TQ_OWN_NONE:
		if (strcmp(m->task, TQ_CELERY_EXEC) == 0 &&
		    tq_scan_count(m->args) > 0)
			rv = look_at_command(out, mem, m);
		break;
	case TQ_OWN_ACCUMULATE:
		rv = look_at_sum(out, mem, m);
		break;
	case TQ_OWN_CLEANUP:	/* results have a time to live */
	case TQ_OWN_SHAPE:
	case TQ_OWN_CHUNKS:
		rv = end_text(out, "null");
		break;
	case TQ_OWN_PING:
		rv = end_text(out, "\"pong\"");
		break;
	case TQ_OWN_MAP:
	case TQ_OWN_STARMAP:
		rv = look_at_item(out, mem, m,
		    tq_own_of(m->task) == TQ_OWN_STARMAP);
		break;
	case TQ_OWN_UNLOCK:
		out->next = TQ_CELERY_LOOK;
		rv = tq_celery_tuple_ids(&out->ids, &out->nids, mem,
		    tq_scan_get(m->kwargs, "result"));
		if (rv == -1 && errno != ENOMEM)
			rv = refuse(out, mem, "result: no list of results");
		break;
	}
	return rv == 0 ? 0 : tq_fail(e, ENOMEM, "out of memory");
}
