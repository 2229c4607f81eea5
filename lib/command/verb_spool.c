/* Verbs of tqctl on settings and on the spool as a whole. */
#include "command/verb.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/arg.h"
#include "command/queues.h"
#include "command/status.h"

#define MODE_OWN	0700
#define MODE_SHARED	02770

/* ---- settings -------------------------------------------------------- */

/* The queue of -q, NULL for the broker; several make no sense here. */
static const char *
queue_of(struct tq_ctl *c)
{
	if (c->nqueues > 1)
		tq_verb_usage(c, "more than one queue");
	return c->nqueues == 1 ? c->queues[0] : NULL;
}

/* Move the first operand to where -q puts queues. */
static void
take_queue(struct tq_ctl *c)
{
	tq_arg_append(&c->queues, &c->nqueues,
	    tq_arg_name(c->verb->name, c->argv[0]));
	c->argc--;
	c->argv++;
}

/* A value that a setting cannot have is a bad setting, not a bad call. */
static int
set_one(struct tq_ctl *c, const char *queue, char *word, struct tq_err *e)
{
	char *value = strchr(word, '=');

	if (value == NULL || value == word)
		tq_verb_usage(c, "wanted name=value");
	*value++ = '\0';
	if (tq_set(c->tq, queue, word, value, e) == -1) {
		if (e->num == EINVAL)
			tq_die(TQ_EXIT_CONFIG, "%s", e->text);
		return -1;
	}
	return 0;
}

int
tq_verb_set(struct tq_ctl *c, struct tq_err *e)
{
	const char *queue;
	int i;

	if (c->argc > 0 && strchr(c->argv[0], '=') == NULL)
		take_queue(c);
	queue = queue_of(c);
	if (c->argc == 0)
		tq_verb_usage(c, "wanted name=value");
	for (i = 0; i < c->argc; i++)
		if (set_one(c, queue, c->argv[i], e) == -1)
			return -1;
	tq_verb_changed(c, (uint64_t)c->argc);
	return TQ_EXIT_OK;
}

/*
 * cap and rate: settings by another name.  What they bound is "key:KEY",
 * "lane:LANE", "name:NAME" or "queue:QUEUE"; a word of its own is a queue if
 * there is one of that name, else the name of tasks.  With -q or -k it is said
 * already, and the value is the only operand.
 */
int
tq_verb_limit(struct tq_ctl *c, struct tq_err *e)
{
	const char *what = c->value, *value = c->argc > 0 ? c->argv[0] : NULL;
	const char *queue = NULL, *kind = "name:";
	char setting[TQ_LABEL_MAX + 32];
	int rv;

	if (c->nqueues > 0 || c->key != NULL) {
		value = what;
		what = c->key;
		queue = queue_of(c);
		kind = "key:";
		c->argc++;
	} else if (strncmp(what, "queue:", 6) == 0)
		queue = tq_arg_name(c->verb->name, what + 6);
	else if (strncmp(what, "key:", 4) == 0 ||
	    strncmp(what, "lane:", 5) == 0 ||
	    strncmp(what, "name:", 5) == 0)
		kind = "";
	else if (tq_queues_check(c->tq, &what, 1, e) == 0)
		queue = what;
	else if (e->num != ENOENT)
		return -1;
	if (value == NULL || c->argc != 1 || (queue != NULL && what == c->key &&
	    c->key != NULL))
		tq_verb_usage(c, "wanted what is bounded, and its bound");
	if (queue != NULL)
		rv = tq_set(c->tq, queue, c->verb->name, value, e);
	else {
		if (strlen(what) > TQ_LABEL_MAX)
			tq_die(TQ_EXIT_USAGE, "'%.80s...' is too long", what);
		snprintf(setting, sizeof(setting), "%s.%s%s", c->verb->name,
		    kind, what);
		rv = tq_set(c->tq, NULL, setting, value, e);
	}
	return rv == -1 ? -1 : TQ_EXIT_OK;
}

