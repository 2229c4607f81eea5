/*
 * Of a text that is no message: whose result somebody waits for, and what else
 * waits with it.
 *
 * Nothing here fails.  What cannot be read, or is not of its type, is not
 * there; the rest counts.
 */
#include <string.h>

#include "message/base64.h"
#include "message/celery.h"

/* A text of an object without NUL, or NULL. */
static const char *
text_of(struct tq_arena *mem, struct tq_bytes object, const char *name)
{
	struct tq_bytes s = tq_scan_string(mem, tq_scan_get(object, name));

	return s.p != NULL && memchr(s.p, '\0', s.n) == NULL ? s.p : NULL;
}

static const char *
id_of(struct tq_arena *mem, struct tq_bytes object, const char *name)
{
	const char *s = text_of(mem, object, name);

	return s != NULL && *s != '\0' ? s : NULL;
}

/* An id that no text here can hold, as it is spelled. */
static struct tq_bytes
odd_of(struct tq_arena *mem, struct tq_bytes object, const char *name)
{
	struct tq_bytes none = { NULL, 0 }, v = tq_scan_get(object, name);
	struct tq_bytes s = tq_scan_string(mem, v);

	return s.p != NULL && memchr(s.p, '\0', s.n) != NULL ? v : none;
}

static struct tq_bytes
typed_of(struct tq_bytes object, const char *name, enum tq_scan_type type)
{
	struct tq_bytes none = { NULL, 0 }, v = tq_scan_get(object, name);

	return tq_scan_type(v) == type ? v : none;
}

static int64_t
count_of(struct tq_bytes object, const char *name, int64_t unset)
{
	int64_t n;

	return tq_scan_int(&n, tq_scan_get(object, name)) && n >= 0 ? n :
	    unset;
}

/* ---- its parts ------------------------------------------------------- */

/* The body as JSON, whatever is said of it, or none. */
static struct tq_bytes
body_of(struct tq_arena *mem, struct tq_bytes all, struct tq_bytes headers,
    const struct tq_celery_bounds *bounds)
{
	struct tq_bytes none = { NULL, 0 }, v = tq_scan_get(all, "body");
	struct tq_celery_envelope env;

	tq_celery_envelope_init(&env);
	env.content_type = "application/json";
	env.headers = headers;
	/* JSON of any use is no base 64 */
	if ((env.body = tq_scan_text(mem, v)).p == NULL ||
	    (!tq_base64_get((char *)(uintptr_t)env.body.p, &env.body.n,
	    env.body.p, env.body.n) &&
	    (env.body = tq_scan_text(mem, v)).p == NULL))
		return none;
	return tq_celery_envelope_body(mem, &env, bounds, NULL);
}

/* What both protocols say under the same names. */
static void
get_place(struct tq_celery_task *out, struct tq_arena *mem,
    struct tq_bytes from)
{
	const char *name = text_of(mem, from, "task");

	if (name != NULL)
		out->task = name;
	out->id = id_of(mem, from, "id");
	out->group = id_of(mem, from, "group");
	out->group_index = count_of(from, "group_index", TQ_CELERY_NONE);
	out->retries = count_of(from, "retries", 0);
	if (out->retries > TQ_CELERY_RETRIES_MAX)
		out->retries = TQ_CELERY_RETRIES_MAX;
}

static void
get_headers(struct tq_celery_task *out, struct tq_arena *mem,
    struct tq_bytes headers)
{
	get_place(out, mem, headers);
	out->root_id = text_of(mem, headers, "root_id");
	out->parent_id = text_of(mem, headers, "parent_id");
	(void)tq_scan_bool(&out->ignore_result, tq_scan_get(headers,
	    "ignore_result"));
	out->stamped_headers = typed_of(headers, "stamped_headers",
	    TQ_SCAN_ARRAY);
	out->stamps = typed_of(headers, "stamps", TQ_SCAN_OBJECT);
	out->tq = typed_of(headers, "tq", TQ_SCAN_OBJECT);
}

/* What never runs because of it, and who hears of it. */
static void
get_embed(struct tq_celery_task *out, struct tq_bytes embed)
{
	out->errbacks = tq_scan_get(embed, "errbacks");
	out->chord = typed_of(embed, "chord", TQ_SCAN_OBJECT);
	if (out->protocol == 2)
		out->chain = tq_scan_get(embed, "chain");
}

void
tq_celery_salvage(struct tq_celery_task *out, struct tq_arena *mem,
    const char *text, size_t n, const struct tq_celery_bounds *bounds)
{
	const struct tq_scan_bounds any = {
		n, bounds->body.nodes, TQ_SCAN_DEPTH_MAX
	};
	struct tq_bytes all, headers, body = { NULL, 0 };

	tq_celery_task_init(out);
	out->task = "";
	if (tq_scan_check(&all, text, n, &any, NULL) == -1)
		return;
	headers = typed_of(all, "headers", TQ_SCAN_OBJECT);
	/* one that is too long is gone through, and not copied */
	if (n <= bounds->envelope)
		body = body_of(mem, all, headers, bounds);
	out->unknown = body.p == NULL;
	if (tq_scan_get(headers, "task").n == 0 &&
	    tq_scan_type(body) == TQ_SCAN_OBJECT) {
		out->protocol = 1;
		get_place(out, mem, body);
		if (out->group == NULL)
			out->group = id_of(mem, body, "taskset");
		get_embed(out, body);
	} else {
		get_headers(out, mem, headers);
		get_embed(out, tq_scan_at(body, 2));
	}
	/* a header may have lost its task, not its id */
	if (out->id == NULL)
		out->id = id_of(mem, headers, "id");
	/* Celery's clients say it once more */
	if (out->id == NULL)
		out->id = id_of(mem, tq_scan_get(all, "properties"),
		    "correlation_id");
	if (out->id == NULL)
		out->odd_id = odd_of(mem, out->protocol == 1 ? body : headers,
		    "id");
}
