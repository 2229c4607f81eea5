/*
 * The C side of codec.py: reads JSON lines, writes JSON lines, through
 * lib/message/celery*.
 *
 *	codec send	a case in, the envelope tq would put out
 *	codec recv	an envelope in, what tq would run out
 *	codec meta	a result in, the same as tq would store it out
 *	codec event	an event in, the same as tq would publish it out
 *	codec request	a control request's envelope in, the same out
 *
 * A line that is refused gives {"error": why}.
 */
#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/message/celery_field.h"
#include "lib/message/celery_remote.h"
#include "lib/message/celery_result.h"
#include "lib/message/celery_sig.h"

#define N(table)	(sizeof(table) / sizeof((table)[0]))

/* A case, and what is seen of a message: the same members. */
struct view {
	const char	*id, *name, *label, *parent, *root, *group, *shadow;
	const char	*reply_to;
	struct tq_bytes	 args, kwargs;
	struct tq_bytes	 callbacks, errbacks, chain, chord;
	int64_t		 group_index, retries;
	tq_time		 eta, expires, soft, hard;
	int		 noresult;
};

#define AT(field)	offsetof(struct view, field)
#define OUT		TQ_CELERY_OUT

static const struct tq_celery_field fields[] = {
	{ "id", TQ_CELERY_STRING, OUT, AT(id) },
	{ "name", TQ_CELERY_STRING, OUT, AT(name) },
	{ "label", TQ_CELERY_STRING, OUT, AT(label) },
	{ "parent", TQ_CELERY_STRING, OUT, AT(parent) },
	{ "root", TQ_CELERY_STRING, OUT, AT(root) },
	{ "group", TQ_CELERY_STRING, OUT, AT(group) },
	{ "shadow", TQ_CELERY_STRING, OUT, AT(shadow) },
	{ "reply_to", TQ_CELERY_STRING, OUT, AT(reply_to) },
	{ "args", TQ_CELERY_ARRAY, OUT, AT(args) },
	{ "kwargs", TQ_CELERY_OBJECT, OUT, AT(kwargs) },
	{ "callbacks", TQ_CELERY_VALUE, OUT, AT(callbacks) },
	{ "errbacks", TQ_CELERY_VALUE, OUT, AT(errbacks) },
	{ "chain", TQ_CELERY_VALUE, OUT, AT(chain) },
	{ "chord", TQ_CELERY_VALUE, OUT, AT(chord) },
	{ "group_index", TQ_CELERY_COUNT, OUT, AT(group_index) },
	{ "retries", TQ_CELERY_COUNT, OUT, AT(retries) },
	{ "eta", TQ_CELERY_DATE, OUT, AT(eta) },
	{ "expires", TQ_CELERY_DATE, OUT, AT(expires) },
	{ "soft", TQ_CELERY_LIMIT, OUT, AT(soft) },
	{ "hard", TQ_CELERY_LIMIT, OUT, AT(hard) },
	{ "noresult", TQ_CELERY_FLAG, OUT, AT(noresult) }
};

/* What every verb works with; one line at a time. */
struct work {
	struct tq_arena	 mem;
	struct tq_celery_bounds bounds;
	struct tq_buf	 out;
	struct tq_err	 e;
};

/* ---- signatures ------------------------------------------------------- */

static int
put_sig(struct work *w, struct tq_buf *b, struct tq_bytes text)
{
	struct tq_celery_sig sig;

	if (tq_celery_sig_decode(&sig, &w->mem, text, &w->e) == -1)
		return -1;
	tq_celery_sig_encode(b, &sig);
	return 0;
}

/* Signatures taken apart and put together again. */
static int
again(struct work *w, struct tq_bytes *text, int one)
{
	const struct tq_bytes *list;
	struct tq_buf b;
	size_t i, n;
	int rv = -1;

	if (text->n == 0)
		return 0;
	tq_buf_init(&b);
	if (one) {
		if (put_sig(w, &b, *text) == -1)
			goto out;
	} else {
		if (tq_celery_sig_list(&list, &n, &w->mem, *text,
		    &w->e) == -1)
			goto out;
		tq_buf_byte(&b, '[');
		for (i = 0; i < n; i++) {
			tq_buf_str(&b, i == 0 ? "" : ", ");
			if (put_sig(w, &b, list[i]) == -1)
				goto out;
		}
		tq_buf_byte(&b, ']');
	}
	*text = tq_arena_keep(&w->mem, &b);
	rv = 0;
out:
	tq_buf_fini(&b);
	return rv;
}

static int
all_again(struct work *w, struct view *v)
{
	return again(w, &v->callbacks, 0) == -1 ||
	    again(w, &v->errbacks, 0) == -1 ||
	    again(w, &v->chain, 0) == -1 ||
	    again(w, &v->chord, 1) == -1 ? -1 : 0;
}

