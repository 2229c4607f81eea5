/* Options of tqput(1) in a line of a file; see line.h. */
#include "command/line.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/rules.h"

enum {
	OPT_BACKOFF = 256, OPT_HOLD, OPT_IONICE, OPT_KEEP, OPT_LIMIT,
	OPT_NICE, OPT_NO_RESULT, OPT_ONCE
};

/* Those of tqput that say what a task is; the same letters and names. */
static const char letters[] = "+:C:D:d:e:K:k:l:P:p:q:R:r:S:T:x:";
static const struct option longs[] = {
	{ "backoff", required_argument, NULL, OPT_BACKOFF },
	{ "chdir", required_argument, NULL, 'C' },
	{ "delay", required_argument, NULL, 'd' },
	{ "env", required_argument, NULL, 'e' },
	{ "expires", required_argument, NULL, 'x' },
	{ "hold", no_argument, NULL, OPT_HOLD },
	{ "ionice", required_argument, NULL, OPT_IONICE },
	{ "keep", required_argument, NULL, OPT_KEEP },
	{ "key", required_argument, NULL, 'k' },
	{ "label", required_argument, NULL, 'l' },
	{ "lane", required_argument, NULL, 'S' },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "nice", required_argument, NULL, OPT_NICE },
	{ "no-result", no_argument, NULL, OPT_NO_RESULT },
	{ "on-key", required_argument, NULL, 'K' },
	{ "once", no_argument, NULL, OPT_ONCE },
	{ "priority", required_argument, NULL, 'p' },
	{ "queue", required_argument, NULL, 'q' },
	{ "resource", required_argument, NULL, 'R' },
	{ "retries", required_argument, NULL, 'r' },
	{ "pipe", required_argument, NULL, 'P' },
	{ "time-limit", required_argument, NULL, 'T' },
	{ "when", required_argument, NULL, 'D' },
	{ NULL, 0, NULL, 0 }
};

void
tq_line_init(struct tq_line *l)
{
	memset(l, 0, sizeof(*l));
	tq_task_init(&l->task);
	tq_place_init(&l->place);
}

void
tq_line_fini(struct tq_line *l)
{
	tq_place_fini(&l->place);
	free(l->needs);
	l->needs = NULL;
}

static int
take_number(int *out, const char *value, int max, struct tq_err *e)
{
	const char *bad;

	*out = (int)strtonum(value, 0, max, &bad);
	if (bad != NULL)
		return tq_fail(e, EINVAL, "'%s' is not a number from 0 to %d",
		    value, max);
	return 0;
}

/* "soft[,hard]" */
static int
take_limits(struct tq_task *t, const char *value, struct tq_err *e)
{
	size_t n = strcspn(value, ",");
	char first[64];

	snprintf(first, sizeof(first), "%.*s", (int)n, value);
	if (tq_duration_parse(&t->soft, first, e) == -1)
		return -1;
	if (value[n] == '\0')
		t->hard = t->soft == 0 || t->soft > TQ_FOREVER -
		    10 * TQ_SECOND ? t->soft : t->soft + 10 * TQ_SECOND;
	else if (tq_duration_parse(&t->hard, value + n + 1, e) == -1)
		return -1;
	else if (t->hard != 0 && t->hard < t->soft)
		return tq_fail(e, EINVAL, "'%s': the hard limit comes before "
		    "the soft one", value);
	return 0;
}

/* One limit of a name, or with name NULL "name=value,...". */
static int
take_limit(struct tq_line *l, const char *name, const char *value,
    struct tq_err *e)
{
	char text[TQ_LIMITS_MAX + 1];

	if (name == NULL)
		return tq_limits_parse(&l->limits, value, e);
	if ((size_t)snprintf(text, sizeof(text), "%s=%s", name, value) >=
	    sizeof(text) || strchr(value, ',') != NULL)
		return tq_fail(e, EINVAL, "'%s' is not one value", value);
	return tq_limits_parse(&l->limits, text, e);
}

/* One of three words: its number, or -1. */
static int
take_word(const char *value, const char *const words[3], struct tq_err *e)
{
	int i;

	for (i = 0; i < 3; i++)
		if (strcmp(words[i], value) == 0)
			return i;
	return tq_fail(e, EINVAL, "'%s' is not %s, %s or %s", value, words[0],
	    words[1], words[2]);
}

static int
take_policy(struct tq_task *t, const char *value, struct tq_err *e)
{
	static const char *const words[] = { "skip", "replace", "follow" };
	int i = take_word(value, words, e);

	if (i == -1)
		return -1;
	t->on_key = (enum tq_on_key)i;
	return 0;
}

