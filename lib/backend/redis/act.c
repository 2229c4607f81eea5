/*
 * Changing tasks and queues.
 *
 * A task that waits is plucked: moved into our hands by one script, if it is
 * still where it was seen, and from there something else becomes of it as of
 * any held one.  What has ended is a result and nothing more: its message is
 * gone, so it cannot be tried again; and nothing can be held back, for Celery
 * knows no such thing.
 */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/calls.h"
#include "backend/redis/end.h"
#include "backend/redis/going.h"
#include "backend/redis/keyname.h"
#include "backend/redis/message.h"
#include "backend/redis/redis.h"
#include "backend/redis/see.h"
#include "backend/redis/send.h"
#include "backend/redis/verb.h"
#include "base/clock.h"


/* ---- one task -------------------------------------------------------- */

/* Into our hands: *out stays NULL when it is gone from there. */
static int
pluck(struct tq_redis *r, struct tq_redis_held **out,
    const struct tq_redis_spot *s, struct tq_err *e)
{
	char tag[TQ_REDIS_TAG_MAX];
	tq_time now = tq_clock_wall();
	redisReply *a;
	int there;

	*out = NULL;
	if (s->where == NULL)
		return 0;
	snprintf(tag, sizeof(tag), "%s%llx", r->stem,
	    (unsigned long long)r->ntags++);
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, r->place.prefix);
	tq_redis_cmd_time(&r->cmd, now);
	tq_redis_cmd_time(&r->cmd, tq_clock_deadline(now, r->place.lease));
	tq_redis_cmd_str(&r->cmd, tag);
	tq_redis_cmd_str(&r->cmd, s->queue);
	tq_redis_cmd_str(&r->cmd, s->where);
	tq_redis_cmd_str(&r->cmd, s->key);
	tq_redis_cmd_put(&r->cmd, s->text.p, s->text.n);
	if ((a = tq_redis_call(&r->main, TQ_REDIS_PLUCK, &r->cmd, e)) == NULL)
		return -1;
	there = a->integer == 1;
	freeReplyObject(a);
	if (!there)
		return 0;
	*out = tq_redis_held_add(r, tag, s->queue, s->text.p, s->text.n);
	if (*out == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", s->id.s);
	r->ntaken--;
	(*out)->stage = TQ_REDIS_CLAIMED;
	(*out)->id = s->id;
	(*out)->put = tq_uuid_time(s->id.s);
	return 0;
}

static int
revoke(struct tq_redis *r, struct tq_redis_held *h, struct tq_err *e)
{
	struct tq_redis_read in;
	struct tq_outcome o;

	tq_arena_reset(&r->mem);
	if (tq_redis_read(&in, &r->mem, h->text, h->n, e) == -1)
		return -1;
	tq_outcome_init(&o, TQ_REVOKED);
	o.why = "revoked";
	h->attempt = (unsigned)in.msg.retries + in.crashes + in.laters;
	return tq_redis_end(r, h, &in, &o, 0, e);
}

/*
 * Others hold it, maybe it runs: it must not start again, and its worker kills
 * it and settles it as revoked.
 */
static int
revoke_held(struct tq_redis *r, const char *id, uint64_t *n, struct tq_err *e)
{
	if (tq_redis_revoke(r, &id, 1, e) == -1 ||
	    tq_redis_tell_revoked(r, &id, 1, 1, e) == -1)
		return -1;
	++*n;
	return 0;
}

/* To another queue, or with another priority: to the end of the line. */
static int
move(struct tq_redis *r, struct tq_redis_held *h, const char *queue,
    int priority, struct tq_err *e)
{
	struct tq_redis_read in;
	struct tq_buf b;
	int rv;

	tq_arena_reset(&r->mem);
	if (tq_redis_read(&in, &r->mem, h->text, h->n, e) == -1)
		return -1;
	if (queue != NULL) {
		strlcpy(h->queue, queue, sizeof(h->queue));
		in.env.exchange = "";
		in.env.routing_key = h->queue;
	}
	if (priority >= 0)
		in.env.priority = priority;
	tq_buf_init(&b);
	tq_celery_envelope_encode(&b, &in.env);
	rv = tq_buf_ok(&b) ? tq_redis_requeue(r, h, (const char *)b.p, b.n,
	    in.env.priority, in.msg.eta, e) :
	    tq_fail_sys(e, ENOMEM, "%s", h->id.s);
	tq_buf_fini(&b);
	return rv;
}

