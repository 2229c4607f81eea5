/*
 * Reading a message, and writing it again as one that came back.
 *
 * What tq knows of a message's past and Celery has no field for stands in the
 * header `tq_past`, [workers that died with it, "try later" ends]; the attempt
 * is one more than retries and these together.
 */
#define _GNU_SOURCE		/* memrchr(3) */
#include <errno.h>
#include <string.h>

#include "backend/redis/message.h"
#include "backend/unpack.h"

#define PAST		"tq_past"
#define PAST_MAX	1000000

/*
 * A message carries all that follows its task, a workflow of any size; what is
 * more than this is no message.
 */
static void
bounds(struct tq_celery_bounds *b)
{
	tq_celery_bounds_init(b);
	b->envelope = 24 << 20;
	b->body.bytes = TQ_CELERY_BODY_MAX;
	b->body.nodes = 8 << 20;	/* as many as bytes allow */
	b->body.depth = TQ_CELERY_DEPTH_MAX;
	b->unpack = tq_unpack;
}

static unsigned
past(struct tq_bytes v)
{
	int64_t n;

	return tq_scan_int(&n, v) && n > 0 && n < PAST_MAX ? (unsigned)n : 0;
}

int
tq_redis_read(struct tq_redis_read *out, struct tq_arena *mem,
    const char *text, size_t n, struct tq_err *e)
{
	struct tq_celery_bounds b;
	struct tq_bytes v;

	tq_celery_envelope_init(&out->env);
	tq_celery_task_init(&out->msg);
	out->text.p = text;
	out->text.n = n;
	out->crashes = out->laters = 0;
	bounds(&b);
	if (tq_celery_envelope_decode(&out->env, mem, text, n, &b, e) == -1 ||
	    tq_celery_task_decode(&out->msg, mem, &out->env, &b, e) == -1)
		return -1;
	if ((out->name = tq_celery_id_name(mem, out->msg.id)) == NULL)
		return tq_fail_sys(e, ENOMEM, "message");
	v = tq_scan_get(out->env.headers, PAST);
	out->crashes = past(tq_scan_at(v, 0));
	out->laters = past(tq_scan_at(v, 1));
	return 0;
}

void
tq_redis_salvage(struct tq_redis_read *out, struct tq_arena *mem,
    const char *text, size_t n)
{
	struct tq_celery_bounds b;

	tq_celery_envelope_init(&out->env);
	out->text.p = text;
	out->text.n = n;
	out->crashes = out->laters = 0;
	bounds(&b);
	tq_celery_salvage(&out->msg, mem, text, n, &b);
	out->name = out->msg.id == NULL ? NULL :
	    tq_celery_id_name(mem, out->msg.id);
}

int
tq_redis_reword(struct tq_bytes *out, struct tq_arena *mem,
    const struct tq_redis_read *in, unsigned crashes, unsigned laters,
    struct tq_err *e)
{
	struct tq_celery_envelope env = in->env;
	struct tq_bytes name, value;
	struct tq_scan scan;
	struct tq_buf b;
	int rv = -1;

	tq_buf_init(&b);
	tq_buf_printf(&b, "{\"" PAST "\": [%u, %u]", crashes, laters);
	tq_scan_init(&scan, in->env.headers);
	while (tq_scan_member(&scan, &name, &value)) {
		if (tq_scan_says(name, PAST) ||
		    tq_scan_says(name, "redelivered"))
			continue;
		tq_buf_str(&b, ", ");
		tq_buf_put(&b, name.p, name.n);
		tq_buf_str(&b, ": ");
		tq_buf_put(&b, value.p, value.n);
	}
	tq_buf_str(&b, "}");
	if (tq_buf_ok(&b) && (env.headers.p = tq_arena_copy(mem, b.p, b.n)) !=
	    NULL) {
		env.headers.n = b.n;
		env.redelivered = 1;
		tq_buf_reset(&b);
		tq_celery_envelope_encode(&b, &env);
		if (tq_buf_ok(&b) && (out->p = tq_arena_copy(mem, b.p, b.n)) !=
		    NULL) {
			out->n = b.n;
			rv = 0;
		}
	}
	tq_buf_fini(&b);
	return rv == 0 ? 0 : tq_fail_sys(e, ENOMEM, "message of %s",
	    in->name == NULL ? "?" : in->name);
}

/* ---- of what is held ----------------------------------------------------- */

int
tq_redis_split(struct tq_bytes *message, const char **queue,
    struct tq_arena *mem, const char *text, size_t n)
{
	const struct tq_scan_bounds bounds = { 25 << 20, 1000000, 104 };
	struct tq_bytes v, key;

	if (tq_scan_check(&v, text, n, &bounds, NULL) == -1)
		return -1;
	*message = tq_scan_at(v, 0);
	key = tq_scan_string(mem, tq_scan_at(v, 2));
	*queue = key.p;
	return tq_scan_type(*message) == TQ_SCAN_OBJECT && key.p != NULL &&
	    tq_name_valid(key.p) ? 0 : -1;
}

/*
 * The same of what a worker of tq wrote down: what it took stands there as it
 * was, JSON or not, before `, "", "QUEUE"]`.  A worker that died before it had
 * set such a message aside would leave it to no one else.
 */
int
tq_redis_split_ours(struct tq_bytes *message, const char **queue,
    struct tq_arena *mem, const char *text, size_t n)
{
	static const char between[] = ", \"\", ";
	const size_t len = sizeof(between) - 1;
	const char *end, *p;

	if (n < len + 5)
		return -1;
	end = text + n - 2;
	if (text[0] != '[' || memcmp(end, "\"]", 2) != 0 ||
	    (p = memrchr(text, '"', n - 2)) == NULL ||
	    (size_t)(p - text) < len + 1 || memcmp(p - len, between, len) != 0)
		return -1;
	message->p = text + 1;
	message->n = (size_t)(p - len - message->p);
	*queue = tq_arena_copy(mem, p + 1, (size_t)(end - p - 1));
	return *queue != NULL && tq_name_valid(*queue) ? 0 : -1;
}
