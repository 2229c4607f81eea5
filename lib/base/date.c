/*
 * Points in time as people write them.  Local times follow the zone's rules
 * through mktime(3); it takes any numbers and gives the nearest real time, so
 * a date exists if and only if mktime leaves its numbers as they were.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "date.h"

#define DATE_MAX_SECONDS	(INT64_MAX / TQ_SECOND - 1)

/* What "YYYY-MM-DDTHH:MM:SS.fraction±zone" said. */
struct date_parts {
	struct tm	 tm;
	tq_time		 fraction;	/* of a second */
	int		 has_time;
	int		 has_zone;
	int		 zone;		/* seconds east of Greenwich */
};

/* Exactly n digits at *s into *out; *s is moved past them.  1 or 0. */
static int
take_digits(const char **s, int n, int *out)
{
	int v = 0;

	for (; n > 0; n--) {
		if (**s < '0' || **s > '9')
			return 0;
		v = v * 10 + (*(*s)++ - '0');
	}
	*out = v;
	return 1;
}

static int
take_char(const char **s, char c)
{
	if (**s != c)
		return 0;
	(*s)++;
	return 1;
}

/* "HH:MM" */
static int
take_clock(const char **s, struct tm *tm)
{
	return take_digits(s, 2, &tm->tm_hour) && take_char(s, ':') &&
	    take_digits(s, 2, &tm->tm_min) &&
	    tm->tm_hour < 24 && tm->tm_min < 60;
}

/* ".digits" after the seconds; more than nine are finer than we keep. */
static int
take_fraction(const char **s, tq_time *out)
{
	tq_time unit = TQ_SECOND / 10;
	int digit;

	*out = 0;
	if (!take_char(s, '.'))
		return 1;
	if (!take_digits(s, 1, &digit))
		return 0;
	do {
		*out += digit * unit;
		unit /= 10;
	} while (take_digits(s, 1, &digit));
	return 1;
}

/* "Z", "+HH:MM", "-HH:MM" or nothing */
static int
take_zone(const char **s, struct date_parts *d)
{
	struct tm away = { 0 };
	int east;

	d->has_zone = **s != '\0';
	if (!d->has_zone || take_char(s, 'Z'))
		return 1;
	east = **s == '+';
	if (!east && **s != '-')
		return 0;
	(*s)++;
	if (!take_clock(s, &away))
		return 0;
	d->zone = (away.tm_hour * 60 + away.tm_min) * (east ? 60 : -60);
	return 1;
}

/* "YYYY-MM-DD[THH:MM[:SS[.fraction]][zone]]" */
static int
take_date(const char *s, struct date_parts *d)
{
	int year, month;

	memset(d, 0, sizeof(*d));
	if (!take_digits(&s, 4, &year) || !take_char(&s, '-') ||
	    !take_digits(&s, 2, &month) || !take_char(&s, '-') ||
	    !take_digits(&s, 2, &d->tm.tm_mday))
		return 0;
	d->tm.tm_year = year - 1900;
	d->tm.tm_mon = month - 1;
	if (*s == '\0')
		return 1;
	d->has_time = 1;
	if (!take_char(&s, 'T') || !take_clock(&s, &d->tm))
		return 0;
	if (take_char(&s, ':') && (!take_digits(&s, 2, &d->tm.tm_sec) ||
	    !take_fraction(&s, &d->fraction)))
		return 0;
	return take_zone(&s, d) && *s == '\0';
}

/*
 * The second that *want names, by the zone's rules or in UTC.  1, or 0 when
 * there is none: 30 February, or 02:30 in the night the clocks go forward.
 */
static int
date_exists(const struct tm *want, int utc, time_t *out)
{
	struct tm tm = *want;

	tm.tm_isdst = -1;
	*out = utc ? timegm(&tm) : mktime(&tm);
	return tm.tm_year == want->tm_year && tm.tm_mon == want->tm_mon &&
	    tm.tm_mday == want->tm_mday && tm.tm_hour == want->tm_hour &&
	    tm.tm_min == want->tm_min && tm.tm_sec == want->tm_sec;
}

static int
date_from_parts(tq_time *out, struct date_parts *d, const char *s,
    struct tq_err *e)
{
	int64_t seconds;
	time_t t;
	int ok;

	ok = date_exists(&d->tm, d->has_zone, &t);
	/* some zones go forward at midnight: such a day begins at one */
	if (!ok && !d->has_time) {
		d->tm.tm_hour = 1;
		ok = date_exists(&d->tm, 0, &t);
	}
	if (!ok)
		return tq_fail(e, EINVAL, "'%s': there is no such time", s);
	seconds = (int64_t)t - d->zone;
	if (seconds < 0 || seconds > DATE_MAX_SECONDS)
		return tq_fail(e, EINVAL, "'%s': not between 1970 and 2262", s);
	*out = seconds * TQ_SECOND + d->fraction;
	return 0;
}

/* "@seconds[.fraction]" */
static int
date_from_epoch(tq_time *out, const char *s, struct tq_err *e)
{
	const char *p = s + 1;
	int64_t seconds = 0;
	tq_time fraction;
	int digit, some = 0;

	for (; take_digits(&p, 1, &digit); some = 1) {
		seconds = seconds * 10 + digit;
		if (seconds > DATE_MAX_SECONDS)
			return tq_fail(e, EINVAL,
			    "'%s': not between 1970 and 2262", s);
	}
	if (!some || !take_fraction(&p, &fraction) || *p != '\0')
		return tq_fail(e, EINVAL, "'%s': want @ and seconds since "
		    "1970", s);
	*out = seconds * TQ_SECOND + fraction;
	return 0;
}

/* The next time the clock on the wall shows what `at` says. */
static int
date_from_clock(tq_time *out, const struct tm *at, tq_time now, const char *s,
    struct tq_err *e)
{
	struct tm day, noon;
	time_t t = (time_t)(now / TQ_SECOND);
	int i;

	localtime_r(&t, &day);
	for (i = 0; i < 2; i++) {
		day.tm_hour = at->tm_hour;
		day.tm_min = at->tm_min;
		day.tm_sec = 0;
		if (!date_exists(&day, 0, &t))
			return tq_fail(e, EINVAL, "'%s': there is no such "
			    "time on that day", s);
		if ((tq_time)t * TQ_SECOND > now)
			break;
		/* through noon, which exists on every day */
		noon = day;
		noon.tm_mday++;
		noon.tm_hour = 12;
		noon.tm_isdst = -1;
		mktime(&noon);
		day = noon;
	}
	*out = (tq_time)t * TQ_SECOND;
	return 0;
}

int
tq_date_parse(tq_time *out, const char *s, tq_time now, struct tq_err *e)
{
	struct date_parts d = { 0 };
	const char *p = s;

	if (*s == '@')
		return date_from_epoch(out, s, e);
	if (take_clock(&p, &d.tm) && *p == '\0')
		return date_from_clock(out, &d.tm, now, s, e);
	if (take_date(s, &d))
		return date_from_parts(out, &d, s, e);
	return tq_fail(e, EINVAL, "'%s': want @seconds, HH:MM, YYYY-MM-DD or "
	    "YYYY-MM-DDTHH:MM[:SS][Z|+HH:MM]", s);
}

void
tq_date_format(char *out, size_t size, tq_time t)
{
	struct timespec ts;
	struct tm tm;

	tq_clock_timespec(&ts, t);
	gmtime_r(&ts.tv_sec, &tm);
	snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, (int)(ts.tv_nsec / TQ_MS));
}
