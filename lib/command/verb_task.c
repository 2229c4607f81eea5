/* Verbs of tqctl that are one tq_do(): on tasks, on queues, on the broker. */
#include "command/verb.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/signame.h"
#include "command/arg.h"
#include "command/queues.h"
#include "command/status.h"

/* States, or'ed, that are no end. */
#define UNENDED	((1u << TQ_SUCCESS) - 1 - (1u << TQ_ABSENT))

/* ---- tasks ----------------------------------------------------------- */

/* One of the ids is unknown; a tail would be elsewhere. */
static void
say_whole(struct tq_ctl *c)
{
	struct tq_info info;
	size_t i;
	int n = 0;

	tq_info_init(&info);
	for (i = 0; i < c->ids.n && n >= 0; i++)
		n = tq_stat(c->tq, c->ids.v[i], 0, &info, NULL) == 1 ? 0 :
		    tq_stat(c->tq, c->ids.v[i], TQ_FIND_TAIL, &info, NULL) == 1 ?
		    -1 : -2;
	if (n == -1)
		tq_warn("%s takes whole ids when stdin is not a terminal",
		    c->verb->name);
	tq_info_fini(&info);
}

int
tq_verb_select(struct tq_select *sel, struct tq_ctl *c, struct tq_err *e)
{
	unsigned flags = TQ_FIND_TAIL;

	tq_ids_operands(&c->ids, c->argc, c->argv);
	*sel = (struct tq_select){ .queues = c->queues,
	    .nqueues = c->nqueues, .states = c->states, .key = c->key,
	    .label = c->label };
	if (c->argc > 0 && c->ids.n == 0)
		return 0;
	if ((c->verb->flags & TQ_CTL_DESTROYS) != 0 && !isatty(STDIN_FILENO))
		flags = 0;
	if (tq_ids_resolve(&c->ids, c->tq, flags, e) == -1) {
		if (e->num == ENOENT && flags == 0)
			say_whole(c);
		return -1;
	}
	sel->ids = c->ids.v;
	sel->nids = c->ids.n;
	return 1;
}

/*
 * kill leaves alone what has not started: there is no end to wait for.  What
 * is in no queue may run where the broker does not see it.
 */
static int
add_id(const struct tq_info *info, void *arg)
{
	struct tq_ctl *c = arg;

	if (c->verb->act != TQ_DO_KILL || info->state == TQ_STARTED ||
	    (info->state == TQ_READY && info->task.queue == NULL))
		tq_ids_add(&c->ids, info->id.s);
	return 0;
}

/* Let c->ids be the ids of the tasks selected, which it may be part of. */
static int
list_ids(struct tq_ctl *c, const struct tq_select *sel, struct tq_err *e)
{
	struct tq_ids before = c->ids;
	int rv;

	tq_ids_init(&c->ids);
	rv = tq_list(c->tq, sel, add_id, c, e);
	if (c->named.n == 0)
		c->named = before;
	else
		tq_ids_fini(&before);
	return rv;
}

/*
 * Wait until what the verb ends has ended.  The selection was turned into ids
 * before: afterwards it may select others.
 */
static int
wait_ended(struct tq_ctl *c, struct tq_err *e)
{
	int rv;

	rv = tq_wait(c->tq, c->ids.v, c->ids.n, 0, c->timeout, NULL, e);
	if (rv == 0)
		tq_warn("%s: not all have ended", c->verb->name);
	return rv == 1 ? TQ_EXIT_OK : rv == 0 ? TQ_EXIT_NO : -1;
}

/* The first task that has the key, and has not ended. */
static int
say_holder(const struct tq_info *info, void *arg)
{
	const char *id = arg;

	tq_warn("%s: key '%s' is taken by %s", id, info->task.key, info->id.s);
	return 1;
}

/* A task could not be taken back since its key has another: 0 or -1. */
static int
say_taken(struct tq_ctl *c, const char *id, struct tq_err *e)
{
	struct tq_select sel = { .states = UNENDED };
	struct tq_info info;
	int rv;

	tq_info_init(&info);
	rv = tq_stat(c->tq, id, 0, &info, e);
	if (rv == 1 && (sel.key = info.task.key) != NULL)
		rv = tq_list(c->tq, &sel, say_holder, (void *)(uintptr_t)id,
		    e);
	tq_info_fini(&info);
	return rv == -1 ? -1 : 0;
}

