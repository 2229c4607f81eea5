/*
 * tqctl [-iJQvw] [-q queue] [-s state,...] [-k key] [-l label] [-t timeout]
 *       [--force] [--salvage] [--signal name] verb [value] [id ...]
 *
 * Change tasks, queues, claims, workers and the spool.  One table of verbs
 * is what help shows, what operands are checked against and what runs.  When
 * it exits 0 the change has happened and holds after a crash.
 */
#include <sys/wait.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tq/tq.h>

#include "base/clock.h"
#include "base/id.h"
#include "command/arg.h"
#include "command/ids.h"
#include "command/options.h"
#include "command/print.h"
#include "command/status.h"
#include "command/stdio.h"
#include "command/verb.h"
#include "worker/outcome.h"

enum {
	OPT_FORCE = TQ_LONG(0), OPT_SALVAGE = TQ_LONG(1),
	OPT_SIGNAL = TQ_LONG(2)
};

static const char usage[] =
    "[-iJQvw] [-b url] [-g group] [-k key] [-l label] [-m mode]\n"
    "      [-q queue] [-s state,...] [-t timeout] [--force] [--salvage]\n"
    "      [--signal name] verb [value] [id ...]";

static const struct tq_option options[] = {
	{ 'b', "broker", "url", "where to do it" },
	{ OPT_FORCE, "force", NULL,
	    "release, retry, revoke, rmq, transfer: anyway" },
	{ 'g', "group", "group", "init: whose spool it is" },
	{ 'i', "stdin", NULL, "done, fail: the result is stdin" },
	{ 'J', "json", NULL, "print a JSON object a record" },
	{ 'k', "key", "key", "select tasks with this key" },
	{ 'l', "label", "label", "select tasks with this label" },
	{ 'm', "mode", "mode", "init: 0700 or 2770" },
	{ 'q', "queue", "queue", "select this queue, or tasks of it" },
	{ 'Q', "quiet", NULL, "print nothing" },
	{ 's', "state", "state,...", "select tasks in these states" },
	{ OPT_SALVAGE, "salvage", NULL, "check: write the good anew" },
	{ OPT_SIGNAL, "signal", "name", "kill: send this, and only this" },
	{ 't', "timeout", "timeout", "wait no longer than this" },
	{ 'v', "verbose", NULL, "print how many were changed" },
	{ 'w', "wait", NULL, "kill, revoke, stop: wait for the end" },
};

#define KILLS	(TQ_CTL_SELECT | TQ_CTL_DESTROYS | TQ_CTL_WAIT | TQ_CTL_TIMEOUT)

