/*
 * The header `tq`: what is asked of a task that Celery has no field for.
 *
 * A worker that does not know a member refuses the message, as it would a
 * record of a newer tq: half a policy is none.  A Python worker ignores the
 * header; that is why a producer sends it only where all workers are tq's.
 *
 * The same members say where a raw command runs (tq.exec has them in its
 * kwargs): one table serves both.
 */
#include "message/celery_policy.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "message/base64.h"
#include "message/json.h"
#include "message/utf8.h"

/* Where a task runs; also a tq.exec's. */
struct place {
	struct tq_bytes	 body;		/* a string or {"base64": ...} */
	struct tq_bytes	 dir;
	struct tq_bytes	 env;		/* array of them */
	const char	*umask;		/* octal */
};

struct policy {
	struct place	 place;
	int64_t		 retries;
	tq_time		 backoff, cap;
	int64_t		 factor;
	tq_time		 keep;
	const char	*key, *on_key, *lane, *limits;
	struct tq_bytes	 needs;
	int		 once;
};

#define PLACE(field)	offsetof(struct place, field)
#define AT(field)	offsetof(struct policy, field)
#define N(table)	(sizeof(table) / sizeof((table)[0]))

static const struct tq_celery_field place_table[] = {
	{ "body", TQ_CELERY_VALUE, TQ_CELERY_OUT, PLACE(body) },
	{ "dir", TQ_CELERY_VALUE, TQ_CELERY_OUT, PLACE(dir) },
	{ "env", TQ_CELERY_ARRAY, TQ_CELERY_OUT, PLACE(env) },
	{ "umask", TQ_CELERY_STRING, TQ_CELERY_OUT, PLACE(umask) }
};

static const struct tq_celery_field policy_table[] = {
	{ "retries", TQ_CELERY_COUNT, TQ_CELERY_OUT, AT(retries) },
	{ "backoff", TQ_CELERY_LENGTH, TQ_CELERY_OUT, AT(backoff) },
	{ "factor", TQ_CELERY_COUNT, TQ_CELERY_OUT, AT(factor) },
	{ "cap", TQ_CELERY_LENGTH, TQ_CELERY_OUT, AT(cap) },
	{ "keep", TQ_CELERY_LENGTH, TQ_CELERY_OUT, AT(keep) },
	{ "key", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(key) },
	{ "on_key", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(on_key) },
	{ "lane", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(lane) },
	{ "limits", TQ_CELERY_STRING, TQ_CELERY_OUT, AT(limits) },
	{ "needs", TQ_CELERY_ARRAY, TQ_CELERY_OUT, AT(needs) },
	{ "once", TQ_CELERY_FLAG, TQ_CELERY_OUT, AT(once) }
};

static const char *const on_key_names[] = {
	[TQ_KEY_SKIP] = "skip",
	[TQ_KEY_REPLACE] = "replace",
	[TQ_KEY_FOLLOW] = "follow"
};

/* ---- out ------------------------------------------------------------- */

static void
put_bytes(struct tq_buf *b, const char *name, const char *p, size_t n)
{
	tq_celery_name_put(b, name);
	tq_json_bytes(b, p, n);
}

static void
put_vector(struct tq_buf *b, const char *name, size_t n,
    const char *const *v)
{
	size_t i;

	tq_celery_name_put(b, name);
	tq_buf_byte(b, '[');
	for (i = 0; i < n; i++) {
		tq_celery_comma(b);
		tq_json_bytes(b, v[i], strlen(v[i]));
	}
	tq_buf_byte(b, ']');
}

static void
put_place(struct tq_buf *b, const struct tq_task *t)
{
	size_t n;

	if (t->body.n > 0)
		put_bytes(b, "body", t->body.p, t->body.n);
	if (t->dir != NULL)
		put_bytes(b, "dir", t->dir, strlen(t->dir));
	if (t->env != NULL) {
		for (n = 0; t->env[n] != NULL; n++)
			continue;
		put_vector(b, "env", n, t->env);
	}
	if (t->umask >= 0) {
		tq_celery_name_put(b, "umask");
		tq_buf_printf(b, "\"%03o\"", (unsigned)t->umask);
	}
}

