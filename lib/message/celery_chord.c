/*
 * The ends of chords: on stores that count their members, and where
 * celery.chord_unlock looks for them (Celery 5.2.6, backends/redis.py and
 * app/builtins.py).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "message/celery_settle.h"

/* ---- members --------------------------------------------------------- */

struct members {
	struct tq_celery_part *part;	/* in the order of their results */
	size_t		 n;
	const struct tq_celery_part **by_id;
};

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
sort_members(struct members *m)
{
	size_t k;

	for (k = 0; k < m->n; k++)
		m->by_id[k] = &m->part[k];
	qsort(m->by_id, m->n, sizeof(*m->by_id), compare_parts);
}

/* Order them by id, and leave out what a member said twice. */
static int
index_members(struct members *m, struct tq_planner *p)
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
find_member(const struct members *m, const char *id)
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

/*
 * The body ends with a ChordError and all that it was to start; who waits
 * for it, a chord around this one too, hears of it; its errbacks are sent its
 * id.
 */
static int
fail_body(struct tq_planner *p, const struct tq_tree *body, const char *why)
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
	return fail_body(p, body, why.p);
}

/* ---- joining --------------------------------------------------------- */

/* Put results as tuples nest; 0 when one is missing. */
static int
put_joined(struct tq_planner *p, struct tq_buf *b, const struct members *m,
    struct tq_bytes tuples)
{
	const struct tq_celery_part *part;
	struct tq_celery_tuple tuple;
	struct tq_bytes v;
	struct tq_scan i;
	int first = 1;

