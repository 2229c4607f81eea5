/*
 * Chords on stores that count their members (Celery 5.2.6, backends/redis.py).
 */
#include <errno.h>
#include <string.h>

#include "message/celery_settle.h"

static int
decode_members(struct tq_join *out, struct tq_planner *p,
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
	return tq_join_index(out, p);
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

/*
 * The chord has as many parts as its size says, and one of them is missing:
 * the Celery worker that sent a group at the end of a member's chain wrote that
 * group's size over the chord's (5.2.6, canvas.py, _apply_tasks).  It is set
 * right, for one of those compares for equality when it counts the last part.
 */
static int
mend_size(struct tq_planner *p, const char *gid, struct tq_bytes shape)
{
	struct tq_celery_step *s;
	const char *const *ids;
	size_t n;

	if (shape.p == NULL)
		return 0;
	if (tq_celery_tuple_ids(&ids, &n, p->mem, shape) == -1)
		return errno == ENOMEM ? -1 : 0;
	if ((s = tq_plan_step(p, TQ_CELERY_SIZE, gid)) == NULL)
		return -1;
	s->size = n;
	return 0;
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
	struct tq_bytes shape;
	struct tq_join members;
	struct tq_planner p;
	struct tq_tree *body;
	struct tq_err why;
	size_t nsteps = plan->nsteps, ncounts = plan->ncounts;
	int rv;

	plan->count[k].nsteps = nsteps;
	plan->count[k].ncounts = ncounts;
	tq_planner_follow(&p, plan, site, plan->of, "chord", &why);
	p.seed = p.chord = count.gid;
	shape = saved_shape(&p, saved);
	if ((rv = decode_members(&members, &p, text, n)) == 0 &&
	    (rv = tq_join_end(&p, &members, count.callback, shape)) == 0)
		rv = mend_size(&p, count.gid, shape);
	if (rv == -1 && errno != ENOMEM) {
		/* it cannot be gone on with: its body hears, if it can */
		plan->nsteps = nsteps;
		plan->ncounts = ncounts;
		p.weight = 0;
		tq_buf_reset(&p.trail);
		if (tq_tree_parse(&body, &p, count.callback) == 0)
			rv = tq_join_fail(&p, body, why.text);
		if (rv == 0 || errno != ENOMEM)
			rv = 1;
	}
	if (rv == 1 && tq_plan_step(&p, TQ_CELERY_CLOSE, count.gid) == NULL)
		rv = -1;
	tq_planner_fini(&p);
	return rv != -1 ? 0 : tq_fail(e, ENOMEM, "out of memory");
}
