/*
 * Asking workers through Celery's remote control, tq's and Celery's alike.
 *
 * The server tells how many have heard a broadcast, so nobody is waited for
 * who is not there; who has heard and is silent, for as long as Celery does.
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/calls.h"
#include "backend/redis/keyname.h"
#include "backend/redis/redis.h"
#include "backend/redis/see.h"
#include "backend/redis/worker.h"
#include "base/clock.h"
#include "message/celery_remote.h"
#include "message/json.h"

#define EXCHANGE	"celery.pidbox"
#define REPLY_EXCHANGE	"reply.celery.pidbox"
#define UNKNOWN		"terminate: tasks unknown"	/* of Celery, and ours */
#define REPLIES		TQ_SECOND	/* how long Celery waits for them */
#define HEARSAY		(2 * TQ_SECOND)	/* how long what we heard holds */

/* ---- one question ---------------------------------------------------- */

/* An envelope as text, addressed already; 0 or -1. */
int
tq_redis_seal(struct tq_redis *r, struct tq_celery_envelope *env)
{
	struct tq_uuid id;
	char tag[37];

	tq_uuid_make(&id, &r->ids, tq_clock_wall());
	tq_uuid_format(tag, &id);
	env->delivery_tag = tag;
	env->priority = 0;
	tq_buf_reset(&r->buf);
	tq_celery_envelope_encode(&r->buf, env);
	return tq_buf_ok(&r->buf) ? 0 : -1;
}

/* Broadcast it; *heard gets how many are there. */
static int
broadcast(struct tq_redis *r, const struct tq_celery_request *q,
    unsigned *heard, struct tq_err *e)
{
	struct tq_celery_envelope env;
	char channel[TQ_REDIS_PREFIX_MAX + 64];
	redisReply *a;

	if (tq_celery_request_wrap(&env, &r->mem, q, e) == -1)
		return -1;
	env.exchange = EXCHANGE;
	env.routing_key = "";
	if (tq_redis_seal(r, &env) == -1)
		return tq_fail_sys(e, ENOMEM, "control");
	snprintf(channel, sizeof(channel), "%s/%d." EXCHANGE,
	    r->place.prefix, r->place.db);
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "PUBLISH");
	tq_redis_cmd_str(&r->cmd, channel);
	tq_redis_cmd_put(&r->cmd, r->buf.p, r->buf.n);
	if ((a = tq_redis_call(&r->main, TQ_REDIS_PLAIN, &r->cmd, e)) == NULL)
		return -1;
	*heard = (unsigned)a->integer;
	freeReplyObject(a);
	return 0;
}

/* Gets each answer; what it points to lives in mem. */
typedef int got_answer(struct tq_redis *, const struct tq_celery_reply *,
    void *arg);

static int
take_answer(struct tq_redis *r, const redisReply *a, got_answer *got,
    void *arg)
{
	struct tq_celery_envelope env;
	struct tq_celery_reply reply;
	struct tq_celery_bounds b;
	struct tq_arena mem;
	int rv = 0;

	tq_celery_bounds_init(&b);
	tq_celery_envelope_init(&env);
	tq_arena_init(&mem);
	/* an answer that is none is no answer */
	if (tq_celery_envelope_decode(&env, &mem, a->str, a->len, &b, NULL) ==
	    0 && tq_celery_reply_decode(&reply, &mem, &env, &b, NULL) == 0)
		rv = got(r, &reply, arg);
	tq_arena_fini(&mem);
	return rv;
}

