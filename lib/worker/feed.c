/* The resident handlers of a place. */
#define _GNU_SOURCE		/* memmem(3) */
#include <sys/wait.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "feed.h"

/* Feed nothing ahead for so long after a task that was not for the handler. */
#define STRANGE_TIME	TQ_SECOND

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
		    (p->number - 1) * TQ_USES_MAX + i, rules->cgroup);
	return 0;
}

void
tq_feed_close(struct tq_place *p)
{
	size_t i;

	for (i = 0; i < p->nresident; i++)
		tq_resident_fini(&p->resident[i]);
	free(p->resident);
	for (i = 0; p->ahead != NULL && i < TQ_AHEAD_MAX; i++)
		tq_claim_fini(&p->ahead[i].claim);
	free(p->ahead);
	p->resident = NULL;
	p->ahead = NULL;
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
	int fresh, gone;

	do {
		fresh = r->out == -1;
		if (fresh && tq_resident_start(r, use, &rules->plan,
		    p->number, status, e) == -1)
			return -1;
		if (tq_resident_feed(r, &p->claim, &p->fed_at, e) == -1) {
			*status = errno == EMSGSIZE ? 65 : -1;
			return -1;
		}
		gone = tq_resident_flush(r) == -1;
		if (gone && !fresh)
			tq_resident_end(r);
	} while (gone && !fresh);
	r->since = tq_clock_boot();
	p->at = r;
	p->pid = r->pid;
	return 0;
}

/* ---- ahead ----------------------------------------------------------- */

static struct tq_ahead *
ahead(const struct tq_place *p, unsigned i)
{
	return &p->ahead[(p->first + i) % TQ_AHEAD_MAX];
}

/*
 * 1 if the last one ahead has the id of one before it: of two messages with
 * one id the answers could not be told apart.
 */
static int
is_twin(const struct tq_place *p)
{
	const char *id = ahead(p, p->nahead - 1)->claim.ref.id.s;
	unsigned i;

	if (strcmp(p->claim.ref.id.s, id) == 0)
		return 1;
	for (i = 0; i + 1 < p->nahead; i++)
		if (strcmp(ahead(p, i)->claim.ref.id.s, id) == 0)
			return 1;
	return 0;
}

static int
make_room(struct tq_place *p, struct tq_err *e)
{
	unsigned i;

	if (p->ahead != NULL)
		return 0;
	if ((p->ahead = calloc(TQ_AHEAD_MAX, sizeof(*p->ahead))) == NULL)
		return tq_fail_sys(e, errno, "tasks ahead");
	for (i = 0; i < TQ_AHEAD_MAX; i++)
		tq_claim_init(&p->ahead[i].claim);
	return 0;
}

/*
 * The next task may be anybody's: one that is not for this process goes back
 * to the head of its line, and no more are taken for a while.  So does one
 * that expires: the one before it may take any time.
 */
int
tq_feed_more(struct tq_place *p, const struct tq_place_rules *rules,
    tq_time now, struct tq_err *e)
{
	const struct tq_use *use = use_of(p, rules, p->at);
	struct tq_offer none[TQ_OFFERS_MAX];
	struct tq_take take = rules->take;
	struct tq_ahead *a;
	size_t i;
	int rv;

	if (p->cause != TQ_CAUSE_NONE || now < p->strange ||
	    p->nahead >= tq_resident_ahead(p->at, use))
		return 0;
	if (make_room(p, e) == -1)
		return -1;
	a = ahead(p, p->nahead);
	take.capture = p->number;
	take.timeout = 0;
	/* what is free is for places: one that needs something waits for one */
	for (i = 0; i < take.noffers; i++) {
		none[i] = take.offer[i];
		none[i].free = 0;
	}
	take.offer = none;
	if ((rv = tq_claim(rules->tq, &take, &a->claim, e)) != 1)
		return rv == 0 ? 2 : -1;
	a->sig = 0;
	p->nahead++;
	if (tq_uses_find(rules->plan.uses, &a->claim.task) == use &&
	    a->claim.crashes == 0 && a->claim.task.expires == 0 &&
	    !is_twin(p) &&
	    tq_resident_feed(p->at, &a->claim, &a->at, e) == 0)
		return 1;
	a->sig = -1;		/* not fed */
	p->strange = now + STRANGE_TIME;
	tq_feed_hand_back(p, rules);
	return 0;
}

void
tq_feed_flush(struct tq_place *p)
{
	/* a process that has gone is found so by its end */
	if (p->at != NULL && p->at->in != -1)
		(void)tq_resident_flush(p->at);
}

int
tq_feed_next(struct tq_place *p)
{
	struct tq_ahead *a;
	struct tq_claim c;

	if (p->nahead == 0 || p->at == NULL || p->at->out == -1) {
		p->at = NULL;
		return 0;
	}
	a = ahead(p, 0);
	c = p->claim;
	p->claim = a->claim;
	a->claim = c;
	p->fed_at = a->at;
	p->first = (p->first + 1) % TQ_AHEAD_MAX;
	p->nahead--;
	p->sig = a->sig;
	return 1;
}

/*
 * From the last one on, for each goes to the head of its line; of a process
 * that goes on only those that it was not fed.
 */