/* ---- send ------------------------------------------------------------- */

static const char *
operand(struct work *w, struct tq_bytes name, struct tq_bytes value)
{
	struct tq_bytes key = { NULL, 0 };
	struct tq_buf b;
	const char *s;

	if (name.n > 0)
		key = tq_scan_string(&w->mem, name);
	tq_buf_init(&b);
	if (name.n > 0) {
		tq_buf_put(&b, key.p, key.n);
		tq_buf_byte(&b, '=');
	}
	tq_buf_put(&b, value.p, value.n);
	s = tq_arena_keep(&w->mem, &b).p;
	tq_buf_fini(&b);
	return s;
}

static void
fill(struct work *w, struct tq_task *t, const struct view *v)
{
	struct tq_bytes none = { NULL, 0 }, name, value;
	const char **argv, **kwargs;
	struct tq_scan s;

	tq_task_init(t);
	t->kind = TQ_KIND_NAMED;
	t->flags = TQ_TASK_JSON | (v->noresult == 1 ? TQ_TASK_NORESULT : 0);
	t->id = v->id;
	t->name = v->name;
	t->label = v->label;
	t->parent = v->parent;
	t->root = v->root;
	t->eta = v->eta;
	t->expires = v->expires;
	t->soft = v->soft;
	t->hard = v->hard;
	argv = tq_arena_alloc(&w->mem, (tq_scan_count(v->args) + 1) *
	    sizeof(*argv));
	kwargs = tq_arena_alloc(&w->mem, (tq_scan_count(v->kwargs) + 1) *
	    sizeof(*kwargs));
	if (argv == NULL || kwargs == NULL)
		err(1, NULL);
	tq_scan_init(&s, v->args);
	while (tq_scan_next(&s, &value))
		argv[t->argc++] = operand(w, none, value);
	tq_scan_init(&s, v->kwargs);
	while (tq_scan_member(&s, &name, &value))
		kwargs[t->kwc++] = operand(w, name, value);
	t->argv = argv;
	t->kwargs = kwargs;
}

static int
do_send(struct work *w, const char *line, size_t n)
{
	struct tq_celery_reader r = { &w->mem, "case", &w->e, 0 };
	struct tq_celery_envelope env;
	struct tq_celery_task m;
	struct tq_bytes text;
	struct tq_task t;
	struct view v;

	if (tq_scan_check(&text, line, n, &w->bounds.body, &w->e) == -1)
		return -1;
	tq_celery_fields_init(&v, sizeof(v), fields, N(fields));
	tq_celery_fields_get(&r, &v, fields, N(fields), text, NULL, NULL);
	if (r.failed || all_again(w, &v) == -1)
		return -1;
	fill(w, &t, &v);
	if (tq_celery_task_from(&m, &w->mem, &t, &w->e) == -1)
		return -1;
	m.group = v.group;
	m.group_index = v.group_index;
	m.retries = v.retries < 0 ? 0 : v.retries;
	m.shadow = v.shadow;
	m.reply_to = v.reply_to;
	m.callbacks = v.callbacks;
	m.errbacks = v.errbacks;
	m.chain = v.chain;
	m.chord = v.chord;
	if (tq_celery_task_wrap(&env, &w->mem, &m, 0, &w->e) == -1)
		return -1;
	env.delivery_tag = "tag";
	env.exchange = "";
	env.routing_key = "celery";
	env.priority = 0;
	tq_celery_envelope_encode(&w->out, &env);
	return 0;
}

/* ---- recv ------------------------------------------------------------- */

static struct tq_bytes
vector(struct work *w, int n, const char *const *v, int named)
{
	struct tq_bytes out;
	struct tq_buf b;
	const char *eq;
	int i;

	tq_buf_init(&b);
	tq_buf_byte(&b, named ? '{' : '[');
	for (i = 0; i < n; i++) {
		tq_buf_str(&b, i == 0 ? "" : ", ");
		if (named) {
			eq = strchr(v[i], '=');
			tq_scan_quote(&b, v[i], (size_t)(eq - v[i]));
			tq_buf_byte(&b, ':');
			tq_buf_str(&b, eq + 1);
		} else {
			tq_buf_str(&b, v[i]);
		}
	}
	tq_buf_byte(&b, named ? '}' : ']');
	out = tq_arena_keep(&w->mem, &b);
	tq_buf_fini(&b);
	return out;
}

