/*
 * Taking: messages out of their lists and into our hands, in one script.
 *
 * One is taken for each that is asked for.  A worker that asks again at once
 * gets more with each script, so that many short tasks cost few round trips;
 * what it does not ask for within a moment goes back (tend.c).
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/redis/calls.h"
#include "backend/redis/keyname.h"
#include "backend/redis/redis.h"
#include "backend/redis/work.h"
#include "base/clock.h"

#define BATCH_MAX	64
#define BATCH_BYTES	(1 << 20)	/* no more messages behind so much */
#define AT_ONCE		(20 * TQ_MS)
#define MOVE_MOST	100		/* due ones a script moves, or parks */
#define LOOK_AGAIN	TQ_SECOND	/* while waiting, whatever rings */

/* ---- the script ------------------------------------------------------ */

/*
 * The queues in the order they are asked: as given, or drawn by their weights.
 * The first draw of each call visits them evenly: a step of the golden ratio.
 */
static void
order_queues(struct tq_redis *r, const struct tq_take *take,
    const char *names[TQ_QUEUES_MAX])
{
	unsigned weight[TQ_QUEUES_MAX], sum = 0;
	uint32_t lot = r->rotor += UINT32_C(0x9e3779b9);
	size_t i, k;

	for (i = 0; i < take->nqueues; i++) {
		names[i] = take->queue[i];
		sum += weight[i] = take->weight[i];
	}
	for (i = 0; i < take->nqueues && sum > 0; i++) {
		lot = (uint32_t)((uint64_t)lot * sum >> 32);
		for (k = 0; k < take->nqueues && lot >= weight[k]; k++)
			lot -= weight[k];
		names[i] = take->queue[k];
		sum -= weight[k];
		weight[k] = 0;
		tq_random(&lot, sizeof(lot));
	}
}

static int
add_lists(struct tq_redis *r, const char *const *names, size_t n,
    struct tq_err *e)
{
	const char *list;
	size_t i, k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < r->place.nsteps; k++) {
			list = tq_redis_list_key(&r->place, &r->mem, names[i],
			    (int)r->place.steps[k]);
			if (list == NULL)
				return tq_fail_sys(e, ENOMEM, "queue %s",
				    names[i]);
			tq_redis_cmd_str(&r->cmd, list);
			tq_redis_cmd_str(&r->cmd, names[i]);
		}
	}
	return 0;
}

/* The queue of the n-th list that was named. */
static const char *
queue_of(const struct tq_redis *r, const char *const *names, long long n)
{
	return names[(size_t)n / r->place.nsteps];
}

/*
 * 1 if a server answered as the script does: seven words of the state of things,
 * then of each message its tag, from which of so many lists it is, its text, and
 * whether it was seen.
 */
static int
is_taken(const redisReply *a, size_t nlists)
{
	static const char head[] = "sisiiss", each[] = "sisi";
	const redisReply *v;
	size_t i;
	char want;

	if (a->type != REDIS_REPLY_ARRAY || a->elements < 7 ||
	    (a->elements - 7) % 4 != 0)
		return 0;
	for (i = 0; i < a->elements; i++) {
		v = a->element[i];
		want = i < 7 ? head[i] : each[(i - 7) % 4];
		if (v->type != (want == 's' ? REDIS_REPLY_STRING :
		    REDIS_REPLY_INTEGER))
			return 0;
		if (i >= 7 && (i - 7) % 4 == 1 && (v->integer < 0 ||
		    (unsigned long long)v->integer >= nlists))
			return 0;
	}
	return 1;
}

