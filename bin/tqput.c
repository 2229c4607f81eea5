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
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tq/tq.h>

#include "base/clock.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/io.h"
#include "command/arg.h"
#include "command/body.h"
#include "command/flow.h"
#include "command/forward.h"
#include "command/hint.h"
#include "command/ids.h"
#include "command/many.h"
#include "command/options.h"
#include "command/place.h"
#include "command/print.h"
#include "command/stand.h"
#include "command/status.h"
#include "command/stdio.h"
#include "command/weave.h"

enum {
	OPT_BACKOFF = TQ_LONG(0), OPT_HOLD, OPT_ID, OPT_IONICE, OPT_KEEP, OPT_KW,
	OPT_LIMIT, OPT_NICE, OPT_NO_RESULT, OPT_ONCE, OPT_RESULTS,
	OPT_CHAIN, OPT_CHORD, OPT_GROUP, OPT_LINK, OPT_LINK_ERROR,
	OPT_SPOOL
};

static const char usage[] =
    "[-fiJQvw] [-A id[,id...]] [-a time | -d delay] [-b url] [-C dir]\n"
    "      [-D ok|fail|any] [-e name[=value]] [-K skip|replace|follow]\n"
    "      [-k key] [-l label] [-P id] [-p pri] [-q queue] [-R name[=n]]\n"
    "      [-r retries] [-S lane] [-T soft[,hard]]\n"
    "      [-t timeout] [-x expires] [--backoff base,factor,cap] [--hold]\n"
    "      [--id id] [--ionice class] [--keep time] [--limit name=value,...]\n"
    "      [--link string] [--link-error string] [--nice nice] [--no-result]\n"
    "      [--once] [--results url] [--spool-on-failure] [command [arg ...]]\n"
    "... -c string [arg ...]\n"
    "... -F file\n"
    "... -N name [-J] [--kw name=value] [arg ...]\n"
    "... -m [-0J] [-I str] [--chain | --group | --chord string]\n"
    "      [-c string | -N name | command] [arg ...]";

static const struct tq_option table[] = {
	{ '0', "null", NULL, "records of -m end in NUL" },
	{ 'A', "after", "id[,id...]", "run after these" },
	{ 'a', "at", "time", "start at this time" },
	{ OPT_BACKOFF, "backoff", "base,factor,cap", "delays of retries" },
	{ 'b', "broker", "url", "where to put it" },
	{ 'C', "chdir", "dir", "directory to run in" },
	{ 'c', "command", "string", "run by sh -c" },
	{ OPT_CHAIN, "chain", NULL, "with -m: each after the one before" },
	{ OPT_CHORD, "chord", "string", "with -m: then this, on their output" },
	{ 'D', "when", "end", "when -A lets it run: ok, fail, any" },
	{ 'd', "delay", "delay", "start after this time" },
	{ 'e', "env", "name[=value]", "a variable for the task" },
	{ 'F', "flow", "file", "the tasks of a flow file" },
	{ 'f', "follow", NULL, "with -w: output as it comes" },
	{ OPT_GROUP, "group", NULL, "with -m: they are a group" },
	{ OPT_HOLD, "hold", NULL, "keep it until tqctl release" },
	{ 'I', "replace", "str", "with -m: put the record for str" },
	{ 'i', "stdin", NULL, "stdin is the task's stdin" },
	{ OPT_ID, "id", "id", "its id, at most once in the broker" },
	{ OPT_IONICE, "ionice", "class", "disk priority: 0 to 7, or idle" },
	{ 'J', "json", NULL, "arguments, records or answer in JSON" },
	{ 'K', "on-key", "policy", "key is taken: skip, replace, follow" },
	{ 'k', "key", "key", "one unended task of this key" },
	{ OPT_KEEP, "keep", "time", "keep its result this long" },
	{ OPT_KW, "kw", "name=value", "a named argument of -N" },
	{ 'l', "label", "label", "a word for people" },
	{ OPT_LIMIT, "limit", "name=value", "what it may use: mem=2G,cpu=1h" },
	{ OPT_LINK, "link", "string", "then this, on its output" },
	{ OPT_LINK_ERROR, "link-error", "string", "or this, if it fails" },
	{ 'm', "many", NULL, "a task for each record of stdin" },
	{ 'N', "name", "name", "run by the handler of this name" },
	{ OPT_NICE, "nice", "nice", "1 to 19, higher gives way" },
	{ OPT_NO_RESULT, "no-result", NULL, "keep no output of a success" },
	{ OPT_ONCE, "once", NULL, "start it at most once" },
	{ 'P', "pipe", "id", "its output is the task's stdin" },
	{ 'p', "priority", "pri", "0 to 9, higher first" },
	{ 'Q', "quiet", NULL, "print no id" },
	{ 'q', "queue", "queue", "where it waits" },
	{ 'R', "resource", "name[=n]", "what it needs while it runs" },
	{ OPT_RESULTS, "results", "url", "where its result goes" },
	{ 'r', "retries", "retries", "how often to try again" },
	{ 'S', "lane", "lane", "one after another in this lane" },
	{ OPT_SPOOL, "spool-on-failure", NULL, "keep it here for a broker that is away" },
	{ 'T', "time-limit", "soft[,hard]", "TERM, then KILL after this time" },
	{ 't', "timeout", "timeout", "wait no longer than this" },
	{ 'v', "verbose", NULL, "say where it was put" },
	{ 'w', "wait", NULL, "wait, and exit as the task does" },
	{ 'x', "expires", "expires", "do not start it after this" },
};

