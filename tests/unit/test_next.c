/*
 * Unit tests of lib/beat/next.c.  A zone is a table of its changes; BERLIN is
 * 2026: forward on 29 March at 01:00 UTC, back on 25 October at 01:00 UTC.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/date.h"
#include "lib/beat/next.h"
#include "tests/lib/t.h"

#define HOUR	3600

/* From each second on the offset behind it; ends with one of FOREVER. */
struct change {
	int64_t		 t, offset;
};

#define FOREVER	INT64_MAX

static int64_t
offset_of(void *arg, int64_t t)
{
	const struct change *c = arg;

	while (c[1].t != FOREVER && c[1].t <= t)
		c++;
	return c->offset;
}

static struct change berlin[] = {
	{ INT64_MIN, HOUR },
	{ 1774746000, 2 * HOUR },	/* 2026-03-29T01:00Z */
	{ 1792890000, HOUR },		/* 2026-10-25T01:00Z */
	{ FOREVER, 0 }
};
static struct change utc[] = { { INT64_MIN, 0 }, { FOREVER, 0 } };
/* Samoa left out 30 December 2011: from -10 to +14 h at midnight. */
static struct change apia[] = {
	{ INT64_MIN, -10 * HOUR },
	{ 1325239200, 14 * HOUR },	/* 2011-12-30T10:00Z */
	{ FOREVER, 0 }
};

static tq_time
at(const char *s)
{
	struct tq_err e;
	tq_time t;

	if (tq_date_parse(&t, s, 0, &e) == -1)
		fail_msg("%s", e.text);
	return t;
}

static struct tq_crontab
parse(const char *when)
{
	static char line[128];
	struct tq_crontab c;
	struct tq_err e;
	size_t column;

	snprintf(line, sizeof(line), "%s x", when);
	if (tq_crontab_parse(&c, line, strlen(line), &column, &e) == -1)
		fail_msg("'%s': %s", line, e.text);
	return c;
}

/* The ticks after `after` are those of `want`, blanks between them. */
static void
assert_ticks(struct change *zone, const char *when, const char *after,
    const char *want)
{
	struct tq_zone z = { offset_of, zone };
	struct tq_crontab c = parse(when);
	char got[32], list[512];
	char *word, *last = NULL;
	tq_time t = at(after);

	snprintf(list, sizeof(list), "%s", want);
	for (word = strtok_r(list, " ", &last); word != NULL;
	    word = strtok_r(NULL, " ", &last)) {
		t = tq_next(&c, &z, t);
		tq_date_format(got, sizeof(got), t);
		if (t != at(word))
			fail_msg("'%s' after %s: %s and not %s", when, after,
			    got, word);
	}
}

static void
next_is_the_first_time_that_matches(void **state)
{
	(void)state;
	assert_ticks(utc, "* * * * *", "2026-11-25T12:00:00Z",
	    "2026-11-25T12:01Z 2026-11-25T12:02Z");
	assert_ticks(utc, "*/20 9-10 * * *", "2026-11-25T10:25Z",
	    "2026-11-25T10:40Z 2026-11-26T09:00Z 2026-11-26T09:20Z");
	assert_ticks(utc, "0 0 1 1 *", "2026-11-25T00:00Z",
	    "2027-01-01T00:00Z 2028-01-01T00:00Z");
	assert_ticks(utc, "30 6 31 * *", "2026-11-25T00:00Z",
	    "2026-12-31T06:30Z 2027-01-31T06:30Z 2027-03-31T06:30Z");
	assert_ticks(utc, "0 12 * * mon-fri", "2026-11-27T13:00Z",
	    "2026-11-30T12:00Z 2026-12-01T12:00Z");
}

static void
next_is_later_than_its_moment_to_the_nanosecond(void **state)
{
	struct tq_zone z = { offset_of, utc };
	struct tq_crontab c = parse("* * * * *");
	tq_time t = at("2026-11-25T12:00Z");

	(void)state;
	assert_int_equal(tq_next(&c, &z, t - 1), t);
	assert_int_equal(tq_next(&c, &z, t), t + 60 * TQ_SECOND);
	assert_int_equal(tq_next(&c, &z, t + 1), t + 60 * TQ_SECOND);
}

