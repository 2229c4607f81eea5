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
	{ "backoff", "2s,1.5,1m", 2 * TQ_SECOND },
	{ "crashes", "0", 0 },
	{ "crashes", "200", 200 },
	{ "floor", "1M", 1 << 20 },
	{ "keep", "1h", 3600 * TQ_SECOND },
	{ "keep-failed", "0s", 0 },
	{ "keep-outcome", "4294967295", UINT32_MAX },
	{ "later", "254", 254 },
	{ "lease", "1h", 3600 * TQ_SECOND },
	{ "limit", "9223372036854775807", INT64_MAX },
	{ "limit-bytes", "10k", 10240 },
	{ "on-full", "wait", TQ_FULL_WAIT },
	{ "on-full", "refuse", TQ_FULL_REFUSE },
	{ "permanent", "1-3,63", (int64_t)(UINT64_C(1) << 63 | 0xe) },
	{ "permanent", "none", 0 },
	{ "retries", "1000", 1000 },
	{ "sync", "full", TQ_SYNC_FULL },
	{ "sync", "batch", TQ_SYNC_BATCH },
	{ "sync", "none", TQ_SYNC_NONE },
	{ "temporary", "255", 0 },
};

static const struct {
	const char	*name, *text;
} bad[] = {
	{ "autocreate", "maybe" },
	{ "autocreate", "YES" },
	{ "backoff", "1s,0.5" },
	{ "backoff", "1m,2,1s" },
	{ "crashes", "201" },
	{ "crashes", "-1" },
	{ "crashes", "three" },
	{ "floor", "much" },
	{ "keep", "1 fortnight" },
	{ "keep-outcome", "4294967296" },
	{ "limit", "9223372036854775808" },
	{ "limit", "1x" },
	{ "later", "255" },
	{ "permanent", "0" },
	{ "permanent", "256" },
	{ "permanent", "5-3" },
	{ "temporary", "75," },
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
		if (tq_setting_name(i) != NULL)
			assert_int_equal(number(tq_setting_name(i)), i);
	assert_int_equal(number("backoff.cap"), -1);
	assert_null(tq_setting_name(TQ_SET_FACTOR));
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
		assert_true(set.is_set & TQ_SET_BIT(n));
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
	char text[1024];
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < T_COUNT(good); i++) {
		memset(&set, 0, sizeof(set));
		memset(&again, 0, sizeof(again));
		n = number(good[i].name);
		assert_int_equal(tq_setting_parse(&set, n, good[i].text,
		    NULL), 0);
		tq_setting_format(n, NULL, &set, text, sizeof(text));
		assert_int_equal(tq_setting_parse(&again, n, text, NULL), 0);
		assert_memory_equal(&again, &set, sizeof(set));
	}
}

static void
automatic_floor_is_said_so(void **state)
{
	struct tq_settings none = { .is_set = 0 };
	int n = number("floor");
	char text[64];

	(void)state;
	tq_setting_format(n, NULL, &none, text, sizeof(text));
	assert_string_equal(text, "auto");
}

static void
word_out_of_range_formats_as_the_first(void **state)
{
	struct tq_settings set = { .is_set = TQ_SET_BIT(TQ_SET_SYNC) };
	char text[64];

	(void)state;
	set.v[TQ_SET_SYNC] = 99;
	tq_setting_format(TQ_SET_SYNC, NULL, &set, text, sizeof(text));
	assert_string_equal(text, "full");
	set.v[TQ_SET_SYNC] = -1;
	tq_setting_format(TQ_SET_SYNC, NULL, &set, text, sizeof(text));
	assert_string_equal(text, "full");
}

/* Set by text, of which none is refused. */
static void
set_to(struct tq_settings *set, const char *name, const char *text)
{
	assert_int_equal(tq_setting_parse(set, number(name), text, NULL), 0);
}

static void
preset_rules_are_those_of_a_worker_without_a_queue(void **state)
{
	struct tq_settings none = { .is_set = 0 };
	struct tq_rules want, got;
	char text[1024];

	(void)state;
	tq_rules_init(&want);
	tq_setting_rules(&got, NULL, &none);
	assert_memory_equal(&got, &want, sizeof(got));
	tq_setting_format(number("permanent"), NULL, &none, text,
	    sizeof(text));
	assert_string_equal(text, "64-68,77-78,100,126-127");
	tq_setting_format(number("temporary"), NULL, &none, text,
	    sizeof(text));
	assert_string_equal(text, "75,111");
	tq_setting_format(number("backoff"), NULL, &none, text, sizeof(text));
	assert_string_equal(text, "1,2,10m");
}

static void
rules_are_the_queues_whole_or_the_spools(void **state)
{
	struct tq_settings queue = { .is_set = 0 }, spool = { .is_set = 0 };
	struct tq_rules r;

	(void)state;
	set_to(&spool, "backoff", "3s,4,20m");
	set_to(&spool, "later", "7");
	set_to(&spool, "permanent", "9");
	set_to(&queue, "backoff", "20m");
	set_to(&queue, "temporary", "none");
	tq_setting_rules(&r, &queue, &spool);
	assert_true(r.backoff == 1200 * TQ_SECOND);
	assert_int_equal(r.factor, 2000);
	/* a cap that is not said does not cut what is */
	assert_true(r.backoff_cap == 1200 * TQ_SECOND);
	assert_int_equal(r.later, 7);
	assert_true(r.permanent[0] == 1 << 9 && r.permanent[1] == 0);
	assert_true(r.temporary[1] == 0);
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
	set_to(&set, "backoff", "1s,3.25,1h");
	set_to(&set, "permanent", "1-255");
	tq_settings_encode(&b, &set);
	assert_true(tq_buf_ok(&b));
	tq_cur_init(&c, b.p, b.n);
	assert_int_equal(tq_settings_decode(&out, &c), 0);
	assert_memory_equal(&out, &set, sizeof(set));
	tq_buf_fini(&b);
}

static void
a_setting_of_which_numbers_are_missing_is_not_set(void **state)
{
	static const char bytes[] = "\7backoff\5\16backoff.factor\1";
	struct tq_settings out;
	struct tq_cur c;

	(void)state;
	tq_cur_init(&c, bytes, sizeof(bytes) - 1);
	assert_int_equal(tq_settings_decode(&out, &c), 0);
	assert_true(out.is_set == 0);
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
	assert_true(out.is_set == TQ_SET_BIT(number("limit")));
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
		cmocka_unit_test(preset_rules_are_those_of_a_worker_without_a_queue),
		cmocka_unit_test(rules_are_the_queues_whole_or_the_spools),
		cmocka_unit_test(bytes_hold_what_is_set),
		cmocka_unit_test(a_setting_of_which_numbers_are_missing_is_not_set),
		cmocka_unit_test(setting_of_a_later_release_is_skipped),
		cmocka_unit_test(value_out_of_range_is_skipped),
		cmocka_unit_test(cut_bytes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
