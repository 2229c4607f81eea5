/*
 * tqget [-v] [-b url] [-q queue[=weight]] [-T soft[,hard]] [-t timeout]
 *     command [arg ...]
 * tqget [-0BHJv] [-b url] [-L lease] [-n count] [-o cols]
 *     [-q queue[=weight]] [-t timeout]
 *
 * Take a task.  The first form runs a command for it and settles it by the
 * command's status; the task is ours as long as this process lives.  The
 * second prints tasks: each has succeeded once it was written, or, with -L,
 * is the reader's to settle before the lease ends (tqctl done, fail, later).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tq/tq.h>

#include "base/clock.h"
#include "base/io.h"
#include "command/arg.h"
#include "command/columns.h"
#include "command/options.h"
#include "command/print.h"
#include "command/queues.h"
#include "command/status.h"
#include "command/stdio.h"
#include "worker/foreground.h"

static const char usage[] =
    "[-v] [-b url] [-q queue[=weight]] [-T soft[,hard]] [-t timeout]\n"
    "      command [arg ...]\n"
    "[-0BHJv] [-b url] [-L lease] [-n count] [-o cols]\n"
    "      [-q queue[=weight]] [-t timeout]";

static const struct tq_option table[] = {
	{ '0', "null", NULL, "end every field in NUL, escape nothing" },
	{ 'B', "body", NULL, "print the body and nothing else" },
	{ 'b', "broker", "url", "where to take it from" },
	{ 'H', "header", NULL, "print the names of the columns first" },
	{ 'J', "json", NULL, "print a JSON object a task" },
	{ 'L', "lease", "lease", "print a claim that holds this long" },
	{ 'n', "count", "count", "print this many tasks" },
	{ 'o', "columns", "cols", "print these columns" },
	{ 'q', "queue", "queue[=weight]", "take it from this queue" },
	{ 'T', "time-limit", "soft[,hard]", "TERM, then KILL after this time" },
	{ 't', "timeout", "timeout", "wait no longer than this" },
	{ 'v', "verbose", NULL, "say which task it was" },
};

struct get {
	struct tq	*tq;
	struct tq_take	 take;
	char		*urls;
	struct tq_foreground run;
	/* the printing form */
	struct tq_columns columns;
	struct tq_print	 print;
	enum tq_print_form form;
	const char	*cols;		/* NULL: cmd, or all with -J */
	uint64_t	 count;		/* 0: not given */
	int		 body, header, verbose;
	const struct tq_claim *held;	/* its record is not written; or NULL */
	void		(*pipe)(int);	/* what SIGPIPE did */
};

static void
parse(struct get *g, struct tq_options *o, int argc, char *argv[])
{
	int key;

	while ((key = tq_options_next(o, argc, argv)) != -1)
		switch (key) {
		case '0':
			g->form = TQ_PRINT_NUL;
			break;
		case 'B':
			g->body = 1;
			break;
		case 'b':
			tq_arg_broker(&g->urls, "-b", optarg);
			break;
		case 'H':
			g->header = 1;
			break;
		case 'J':
			g->form = TQ_PRINT_JSON;
			break;
		case 'L':
			g->take.lease = tq_arg_duration("-L", optarg);
			if (g->take.lease == 0)
				tq_die(TQ_EXIT_USAGE,
				    "-L: a lease of '%s' would be over at once",
				    optarg);
			break;
		case 'n':
			g->count = (uint64_t)tq_arg_number("-n", optarg, 1,
			    INT64_MAX);
			break;
		case 'o':
			g->cols = optarg;
			break;
		case 'q':
			tq_arg_take(&g->take, "-q", optarg);
			break;
		case 'T':
			tq_arg_limits("-T", optarg, &g->run.soft,
			    &g->run.hard);
			break;
		case 't':
			g->take.timeout = tq_arg_duration("-t", optarg);
			break;
		case 'v':
			g->verbose = 1;
			break;
		}
}

