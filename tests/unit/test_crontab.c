/* Unit tests of lib/beat/crontab.c. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/beat/crontab.h"
#include "tests/lib/t.h"

#define ALL_HOURS	0xffffffu
#define ALL_DOMS	0xfffffffeu
#define ALL_MONTHS	0x1ffeu
#define ALL_DOWS	0x7fu

static struct tq_crontab
parse(const char *line)
{
	struct tq_crontab c;
	struct tq_err e;
	size_t column = 0;

	if (tq_crontab_parse(&c, line, strlen(line), &column, &e) == -1)
		fail_msg("'%s': column %zu: %s", line, column, e.text);
	return c;
}

static void
assert_slice(struct tq_bytes got, const char *want)
{
	if (got.n != strlen(want) || memcmp(got.p, want, got.n) != 0)
		fail_msg("'%.*s' is not '%s'", (int)got.n, got.p, want);
}

/* ---- fields ------------------------------------------------------------ */

/* The numbers of a set in ascending order, "1,2,3". */
static void
assert_set(const char *line, uint64_t set, const char *want)
{
	char got[512] = "";
	size_t n = 0;
	int i;

	for (i = 0; i < 64; i++)
		if (set >> i & 1)
			n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%d",
			    n > 0 ? "," : "", i);
	if (strcmp(got, want) != 0)
		fail_msg("'%s' is %s and not %s", line, got, want);
}

static void
minutes_are_numbers_ranges_steps_and_lists(void **state)
{
	static const struct {
		const char	*field, *want;
	} rows[] = {
		{ "0", "0" },
		{ "59", "59" },
		{ "007", "7" },
		{ "5-8", "5,6,7,8" },
		{ "3-3", "3" },
		{ "*/20", "0,20,40" },
		{ "*/90", "0" },
		{ "10-30/7", "10,17,24" },
		{ "1,3,5", "1,3,5" },
		{ "5,1,1-2,50-59/5", "1,2,5,50,55" },
	};
	struct tq_crontab c;
	char line[64];
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(rows); i++) {
		snprintf(line, sizeof(line), "%s * * * * x", rows[i].field);
		c = parse(line);
		assert_set(line, c.cron.minutes, rows[i].want);
		assert_int_equal(c.cron.hours, ALL_HOURS);
		assert_int_equal(c.cron.doms, ALL_DOMS);
		assert_int_equal(c.cron.months, ALL_MONTHS);
		assert_int_equal(c.cron.dows, ALL_DOWS);
	}
}

static void
months_and_days_have_names_in_any_case(void **state)
{
	struct tq_crontab c;

	(void)state;
	c = parse("0 0 1 jan,APR-Jun,12 * x");
	assert_set("months", c.cron.months, "1,4,5,6,12");
	c = parse("0 0 * * mon-FRI x");
	assert_set("days", c.cron.dows, "1,2,3,4,5");
	c = parse("0 0 * * Sun,sat x");
	assert_set("days", c.cron.dows, "0,6");
}

static void
sunday_is_0_and_7(void **state)
{
	struct tq_crontab c;

	(void)state;
	c = parse("0 0 * * 7 x");
	assert_set("7", c.cron.dows, "0");
	c = parse("0 0 * * 5-7 x");
	assert_set("5-7", c.cron.dows, "0,5,6");
	c = parse("0 0 * * fri-sun x");
	assert_set("fri-sun", c.cron.dows, "0,5,6");
	c = parse("0 0 * * sun-tue x");
	assert_set("sun-tue", c.cron.dows, "0,1,2");
	c = parse("0 0 * * 0-7 x");
	assert_int_equal(c.cron.dows, ALL_DOWS);
}

static void
both_days_count_only_when_one_is_any(void **state)
{
	(void)state;
	assert_true(parse("0 0 * * * x").cron.both);
	assert_true(parse("0 0 13 * * x").cron.both);
	assert_true(parse("0 0 * * 5 x").cron.both);
	assert_true(parse("0 0 */2 * 5 x").cron.both);
	assert_false(parse("0 0 13 * 5 x").cron.both);
}

static void
nicknames_are_five_fields(void **state)
{
	static const struct {
		const char	*nickname, *fields;
	} rows[] = {
		{ "@yearly x", "0 0 1 1 * x" },
		{ "@annually x", "0 0 1 1 * x" },
		{ "@monthly x", "0 0 1 * * x" },
		{ "@weekly x", "0 0 * * 0 x" },
		{ "@daily x", "0 0 * * * x" },
		{ "@midnight x", "0 0 * * * x" },
		{ "@Hourly x", "0 * * * * x" },
	};
	struct tq_crontab a, b;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(rows); i++) {
		a = parse(rows[i].nickname);
		b = parse(rows[i].fields);
		assert_int_equal(a.kind, TQ_CRONTAB_CRON);
		assert_memory_equal(&a.cron, &b.cron, sizeof(a.cron));
		assert_slice(a.command, "x");
	}
}