/* What tq_settings() is asked for. */
struct getting {
	struct tq_ctl	*c;
	const char	*name;		/* NULL: all */
	int		 found;
	int		 print;
};

/* One setting by name is its value alone, so that $(...) can take it. */
static int
get_one(const char *name, const char *value, int is_set, void *arg)
{
	struct getting *g = arg;
	struct tq_print *p = &g->c->print;

	if (g->name != NULL && strcmp(g->name, name) != 0)
		return 0;
	g->found = 1;
	if (!g->print)
		return 0;
	if (g->name == NULL || p->form == TQ_PRINT_JSON)
		tq_print_str(p, "name", name);
	tq_print_str(p, "value", value);
	if (g->c->verbose || p->form == TQ_PRINT_JSON)
		tq_print_str(p, "from", is_set ? "set" : "default");
	tq_print_end(p);
	return 0;
}

/*
 * "get x": x is a setting if there is one of that name, else a queue; -q
 * says that something is a queue.
 */
int
tq_verb_get(struct tq_ctl *c, struct tq_err *e)
{
	struct getting g = { .c = c };

	if (c->argc == 1 && c->nqueues == 0) {
		g.name = c->argv[0];
		if (tq_settings(c->tq, NULL, get_one, &g, e) == -1)
			return -1;
		/* no queue is called cap.name:x */
		if (!g.found && strchr(g.name, ':') == NULL)
			take_queue(c);
	} else if (c->argc == 2)
		take_queue(c);
	g.name = c->argc > 0 ? c->argv[0] : NULL;
	if (c->argc > 1)
		tq_verb_usage(c, "more than one setting");
	g.found = 0;
	g.print = !c->quiet;
	if (tq_settings(c->tq, queue_of(c), get_one, &g, e) == -1)
		return -1;
	if (g.name != NULL && !g.found)
		tq_die(TQ_EXIT_CONFIG, "'%s' is not a setting", g.name);
	return TQ_EXIT_OK;
}

/* ---- spool ----------------------------------------------------------- */

static gid_t
group_id(const char *name)
{
	struct group *g = getgrnam(name);
	char *end;
	unsigned long gid;

	if (g != NULL)
		return g->gr_gid;
	gid = strtoul(name, &end, 10);
	if (name[0] < '0' || name[0] > '9' || *end != '\0' ||
	    gid >= (gid_t)-1)
		tq_die(TQ_EXIT_USAGE, "-g: no group '%s'", name);
	return (gid_t)gid;
}

static mode_t
octal(const char *mode)
{
	char *end;
	unsigned long m = strtoul(mode, &end, 8);

	if (mode[0] < '0' || mode[0] > '7' || *end != '\0' || m > 07777)
		tq_die(TQ_EXIT_USAGE, "-m: '%s' is not an octal mode", mode);
	return (mode_t)m;
}

int
tq_verb_init(struct tq_ctl *c, struct tq_err *e)
{
	mode_t mode = c->group != NULL ? MODE_SHARED : MODE_OWN;
	gid_t gid = (gid_t)-1;

	if (c->mode != NULL)
		mode = octal(c->mode);
	if (c->group != NULL)
		gid = group_id(c->group);
	return tq_init(c->value, mode, gid, e) == -1 ? -1 : TQ_EXIT_OK;
}

static void
finding(const char *sentence, void *arg)
{
	struct tq_ctl *c = arg;

	if (c->quiet)
		return;
	tq_print_str(&c->print, "finding", sentence);
	tq_print_end(&c->print);
}

int
tq_verb_check(struct tq_ctl *c, struct tq_err *e)
{
	int damaged;

	damaged = tq_check(c->tq, c->salvage ? TQ_CHECK_SALVAGE : 0, finding,
	    c, e);
	return damaged == -1 ? -1 : damaged > 0 ? TQ_EXIT_DATA : TQ_EXIT_OK;
}
