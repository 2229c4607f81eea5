/*
 * tqput [options] [command [arg ...]]
 * tqput [options] -c string [arg ...]
 * tqput [options] -N name [-J] [--kw name=value] [arg ...]
 * tqput [options] -F file
 * tqput [options] -m [-0J] [-I str] [-c string | -N name | command] [arg ...]
 *
 * Put a task and print its id; with -m one for each record of stdin.  When it
 * exits 0 the task is on disk.  With -w it waits instead, and stands for the
 * task: its output, its exit status; what ends tqput revokes the task.
 *
 * With --spool-on-failure a broker that is away is no failure: the task waits
 * in the spool here (lib/command/forward.h).
 *
 * It must start as fast as true(1): nothing is read, opened or translated
 * that this put does not need.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tq/tq.h>

#include "base/clock.h"
#include "command/arg.h"
#include "command/body.h"
#include "command/flow.h"
#include "command/forward.h"
#include "command/hint.h"
#include "command/many.h"
#include "command/print.h"
#include "command/spec.h"
#include "command/stand.h"
#include "command/status.h"
#include "command/stdio.h"
#include "command/weave.h"

static const char usage[] =
    "[-fiJQvw] [-A id[,id...]] [-a time | -d delay] [-b url] [-C dir]\n"
    "      [-D ok|fail|any] [-e name[=value]] [-K skip|replace|follow]\n"
    "      [-k key] [-l label] [-P id] [-p pri] [-q queue] [-R name[=n]]\n"
    "      [-r retries] [-S lane] [-T soft[,hard]] [-t timeout]\n"
    "      [-x expires] [--backoff base[,factor[,cap]]] [--hold]\n"
    "      [--id id] [--ionice class] [--keep time] [--limit name=value,...]\n"
    "      [--link string] [--link-error string] [--nice nice] [--no-result]\n"
    "      [--once] [--results url] [--spool-on-failure] [command [arg ...]]\n"
    "... -c string [arg ...]\n"
    "... -F file\n"
    "... -N name [-J] [--kw name=value] [arg ...]\n"
    "... -m [-0J] [-I str] [--chain | --group | --chord string]\n"
    "      [-c string | -N name | command] [arg ...]";

struct put {
	struct tq	*tq;
	struct tq_spec	 spec;		/* and what was said at all */
	struct tq_body	 body;
	char		*urls;
	char		*results;
	const char	*replace;
	const char	*shell;		/* -c */
	const char	**argv;
	tq_time		 timeout;
	enum tq_shape	 shape;
	const char	*chord, *link, *link_error;
	const char	*flow;		/* -F */
};

/* ---- arguments ------------------------------------------------------- */

/* 1 if the option of this key was there. */
static int
said(const struct put *p, int key)
{
	return p->spec.said[key];
}

/* Options that say how tqput goes about it. */
static void
set_manner(struct put *p, int key, const char *value)
{
	switch (key) {
	case 'b':
		tq_arg_broker(&p->urls, "-b", value);
		break;
	case 'c':
		p->shell = value;
		break;
	case TQ_PUT_CHAIN:
		p->shape = TQ_SHAPE_CHAIN;
		break;
	case TQ_PUT_CHORD:
		p->shape = TQ_SHAPE_CHORD;
		p->chord = value;
		break;
	case 'F':
		p->flow = value;
		break;
	case TQ_PUT_GROUP:
		p->shape = TQ_SHAPE_GROUP;
		break;
	case 'I':
		p->replace = value;
		break;
	case TQ_PUT_LINK:
		p->link = value;
		break;
	case TQ_PUT_LINK_ERROR:
		p->link_error = value;
		break;
	case TQ_PUT_RESULTS:
		free(p->results);
		p->results = tq_arg_url("--results", value);
		break;
	case 't':
		p->timeout = tq_arg_duration("-t", value);
		break;
	}
}

/* What was said goes together, and with the operands. */
static void
check(const struct put *p, const struct tq_options *o, int argc)
{
	int work = argc > 0 || said(p, 'c');

	tq_put_options_check(p->spec.said);
	if (said(p, 'F') && work)
		tq_die(TQ_EXIT_USAGE, "-F excludes a command");
	if (said(p, 'm') && said(p, 'J') && !said(p, 'N') && work)
		tq_die(TQ_EXIT_USAGE, "records of -mJ are whole tasks, "
		    "a command has no place");
	if (!work && !said(p, 'F') && !said(p, 'i') && !said(p, 'm') &&
	    !said(p, 'N'))
		tq_options_usage(o, "no command, and no -i, -m, -N or -F");
}

