/*
 * tqstat [-0fHJQv] [-q queue] [-s state,...] [-k key] [-l label] [-o cols]
 *        [-n count] [--sort col] [id ...]
 * tqstat -O | -W | --prometheus [-0HJ] [-o cols] [-q queue]
 *
 * Show the tasks of a broker, one a line; or its queues, its workers, or what
 * happens in it.  Looking changes nothing, and a task cannot write to the
 * terminal of the one who looks: see print.h.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tq/tq.h>

#include "base/clock.h"
#include "command/arg.h"
#include "command/columns.h"
#include "command/ids.h"
#include "command/look.h"
#include "command/options.h"
#include "command/print.h"
#include "command/prometheus.h"
#include "command/queues.h"
#include "command/snapshot.h"
#include "command/sorted.h"
#include "command/status.h"
#include "command/stdio.h"
#include "command/table.h"
#include "command/tree.h"

#define BUSY	(1u << TQ_DELAYED | 1u << TQ_BLOCKED | 1u << TQ_READY | \
		1u << TQ_STARTED | 1u << TQ_RETRY)
#define UNENDED	(BUSY | 1u << TQ_HELD)

enum { OPT_PROMETHEUS = TQ_LONG(0), OPT_SORT = TQ_LONG(1) };

static const char usage[] =
    "[-0fHJQv] [-b url] [-k key] [-l label] [-n count] [-o cols]\n"
    "      [-q queue] [-s state,...] [--sort col] [id ...]\n"
    "-O | -W | --prometheus [-0HJ] [-b url] [-o cols] [-q queue]";

static const struct tq_option table[] = {
	{ '0', "null", NULL, "end every field in NUL, escape nothing" },
	{ 'b', "broker", "url", "where to look" },
	{ 'f', "follow", NULL, "print events as they happen" },
	{ 'H', "header", NULL, "print the names of the columns first" },
	{ 'J', "json", NULL, "print a JSON object a record" },
	{ 'k', "key", "key", "tasks with this key" },
	{ 'l', "label", "label", "tasks with this label" },
	{ 'n', "count", "count", "the first count records" },
	{ 'o', "columns", "cols", "print these columns" },
	{ 'O', "overview", NULL, "print a record a queue" },
	{ OPT_PROMETHEUS, "prometheus", NULL, "print metrics" },
	{ 'q', "queue", "queue", "tasks of this queue" },
	{ 'Q', "quiet", NULL, "print nothing; exit 0 idle, 1 busy" },
	{ 's', "state", "state,...", "tasks in these states, or all" },
	{ OPT_SORT, "sort", "col", "by this column, -col: downwards" },
	{ 'v', "verbose", NULL, "print every column, one a line" },
	{ 'W', "workers", NULL, "print a record a worker" },
};

enum mode { TASKS, EVENTS, QUIET, QUEUES, WORKERS, PROMETHEUS };

struct stat_run {
	struct tq	*tq;
	struct tq_ids	 ids;
	/* from the command line */
	enum mode	 mode;
	char		*urls;
	const char	**queues;
	size_t		 nqueues;
	unsigned	 states;	/* 0: not given */
	const char	*key, *label, *cols, *sort;
	uint64_t	 count;		/* of records to print */
	enum tq_print_form form;
	int		 header, verbose, modes;
	/* while it runs */
	struct tq_columns what;
	struct tq_table_choice choice;
	struct tq_print	 print;
	uint64_t	 printed;
	uint64_t	 seq;		/* of the events seen, 0: from now on */
};

