/* Rules as people write them. */
#include "base/rules.h"

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/date.h"

void
tq_rules_init(struct tq_rules *r)
{
	/*
	 * 75 is EX_TEMPFAIL of sysexits(3), 111 what qmail-command(8) calls
	 * soft.  64-68, 77 and 78 are from sysexits(3): usage, bad data, no
	 * input, no user, no host, no permission, bad configuration; 100 from
	 * qmail-command(8); 126 and 127 from sh(1): cannot run, not found.
	 * None of these goes away by waiting.
	 */
	static const struct tq_rules preset = {
		.backoff = TQ_SECOND,
		.factor = 2000,
		.backoff_cap = 600 * TQ_SECOND,
		.later = 20,
		.permanent = { 0, UINT64_C(0xc00000100000601f), 0, 0 },
		.temporary = { 0, UINT64_C(0x0000800000000800), 0, 0 },
	};

	*r = preset;
}

/* ---- statuses -------------------------------------------------------- */

int
tq_statuses_has(const uint64_t v[4], int status)
{
	return status >= 0 && status < 256 &&
	    (v[status / 64] >> (status % 64) & 1) != 0;
}

/* A status at *p, which moves behind it; 0 when there is none. */
static int
take_status(const char **p)
{
	const char *s = *p;
	int n = 0;

	while (*s >= '0' && *s <= '9' && n < 256)
		n = n * 10 + (*s++ - '0');
	if (s == *p || n < 1 || n > 255)
		return 0;
	*p = s;
	return n;
}

int
tq_statuses_parse(uint64_t out[4], const char *s, struct tq_err *e)
{
	const char *p = s;
	int from, to;

	memset(out, 0, 4 * sizeof(out[0]));
	if (strcmp(s, "none") == 0)
		return 0;
	for (;;) {
		from = to = take_status(&p);
		if (from != 0 && *p == '-') {
			p++;
			to = take_status(&p);
		}
		if (from == 0 || to < from || (*p != ',' && *p != '\0'))
			return tq_fail(e, EINVAL, "'%.80s' is not a list of "
			    "exit statuses, as 64-68,77 or none", s);
		for (; from <= to; from++)
			out[from / 64] |= UINT64_C(1) << (from % 64);
		if (*p++ == '\0')
			return 0;
	}
}

void
tq_statuses_format(char *out, size_t size, const uint64_t v[4])
{
	char one[16];
	int i, to;

	*out = '\0';
	for (i = 1; i < 256; i = to + 1) {
		to = i;
		if (!tq_statuses_has(v, i))
			continue;
		while (tq_statuses_has(v, to + 1))
			to++;
		snprintf(one, sizeof(one), to == i ? "%s%d" : "%s%d-%d",
		    *out == '\0' ? "" : ",", i, to);
		strlcat(out, one, size);
	}
	if (*out == '\0')
		strlcpy(out, "none", size);
}

/* ---- backoff --------------------------------------------------------- */

/* "1.5" → 1500; 0 when it is no factor. */
static unsigned
factor_of(const char *s)
{
	unsigned v = 0, unit = 1000;

	if (*s < '0' || *s > '9')
		return 0;
	for (; *s >= '0' && *s <= '9' && v <= TQ_FACTOR_MAX; s++)
		v = v * 10 + (unsigned)(*s - '0') * 1000;
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9' && unit > 1; s++)
			v += (unsigned)(*s - '0') * (unit /= 10);
	return *s != '\0' || v < 1000 || v > TQ_FACTOR_MAX ? 0 : v;
}

int
tq_backoff_parse(tq_time *base, unsigned *factor, tq_time *cap,
    const char *s, struct tq_err *e)
{
	char text[96], *rest = text, *first, *second, *third;
	tq_time b, c = 0;
	unsigned f = 0;

	if (strlcpy(text, s, sizeof(text)) >= sizeof(text))
		return tq_fail(e, EINVAL, "'%.80s...' is too long", s);
	first = strsep(&rest, ",");
	second = rest != NULL ? strsep(&rest, ",") : NULL;
	third = rest;
	if (tq_duration_parse(&b, first, e) == -1)
		return -1;
	/* "2s,,5m" says nothing of the factor */
	if (second != NULL && *second == '\0')
		second = NULL;
	if (second != NULL && (f = factor_of(second)) == 0)
		return tq_fail(e, EINVAL, "'%s': the factor '%s' is not 1 to "
		    "1000", s, second);
	if (third != NULL && tq_duration_parse(&c, third, e) == -1)
		return -1;
	if (third != NULL && c < b)
		return tq_fail(e, EINVAL, "'%s': no delay is longer than %s, "
		    "the first would be", s, third);
	*base = b;
	if (second != NULL)
		*factor = f;
	if (third != NULL)
		*cap = c;
	return 0;
}