static void
days_are_either_or_but_with_a_star_both(void **state)
{
	(void)state;
	/* Friday the 13th or any Friday: November 2026 has one of both */
	assert_ticks(utc, "0 0 13 * fri", "2026-11-05T12:00Z",
	    "2026-11-06T00:00Z 2026-11-13T00:00Z 2026-11-20T00:00Z "
	    "2026-11-27T00:00Z 2026-12-04T00:00Z 2026-12-11T00:00Z "
	    "2026-12-13T00:00Z");
	/* every second day of the month, but only if it is a Friday */
	assert_ticks(utc, "0 0 */2 * fri", "2026-11-05T12:00Z",
	    "2026-11-13T00:00Z 2026-11-27T00:00Z 2026-12-11T00:00Z");
}

static void
leap_day_is_found_over_eight_years(void **state)
{
	(void)state;
	assert_ticks(utc, "0 0 29 2 *", "2026-01-01T00:00Z",
	    "2028-02-29T00:00Z 2032-02-29T00:00Z");
	assert_ticks(utc, "0 0 29 2 *", "2096-03-01T00:00Z",
	    "2104-02-29T00:00Z");
}

static void
time_left_out_runs_once_right_after(void **state)
{
	(void)state;
	assert_ticks(berlin, "30 2 * * *", "2026-03-28T00:00Z",
	    "2026-03-28T01:30Z 2026-03-29T01:00Z 2026-03-30T00:30Z");
	/* six of them are one, and the one of 03:00 the same */
	assert_ticks(berlin, "*/10 2,3 * * *", "2026-03-29T00:00Z",
	    "2026-03-29T01:00Z 2026-03-29T01:10Z 2026-03-29T01:20Z");
	assert_ticks(berlin, "0 3 * * *", "2026-03-28T12:00Z",
	    "2026-03-29T01:00Z 2026-03-30T01:00Z");
	assert_ticks(berlin, "* * * * *", "2026-03-29T00:58Z",
	    "2026-03-29T00:59Z 2026-03-29T01:00Z 2026-03-29T01:01Z");
}

static void
repeated_time_runs_once(void **state)
{
	(void)state;
	assert_ticks(berlin, "30 2 * * *", "2026-10-24T12:00Z",
	    "2026-10-25T00:30Z 2026-10-26T01:30Z");
	/* also after a restart between the two */
	assert_ticks(berlin, "30 2 * * *", "2026-10-25T01:10Z",
	    "2026-10-26T01:30Z");
	assert_ticks(berlin, "*/30 * * * *", "2026-10-25T00:10Z",
	    "2026-10-25T00:30Z 2026-10-25T02:00Z 2026-10-25T02:30Z");
	assert_ticks(berlin, "0 3 * * *", "2026-10-24T12:00Z",
	    "2026-10-25T02:00Z");
}

static void
day_left_out_is_one_tick(void **state)
{
	(void)state;
	assert_ticks(apia, "0 12 * * *", "2011-12-29T00:00Z",
	    "2011-12-29T22:00Z 2011-12-30T10:00Z 2011-12-30T22:00Z");
}

static void
every_is_at_whole_multiples(void **state)
{
	struct tq_zone z = { offset_of, berlin };
	struct tq_crontab c = parse("@every 90s");

	(void)state;
	assert_int_equal(tq_next(&c, &z, 0), 90 * TQ_SECOND);
	assert_int_equal(tq_next(&c, &z, 90 * TQ_SECOND - 1), 90 * TQ_SECOND);
	assert_int_equal(tq_next(&c, &z, 90 * TQ_SECOND), 180 * TQ_SECOND);
	assert_int_equal(tq_next(&c, &z, -1), 0);
	assert_int_equal(tq_next(&c, &z, -90 * TQ_SECOND), 0);
	assert_int_equal(tq_next(&c, &z, TQ_FOREVER - 1), TQ_FOREVER);
	assert_int_equal(tq_next_last(&c, &z, 90 * TQ_SECOND,
	    1000 * TQ_SECOND), 990 * TQ_SECOND);
	assert_int_equal(tq_next_last(&c, &z, 90 * TQ_SECOND,
	    179 * TQ_SECOND), 0);
}