/* Which options go with a command, and which without. */
static void
check(struct get *g, const struct tq_options *o)
{
	if (g->run.argc > 0) {
		if (g->form != TQ_PRINT_TEXT || g->body || g->header ||
		    g->cols != NULL || g->count > 0 || g->take.lease > 0)
			tq_options_usage(o, "-0, -B, -H, -J, -L, -n and -o are "
			    "not for a command");
		return;
	}
	if (g->run.soft > 0 || g->run.hard > 0)
		tq_die(TQ_EXIT_USAGE, "-T is for a command");
	if (g->body && (g->form != TQ_PRINT_TEXT || g->header ||
	    g->cols != NULL || g->count > 1))
		tq_die(TQ_EXIT_USAGE, "-B prints the body of one task and "
		    "nothing else");
	if (g->cols != NULL)
		tq_columns_parse(&g->columns, "-o", g->cols);
	else
		tq_columns_parse(&g->columns, "-o", "cmd");
	if (g->count == 0)
		g->count = 1;
}

static int
claim(struct get *g, struct tq_claim *c)
{
	struct tq_err e;
	int rv;

	rv = tq_claim(g->tq, &g->take, c, &e);
	if (rv == -1)
		tq_die_err(&e);
	if (rv == 1 && g->verbose)
		tq_warn("%s/%u", c->ref.id.s, c->ref.attempt);
	return rv;
}

static void
settle(struct get *g, const struct tq_claim *c, struct tq_outcome *out)
{
	struct tq_err e;

	if (tq_settle(g->tq, &c->ref, out, TQ_SETTLE_SYNC, &e) == -1)
		tq_die_err(&e);
}

/* ---- running a command ----------------------------------------------- */

/* End by the signal that ended the command, as a shell expects it. */
static _Noreturn void
die_by(int sig)
{
	signal(sig, SIG_DFL);
	raise(sig);
	exit(128 + sig);
}

static int
run_command(struct get *g)
{
	struct tq_claim c;
	struct tq_outcome out;
	struct tq_err e;
	int sig;

	tq_claim_init(&c);
	if (claim(g, &c) == 0) {
		tq_claim_fini(&c);
		return TQ_EXIT_NO;
	}
	if (tq_foreground_run(&out, &sig, g->tq, &c, &g->run, &e) == -1) {
		/* the command is ours: the task is as good as before */
		tq_outcome_init(&out, TQ_READY);
		settle(g, &c, &out);
		tq_die_err(&e);
	}
	settle(g, &c, &out);
	if (g->verbose && out.status >= 0)
		tq_warn("%s/%u: %s, status %d", c.ref.id.s, c.ref.attempt,
		    tq_state_name(out.state), out.status);
	tq_claim_fini(&c);
	if (sig != 0) {
		tq_close(g->tq);
		die_by(sig);
	}
	return TQ_EXIT_OK;
}

/* ---- printing -------------------------------------------------------- */

/*
 * A record cannot be written: nobody has got its task, which is as good as
 * before.  Left to our death it would count as one of a worker.
 */
static void
hand_back(void *arg, int num)
{
	struct get *g = arg;
	struct tq_outcome out;
	struct tq_err e;

	tq_outcome_init(&out, TQ_READY);
	if (g->held != NULL && tq_settle(g->tq, &g->held->ref, &out,
	    TQ_SETTLE_SYNC, &e) == -1)
		tq_warn("%s", e.text);
	if (num == EPIPE && g->pipe == SIG_DFL) {
		tq_close(g->tq);
		die_by(SIGPIPE);
	}
}

static void
print_body(struct tq_print *p, const struct tq_task *t)
{
	int rv;

	if (t->body_fd != -1)
		rv = tq_io_copy(STDOUT_FILENO, t->body_fd, 0, -1) == -1 ?
		    -1 : 0;
	else
		rv = tq_io_write(STDOUT_FILENO, t->body.p, t->body.n);
	if (rv == -1)
		tq_print_lost(p, errno);
}

