/* What a resident handler answers (pure). */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "message/json.h"
#include "message/scan.h"
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

static int
keep(struct tq_bytes *out, struct tq_arena *mem, struct tq_buf *b,
    struct tq_err *e)
{
	*out = tq_arena_keep(mem, b);
	tq_buf_fini(b);
	return out->p != NULL ? 0 : tq_fail_sys(e, ENOMEM, "answer");
}

/*
 * A value as compact JSON with `end` behind it, and a NUL.  Numbers are as they
 * came, whatever they are; characters are themselves, but for half a surrogate
 * pair, which is none.
 */
static int
put_json(struct tq_bytes *out, struct tq_arena *mem, struct tq_bytes v,
    const char *end, struct tq_err *e)
{
	struct tq_bytes part, text;
	struct tq_scan s;
	struct tq_buf b;

	tq_buf_init(&b);
	tq_scan_pieces(&s, v);
	while (tq_scan_piece(&s, &part)) {
		text = tq_scan_string(mem, part);
		if (text.p != NULL)
			tq_json_str(&b, text.p, text.n);
		else
			tq_buf_put(&b, part.p, part.n);
	}
	tq_buf_str(&b, end);
	return keep(out, mem, &b, e);
}

/* A string that was found to be one. */
static int
put_string(struct tq_bytes *out, struct tq_arena *mem, struct tq_bytes v,
    struct tq_err *e)
{
	*out = tq_scan_text(mem, v);
	return out->p != NULL ? 0 : tq_fail_sys(e, ENOMEM, "answer");
}

static int
put_error(struct tq_answer *out, struct tq_arena *mem, struct tq_bytes v,
    struct tq_err *e)
{
	const char *s;
	char *why;

	if (put_string(&out->err, mem, v, e) == -1)
		return -1;
	s = out->err.p;
	if ((why = tq_arena_alloc(mem, TQ_WHY_MAX + 1)) == NULL)
		return tq_fail_sys(e, ENOMEM, "error");
	copy_plain(why, TQ_WHY_MAX + 1, s, strcspn(s, "\n"));
	out->why = *why != '\0' ? why : NULL;
	return 0;
}

/* The members there may be; those that are not are {NULL, 0}. */
struct members {
	struct tq_bytes	 id, result, error, status, type, args;
	struct tq_bytes	 retry, retries, replace, children;
	struct tq_bytes	 progress, state, meta;
};

/* What is wrong with their names, or NULL. */
static const char *
find(struct members *m, struct tq_bytes root)
{
	const struct {
		const char	*name;
		struct tq_bytes	*to;
	} all[] = {
		{ "id", &m->id }, { "result", &m->result },
		{ "error", &m->error }, { "status", &m->status },
		{ "type", &m->type }, { "args", &m->args },
		{ "retry", &m->retry }, { "retries", &m->retries },
		{ "replace", &m->replace }, { "progress", &m->progress },
		{ "state", &m->state }, { "meta", &m->meta },
		{ "children", &m->children },
	};
	const size_t n = sizeof(all) / sizeof(all[0]);
	struct tq_bytes name, v;
	struct tq_scan s;
	size_t i;

	memset(m, 0, sizeof(*m));
	tq_scan_init(&s, root);
	while (tq_scan_member(&s, &name, &v)) {
		for (i = 0; i < n && !tq_scan_says(name, all[i].name); i++)
			continue;
		if (i == n)
			return "a member that is none of id, result, error, "
			    "type, args, status, retry, retries, replace, "
			    "progress, state, meta, children";
		if (all[i].to->p != NULL)
			return "a member twice";
		*all[i].to = v;
	}
	return NULL;
}

static int
is_string(struct tq_bytes v)
{
	return tq_scan_type(v) == TQ_SCAN_STRING;
}

static int
is_name(struct tq_arena *mem, struct tq_bytes v)
{
	struct tq_bytes s = tq_scan_string(mem, v);

	return s.p != NULL && strlen(s.p) == s.n && tq_name_valid(s.p);
}

/* 1 if it is an integer of 0 to most. */
static int
is_count(struct tq_bytes v, int64_t most)
{
	int64_t n;

	return tq_scan_int(&n, v) && n >= 0 && n <= most;
}

/* 1 if it says what became of the task. */
static int
has_end(const struct members *m)
{
	return m->result.p != NULL || m->error.p != NULL ||
	    m->status.p != NULL || m->type.p != NULL || m->args.p != NULL ||
	    m->retry.p != NULL || m->retries.p != NULL ||
	    m->children.p != NULL;
}

/* What is wrong with a report, or NULL. */
static const char *
check_report(const struct members *m, struct tq_arena *mem)
{
	if (has_end(m) || m->replace.p != NULL)
		return "progress and an answer in one";
	if (m->progress.p != NULL && (m->state.p != NULL || m->meta.p != NULL))
		return "progress and a state in one";
	if (m->progress.p != NULL && !is_string(m->progress))
		return "progress that is no string";
	if (m->progress.p == NULL && !is_name(mem, m->state))
		return "a state that is no name";
	if (m->meta.p != NULL && tq_json_check(m->meta.p, m->meta.n, NULL) ==
	    -1)
		return "a meta that is no JSON";
	return NULL;
}