/* ---- lines ------------------------------------------------------------- */

static void
line_is_taken_apart(void **state)
{
	struct tq_crontab c;

	(void)state;
	c = parse(" 5\t4  * * 1-5   [-q mail -l 'a ] b']\techo 100% [x]  ");
	assert_int_equal(c.kind, TQ_CRONTAB_CRON);
	assert_slice(c.when, "5\t4  * * 1-5");
	assert_slice(c.options, "-q mail -l 'a ] b'");
	assert_slice(c.command, "echo 100% [x]");
	c = parse("@every 1h30m [missed=all] run it");
	assert_int_equal(c.kind, TQ_CRONTAB_EVERY);
	assert_int_equal(c.every, 5400 * TQ_SECOND);
	assert_slice(c.when, "@every 1h30m");
	assert_slice(c.options, "missed=all");
	assert_slice(c.command, "run it");
	c = parse("@reboot x");
	assert_int_equal(c.kind, TQ_CRONTAB_REBOOT);
	assert_slice(c.when, "@reboot");
	assert_int_equal(c.options.n, 0);
}

static void
bracket_before_a_blank_is_a_command(void **state)
{
	struct tq_crontab c;

	(void)state;
	c = parse("@daily [ -f x ] && y");
	assert_int_equal(c.options.n, 0);
	assert_slice(c.command, "[ -f x ] && y");
	c = parse("@daily [[ a = b ]] && y");
	assert_slice(c.command, "[[ a = b ]] && y");
}

static void
comments_and_blank_lines_say_nothing(void **state)
{
	static const char *const rows[] = { "", "  \t", "# x", "  # * * *" };
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(rows); i++)
		assert_int_equal(parse(rows[i]).kind, TQ_CRONTAB_NOTHING);
}

static void
zone_is_set_with_quotes_or_without(void **state)
{
	struct tq_crontab c;

	(void)state;
	c = parse("CRON_TZ=Europe/Berlin");
	assert_int_equal(c.kind, TQ_CRONTAB_ZONE);
	assert_slice(c.zone, "Europe/Berlin");
	assert_slice(parse("CRON_TZ = \"UTC\" ").zone, "UTC");
	assert_slice(parse("CRON_TZ=''").zone, "");
	assert_slice(parse("CRON_TZ=").zone, "");
}

/* ---- what is wrong ----------------------------------------------------- */

static void
wrong_line_is_named_with_its_column(void **state)
{
	static const struct {
		const char	*line;
		size_t		 column;
		const char	*part;		/* of the sentence */
	} rows[] = {
		{ "60 * * * * x", 1, "'60': want a minute from 0 to 59" },
		{ "0 24 * * * x", 3, "'24': want an hour from 0 to 23" },
		{ "0 0 0 * * x", 5, "'0': want a day of the month" },
		{ "0 0 000 * * x", 5, "'000': want a day of the month" },
		{ "0 0 32 * * x", 5, "from 1 to 31" },
		{ "0 0 * 13 * x", 7, "'13': want a month" },
		{ "0 0 * foo * x", 7, "'foo': want a month from 1 to 12 or its "
		    "name" },
		{ "0 0 * janx * x", 7, "'janx'" },
		{ "0 0 * * 8 x", 9, "'8': want a day of the week" },
		{ "0 0 * * x", 9, "'x': want a day of the week" },
		{ "5-3 * * * * x", 3, "'5-3': the range ends before" },
		{ "1,,2 * * * * x", 3, "',2': want a minute" },
		{ "1, * * * * x", 3, "'': want a minute" },
		{ "*/0 * * * * x", 3, "'0': want a step" },
		{ "*/ * * * * x", 3, "want a step" },
		{ "*/10000 * * * * x", 3, "want a step" },
		{ "5/10 * * * * x", 2, "a step needs a range" },
		{ "5x * * * * x", 2, "'x' does not belong to a minute" },
		{ "-1 * * * * x", 1, "'-1': want a minute" },
		{ "1- * * * * x", 3, "'': want a minute" },
		{ "? * * * * x", 1, "'?': want a minute" },
		{ "0~30 * * * * x", 2, "'~30' does not belong" },
		{ "99999999999999999999 * * * * x", 1, "want a minute" },
		{ "0", 2, "an hour is missing" },
		{ "0 0 * *", 8, "a day of the week is missing" },
		{ "0 0 * * *", 10, "there is no command" },
		{ "0 0 * * * [-q x]", 17, "there is no command" },
		{ "0 0 * * * [-q x", 11, "the bracket is not closed" },
		{ "0 0 * * * [-l 'x] y", 11, "the bracket is not closed" },
		{ "0 0 * * * [-q x]y", 17, "a blank must follow" },
		{ "0 0 30 2 * x", 5, "'30': no month of the line" },
		{ "0 0 31 4,6,9,11 * x", 5, "no month of the line" },
		{ "@never x", 1, "'@never': want @yearly" },
		{ "@ x", 1, "'@'" },
		{ "@dailyx x", 1, "'@dailyx'" },
		{ "@every", 7, "needs a length of time" },
		{ "@every x", 8, "'x': want a length of time" },
		{ "@every 0 x", 8, "'0': want a second or more" },
		{ "@every 0.5 x", 8, "want a second or more" },
		{ "@every 300y x", 8, "'300y'" },
		{ "@every 99999999999 x", 8, "too long a time" },
		{ "@every 90s", 11, "there is no command" },
		{ "PATH=/bin", 1, "'PATH': only CRON_TZ" },
		{ "  MAILTO = x", 3, "'MAILTO': only CRON_TZ" },
		{ "0 0 * * * x\r", 12, "carriage return" },
	};
	struct tq_crontab c;
	struct tq_err e;
	size_t i, column;

	(void)state;
	for (i = 0; i < T_COUNT(rows); i++) {
		column = 0;
		errno = 0;
		if (tq_crontab_parse(&c, rows[i].line, strlen(rows[i].line),
		    &column, &e) != -1 || errno != EINVAL)
			fail_msg("'%s' was taken", rows[i].line);
		if (column != rows[i].column ||
		    strstr(e.text, rows[i].part) == NULL)
			fail_msg("'%s': column %zu: %s", rows[i].line, column,
			    e.text);
	}
}

