/*
 * Keys: at most one task of a key that has not ended, and one behind it while
 * it runs.
 *
 * Who has a key is decided inside the server (K of do.lua), and so is what a
 * put does to it.  But the server cannot tell where a task stands: it names the
 * rival, we look for it, and say so with the next try, which holds only if the
 * rival is still there:
 *
 *	        put                  HELD                     put
 *	PUT ----------> server ------------> LOOK for it ----------> ...
 *	                  |  ^                                 |
 *	               OK |  `-------- AGAIN: it has moved <---'
 *	                  v
 *	        nobody had the key, the rival was replaced, or it runs
 *
 * A key is let go by the end of its task, whoever settles it.  One that left
 * without an end (a list that was deleted, a worker of another kind) still has
 * its key: after BELIEVED it is looked for, and if it is nowhere the key is
 * free.
 *
 * What waits for the end of a task in Celery's way stands in its message, so
 * who replaces it takes that over.  A group names its members where nobody can
 * change it: a member of one is not replaced.
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/end.h"
#include "backend/redis/key.h"
#include "backend/redis/message.h"
#include "backend/redis/see.h"
#include "backend/redis/send.h"
#include "base/clock.h"

#define TRIES		30		/* it cannot move for ever */
#define LOOKS		3		/* on its way it is missed in both places */
#define BELIEVED	(10 * 60)	/* s that a holder needs no looking for */
#define SURELY		2		/* s that it is there though not found */

/*
 * The step that sends it, looked for from *at on, and then from the beginning:
 * tasks are asked for in the order in which most of them are sent.
 */
static struct tq_celery_step *
step_of(const struct tq_celery_plan *plan, size_t *at, const char *id)
{
	struct tq_celery_step *s;
	size_t k;

	for (k = 0; k < plan->nsteps; k++) {
		s = &plan->step[(*at + k) % plan->nsteps];
		if (s->what != TQ_CELERY_SEND || strcmp(s->task->id, id) != 0)
			continue;
		*at += k + 1;
		return s;
	}
	return NULL;
}

int
tq_redis_keys_init(struct tq_redis_keys *keys, struct tq_redis *r,
    const struct tq_celery_plan *plan, const struct tq_task *t,
    const struct tq_id *ids, size_t n, struct tq_err *e)
{
	struct tq_redis_keyed *k;
	size_t i, at = 0;

	memset(keys, 0, sizeof(*keys));
	for (i = 0; i < n; i++)
		keys->n += t[i].key != NULL;
	if (keys->n == 0)
		return 0;
	keys->v = tq_arena_alloc(&r->mem, keys->n * sizeof(*keys->v));
	if (keys->v == NULL)
		return tq_fail_sys(e, ENOMEM, "%zu keys", keys->n);
	for (i = 0, k = keys->v; i < n; i++) {
		if (t[i].key == NULL)
			continue;
		memset(k, 0, sizeof(*k));
		k->task = &t[i];
		k->id = ids[i].s;
		k->rival = k->where = k->place = "";
		/* its key would be held by what is no message yet */
		if ((k->step = step_of(plan, &at, ids[i].s)) == NULL)
			return tq_fail(e, ENOTSUP, "-k: not kept on Redis for "
			    "a task that waits for another of its put");
		k->own = k->step->task;
		k++;
	}
	return 0;
}

/* ---- what is asked of the server -------------------------------------- */

/* The REVOKED of what is replaced. */
static int
add_replaced(struct tq_redis *r, struct tq_redis_cmd *cmd,
    const struct tq_redis_keyed *k, struct tq_err *e)
{
	struct tq_celery_plan plan;

	if (tq_redis_plan_replaced(r, &plan, &k->in, k->queue, k->id, e) == -1)
		return -1;
	if (cmd == NULL)
		return tq_redis_store_plan(r, &r->mem, &plan, e);
	return tq_redis_do_plan(r, cmd, &r->mem, &plan, TQ_REDIS_STORES, e);
}

