/*
 * Results of tasks, and the ends of tasks that never begin.
 */
#include <math.h>
#include <string.h>

#include "message/celery_settle.h"
#include "message/json.h"

/* ---- results --------------------------------------------------------- */

struct tq_bytes
tq_settle_result(struct tq_planner *p, const struct tq_celery_end *end)
{
	const struct tq_outcome *o = end->outcome;
	struct tq_bytes text = end->out;
	struct tq_buf b;

	if (o->result.n > 0)
		return o->result;
	if (o->flags & TQ_OUTCOME_JSON) {
		/* the line of a value ends, the value does not */
		while (text.n > 0 && strchr(" \t\r\n", text.p[text.n - 1]))
			text.n--;
		return text;
	}
	tq_buf_init(&b);
	if (text.n > 0 && text.p[text.n - 1] == '\n')
		text.n--;
	if (end->out.n == 0)
		tq_buf_str(&b, "null");
	else
		tq_json_str(&b, text.p, text.n);
	return tq_plan_keep(p, &b);
}

/*
 * Each stamp is a member of the meta (Celery 5.5, backends/base.py), but for
 * one that has the name of another.
 */
int
tq_settle_stamps(struct tq_planner *p, struct tq_celery_meta *meta,
    const struct tq_celery_task *m)
{
	static const char name[] = "\"stamped_headers\"";
	const struct tq_celery_member *stamp;
	struct tq_celery_member *out;
	size_t i, n;

	if (tq_scan_count(m->stamped_headers) == 0)
		return 0;
	if (tq_plan_members(&stamp, &n, p, m->stamps) == -1 ||
	    (out = tq_plan_alloc(p, (n + 1) * sizeof(*out))) == NULL)
		return -1;
	out[0].name.p = name;
	out[0].name.n = sizeof(name) - 1;
	out[0].value = m->stamped_headers;
	meta->others = out;
	meta->nothers = 1;
	for (i = 0; i < n; i++)
		if (!tq_celery_meta_knows(stamp[i].name))
			out[meta->nothers++] = stamp[i];
	return 0;
}

int
tq_settle_store(struct tq_planner *p, const char *id, struct tq_celery_meta *m)
{
	struct tq_celery_step *s;
	struct tq_buf b;

	m->task_id = id;
	m->date_naive = !p->stamping;
	if (tq_celery_state_final(m->status))
		m->date_done = p->site->now;
	tq_buf_init(&b);
	tq_celery_meta_encode(&b, m);
	if ((s = tq_plan_step(p, TQ_CELERY_STORE, id)) == NULL) {
		tq_buf_fini(&b);
		return -1;
	}
	s->text = tq_plan_keep(p, &b);
	return s->text.p != NULL ? 0 : -1;
}

int
tq_settle_part(struct tq_planner *p, const struct tq_settle_member *member,
    const char *status, struct tq_bytes result)
{
	struct tq_celery_count *c;
	struct tq_celery_part part;
	struct tq_buf b;

	if (member->gid == NULL || *member->gid == '\0' || member->id == NULL ||
	    (tq_scan_type(member->chord) != TQ_SCAN_OBJECT &&
	    !member->unknown) || (p->site->flags & TQ_CELERY_SITE_UNLOCK))
		return 0;
	if ((c = tq_plan_count(p)) == NULL)
		return -1;
	c->gid = member->gid;
	c->id = member->id;
	c->score = member->index != TQ_CELERY_NONE ? (double)member->index :
	    INFINITY;
	c->callback = member->chord;
	part.id = member->id;
	part.status = status;
	part.result = result;
	tq_buf_init(&b);
	tq_celery_part_encode(&b, &part);
	if ((c->member = tq_plan_keep(p, &b)).p == NULL)
		return -1;
	tq_buf_init(&b);
	tq_buf_str(&b, "[1, ");
	tq_scan_quote(&b, member->id, strlen(member->id));
	tq_buf_str(&b, ", ");
	return (c->head = tq_plan_keep(p, &b)).p != NULL ? 0 : -1;
}

/* ---- what now never runs --------------------------------------------- */

struct tq_bytes
tq_settle_map(struct tq_planner *p, const struct tq_celery_exc *exc)
{
	struct tq_buf b;

	tq_buf_init(&b);
	tq_celery_exc_encode(&b, exc);
	return tq_plan_keep(p, &b);
}

static int
end_task(struct tq_planner *p, const struct tq_celery_sig *sig,
    const struct tq_settle_cause *cause)
{
	struct tq_settle_member member = {
		sig->group_id, sig->task_id, sig->group_index, sig->chord, 0
	};
	struct tq_celery_meta meta;

	if (sig->task_id == NULL)
		return 0;
	tq_celery_meta_init(&meta);
	meta.status = cause->status;
	meta.exc = *cause->exc;
	meta.traceback = cause->trace;
	meta.group_id = sig->group_id;
	meta.parent_id = sig->parent_id;
	if (tq_settle_store(p, sig->task_id, &meta) == -1)
		return -1;
	return tq_settle_part(p, &member, cause->status, cause->map);
}

/* The header of a chord, which nothing counts for any more: it has ended. */
static int
end_members(struct tq_planner *p, const struct tq_tree *t,
    const struct tq_settle_cause *cause)
{
	size_t n = p->plan->ncounts;
	int rv = tq_settle_end(p, t, cause);

	p->plan->ncounts = n;
	return rv;
}

int
tq_settle_end(struct tq_planner *p, const struct tq_tree *t,
    const struct tq_settle_cause *cause)
{
	size_t k;

	if (t->shape == TQ_TREE_TASK)
		return end_task(p, &t->sig, cause);
	for (k = 0; k < t->nkids; k++) {
		if ((t->shape == TQ_TREE_CHORD ?
		    end_members(p, t->kid[k], cause) :
		    tq_settle_end(p, t->kid[k], cause)) == -1)
			return -1;
	}
	return t->body != NULL ? tq_settle_end(p, t->body, cause) : 0;
}

int
tq_settle_end_chain(struct tq_planner *p, struct tq_bytes chain,
    const struct tq_settle_cause *cause)
{
	struct tq_tree **list;
	size_t k, n;

	if (tq_tree_list(&list, &n, p, chain) == -1)
		return -1;
	for (k = n; k-- > 0;) {
		if (tq_settle_end(p, list[k], cause) == -1)
			return -1;
	}
	return 0;
}

int
tq_settle_errbacks(struct tq_planner *p, struct tq_bytes errbacks,
    const char *id)
{
	struct tq_celery_sig o;
	struct tq_bytes args;
	struct tq_tree *group;
	struct tq_buf b;
	size_t n;

	if (tq_scan_unset(errbacks) ||
	    (tq_scan_type(errbacks) == TQ_SCAN_ARRAY &&
	    tq_scan_count(errbacks) == 0))
		return 0;
	if ((group = tq_tree_new(p, TQ_TREE_GROUP, 0)) == NULL ||
	    tq_tree_list(&group->kid, &n, p, errbacks) == -1)
		return -1;
	group->nkids = n;
	tq_buf_init(&b);
	tq_buf_byte(&b, '[');
	tq_scan_quote(&b, id, strlen(id));
	tq_buf_byte(&b, ']');
	if ((args = tq_plan_keep(p, &b)).p == NULL)
		return -1;
	tq_celery_sig_init(&o);
	o.parent_id = id;
	o.root_id = p->root != NULL ? p->root : id;
	return tq_tree_apply(p, group, args, &o, 1);
}