struct put {
	struct tq	*tq;
	struct tq_task	 task;
	struct tq_place	 place;
	struct tq_body	 body;
	char		*urls;
	const char	*results, *replace;
	const char	*shell;		/* -c */
	const char	**kwargs, **argv, **needs;
	size_t		 kwc, nneeds;
	struct tq_limits limits;
	char		 limits_text[TQ_LIMITS_MAX + 1];
	tq_time		 timeout;
	struct tq_ids	 after, pipe;	/* -A, -P: at first maybe tails */
	enum tq_shape	 shape;
	const char	*chord, *link, *link_error;
	const char	*flow;			/* -F */
	int		 stdin_body, json, many, null, wait, follow;
	int		 quiet, verbose, has_when, has_policy, spool;
};

/* ---- arguments ------------------------------------------------------- */

/* A duration counts from now; what is not one is a date. */
static tq_time
expires(const char *value)
{
	tq_time t;

	if (tq_duration_parse(&t, value, NULL) == 0)
		return tq_clock_deadline(tq_clock_wall(), t);
	return tq_arg_date("-x", value);
}

/* Number of a word of a few. */
static int
word(const char *option, const char *value, const char *const *words, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (strcmp(value, words[i]) == 0)
			return i;
	tq_die(TQ_EXIT_USAGE, "%s: '%s' is not %s, %s or %s", option, value,
	    words[0], words[1], words[2]);
}

/* Ids between commas. */
static void
add_ids(struct tq_ids *to, const char *value)
{
	char *copy = strdup(value), *p = copy, *id;

	if (copy == NULL)
		tq_die(TQ_EXIT_OS, "-A: %s", strerror(errno));
	while ((id = strsep(&p, ",")) != NULL) {
		if (*id == '\0')
			tq_die(TQ_EXIT_USAGE, "-A: '%s' has an empty id",
			    value);
		tq_ids_add(to, id);
	}
	free(copy);
}

/* One shape of -m. */
static void
set_shape(struct put *p, enum tq_shape shape)
{
	if (p->shape != TQ_SHAPE_LOOSE && p->shape != shape)
		tq_die(TQ_EXIT_USAGE,
		    "--chain, --group and --chord exclude each other");
	p->shape = shape;
}

