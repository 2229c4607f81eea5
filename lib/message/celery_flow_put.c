/*
 * A flow, a group whose members wait for each other, as a Celery client would
 * send it: its shape as chains and chords in each other.  Each is sent alone
 * that waits for no other; the group is a list of ids to wait for.
 */
#include <errno.h>
#include <string.h>

#include "message/celery_batch.h"
#include "message/celery_flow.h"

/* What is made of a flow: places in it are those of its members, in order. */
struct flow {
	struct tq_batch	*b;
	const size_t	*member;	/* places in the batch */
};

static int	flow_tree(struct tq_tree **, const struct flow *,
		    const struct tq_sp *, int in_group, unsigned depth);

/*
 * A task of Celery's own between two groups, and behind one that ends a chain
 * in a group: its workers count a group there wrongly, or not at all.
 */
static int
flow_join(struct tq_tree **out, const struct flow *f, const struct tq_sp *sp)
{
	const struct tq_celery_site *site = f->b->p->site;
	const char *queue;
	struct tq_celery_sig *sig;

	while (sp->kind != TQ_SP_TASK)
		sp = sp->first;
	queue = f->b->task[f->member[sp->task]].queue;
	if ((*out = tq_tree_new(f->b->p, TQ_TREE_TASK, 0)) == NULL)
		return -1;
	sig = &(*out)->sig;
	sig->task = "celery.accumulate";
	sig->args.p = "[]";
	sig->kwargs.p = "{}";
	sig->args.n = sig->kwargs.n = 2;
	sig->immutable = 1;
	if (queue != NULL &&
	    (site->nroutes > 0 || strcmp(queue, site->queue) != 0))
		sig->queue = queue;
	return 0;
}

/* Kids of a group, or steps of a chain. */
static int
flow_kids(struct tq_tree **out, const struct flow *f, const struct tq_sp *sp,
    int in_group, unsigned depth)
{
	int chain = sp->kind == TQ_SP_SERIES;
	const struct tq_sp *kid;
	struct tq_tree *t;
	size_t n = 0;

	for (kid = sp->first; kid != NULL; kid = kid->next)
		n++;
	t = tq_tree_new(f->b->p, chain ? TQ_TREE_CHAIN : TQ_TREE_GROUP, 2 * n);
	if (t == NULL)
		return -1;
	t->nkids = 0;
	for (kid = sp->first; kid != NULL; kid = kid->next) {
		if (flow_tree(&t->kid[t->nkids++], f, kid, !chain,
		    depth) == -1)
			return -1;
		if (!chain || kid->kind != TQ_SP_PARALLEL)
			continue;
		if ((kid->next != NULL ? kid->next->kind == TQ_SP_PARALLEL :
		    in_group) && flow_join(&t->kid[t->nkids++], f, kid) == -1)
			return -1;
	}
	*out = t;
	return 0;
}

static int
flow_tree(struct tq_tree **out, const struct flow *f, const struct tq_sp *sp,
    int in_group, unsigned depth)
{
	if (depth == 0)
		return tq_fail(f->b->p->e, ENOTSUP, "-F: chains and groups "
		    "over %d deep in each other are not read by workers",
		    TQ_TREE_DEPTH);
	if (sp->kind == TQ_SP_TASK)
		return tq_batch_step(out, f->b, f->member[sp->task], 1,
		    depth - 1);
	return flow_kids(out, f, sp, in_group, depth - 1);
}

/* Who of the flow waits for whom; local: places in the flow of the batch's. */
static int
flow_waits(struct tq_sp_task *out, struct tq_batch *b, size_t i,
    const size_t *local)
{
	const struct tq_task *t = &b->task[i];
	size_t k;

	out->name = t->label != NULL ? t->label : b->ids[i].s;
	out->nafter = 0;
	out->after = tq_plan_alloc(b->p, (t->nafter + 1) * sizeof(*out->after));
	if (out->after == NULL)
		return -1;
	for (k = 0; k < t->nafter; k++)
		out->after[out->nafter++] = local[tq_batch_find(b,
		    t->after[k])];
	if (t->pipe != NULL)
		out->after[out->nafter++] = local[tq_batch_find(b, t->pipe)];
	return 0;
}

/* What a task is given is the result of all that it waits for. */
static int
check_pipes(struct tq_batch *b, const size_t *member,
    const struct tq_sp_task *sp, size_t n)
{
	const char *pipe;
	size_t i;

	for (i = 0; i < n; i++) {
		pipe = b->task[member[i]].pipe;
		if (pipe != NULL && (sp[i].nafter != 1 || strcmp(pipe,
		    b->ids[member[sp[i].after[0]]].s) != 0))
			return tq_fail(b->p->e, ENOTSUP, "-P: Celery cannot "
			    "give '%s' the output of one of several that it "
			    "waits for", sp[i].name);
	}
	return 0;
}

static int
flow_shape(struct tq_sp **out, struct flow *f, size_t group)
{
	struct tq_batch *b = f->b;
	size_t k, n = 0, *local, *member;
	struct tq_sp_task *t;
	struct tq_err why;

	local = tq_plan_alloc(b->p, 2 * b->n * sizeof(*local));
	t = tq_plan_alloc(b->p, b->n * sizeof(*t));
	if (local == NULL || t == NULL)
		return -1;
	f->member = member = local + b->n;
	for (k = b->member[group]; k != b->n; k = b->sibling[k]) {
		local[k] = n;
		member[n++] = k;
	}
	for (k = 0; k < n; k++)
		if (flow_waits(&t[k], b, member[k], local) == -1)
			return -1;
	if ((*out = tq_sp_make(t, n, b->p->mem, &why)) == NULL)
		return tq_fail(b->p->e, why.num, "-F: Celery has no shape for "
		    "this flow: %s", why.text);
	return check_pipes(b, member, t, n);
}

int
tq_batch_send_flow(struct tq_batch *b, size_t i)
{
	struct tq_bytes none = { NULL, 0 };
	struct flow f = { .b = b };
	const struct tq_sp *kid;
	struct tq_celery_sig o;
	struct tq_tree *t;
	struct tq_sp *sp;

	if (b->first[i] != b->n)
		return tq_batch_refuse(b, "-A", "let a task wait for a flow");
	if (flow_shape(&sp, &f, i) == -1 || tq_batch_save_group(b, i) == -1)
		return -1;
	b->made++;
	b->p->seed = b->ids[i].s;
	tq_celery_sig_init(&o);
	for (kid = sp->kind == TQ_SP_PARALLEL ? sp->first : sp; kid != NULL;
	    kid = kid->next)
		if (flow_tree(&t, &f, kid, 0, TQ_TREE_DEPTH) == -1 ||
		    tq_tree_apply(b->p, t, none, &o, 1) == -1)
			return -1;
	return 0;
}
