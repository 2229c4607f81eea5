/*
 * Being a worker: showing oneself, sleeping, being rung and told.
 *
 * Who works is noted in the hash `tq.workers`, name -> JSON, with the time
 * until which the note holds.  Words for a worker come by Celery's remote
 * control (control.c), from tqctl as from `celery control`.
 */
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/redis/worker.h"
#include "base/clock.h"
#include "message/json.h"

#define NOTE_EVERY	(5 * TQ_SECOND)
#define NOTE_HOLDS	(30 * TQ_SECOND)
#define TICK		(200 * TQ_MS)	/* while something taken waits */
#define LOOK_AGAIN	TQ_SECOND
#define SUB_ASK		(10 * TQ_SECOND)	/* the second connection */

/* ---- the note -------------------------------------------------------- */

static void
put_ids(struct tq_buf *b, const struct tq_redis *r)
{
	const struct tq_redis_held *h;
	int n = 0;

	tq_buf_str(b, ", \"ids\": [");
	TAILQ_FOREACH(h, &r->held, link) {
		if (h->stage != TQ_REDIS_CLAIMED)
			continue;
		if (n++ > 0)
			tq_buf_str(b, ", ");
		tq_json_str(b, h->id.s, strlen(h->id.s));
	}
	tq_buf_str(b, "]");
}

static void
put_note(struct tq_buf *b, const struct tq_redis *r, tq_time now)
{
	const struct tq_redis_worker *w = r->worker;

	tq_buf_printf(b, "{\"pid\": %d, \"jobs\": %u, \"since\": %lld, "
	    "\"until\": %lld, \"claims\": %llu, \"done\": %llu, "
	    "\"failed\": %llu, \"host\": ", (int)getpid(), w->jobs,
	    (long long)w->since, (long long)(now + NOTE_HOLDS),
	    (unsigned long long)w->claims, (unsigned long long)w->done,
	    (unsigned long long)w->failed);
	tq_json_str(b, r->host, strlen(r->host));
	tq_buf_str(b, ", \"stem\": ");
	tq_json_str(b, r->stem, strlen(r->stem));
	tq_buf_str(b, ", \"queues\": ");
	tq_json_str(b, w->queues, strlen(w->queues));
	tq_buf_str(b, ", \"status\": ");
	tq_json_str(b, w->status, strlen(w->status));
	tq_buf_str(b, ", \"limits\": ");
	tq_json_str(b, w->limits, strlen(w->limits));
	tq_buf_printf(b, ", \"rss\": %lld, \"pong\": %llu",
	    (long long)w->rss, (unsigned long long)w->pong);
	put_ids(b, r);
	tq_buf_str(b, "}");
}

/* Write it, when it has changed or is growing old. */
static int
note(struct tq_redis *r, int changed, struct tq_err *e)
{
	struct tq_redis_worker *w = r->worker;
	tq_time now = tq_clock_mono();

	if (!changed && now - w->noted < NOTE_EVERY)
		return 0;
	tq_buf_reset(&r->buf);
	put_note(&r->buf, r, tq_clock_wall());
	if (!tq_buf_ok(&r->buf))
		return tq_fail_sys(e, ENOMEM, "%s", r->node);
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "HSET");
	tq_redis_cmd_join(&r->cmd, r->place.prefix, "tq.workers", NULL);
	tq_redis_cmd_str(&r->cmd, r->node);
	tq_redis_cmd_put(&r->cmd, r->buf.p, r->buf.n);
	w->noted = now;
	return tq_redis_post(&r->main, TQ_REDIS_PLAIN, &r->cmd, NULL, NULL,
	    e);
}

void
tq_redis_worker_free(struct tq_redis *r)
{
	struct tq_redis_worker *w = r->worker;
	struct tq_err e;

	if (w == NULL)
		return;
	if (r->main.fd != -1) {
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
	free(w->queues);
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

	if (r->sub.fd == -1 || w->watched == r->sub.opened)
		return;
	(void)epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->sub.fd, &ev);
	w->watched = r->sub.opened;
}

