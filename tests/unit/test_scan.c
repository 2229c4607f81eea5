/* Unit tests of lib/message/scan.c and scan_check.c. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "lib/message/scan.h"
#include "tests/lib/celery.h"
#include "tests/lib/t.h"

static const struct tq_scan_bounds most = { 1000, 20, 4 };

struct fixture {
	struct tq_arena	 mem;
	struct tq_err	 e;
};

static int
setup(void **state)
{
	static struct fixture f;

	tq_arena_init(&f.mem);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	tq_arena_fini(&f->mem);
	return 0;
}

static struct tq_bytes
json(const char *text)
{
	return t_json(text, &most);
}

static void
assert_slice(struct tq_bytes v, const char *want)
{
	assert_int_equal(v.n, strlen(want));
	assert_memory_equal(v.p, want, v.n);
}

/* ---- what is JSON ----------------------------------------------------- */

static void
json_passes(void **state)
{
	static const char *const good[] = {
		"0", "-0", "1.5", "1e5", "1E+5", "0.1e-10", "null", "true",
		"false", "\"\"", "\"a\"", "[]", "{}", "[1,2]", "[[],{}]",
		"{\"a\":1}", "{\"a\":{\"b\":[null]}}", " [ 1 , 2 ] ",
		"{ \"a\" : 1 , \"b\" : 2 }", "\t\r\n1\n", "\"\\\"\\\\\\/\"",
		"\"\\b\\f\\n\\r\\t\\u00e4\\ud83d\\ude00\"", "\"\xc3\xa4\"",
		"\"\\ud800\"", "{\"a\":1,\"a\":2}", "\"\x7f\"", "1e999"
	};
	struct tq_bytes v;
	struct tq_err e;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(good); i++) {
		if (tq_scan_check_strict(&v, good[i], strlen(good[i]), &most,
		    &e) == -1)
			fail_msg("%s: %s", good[i], e.text);
	}
}

static void
what_is_no_json_is_refused(void **state)
{
	static const char *const bad[] = {
		"", " ", "nul", "nulll", "True", "01", "+1", "-", "1.", ".5",
		"1e", "1e+", "0x1", "--1", "1 2", "[1,]", "[,1]", "[1 2]",
		"[", "]", "[1", "{", "}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
		"{a:1}", "{1:1}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "[1}",
		"{\"a\":1]", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"",
		"\"\\u12g4\"", "\"\n\"", "\"\x01\"", "'a'", "\"\xff\"",
		"\"\xed\xa0\x80\"", "\"\xc0\x80\"", "\xef\xbb\xbf" "1",
		"[1]]", "{}{}", "-Inf", "Infinit", "// 1", "-NaN"
	};
	struct tq_bytes v;
	struct tq_err e;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(bad); i++) {
		if (tq_scan_check(&v, bad[i], strlen(bad[i]), &most, &e) == 0)
			fail_msg("'%s' passes", bad[i]);
		assert_int_equal(e.num, EBADMSG);
	}
}

static void
a_nul_is_no_json(void **state)
{
	static const char text[] = "[1,\0 2]", string[] = "\"a\0b\"";
	struct tq_bytes v;

	(void)state;
	assert_int_equal(tq_scan_check(&v, text, sizeof(text) - 1, &most,
	    NULL), -1);
	assert_int_equal(tq_scan_check(&v, string, sizeof(string) - 1, &most,
	    NULL), -1);
	assert_int_equal(tq_scan_check(&v, "\"\\\0\"", 4, &most, NULL), -1);
}

static void
words_of_python_pass_unless_strict(void **state)
{
	static const char *const words[] = {
		"NaN", "Infinity", "-Infinity", "[NaN,-Infinity]"
	};
	struct tq_bytes v;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(words); i++) {
		json(words[i]);
		assert_int_equal(tq_scan_check_strict(&v, words[i],
		    strlen(words[i]), &most, NULL), -1);
	}
}

static void
the_place_of_a_mistake_is_told(void **state)
{
	struct tq_bytes v;
	struct tq_err e;

	(void)state;
	assert_int_equal(tq_scan_check(&v, "[1, oops]", 9, &most, &e), -1);
	assert_string_equal(e.text,
	    "not JSON: want a value at byte 4, found 'oops]'");
	assert_int_equal(tq_scan_check(&v, "[1", 2, &most, &e), -1);
	assert_string_equal(e.text, "not JSON: want a comma or a closing "
	    "bracket at byte 2, found the end");
	assert_int_equal(tq_scan_check(&v, "\xff", 1, &most, &e), -1);
	assert_non_null(strstr(e.text, "found a strange byte"));
}