int
tq_redis_keys_add(struct tq_redis *r, struct tq_redis_cmd *cmd,
    const struct tq_redis_keys *keys, struct tq_err *e)
{
	const struct tq_redis_keyed *k;

	for (k = keys->v; k < keys->v + keys->n; k++) {
		tq_redis_cmd_str(cmd, "K");
		tq_redis_cmd_str(cmd, "");
		tq_redis_cmd_join(cmd, r->place.prefix, "tq.key.",
		    k->task->key, NULL);
		tq_redis_cmd_str(cmd, k->id);
		tq_redis_cmd_str(cmd, k->rival);
		tq_redis_cmd_str(cmd, k->where);
		tq_redis_cmd_str(cmd, k->place);
		tq_redis_cmd_put(cmd, k->in.text.p, k->in.text.n);
	}
	for (k = keys->v; !r->apart && k < keys->v + keys->n; k++)
		if (k->replaces && add_replaced(r, cmd, k, e) == -1)
			return -1;
	return 0;
}

int
tq_redis_keys_done(struct tq_redis *r, const struct tq_redis_keys *keys,
    struct tq_err *e)
{
	const struct tq_redis_keyed *k;

	for (k = keys->v; r->apart && k < keys->v + keys->n; k++)
		if (k->replaces && add_replaced(r, NULL, k, e) == -1)
			return -1;
	return 0;
}

/* ---- what the server says ---------------------------------------------- */

static int
taken(const struct tq_redis_keyed *k, const char *by, struct tq_id *out,
    struct tq_err *e)
{
	strlcpy(out[0].s, by, sizeof(out[0].s));
	return tq_fail(e, EEXIST, "key '%.80s' is taken by %.255s",
	    k->task->key, by);
}

/* Two arrays of JSON as one. */
static struct tq_bytes
concat(struct tq_arena *mem, struct tq_bytes a, struct tq_bytes b)
{
	struct tq_bytes out = { NULL, 0 };
	char *p;

	if (tq_scan_count(b) == 0)
		return a;
	if (tq_scan_count(a) == 0)
		return b;
	out.n = a.n + b.n;
	if ((p = tq_arena_alloc(mem, out.n + 1)) == NULL)
		return out;
	memcpy(p, a.p, a.n - 1);
	memcpy(p + a.n - 1, ", ", 2);
	memcpy(p + a.n + 1, b.p + 1, b.n - 1);
	out.p = p;
	return out;
}

/*
 * What comes next, of both: one of them stays the chain of *m, and the only
 * step of the other is called back beside it.
 */
static int
merge_chains(struct tq_arena *mem, struct tq_celery_task *m,
    struct tq_bytes other)
{
	struct tq_bytes mine = m->chain;

	if (tq_scan_count(other) == 0)
		return 0;
	if (tq_scan_count(mine) <= 1) {
		m->chain = other;
		other = mine;
	}
	if (tq_scan_count(other) > 1)
		return -1;
	m->callbacks = concat(mem, m->callbacks, other);
	return 0;
}

/* Let it take over what waits for the rival. */
static int
inherit(struct tq_redis *r, const struct tq_redis_keys *keys,
    struct tq_redis_keyed *k, struct tq_err *e)
{
	const struct tq_celery_task *old = &k->in.msg;
	struct tq_celery_task *m;