/* What is wrong with an answer, or NULL. */
static const char *
check_answer(const struct members *m, struct tq_arena *mem)
{
	int64_t n;
	double s;

	if (m->error.p != NULL && !is_string(m->error))
		return "an error that is no string";
	if (m->status.p != NULL && !is_count(m->status, 255))
		return "a status that is none of 0 to 255";
	if (m->error.p != NULL && tq_scan_int(&n, m->status) && n == 0)
		return "an error with status 0";
	if (m->type.p != NULL && (m->error.p == NULL ||
	    !is_name(mem, m->type)))
		return "a type that is no name of an error";
	if (m->args.p != NULL && (m->type.p == NULL ||
	    tq_scan_type(m->args) != TQ_SCAN_ARRAY))
		return "args that are no array of a type";
	if (m->retries.p != NULL && (m->error.p == NULL ||
	    !is_count(m->retries, INT_MAX)))
		return "retries that are no number of an error";
	if (m->children.p != NULL && (tq_scan_type(m->children) !=
	    TQ_SCAN_ARRAY || tq_json_check(m->children.p, m->children.n,
	    NULL) == -1))
		return "children that are no array";
	if (m->retry.p != NULL && (!tq_scan_real(&s, m->retry) || s < 0 ||
	    s > RETRY_MAX))
		return "a retry that is no number of seconds";
	return NULL;
}

/* What is wrong with naming another task, or NULL. */
static const char *
check_replace(const struct members *m)
{
	if (has_end(m))
		return "replace and an end in one";
	if (tq_scan_type(m->replace) == TQ_SCAN_NULL)
		return NULL;
	if (!is_string(tq_scan_get(m->replace, "task")) ||
	    tq_json_check(m->replace.p, m->replace.n, NULL) == -1)
		return "a replace that is no signature";
	return NULL;
}

/* What is wrong with it, or NULL. */
static const char *
check(struct tq_bytes root, const char *id, const char *before,
    struct members *m, struct tq_arena *mem, int *num)
{
	const char *bad;

	*num = EINVAL;
	if (tq_scan_type(root) != TQ_SCAN_OBJECT)
		return "not an object";
	bad = find(m, root);
	if (!is_string(m->id))
		return bad != NULL ? bad : "no id";
	if (!tq_scan_says(m->id, id)) {
		if (before == NULL || !tq_scan_says(m->id, before))
			return "for another id";
		*num = EALREADY;
		return "a second one";
	}
	if (bad != NULL)
		return bad;
	if (m->progress.p != NULL || m->state.p != NULL || m->meta.p != NULL)
		return check_report(m, mem);
	return m->replace.p != NULL ? check_replace(m) : check_answer(m, mem);
}

static int
fill_report(struct tq_answer *out, struct tq_arena *mem,
    const struct members *m, struct tq_err *e)
{
	struct tq_bytes state;

	out->is_report = 1;
	if (m->progress.p != NULL)
		return put_string(&out->report.text, mem, m->progress, e);
	if (put_string(&state, mem, m->state, e) == -1)
		return -1;
	out->report.state = state.p;
	return m->meta.p == NULL ? 0 : put_json(&out->report.text, mem,
	    m->meta, "", e);
}

static int
fill_result(struct tq_answer *out, struct tq_arena *mem, struct tq_bytes v,
    struct tq_err *e)
{
	if (tq_scan_unset(v))
		return 0;
	/* half a surrogate pair is kept as it came */
	if (is_string(v) && (out->out = tq_scan_string(mem, v)).p != NULL)
		return out->out.n > 0 && out->out.p[out->out.n - 1] != '\n' ?
		    0 : put_json(&out->exact, mem, v, "", e);
	out->json = 1;
	return put_json(&out->out, mem, v, "\n", e);
}

static int
fill(struct tq_answer *out, struct tq_arena *mem, const struct members *m,
    struct tq_err *e)
{
	struct tq_bytes type;
	int64_t n;
	double s;

	out->status = m->error.p != NULL;
	if (tq_scan_int(&n, m->status))
		out->status = (int)n;
	if (tq_scan_real(&s, m->retry))
		out->retry = (tq_time)(s * TQ_SECOND);
	if (m->type.p != NULL) {
		if (put_string(&type, mem, m->type, e) == -1)
			return -1;
		out->type = type.p;
	}
	if (m->error.p != NULL && put_error(out, mem, m->error, e) == -1)
		return -1;
	if (tq_scan_int(&n, m->retries))
		out->retries = (int)n;
	/* with what JSON does not have it has the line of the error */
	if (m->args.p != NULL && tq_json_check(m->args.p, m->args.n, NULL) ==
	    0 && put_json(&out->args, mem, m->args, "", e) == -1)
		return -1;
	if (m->children.p != NULL && put_json(&out->children, mem,
	    m->children, "", e) == -1)
		return -1;
	if (m->replace.p != NULL)
		return put_json(&out->replace, mem, m->replace, "", e);
	return fill_result(out, mem, m->result, e);
}

int
tq_answer_parse(struct tq_answer *out, struct tq_arena *mem, const char *line,
    size_t n, const char *id, const char *before, struct tq_err *e)
{
	const struct tq_scan_bounds most = {
		TQ_ANSWER_MAX, SIZE_MAX, TQ_JSON_DEPTH_MAX
	};
	char quoted[QUOTE];
	struct members m;
	struct tq_bytes root;
	const char *bad;
	int num = EINVAL;

	memset(out, 0, sizeof(*out));
	out->retry = out->retries = -1;
	bad = tq_scan_check(&root, line, n, &most, NULL) == -1 ? "not JSON" :
	    check(root, id, before, &m, mem, &num);
	if (bad != NULL) {
		tq_answer_quote(quoted, sizeof(quoted), line, n);
		return tq_fail(e, num, "bad answer, %s: %s", bad, quoted);
	}
	return m.progress.p != NULL || m.state.p != NULL ?
	    fill_report(out, mem, &m, e) : fill(out, mem, &m, e);
}
