/*
 * What applying a signature sends (Celery 5.2.6, canvas.py: apply_async and
 * run of each shape).
 */
#include "message/celery_tree.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "message/celery_field.h"

/* ---- one task --------------------------------------------------------- */

/* A message that is given results must still be one to who reads it. */
static int
check_given(struct tq_planner *p, const struct tq_celery_task *m)
{
	static const struct tq_scan_bounds most = {
		SIZE_MAX, SIZE_MAX, TQ_CELERY_DEPTH_MAX - 1
	};
	const size_t max = TQ_CELERY_BODY_MAX - 1024;
	size_t n = m->args.n + m->kwargs.n + m->callbacks.n + m->errbacks.n +
	    m->chain.n + m->chord.n;
	struct tq_bytes v;
	struct tq_err why;

	if (n > max)
		return tq_fail(p->e, EMSGSIZE, "%s: a message of %zu bytes "
		    "with what it is given, over %zu", m->task, n, max);
	if (tq_scan_check(&v, m->args.p, m->args.n, &most, &why) == -1)
		return tq_fail(p->e, why.num, "%s: what it is given: %s",
		    m->task, why.text);
	return 0;
}

static int
apply_task(struct tq_planner *p, const struct tq_tree *t, struct tq_bytes args,
    const struct tq_celery_sig *o, int in_group)
{
	struct tq_celery_sig sig = t->sig;
	struct tq_celery_task *m;
	struct tq_tree self = *t;
	struct tq_bytes none = { NULL, 0 };
	int given;

	tq_tree_merge(&sig, o);
	given = !sig.immutable && tq_scan_count(args) > 0;
	if (given &&
	    (sig.args = tq_tree_concat(p, args, t->sig.args)).p == NULL)
		return -1;
	if (sig.task_id == NULL && (sig.task_id = tq_plan_id(p)) == NULL)
		return -1;
	if ((m = tq_tree_message(p, &sig)) == NULL ||
	    (given && check_given(p, m) == -1) ||
	    tq_plan_send(p, m, &sig) == -1)
		return -1;
	if (!in_group) {
		self.sig.task_id = sig.task_id;
		tq_celery_item_put(&p->trail, tq_tree_tuple(p, &self,
		    none));
	}
	return 0;
}

/* ---- a chain --------------------------------------------------------- */

/* Steps after the first, the next one last, behind those of `after`. */
static int
rest_of(struct tq_bytes *out, struct tq_planner *p, const struct tq_tree *t,
    struct tq_bytes after)
{
	struct tq_bytes text;
	struct tq_scan i;
	struct tq_buf b;
	size_t k;

	out->p = NULL;
	out->n = 0;
	if (tq_scan_count(after) == 0 && t->nkids < 2)
		return 0;
	tq_buf_init(&b);
	tq_buf_byte(&b, '[');
	tq_scan_init(&i, after);
	while (tq_scan_next(&i, &text))
		tq_celery_item_put(&b, text);
	for (k = t->nkids; k-- > 1;)
		tq_celery_item_put(&b, tq_tree_text(p, t->kid[k]));
	tq_buf_byte(&b, ']');
	*out = tq_plan_keep(p, &b);
	return out->p != NULL ? 0 : -1;
}

/* Put the signatures of a list, or one, behind those of another. */
static int
put_links(struct tq_planner *p, struct tq_bytes *to, struct tq_bytes more)
{
	if ((more = tq_tree_listed(p, more)).n == 0)
		return 0;
	*to = tq_tree_concat(p, tq_tree_listed(p, *to), more);
	return to->p != NULL ? 0 : -1;
}

/* As deep as the tree, which parsing has bounded. */
int
tq_tree_link(struct tq_planner *p, struct tq_tree *t, struct tq_bytes link,
    struct tq_bytes link_error)
{
	struct tq_bytes none = { NULL, 0 };
	size_t k;

	if (t->shape == TQ_TREE_CHORD)
		return tq_tree_link(p, t->body, link, link_error);
	if (put_links(p, &t->sig.link, link) == -1 ||
	    put_links(p, &t->sig.link_error, link_error) == -1)
		return -1;
	if (t->shape != TQ_TREE_CHAIN)
		return 0;
	for (k = 0; k < t->nkids; k++) {
		if (tq_tree_link(p, t->kid[k], k + 1 == t->nkids ?
		    t->sig.link : none, t->sig.link_error) == -1)
			return -1;
	}
	t->sig.link = t->sig.link_error = none;
	return 0;
}

