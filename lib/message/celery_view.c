/* A message as a task to run, and a task to put as a message. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "message/celery_policy.h"
#include "message/json.h"
#include "message/utf8.h"

/* ---- in -------------------------------------------------------------- */

/* A value as compact JSON with `name=` before it, unless name is empty. */
static const char *
operand(struct tq_celery_reader *r, struct tq_bytes name, struct tq_bytes v)
{
	struct tq_bytes out = { NULL, 0 };
	struct tq_buf b;

	tq_buf_init(&b);
	if (name.n > 0) {
		tq_buf_put(&b, name.p, name.n);
		tq_buf_byte(&b, '=');
	}
	tq_scan_compact(&b, v);
	out = tq_arena_keep(r->mem, &b);
	tq_buf_fini(&b);
	if (out.p == NULL)
		tq_celery_bad(r, ENOMEM, "out of memory");
	return out.p;
}

static const char **
vector(struct tq_celery_reader *r, size_t n)
{
	const char **v = NULL;

	if (r->failed)
		return NULL;
	if ((v = tq_arena_alloc(r->mem, (n + 1) * sizeof(*v))) == NULL)
		tq_celery_bad(r, ENOMEM, "out of memory");
	return v;
}

static void
get_args(struct tq_celery_reader *r, struct tq_task *out, struct tq_bytes args)
{
	struct tq_bytes none = { NULL, 0 }, v;
	struct tq_scan s;
	const char **argv;
	int n = 0;

	if ((argv = vector(r, tq_scan_count(args))) == NULL)
		return;
	tq_scan_init(&s, args);
	while (!r->failed && tq_scan_next(&s, &v))
		argv[n++] = operand(r, none, v);
	argv[n] = NULL;
	out->argv = argv;
	out->argc = n;
}

/* The place of the argument `name=` among n, or n: the last one counts. */
static int
place_of(const char *const *kwargs, int n, struct tq_bytes name)
{
	int i;

	for (i = 0; i < n; i++) {
		if (strncmp(kwargs[i], name.p, name.n) == 0 &&
		    kwargs[i][name.n] == '=')
			return i;
	}
	return n;
}

static void
get_kwargs(struct tq_celery_reader *r, struct tq_task *out, struct tq_bytes kwargs)
{
	size_t count = tq_scan_count(kwargs);
	struct tq_bytes key, name, v;
	struct tq_scan s;
	const char **kw;
	int i, n = 0;

	if (count > TQ_JSON_KWARGS_MAX)
		tq_celery_bad(r, EMSGSIZE, "%zu kwargs, over %d", count,
		    TQ_JSON_KWARGS_MAX);
	if ((kw = vector(r, count)) == NULL)
		return;
	tq_scan_init(&s, kwargs);
	while (!r->failed && tq_scan_member(&s, &key, &v)) {
		name.p = tq_celery_get_string(r, "kwargs", key);
		if (r->failed)
			return;
		name.n = strlen(name.p);
		if (name.n == 0 || strchr(name.p, '=') != NULL) {
			tq_celery_bad(r, EBADMSG, "kwargs: '%.60s' is "
			    "not the name of an argument", name.p);
			return;
		}
		i = place_of(kw, n, name);
		kw[i] = operand(r, name, v);
		if (i == n)
			n++;
	}
	kw[n] = NULL;
	out->kwargs = kw;
	out->kwc = n;
}

/* A label travels as a header of its own, so that Python sees it too. */
static const char *
get_label(struct tq_celery_reader *r, const struct tq_celery_task *m)
{
	const char *label = tq_scan_string(r->mem, tq_celery_others_get(
	    m->others, m->nothers, "label")).p;

	/* as long and as plain as an id, or somebody else's */
	return label != NULL && tq_id_valid(label) ? label : NULL;
}

/* It and its parents by the names that they have here. */
static void
get_ids(struct tq_celery_reader *r, struct tq_task *out,
    const struct tq_celery_task *m)
{
	const char *const id[] = { m->id, m->parent_id, m->root_id };
	const char **const to[] = { &out->id, &out->parent, &out->root };
	size_t i;

	for (i = 0; i < sizeof(id) / sizeof(id[0]); i++) {
		if (id[i] == NULL || *id[i] == '\0')
			continue;
		if ((*to[i] = tq_celery_id_name(r->mem, id[i])) == NULL)
			tq_celery_bad(r, ENOMEM, "out of memory");
	}
}

