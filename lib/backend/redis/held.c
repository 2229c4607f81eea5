/*
 * What is held: kept by signs of life, given back when nobody needs it, and
 * taken from those who show none.
 *
 * Our own leases are renewed once a second, and so are the scores in
 * unacked_index by which a Celery worker sees how old a message is: whatever
 * its visibility timeout, it leaves ours alone.  Others of tq see ours passed
 * after the lease of the URL without a sign.
 *
 * An answer drops what has ended, and whatever goes to the server may bring
 * one: so no place in the list outlives a call that talks to it, but for one
 * that is in use (tq_redis_held_use()), or not ending.
 */
#define _GNU_SOURCE		/* memrchr(3) */
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/redis.h"
#include "base/clock.h"

#define RENEW		TQ_SECOND
#define STALE		(100 * TQ_MS)	/* taken and not asked for */
#define SWEEP		(10 * TQ_SECOND)	/* as often as kombu looks */
#define SWEEP_MOST	100

struct tq_redis_held *
tq_redis_held_add(struct tq_redis *r, const char *tag, const char *queue,
    const char *text, size_t n)
{
	struct tq_redis_held *h = calloc(1, sizeof(*h));

	if (h == NULL || (h->text = malloc(n + 1)) == NULL) {
		free(h);
		return NULL;
	}
	memcpy(h->text, text, n);
	h->text[n] = '\0';
	h->n = n;
	h->r = r;
	h->stage = TQ_REDIS_TAKEN;
	h->taken = tq_clock_mono();
	tq_redis_cmd_init(&h->end);
	strlcpy(h->tag, tag, sizeof(h->tag));
	strlcpy(h->queue, queue, sizeof(h->queue));
	TAILQ_INSERT_TAIL(&r->held, h, link);
	r->ntaken++;
	return h;
}

static void
held_free(struct tq_redis_held *h)
{
	tq_redis_cmd_fini(&h->end);
	free(h->text);
	free(h);
}

void
tq_redis_held_drop(struct tq_redis *r, struct tq_redis_held *h)
{
	int saved = errno;

	r->ntaken -= h->stage == TQ_REDIS_TAKEN;
	r->nending -= h->stage == TQ_REDIS_ENDING;
	TAILQ_REMOVE(&r->held, h, link);
	h->dropped = 1;
	if (h->users == 0)
		held_free(h);
	errno = saved;
}

void
tq_redis_held_use(struct tq_redis_held *h)
{
	h->users++;
}

int
tq_redis_held_done(struct tq_redis_held *h)
{
	int saved = errno, dropped = h->dropped;

	if (--h->users == 0 && dropped)
		held_free(h);
	errno = saved;
	return !dropped;
}

struct tq_redis_held *
tq_redis_held_find(struct tq_redis *r, const struct tq_ref *ref)
{
	struct tq_redis_held *h;

	TAILQ_FOREACH(h, &r->held, link)
		if (h->stage == TQ_REDIS_CLAIMED &&
		    h->attempt == ref->attempt &&
		    strcmp(h->id.s, ref->id.s) == 0)
			return h;
	return NULL;
}

/* ---- our own --------------------------------------------------------- */

static void
mark_lost(struct tq_redis *r, const redisReply *tags)
{
	struct tq_redis_held *h;
	size_t i;

	for (i = 0; i < tags->elements; i++)
		TAILQ_FOREACH(h, &r->held, link)
			if (h->stage != TQ_REDIS_ENDING &&
			    strcmp(h->tag, tags->element[i]->str) == 0)
				h->lost = 1;
}