static int
apply_chain(struct tq_planner *p, struct tq_tree *t, struct tq_bytes args,
    const struct tq_celery_sig *o, int in_group)
{
	struct tq_celery_sig opt = t->sig;
	struct tq_bytes none = { NULL, 0 };
	struct tq_bond bond;

	tq_tree_merge(&opt, o);
	if (opt.immutable)
		args = none;
	if ((args = tq_tree_concat(p, args, opt.args)).p == NULL)
		return -1;
	tq_bond_init(&bond);
	bond.id = opt.task_id;
	bond.group_id = opt.group_id;
	bond.root_id = opt.root_id;
	bond.chord = opt.chord;
	bond.index = opt.group_index;
	if (tq_tree_freeze(p, t, &bond) == -1)
		return -1;
	if (t->nkids == 0)
		return 0;
	t->sig.link = t->sig.link_error = none;
	if (tq_tree_link(p, t, opt.link, opt.link_error) == -1)
		return -1;
	if (rest_of(&opt.chain, p, t, opt.chain) == -1)
		return -1;
	/* what belongs to the chain is no option of its first step */
	opt.task_id = opt.group_id = opt.root_id = opt.parent_id = NULL;
	opt.chord = opt.link = opt.link_error = none;
	opt.group_index = TQ_CELERY_NONE;
	return tq_tree_apply(p, t->kid[0], args, &opt, in_group);
}

/* ---- a group --------------------------------------------------------- */

static int
put_size(struct tq_planner *p, const char *gid, const struct tq_tree *t,
    unsigned flags)
{
	struct tq_celery_step *s;

	if ((s = tq_plan_step(p, TQ_CELERY_SIZE, gid)) == NULL)
		return -1;
	s->size = tq_tree_weight(t);
	s->flags = flags;
	return 0;
}

/* Each member is told its group; what a chord told it stays. */
static int
freeze_members(struct tq_planner *p, struct tq_tree *t, const char *gid,
    const char *root)
{
	struct tq_bond bond;
	size_t k;

	if (tq_tree_open_group(p, t, 0) == -1)
		return -1;
	tq_bond_init(&bond);
	bond.group_id = gid;
	bond.root_id = root;
	for (k = 0; k < t->nkids; k++) {
		if (tq_tree_freeze(p, t->kid[k], &bond) == -1)
			return -1;
	}
	return 0;
}

static int
apply_members(struct tq_planner *p, const struct tq_tree *t,
    struct tq_bytes args, const struct tq_celery_sig *opt)
{
	struct tq_celery_sig o;
	size_t k;

	for (k = 0; k < t->nkids; k++) {
		o = *opt;
		if (o.chord.p == NULL)
			o.chord = t->kid[k]->sig.chord;
		if (tq_tree_apply(p, t->kid[k], args, &o, 1) == -1)
			return -1;
	}
	return 0;
}

/* 1 if one of its members counts for a chord. */
static int
has_chord(const struct tq_tree *t)
{
	return t->nkids > 0 && t->kid[t->nkids - 1]->sig.chord.p != NULL;
}

static int
apply_group(struct tq_planner *p, struct tq_tree *t, struct tq_bytes args,
    const struct tq_celery_sig *o, int in_group)
{
	struct tq_celery_sig opt = t->sig;
	struct tq_bytes none = { NULL, 0 }, tuple;
	const struct tq_tree *told = t;
	const char *gid;
	int nested;

	tq_tree_merge(&opt, o);
	gid = opt.task_id != NULL ? opt.task_id : tq_plan_id(p);
	if (gid == NULL)
		return -1;
	/* the end of a chain in a chord: the chord has its size already */
	nested = t->sig.group_id != NULL && strcmp(t->sig.group_id, gid) == 0;
	t->sig.task_id = gid;
	opt.group_id = gid;
	opt.task_id = NULL;
	if (freeze_members(p, t, gid, opt.root_id) == -1)
		return -1;
	if (t->nkids == 0)
		return 0;
	if ((opt.chord.p != NULL || has_chord(t)) &&
	    !(p->site->flags & TQ_CELERY_SITE_UNLOCK) &&
	    put_size(p, gid, t, nested ? TQ_CELERY_IF_NONE : 0) == -1)
		return -1;
	opt.group_index = TQ_CELERY_NONE;
	if (apply_members(p, t, args, &opt) == -1)
		return -1;
	if (in_group)
		return 0;
	if (t->nkids == 1 && tq_tree_is_group(t->kid[0]))
		told = t->kid[0];
	if ((tuple = tq_tree_tuple(p, told, none)).p == NULL)
		return -1;
	tq_celery_item_put(&p->trail, tuple);
	return 0;
}

/* ---- a chord --------------------------------------------------------- */