void
tq_feed_hand_back(struct tq_place *p, const struct tq_place_rules *rules)
{
	struct tq_outcome o;
	struct tq_ahead *a;
	struct tq_err e;
	int alive = p->at != NULL && p->at->out != -1;
	tq_time now = tq_clock_boot();

	if (now < p->again)
		return;
	for (; p->nahead > 0; p->nahead--) {
		a = ahead(p, p->nahead - 1);
		if (alive && a->sig != -1)
			return;
		tq_outcome_init(&o, TQ_READY);
		if (tq_settle(rules->tq, &a->claim.ref, &o, 0, &e) == -1 &&
		    errno != ESTALE && errno != ENOENT) {
			if (p->again == 0)
				tq_say(rules->say, TQ_SAY_WRONG, "%s: %s; "
				    "will try again", a->claim.ref.id.s,
				    e.text);
			p->again = now + TQ_SECOND;
			return;
		}
		p->returned++;
	}
}

int
tq_feed_signal(struct tq_place *p, const char *id, int sig)
{
	struct tq_ahead *a;
	unsigned i;

	for (i = 0; i < p->nahead; i++) {
		a = ahead(p, i);
		if (strcmp(a->claim.ref.id.s, id) != 0 || a->sig == -1)
			continue;
		a->sig = sig;
		return 1;
	}
	return 0;
}

/* ---- hearing --------------------------------------------------------- */

static enum tq_heard
garbage(struct tq_place *p, const struct tq_place_rules *rules,
    enum tq_heard heard, const struct tq_err *e)
{
	tq_say(rules->say, TQ_SAY_WRONG, "%s: %s",
	    heard == TQ_HEARD_TWICE ? p->at->last.s : p->claim.ref.id.s,
	    e->text);
	tq_resident_end(p->at);
	return heard;
}

/* Somebody who was asked nothing speaks or leaves. */
static void
unasked(const struct tq_use *use, const struct tq_place_rules *rules,
    struct tq_resident *r)
{
	char quoted[TQ_WHY_MAX];
	const char *line;
	struct tq_err e;
	size_t n;

	if (tq_resident_hear(r, &line, &n, &e) == 1) {
		tq_answer_quote(quoted, sizeof(quoted), line, n);
		tq_say(rules->say, TQ_SAY_WRONG, "%s: answer to nothing: %s",
		    use->path, quoted);
	}
	tq_resident_end(r);
}

/*
 * Nothing may follow an answer but that of the next task: 0, or -1 and the
 * line that does.
 */
static int
check_next(struct tq_place *p, struct tq_err *e)
{
	const char *id = p->claim.ref.id.s, *line;
	struct tq_answer second;
	char quoted[TQ_WHY_MAX];
	size_t n;

	if ((n = tq_resident_peek(p->at, &line)) == 0)
		return 0;
	n--;
	/* whose it is, its own turn shows; but one with this id is looked at */
	if (p->nahead > 0 && (memmem(line, n, id, strlen(id)) == NULL ||
	    tq_answer_parse(&second, &p->mem, line, n, id, NULL, NULL) == -1))
		return 0;
	tq_answer_quote(quoted, sizeof(quoted), line, n);
	return tq_fail(e, EINVAL, "bad answer, a second one: %s", quoted);
}

static enum tq_heard
hear_line(struct tq_answer *out, struct tq_place *p,
    const struct tq_place_rules *rules, const char *line, size_t n,
    tq_time now, struct tq_err *e)
{
	const struct tq_use *use = use_of(p, rules, p->at);
	const struct tq_id *id = &p->claim.ref.id;

	if (tq_answer_parse(out, &p->mem, line, n, id->s, p->at->last.s,
	    e) == -1)
		return garbage(p, rules, errno == EALREADY ? TQ_HEARD_TWICE :
		    TQ_HEARD_GARBAGE, e);
	if (out->is_report)
		return TQ_HEARD_REPORT;
	if (check_next(p, e) == -1)
		return garbage(p, rules, TQ_HEARD_GARBAGE, e);
	tq_resident_answered(p->at, use, id, now);
	if (p->cause != TQ_CAUSE_NONE)
		tq_resident_end(p->at);	/* it was told to end */
	else if (p->at->worn && p->nahead == 0)
		tq_resident_retire(p->at, now);
	return TQ_HEARD_ANSWER;
}

enum tq_heard
tq_feed_hear(struct tq_answer *out, struct tq_place *p,
    const struct tq_place_rules *rules, size_t n, tq_time now,
    struct tq_err *e)
{
	struct tq_resident *r = &p->resident[n];
	const char *line;
	size_t len;
	int rv;

	if (r->out == -1)
		return TQ_HEARD_NOTHING;
	if (p->at != r) {
		unasked(use_of(p, rules, r), rules, r);
		return TQ_HEARD_NOTHING;
	}
	if (p->state != TQ_PLACE_RUNNING)
		return TQ_HEARD_NOTHING;	/* when it is settled */
	if ((rv = tq_resident_hear(r, &line, &len, e)) == 0)
		return TQ_HEARD_NOTHING;
	if (rv == 1)
		return hear_line(out, p, rules, line, len, now, e);
	if (errno != EPIPE)
		return garbage(p, rules, TQ_HEARD_GARBAGE, e);
	tq_resident_deafen(r);
	return TQ_HEARD_END;
}

int
tq_feed_has_more(const struct tq_place *p)
{
	const char *line;

	return p->at != NULL && p->at->out != -1 &&
	    tq_resident_peek(p->at, &line) > 0;
}

int
tq_feed_unseen(const struct tq_place *p)
{
	return p->at->answered > 0 && tq_resident_unread(p->at, p->fed_at);
}

void
tq_feed_why(char *why, size_t size, int wstatus)
{
	if (WIFSIGNALED(wstatus))
		snprintf(why, size, "no answer: killed by signal %d",
		    WTERMSIG(wstatus));
	else
		snprintf(why, size, "no answer: exited with %d",
		    WEXITSTATUS(wstatus));
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
