/* Values of options, checked at the door. */
#include "command/arg.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/date.h"
#include "base/rules.h"
#include "base/url.h"
#include "command/status.h"

int64_t
tq_arg_number(const char *opt, const char *value, int64_t min, int64_t max)
{
	const char *bad;
	long long n;

	n = strtonum(value, min, max, &bad);
	if (bad != NULL)
		tq_die(TQ_EXIT_USAGE,
		    "%s: '%s' is not a number from %lld to %lld", opt, value,
		    (long long)min, (long long)max);
	return n;
}

tq_time
tq_arg_duration(const char *opt, const char *value)
{
	struct tq_err e;
	tq_time t;

	if (tq_duration_parse(&t, value, &e) == -1)
		tq_die(TQ_EXIT_USAGE, "%s: %s", opt, e.text);
	return t;
}

tq_time
tq_arg_date(const char *opt, const char *value)
{
	struct tq_err e;
	tq_time t;

	if (tq_date_parse(&t, value, tq_clock_wall(), &e) == -1)
		tq_die(TQ_EXIT_USAGE, "%s: %s", opt, e.text);
	return t;
}

const char *
tq_arg_name(const char *opt, const char *value)
{
	if (!tq_name_valid(value))
		tq_die(TQ_EXIT_USAGE, "%s: '%s' is not a name "
		    "([A-Za-z0-9_.-], at most %d)", opt, value, TQ_NAME_MAX);
	return value;
}

/* strndup() that does not fail. */
static char *
copy(const char *opt, const char *s, size_t n)
{
	char *p = strndup(s, n);

	if (p == NULL)
		tq_die(TQ_EXIT_OS, "%s: %s", opt, strerror(errno));
	return p;
}

void
tq_arg_limits(const char *opt, const char *value, tq_time *soft, tq_time *hard)
{
	const char *comma = strchr(value, ',');
	char *first;

	if (comma == NULL) {
		*soft = tq_arg_duration(opt, value);
		*hard = *soft == 0 ? 0 :
		    tq_clock_deadline(*soft, 10 * TQ_SECOND);
		return;
	}
	first = copy(opt, value, (size_t)(comma - value));
	*soft = tq_arg_duration(opt, first);
	free(first);
	*hard = tq_arg_duration(opt, comma + 1);
	if (*hard != 0 && *hard < *soft)
		tq_die(TQ_EXIT_USAGE,
		    "%s: '%s': the hard limit comes before the soft one", opt,
		    value);
}

void
tq_arg_backoff(const char *opt, const char *value, struct tq_task *t)
{
	struct tq_err e;

	if (tq_backoff_parse(&t->backoff, &t->factor, &t->backoff_cap, value,
	    &e) == -1)
		tq_die(TQ_EXIT_USAGE, "%s: %s", opt, e.text);
}

void
tq_arg_limit(struct tq_limits *l, const char *opt, const char *value)
{
	char text[TQ_LIMITS_MAX + 1];
	struct tq_err e;
	int n;

	if (strcmp(opt, "--limit") != 0) {
		n = snprintf(text, sizeof(text), "%s=%s", opt + 2, value);
		if ((size_t)n >= sizeof(text) || strchr(value, ',') != NULL)
			tq_die(TQ_EXIT_USAGE, "%s: '%s' is not one value", opt,
			    value);
		value = text;
	}
	if (tq_limits_parse(l, value, &e) == -1)
		tq_die(TQ_EXIT_USAGE, "%s: %s", opt, e.text);
}

unsigned
tq_arg_states(const char *opt, const char *value)
{
	const char *p = value;
	unsigned states = 0;
	enum tq_state s;
	size_t n;

	if (strcmp(value, "all") == 0)
		return ((1u << TQ_NSTATES) - 1) & ~(1u << TQ_ABSENT);
	for (;;) {
		n = strcspn(p, ",");
		s = tq_state_parse(p, n);
		if (s == TQ_ABSENT)
			tq_die(TQ_EXIT_USAGE, "%s: '%.*s' is not a state", opt,
			    (int)n, p);
		states |= 1u << s;
		if (p[n] == '\0')
			return states;
		p += n + 1;
	}
}

void
tq_arg_broker(char **urls, const char *opt, const char *value)
{
	struct tq_url url;
	struct tq_err e;
	char shown[256], *list;
	void *mem;
	size_t size;

	if (tq_url_parse(&url, &mem, value, &e) == -1)
		tq_die(TQ_EXIT_USAGE, "%s: %s", opt, e.text);
	if (url.password != NULL) {
		tq_url_redact(shown, sizeof(shown), value);
		tq_die(TQ_EXIT_USAGE, "%s: %s: other users could read the "
		    "password; put the URL in TQ_BROKER or use ?passfile=path",
		    opt, shown);
	}
	free(mem);
	if (*urls == NULL) {
		*urls = copy(opt, value, strlen(value));
		return;
	}
	size = strlen(*urls) + 1 + strlen(value) + 1;
	list = malloc(size);
	if (list == NULL)
		tq_die(TQ_EXIT_OS, "%s: %s", opt, strerror(errno));
	snprintf(list, size, "%s %s", *urls, value);
	free(*urls);
	*urls = list;
}

void
tq_arg_take(struct tq_take *take, const char *opt, const char *value)
{
	size_t i, n = strcspn(value, "="), at = take->nqueues;
	unsigned weight = 0;

	if (at == TQ_QUEUES_MAX)
		tq_die(TQ_EXIT_USAGE, "%s: '%s': at most %d queues", opt,
		    value, TQ_QUEUES_MAX);
	if (value[n] == '=')
		weight = (unsigned)tq_arg_number(opt, value + n + 1, 1, 1000);
	take->queue[at] = tq_arg_name(opt, copy(opt, value, n));
	take->weight[at] = weight;
	take->nqueues++;
	/* one weight given: every queue has one, 1 by default */
	for (i = 0; i < at && take->weight[i] == 0; i++)
		;
	if (weight == 0 && i == at)
		return;
	for (i = 0; i < take->nqueues; i++)
		if (take->weight[i] == 0)
			take->weight[i] = 1;
}

void
tq_arg_append(const char ***v, size_t *n, const char *value)
{
	const char **p = reallocarray(*v, *n + 1, sizeof(*p));

	if (p == NULL)
		tq_die(TQ_EXIT_OS, "%s: %s", value, strerror(errno));
	p[(*n)++] = value;
	*v = p;
}
