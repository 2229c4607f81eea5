/* Signatures as trees: from text and back, and their options. */
#include "message/celery_tree.h"

#include <errno.h>
#include <string.h>

#include "message/celery_field.h"

/* ---- from text ------------------------------------------------------- */

static int	parse(struct tq_tree **, struct tq_planner *, struct tq_bytes,
		    unsigned depth);

struct tq_tree *
tq_tree_new(struct tq_planner *p, enum tq_tree_shape shape, size_t nkids)
{
	static const char *const name[] = { NULL, "chain", "group", "chord" };
	static const char *const task[] = {
		NULL, "celery.chain", "celery.group", "celery.chord"
	};
	struct tq_tree *t;

	if (nkids > SIZE_MAX / sizeof(*t->kid) - 1 ||
	    (t = tq_plan_alloc(p, sizeof(*t))) == NULL)
		return NULL;
	memset(t, 0, sizeof(*t));
	t->shape = shape;
	tq_celery_sig_init(&t->sig);
	t->sig.subtask_type = name[shape];
	t->sig.task = task[shape];
	t->nkids = nkids;
	if ((t->kid = tq_plan_alloc(p, (nkids + 1) * sizeof(*t->kid))) == NULL)
		return NULL;
	memset(t->kid, 0, (nkids + 1) * sizeof(*t->kid));
	return t;
}

static enum tq_tree_shape
shape_of(const struct tq_celery_sig *sig)
{
	const char *s = sig->subtask_type;

	/* a foreign producer may leave out the type */
	if (s == NULL && strncmp(sig->task, "celery.", 7) == 0)
		s = sig->task + 7;
	if (s == NULL)
		return TQ_TREE_TASK;
	if (strcmp(s, "chain") == 0)
		return TQ_TREE_CHAIN;
	if (strcmp(s, "group") == 0)
		return TQ_TREE_GROUP;
	if (strcmp(s, "chord") == 0)
		return TQ_TREE_CHORD;
	return TQ_TREE_TASK;
}

static int
parse_kids(struct tq_tree **out, struct tq_planner *p,
    enum tq_tree_shape shape, struct tq_bytes list, unsigned depth)
{
	struct tq_scan i;
	struct tq_bytes v;
	struct tq_tree *t;
	size_t k;

	if (tq_scan_type(list) != TQ_SCAN_ARRAY)
		return tq_fail(p->e, EBADMSG, "tasks of a %s: %s, not an array",
		    shape == TQ_TREE_CHAIN ? "chain" : "group",
		    tq_scan_type_name(list));
	if ((t = tq_tree_new(p, shape, tq_scan_count(list))) == NULL)
		return -1;
	tq_scan_init(&i, list);
	for (k = 0; tq_scan_next(&i, &v); k++) {
		if (parse(&t->kid[k], p, v, depth) == -1)
			return -1;
	}
	*out = t;
	return 0;
}

/* The header of a chord: a group, another signature, or a list. */
static int
parse_header(struct tq_tree **out, struct tq_planner *p, struct tq_bytes text,
    unsigned depth)
{
	struct tq_tree *one, *t;

	if (tq_scan_type(text) == TQ_SCAN_ARRAY)
		return parse_kids(out, p, TQ_TREE_GROUP, text, depth);
	if (parse(&one, p, text, depth) == -1)
		return -1;
	if (one->shape == TQ_TREE_GROUP) {
		*out = one;
		return 0;
	}
	if ((t = tq_tree_new(p, TQ_TREE_GROUP, 1)) == NULL)
		return -1;
	t->kid[0] = one;
	*out = t;
	return 0;
}

static int
parse(struct tq_tree **out, struct tq_planner *p, struct tq_bytes text,
    unsigned depth)
{
	struct tq_celery_sig sig;
	struct tq_tree *t = NULL;
	enum tq_tree_shape shape;

	if (depth == 0)
		return tq_fail(p->e, EMSGSIZE, "signatures stand more than %d "
		    "deep in each other", TQ_TREE_DEPTH);
	if (tq_celery_sig_decode(&sig, p->mem, text, p->e) == -1)
		return -1;
	shape = shape_of(&sig);
	switch (shape) {
	case TQ_TREE_TASK:
		if ((t = tq_tree_new(p, shape, 0)) == NULL)
			return -1;
		break;
	case TQ_TREE_CHAIN:
	case TQ_TREE_GROUP:
		if (parse_kids(&t, p, shape, tq_scan_get(sig.kwargs, "tasks"),
		    depth - 1) == -1)
			return -1;
		break;
	case TQ_TREE_CHORD:
		if ((t = tq_tree_new(p, shape, 1)) == NULL ||
		    parse_header(&t->kid[0], p,
		    tq_scan_get(sig.kwargs, "header"), depth - 1) == -1 ||
		    parse(&t->body, p, tq_scan_get(sig.kwargs, "body"),
		    depth - 1) == -1)
			return -1;
		break;
	}
	if (shape != TQ_TREE_TASK) {
		sig.task = t->sig.task;
		sig.subtask_type = t->sig.subtask_type;
	}
	/* these take no arguments of a task before them */
	if (strcmp(sig.task, "celery.map") == 0 ||
	    strcmp(sig.task, "celery.starmap") == 0 ||
	    strcmp(sig.task, "celery.chunks") == 0)
		sig.immutable = 1;
	t->sig = sig;
	*out = t;
	return 0;
}

int
tq_tree_parse(struct tq_tree **out, struct tq_planner *p, struct tq_bytes text)
{
	return parse(out, p, text, TQ_TREE_DEPTH);
}

