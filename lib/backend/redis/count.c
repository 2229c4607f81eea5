/*
 * The ends of members of chords.
 *
 * What the end of a member asks for is known when its chord is: the last one
 * sends the body and closes the chord.  The script can tell, and only the
 * planner knows what follows.  So the script is asked to do all of the end for
 * a state of each chord: at first for "not all are there yet", which is true
 * for every member but one.  It does all or nothing, and in the latter case
 * answers with the state there is; the plan is made anew for that, and the
 * script is asked again:
 *
 *	  plan -----> count the parts, do the steps, let the message go
 *	   ^                 |                 |
 *	   |            another state         done
 *	   '-- replan -------'
 *
 * 1.  A member is counted by the script that lets its message go, or is not.
 *	Whoever has the message next, a worker of Celery too, finds nothing
 *	counted of this attempt; so no member has two results in the chord.
 * 2.  The body is sent by the script that counts the last member, from the
 *	results that are there in that moment.
 * 3.  Another state than the last one is somebody else's work: a member was
 *	counted again, or the chord has ended.  Who loses always starts over
 *	from later news.
 * 4.  What cannot be counted, since a key of the group is something else (names
 *	are for anybody to choose), is left out: no message of a stranger
 *	keeps a worker's place.
 * 5.  The answer is waited for.  When it is lost, the end is tried again from
 *	the beginning, and the tag tells whether it had come: the message is
 *	gone, and that is the end that was wanted.
 *
 * With results on another server the script that counts there can let nothing
 * go: 1 does not hold, and a worker that dies in between leaves a member that
 * is counted and runs again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/redis/end.h"
#include "backend/redis/redis.h"
#include "backend/redis/send.h"
#include "backend/redis/worker.h"

#define ROUNDS_MAX	100

/* Strings of a reply that goes away. */
static struct tq_bytes
keep(struct tq_redis *r, const redisReply *a)
{
	struct tq_bytes b = { tq_arena_copy(&r->mem, a->str, a->len), a->len };

	return b;
}

/*
 * It cannot be counted, and will not be another time: the task ends without,
 * and somebody is told.
 */
static void
leave_out(struct tq_redis *r, struct tq_celery_plan *plan, size_t k,
    const char *why)
{
	struct tq_celery_count *c = &plan->count[k];
	const char *id;

	tq_celery_chord_undo(plan, k);
	c->left_out = 1;
	snprintf(r->untold, sizeof(r->untold), "not counted in its chord: %s",
	    why);
	if (r->letter == NULL && r->worker != NULL &&
	    (id = tq_celery_id_name(&r->mem, c->id)) != NULL)
		(void)tq_redis_mail_add(r, "say %.100s: %s", id, r->untold);
}

/* Plan for the state that the script found: of one count. */
static int
replan(struct tq_redis *r, struct tq_celery_plan *plan, const redisReply *a,
    const struct tq_celery_site *site, struct tq_err *e)
{
	struct tq_bytes *members, saved, state;
	size_t k, i, n;

	if (a->elements < 2 || a->element[0]->integer < 1 ||
	    (size_t)a->element[0]->integer > plan->ncounts)
		return tq_fail(e, EPROTO, "%s: no answer to a count",
		    r->place.name);
	k = (size_t)a->element[0]->integer - 1;
	if (a->elements == 2) {
		leave_out(r, plan, k, a->element[1]->str);
		return 0;
	}
	tq_celery_chord_undo(plan, k);
	if (a->element[1]->len == 0)
		return 0;
	n = a->elements - 3;
	members = tq_arena_alloc(&r->mem, (n + 1) * sizeof(*members));
	state = keep(r, a->element[1]);
	saved = keep(r, a->element[2]);
	for (i = 0; i < n && members != NULL; i++)
		if ((members[i] = keep(r, a->element[i + 3])).p == NULL)
			members = NULL;
	if (members == NULL || state.p == NULL || saved.p == NULL)
		return tq_fail_sys(e, ENOMEM, "chord %s", plan->count[k].gid);
	plan->count[k].state = state.p;
	if (plan->count[k].callback.n == 0)
		return 0;		/* what follows is not known */
	return tq_celery_chord(plan, k, members, n, saved, site, e);
}

/* The script for the plan as it is: its answer. */
static redisReply *
ask(struct tq_redis *r, struct tq_redis_held *h,
    const struct tq_celery_plan *plan, struct tq_err *e)
{
	redisReply *a;

	if (r->apart) {
		tq_redis_store_begin(r, &r->cmd);
		if (tq_redis_do_plan(r, &r->cmd, &r->mem, plan,
		    TQ_REDIS_COUNTS, e) == -1 ||
		    tq_redis_ready_store(r, e) == -1)
			return NULL;
		return tq_redis_call(&r->store, TQ_REDIS_DO, &r->cmd, e);
	}
	if (tq_redis_end_words(r, h, plan, TQ_REDIS_ALL, e) == -1)
		return NULL;
	a = tq_redis_call(&r->main, TQ_REDIS_DO, &h->end, e);
	h->asked |= a == NULL && r->main.wire.fd == -1;
	return a;
}

int
tq_redis_count(struct tq_redis *r, struct tq_redis_held *h,
    struct tq_celery_plan *plan, const struct tq_celery_site *site,
    struct tq_err *e)
{
	redisReply *a;
	int rv, round, stale;

	for (round = 0; round < ROUNDS_MAX; round++) {
		if ((a = ask(r, h, plan, e)) == NULL)
			return -1;
		if (a->type == REDIS_REPLY_ARRAY) {
			rv = replan(r, plan, a, site, e);
			freeReplyObject(a);
			if (rv == -1)
				return -1;
			continue;
		}
		stale = strcmp(a->str, "STALE") == 0 && !h->asked;
		freeReplyObject(a);
		if (stale)
			return tq_fail(e, ESTALE, "%s: the claim is no longer "
			    "yours", h->id.s);
		if (!r->apart)
			tq_redis_held_drop(r, h);
		return 0;
	}
	return tq_fail(e, ETIMEDOUT, "%s: its chord does not stand still",
	    h->id.s);
}