static void
bounds_are_kept(void **state)
{
	char text[2048];
	struct tq_bytes v;
	struct tq_err e;

	(void)state;
	json("[[[[1]]]]");
	assert_int_equal(tq_scan_check(&v, "[[[[[1]]]]]", 11, &most, &e), -1);
	assert_int_equal(e.num, EMSGSIZE);
	/* names count as values do: 1 + 2 * 9, then 1 + 2 * 10 */
	json("{\"a\":1,\"a\":1,\"a\":1,\"a\":1,\"a\":1,\"a\":1,\"a\":1,"
	    "\"a\":1,\"a\":1}");
	assert_int_equal(tq_scan_check(&v, "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
	    "1,1,1,1]", 41, &most, &e), -1);
	assert_int_equal(e.num, EMSGSIZE);
	memset(text, ' ', sizeof(text));
	text[0] = '1';
	assert_int_equal(tq_scan_check(&v, text, 1001, &most, &e), -1);
	assert_int_equal(e.num, EMSGSIZE);
	assert_int_equal(tq_scan_check(&v, text, 1000, &most, &e), 0);
	assert_slice(v, "1");
}

static void
a_bomb_of_depth_costs_no_stack(void **state)
{
	static const struct tq_scan_bounds wide = { 1 << 21, 1 << 21, 1000 };
	static char text[1 << 20];
	struct tq_bytes v;
	struct tq_err e;

	(void)state;
	memset(text, '[', sizeof(text));
	assert_int_equal(tq_scan_check(&v, text, sizeof(text), &wide, &e),
	    -1);
	assert_int_equal(e.num, EMSGSIZE);
}

/* ---- parts ------------------------------------------------------------ */

static void
types_are_told_apart(void **state)
{
	static const struct tq_bytes none = { NULL, 0 };

	(void)state;
	assert_int_equal(tq_scan_type(none), TQ_SCAN_NONE);
	assert_int_equal(tq_scan_type(json("null")), TQ_SCAN_NULL);
	assert_int_equal(tq_scan_type(json("true")), TQ_SCAN_BOOL);
	assert_int_equal(tq_scan_type(json("-1")), TQ_SCAN_NUMBER);
	assert_int_equal(tq_scan_type(json("NaN")), TQ_SCAN_NUMBER);
	assert_int_equal(tq_scan_type(json("Infinity")), TQ_SCAN_NUMBER);
	assert_int_equal(tq_scan_type(json("\"\"")), TQ_SCAN_STRING);
	assert_int_equal(tq_scan_type(json("[]")), TQ_SCAN_ARRAY);
	assert_int_equal(tq_scan_type(json("{}")), TQ_SCAN_OBJECT);
	assert_true(tq_scan_unset(none));
	assert_true(tq_scan_unset(json("null")));
	assert_false(tq_scan_unset(json("0")));
}

static void
elements_come_in_their_order(void **state)
{
	struct tq_bytes v = json(" [ 1 , \"],[\" ,{\"a\":[ 2 ]}, [] ] ");

	(void)state;
	assert_int_equal(tq_scan_count(v), 4);
	assert_slice(tq_scan_at(v, 0), "1");
	assert_slice(tq_scan_at(v, 1), "\"],[\"");
	assert_slice(tq_scan_at(v, 2), "{\"a\":[ 2 ]}");
	assert_slice(tq_scan_at(v, 3), "[]");
	assert_null(tq_scan_at(v, 4).p);
	assert_int_equal(tq_scan_count(json("[ ]")), 0);
}

static void
the_last_of_two_members_counts(void **state)
{
	struct tq_bytes v = json("{\"a\": 1, \"b\" : {\"a\": 5}, "
	    "\"\\u0061\": 3}");

	(void)state;
	assert_int_equal(tq_scan_count(v), 3);
	assert_slice(tq_scan_get(v, "a"), "3");
	assert_slice(tq_scan_get(v, "b"), "{\"a\": 5}");
	assert_null(tq_scan_get(v, "").p);
	assert_null(tq_scan_get(json("[1]"), "a").p);
}

static void
strings_are_decoded(void **state)
{
	struct fixture *f = *state;
	struct tq_bytes s;

	s = tq_scan_string(&f->mem, json("\"a\\n\\u00e4\\ud83d\\ude00\\/\""));
	assert_slice(s, "a\n\xc3\xa4\xf0\x9f\x98\x80/");
	assert_int_equal(s.p[s.n], '\0');
	s = tq_scan_string(&f->mem, json("\"\\u0000\""));
	assert_int_equal(s.n, 1);
	assert_int_equal(s.p[0], '\0');
	assert_null(tq_scan_string(&f->mem, json("1")).p);
	assert_int_equal(errno, EINVAL);
}