int
tq_tree_list(struct tq_tree ***out, size_t *n, struct tq_planner *p,
    struct tq_bytes text)
{
	const struct tq_bytes *list;
	size_t k;

	if (tq_celery_sig_list(&list, n, p->mem, text, p->e) == -1 ||
	    (*out = tq_plan_alloc(p, (*n + 1) * sizeof(**out))) == NULL)
		return -1;
	for (k = 0; k < *n; k++) {
		if (tq_tree_parse(&(*out)[k], p, list[k]) == -1)
			return -1;
	}
	return 0;
}

/* ---- and back -------------------------------------------------------- */

static void	put_text(struct tq_planner *, struct tq_buf *,
		    const struct tq_tree *);

static void
put_tasks(struct tq_planner *p, struct tq_buf *b, const struct tq_tree *t)
{
	size_t k;

	tq_buf_str(b, "{\"tasks\": [");
	for (k = 0; k < t->nkids; k++) {
		tq_celery_comma(b);
		put_text(p, b, t->kid[k]);
	}
	tq_buf_str(b, "]}");
}

/* As deep as the tree, which parsing has bounded. */
static void
put_text(struct tq_planner *p, struct tq_buf *b, const struct tq_tree *t)
{
	struct tq_celery_sig sig = t->sig;
	struct tq_buf kw;

	tq_buf_init(&kw);
	if (t->shape == TQ_TREE_CHORD) {
		tq_buf_str(&kw, "{\"kwargs\": {}, \"header\": ");
		put_text(p, &kw, t->kid[0]);
		tq_buf_str(&kw, ", \"body\": ");
		put_text(p, &kw, t->body);
		tq_buf_byte(&kw, '}');
	} else if (t->shape != TQ_TREE_TASK) {
		put_tasks(p, &kw, t);
	}
	if (t->shape != TQ_TREE_TASK) {
		sig.kwargs.p = (const char *)kw.p;
		sig.kwargs.n = kw.n;
	}
	if (tq_buf_ok(&kw))
		tq_celery_sig_encode(b, &sig);
	else
		b->err = kw.err;
	tq_buf_fini(&kw);
}

struct tq_bytes
tq_tree_text(struct tq_planner *p, const struct tq_tree *t)
{
	struct tq_buf b;

	tq_buf_init(&b);
	put_text(p, &b, t);
	return tq_plan_keep(p, &b);
}

/* ---- options and arguments ------------------------------------------- */

static void
merge_text(const char **dst, const char *src)
{
	if (src != NULL)
		*dst = src;
}

static void
merge_json(struct tq_bytes *dst, struct tq_bytes src)
{
	if (src.p != NULL)
		*dst = src;
}

static void
merge_number(int64_t *dst, int64_t src)
{
	if (src != TQ_CELERY_NONE)
		*dst = src;
}

static void
merge_time(tq_time *dst, tq_time src)
{
	if (src != 0)
		*dst = src;
}

void
tq_tree_merge(struct tq_celery_sig *dst, const struct tq_celery_sig *src)
{
	merge_text(&dst->task_id, src->task_id);
	merge_text(&dst->root_id, src->root_id);
	merge_text(&dst->parent_id, src->parent_id);
	/* which group it counts for is settled when it is frozen */
	if (dst->group_id == NULL)
		dst->group_id = src->group_id;
	merge_text(&dst->reply_to, src->reply_to);
	merge_text(&dst->queue, src->queue);
	merge_text(&dst->exchange, src->exchange);
	merge_text(&dst->routing_key, src->routing_key);
	merge_text(&dst->shadow, src->shadow);
	merge_number(&dst->group_index, src->group_index);
	merge_number(&dst->retries, src->retries);
	merge_number(&dst->priority, src->priority);
	merge_number(&dst->nesting, src->nesting);
	merge_time(&dst->time_limit, src->time_limit);
	merge_time(&dst->soft_time_limit, src->soft_time_limit);
	if (src->countdown != TQ_CELERY_NONE)
		dst->countdown = src->countdown;
	merge_time(&dst->eta, src->eta);
	merge_time(&dst->expires, src->expires);
	merge_time(&dst->expires_in, src->expires_in);
	if (src->ignore_result != TQ_CELERY_NONE)
		dst->ignore_result = src->ignore_result;
	merge_json(&dst->chord, src->chord);
	merge_json(&dst->chain, src->chain);
	merge_json(&dst->link, src->link);
	merge_json(&dst->link_error, src->link_error);
	merge_json(&dst->headers, src->headers);
	merge_json(&dst->stamped_headers, src->stamped_headers);
	if (src->nothers > 0) {
		dst->others = src->others;
		dst->nothers = src->nothers;
	}
}

/* What stands between the brackets of a list. */
static struct tq_bytes
inside(struct tq_bytes list)
{
	if (tq_scan_count(list) == 0) {
		list.p = NULL;
		list.n = 0;
	} else {
		list.p++;
		list.n -= 2;
	}
	return list;
}

struct tq_bytes
tq_tree_concat(struct tq_planner *p, struct tq_bytes a, struct tq_bytes b)
{
	struct tq_buf buf;

	a = inside(a);
	b = inside(b);
	tq_buf_init(&buf);
	tq_buf_byte(&buf, '[');
	tq_buf_put(&buf, a.p, a.n);
	if (a.n > 0 && b.n > 0)
		tq_buf_str(&buf, ", ");
	tq_buf_put(&buf, b.p, b.n);
	tq_buf_byte(&buf, ']');
	return tq_plan_keep(p, &buf);
}
