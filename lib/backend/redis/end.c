/*
 * The end of an attempt, and all that follows from it.
 *
 * On one server it is one script.  A plain end is sent and not waited for: it
 * is kept until the server has answered, and sent again over a new connection.
 * That of a member of a chord is waited for (count.c), and so is that of what is
 * set aside (dead.c).
 *
 * On two there are more, one after another: the parts of chords are counted,
 * what is sent (an id is sent once), what is stored, the end of the claim.
 * After a crash between them the message comes back, and the next attempt of a
 * worker of tq does none of it twice.
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/redis/end.h"
#include "backend/redis/extra.h"
#include "backend/redis/message.h"
#include "backend/redis/redis.h"
#include "backend/redis/send.h"
#include "backend/redis/worker.h"
#include "message/celery_own.h"

/* What goes before the end of the claim on two servers. */
static int
do_apart(struct tq_redis *r, struct tq_redis_held *h,
    const struct tq_celery_plan *plan, struct tq_err *e)
{
	redisReply *a;

	r->tag = h->tag;
	tq_redis_do_begin(r, &r->cmd, h->tag, 0, NULL, 0);
	if (tq_redis_do_plan(r, &r->cmd, &r->mem, plan, TQ_REDIS_SENDS, e) ==
	    -1 || tq_redis_bind_sends(r, &r->cmd, plan, e) == -1)
		return -1;
	if ((a = tq_redis_call(&r->main, TQ_REDIS_DO, &r->cmd, e)) == NULL)
		return -1;
	h->lost = strcmp(a->str, "STALE") == 0;
	freeReplyObject(a);
	return h->lost ? 0 : tq_redis_store_plan(r, &r->mem, plan, e);
}

/* What is sent may be for us, and nobody rings us for what we do. */
static void
expect_more(struct tq_redis *r, const struct tq_celery_plan *plan)
{
	size_t k;

	for (k = 0; k < plan->nsteps; k++)
		if (plan->step[k].what == TQ_CELERY_SEND)
			r->quiet = 0;
}

static int
carry_out(struct tq_redis *r, struct tq_redis_held *h,
    struct tq_celery_plan *plan, const struct tq_celery_site *site,
    unsigned flags, struct tq_err *e)
{
	/* what is set aside may name what the server refuses */
	int waits = plan->ncounts > 0 || (r->letter != NULL && !r->apart);

	if ((waits || r->apart) && tq_redis_ready(r, e) == -1)
		return -1;
	if (waits && tq_redis_count(r, h, plan, site, e) == -1)
		return -1;
	/* only now is it known whether the body of a chord is sent */
	expect_more(r, plan);
	if (waits && !r->apart)
		return 0;		/* that was all of it */
	if (r->apart && do_apart(r, h, plan, e) == -1)
		return -1;
	if (tq_redis_end_words(r, h, plan, r->apart ? 0 : TQ_REDIS_ALL, e) ==
	    -1)
		return -1;
	return tq_redis_end_begin(r, h, flags, e);
}

/*
 * Give the meta of the task itself what only we can tell.  A task that wants
 * no result has none.
 */
static int
add_extra(struct tq_redis *r, const struct tq_redis_held *h,
    const struct tq_redis_read *in, struct tq_celery_plan *plan,
    const struct tq_celery_end *end, tq_time now, struct tq_err *e)
{
	struct tq_redis_extra x = {
		.o = *end->outcome, .attempt = h->attempt,
		.crashes = in->crashes, .laters = in->laters,
		.failures = (unsigned)in->msg.retries, .put = h->put,
		.start = h->start, .end = now, .queue = h->queue,
		.worker = r->node
	};
	struct tq_celery_step *s;
	size_t k;

	x.o.out = end->out;
	x.o.err = end->err;
	/* what a program wrote on the way is not what came of it */
	x.is_value = x.o.state == TQ_SUCCESS &&
	    tq_own_of(in->msg.task) != TQ_OWN_NONE;
	if (x.is_value)
		x.o.out.n = 0;
	if (x.o.state == TQ_RETRY || x.o.state == TQ_FAILURE) {
		x.failures += !(x.o.flags & TQ_OUTCOME_LATER);
		x.laters += (x.o.flags & TQ_OUTCOME_LATER) != 0;
	}
	for (k = 0; k < plan->nsteps; k++) {
		s = &plan->step[k];
		if (s->what != TQ_CELERY_STORE || s->text.n < 2 ||
		    strcmp(s->id, in->msg.id) != 0)
			continue;
		tq_buf_reset(&r->buf);
		tq_buf_put(&r->buf, s->text.p, s->text.n - 1);
		tq_buf_str(&r->buf, ", \"tq\": ");
		tq_redis_extra_put(&r->buf, &x);
		tq_buf_str(&r->buf, "}");
		s->text.n = r->buf.n;
		if (!tq_buf_ok(&r->buf) || (s->text.p = tq_arena_copy(&r->mem,
		    r->buf.p, r->buf.n)) == NULL)
			return tq_fail_sys(e, ENOMEM, "result of %s",
			    in->name);
	}
	return 0;
}