int
tq_celery_policy_put(struct tq_buf *b, const struct tq_task *t,
    struct tq_err *e)
{
	const char *const texts[] = { t->key, t->lane };
	const struct policy p = {
		.retries = t->retries,
		.backoff = t->backoff,
		.cap = t->backoff_cap,
		.factor = t->factor == 0 ? TQ_CELERY_NONE : (int64_t)t->factor,
		.keep = t->keep,
		.key = t->key,
		.on_key = t->key == NULL ? NULL : on_key_names[t->on_key],
		.lane = t->lane,
		.limits = t->limits,
		.once = t->flags & TQ_TASK_ONCE ? 1 : TQ_CELERY_NONE
	};
	size_t i;

	for (i = 0; i < N(texts); i++) {
		if (texts[i] != NULL &&
		    !tq_utf8_valid(texts[i], strlen(texts[i])))
			return tq_fail(e, EINVAL, "'%.80s' is not UTF-8",
			    texts[i]);
	}
	tq_buf_byte(b, '{');
	tq_celery_fields_put(b, &p, policy_table, N(policy_table));
	if (t->nneeds > 0)
		put_vector(b, "needs", t->nneeds, t->needs);
	if (t->kind == TQ_KIND_NAMED)
		put_place(b, t);
	tq_buf_byte(b, '}');
	return 0;
}

void
tq_celery_exec_put(struct tq_buf *b, const struct tq_task *t)
{
	tq_buf_byte(b, '{');
	if (t->kind == TQ_KIND_COMMAND) {
		put_vector(b, "argv", (size_t)t->argc, t->argv);
	} else if (t->kind == TQ_KIND_SHELL) {
		put_bytes(b, "shell", t->argv[0], strlen(t->argv[0]));
		put_vector(b, "args", (size_t)t->argc - 1, t->argv + 1);
	}
	put_place(b, t);
	tq_buf_byte(b, '}');
}

/* ---- in -------------------------------------------------------------- */

/* A string, or {"base64": "..."}. */
static struct tq_bytes
get_bytes(struct tq_celery_reader *r, const char *name, struct tq_bytes v)
{
	struct tq_bytes none = { NULL, 0 }, out;
	struct tq_bytes coded = tq_scan_get(v, "base64");

	if (r->failed)
		return none;
	out = tq_scan_string(r->mem, coded.n > 0 ? coded : v);
	if (out.p == NULL && errno == ENOMEM)
		tq_celery_bad(r, ENOMEM, "out of memory");
	else if (out.p == NULL)
		tq_celery_want(r, name, "a string or base 64", v);
	else if (coded.n > 0 && !tq_base64_get((char *)(uintptr_t)out.p,
	    &out.n, out.p, out.n))
		tq_celery_want(r, name, "base 64", coded);
	if (r->failed)
		return none;
	((char *)(uintptr_t)out.p)[out.n] = '\0';
	return out;
}

/* The same as a string, which no NUL may cut short. */
static const char *
get_word(struct tq_celery_reader *r, const char *name, struct tq_bytes v)
{
	struct tq_bytes s = get_bytes(r, name, v);

	if (s.p != NULL && memchr(s.p, '\0', s.n) != NULL) {
		tq_celery_bad(r, EBADMSG, "%s holds a NUL", name);
		return NULL;
	}
	return s.p;
}

/*
 * An array of words with a NULL behind it; first, unless NULL, goes before
 * them.
 */
static const char *const *
get_vector(struct tq_celery_reader *r, const char *name, const char *before,
    struct tq_bytes v, size_t *n)
{
	const char **out;
	struct tq_bytes word;
	struct tq_scan s;
	size_t i = 0;

	*n = 0;
	if (r->failed)
		return NULL;
	out = tq_arena_alloc(r->mem, (tq_scan_count(v) + 2) * sizeof(*out));
	if (out == NULL) {
		tq_celery_bad(r, ENOMEM, "out of memory");
		return NULL;
	}
	if (before != NULL)
		out[i++] = before;
	tq_scan_init(&s, v);
	while (tq_scan_next(&s, &word)) {
		if ((out[i++] = get_word(r, name, word)) == NULL)
			return NULL;
	}
	out[i] = NULL;
	*n = i;
	return out;
}

