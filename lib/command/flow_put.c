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

#include "command/line.h"
#include "command/patient.h"

struct flow {
	struct tq	*tq;
	struct tq_flow	*f;
	const struct tq_spec *base;
	struct tq_weave	 ids;
	struct tq_id	*id;		/* of each node */
	struct tq_id	 group, gate;
	const char	**first;	/* what its first tasks wait for */
	size_t		 nfirst;
	tq_time		 timeout;
	int		 large;
	struct tq_err	*e;
};

static int
no_memory(const struct flow *w)
{
	return tq_fail_sys(w->e, ENOMEM, "flow");
}

/* What the node waits for: its own, or what the whole flow does. */
static int
tie(struct flow *w, struct tq_task *t, const struct tq_flow_node *node)
{
	const char **after;
	size_t i;

	t->group = w->group.s;
	if (t->pipe != NULL) {
		for (i = 0; i < node->ndeps; i++)
			if (strcmp(node->deps[i], t->pipe) == 0)
				break;
		if (i == node->ndeps)
			return tq_fail(w->e, EINVAL, "-P '%.80s' is not what "
			    "'%s' waits for", t->pipe, node->name);
		t->pipe = w->id[node->after[i]].s;
	}
	if (node->ndeps == 0) {
		t->after = w->first;
		t->nafter = w->nfirst;
		t->when = w->base->task.when;
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

/* Read the options of a line into s; what its task then borrows is copied. */
static int
read_options(struct flow *w, struct tq_task *out,
    const struct tq_flow_node *node, struct tq_spec *s)
{
	struct tq_arena *mem = &w->f->mem;
	const char *pipe;
	int at = 0;

	s->task = *out;
	if (tq_line_options(s, TQ_PUT_FLOW, node->argc, node->argv, &at,
	    w->e) == -1)
		return -1;
	if (at < node->argc)
		return tq_fail(w->e, EINVAL, "'%.80s' is no option",
		    node->argv[at]);
	tq_spec_finish(s);
	*out = s->task;
	if (s->pipe.n > 0) {
		pipe = s->pipe.v[0];
		out->pipe = tq_arena_copy(mem, pipe, strlen(pipe));
		if (out->pipe == NULL)
			return no_memory(w);
	}
	return tq_spec_keep(s, out, mem, w->e);
}

/* What a line says of its task, and where it says nothing, the command line. */
static int
specify(struct flow *w, struct tq_task *out, const struct tq_flow_node *node)
{
	struct tq_spec s;
	int rv;

	*out = w->base->task;
	/* these are said of the group, and of those that come first */
	out->label = NULL;
	out->when = TQ_WHEN_OK;
	if (node->argc == 0)
		return 0;
	if (tq_spec_from(&s, w->base, w->e) == -1)
		return -1;
	rv = read_options(w, out, node, &s);
	tq_spec_fini(&s);
	return rv;
}

/* The task of a node. */
static int
make(struct flow *w, size_t i, struct tq_task *out)
{
	const struct tq_flow_node *node = &w->f->v[i];
	const char **argv = tq_arena_alloc(&w->f->mem, 2 * sizeof(*argv));

	if (argv == NULL)
		return no_memory(w);
	if (specify(w, out, node) == -1)
		return -1;
	argv[0] = node->command;
	argv[1] = NULL;
	out->argc = 1;
	out->argv = argv;
	out->id = w->id[i].s;
	if (out->label == NULL)
		out->label = node->name;
	if (tie(w, out, node) == -1)
		return -1;
	return tq_task_check(out, w->e);
}

/* ---- putting ------------------------------------------------------------ */

static void
make_group(const struct flow *w, struct tq_task *t, const char *id)
{
	tq_weave_group(t, id, &w->base->task, w->large);
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

/* A line whose task cannot be made is named. */
static int
blame(const struct flow *w, size_t i)
{
	struct tq_err why = *w->e;

	return tq_fail(w->e, why.num == ENOMEM ? ENOMEM : EBADMSG,
	    "%s:%u: %s", w->f->file, w->f->v[i].line, why.text);
}

static int
make_all(struct flow *w, struct tq_task *t)
{
	size_t i, n = w->base->task.nafter;

	/* any end of the gate would do for them */
	if (w->large && w->base->task.when != TQ_WHEN_OK)
		return tq_fail(w->e, EINVAL, "-D: a flow of %zu tasks begins "
		    "with -D ok only", w->f->n);
	w->first = tq_arena_alloc(&w->f->mem, (n + 1) * sizeof(*w->first));
	if (w->first == NULL)
		return no_memory(w);
	for (i = 0; i < n; i++)
		w->first[i] = w->base->task.after[i];
	if (w->large)
		w->first[n++] = w->gate.s;
	w->nfirst = n;
	for (i = 0; i < w->f->n; i++)
		if (make(w, i, &t[i + 1]) == -1)
			return blame(w, i);
	return 0;
}

int
tq_flow_put(struct tq *tq, struct tq_flow *f, const struct tq_spec *base,
    tq_time timeout, struct tq_id *out, struct tq_err *e)
{
	struct flow w = { .tq = tq, .f = f, .base = base, .timeout = timeout,
	    .e = e };
	struct tq_task *t;
	size_t i;
	int rv = -1;

	tq_weave_init(&w.ids, TQ_SHAPE_LOOSE, NULL, &base->task);
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
