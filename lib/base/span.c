/*
 * Lengths of time and sizes as people write them.  Digits are read here and
 * not by strtod(3): a length of time must not depend on the locale nor lose
 * nanoseconds.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "date.h"

static const struct span_unit {
	char		 letter;
	int64_t		 seconds;
} span_units[] = {
	{ 'd', 86400 },
	{ 'h', 3600 },
	{ 'm', 60 },
	{ 's', 1 },
};
#define SPAN_NUNITS	(sizeof(span_units) / sizeof(span_units[0]))

/* "digits[.digits]" at *s, as billionths in two parts.  1, 0, -1: too big. */
static int
span_number(const char **s, int64_t *whole, int64_t *billionths)
{
	const char *p = *s;
	int64_t unit = 100000000;

	*whole = *billionths = 0;
	if (*p < '0' || *p > '9')
		return 0;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (*whole > (INT64_MAX - 9) / 10)
			return -1;
		*whole = *whole * 10 + (*p - '0');
	}
	if (*p == '.') {
		if (*++p < '0' || *p > '9')
			return 0;
		for (; *p >= '0' && *p <= '9'; p++) {
			*billionths += (*p - '0') * unit;
			unit /= 10;
		}
	}
	*s = p;
	return 1;
}

/* Add whole.billionths units of `seconds` to *sum.  0, or -1: too long. */
static int
span_add(tq_time *sum, int64_t whole, int64_t billionths, int64_t seconds)
{
	tq_time part;

	if (__builtin_mul_overflow(whole, seconds * TQ_SECOND, &part) ||
	    __builtin_add_overflow(*sum, part, sum) ||
	    __builtin_add_overflow(*sum, billionths * seconds, sum))
		return -1;
	return 0;
}

int
tq_duration_parse(tq_time *out, const char *s, struct tq_err *e)
{
	const char *p = s;
	int64_t whole, billionths;
	tq_time sum = 0;
	size_t unit = 0;
	int got;

	do {
		if ((got = span_number(&p, &whole, &billionths)) == -1)
			goto too_long;
		if (got == 0)
			goto bad;
		/* units fall; a number without one is seconds and alone */
		if (*p == '\0' && unit == 0)
			unit = SPAN_NUNITS - 1;
		else
			while (unit < SPAN_NUNITS &&
			    (*p == '\0' || span_units[unit].letter != *p))
				unit++;
		if (unit == SPAN_NUNITS)
			goto bad;
		if (span_add(&sum, whole, billionths,
		    span_units[unit].seconds) == -1)
			goto too_long;
		unit++;
		if (*p != '\0')
			p++;
	} while (*p != '\0');
	*out = sum;
	return 0;
bad:
	return tq_fail(e, EINVAL, "'%s': want a length of time such as 30, "
	    "0.5, 5m, 1h30m or 7d", s);
too_long:
	return tq_fail(e, EINVAL, "'%s': too long a time, at most 292 years",
	    s);
}

void
tq_duration_format(char *out, size_t size, tq_time t)
{
	char text[64];
	size_t i, n = 0;
	/* negated as unsigned: the least tq_time has no positive */
	uint64_t left = t < 0 ? -(uint64_t)t : (uint64_t)t, unit;

	if (t < 0)
		text[n++] = '-';
	for (i = 0; i < SPAN_NUNITS - 1; i++) {
		unit = (uint64_t)span_units[i].seconds * TQ_SECOND;
		if (left >= unit)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "%" PRIu64 "%c", left / unit,
			    span_units[i].letter);
		left %= unit;
	}
	if (left > 0 || n == (t < 0)) {
		/* seconds need their letter only after another unit */
		int alone = n == (t < 0);

		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "%" PRIu64 ".%09" PRIu64, left / TQ_SECOND,
		    left % TQ_SECOND);
		while (text[n - 1] == '0')
			n--;
		if (text[n - 1] == '.')
			n--;
		if (!alone)
			text[n++] = 's';
		text[n] = '\0';
	}
	snprintf(out, size, "%s", text);
}

int
tq_size_parse(uint64_t *out, const char *s, struct tq_err *e)
{
	static const char suffixes[] = "kKmMgGtT";
	static const unsigned shifts[] = { 10, 10, 20, 20, 30, 30, 40, 40 };
	const char *p = s, *suffix;
	uint64_t v = 0;
	unsigned shift = 0;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			goto too_big;
	if (p == s)
		goto bad;
	if (*p != '\0') {
		if ((suffix = strchr(suffixes, *p)) == NULL || p[1] != '\0')
			goto bad;
		shift = shifts[suffix - suffixes];
	}
	if (v > UINT64_MAX >> shift)
		goto too_big;
	*out = v << shift;
	return 0;
bad:
	return tq_fail(e, EINVAL, "'%s': want a size such as 123, 64k, 10M, "
	    "2G or 1T", s);
too_big:
	return tq_fail(e, EINVAL, "'%s': too big a size", s);
}
