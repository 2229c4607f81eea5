/*
 * Who works: the hash `tq.workers`, name -> JSON, each with the time until
 * which the note holds.  Celery's workers have none; they are asked (ask.c).
 */
#include <bsd/string.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backend/redis/calls.h"
#include "backend/redis/keyname.h"
#include "backend/redis/redis.h"
#include "backend/redis/see.h"
#include "backend/redis/worker.h"
#include "base/clock.h"
#include "message/json.h"

#define NOTE_EVERY	(5 * TQ_SECOND)
#define NOTE_HOLDS	(30 * TQ_SECOND)

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

/* Their names, with commas between: they have none in them. */
static void
put_queues(struct tq_buf *b, const struct tq_redis_worker *w)
{
	size_t i;

	tq_buf_str(b, ", \"queues\": \"");
	for (i = 0; i < w->nqueues; i++) {
		if (i > 0)
			tq_buf_byte(b, ',');
		tq_buf_str(b, w->queue[i]);
	}
	tq_buf_byte(b, '"');
}

/* What it says of itself, and what keeps it from telling outcomes. */
static void
put_status(struct tq_buf *b, const struct tq_redis *r)
{
	const struct tq_redis_held *h;
	char text[sizeof(r->worker->status) + 32];
	unsigned n = 0;

	TAILQ_FOREACH(h, &r->held, link)
		n += h->stage == TQ_REDIS_ENDING && h->refused;
	snprintf(text, sizeof(text), "%s", r->worker->status);
	if (n > 0)
		snprintf(text, sizeof(text), "%s, %u ends refused",
		    r->worker->status, n);
	tq_buf_str(b, ", \"status\": ");
	tq_json_str(b, text, strlen(text));
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
	put_queues(b, w);
	put_status(b, r);
	tq_buf_str(b, ", \"limits\": ");
	tq_json_str(b, w->limits, strlen(w->limits));
	tq_buf_printf(b, ", \"rss\": %lld, \"pong\": %llu",
	    (long long)w->rss, (unsigned long long)w->pong);
	put_ids(b, r);
	tq_buf_str(b, "}");
}

/* Write it, when it has changed or is growing old. */
int
tq_redis_note(struct tq_redis *r, int changed, struct tq_err *e)
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

/* Names and notes in turn; NULL. */
static redisReply *
all_notes(struct tq_redis *r, struct tq_err *e)
{
	const char *key = tq_redis_own_key(&r->place, &r->mem, "tq.workers");

	if (key == NULL) {
		tq_fail_sys(e, ENOMEM, "workers");
		return NULL;
	}
	return tq_redis_say(&r->main, e, "HGETALL", key, NULL);
}

/* Go through the notes that hold. */
static int
through_notes(struct tq_redis *r, struct ask *ask, struct tq_err *e)
{
	const struct tq_scan_bounds bounds = { 1 << 20, 100000, 8 };
	struct tq_worker_info w;
	struct tq_arena mem;
	struct tq_bytes v;
	redisReply *a;
	size_t i;
	int rv = 0;

	if ((a = all_notes(r, e)) == NULL)
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
	if ((key = tq_redis_own_key(&r->place, &r->mem, "tq.paused")) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", out->id.s);
	a = tq_redis_say(&r->main, e, "SISMEMBER", key, out->task.queue,
	    NULL);
	if (a == NULL)
		return -1;
	if (a->integer == 1)
		out->why = "paused";
	else if (!ask.served && r->place.tq_only && out->why == NULL)
		out->why = "no worker";
	freeReplyObject(a);
	return 0;
}

/* A note that does not hold any more: its worker is gone, or writes again. */
static void
forget(struct tq_redis *r, const char *name)
{
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "HDEL");
	tq_redis_cmd_join(&r->cmd, r->place.prefix, "tq.workers", NULL);
	tq_redis_cmd_str(&r->cmd, name);
	(void)tq_redis_post(&r->main, TQ_REDIS_PLAIN, &r->cmd, NULL, NULL,
	    NULL);
}

int
tq_redis_workers(void *b, int (*each)(const struct tq_worker_info *, void *),
    void *arg, struct tq_err *e)
{
	struct tq_redis *r = b;
	struct tq_worker_info w;
	struct tq_arena mem;
	struct tq_err why;
	redisReply *a;
	size_t i;
	int rv = 0;

	tq_arena_reset(&r->mem);
	if (tq_redis_ready(r, e) == -1)
		return -1;
	/*
	 * A worker asks once a second, and only for those of its machine.  Who
	 * may not write, or on a server that takes no writes, sees ours alone:
	 * asking is writing.
	 */
	if (r->worker == NULL && !r->place.tq_only &&
	    tq_redis_meet(r, &why) == -1 && why.num != ENOSPC &&
	    why.num != EROFS && why.num != EACCES)
		return tq_fail(e, why.num, "%s", why.text);
	tq_arena_reset(&r->mem);
	if (r->worker != NULL && tq_redis_note(r, 1, e) == -1)
		return -1;
	if ((a = all_notes(r, e)) == NULL)
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
		else if (r->worker != NULL)
			forget(r, a->element[i]->str);
		tq_arena_reset(&mem);
	}
	tq_arena_fini(&mem);
	freeReplyObject(a);
	return rv != 0 ? rv : others(r, each, arg);
}