/* Forget a result, and that there was such an id. */
static int
forget(struct tq_redis *r, const char *id, uint64_t *n, struct tq_err *e)
{
	struct tq_info info;
	const char *key;
	redisReply *a;
	int rv, ended;

	memset(&info, 0, sizeof(info));
	rv = tq_redis_stat(r, id, 0, &info, e);
	ended = rv == 1 && TQ_STATE_ENDED(info.state);
	tq_arena_free(info.mem);
	if (rv == -1)
		return -1;
	if (!ended)
		return 0;
	tq_arena_reset(&r->mem);
	if ((key = tq_redis_meta_key(&r->results, &r->mem, id)) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", id);
	if ((a = tq_redis_say(&r->store, e, "DEL", key, NULL)) == NULL)
		return -1;
	*n += a->integer == 1;
	freeReplyObject(a);
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "DEL");
	tq_redis_cmd_join(&r->cmd, r->place.prefix, "tq.id.", id, NULL);
	if ((a = tq_redis_call(&r->main, TQ_REDIS_PLAIN, &r->cmd, e)) == NULL)
		return -1;
	freeReplyObject(a);
	return 0;
}

/* Whoever runs it is told by Celery's remote control. */
static int
kill_it(struct tq_redis *r, const char *id, const char *sig, uint64_t *n,
    struct tq_err *e)
{
	char words[TQ_ID_MAX + 64];
	unsigned sent;

	snprintf(words, sizeof(words), "kill %s %s", id,
	    sig == NULL ? "TERM" : sig);
	if (tq_redis_send(r, NULL, words, &sent, e) == -1)
		return -1;
	*n += sent > 0;
	return 0;
}

static int
act_one(struct tq_redis *r, enum tq_verb verb, const struct tq_redis_spot *s,
    const char *value, int priority, uint64_t *n, struct tq_err *e)
{
	struct tq_redis_held *h;
	int rv;

	if (verb == TQ_DO_KILL)
		return s->state != TQ_STARTED ? 0 :
		    kill_it(r, s->id.s, value, n, e);
	if (pluck(r, &h, s, e) == -1)
		return -1;
	if (h == NULL)
		return verb == TQ_DO_REVOKE ? revoke_held(r, s->id.s, n, e) :
		    0;
	rv = verb == TQ_DO_REVOKE || verb == TQ_DO_PURGE ? revoke(r, h, e) :
	    move(r, h, verb == TQ_DO_MOVE ? value : NULL, priority, e);
	*n += rv == 0;
	return rv;
}

/* ---- selections ------------------------------------------------------ */

/* Celery's workers hold what they have not started, too: they are told. */
static int
tell_revoked(struct tq_redis *r, const struct tq_select *sel,
    struct tq_err *e)
{
	if (sel->nids == 0)
		return 0;
	return tq_redis_revoke(r, sel->ids, sel->nids, e) == -1 ? -1 :
	    tq_redis_tell_revoked(r, sel->ids, sel->nids, 0, e);
}

/*
 * It stands nowhere: it has ended, nobody knows it, it waits on the disk of a
 * worker, or Celery runs it, whose workers take a message off the broker at
 * the start.
 */
static int
act_unseen(struct tq_redis *r, enum tq_verb verb, const char *id,
    const char *value, uint64_t *n, struct tq_err *e)
{
	struct tq_info info;
	int rv, away;

	memset(&info, 0, sizeof(info));
	rv = tq_redis_stat(r, id, 0, &info, e);
	away = rv == 1 && !TQ_STATE_ENDED(info.state) &&
	    info.task.kind != TQ_KIND_GROUP;
	tq_arena_free(info.mem);
	if (rv == -1)
		return -1;
	if (rv == 0)
		return tq_fail(e, ENOENT, "%s: no such task", id);
	if (away && verb == TQ_DO_REVOKE)
		return revoke_held(r, id, n, e);
	if (!away || verb != TQ_DO_KILL)
		return 0;
	rv = tq_redis_is_local(r, id, e);
	return rv != 0 ? (rv == 1 ? 0 : -1) : kill_it(r, id, value, n, e);
}