/* What the script gave: the number of messages, or -1. */
static int
take_in(struct tq_redis *r, const redisReply *a,
    const char *const *names, size_t nnames, struct tq_err *e)
{
	const redisReply *const *v = (const redisReply *const *)a->element;
	struct tq_redis_held *h;
	size_t i;
	int n = 0;

	if (!is_taken(a, nnames * r->place.nsteps))
		return tq_fail(e, EPROTO, "%s: bad answer to a take",
		    r->place.name);
	r->due = v[0]->len == 0 ? 0 : tq_redis_time(v[0]->str);
	r->past = v[1]->integer > 0;
	r->paused = v[3]->integer > 0;
	r->more = v[4]->integer > 0;
	strlcpy(r->bell, v[5]->str, sizeof(r->bell));
	r->opens = v[6]->len == 0 ? 0 : tq_redis_time(v[6]->str);
	if (strcmp(r->revision, v[2]->str) != 0 &&
	    tq_redis_learn_revoked(r, v[2]->str, e) == -1)
		return -1;
	for (i = 7; i + 3 < a->elements; i += 4, n++) {
		h = tq_redis_held_add(r, v[i]->str,
		    queue_of(r, names, v[i + 1]->integer), v[i + 2]->str,
		    v[i + 2]->len);
		if (h == NULL)
			/* it is ours on the server: the lease finds it */
			return tq_fail_sys(e, ENOMEM, "%s", r->place.name);
		h->seen = v[i + 3]->integer == 1;
	}
	return n;
}

/* How many to take: more while they are asked for one upon another. */
static unsigned
batch(struct tq_redis *r)
{
	tq_time now = tq_clock_mono();

	if (r->worker == NULL || now - r->last_take > AT_ONCE)
		r->batch = 1;
	else if (r->batch < BATCH_MAX)
		r->batch *= 2;
	r->last_take = now;
	return r->batch;
}

struct looker {
	struct tq_redis	*r;
	const struct tq_take *take;
};

static int
look_too(void *arg, struct tq_err *e)
{
	const struct looker *l = arg;

	return tq_redis_look_too(l->r, l->take, e);
}

/*
 * The words of a take, and with them, where the last one gave less than it was
 * asked for, those of the watch that follows one that finds little: a worker
 * who was woken for one task begins it and sleeps, in one round trip.
 */
static redisReply *
run_script(struct tq_redis *r, const struct tq_take *take, struct tq_err *e)
{
	struct looker l = { r, take };

	return r->lean ? tq_redis_call_with(&r->main, TQ_REDIS_TAKE, &r->cmd,
	    look_too, &l, e) :
	    tq_redis_call(&r->main, TQ_REDIS_TAKE, &r->cmd, e);
}

static int
take_some(struct tq_redis *r, const struct tq_take *take, struct tq_err *e)
{
	const char *names[TQ_QUEUES_MAX];
	char stem[TQ_REDIS_TAG_MAX];
	tq_time now = tq_clock_wall();
	unsigned n = batch(r);
	redisReply *a;
	size_t i;
	int rv;

	tq_arena_reset(&r->mem);
	/* the first one is for somebody who begins it at once */
	snprintf(stem, sizeof(stem), "%s%llx.", r->stem,
	    (unsigned long long)r->ntags++);
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, r->place.prefix);
	tq_redis_cmd_time(&r->cmd, now);
	tq_redis_cmd_time(&r->cmd, tq_clock_deadline(now,
	    take->lease > 0 ? take->lease : r->place.lease));
	tq_redis_cmd_str(&r->cmd, stem);
	tq_redis_cmd_num(&r->cmd, n);
	tq_redis_cmd_num(&r->cmd, MOVE_MOST);
	tq_redis_cmd_num(&r->cmd, BATCH_BYTES);
	tq_redis_cmd_num(&r->cmd, (int64_t)take->noffers);
	for (i = 0; i < take->noffers; i++) {
		tq_redis_cmd_str(&r->cmd, take->offer[i].name);
		tq_redis_cmd_num(&r->cmd, take->offer[i].total);
		tq_redis_cmd_num(&r->cmd, take->offer[i].free);
	}
	order_queues(r, take, names);
	if (add_lists(r, names, take->nqueues, e) == -1)
		return -1;
	if ((a = run_script(r, take, e)) == NULL)
		return -1;
	rv = take_in(r, a, names, take->nqueues, e);
	freeReplyObject(a);
	r->quiet = 0;
	r->lean = rv >= 0 && (unsigned)rv < n;
	if (r->lean)
		r->batch = 1;
	r->drained = rv > 0 && r->lean;
	return rv;
}

