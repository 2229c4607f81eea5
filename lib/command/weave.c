/* Chains, groups and chords; see weave.h. */
#include "command/weave.h"

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "command/patient.h"

void
tq_weave_init(struct tq_weave *w, enum tq_shape shape, const char *chord,
    const struct tq_task *base)
{
	memset(w, 0, sizeof(*w));
	w->shape = shape;
	w->chord = w->words[0] = chord;
	w->base = base;
	if (shape != TQ_SHAPE_LOOSE)
		tq_weave_id(w, &w->group);
	if (shape == TQ_SHAPE_CHORD)
		tq_weave_id(w, &w->callback);
}

void
tq_weave_id(struct tq_weave *w, struct tq_id *out)
{
	struct tq_uuid id;

	tq_uuid_make(&id, &w->maker, tq_clock_wall());
	tq_uuid_format(out->s, &id);
}

/* Let t wait for one more. */
static int
wait_for(struct tq_task *t, const char *id, struct tq_arena *mem)
{
	const char **v, *copy = tq_arena_copy(mem, id, strlen(id));
	size_t i;

	v = tq_arena_alloc(mem, (t->nafter + 1) * sizeof(*v));
	if (copy == NULL || v == NULL)
		return -1;
	for (i = 0; i < t->nafter; i++)
		v[i] = t->after[i];
	v[t->nafter++] = copy;
	t->after = v;
	return 0;
}

int
tq_weave_add(struct tq_weave *w, struct tq_task *t, struct tq_arena *mem,
    struct tq_err *e)
{
	struct tq_id id;

	if (w->shape == TQ_SHAPE_LOOSE)
		return 0;
	if (w->shape >= TQ_SHAPE_GROUP) {
		if (t->group != NULL)
			return tq_fail(e, EINVAL, "is in a group already");
		t->group = w->group.s;
		return 0;
	}
	if (w->last.s[0] != '\0') {
		/* what the first link waits for the others need not */
		if (t->after == w->base->after) {
			t->after = NULL;
			t->nafter = 0;
		}
		if (t->pipe == w->base->pipe)
			t->pipe = NULL;
		if (wait_for(t, w->last.s, mem) == -1)
			return tq_fail_sys(e, ENOMEM, "records");
	}
	if (t->id == NULL) {
		tq_weave_id(w, &id);
		t->id = tq_arena_copy(mem, id.s, strlen(id.s));
		if (t->id == NULL)
			return tq_fail_sys(e, ENOMEM, "records");
	}
	(void)strlcpy(w->last.s, t->id, sizeof(w->last.s));
	return 0;
}

/* ---- groups ----------------------------------------------------------- */

void
tq_weave_group(struct tq_task *t, const char *id, const struct tq_task *base,
    int open)
{
	tq_task_init(t);
	t->kind = TQ_KIND_GROUP;
	t->id = id;
	t->queue = base->queue;
	t->label = base->label;
	t->pri = base->pri;
	t->parent = base->parent;
	t->root = base->root;
	t->keep = base->keep;
	if (open)
		t->flags = TQ_TASK_OPEN;
}

void
tq_weave_then(struct tq_task *out, const struct tq_task *base,
    const char *const *string)
{
	struct tq_task none;

	tq_task_init(&none);
	*out = *base;
	out->kind = TQ_KIND_SHELL;
	out->flags &= ~(unsigned)(TQ_TASK_JSON | TQ_TASK_HOLD);
	out->id = out->name = out->key = out->pipe = NULL;
	out->argc = 1;
	out->argv = string;
	out->kwc = 0;
	out->after = NULL;
	out->nafter = 0;
	out->when = TQ_WHEN_OK;
	out->eta = 0;
	out->body = none.body;
	out->body_fd = none.body_fd;
}

int
tq_weave_linked(struct tq *tq, const struct tq_task *task, const char *link,
    const char *link_error, tq_time timeout, struct tq_id *id,
    struct tq_err *e)
{
	struct tq_task t[3] = { *task };
	struct tq_id ids[3], own;
	struct tq_weave w;
	const char *after[1];
	size_t n = 1, done;
	int rv;