static void
get_place(struct tq_celery_reader *r, struct tq_task *out,
    const struct place *p)
{
	size_t n;
	char *end;
	long mask;

	if (!tq_scan_unset(p->body))
		out->body = get_bytes(r, "body", p->body);
	if (!tq_scan_unset(p->dir))
		out->dir = get_word(r, "dir", p->dir);
	if (p->env.n > 0)
		out->env = get_vector(r, "env", NULL, p->env, &n);
	if (p->umask == NULL)
		return;
	mask = strtol(p->umask, &end, 8);
	if (*p->umask < '0' || *p->umask > '7' || *end != '\0' ||
	    mask > 0777)
		tq_celery_bad(r, EBADMSG, "umask '%.40s' is not an octal "
		    "number", p->umask);
	else
		out->umask = (int)mask;
}

static void
get_key(struct tq_celery_reader *r, struct tq_task *out,
    const struct policy *p)
{
	size_t i;

	out->key = p->key;
	if (p->on_key == NULL)
		return;
	for (i = 0; i < N(on_key_names); i++) {
		if (strcmp(p->on_key, on_key_names[i]) == 0) {
			out->on_key = (enum tq_on_key)i;
			return;
		}
	}
	tq_celery_bad(r, EBADMSG, "on_key '%.40s' is not skip, replace or "
	    "follow", p->on_key);
}

void
tq_celery_policy_get(struct tq_celery_reader *r, struct tq_task *out,
    struct tq_bytes object)
{
	const struct tq_celery_member *rest, *unknown;
	struct policy p;
	size_t n;

	r->what = "header tq";
	tq_celery_fields_init(&p, sizeof(p), policy_table, N(policy_table));
	tq_celery_fields_get(r, &p, policy_table, N(policy_table), object,
	    &rest, &n);
	for (unknown = rest; n > 0; n--, unknown++) {
		if (!tq_celery_field_get(r, &p.place, place_table,
		    N(place_table), unknown))
			tq_celery_bad(r, EBADMSG, "%.*s is of a newer tq",
			    (int)(unknown->name.n < 60 ? unknown->name.n : 60),
			    unknown->name.p);
	}
	if (p.retries > INT_MAX || p.factor > UINT_MAX)
		tq_celery_bad(r, EBADMSG, "retries or factor are over %d",
		    INT_MAX);
	if (r->failed)
		return;
	out->retries = (int)p.retries;
	out->backoff = p.backoff;
	out->backoff_cap = p.cap;
	out->factor = p.factor < 0 ? 0 : (unsigned)p.factor;
	out->keep = p.keep;
	out->lane = p.lane;
	out->limits = p.limits;
	if (p.once == 1)
		out->flags |= TQ_TASK_ONCE;
	if (p.needs.n > 0)
		out->needs = get_vector(r, "needs", NULL, p.needs,
		    &out->nneeds);
	get_key(r, out, &p);
	get_place(r, out, &p.place);
}

void
tq_celery_exec_get(struct tq_celery_reader *r, struct tq_task *out,
    struct tq_bytes kwargs)
{
	struct tq_bytes argv = tq_scan_get(kwargs, "argv");
	struct tq_bytes shell = tq_scan_get(kwargs, "shell");
	struct place p = { .umask = NULL };
	size_t n = 0;

	r->what = TQ_CELERY_EXEC;
	tq_celery_fields_get(r, &p, place_table, N(place_table), kwargs, NULL,
	    NULL);
	out->kind = TQ_KIND_BODY;
	if (argv.n > 0) {
		out->kind = TQ_KIND_COMMAND;
		out->argv = get_vector(r, "argv", NULL,
		    tq_celery_get_typed(r, "argv", argv, TQ_SCAN_ARRAY), &n);
		if (n == 0 || *out->argv[0] == '\0')
			tq_celery_bad(r, EBADMSG, "argv has no command");
	} else if (shell.n > 0) {
		out->kind = TQ_KIND_SHELL;
		out->argv = get_vector(r, "args",
		    get_word(r, "shell", shell), tq_celery_get_typed(r, "args",
		    tq_scan_get(kwargs, "args"), TQ_SCAN_ARRAY), &n);
	}
	out->argc = (int)n;
	get_place(r, out, &p);
}