static int
do_recv(struct work *w, const char *line, size_t n)
{
	struct tq_celery_envelope env;
	struct tq_celery_task m;
	struct tq_task t;
	struct view v;

	if (tq_celery_envelope_decode(&env, &w->mem, line, n, &w->bounds,
	    &w->e) == -1 || tq_celery_task_decode(&m, &w->mem, &env,
	    &w->bounds, &w->e) == -1 || tq_celery_task_view(&t, &w->mem, &m,
	    &w->e) == -1)
		return -1;
	tq_celery_fields_init(&v, sizeof(v), fields, N(fields));
	v.id = t.id;
	v.name = t.name;
	v.label = t.label;
	v.parent = t.parent;
	v.root = t.root;
	v.args = vector(w, t.argc, t.argv, 0);
	v.kwargs = vector(w, t.kwc, t.kwargs, 1);
	v.eta = t.eta;
	v.expires = t.expires;
	v.soft = t.soft;
	v.hard = t.hard;
	v.noresult = (t.flags & TQ_TASK_NORESULT) != 0;
	v.group = m.group;
	v.group_index = m.group_index;
	v.retries = m.retries;
	v.shadow = m.shadow;
	v.reply_to = m.reply_to;
	v.callbacks = m.callbacks;
	v.errbacks = m.errbacks;
	v.chain = m.chain;
	v.chord = m.chord;
	if (all_again(w, &v) == -1)
		return -1;
	tq_buf_byte(&w->out, '{');
	tq_celery_fields_put(&w->out, &v, fields, N(fields));
	tq_buf_byte(&w->out, '}');
	return 0;
}

/* ---- the others ------------------------------------------------------- */

static int
do_meta(struct work *w, const char *line, size_t n)
{
	struct tq_celery_meta meta;

	if (tq_celery_meta_decode(&meta, &w->mem, line, n, &w->bounds,
	    &w->e) == -1)
		return -1;
	tq_celery_meta_encode(&w->out, &meta);
	return 0;
}

static int
do_event(struct work *w, const char *line, size_t n)
{
	struct tq_celery_event ev;
	struct tq_bytes text;

	if (tq_scan_check(&text, line, n, &w->bounds.body, &w->e) == -1 ||
	    tq_celery_event_decode(&ev, &w->mem, text, &w->e) == -1)
		return -1;
	tq_celery_event_encode(&w->out, &ev);
	return 0;
}

static int
do_request(struct work *w, const char *line, size_t n)
{
	struct tq_celery_envelope in, out;
	struct tq_celery_request q;

	if (tq_celery_envelope_decode(&in, &w->mem, line, n, &w->bounds,
	    &w->e) == -1 || tq_celery_request_decode(&q, &w->mem, &in,
	    &w->bounds, &w->e) == -1 || tq_celery_request_wrap(&out, &w->mem,
	    &q, &w->e) == -1)
		return -1;
	out.delivery_tag = in.delivery_tag;
	out.exchange = in.exchange;
	out.routing_key = in.routing_key;
	tq_celery_envelope_encode(&w->out, &out);
	return 0;
}

static const struct {
	const char	*name;
	int		 (*run)(struct work *, const char *, size_t);
} verbs[] = {
	{ "event", do_event },
	{ "meta", do_meta },
	{ "recv", do_recv },
	{ "request", do_request },
	{ "send", do_send }
};

static void
each_line(struct work *w, int (*run)(struct work *, const char *, size_t))
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, stdin)) > 0) {
		if (line[n - 1] == '\n')
			n--;
		tq_arena_reset(&w->mem);
		tq_buf_reset(&w->out);
		if (run(w, line, (size_t)n) == -1) {
			tq_buf_reset(&w->out);
			tq_celery_value_error(&w->out, w->e.text);
		}
		if (!tq_buf_ok(&w->out))
			errx(1, "out of memory");
		fwrite(w->out.p, 1, w->out.n, stdout);
		putchar('\n');
	}
	free(line);
}

/* What modules unpack bodies with, or NULL where that is not built. */
static tq_celery_unpack *
unpacker(void)
{
	const char *modules = getenv("TQ_MODULES");
	tq_celery_unpack *unpack;
	char path[4096];
	void *so;

	snprintf(path, sizeof(path), "%s/unpack.so",
	    modules == NULL ? "build/modules" : modules);
	if ((so = dlopen(path, RTLD_NOW)) == NULL)
		return NULL;
	*(void **)&unpack = dlsym(so, "tq_unpack_module");
	return unpack;
}

int
main(int argc, char *argv[])
{
	struct work w;
	size_t i;

	tq_arena_init(&w.mem);
	tq_buf_init(&w.out);
	tq_celery_bounds_init(&w.bounds);
	w.bounds.unpack = unpacker();
	for (i = 0; i < N(verbs) && argc == 2; i++) {
		if (strcmp(verbs[i].name, argv[1]) != 0)
			continue;
		each_line(&w, verbs[i].run);
		tq_arena_fini(&w.mem);
		tq_buf_fini(&w.out);
		return 0;
	}
	errx(64, "usage: codec event|meta|recv|request|send");
}
