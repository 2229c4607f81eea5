/*
 * What a worker owes for the end of an attempt (Celery 5.2.6, app/trace.py
 * and backends/base.py; protocol of 5.6 where they agree).
 *
 *	success	callbacks, the next of the chain, SUCCESS, its part of a chord
 *	failure	FAILURE, its part of a chord, the same for what now never
 *		runs: the rest of its chain; errbacks
 *	retry	the message again with one more retry, unless that was a
 *		"try later"; RETRY
 *	revoked	REVOKED, its part of a chord, the same for the rest of its
 *		chain
 *	replaced	what runs in its place
 *
 * Where Celery forgets what depends on a failed task, and lets its waiters
 * wait for ever, more is done than Celery does: shapes in the rest of a chain
 * end with all their tasks, and the rest of a revoked task's chain ends too.
 */
#include "message/celery_settle.h"

#include <errno.h>
#include <string.h>

#include "message/celery_field.h"

/* ---- what it leaves -------------------------------------------------- */

/* Children that the task put itself come first: it did so before. */
static struct tq_bytes
children(struct tq_planner *p, const struct tq_celery_end *end)
{
	struct tq_celery_tuple tuple;
	struct tq_bytes v, id;
	struct tq_scan s;
	struct tq_buf b;

	tq_buf_init(&b);
	tq_buf_byte(&b, '[');
	tq_scan_init(&s, end->children);
	while (tq_scan_next(&s, &v)) {
		id = tq_scan_string(p->mem, v);
		if (id.p == NULL && tq_celery_tuple_decode(&tuple, p->mem, v,
		    NULL) == -1)
			continue;
		tq_celery_comma(&b);
		if (id.p != NULL)
			tq_celery_tuple_put(&b, id.p, NULL);
		else
			tq_buf_put(&b, v.p, v.n);
	}
	if (p->trail.n > 0)
		tq_celery_comma(&b);
	tq_buf_put(&b, p->trail.p, p->trail.n);
	if (p->trail.err != 0)
		b.err = p->trail.err;
	tq_buf_byte(&b, ']');
	return tq_plan_keep(p, &b);
}

/* What result_extended tells. */
static int
extend(struct tq_celery_meta *meta, const struct tq_settling *t)
{
	const struct tq_celery_task *m = t->m;

	meta->name = m->task;
	meta->args = m->args;
	meta->kwargs = m->kwargs;
	meta->worker = t->p->site->worker;
	meta->retries = m->retries;
	meta->queue = t->env->routing_key;
	return tq_settle_stamps(t->p, meta, m);
}

/* The meta of the task that ended. */
static int
store(const struct tq_settling *t, const char *status, struct tq_bytes result,
    const struct tq_celery_exc *exc, struct tq_bytes trace)
{
	const struct tq_celery_task *m = t->m;
	struct tq_celery_meta meta;

	tq_celery_meta_init(&meta);
	meta.status = status;
	meta.result = result;
	if (exc != NULL)
		meta.exc = *exc;
	meta.traceback = trace;
	meta.group_id = m->group;
	meta.parent_id = m->parent_id;
	if ((meta.children = children(t->p, t->end)).p == NULL)
		return -1;
	if ((t->p->site->flags & TQ_CELERY_SITE_EXTENDED) &&
	    extend(&meta, t) == -1)
		return -1;
	return tq_settle_store(t->p, m->id, &meta);
}

static int
part_of(const struct tq_settling *t, const char *status,
    struct tq_bytes result)
{
	struct tq_settle_member member = {
		t->m->group, t->m->id, t->m->group_index, t->m->chord,
		t->m->unknown
	};

	return tq_settle_part(t->p, &member, status, result);
}

/* ---- success --------------------------------------------------------- */

/*
 * One callback is applied alone; of several, shapes that are groups are
 * applied one by one and all others as one group.
 */
