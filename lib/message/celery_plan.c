/* A plan for Celery, step by step; and derived ids. */
#include "message/celery_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/celery_route.h"
#include "message/celery_tree.h"

#define MESSAGE		1024	/* bytes of one but for its body, or so */

void
tq_celery_plan_init(struct tq_celery_plan *plan, struct tq_arena *mem)
{
	memset(plan, 0, sizeof(*plan));
	plan->mem = mem;
}

void
tq_planner_init(struct tq_planner *p, struct tq_celery_plan *plan,
    const struct tq_celery_site *site, const char *id, const char *root,
    const char *word, struct tq_err *e)
{
	memset(p, 0, sizeof(*p));
	p->plan = plan;
	p->mem = plan->mem;
	p->site = site;
	p->id = p->seed = id;
	p->root = root;
	p->word = word;
	p->e = e;
	tq_buf_init(&p->trail);
}

void
tq_planner_follow(struct tq_planner *p, struct tq_celery_plan *plan,
    const struct tq_celery_site *site, const struct tq_celery_task *m,
    const char *word, struct tq_err *e)
{
	tq_planner_init(p, plan, site, m->id, m->root_id != NULL ?
	    m->root_id : m->id, word, e);
	p->stamping = m->stamps.n > 0;
	plan->of = m;
}

void
tq_planner_fini(struct tq_planner *p)
{
	tq_buf_fini(&p->trail);
}

/* ---- memory ---------------------------------------------------------- */

/*
 * Once memory or weight is wanting it stays so: what was built without a piece
 * of it is never whole, and not every piece is asked for.
 */
static int
starve(struct tq_planner *p)
{
	p->starved = 1;
	return tq_fail(p->e, ENOMEM, "out of memory");
}

void *
tq_plan_alloc(struct tq_planner *p, size_t n)
{
	void *out = NULL;

	if (p->starved || (out = tq_arena_alloc(p->mem, n)) == NULL)
		starve(p);
	return out;
}

/* Count n bytes more. */
static int
weigh(struct tq_planner *p, size_t n)
{
	p->weight += n;
	if (p->plan->of == NULL || p->weight <= TQ_PLAN_BYTES)
		return 0;
	return tq_fail(p->e, EMSGSIZE, "what follows from it is over %zu MiB",
	    TQ_PLAN_BYTES >> 20);
}

struct tq_bytes
tq_plan_keep(struct tq_planner *p, struct tq_buf *b)
{
	struct tq_bytes out = { NULL, 0 };

	if (p->starved)
		starve(p);
	else if (weigh(p, b->n) == 0 &&
	    (out = tq_arena_keep(p->mem, b)).p == NULL)
		starve(p);
	tq_buf_fini(b);
	return out;
}

struct tq_bytes
tq_plan_list(struct tq_planner *p, struct tq_bytes v)
{
	struct tq_buf b;

	tq_buf_init(&b);
	tq_buf_byte(&b, '[');
	tq_buf_put(&b, v.p, v.n);
	tq_buf_byte(&b, ']');
	return tq_plan_keep(p, &b);
}

/*
 * Room for one more of n elements of `size`: the array, moved into a greater
 * one when it is full (the old one stays in the arena).
 */
static void *
room(struct tq_planner *p, void *array, size_t n, size_t *cap, size_t size)
{
	void *more;
	size_t want = *cap > 0 ? 2 * *cap : 8;

	if (n < *cap)
		return array;
	if (want > SIZE_MAX / 2 / size ||
	    (more = tq_plan_alloc(p, want * size)) == NULL)
		return NULL;
	if (n > 0)
		memcpy(more, array, n * size);
	*cap = want;
	return more;
}

struct tq_celery_step *
tq_plan_step(struct tq_planner *p, enum tq_celery_do what, const char *id)
{
	struct tq_celery_plan *plan = p->plan;
	struct tq_celery_step *s;

	if (plan->of != NULL && plan->nsteps >= TQ_PLAN_STEPS) {
		tq_fail(p->e, EMSGSIZE, "what follows from it is over %d "
		    "messages and results", TQ_PLAN_STEPS);
		return NULL;
	}
	if ((s = room(p, plan->step, plan->nsteps, &plan->step_room,
	    sizeof(*s))) == NULL)
		return NULL;
	plan->step = s;
	s += plan->nsteps++;
	memset(s, 0, sizeof(*s));
	s->what = what;
	s->id = id;
	s->chord = p->chord;
	return s;
}

struct tq_celery_count *
tq_plan_count(struct tq_planner *p)
{
	struct tq_celery_plan *plan = p->plan;
	struct tq_celery_count *c;

	if ((c = room(p, plan->count, plan->ncounts, &plan->count_room,
	    sizeof(*c))) == NULL)
		return NULL;
	plan->count = c;
	c += plan->ncounts++;
	memset(c, 0, sizeof(*c));
	c->again = plan->of == NULL || plan->of->redelivered;
	return c;
}

/* ---- ids ------------------------------------------------------------- */

const char *
tq_plan_id(struct tq_planner *p)
{
	char word[64], *out;

	snprintf(word, sizeof(word), "%s/%u/", p->word, p->made++);
	if ((out = tq_plan_alloc(p, 37)) != NULL)
		tq_celery_id_derive(out, word, p->seed);
	return out;
}

/* ---- where messages go ----------------------------------------------- */

const char *
tq_plan_route(const struct tq_celery_site *site, const char *name)
{
	const char *queue = tq_celery_route(site->routes, site->nroutes, name);

	return queue != NULL ? queue : site->queue;
}

int
tq_plan_send(struct tq_planner *p, const struct tq_celery_task *m,
    const struct tq_celery_sig *sig)
{
	struct tq_celery_step *s;

	if (weigh(p, MESSAGE + m->args.n + m->kwargs.n + m->callbacks.n +
	    m->errbacks.n + m->chain.n + m->chord.n) == -1 ||
	    (s = tq_plan_step(p, TQ_CELERY_SEND, m->id)) == NULL)
		return -1;
	s->flags = TQ_CELERY_ONCE;
	s->by = p->plan->by;
	s->task = m;
	s->eta = m->eta;
	if (sig->priority != TQ_CELERY_NONE)
		s->priority = (int)sig->priority;
	if (sig->queue != NULL && *sig->queue != '\0') {
		s->queue = sig->queue;
	} else if (sig->exchange != NULL && *sig->exchange != '\0') {
		s->exchange = sig->exchange;
		s->routing_key = sig->routing_key != NULL ? sig->routing_key :
		    sig->exchange;
	} else if (sig->exchange != NULL && sig->routing_key != NULL) {
		s->queue = sig->routing_key;	/* the nameless exchange */
	} else {
		s->queue = tq_plan_route(p->site, m->task);
	}
	return 0;
}
