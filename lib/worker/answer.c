/* What a resident handler answers (pure). */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "message/json.h"
#include "message/utf8.h"

#define RETRY_MAX	3e8		/* seconds: ten years */
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

/* A value as compact JSON with `end` behind it, and a NUL. */
static int
put_json(struct tq_bytes *out, struct tq_arena *mem, const json_t *v,
    const char *end, struct tq_err *e)
{
	char *text, *s;
	size_t n;

	if ((text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY)) == NULL)
		return tq_fail_sys(e, ENOMEM, "answer");
	n = strlen(text);
	if ((s = tq_arena_alloc(mem, n + strlen(end) + 1)) != NULL) {
		memcpy(s, text, n);
		memcpy(s + n, end, strlen(end) + 1);
	}
	free(text);
	if (s == NULL)
		return tq_fail_sys(e, ENOMEM, "answer");
	*out = (struct tq_bytes){ s, n + strlen(end) };
	return 0;
}

static int
put_string(struct tq_bytes *out, struct tq_arena *mem, const json_t *v,
    struct tq_err *e)
{
	out->n = json_string_length(v);
	out->p = tq_arena_copy(mem, json_string_value(v), out->n);
	return out->p != NULL ? 0 : tq_fail_sys(e, ENOMEM, "answer");
}

static int
put_error(struct tq_answer *out, struct tq_arena *mem, const json_t *v,
    struct tq_err *e)
{
	const char *s = json_string_value(v);
	char *why;

	if (put_string(&out->err, mem, v, e) == -1)
		return -1;
	if ((why = tq_arena_alloc(mem, TQ_WHY_MAX + 1)) == NULL)
		return tq_fail_sys(e, ENOMEM, "error");
	copy_plain(why, TQ_WHY_MAX + 1, s, strcspn(s, "\n"));
	out->why = *why != '\0' ? why : NULL;
	return 0;
}

/* The members that may stand beside the id. */
struct members {
	const json_t	*result, *error, *status, *type, *args;
	const json_t	*retry, *retries, *replace;
	const json_t	*progress, *state, *meta;
};

static size_t
find(struct members *m, const json_t *root)
{
	const struct {
		const char	*name;
		const json_t	**to;
	} all[] = {
		{ "result", &m->result }, { "error", &m->error },
		{ "status", &m->status }, { "type", &m->type },
		{ "args", &m->args }, { "retry", &m->retry },
		{ "retries", &m->retries }, { "replace", &m->replace },
		{ "progress", &m->progress }, { "state", &m->state },
		{ "meta", &m->meta },
	};
	size_t i, found = 0, left = json_object_size(root) - 1;

	memset(m, 0, sizeof(*m));
	for (i = 0; i < sizeof(all) / sizeof(all[0]) && found < left; i++) {
		*all[i].to = json_object_get(root, all[i].name);
		found += *all[i].to != NULL;
	}
	return left - found;
}

static int
is_name(const json_t *v)
{
	return json_is_string(v) && tq_name_valid(json_string_value(v));
}

/* 1 if it says what became of the task. */
static int
has_end(const struct members *m)
{
	return m->result != NULL || m->error != NULL || m->status != NULL ||
	    m->type != NULL || m->args != NULL || m->retry != NULL ||
	    m->retries != NULL;
}

/* What is wrong with a report, or NULL. */
static const char *
check_report(const struct members *m)
{
	if (has_end(m) || m->replace != NULL)
		return "progress and an answer in one";
	if (m->progress != NULL && (m->state != NULL || m->meta != NULL))
		return "progress and a state in one";
	if (m->progress != NULL && !json_is_string(m->progress))
		return "progress that is no string";
	if (m->progress == NULL && !is_name(m->state))
		return "a state that is no name";
	return NULL;
}

/* What is wrong with an answer, or NULL. */
static const char *
check_answer(const struct members *m)
{
	const json_t *status = m->status;

	if (m->error != NULL && !json_is_string(m->error))
		return "an error that is no string";
	if (status != NULL && (!json_is_integer(status) ||
	    json_integer_value(status) < 0 ||
	    json_integer_value(status) > 255))
		return "a status that is none of 0 to 255";
	if (m->error != NULL && status != NULL &&
	    json_integer_value(status) == 0)
		return "an error with status 0";
	if (m->type != NULL && (m->error == NULL || !is_name(m->type)))
		return "a type that is no name of an error";
	if (m->args != NULL && (m->type == NULL || !json_is_array(m->args)))
		return "args that are no array of a type";
	if (m->retries != NULL && (m->error == NULL ||
	    !json_is_integer(m->retries) ||
	    json_integer_value(m->retries) < 0 ||
	    json_integer_value(m->retries) > INT_MAX))
		return "retries that are no number of an error";
	if (m->retry != NULL && (!json_is_number(m->retry) ||
	    json_number_value(m->retry) < 0 ||
	    json_number_value(m->retry) > RETRY_MAX))
		return "a retry that is no number of seconds";
	return NULL;
}