/* str must be there to be replaced, and not where a shell would parse it. */
static void
check_replace(const struct put *p)
{
	int i, found = 0;

	if (p->replace == NULL)
		return;
	if (*p->replace == '\0')
		tq_die(TQ_EXIT_USAGE, "-I: '' is nothing to replace");
	if (p->shell != NULL && strstr(p->shell, p->replace) != NULL)
		tq_die(TQ_EXIT_USAGE, "-I: '%s' in the string of -c would be "
		    "parsed by the shell; use $1", p->replace);
	for (i = 0; i < p->spec.task.argc; i++)
		found |= strstr(p->spec.task.argv[i], p->replace) != NULL;
	if (!found)
		tq_die(TQ_EXIT_USAGE, "-I: '%s' is not in the command",
		    p->replace);
}

static void
parse(struct put *p, struct tq_options *o, int argc, char *argv[])
{
	struct tq_err e;
	int key, rv;

	while ((key = tq_options_next(o, argc, argv)) != -1) {
		rv = tq_spec_set(&p->spec, key, optarg, &e);
		if (rv == -1)
			tq_die_err(&e);
		if (rv == 0)
			set_manner(p, key, optarg);
	}
	check(p, o, argc - optind);
}

/* The work: string or words, and where it will run. */
static void
fill(struct put *p, int argc, char *argv[])
{
	struct tq_task *t = &p->spec.task;
	size_t n = 0;
	int i;

	p->argv = reallocarray(NULL, (size_t)argc + 2, sizeof(*p->argv));
	if (p->argv == NULL)
		tq_die(TQ_EXIT_OS, "arguments: %s", strerror(errno));
	if (p->shell != NULL)
		p->argv[n++] = p->shell;
	for (i = 0; i < argc; i++)
		p->argv[n++] = argv[i];
	p->argv[n] = NULL;
	t->argc = (int)n;
	t->argv = p->argv;
	if (t->name != NULL && said(p, 'J'))
		t->flags |= TQ_TASK_JSON;
	if (t->name == NULL && n > 0)
		t->kind = p->shell != NULL ? TQ_KIND_SHELL : TQ_KIND_COMMAND;
	else if (t->name == NULL && (said(p, 'm') || p->flow != NULL))
		t->kind = TQ_KIND_SHELL;
	tq_spec_finish(&p->spec);
	/* a task that puts tasks is their parent */
	t->parent = getenv("TQ_ID");
	t->root = getenv("TQ_ROOT");
	if (t->root == NULL)
		t->root = t->parent;
}

/* ---- putting --------------------------------------------------------- */

/* End with what went wrong; with -w nobody may take it for the task's. */
static _Noreturn void
fail(const struct put *p, const struct tq_err *e)
{
	if (said(p, 'w'))
		tq_stand_refused(e);
	/* of a put: the queue is closed, and may be open later */
	if (e->num == EPERM)
		tq_die(TQ_EXIT_FULL, "%s", e->text);
	tq_die_err(e);
}

static void
print_id(const struct put *p, const char *id)
{
	struct tq_print out;

	tq_print_init(&out, STDOUT_FILENO, said(p, 'J') && !said(p, 'N') ?
	    TQ_PRINT_JSON : TQ_PRINT_TEXT);
	tq_print_str(&out, "id", id);
	tq_print_end(&out);
	tq_print_flush(&out);
	tq_print_fini(&out);
}

