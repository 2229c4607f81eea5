/* The resident handlers of a place. */
#include <sys/wait.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feed.h"

int
tq_feed_open(struct tq_place *p, const struct tq_place_rules *rules,
    struct tq_err *e)
{
	const struct tq_uses *uses = rules->plan.uses;
	size_t i;

	if (uses == NULL || uses->n == 0)
		return 0;
	if ((p->resident = calloc(uses->n, sizeof(*p->resident))) == NULL)
		return tq_fail_sys(e, errno, "resident handlers");
	p->nresident = uses->n;
	for (i = 0; i < uses->n; i++)
		tq_resident_init(&p->resident[i], rules->epoll, rules->key +
		    (p->number - 1) * TQ_USES_MAX + i);
	return 0;
}

void
tq_feed_close(struct tq_place *p)
{
	size_t i;

	for (i = 0; i < p->nresident; i++)
		tq_resident_fini(&p->resident[i]);
	free(p->resident);
	p->resident = NULL;
	p->nresident = 0;
}

static const struct tq_use *
use_of(const struct tq_place *p, const struct tq_place_rules *rules,
    const struct tq_resident *r)
{
	return &rules->plan.uses->use[r - p->resident];
}

/*
 * A process that has gone while idle took nothing with it: a new one gets the
 * task.  A new one that has gone is left to its end, which says how.
 */
int
tq_feed_start(struct tq_place *p, const struct tq_place_rules *rules,
    const struct tq_use *use, int *status, struct tq_err *e)
{
	struct tq_resident *r = &p->resident[use - rules->plan.uses->use];
	int fresh, rv;

	do {
		fresh = r->out == -1;
		if (fresh && tq_resident_start(r, use, &rules->plan,
		    p->number, status, e) == -1)
			return -1;
		rv = tq_resident_send(r, &p->claim, e);
		if (rv == -1 && errno == EPIPE && !fresh)
			tq_resident_end(r);
	} while (rv == -1 && errno == EPIPE && !fresh);
	if (rv == -1 && errno != EPIPE) {
		*status = errno == EMSGSIZE ? 65 : -1;
		return -1;
	}
	p->at = r;
	p->pid = r->pid;
	return 0;
}

/* ---- hearing --------------------------------------------------------- */

static enum tq_heard
garbage(struct tq_place *p, const struct tq_place_rules *rules,
    const struct tq_err *e)
{
	tq_say(rules->say, TQ_SAY_WRONG, "%s: %s", p->claim.ref.id.s,
	    e->text);
	tq_resident_end(p->at);
	return TQ_HEARD_GARBAGE;
}

/* Somebody who was asked nothing speaks or leaves. */
static void
unasked(const struct tq_use *use, const struct tq_place_rules *rules,
    struct tq_resident *r)
{
	char quoted[TQ_WHY_MAX];

	tq_answer_quote(quoted, sizeof(quoted), (const char *)r->line.p,
	    r->line.n);
	if (r->line.n > 0)
		tq_say(rules->say, TQ_SAY_WRONG, "%s: answer to nothing: %s",
		    use->path, quoted);
	tq_resident_end(r);
}

/* There is at least one line: nothing may follow it. */
static int
parse(struct tq_answer *out, struct tq_place *p, struct tq_err *e)
{
	const struct tq_buf *b = &p->at->line;
	const char *line = (const char *)b->p;
	char quoted[TQ_WHY_MAX];
	size_t n;

	n = (size_t)((const char *)memchr(line, '\n', b->n) - line);
	if (n + 1 == b->n)
		return tq_answer_parse(out, &p->mem, line, n,
		    p->claim.ref.id.s, e);
	tq_answer_quote(quoted, sizeof(quoted), line + n + 1, b->n - n - 1);
	return tq_fail(e, EINVAL, "bad answer, a second one: %s", quoted);
}

enum tq_heard
tq_feed_hear(struct tq_answer *out, struct tq_place *p,
    const struct tq_place_rules *rules, size_t n, tq_time now,
    struct tq_err *e)
{
	struct tq_resident *r = &p->resident[n];
	int rv;

	if (r->out == -1)
		return TQ_HEARD_NOTHING;
	if (p->at != r) {
		tq_buf_reset(&r->line);
		(void)tq_resident_hear(r, e);
		unasked(use_of(p, rules, r), rules, r);
		return TQ_HEARD_NOTHING;
	}
	if ((rv = tq_resident_hear(r, e)) == 0)
		return TQ_HEARD_NOTHING;
	if (rv == -1 && errno == EPIPE) {
		tq_resident_deafen(r);
		return TQ_HEARD_END;
	}
	if (rv == -1 || parse(out, p, e) == -1)
		return garbage(p, rules, e);
	r->answered++;
	if (p->cause != TQ_CAUSE_NONE)
		tq_resident_end(r);	/* it was told to end */
	else if (tq_resident_worn(r, use_of(p, rules, r), now))
		tq_resident_retire(r, now);
	return TQ_HEARD_ANSWER;
}

int
tq_feed_unseen(const struct tq_place *p)
{
	return p->at->answered > 0 && tq_resident_unread(p->at);
}

void
tq_feed_why(struct tq_place *p, int wstatus)
{
	if (WIFSIGNALED(wstatus))
		snprintf(p->why, sizeof(p->why), "no answer: killed by "
		    "signal %d", WTERMSIG(wstatus));
	else
		snprintf(p->why, sizeof(p->why), "no answer: exited with %d",
		    WEXITSTATUS(wstatus));
	p->end.why = p->why;
}

/* ---- leaving --------------------------------------------------------- */

int
tq_feed_reaped(struct tq_place *p, const struct tq_place_rules *rules,
    pid_t pid, int wstatus)
{
	struct tq_resident *r;
	int retired;

	for (r = p->resident; r < p->resident + p->nresident; r++) {
		retired = pid == r->old;
		if (!tq_resident_reaped(r, pid))
			continue;
		if (!retired) {
			tq_say(rules->say, TQ_SAY_WRONG, "%s: ended while "
			    "idle, status %d", use_of(p, rules, r)->path,
			    WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) :
			    128 + WTERMSIG(wstatus));
			tq_resident_end(r);
		}
		return 1;
	}
	return 0;
}

void
tq_feed_retire(struct tq_place *p, tq_time now)
{
	struct tq_resident *r;

	for (r = p->resident; r < p->resident + p->nresident; r++)
		if (r != p->at)
			tq_resident_retire(r, now);
}

tq_time
tq_feed_tick(struct tq_place *p, tq_time now)
{
	struct tq_resident *r;
	tq_time next = TQ_FOREVER, due;

	for (r = p->resident; r < p->resident + p->nresident; r++)
		if ((due = tq_resident_tick(r, now)) < next)
			next = due;
	return next;
}

unsigned
tq_feed_idlers(const struct tq_place *p)
{
	const struct tq_resident *r;
	unsigned n = 0;

	for (r = p->resident; r < p->resident + p->nresident; r++)
		n += (r->pid != 0 && r != p->at) + (r->old != 0);
	return n;
}
