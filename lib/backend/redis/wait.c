/*
 * Waiting for messages without taking any.
 *
 * The server remembers which keys we asked about (CLIENT TRACKING, Redis 6)
 * and rings our second connection once one of them is written to, by whomever:
 * any number of lists is watched so, and nothing is taken on the way.  Where
 * that cannot be had the lists are looked at now and then.
 */
#include <bsd/string.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "backend/redis/keyname.h"
#include "backend/redis/work.h"
#include "base/clock.h"

#define POLL_EVERY	(20 * TQ_MS)

/* ---- being rung ------------------------------------------------------ */

/* Connect the second one and let the server ring it for the first. */
static int
track(struct tq_redis *r, struct tq_err *e)
{
	struct tq_err why;
	char id[32];
	redisReply *a;

	if (r->sub.wire.fd == -1 && tq_redis_sub_open(r, e) == -1)
		return -1;
	snprintf(id, sizeof(id), "%lld", r->sub_id);
	a = tq_redis_say(&r->main, &why, "CLIENT", "TRACKING", "ON",
	    "REDIRECT", id, "OPTIN", "NOLOOP", NULL);
	if (a == NULL) {
		if (r->main.wire.fd == -1)
			return tq_fail(e, why.num, "%s", why.text);
		r->no_tracking = 1;	/* an older server, or not allowed */
		return 0;
	}
	freeReplyObject(a);
	r->tracked_main = r->main.opened;
	r->tracked_sub = r->sub.opened;
	return 0;
}

static int
is_tracking(const struct tq_redis *r)
{
	return r->sub.wire.fd != -1 && r->tracked_main == r->main.opened &&
	    r->tracked_sub == r->sub.opened;
}

static void
got_due(void *arg, const redisReply *a)
{
	struct tq_redis *r = arg;

	if (a == NULL || a->type != REDIS_REPLY_ARRAY)
		return;
	r->view.dated = 1;
	r->view.due = a->elements < 2 ? 0 :
	    tq_redis_time(a->element[1]->str);
}

static int
caching(struct tq_redis *r, struct tq_err *e)
{
	tq_redis_cmd_reset(&r->look);
	tq_redis_cmd_str(&r->look, "CLIENT");
	tq_redis_cmd_str(&r->look, "CACHING");
	tq_redis_cmd_str(&r->look, "YES");
	return tq_redis_post_later(&r->main, &r->look, NULL, NULL, e);
}

/* When the next delayed one is due: the answer comes with the next one. */
static int
ask_due(struct tq_redis *r, struct tq_err *e)
{
	if (!r->no_tracking && caching(r, e) == -1)
		return -1;
	tq_redis_cmd_reset(&r->look);
	tq_redis_cmd_str(&r->look, "ZRANGE");
	tq_redis_cmd_join(&r->look, r->place.prefix, "tq.delayed", NULL);
	tq_redis_cmd_str(&r->look, "0");
	tq_redis_cmd_str(&r->look, "0");
	tq_redis_cmd_str(&r->look, "WITHSCORES");
	return tq_redis_post_later(&r->main, &r->look, got_due, r, e);
}

/* Rung since we took: a lane is free, or something is parked. */
static void
got_bell(void *arg, const redisReply *a)
{
	struct tq_redis *r = arg;

	if (a != NULL && a->type == REDIS_REPLY_STRING)
		strlcpy(r->view.bell, a->str, sizeof(r->view.bell));
}

static int
ask_bell(struct tq_redis *r, struct tq_err *e)
{
	if (!r->no_tracking && caching(r, e) == -1)
		return -1;
	tq_redis_cmd_reset(&r->look);
	tq_redis_cmd_str(&r->look, "GET");
	tq_redis_cmd_join(&r->look, r->place.prefix, "tq.bell", NULL);
	return tq_redis_post_later(&r->main, &r->look, got_bell, r, e);
}

