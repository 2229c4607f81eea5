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
#include "client/route.h"
#include "command/status.h"

/* End for a value that is wrong. */
static _Noreturn void
refuse(const char *opt, const struct tq_err *e)
{
	tq_die(e->num == EINVAL ? TQ_EXIT_USAGE : TQ_EXIT_OS, "%s: %s", opt,
	    e->text);
}

int64_t
tq_arg_number(const char *opt, const char *value, int64_t min, int64_t max)
{
	struct tq_err e;
	int64_t n;

	if (tq_number_parse(&n, value, min, max, &e) == -1)
		refuse(opt, &e);
	return n;
}

tq_time
tq_arg_duration(const char *opt, const char *value)
{
	struct tq_err e;
	tq_time t;

	if (tq_duration_parse(&t, value, &e) == -1)
		refuse(opt, &e);
	return t;
}

int
tq_name_check(const char *value, struct tq_err *e)
{
	if (tq_name_valid(value))
		return 0;
	return tq_fail(e, EINVAL, "'%s' is not a name ([A-Za-z0-9_.-], at "
	    "most %d)", value, TQ_NAME_MAX);
}

const char *
tq_arg_name(const char *opt, const char *value)
{
	struct tq_err e;

	if (tq_name_check(value, &e) == -1)
		refuse(opt, &e);
	return value;
}

void
tq_arg_limits(const char *opt, const char *value, tq_time *soft, tq_time *hard)
{
	struct tq_err e;

	if (tq_time_limits_parse(soft, hard, value, &e) == -1)
		refuse(opt, &e);
}

void
tq_arg_limit(struct tq_limits *l, const char *opt, const char *value)
{
	struct tq_err e;

	if ((strcmp(opt, "--limit") == 0 ? tq_limits_parse(l, value, &e) :
	    tq_limits_set(l, opt + 2, value, &e)) == -1)
		refuse(opt, &e);
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

char *
tq_arg_url(const char *opt, const char *value)
{
	struct tq_url url;
	struct tq_err e;
	char shown[256], *word;
	void *mem;

	if (tq_url_parse(&url, &mem, value, &e) == -1)
		refuse(opt, &e);
	if (url.password != NULL) {
		tq_url_redact(shown, sizeof(shown), value);
		tq_die(TQ_EXIT_USAGE, "%s: %s: other users could read the "
		    "password; put the URL in %s or use ?passfile=path", opt,
		    shown, strcmp(opt, "--results") == 0 ? "TQ_RESULTS" :
		    "TQ_BROKER");
	}
	free(mem);
	if ((word = tq_route_word(value, &e)) == NULL)
		refuse(opt, &e);
	return word;
}

void
tq_arg_broker(char **urls, const char *opt, const char *value)
{
	char *word = tq_arg_url(opt, value), *list;
	size_t size;

	if (*urls == NULL) {
		*urls = word;
		return;
	}
	size = strlen(*urls) + 1 + strlen(word) + 1;
	list = malloc(size);
	if (list == NULL)
		tq_die(TQ_EXIT_OS, "%s: %s", opt, strerror(errno));
	snprintf(list, size, "%s %s", *urls, word);
	free(*urls);
	free(word);
	*urls = list;
}

void
tq_arg_export(const char *name, const char *value)
{
	char *whole = NULL;
	struct tq_err e;

	if (value == NULL && (value = tq_route_env(name)) == NULL)
		return;
	if (strcmp(name, "TQ_DIR") != 0)
		whole = tq_route_whole(value, &e);
	else if (tq_route_path(&whole, value, &e) == -1)
		whole = NULL;
	if (whole == NULL)
		refuse(name, &e);
	if (setenv(name, whole, 1) == -1)
		tq_die(TQ_EXIT_OS, "%s: %s", name, strerror(errno));
	free(whole);
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
