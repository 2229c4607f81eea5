/* A plan for Celery, step by step; and derived ids. */
#include "message/celery_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "message/celery_route.h"
#include "message/celery_tree.h"

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
tq_planner_fini(struct tq_planner *p)
{
	tq_buf_fini(&p->trail);
}

/* ---- memory ---------------------------------------------------------- */

void *
tq_plan_alloc(struct tq_planner *p, size_t n)
{
	void *out;

	if ((out = tq_arena_alloc(p->mem, n)) == NULL)
		tq_fail(p->e, ENOMEM, "out of memory");
	return out;
}

struct tq_bytes
tq_plan_keep(struct tq_planner *p, struct tq_buf *b)
{
	struct tq_bytes out = { NULL, 0 };

	if (tq_buf_ok(b))
		out.p = tq_arena_copy(p->mem, b->p != NULL ? b->p :
		    (const void *)"", b->n);
	if (out.p == NULL)
		tq_fail(p->e, ENOMEM, "out of memory");
	else
		out.n = b->n;
	tq_buf_fini(b);
	return out;
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
	return c;
}

/* ---- ids ------------------------------------------------------------- */

/* Two hashes side by side, each of all the bytes. */
struct hash {
	uint64_t	 a, b;
};

static void
hash_bytes(struct hash *h, const char *p, size_t n)
{
	for (; n > 0; p++, n--) {
		h->a = (h->a ^ (unsigned char)*p) * 0x100000001b3;
		h->b = (h->b + (unsigned char)*p) * 0x9e3779b97f4a7c15;
		h->b ^= h->b >> 29;
	}
}

/* Each bit of the sum depends on all bits of x: the end of MurmurHash3. */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
	return x ^ x >> 33;
}

const char *
tq_plan_id(struct tq_planner *p)
{
	struct hash h = { 0xcbf29ce484222325, 0x6a09e667f3bcc908 };
	struct tq_uuid id;
	char name[64], *out;
	int n;

	n = snprintf(name, sizeof(name), "%s/%u/", p->word, p->made++);
	hash_bytes(&h, name, (size_t)n);
	hash_bytes(&h, p->seed, strlen(p->seed));
	tq_set64(id.b, mix(h.a + h.b));
	tq_set64(id.b + 8, mix(h.b ^ (h.a << 32 | h.a >> 32)));
	id.b[6] = (id.b[6] & 0x0f) | 0x80;	/* version 8 */
	id.b[8] = (id.b[8] & 0x3f) | 0x80;
	if ((out = tq_plan_alloc(p, 37)) == NULL)
		return NULL;
	tq_uuid_format(out, &id);
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

	if ((s = tq_plan_step(p, TQ_CELERY_SEND, m->id)) == NULL)
		return -1;
	s->flags = TQ_CELERY_ONCE;
	s->by = p->plan->by;
	s->task = m;
	s->eta = m->eta;
	if (sig->priority != TQ_CELERY_NONE)
		s->priority = (int)sig->priority;
	if (sig->queue != NULL) {
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