static char *
join_names(const struct tq_take *take)
{
	struct tq_buf b;
	char *s = NULL;
	size_t i;

	tq_buf_init(&b);
	for (i = 0; i < take->nqueues; i++) {
		if (i > 0)
			tq_buf_byte(&b, ',');
		tq_buf_str(&b, take->queue[i]);
	}
	if (tq_buf_ok(&b))
		s = strndup((const char *)b.p, b.n);
	tq_buf_fini(&b);
	return s;
}

/* Named exchanges of Celery find the queues that we read. */
static int
bind_queues(struct tq_redis *r, const struct tq_take *take, struct tq_err *e)
{
	size_t i;

	for (i = 0; i < take->nqueues; i++) {
		tq_redis_cmd_reset(&r->cmd);
		tq_redis_cmd_str(&r->cmd, "SADD");
		tq_redis_cmd_join(&r->cmd, r->place.prefix, "_kombu.binding.",
		    take->queue[i], NULL);
		tq_redis_cmd_join(&r->cmd, take->queue[i], "\x06\x16\x06\x16",
		    take->queue[i], NULL);
		if (tq_redis_post(&r->main, TQ_REDIS_PLAIN, &r->cmd, NULL,
		    NULL, e) == -1)
			return -1;
	}
	return 0;
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
	else if (strcmp(name, "control") == 0)
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
	w->jobs = jobs;
	free(w->queues);
	if ((w->queues = join_names(take)) == NULL)
		return tq_fail_sys(e, ENOMEM, "worker");
	w->nqueues = take->nqueues;
	for (i = 0; i < take->nqueues; i++)
		strlcpy(w->queue[i], take->queue[i], sizeof(w->queue[i]));
	if (tq_redis_ready(r, e) == -1 || bind_queues(r, take, e) == -1 ||
	    (r->sub.fd == -1 && tq_redis_sub_open(r, e) == -1) ||
	    note(r, 1, e) == -1)
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
	w->rss = state->rss;
	w->pong = state->pong;
	strlcpy(w->status, state->status, sizeof(w->status));
	if (state->limits != NULL)
		strlcpy(w->limits, state->limits, sizeof(w->limits));
	if (r->main.fd != -1)
		(void)note(r, 1, &e);
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
	tq_time now = tq_clock_wall();
	int n;

	*next = now + LOOK_AGAIN;
	if (tq_redis_tend(r, e) == -1)
		return -1;
	if (r->ntaken > 0)
		return 0;
	if ((n = tq_redis_watch(r, take, e)) == -1)
		return -1;
	if (r->worker != NULL)
		watch_sub(r);
	if (r->due != 0 && r->due < *next)
		*next = r->due;
	if (r->no_tracking && now + 20 * TQ_MS < *next)
		*next = now + 20 * TQ_MS;
	if (r->due != 0 && r->due <= now)
		return 0;
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

	if (r->sub.fd == -1 || now - w->asked < SUB_ASK)
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
	struct tq_redis_worker *w = r->worker;

	if (w == NULL)
		return 0;
	/* a closed one would ring for ever */
	if (r->sub.fd != -1)
		(void)tq_redis_pump(&r->sub, e);
	watch_silence(r);
	/* what is due, whatever else there is; the next claim tells failures */
	if (tq_redis_tend(r, e) == 0) {
		if (r->sub.fd == -1)
			(void)tq_redis_sub_open(r, e);
		(void)note(r, 0, e);
		tq_redis_event_beat(r);
		(void)tq_redis_pump(&r->main, e);
	}
	watch_sub(r);
	set_timer(r);
	if (w->nmails == 0)
		return 0;
	strlcpy(buf, w->mail[w->first], size);
	w->first = (w->first + 1) % TQ_REDIS_MAILS;
	w->nmails--;
	return 1;
}

void
tq_redis_mail_add(struct tq_redis *r, const char *fmt, ...)
{
	struct tq_redis_worker *w = r->worker;
	va_list ap;

	if (w->nmails == TQ_REDIS_MAILS)
		return;
	va_start(ap, fmt);
	vsnprintf(w->mail[(w->first + w->nmails) % TQ_REDIS_MAILS],
	    sizeof(w->mail[0]), fmt, ap);
	va_end(ap);
	w->nmails++;
}

/* ---- who works ------------------------------------------------------- */