static int
take_when(struct tq_task *t, const char *value, struct tq_err *e)
{
	static const char *const words[] = { "ok", "fail", "any" };
	int i = take_word(value, words, e);

	if (i == -1)
		return -1;
	t->when = (enum tq_when)i;
	return 0;
}

static int
take_need(struct tq_line *l, const char *value, struct tq_err *e)
{
	const char **v = reallocarray(l->needs, l->task.nneeds + 1,
	    sizeof(*v));

	if (v == NULL)
		return tq_fail_sys(e, ENOMEM, "'%s'", value);
	v[l->task.nneeds++] = value;
	l->task.needs = l->needs = v;
	return 0;
}

static int
take(struct tq_line *l, int key, const char *value, struct tq_err *e)
{
	struct tq_task *t = &l->task;

	switch (key) {
	case 'C':
		return tq_place_chdir(&l->place, value, e);
	case 'D':
		return take_when(t, value, e);
	case 'd':
		return tq_duration_parse(&l->delay, value, e);
	case 'e':
		return tq_place_add(&l->place, value, e);
	case 'K':
		return take_policy(t, value, e);
	case 'k':
		t->key = value;
		return 0;
	case 'l':
		t->label = value;
		return 0;
	case 'P':
		l->pipe = value;
		return 0;
	case 'p':
		return take_number(&t->pri, value, TQ_PRI_MAX, e);
	case 'q':
		t->queue = value;
		return 0;
	case 'R':
		return take_need(l, value, e);
	case 'r':
		return take_number(&t->retries, value, TQ_RETRIES_MAX, e);
	case 'S':
		t->lane = value;
		return 0;
	case 'T':
		return take_limits(t, value, e);
	case 'x':
		return tq_duration_parse(&l->expires, value, e);
	case OPT_BACKOFF:
		return tq_backoff_parse(&t->backoff, &t->factor,
		    &t->backoff_cap, value, e);
	case OPT_HOLD:
		t->flags |= TQ_TASK_HOLD;
		return 0;
	case OPT_IONICE:
		return take_limit(l, "ionice", value, e);
	case OPT_KEEP:
		return tq_duration_parse(&t->keep, value, e);
	case OPT_LIMIT:
		return take_limit(l, NULL, value, e);
	case OPT_NICE:
		return take_limit(l, "nice", value, e);
	case OPT_NO_RESULT:
		t->flags |= TQ_TASK_NORESULT;
		return 0;
	case OPT_ONCE:
		t->flags |= TQ_TASK_ONCE;
		return 0;
	default:
		return 0;
	}
}

int
tq_line_options(struct tq_line *l, int argc, char *argv[], int *at,
    struct tq_err *e)
{
	char *zeroth = argv[*at], **words, name[] = "";
	struct tq_err why;
	int key, word, rv = 0;

	/* getopt(3) passes over the first word: have one before ours */
	if ((words = reallocarray(NULL, (size_t)(argc - *at) + 2,
	    sizeof(*words))) == NULL)
		return tq_fail_sys(e, ENOMEM, "'%s'", zeroth);
	words[0] = name;
	memcpy(words + 1, argv + *at, (size_t)(argc - *at + 1) *
	    sizeof(*words));
	opterr = 0;
	optind = 0;		/* begin anew */
	for (;;) {
		word = optind == 0 ? 1 : optind;
		key = getopt_long(argc - *at + 1, words, letters, longs, NULL);
		if (key == -1)
			break;
		if (key == '?' || ((key == 'D' || key == 'P') && !l->in_flow))
			rv = tq_fail(e, EINVAL, "'%s' is no option here",
			    words[word]);
		else if (key == ':')
			rv = tq_fail(e, EINVAL, "option '%s' needs a value",
			    words[word]);
		else if (take(l, key, optarg, &why) == -1)
			rv = tq_fail(e, EINVAL, "%s: %s", words[word],
			    why.text);
		if (rv == -1)
			break;
	}
	*at += rv == -1 ? word - 1 : optind - 1;
	free(words);
	return rv;
}

void
tq_line_finish(struct tq_line *l)
{
	tq_place_here(&l->place);
	tq_place_apply(&l->place, &l->task);
	tq_limits_format(l->limits_text, sizeof(l->limits_text), &l->limits);
	if (l->limits_text[0] != '\0')
		l->task.limits = l->limits_text;
}
