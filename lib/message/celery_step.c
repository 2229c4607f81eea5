/* What the tasks and groups of a batch become: trees of signatures. */
#include <errno.h>
#include <string.h>

#include "message/celery_batch.h"
#include "message/celery_field.h"

/* Headers of users and of tq, as the option that carries them. */
static int
put_headers(struct tq_batch *b, struct tq_celery_sig *sig,
    const struct tq_celery_task *m, const char *each)
{
	struct tq_buf buf;

	if (m->nothers == 0 && m->tq.n == 0 && each == NULL)
		return 0;
	tq_buf_init(&buf);
	tq_buf_byte(&buf, '{');
	tq_celery_members_put(&buf, m->others, m->nothers);
	if (m->tq.n > 0) {
		tq_celery_name_put(&buf, "tq");
		tq_buf_put(&buf, m->tq.p, m->tq.n);
	}
	if (each != NULL) {
		tq_celery_name_put(&buf, TQ_CELERY_EACH);
		tq_buf_str(&buf, each);
	}
	tq_buf_byte(&buf, '}');
	sig->headers = tq_plan_keep(b->p, &buf);
	return sig->headers.p != NULL ? 0 : -1;
}

/*
 * When it may start.  What is sent by a worker later can carry its expiry
 * only as a length of time: Celery 5.2 takes no date from a signature.
 */
static void
put_times(struct tq_batch *b, struct tq_celery_sig *sig,
    const struct tq_task *t, int later)
{
	tq_time now = b->p->site->now;

	sig->time_limit = t->hard;
	sig->soft_time_limit = t->soft;
	if (!later || (b->p->site->flags & TQ_CELERY_SITE_TQ))
		sig->expires = t->expires;
	else if (t->expires > 0)
		sig->expires_in = t->expires > now ? t->expires - now : 1;
}

/* What a command that is given results of a group makes of each. */
static const char *
each_of(const struct tq_batch *b, const struct tq_task *t)
{
	if (t->pipe == NULL || t->kind == TQ_KIND_NAMED ||
	    b->task[tq_batch_find(b, t->pipe)].kind != TQ_KIND_GROUP)
		return NULL;
	return t->flags & TQ_TASK_CHORD ? "true" : "false";
}

/* 1 if i waits for named tasks, themselves or a group of them. */
static int
follows_named(const struct tq_batch *b, size_t i)
{
	size_t k;

	if (tq_batch_awaited(&b->task[i]) == NULL)
		return 0;
	k = tq_batch_find(b, tq_batch_awaited(&b->task[i]));
	if (b->task[k].kind == TQ_KIND_GROUP)
		k = b->member[k];
	return k != b->n && b->task[k].kind == TQ_KIND_NAMED;
}

static int
put_task(struct tq_tree **out, struct tq_batch *b, size_t i)
{
	const struct tq_celery_site *site = b->p->site;
	const struct tq_task *t = &b->task[i];
	const char *lack, *wait = tq_batch_awaited(t);
	struct tq_task copy = *t;
	struct tq_celery_task m;
	struct tq_celery_sig *sig;

	/* --hold is refused below: no workers keep it */
	if (!(site->flags & TQ_CELERY_SITE_TQ) &&
	    !(t->flags & TQ_TASK_HOLD) &&
	    (lack = tq_celery_task_lacks(t)) != NULL)
		return tq_fail(b->p->e, ENOTSUP, "%s: no Celery worker keeps "
		    "it (workers=tq in the URL says that all are tq's)", lack);
	copy.id = b->ids[i].s;
	copy.nafter = 0;
	copy.pipe = copy.group = NULL;
	copy.flags &= ~(unsigned)TQ_TASK_CHORD;
	if (t->kind == TQ_KIND_SHELL && t->argc == 1 && follows_named(b, i) &&
	    tq_plan_call(b->p, &copy) == -1)
		return -1;
	if (tq_celery_task_from(&m, b->p->mem, &copy, b->p->e) == -1 ||
	    (*out = tq_tree_new(b->p, TQ_TREE_TASK, 0)) == NULL)
		return -1;
	sig = &(*out)->sig;
	sig->task = m.task;
	sig->args = m.args;
	sig->kwargs = m.kwargs;
	sig->task_id = b->ids[i].s;
	sig->parent_id = t->parent;
	sig->root_id = t->root;
	/* what a worker sends later says so only where that is not usual */
	if (t->queue != NULL && (wait == NULL || site->nroutes > 0 ||
	    strcmp(t->queue, site->queue) != 0))
		sig->queue = t->queue;
	sig->eta = m.eta;
	put_times(b, sig, t, wait != NULL);
	if (m.ignore_result == 1)
		sig->ignore_result = 1;
	if (t->flags & TQ_TASK_PRI || t->pri != TQ_PRI_DEFAULT)
		sig->priority = site->flags & TQ_CELERY_SITE_ZERO_FIRST ?
		    TQ_PRI_MAX - t->pri : t->pri;
	sig->immutable = wait != NULL && t->pipe == NULL &&
	    !(t->when == TQ_WHEN_FAIL && copy.kind == TQ_KIND_NAMED);
	return put_headers(b, sig, &m, copy.kind == TQ_KIND_NAMED ? NULL :
	    each_of(b, t));
}

