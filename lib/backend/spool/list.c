/* Look at tasks: one by id, many by selectors. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/spool/local.h"
#include "backend/spool/translate.h"
#include "base/arena.h"
#include "spool/gate.h"

#define ALL_STATES	((1u << TQ_NSTATES) - 1)
#define ENDED		(1u << TQ_SUCCESS | 1u << TQ_FAILURE | \
			1u << TQ_REVOKED | 1u << TQ_EXPIRED)

/* ---- one task -------------------------------------------------------- */

static int
add_served(const struct tq_worker_info *w, void *arg)
{
	struct tq_buf *names = arg;

	tq_buf_str(names, w->queues);
	tq_buf_byte(names, ',');
	return 0;
}

/* 1 if a live worker serves the queue. */
static int
is_served(struct tq_local *l, struct tq_local_served *served,
    const char *queue, struct tq_err *e)
{
	char name[TQ_NAME_MAX + 3] = ",";
	struct tq_buf *names = &served->names;
	size_t n = strlen(queue);

	if (!served->known) {
		tq_buf_byte(names, ',');
		if (tq_spool_workers(l->sp, add_served, names, e) == -1)
			return -1;
		tq_buf_byte(names, '\0');
		if (!tq_buf_ok(names))
			return tq_fail_sys(e, names->err, "workers");
		served->known = 1;
	}
	memcpy(name + 1, queue, n);
	memcpy(name + 1 + n, ",", 2);
	return strstr((const char *)names->p, name) != NULL;
}

/*
 * Name the tasks that this one waits for or ended by.  Asking for a name looks
 * at that task, so what was looked at before is looked at again.
 */
static int
look_names(struct tq_local *l, const struct tq_uuid *id, unsigned attempt,
    struct tq_spool_look *look, struct tq_id names[2], struct tq_err *e)
{
	int caused = look->has_end && look->end.flags & TQ_EF_CAUSE;
	int waits = look->has_after, rv;
	struct tq_uuid cause;

	if (!caused && !waits)
		return 1;
	if (waits)
		tq_local_name(l, &look->after, &names[0]);
	if (caused) {
		cause = look->end.cause;
		tq_local_name(l, &cause, &names[1]);
	}
	if ((rv = tq_spool_look(l->sp, id, attempt, look, e)) != 1)
		return rv;
	if (waits && look->has_after)
		look->waits = names[0].s;
	if (caused && look->has_end && look->end.flags & TQ_EF_CAUSE &&
	    memcmp(&cause, &look->end.cause, sizeof(cause)) == 0)
		look->cause = names[1].s;
	return 1;
}

/* "no worker offers gpu=8": what no worker has enough of, or all together. */
static const char *
unoffered(const struct tq_spool_gate *g, const struct tq_task *t,
    struct tq_arena *mem)
{
	struct tq_buf b;
	const char *why;
	int some = 0;
	size_t i;

	tq_buf_init(&b);
	tq_buf_str(&b, "no worker offers ");
	for (i = 0; i < t->nneeds; i++)
		if (g->lacking == 0 || g->lacking == tq_gate_hash(t->needs[i],
		    strcspn(t->needs[i], "="))) {
			if (some++)
				tq_buf_byte(&b, ',');
			tq_buf_str(&b, t->needs[i]);
		}
	why = tq_arena_keep(mem, &b).p;
	tq_buf_fini(&b);
	return why;
}

/* Which task holds its lane, which resource nobody has: what needs names. */
static int
say_gate(struct tq_local *l, const struct tq_spool_gate *g,
    struct tq_info *out, struct tq_arena *mem)
{
	static const struct tq_uuid nobody;
	char text[TQ_ID_MAX + 32];
	struct tq_id id;

	if (memcmp(&g->busy, &nobody, sizeof(nobody)) != 0) {
		tq_local_name(l, &g->busy, &id);
		snprintf(text, sizeof(text), "lane busy: %s", id.s);
		out->why = tq_arena_copy(mem, text, strlen(text));
	} else if (g->unoffered)
		out->why = unoffered(g, &out->task, mem);
	else
		return 0;
	return out->why == NULL ? -1 : 0;
}

int
tq_local_look(struct tq_local *l, const struct tq_uuid *id, unsigned attempt,
    struct tq_local_served *served, struct tq_info *out, struct tq_err *e)
{
	struct tq_spool_look look;
	struct tq_spool_gate gate;
	struct tq_arena *mem;
	char name[37], words[TQ_PROGRESS_MAX];
	struct tq_id names[2], said;
	struct tq_err why;
	size_t n;
	int rv;

