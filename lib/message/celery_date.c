/*
 * Points in time as Python's isoformat() writes them and kombu reads them:
 * YYYY-MM-DD[(T| )HH:MM[:SS[.ffffff]][Z|±HH:MM]].
 *
 * Python's years run from 1 to 9999, ours from 1970 to 2262: what lies before
 * or after is the first or last moment we know, which is as far in the past
 * or future as anybody who says "never" can mean.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "message/celery.h"

struct reader {
	const char	*p, *end;
};

/* least to most digits into *out: 1, or 0. */
static int
take(struct reader *r, int least, int most, int *out)
{
	int n;

	*out = 0;
	for (n = 0; n < most && r->p < r->end && *r->p >= '0' &&
	    *r->p <= '9'; n++)
		*out = *out * 10 + (*r->p++ - '0');
	return n >= least;
}

static int
take_char(struct reader *r, char c)
{
	if (r->p == r->end || *r->p != c)
		return 0;
	r->p++;
	return 1;
}

/* ".ffffff" of any length as ns */
static int
take_fraction(struct reader *r, int64_t *ns)
{
	int64_t unit = TQ_SECOND / 10;
	int digit;

	if (!take(r, 1, 1, &digit))
		return 0;
	do {
		*ns += digit * unit;
		unit /= 10;
	} while (take(r, 1, 1, &digit));
	return 1;
}

/* "Z", "+HH:MM[:SS]", "+HHMM" or nothing; *east in seconds */
static int
take_zone(struct reader *r, int *east, int *naive)
{
	int h, m = 0, s = 0, sign;

	*east = 0;
	*naive = r->p == r->end;
	if (*naive || take_char(r, 'Z'))
		return 1;
	sign = take_char(r, '+') ? 1 : take_char(r, '-') ? -1 : 0;
	if (sign == 0 || !take(r, 2, 2, &h))
		return 0;
	if ((take_char(r, ':') || r->p < r->end) && !take(r, 2, 2, &m))
		return 0;
	if (take_char(r, ':') && !take(r, 2, 2, &s))
		return 0;
	*east = sign * (h * 3600 + m * 60 + s);
	return h < 24 && m < 60 && s < 60;
}

/* Days from 1970-01-01 in the Gregorian calendar; m from 1, y from 1. */
static int64_t
days(int64_t y, int m, int d)
{
	/* the year begins in March, so the leap day is its last */
	y -= m <= 2;
	m += m <= 2 ? 9 : -3;
	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 +
	    d - 1 - 719468;
}

static int
month_length(int y, int m)
{
	static const int length[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};

	if (m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0))
		return 29;
	return length[m - 1];
}

static tq_time
clamp(int64_t seconds, int64_t ns)
{
	if (seconds < 0)
		return 1;
	if (seconds >= INT64_MAX / TQ_SECOND)
		return INT64_MAX;
	/* 0 is "not set" */
	return seconds == 0 && ns == 0 ? 1 : seconds * TQ_SECOND + ns;
}

static int
take_date(struct reader *r, tq_time *out, int *naive)
{
	int y, mo, d, h = 0, mi = 0, s = 0, east = 0;
	int64_t ns = 0;

	*naive = 1;
	if (!take(r, 4, 4, &y) || !take_char(r, '-') || !take(r, 1, 2, &mo) ||
	    !take_char(r, '-') || !take(r, 1, 2, &d) || y < 1 || mo < 1 ||
	    mo > 12 || d < 1 || d > month_length(y, mo))
		return 0;
	if (r->p < r->end) {
		if (!take_char(r, 'T') && !take_char(r, ' '))
			return 0;
		if (!take(r, 2, 2, &h) || !take_char(r, ':') ||
		    !take(r, 2, 2, &mi) || h > 23 || mi > 59)
			return 0;
		if (take_char(r, ':') && (!take(r, 2, 2, &s) || s > 59))
			return 0;
		if (take_char(r, '.') && !take_fraction(r, &ns))
			return 0;
		if (!take_zone(r, &east, naive))
			return 0;
	}
	*out = clamp(days(y, mo, d) * 86400 + h * 3600 + mi * 60 + s - east,
	    ns);
	return r->p == r->end;
}

int
tq_celery_date_parse(tq_time *out, int *naive, struct tq_bytes v,
    struct tq_err *e)
{
	struct tq_bytes text = v;
	struct reader r;
	int local;

	*out = 0;
	if (tq_scan_type(v) == TQ_SCAN_OBJECT &&
	    tq_scan_says(tq_scan_get(v, "__type__"), "datetime"))
		text = tq_scan_get(v, "__value__");
	if (tq_scan_type(text) != TQ_SCAN_STRING)
		return tq_fail(e, EBADMSG, "want a date in a string, found "
		    "%s %.*s", tq_scan_type_name(v), v.n < 40 ? (int)v.n : 40,
		    v.p);
	r.p = text.p + 1;
	r.end = text.p + text.n - 1;
	if (!take_date(&r, out, naive == NULL ? &local : naive)) {
		*out = 0;
		return tq_fail(e, EBADMSG, "want a date such as "
		    "\"2026-11-23T12:00:00+00:00\", found %.*s",
		    text.n < 60 ? (int)text.n : 60, text.p);
	}
	return 0;
}

void
tq_celery_date_put(struct tq_buf *b, tq_time t, int naive)
{
	time_t seconds = (time_t)(t / TQ_SECOND);
	int micros = (int)(t % TQ_SECOND / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	tq_buf_printf(b, "\"%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (micros != 0)
		tq_buf_printf(b, ".%06d", micros);
	tq_buf_str(b, naive ? "\"" : "+00:00\"");
}
