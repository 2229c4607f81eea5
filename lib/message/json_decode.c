/* A JSON object as a task to put. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <jansson.h>

#include "base/rules.h"
#include "message/json.h"
#include "message/json_read.h"
#include "message/scan.h"

/* Members that are read, and members that tell of a task's past. */
static const char *const known[] = {
	"after", "args", "argv", "backoff", "body", "chord", "cmd", "cwd",
	"env", "eta", "expires", "group", "hard", "hold", "id", "json", "keep",
	"key", "kind", "kwargs", "label", "lane", "limits", "name", "needs",
	"noresult", "once", "on_key", "parent", "pipe", "pri", "queue",
	"retries", "root", "shell", "soft", "umask", "when",

	"attempt", "claim", "crashes", "cut", "end", "err", "failures", "host",
	"laters", "maxrss", "out", "pid", "progress", "put", "result",
	"signal", "start", "state", "status", "sys", "tail", "type", "uid",
	"until", "user", "wait", "wall", "why", "worker"
};

static void
check_names(struct tq_json_reader *r)
{
	const char *name;
	json_t *v;
	size_t i;

	json_object_foreach(r->root, name, v) {
		for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			if (strcmp(name, known[i]) == 0)
				break;
		}
		if (i == sizeof(known) / sizeof(known[0]) && !json_is_null(v))
			tq_json_bad(r, EINVAL, "no member '%.80s'", name);
	}
}

/* ---- the work -------------------------------------------------------- */

/*
 * An array of strings as a vector with a NULL behind it; first, if not NULL,
 * goes before them.  *count gets how many there are.
 */
static const char *const *
vector(struct tq_json_reader *r, const char *name, const char *first,
    int *count)
{
	json_t *v = tq_json_member(r, name);
	const char **out;
	size_t i, k = 0, n = json_array_size(v);

	*count = 0;
	if (v != NULL && !json_is_array(v))
		tq_json_bad(r, EINVAL, "%s is not an array", name);
	if (r->failed ||
	    (out = tq_json_alloc(r, (n + 2) * sizeof(*out))) == NULL)
		return NULL;
	if (first != NULL)
		out[k++] = first;
	for (i = 0; i < n && !r->failed; i++)
		out[k++] = tq_json_get_string(r, name, json_array_get(v, i));
	if (r->failed)
		return NULL;
	out[k] = NULL;
	*count = (int)k;
	return out;
}

/* The operands of args as the texts they are. */
static const char *const *
texts(struct tq_json_reader *r, int *count)
{
	struct tq_bytes v;
	struct tq_scan s;
	const char **out;
	int n = 0;

	*count = 0;
	if (tq_scan_type(r->args) > TQ_SCAN_NULL &&
	    tq_scan_type(r->args) != TQ_SCAN_ARRAY)
		tq_json_bad(r, EINVAL, "args is not an array");
	if (r->failed || (out = tq_json_alloc(r, (tq_scan_count(r->args) +
	    1) * sizeof(*out))) == NULL)
		return NULL;
	tq_scan_init(&s, r->args);
	while (!r->failed && tq_scan_next(&s, &v))
		out[n++] = tq_json_get_text(r, "", 0, v);
	out[n] = NULL;
	*count = n;
	return out;
}

/* "name=value" of a member of kwargs. */
static const char *
named_operand(struct tq_json_reader *r, struct tq_bytes name, const json_t *v,
    struct tq_bytes text, int json)
{
	const char *value;
	size_t m;
	char *s;

	if (name.n == 0 || memchr(name.p, '=', name.n) != NULL)
		tq_json_bad(r, EINVAL, "'%.80s' is not the name of an "
		    "argument", name.p);
	if (r->failed || (s = tq_json_alloc(r, name.n + 2)) == NULL)
		return NULL;
	memcpy(s, name.p, name.n);
	s[name.n] = '=';
	if (json)
		return tq_json_get_text(r, s, name.n + 1, text);
	if ((value = tq_json_get_string(r, "kwargs", v)) == NULL)
		return NULL;
	m = strlen(value);
	if ((s = tq_json_alloc(r, name.n + m + 2)) == NULL)
		return NULL;
	memcpy(s, name.p, name.n);
	s[name.n] = '=';
	memcpy(s + name.n + 1, value, m + 1);
	return s;
}

