/*
 * tqrun [-EvX] [-b url] [-g grace] [-j jobs[,max]] [-n count]
 *     [-q queue[=weight]] [-R name[=n|:units]] [-r retries]
 *     [-T soft[,hard]] [-u name=program] [-U [name=]program]
 *     [--allow-commands] [--events] [--hook event=command] [--ionice class]
 *     [--limit name=value,...] [--load n[%]] [--local-hold]
 *     [--memfree size|n%] [--nice nice] [--no-control] [--node name]
 *     [--results url] [dir ...]
 *
 * Run tasks: in the foreground, jobs of them at a time, until told to stop.
 * Operands and TQ_HANDLERS are directories with the programs of named tasks.
 */
#define _GNU_SOURCE		/* sched_getaffinity(2) */
#include <sys/stat.h>

#include <bsd/unistd.h>
#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tq/tq.h>

#include "base/buf.h"
#include "client/route.h"
#include "command/arg.h"
#include "command/options.h"
#include "command/status.h"
#include "command/stdio.h"
#include "worker/loop.h"
#include "worker/pool.h"

/* Larger blocks go back to the system when they are freed, wherever they lie. */
#define RETURN_OVER	(1 << 20)

extern char **environ;

enum {
	OPT_ALLOW = TQ_LONG(1), OPT_EVENTS, OPT_CONTROL = TQ_LONG(10),
	OPT_NODE, OPT_HOOK = TQ_LONG(20), OPT_IONICE, OPT_LIMIT, OPT_LOAD,
	OPT_MEMFREE, OPT_NICE, OPT_RESULTS, OPT_LOCAL_HOLD
};

static const char usage[] =
    "[-EvX] [-b url] [-g grace] [-j jobs[,max]] [-n count]\n"
    "      [-q queue[=weight]] [-R name[=n|:units]] [-r retries]\n"
    "      [-T soft[,hard]]\n"
    "      [-u name=program] [-U [name=]program] [--allow-commands]\n"
    "      [--events] [--hook event=command] [--ionice class]\n"
    "      [--limit name=value,...] [--load n[%]] [--local-hold]\n"
    "      [--memfree size|n%] [--nice nice] [--no-control] [--node name]\n"
    "      [--results url] [dir ...]";

static const struct tq_option table[] = {
	{ 'b', "broker", "url", "where to take tasks from" },
	{ 'E', "exit-empty", NULL, "leave when nothing is left to do" },
	{ 'g', "grace", "grace", "when stopped, end tasks after this time" },
	{ 'j', "jobs", "jobs[,max]", "run this many tasks at a time" },
	{ 'n', "count", "count", "leave after this many tasks" },
	{ 'q', "queue", "queue[=weight]", "take tasks from this queue" },
	{ 'R', "resource", "name[=n|:units]", "what it has for tasks" },
	{ 'r', "retries", "retries", "retry tasks that do not say how often" },
	{ 'T', "time-limit", "soft[,hard]", "TERM, then KILL after this time" },
	{ 'u', "use", "name=program", "the program of a named task" },
	{ 'U', "resident", "[name=]program", "one that stays up: JSON lines" },
	{ 'v', "verbose", NULL, "say what begins and ends" },
	{ 'X', "named-only", NULL, "run no commands, only named tasks" },
	{ OPT_ALLOW, "allow-commands", NULL, "run those of others, too" },
	{ OPT_EVENTS, "events", NULL, "tell a remote broker of each task" },
	{ OPT_HOOK, "hook", "event=command", "run it when that happens" },
	{ OPT_IONICE, "ionice", "class", "disk priority: 0 to 7, or idle" },
	{ OPT_LIMIT, "limit", "name=value,...",
	    "what each may use: mem=2G,cpu=1h" },
	{ OPT_LOAD, "load", "n[%]", "claim only up to this load" },
	{ OPT_MEMFREE, "memfree", "size|n%", "and while so much memory is free" },
	{ OPT_NICE, "nice", "nice", "1 to 19, higher gives way" },
	{ OPT_CONTROL, "no-control", NULL, "obey nobody through the broker" },
	{ OPT_NODE, "node", "name", "what it is called there" },
	{ OPT_RESULTS, "results", "url", "where outcomes go" },
	{ OPT_LOCAL_HOLD, "local-hold", NULL,
	    "what waits waits in the spool here" },
};

