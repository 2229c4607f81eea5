/*
 * What becomes of a task whose process ended (pure).
 *
 *	status			state
 *	0			success
 *	temporary (75 111)	try later: retry, `later` (20) times
 *	permanent (64 ... 127)	failure
 *	other, or killed	retry while the task's retries allow, then failure
 *
 * The lists and numbers are rules of the queue (struct tq_rules); here are
 * those that hold where none are set.  A task that may start only once is
 * never tried again.
 */
#include <sys/wait.h>

#include <stdint.h>

#include "base/clock.h"
#include "base/rules.h"
#include "outcome.h"

void
tq_policy_of(struct tq_policy *out, const struct tq_claim *c, int retries)
{
	out->retries = c->task.retries >= 0 ? c->task.retries : retries;
	out->once = (c->task.flags & TQ_TASK_ONCE) != 0;
	out->failures = c->failures;
	out->laters = c->laters;
	out->rules = c->rules;
	tq_policy_backoff(&out->rules, &c->task);
}

void
tq_policy_backoff(struct tq_rules *r, const struct tq_task *t)
{
	if (t->backoff >= 0)
		r->backoff = t->backoff;
	if (t->factor != 0)
		r->factor = t->factor;
	if (t->backoff_cap >= 0)
		r->backoff_cap = t->backoff_cap;
	else if (t->backoff > r->backoff_cap)
		r->backoff_cap = t->backoff;
}

tq_time
tq_backoff_max(const struct tq_rules *r, unsigned k)
{
	tq_time max = r->backoff, cap = r->backoff_cap, f = r->factor;

	/* at a factor of one no step changes anything */
	for (; k > 1 && max < cap && f > 1000; k--) {
		if (max / 1000 >= cap / f)
			return cap;
		max = max > INT64_MAX / f ? max / 1000 * f : max * f / 1000;
	}
	return max < cap ? max : cap;
}

tq_time
tq_backoff(const struct tq_rules *r, unsigned k, uint64_t rnd)
{
	/* the bias of % is below 2^-10 for delays of up to half a year */
	return (tq_time)(rnd % ((uint64_t)tq_backoff_max(r, k) + 1));
}

static void
fail(struct tq_outcome *out, const char *why)
{
	out->state = TQ_FAILURE;
	out->why = why;
}

static void
again(struct tq_outcome *out, const struct tq_policy *p, unsigned k,
    uint64_t rnd, tq_time now)
{
	if (p->once) {
		fail(out, "may start only once");
		return;
	}
	out->state = TQ_RETRY;
	out->when = tq_clock_deadline(now, tq_backoff(&p->rules, k, rnd));
}

void
tq_outcome_decide(struct tq_outcome *out, int wstatus,
    const struct tq_policy *p, uint64_t rnd, tq_time now)
{
	int exited;

	exited = WIFEXITED(wstatus);
	out->signal = exited ? 0 : WTERMSIG(wstatus);
	out->status = exited ? WEXITSTATUS(wstatus) : 128 + out->signal;
	out->why = NULL;
	out->when = 0;
	out->flags = 0;

	if (exited && out->status == 0)
		out->state = TQ_SUCCESS;
	else if (exited && tq_statuses_has(p->rules.temporary, out->status)) {
		out->flags = TQ_OUTCOME_LATER;
		if (p->laters < p->rules.later)
			again(out, p, p->laters + 1, rnd, now);
		else
			fail(out, "tried later too often");
	} else if (exited && tq_statuses_has(p->rules.permanent, out->status))
		fail(out, p->retries > 0 ? "not worth a retry" : NULL);
	else if (p->failures < (unsigned)p->retries)
		again(out, p, p->failures + 1, rnd, now);
	else
		fail(out, p->retries > 0 ? "no retries left" : NULL);
}

void
tq_outcome_later(struct tq_outcome *out, const struct tq_policy *p,
    tq_time delay, tq_time now)
{
	out->flags = TQ_OUTCOME_LATER;
	out->why = NULL;
	out->when = 0;
	if (p->once)
		fail(out, "may start only once");
	else if (p->laters >= p->rules.later)
		fail(out, "tried later too often");
	else {
		out->state = TQ_RETRY;
		out->when = tq_clock_deadline(now, delay);
	}
}