static void
get_kwargs(struct tq_json_reader *r, struct tq_task *out, int json)
{
	json_t *kw = tq_json_member(r, "kwargs");
	struct tq_bytes key, name, text;
	struct tq_scan s;
	const char **to;

	if (kw == NULL)
		return;
	if (!json_is_object(kw))
		tq_json_bad(r, EINVAL, "kwargs is not an object");
	else if (json_object_size(kw) > TQ_JSON_KWARGS_MAX)
		tq_json_bad(r, EMSGSIZE, "%zu members in kwargs, over %d",
		    json_object_size(kw), TQ_JSON_KWARGS_MAX);
	if (r->failed || (to = tq_json_alloc(r, (json_object_size(kw) + 1) *
	    sizeof(*to))) == NULL)
		return;
	out->kwargs = to;
	tq_scan_init(&s, r->kwargs);
	while (tq_scan_member(&s, &key, &text)) {
		name = tq_scan_string(r->mem, key);
		if (name.p == NULL) {
			tq_json_bad(r, ENOMEM, "out of memory");
			return;
		}
		if ((*to = named_operand(r, name, json_object_get(kw,
		    name.p), text, json)) == NULL)
			return;
		to++;
		out->kwc++;
	}
	*to = NULL;
}

/* 1 if a value of args or kwargs can only be meant as JSON. */
static int
has_json(struct tq_json_reader *r)
{
	json_t *v;
	const char *name;
	size_t i;

	json_array_foreach(tq_json_member(r, "args"), i, v) {
		if (!json_is_string(v) && !tq_json_is_base64(v))
			return 1;
	}
	json_object_foreach(tq_json_member(r, "kwargs"), name, v) {
		if (!json_is_string(v) && !tq_json_is_base64(v))
			return 1;
	}
	return 0;
}

static void
get_named(struct tq_json_reader *r, struct tq_task *out)
{
	int json;

	out->kind = TQ_KIND_NAMED;
	out->name = tq_json_string(r, "name");
	/* from a listing: the operands are in cmd only, for people */
	if (tq_json_member(r, "args") == NULL &&
	    tq_json_member(r, "cmd") != NULL)
		tq_json_bad(r, EINVAL, "name and cmd, but no args");
	tq_json_flag(r, "json", TQ_TASK_JSON, &out->flags);
	if (tq_json_member(r, "json") == NULL && has_json(r))
		out->flags |= TQ_TASK_JSON;
	json = (out->flags & TQ_TASK_JSON) != 0;
	out->argv = json ? texts(r, &out->argc) :
	    vector(r, "args", NULL, &out->argc);
	get_kwargs(r, out, json);
}

static void
get_work(struct tq_json_reader *r, struct tq_task *out)
{
	int argv = tq_json_member(r, "argv") != NULL;
	int shell = tq_json_member(r, "shell") != NULL;
	int name = tq_json_member(r, "name") != NULL;

	if (argv + shell + name > 1) {
		tq_json_bad(r, EINVAL,
		    "more than one of argv, shell and name");
	} else if (argv) {
		out->kind = TQ_KIND_COMMAND;
		out->argv = vector(r, "argv", NULL, &out->argc);
	} else if (name) {
		get_named(r, out);
	} else if (shell || tq_json_member(r, "cmd") != NULL) {
		out->kind = TQ_KIND_SHELL;
		out->argv = vector(r, "args",
		    tq_json_string(r, shell ? "shell" : "cmd"), &out->argc);
	}
	if (!name && tq_json_member(r, "kwargs") != NULL)
		tq_json_bad(r, EINVAL, "kwargs without name");
	if (out->kind != TQ_KIND_SHELL && !name &&
	    tq_json_member(r, "args") != NULL)
		tq_json_bad(r, EINVAL, "args without name or shell");
}

static void
get_body(struct tq_json_reader *r, struct tq_task *out)
{
	json_t *v = tq_json_member(r, "body");

	if (v == NULL)
		return;
	if (!json_is_integer(v))
		out->body = tq_json_get_bytes(r, "body", v);
	else if (json_integer_value(v) != 0)
		tq_json_bad(r, EINVAL, "body is only its size, %lld bytes",
		    (long long)json_integer_value(v));
}

static void
get_backoff(struct tq_json_reader *r, struct tq_task *out)
{
	const char *text = tq_json_string(r, "backoff");
	struct tq_err e;

	if (text != NULL && tq_backoff_parse(&out->backoff, &out->factor,
	    &out->backoff_cap, text, &e) == -1)
		tq_json_bad(r, EINVAL, "backoff: %s", e.text);
}

/* One of a few words: its number, or def when the member is not there. */
static int
word(struct tq_json_reader *r, const char *name, const char *const *words,
    int n, int def)
{
	const char *s = tq_json_string(r, name);
	int i;

	if (s == NULL)
		return def;
	for (i = 0; i < n; i++)
		if (strcmp(s, words[i]) == 0)
			return i;
	tq_json_bad(r, EINVAL, "%s: no such word '%.80s'", name, s);
	return def;
}

