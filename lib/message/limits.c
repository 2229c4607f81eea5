/*
 * Limits of a task.
 *
 * To add one: a row here and a value of enum tq_limit, both in alphabetical
 * order; lib/worker/limit.c keeps it.
 */
#include "message/limits.h"

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tq/task.h>

#include "base/date.h"

enum unit {
	UNIT_COUNT, UNIT_SIZE, UNIT_TIME, UNIT_CPUS, UNIT_NICE, UNIT_IONICE
};

static const struct row {
	const char	*name;
	enum unit	 unit;
	int64_t		 min, max;
} rows[TQ_NLIMITS] = {
	[TQ_LIMIT_CPU] = { "cpu", UNIT_TIME, 1, INT64_MAX },
	[TQ_LIMIT_CPUS] = { "cpus", UNIT_CPUS, 1, INT32_MAX },
	[TQ_LIMIT_FSIZE] = { "fsize", UNIT_SIZE, 1, INT64_MAX },
	[TQ_LIMIT_IONICE] = { "ionice", UNIT_IONICE, 0, 7 },
	[TQ_LIMIT_MEM] = { "mem", UNIT_SIZE, 1, INT64_MAX },
	[TQ_LIMIT_NICE] = { "nice", UNIT_NICE, 1, 19 },
	[TQ_LIMIT_NOFILE] = { "nofile", UNIT_COUNT, 1, INT32_MAX },
	[TQ_LIMIT_NPROC] = { "nproc", UNIT_COUNT, 1, INT32_MAX },
	[TQ_LIMIT_OUT] = { "out", UNIT_SIZE, 1, INT64_MAX },
};

/* 1 if the larger value is the stricter one. */
static int
rising(const struct row *row)
{
	return row->unit == UNIT_NICE || row->unit == UNIT_IONICE;
}

static int
parse_number(int64_t *out, const struct row *row, const char *value,
    struct tq_err *e)
{
	const char *wrong;

	*out = strtonum(value, row->min, row->max, &wrong);
	if (wrong != NULL)
		return tq_fail(e, EINVAL, "limit %s: '%s' is %s", row->name,
		    value, wrong);
	return 0;
}

/* "2", "0.5": a duration but for the unit, which it has not. */
static int
parse_cpus(int64_t *out, const char *value, struct tq_err *e)
{
	if (value[strspn(value, "0123456789.")] != '\0')
		return tq_fail(e, EINVAL, "'%s' is no number", value);
	if (tq_duration_parse(out, value, e) == -1)
		return -1;
	*out /= TQ_MS;
	return 0;
}

static int
parse_value(int64_t *out, const struct row *row, const char *value,
    struct tq_err *e)
{
	struct tq_err why;
	uint64_t bytes;
	int rv;

	switch (row->unit) {
	case UNIT_TIME:
		rv = tq_duration_parse(out, value, &why);
		if (rv == 0 && *out % TQ_SECOND != 0)
			rv = tq_fail(&why, EINVAL, "'%s': is no number of "
			    "whole seconds", value);
		break;
	case UNIT_CPUS:
		rv = parse_cpus(out, value, &why);
		break;
	case UNIT_SIZE:
		if ((rv = tq_size_parse(&bytes, value, &why)) == 0)
			*out = bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
		break;
	case UNIT_IONICE:
		if (strcmp(value, "idle") == 0) {
			*out = TQ_IONICE_IDLE;
			return 0;
		}
		if (parse_number(out, row, value, e) == -1)
			return -1;
		++*out;
		return 0;
	default:
		return parse_number(out, row, value, e);
	}
	if (rv == -1)
		return tq_fail(e, EINVAL, "limit %s: %s", row->name, why.text);
	if (*out < row->min || *out > row->max)
		return tq_fail(e, EINVAL, "limit %s: '%s' is too %s",
		    row->name, value, *out < row->min ? "small" : "large");
	return 0;
}

/* "name=value" */
static int
parse_one(struct tq_limits *l, const char *word, struct tq_err *e)
{
	size_t i, n = strcspn(word, "=");

	for (i = 0; i < TQ_NLIMITS; i++)
		if (strlen(rows[i].name) == n &&
		    memcmp(rows[i].name, word, n) == 0)
			break;
	if (i == TQ_NLIMITS)
		return tq_fail(e, EINVAL, "no limit '%s'", word);
	if (word[n] == '\0')
		return tq_fail(e, EINVAL, "limit %s: no value", word);
	return parse_value(&l->v[i], &rows[i], word + n + 1, e);
}

int
tq_limits_set(struct tq_limits *l, const char *name, const char *value,
    struct tq_err *e)
{
	char word[TQ_LIMITS_MAX + 1];
	int n = snprintf(word, sizeof(word), "%s=%s", name, value);

	if ((size_t)n >= sizeof(word))
		return tq_fail(e, EINVAL, "limit %s: '%.80s...' is too long",
		    name, value);
	return parse_one(l, word, e);
}

int
tq_limits_parse(struct tq_limits *l, const char *text, struct tq_err *e)
{
	char buf[TQ_LIMITS_MAX + 1], *rest = buf, *word;

	if (strlcpy(buf, text, sizeof(buf)) >= sizeof(buf))
		return tq_fail(e, EINVAL, "limits of more than %d bytes",
		    TQ_LIMITS_MAX);
	while ((word = strsep(&rest, ",")) != NULL)
		if (parse_one(l, word, e) == -1)
			return -1;
	return 0;
}

void
tq_limits_narrow(struct tq_limits *l, const struct tq_limits *other)
{
	int64_t *own, a;
	size_t i;

	for (i = 0; i < TQ_NLIMITS; i++) {
		own = &l->v[i];
		a = other->v[i];
		if (rising(&rows[i])) {
			if (a > *own)
				*own = a;
		} else if (a != 0 && (*own == 0 || a < *own))
			*own = a;
	}
}

static void
format_value(char *out, size_t size, const struct row *row, int64_t v)
{
	if (row->unit == UNIT_TIME)
		tq_duration_format(out, size, v);
	else if (row->unit == UNIT_CPUS)
		snprintf(out, size, "%lld.%03lld", (long long)v / 1000,
		    (long long)v % 1000);
	else if (row->unit == UNIT_IONICE && v == TQ_IONICE_IDLE)
		strlcpy(out, "idle", size);
	else
		snprintf(out, size, "%lld",
		    (long long)(row->unit == UNIT_IONICE ? v - 1 : v));
}

void
tq_limits_format(char *out, size_t size, const struct tq_limits *l)
{
	char value[32];
	size_t i, n = 0;

	out[0] = '\0';
	for (i = 0; i < TQ_NLIMITS && n < size; i++) {
		if (l->v[i] == 0)
			continue;
		format_value(value, sizeof(value), &rows[i], l->v[i]);
		n += (size_t)snprintf(out + n, size - n, "%s%s=%s",
		    n > 0 ? "," : "", rows[i].name, value);
	}
}