static int
take_answers(struct tq_redis *r, const char *key, unsigned want,
    got_answer *got, void *arg, struct tq_err *e)
{
	tq_time until = tq_clock_mono() + REPLIES, left, most;
	char seconds[32];
	redisReply *a;
	int rv = 0;

	while (rv == 0 && want > 0 && (left = until - tq_clock_mono()) > 0) {
		/* the server is silent for as long, but not taken for dead */
		most = r->place.timeout / 2;
		snprintf(seconds, sizeof(seconds), "%.3f",
		    (double)(left < most ? left : most) / TQ_SECOND + 0.001);
		a = tq_redis_say(&r->main, e, "BRPOP", key, seconds, NULL);
		if (a == NULL)
			return -1;
		if (a->type == REDIS_REPLY_ARRAY && a->elements == 2) {
			rv = take_answer(r, a->element[1], got, arg);
			want--;
		}
		freeReplyObject(a);
	}
	return rv;
}

/* Answers find us by a binding, as those to a Celery client do. */
static int
bind(struct tq_redis *r, const char *word, const char *oid, struct tq_err *e)
{
	redisReply *a;

	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, word);
	tq_redis_binding(&r->cmd, &r->place, REPLY_EXCHANGE, oid,
	    "." REPLY_EXCHANGE);
	if ((a = tq_redis_call(&r->main, TQ_REDIS_PLAIN, &r->cmd, e)) == NULL)
		return -1;
	freeReplyObject(a);
	return 0;
}

/* Ask, and hand out the answers. */
static int
ask(struct tq_redis *r, struct tq_celery_request *q, got_answer *got,
    void *arg, struct tq_err *e)
{
	char oid[37], ticket[37], key[TQ_REDIS_PREFIX_MAX + 96];
	struct tq_uuid id;
	unsigned heard;
	redisReply *a;

	tq_uuid_make(&id, &r->ids, tq_clock_wall());
	tq_uuid_format(oid, &id);
	tq_uuid_make(&id, &r->ids, tq_clock_wall());
	tq_uuid_format(ticket, &id);
	snprintf(key, sizeof(key), "%s%s." REPLY_EXCHANGE, r->place.prefix,
	    oid);
	q->ticket = ticket;
	q->reply_exchange = REPLY_EXCHANGE;
	q->reply_key = oid;
	q->clock = 1;
	q->expires = tq_clock_wall() + 60 * TQ_SECOND;
	if (bind(r, "SADD", oid, e) == -1 || broadcast(r, q, &heard, e) == -1)
		return -1;
	/* we hear ourselves and do not answer */
	if (r->worker != NULL && r->worker->control && heard > 0)
		heard--;
	snprintf(r->ticket, sizeof(r->ticket), "%s", ticket);
	if (q->ndestination > 0 && q->ndestination < heard)
		heard = (unsigned)q->ndestination;
	if (take_answers(r, key, heard, got, arg, e) == -1 ||
	    bind(r, "SREM", oid, e) == -1)
		return -1;
	/* a late answer must not lie there for ever */
	if ((a = tq_redis_say(&r->main, e, "DEL", key, NULL)) == NULL)
		return -1;
	freeReplyObject(a);
	return 0;
}

/* ---- words ----------------------------------------------------------- */

/* From tqctl's words to a method and its arguments, in mem. */
static int
translate(struct tq_celery_request *q, struct tq_arena *mem,
    const char *words, struct tq_err *e)
{
	static const struct {
		const char	*word, *method;
	} known[] = {
		{ "ping", "ping" }, { "stop", "shutdown" },
		{ "grow", "pool_grow" }, { "shrink", "pool_shrink" },
		{ "kill", "revoke" }
	};
	size_t i, n = strcspn(words, " ");
	const char *arg = words[n] == ' ' ? words + n + 1 : NULL, *sig;
	struct tq_buf b;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].word) == n &&
		    memcmp(known[i].word, words, n) == 0)
			q->method = known[i].method;
	if (q->method == NULL)
		return tq_fail(e, ENOTSUP, "'%.80s': no word for a Celery "
		    "worker", words);
	tq_buf_init(&b);
	if (strcmp(q->method, "revoke") == 0 && arg != NULL) {
		sig = strrchr(arg, ' ');
		n = sig == NULL ? strlen(arg) : (size_t)(sig - arg);
		/* a tq worker only kills, one of Celery revokes it, too */
		tq_buf_str(&b, "{\"kill\": true, \"terminate\": true, "
		    "\"signal\": \"SIG");
		tq_buf_str(&b, sig == NULL ? "TERM" : sig + 1);
		tq_buf_str(&b, "\", \"task_id\": ");
		tq_json_str(&b, arg, n);
		tq_buf_str(&b, "}");
	} else if (arg != NULL)
		/* of a ping too: a tq worker shows it, a Celery one ignores it */
		tq_buf_printf(&b, "{\"n\": %s}", arg);
	else
		tq_buf_str(&b, "{}");
	q->arguments.p = tq_arena_copy(mem, b.p, b.n);
	q->arguments.n = b.n;
	n = tq_buf_ok(&b) && q->arguments.p != NULL;
	tq_buf_fini(&b);
	return n ? 0 : tq_fail_sys(e, ENOMEM, "control");
}