static void
parse(struct stat_run *r, struct tq_options *o, int argc, char *argv[])
{
	int key;

	while ((key = tq_options_next(o, argc, argv)) != -1)
		switch (key) {
		case '0':
			r->form = TQ_PRINT_NUL;
			break;
		case 'b':
			tq_arg_broker(&r->urls, "-b", optarg);
			break;
		case 'f':
			r->mode = EVENTS;
			r->modes++;
			break;
		case 'H':
			r->header = 1;
			break;
		case 'J':
			r->form = TQ_PRINT_JSON;
			break;
		case 'k':
			r->key = optarg;
			break;
		case 'l':
			r->label = optarg;
			break;
		case 'n':
			r->count = (uint64_t)tq_arg_number("-n", optarg, 1,
			    INT64_MAX);
			break;
		case 'o':
			r->cols = optarg;
			break;
		case 'O':
			r->mode = QUEUES;
			r->modes++;
			break;
		case OPT_PROMETHEUS:
			r->mode = PROMETHEUS;
			r->modes++;
			break;
		case 'q':
			tq_arg_append(&r->queues, &r->nqueues,
			    tq_arg_name("-q", optarg));
			break;
		case 'Q':
			r->mode = QUIET;
			r->modes++;
			break;
		case 's':
			r->states = tq_arg_states("-s", optarg);
			break;
		case OPT_SORT:
			r->sort = optarg;
			break;
		case 'v':
			r->verbose = 1;
			break;
		case 'W':
			r->mode = WORKERS;
			r->modes++;
			break;
		}
}

/* Selectors are for tasks, -v and --sort for their list only. */
static void
check(const struct stat_run *r, const struct tq_options *o, int operands)
{
	int selects = operands > 0 || r->states != 0 || r->key != NULL ||
	    r->label != NULL;

	if (r->modes > 1)
		tq_options_usage(o, "-f, -O, -Q, -W and --prometheus exclude "
		    "each other");
	if (r->mode != TASKS && (r->verbose || r->sort != NULL))
		tq_options_usage(o, "-v and --sort are for a list of tasks");
	if (r->mode >= QUEUES && (selects || r->count != UINT64_MAX))
		tq_options_usage(o, "ids, -k, -l, -n and -s are for tasks");
	if (r->mode == EVENTS && (r->key != NULL || r->label != NULL))
		tq_options_usage(o, "-k and -l are not for -f");
	if ((r->mode == PROMETHEUS || r->mode == QUIET) &&
	    (r->header || r->cols != NULL || r->form != TQ_PRINT_TEXT))
		tq_options_usage(o, "-0, -H, -J and -o are not for "
		    "-Q and --prometheus");
}

/* ---- tasks ----------------------------------------------------------- */

/* Every column of a task, a line each, and an empty line between tasks. */
static void
print_verbose(struct stat_run *r, const struct tq_row *row)
{
	size_t i;

	if (r->printed > 0 && r->form == TQ_PRINT_TEXT)
		tq_print_end(&r->print);
	for (i = 0; i < r->what.n; i++) {
		tq_print_str(&r->print, "column",
		    tq_column_name(r->what.v[i]));
		tq_column_print(r->what.v[i], &r->print, row);
		tq_print_end(&r->print);
	}
}

static int
print_task(const struct tq_info *info, void *arg)
{
	struct stat_run *r = arg;
	struct tq_row row = { r->tq, info, tq_clock_wall() };

	if (r->verbose && r->form != TQ_PRINT_JSON)
		print_verbose(r, &row);
	else if (r->form == TQ_PRINT_JSON && r->cols == NULL)
		tq_columns_all(&r->what, &r->print, &row);
	else
		tq_columns_print(&r->what, &r->print, &row);
	return ++r->printed == r->count;
}

static void
select_tasks(struct tq_select *sel, const struct stat_run *r, unsigned states)
{
	*sel = (struct tq_select){ .queues = r->queues,
	    .nqueues = r->nqueues, .states = r->states, .key = r->key,
	    .label = r->label, .ids = r->ids.v, .nids = r->ids.n };
	if (sel->states == 0 && sel->nids == 0)
		sel->states = states;
}

