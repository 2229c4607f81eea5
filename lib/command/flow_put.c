/*
 * Putting a flow: a group, and its tasks as members.
 *
 * One that is too large for a transaction is put in several.  Its first tasks
 * then wait for a group without members that stays open, a gate; it is sealed
 * with the flow's own group, in one transaction, when all tasks are there.  If
 * we do not come to that the spool ends both, and with them all of the flow,
 * before anything of it has run.
 */
#include "command/flow.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "command/line.h"
#include "command/many.h"

struct flow {
	struct tq	*tq;
	struct tq_flow	*f;
	const struct tq_task *base;
	struct tq_weave	 ids;
	struct tq_id	*id;		/* of each node */
	struct tq_id	 group, gate;
	const char	**first;	/* what its first tasks wait for */
	size_t		 nfirst;
	tq_time		 now, timeout;
	int		 large;
	struct tq_err	*e;
};

static int
no_memory(const struct flow *w)
{
	return tq_fail_sys(w->e, ENOMEM, "%s", w->f->file);
}

/* What a node's place and limits borrow from its line outlives it. */
static int
keep(struct flow *w, struct tq_task *t, const struct tq_line *l)
{
	struct tq_arena *mem = &w->f->mem;
	const char **env, **needs;
	size_t i;

	if (l->place.dir[0] == '\0' && l->place.n == 0) {
		t->dir = w->base->dir;
		t->umask = w->base->umask;
		t->env = w->base->env;
	} else {
		env = tq_arena_alloc(mem, (l->place.n + 1) * sizeof(*env));
		t->dir = tq_arena_copy(mem, t->dir, strlen(t->dir));
		if (env == NULL || t->dir == NULL)
			return no_memory(w);
		for (i = 0; t->env != NULL && t->env[i] != NULL; i++)
			if ((env[i] = tq_arena_copy(mem, t->env[i],
			    strlen(t->env[i]))) == NULL)
				return no_memory(w);
		env[i] = NULL;
		t->env = env;
	}
	if (t->limits != NULL && (t->limits = tq_arena_copy(mem, t->limits,
	    strlen(t->limits))) == NULL)
		return no_memory(w);
	if (t->nneeds > 0) {
		needs = tq_arena_alloc(mem, t->nneeds * sizeof(*needs));
		if (needs == NULL)
			return no_memory(w);
		memcpy(needs, t->needs, t->nneeds * sizeof(*needs));
		t->needs = needs;
	}
	return 0;
}

/* What the node waits for: its own, or what the whole flow does. */
static int
tie(struct flow *w, struct tq_task *t, const struct tq_flow_node *node,
    const char *pipe)
{
	const char **after;
	size_t i;

	t->group = w->group.s;
	if (pipe != NULL) {
		for (i = 0; i < node->ndeps; i++)
			if (strcmp(node->deps[i], pipe) == 0)
				break;
		if (i == node->ndeps)
			return tq_fail(w->e, EBADMSG, "%s:%u: -P '%.80s' is "
			    "not what '%s' waits for", w->f->file, node->line,
			    pipe, node->name);
		t->pipe = w->id[node->after[i]].s;
	}
	if (node->ndeps == 0) {
		t->after = w->first;
		t->nafter = w->nfirst;
		t->when = w->base->when;
		return 0;
	}
	after = tq_arena_alloc(&w->f->mem, node->ndeps * sizeof(*after));
	if (after == NULL)
		return no_memory(w);
	for (i = 0; i < node->ndeps; i++)
		after[i] = w->id[node->after[i]].s;
	t->after = after;
	t->nafter = node->ndeps;
	return 0;
}

/* What the command line says for all of them. */
static void
defaults(const struct flow *w, struct tq_task *t,
    const struct tq_flow_node *node)
{
	const struct tq_task *base = w->base;
	struct tq_task none;

	tq_task_init(&none);
	if (t->queue == NULL)
		t->queue = base->queue;
	if (t->label == NULL)
		t->label = node->name;
	if (t->pri == none.pri)
		t->pri = base->pri;
	if (t->retries == none.retries)
		t->retries = base->retries;
	if (t->soft == 0 && t->hard == 0) {
		t->soft = base->soft;
		t->hard = base->hard;
	}
	if (t->keep == none.keep)
		t->keep = base->keep;
	if (t->limits == NULL)
		t->limits = base->limits;
	t->flags |= base->flags;
	t->parent = base->parent;
	t->root = base->root;
}

