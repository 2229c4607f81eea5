/*
 * A batch of tasks as a Celery client would send it.
 *
 * `after` and `group` of the tasks say what the batch is.  Each task or group
 * waits for one other of the same put, or for none:
 *
 *	one waits for a task, to succeed	the rest of its chain
 *	several do, or one for a group's member	callbacks, each with its own
 *	for a task, to fail			errbacks
 *	one waits for a group			the body of a chord
 *
 * Celery gives a chain's next task, a callback and a chord's body the results
 * of those before as first arguments, and an errback the id of what failed.
 * Here a task is given them when it names what it waits for as its `pipe`;
 * an errback is when it is a named task.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "message/celery_tree.h"

struct place {
	const char	*id;
	size_t		 i;
};

/* What the batch is, by places in it. */
struct batch {
	struct tq_planner *p;
	const struct tq_task *task;
	const struct tq_id *ids;
	size_t		 n;
	size_t		*first, *next;	/* who waits for i: a list; n ends it */
	size_t		*member, *sibling;	/* members of group i: a list */
	struct place	*sorted;	/* by id */
	unsigned char	*waits;		/* i is not sent by itself */
	size_t		 made;		/* how many are in a tree */
};

/* ---- who waits for whom ---------------------------------------------- */

static int
compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return strcmp(x->id, y->id);
}

/* The place of an id in the batch, or n. */
static size_t
find(const struct batch *b, const char *id)
{
	size_t lo = 0, hi = b->n, mid;
	int c;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if ((c = strcmp(id, b->sorted[mid].id)) == 0)
			return b->sorted[mid].i;
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return b->n;
}

static int
refuse(struct batch *b, const char *option, const char *why)
{
	return tq_fail(b->p->e, ENOTSUP, "%s: Celery cannot %s", option, why);
}

/* The one id that a task waits for, or NULL. */
static const char *
awaited(const struct tq_task *t)
{
	return t->nafter > 0 ? t->after[0] : t->pipe;
}

static int
check_wait(struct batch *b, size_t i)
{
	const struct tq_task *t = &b->task[i];
	const char *id = awaited(t);

	if (t->nafter > 1 || (t->nafter == 1 && t->pipe != NULL &&
	    strcmp(t->pipe, id) != 0))
		return refuse(b, "-A", "wait for more than one task that is "
		    "not in a group");
	if (find(b, id) == b->n)
		return refuse(b, t->nafter > 0 ? "-A" : "-P",
		    "wait for a task of another put");
	if (t->when == TQ_WHEN_ANY)
		return refuse(b, "-D any", "wait for any end of a task");
	if (t->kind == TQ_KIND_GROUP || t->group != NULL)
		return refuse(b, "-A", "let a group wait");
	if (b->task[find(b, id)].kind == TQ_KIND_GROUP &&
	    t->when == TQ_WHEN_FAIL)
		return refuse(b, "-D fail", "wait for a group to fail");
	return 0;
}

static int
relate(struct batch *b)
{
	const struct tq_task *t;
	size_t i, k;

	for (i = b->n; i-- > 0;) {
		t = &b->task[i];
		if (awaited(t) != NULL) {
			if (check_wait(b, i) == -1)
				return -1;
			k = find(b, awaited(t));
			b->waits[i] = 1;
			/* backwards, and to the front: in order of the put */
			b->next[i] = b->first[k];
			b->first[k] = i;
		}
		if (t->group == NULL)
			continue;
		if ((k = find(b, t->group)) == b->n ||
		    b->task[k].kind != TQ_KIND_GROUP)
			return refuse(b, "--group", "add to a group of another "
			    "put");
		if (t->kind == TQ_KIND_GROUP)
			return refuse(b, "--group", "hold a group in a group "
			    "that is put so");
		b->sibling[i] = b->member[k];
		b->member[k] = i;
		b->waits[i] = 1;	/* sent with its group */
	}
	return 0;
}

static int
begin(struct batch *b)
{
	size_t i, n = b->n + 1, *all;

	if ((all = tq_plan_alloc(b->p, 4 * n * sizeof(*all))) == NULL ||
	    (b->sorted = tq_plan_alloc(b->p, n * sizeof(*b->sorted))) ==
	    NULL ||
	    (b->waits = tq_plan_alloc(b->p, n)) == NULL)
		return -1;
	b->first = all;
	b->next = all + n;
	b->member = all + 2 * n;
	b->sibling = all + 3 * n;
	memset(b->waits, 0, n);
	for (i = 0; i < b->n; i++) {
		b->first[i] = b->next[i] = b->member[i] = b->sibling[i] = b->n;
		b->sorted[i].id = b->ids[i].s;
		b->sorted[i].i = i;
	}
	qsort(b->sorted, b->n, sizeof(*b->sorted), compare_places);
	return relate(b);
}

