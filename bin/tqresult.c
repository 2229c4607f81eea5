/*
 * tqresult [-fw] [-1 | -2] [-n count] [-t timeout] [--attempt n] id ...
 * tqresult [-w] [-0HJ] [-o cols] [-n count] [-t timeout] id ...
 * tqresult -w [-t timeout] -q queue
 *
 * Show what became of tasks.  The first form passes through: a task's stdout
 * to ours, its stderr to ours, its exit status as our own, so that a script
 * cannot tell it from having run the command itself.  The second prints
 * columns and has the ordinary statuses.  The third waits for queues.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <tq/tq.h>

#include "base/clock.h"
#include "command/arg.h"
#include "command/columns.h"
#include "command/ids.h"
#include "command/look.h"
#include "command/options.h"
#include "command/print.h"
#include "command/replay.h"
#include "command/status.h"
#include "command/stdio.h"

#define OPEN_EVERY	100	/* ms, while a server still reads its data */

enum { OPT_ATTEMPT = TQ_LONG(0) };

static const char usage[] =
    "[-fw] [-1 | -2] [-b url] [-n count] [-t timeout] [--attempt n]\n"
    "      id ...\n"
    "[-w] [-0HJ] [-b url] [-n count] [-o cols] [-t timeout] id ...\n"
    "-w [-b url] [-t timeout] -q queue";

static const struct tq_option table[] = {
	{ '0', "null", NULL, "end every field in NUL, escape nothing" },
	{ '1', "stdout", NULL, "replay stdout only" },
	{ '2', "stderr", NULL, "replay stderr only" },
	{ OPT_ATTEMPT, "attempt", "n", "output of the n-th attempt" },
	{ 'b', "broker", "url", "where to ask" },
	{ 'f', "follow", NULL, "show output while the task runs" },
	{ 'H', "header", NULL, "print the names of the columns first" },
	{ 'J', "json", NULL, "print a JSON object a task" },
	{ 'n', "count", "count", "the first count to end" },
	{ 'o', "columns", "cols", "print these columns" },
	{ 'q', "queue", "queue", "wait for this queue" },
	{ 't', "timeout", "timeout", "wait no longer than this" },
	{ 'w', "wait", NULL, "wait until they have ended" },
};

struct result {
	struct tq	*tq;
	struct tq_ids	 ids;
	/* from the command line */
	char		*urls;
	const char	**queues;
	size_t		 nqueues;
	const char	*cols;		/* NULL: the default ones */
	enum tq_print_form form;
	int		 columns, header, wait, follow;
	int		 at_once;	/* nothing is waited for any more */
	unsigned	 streams, attempt;
	size_t		 count;		/* 0: all */
	tq_time		 timeout;
	/* while it runs */
	tq_time		 deadline;	/* by the monotonic clock */
	struct tq_columns what;
	struct tq_print	 print;
};

/* One of the tasks, for choosing the first to end. */
struct end {
	const char	*id;		/* borrowed from the ids */
	size_t		 place;		/* on the command line */
	int		 ended;
	tq_time		 when;
};

static void
parse(struct result *r, struct tq_options *o, int argc, char *argv[])
{
	int key;

	while ((key = tq_options_next(o, argc, argv)) != -1)
		switch (key) {
		case '0':
			r->form = TQ_PRINT_NUL;
			r->columns = 1;
			break;
		case '1':
			r->streams = TQ_REPLAY_OUT;
			break;
		case '2':
			r->streams = TQ_REPLAY_ERR;
			break;
		case OPT_ATTEMPT:
			r->attempt = (unsigned)tq_arg_number("--attempt",
			    optarg, 1, INT32_MAX);
			break;
		case 'b':
			tq_arg_broker(&r->urls, "-b", optarg);
			break;
		case 'f':
			r->follow = r->wait = 1;
			break;
		case 'H':
			r->header = r->columns = 1;
			break;
		case 'J':
			r->form = TQ_PRINT_JSON;
			r->columns = 1;
			break;
		case 'n':
			r->count = (size_t)tq_arg_number("-n", optarg, 1,
			    INT32_MAX);
			break;
		case 'o':
			r->cols = optarg;
			r->columns = 1;
			break;
		case 'q':
			tq_arg_append(&r->queues, &r->nqueues,
			    tq_arg_name("-q", optarg));
			break;
		case 't':
			r->timeout = tq_arg_duration("-t", optarg);
			r->wait = 1;
			break;
		case 'w':
			r->wait = 1;
			break;
		}
}

