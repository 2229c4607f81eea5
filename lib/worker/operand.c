/* Operands of a named task as a program sees them. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "operand.h"

/* The text of one JSON value, with `prefix` of n bytes before it. */
static int
plain(const char **out, struct tq_arena *mem, const char *prefix, size_t n,
    const char *text, struct tq_err *e)
{
	json_error_t je;
	json_t *value;
	char *dump = NULL, *s;
	const char *p;
	int rv = -1;

	if ((value = json_loads(text, JSON_DECODE_ANY, &je)) == NULL)
		return tq_fail(e, EINVAL, "operand %.40s: %s", text, je.text);
	if ((p = json_string_value(value)) == NULL)
		p = dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	if (p == NULL || (s = tq_arena_alloc(mem, n + strlen(p) + 1)) == NULL) {
		tq_fail_sys(e, ENOMEM, "operand");
		goto out;
	}
	memcpy(s, prefix, n);
	memcpy(s + n, p, strlen(p) + 1);
	*out = s;
	rv = 0;
out:
	free(dump);
	json_decref(value);
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