static uint64_t
number(struct tq_bytes v, const char *name)
{
	int64_t n;

	return tq_scan_int(&n, tq_scan_get(v, name)) && n > 0 ? (uint64_t)n :
	    0;
}

static const char *
text(struct tq_arena *mem, struct tq_bytes v, const char *name)
{
	const char *s = tq_scan_string(mem, tq_scan_get(v, name)).p;

	return s == NULL ? "" : s;
}

static int
ids_of(struct tq_worker_info *w, struct tq_arena *mem, struct tq_bytes list)
{
	struct tq_bytes v;
	struct tq_scan scan;
	const char **ids;

	w->nids = 0;
	ids = tq_arena_alloc(mem, (tq_scan_count(list) + 1) * sizeof(*ids));
	if (ids == NULL)
		return -1;
	tq_scan_init(&scan, list);
	while (tq_scan_next(&scan, &v))
		if ((ids[w->nids] = tq_scan_string(mem, v).p) != NULL)
			w->nids++;
	w->ids = ids;
	w->running = (unsigned)w->nids;
	return 0;
}

/* A note, if it still holds: 1; 0; -1. */
static int
read_note(struct tq_worker_info *w, struct tq_arena *mem, const char *name,
    const char *p, size_t n)
{
	const struct tq_scan_bounds bounds = { 1 << 20, 100000, 8 };
	struct tq_bytes v;

	memset(w, 0, sizeof(*w));
	if (tq_scan_check(&v, p, n, &bounds, NULL) == -1 ||
	    number(v, "until") < (uint64_t)tq_clock_wall())
		return 0;
	w->name = name;
	w->host = text(mem, v, "host");
	w->pid = (int)number(v, "pid");
	w->since = (tq_time)number(v, "since");
	w->queues = text(mem, v, "queues");
	w->jobs = (unsigned)number(v, "jobs");
	w->claims = number(v, "claims");
	w->done = number(v, "done");
	w->failed = number(v, "failed");
	w->status = text(mem, v, "status");
	w->limits = text(mem, v, "limits");
	w->rss = (int64_t)number(v, "rss");
	w->pong = number(v, "pong");
	return ids_of(w, mem, tq_scan_get(v, "ids")) == -1 ? -1 : 1;
}

/* It is no Celery worker; and it may have answered a ping by now. */
static void
heard_of(struct tq_redis *r, struct tq_worker_info *w)
{
	size_t i;

	for (i = 0; i < r->npeers; i++) {
		if (strcmp(r->peers[i].name, w->name) != 0)
			continue;
		r->peers[i].is_tq = 1;
		if (r->peers[i].pong > w->pong)
			w->pong = r->peers[i].pong;
	}
}

/* Celery's workers: they tell when they are asked. */
static int
others(struct tq_redis *r, int (*each)(const struct tq_worker_info *, void *),
    void *arg)
{
	const struct tq_redis_peer *p;
	struct tq_worker_info w;
	size_t i;
	int rv = 0;

	for (i = 0; i < r->npeers && rv == 0; i++) {
		p = &r->peers[i];
		if (p->seen != r->peers_at || p->is_tq)
			continue;
		memset(&w, 0, sizeof(w));
		w.name = p->name;
		w.host = strchr(p->name, '@') != NULL ?
		    strchr(p->name, '@') + 1 : "";
		w.pid = p->pid;
		w.since = p->since;
		w.queues = p->queues;
		w.jobs = p->jobs;
		w.claims = p->claims;
		w.status = "Celery";
		w.pong = p->pong;
		rv = each(&w, arg);
	}
	return rv;
}

/* What one wants to know of who works: who has a tag, who serves a queue. */
struct ask {
	const char	*tag, *queue;
	struct tq_info	*out;
	int		 served;
};

static int
look_at(const struct tq_worker_info *w, const char *stem, struct ask *a)
{
	size_t n = strlen(a->queue);
	const char *s = w->queues;

	if (a->tag != NULL && *stem != '\0' &&
	    strncmp(a->tag, stem, strlen(stem)) == 0) {
		strlcpy(a->out->worker, w->name, sizeof(a->out->worker));
		strlcpy(a->out->host, w->host, sizeof(a->out->host));
		a->out->pid = w->pid;
	}
	for (; s != NULL; s = strchr(s, ',')) {
		s += *s == ',';
		if (strncmp(s, a->queue, n) == 0 &&
		    (s[n] == ',' || s[n] == '\0'))
			a->served = 1;
	}
	return 0;
}