/* ---- claiming -------------------------------------------------------- */

static struct tq_redis_held *
first_taken(const struct tq_redis *r)
{
	struct tq_redis_held *h;

	if (r->ntaken == 0)
		return NULL;
	TAILQ_FOREACH(h, &r->held, link)
		if (h->stage == TQ_REDIS_TAKEN)
			return h;
	return NULL;
}

/* The next of those taken already: as tq_redis_prepare(), 0 there is none. */
static int
next_taken(struct tq_redis *r, const struct tq_take *take,
    struct tq_claim *c, struct tq_err *e)
{
	struct tq_redis_held *h;
	int rv;

	while ((h = first_taken(r)) != NULL) {
		if (h->lost) {
			tq_redis_held_drop(r, h);
			continue;
		}
		tq_redis_held_use(h);
		rv = tq_redis_prepare(r, h, take, c, e);
		if (tq_redis_held_done(h) && rv == -1 && errno == ESTALE)
			h->lost = 1;
		if (rv == 1 || (rv == -1 && errno != ESTALE))
			return rv;
	}
	return 0;
}

/*
 * 1 if the take before this one, a moment ago, gave less than it was asked for:
 * the answer is known for the worker's next place.  Once, and then he watches,
 * which looks; a script more would keep him from the answers of his handlers.
 */
static int
was_drained(struct tq_redis *r)
{
	int drained = r->drained;

	r->drained = 0;
	return drained && tq_clock_mono() - r->last_take < AT_ONCE;
}

tq_time
tq_redis_next(const struct tq_redis *r)
{
	return r->due == 0 || (r->opens != 0 && r->opens < r->due) ?
	    r->opens : r->due;
}

/*
 * 1 if the lists were empty a moment ago, when we lay down to sleep: so a place
 * that is free again is as likely to find nothing.  Once, and then he watches,
 * which is less than a script for a server that somebody else waits for.  Not
 * where an end of ours may free what is not in the lists (lanes, needs, limits:
 * they ring the bell), and not when something else is to be done.
 */
static int
is_quiet(struct tq_redis *r)
{
	tq_time next = tq_redis_next(r);
	int quiet = r->quiet;

	r->quiet = 0;
	return quiet && r->bell[0] == '\0' && !r->paused && !r->past &&
	    (next == 0 || next > tq_clock_wall()) &&
	    !tq_redis_sweep_due(r) &&
	    tq_clock_mono() - r->last_take < AT_ONCE;
}

/* Look once: 1 claimed, 0 nothing there, -1. */
static int
claim_once(struct tq_redis *r, const struct tq_take *take,
    struct tq_claim *c, struct tq_err *e)
{
	int n, rv;

	if (tq_redis_tend(r, e) == -1)
		return -1;
	if ((rv = next_taken(r, take, c, e)) != 0 || was_drained(r) ||
	    is_quiet(r))
		return rv;
	do {
		if ((n = take_some(r, take, e)) == -1 ||
		    (rv = next_taken(r, take, c, e)) != 0)
			return n == -1 ? -1 : rv;
		if (n == 0 && !r->more && tq_clock_mono() >= r->grace &&
		    (r->past || tq_redis_sweep_due(r)))
			n = tq_redis_sweep(r, e);
	} while (n > 0 || r->more);
	return n;
}

int
tq_redis_claim(void *b, const struct tq_take *take, struct tq_claim *c,
    struct tq_err *e)
{
	struct tq_redis *r = b;
	tq_time until = tq_clock_deadline(tq_clock_mono(), take->timeout);
	tq_time now, next, wake;
	int rv;

	for (;;) {
		if ((rv = claim_once(r, take, c, e)) != 0)
			return rv;
		if ((now = tq_clock_mono()) >= until)
			return 0;
		next = now + LOOK_AGAIN;
		wake = tq_redis_next(r);
		if (wake != 0 && wake - tq_clock_wall() < LOOK_AGAIN)
			next = now + (wake - tq_clock_wall());
		if (tq_redis_doze(r, take, next < until ? next : until, e) ==
		    -1)
			return -1;
	}
}