/* The forms exclude each other; -f excludes whatever has no live form. */
static void
check(const struct result *r, const struct tq_options *o, int operands)
{
	if (r->nqueues > 0) {
		if (operands > 0 || r->columns || r->follow || r->count > 0 ||
		    r->attempt > 0 || r->streams != TQ_REPLAY_BOTH || !r->wait)
			tq_options_usage(o, "-q is for -w, with -t and "
			    "nothing else");
		return;
	}
	if (operands == 0)
		tq_options_usage(o, "no ids");
	if (r->columns && (r->follow || r->attempt > 0 ||
	    r->streams != TQ_REPLAY_BOTH))
		tq_options_usage(o, "columns exclude -f, -1, -2 and "
		    "--attempt");
	if (r->follow && (r->attempt > 0 || r->count > 0))
		tq_options_usage(o, "-f excludes -n and --attempt");
}

/* Die with the status that the form in use gives a failure of tq itself. */
static _Noreturn void
die(const struct result *r, const struct tq_err *e)
{
	if (r->columns)
		tq_die_err(e);
	tq_die(TQ_PASS_FAILED, "%s", e->text);
}

static tq_time
left(const struct result *r)
{
	tq_time now;

	if (r->deadline == TQ_FOREVER)
		return TQ_FOREVER;
	now = tq_clock_mono();
	return r->deadline > now ? r->deadline - now : 0;
}