struct run {
	struct tq_worker worker;
	char		*urls;
	char		*results;
	const char	*node;
	int		 events, no_control, local_hold;
	struct tq_hold	 hold;
	struct tq_uses	 uses;
	struct tq_offers offers;
	int		 shown;		/* columns of the line that is open */
};

static void
end_line(struct run *r)
{
	if (r->shown > 0)
		fputc('\n', stderr);
	r->shown = 0;
}

static void
say(void *arg, enum tq_say_level level, const char *sentence)
{
	struct run *r = arg;

	if (level == TQ_SAY_NOW)
		r->shown = fprintf(stderr, "\r%-*s", r->shown - 1, sentence);
	else {
		end_line(r);
		tq_warn("%s", sentence);
	}
}

/* The journal knows who we are, and reads what stands in front. */
static void
say_line(void *arg, enum tq_say_level level, const char *line)
{
	(void)arg;
	(void)level;
	dprintf(STDERR_FILENO, "%s\n", line);
}

/* Processors that this process may use. */
static unsigned
processors(void)
{
	cpu_set_t set;
	long n;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	else			/* there are more than a cpu_set_t holds */
		n = sysconf(_SC_NPROCESSORS_ONLN);
	if (n < 1)
		return 1;
	return n < TQ_PLACES_MAX ? (unsigned)n : TQ_PLACES_MAX;
}

/* Leave if a program was not taken. */
static void
check_use(int rv, const char *opt, const struct tq_err *e)
{
	if (rv == 0)
		return;
	tq_die(e->num == EINVAL || e->num == EEXIST || e->num == EMSGSIZE ?
	    TQ_EXIT_USAGE : e->num == ENOENT ? TQ_EXIT_NOENT :
	    TQ_EXIT_CONFIG, "%s: %s", opt, e->text);
}

static void
add_hook(struct tq_place_rules *rules, const char *value)
{
	struct tq_err e;

	if (rules->hooks == NULL &&
	    (rules->hooks = calloc(1, sizeof(*rules->hooks))) == NULL)
		tq_die(TQ_EXIT_OS, "--hook: %s", strerror(errno));
	if (tq_hooks_add(rules->hooks, value, &e) == -1)
		tq_die(TQ_EXIT_USAGE, "--hook: %s", e.text);
}

/* "jobs" or "min,max"; cuts the value up. */
static void
set_jobs(struct tq_worker *w, char *value)
{
	char *max = strchr(value, ',');

	if (max != NULL)
		*max++ = '\0';
	w->places = (unsigned)tq_arg_number("-j", value, 1, TQ_PLACES_MAX);
	w->places_max = max == NULL ? w->places :
	    (unsigned)tq_arg_number("-j", max, w->places, TQ_PLACES_MAX);
}

/* A gate that this system cannot keep is no gate. */
static void
set_load(struct tq_load *l, int key, const char *value)
{
	const char *opt = key == OPT_LOAD ? "--load" : "--memfree";
	struct tq_err e;
	char why[64];

	if ((key == OPT_LOAD ? tq_load_parse(l, value, &e) :
	    tq_memfree_parse(l, value, &e)) == -1)
		tq_die(TQ_EXIT_USAGE, "%s: %s", opt, e.text);
	if (tq_load_look(l, why, sizeof(why), &e) == -1)
		tq_die(TQ_EXIT_CONFIG, "%s: %s", opt, e.text);
}

