/* tqctl transfer: what is selected goes to the broker of a URL. */
#include "command/verb.h"

#include <sys/stat.h>

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "command/arg.h"
#include "command/forward.h"
#include "command/queues.h"
#include "command/status.h"
#include "command/transfer.h"

#define UNENDED		((1u << TQ_SUCCESS) - 1 - (1u << TQ_ABSENT))

/* What is selected. */
struct chosen {
	struct tq_ctl	*c;
	struct tq_transfer x;
	struct tq_transfer_item *v;
	size_t		 n, cap;
	const char	**queues;	/* of them, each once */
	size_t		 nqueues;
};

/* ---- selecting ------------------------------------------------------- */

/* What others wait for in the spool here goes only if its queue is named. */
static int
is_own(const struct tq_ctl *c, const char *queue)
{
	return c->nqueues == 0 && c->ids.n == 0 &&
	    (strcmp(queue, TQ_FORWARD_QUEUE) == 0 ||
	    strncmp(queue, "redis_", 6) == 0);
}

/* Its place among the queues there are, which are few. */
static size_t
number(struct chosen *w, const char *queue)
{
	size_t i = w->nqueues;
	char *copy;

	while (i-- > 0)
		if (strcmp(w->queues[i], queue) == 0)
			return i;
	if ((copy = strdup(queue)) == NULL)
		tq_die(TQ_EXIT_OS, "%s", strerror(ENOMEM));
	tq_arg_append(&w->queues, &w->nqueues, copy);
	return w->nqueues - 1;
}

static int
note(const struct tq_info *info, void *arg)
{
	struct chosen *w = arg;
	size_t cap = w->cap > 0 ? 2 * w->cap : TQ_TRANSFER_MAX;
	struct tq_transfer_item *v;

	if (is_own(w->c, info->task.queue))
		return 0;
	if (info->state == TQ_STARTED) {
		w->x.started++;
		return 0;
	}
	if (w->n == w->cap) {
		if ((v = reallocarray(w->v, cap, sizeof(*v))) == NULL)
			return ENOMEM;
		w->v = v;
		w->cap = cap;
	}
	if ((w->v[w->n].id = strdup(info->id.s)) == NULL)
		return ENOMEM;
	w->v[w->n].again = info->mark == w->x.mark;
	w->v[w->n].at = w->n;
	w->v[w->n++].queue = number(w, info->task.queue);
	return 0;
}

static int
by_queue(const void *a, const void *b)
{
	const struct tq_transfer_item *p = a, *q = b;

	if (p->queue != q->queue)
		return p->queue > q->queue ? 1 : -1;
	/* a queue that is closed there must not keep us from those that are */
	if (p->again != q->again)
		return p->again ? -1 : 1;
	return p->at > q->at ? 1 : -1;
}

static int
choose(struct chosen *w, struct tq_err *e)
{
	struct tq_ctl *c = w->c;
	struct tq_select sel;
	int rv;

	if ((rv = tq_verb_select(&sel, c, e)) != 1)
		return rv;
	sel.states = sel.states == 0 ? UNENDED : sel.states & UNENDED;
	rv = sel.states == 0 ? 0 : tq_list(c->tq, &sel, note, w, e);
	if (rv == ENOMEM)
		return tq_fail_sys(e, ENOMEM, "%zu tasks", w->n);
	if (rv == 0 && w->n == 0 && w->x.started == 0)
		return tq_queues_check(c->tq, c->queues, c->nqueues, e);
	return rv;
}

/* ---- the verb -------------------------------------------------------- */

static int
is_same(const char *a, const char *b)
{
	struct stat s, t;

	return stat(a, &s) == 0 && stat(b, &t) == 0 &&
	    s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}

/* Open the target and say where it is; exits if it is none. */
static void
open_target(struct tq_transfer *x, const char *value)
{
	const char *from = tq_spool_dir(x->from), *to;
	char *url = NULL, path[PATH_MAX];
	struct tq_err e;

	if (from == NULL)
		tq_die(TQ_EXIT_CONFIG, "transfer: from a spool, not from %s",
		    tq_url(x->from));
	tq_arg_broker(&url, "transfer", value);
	if (tq_open(&x->to, url, NULL, TQ_OPEN_ONESHOT, &e) == -1)
		tq_die_open(&e);
	free(url);
	to = tq_spool_dir(x->to);
	if (to != NULL && is_same(from, to))
		tq_die(TQ_EXIT_USAGE, "transfer: %s is where they are", to);
	if (to != NULL && realpath(to, path) != NULL)
		snprintf(x->place, sizeof(x->place), "spool:%s", path);
	else
		snprintf(x->place, sizeof(x->place), "%s", tq_url(x->to));
	x->mark = tq_mark(x->place);
}

/*
 * Some of the queue that v[0] is of, the first of it alone: that one is refused
 * is true of the others, too, and they need not be held for it.
 */
static size_t
batch(const struct tq_transfer_item *v, size_t n, int first)
{
	size_t k = 1, most = first ? 1 : TQ_TRANSFER_MAX;

	while (k < n && k < most && v[k].queue == v[0].queue)
		k++;
	return k;
}

/* All of them; a signal waits until none is under way. */
static int
transfer_all(struct chosen *w, struct tq_err *e)
{
	sigset_t wait, old;
	size_t at, n, i, queue = SIZE_MAX;
	int rv = 0;

	sigemptyset(&wait);
	sigaddset(&wait, SIGHUP);
	sigaddset(&wait, SIGINT);
	sigaddset(&wait, SIGTERM);
	for (at = 0; rv != -1 && at < w->n; at += n) {
		n = batch(w->v + at, w->n - at, w->v[at].queue != queue);
		if (rv == 1 && w->v[at].queue == queue) {
			for (i = at; i < at + n; i++)
				w->x.held += w->v[i].again;
			continue;
		}
		queue = w->v[at].queue;
		sigprocmask(SIG_BLOCK, &wait, &old);
		rv = tq_transfer_some(&w->x, w->v + at, n, e);
		sigprocmask(SIG_SETMASK, &old, NULL);
	}
	return rv == -1 ? -1 : 0;
}

int
tq_verb_transfer(struct tq_ctl *c, struct tq_err *e)
{
	struct chosen w = { .c = c };
	struct tq_transfer *x = &w.x;
	int rv;

	x->from = c->tq;
	x->force = c->force;
	open_target(x, c->value);
	if ((rv = tq_transfer_begin(x, e)) == 0)
		rv = choose(&w, e);
	if (rv == 0 && w.n > 0) {
		qsort(w.v, w.n, sizeof(*w.v), by_queue);
		rv = transfer_all(&w, e);
	}
	tq_transfer_say(x);
	tq_verb_changed(c, x->moved);
	if (rv == 0 && x->status == 0 && x->moved == 0 && x->started == 0)
		tq_verb_left(c, 0);
	tq_print_flush(&c->print);	/* also if it failed */
	if (rv == 0)
		rv = x->status != 0 || x->moved > 0 ? x->status : TQ_EXIT_NO;
	tq_transfer_end(x);
	while (w.n > 0)
		free(w.v[--w.n].id);
	free(w.v);
	while (w.nqueues > 0)
		free((void *)(uintptr_t)w.queues[--w.nqueues]);
	free(w.queues);
	tq_close(x->to);
	return rv;
}
