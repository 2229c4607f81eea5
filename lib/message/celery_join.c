/*
 * What becomes of a chord whose members have all ended: its body is sent their
 * results, or fails for the first of them that failed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "message/celery_field.h"
#include "message/celery_settle.h"

/* ---- members --------------------------------------------------------- */

static int
compare_ids(const void *a, const void *b)
{
	const struct tq_celery_part *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

/* The same, and what one id said first comes first. */
static int
compare_parts(const void *a, const void *b)
{
	const struct tq_celery_part *const *x = a, *const *y = b;
	int rv = compare_ids(a, b);

	return rv != 0 ? rv : (*x > *y) - (*x < *y);
}

static void
sort_members(struct tq_join *m)
{
	size_t k;

	for (k = 0; k < m->n; k++)
		m->by_id[k] = &m->part[k];
	qsort(m->by_id, m->n, sizeof(*m->by_id), compare_parts);
}

int
tq_join_index(struct tq_join *m, struct tq_planner *p)
{
	size_t k, n, to = 0;
	char *again;

	if ((m->by_id = tq_plan_alloc(p, (m->n + 1) * sizeof(*m->by_id))) ==
	    NULL || (again = tq_plan_alloc(p, m->n + 1)) == NULL)
		return -1;
	memset(again, 0, m->n + 1);
	sort_members(m);
	for (k = 1; k < m->n; k++)
		if (compare_ids(&m->by_id[k], &m->by_id[k - 1]) == 0)
			again[m->by_id[k] - m->part] = 1;
	for (k = 0, n = m->n; k < n; k++)
		if (!again[k])
			m->part[to++] = m->part[k];
	m->n = to;
	/* rare: a Python worker ran one of them again */
	if (to < n)
		sort_members(m);
	return 0;
}

static const struct tq_celery_part *
find_member(const struct tq_join *m, const char *id)
{
	struct tq_celery_part key;
	const struct tq_celery_part *want = &key, **found;

	key.id = id;
	found = bsearch(&want, m->by_id, m->n, sizeof(*m->by_id), compare_ids);
	return found != NULL ? *found : NULL;
}

static int
failed(const struct tq_celery_part *part)
{
	return strcmp(part->status, "FAILURE") == 0 ||
	    strcmp(part->status, "REVOKED") == 0;
}

/* ---- failing --------------------------------------------------------- */

int
tq_join_fail(struct tq_planner *p, const struct tq_tree *body, const char *why)
{
	struct tq_settle_cause cause = { "FAILURE", NULL, { NULL, 0 },
		{ NULL, 0 } };
	const struct tq_tree *first = body;
	struct tq_bytes errbacks = body->sig.link_error;
	struct tq_celery_exc exc;
	struct tq_buf b;

	if (tq_celery_raise_text(&exc, p->mem, TQ_RAISE_CELERY, "ChordError",
	    why, p->e) == -1)
		return -1;
	cause.exc = &exc;
	tq_buf_init(&b);
	tq_buf_str(&b, TQ_RAISE_CELERY ".ChordError: ");
	tq_buf_str(&b, why);
	tq_buf_byte(&b, '\n');
	if ((cause.map = tq_settle_map(p, &exc)).p == NULL ||
	    (cause.trace = tq_plan_keep(p, &b)).p == NULL ||
	    tq_settle_end(p, body, &cause) == -1 ||
	    tq_settle_end_chain(p, body->sig.chain, &cause) == -1)
		return -1;
	while (first->shape == TQ_TREE_CHAIN && first->nkids > 0)
		first = first->kid[0];
	if (tq_scan_unset(errbacks))
		errbacks = first->sig.link_error;
	if (first->sig.task_id == NULL)
		return 0;
	p->id = first->sig.task_id;
	return tq_settle_errbacks(p, errbacks, first->sig.task_id);
}

static int
fail_for(struct tq_planner *p, const struct tq_tree *body,
    const struct tq_celery_part *part)
{
	struct tq_celery_exc exc;
	struct tq_err ignored;
	struct tq_bytes why;
	struct tq_buf b;

	tq_buf_init(&b);
	tq_buf_printf(&b, "Dependency %s raised ", part->id);
	if (tq_celery_exc_decode(&exc, p->mem, part->result, &ignored) == 0 &&
	    exc.type != NULL)
		tq_celery_exc_repr(&b, &exc);
	else
		tq_celery_repr(&b, part->result);
	if ((why = tq_plan_keep(p, &b)).p == NULL)
		return -1;
	return tq_join_fail(p, body, why.p);
}

/* ---- joining --------------------------------------------------------- */

/* Put results as tuples nest; 0 when one is missing. */
static int
put_joined(struct tq_planner *p, struct tq_buf *b, const struct tq_join *m,
    struct tq_bytes tuples)
{
	const struct tq_celery_part *part;
	struct tq_celery_tuple tuple;
	struct tq_bytes v;
	struct tq_scan i;

	tq_buf_byte(b, '[');
	tq_scan_init(&i, tuples);
	while (tq_scan_next(&i, &v)) {
		tq_celery_comma(b);
		if (tq_celery_tuple_decode(&tuple, p->mem, v, NULL) == -1)
			return 0;
		if (tuple.members.p != NULL) {
			if (!put_joined(p, b, m, tuple.members))
				return 0;
		} else if ((part = find_member(m, tuple.id)) != NULL) {
			tq_buf_put(b, part->result.p, part->result.n);
		} else {
			return 0;
		}
	}
	tq_buf_byte(b, ']');
	return 1;
}

static void
put_all(struct tq_buf *b, const struct tq_join *m)
{
	size_t k;

	tq_buf_byte(b, '[');
	for (k = 0; k < m->n; k++)
		tq_celery_item_put(b, m->part[k].result);
	tq_buf_byte(b, ']');
}

int
tq_join_end(struct tq_planner *p, const struct tq_join *m,
    struct tq_bytes callback, struct tq_bytes tuples)
{
	struct tq_celery_sig o;
	struct tq_bytes args;
	struct tq_tree *body;
	struct tq_buf b;
	size_t k;

	if (tq_tree_parse(&body, p, callback) == -1)
		return -1;
	for (k = 0; k < m->n; k++) {
		if (failed(&m->part[k]))
			return fail_for(p, body, &m->part[k]) == -1 ? -1 : 1;
	}
	tq_buf_init(&b);
	tq_buf_byte(&b, '[');
	if (tuples.p == NULL) {
		put_all(&b, m);
	} else if (!put_joined(p, &b, m, tuples)) {
		tq_buf_fini(&b);
		return 0;
	}
	tq_buf_byte(&b, ']');
	if ((args = tq_plan_keep(p, &b)).p == NULL)
		return -1;
	tq_celery_sig_init(&o);
	return tq_tree_apply(p, body, args, &o, 0) == -1 ? -1 : 1;
}