static void
print_claim(struct get *g, const struct tq_claim *c)
{
	char token[TQ_ID_MAX + 16];

	snprintf(token, sizeof(token), "%s/%u", c->ref.id.s,
	    c->ref.attempt);
	tq_print_str(&g->print, "claim", token);
}

static void
print_task(struct get *g, const struct tq_claim *c)
{
	struct tq_info info;
	struct tq_row row = {
		.tq = g->tq, .info = &info, .now = tq_clock_wall(),
	};

	if (g->take.lease > 0)
		print_claim(g, c);
	if (g->body) {
		if (g->take.lease > 0)
			tq_print_end(&g->print);
		tq_print_flush(&g->print);
		print_body(&g->print, &c->task);
		return;
	}
	tq_info_init(&info);
	tq_columns_claim(&info, c);
	if (g->form == TQ_PRINT_JSON && g->cols == NULL)
		tq_columns_whole(&g->print, &row);
	else
		tq_columns_print(&g->columns, &g->print, &row);
	tq_print_flush(&g->print);
}

static void
print_header(struct get *g)
{
	if (!g->header || g->form == TQ_PRINT_JSON)
		return;
	if (g->take.lease > 0)
		tq_print_str(&g->print, "claim", "claim");
	tq_columns_header(&g->columns, &g->print);
	tq_print_flush(&g->print);
}

static int
print_tasks(struct get *g)
{
	struct tq_claim c;
	struct tq_outcome done;
	uint64_t n;

	tq_claim_init(&c);
	tq_print_init(&g->print, STDOUT_FILENO, g->form);
	g->print.lost = hand_back;
	g->print.arg = g;
	g->pipe = signal(SIGPIPE, SIG_IGN);
	print_header(g);
	for (n = 0; n < g->count && claim(g, &c) == 1; n++) {
		g->held = &c;
		print_task(g, &c);
		g->held = NULL;
		if (g->take.lease > 0)
			continue;
		/* written first: killed in between, it is handed out again */
		tq_outcome_init(&done, TQ_SUCCESS);
		done.status = 0;
		settle(g, &c, &done);
	}
	tq_print_fini(&g->print);
	tq_claim_fini(&c);
	return n > 0 ? TQ_EXIT_OK : TQ_EXIT_NO;
}

/* Where queues do not come into being, waiting for a misspelt one is in vain. */
static void
check_queues(struct get *g)
{
	char made[8];
	struct tq_err e;

	if (g->take.nqueues == 0 || tq_spool_dir(g->tq) == NULL ||
	    tq_get(g->tq, NULL, "autocreate", made, sizeof(made), &e) != 1 ||
	    strcmp(made, "no") != 0)
		return;
	if (tq_queues_check(g->tq, g->take.queue,
	    g->take.nqueues, &e) == -1)
		tq_die_err(&e);
}

int
main(int argc, char *argv[])
{
	struct get g = { .take.timeout = TQ_FOREVER };
	struct tq_options o;
	struct tq_err e;
	size_t i;
	int status;

	tq_stdio_hold();
	tq_options_init(&o, usage, table, sizeof(table) / sizeof(table[0]));
	parse(&g, &o, argc, argv);
	g.run.argc = argc - optind;
	g.run.argv = (const char *const *)argv + optind;
	check(&g, &o);
	/* who does not wait has no use for a new spool: there is nothing in it */
	if (tq_open(&g.tq, g.urls, NULL, g.take.timeout == 0 ? TQ_OPEN_THERE :
	    0, &e) == -1) {
		if (e.num == ENOENT)
			return TQ_EXIT_NO;
		tq_die_open(&e);
	}
	check_queues(&g);
	tq_arg_export("TQ_DIR", NULL);
	tq_arg_export("TQ_RESULTS", NULL);
	status = g.run.argc > 0 ? run_command(&g) : print_tasks(&g);
	tq_close(g.tq);
	for (i = 0; i < g.take.nqueues; i++)
		free((char *)g.take.queue[i]);
	free(g.urls);
	return status;
}