/*
 * The door that every task passes, but for the operands: JSON that tq would
 * not take from a user (integers over 64 bits, NaN) is all right in a message,
 * and so is more of it.
 */
static int
check_view(const struct tq_task *t, struct tq_err *e)
{
	struct tq_task copy = *t;
	struct tq_err why;

	if (t->kind == TQ_KIND_NAMED) {
		copy.argc = copy.kwc = 0;
		copy.flags &= ~TQ_TASK_JSON;
	}
	if (tq_task_check(&copy, &why) == 0)
		return 0;
	return tq_fail(e, why.num == EMSGSIZE ? EMSGSIZE : EBADMSG,
	    "message: %s", why.text);
}

int
tq_celery_task_view(struct tq_task *out, struct tq_arena *mem,
    const struct tq_celery_task *m, struct tq_err *e)
{
	struct tq_celery_reader r = { mem, "message", e, 0 };

	tq_task_init(out);
	get_ids(&r, out, m);
	out->label = get_label(&r, m);
	out->eta = m->eta;
	out->expires = m->expires;
	/* a soft limit behind the hard one never comes */
	out->soft = m->hard > 0 && m->soft > m->hard ? 0 : m->soft;
	out->hard = m->hard;
	if (m->ignore_result == 1)
		out->flags |= TQ_TASK_NORESULT;
	if (strcmp(m->task, TQ_CELERY_EXEC) == 0) {
		tq_celery_exec_get(&r, out, m->kwargs);
	} else if (!tq_name_valid(m->task)) {
		return tq_fail(e, ENOENT, "'%.80s' is not a task name",
		    m->task);
	} else {
		out->kind = TQ_KIND_NAMED;
		out->name = m->task;
		out->flags |= TQ_TASK_JSON;
		get_args(&r, out, m->args);
		get_kwargs(&r, out, m->kwargs);
	}
	if (m->tq.n > 0)
		tq_celery_policy_get(&r, out, m->tq);
	return r.failed ? -1 : check_view(out, e);
}

/* ---- out ------------------------------------------------------------- */

/* Text that Celery must be able to read. */
static int
check_text(const char *what, const char *s, size_t n, struct tq_err *e)
{
	if (tq_utf8_valid(s, n))
		return 0;
	return tq_fail(e, EINVAL, "%s '%.80s' is not UTF-8, which a message "
	    "of Celery is", what, s);
}

static int
put_operand(struct tq_buf *b, const struct tq_task *t, const char *s,
    struct tq_err *e)
{
	size_t n = strlen(s);

	if (t->flags & TQ_TASK_JSON) {
		tq_buf_put(b, s, n);
		return 0;
	}
	if (check_text("argument", s, n, e) == -1)
		return -1;
	tq_scan_quote(b, s, n);
	return 0;
}

static int
put_args(struct tq_buf *b, const struct tq_task *t, struct tq_err *e)
{
	int i;

	tq_buf_byte(b, '[');
	for (i = 0; i < t->argc; i++) {
		tq_celery_comma(b);
		if (put_operand(b, t, t->argv[i], e) == -1)
			return -1;
	}
	tq_buf_byte(b, ']');
	return 0;
}

static int
put_kwargs(struct tq_buf *b, const struct tq_task *t, struct tq_err *e)
{
	const char *s;
	size_t n;
	int i;

	tq_buf_byte(b, '{');
	for (i = 0; i < t->kwc; i++) {
		s = t->kwargs[i];
		n = strcspn(s, "=");
		tq_celery_comma(b);
		tq_scan_quote(b, s, n);
		tq_buf_str(b, ": ");
		if (put_operand(b, t, s + n + 1, e) == -1)
			return -1;
	}
	tq_buf_byte(b, '}');
	return 0;
}

/* What is not one message, or does not fit into one. */
static int
check_shape(const struct tq_task *t, struct tq_err *e)
{
	if (t->id == NULL)
		return tq_fail(e, EINVAL, "a message without id");
	if (t->kind == TQ_KIND_GROUP)
		return tq_fail(e, ENOTSUP, "a group is no message of Celery");
	if (t->nafter > 0 || t->pipe != NULL)
		return tq_fail(e, ENOTSUP, "%s has no place in a message of "
		    "Celery", t->nafter > 0 ? "-A" : "-P");
	if (t->flags & TQ_TASK_HOLD)
		return tq_fail(e, ENOTSUP, "--hold has no place in a message "
		    "of Celery");
	if (t->body_fd >= 0)
		return tq_fail(e, ENOTSUP, "a body in a file has no place in "
		    "a message of Celery");
	return 0;
}

