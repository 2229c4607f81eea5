/*
 * What becomes of a task whose process ended (pure).
 *
 *	status			state
 *	0			success
 *	75 111			try later: retry, TQ_LATERS_MAX times
 *	in `permanent` below	failure
 *	other, or killed	retry while the task's retries allow, then failure
 *
 * A task that may start only once is never tried again.
 */
#include <sys/wait.h>

#include <stdint.h>

#include "outcome.h"

/*
 * 64-68, 77 and 78 from sysexits(3): usage, bad data, no input, no user, no
 * host, no permission, bad configuration; 100 from qmail-command(8); 126 and
 * 127 from sh(1): cannot run, not found.  None of them goes away by waiting.
 */
static const unsigned char permanent[] = {
	64, 65, 66, 67, 68, 77, 78, 100, 126, 127
};

/* EX_TEMPFAIL of sysexits(3), and what qmail-command(8) calls "soft". */
static const unsigned char later[] = { 75, 111 };

static int
has(const unsigned char *list, size_t n, int status)
{
	while (n > 0)
		if (list[--n] == status)
			return 1;
	return 0;
}

void
tq_policy_of(struct tq_policy *out, const struct tq_claim *c, int retries)
{
	out->retries = c->task.retries >= 0 ? c->task.retries : retries;
	out->once = (c->task.flags & TQ_TASK_ONCE) != 0;
	out->failures = c->failures;
	out->laters = c->laters;
}

tq_time
tq_backoff_max(unsigned k)
{
	tq_time max;

	for (max = TQ_BACKOFF_BASE; k > 1 && max < TQ_BACKOFF_CAP; k--)
		max *= 2;
	return max < TQ_BACKOFF_CAP ? max : TQ_BACKOFF_CAP;
}

tq_time
tq_backoff(unsigned k, uint64_t rnd)
{
	/* the bias of % is below 2^-24: the longest delay has 40 bits */
	return (tq_time)(rnd % ((uint64_t)tq_backoff_max(k) + 1));
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
	out->when = now + tq_backoff(k, rnd);
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
	else if (exited && has(later, sizeof(later), out->status)) {
		out->flags = TQ_OUTCOME_LATER;
		if (p->laters < TQ_LATERS_MAX)
			again(out, p, p->laters + 1, rnd, now);
		else
			fail(out, "tried later too often");
	} else if (exited && has(permanent, sizeof(permanent), out->status))
		fail(out, p->retries > 0 ? "not worth a retry" : NULL);
	else if (p->failures < (unsigned)p->retries)
		again(out, p, p->failures + 1, rnd, now);
	else
		fail(out, p->retries > 0 ? "no retries left" : NULL);
}
