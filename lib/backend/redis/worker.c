/*
 * Being a worker: showing oneself, sleeping, being rung and told.  Words for a
 * worker come by Celery's remote control (control.c), from tqctl as from
 * `celery control`.
 */
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/redis/calls.h"
#include "backend/redis/names.h"
#include "backend/redis/redis.h"
#include "backend/redis/see.h"
#include "backend/redis/work.h"
#include "backend/redis/worker.h"
#include "base/clock.h"

#define TICK		(200 * TQ_MS)	/* while something taken waits */
#define LOOK_AGAIN	TQ_SECOND
#define SUB_ASK		(10 * TQ_SECOND)	/* the second connection */

void
tq_redis_worker_free(struct tq_redis *r)
{
	struct tq_redis_worker *w = r->worker;
	struct tq_err e;

	if (w == NULL)
		return;
	if (r->main.wire.fd != -1) {
		tq_redis_event_worker(r, "worker-offline");
		tq_redis_cmd_reset(&r->cmd);
		tq_redis_cmd_str(&r->cmd, "HDEL");
		tq_redis_cmd_join(&r->cmd, r->place.prefix, "tq.workers",
		    NULL);
		tq_redis_cmd_str(&r->cmd, r->node);
		if (tq_redis_post(&r->main, TQ_REDIS_PLAIN, &r->cmd, NULL,
		    NULL, &e) == 0)
			(void)tq_redis_finish(&r->main, &e);
	}
	if (r->timer != -1)
		close(r->timer);
	if (r->epoll != -1)
		close(r->epoll);
	tq_redis_names_fini(&w->names);
	free(w);
	r->worker = NULL;
}

/* ---- joining --------------------------------------------------------- */

/* An inner epoll: the second connection and a timer, as one descriptor. */
static int
open_epoll(struct tq_redis *r, struct tq_err *e)
{
	struct epoll_event ev = { .events = EPOLLIN };

	if ((r->epoll = epoll_create1(EPOLL_CLOEXEC)) == -1 ||
	    (r->timer = timerfd_create(CLOCK_MONOTONIC,
	    TFD_CLOEXEC | TFD_NONBLOCK)) == -1 ||
	    epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->timer, &ev) == -1)
		return tq_fail_sys(e, errno, "epoll");
	return 0;
}

/* A timer for what was taken and is not asked for; off when there is none. */
static void
set_timer(struct tq_redis *r)
{
	struct itimerspec its = { { 0, 0 }, { 0, 0 } };
	struct tq_redis_worker *w = r->worker;
	uint64_t unused;

	(void)!read(r->timer, &unused, sizeof(unused));
	if ((r->ntaken > 0) == w->ticking)
		return;
	w->ticking = r->ntaken > 0;
	if (w->ticking)
		tq_clock_timespec(&its.it_interval, TICK);
	its.it_value = its.it_interval;
	(void)timerfd_settime(r->timer, 0, &its, NULL);
}

/* The second connection is another after each loss. */
static void
watch_sub(struct tq_redis *r)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct tq_redis_worker *w = r->worker;

	if (r->sub.wire.fd == -1 || w->watched == r->sub.opened)
		return;
	(void)epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->sub.wire.fd, &ev);
	w->watched = r->sub.opened;
}

/* Name @ host, as Celery's -n: without a host it is ours. */
static int
set_node(struct tq_redis *r, const char *value, struct tq_err *e)
{
	const char *at = strchr(value, '@');
	int n;

	n = snprintf(r->node, sizeof(r->node), "%s%s%s", value,
	    at == NULL ? "@" : "", at == NULL ? r->host : "");
	if (n <= 0 || (size_t)n >= sizeof(r->node) || *value == '\0' ||
	    *value == '@' || !tq_id_valid(value))
		return tq_fail(e, EINVAL, "'%.80s' is no name of a node",
		    value);
	return 0;
}

int
tq_redis_option(void *b, const char *name, const char *value,
    struct tq_err *e)
{
	struct tq_redis *r = b;

	if (strcmp(name, "node") == 0)
		return set_node(r, value, e);
	if (strcmp(name, "events") == 0)
		r->events = strcmp(value, "yes") == 0;
	else if (strcmp(name, "tasks") == 0) {
		free(r->tasks);
		if ((r->tasks = strdup(value)) == NULL)
			return tq_fail_sys(e, ENOMEM, "worker");
	} else if (strcmp(name, "control") == 0)
		r->no_control = strcmp(value, "no") == 0;
	else
		return tq_fail(e, ENOTSUP, "redis: no '%s' of a worker", name);
	return 0;
}