/* What is wrong with naming another task, or NULL. */
static const char *
check_replace(const struct members *m)
{
	if (has_end(m))
		return "replace and an end in one";
	if (!json_is_null(m->replace) &&
	    !json_is_string(json_object_get(m->replace, "task")))
		return "a replace that is no signature";
	return NULL;
}

/* What is wrong with it, or NULL. */
static const char *
check(const json_t *root, const char *id, const char *before,
    struct members *m, int *num)
{
	const json_t *was;

	*num = EINVAL;
	if (!json_is_object(root))
		return "not an object";
	if (!json_is_string(was = json_object_get(root, "id")))
		return "no id";
	if (strcmp(json_string_value(was), id) != 0) {
		if (before == NULL ||
		    strcmp(json_string_value(was), before) != 0)
			return "for another id";
		*num = EALREADY;
		return "a second one";
	}
	if (find(m, root) > 0)
		return "a member that is none of id, result, error, type, "
		    "args, status, retry, retries, replace, progress, state, "
		    "meta";
	if (m->progress != NULL || m->state != NULL || m->meta != NULL)
		return check_report(m);
	return m->replace != NULL ? check_replace(m) : check_answer(m);
}

static int
fill_report(struct tq_answer *out, struct tq_arena *mem,
    const struct members *m, struct tq_err *e)
{
	out->is_report = 1;
	if (m->progress != NULL)
		return put_string(&out->report.text, mem, m->progress, e);
	out->report.state = tq_arena_copy(mem, json_string_value(m->state),
	    json_string_length(m->state));
	if (out->report.state == NULL)
		return tq_fail_sys(e, ENOMEM, "state");
	return m->meta == NULL ? 0 : put_json(&out->report.text, mem, m->meta,
	    "", e);
}

static int
fill(struct tq_answer *out, struct tq_arena *mem, const struct members *m,
    struct tq_err *e)
{
	out->status = m->error != NULL;
	if (m->status != NULL)
		out->status = (int)json_integer_value(m->status);
	if (m->retry != NULL)
		out->retry = (tq_time)(json_number_value(m->retry) *
		    TQ_SECOND);
	if (m->type != NULL && (out->type = tq_arena_copy(mem,
	    json_string_value(m->type), json_string_length(m->type))) == NULL)
		return tq_fail_sys(e, ENOMEM, "type");
	if (m->error != NULL && put_error(out, mem, m->error, e) == -1)
		return -1;
	if (m->retries != NULL)
		out->retries = (int)json_integer_value(m->retries);
	if (m->args != NULL && put_json(&out->args, mem, m->args, "", e) == -1)
		return -1;
	if (m->replace != NULL)
		return put_json(&out->replace, mem, m->replace, "", e);
	if (m->result == NULL || json_is_null(m->result))
		return 0;
	if (json_is_string(m->result)) {
		if (put_string(&out->out, mem, m->result, e) == -1)
			return -1;
		return out->out.n > 0 && out->out.p[out->out.n - 1] != '\n' ?
		    0 : put_json(&out->exact, mem, m->result, "", e);
	}
	out->json = 1;
	return put_json(&out->out, mem, m->result, "\n", e);
}

int
tq_answer_parse(struct tq_answer *out, struct tq_arena *mem, const char *line,
    size_t n, const char *id, const char *before, struct tq_err *e)
{
	char quoted[QUOTE];
	struct members m;
	const char *bad;
	json_t *root;
	int num, rv;

	memset(out, 0, sizeof(*out));
	out->retry = out->retries = -1;
	if ((root = tq_json_load(line, n, TQ_JSON_DEPTH_MAX, NULL)) == NULL) {
		tq_answer_quote(quoted, sizeof(quoted), line, n);
		return tq_fail(e, EINVAL, "bad answer, not JSON: %s", quoted);
	}
	if ((bad = check(root, id, before, &m, &num)) != NULL) {
		tq_answer_quote(quoted, sizeof(quoted), line, n);
		rv = tq_fail(e, num, "bad answer, %s: %s", bad, quoted);
	} else if (m.progress != NULL || m.state != NULL)
		rv = fill_report(out, mem, &m, e);
	else
		rv = fill(out, mem, &m, e);
	json_decref(root);
	return rv;
}