/* Who else can tell when the header has ended: celery.chord_unlock. */
static int
send_unlock(struct tq_planner *p, const struct tq_tree *header,
    const struct tq_tree *body, struct tq_bytes text)
{
	struct tq_celery_sig sig;
	struct tq_celery_task *m;
	struct tq_bytes none = { NULL, 0 };
	struct tq_buf b;
	size_t k;

	tq_celery_sig_init(&sig);
	sig.task = "celery.chord_unlock";
	sig.countdown = TQ_SECOND;
	sig.ignore_result = 1;
	sig.queue = body->sig.queue;
	tq_buf_init(&b);
	tq_buf_byte(&b, '[');
	tq_celery_string_put(&b, header->sig.task_id);
	tq_celery_item_put(&b, text);
	tq_buf_byte(&b, ']');
	if ((sig.args = tq_plan_keep(p, &b)).p == NULL)
		return -1;
	tq_buf_init(&b);
	tq_buf_str(&b, "{\"interval\": null, \"max_retries\": null, "
	    "\"result\": [");
	for (k = 0; k < header->nkids; k++)
		tq_celery_item_put(&b, tq_tree_tuple(p, header->kid[k], none));
	tq_buf_str(&b, "]}");
	if ((sig.kwargs = tq_plan_keep(p, &b)).p == NULL ||
	    (sig.task_id = tq_plan_id(p)) == NULL)
		return -1;
	return (m = tq_tree_message(p, &sig)) == NULL ? -1 :
	    tq_plan_send(p, m, &sig);
}

/* Save what the group is made of when its members are not all tasks. */
static int
save_shape(struct tq_planner *p, const struct tq_tree *header)
{
	struct tq_celery_step *s;
	struct tq_bytes none = { NULL, 0 }, tuple;
	struct tq_buf b;
	size_t k;

	for (k = 0; k < header->nkids && !tq_tree_is_group(header->kid[k]);)
		k++;
	if (k == header->nkids)
		return 0;
	tuple = tq_tree_tuple(p, header, none);
	tq_buf_init(&b);
	tq_buf_str(&b, "{\"result\": ");
	tq_buf_put(&b, tuple.p, tuple.n);
	tq_buf_byte(&b, '}');
	if ((s = tq_plan_step(p, TQ_CELERY_SAVE, header->sig.task_id)) == NULL)
		return -1;
	s->text = tq_plan_keep(p, &b);
	return s->text.p != NULL ? 0 : -1;
}

static int
apply_chord(struct tq_planner *p, struct tq_tree *t, struct tq_bytes args,
    const struct tq_celery_sig *o, int in_group)
{
	struct tq_celery_sig opt = t->sig;
	struct tq_bytes none = { NULL, 0 }, empty = { "[[]]", 4 };
	struct tq_tree *header = t->kid[0];
	struct tq_bond bond;
	const char *gid;

	if (t->sig.immutable)
		args = none;
	if ((args = tq_tree_concat(p, args, t->sig.args)).p == NULL)
		return -1;
	tq_tree_merge(&opt, o);
	opt.task_id = NULL;
	gid = header->sig.task_id != NULL ? header->sig.task_id : tq_plan_id(p);
	if (gid == NULL)
		return -1;
	/* what the chord is asked, its body does: be waited for, go on */
	tq_tree_merge(&t->body->sig, &opt);
	tq_bond_init(&bond);
	bond.root_id = t->body->sig.root_id;
	if (tq_tree_freeze(p, t->body, &bond) == -1)
		return -1;
	if (header->nkids == 0)
		return tq_tree_apply(p, t->body, empty, &t->body->sig,
		    in_group);
	bond.group_id = gid;
	if ((bond.chord = tq_tree_text(p, t->body)).p == NULL)
		return -1;
	header->sig.task_id = gid;
	if (tq_tree_freeze(p, header, &bond) == -1)
		return -1;
	if (p->site->flags & TQ_CELERY_SITE_UNLOCK) {
		if (send_unlock(p, header, t->body, bond.chord) == -1)
			return -1;
	} else if (save_shape(p, header) == -1) {
		return -1;
	}
	opt.chain = opt.chord = none;
	opt.group_id = header->sig.group_id = NULL;
	opt.group_index = TQ_CELERY_NONE;
	return tq_tree_apply(p, header, args, &opt, in_group);
}

int
tq_tree_apply(struct tq_planner *p, struct tq_tree *t, struct tq_bytes args,
    const struct tq_celery_sig *o, int in_group)
{
	switch (t->shape) {
	case TQ_TREE_TASK:
		return apply_task(p, t, args, o, in_group);
	case TQ_TREE_CHAIN:
		return apply_chain(p, t, args, o, in_group);
	case TQ_TREE_GROUP:
		return apply_group(p, t, args, o, in_group);
	case TQ_TREE_CHORD:
		return apply_chord(p, t, args, o, in_group);
	}
	return tq_fail(p->e, EINVAL, "no shape");
}