static void
parse(struct run *r, struct tq_options *o, struct tq_say *s, int argc,
    char *argv[])
{
	struct tq_worker *w = &r->worker;
	struct tq_err e;
	int key;

	while ((key = tq_options_next(o, argc, argv)) != -1)
		switch (key) {
		case 'b':
			tq_arg_broker(&r->urls, "-b", optarg);
			break;
		case 'E':
			w->exit_empty = 1;
			break;
		case 'g':
			w->grace = tq_arg_duration("-g", optarg);
			break;
		case 'j':
			set_jobs(w, optarg);
			break;
		case 'n':
			w->count = (uint64_t)tq_arg_number("-n", optarg, 1,
			    INT64_MAX);
			break;
		case 'q':
			tq_arg_take(&w->rules.take, "-q", optarg);
			break;
		case 'R':
			if (tq_offers_add(&r->offers, optarg, &e) == -1)
				tq_die(e.num == EINVAL ? TQ_EXIT_USAGE :
				    TQ_EXIT_OS, "-R: %s", e.text);
			break;
		case 'r':
			w->rules.plan.retries = (int)tq_arg_number("-r",
			    optarg, 0, TQ_RETRIES_MAX);
			break;
		case 'T':
			tq_arg_limits("-T", optarg, &w->rules.plan.soft,
			    &w->rules.plan.hard);
			break;
		case 'u':
			check_use(tq_uses_add(&r->uses, optarg, &e), "-u",
			    &e);
			break;
		case 'U':
			check_use(tq_uses_add_resident(&r->uses, optarg, &e),
			    "-U", &e);
			break;
		case 'v':
			s->steps = 1;
			break;
		case 'X':
			w->rules.plan.named_only = 1;
			break;
		case OPT_ALLOW:
			w->rules.plan.commands = 1;
			break;
		case OPT_CONTROL:
			r->no_control = 1;
			break;
		case OPT_EVENTS:
			r->events = 1;
			break;
		case OPT_LOCAL_HOLD:
			r->local_hold = 1;
			break;
		case OPT_NODE:
			r->node = optarg;
			break;
		case OPT_HOOK:
			add_hook(&w->rules, optarg);
			break;
		case OPT_IONICE:
		case OPT_LIMIT:
		case OPT_NICE:
			tq_arg_limit(&w->rules.plan.limits,
			    key == OPT_LIMIT ? "--limit" : key == OPT_NICE ?
			    "--nice" : "--ionice", optarg);
			break;
		case OPT_LOAD:
		case OPT_MEMFREE:
			set_load(&w->load, key, optarg);
			break;
		case OPT_RESULTS:
			free(r->results);
			r->results = tq_arg_url("--results", optarg);
			break;
		}
}

static void
die_handlers(const char *from, const struct tq_err *e)
{
	tq_die(e->num == ENOENT ? TQ_EXIT_NOENT : TQ_EXIT_CONFIG, "%s%s", from,
	    e->text);
}

static void
add_handlers(struct tq_handlers *h, char *dirs[])
{
	const char *list = getenv("TQ_HANDLERS");
	struct tq_err e;

	for (; *dirs != NULL; dirs++)
		if (tq_handlers_add(h, *dirs, &e) == -1)
			die_handlers("", &e);
	if (list != NULL && tq_handlers_add_list(h, list, &e) == -1)
		die_handlers("TQ_HANDLERS: ", &e);
}

/*
 * Root does not run whatever the group of a shared spool puts, unless it says
 * so.  The uid of a task would be no guard: who may write to the spool may
 * write any.
 */
static void
check_root(const char *dir, const struct tq_plan_rules *plan)
{
	struct stat st;

	if (geteuid() != 0 || dir == NULL || plan->named_only ||
	    plan->commands || stat(dir, &st) == -1 ||
	    (st.st_uid == 0 && (st.st_mode & S_IWGRP) == 0))
		return;
	tq_die(TQ_EXIT_PERM, "%s: root would run the commands of others who "
	    "may put there; be another user, or say -X or --allow-commands",
	    dir);
}

/* The queue that is meant when none is named. */
static void
default_queue(struct tq_take *take, const struct tq *tq)
{
	if (take->nqueues == 0)
		tq_arg_take(take, "TQ_DEFAULT_QUEUE", tq_queue(tq));
}

/* How the worker is to be, for the broker. */
static void
set(struct tq *tq, const char *opt, const char *name, const char *value)
{
	struct tq_err e;

	if (tq_worker_set(tq, name, value, &e) == -1)
		tq_die(e.num == EINVAL ? TQ_EXIT_USAGE : tq_exit_of(e.num),
		    "%s: %s", opt, e.text);
}