struct count {
	unsigned	 n;
	uint64_t	 pong;		/* of a ping, 0: of something else */
};

static int
count_answer(struct tq_redis *r, const struct tq_celery_reply *reply,
    void *arg)
{
	struct count *c = arg;
	struct tq_redis_peer *p;

	/* of a kill: by those that run it */
	c->n += !tq_scan_says(tq_scan_get(reply->value, "ok"), UNKNOWN);
	if (c->pong != 0 && (p = tq_redis_peer(r, reply->node)) != NULL)
		p->pong = c->pong;
	return 0;
}

int
tq_redis_send(void *b, const char *name, const char *words, unsigned *sent,
    struct tq_err *e)
{
	struct tq_redis *r = b;
	struct tq_celery_request q, ping;
	struct count count = { 0, 0 };
	unsigned heard;

	tq_arena_reset(&r->mem);
	tq_celery_request_init(&q);
	if (tq_redis_ready(r, e) == -1 ||
	    translate(&q, &r->mem, words, e) == -1)
		return -1;
	if (name != NULL) {
		q.destination = &name;
		q.ndestination = 1;
	}
	if (strncmp(words, "ping ", 5) == 0)
		count.pong = strtoull(words + 5, NULL, 10);
	if (r->worker != NULL && (name == NULL || strcmp(name, r->node) ==
	    0)) {
		/* ourselves we tell directly, and hear no echo */
		if (tq_redis_mail_add(r, "%s", words) == -1)
			return tq_fail(e, EAGAIN, "%s: busy", r->node);
		count.n++;
		if (name != NULL) {
			*sent = 1;
			return 0;
		}
	}
	if (strcmp(q.method, "shutdown") != 0) {
		if (ask(r, &q, count_answer, &count, e) == -1)
			return -1;
	} else {
		/* it has no answer: see first who is there */
		tq_celery_request_init(&ping);
		ping.method = "ping";
		ping.destination = q.destination;
		ping.ndestination = q.ndestination;
		if (ask(r, &ping, count_answer, &count, e) == -1 ||
		    (count.n > 0 && broadcast(r, &q, &heard, e) == -1))
			return -1;
	}
	*sent = count.n;
	if (count.n == 0 && name != NULL)
		return tq_fail(e, ENOENT, "%s: no such worker answers", name);
	return 0;
}

int
tq_redis_tell_revoked(struct tq_redis *r, const char *const *ids, size_t n,
    int kill, struct tq_err *e)
{
	struct tq_celery_request q;
	struct tq_buf b;
	unsigned heard;
	size_t i;
	int rv;

	tq_celery_request_init(&q);
	q.method = "revoke";
	q.clock = 1;
	tq_buf_init(&b);
	tq_buf_printf(&b, "{\"terminate\": %s, \"signal\": \"SIGTERM\", "
	    "\"task_id\": [", kill ? "true" : "false");
	for (i = 0; i < n; i++) {
		if (i > 0)
			tq_buf_str(&b, ", ");
		tq_json_str(&b, ids[i], strlen(ids[i]));
	}
	tq_buf_str(&b, "]}");
	q.arguments.p = (const char *)b.p;
	q.arguments.n = b.n;
	tq_arena_reset(&r->mem);
	rv = tq_buf_ok(&b) ? broadcast(r, &q, &heard, e) :
	    tq_fail_sys(e, ENOMEM, "control");
	tq_buf_fini(&b);
	return rv;
}