int
tq_redis_join(void *b, const struct tq_take *take, unsigned jobs,
    struct tq_err *e)
{
	struct tq_redis *r = b;
	struct tq_redis_worker *w;
	size_t i;

	if (r->worker == NULL) {
		if ((w = calloc(1, sizeof(*w))) == NULL)
			return tq_fail_sys(e, ENOMEM, "worker");
		r->worker = w;
		w->since = tq_clock_wall();
		w->control = !r->no_control;
		w->events = r->events;
		if (open_epoll(r, e) == -1)
			return -1;
	}
	w = r->worker;
	w->jobs = w->jobs_min = w->jobs_max = jobs;
	w->nqueues = 0;
	if (tq_redis_ready(r, e) == -1)
		return -1;
	for (i = 0; i < take->nqueues; i++)
		if (tq_redis_serve(r, take->queue[i], e) == -1)
			return -1;
	if ((r->sub.wire.fd == -1 && tq_redis_sub_open(r, e) == -1) ||
	    tq_redis_note(r, 1, e) == -1)
		return -1;
	tq_redis_event_worker(r, "worker-online");
	return tq_redis_finish(&r->main, e);
}

void
tq_redis_status(void *b, const struct tq_worker_state *state)
{
	struct tq_redis *r = b;
	struct tq_redis_worker *w = r->worker;
	struct tq_err e;

	if (w == NULL)
		return;
	w->jobs = state->jobs;
	w->jobs_min = state->jobs_min > 0 ? state->jobs_min : w->jobs;
	w->jobs_max = state->jobs_max > 0 ? state->jobs_max : w->jobs;
	w->rss = state->rss;
	w->pong = state->pong;
	strlcpy(w->status, state->status, sizeof(w->status));
	if (state->limits != NULL)
		strlcpy(w->limits, state->limits, sizeof(w->limits));
	if (r->main.wire.fd != -1)
		(void)tq_redis_note(r, 1, &e);
}

int
tq_redis_fd(void *b)
{
	struct tq_redis *r = b;

	return r->epoll;
}

/* ---- sleeping -------------------------------------------------------- */

int
tq_redis_sleep(void *b, const struct tq_take *take, tq_time *next,
    struct tq_err *e)
{
	struct tq_redis *r = b;
	tq_time now = tq_clock_wall(), wake;
	int n;

	*next = now + LOOK_AGAIN;
	if (take == NULL)
		return 1;
	if (tq_redis_tend(r, e) == -1)
		return -1;
	if (r->ntaken > 0)
		return 0;
	if ((n = tq_redis_watch(r, take, e)) == -1)
		return -1;
	if (r->worker != NULL)
		watch_sub(r);
	if ((wake = tq_redis_next(r)) != 0 && wake < *next)
		*next = wake;
	if (r->no_tracking && now + 20 * TQ_MS < *next)
		*next = now + 20 * TQ_MS;
	if (wake != 0 && wake <= now)
		return 0;
	r->quiet = n == 0 && !r->no_tracking;
	return n == 0;
}

/*
 * Nothing need ever come through the second connection, so a dead one would
 * not be seen: it is asked, and dropped when it says nothing.
 */
static void
watch_silence(struct tq_redis *r)
{
	struct tq_redis_worker *w = r->worker;
	tq_time now = tq_clock_mono();

	if (r->sub.wire.fd == -1 || now - w->asked < SUB_ASK)
		return;
	if (w->asked_of == r->sub.opened && r->heard < w->asked) {
		tq_redis_conn_drop(&r->sub);
		return;
	}
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "PING");
	(void)tq_redis_tell(&r->sub, &r->cmd, NULL);
	w->asked = now;
	w->asked_of = r->sub.opened;
}

int
tq_redis_mail(void *b, char *buf, size_t size, struct tq_err *e)
{
	struct tq_redis *r = b;

	if (r->worker == NULL)
		return 0;
	/* a closed one would ring for ever */
	if (r->sub.wire.fd != -1)
		(void)tq_redis_pump(&r->sub, e);
	watch_silence(r);
	/* what is due, whatever else there is; the next claim tells failures */
	if (tq_redis_tend(r, e) == 0) {
		if (r->sub.wire.fd == -1)
			(void)tq_redis_sub_open(r, e);
		(void)tq_redis_note(r, 0, e);
		tq_redis_event_beat(r);
		(void)tq_redis_pump(&r->main, e);
	}
	watch_sub(r);
	set_timer(r);
	return tq_redis_mail_take(r, buf, size);
}