/* Options that tie it to others; 0 when key is another. */
static int
set_ties(struct put *p, int key, const char *value)
{
	static const char *const whens[] = { "ok", "fail", "any" };
	static const char *const policies[] = { "skip", "replace", "follow" };

	switch (key) {
	case 'A':
		add_ids(&p->after, value);
		break;
	case OPT_CHAIN:
		set_shape(p, TQ_SHAPE_CHAIN);
		break;
	case OPT_CHORD:
		set_shape(p, TQ_SHAPE_CHORD);
		p->chord = value;
		break;
	case 'D':
		p->task.when = (enum tq_when)word("-D", value, whens, 3);
		p->has_when = 1;
		break;
	case 'F':
		p->flow = value;
		break;
	case OPT_GROUP:
		set_shape(p, TQ_SHAPE_GROUP);
		break;
	case 'K':
		p->task.on_key = (enum tq_on_key)word("-K", value, policies,
		    3);
		p->has_policy = 1;
		break;
	case 'k':
		p->task.key = value;
		break;
	case OPT_LINK:
		p->link = value;
		break;
	case OPT_LINK_ERROR:
		p->link_error = value;
		break;
	case 'P':
		if (p->pipe.n > 0)
			tq_die(TQ_EXIT_USAGE, "-P is there twice");
		tq_ids_add(&p->pipe, value);
		break;
	default:
		return 0;
	}
	return 1;
}

/* Options that say what a task is; 0 when key is another. */
static int
set_task(struct put *p, int key, const char *value)
{
	struct tq_task *t = &p->task;

	switch (key) {
	case 'a':
		t->eta = tq_arg_date("-a", value);
		break;
	case 'd':
		t->eta = tq_clock_deadline(tq_clock_wall(),
		    tq_arg_duration("-d", value));
		break;
	case OPT_BACKOFF:
		tq_arg_backoff("--backoff", value, t);
		break;
	case OPT_HOLD:
		t->flags |= TQ_TASK_HOLD;
		break;
	case OPT_ID:
		t->id = value;
		break;
	case OPT_IONICE:
	case OPT_LIMIT:
	case OPT_NICE:
		tq_arg_limit(&p->limits, key == OPT_LIMIT ? "--limit" :
		    key == OPT_NICE ? "--nice" : "--ionice", value);
		break;
	case OPT_KEEP:
		t->keep = tq_arg_duration("--keep", value);
		break;
	case OPT_KW:
		tq_arg_append(&p->kwargs, &p->kwc, value);
		break;
	case 'l':
		t->label = value;
		break;
	case 'N':
		t->kind = TQ_KIND_NAMED;
		t->name = tq_arg_name("-N", value);
		break;
	case OPT_NO_RESULT:
		t->flags |= TQ_TASK_NORESULT;
		break;
	case OPT_ONCE:
		t->flags |= TQ_TASK_ONCE;
		break;
	case 'p':
		t->pri = (int)tq_arg_number("-p", value, 0, TQ_PRI_MAX);
		t->flags |= TQ_TASK_PRI;
		break;
	case 'q':
		t->queue = tq_arg_name("-q", value);
		break;
	case 'r':
		t->retries = (int)tq_arg_number("-r", value, 0,
		    TQ_RETRIES_MAX);
		break;
	case 'R':
		tq_arg_append(&p->needs, &p->nneeds, value);
		break;
	case 'S':
		t->lane = value;
		break;
	case 'T':
		tq_arg_limits("-T", value, &t->soft, &t->hard);
		break;
	case 'x':
		t->expires = expires(value);
		break;
	default:
		return 0;
	}
	return 1;
}

/* Options that say how tqput goes about it. */
static void
set_manner(struct put *p, int key, const char *value)
{
	switch (key) {
	case '0':
		p->null = 1;
		break;
	case 'b':
		tq_arg_broker(&p->urls, "-b", value);
		break;
	case 'C':
		tq_place_dir(&p->place, value);
		break;
	case 'c':
		p->shell = value;
		break;
	case 'e':
		tq_place_env(&p->place, "-e", value);
		break;
	case 'f':
		p->follow = 1;
		break;
	case 'I':
		p->replace = value;
		break;
	case 'i':
		p->stdin_body = 1;
		break;
	case 'J':
		p->json = 1;
		break;
	case 'm':
		p->many = 1;
		break;
	case 'Q':
		p->quiet = 1;
		break;
	case OPT_RESULTS:
		p->results = value;
		break;
	case OPT_SPOOL:
		p->spool = 1;
		break;
	case 't':
		p->timeout = tq_arg_duration("-t", value);
		break;
	case 'v':
		p->verbose = 1;
		break;
	case 'w':
		p->wait = 1;
		break;
	}
}