/* What it can run, for brokers that tell others. */
static void
set_tasks(const struct run *r, const struct tq_handlers *h, struct tq *tq)
{
	struct tq_buf b;
	struct tq_err e;
	size_t i;

	tq_buf_init(&b);
	tq_handlers_names(&b, h);
	for (i = 0; i < r->uses.n; i++) {
		if (b.n > 0)
			tq_buf_byte(&b, ',');
		tq_buf_str(&b, r->uses.use[i].name == NULL ? "*" :
		    r->uses.use[i].name);
	}
	tq_buf_byte(&b, '\0');
	/* a spool needs none */
	if (tq_buf_ok(&b))
		(void)tq_worker_set(tq, "tasks", (const char *)b.p, &e);
	tq_buf_fini(&b);
}

static void
set_all(const struct run *r, const struct tq_handlers *h, struct tq *tq)
{
	set_tasks(r, h, tq);
	if (r->node != NULL)
		set(tq, "--node", "node", r->node);
	if (r->events)
		set(tq, "--events", "events", "yes");
	if (r->no_control)
		set(tq, "--no-control", "control", "no");
}

int
main(int argc, char *argv[])
{
	struct tq_handlers handlers = { .n = 0 };
	struct run r = {
		.worker = {
			.places = processors(),
			.count = UINT64_MAX,
			.grace = TQ_FOREVER,
		},
	};
	struct tq_place_rules *rules = &r.worker.rules;
	struct tq_say s = { .fn = say, .arg = &r };
	struct tq_options o;
	struct tq_err e;
	size_t i;

	/* before any operand is kept: it moves them, to have their room */
	setproctitle_init(argc, argv, environ);
	tq_stdio_hold();
	(void)mallopt(M_MMAP_THRESHOLD, RETURN_OVER);
	tq_options_init(&o, usage, table, sizeof(table) / sizeof(table[0]));
	rules->plan.uses = &r.uses;
	tq_offers_init(&r.offers);
	parse(&r, &o, &s, argc, argv);
	tq_arg_export("TQ_BROKER", r.urls);
	tq_arg_export("TQ_DIR", NULL);
	tq_arg_export("TQ_RESULTS", r.results);
	if (rules->hooks != NULL) {
		rules->hooks->say = &s;
		rules->hooks->env = (const char *const *)environ;
	}
	tq_offers_places(&r.offers, r.worker.places, r.worker.places);
	rules->offers = &r.offers;
	rules->take.offer = r.offers.show;
	rules->take.noffers = r.offers.n;
	add_handlers(&handlers, argv + optind);
	if (tq_open(&rules->tq, r.urls, r.results, 0, &e) == -1)
		tq_die_open(&e);
	default_queue(&rules->take, rules->tq);
	set_all(&r, &handlers, rules->tq);
	if ((s.journal = tq_say_journal(STDERR_FILENO)))
		s.fn = say_line;
	s.terminal = !s.journal && isatty(STDERR_FILENO);
	rules->say = &s;
	/* a spool is here itself */
	if (r.local_hold && tq_spool_dir(rules->tq) == NULL) {
		if (tq_hold_open(&r.hold, rules->tq, &s, &e) == -1)
			tq_die_err(&e);
		r.worker.hold = &r.hold;
	}
	rules->plan.handlers = &handlers;
	rules->plan.url = tq_route_url(rules->tq);
	rules->plan.dir = tq_spool_dir(rules->tq);
	check_root(rules->plan.dir, &rules->plan);
	tq_mark_site(rules->plan.site, rules->plan.dir,
	    tq_url(rules->tq));
	rules->plan.results = getenv("TQ_RESULTS");
	rules->plan.env = (const char *const *)environ;
	if (tq_worker_run(&r.worker, &e) == -1) {
		end_line(&r);
		tq_die_err(&e);
	}
	end_line(&r);

	tq_close(rules->tq);
	if (r.worker.hold != NULL)
		tq_hold_close(&r.hold);
	tq_handlers_fini(&handlers);
	tq_uses_fini(&r.uses);
	tq_offers_fini(&r.offers);
	free(rules->hooks);
	for (i = 0; i < rules->take.nqueues; i++)
		free((char *)(uintptr_t)rules->take.queue[i]);
	free(r.urls);
	free(r.results);
	return r.worker.exit_empty && r.worker.failed > 0 ? TQ_EXIT_NO :
	    TQ_EXIT_OK;
}