/* retry: of those that it was for, say which stayed as they are and why. */
static int
say_left(struct tq_ctl *c, struct tq_select *sel, struct tq_err *e)
{
	unsigned failed = 1u << TQ_FAILURE | 1u << TQ_REVOKED |
	    1u << TQ_EXPIRED;
	size_t i;

	sel->states = sel->states == 0 ? failed : sel->states & failed;
	if (sel->states == 0)
		return 0;
	if (list_ids(c, sel, e) == -1)
		return -1;
	for (i = 0; i < c->ids.n; i++)
		if (say_taken(c, c->ids.v[i], e) == -1)
			return -1;
	return 0;
}

/*
 * Do the verb to the tasks selected.  That nothing was changed is a clean
 * "no", as for pkill(1), but not when a queue was misspelt.
 */
static int
act(struct tq_ctl *c, const char *value, struct tq_err *e)
{
	struct tq_select sel;
	uint64_t changed = 0;
	int rv;

	if ((rv = tq_verb_select(&sel, c, e)) == -1)
		return -1;
	if (rv == 1 && c->wait) {
		if (list_ids(c, &sel, e) == -1)
			return -1;
		sel = (struct tq_select){ .ids = c->ids.v, .nids = c->ids.n };
		rv = c->ids.n > 0;
	}
	if (rv == 1 && tq_do(c->tq, (enum tq_verb)c->verb->act, &sel, value,
	    c->force ? TQ_DO_FORCE : 0, &changed, e) == -1)
		return -1;
	if (changed == 0 && tq_queues_check(c->tq, c->queues, c->nqueues,
	    e) == -1)
		return -1;
	tq_verb_changed(c, changed);
	tq_verb_left(c, changed);
	if (rv == 1 && c->verb->act == TQ_DO_RETRY &&
	    say_left(c, &sel, e) == -1)
		return -1;
	if (changed == 0)
		return TQ_EXIT_NO;
	return c->wait ? wait_ended(c, e) : TQ_EXIT_OK;
}

int
tq_verb_tasks(struct tq_ctl *c, struct tq_err *e)
{
	return act(c, NULL, e);
}

int
tq_verb_move(struct tq_ctl *c, struct tq_err *e)
{
	return act(c, tq_arg_name("move", c->value), e);
}

int
tq_verb_pri(struct tq_ctl *c, struct tq_err *e)
{
	char digit[2];

	snprintf(digit, sizeof(digit), "%u",
	    (unsigned)tq_arg_number("pri", c->value, 0, TQ_PRI_MAX) % 10);
	return act(c, digit, e);
}

/* Its name, by which workers know it. */
static const char *
signal_name(const char *s)
{
	const char *name = tq_signal_name(tq_signal_number(s));

	if (name == NULL)
		tq_die(TQ_EXIT_USAGE, "--signal: '%s' is not a signal", s);
	return name;
}

int
tq_verb_kill(struct tq_ctl *c, struct tq_err *e)
{
	return act(c, c->signal != NULL ? signal_name(c->signal) : NULL, e);
}

/* ---- queues ---------------------------------------------------------- */

/* The queues of -q and of the operands. */
static void
select_queues(struct tq_select *sel, struct tq_ctl *c)
{
	int i;

	for (i = 0; i < c->argc; i++)
		tq_arg_append(&c->queues, &c->nqueues,
		    tq_arg_name(c->verb->name, c->argv[i]));
	*sel = (struct tq_select){ .queues = c->queues,
	    .nqueues = c->nqueues };
}

/* A queue that is paused already is paused: 0 when nothing was changed, too. */
int
tq_verb_queues(struct tq_ctl *c, struct tq_err *e)
{
	struct tq_select sel;
	uint64_t changed = 0;

	select_queues(&sel, c);
	if (tq_do(c->tq, (enum tq_verb)c->verb->act, &sel, NULL,
	    c->force ? TQ_DO_FORCE : 0, &changed, e) == -1)
		return -1;
	tq_verb_changed(c, changed);
	return TQ_EXIT_OK;
}

/* Closed first, or a put in between would be waited for, and one after it. */
int
tq_verb_drain(struct tq_ctl *c, struct tq_err *e)
{
	int rv;

	if (tq_verb_queues(c, e) == -1)
		return -1;
	rv = tq_wait_idle(c->tq, c->queues, c->nqueues, c->timeout, e);
	if (rv == 0)
		tq_warn("drain: %s is closed, but not empty", c->queues[0]);
	return rv == 1 ? TQ_EXIT_OK : rv == 0 ? TQ_EXIT_NO : -1;
}

/* ---- broker ---------------------------------------------------------- */

int
tq_verb_broker(struct tq_ctl *c, struct tq_err *e)
{
	struct tq_select all = { 0 };
	uint64_t changed = 0;

	if (tq_do(c->tq, (enum tq_verb)c->verb->act, &all, NULL, 0, &changed,
	    e) == -1)
		return -1;
	tq_verb_changed(c, changed);
	return TQ_EXIT_OK;
}