/* Which options go together. */
static void
check(const struct put *p, const struct tq_options *o, int argc, int at_delay)
{
	int named = p->task.name != NULL;

	if (at_delay == ('a' | 'd' << 8))
		tq_die(TQ_EXIT_USAGE, "-a and -d exclude each other");
	if (p->shell != NULL && named)
		tq_die(TQ_EXIT_USAGE, "-c and -N exclude each other");
	if (p->kwc > 0 && !named)
		tq_die(TQ_EXIT_USAGE, "--kw is for -N");
	if (p->spool && p->wait)
		tq_die(TQ_EXIT_USAGE, "--spool-on-failure excludes -w");
	if (p->follow && !p->wait)
		tq_die(TQ_EXIT_USAGE, "-f is for -w");
	if ((p->null || p->replace != NULL) && !p->many)
		tq_die(TQ_EXIT_USAGE, "%s is for -m", p->null ? "-0" : "-I");
	if (p->many && (p->wait || p->stdin_body || p->task.id != NULL))
		tq_die(TQ_EXIT_USAGE, "-m excludes -i, -w and --id");
	if (p->many && p->json && !named && (argc > 0 || p->shell != NULL))
		tq_die(TQ_EXIT_USAGE, "records of -mJ are whole tasks, "
		    "a command has no place");
	if (!p->many && !p->stdin_body && argc == 0 && p->shell == NULL &&
	    !named && p->flow == NULL)
		tq_options_usage(o);
}

/* The same for those that tie tasks to others. */
static void
check_ties(const struct put *p, int argc)
{
	int linked = p->link != NULL || p->link_error != NULL;

	if (p->shape != TQ_SHAPE_LOOSE && !p->many)
		tq_die(TQ_EXIT_USAGE, "--chain, --group and --chord are for -m");
	if (p->shape != TQ_SHAPE_LOOSE && p->task.key != NULL)
		tq_die(TQ_EXIT_USAGE, "-k is for one task");
	if (p->has_policy && p->task.key == NULL)
		tq_die(TQ_EXIT_USAGE, "-K is for -k");
	if (p->flow != NULL && (p->many || p->wait || p->stdin_body ||
	    p->shell != NULL || p->task.name != NULL || argc > 0 || linked ||
	    p->task.id != NULL || p->task.key != NULL || p->pipe.n > 0))
		tq_die(TQ_EXIT_USAGE, "-F excludes a command, -i, -k, -m, -P, "
		    "-w, --id and --link");
	if (p->has_when && p->after.n == 0 && p->shape != TQ_SHAPE_CHAIN)
		tq_die(TQ_EXIT_USAGE, "-D is for -A");
	if (p->pipe.n > 0 && p->stdin_body)
		tq_die(TQ_EXIT_USAGE, "-i and -P exclude each other");
	if (linked && (p->many || p->wait))
		tq_die(TQ_EXIT_USAGE, "--link and --link-error exclude -m "
		    "and -w");
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
	for (i = 0; i < p->task.argc; i++)
		found |= strstr(p->task.argv[i], p->replace) != NULL;
	if (!found)
		tq_die(TQ_EXIT_USAGE, "-I: '%s' is not in the command",
		    p->replace);
}

static void
parse(struct put *p, struct tq_options *o, int argc, char *argv[])
{
	int key, when = 0;

	while ((key = tq_options_next(o, argc, argv)) != -1) {
		if (key == 'a' || key == 'd')
			when |= key == 'a' ? 'a' : 'd' << 8;
		if (!set_task(p, key, optarg) && !set_ties(p, key, optarg))
			set_manner(p, key, optarg);
	}
	check(p, o, argc - optind, when);
	check_ties(p, argc - optind);
}

