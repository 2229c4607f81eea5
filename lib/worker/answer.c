/* What a resident handler answers (pure). */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "message/json.h"
#include "message/utf8.h"

#define QUOTE	120		/* bytes of a line that are shown */

/* Copy characters that a terminal does not obey; what is none is a '?'. */
static void
copy_plain(char *buf, size_t size, const char *p, size_t n)
{
	uint32_t c;
	size_t len;

	for (; n > 0; p += len, n -= len) {
		if ((len = tq_utf8_get(&c, p, n)) == 0 ||
		    tq_utf8_control(c)) {
			len = len > 0 ? len : 1;
			if (size < 2)
				break;
			*buf++ = '?';
			size--;
			continue;
		}
		if (size <= len)
			break;
		memcpy(buf, p, len);
		buf += len;
		size -= len;
	}
	*buf = '\0';
}

void
tq_answer_quote(char *buf, size_t size, const char *line, size_t n)
{
	copy_plain(buf, size < QUOTE ? size : QUOTE, line, n);
}

static int
put_result(struct tq_answer *out, struct tq_arena *mem, const json_t *v,
    struct tq_err *e)
{
	char *text, *s;
	size_t n;

	if (json_is_string(v)) {
		n = json_string_length(v);
		s = tq_arena_copy(mem, json_string_value(v), n);
	} else {
		if ((text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY)) ==
		    NULL)
			return tq_fail_sys(e, ENOMEM, "result");
		n = strlen(text) + 1;
		if ((s = tq_arena_copy(mem, text, n)) != NULL)
			s[n - 1] = '\n';
		free(text);
	}
	if (s == NULL)
		return tq_fail_sys(e, ENOMEM, "result");
	out->out.p = s;
	out->out.n = n;
	return 0;
}

static int
put_error(struct tq_answer *out, struct tq_arena *mem, const json_t *v,
    struct tq_err *e)
{
	const char *s = json_string_value(v);
	size_t n = json_string_length(v);
	char *why;

	out->err.n = n;
	out->err.p = tq_arena_copy(mem, s, n);
	why = tq_arena_alloc(mem, TQ_WHY_MAX + 1);
	if (out->err.p == NULL || why == NULL)
		return tq_fail_sys(e, ENOMEM, "error");
	copy_plain(why, TQ_WHY_MAX + 1, s, strcspn(s, "\n"));
	out->why = *why != '\0' ? why : NULL;
	return 0;
}

/* The members of an answer, and what is wrong with it, or NULL. */
static const char *
check(json_t *root, const char *id, const json_t **result,
    const json_t **error, const json_t **status)
{
	const json_t *was;
	size_t known = 1;

	if (!json_is_object(root))
		return "not an object";
	if (!json_is_string(was = json_object_get(root, "id")))
		return "no id";
	if (strcmp(json_string_value(was), id) != 0)
		return "for another id";
	known += (*result = json_object_get(root, "result")) != NULL;
	known += (*error = json_object_get(root, "error")) != NULL;
	known += (*status = json_object_get(root, "status")) != NULL;
	if (json_object_size(root) != known)
		return "a member that is none of id, result, error, status";
	if (*error != NULL && !json_is_string(*error))
		return "an error that is no string";
	if (*status != NULL && (!json_is_integer(*status) ||
	    json_integer_value(*status) < 0 ||
	    json_integer_value(*status) > 255))
		return "a status that is none of 0 to 255";
	if (*error != NULL && *status != NULL &&
	    json_integer_value(*status) == 0)
		return "an error with status 0";
	return NULL;
}

int
tq_answer_parse(struct tq_answer *out, struct tq_arena *mem, const char *line,
    size_t n, const char *id, struct tq_err *e)
{
	const json_t *result = NULL, *error = NULL, *status = NULL;
	char quoted[QUOTE];
	const char *bad;
	json_t *root;
	int rv = 0;

	memset(out, 0, sizeof(*out));
	if ((root = tq_json_load(line, n, TQ_JSON_DEPTH_MAX, NULL)) == NULL) {
		tq_answer_quote(quoted, sizeof(quoted), line, n);
		return tq_fail(e, EINVAL, "bad answer, not JSON: %s", quoted);
	}
	if ((bad = check(root, id, &result, &error, &status)) != NULL) {
		tq_answer_quote(quoted, sizeof(quoted), line, n);
		rv = tq_fail(e, EINVAL, "bad answer, %s: %s", bad, quoted);
		goto out;
	}
	out->status = error != NULL;
	if (status != NULL)
		out->status = (int)json_integer_value(status);
	if (result != NULL && !json_is_null(result))
		rv = put_result(out, mem, result, e);
	if (rv == 0 && error != NULL)
		rv = put_error(out, mem, error, e);
out:
	json_decref(root);
	return rv;
}