/* A line of the tree: its first column, the tail, says how deep it stands. */
static int
print_branch(const struct tq_info *info, unsigned depth, void *arg)
{
	struct stat_run *r = arg;
	struct tq_row row = { r->tq, info, tq_clock_wall() };
	size_t i;

	tq_print_indent(&r->print, 2 * depth);
	for (i = 0; i < r->what.n; i++)
		tq_column_print(r->what.v[i], &r->print, &row);
	tq_print_end(&r->print);
	return ++r->printed == r->count;
}

static int
list_tasks(struct stat_run *r, struct tq_err *e)
{
	struct tq_select sel;

	if (r->cols != NULL || (r->form != TQ_PRINT_JSON && !r->verbose))
		tq_columns_parse(&r->what, "-o", r->cols != NULL ? r->cols :
		    TQ_COLUMNS_DEFAULT);
	else
		tq_columns_most(&r->what);
	select_tasks(&sel, r, UNENDED);
	if (r->header && !r->verbose)
		tq_columns_header(&r->what, &r->print);
	/* for people, not where columns or a form were asked for */
	if (r->ids.n > 0 && r->cols == NULL && r->form == TQ_PRINT_TEXT &&
	    !r->verbose && r->sort == NULL && r->states == 0 &&
	    r->nqueues == 0 && r->key == NULL && r->label == NULL)
		return tq_tree_walk(r->tq, &r->ids, print_branch, r, e);
	if (r->sort != NULL)
		return tq_list_sorted(r->tq, &sel, r->sort, print_task, r, e);
	return tq_list(r->tq, &sel, print_task, r, e);
}

static int
stop_at_first(const struct tq_info *info, void *arg)
{
	(void)info;
	(void)arg;
	return 1;
}

/* Idle is what tqresult -w -q waits for: held tasks keep nobody busy. */
static int
test_idle(struct stat_run *r, struct tq_err *e)
{
	struct tq_select sel;

	select_tasks(&sel, r, BUSY);
	if (sel.states == 0)
		sel.states = BUSY;
	return tq_list(r->tq, &sel, stop_at_first, NULL, e);
}

/* ---- events ---------------------------------------------------------- */

static int
in_list(const char *s, const char *const *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (s != NULL && strcmp(s, v[i]) == 0)
			return 1;
	return n == 0;
}

static int
print_event(const struct tq_event *ev, void *arg)
{
	struct stat_run *r = arg;

	if (!in_list(ev->queue, r->queues, r->nqueues) ||
	    !in_list(ev->id.s, r->ids.v, r->ids.n) ||
	    (r->states != 0 && (r->states & 1u << ev->state) == 0))
		return 0;
	tq_table_print(&r->choice, &r->print, ev);
	return ++r->printed == r->count;
}

static int
follow_events(struct stat_run *r, struct tq_err *e)
{
	tq_table_choose(&r->choice, &tq_table_events, r->cols, r->form);
	if (r->header)
		tq_table_header(&r->choice, &r->print);
	do {
		tq_print_flush(&r->print);
		if (tq_events(r->tq, &r->seq, TQ_FOREVER, print_event, r, e) ==
		    -1)
			return -1;
	} while (r->printed < r->count);
	return 0;
}

/* ---- queues and workers ---------------------------------------------- */

static void
print_queues(struct stat_run *r, const struct tq_snapshot *before,
    const struct tq_snapshot *now)
{
	struct tq_queue_row row = { .at = now->at };
	size_t i;

	for (i = 0; i < now->nqueues; i++) {
		row.now = &now->queue[i];
		row.before = tq_snapshot_queue(before, row.now->name);
		row.span = now->at - before->at;
		tq_table_print(&r->choice, &r->print, &row);
	}
}