/* Those of one kind that wait for i, as a list of signatures. */
static int
put_links(struct tq_bytes *out, struct tq_batch *b, size_t i, enum tq_when when,
    unsigned depth)
{
	struct tq_bytes text;
	struct tq_tree *t;
	struct tq_buf buf;
	size_t k;

	tq_buf_init(&buf);
	tq_buf_byte(&buf, '[');
	for (k = b->first[i]; k != b->n; k = b->next[k]) {
		if (b->task[k].when != when)
			continue;
		if (tq_batch_tree(&t, b, k, depth) == -1 ||
		    (text = tq_tree_text(b->p, t)).p == NULL) {
			tq_buf_fini(&buf);
			return -1;
		}
		tq_celery_item_put(&buf, text);
	}
	if (buf.n == 1) {
		tq_buf_fini(&buf);
		return 0;
	}
	tq_buf_byte(&buf, ']');
	*out = tq_plan_keep(b->p, &buf);
	return out->p != NULL ? 0 : -1;
}

static int
put_group(struct tq_tree **out, struct tq_batch *b, size_t i, unsigned depth)
{
	struct tq_tree *t;
	size_t k, n = 0;

	for (k = b->member[i]; k != b->n; k = b->sibling[k])
		n++;
	if ((t = tq_tree_new(b->p, TQ_TREE_GROUP, n)) == NULL)
		return -1;
	t->sig.task_id = b->ids[i].s;
	n = 0;
	for (k = b->member[i]; k != b->n; k = b->sibling[k]) {
		if (tq_batch_tree(&t->kid[n++], b, k, depth) == -1)
			return -1;
	}
	*out = t;
	return 0;
}

int
tq_batch_step(struct tq_tree **out, struct tq_batch *b, size_t i, int calls,
    unsigned depth)
{
	struct tq_celery_sig *sig;

	b->made++;
	if (b->task[i].kind == TQ_KIND_GROUP)
		return put_group(out, b, i, depth);
	if (put_task(out, b, i) == -1)
		return -1;
	sig = &(*out)->sig;
	if (calls && put_links(&sig->link, b, i, TQ_WHEN_OK, depth) == -1)
		return -1;
	return put_links(&sig->link_error, b, i, TQ_WHEN_FAIL, depth);
}

/* A group and what waits for it: a chord.  *i moves on to the body. */
static int
put_chord(struct tq_tree **out, struct tq_batch *b, size_t *i, size_t body,
    unsigned depth)
{
	struct tq_tree *t;
	size_t next;

	if ((t = tq_tree_new(b->p, TQ_TREE_CHORD, 1)) == NULL ||
	    tq_batch_step(&t->kid[0], b, *i, 0, depth) == -1 ||
	    tq_batch_step(&t->body, b, body,
	    tq_batch_followers(b, body, &next) > 1, depth) == -1)
		return -1;
	*i = body;
	*out = t;
	return 0;
}

int
tq_batch_tree(struct tq_tree **out, struct tq_batch *b, size_t i,
    unsigned depth)
{
	struct tq_tree *chain, **step;
	size_t n, last = i, only = i, follow;
	int rv;

	if (depth == 0)
		return tq_batch_refuse(b, "-A", "carry so many callbacks in "
		    "each other");
	if (b->task[i].group != NULL)
		return tq_batch_step(out, b, i, 1, depth - 1);
	for (n = 1; tq_batch_followers(b, last, &only) == 1 && n <= b->n; n++)
		last = only;
	if ((chain = tq_tree_new(b->p, TQ_TREE_CHAIN, n)) == NULL)
		return -1;
	chain->nkids = 0;
	for (follow = 1; follow == 1; i = only) {
		step = &chain->kid[chain->nkids++];
		follow = tq_batch_followers(b, i, &only);
		if (follow > 1 && b->task[i].kind == TQ_KIND_GROUP)
			return tq_batch_refuse(b, "-A", "let more than one "
			    "task wait for a group");
		if (follow == 1 && b->task[i].kind == TQ_KIND_GROUP)
			rv = put_chord(step, b, &i, only, depth - 1);
		else
			rv = tq_batch_step(step, b, i, follow > 1, depth - 1);
		if (rv == -1)
			return -1;
		follow = tq_batch_followers(b, i, &only);
	}
	*out = chain->nkids == 1 ? chain->kid[0] : chain;
	return 0;
}

int
tq_batch_save_group(struct tq_batch *b, size_t i)
{
	struct tq_celery_step *s;
	const char **ids;
	struct tq_buf buf;
	size_t k, n = 0;

	if ((ids = tq_plan_alloc(b->p, (b->n + 1) * sizeof(*ids))) == NULL ||
	    (s = tq_plan_step(b->p, TQ_CELERY_SAVE, b->ids[i].s)) == NULL)
		return -1;
	for (k = b->member[i]; k != b->n; k = b->sibling[k])
		ids[n++] = b->ids[k].s;
	tq_buf_init(&buf);
	tq_celery_group_encode(&buf, b->ids[i].s, ids, n);
	s->text = tq_plan_keep(b->p, &buf);
	return s->text.p != NULL ? 0 : -1;
}