/* The work: string or words, and where it will run. */
static void
fill(struct put *p, int argc, char *argv[])
{
	struct tq_task *t = &p->task;
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
	t->kwc = (int)p->kwc;
	t->kwargs = p->kwargs;
	t->needs = p->needs;
	t->nneeds = p->nneeds;
	if (t->name != NULL && p->json)
		t->flags |= TQ_TASK_JSON;
	if (t->name == NULL && n > 0)
		t->kind = p->shell != NULL ? TQ_KIND_SHELL : TQ_KIND_COMMAND;
	else if (t->name == NULL && (p->many || p->flow != NULL))
		t->kind = TQ_KIND_SHELL;
	if (t->kind == TQ_KIND_COMMAND || t->kind == TQ_KIND_SHELL)
		tq_place_here(&p->place);
	tq_place_apply(&p->place, t);
	tq_limits_format(p->limits_text, sizeof(p->limits_text), &p->limits);
	if (p->limits_text[0] != '\0')
		t->limits = p->limits_text;
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
	if (p->wait)
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

	tq_print_init(&out, STDOUT_FILENO,
	    p->json && p->task.name == NULL ? TQ_PRINT_JSON : TQ_PRINT_TEXT);
	tq_print_str(&out, "id", id);
	tq_print_end(&out);
	tq_print_flush(&out);
	tq_print_fini(&out);
}

/*
 * Find the tasks that it waits for, by their tails too; another broker than a
 * spool is asked by the put itself.
 */
static void
resolve(struct put *p)
{
	struct tq_err e;

	if (tq_spool_dir(p->tq) != NULL &&
	    (tq_ids_resolve(&p->after, p->tq, TQ_FIND_TAIL, &e) == -1 ||
	    tq_ids_resolve(&p->pipe, p->tq, TQ_FIND_TAIL, &e) == -1))
		fail(p, &e);
	p->task.after = p->after.v;
	p->task.nafter = p->after.n;
	if (p->pipe.n > 0)
		p->task.pipe = p->pipe.v[0];
}

/* Put the task and what --link and --link-error let follow. */
static int
put_linked(struct put *p, struct tq_id *id, struct tq_err *e)
{
	struct tq_task t[3];
	struct tq_id ids[3], own;
	struct tq_weave w;
	const char *after[1];
	size_t n = 1, done;

	tq_weave_init(&w, TQ_SHAPE_LOOSE, NULL, &p->task);
	t[0] = p->task;
	if (t[0].id == NULL) {
		tq_weave_id(&w, &own);
		t[0].id = own.s;
	}
	after[0] = t[0].id;
	if (p->link != NULL) {
		tq_weave_then(&t[n], &p->task, &p->link);
		t[n++].pipe = t[0].id;
	}
	if (p->link_error != NULL) {
		tq_weave_then(&t[n], &p->task, &p->link_error);
		t[n].after = after;
		t[n].nafter = 1;
		t[n++].when = TQ_WHEN_FAIL;
	}
	if (tq_put_patient(p->tq, t, n, p->timeout, ids, &done, e) == -1) {
		*id = ids[0];
		return -1;
	}
	*id = ids[0];
	return 0;
}

static int
put_one(struct put *p)
{
	struct tq_id id;
	struct tq_err e;
	size_t done;
	int rv;

	if (p->stdin_body && tq_body_stdin(&p->body, &p->task,
	    tq_spool_dir(p->tq), &e) == -1)
		fail(p, &e);
	/* elsewhere nothing is stored then, not even that it has ended */
	if (p->wait && p->task.flags & TQ_TASK_NORESULT &&
	    tq_spool_dir(p->tq) == NULL)
		tq_die(TQ_EXIT_CONFIG, "--no-result: -w would wait for ever "
		    "with this broker; not queued");
	if (p->wait)
		return tq_stand_for(p->tq, &p->task, p->timeout,
		    p->follow ? TQ_STAND_FOLLOW : 0);
	rv = p->link != NULL || p->link_error != NULL ?
	    put_linked(p, &id, &e) :
	    tq_put_patient(p->tq, &p->task, 1, p->timeout, &id, &done, &e);
	/* a task of that id is there: whose it is can still be asked */
	if (!p->quiet && (rv == 0 || e.num == EEXIST))
		print_id(p, id.s);
	if (rv == -1)
		fail(p, &e);
	if (p->verbose)
		tq_hint_put(p->tq, id.s);
	if (!p->quiet && isatty(STDERR_FILENO))
		tq_hint_workers(p->tq, id.s);
	return TQ_EXIT_OK;
}

