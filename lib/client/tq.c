/*
 * Put, claim, settle: each call checks once what every broker needs checked,
 * fills in the default queue, and goes to the broker.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "client/handle.h"
#include "message/json.h"

/* ---- put ------------------------------------------------------------- */

static int
put_checked(struct tq *tq, const struct tq_task *t, size_t n,
    tq_time timeout, struct tq_id *out, struct tq_err *e)
{
	if (tq->ops->put == NULL)
		return tq_broker_lacks(tq, "put", e);
	if (tq->spare != NULL)
		return tq_spare_put(tq, t, n, timeout, out, e);
	return tq->ops->put(tq->b, t, n, timeout, out, e);
}

/* Where a task goes that names no queue. */
static const char *
queue_of(const struct tq *tq, const struct tq_task *t)
{
	const char *queue = NULL;

	if (t->kind == TQ_KIND_NAMED)
		queue = tq_celery_route(tq->routes, tq->nroutes, t->name);
	return queue != NULL ? queue : tq->queue;
}

int
tq_put(struct tq *tq, const struct tq_task *t, tq_time timeout,
    struct tq_id *out, struct tq_err *e)
{
	struct tq_task copy;

	if (tq_task_check(t, e) == -1)
		return -1;
	if (t->queue == NULL) {
		copy = *t;
		copy.queue = queue_of(tq, t);
		t = &copy;
	}
	return put_checked(tq, t, 1, timeout, out, e);
}