	tq_weave_init(&w, TQ_SHAPE_LOOSE, NULL, task);
	if (t[0].id == NULL && (link != NULL || link_error != NULL)) {
		tq_weave_id(&w, &own);
		t[0].id = own.s;
	}
	after[0] = t[0].id;
	if (link != NULL) {
		tq_weave_then(&t[n], task, &link);
		t[n++].pipe = t[0].id;
	}
	if (link_error != NULL) {
		tq_weave_then(&t[n], task, &link_error);
		t[n].after = after;
		t[n].nafter = 1;
		t[n++].when = TQ_WHEN_FAIL;
	}
	rv = tq_put_patient(tq, t, n, timeout, ids, &done, e);
	*id = ids[0];
	return rv;
}

/* The callback runs where the members do, on what they wrote. */
static void
make_callback(const struct tq_weave *w, struct tq_task *t)
{
	tq_weave_then(t, w->base, w->words);
	t->flags |= TQ_TASK_CHORD;
	t->id = w->callback.s;
	t->pipe = w->group.s;
}

static int
put(struct tq *tq, const struct tq_task *t, size_t n, tq_time timeout,
    struct tq_err *e)
{
	struct tq_id *ids = reallocarray(NULL, n, sizeof(*ids));
	size_t done;
	int rv;

	if (ids == NULL)
		return tq_fail_sys(e, ENOMEM, "records");
	rv = tq_put_patient(tq, t, n, timeout, ids, &done, e);
	free(ids);
	return rv;
}

static int
seal(const struct tq_weave *w, struct tq *tq, struct tq_err *e)
{
	struct tq_select sel = { .nids = 1,
	    .ids = &(const char *){ w->group.s } };

	return tq_do(tq, TQ_DO_SEAL, &sel, NULL, 0, NULL, e);
}

/* One that begins when it is whole: its first link waits at a gate. */
static int
put_chain(struct tq_weave *w, struct tq *tq, struct tq_task *tasks, size_t n,
    int final, tq_time timeout, struct tq_err *e)
{
	size_t first = w->begun || final;

	if (!w->begun && final)
		return tq_put_whole(tq, tasks + 1, n, timeout, e);
	if (!w->begun) {
		tq_weave_group(&tasks[0], w->group.s, w->base, 1);
		w->gate = w->group.s;
		if (tasks[1].nafter == 0) {
			tasks[1].after = &w->gate;
			tasks[1].nafter = 1;
		}
		n++;
	}
	if (n > 0 && put(tq, tasks + first, n, timeout, e) == -1)
		return -1;
	w->begun = 1;
	return final ? seal(w, tq, e) : 0;
}

int
tq_weave_put(struct tq_weave *w, struct tq *tq, struct tq_task *tasks,
    size_t n, int final, tq_time timeout, struct tq_err *e)
{
	size_t first = w->begun, count = n + !w->begun;
	int open = !final || w->begun;

	if (w->shape == TQ_SHAPE_CHAIN)
		return put_chain(w, tq, tasks, n, final, timeout, e);
	if (!w->begun) {
		tq_weave_group(&tasks[0], w->group.s, w->base, open);
		if (w->shape == TQ_SHAPE_CHORD)
			make_callback(w, &tasks[count++]);
	}
	if (!open) {
		/* whole, in one transaction, if it fits */
		if (tq_put_whole(tq, tasks, count, timeout, e) == 0) {
			w->begun = 1;
			return 0;
		}
		if (e->num != EMSGSIZE)
			return -1;
		tasks[0].flags |= TQ_TASK_OPEN;
	}
	if (count > 0 && put(tq, tasks + first, count, timeout, e) == -1)
		return -1;
	w->begun = 1;
	return final ? seal(w, tq, e) : 0;
}

const char *
tq_weave_result(const struct tq_weave *w)
{
	switch (w->shape) {
	case TQ_SHAPE_CHAIN:
		return w->last.s;
	case TQ_SHAPE_GROUP:
		return w->group.s;
	case TQ_SHAPE_CHORD:
		return w->callback.s;
	default:
		return "";
	}
}
