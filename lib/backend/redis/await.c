/* Looking at results, and waiting for them. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/await.h"
#include "backend/redis/calls.h"
#include "backend/redis/meta.h"
#include "backend/redis/redis.h"
#include "backend/redis/see.h"
#include "base/clock.h"

#define LOOK_AGAIN	(5 * TQ_SECOND)	/* while waiting, whatever is told */
#define AT_ONCE		500		/* questions in a round trip */

/* Where it may be is known: it is there or nowhere. */
static int
check_known(struct tq_redis_waiting *w, struct tq_redis_awaited *a, struct tq_err *e)
{
	struct tq_redis *r = w->r;
	struct tq_redis_meta m;
	struct tq_info info;
	int rv;

	memset(&info, 0, sizeof(info));
	if ((rv = tq_redis_find(r, a->id, &info, &r->mem, e)) == 0 &&
	    (rv = tq_redis_meta_look(r, &m, &r->mem, a->id, e)) == 1)
		tq_redis_awaited_note(w, a, m.state);
	return rv != 0 ? rv : tq_fail(e, ENOENT, "%s: no such task", a->id);
}

/* One whose meta was asked for, and whether it is a group. */
struct asked {
	struct tq_redis_waiting	*w;
	struct tq_redis_awaited	*a;
	int		 there;		/* it has one, or is one */
};

static void
grouped(void *arg, const redisReply *reply)
{
	struct asked *q = arg;
	struct tq_bytes *text = &q->a->group;

	if (reply == NULL)
		return;
	/* who takes a group for a task waits for ever */
	if (reply->type == REDIS_REPLY_ERROR)
		tq_redis_failed(q->w->r->store.place, reply, &q->w->odd);
	if (reply->type != REDIS_REPLY_STRING || reply->len == 0)
		return;
	q->there = 1;
	if ((text->p = tq_arena_copy(&q->w->mem, reply->str, reply->len)) ==
	    NULL)
		tq_fail_sys(&q->w->odd, ENOMEM, "group %s", q->a->id);
	else
		text->n = reply->len;
}

static void
looked(void *arg, const redisReply *reply)
{
	struct asked *q = arg;
	struct tq_redis_meta m;
	struct tq_bytes text;
	struct tq_arena mem;
	struct tq_err why;

	if (reply == NULL)
		return;
	if (reply->type == REDIS_REPLY_ERROR)
		tq_redis_failed(q->w->r->store.place, reply, &q->w->odd);
	if (reply->type != REDIS_REPLY_STRING || reply->len == 0 ||
	    q->a->group.n > 0)
		return;
	q->there = 1;
	text.p = reply->str;
	text.n = reply->len;
	tq_arena_init(&mem);
	if (tq_redis_meta_decode(&m, &mem, text, &why) == 0)
		tq_redis_awaited_note(q->w, q->a, m.state);
	else
		tq_fail(&q->w->odd, why.num, "%s: %s", q->a->id, why.text);
	tq_arena_fini(&mem);
}

/* The answer comes with the others of a round trip. */
static int
ask_for(struct tq_redis *r, const char *prefix, tq_redis_done *done,
    struct asked *q, struct tq_err *e)
{
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "GET");
	tq_redis_cmd_join(&r->cmd, r->results.results, prefix, q->a->id, NULL);
	return tq_redis_post_later(&r->store, &r->cmd, done, q, e);
}

/*
 * Ask for some in one round trip.  Not by one command: the answer would be all
 * of their results at once.
 */
static int
ask(struct tq_redis_waiting *w, struct asked *q, size_t n, struct tq_err *e)
{
	struct tq_redis *r = w->r;
	size_t i;
	int rv = n == 0 ? 0 : tq_redis_ready_store(r, e);

	for (i = 0; i < n && rv == 0; i++) {
		if (!w->known)
			rv = ask_for(r, "celery-taskset-meta-", grouped,
			    &q[i], e);
		if (rv == 0)
			rv = ask_for(r, "celery-task-meta-", looked, &q[i], e);
	}
	if (n == 0 || (rv == 0 && tq_redis_finish(&r->store, e) == 0))
		return 0;
	/* what is still to come would be told to nobody */
	tq_redis_conn_drop(&r->store);
	return -1;
}