/* What it is tied to. */
static void
get_ties(struct tq_json_reader *r, struct tq_task *out)
{
	static const char *const whens[] = { "ok", "fail", "any" };
	static const char *const policies[] = { "skip", "replace", "follow" };
	static const char *const kinds[] = { "task", "group" };
	int count = 0;

	out->key = tq_json_string(r, "key");
	out->on_key = (enum tq_on_key)word(r, "on_key", policies, 3,
	    TQ_KEY_SKIP);
	if (tq_json_member(r, "after") != NULL)
		out->after = vector(r, "after", NULL, &count);
	out->nafter = (size_t)count;
	out->when = (enum tq_when)word(r, "when", whens, 3, TQ_WHEN_OK);
	out->pipe = tq_json_string(r, "pipe");
	out->group = tq_json_string(r, "group");
	tq_json_flag(r, "chord", TQ_TASK_CHORD, &out->flags);
	if (word(r, "kind", kinds, 2, 0) == 1)
		out->kind = TQ_KIND_GROUP;
}

static void
get_task(struct tq_json_reader *r, struct tq_task *out)
{
	int count;

	check_names(r);
	out->id = tq_json_string(r, "id");
	out->queue = tq_json_string(r, "queue");
	out->label = tq_json_string(r, "label");
	out->parent = tq_json_string(r, "parent");
	out->root = tq_json_string(r, "root");
	get_work(r, out);
	get_ties(r, out);
	get_body(r, out);
	out->dir = tq_json_string(r, "cwd");
	tq_json_mode(r, "umask", &out->umask);
	if (tq_json_member(r, "env") != NULL)
		out->env = vector(r, "env", NULL, &count);
	tq_json_integer(r, "pri", &out->pri);
	tq_json_time(r, "eta", &out->eta);
	tq_json_time(r, "expires", &out->expires);
	tq_json_integer(r, "retries", &out->retries);
	get_backoff(r, out);
	out->lane = tq_json_string(r, "lane");
	if (tq_json_member(r, "needs") != NULL) {
		out->needs = vector(r, "needs", NULL, &count);
		out->nneeds = (size_t)count;
	}
	tq_json_length(r, "soft", &out->soft);
	tq_json_length(r, "hard", &out->hard);
	out->limits = tq_json_string(r, "limits");
	tq_json_length(r, "keep", &out->keep);
	tq_json_flag(r, "hold", TQ_TASK_HOLD, &out->flags);
	tq_json_flag(r, "once", TQ_TASK_ONCE, &out->flags);
	tq_json_flag(r, "noresult", TQ_TASK_NORESULT, &out->flags);
	if (!r->failed && out->kind == TQ_KIND_BODY &&
	    tq_json_member(r, "body") == NULL)
		tq_json_bad(r, EINVAL, "no command, name or body");
}

/* Put text, but for the numbers of v, which stands in it. */
static void
put_but_numbers(struct tq_buf *b, struct tq_bytes *text, struct tq_bytes v)
{
	if (v.n == 0)
		return;
	tq_buf_put(b, text->p, (size_t)(v.p - text->p));
	tq_json_skeleton(b, v);
	text->n -= (size_t)(v.p + v.n - text->p);
	text->p = v.p + v.n;
}

/*
 * Read the object as jansson's, and its operands as they stand in the text:
 * jansson has 64 bits and doubles, and does not look at their numbers.
 */
static int
load(struct tq_json_reader *r, const char *p, size_t n)
{
	/* operands stand in an array or object, and that in the task's */
	static const struct tq_scan_bounds most = {
		TQ_JSON_TEXT_MAX, SIZE_MAX, TQ_JSON_DEPTH_MAX + 2
	};
	struct tq_bytes all, text = { p, n };
	struct tq_buf b;

	if (tq_scan_check_strict(&all, p, n, &most, NULL) == 0) {
		r->args = tq_scan_get(all, "args");
		r->kwargs = tq_scan_get(all, "kwargs");
	}
	tq_buf_init(&b);
	if (r->args.n > 0 && r->kwargs.n > 0 && r->kwargs.p < r->args.p) {
		put_but_numbers(&b, &text, r->kwargs);
		put_but_numbers(&b, &text, r->args);
	} else {
		put_but_numbers(&b, &text, r->args);
		put_but_numbers(&b, &text, r->kwargs);
	}
	tq_buf_put(&b, text.p, text.n);
	if (!tq_buf_ok(&b))
		tq_json_bad(r, ENOMEM, "out of memory");
	else
		r->root = tq_json_load(b.n == 0 ? "" : (char *)b.p, b.n,
		    TQ_JSON_DEPTH_MAX + 2, r->e);
	tq_buf_fini(&b);
	return r->root == NULL ? -1 : 0;
}

int
tq_json_task_decode(struct tq_task *out, struct tq_arena *mem,
    const char *text, size_t n, struct tq_err *e)
{
	struct tq_json_reader r = { .mem = mem, .e = e };

	tq_task_init(out);
	if (load(&r, text, n) == -1)
		return -1;
	if (!json_is_object(r.root))
		tq_json_bad(&r, EINVAL, "not an object");
	else
		get_task(&r, out);
	json_decref(r.root);
	return r.failed ? -1 : 0;
}