/* Say that we are alive, for all that we hold. */
static int
renew(struct tq_redis *r, tq_time mono, struct tq_err *e)
{
	tq_time now = tq_clock_wall();
	struct tq_redis_held *h;
	redisReply *a;
	size_t none;

	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, r->place.prefix);
	tq_redis_cmd_time(&r->cmd, now);
	tq_redis_cmd_time(&r->cmd, tq_clock_deadline(now, r->place.lease));
	none = r->cmd.n;
	TAILQ_FOREACH(h, &r->held, link)
		if (h->lease == 0 && !h->lost)
			tq_redis_cmd_str(&r->cmd, h->tag);
	if (r->cmd.n > none) {
		a = tq_redis_call(&r->main, TQ_REDIS_RENEW, &r->cmd, e);
		if (a == NULL)
			return -1;
		mark_lost(r, a);
		freeReplyObject(a);
	}
	r->renewed = mono;
	return 0;
}

static struct tq_redis_held *
first_unposted(const struct tq_redis *r)
{
	struct tq_redis_held *h;

	TAILQ_FOREACH(h, &r->held, link)
		if (h->stage == TQ_REDIS_ENDING && !h->posted)
			return h;
	return NULL;
}

/*
 * Ends whose answer was lost with a connection.  As many as there are, and no
 * more: an answer that comes meanwhile may refuse one again.
 */
static int
post_again(struct tq_redis *r, struct tq_err *e)
{
	struct tq_redis_held *h;
	unsigned n = r->nending;

	for (; n > 0 && (h = first_unposted(r)) != NULL; n--)
		if (tq_redis_end_post(h, e) == -1)
			return -1;
	return 0;
}

static struct tq_redis_held *
last_taken(const struct tq_redis *r, tq_time before)
{
	struct tq_redis_held *h;

	TAILQ_FOREACH_REVERSE(h, &r->held, tq_redis_list, link)
		if (h->stage == TQ_REDIS_TAKEN && h->taken < before)
			return h;
	return NULL;
}

/* What nobody asked for goes back, the last taken first: it was behind. */
static int
give_back(struct tq_redis *r, tq_time before, struct tq_err *e)
{
	struct tq_redis_held *h;

	while ((h = last_taken(r, before)) != NULL) {
		r->batch = 1;
		if (tq_redis_back(r, h, e) == -1)
			return -1;
	}
	return 0;
}

/* How often we must show that we live. */
static tq_time
sign_every(const struct tq_redis *r)
{
	tq_time every = RENEW;

	if (r->place.visibility / 4 < every)
		every = r->place.visibility / 4;
	if (r->place.lease / 4 < every)
		every = r->place.lease / 4;
	return every;
}

int
tq_redis_tend(struct tq_redis *r, struct tq_err *e)
{
	tq_time now = tq_clock_mono();

	if (tq_redis_ready(r, e) == -1)
		return -1;
	if (r->nending > 0 && post_again(r, e) == -1)
		return -1;
	if (r->ntaken > 0 && give_back(r, now - STALE, e) == -1)
		return -1;
	if (!TAILQ_EMPTY(&r->held) && now - r->renewed >= sign_every(r))
		return renew(r, now, e);
	return 0;
}

tq_time
tq_redis_alive(void *b)
{
	struct tq_redis *r = b;

	if (TAILQ_EMPTY(&r->held))
		return TQ_FOREVER;
	/* what fails is tried again; who settles too late is told so */
	(void)tq_redis_tend(r, NULL);
	return sign_every(r);
}

int
tq_redis_renew(void *b, const struct tq_ref *ref, tq_time lease,
    struct tq_err *e)
{
	struct tq_redis *r = b;
	struct tq_redis_held *h;
	tq_time until = tq_clock_deadline(tq_clock_wall(), lease);
	redisReply *a;
	int lost;

	tq_arena_reset(&r->mem);
	if (tq_redis_ready(r, e) == -1 ||
	    (h = tq_redis_hold(r, ref, e)) == NULL)
		return -1;
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, r->place.prefix);
	tq_redis_cmd_time(&r->cmd, until);
	tq_redis_cmd_time(&r->cmd, until);
	tq_redis_cmd_str(&r->cmd, h->tag);
	if ((a = tq_redis_call(&r->main, TQ_REDIS_RENEW, &r->cmd, e)) == NULL)
		return -1;
	lost = a->elements > 0;
	freeReplyObject(a);
	h->lease = until;
	if (lost) {
		tq_redis_held_drop(r, h);
		return tq_redis_stale(ref, e);
	}
	return 0;
}

