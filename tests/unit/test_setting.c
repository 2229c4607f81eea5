/* Unit tests of lib/spool/setting.c. */
#include <errno.h>
#include <string.h>

#include "lib/spool/setting.h"
#include "tests/lib/t.h"

static const struct {
	const char	*name, *text;
	int64_t		 want;
} good[] = {
	{ "autocreate", "yes", 1 },
	{ "autocreate", "no", 0 },
	{ "crashes", "0", 0 },
	{ "crashes", "200", 200 },
	{ "floor", "1M", 1 << 20 },
	{ "keep", "1h", 3600 * TQ_SECOND },
	{ "keep-failed", "0s", 0 },
	{ "keep-outcome", "4294967295", UINT32_MAX },
	{ "limit", "9223372036854775807", INT64_MAX },
	{ "limit-bytes", "10k", 10240 },
	{ "on-full", "wait", TQ_FULL_WAIT },
	{ "on-full", "refuse", TQ_FULL_REFUSE },
	{ "retries", "1000", 1000 },
	{ "sync", "full", TQ_SYNC_FULL },
	{ "sync", "batch", TQ_SYNC_BATCH },
	{ "sync", "none", TQ_SYNC_NONE },
};

static const struct {
	const char	*name, *text;
} bad[] = {
	{ "autocreate", "maybe" },
	{ "autocreate", "YES" },
	{ "crashes", "201" },
	{ "crashes", "-1" },
	{ "crashes", "three" },
	{ "floor", "much" },
	{ "keep", "1 fortnight" },
	{ "keep-outcome", "4294967296" },
	{ "limit", "9223372036854775808" },
	{ "limit", "1x" },
	{ "on-full", "drop" },
	{ "retries", "1001" },
	{ "sync", "fully" },
	{ "sync", "ful" },
};

static int
number(const char *name)
{
	return tq_setting_find(name, strlen(name));
}

static void
every_number_has_a_name_of_its_own(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < TQ_NSETTINGS; i++)
		assert_int_equal(number(tq_setting_name(i)), i);
	assert_int_equal(number("kee"), -1);
	assert_int_equal(number("keeps"), -1);
	assert_int_equal(number(""), -1);
}

static void
texts_become_values(void **state)
{
	struct tq_settings set;
	struct tq_err e;
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < T_COUNT(good); i++) {
		memset(&set, 0, sizeof(set));
		n = number(good[i].name);
		assert_int_equal(tq_setting_parse(&set, n, good[i].text, &e),
		    0);
		assert_true(set.v[n] == good[i].want);
		assert_int_equal(set.is_set, 1u << n);
	}
}

static void
senseless_texts_are_refused(void **state)
{
	struct tq_settings set = { .is_set = 0 };
	struct tq_err e;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(bad); i++) {
		e.text[0] = '\0';
		assert_int_equal(tq_setting_parse(&set, number(bad[i].name),
		    bad[i].text, &e), -1);
		assert_int_equal(e.num, EINVAL);
		assert_non_null(strstr(e.text, bad[i].text));
		assert_int_equal(set.is_set, 0);
	}
}

static void
empty_text_is_the_default_again(void **state)
{
	struct tq_settings set = { .is_set = 0 }, none = { .is_set = 0 };
	int n = number("crashes");

	(void)state;
	assert_int_equal(tq_setting_parse(&set, n, "7", NULL), 0);
	assert_int_equal(tq_setting_get(&set, &none, n), 7);
	assert_int_equal(tq_setting_parse(&set, n, "", NULL), 0);
	assert_int_equal(set.is_set, 0);
	assert_int_equal(tq_setting_get(&set, &none, n), 3);
}

static void
queue_goes_before_spool_before_default(void **state)
{
	struct tq_settings queue = { .is_set = 0 }, spool = { .is_set = 0 };
	int n = number("retries");

	(void)state;
	assert_int_equal(tq_setting_get(&queue, &spool, n), 0);
	assert_int_equal(tq_setting_parse(&spool, n, "5", NULL), 0);
	assert_int_equal(tq_setting_get(&queue, &spool, n), 5);
	assert_int_equal(tq_setting_get(NULL, &spool, n), 5);
	assert_int_equal(tq_setting_parse(&queue, n, "0", NULL), 0);
	assert_int_equal(tq_setting_get(&queue, &spool, n), 0);
}