static const struct tq_verb_row verbs[] = {
	{ "cap", "what", "n", tq_verb_limit, 0,
	    TQ_CTL_QUEUE | TQ_CTL_KEY | TQ_CTL_MAKES,
	    "bound what runs at once" },
	{ "check", NULL, "", tq_verb_check, 0,
	    TQ_CTL_SALVAGE | TQ_CTL_LOOK,
	    "verify the whole broker" },
	{ "close", NULL, "queue ...", tq_verb_queues, TQ_DO_CLOSE,
	    TQ_CTL_QUEUE, "take no more puts" },
	{ "done", NULL, "claim ...", tq_verb_done, 0, TQ_CTL_STDIN,
	    "end a claimed task in success" },
	{ "drain", NULL, "queue ...", tq_verb_drain, TQ_DO_CLOSE,
	    TQ_CTL_QUEUE | TQ_CTL_TIMEOUT, "close, and wait until empty" },
	{ "fail", "status", "claim ...", tq_verb_fail, 0, TQ_CTL_STDIN,
	    "end an attempt as that exit status would" },
	{ "flush", NULL, "", tq_verb_broker, TQ_DO_FLUSH, 0,
	    "put everything on disk now" },
	{ "forget", NULL, "[id ...]", tq_verb_tasks, TQ_DO_FORGET,
	    TQ_CTL_SELECT | TQ_CTL_DESTROYS, "drop ended tasks" },
	{ "gc", NULL, "", tq_verb_broker, TQ_DO_GC, 0,
	    "give back room that nothing needs" },
	{ "get", NULL, "[queue] [name]", tq_verb_get, 0,
	    TQ_CTL_QUEUE | TQ_CTL_LOOK, "print settings" },
	{ "grow", "n", "[worker ...]", tq_verb_resize, 0, 0,
	    "let workers run n more at a time" },
	{ "hold", NULL, "[id ...]", tq_verb_tasks, TQ_DO_HOLD, TQ_CTL_SELECT,
	    "keep tasks from starting" },
	{ "init", "dir", "", tq_verb_init, 0,
	    TQ_CTL_MODE | TQ_CTL_GROUP | TQ_CTL_CLOSED, "make a spool" },
	{ "kill", NULL, "[id ...]", tq_verb_kill, TQ_DO_KILL,
	    KILLS | TQ_CTL_SIGNAL, "end started tasks" },
	{ "later", "duration", "claim ...", tq_verb_later, 0, 0,
	    "hand claimed tasks back until then" },
	{ "move", "queue", "[id ...]", tq_verb_move, TQ_DO_MOVE,
	    TQ_CTL_SELECT, "move tasks to a queue" },
	{ "open", NULL, "queue ...", tq_verb_queues, TQ_DO_OPEN, TQ_CTL_QUEUE,
	    "take puts again" },
	{ "pause", NULL, "queue ...", tq_verb_queues, TQ_DO_PAUSE,
	    TQ_CTL_QUEUE, "start no more tasks" },
	{ "ping", NULL, "[worker ...]", tq_verb_ping, 0,
	    TQ_CTL_TIMEOUT, "print workers that answer" },
	{ "pri", "priority", "[id ...]", tq_verb_pri, TQ_DO_PRI,
	    TQ_CTL_SELECT, "change the priority of tasks" },
	{ "purge", NULL, "queue ...", tq_verb_queues, TQ_DO_PURGE,
	    TQ_CTL_QUEUE, "revoke what has not started" },
	{ "rate", "what", "n/time", tq_verb_limit, 0,
	    TQ_CTL_QUEUE | TQ_CTL_MAKES,
	    "bound starts in a time" },
	{ "release", NULL, "[id ...]", tq_verb_tasks, TQ_DO_RELEASE,
	    TQ_CTL_SELECT | TQ_CTL_FORCE, "let held tasks start" },
	{ "resume", NULL, "queue ...", tq_verb_queues, TQ_DO_RESUME,
	    TQ_CTL_QUEUE, "start tasks again" },
	{ "retry", NULL, "[id ...]", tq_verb_tasks, TQ_DO_RETRY,
	    TQ_CTL_SELECT | TQ_CTL_FORCE, "run ended tasks once more" },
	{ "revoke", NULL, "[id ...]", tq_verb_tasks, TQ_DO_REVOKE,
	    KILLS | TQ_CTL_FORCE, "cancel tasks" },
	{ "rmq", NULL, "queue ...", tq_verb_queues, TQ_DO_RMQ,
	    TQ_CTL_QUEUE | TQ_CTL_FORCE, "remove queues" },
	{ "set", NULL, "[queue] name=value ...", tq_verb_set, 0,
	    TQ_CTL_QUEUE | TQ_CTL_MAKES, "change settings" },
	{ "shrink", "n", "[worker ...]", tq_verb_resize, 0, 0,
	    "let workers run n fewer at a time" },
	{ "stop", NULL, "[worker ...]", tq_verb_stop, 0,
	    TQ_CTL_WAIT | TQ_CTL_TIMEOUT, "let workers finish and leave" },
	{ "touch", "duration", "claim ...", tq_verb_touch, 0, 0,
	    "prolong claims from now" },
	{ "transfer", "url", "[id ...]", tq_verb_transfer, 0,
	    TQ_CTL_SELECT | TQ_CTL_FORCE | TQ_CTL_OWN,
	    "move tasks to another broker" },
	{ "workers", NULL, "[worker ...]", tq_verb_workers, 0,
	    TQ_CTL_QUEUE | TQ_CTL_LOOK, "print workers" },
};
#define NVERBS	(sizeof(verbs) / sizeof(verbs[0]))

static void
help(void)
{
	char left[64];
	size_t i;

	puts("\nverbs:");
	for (i = 0; i < NVERBS; i++) {
		snprintf(left, sizeof(left), "%s%s%s %s", verbs[i].name,
		    verbs[i].value != NULL ? " " : "",
		    verbs[i].value != NULL ? verbs[i].value : "",
		    verbs[i].operands);
		printf("  %-28s %s\n", left, verbs[i].help);
	}
}

/* The rule of tqrun and tqget, for an attempt that nobody's child ran. */
static void
decide(struct tq_outcome *out, const struct tq_info *info, int retries,
    const struct tq_rules *rules, int status)
{
	struct tq_policy p = {
		.rules = *rules,
		.retries = info->task.retries >= 0 ? info->task.retries :
		    retries,
		.once = (info->task.flags & TQ_TASK_ONCE) != 0,
		.failures = info->failures,
		.laters = info->laters
	};
	uint64_t rnd;

	tq_policy_backoff(&p.rules, &info->task);
	tq_random(&rnd, sizeof(rnd));
	tq_outcome_decide(out, W_EXITCODE(status, 0), &p, rnd,
	    tq_clock_wall());
}

/*
 * Parse options; *given collects TQ_CTL_*.  Operands that stand between them
 * are gathered in c->argv.
 */
