/*
 * Chords where the store cannot count: celery.chord_unlock looks for their
 * members' results (Celery 5.2.6, app/builtins.py).
 */
#include <errno.h>
#include <string.h>

#include "message/celery_settle.h"

/* 1 all have ended, and *out is how; 0 not yet. */
static int
read_metas(struct tq_join *out, struct tq_planner *p, struct tq_bytes tuples,
    const struct tq_bytes *text, size_t n)
{
	struct tq_celery_bounds bounds;
	struct tq_celery_meta meta;
	const char *const *ids;
	struct tq_buf b;
	size_t k, want;

	tq_celery_bounds_stored(&bounds);
	if (tq_celery_tuple_ids(&ids, &want, p->mem, tuples) == -1 ||
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
	return k < want ? 0 : tq_join_index(out, p) == -1 ? -1 : 1;
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
		return tq_join_fail(t->p, body, "members have not ended in time");
	}
	if (!tq_scan_real(&seconds, interval) || seconds < 0.01 ||
	    seconds > 86400)
		seconds = 1;
	if ((m = tq_settle_copy(t)) == NULL)
		return -1;
	m->retries++;
	m->eta = t->p->site->now + (tq_time)(seconds * TQ_SECOND);
	return tq_settle_again(t, m) != NULL ? 0 : -1;
}

static int
unlock(const struct tq_settling *t, const struct tq_bytes *metas, size_t n)
{
	struct tq_bytes tuples = tq_scan_get(t->m->kwargs, "result");
	struct tq_join members;

	switch (read_metas(&members, t->p, tuples, metas, n)) {
	case 0:
		return look_again(t);
	case 1:
		return tq_join_end(t->p, &members, tq_scan_at(t->m->args, 1),
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

	tq_planner_follow(&p, plan, site, m, "chord", &why);
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