/* Rates need two looks, a second apart: only who asks for them waits. */
static int
overview(struct stat_run *r, struct tq_err *e)
{
	struct tq_snapshot before, now;
	int rv = -1;

	memset(&now, 0, sizeof(now));
	tq_table_choose(&r->choice, &tq_table_queues, r->cols, r->form);
	if (tq_snapshot_take(&before, r->tq, r->queues, r->nqueues,
	    tq_clock_wall(), e) == -1)
		goto out;
	if (r->header)
		tq_table_header(&r->choice, &r->print);
	if (r->cols != NULL && (tq_table_has(&r->choice, "put_rate") ||
	    tq_table_has(&r->choice, "claim_rate"))) {
		poll(NULL, 0, 1000);
		if (tq_snapshot_take(&now, r->tq, r->queues, r->nqueues,
		    tq_clock_wall(), e) == -1)
			goto out;
		print_queues(r, &before, &now);
	} else
		print_queues(r, &before, &before);
	rv = 0;
out:
	tq_snapshot_fini(&before);
	tq_snapshot_fini(&now);
	return rv;
}

static int
workers(struct stat_run *r, struct tq_err *e)
{
	struct tq_snapshot s;
	size_t i;
	int rv = -1;

	tq_table_choose(&r->choice, &tq_table_workers, r->cols, r->form);
	if (tq_snapshot_take(&s, r->tq, r->queues, r->nqueues,
	    tq_clock_wall(), e) == -1)
		goto out;
	if (r->header)
		tq_table_header(&r->choice, &r->print);
	for (i = 0; i < s.nworkers; i++)
		tq_table_print(&r->choice, &r->print, &s.worker[i]);
	rv = 0;
out:
	tq_snapshot_fini(&s);
	return rv;
}

static int
metrics(struct stat_run *r, struct tq_err *e)
{
	struct tq_snapshot s;
	int rv;

	rv = tq_snapshot_take(&s, r->tq, r->queues, r->nqueues,
	    tq_clock_wall(), e);
	if (rv == 0)
		tq_prometheus_print(stdout, &s);
	tq_snapshot_fini(&s);
	if (rv == 0 && fflush(stdout) == EOF)
		return tq_fail(e, EIO, "stdout: %s", strerror(errno));
	return rv;
}

static int
run(struct stat_run *r, struct tq_err *e)
{
	/* events may be of a queue that is to come */
	if (r->mode != EVENTS && tq_queues_check(r->tq, r->queues, r->nqueues,
	    e) == -1)
		return -1;
	switch (r->mode) {
	case TASKS:
		return list_tasks(r, e);
	case EVENTS:
		return follow_events(r, e);
	case QUIET:
		return test_idle(r, e);
	case QUEUES:
		return overview(r, e);
	case WORKERS:
		return workers(r, e);
	case PROMETHEUS:
		return metrics(r, e);
	}
	return -1;
}

int
main(int argc, char *argv[])
{
	struct stat_run r = { .count = UINT64_MAX };
	struct tq_options o;
	struct tq_err e;
	int rv;

	tq_stdio_hold();
	tq_options_init(&o, usage, table, sizeof(table) / sizeof(table[0]));
	parse(&r, &o, argc, argv);
	check(&r, &o, argc - optind);
	tq_print_init(&r.print, STDOUT_FILENO, r.form);
	tq_ids_init(&r.ids);
	tq_ids_operands(&r.ids, argc - optind, argv + optind);
	if ((rv = tq_look_open(&r.tq, r.urls, r.mode == EVENTS, &e)) == -1)
		tq_die_open(&e);
	/* of a spool that was waited for, all that happened */
	r.seq = (uint64_t)rv;
	if (tq_ids_resolve(&r.ids, r.tq, TQ_FIND_TAIL, &e) == -1 ||
	    (rv = run(&r, &e)) == -1)
		tq_die_err(&e);
	tq_print_flush(&r.print);
	tq_close(r.tq);
	tq_print_fini(&r.print);
	tq_ids_fini(&r.ids);
	free(r.queues);
	free(r.urls);
	return r.mode == QUIET && rv == 1 ? TQ_EXIT_NO : TQ_EXIT_OK;
}