static int
callbacks(const struct tq_settling *t, struct tq_bytes args,
    const struct tq_celery_sig *o)
{
	struct tq_tree **list, *rest;
	struct tq_planner *p = t->p;
	size_t k, n, to = 0;

	if (tq_tree_list(&list, &n, p, t->m->callbacks) == -1)
		return -1;
	if (n == 0)
		return 0;
	if (n == 1)
		return tq_tree_apply(p, list[0], args, o, 0);
	if ((rest = tq_tree_new(p, TQ_TREE_GROUP, n)) == NULL)
		return -1;
	for (k = 0; k < n; k++) {
		if (list[k]->shape != TQ_TREE_GROUP)
			rest->kid[to++] = list[k];
		else if (tq_tree_apply(p, list[k], args, o, 0) == -1)
			return -1;
	}
	rest->nkids = to;
	return tq_tree_apply(p, rest, args, o, 0);
}

/*
 * The next of the chain takes the rest with it.  A group that something
 * follows is made the header of a chord, by a chain of them all.
 */
static int
go_on(const struct tq_settling *t, struct tq_bytes args,
    struct tq_celery_sig *o)
{
	struct tq_tree **list, *chain;
	struct tq_planner *p = t->p;
	struct tq_bytes v;
	struct tq_scan i;
	struct tq_buf b;
	size_t k, n;

	if (tq_tree_list(&list, &n, p, t->m->chain) == -1)
		return -1;
	if (n == 0)
		return 0;
	if (n > 1 && list[n - 1]->shape == TQ_TREE_GROUP) {
		if ((chain = tq_tree_new(p, TQ_TREE_CHAIN, n)) == NULL)
			return -1;
		for (k = 0; k < n; k++)
			chain->kid[k] = list[n - 1 - k];
		return tq_tree_apply(p, chain, args, o, 0);
	}
	if (n > 1) {
		tq_buf_init(&b);
		tq_buf_byte(&b, '[');
		tq_scan_init(&i, t->m->chain);
		for (k = 0; k + 1 < n && tq_scan_next(&i, &v); k++)
			tq_celery_item_put(&b, v);
		tq_buf_byte(&b, ']');
		if ((o->chain = tq_plan_keep(p, &b)).p == NULL)
			return -1;
	}
	return tq_tree_apply(p, list[n - 1], args, o, 0);
}

static int
succeed(const struct tq_settling *t)
{
	struct tq_celery_sig o;
	struct tq_bytes result, args, none = { NULL, 0 };
	struct tq_planner *p = t->p;
	int rv;

	if ((rv = tq_settle_own(t, &result)) != 0)
		return rv == 1 ? 0 : -1;
	if ((args = tq_plan_list(p, result)).p == NULL)
		return -1;
	tq_celery_sig_init(&o);
	o.parent_id = t->m->id;
	o.root_id = p->root;
	if (callbacks(t, args, &o) == -1 || go_on(t, args, &o) == -1)
		return -1;
	if (t->m->ignore_result != 1 &&
	    store(t, "SUCCESS", result, NULL, none) == -1)
		return -1;
	return part_of(t, "SUCCESS", result);
}

/* ---- the other ends -------------------------------------------------- */

static int
give_up(const struct tq_settling *t, const char *status,
    const struct tq_celery_exc *exc, struct tq_bytes trace)
{
	struct tq_settle_cause cause = { status, exc, trace, { NULL, 0 } };
	struct tq_bytes none = { NULL, 0 };
	struct tq_planner *p = t->p;

	if ((cause.map = tq_settle_map(p, exc)).p == NULL ||
	    store(t, status, none, exc, trace) == -1 ||
	    part_of(t, status, cause.map) == -1 ||
	    tq_settle_end_chain(p, t->m->chain, &cause) == -1)
		return -1;
	if (strcmp(status, "FAILURE") != 0)
		return 0;
	return tq_settle_errbacks(p, t->m->errbacks, t->m->id);
}