/* All is read once: less for the server, and more for the wire. */
static int
choose_many(struct tq_redis *r, struct tq_redis_spots *spots,
    enum tq_verb verb, const struct tq_select *sel, const char *value,
    uint64_t *n, struct tq_err *e)
{
	size_t i, k = 0;

	if (tq_redis_spot_ids(r, spots, sel->ids, sel->nids, e) == -1)
		return -1;
	for (i = 0; i < sel->nids; i++) {
		if (k < spots->n && spots->v[k].of == i)
			k++;
		else if (act_unseen(r, verb, sel->ids[i], value, n, e) == -1)
			return -1;
	}
	return 0;
}

static int
choose(struct tq_redis *r, struct tq_redis_spots *spots, enum tq_verb verb,
    const struct tq_select *sel, const char *value, uint64_t *n,
    struct tq_err *e)
{
	size_t i, before;

	if (sel->nids == 0)
		return tq_redis_spot(r, spots, sel, NULL, e);
	if (sel->nids > TQ_REDIS_FEW)
		return choose_many(r, spots, verb, sel, value, n, e);
	for (i = 0; i < sel->nids; i++) {
		before = spots->n;
		if (tq_redis_spot(r, spots, NULL, sel->ids[i], e) == -1 ||
		    (spots->n == before && act_unseen(r, verb, sel->ids[i],
		    value, n, e) == -1))
			return -1;
	}
	return 0;
}

static int
on_tasks(struct tq_redis *r, enum tq_verb verb, const struct tq_select *sel,
    const char *value, uint64_t *n, struct tq_err *e)
{
	struct tq_redis_spots spots = { .n = 0 };
	struct tq_arena mem;
	const char *error;
	int rv, priority = -1;
	size_t i;

	if (verb == TQ_DO_PRI) {
		priority = TQ_PRI_MAX - (int)strtonum(value == NULL ? "" :
		    value, 0, TQ_PRI_MAX, &error);
		if (error != NULL)
			return tq_fail(e, EINVAL, "'%.80s' is no priority",
			    value == NULL ? "" : value);
	}
	tq_arena_init(&mem);
	spots.mem = &mem;
	rv = choose(r, &spots, verb, sel, value, n, e);
	for (i = 0; rv == 0 && i < spots.n; i++)
		rv = act_one(r, verb, &spots.v[i], value, priority, n, e);
	if (rv == 0 && verb == TQ_DO_REVOKE)
		rv = tell_revoked(r, sel, e);
	free(spots.v);
	tq_arena_fini(&mem);
	return rv;
}

static int
forget_ids(struct tq_redis *r, const struct tq_select *sel, uint64_t *n,
    struct tq_err *e)
{
	size_t i;

	if (sel->nids == 0)
		return tq_fail(e, ENOTSUP, "redis: results are forgotten by "
		    "their ids only");
	for (i = 0; i < sel->nids; i++)
		if (forget(r, sel->ids[i], n, e) == -1)
			return -1;
	return 0;
}

/* ---- queues ---------------------------------------------------------- */

static int
check_queue(struct tq_redis *r, const char *name, struct tq_err *e)
{
	const char *const *names;
	size_t i, n;

	tq_arena_reset(&r->mem);
	if (tq_redis_queue_names(r, &names, &n, &r->mem, e) == -1)
		return -1;
	for (i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return 0;
	return tq_fail(e, ENOENT, "%s: no such queue", name);
}

/* Into a set of names or out of it; *n counts a change. */
static int
mark(struct tq_redis *r, const char *word, const char *set, const char *name,
    uint64_t *n, struct tq_err *e)
{
	redisReply *a;

	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, word);
	tq_redis_cmd_join(&r->cmd, r->place.prefix, set, NULL);
	tq_redis_cmd_str(&r->cmd, name);
	if ((a = tq_redis_call(&r->main, TQ_REDIS_PLAIN, &r->cmd, e)) == NULL)
		return -1;
	*n += (uint64_t)a->integer;
	freeReplyObject(a);
	return 0;
}

