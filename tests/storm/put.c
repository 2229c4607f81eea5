/* Graphs are made and put; see graph.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "tests/lib/storm.h"
#include "tests/storm/graph.h"

void
graph_names(struct names *v, unsigned n, unsigned life)
{
	unsigned k;

	(void)snprintf(v->group, ID, "g.%u.%u", n, life);
	(void)snprintf(v->inner, ID, "h.%u.%u", n, life);
	(void)snprintf(v->callback, ID, "cb.%u.%u", n, life);
	(void)snprintf(v->bad, ID, "err.%u.%u", n, life);
	for (k = 0; k < MEMBERS; k++)
		(void)snprintf(v->member[k], ID, "m.%u.%u.%u", n, life, k);
}

/* What a put is made of: tasks, and what they point to. */
struct batch {
	struct tq_task	 t[MEMBERS + 3];
	const char	*after[MEMBERS + 3][2], *argv[MEMBERS + 3][4];
	unsigned	 n;
	const struct graph_command *as;
};

static struct tq_task *
add(struct batch *b, const char *id)
{
	struct tq_task *t = &b->t[b->n++];

	tq_task_init(t);
	t->id = id;
	t->body = (struct tq_bytes){ "body", 4 };
	return t;
}

/* The last one waits for these two; b may be NULL. */
static struct tq_task *
wait_for(struct batch *v, const char *a, const char *b)
{
	struct tq_task *t = &v->t[v->n - 1];

	v->after[v->n - 1][0] = a;
	v->after[v->n - 1][1] = b;
	t->after = v->after[v->n - 1];
	t->nafter = b == NULL ? 1 : 2;
	return t;
}

static struct tq_task *
add_group(struct batch *b, const char *id)
{
	struct tq_task *t = add(b, id);

	t->kind = TQ_KIND_GROUP;
	t->body.n = 0;
	return t;
}

/* A callback has the members' outputs as its body. */
static struct tq_task *
add_callback(struct batch *b, const char *id, const char *group)
{
	struct tq_task *t = add(b, id);

	t->body.n = 0;
	t->pipe = group;
	t->flags = TQ_TASK_CHORD;
	return t;
}

/* The last one is a command for tqrun. */
static void
command(struct batch *b)
{
	struct tq_task *t = &b->t[b->n - 1];
	const char **argv = b->argv[b->n - 1];

	t->kind = TQ_KIND_COMMAND;
	t->queue = "cmd";
	t->flags |= TQ_TASK_LOCAL;
	t->body.n = 0;
	argv[0] = b->as->self;
	argv[1] = "-x";
	argv[2] = b->as->log;
	argv[3] = t->id;
	t->argv = argv;
	t->argc = 4;
}

/* 1 if a task has ended. */
static int
has_ended(struct tq *tq, const char *id)
{
	struct tq_info i;
	struct tq_err e;
	int rv;

	tq_info_init(&i);
	rv = tq_stat(tq, id, 0, &i, &e) == 1 && TQ_STATE_ENDED(i.state);
	tq_info_fini(&i);
	return rv;
}

static int
put(struct tq *tq, const struct tq_task *t, unsigned n)
{
	struct tq_id out[MEMBERS + 3];
	struct tq_err e;

	if (tq_put_many(tq, t, n, TQ_SECOND, out, &e) == 0)
		return 0;
	/* a group that was revoked meanwhile takes no more members */
	if (errno != EEXIST && !(errno == EINVAL && t->group != NULL &&
	    has_ended(tq, t->group)))
		storm_wrong("put %s: %s", t->id, e.text);
	return -1;
}

/* One after the other into a group that is there, with its callback. */
static int
put_open(struct tq *tq, struct batch *b, const struct names *v)
{
	struct tq_select sel = { .nids = 1, .ids = &(const char *){ v->group } };
	struct tq_err e;
	unsigned k;

	b->t[0].flags = TQ_TASK_OPEN;
	if (put(tq, b->t, 2) == -1)
		return -1;
	for (k = 2; k < b->n; k++) {
		if (storm_any(4) == 0)
			storm_nap(TQ_MS);
		if (put(tq, &b->t[k], 1) == -1)
			return -1;
	}
	if (tq_do(tq, TQ_DO_SEAL, &sel, NULL, 0, NULL, &e) == 0)
		return 0;
	storm_wrong("seal %s: %s", v->group, e.text);
	return -1;
}

static void
make_chord(struct batch *b, const struct names *v, enum kind kind)
{
	unsigned k;

	add_group(b, v->group);
	add_callback(b, v->callback, v->group);
	if (kind == COMMANDS)
		command(b);
	if (kind == NESTED)
		add_group(b, v->inner)->group = v->group;
	for (k = 0; k < MEMBERS; k++) {
		add(b, v->member[k])->group = kind == NESTED && k < 3 ?
		    v->inner : v->group;
		if (kind == COMMANDS)
			command(b);
	}
	/* one of the outer waits for all of the inner */
	if (kind == NESTED)
		wait_for(b, v->inner, NULL);
}

static void
make_chain(struct batch *b, const struct names *v)
{
	unsigned k;

	for (k = 0; k < MEMBERS; k++) {
		add(b, v->member[k]);
		if (k > 0)
			wait_for(b, v->member[k - 1], NULL);
	}
	add(b, v->bad);
	wait_for(b, v->member[k - 1], NULL)->when = TQ_WHEN_FAIL;
}

static void
make_diamond(struct batch *b, const struct names *v)
{
	add(b, v->member[0]);
	add(b, v->member[1]);
	wait_for(b, v->member[0], NULL);
	add(b, v->member[2]);
	wait_for(b, v->member[0], NULL);
	add(b, v->member[3]);
	wait_for(b, v->member[1], v->member[2]);
	add(b, v->bad);
	wait_for(b, v->member[1], v->member[2])->when = TQ_WHEN_FAIL;
	add(b, v->member[4]);
	wait_for(b, v->member[3], v->bad)->when = TQ_WHEN_ANY;
}

static void
make_keyed(struct batch *b, const struct names *v)
{
	struct tq_task *t = add(b, v->member[0]);

	t->key = "the key";
	t->on_key = (enum tq_on_key)storm_any(3);
}

void
graph_put(struct tq *tq, unsigned n, enum kind kind, unsigned life,
    const struct graph_command *as)
{
	struct batch b = { .as = as };
	struct names v;
	unsigned i;

	graph_names(&v, n, life);
	if (kind == CHAIN)
		make_chain(&b, &v);
	else if (kind == DIAMOND)
		make_diamond(&b, &v);
	else if (kind == KEYED || kind == KEYED_AFTER)
		make_keyed(&b, &v);
	else
		make_chord(&b, &v, kind);
	if ((kind == OPEN_CHORD ? put_open(tq, &b, &v) :
	    put(tq, b.t, b.n)) == -1)
		return;
	for (i = 0; i < b.n; i++)
		storm_note("PUT %s", b.t[i].id);
	if (kind != KEYED_AFTER)
		return;
	b.n = 0;
	add(&b, v.callback);
	wait_for(&b, v.member[0], NULL)->when = TQ_WHEN_ANY;
	if (put(tq, b.t, 1) == 0)
		storm_note("PUT %s", v.callback);
}