/* ---- trees ----------------------------------------------------------- */

static int	build(struct tq_tree **, struct batch *, size_t i,
		    unsigned depth);

/* Headers of users and of tq, as the option that carries them. */
static int
put_headers(struct batch *b, struct tq_celery_sig *sig,
    const struct tq_celery_task *m, int each)
{
	struct tq_buf buf;
	size_t k;

	if (m->nothers == 0 && m->tq.n == 0 && !each)
		return 0;
	tq_buf_init(&buf);
	tq_buf_byte(&buf, '{');
	for (k = 0; k < m->nothers; k++) {
		tq_buf_put(&buf, m->others[k].name.p, m->others[k].name.n);
		tq_buf_str(&buf, ": ");
		tq_buf_put(&buf, m->others[k].value.p, m->others[k].value.n);
		tq_buf_str(&buf, ", ");
	}
	if (m->tq.n > 0) {
		tq_buf_str(&buf, "\"tq\": ");
		tq_buf_put(&buf, m->tq.p, m->tq.n);
		tq_buf_str(&buf, ", ");
	}
	if (each)
		tq_buf_str(&buf, "\"" TQ_CELERY_EACH "\": true, ");
	buf.n -= 2;
	tq_buf_byte(&buf, '}');
	sig->headers = tq_plan_keep(b->p, &buf);
	return sig->headers.p != NULL ? 0 : -1;
}

/*
 * When it may start.  What is sent by a worker later can carry its expiry
 * only as a length of time: Celery 5.2 takes no date from a signature.
 */
static void
put_times(struct batch *b, struct tq_celery_sig *sig, const struct tq_task *t,
    int later)
{
	tq_time now = b->p->site->now;

	sig->time_limit = t->hard;
	sig->soft_time_limit = t->soft;
	if (!later || (b->p->site->flags & TQ_CELERY_SITE_TQ))
		sig->expires = t->expires;
	else if (t->expires > 0)
		sig->expires_in = t->expires > now ? t->expires - now : 1;
}

static int
put_task(struct tq_tree **out, struct batch *b, size_t i)
{
	const struct tq_celery_site *site = b->p->site;
	const struct tq_task *t = &b->task[i];
	const char *lack, *wait = awaited(t);
	struct tq_task copy = *t;
	struct tq_celery_task m;
	struct tq_celery_sig *sig;

	if (!(site->flags & TQ_CELERY_SITE_TQ) &&
	    (lack = tq_celery_task_lacks(t)) != NULL)
		return tq_fail(b->p->e, ENOTSUP, "%s: no Celery worker keeps "
		    "it (workers=tq in the URL says that all are tq's)", lack);
	copy.id = b->ids[i].s;
	copy.nafter = 0;
	copy.pipe = copy.group = NULL;
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
	if (t->pri != TQ_PRI_DEFAULT)
		sig->priority = site->flags & TQ_CELERY_SITE_ZERO_FIRST ?
		    TQ_PRI_MAX - t->pri : t->pri;
	sig->immutable = wait != NULL && t->pipe == NULL &&
	    !(t->when == TQ_WHEN_FAIL && t->kind == TQ_KIND_NAMED);
	return put_headers(b, sig, &m, wait != NULL && t->pipe != NULL &&
	    t->kind != TQ_KIND_NAMED &&
	    b->task[find(b, wait)].kind == TQ_KIND_GROUP);
}

/* How many wait for i to succeed; *only is the last of them. */
static size_t
followers(const struct batch *b, size_t i, size_t *only)
{
	size_t k, n = 0;

	for (k = b->first[i]; k != b->n; k = b->next[k]) {
		if (b->task[k].when == TQ_WHEN_OK) {
			*only = k;
			n++;
		}
	}
	return n;
}

/* Those of one kind that wait for i, as a list of signatures. */
static int
put_links(struct tq_bytes *out, struct batch *b, size_t i, enum tq_when when,
    unsigned depth)
{
	struct tq_bytes text;
	struct tq_tree *t;
	struct tq_buf buf;
	size_t k;

	tq_buf_init(&buf);
	for (k = b->first[i]; k != b->n; k = b->next[k]) {
		if (b->task[k].when != when)
			continue;
		if (build(&t, b, k, depth) == -1 ||
		    (text = tq_tree_text(b->p, t)).p == NULL) {
			tq_buf_fini(&buf);
			return -1;
		}
		tq_buf_str(&buf, buf.n == 0 ? "[" : ", ");
		tq_buf_put(&buf, text.p, text.n);
	}
	if (buf.n == 0)
		return 0;
	tq_buf_byte(&buf, ']');
	*out = tq_plan_keep(b->p, &buf);
	return out->p != NULL ? 0 : -1;
}