	if ((rv = tq_spool_look(l->sp, id, attempt, &look, &why)) == 0)
		return 0;
	if (rv == -1) {
		tq_uuid_format(name, id);
		return tq_fail(e, why.num, "%s: %s", name, why.text);
	}
	if (attempt != 0) {
		tq_translate_id(&said, id, look.rec.put.foreign);
		if (!look.has_end)
			return tq_fail(e, ENOENT, "%s: nothing is kept of "
			    "attempt %u", said.s, attempt);
		look.s.state = TQ_STATE_ENDED(look.end.state) ?
		    look.end.state : TQ_FAILURE;
	}
	if ((rv = look_names(l, id, attempt, &look, names, e)) != 1)
		return rv;
	if ((mem = tq_arena_reuse(&out->mem)) == NULL)
		return tq_fail_sys(e, ENOMEM, "task");
	if (tq_translate_info(out, mem, &look, e) == -1 ||
	    tq_local_names(l, &out->task, mem, e) == -1)
		return -1;
	gate = look.gate;
	out->progress = NULL;
	if ((n = tq_spool_reported(l->sp, &look, words)) > 0 &&
	    (out->progress = tq_arena_copy(mem, words, n)) == NULL)
		return tq_fail_sys(e, ENOMEM, "task");
	if (out->state == TQ_READY && say_gate(l, &gate, out, mem) == -1)
		return tq_fail_sys(e, ENOMEM, "task");
	if (out->state != TQ_READY || out->why != NULL)
		return 1;
	if ((rv = is_served(l, served, out->task.queue, e)) == -1)
		return -1;
	if (rv == 0)
		out->why = "no worker";
	return 1;
}

/* ---- many ------------------------------------------------------------ */

static int
has_queue(const struct tq_select *sel, const char *queue)
{
	size_t i;

	for (i = 0; i < sel->nqueues; i++)
		if (strcmp(sel->queues[i], queue) == 0)
			return 1;
	return sel->nqueues == 0;
}

/* Looked at again, the task still is what was asked for. */
static int
is_selected(const struct tq_select *sel, const struct tq_info *i)
{
	if (sel->states != 0 && !(sel->states >> i->state & 1))
		return 0;
	if (sel->label != NULL && (i->task.label == NULL ||
	    strcmp(sel->label, i->task.label) != 0))
		return 0;
	if (sel->key != NULL && (i->task.key == NULL ||
	    strcmp(sel->key, i->task.key) != 0))
		return 0;
	return has_queue(sel, i->task.queue);
}

static int
members(struct tq_local *l, const char *group, struct tq_uuid **out,
    size_t *n, struct tq_err *e)
{
	struct tq_spool_source *v;
	struct tq_uuid id;
	size_t i;
	int rv = 0;

	(void)tq_local_id(&id, group);
	if (tq_spool_sources(l->sp, &id, &v, n, e) == -1)
		return -1;
	if (*n > 0 && (*out = reallocarray(NULL, *n, sizeof(**out))) == NULL)
		rv = tq_fail_sys(e, ENOMEM, "%zu ids", *n);
	for (i = 0; rv == 0 && i < *n; i++)
		(*out)[i] = v[i].id;
	free(v);
	return rv;
}

/* The numbers to look at, in memory of the caller's. */
static int
candidates(struct tq_local *l, const struct tq_select *sel,
    struct tq_uuid **out, size_t *n, struct tq_err *e)
{
	size_t i;

	if (sel->group != NULL)
		return members(l, sel->group, out, n, e);
	if (sel->nids == 0 && sel->key != NULL && sel->states != 0 &&
	    (sel->states & ENDED) == 0)
		return tq_spool_keyed(l->sp, sel->key, out, n, e);
	if (sel->nids == 0)
		return tq_spool_ids(l->sp, sel->queues, sel->nqueues,
		    sel->states == 0 ? ALL_STATES : sel->states, out, n, e);
	if ((*out = reallocarray(NULL, sel->nids, sizeof(**out))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%zu ids", sel->nids);
	for (i = 0; i < sel->nids; i++)
		(void)tq_local_id(&(*out)[i], sel->ids[i]);
	*n = sel->nids;
	return 0;
}

int
tq_local_list(void *b, const struct tq_select *sel,
    int (*each)(const struct tq_info *, void *), void *arg, struct tq_err *e)
{
	struct tq_local *l = b;
	struct tq_local_served served = { .known = 0 };
	struct tq_uuid *ids = NULL;
	struct tq_info info;
	size_t i, n = 0;
	int rv;

	tq_info_init(&info);
	rv = candidates(l, sel, &ids, &n, e);
	for (i = 0; i < n && rv == 0; i++) {
		if ((rv = tq_local_look(l, &ids[i], 0, &served, &info, e)) == 1)
			rv = is_selected(sel, &info) ? each(&info, arg) : 0;
		else if (rv == 0 && sel->nids > 0)
			rv = tq_fail(e, ENOENT, "%s: no such task",
			    sel->ids[i]);
	}
	tq_info_fini(&info);
	tq_buf_fini(&served.names);
	free(ids);
	return rv;
}
