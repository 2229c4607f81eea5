/* A task and all that is known of it as one JSON object on one line. */
#include <stdint.h>
#include <string.h>

#include "base/rules.h"
#include "message/json.h"
#include "message/quote.h"
#include "message/scan.h"
#include "message/utf8.h"

/* ---- members --------------------------------------------------------- */

static void
member(struct tq_buf *b, const char *name)
{
	if (tq_buf_ok(b) && b->n > 0 && b->p[b->n - 1] != '{')
		tq_buf_byte(b, ',');
	tq_buf_byte(b, '"');
	tq_buf_str(b, name);
	tq_buf_str(b, "\":");
}

static void
member_bytes(struct tq_buf *b, const char *name, const char *s)
{
	if (s == NULL || *s == '\0')
		return;
	member(b, name);
	tq_json_bytes(b, s, strlen(s));
}

static void
member_int(struct tq_buf *b, const char *name, int64_t v, int64_t least)
{
	if (v < least)
		return;
	member(b, name);
	tq_buf_int(b, v);
}

static void
member_date(struct tq_buf *b, const char *name, tq_time t)
{
	if (t <= 0)
		return;
	member(b, name);
	tq_json_date(b, t);
}

static void
member_seconds(struct tq_buf *b, const char *name, tq_time t, tq_time least)
{
	if (t < least)
		return;
	member(b, name);
	tq_json_seconds(b, t);
}

static void
member_true(struct tq_buf *b, const char *name, int set)
{
	if (!set)
		return;
	member(b, name);
	tq_buf_str(b, "true");
}

/* ---- the work -------------------------------------------------------- */

/*
 * A JSON value as it is, number for number.  In valid JSON a control
 * character is white space or, past ASCII, inside a string: the first
 * becomes a blank, the second an escape.
 */
void
tq_json_line(struct tq_buf *b, const char *p, size_t n)
{
	uint32_t c;
	size_t len;

	for (; n > 0; p += len, n -= len) {
		if ((len = tq_utf8_get(&c, p, n)) == 0)
			return;
		if (c < 0x20)
			tq_buf_byte(b, ' ');
		else if (tq_utf8_control(c))
			tq_buf_printf(b, "\\u%04x", (unsigned)c);
		else
			tq_buf_put(b, p, len);
	}
}

/* What operands are. */
enum operands { STRINGS, VALUES, VALUES_OF_PYTHON };

static int
is_value(const char *s, size_t n, enum operands kind)
{
	static const struct tq_scan_bounds any = {
		SIZE_MAX, SIZE_MAX, TQ_SCAN_DEPTH_MAX
	};
	struct tq_bytes v;

	if (kind == STRINGS)
		return 0;
	return tq_json_check(s, n, NULL) == 0 || (kind == VALUES_OF_PYTHON &&
	    tq_scan_check(&v, s, n, &any, NULL) == 0);
}

/* An operand; foreign records may call JSON what is none. */
static void
put_operand(struct tq_buf *b, const char *s, enum operands kind)
{
	size_t n = strlen(s);

	if (is_value(s, n, kind))
		tq_json_line(b, s, n);
	else
		tq_json_bytes(b, s, n);
}

static void
put_args(struct tq_buf *b, const char *name, int argc,
    const char *const *argv, enum operands kind)
{
	int i;

	member(b, name);
	tq_buf_byte(b, '[');
	for (i = 0; i < argc; i++) {
		if (i > 0)
			tq_buf_byte(b, ',');
		put_operand(b, argv[i], kind);
	}
	tq_buf_byte(b, ']');
}

static void
put_kwargs(struct tq_buf *b, const struct tq_task *t, enum operands kind)
{
	const char *s;
	size_t n;
	int i;

	member(b, "kwargs");
	tq_buf_byte(b, '{');
	for (i = 0; i < t->kwc; i++) {
		if (i > 0)
			tq_buf_byte(b, ',');
		s = t->kwargs[i];
		n = strcspn(s, "=");
		tq_json_str(b, s, n);
		tq_buf_byte(b, ':');
		put_operand(b, s[n] == '\0' ? s + n : s + n + 1, kind);
	}
	tq_buf_byte(b, '}');
}