static int
put_group(struct tq_tree **out, struct batch *b, size_t i, unsigned depth)
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
		if (build(&t->kid[n++], b, k, depth) == -1)
			return -1;
	}
	*out = t;
	return 0;
}

/* One task or group with its callbacks; not what its chain goes on with. */
static int
put_step(struct tq_tree **out, struct batch *b, size_t i, int calls,
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
put_chord(struct tq_tree **out, struct batch *b, size_t *i, size_t body,
    unsigned depth)
{
	struct tq_tree *t;
	size_t next;

	if ((t = tq_tree_new(b->p, TQ_TREE_CHORD, 1)) == NULL ||
	    put_step(&t->kid[0], b, *i, 0, depth) == -1 ||
	    put_step(&t->body, b, body, followers(b, body, &next) > 1,
	    depth) == -1)
		return -1;
	*i = body;
	*out = t;
	return 0;
}

/*
 * i and all that waits for it: a chain for as long as exactly one waits for
 * the success of the last.  What a member of a group is followed by does not
 * belong to the group, so that is a callback.
 */
static int
build(struct tq_tree **out, struct batch *b, size_t i, unsigned depth)
{
	struct tq_tree *chain, **step;
	size_t n, last = i, only = i, follow;
	int rv;

	if (depth == 0)
		return refuse(b, "-A", "carry so many callbacks in each other");
	if (b->task[i].group != NULL)
		return put_step(out, b, i, 1, depth - 1);
	for (n = 1; followers(b, last, &only) == 1 && n <= b->n; n++)
		last = only;
	if ((chain = tq_tree_new(b->p, TQ_TREE_CHAIN, n)) == NULL)
		return -1;
	chain->nkids = 0;
	for (follow = 1; follow == 1; i = only) {
		step = &chain->kid[chain->nkids++];
		follow = followers(b, i, &only);
		if (follow > 1 && b->task[i].kind == TQ_KIND_GROUP)
			return refuse(b, "-A", "let more than one task wait "
			    "for a group");
		if (follow == 1 && b->task[i].kind == TQ_KIND_GROUP)
			rv = put_chord(step, b, &i, only, depth - 1);
		else
			rv = put_step(step, b, i, follow > 1, depth - 1);
		if (rv == -1)
			return -1;
		follow = followers(b, i, &only);
	}
	*out = chain->nkids == 1 ? chain->kid[0] : chain;
	return 0;
}

/* ---- sending --------------------------------------------------------- */

/* So that a client can wait for a group by its id. */
static int
save_group(struct batch *b, size_t i)
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

static int
send(struct batch *b)
{
	struct tq_bytes none = { NULL, 0 };
	struct tq_celery_sig o;
	struct tq_tree *t;
	size_t i;

	tq_celery_sig_init(&o);
	for (i = 0; i < b->n; i++) {
		if (b->waits[i])
			continue;
		b->p->seed = b->ids[i].s;
		if (build(&t, b, i, TQ_TREE_DEPTH) == -1)
			return -1;
		if (t->shape == TQ_TREE_GROUP && save_group(b, i) == -1)
			return -1;
		if (tq_tree_apply(b->p, t, none, &o, 1) == -1)
			return -1;
	}
	if (b->made != b->n)
		return refuse(b, "-A", "wait for itself");
	return 0;
}

int
tq_celery_put(struct tq_celery_plan *plan, const struct tq_task *task,
    const struct tq_id *ids, size_t n, const struct tq_celery_site *site,
    struct tq_err *e)
{
	struct tq_planner p;
	struct batch b;
	size_t k;
	int rv;

	tq_planner_init(&p, plan, site, NULL, NULL, "put", e);
	memset(&b, 0, sizeof(b));
	b.p = &p;
	b.task = task;
	b.ids = ids;
	b.n = n;
	rv = begin(&b) == -1 || send(&b) == -1 ? -1 : 0;
	tq_planner_fini(&p);
	/* ids are new or chosen, and the backend knows which */
	for (k = 0; k < plan->nsteps; k++)
		plan->step[k].flags &= ~(unsigned)TQ_CELERY_ONCE;
	return rv;
}