/* What the task's own policy says of its end. */
static void
read_policy(struct tq_redis *r, const struct tq_redis_read *in,
    const struct tq_outcome *o)
{
	struct tq_task t;

	r->ending = NULL;
	r->keep_id = NULL;
	if (!TQ_STATE_ENDED(o->state))
		return;
	r->ending = in;
	if (in->msg.tq.n > 0 && tq_celery_task_view(&t, &r->mem, &in->msg,
	    NULL) == 0 && t.keep >= 0) {
		r->keep_id = in->msg.id;
		r->keep = t.keep;
	}
}

/* Tell the world, and count. */
static void
tell(struct tq_redis *r, const struct tq_redis_held *h,
    const struct tq_redis_read *in, const struct tq_outcome *o,
    const struct tq_celery_end *end)
{
	struct tq_outcome said = *o;

	/* of a task that goes on as another there is nothing to tell yet */
	if (r->worker == NULL || o->flags & TQ_OUTCOME_REPLACED)
		return;
	said.out = end->out;
	said.err = end->err;
	r->worker->done += o->state == TQ_SUCCESS;
	r->worker->failed += o->state == TQ_FAILURE;
	tq_redis_event_task(r, o->state == TQ_SUCCESS ? "task-succeeded" :
	    o->state == TQ_FAILURE ? "task-failed" :
	    o->state == TQ_RETRY ? "task-retried" : "task-revoked", h, in,
	    &said);
}

/* Plan an end, and carry it out. */
static int
end_once(struct tq_redis *r, struct tq_redis_held *h,
    const struct tq_redis_read *in, const struct tq_celery_end *end,
    const struct tq_celery_site *site, unsigned flags, struct tq_err *e)
{
	struct tq_celery_plan plan;

	tq_celery_plan_init(&plan, &r->mem);
	if (tq_celery_settle(&plan, &in->msg, &in->env, end, site, e) == -1 ||
	    add_extra(r, h, in, &plan, end, site->now, e) == -1)
		return -1;
	return carry_out(r, h, &plan, site, flags, e);
}

/* 1 if it was we who could not say it: the server would never be told. */
static int
is_unsaid(int num)
{
	return num == EBADMSG || num == EMSGSIZE;
}

/*
 * An end is told whatever the message asks to follow from it.  What we cannot
 * say of that is left off, and the task fails with the reason: first without
 * what was to run next, then without its chord.
 */
static int
end_alone(struct tq_redis *r, struct tq_redis_held *h,
    const struct tq_redis_read *in, struct tq_celery_end *end,
    struct tq_outcome *o, const struct tq_celery_site *site, unsigned flags,
    struct tq_err *e)
{
	struct tq_redis_read less = *in;
	const struct tq_bytes none = { NULL, 0 };
	struct tq_err why = *e;
	int rv;

	if (o->state == TQ_SUCCESS || o->state == TQ_RETRY) {
		tq_outcome_init(o, TQ_FAILURE);
		o->type = "InvalidTaskError";
		o->why = why.text;
	}
	end->children = less.msg.callbacks = less.msg.errbacks = none;
	less.msg.chain = none;
	rv = end_once(r, h, &less, end, site, flags, e);
	if (rv == 0 || !is_unsaid(errno))
		return rv;
	less.msg.chord = none;
	return end_once(r, h, &less, end, site, flags, e);
}