void
tq_redis_leave(struct tq_redis *r)
{
	struct tq_redis_held *h, *prev;
	struct tq_err e;

	if (TAILQ_EMPTY(&r->held))
		return;
	/* best effort: what fails here is found by its lease */
	if (r->main.wire.fd != -1 && post_again(r, &e) == 0)
		(void)tq_redis_finish(&r->main, &e);
	for (h = TAILQ_LAST(&r->held, tq_redis_list); h != NULL; h = prev) {
		prev = TAILQ_PREV(h, tq_redis_list, link);
		if (r->main.wire.fd != -1 && h->stage == TQ_REDIS_TAKEN)
			(void)tq_redis_back(r, h, &e);
		else if (r->main.wire.fd != -1 && h->lease == 0 && !h->lost &&
		    h->stage == TQ_REDIS_CLAIMED)
			(void)tq_redis_died(r, h, &e);
		else
			tq_redis_held_drop(r, h);
	}
	if (r->main.wire.fd != -1)
		(void)tq_redis_finish(&r->main, &e);
	while ((h = TAILQ_FIRST(&r->held)) != NULL)
		tq_redis_held_drop(r, h);
}

/* ---- others' --------------------------------------------------------- */

int
tq_redis_split(struct tq_bytes *message, const char **queue,
    struct tq_arena *mem, const char *text, size_t n)
{
	const struct tq_scan_bounds bounds = { 25 << 20, 1000000, 104 };
	struct tq_bytes v, key;

	if (tq_scan_check(&v, text, n, &bounds, NULL) == -1)
		return -1;
	*message = tq_scan_at(v, 0);
	key = tq_scan_string(mem, tq_scan_at(v, 2));
	*queue = key.p;
	return tq_scan_type(*message) == TQ_SCAN_OBJECT && key.p != NULL &&
	    tq_name_valid(key.p) ? 0 : -1;
}

/*
 * The same of what a worker of tq wrote down: what it took stands there as it
 * was, JSON or not, before `, "", "QUEUE"]`.  A worker that died before it had
 * set such a message aside would leave it to no one else.
 */
static int
split_ours(struct tq_bytes *message, const char **queue, struct tq_arena *mem,
    const char *text, size_t n)
{
	static const char between[] = ", \"\", ";
	const size_t len = sizeof(between) - 1;
	const char *end, *p;

	if (n < len + 5)
		return -1;
	end = text + n - 2;
	if (text[0] != '[' || memcmp(end, "\"]", 2) != 0 ||
	    (p = memrchr(text, '"', n - 2)) == NULL ||
	    (size_t)(p - text) < len + 1 || memcmp(p - len, between, len) != 0)
		return -1;
	message->p = text + 1;
	message->n = (size_t)(p - len - message->p);
	*queue = tq_arena_copy(mem, p + 1, (size_t)(end - p - 1));
	return *queue != NULL && tq_name_valid(*queue) ? 0 : -1;
}

/*
 * A worker died with it: it comes back with one more death, until there are
 * too many.  What is done is done only if the tag is still there.
 */