static void
parse(struct tq_ctl *c, unsigned *given, char **urls, struct tq_options *o,
    int argc, char *argv[])
{
	int key;

	while ((key = tq_options_next(o, argc, argv)) != -1)
		switch (key) {
		case TQ_OPERAND:
			c->argv[c->argc++] = optarg;
			break;
		case 'b':
			tq_arg_broker(urls, "-b", optarg);
			break;
		case OPT_FORCE:
			c->force = 1;
			*given |= TQ_CTL_FORCE;
			break;
		case 'g':
			c->group = optarg;
			*given |= TQ_CTL_GROUP;
			break;
		case 'i':
			c->from_stdin = 1;
			*given |= TQ_CTL_STDIN;
			break;
		case 'J':
			c->print.form = TQ_PRINT_JSON;
			break;
		case 'k':
			c->key = optarg;
			*given |= TQ_CTL_KEY;
			break;
		case 'l':
			c->label = optarg;
			*given |= TQ_CTL_LABEL;
			break;
		case 'm':
			c->mode = optarg;
			*given |= TQ_CTL_MODE;
			break;
		case 'q':
			tq_arg_append(&c->queues, &c->nqueues,
			    tq_arg_name("-q", optarg));
			*given |= TQ_CTL_QUEUE;
			break;
		case 'Q':
			c->quiet = 1;
			break;
		case 's':
			c->states = tq_arg_states("-s", optarg);
			*given |= TQ_CTL_STATE;
			break;
		case OPT_SALVAGE:
			c->salvage = 1;
			*given |= TQ_CTL_SALVAGE;
			break;
		case OPT_SIGNAL:
			c->signal = optarg;
			*given |= TQ_CTL_SIGNAL;
			break;
		case 't':
			c->timeout = tq_arg_duration("-t", optarg);
			c->wait = 1;
			*given |= TQ_CTL_TIMEOUT;
			break;
		case 'v':
			c->verbose = 1;
			break;
		case 'w':
			c->wait = 1;
			*given |= TQ_CTL_WAIT;
			break;
		}
}

/*
 * Take the verb and its value from the operands.  Options may stand anywhere
 * behind the verb, too: what it is done to comes to mind before the options.
 */
static void
parse_verb(struct tq_ctl *c, unsigned given, char **urls,
    struct tq_options *o, int argc, char *argv[])
{
	char what[96];
	size_t i;

	if (argc == 0)
		tq_options_usage(o, "no verb; tqctl -h lists them");
	for (i = 0; i < NVERBS && strcmp(verbs[i].name, argv[0]) != 0; i++)
		continue;
	if (i == NVERBS) {
		snprintf(what, sizeof(what), "unknown verb '%.32s'; "
		    "tqctl -h lists them", argv[0]);
		tq_options_usage(o, what);
	}
	c->verb = &verbs[i];
	c->options = o;
	o->instead = tq_verb_help;
	o->arg = c;
	/* they move to the front, over options that were taken before */
	c->argv = argv + 1;
	tq_options_mix(o);
	parse(c, &given, urls, o, argc, argv);
	if ((given & ~c->verb->flags) != 0)
		tq_verb_usage(c, "an option that is not for this verb");
	while (optind < argc)
		c->argv[c->argc++] = argv[optind++];
	if (c->verb->value == NULL)
		return;
	if (c->argc == 0) {
		snprintf(what, sizeof(what), "its %s is missing",
		    c->verb->value);
		tq_verb_usage(c, what);
	}
	c->value = *c->argv++;
	c->argc--;
}

/* The broker, and its own outcomes where TQ_RESULTS is not what is meant. */
static void
open_broker(struct tq_ctl *c, const char *urls)
{
	unsigned flags = TQ_OPEN_ONESHOT;
	const char *results = NULL;
	struct tq_err e;

	if (c->verb->flags & TQ_CTL_CLOSED)
		return;
	if (c->verb->flags & TQ_CTL_LOOK && !c->salvage)
		flags |= TQ_OPEN_LOOK;
	if (!(c->verb->flags & TQ_CTL_MAKES))
		flags |= TQ_OPEN_THERE;
	if (c->verb->flags & TQ_CTL_OWN && (results = urls) == NULL &&
	    ((results = getenv("TQ_BROKER")) == NULL || *results == '\0'))
		results = "spool:";
	if (tq_open(&c->tq, urls, results, flags, &e) == -1)
		tq_die_open(&e);
}

int
main(int argc, char *argv[])
{
	struct tq_ctl c = { .timeout = TQ_FOREVER, .decide = decide };
	struct tq_options o;
	struct tq_err e;
	unsigned given = 0;
	char *urls = NULL;
	int status;

	tq_ids_init(&c.ids);
	tq_ids_init(&c.named);
	tq_print_init(&c.print, STDOUT_FILENO, TQ_PRINT_TEXT);
	tq_stdio_hold();
	tq_options_init(&o, usage, options,
	    sizeof(options) / sizeof(options[0]));
	o.more = help;
	parse(&c, &given, &urls, &o, argc, argv);
	parse_verb(&c, given, &urls, &o, argc - optind, argv + optind);
	tq_verb_check_operands(&c);
	open_broker(&c, urls);
	if ((status = c.verb->run(&c, &e)) == -1)
		tq_die_err(&e);
	tq_print_flush(&c.print);
	tq_close(c.tq);
	tq_print_fini(&c.print);
	tq_ids_fini(&c.ids);
	tq_ids_fini(&c.named);
	free(c.queues);
	free(urls);
	return status;
}