int
tq_redis_end(struct tq_redis *r, struct tq_redis_held *h,
    const struct tq_redis_read *in, const struct tq_outcome *o,
    unsigned flags, struct tq_err *e)
{
	struct tq_outcome kept = *o;
	struct tq_celery_end end = {
		.outcome = &kept, .children = o->children
	};
	struct tq_celery_site site;
	struct tq_err why = { .num = 0 };
	int rv;

	if (tq_redis_output(r, &end, &kept, e) == -1)
		return -1;
	tq_redis_site(r, &site, h->queue);
	read_policy(r, in, o);
	tq_redis_held_use(h);
	rv = end_once(r, h, in, &end, &site, flags, &why);
	if (rv == -1 && is_unsaid(errno)) {
		if (!TQ_STATE_ENDED(o->state))
			r->ending = in;
		rv = end_alone(r, h, in, &end, &kept, &site, flags, &why);
	}
	r->ending = NULL;
	r->keep_id = NULL;
	if (rv == 0)
		tell(r, h, in, &kept, &end);
	(void)tq_redis_held_done(h);
	if (rv == -1 && e != NULL)
		*e = why;
	return rv;
}

/* It goes, and leaves to another what waits for it. */
int
tq_redis_plan_replaced(struct tq_redis *r, struct tq_celery_plan *plan,
    const struct tq_redis_read *in, const char *queue, const char *by,
    struct tq_err *e)
{
	struct tq_redis_read alone = *in;
	struct tq_redis_held h = { .r = r };
	struct tq_outcome o;
	struct tq_celery_end end = { .outcome = &o };
	struct tq_celery_site site;
	struct tq_bytes none = { NULL, 0 };
	char why[TQ_ID_MAX + 16], *text;

	tq_outcome_init(&o, TQ_REVOKED);
	snprintf(why, sizeof(why), "replaced by %s", by);
	if ((text = tq_arena_copy(&r->mem, why, strlen(why))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", in->name);
	o.why = text;
	alone.msg.callbacks = alone.msg.errbacks = none;
	alone.msg.chain = alone.msg.chord = none;
	strlcpy(h.queue, queue, sizeof(h.queue));
	h.attempt = (unsigned)in->msg.retries + in->crashes + in->laters;
	h.put = tq_uuid_time(in->name);
	tq_redis_site(r, &site, h.queue);
	tq_celery_plan_init(plan, &r->mem);
	if (tq_celery_settle(plan, &alone.msg, &alone.env, &end, &site, e) ==
	    -1)
		return -1;
	return add_extra(r, &h, &alone, plan, &end, site.now, e);
}

/* Only what is stored of an end: the task itself is another broker's. */
int
tq_redis_end_stored(struct tq_redis *r, const struct tq_redis_held *h,
    const struct tq_redis_read *in, const struct tq_outcome *o,
    struct tq_err *e)
{
	struct tq_outcome kept = *o;
	struct tq_celery_end end = { .outcome = &kept };
	struct tq_celery_plan plan;
	struct tq_celery_site site;

	if (tq_redis_output(r, &end, &kept, e) == -1)
		return -1;
	tq_redis_site(r, &site, NULL);
	tq_celery_plan_init(&plan, &r->mem);
	if (tq_celery_settle(&plan, &in->msg, &in->env, &end, &site, e) ==
	    -1 || add_extra(r, h, in, &plan, &end, site.now, e) == -1)
		return -1;
	return tq_redis_store_plan(r, &r->mem, &plan, e);
}

int
tq_redis_end_unlock(struct tq_redis *r, struct tq_redis_held *h,
    const struct tq_redis_read *in, const struct tq_bytes *metas, size_t n,
    struct tq_err *e)
{
	struct tq_celery_plan plan;
	struct tq_celery_site site;
	struct tq_outcome o;
	struct tq_err why;

	tq_redis_site(r, &site, h->queue);
	tq_celery_plan_init(&plan, &r->mem);
	if (tq_celery_unlock(&plan, &in->msg, &in->env, metas, n, &site, e) ==
	    -1)
		return -1;
	if (carry_out(r, h, &plan, &site, 0, &why) == 0)
		return 0;
	if (!is_unsaid(why.num))
		return tq_fail(e, why.num, "%s", why.text);
	tq_outcome_init(&o, TQ_FAILURE);
	o.type = "InvalidTaskError";
	o.why = why.text;
	return tq_redis_end(r, h, in, &o, 0, e);
}
