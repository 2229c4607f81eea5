/*
 * Verbs of tqctl on workers: mails to the named ones, or to all when none is
 * named.  What a worker does on a mail is in lib/worker.
 */
#include "command/verb.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "command/arg.h"
#include "command/queues.h"
#include "command/snapshot.h"
#include "command/status.h"
#include "command/table.h"

#define LOOK_EVERY_MS	50	/* at workers that were told to stop */
#define PONG_EVERY_MS	5	/* at those that were pinged */
#define PING_TIME	(5 * TQ_SECOND)	/* for an answer, without -t */

/* Send words; *sent gets how many workers got them. */
static int
mail(struct tq_ctl *c, const char *words, uint64_t *sent, struct tq_err *e)
{
	unsigned n = 0;
	int i;

	*sent = 0;
	if (c->argc == 0) {
		if (tq_worker_send(c->tq, NULL, words, &n, e) == -1)
			return -1;
		*sent = n;
		return 0;
	}
	for (i = 0; i < c->argc; i++) {
		if (tq_worker_send(c->tq, c->argv[i], words, &n, e) == -1)
			return -1;
		*sent += n;
	}
	return 0;
}

/* Mail words and say how many got them; nobody there is a clean "no". */
static int
tell(struct tq_ctl *c, const char *words, struct tq_err *e)
{
	uint64_t sent;

	if (mail(c, words, &sent, e) == -1)
		return -1;
	tq_verb_changed(c, sent);
	if (sent == 0)
		tq_warn("%s: no worker is there", c->verb->name);
	return sent > 0 ? TQ_EXIT_OK : TQ_EXIT_NO;
}

/* 1 if the worker was meant by the operands. */
static int
is_meant(const struct tq_ctl *c, const char *name)
{
	int i;

	for (i = 0; i < c->argc; i++)
		if (strcmp(c->argv[i], name) == 0)
			return 1;
	return c->argc == 0;
}

static int
snapshot(struct tq_ctl *c, struct tq_snapshot *s, struct tq_err *e)
{
	return tq_snapshot_take(s, c->tq, c->queues, c->nqueues,
	    tq_clock_wall(), e);
}

/* Print who has answered n by now, each once; how many have not yet. */
static size_t
answered(struct tq_ctl *c, struct tq_snapshot *meant,
    const struct tq_snapshot *now, uint64_t n)
{
	struct tq_worker_info *w;
	size_t i, j, left = 0;

	for (i = 0; i < meant->nworkers; i++) {
		w = &meant->worker[i];
		if (w->pong == n || !is_meant(c, w->name))
			continue;
		for (j = 0; j < now->nworkers; j++)
			if (strcmp(now->worker[j].name, w->name) == 0)
				w->pong = now->worker[j].pong;
		if (w->pong != n) {
			left++;
			continue;
		}
		if (c->quiet)
			continue;
		tq_print_str(&c->print, "worker", w->name);
		tq_print_end(&c->print);
	}
	return left;
}

static void
say_silent(const struct tq_ctl *c, const struct tq_snapshot *meant,
    uint64_t n)
{
	size_t i;

	for (i = 0; i < meant->nworkers; i++)
		if (is_meant(c, meant->worker[i].name) &&
		    meant->worker[i].pong != n)
			tq_warn("%s: no answer", meant->worker[i].name);
}

/*
 * A worker answers from its loop, between two tasks: by the number of the
 * ping in its row.
 */