/* Go through the notes that hold. */
static int
through_notes(struct tq_redis *r, struct ask *ask, struct tq_err *e)
{
	const struct tq_scan_bounds bounds = { 1 << 20, 100000, 8 };
	struct tq_worker_info w;
	struct tq_arena mem;
	struct tq_bytes v;
	const char *key;
	redisReply *a;
	size_t i;
	int rv = 0;

	if ((key = tq_redis_own_key(r, &r->mem, "tq.workers")) == NULL)
		return tq_fail_sys(e, ENOMEM, "workers");
	if ((a = tq_redis_say(&r->main, e, "HGETALL", key, NULL)) == NULL)
		return -1;
	tq_arena_init(&mem);
	for (i = 0; i + 1 < a->elements && rv == 0; i += 2) {
		if (read_note(&w, &mem, a->element[i]->str,
		    a->element[i + 1]->str, a->element[i + 1]->len) == 1 &&
		    tq_scan_check(&v, a->element[i + 1]->str,
		    a->element[i + 1]->len, &bounds, NULL) == 0)
			rv = look_at(&w, text(&mem, v, "stem"), ask);
		tq_arena_reset(&mem);
	}
	tq_arena_fini(&mem);
	freeReplyObject(a);
	return rv;
}

int
tq_redis_explain(struct tq_redis *r, struct tq_info *out, const char *tag,
    struct tq_err *e)
{
	struct ask ask = {
		.tag = out->state == TQ_STARTED ? tag : NULL,
		.queue = out->task.queue, .out = out
	};
	const char *key;
	redisReply *a;

	if (out->state != TQ_STARTED && out->state != TQ_READY)
		return 0;
	if (through_notes(r, &ask, e) == -1)
		return -1;
	if (out->state != TQ_READY)
		return 0;
	if ((key = tq_redis_own_key(r, &r->mem, "tq.paused")) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", out->id.s);
	a = tq_redis_say(&r->main, e, "SISMEMBER", key, out->task.queue,
	    NULL);
	if (a == NULL)
		return -1;
	if (a->integer == 1)
		out->why = "paused";
	else if (!ask.served && r->place.tq_only)
		out->why = "no worker";
	freeReplyObject(a);
	return 0;
}

int
tq_redis_workers(void *b, int (*each)(const struct tq_worker_info *, void *),
    void *arg, struct tq_err *e)
{
	struct tq_redis *r = b;
	struct tq_worker_info w;
	struct tq_arena mem;
	const char *key;
	redisReply *a;
	size_t i;
	int rv = 0;

	tq_arena_reset(&r->mem);
	if (tq_redis_ready(r, e) == -1)
		return -1;
	/* a worker asks once a second, and only for those of its machine */
	if (r->worker == NULL && !r->place.tq_only &&
	    tq_redis_meet(r, e) == -1)
		return -1;
	tq_arena_reset(&r->mem);
	if (r->worker != NULL && note(r, 1, e) == -1)
		return -1;
	if ((key = tq_redis_own_key(r, &r->mem, "tq.workers")) == NULL)
		return tq_fail_sys(e, ENOMEM, "workers");
	if ((a = tq_redis_say(&r->main, e, "HGETALL", key, NULL)) == NULL)
		return -1;
	tq_arena_init(&mem);
	for (i = 0; i + 1 < a->elements && rv == 0; i += 2) {
		rv = read_note(&w, &mem, a->element[i]->str,
		    a->element[i + 1]->str, a->element[i + 1]->len);
		if (rv == 1) {
			heard_of(r, &w);
			rv = each(&w, arg);
		} else if (rv == -1)
			tq_fail_sys(e, ENOMEM, "workers");
		tq_arena_reset(&mem);
	}
	tq_arena_fini(&mem);
	freeReplyObject(a);
	return rv != 0 ? rv : others(r, each, arg);
}