	if (old->group != NULL || !tq_scan_unset(old->chord))
		return tq_fail(e, ENOTSUP, "-K replace: %.255s is a member of "
		    "a group, and Redis keeps its place for no other",
		    k->rival);
	k->replaces = 1;
	if (tq_scan_count(old->chain) + tq_scan_count(old->callbacks) +
	    tq_scan_count(old->errbacks) == 0)
		return 0;
	if (keys->staged)
		return tq_fail(e, ENOTSUP, "-K replace: others wait for "
		    "%.255s, and a put of so many takes over none", k->rival);
	if ((m = tq_arena_alloc(&r->mem, sizeof(*m))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", k->id);
	*m = *k->own;
	if (merge_chains(&r->mem, m, old->chain) == -1)
		return tq_fail(e, ENOTSUP, "-K replace: %.255s is in a chain, "
		    "and a chain cannot take its place on Redis", k->rival);
	m->callbacks = concat(&r->mem, m->callbacks, old->callbacks);
	m->errbacks = concat(&r->mem, m->errbacks, old->errbacks);
	if ((m->callbacks.p == NULL && m->callbacks.n > 0) ||
	    (m->errbacks.p == NULL && m->errbacks.n > 0))
		return tq_fail_sys(e, ENOMEM, "%s", k->id);
	k->step->task = m;
	return 0;
}

/* Where the rival stands: 1 found, 0 nowhere, -1. */
static int
look_for(struct tq_redis *r, struct tq_redis_keyed *k, const char *id,
    struct tq_err *e)
{
	struct tq_redis_spots spots = { .mem = &r->mem };
	const struct tq_redis_spot *s;
	int looks, rv = 0;

	for (looks = 0; looks < LOOKS && spots.n == 0 && rv == 0; looks++)
		rv = tq_redis_spot(r, &spots, NULL, id, e);
	if (rv == 0 && spots.n > 0) {
		s = &spots.v[0];
		k->where = s->where == NULL ? "held" : s->where;
		k->place = s->key;
		strlcpy(k->queue, s->queue, sizeof(k->queue));
		rv = tq_redis_read(&k->in, &r->mem, s->text.p, s->text.n, e) ==
		    -1 ? -1 : 1;
	}
	free(spots.v);
	if (rv == 0 && (rv = tq_redis_is_local(r, id, e)) == 1)
		k->where = "here";
	return rv;
}

static void
forget(struct tq_redis_keyed *k)
{
	k->rival = k->where = k->place = "";
	k->in.text.n = 0;
	k->replaces = 0;
	k->step->task = k->own;
}

/* "HELD n at id" */
static int
met(struct tq_redis *r, struct tq_redis_keys *keys, const char *answer,
    struct tq_id *out, struct tq_err *e)
{
	struct tq_redis_keyed *k;
	char *rest;
	size_t i = (size_t)strtoul(answer, &rest, 10);
	tq_time age = tq_clock_wall() / TQ_SECOND - strtoll(rest, &rest, 10);
	const char *id = rest + (*rest == ' ');
	enum tq_on_key how;
	int found;

	if (i < 1 || i > keys->n)
		return tq_fail(e, EPROTO, "redis: bad answer to a key");
	k = &keys->v[i - 1];
	how = k->task->on_key;
	forget(k);
	if (how == TQ_KEY_SKIP && age < BELIEVED)
		return taken(k, id, out, e);
	if ((k->rival = tq_arena_copy(&r->mem, id, strlen(id))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", k->id);
	if ((found = look_for(r, k, id, e)) == -1)
		return -1;
	if (found == 0 && age < SURELY)
		return taken(k, id, out, e);
	if (found == 0)
		k->where = "gone";
	else if (how == TQ_KEY_SKIP ||
	    (how == TQ_KEY_FOLLOW && strcmp(k->where, "held") != 0))
		k->where = "here";
	else if (strcmp(k->where, "list") == 0 ||
	    strcmp(k->where, "wait") == 0)
		return inherit(r, keys, k, e);
	return 0;
}

int
tq_redis_keys_answer(struct tq_redis *r, struct tq_redis_keys *keys,
    const char *answer, struct tq_id *out, struct tq_err *e)
{
	size_t i;

	if (++keys->tries > TRIES)
		return tq_fail(e, EBUSY, "key '%.80s': whoever has it moves "
		    "all the time", keys->v[0].task->key);
	if (strncmp(answer, "HELD ", 5) == 0)
		return met(r, keys, answer + 5, out, e);
	if (strcmp(answer, "AGAIN") == 0) {
		for (i = 0; i < keys->n; i++)
			forget(&keys->v[i]);
		return 0;
	}
	/* TAKEN id, TWIN id */
	answer += strcspn(answer, " ");
	return taken(&keys->v[0], answer + (*answer == ' '), out, e);
}