int
tq_verb_ping(struct tq_ctl *c, struct tq_err *e)
{
	tq_time until = tq_clock_deadline(tq_clock_mono(),
	    c->timeout == TQ_FOREVER ? PING_TIME : c->timeout);
	uint64_t n = (uint64_t)tq_clock_wall() >> 1;
	struct tq_snapshot meant, now;
	char words[32];
	size_t left;
	int rv;

	snprintf(words, sizeof(words), "ping %llu", (unsigned long long)n);
	if ((rv = snapshot(c, &meant, e)) == -1 ||
	    (rv = tell(c, words, e)) != TQ_EXIT_OK) {
		tq_snapshot_fini(&meant);
		return rv;
	}
	for (;;) {
		rv = snapshot(c, &now, e);
		left = rv == 0 ? answered(c, &meant, &now, n) : 0;
		tq_snapshot_fini(&now);
		if (left == 0 || tq_clock_mono() >= until)
			break;
		poll(NULL, 0, PONG_EVERY_MS);
	}
	if (rv == 0)
		say_silent(c, &meant, n);
	tq_snapshot_fini(&meant);
	if (rv == -1)
		return -1;
	return left == 0 ? TQ_EXIT_OK : TQ_EXIT_NO;
}

/* A worker that was named and is not listed: ENOENT. */
static int
check_named(const struct tq_ctl *c, const struct tq_snapshot *s,
    struct tq_err *e)
{
	size_t j;
	int i;

	for (i = 0; i < c->argc; i++) {
		for (j = 0; j < s->nworkers; j++)
			if (strcmp(c->argv[i], s->worker[j].name) == 0)
				break;
		if (j == s->nworkers)
			return tq_fail(e, ENOENT, "%s: no such worker",
			    c->argv[i]);
	}
	return 0;
}

int
tq_verb_workers(struct tq_ctl *c, struct tq_err *e)
{
	struct tq_table_choice choice;
	struct tq_snapshot s;
	size_t i, listed = 0;
	int rv;

	tq_table_choose(&choice, &tq_table_workers, NULL, c->print.form);
	if ((rv = snapshot(c, &s, e)) == 0)
		rv = check_named(c, &s, e);
	for (i = 0; rv == 0 && i < s.nworkers; i++) {
		if (!is_meant(c, s.worker[i].name))
			continue;
		listed++;
		if (!c->quiet)
			tq_table_print(&choice, &c->print, &s.worker[i]);
	}
	tq_snapshot_fini(&s);
	if (rv == -1 || (listed == 0 && tq_queues_check(c->tq, c->queues,
	    c->nqueues, e) == -1))
		return -1;
	if (listed == 0)
		tq_warn(c->nqueues > 0 ? "workers: none serves it" :
		    "workers: no worker is there");
	return listed > 0 ? TQ_EXIT_OK : TQ_EXIT_NO;
}

/* grow and shrink: the verb is the first word of the mail. */
int
tq_verb_resize(struct tq_ctl *c, struct tq_err *e)
{
	char words[64];

	snprintf(words, sizeof(words), "%s %lld", c->verb->name,
	    (long long)tq_arg_number(c->verb->name, c->value, 1, 100000));
	return tell(c, words, e);
}

/* Wait until none of the workers in `before` that were meant is listed. */
static int
wait_gone(struct tq_ctl *c, const struct tq_snapshot *before,
    struct tq_err *e)
{
	tq_time until = tq_clock_deadline(tq_clock_mono(), c->timeout);
	struct tq_snapshot s;
	size_t i, j, left;

	for (;;) {
		if (snapshot(c, &s, e) == -1) {
			tq_snapshot_fini(&s);
			return -1;
		}
		for (i = left = 0; i < before->nworkers; i++)
			for (j = 0; j < s.nworkers; j++)
				left += is_meant(c, s.worker[j].name) &&
				    strcmp(s.worker[j].name,
				    before->worker[i].name) == 0;
		tq_snapshot_fini(&s);
		if (left == 0)
			return TQ_EXIT_OK;
		if (tq_clock_mono() >= until) {
			tq_warn("stop: %zu still there", left);
			return TQ_EXIT_NO;
		}
		poll(NULL, 0, LOOK_EVERY_MS);
	}
}

int
tq_verb_stop(struct tq_ctl *c, struct tq_err *e)
{
	struct tq_snapshot before;
	int rv;

	if ((rv = snapshot(c, &before, e)) == 0 &&
	    (rv = tell(c, "stop", e)) == TQ_EXIT_OK && c->wait)
		rv = wait_gone(c, &before, e);
	tq_snapshot_fini(&before);
	return rv;
}