static void
some_are_of_the_spool_only(void **state)
{
	(void)state;
	assert_int_equal(tq_setting_of_queue(number("sync")), 0);
	assert_int_equal(tq_setting_of_queue(number("floor")), 0);
	assert_int_equal(tq_setting_of_queue(number("autocreate")), 0);
	assert_int_equal(tq_setting_of_queue(number("keep-outcome")), 0);
	assert_int_equal(tq_setting_of_queue(number("keep")), 1);
	assert_int_equal(tq_setting_of_queue(number("limit")), 1);
}

static void
formatted_value_parses_to_itself(void **state)
{
	struct tq_settings set, again;
	char text[64];
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < T_COUNT(good); i++) {
		memset(&set, 0, sizeof(set));
		memset(&again, 0, sizeof(again));
		n = number(good[i].name);
		assert_int_equal(tq_setting_parse(&set, n, good[i].text,
		    NULL), 0);
		tq_setting_format(n, set.v[n], text, sizeof(text));
		assert_int_equal(tq_setting_parse(&again, n, text, NULL), 0);
		assert_true(again.v[n] == set.v[n]);
	}
}

static void
automatic_floor_is_said_so(void **state)
{
	struct tq_settings none = { .is_set = 0 };
	int n = number("floor");
	char text[64];

	(void)state;
	tq_setting_format(n, tq_setting_get(NULL, &none, n), text,
	    sizeof(text));
	assert_string_equal(text, "auto");
}

static void
word_out_of_range_formats_as_the_first(void **state)
{
	char text[64];

	(void)state;
	tq_setting_format(number("sync"), 99, text, sizeof(text));
	assert_string_equal(text, "full");
	tq_setting_format(number("sync"), -1, text, sizeof(text));
	assert_string_equal(text, "full");
}

/* ---- bytes -------------------------------------------------------------------- */

static void
bytes_hold_what_is_set(void **state)
{
	struct tq_settings set = { .is_set = 0 }, out;
	struct tq_buf b;
	struct tq_cur c;

	(void)state;
	tq_buf_init(&b);
	assert_int_equal(tq_setting_parse(&set, number("limit"), "5", NULL),
	    0);
	assert_int_equal(tq_setting_parse(&set, number("keep"), "1d", NULL),
	    0);
	tq_settings_encode(&b, &set);
	assert_true(tq_buf_ok(&b));
	tq_cur_init(&c, b.p, b.n);
	assert_int_equal(tq_settings_decode(&out, &c), 0);
	assert_memory_equal(&out, &set, sizeof(set));
	tq_buf_fini(&b);
}

static void
setting_of_a_later_release_is_skipped(void **state)
{
	static const char bytes[] = "\4glow\7\5limit\5";
	struct tq_settings out;
	struct tq_cur c;

	(void)state;
	tq_cur_init(&c, bytes, sizeof(bytes) - 1);
	assert_int_equal(tq_settings_decode(&out, &c), 0);
	assert_int_equal(out.is_set, 1u << number("limit"));
	assert_int_equal(out.v[number("limit")], 5);
}

static void
value_out_of_range_is_skipped(void **state)
{
	/* crashes 201, and a limit over what is signed */
	static const char bytes[] =
	    "\7crashes\311\1\5limit\377\377\377\377\377\377\377\377\377\1";
	struct tq_settings out;
	struct tq_cur c;

	(void)state;
	tq_cur_init(&c, bytes, sizeof(bytes) - 1);
	assert_int_equal(tq_settings_decode(&out, &c), 0);
	assert_int_equal(out.is_set, 0);
}

static void
cut_bytes_are_refused(void **state)
{
	static const char bytes[] = "\5limit\5\4keep\7";
	struct tq_settings out;
	unsigned good_ends = 0;
	struct tq_cur c;
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(bytes) - 1; n++) {
		tq_cur_init(&c, bytes, n);
		good_ends += tq_settings_decode(&out, &c) == 0;
	}
	/* nothing, and the first setting whole */
	assert_int_equal(good_ends, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_has_a_name_of_its_own),
		cmocka_unit_test(texts_become_values),
		cmocka_unit_test(senseless_texts_are_refused),
		cmocka_unit_test(empty_text_is_the_default_again),
		cmocka_unit_test(queue_goes_before_spool_before_default),
		cmocka_unit_test(some_are_of_the_spool_only),
		cmocka_unit_test(formatted_value_parses_to_itself),
		cmocka_unit_test(automatic_floor_is_said_so),
		cmocka_unit_test(word_out_of_range_formats_as_the_first),
		cmocka_unit_test(bytes_hold_what_is_set),
		cmocka_unit_test(setting_of_a_later_release_is_skipped),
		cmocka_unit_test(value_out_of_range_is_skipped),
		cmocka_unit_test(cut_bytes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