static void
got_lists(void *arg, const redisReply *a)
{
	struct tq_redis *r = arg;

	if (a != NULL && a->type == REDIS_REPLY_INTEGER)
		r->view.lists = a->integer;
	else if (a != NULL && a->type == REDIS_REPLY_ERROR)
		tq_redis_failed(&r->place, a, &r->view.e);
}

static int
ask_lists(struct tq_redis *r, const struct tq_take *take, struct tq_err *e)
{
	const char *list;
	size_t i, k;

	if (!r->no_tracking && caching(r, e) == -1)
		return -1;
	tq_arena_reset(&r->mem);
	tq_redis_cmd_reset(&r->look);
	tq_redis_cmd_str(&r->look, "EXISTS");
	for (i = 0; i < take->nqueues; i++)
		for (k = 0; k < r->place.nsteps; k++) {
			list = tq_redis_list_key(&r->place, &r->mem,
			    take->queue[i], (int)r->place.steps[k]);
			if (list == NULL)
				return tq_fail_sys(e, ENOMEM, "queue %s",
				    take->queue[i]);
			tq_redis_cmd_str(&r->look, list);
		}
	return tq_redis_post_later(&r->main, &r->look, got_lists, r, e);
}

/* Ask for all that may wake us: the server rings us when any of it changes. */
static int
ask_all(struct tq_redis *r, const struct tq_take *take, struct tq_err *e)
{
	memset(&r->view, 0, sizeof(r->view));
	/* a task that is due earlier must ring, too */
	if (ask_due(r, e) == -1 || ask_bell(r, e) == -1 ||
	    ask_lists(r, take, e) == -1)
		return -1;
	r->view.asked = r->main.asked;
	return 0;
}

/* What was asked still holds: nobody rang, and we did nothing since. */
static int
is_in_view(const struct tq_redis *r)
{
	return r->view.asked != 0 && r->view.asked == r->main.asked &&
	    r->main.n == 0 && is_tracking(r);
}

int
tq_redis_look_too(struct tq_redis *r, const struct tq_take *take,
    struct tq_err *e)
{
	return is_tracking(r) ? ask_all(r, take, e) : 0;
}

int
tq_redis_watch(struct tq_redis *r, const struct tq_take *take,
    struct tq_err *e)
{
	if (!is_in_view(r)) {
		if (!r->no_tracking && !is_tracking(r) && track(r, e) == -1)
			return -1;
		/* old rings: whatever they meant is seen below */
		if (r->sub.wire.fd != -1 && tq_redis_pump(&r->sub, NULL) == -1)
			r->tracked_sub = 0;
		if (ask_all(r, take, e) == -1 ||
		    tq_redis_finish(&r->main, e) == -1)
			return -1;
	}
	if (r->view.e.num != 0)
		return tq_fail(e, r->view.e.num, "%s", r->view.e.text);
	/* it was seen behind the take, which saw another one, maybe */
	if (r->view.dated)
		r->due = r->view.due;
	return (r->paused ? 0 : (int)r->view.lists) +
	    (strcmp(r->view.bell, r->bell) != 0);
}

int
tq_redis_doze(struct tq_redis *r, const struct tq_take *take, tq_time until,
    struct tq_err *e)
{
	struct pollfd p = { .events = POLLIN };
	tq_time left;
	int rv;

	if ((rv = tq_redis_watch(r, take, e)) != 0)
		return rv == -1 ? -1 : 0;
	left = until - tq_clock_mono();
	if (r->no_tracking && left > POLL_EVERY)
		left = POLL_EVERY;
	if (left < 0)
		left = 0;
	p.fd = r->no_tracking ? -1 : r->sub.wire.fd;
	rv = poll(&p, 1, (int)((left + TQ_MS - 1) / TQ_MS));
	if (rv == -1 && errno != EINTR)
		return tq_fail_sys(e, errno, "poll");
	if (rv == 1)
		(void)tq_redis_pump(&r->sub, NULL);
	return 0;
}
