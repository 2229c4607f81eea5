/* Unit tests of lib/worker/words.c: what a task says of itself. */
#include <errno.h>
#include <string.h>

#include "lib/worker/words.h"
#include "tests/lib/t.h"

struct fixture {
	char		 line[256];
	struct tq_words	 w;
	struct tq_err	 e;
};

static int
read_line(struct fixture *f, const char *line)
{
	memset(f, 0, sizeof(*f));
	memcpy(f->line, line, strlen(line) + 1);
	return tq_words_parse(&f->w, f->line, strlen(line), &f->e);
}

static void
words_without_a_mark_are_progress(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(read_line(&f, "half done! "), 0);
	assert_int_equal(f.w.word, TQ_WORD_PROGRESS);
	assert_string_equal(f.w.text.p, "half done! ");
}

static void
state_has_a_name_and_json(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(read_line(&f, "!state LOADING  {\"n\": 1}"), 0);
	assert_int_equal(f.w.word, TQ_WORD_STATE);
	assert_string_equal(f.w.name, "LOADING");
	assert_string_equal(f.w.text.p, "{\"n\": 1}");
	assert_int_equal(read_line(&f, "!state READY"), 0);
	assert_int_equal(f.w.text.n, 0);
}

static void
retry_has_a_duration(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(read_line(&f, "!retry 1m30s"), 0);
	assert_int_equal(f.w.word, TQ_WORD_RETRY);
	assert_int_equal(f.w.delay, 90 * TQ_SECOND);
}

static void
fail_has_a_type_and_a_message(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(read_line(&f, "!fail KeyError no such key: 'a b'"), 0);
	assert_int_equal(f.w.word, TQ_WORD_FAIL);
	assert_string_equal(f.w.name, "KeyError");
	assert_string_equal(f.w.text.p, "no such key: 'a b'");
}

static void
child_is_an_id(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(read_line(&f, "!child 3f-9 "), 0);
	assert_int_equal(f.w.word, TQ_WORD_CHILD);
	assert_string_equal(f.w.name, "3f-9");
}

static void
result_and_replace_are_json(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(read_line(&f, "!result [1, 2]"), 0);
	assert_int_equal(f.w.word, TQ_WORD_RESULT);
	assert_string_equal(f.w.text.p, "[1, 2]");
	assert_int_equal(read_line(&f, "!replace {\"cmd\":\"true\"}"), 0);
	assert_int_equal(f.w.word, TQ_WORD_REPLACE);
}

static void
bad_words_are_quoted(void **state)
{
	static const char *const bad[] = {
		"!", "!done", "!Retry 1s", "!retry", "!retry soon", "!fail",
		"!fail a/b c", "!state", "!state a b", "!result", "!result {",
		"!replace 1", "!replace", "!child", "!child a b"
	};
	struct fixture f;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(bad); i++) {
		assert_int_equal(read_line(&f, bad[i]), -1);
		assert_int_equal(f.e.num, EINVAL);
		assert_non_null(strstr(f.e.text, bad[i]));
	}
}

static void
nul_in_a_line_is_refused(void **state)
{
	char line[] = "a\0b\n";
	struct tq_words w;

	(void)state;
	assert_int_equal(tq_words_parse(&w, line, 3, NULL), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_without_a_mark_are_progress),
		cmocka_unit_test(state_has_a_name_and_json),
		cmocka_unit_test(retry_has_a_duration),
		cmocka_unit_test(fail_has_a_type_and_a_message),
		cmocka_unit_test(child_is_an_id),
		cmocka_unit_test(result_and_replace_are_json),
		cmocka_unit_test(bad_words_are_quoted),
		cmocka_unit_test(nul_in_a_line_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