static void
nul_in_a_line_is_refused(void **state)
{
	struct tq_crontab c;
	struct tq_err e;
	size_t column = 0;

	(void)state;
	assert_int_equal(tq_crontab_parse(&c, "0 0 * * * a\0b", 13, &column,
	    &e), -1);
	assert_int_equal(column, 12);
	assert_string_equal(e.text, "a NUL in the line");
}

static void
day_that_some_month_has_is_taken(void **state)
{
	(void)state;
	parse("0 0 29 2 * x");
	parse("0 0 31 4,5 * x");
	/* it is either of the days: Mondays come */
	parse("0 0 30 2 1 x");
}

/* ---- words ------------------------------------------------------------- */

static void
words_are_taken_as_a_shell_would(void **state)
{
	static const char text[] =
	    " -l 'two words' \"a\\\"b\\x\" c\\ d''e -e A='x y' ''";
	static const char *const want[] = {
		"-l", "two words", "a\"b\\x", "c de", "-e", "A=x y", ""
	};
	struct tq_bytes s = { text, sizeof(text) - 1 };
	struct tq_err e;
	char word[64];
	size_t at = 0, i;

	(void)state;
	for (i = 0; i < T_COUNT(want); i++) {
		assert_int_equal(tq_crontab_word(word, sizeof(word), s, &at,
		    &e), 1);
		assert_string_equal(word, want[i]);
	}
	assert_int_equal(tq_crontab_word(word, sizeof(word), s, &at, &e), 0);
	assert_int_equal(at, s.n);
}

static void
bad_word_is_refused_where_it_begins(void **state)
{
	static const char *const rows[] = { "ab 'x", "ab \"x\\\"", "ab x\\",
	    "ab 12345678" };
	struct tq_bytes s;
	struct tq_err e;
	char word[8];
	size_t at, i;

	(void)state;
	for (i = 0; i < T_COUNT(rows); i++) {
		at = 0;
		s.p = rows[i];
		s.n = strlen(s.p);
		assert_int_equal(tq_crontab_word(word, sizeof(word), s, &at,
		    &e), 1);
		errno = 0;
		assert_int_equal(tq_crontab_word(word, sizeof(word), s, &at,
		    &e), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(at, 3);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(minutes_are_numbers_ranges_steps_and_lists),
		cmocka_unit_test(months_and_days_have_names_in_any_case),
		cmocka_unit_test(sunday_is_0_and_7),
		cmocka_unit_test(both_days_count_only_when_one_is_any),
		cmocka_unit_test(nicknames_are_five_fields),
		cmocka_unit_test(line_is_taken_apart),
		cmocka_unit_test(bracket_before_a_blank_is_a_command),
		cmocka_unit_test(comments_and_blank_lines_say_nothing),
		cmocka_unit_test(zone_is_set_with_quotes_or_without),
		cmocka_unit_test(wrong_line_is_named_with_its_column),
		cmocka_unit_test(nul_in_a_line_is_refused),
		cmocka_unit_test(day_that_some_month_has_is_taken),
		cmocka_unit_test(words_are_taken_as_a_shell_would),
		cmocka_unit_test(bad_word_is_refused_where_it_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