/* The line for people. */
static void
put_cmd(struct tq_buf *b, const struct tq_task *t)
{
	struct tq_buf line;

	tq_buf_init(&line);
	tq_quote_task(&line, t);
	if (tq_buf_ok(&line) && line.n > 0) {
		member(b, "cmd");
		tq_json_str(b, (const char *)line.p, line.n);
	}
	if (!tq_buf_ok(&line))
		b->err = line.err;
	tq_buf_fini(&line);
}

static void
put_work(struct tq_buf *b, const struct tq_task *t, enum operands values)
{
	int json = (t->flags & TQ_TASK_JSON) != 0;

	switch (t->kind) {
	case TQ_KIND_BODY:
		return;
	case TQ_KIND_GROUP:
		member_bytes(b, "kind", "group");
		return;
	case TQ_KIND_COMMAND:
		put_args(b, "argv", t->argc, t->argv, STRINGS);
		break;
	case TQ_KIND_SHELL:
		member(b, "shell");
		tq_json_bytes(b, t->argv[0], strlen(t->argv[0]));
		if (t->argc > 1)
			put_args(b, "args", t->argc - 1, t->argv + 1,
			    STRINGS);
		break;
	case TQ_KIND_NAMED:
		member_bytes(b, "name", t->name);
		put_args(b, "args", t->argc, t->argv, json ? values : STRINGS);
		put_kwargs(b, t, json ? values : STRINGS);
		member_true(b, "json", json);
		break;
	}
	put_cmd(b, t);
}

/* Its stdin and its place. */
static void
put_place(struct tq_buf *b, const struct tq_info *i,
    const struct tq_bytes *body)
{
	const struct tq_task *t = &i->task;
	size_t n;

	/* of a task that is nothing else an empty one is said, too */
	if (body != NULL && (body->n > 0 || t->kind == TQ_KIND_BODY)) {
		member(b, "body");
		tq_json_bytes(b, body->p, body->n);
	} else if (body == NULL) {
		member_int(b, "body", (int64_t)i->body_size, 1);
	}
	member_bytes(b, "cwd", t->dir);
	if (t->umask >= 0) {
		member(b, "umask");
		tq_buf_printf(b, "\"%04o\"", (unsigned)t->umask);
	}
	if (t->env != NULL) {
		for (n = 0; t->env[n] != NULL; n++)
			continue;
		put_args(b, "env", (int)n, t->env, STRINGS);
	}
	member_int(b, "uid", t->uid, 0);
}

static void
put_gates(struct tq_buf *b, const struct tq_task *t)
{
	member_bytes(b, "lane", t->lane);
	if (t->nneeds > 0)
		put_args(b, "needs", (int)t->nneeds, t->needs, STRINGS);
}

/* As tqput --backoff takes it. */
static void
put_backoff(struct tq_buf *b, const struct tq_task *t)
{
	char text[96];

	if (t->backoff < 0)
		return;
	tq_backoff_format(text, sizeof(text), t->backoff, t->factor,
	    t->backoff_cap);
	member_bytes(b, "backoff", text);
}

/* When it runs, and what happens then. */
static void
put_rules(struct tq_buf *b, const struct tq_info *i)
{
	const struct tq_task *t = &i->task;

	member_date(b, "eta", i->eta != 0 ? i->eta : t->eta);
	member_date(b, "expires", t->expires);
	member_int(b, "retries", t->retries, 0);
	put_backoff(b, t);
	put_gates(b, t);
	member_seconds(b, "soft", t->soft, 1);
	member_seconds(b, "hard", t->hard, 1);
	member_bytes(b, "limits", t->limits);
	member_seconds(b, "keep", t->keep, 0);
	member_true(b, "hold", (t->flags & TQ_TASK_HOLD) != 0);
	member_true(b, "once", (t->flags & TQ_TASK_ONCE) != 0);
	member_true(b, "noresult", (t->flags & TQ_TASK_NORESULT) != 0);
}