int
tq_redis_died(struct tq_redis *r, struct tq_redis_held *h, struct tq_err *e)
{
	struct tq_redis_read in;
	struct tq_outcome o;
	struct tq_task t;
	struct tq_err why;
	char deaths[64];
	const char *last = NULL;

	tq_arena_reset(&r->mem);
	if (tq_redis_read(&in, &r->mem, h->text, h->n, &why) == -1)
		return tq_redis_bury(r, h, why.text, e);
	snprintf(deaths, sizeof(deaths), "worker died %u times",
	    in.crashes + 1);
	if (in.crashes + 1 >= r->place.crashes)
		last = deaths;
	else if (tq_celery_task_view(&t, &r->mem, &in.msg, NULL) == 0 &&
	    t.flags & TQ_TASK_ONCE)
		last = "worker died (--once)";
	if (last == NULL)
		return tq_redis_return(r, h, &in, in.crashes + 1, in.laters,
		    e);
	in.crashes++;
	tq_outcome_init(&o, TQ_FAILURE);
	o.why = last;
	o.type = "WorkerLostError";
	return tq_redis_end(r, h, &in, &o, 0, e);
}

/* Celery's own way: it comes back as it is. */
static int
restore(struct tq_redis *r, struct tq_redis_held *h, struct tq_err *e)
{
	struct tq_redis_read in;
	struct tq_err why;

	tq_arena_reset(&r->mem);
	if (tq_redis_read(&in, &r->mem, h->text, h->n, &why) == -1)
		return tq_redis_bury(r, h, why.text, e);
	return tq_redis_return(r, h, &in, in.crashes, in.laters, e);
}

/* Take up one tag of others. */
static int
recover(struct tq_redis *r, const redisReply *tag, const redisReply *text,
    int died, struct tq_err *e)
{
	struct tq_redis_held *h;
	struct tq_bytes message = { text->str, text->len };
	const char *queue = "celery";
	int rv;

	tq_arena_reset(&r->mem);
	if (strlen(tag->str) >= TQ_REDIS_TAG_MAX ||
	    (strncmp(tag->str, TQ_REDIS_TAG, strlen(TQ_REDIS_TAG)) == 0 ?
	    split_ours : tq_redis_split)(&message, &queue, &r->mem, text->str,
	    text->len) == -1)
		return 0;		/* not ours to judge */
	h = tq_redis_held_add(r, tag->str, queue, message.p, message.n);
	if (h == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", r->place.name);
	h->stage = TQ_REDIS_CLAIMED;
	r->ntaken--;
	tq_redis_held_use(h);
	rv = died ? tq_redis_died(r, h, e) : restore(r, h, e);
	/* it stays where it is; our note of it must not be renewed */
	if (tq_redis_held_done(h) && rv == -1)
		tq_redis_held_drop(r, h);
	return rv == -1 ? -1 : 1;
}

int
tq_redis_sweep_due(const struct tq_redis *r)
{
	return r->swept == 0 || tq_clock_mono() - r->swept >= SWEEP;
}

int
tq_redis_sweep(void *b, struct tq_err *e)
{
	struct tq_redis *r = b;
	tq_time mono = tq_clock_mono(), now = tq_clock_wall();
	int celery = tq_redis_sweep_due(r);
	int n = 0, rv = 0;
	redisReply *a;
	size_t i;

	if (tq_redis_ready(r, e) == -1)
		return -1;
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, r->place.prefix);
	tq_redis_cmd_time(&r->cmd, now);
	if (celery)
		tq_redis_cmd_time(&r->cmd, now - r->place.visibility);
	else
		tq_redis_cmd_str(&r->cmd, "");
	tq_redis_cmd_num(&r->cmd, SWEEP_MOST);
	tq_redis_cmd_str(&r->cmd, r->stem);
	if ((a = tq_redis_call(&r->main, TQ_REDIS_OVERDUE, &r->cmd, e)) ==
	    NULL)
		return -1;
	if (celery)
		r->swept = mono;
	r->past = 0;
	for (i = 0; i + 2 < a->elements && rv != -1; i += 3) {
		rv = recover(r, a->element[i], a->element[i + 1],
		    a->element[i + 2]->len > 0, e);
		n += rv == 1;
	}
	freeReplyObject(a);
	if (rv == -1 || tq_redis_finish(&r->main, e) == -1 ||
	    (celery && tq_redis_look_after(r, e) == -1))
		return -1;
	return n;
}