void
tq_backoff_format(char *out, size_t size, tq_time base, unsigned factor,
    tq_time cap)
{
	char text[32];
	int n;

	tq_duration_format(out, size, base);
	if (factor != 0) {
		n = snprintf(text, sizeof(text), ",%u.%03u", factor / 1000,
		    factor % 1000);
		while (text[n - 1] == '0')
			n--;
		text[text[n - 1] == '.' ? n - 1 : n] = '\0';
		strlcat(out, text, size);
	}
	if (cap >= 0) {
		strlcat(out, factor == 0 ? ",," : ",", size);
		tq_duration_format(text, sizeof(text), cap);
		strlcat(out, text, size);
	}
}

/* ---- numbers and times ------------------------------------------------ */

int
tq_number_parse(int64_t *out, const char *s, int64_t min, int64_t max,
    struct tq_err *e)
{
	const char *bad;

	*out = strtonum(s, min, max, &bad);
	if (bad != NULL)
		return tq_fail(e, EINVAL, "'%s' is not a number from %lld to "
		    "%lld", s, (long long)min, (long long)max);
	return 0;
}

int
tq_time_limits_parse(tq_time *soft, tq_time *hard, const char *s,
    struct tq_err *e)
{
	size_t n = strcspn(s, ",");
	char first[64];

	if (s[n] == '\0') {
		if (tq_duration_parse(soft, s, e) == -1)
			return -1;
		*hard = *soft == 0 ? 0 :
		    tq_clock_deadline(*soft, TQ_KILL_AFTER);
		return 0;
	}
	(void)snprintf(first, sizeof(first), "%.*s", (int)n, s);
	if (tq_duration_parse(soft, first, e) == -1 ||
	    tq_duration_parse(hard, s + n + 1, e) == -1)
		return -1;
	if (*hard != 0 && *hard < *soft)
		return tq_fail(e, EINVAL, "'%s': the hard limit comes before "
		    "the soft one", s);
	return 0;
}

/* ---- rates ----------------------------------------------------------- */

int
tq_rate_parse(uint32_t *limit, tq_time *period, const char *s,
    struct tq_err *e)
{
	static const struct { const char *name; tq_time length; } units[] = {
		{ "s", TQ_SECOND }, { "m", 60 * TQ_SECOND },
		{ "h", 3600 * TQ_SECOND }, { "d", 86400 * TQ_SECOND },
	};
	const char *p = s;
	uint64_t n = 0;
	size_t i;

	while (*p >= '0' && *p <= '9' && n <= INT32_MAX)
		n = n * 10 + (uint64_t)(*p++ - '0');
	*limit = (uint32_t)n;
	*period = 0;
	if (p != s && n == 0 && *p == '\0')
		return 0;
	if (p == s || n == 0 || n > INT32_MAX || *p++ != '/')
		goto bad;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(units[i].name, p) == 0)
			*period = units[i].length;
	if (*period == 0 && tq_duration_parse(period, p, NULL) == -1)
		goto bad;
	/* a start a nanosecond at most, and periods that can be reckoned with */
	if (*period >= (tq_time)n && *period <= TQ_PERIOD_MAX)
		return 0;
 bad:
	return tq_fail(e, EINVAL, "'%.80s' is not a rate, as 10/m or 5/30s",
	    s);
}

void
tq_rate_format(char *out, size_t size, uint32_t limit, tq_time period)
{
	char text[32];
	size_t n;

	if (limit == 0) {
		snprintf(out, size, "0");
		return;
	}
	tq_duration_format(text, sizeof(text), period);
	n = strlen(text);
	/* "1m" is m, and seconds say that they are */
	snprintf(out, size, "%" PRIu32 "/%s%s", limit,
	    period == TQ_SECOND ? "" : n == 2 && text[0] == '1' &&
	    text[1] >= 'a' ? text + 1 : text,
	    text[n - 1] < 'a' ? "s" : "");
}
