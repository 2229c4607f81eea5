/* Operands of a named task as a program sees them. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "message/celery.h"
#include "message/json.h"
#include "message/scan.h"
#include "operand.h"

/*
 * A string as its bytes, any other value as compact JSON, digit for digit; of
 * one that kombu has typed, the string in it.
 */
static int
put_plain(struct tq_buf *b, struct tq_arena *mem, struct tq_bytes v,
    struct tq_err *e)
{
	struct tq_bytes s;

	v = tq_celery_plain(mem, v);
	if (tq_scan_type(v) != TQ_SCAN_STRING) {
		tq_scan_compact(b, v);
		return 0;
	}
	s = tq_scan_string(mem, v);
	if (s.p == NULL && errno == EILSEQ)
		return tq_fail(e, EINVAL, "operand %.*s: half a surrogate "
		    "pair", v.n < 40 ? (int)v.n : 40, v.p);
	if (s.p == NULL)
		return tq_fail_sys(e, errno, "operand");
	if (memchr(s.p, '\0', s.n) != NULL)
		return tq_fail(e, EINVAL, "operand %.*s: no program can be "
		    "given a NUL", v.n < 40 ? (int)v.n : 40, v.p);
	tq_buf_put(b, s.p, s.n);
	return 0;
}

/* The text of one JSON value, with `prefix` of n bytes before it. */
static int
plain(const char **out, struct tq_arena *mem, const char *prefix, size_t n,
    const char *text, struct tq_err *e)
{
	static const struct tq_scan_bounds most = {
		TQ_JSON_TEXT_MAX, SIZE_MAX, TQ_SCAN_DEPTH_MAX
	};
	struct tq_err why;
	struct tq_bytes v;
	struct tq_buf b;
	int rv;

	if (tq_scan_check(&v, text, strlen(text), &most, &why) == -1)
		return tq_fail(e, EINVAL, "operand %.40s: %s", text,
		    why.text);
	tq_buf_init(&b);
	tq_buf_put(&b, prefix, n);
	rv = put_plain(&b, mem, v, e);
	if (rv == 0 && (!tq_buf_ok(&b) || (*out = tq_arena_copy(mem,
	    b.n == 0 ? "" : (const char *)b.p, b.n)) == NULL))
		rv = tq_fail_sys(e, ENOMEM, "operand");
	tq_buf_fini(&b);
	return rv;
}

int
tq_operands_plain(struct tq_task *out, struct tq_arena *mem,
    const struct tq_task *t, struct tq_err *e)
{
	const char **argv, **kwargs, *eq;
	int i;

	*out = *t;
	if ((t->flags & TQ_TASK_JSON) == 0)
		return 0;
	argv = tq_arena_alloc(mem, ((size_t)t->argc + 1) * sizeof(*argv));
	kwargs = tq_arena_alloc(mem, ((size_t)t->kwc + 1) * sizeof(*kwargs));
	if (argv == NULL || kwargs == NULL)
		return tq_fail_sys(e, ENOMEM, "operands");
	for (i = 0; i < t->argc; i++)
		if (plain(&argv[i], mem, "", 0, t->argv[i], e) == -1)
			return -1;
	for (i = 0; i < t->kwc; i++) {
		if ((eq = strchr(t->kwargs[i], '=')) == NULL)
			return tq_fail(e, EINVAL, "operand %.40s: no '='",
			    t->kwargs[i]);
		if (plain(&kwargs[i], mem, t->kwargs[i],
		    (size_t)(eq + 1 - t->kwargs[i]), eq + 1, e) == -1)
			return -1;
	}
	argv[t->argc] = kwargs[t->kwc] = NULL;
	out->argv = argv;
	out->kwargs = kwargs;
	return 0;
}