static void
half_a_pair_is_no_text(void **state)
{
	static const char *const halves[] = {
		"\"\\ud800\"", "\"\\udc00\"", "\"\\ud800x\"",
		"\"\\ud800\\ud800\"", "\"\\udc00\\ud800\"",
		"\"\\udc00\\udc00\"", "\"\\ud800\\n\""
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < T_COUNT(halves); i++) {
		assert_null(tq_scan_string(&f->mem, json(halves[i])).p);
		assert_int_equal(errno, EILSEQ);
		assert_false(tq_scan_says(json(halves[i]), "x"));
	}
	assert_slice(tq_scan_text(&f->mem, json("\"a\\ud800b\"")),
	    "a\xef\xbf\xbd" "b");
}

static void
a_string_says_what_it_decodes_to(void **state)
{
	(void)state;
	assert_true(tq_scan_says(json("\"a\\u0062\""), "ab"));
	assert_true(tq_scan_says(json("\"\""), ""));
	assert_true(tq_scan_says(json("\"\\ud83d\\ude00\""),
	    "\xf0\x9f\x98\x80"));
	assert_false(tq_scan_says(json("\"ab\""), "a"));
	assert_false(tq_scan_says(json("\"a\""), "ab"));
	assert_false(tq_scan_says(json("\"a\\u0000\""), "a"));
	assert_false(tq_scan_says(json("null"), "null"));
}

static void
integers_end_at_64_bits(void **state)
{
	static const struct {
		const char	*text;
		int		 is;
		int64_t		 want;
	} v[] = {
		{ "0", 1, 0 }, { "-0", 1, 0 }, { "-1", 1, -1 },
		{ "9223372036854775807", 1, INT64_MAX },
		{ "-9223372036854775808", 1, INT64_MIN },
		{ "9223372036854775808", 0, 0 },
		{ "-9223372036854775809", 0, 0 },
		{ "99999999999999999999999", 0, 0 },
		{ "1.0", 0, 0 }, { "1e2", 0, 0 }, { "NaN", 0, 0 },
		{ "Infinity", 0, 0 }, { "\"1\"", 0, 0 }, { "true", 0, 0 }
	};
	int64_t n;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(v); i++) {
		n = 0;
		assert_int_equal(tq_scan_int(&n, json(v[i].text)), v[i].is);
		assert_true(!v[i].is || n == v[i].want);
	}
}

static void
reals_are_finite(void **state)
{
	double d = 0;

	(void)state;
	assert_true(tq_scan_real(&d, json("1.5e2")));
	assert_true(d == 150);
	assert_true(tq_scan_real(&d, json("-0")));
	assert_true(d == 0 && signbit(d));
	assert_false(tq_scan_real(&d, json("1e999")));
	assert_false(tq_scan_real(&d, json("NaN")));
	assert_false(tq_scan_real(&d, json("-Infinity")));
	assert_false(tq_scan_real(&d, json("\"1\"")));
}

/* ---- out -------------------------------------------------------------- */

static void
compact_form_has_no_blanks(void **state)
{
	struct tq_buf b;
	struct tq_bytes v;

	(void)state;
	tq_buf_init(&b);
	tq_scan_compact(&b, json("{ \"a b\" : [ 1 ,\t2 ] ,\n\"\\\" c\": -0 }"));
	v.p = (const char *)b.p;
	v.n = b.n;
	assert_slice(v, "{\"a b\":[1,2],\"\\\" c\":-0}");
	tq_buf_fini(&b);
}

static void
quoted_form_is_ascii(void **state)
{
	static const char in[] = "a\"\\\n\t\0\xc3\xa4\xf0\x9f\x98\x80\xff\x7f";
	struct tq_buf b;
	struct tq_bytes v;

	(void)state;
	tq_buf_init(&b);
	tq_scan_quote(&b, in, sizeof(in) - 1);
	v.p = (const char *)b.p;
	v.n = b.n;
	assert_slice(v, "\"a\\\"\\\\\\n\\u0009\\u0000\\u00e4\\ud83d\\ude00"
	    "\\ufffd\\u007f\"");
	tq_buf_fini(&b);
}

#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(json_passes),
		T(what_is_no_json_is_refused),
		T(a_nul_is_no_json),
		T(words_of_python_pass_unless_strict),
		T(the_place_of_a_mistake_is_told),
		T(bounds_are_kept),
		T(a_bomb_of_depth_costs_no_stack),
		T(types_are_told_apart),
		T(elements_come_in_their_order),
		T(the_last_of_two_members_counts),
		T(strings_are_decoded),
		T(half_a_pair_is_no_text),
		T(a_string_says_what_it_decodes_to),
		T(integers_end_at_64_bits),
		T(reals_are_finite),
		T(compact_form_has_no_blanks),
		T(quoted_form_is_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