static int
try_again(const struct tq_settling *t)
{
	const struct tq_outcome *o = t->end->outcome;
	struct tq_planner *p = t->p;
	struct tq_celery_task *m;
	struct tq_celery_exc exc;
	struct tq_bytes none = { NULL, 0 };

	if ((m = tq_settle_copy(t)) == NULL)
		return -1;
	m->eta = o->when;
	m->origin = p->site->origin;
	if (m->parent_id == NULL)
		m->parent_id = m->id;
	if (!(o->flags & TQ_OUTCOME_LATER))
		m->retries++;
	else if (tq_settle_later(p, m) == -1)
		return -1;
	if (tq_settle_again(t, m) == NULL)
		return -1;
	tq_celery_comma(&p->trail);
	tq_celery_tuple_put(&p->trail, m->id, NULL);
	if (tq_celery_raise(&exc, p->mem, t->m, t->end, p->e) == -1)
		return -1;
	return store(t, "RETRY", none, &exc,
	    tq_celery_trace(p->mem, t->end->err));
}

/* Nothing of an end that could not be planned stays. */
static void
forget(struct tq_celery_plan *plan)
{
	plan->nsteps = plan->ncounts = 0;
}

/*
 * The message carries what cannot be obeyed: the task fails, if it has not, and
 * so does what of it can be told.
 */
static int
fail_broken(struct tq_settling *t, const char *what)
{
	int failed = t->end->outcome->state == TQ_FAILURE;
	struct tq_celery_exc exc;
	struct tq_bytes none = { NULL, 0 }, trace = none;
	struct tq_celery_task m = *t->m;
	struct tq_err ignored;

	forget(t->p->plan);
	t->p->weight = 0;
	tq_buf_reset(&t->p->trail);
	t->p->word = "failure";
	if ((failed ? tq_celery_raise(&exc, t->p->mem, t->m, t->end, t->p->e) :
	    tq_celery_raise_text(&exc, t->p->mem, TQ_RAISE_CELERY,
	    "InvalidTaskError", what, t->p->e)) == -1)
		return -1;
	if (failed)
		trace = tq_celery_trace(t->p->mem, t->end->err);
	t->p->e = &ignored;
	if (give_up(t, "FAILURE", &exc, trace) == 0)
		return 0;
	if (errno == ENOMEM)
		return -1;
	/* even that: then only for itself and its chord */
	forget(t->p->plan);
	t->p->weight = 0;
	m.chain = m.errbacks = none;
	t->m = &m;
	return give_up(t, "FAILURE", &exc, trace);
}

static int
plan_end(struct tq_settling *t)
{
	const struct tq_outcome *o = t->end->outcome;
	struct tq_celery_exc exc;
	struct tq_bytes none = { NULL, 0 };
	int revoked = o->state == TQ_REVOKED || o->state == TQ_EXPIRED;

	switch (o->state) {
	case TQ_SUCCESS:
		return o->flags & TQ_OUTCOME_REPLACED ?
		    tq_settle_replace(t) : succeed(t);
	case TQ_RETRY:
		return try_again(t);
	case TQ_FAILURE:
	case TQ_REVOKED:
	case TQ_EXPIRED:
		if (tq_celery_raise(&exc, t->p->mem, t->m, t->end, t->p->e) ==
		    -1)
			return -1;
		return give_up(t, revoked ? "REVOKED" : "FAILURE", &exc,
		    revoked ? none : tq_celery_trace(t->p->mem, t->end->err));
	default:
		return tq_fail(t->p->e, EINVAL, "task %s ended as %s",
		    t->m->id, tq_state_name(o->state));
	}
}

int
tq_celery_settle(struct tq_celery_plan *plan, const struct tq_celery_task *m,
    const struct tq_celery_envelope *env, const struct tq_celery_end *end,
    const struct tq_celery_site *site, struct tq_err *e)
{
	struct tq_planner p;
	struct tq_settling t = { &p, m, env, end };
	struct tq_err why;
	int rv;

	tq_planner_follow(&p, plan, site, m,
	    tq_state_name(end->outcome->state), &why);
	plan->by = env->delivery_tag;
	if ((rv = plan_end(&t)) == -1 &&
	    (errno == EBADMSG || errno == EMSGSIZE))
		rv = fail_broken(&t, why.text);
	tq_planner_fini(&p);
	if (rv == -1)
		return tq_fail(e, errno, "%s", why.text);
	return 0;
}