/* ---- who is there ---------------------------------------------------- */

struct tq_redis_peer *
tq_redis_peer(struct tq_redis *r, const char *name)
{
	struct tq_redis_peer *p;
	size_t i;

	for (i = 0; i < r->npeers; i++)
		if (strcmp(r->peers[i].name, name) == 0)
			return &r->peers[i];
	p = reallocarray(r->peers, r->npeers + 1, sizeof(*p));
	if (p == NULL)
		return NULL;
	r->peers = p;
	p += r->npeers;
	memset(p, 0, sizeof(*p));
	if (strlcpy(p->name, name, sizeof(p->name)) >= sizeof(p->name))
		return NULL;
	r->npeers++;
	return p;
}

static int
note_queues(struct tq_redis *r, const struct tq_celery_reply *reply,
    void *arg)
{
	struct tq_redis_peer *p = tq_redis_peer(r, reply->node);
	struct tq_bytes v, name;
	struct tq_arena mem;
	struct tq_scan scan;

	(void)arg;
	if (p == NULL)
		return 0;
	p->seen = r->peers_at;
	p->queues[0] = '\0';
	tq_arena_init(&mem);
	tq_scan_init(&scan, reply->value);
	while (tq_scan_next(&scan, &v)) {
		name = tq_scan_string(&mem, tq_scan_get(v, "name"));
		if (name.p == NULL || !tq_name_valid(name.p))
			continue;
		if (p->queues[0] != '\0')
			strlcat(p->queues, ",", sizeof(p->queues));
		strlcat(p->queues, name.p, sizeof(p->queues));
	}
	tq_arena_fini(&mem);
	return 0;
}

static int
note_stats(struct tq_redis *r, const struct tq_celery_reply *reply,
    void *arg)
{
	struct tq_redis_peer *p = tq_redis_peer(r, reply->node);
	struct tq_bytes pool = tq_scan_get(reply->value, "pool"), name, n;
	struct tq_scan scan;
	int64_t v;

	(void)arg;
	if (p == NULL)
		return 0;
	if (tq_scan_int(&v, tq_scan_get(reply->value, "pid")))
		p->pid = (int)v;
	if (tq_scan_int(&v, tq_scan_get(pool, "max-concurrency")))
		p->jobs = (unsigned)v;
	if (tq_scan_int(&v, tq_scan_get(reply->value, "uptime")))
		p->since = tq_clock_wall() - v * TQ_SECOND;
	p->claims = 0;
	tq_scan_init(&scan, tq_scan_get(reply->value, "total"));
	while (tq_scan_member(&scan, &name, &n))
		if (tq_scan_int(&v, n) && v > 0)
			p->claims += (uint64_t)v;
	return 0;
}

/* Ask all who they are, unless we have just done so. */
int
tq_redis_meet(struct tq_redis *r, struct tq_err *e)
{
	struct tq_celery_request q;
	tq_time now = tq_clock_mono();

	if (r->peers_at != 0 && now - r->peers_at < HEARSAY)
		return 0;
	r->peers_at = now;
	tq_arena_reset(&r->mem);
	tq_celery_request_init(&q);
	q.method = "active_queues";
	if (ask(r, &q, note_queues, NULL, e) == -1)
		return -1;
	tq_celery_request_init(&q);
	q.method = "stats";
	return ask(r, &q, note_stats, NULL, e);
}