/* Room for n tasks, kept for the next batch. */
static int
reserve(struct tq *tq, size_t n, struct tq_err *e)
{
	struct tq_task *p;

	if (n <= tq->ntasks)
		return 0;
	if ((p = reallocarray(tq->tasks, n, sizeof(*p))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%zu tasks", n);
	tq->tasks = p;
	tq->ntasks = n;
	return 0;
}

int
tq_put_many(struct tq *tq, const struct tq_task *t, size_t n,
    tq_time timeout, struct tq_id *out, struct tq_err *e)
{
	size_t i, unnamed = 0;

	if (n == 0)
		return 0;
	if (n > TQ_BATCH_MAX)
		return tq_fail(e, EINVAL, "%zu tasks in one batch, over %d", n,
		    TQ_BATCH_MAX);
	for (i = 0; i < n; i++) {
		if (tq_task_check(&t[i], e) == -1)
			return -1;
		unnamed += t[i].queue == NULL;
	}
	if (unnamed > 0) {
		if (reserve(tq, n, e) == -1)
			return -1;
		memcpy(tq->tasks, t, n * sizeof(*t));
		for (i = 0; i < n; i++) {
			if (t[i].queue == NULL)
				tq->tasks[i].queue = queue_of(tq, &t[i]);
		}
		t = tq->tasks;
	}
	return put_checked(tq, t, n, timeout, out, e);
}

int
tq_tick(struct tq *tq, const struct tq_tick *tick, const struct tq_task *t,
    tq_time timeout, struct tq_id *out, struct tq_err *e)
{
	struct tq_task copy;

	if (tq_check_id(tick->schedule, e) == -1 ||
	    (t != NULL && tq_task_check(t, e) == -1))
		return -1;
	if (tick->at == 0)
		return tq_fail(e, EINVAL, "%s: a tick without a time",
		    tick->schedule);
	if (tq->ops->tick == NULL)
		return tq_broker_lacks(tq, "keep schedules", e);
	if (t != NULL && t->queue == NULL) {
		copy = *t;
		copy.queue = queue_of(tq, t);
		t = &copy;
	}
	return tq->ops->tick(tq->b, tick, t, timeout, out, e);
}

int
tq_last(struct tq *tq, const char *schedule, tq_time *at, struct tq_err *e)
{
	if (tq_check_id(schedule, e) == -1)
		return -1;
	if (tq->ops->last == NULL)
		return tq_broker_lacks(tq, "keep schedules", e);
	return tq->ops->last(tq->b, schedule, at, e);
}

int
tq_sync(struct tq *tq, struct tq_err *e)
{
	if (tq->ops->sync == NULL)
		return tq_broker_lacks(tq, "sync", e);
	return tq->ops->sync(tq->b, e);
}

/* ---- claim ----------------------------------------------------------- */

void
tq_claim_init(struct tq_claim *c)
{
	memset(c, 0, sizeof(*c));
	tq_task_init(&c->task);
	tq_rules_init(&c->rules);
}

/* The body's descriptor belongs to the claim, not to whoever looks at it. */
static void
close_body(struct tq_claim *c)
{
	int saved = errno;

	if (c->task.body_fd >= 0)
		(void)close(c->task.body_fd);
	c->task.body_fd = -1;
	errno = saved;
}

void
tq_claim_fini(struct tq_claim *c)
{
	close_body(c);
	tq_arena_free(c->mem);
	tq_claim_init(c);
}

int
tq_claim(struct tq *tq, const struct tq_take *take, struct tq_claim *c,
    struct tq_err *e)
{
	struct tq_take copy;

	if (take->nqueues > TQ_QUEUES_MAX)
		return tq_fail(e, EINVAL, "%zu queues in one claim, over %d",
		    take->nqueues, TQ_QUEUES_MAX);
	if (tq_check_queues(take->queue, take->nqueues, e) == -1)
		return -1;
	if (tq->ops->claim == NULL)
		return tq_broker_lacks(tq, "claim", e);
	if (take->nqueues == 0) {
		copy = *take;
		copy.queue[0] = tq->queue;
		copy.nqueues = 1;
		take = &copy;
	}
	close_body(c);
	c->capture = take->capture;
	c->headers = c->properties = c->embed = (struct tq_bytes){ NULL, 0 };
	return tq->ops->claim(tq->b, take, c, e);
}

/* ---- settle ---------------------------------------------------------- */

static int
check_ref(const struct tq_ref *ref, struct tq_err *e)
{
	if (tq_check_id(ref->id.s, e) == -1)
		return -1;
	if (ref->attempt == 0)
		return tq_fail(e, EINVAL, "%s/0: attempts count from 1",
		    ref->id.s);
	return 0;
}

static int
check_outcome(const struct tq_outcome *o, struct tq_err *e)
{
	struct tq_err why;

	switch (o->state) {
	case TQ_SUCCESS:
	case TQ_FAILURE:
	case TQ_REVOKED:
	case TQ_READY:
		break;
	case TQ_RETRY:
		if (o->when < 0)
			return tq_fail(e, EINVAL, "a retry before 1970");
		break;
	default:
		return tq_fail(e, EINVAL, "an attempt cannot end in '%s'",
		    tq_state_name(o->state));
	}
	if (o->status < -1 || o->status > 255)
		return tq_fail(e, EINVAL, "status %d is not 0 to 255",
		    o->status);
	if (o->signal < 0 || o->signal > 127)
		return tq_fail(e, EINVAL, "no signal %d", o->signal);
	if (o->why != NULL && strlen(o->why) > TQ_WHY_MAX)
		return tq_fail(e, EMSGSIZE, "a reason of %zu bytes, over %d",
		    strlen(o->why), TQ_WHY_MAX);
	if (o->type != NULL && (*o->type == '\0' ||
	    strlen(o->type) > TQ_NAME_MAX))
		return tq_fail(e, EINVAL, "a type of %zu bytes is not 1 to %d",
		    strlen(o->type), TQ_NAME_MAX);
	if (o->result.n > 0 && tq_json_check(o->result.p, o->result.n,
	    &why) == -1)
		return tq_fail(e, EINVAL, "result: %s", why.text);
	return 0;
}

/*
 * Into a store of its own the outcome goes first: after a crash between the
 * two the task runs again and its outcome is written again, never lost.
 */
static int
store_outcome(struct tq *tq, const struct tq_ref *ref, struct tq_outcome *o,
    struct tq_err *e)
{
	struct tq_claim c;

	if (tq->store == NULL || tq_shares_store(tq) || o->state == TQ_READY)
		return 0;
	if (tq->store->put == NULL)
		return tq_store_lacks(tq, "keep outcomes", e);
	tq_claim_init(&c);
	c.ref = *ref;
	return tq->store->put(tq->s, &c, o, e);
}

int
tq_settle(struct tq *tq, const struct tq_ref *ref, struct tq_outcome *o,
    unsigned flags, struct tq_err *e)
{
	if (check_ref(ref, e) == -1 || check_outcome(o, e) == -1)
		return -1;
	if (flags & ~(unsigned)TQ_SETTLE_SYNC)
		return tq_fail(e, EINVAL, "settle flags 0x%x", flags);
	if (tq->ops->settle == NULL)
		return tq_broker_lacks(tq, "settle", e);
	if (store_outcome(tq, ref, o, e) == -1)
		return -1;
	return tq->ops->settle(tq->b, ref, o, flags, e);
}

tq_time
tq_alive(struct tq *tq)
{
	return tq->ops->alive == NULL ? TQ_FOREVER : tq->ops->alive(tq->b);
}

int
tq_renew(struct tq *tq, const struct tq_ref *ref, tq_time lease,
    struct tq_err *e)
{
	if (check_ref(ref, e) == -1)
		return -1;
	if (lease <= 0)
		return tq_fail(e, EINVAL, "a lease must be longer than 0");
	if (tq->ops->renew == NULL)
		return tq_broker_lacks(tq, "renew a claim", e);
	return tq->ops->renew(tq->b, ref, lease, e);
}

/* ---- report ---------------------------------------------------------- */

static int
check_report(const struct tq_report *r, struct tq_err *e)
{
	size_t n = r->text.n + (r->state != NULL ? strlen(r->state) + 1 : 0);
	struct tq_err why;

	if (r->state != NULL && !tq_name_valid(r->state))
		return tq_fail(e, EINVAL, "'%.80s' is no name of a state",
		    r->state);
	if (n == 0 || n > TQ_PROGRESS_MAX)
		return tq_fail(e, EMSGSIZE, "a report of %zu bytes is not 1 "
		    "to %d", n, TQ_PROGRESS_MAX);
	if (r->text.n > 0 && memchr(r->text.p, '\0', r->text.n) != NULL)
		return tq_fail(e, EINVAL, "a report with a NUL in it");
	if (r->state != NULL && r->text.n > 0 &&
	    tq_json_check(r->text.p, r->text.n, &why) == -1)
		return tq_fail(e, EINVAL, "state %s: %s", r->state, why.text);
	return 0;
}

int
tq_report(struct tq *tq, const struct tq_claim *c, const struct tq_report *r,
    struct tq_err *e)
{
	if (check_ref(&c->ref, e) == -1 || check_report(r, e) == -1)
		return -1;
	if (tq->store != NULL && tq->store->report != NULL)
		return tq->store->report(tq->s, c, r, e);
	if (tq->ops->report == NULL)
		return tq_broker_lacks(tq, "tell progress", e);
	return tq->ops->report(tq->b, c, r, e);
}