/* The task of a node. */
static int
make(struct flow *w, size_t i, struct tq_task *out)
{
	const struct tq_flow_node *node = &w->f->v[i];
	struct tq_err why;
	const char **argv;
	struct tq_line l;
	int at = 0, rv;

	tq_line_init(&l);
	l.in_flow = 1;
	rv = tq_line_options(&l, node->argc, node->argv, &at, &why);
	if (rv == 0 && at < node->argc)
		rv = tq_fail(&why, EINVAL, "'%.80s' is no option",
		    node->argv[at]);
	if (rv == -1) {
		tq_line_fini(&l);
		return tq_fail(w->e, EBADMSG, "%s:%u: %s", w->f->file,
		    node->line, why.text);
	}
	tq_line_finish(&l);
	*out = l.task;
	argv = tq_arena_alloc(&w->f->mem, 2 * sizeof(*argv));
	if (argv == NULL)
		rv = no_memory(w);
	else {
		argv[0] = node->command;
		argv[1] = NULL;
		out->kind = TQ_KIND_SHELL;
		out->argc = 1;
		out->argv = argv;
		out->id = w->id[i].s;
		if (l.delay != 0)
			out->eta = tq_clock_deadline(w->now, l.delay);
		if (l.expires != 0)
			out->expires = tq_clock_deadline(w->now, l.expires);
		defaults(w, out, node);
		rv = tie(w, out, node, l.pipe) == -1 ? -1 : keep(w, out, &l);
	}
	if (rv == 0 && tq_task_check(out, &why) == -1)
		rv = tq_fail(w->e, EBADMSG, "%s:%u: %s", w->f->file,
		    node->line, why.text);
	tq_line_fini(&l);
	return rv;
}

/* ---- putting ------------------------------------------------------------ */

static void
make_group(const struct flow *w, struct tq_task *t, const char *id)
{
	tq_task_init(t);
	t->kind = TQ_KIND_GROUP;
	t->id = id;
	t->queue = w->base->queue;
	t->label = w->base->label;
	t->pri = w->base->pri;
	t->parent = w->base->parent;
	t->root = w->base->root;
	t->keep = w->base->keep;
	if (w->large)
		t->flags = TQ_TASK_OPEN;
}

/* All tasks at once, the group first: 0, or -1 (EMSGSIZE: too many bytes). */
static int
put_small(struct flow *w, struct tq_task *t)
{
	make_group(w, &t[0], w->group.s);
	return tq_put_whole(w->tq, t, w->f->n + 1, w->timeout, w->e);
}

/* The gate and the group first, then the tasks, then all may begin. */
static int
put_large(struct flow *w, struct tq_task *t)
{
	const char *const both[] = { w->group.s, w->gate.s };
	struct tq_select sel = { .ids = both, .nids = 2 };
	struct tq_task groups[2];
	struct tq_id ids[TQ_BATCH_MAX];
	size_t i, n, done;

	make_group(w, &groups[0], w->gate.s);
	make_group(w, &groups[1], w->group.s);
	if (tq_put_whole(w->tq, groups, 2, w->timeout, w->e) == -1)
		return -1;
	for (i = 0; i < w->f->n; i += n) {
		n = w->f->n - i < TQ_BATCH_MAX ? w->f->n - i : TQ_BATCH_MAX;
		if (tq_put_patient(w->tq, t + 1 + i, n, w->timeout, ids,
		    &done, w->e) == -1)
			return -1;
	}
	return tq_do(w->tq, TQ_DO_SEAL, &sel, NULL, 0, NULL, w->e);
}

static int
make_all(struct flow *w, struct tq_task *t)
{
	size_t i, n = w->base->nafter;

	/* any end of the gate would do for them */
	if (w->large && w->base->when != TQ_WHEN_OK)
		return tq_fail(w->e, EINVAL, "-D: a flow of %zu tasks begins "
		    "with -D ok only", w->f->n);
	w->first = tq_arena_alloc(&w->f->mem, (n + 1) * sizeof(*w->first));
	if (w->first == NULL)
		return no_memory(w);
	for (i = 0; i < n; i++)
		w->first[i] = w->base->after[i];
	if (w->large)
		w->first[n++] = w->gate.s;
	w->nfirst = n;
	for (i = 0; i < w->f->n; i++)
		if (make(w, i, &t[i + 1]) == -1)
			return -1;
	return 0;
}

int
tq_flow_put(struct tq *tq, struct tq_flow *f, const struct tq_task *base,
    tq_time timeout, struct tq_id *out, struct tq_err *e)
{
	struct flow w = { .tq = tq, .f = f, .base = base, .timeout = timeout,
	    .now = tq_clock_wall(), .e = e };
	struct tq_task *t;
	size_t i;
	int rv = -1;

	tq_weave_init(&w.ids, TQ_SHAPE_LOOSE, NULL, base);
	tq_weave_id(&w.ids, &w.gate);
	tq_weave_id(&w.ids, &w.group);
	w.large = f->n + 1 > TQ_BATCH_MAX;
	w.id = reallocarray(NULL, f->n + 1, sizeof(*w.id));
	t = reallocarray(NULL, f->n + 1, sizeof(*t));
	if (w.id == NULL || t == NULL)
		no_memory(&w);
	else {
		for (i = 0; i < f->n; i++)
			tq_weave_id(&w.ids, &w.id[i]);
		rv = make_all(&w, t);
		if (rv == 0 && !w.large && (rv = put_small(&w, t)) == -1 &&
		    e->num == EMSGSIZE) {
			w.large = 1;
			rv = make_all(&w, t);
		}
		if (rv == 0 && w.large)
			rv = put_large(&w, t);
		*out = w.group;
	}
	free(w.id);
	free(t);
	return rv;
}