static int
by_end(const void *a, const void *b)
{
	const struct end *x = a, *y = b;

	if (x->ended != y->ended)
		return y->ended - x->ended;
	if (x->ended && x->when != y->when)
		return x->when < y->when ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static int
by_place(const void *a, const void *b)
{
	const struct end *x = a, *y = b;

	return x->place < y->place ? -1 : x->place > y->place;
}

/*
 * Wait for the first r->count of the tasks to end, and leave only those in
 * r->ids, in their order; those still missing when the time ran out stay as
 * the unended ones they are.
 */
static void
choose(struct result *r, struct tq_err *e)
{
	struct tq_info info;
	struct tq_ids chosen;
	struct end *v;
	size_t i;

	if (r->count >= r->ids.n)
		return;
	if (r->wait && tq_wait(r->tq, r->ids.v, r->ids.n, r->count, left(r),
	    NULL, e) == -1)
		die(r, e);
	if ((v = calloc(r->ids.n, sizeof(*v))) == NULL)
		tq_die(TQ_EXIT_OS, "%zu ids: out of memory", r->ids.n);
	tq_info_init(&info);
	for (i = 0; i < r->ids.n; i++) {
		if (tq_stat(r->tq, r->ids.v[i], 0, &info, e) == -1)
			die(r, e);
		v[i] = (struct end){ .id = r->ids.v[i], .place = i,
		    .ended = TQ_STATE_ENDED(info.state),
		    .when = info.end_time };
	}
	qsort(v, r->ids.n, sizeof(*v), by_end);
	qsort(v, r->count, sizeof(*v), by_place);
	tq_ids_init(&chosen);
	for (i = 0; i < r->count; i++)
		tq_ids_add(&chosen, v[i].id);
	tq_ids_fini(&r->ids);
	r->ids = chosen;
	r->wait = 0;
	tq_info_fini(&info);
	free(v);
}

/* Replay one task.  Returns its pass-through status. */
static int
replay(struct result *r, const struct tq_info *info, struct tq_err *e)
{
	/* a task to be tried again has attempts to show, if asked */
	if (!r->follow && info->attempt > 0 &&
	    (TQ_STATE_ENDED(info->state) || r->attempt > 0) &&
	    tq_replay(r->tq, info->id.s, r->attempt, r->streams, e) == -1)
		die(r, e);
	return tq_replay_status(info);
}

static int
print(struct result *r, const struct tq_info *info)
{
	struct tq_row row = { r->tq, info, tq_clock_wall() };

	tq_columns_print(&r->what, &r->print, &row);
	return TQ_STATE_ENDED(info->state) ? TQ_EXIT_OK : TQ_EXIT_NO;
}

/* Show the task of an id once it has ended, or as it stands. */
static int
show(struct result *r, const char *id, struct tq_info *info, struct tq_err *e)
{
	struct tq_follow f = { .tq = r->tq, .id = id, .streams = r->streams };

	if (r->wait && !r->at_once && tq_replay_wait(r->tq, id,
	    r->follow ? &f : NULL, left(r), NULL, e) == -1)
		die(r, e);
	switch (tq_stat(r->tq, id, TQ_FIND_ATTEMPT(r->attempt), info, e)) {
	case -1:
		die(r, e);
	case 0:
		tq_fail(e, ENOENT, "%s: no such task", id);
		die(r, e);
	}
	return r->columns ? print(r, info) : replay(r, info, e);
}

/*
 * Put the members of each group in its place.  A group stays itself behind
 * them: it has no output, but it may have ended without them.  With -w all of
 * its members are there only when it has ended.
 */
static void
expand(struct result *r, struct tq_err *e)
{
	size_t i;

	for (i = 0; r->wait && r->count == 0 && i < r->ids.n && left(r) > 0;
	    i++)
		if (tq_replay_wait(r->tq, r->ids.v[i], NULL, left(r), NULL,
		    e) == -1)
			die(r, e);
	if (tq_ids_expand(&r->ids, r->tq, r->count == 0 && !r->columns, e) ==
	    -1)
		die(r, e);
}

/* Progress is for people, and one task has none. */
static void
progress(const struct result *r, size_t done)
{
	if (r->wait && r->ids.n > 1 && isatty(STDERR_FILENO))
		fprintf(stderr, "\r%zu of %zu%s", done, r->ids.n,
		    done == r->ids.n ? "\n" : "");
}

/* No more is waited for: those from i on are shown as they stand, at once. */
static void
look_at_rest(struct result *r, size_t i, struct tq_err *e)
{
	if (r->at_once || (r->wait && (r->follow || left(r) > 0)))
		return;
	r->at_once = 1;
	if (tq_stat_ahead(r->tq, r->ids.v + i, r->ids.n - i, e) == -1)
		die(r, e);
}

static int
show_all(struct result *r, struct tq_err *e)
{
	struct tq_info info;
	size_t i;
	int one, status = 0;

	tq_info_init(&info);
	for (i = 0; i < r->ids.n; i++) {
		progress(r, i);
		look_at_rest(r, i, e);
		/* a group has nothing to say once a member has */
		if (tq_ids_is_group(&r->ids, i) && status != 0)
			continue;
		one = show(r, r->ids.v[i], &info, e);
		if (status == 0)
			status = one;
		if (r->wait && r->columns)
			tq_print_flush(&r->print);
	}
	progress(r, i);
	(void)tq_stat_ahead(r->tq, NULL, 0, NULL);
	tq_info_fini(&info);
	return status;
}

static int
wait_queues(struct result *r, struct tq_err *e)
{
	switch (tq_wait_idle(r->tq, r->queues, r->nqueues, left(r), e)) {
	case -1:
		die(r, e);
	case 0:
		tq_warn("%s: not finished", r->queues[0]);
		return TQ_PASS_UNFINISHED;
	}
	return 0;
}

/*
 * Who waits for a result waits for a server that still reads its data, or does
 * not answer, too.
 */
static int
open_broker(struct result *r, struct tq_err *e)
{
	tq_time began = tq_clock_mono();
	int rv;

	/* queues of a spool that is not there are not idle */
	while ((rv = r->nqueues > 0 ? tq_open(&r->tq, r->urls, NULL,
	    TQ_OPEN_ONESHOT | TQ_OPEN_LOOK, e) :
	    tq_look_open(&r->tq, r->urls, 0, e)) == -1 &&
	    e->num == EINPROGRESS && r->wait && left(r) > 0 &&
	    tq_clock_mono() - began < TQ_LOST_MAX)
		(void)poll(NULL, 0, OPEN_EVERY);
	return rv;
}

int
main(int argc, char *argv[])
{
	struct result r = { .streams = TQ_REPLAY_BOTH, .timeout = TQ_FOREVER };
	struct tq_options o;
	struct tq_err e;
	int status;

	tq_stdio_hold();
	tq_options_init(&o, usage, table, sizeof(table) / sizeof(table[0]));
	parse(&r, &o, argc, argv);
	check(&r, &o, argc - optind);
	r.deadline = tq_clock_deadline(tq_clock_mono(), r.timeout);
	if (r.cols != NULL || r.form != TQ_PRINT_JSON)
		tq_columns_parse(&r.what, "-o", r.cols != NULL ? r.cols :
		    TQ_COLUMNS_DEFAULT);
	else
		tq_columns_most(&r.what);
	tq_print_init(&r.print, STDOUT_FILENO, r.form);
	tq_ids_init(&r.ids);
	tq_ids_operands(&r.ids, argc - optind, argv + optind);
	if (open_broker(&r, &e) == -1) {
		if (r.columns)
			tq_die_open(&e);
		die(&r, &e);
	}
	if (r.nqueues > 0)
		status = wait_queues(&r, &e);
	else {
		if (tq_ids_resolve(&r.ids, r.tq, TQ_FIND_TAIL, &e) == -1)
			die(&r, &e);
		if (r.attempt == 0 && tq_ids_groups(&r.ids))
			expand(&r, &e);
		if (r.count > 0)
			choose(&r, &e);
		if (r.header)
			tq_columns_header(&r.what, &r.print);
		status = show_all(&r, &e);
		tq_print_flush(&r.print);
	}
	tq_close(r.tq);
	tq_print_fini(&r.print);
	tq_ids_fini(&r.ids);
	free(r.queues);
	free(r.urls);
	return status;
}