	tq_buf_byte(b, '[');
	tq_scan_init(&i, tuples);
	while (tq_scan_next(&i, &v)) {
		if (!first)
			tq_buf_str(b, ", ");
		first = 0;
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
put_all(struct tq_buf *b, const struct members *m)
{
	size_t k;

	tq_buf_byte(b, '[');
	for (k = 0; k < m->n; k++) {
		if (k > 0)
			tq_buf_str(b, ", ");
		tq_buf_put(b, m->part[k].result.p, m->part[k].result.n);
	}
	tq_buf_byte(b, ']');
}

/*
 * The body's one argument is the list of results: nested as tuples are when
 * there are such, else in order of the members.  1 the chord has ended; 0 a
 * member is missing; -1.
 */
static int
end_chord(struct tq_planner *p, const struct members *m,
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

/* ---- counted --------------------------------------------------------- */

static int
decode_members(struct members *out, struct tq_planner *p,
    const struct tq_bytes *text, size_t n)
{
	struct tq_celery_bounds bounds;
	size_t k;

	tq_celery_bounds_stored(&bounds);
	out->n = n;
	if ((out->part = tq_plan_alloc(p, (n + 1) * sizeof(*out->part))) ==
	    NULL)
		return -1;
	for (k = 0; k < n; k++) {
		if (tq_celery_part_decode(&out->part[k], p->mem, text[k].p,
		    text[k].n, &bounds, p->e) == -1)
			return -1;
	}
	return index_members(out, p);
}

/* What a group that was saved is made of, or none. */
static struct tq_bytes
saved_shape(struct tq_planner *p, struct tq_bytes saved)
{
	struct tq_bytes none = { NULL, 0 };
	struct tq_celery_bounds bounds;
	struct tq_celery_tuple tuple;

	tq_celery_bounds_stored(&bounds);
	if (saved.n == 0 || tq_celery_group_decode(&tuple, p->mem, saved.p,
	    saved.n, &bounds, NULL) == -1)
		return none;
	return tuple.members;
}

void
tq_celery_chord_undo(struct tq_celery_plan *plan, size_t k)
{
	size_t n = plan->ncounts, i;
	struct tq_celery_count *c;

	/* what is planned for one behind it was planned after it, if it was */
	for (i = k; i < n; i++) {
		c = &plan->count[i];
		if (c->ncounts > 0 && c->nsteps < plan->nsteps)
			plan->nsteps = c->nsteps;
		if (c->ncounts > 0 && c->ncounts < plan->ncounts)
			plan->ncounts = c->ncounts;
		c->state = NULL;
		c->nsteps = c->ncounts = 0;
	}
}

int
tq_celery_chord(struct tq_celery_plan *plan, size_t k,
    const struct tq_bytes *text, size_t n, struct tq_bytes saved,
    const struct tq_celery_site *site, struct tq_err *e)
{
	/* the array moves when the plan grows */
	const struct tq_celery_count count = plan->count[k];
	const struct tq_celery_task *m = plan->of;
	struct members members;
	struct tq_planner p;
	struct tq_tree *body;
	struct tq_err why;
	size_t nsteps = plan->nsteps, ncounts = plan->ncounts;
	int rv;

	plan->count[k].nsteps = nsteps;
	plan->count[k].ncounts = ncounts;
	tq_planner_init(&p, plan, site, m->id, m->root_id != NULL ?
	    m->root_id : m->id, "chord", &why);
	p.seed = p.chord = count.gid;
	p.stamping = m->stamps.n > 0;
	if ((rv = decode_members(&members, &p, text, n)) == 0)
		rv = end_chord(&p, &members, count.callback,
		    saved_shape(&p, saved));
	if (rv == -1 && errno != ENOMEM) {
		/* it cannot be gone on with: its body hears, if it can */
		plan->nsteps = nsteps;
		plan->ncounts = ncounts;
		p.weight = 0;
		tq_buf_reset(&p.trail);
		if (tq_tree_parse(&body, &p, count.callback) == 0)
			rv = fail_body(&p, body, why.text);
		if (rv == 0 || errno != ENOMEM)
			rv = 1;
	}
	if (rv == 1 && tq_plan_step(&p, TQ_CELERY_CLOSE, count.gid) == NULL)
		rv = -1;
	tq_planner_fini(&p);
	return rv != -1 ? 0 : tq_fail(e, ENOMEM, "out of memory");
}

/* ---- watched --------------------------------------------------------- */

static int
count_awaited(size_t *n, struct tq_arena *mem, struct tq_bytes tuples,
    const char **ids)
{
	struct tq_celery_tuple tuple;
	struct tq_bytes v;
	struct tq_scan i;

	if (tq_scan_type(tuples) != TQ_SCAN_ARRAY)
		return tq_fail(NULL, EBADMSG, "no list");
	tq_scan_init(&i, tuples);
	while (tq_scan_next(&i, &v)) {
		if (tq_celery_tuple_decode(&tuple, mem, v, NULL) == -1)
			return -1;
		if (tuple.members.p != NULL) {
			if (count_awaited(n, mem, tuple.members, ids) == -1)
				return -1;
			continue;
		}
		if (ids != NULL)
			ids[*n] = tuple.id;
		(*n)++;
	}
	return 0;
}

int
tq_settle_awaited(const char *const **out, size_t *n, struct tq_arena *mem,
    struct tq_bytes tuples)
{
	const char **ids;

	*n = 0;
	if (count_awaited(n, mem, tuples, NULL) == -1 ||
	    (ids = tq_arena_alloc(mem, (*n + 1) * sizeof(*ids))) == NULL)
		return -1;
	*n = 0;
	*out = ids;
	return count_awaited(n, mem, tuples, ids);
}

/* 1 all have ended, and *out is how; 0 not yet. */
static int
read_metas(struct members *out, struct tq_planner *p, struct tq_bytes tuples,
    const struct tq_bytes *text, size_t n)
{
	struct tq_celery_bounds bounds;
	struct tq_celery_meta meta;
	const char *const *ids;
	struct tq_buf b;
	size_t k, want;

	tq_celery_bounds_stored(&bounds);
	if (tq_settle_awaited(&ids, &want, p->mem, tuples) == -1 ||
	    (out->part = tq_plan_alloc(p, (n + 1) * sizeof(*out->part))) ==
	    NULL)
		return -1;
	for (k = 0; k < n && k < want; k++) {
		if (text[k].n == 0 || tq_celery_meta_decode(&meta, p->mem,
		    text[k].p, text[k].n, &bounds, NULL) == -1 ||
		    !tq_celery_state_final(meta.status))
			return 0;
		out->part[k].id = ids[k];
		out->part[k].status = meta.status;
		out->part[k].result = meta.result;
		if (meta.exc.type != NULL) {
			tq_buf_init(&b);
			tq_celery_exc_encode(&b, &meta.exc);
			out->part[k].result = tq_plan_keep(p, &b);
		}
	}
	out->n = k;
	return k < want ? 0 : index_members(out, p) == -1 ? -1 : 1;
}

/* Look again after the interval, for as long as it is told to. */
static int
look_again(const struct tq_settling *t)
{
	struct tq_bytes interval = tq_scan_get(t->m->kwargs, "interval");
	struct tq_bytes max = tq_scan_get(t->m->kwargs, "max_retries");
	struct tq_celery_task *m;
	struct tq_tree *body;
	double seconds = 1;
	int64_t n;

	if (tq_scan_int(&n, max) && t->m->retries >= n) {
		if (tq_tree_parse(&body, t->p, tq_scan_at(t->m->args, 1)) ==
		    -1)
			return -1;
		return fail_body(t->p, body, "members have not ended in time");
	}
	if (!tq_scan_real(&seconds, interval) || seconds < 0.01 ||
	    seconds > 86400)
		seconds = 1;
	if ((m = tq_plan_alloc(t->p, sizeof(*m))) == NULL)
		return -1;
	*m = *t->m;
	m->protocol = 2;
	m->retries++;
	m->redelivered = 0;
	m->eta = t->p->site->now + (tq_time)(seconds * TQ_SECOND);
	return tq_settle_again(t, m) != NULL ? 0 : -1;
}

static int
unlock(const struct tq_settling *t, const struct tq_bytes *metas, size_t n)
{
	struct tq_bytes tuples = tq_scan_get(t->m->kwargs, "result");
	struct members members;

	switch (read_metas(&members, t->p, tuples, metas, n)) {
	case 0:
		return look_again(t);
	case 1:
		return end_chord(t->p, &members, tq_scan_at(t->m->args, 1),
		    tuples);
	}
	return -1;
}

int
tq_celery_unlock(struct tq_celery_plan *plan, const struct tq_celery_task *m,
    const struct tq_celery_envelope *env, const struct tq_bytes *metas,
    size_t n, const struct tq_celery_site *site, struct tq_err *e)
{
	struct tq_planner p;
	struct tq_settling t = { &p, m, env, NULL };
	struct tq_celery_end end;
	struct tq_outcome o;
	struct tq_err why;
	int rv;

	tq_planner_init(&p, plan, site, m->id, m->root_id != NULL ?
	    m->root_id : m->id, "chord", &why);
	p.stamping = m->stamps.n > 0;
	plan->of = m;
	plan->by = env->delivery_tag;
	rv = unlock(&t, metas, n);
	tq_planner_fini(&p);
	if (rv != -1)
		return 0;
	if (errno == ENOMEM)
		return tq_fail(e, ENOMEM, "%s", why.text);
	/* its own arguments are wrong */
	plan->nsteps = plan->ncounts = 0;
	tq_outcome_init(&o, TQ_FAILURE);
	o.type = "InvalidTaskError";
	o.why = why.text;
	memset(&end, 0, sizeof(end));
	end.outcome = &o;
	return tq_celery_settle(plan, m, env, &end, site, e);
}
