/*
 * Unit tests of lib/base/date.c.  Zones are given as POSIX rules, so that no
 * zone database is needed: BERLIN goes forward on the last Sunday of March at
 * 02:00 and back on the last of October at 03:00; MIDNIGHT goes forward at
 * 00:00.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/date.h"
#include "tests/lib/t.h"

#define BERLIN		"CET-1CEST,M3.5.0,M10.5.0/3"
#define MIDNIGHT	"EET-2EEST,M3.5.0/0,M10.5.0/0"
#define NOW		(INT64_C(1700000000) * TQ_SECOND) /* 2023-11-14 22:13:20Z */

static int
setup_utc(void **state)
{
	(void)state;
	return setenv("TZ", "UTC0", 1);
}

static int
setup_berlin(void **state)
{
	(void)state;
	return setenv("TZ", BERLIN, 1);
}

static int
setup_midnight(void **state)
{
	(void)state;
	return setenv("TZ", MIDNIGHT, 1);
}

/* The date in seconds and in the form we write; fails the test when bad. */
static void
assert_date(const char *s, tq_time now, const char *want)
{
	char got[32];
	struct tq_err e;
	tq_time t;

	if (tq_date_parse(&t, s, now, &e) != 0)
		fail_msg("%s", e.text);
	tq_date_format(got, sizeof(got), t);
	if (strcmp(got, want) != 0)
		fail_msg("'%s' is %s and not %s", s, got, want);
}

static void
assert_no_date(const char *s)
{
	struct tq_err e;
	tq_time t = 42;

	errno = 0;
	if (tq_date_parse(&t, s, NOW, &e) != -1 || errno != EINVAL)
		fail_msg("'%s' was taken", s);
	if (strstr(e.text, s) == NULL)
		fail_msg("'%s' is not quoted: %s", s, e.text);
	assert_int_equal(t, 42);
}

static void
dates_are_read_in_every_form(void **state)
{
	static const struct {
		const char	*in, *want;
	} rows[] = {
		{ "@0", "1970-01-01T00:00:00.000Z" },
		{ "@1700000000", "2023-11-14T22:13:20.000Z" },
		{ "@1700000000.25", "2023-11-14T22:13:20.250Z" },
		{ "2026-11-23", "2026-11-23T00:00:00.000Z" },
		{ "2026-11-23T12:30", "2026-11-23T12:30:00.000Z" },
		{ "2026-11-23T12:30:45", "2026-11-23T12:30:45.000Z" },
		{ "2026-11-23T12:30:45.678", "2026-11-23T12:30:45.678Z" },
		{ "2026-11-23T12:30Z", "2026-11-23T12:30:00.000Z" },
		{ "2026-11-23T12:30:45Z", "2026-11-23T12:30:45.000Z" },
		{ "2026-11-23T12:30:45.678Z", "2026-11-23T12:30:45.678Z" },
		{ "2026-11-23T12:30+05:30", "2026-11-23T07:00:00.000Z" },
		{ "2026-11-23T22:30:00-03:00", "2026-11-24T01:30:00.000Z" },
		{ "2024-02-29", "2024-02-29T00:00:00.000Z" },
		{ "2261-12-31T23:59:59Z", "2261-12-31T23:59:59.000Z" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(rows); i++)
		assert_date(rows[i].in, NOW, rows[i].want);
}

static void
other_dates_are_refused(void **state)
{
	static const char *const rows[] = {
		"", "@", "@-1", "@1x", "@1.", "@99999999999999999999",
		"now", "tomorrow", "24:00", "12:60", "1:30", "12:3", "12:30x",
		"12:30:00", "2026", "2026-11", "2026-1-2", "2026-11-23 12:30",
		"2026-11-23T", "2026-11-23T12", "2026-11-23T12:30:",
		"2026-11-23T12:30:45.", "2026-11-23T12:30z",
		"2026-11-23T12:30+0530", "2026-11-23T12:30+25:00",
		"2026-11-23T12:30+05:30x", "2026-11-23Z", "26-11-23",
		"2026-11-23T24:00", "2026-11-23T12:30:60",
	};
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(rows); i++)
		assert_no_date(rows[i]);
}

static void
day_that_is_in_no_calendar_is_refused(void **state)
{
	(void)state;
	assert_no_date("2026-02-30");
	assert_no_date("2026-02-29");
	assert_no_date("2026-02-29T12:00Z");
	assert_no_date("2026-04-31");
	assert_no_date("2026-13-01");
	assert_no_date("2026-00-10");
	assert_no_date("2026-01-00");
	assert_no_date("2100-02-29");
}

