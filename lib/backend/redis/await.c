/*
 * Waiting for results.
 *
 * Whoever waits listens first and looks then, so that no end falls between;
 * and looks again now and then.  A group ends with the last of its members.
 *
 * He listens and looks over two connections, and a server may read them in
 * either order: he looks when it has said that he listens.
 *
 * Who waits for a part of his time only comes back for the same: until then it
 * is listened on, and what was not confirmed yet stays on its way.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/meta.h"
#include "base/clock.h"

#define LOOK_AGAIN	(5 * TQ_SECOND)	/* while waiting, whatever is told */
#define AT_ONCE		500		/* questions in a round trip */

/* A task that is listened for: asked for itself, or as one of a group. */
struct awaited {
	const char	*id;
	size_t		 of;		/* place of what was asked for */
	enum tq_state	 state;
};

struct wait {
	struct tq_redis	*r;
	const char *const *ids;		/* n that were asked for */
	size_t		 n;
	size_t		 known;		/* of these: it is known what they are */
	enum tq_state	*ended;		/* n of them */
	size_t		*open;		/* n: members that must still end */
	size_t		 left;		/* of ids that must still end */
	int		 listens;	/* told of what comes */
	struct awaited	*v;		/* nv of them, as they were asked for */
	size_t		 nv, cap;
	struct awaited	**by_id;	/* the same in order, nsorted of them */
	size_t		 nsorted;
	struct tq_err	 odd;		/* a meta that cannot be read; num 0 */
	struct tq_arena	 mem;
};

static void
note(struct wait *w, struct awaited *a, enum tq_state state)
{
	enum tq_state *ended = &w->ended[a->of];

	if (!TQ_STATE_ENDED(state) || TQ_STATE_ENDED(a->state))
		return;
	a->state = state;
	/* of a group the first that did not succeed decides */
	if (*ended == TQ_ABSENT || *ended == TQ_SUCCESS)
		*ended = w->open[a->of] == 1 && *ended == TQ_ABSENT ? state :
		    state == TQ_SUCCESS ? TQ_SUCCESS : TQ_FAILURE;
	if (--w->open[a->of] == 0 && w->left > 0)
		w->left--;
}

/* ---- what is listened for -------------------------------------------- */

static int
add(struct wait *w, const char *id, size_t of, struct tq_err *e)
{
	struct awaited *p;
	size_t cap;

	if (w->nv == w->cap) {
		cap = w->cap == 0 ? 64 : 2 * w->cap;
		if ((p = reallocarray(w->v, cap, sizeof(*p))) == NULL)
			return tq_fail_sys(e, ENOMEM, "%zu tasks", cap);
		w->v = p;
		w->cap = cap;
	}
	w->v[w->nv++] = (struct awaited){ id, of, TQ_ABSENT };
	w->open[of]++;
	return 0;
}

/*
 * What was asked for, a group as its members.  When the server is lost in
 * between it goes on from there.
 */
static int
expand(struct wait *w, struct tq_err *e)
{
	const char *const *ids;
	size_t i, k, n;
	int rv;

	for (; w->known < w->n; w->known++) {
		i = w->known;
		rv = tq_redis_group(w->r, &ids, &n, &w->mem, w->ids[i], e);
		if (rv == -1)
			return -1;
		if (rv == 0 && add(w, w->ids[i], i, e) == -1)
			return -1;
		for (k = 0; rv == 1 && k < n; k++)
			if (add(w, ids[k], i, e) == -1)
				return -1;
		if (rv == 1 && n == 0) {
			w->ended[i] = TQ_SUCCESS;
			w->left -= w->left > 0;
		}
	}
	return 0;
}