/* What it is tied to. */
static void
put_ties(struct tq_buf *b, const struct tq_task *t)
{
	static const char *const whens[] = { "ok", "fail", "any" };
	static const char *const policies[] = { "skip", "replace", "follow" };

	member_bytes(b, "key", t->key);
	if (t->on_key != TQ_KEY_SKIP)
		member_bytes(b, "on_key", policies[t->on_key]);
	if (t->nafter > 0)
		put_args(b, "after", (int)t->nafter, t->after, STRINGS);
	if (t->when != TQ_WHEN_OK)
		member_bytes(b, "when", whens[t->when]);
	member_bytes(b, "pipe", t->pipe);
	member_true(b, "chord", (t->flags & TQ_TASK_CHORD) != 0);
	member_bytes(b, "group", t->group);
}

/* What it returned, as it is. */
static void
put_result(struct tq_buf *b, const struct tq_bytes *result)
{
	if (result->n == 0 || tq_json_check(result->p, result->n, NULL) == -1)
		return;
	member(b, "result");
	tq_json_line(b, result->p, result->n);
}

/* What has become of it so far. */
static void
put_past(struct tq_buf *b, const struct tq_info *i)
{
	member_date(b, "put", i->put);
	member_date(b, "start", i->start);
	member_date(b, "end", i->end_time);
	member_date(b, "until", i->until);
	member_int(b, "attempt", i->attempt, 1);
	member_int(b, "failures", i->failures, 1);
	member_int(b, "laters", i->laters, 1);
	member_int(b, "crashes", i->crashes, 1);
	if (i->end.state != TQ_ABSENT) {
		member_int(b, "status", i->end.status, 0);
		member_int(b, "signal", i->end.signal, 1);
		member_seconds(b, "user", i->end.user, 1);
		member_seconds(b, "sys", i->end.sys, 1);
		member_int(b, "maxrss", i->end.maxrss, 1);
	}
	member_bytes(b, "why", i->why);
	member_bytes(b, "type", i->end.type);
	put_result(b, &i->end.result);
	member_int(b, "out", (int64_t)i->out_size, 1);
	member_int(b, "err", (int64_t)i->err_size, 1);
	member_true(b, "cut", i->cut);
	member_bytes(b, "progress", i->progress);
	member_bytes(b, "worker", i->worker);
	member_int(b, "pid", i->pid, 1);
	member_bytes(b, "host", i->host);
}

static void
encode(struct tq_buf *b, const struct tq_info *i, const struct tq_bytes *body,
    enum operands values)
{
	const struct tq_task *t = &i->task;

	tq_buf_byte(b, '{');
	member_bytes(b, "id", i->id.s);
	member_bytes(b, "queue", t->queue);
	if (i->state != TQ_ABSENT)
		member_bytes(b, "state", tq_state_name(i->state));
	member_int(b, "pri", t->pri, 0);
	member_bytes(b, "label", t->label);
	put_work(b, t, values);
	put_place(b, i, body);
	put_rules(b, i);
	put_ties(b, t);
	put_past(b, i);
	member_bytes(b, "parent", t->parent);
	member_bytes(b, "root", t->root);
	tq_buf_byte(b, '}');
}

void
tq_json_task_encode(struct tq_buf *b, const struct tq_info *i,
    const struct tq_bytes *body)
{
	encode(b, i, body, VALUES);
}

void
tq_json_task_tell(struct tq_buf *b, const struct tq_info *i,
    const struct tq_bytes *body)
{
	encode(b, i, body, VALUES_OF_PYTHON);
}