static int
put_many(struct put *p)
{
	const struct tq_many many = {
		.tq = p->tq,
		.base = &p->task,
		.replace = p->replace,
		.json = p->json && p->task.name == NULL,
		.delim = p->null ? '\0' : '\n',
		.quiet = p->quiet,
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

/*
 * Read and understand all of it before anything is put; not before the broker
 * is open, for what we read our twin would miss (lib/command/twin.c).
 */
static void
read_flow(struct put *p, struct tq_flow *f)
{
	int fd = strcmp(p->flow, "-") == 0 ? STDIN_FILENO :
	    open(p->flow, O_RDONLY | O_CLOEXEC);
	struct tq_buf b;
	struct tq_err e;
	ssize_t n = 0;
	void *to;

	if (fd == -1)
		tq_die(errno == ENOENT ? TQ_EXIT_NOENT : TQ_EXIT_OS, "%s: %s",
		    p->flow, strerror(errno));
	tq_buf_init(&b);
	while (b.n <= TQ_FLOW_MAX && (to = tq_buf_grow(&b, 65536)) != NULL) {
		n = tq_io_read(fd, to, 65536);
		b.n -= 65536 - (size_t)(n > 0 ? n : 0);
		if (n <= 0)
			break;
	}
	if (n == -1 || !tq_buf_ok(&b))
		tq_die(TQ_EXIT_IO, "%s: %s", p->flow,
		    strerror(n == -1 ? errno : b.err));
	if (fd != STDIN_FILENO)
		close(fd);
	if (tq_flow_parse(f, p->flow, b.n > 0 ? (const char *)b.p : "", b.n,
	    &e) == -1)
		tq_die_err(&e);
	tq_buf_fini(&b);
}

static int
put_flow(struct put *p, struct tq_flow *f)
{
	struct tq_id id;
	struct tq_err e;

	if (tq_flow_put(p->tq, f, &p->task, p->timeout, &id, &e) == -1) {
		/* what is not whole ends with this handle */
		tq_close(p->tq);
		fail(p, &e);
	}
	if (!p->quiet)
		print_id(p, id.s);
	return TQ_EXIT_OK;
}

int
main(int argc, char *argv[])
{
	struct tq_flow flow;
	struct tq_forward forward;
	struct put p = { .timeout = TQ_FOREVER };
	struct tq_options o;
	struct tq_err e;
	int status;

	tq_task_init(&p.task);
	tq_place_init(&p.place);
	tq_body_init(&p.body);
	tq_ids_init(&p.after);
	tq_ids_init(&p.pipe);
	tq_stdio_hold();
	tq_options_init(&o, usage, table, sizeof(table) / sizeof(table[0]));
	parse(&p, &o, argc, argv);
	fill(&p, argc - optind, argv + optind);
	check_replace(&p);
	if (tq_open(&p.tq, p.urls, p.results, TQ_OPEN_ONESHOT |
	    (p.spool ? TQ_OPEN_AWAY : 0), &e) == -1) {
		if (p.wait)
			tq_stand_refused(&e);
		tq_die_open(&e);
	}
	if (p.spool)
		tq_forward_begin(&forward, p.tq, argv[0], p.urls, p.results);
	if (p.flow != NULL)
		read_flow(&p, &flow);
	/* what runs in this place was put by a user of this machine */
	if (p.place.umask != -1 && tq_spool_dir(p.tq) != NULL)
		p.task.flags |= TQ_TASK_LOCAL;
	if (p.after.n > 0 || p.pipe.n > 0)
		resolve(&p);
	status = p.flow != NULL ? put_flow(&p, &flow) :
	    p.many ? put_many(&p) : put_one(&p);
	if (p.flow != NULL)
		tq_flow_fini(&flow);
	tq_close(p.tq);
	if (p.spool)
		tq_forward_end(&forward);
	tq_body_fini(&p.body);
	tq_place_fini(&p.place);
	tq_ids_fini(&p.after);
	tq_ids_fini(&p.pipe);
	free(p.urls);
	free(p.kwargs);
	free(p.needs);
	free(p.argv);
	return status;
}