static int
by_id(const void *a, const void *b)
{
	const struct awaited *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

/* All are known: each that is told of is to be found among 100,000. */
static int
sort(struct wait *w, struct tq_err *e)
{
	size_t i;

	if (w->nsorted == w->nv)
		return 0;
	if ((w->by_id = calloc(w->nv, sizeof(*w->by_id))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%zu tasks", w->nv);
	for (i = 0; i < w->nv; i++)
		w->by_id[i] = &w->v[i];
	w->nsorted = w->nv;
	qsort(w->by_id, w->nsorted, sizeof(*w->by_id), by_id);
	return 0;
}

/* This one has ended, wherever it was asked for. */
static void
note_all(struct wait *w, const char *id, enum tq_state state)
{
	size_t low = 0, high = w->nsorted, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(w->by_id[mid]->id, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < w->nsorted && strcmp(w->by_id[low]->id, id) == 0; low++)
		note(w, w->by_id[low], state);
}

/* [message, "celery-task-meta-ID", meta], or [subscribe, channel, n] */
static void
told(void *arg, const redisReply *a)
{
	struct wait *w = arg;
	struct tq_arena mem;
	struct tq_bytes text;
	const char *id;
	struct tq_redis_meta m;

	/* who may not listen hears nothing, and looks now and then */
	if (a != NULL && a->type == REDIS_REPLY_ERROR)
		w->r->unsure = 0;
	if (a == NULL || a->type != REDIS_REPLY_ARRAY || a->elements != 3)
		return;
	if (a->element[2]->type == REDIS_REPLY_INTEGER &&
	    strcmp(a->element[0]->str, "subscribe") == 0)
		w->r->unsure -= w->r->unsure > 0;
	if (a->element[2]->type != REDIS_REPLY_STRING ||
	    (id = strstr(a->element[1]->str, "celery-task-meta-")) == NULL)
		return;
	id += strlen("celery-task-meta-");
	text.p = a->element[2]->str;
	text.n = a->element[2]->len;
	tq_arena_init(&mem);
	if (tq_redis_meta_decode(&m, &mem, text, NULL) == 0)
		note_all(w, id, m.state);
	tq_arena_fini(&mem);
}

/* Wait until the server has heard that we listen, or there is no more time. */
static int
be_sure(struct tq_redis *r, tq_time until, struct tq_err *e)
{
	int rv;

	while (r->unsure > 0) {
		rv = tq_redis_await(&r->listen, r->sure_by < until ?
		    r->sure_by : until, e);
		if (rv == -1)
			return -1;
		if (rv == 1) {
			r->sure_by = tq_clock_deadline(tq_clock_mono(),
			    r->listen.place->timeout);
			continue;
		}
		if (tq_clock_mono() >= until)
			return 0;
		tq_redis_conn_drop(&r->listen);
		return tq_fail(e, ETIMEDOUT, "%s: no answer",
		    r->results.name);
	}
	return 0;
}

/* What still comes of these channels is nobody's. */
static int
leave(struct tq_redis *r, struct tq_err *e)
{
	struct tq_redis_cmd none;
	int rv = 0;

	/* what is on its way would be counted for the next ones */
	if (r->unsure > 0)
		tq_redis_conn_drop(&r->listen);
	r->unsure = 0;
	if (r->listen.wire.fd != -1 && r->listens.n > 0) {
		tq_redis_cmd_init(&none);
		tq_redis_cmd_str(&none, "UNSUBSCRIBE");
		rv = tq_redis_tell(&r->listen, &none, e);
		tq_redis_cmd_fini(&none);
	}
	tq_redis_cmd_reset(&r->listens);
	return rv;
}

/* Listen to these channels, and no others. */
static int
listen_to(struct tq_redis *r, struct tq_redis_cmd *cmd, struct tq_err *e)
{
	struct tq_redis_cmd old = r->listens;

	/* the connection stays from one wait to the next */
	if (r->listen.wire.fd != -1 && old.n == cmd->n &&
	    old.bytes.n == cmd->bytes.n &&
	    memcmp(old.bytes.p, cmd->bytes.p, old.bytes.n) == 0)
		return 0;
	if (leave(r, e) == -1 || (r->listen.wire.fd == -1 &&
	    tq_redis_conn_open(&r->listen, e) == -1) ||
	    tq_redis_tell(&r->listen, cmd, e) == -1)
		return -1;
	old = r->listens;
	r->listens = *cmd;
	*cmd = old;
	r->unsure = r->listens.n - 1;
	r->sure_by = tq_clock_deadline(tq_clock_mono(),
	    r->listen.place->timeout);
	return 0;
}

/* Listen for all, so that who comes back asks for the same. */
static int
subscribe(struct wait *w, tq_time until, struct tq_err *e)
{
	struct tq_redis *r = w->r;
	size_t i;

	if (w->nv == 0)
		return 0;
	r->listen.push = told;
	r->listen.arg = w;
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "SUBSCRIBE");
	for (i = 0; i < w->nv; i++)
		tq_redis_cmd_join(&r->cmd, r->results.results,
		    "celery-task-meta-", w->v[i].id, NULL);
	if (listen_to(r, &r->cmd, e) == -1)
		return -1;
	w->listens = 1;
	return be_sure(r, until, e);
}

/* ---- looking --------------------------------------------------------- */

/* Where it may be is known: it is there or nowhere. */
static int
check_known(struct wait *w, struct awaited *a, struct tq_err *e)
{
	struct tq_redis *r = w->r;
	struct tq_redis_meta m;
	struct tq_info info;
	int rv;

	memset(&info, 0, sizeof(info));
	if ((rv = tq_redis_find(r, a->id, &info, &r->mem, e)) == 0 &&
	    (rv = tq_redis_meta_look(r, &m, &r->mem, a->id, e)) == 1)
		note(w, a, m.state);
	return rv != 0 ? rv : tq_fail(e, ENOENT, "%s: no such task", a->id);
}

/* One whose meta was asked for. */
struct asked {
	struct wait	*w;
	struct awaited	*a;
	int		 there;		/* it has one */
};

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
	if (reply->type != REDIS_REPLY_STRING || reply->len == 0)
		return;
	q->there = 1;
	text.p = reply->str;
	text.n = reply->len;
	tq_arena_init(&mem);
	if (tq_redis_meta_decode(&m, &mem, text, &why) == 0)
		note(q->w, q->a, m.state);
	else
		tq_fail(&q->w->odd, why.num, "%s: %s", q->a->id, why.text);
	tq_arena_fini(&mem);
}

/*
 * Ask for some in one round trip.  Not by one command: the answer would be all
 * of their results at once.
 */
static int
ask(struct tq_redis *r, struct asked *q, size_t n, struct tq_err *e)
{
	size_t i;
	int rv = n == 0 ? 0 : tq_redis_ready_store(r, e);

	for (i = 0; i < n && rv == 0; i++) {
		tq_redis_cmd_reset(&r->cmd);
		tq_redis_cmd_str(&r->cmd, "GET");
		tq_redis_cmd_join(&r->cmd, r->results.results,
		    "celery-task-meta-", q[i].a->id, NULL);
		rv = tq_redis_post_later(&r->store, &r->cmd, looked, &q[i], e);
	}
	if (n == 0 || (rv == 0 && tq_redis_finish(&r->store, e) == 0))
		return 0;
	/* what is still to come would be told to nobody */
	tq_redis_conn_drop(&r->store);
	return -1;
}

/* What was heard of n; those that may be nowhere are looked for. */
static int
check(struct wait *w, const struct asked *q, size_t n, struct tq_err *e)
{
	struct tq_redis *r = w->r;
	size_t i;

	if (w->odd.num != 0)
		return tq_fail(e, w->odd.num, "%s", w->odd.text);
	for (i = 0; i < n; i++) {
		if (q[i].there || r->is_store || !r->place.tq_only)
			continue;
		tq_arena_reset(&r->mem);
		if (check_known(w, q[i].a, e) == -1)
			return -1;
	}
	return 0;
}

/* Look at each that has not ended. */
static int
look_at_all(struct wait *w, struct tq_err *e)
{
	struct asked q[AT_ONCE];
	size_t i, n;
	int rv = 0;

	w->odd.num = 0;
	for (i = 0; i < w->nv && rv == 0;) {
		for (n = 0; n < AT_ONCE && i < w->nv; i++)
			if (!TQ_STATE_ENDED(w->v[i].state))
				q[n++] = (struct asked){ w, &w->v[i], 0 };
		if ((rv = ask(w->r, q, n, e)) == 0)
			rv = check(w, q, n, e);
	}
	return rv;
}

/* ---- waiting --------------------------------------------------------- */

/* A lost server is waited for as long as there is time. */
static int
wait_for(struct wait *w, tq_time until, struct tq_err *e)
{
	struct tq_redis *r = w->r;
	tq_time now, again = 0;

	if (expand(w, e) == -1 || sort(w, e) == -1)
		return -1;
	for (;;) {
		if ((r->listen.wire.fd == -1 || !w->listens) &&
		    until > tq_clock_mono() && subscribe(w, until, e) == -1)
			return -1;
		if ((now = tq_clock_mono()) >= again) {
			if (look_at_all(w, e) == -1)
				return -1;
			again = tq_clock_mono() + LOOK_AGAIN;
		}
		if (w->left == 0)
			return 1;
		if (now >= until || r->listen.wire.fd == -1)
			return 0;
		if (tq_redis_await(&r->listen, again < until ? again : until,
		    e) == -1)
			again = 0;
	}
}

static void
tell_ended(const struct wait *w, enum tq_state *ended)
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
	struct wait w = { .r = r, .ids = ids, .n = n, .left = count };
	struct tq_err why;
	int rv = -1;

	tq_arena_init(&w.mem);
	w.ended = calloc(n, sizeof(*w.ended));
	w.open = calloc(n, sizeof(*w.open));
	if (w.ended == NULL || w.open == NULL) {
		tq_fail_sys(e, ENOMEM, "%zu tasks", n);
		goto out;
	}
	while ((rv = wait_for(&w, until, &why)) == -1 &&
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
		(void)leave(r, NULL);
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