static int
purge(struct tq_redis *r, const char *name, uint64_t *n, struct tq_err *e)
{
	const struct tq_select sel = { .queues = &name, .nqueues = 1 };

	return on_tasks(r, TQ_DO_PURGE, &sel, NULL, n, e);
}

static int
rmq(struct tq_redis *r, const char *name, unsigned flags, uint64_t *n,
    struct tq_err *e)
{
	struct tq_redis_spots spots = { .n = 0 };
	const struct tq_select sel = { .queues = &name, .nqueues = 1 };
	struct tq_redis_held *h;
	struct tq_arena mem;
	uint64_t unused = 0;
	redisReply *a;
	int rv;
	size_t i;

	tq_arena_init(&mem);
	spots.mem = &mem;
	rv = tq_redis_spot(r, &spots, &sel, NULL, e);
	if (rv == 0 && spots.n > 0 && !(flags & TQ_DO_FORCE))
		rv = tq_fail(e, EBUSY, "%s: %zu tasks are in it", name,
		    spots.n);
	for (i = 0; rv == 0 && i < spots.n; i++) {
		rv = pluck(r, &h, &spots.v[i], e);
		if (rv == 0 && h != NULL)
			rv = tq_redis_drop(r, h, e);
	}
	free(spots.v);
	tq_arena_fini(&mem);
	if (rv == -1 || mark(r, "SREM", "tq.paused", name, &unused, e) == -1 ||
	    mark(r, "SREM", "tq.closed", name, &unused, e) == -1)
		return -1;
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "DEL");
	tq_redis_cmd_join(&r->cmd, r->place.prefix, "_kombu.binding.", name,
	    NULL);
	a = tq_redis_call(&r->main, TQ_REDIS_PLAIN, &r->cmd, e);
	if (a == NULL)
		return -1;
	freeReplyObject(a);
	++*n;
	return 0;
}

static int
on_queue(struct tq_redis *r, enum tq_verb verb, const char *name,
    unsigned flags, uint64_t *n, struct tq_err *e)
{
	if (check_queue(r, name, e) == -1)
		return -1;
	switch (verb) {
	case TQ_DO_PAUSE:
		return mark(r, "SADD", "tq.paused", name, n, e);
	case TQ_DO_RESUME:
		return mark(r, "SREM", "tq.paused", name, n, e);
	case TQ_DO_CLOSE:
		return mark(r, "SADD", "tq.closed", name, n, e);
	case TQ_DO_OPEN:
		return mark(r, "SREM", "tq.closed", name, n, e);
	case TQ_DO_PURGE:
		return purge(r, name, n, e);
	default:
		return rmq(r, name, flags, n, e);
	}
}

int
tq_redis_act(void *b, enum tq_verb verb, const struct tq_select *sel,
    const char *value, unsigned flags, uint64_t *changed, struct tq_err *e)
{
	struct tq_redis *r = b;
	uint64_t n = 0;
	size_t i;
	int rv = 0;

	if (tq_redis_ready(r, e) == -1)
		return -1;
	switch (verb) {
	case TQ_DO_REVOKE:
	case TQ_DO_MOVE:
	case TQ_DO_PRI:
	case TQ_DO_KILL:
		rv = on_tasks(r, verb, sel, value, &n, e);
		break;
	case TQ_DO_FORGET:
		rv = forget_ids(r, sel, &n, e);
		break;
	case TQ_DO_GC:
	case TQ_DO_FLUSH:
		break;			/* the server does it */
	case TQ_DO_SEAL:
		rv = tq_redis_open_seal(r, sel, &n, e);
		break;
	case TQ_DO_HOLD:
	case TQ_DO_RELEASE:
	case TQ_DO_RETRY:
		return tq_fail(e, ENOTSUP, "redis: Celery knows no task that "
		    "is held, and keeps none that has ended");
	default:
		for (i = 0; rv == 0 && i < sel->nqueues; i++)
			rv = on_queue(r, verb, sel->queues[i], flags, &n, e);
	}
	if (changed != NULL)
		*changed = n;
	return rv;
}
