/* Unit tests of lib/base/span.c: durations and sizes of lib/base/date.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/date.h"
#include "tests/lib/t.h"

#define MINUTE	(60 * TQ_SECOND)
#define HOUR	(60 * MINUTE)
#define DAY	(24 * HOUR)

static void
durations_are_read(void **state)
{
	static const struct {
		const char	*in;
		tq_time		 want;
	} rows[] = {
		{ "0", 0 },
		{ "30", 30 * TQ_SECOND },
		{ "30s", 30 * TQ_SECOND },
		{ "5m", 5 * MINUTE },
		{ "2h", 2 * HOUR },
		{ "7d", 7 * DAY },
		{ "1h30m", 90 * MINUTE },
		{ "1d2h3m4s", DAY + 2 * HOUR + 3 * MINUTE + 4 * TQ_SECOND },
		{ "1d4s", DAY + 4 * TQ_SECOND },
		{ "0.5", TQ_SECOND / 2 },
		{ "0.25s", TQ_SECOND / 4 },
		{ "1.5h", 90 * MINUTE },
		{ "1m0.5s", MINUTE + TQ_SECOND / 2 },
		{ "0.000000001", 1 },
		{ "0.0000000019", 1 },
		{ "90m", 90 * MINUTE },
		{ "0030", 30 * TQ_SECOND },
		{ "9223372036", 9223372036 * TQ_SECOND },
		{ "9223372036.854775807", INT64_MAX },
	};
	tq_time t;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(rows); i++) {
		t = -1;
		if (tq_duration_parse(&t, rows[i].in, NULL) != 0 ||
		    t != rows[i].want)
			fail_msg("'%s' is %lld", rows[i].in, (long long)t);
	}
}

static void
other_durations_are_refused(void **state)
{
	static const char *const rows[] = {
		"", " ", "s", "h30m", "-1", "+1", "1x", "1 h", " 1", "1 ",
		"1h30", "30m1h", "1h1h", "1s5", "1,5", ".5", "5.", "1.h",
		"1e3", "0x10", "1h-1m", "1H", "1hh", "1w", "inf", "nan",
		"9223372037", "9223372036.854775808", "106752d",
		"99999999999999999999", "18446744073709551616",
	};
	tq_time t = 42;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(rows); i++) {
		errno = 0;
		if (tq_duration_parse(&t, rows[i], NULL) != -1 ||
		    errno != EINVAL)
			fail_msg("'%s' was taken for %lld", rows[i],
			    (long long)t);
	}
	assert_int_equal(t, 42);
}

static void
refusal_quotes_the_value(void **state)
{
	struct tq_err e;
	uint64_t n;
	tq_time t;

	(void)state;
	assert_int_equal(tq_duration_parse(&t, "1 fortnight", &e), -1);
	assert_non_null(strstr(e.text, "'1 fortnight'"));
	assert_int_equal(tq_duration_parse(&t, "99999d99999d", &e), -1);
	assert_non_null(strstr(e.text, "'99999d99999d'"));
	assert_int_equal(tq_size_parse(&n, "12q", &e), -1);
	assert_non_null(strstr(e.text, "'12q'"));
}

static const struct {
	tq_time		 t;
	const char	*text;
} spans[] = {
	{ 0, "0" },
	{ 1, "0.000000001" },
	{ 250 * TQ_MS, "0.25" },
	{ TQ_SECOND, "1" },
	{ 30 * TQ_SECOND, "30" },
	{ 59999 * TQ_MS, "59.999" },
	{ MINUTE, "1m" },
	{ 90 * TQ_SECOND, "1m30s" },
	{ MINUTE + 500 * TQ_MS, "1m0.5s" },
	{ 90 * MINUTE, "1h30m" },
	{ DAY, "1d" },
	{ DAY + TQ_SECOND, "1d1s" },
	{ 100 * TQ_SECOND + 10 * MINUTE, "11m40s" },
	{ INT64_MAX, "106751d23h47m16.854775807s" },
};

static void
durations_are_written_short(void **state)
{
	char buf[64];
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(spans); i++) {
		tq_duration_format(buf, sizeof(buf), spans[i].t);
		assert_string_equal(buf, spans[i].text);
	}
}

static void
written_durations_come_back(void **state)
{
	size_t i;
	tq_time t;

	(void)state;
	for (i = 0; i < T_COUNT(spans); i++) {
		assert_int_equal(tq_duration_parse(&t, spans[i].text, NULL), 0);
		assert_true(t == spans[i].t);
	}
}

static void
negative_duration_is_written_with_its_sign(void **state)
{
	char buf[64];

	(void)state;
	tq_duration_format(buf, sizeof(buf), -90 * MINUTE);
	assert_string_equal(buf, "-1h30m");
	tq_duration_format(buf, sizeof(buf), -TQ_SECOND / 4);
	assert_string_equal(buf, "-0.25");
	tq_duration_format(buf, sizeof(buf), INT64_MIN);
	assert_string_equal(buf, "-106751d23h47m16.854775808s");
}

static void
small_buffer_is_not_overrun(void **state)
{
	char buf[4] = "zzz";

	(void)state;
	tq_duration_format(buf, 3, 90 * MINUTE);
	assert_string_equal(buf, "1h");
}

static void
sizes_are_read(void **state)
{
	static const struct {
		const char	*in;
		uint64_t	 want;
	} rows[] = {
		{ "0", 0 },
		{ "123", 123 },
		{ "64k", 65536 },
		{ "64K", 65536 },
		{ "10M", UINT64_C(10) << 20 },
		{ "1m", UINT64_C(1) << 20 },
		{ "2G", UINT64_C(2) << 30 },
		{ "3g", UINT64_C(3) << 30 },
		{ "1t", UINT64_C(1) << 40 },
		{ "1T", UINT64_C(1) << 40 },
		{ "18446744073709551615", UINT64_MAX },
		{ "16777215T", UINT64_C(16777215) << 40 },
	};
	uint64_t n;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(rows); i++) {
		n = 1;
		if (tq_size_parse(&n, rows[i].in, NULL) != 0 ||
		    n != rows[i].want)
			fail_msg("'%s' is %llu", rows[i].in,
			    (unsigned long long)n);
	}
}

static void
other_sizes_are_refused(void **state)
{
	static const char *const rows[] = {
		"", "k", "-1", "+1", " 1", "1 ", "1kk", "1kB", "1x", "1b",
		"1.5k", "0x10", "1e3", "18446744073709551616",
		"16777216T", "18446744073709551615k",
	};
	uint64_t n = 42;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(rows); i++) {
		errno = 0;
		if (tq_size_parse(&n, rows[i], NULL) != -1 || errno != EINVAL)
			fail_msg("'%s' was taken for %llu", rows[i],
			    (unsigned long long)n);
	}
	assert_int_equal(n, 42);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_read),
		cmocka_unit_test(other_durations_are_refused),
		cmocka_unit_test(refusal_quotes_the_value),
		cmocka_unit_test(durations_are_written_short),
		cmocka_unit_test(written_durations_come_back),
		cmocka_unit_test(negative_duration_is_written_with_its_sign),
		cmocka_unit_test(small_buffer_is_not_overrun),
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(other_sizes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