/* Celery's dates end at the microsecond; nothing starts before its time. */
static tq_time
whole_micros(tq_time t)
{
	return t > INT64_MAX - 999 ? t : (t + 999) / 1000 * 1000;
}

static int
put_label(struct tq_celery_task *out, struct tq_arena *mem,
    const char *label, struct tq_err *e)
{
	static const char name[] = "\"label\"";
	struct tq_celery_member *m;
	struct tq_buf b;

	if (label == NULL)
		return 0;
	if (check_text("label", label, strlen(label), e) == -1)
		return -1;
	if ((m = tq_arena_alloc(mem, sizeof(*m))) == NULL)
		return tq_fail_sys(e, ENOMEM, "message");
	tq_buf_init(&b);
	tq_scan_quote(&b, label, strlen(label));
	m->name.p = name;
	m->name.n = sizeof(name) - 1;
	m->value = tq_arena_keep(mem, &b);
	tq_buf_fini(&b);
	out->others = m;
	out->nothers = 1;
	return m->value.p == NULL ? tq_fail_sys(e, ENOMEM, "message") : 0;
}

static int
put_work(struct tq_celery_task *out, struct tq_arena *mem, struct tq_buf *b,
    const struct tq_task *t, struct tq_err *e)
{
	if (t->kind == TQ_KIND_NAMED) {
		out->task = t->name;
		if (put_args(b, t, e) == -1)
			return -1;
		out->args = tq_arena_keep(mem, b);
		if (put_kwargs(b, t, e) == -1)
			return -1;
	} else {
		out->task = TQ_CELERY_EXEC;
		tq_celery_exec_put(b, t);
	}
	out->kwargs = tq_arena_keep(mem, b);
	if (tq_celery_policy_put(b, t, e) == -1)
		return -1;
	out->tq = tq_arena_keep(mem, b);
	if (out->args.p == NULL || out->kwargs.p == NULL || out->tq.p == NULL)
		return tq_fail_sys(e, ENOMEM, "message %s", t->id);
	if (out->tq.n == strlen("{}"))
		out->tq.n = 0;
	return 0;
}

int
tq_celery_task_from(struct tq_celery_task *out, struct tq_arena *mem,
    const struct tq_task *t, struct tq_err *e)
{
	struct tq_buf b;
	int rv;

	tq_celery_task_init(out);
	if (check_shape(t, e) == -1 ||
	    check_text("id", t->id, strlen(t->id), e) == -1 ||
	    put_label(out, mem, t->label, e) == -1)
		return -1;
	out->lang = "c";
	out->id = t->id;
	out->parent_id = t->parent;
	out->root_id = t->root == NULL ? t->id : t->root;
	out->eta = whole_micros(t->eta);
	out->expires = t->expires;
	out->soft = t->soft;
	out->hard = t->hard;
	out->ignore_result = (t->flags & TQ_TASK_NORESULT) != 0;
	tq_buf_init(&b);
	rv = put_work(out, mem, &b, t, e);
	tq_buf_fini(&b);
	return rv;
}

/* The option that the first of these limits was given with. */
static const char *
option_of(const char *limits)
{
	if (strncmp(limits, "nice=", 5) == 0)
		return "--nice";
	if (strncmp(limits, "ionice=", 7) == 0)
		return "--ionice";
	return "--limit";
}

const char *
tq_celery_task_lacks(const struct tq_task *t)
{
	if (t->flags & TQ_TASK_ONCE)
		return "--once";
	if (t->key != NULL)
		return "-k";
	if (t->lane != NULL)
		return "-S";
	if (t->nneeds > 0)
		return "-R";
	if (t->retries >= 0)
		return "-r";
	if (t->backoff >= 0 || t->backoff_cap >= 0 || t->factor > 0)
		return "--backoff";
	if (t->limits != NULL)
		return option_of(t->limits);
	if (t->keep >= 0)
		return "--keep";
	if (t->kind != TQ_KIND_NAMED)
		return NULL;
	/* a tq.exec has them in its kwargs */
	if (t->body.n > 0)
		return "-i";
	if (t->env != NULL)
		return "-e";
	if (t->dir != NULL)
		return "-C";
	return NULL;
}