static void
year_out_of_range_is_refused(void **state)
{
	(void)state;
	assert_no_date("1969-12-31T23:59:59Z");
	assert_no_date("2263-01-01");
	assert_no_date("9999-12-31");
	assert_no_date("0000-01-01");
	assert_no_date("1970-01-01T00:00+01:00");
}

static void
clock_time_is_the_next_one(void **state)
{
	(void)state;
	assert_date("22:14", NOW, "2023-11-14T22:14:00.000Z");
	assert_date("22:13", NOW, "2023-11-15T22:13:00.000Z");
	assert_date("00:00", NOW, "2023-11-15T00:00:00.000Z");
	/* the very minute is past when its first second is */
	assert_date("22:13", NOW - 20 * TQ_SECOND, "2023-11-15T22:13:00.000Z");
	assert_date("22:13", NOW - 21 * TQ_SECOND, "2023-11-14T22:13:00.000Z");
}

static void
clock_time_tomorrow_may_be_next_year(void **state)
{
	(void)state;
	/* 2023-12-31T23:00:00Z */
	assert_date("08:00", INT64_C(1704063600) * TQ_SECOND,
	    "2024-01-01T08:00:00.000Z");
}

static void
local_time_follows_the_season(void **state)
{
	(void)state;
	assert_date("2026-01-15T12:00", NOW, "2026-01-15T11:00:00.000Z");
	assert_date("2026-07-15T12:00", NOW, "2026-07-15T10:00:00.000Z");
	assert_date("2026-07-15", NOW, "2026-07-14T22:00:00.000Z");
	assert_date("2026-07-15T12:00Z", NOW, "2026-07-15T12:00:00.000Z");
}

static void
hour_skipped_in_spring_is_refused(void **state)
{
	(void)state;
	assert_date("2026-03-29T01:59", NOW, "2026-03-29T00:59:00.000Z");
	assert_no_date("2026-03-29T02:00");
	assert_no_date("2026-03-29T02:30");
	assert_date("2026-03-29T03:00", NOW, "2026-03-29T01:00:00.000Z");
	assert_date("2026-03-29T02:30Z", NOW, "2026-03-29T02:30:00.000Z");
}

static void
tomorrow_is_a_day_of_the_calendar_not_24_hours(void **state)
{
	/* 2026-03-28T12:00:00Z, the day before the clocks go forward */
	tq_time spring = INT64_C(1774699200) * TQ_SECOND;
	/* 2026-10-24T12:00:00Z, the day before they go back */
	tq_time autumn = INT64_C(1792843200) * TQ_SECOND;

	(void)state;
	assert_date("08:00", spring, "2026-03-29T06:00:00.000Z");
	assert_date("08:00", autumn, "2026-10-25T07:00:00.000Z");
}

static void
day_without_a_midnight_begins_at_one(void **state)
{
	(void)state;
	assert_date("2026-03-29", NOW, "2026-03-28T22:00:00.000Z");
	assert_no_date("2026-03-29T00:30");
	assert_date("2026-03-30", NOW, "2026-03-29T21:00:00.000Z");
}

static void
written_dates_are_utc_with_milliseconds(void **state)
{
	char buf[32];

	(void)state;
	tq_date_format(buf, sizeof(buf), NOW + 123456789);
	assert_string_equal(buf, "2023-11-14T22:13:20.123Z");
	tq_date_format(buf, sizeof(buf), -1);
	assert_string_equal(buf, "1969-12-31T23:59:59.999Z");
}

#define UTC(f)		cmocka_unit_test_setup(f, setup_utc)
#define IN_BERLIN(f)	cmocka_unit_test_setup(f, setup_berlin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UTC(dates_are_read_in_every_form),
		UTC(other_dates_are_refused),
		UTC(day_that_is_in_no_calendar_is_refused),
		UTC(year_out_of_range_is_refused),
		UTC(clock_time_is_the_next_one),
		UTC(clock_time_tomorrow_may_be_next_year),
		IN_BERLIN(local_time_follows_the_season),
		IN_BERLIN(hour_skipped_in_spring_is_refused),
		IN_BERLIN(tomorrow_is_a_day_of_the_calendar_not_24_hours),
		cmocka_unit_test_setup(day_without_a_midnight_begins_at_one,
		    setup_midnight),
		IN_BERLIN(written_dates_are_utc_with_milliseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