static void
end_of_time_has_no_next(void **state)
{
	struct tq_zone z = { offset_of, utc };
	struct tq_crontab c = parse("0 0 1 1 *");

	(void)state;
	assert_int_equal(tq_next(&c, &z, at("2262-01-02T00:00Z")), TQ_FOREVER);
	assert_int_equal(tq_next(&c, &z, TQ_FOREVER), TQ_FOREVER);
}

static void
last_is_found_however_long_ago_the_first_was(void **state)
{
	struct tq_zone z = { offset_of, berlin };
	struct tq_crontab c = parse("* * * * *"), y = parse("0 0 1 1 *");

	(void)state;
	assert_int_equal(tq_next_last(&c, &z, 0, at("2026-11-25T12:00:30Z")),
	    at("2026-11-25T12:00Z"));
	assert_int_equal(tq_next_last(&c, &z, 0, at("2026-11-25T12:00Z")),
	    at("2026-11-25T12:00Z"));
	assert_int_equal(tq_next_last(&y, &z, at("1999-01-01T00:00Z"),
	    at("2026-11-25T12:00Z")), at("2025-12-31T23:00Z"));
	assert_int_equal(tq_next_last(&y, &z, at("2026-01-01T00:00Z"),
	    at("2026-11-25T12:00Z")), 0);
	assert_int_equal(tq_next_last(&y, &z, at("2026-11-25T12:00Z"),
	    at("2026-11-25T11:00Z")), 0);
}

/* ---- against a plain reading of the rule --------------------------------- */

/*
 * The same rule minute by minute with libc's calendar: a tick where the wall
 * shows a minute of the line for the first time, or has just left one out.
 */
static int
shows(const struct tq_cron *c, int64_t l)
{
	time_t t = (time_t)l;
	struct tm tm;
	int dom, dow;

	gmtime_r(&t, &tm);
	dom = c->doms >> tm.tm_mday & 1;
	dow = c->dows >> tm.tm_wday & 1;
	return c->minutes >> tm.tm_min & 1 && c->hours >> tm.tm_hour & 1 &&
	    c->months >> (tm.tm_mon + 1) & 1 &&
	    (c->both ? dom && dow : dom || dow);
}

static void
rule_is_kept_minute_by_minute(void **state)
{
	static const char *const lines[] = {
		"* * * * *", "*/7 * * * *", "30 2 * * *", "59 1,2,3 * * *",
		"15 2 29 3 *", "0 2 * 10 sun", "0 0 25 * sat",
		"20-40/5 0-4 */3 * *",
	};
	static const int64_t from[] = { 1774746000, 1792890000 };
	struct tq_zone z = { offset_of, berlin };
	int64_t t, l, seen, due;
	struct tq_crontab c;
	tq_time next;
	size_t i, k;

	(void)state;
	for (i = 0; i < T_COUNT(lines); i++)
		for (k = 0; k < T_COUNT(from); k++) {
			c = parse(lines[i]);
			t = from[k] - 48 * HOUR;
			seen = t + offset_of(berlin, t);
			next = tq_next(&c, &z, (t - 1) * TQ_SECOND);
			for (; t < from[k] + 48 * HOUR; t += 60) {
				l = t + offset_of(berlin, t);
				for (due = 0; seen <= l; seen += 60)
					due |= shows(&c.cron, seen);
				if (due != (next == t * TQ_SECOND))
					fail_msg("'%s' at %" PRId64, lines[i],
					    t);
				if (due)
					next = tq_next(&c, &z, next);
			}
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(next_is_the_first_time_that_matches),
		cmocka_unit_test(next_is_later_than_its_moment_to_the_nanosecond),
		cmocka_unit_test(days_are_either_or_but_with_a_star_both),
		cmocka_unit_test(leap_day_is_found_over_eight_years),
		cmocka_unit_test(time_left_out_runs_once_right_after),
		cmocka_unit_test(repeated_time_runs_once),
		cmocka_unit_test(day_left_out_is_one_tick),
		cmocka_unit_test(every_is_at_whole_multiples),
		cmocka_unit_test(end_of_time_has_no_next),
		cmocka_unit_test(last_is_found_however_long_ago_the_first_was),
		cmocka_unit_test(rule_is_kept_minute_by_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