static int
put_one(struct put *p)
{
	struct tq_id id;
	struct tq_err e;
	int rv;

	if (said(p, 'i') && tq_body_stdin(&p->body, &p->spec.task,
	    tq_spool_dir(p->tq), &e) == -1)
		fail(p, &e);
	/* elsewhere nothing is stored then, not even that it has ended */
	if (said(p, 'w') && p->spec.task.flags & TQ_TASK_NORESULT &&
	    tq_spool_dir(p->tq) == NULL)
		tq_die(TQ_EXIT_CONFIG, "--no-result: -w would wait for ever "
		    "with this broker; not queued");
	if (said(p, 'w'))
		return tq_stand_for(p->tq, &p->spec.task, p->timeout,
		    said(p, 'f') ? TQ_STAND_FOLLOW : 0);
	rv = tq_weave_linked(p->tq, &p->spec.task, p->link, p->link_error,
	    p->timeout, &id, &e);
	/* a task of that id is there: whose it is can still be asked */
	if (!said(p, 'Q') && (rv == 0 || e.num == EEXIST))
		print_id(p, id.s);
	if (rv == -1)
		fail(p, &e);
	if (said(p, 'v'))
		tq_hint_put(p->tq, id.s);
	if (!said(p, 'Q') && isatty(STDERR_FILENO))
		tq_hint_workers(p->tq, id.s);
	return TQ_EXIT_OK;
}

static int
put_many(struct put *p)
{
	const struct tq_many many = {
		.tq = p->tq,
		.base = &p->spec,
		.replace = p->replace,
		.json = said(p, 'J') && !said(p, 'N'),
		.delim = said(p, '0') ? '\0' : '\n',
		.quiet = said(p, 'Q'),
		.timeout = p->timeout,
		.shape = p->shape,
		.chord = p->chord,
	};
	struct tq_err e;
	int rv;

	if ((rv = tq_many_put(&many, &e)) == -1) {
		/* a group that is not whole ends with this handle */
		tq_close(p->tq);
		fail(p, &e);
	}
	return rv == 0 ? TQ_EXIT_OK : TQ_EXIT_NO;
}

static int
put_flow(struct put *p, struct tq_flow *f)
{
	struct tq_id id;
	struct tq_err e;

	if (tq_flow_put(p->tq, f, &p->spec, p->timeout, &id, &e) == -1) {
		/* what is not whole ends with this handle */
		tq_close(p->tq);
		fail(p, &e);
	}
	if (!said(p, 'Q'))
		print_id(p, id.s);
	return TQ_EXIT_OK;
}

/* All is asked for, and the broker open. */
static int
put(struct put *p)
{
	struct tq_flow flow;
	struct tq_err e;
	int status;

	/*
	 * Not before the broker is open: what we had read of stdin our twin
	 * would miss (lib/command/twin.c).
	 */
	if (p->flow != NULL && tq_flow_read(&flow, p->flow, &e) == -1)
		tq_die_err(&e);
	/* what runs in this place was put by a user of this machine */
	if (p->spec.place.umask != -1 && tq_spool_dir(p->tq) != NULL)
		p->spec.task.flags |= TQ_TASK_LOCAL;
	if (tq_spec_resolve(&p->spec, p->tq, &e) == -1)
		fail(p, &e);
	if (p->flow == NULL)
		return said(p, 'm') ? put_many(p) : put_one(p);
	status = put_flow(p, &flow);
	tq_flow_fini(&flow);
	return status;
}

int
main(int argc, char *argv[])
{
	struct put p = { .timeout = TQ_FOREVER };
	struct tq_forward forward;
	struct tq_options o;
	struct tq_err e;
	int status;

	tq_spec_init(&p.spec, tq_clock_wall());
	tq_body_init(&p.body);
	tq_stdio_hold();
	tq_options_init(&o, usage, tq_put_options, tq_put_noptions);
	parse(&p, &o, argc, argv);
	fill(&p, argc - optind, argv + optind);
	check_replace(&p);
	if (tq_open(&p.tq, p.urls, p.results, TQ_OPEN_ONESHOT |
	    (said(&p, TQ_PUT_SPOOL) ? TQ_OPEN_AWAY : 0), &e) == -1) {
		if (said(&p, 'w'))
			tq_stand_refused(&e);
		tq_die_open(&e);
	}
	if (said(&p, TQ_PUT_SPOOL))
		tq_forward_begin(&forward, p.tq, argv[0], p.urls, p.results);
	status = put(&p);
	tq_close(p.tq);
	if (said(&p, TQ_PUT_SPOOL))
		tq_forward_end(&forward);
	tq_body_fini(&p.body);
	tq_spec_fini(&p.spec);
	free(p.urls);
	free(p.results);
	free(p.argv);
	return status;
}