/* What was heard of n; those that may be nowhere are looked for, all at once. */
static int
check(struct tq_redis_waiting *w, const struct asked *q, size_t n,
    struct tq_err *e)
{
	struct tq_redis *r = w->r;
	const char *ids[AT_ONCE];
	size_t i, k = 0;
	int rv;

	if (w->odd.num != 0)
		return tq_fail(e, w->odd.num, "%s", w->odd.text);
	if (r->is_store || !r->place.tq_only)
		return 0;
	for (i = 0; i < n; i++)
		if (!q[i].there)
			ids[k++] = q[i].a->id;
	rv = tq_redis_ahead(r, ids, k, e);
	for (i = 0; i < n && rv != -1; i++) {
		tq_arena_reset(&r->mem);
		if (!q[i].there)
			rv = check_known(w, q[i].a, e);
	}
	tq_redis_ahead_end(r);
	return rv == -1 ? -1 : 0;
}

/* Look at each that has not ended. */
static int
look_at_all(struct tq_redis_waiting *w, struct tq_err *e)
{
	struct asked q[AT_ONCE];
	size_t i, n;
	int rv = 0;

	w->odd.num = 0;
	for (i = 0; i < w->nv && rv == 0;) {
		for (n = 0; n < AT_ONCE && i < w->nv; i++)
			if (!TQ_STATE_ENDED(w->v[i].state))
				q[n++] = (struct asked){ w, &w->v[i], 0 };
		if ((rv = ask(w, q, n, e)) == 0)
			rv = check(w, q, n, e);
	}
	return rv;
}

/* ---- waiting --------------------------------------------------------- */

/* A lost server is waited for as long as there is time. */
static int
wait_for(struct tq_redis_waiting *w, size_t count, tq_time until, struct tq_err *e)
{
	struct tq_redis *r = w->r;
	tq_time now, again = 0;
	int rv, known;

	if (tq_redis_awaited_begin(w, e) == -1)
		return -1;
	for (;;) {
		if ((rv = tq_redis_listen(w, until, e)) == -1)
			return -1;
		if (rv == 1)
			again = 0;
		if ((now = tq_clock_mono()) >= again) {
			if (look_at_all(w, e) == -1)
				return -1;
			again = tq_clock_mono() + LOOK_AGAIN;
		}
		known = w->known;
		if (!known && (rv = tq_redis_awaited_know(w, e)) != 0) {
			if (rv == -1)
				return -1;
			again = 0;
			continue;
		}
		if (w->nended >= count)
			return 1;
		if (!known)
			continue;
		if (now >= until || r->listen.wire.fd == -1)
			return 0;
		if (tq_redis_await(&r->listen, again < until ? again : until,
		    e) == -1)
			again = 0;
	}
}

static void
tell_ended(const struct tq_redis_waiting *w, enum tq_state *ended)
{
	size_t i;

	for (i = 0; ended != NULL && i < w->n; i++)
		ended[i] = w->open[i] == 0 ? w->ended[i] : TQ_ABSENT;
}

int
tq_redis_wait(void *b, const char *const *ids, size_t n, size_t count,
    tq_time timeout, enum tq_state *ended, struct tq_err *e)
{
	struct tq_redis *r = b;
	tq_time until = tq_clock_deadline(tq_clock_mono(), timeout);
	struct tq_redis_waiting w = { .r = r, .ids = ids, .n = n };
	struct tq_err why;
	int rv = -1;

	tq_arena_init(&w.mem);
	w.ended = calloc(n, sizeof(*w.ended));
	w.open = calloc(n, sizeof(*w.open));
	if (w.ended == NULL || w.open == NULL) {
		tq_fail_sys(e, ENOMEM, "%zu tasks", n);
		goto out;
	}
	while ((rv = wait_for(&w, count, until, &why)) == -1 &&
	    (why.num == ECONNREFUSED || why.num == ETIMEDOUT ||
	    why.num == EINPROGRESS)) {
		/* gone for a while: that is no reason to give up waiting */
		if (tq_clock_mono() >= until)
			break;
		(void)poll(NULL, 0, 100);
	}
	r->listen.push = NULL;
	/* not yet: he may come back, and then it is listened still */
	if (rv != 0)
		(void)tq_redis_unlisten(r, NULL);
	if (rv == -1)
		tq_fail(e, why.num, "%s", why.text);
	else
		tell_ended(&w, ended);
out:
	tq_arena_fini(&w.mem);
	free(w.by_id);
	free(w.v);
	free(w.ended);
	free(w.open);
	return rv;
}
