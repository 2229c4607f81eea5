/*
 * A worker inside a program: handlers in this process.  It is a part of libtq,
 * as the rest of this room is not, and takes no signals and no children.
 *
 * What a handler does to the process it does to us: one that crashes takes the
 * worker with it, and its task is counted as having lost its worker.
 */
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <tq/tq.h>

#include "base/clock.h"
#include "base/id.h"
#include "mail.h"
#include "outcome.h"

#define LOOK_EVERY	(100 * TQ_MS)	/* for mail while there is work */
#define CAPTURE		1		/* our only place */

struct working {
	struct tq	*tq;
	struct tq_work	*w;
	struct tq_claim	 c;
	uint64_t	 ran;		/* tasks */
	uint64_t	 pong;
	tq_time		 looked;	/* for mail, CLOCK_MONOTONIC */
	tq_time		 since;		/* nothing came, ditto; 0: something */
	int		 told;		/* to stop, by mail */
};

static const struct tq_handler *
find(const struct tq_work *w, const struct tq_task *t)
{
	const struct tq_handler *h, *rest = NULL;

	if (t->kind != TQ_KIND_NAMED && t->kind != TQ_KIND_BODY)
		return NULL;
	for (h = w->handlers; h < w->handlers + w->nhandlers; h++)
		if (h->name == NULL)
			rest = h;
		else if (t->kind == TQ_KIND_NAMED &&
		    strcmp(h->name, t->name) == 0)
			return h;
	return rest;
}

/* Read a status as that of a program is read. */
static void
decide(struct tq_outcome *o, const struct working *k, int status)
{
	const char *why = o->why;
	struct tq_policy policy;
	unsigned flags = o->flags;
	uint64_t rnd = 0;
	tq_time now = 0;

	tq_policy_of(&policy, &k->c, k->w->retries);
	if (status != 0) {
		tq_random(&rnd, sizeof(rnd));
		now = tq_clock_wall();
	}
	tq_outcome_decide(o, W_EXITCODE(status & 0xff, 0), &policy, rnd, now);
	o->flags |= flags;
	if (why != NULL)
		o->why = why;
}

static void
not_registered(struct tq_outcome *o, const struct working *k, char *why,
    size_t size)
{
	const struct tq_task *t = &k->c.task;

	snprintf(why, size, "NotRegistered: %s", t->name != NULL ? t->name :
	    "a command");
	o->why = why;
	o->type = "NotRegistered";
	decide(o, k, 127);
}

/* Run the claimed task and settle it. */
static int
run(struct working *k, struct tq_err *e)
{
	const struct tq_handler *h = find(k->w, &k->c.task);
	char why[TQ_WHY_MAX + 1];
	struct tq_outcome o;
	struct tq_call call;
	int status;

	tq_outcome_init(&o, TQ_ABSENT);
	if (h == NULL)
		not_registered(&o, k, why, sizeof(why));
	else {
		call = (struct tq_call){ k->tq, &k->c, &o, h->arg };
		status = h->run(&call);
		if (o.state == TQ_ABSENT)
			decide(&o, k, status);
	}
	k->ran++;
	k->w->done += o.state == TQ_SUCCESS;
	k->w->failed += o.state == TQ_FAILURE;
	if (tq_settle(k->tq, &k->c.ref, &o, 0, e) == 0)
		return 0;
	/* somebody revoked it meanwhile */
	return errno == ESTALE || errno == ENOENT ? 0 : -1;
}

/* ---- mail ------------------------------------------------------------ */

static void
show(const struct working *k)
{
	const struct tq_worker_state state = { .jobs = 1, .pong = k->pong };

	tq_worker_status(k->tq, &state);
}

/* Jobs are not to be had here, nor can a task be killed. */
static void
read_mails(struct working *k)
{
	struct tq_mail mail;
	char words[512];

	k->looked = tq_clock_coarse();
	while (tq_worker_mail(k->tq, words, sizeof(words), NULL) == 1) {
		if (tq_mail_parse(&mail, words, NULL) == -1)
			continue;
		if (mail.verb == TQ_MAIL_STOP)
			k->told = 1;
		else if (mail.verb == TQ_MAIL_PING) {
			k->pong = mail.pong;
			show(k);
		}
	}
}

/* ---- waiting --------------------------------------------------------- */

/* Sleep until a ring, but not longer than `most`. */
static int
sleep_for(struct working *k, tq_time most, struct tq_err *e)
{
	struct pollfd p = { .fd = tq_worker_fd(k->tq), .events = POLLIN };
	tq_time next = 0, length;
	int rv;

	if ((rv = tq_worker_sleep(k->tq, &k->w->take, &next, e)) != 1)
		return rv;
	length = next - tq_clock_wall();
	if (length > most)
		length = most;
	/* up, not down: waking before a time means looking in vain; who sets
	 * stop in a handler of signals interrupts it, or waits a second */
	if (length > 0)
		(void)poll(&p, 1, (int)((length + TQ_MS - 1) / TQ_MS));
	read_mails(k);
	return 0;
}

/* Nothing is ready: 1 to leave, 0 to look again, -1. */
static int
wait_for_more(struct working *k, struct tq_err *e)
{
	tq_time now = tq_clock_mono(), left = TQ_SECOND;

	if (k->since == 0)
		k->since = now;
	if (k->w->idle != TQ_FOREVER) {
		left = k->w->idle - (now - k->since);
		if (left <= 0)
			return 1;
	}
	return sleep_for(k, left, e);
}

static int
runs(const void *w, const struct tq_task *t)
{
	return find(w, t) != NULL;
}

static int
work(struct working *k, struct tq_err *e)
{
	struct tq_take take = k->w->take;
	int rv;

	take.lease = 0;
	take.timeout = 0;
	take.capture = CAPTURE;
	take.runs = runs;
	take.runs_arg = k->w;
	while (!k->told && (k->w->stop == NULL || !*k->w->stop) &&
	    (k->w->count == 0 || k->ran < k->w->count)) {
		if (tq_clock_coarse() - k->looked >= LOOK_EVERY)
			read_mails(k);
		if ((rv = tq_claim(k->tq, &take, &k->c, e)) == -1)
			return -1;
		if (rv == 1) {
			k->since = 0;
			if (run(k, e) == -1)
				return -1;
		} else if ((rv = wait_for_more(k, e)) != 0)
			return rv == 1 ? 0 : -1;
	}
	return 0;
}

int
tq_work(struct tq *tq, struct tq_work *w, struct tq_err *e)
{
	struct working k = { .tq = tq, .w = w };
	int rv;

	if (w->nhandlers == 0)
		return tq_fail(e, EINVAL, "a worker without handlers");
	w->done = w->failed = 0;
	if (tq_worker_join(tq, &w->take, 1, e) == -1)
		return -1;
	tq_claim_init(&k.c);
	rv = work(&k, e);
	tq_claim_fini(&k.c);
	/* the last outcomes may still be on their way to the disk */
	return rv == 0 ? tq_sync(tq, e) : -1;
}
