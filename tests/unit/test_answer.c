/* Unit tests of lib/worker/answer.c: what counts as an answer. */
#include <errno.h>
#include <string.h>

#include "lib/worker/answer.h"
#include "tests/lib/t.h"

static void
answers_are_read(void **state)
{
	static const struct {
		const char *line;
		int	 status;	/* -1: it is none */
		const char *text;	/* output, or what the refusal says */
	} rows[] = {
		{ "{\"id\":\"a\"}", 0, "" },
		{ "{\"id\":\"a\",\"result\":\"x y\"}", 0, "x y" },
		{ "{\"id\":\"a\",\"result\":[1, {}]}", 0, "[1,{}]\n" },
		{ "{\"id\":\"a\",\"result\":null}", 0, "" },
		{ "{\"id\":\"a\",\"result\":[\"\\u00e9\\n\", 1e0]}", 0,
		    "[\"\xc3\xa9\\n\",1e0]\n" },
		/* what Python writes */
		{ "{\"id\":\"a\",\"result\":NaN}", 0, "NaN\n" },
		{ "{\"id\":\"a\",\"result\":[-Infinity, "
		    "123456789012345678901234567890]}", 0,
		    "[-Infinity,123456789012345678901234567890]\n" },
		{ "{\"id\":\"a\",\"result\":\"\\ud800\"}", 0,
		    "\"\\ud800\"\n" },
		{ "{\"id\":\"a\",\"result\":nan}", -1, "not JSON" },
		{ "{\"id\":\"a\",\"retry\":NaN}", -1, "retry" },
		{ "{\"id\":\"a\",\"status\":99999999999999999999}", -1,
		    "status" },
		{ "{\"id\":\"a\",\"state\":\"S\",\"meta\":NaN}", -1,
		    "meta" },
		{ "{\"id\":\"a\",\"replace\":{\"task\":\"x\","
		    "\"args\":[NaN]}}", -1, "no signature" },
		{ "{\"id\":\"a\",\"error\":\"no\"}", 1, "" },
		{ "{\"id\":\"a\",\"error\":\"no\",\"status\":65}", 65, "" },
		{ "{\"id\":\"a\",\"status\":75}", 75, "" },
		{ "", -1, "not JSON" },
		{ "[\"a\"]", -1, "not an object" },
		{ "{\"id\":\"b\"}", -1, "another id" },
		{ "{\"id\":1}", -1, "no id" },
		{ "{\"id\":\"a\",\"x\":1}", -1, "a member" },
		{ "{\"id\":\"a\",\"id\":\"a\"}", -1, "twice" },
		{ "{\"id\":\"a\",\"error\":1}", -1, "no string" },
		{ "{\"id\":\"a\",\"status\":256}", -1, "status" },
		{ "{\"id\":\"a\",\"error\":\"\",\"status\":0}", -1, "status 0" },
		{ "{\"id\":\"a\",\"type\":\"E\"}", -1, "type" },
		{ "{\"id\":\"a\",\"error\":\"\",\"type\":\"a b\"}", -1, "type" },
		{ "{\"id\":\"a\",\"retry\":-1}", -1, "retry" },
		{ "{\"id\":\"a\",\"args\":[1]}", -1, "args" },
		{ "{\"id\":\"a\",\"error\":\"\",\"type\":\"E\","
		    "\"args\":1}", -1, "args" },
		{ "{\"id\":\"a\",\"retries\":1}", -1, "retries" },
		{ "{\"id\":\"a\",\"error\":\"\",\"retries\":-1}", -1,
		    "retries" },
		{ "{\"id\":\"a\",\"error\":\"\",\"retries\":2147483648}",
		    -1, "retries" },
		{ "{\"id\":\"a\",\"replace\":1}", -1, "no signature" },
		{ "{\"id\":\"a\",\"replace\":{\"name\":\"x\"}}", -1,
		    "no signature" },
		{ "{\"id\":\"a\",\"replace\":{\"task\":\"x\"},"
		    "\"result\":1}", -1, "in one" },
		{ "{\"id\":\"a\",\"replace\":{\"task\":\"x\"},"
		    "\"progress\":\"\"}", -1, "in one" },
		{ "{\"id\":\"a\",\"progress\":1}", -1, "progress" },
		{ "{\"id\":\"a\",\"progress\":\"\",\"result\":1}", -1, "in one" },
		{ "{\"id\":\"a\",\"meta\":1}", -1, "no name" },
	};
	struct tq_answer a;
	struct tq_arena mem;
	struct tq_err e;
	size_t i;

	(void)state;
	tq_arena_init(&mem);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (tq_answer_parse(&a, &mem, rows[i].line,
		    strlen(rows[i].line), "a", NULL, &e) == -1) {
			assert_int_equal(rows[i].status, -1);
			assert_int_equal(errno, EINVAL);
			assert_non_null(strstr(e.text, rows[i].text));
			continue;
		}
		assert_int_equal(a.status, rows[i].status);
		assert_int_equal(a.out.n, strlen(rows[i].text));
		assert_memory_equal(a.out.p != NULL ? a.out.p : "",
		    rows[i].text, a.out.n);
	}
	tq_arena_fini(&mem);
}

static void
reason_is_the_first_line_of_the_error(void **state)
{
	static const char line[] = "{\"id\":\"a\",\"error\":\"one\\ntwo\"}";
	struct tq_answer a;
	struct tq_arena mem;

	(void)state;
	tq_arena_init(&mem);
	assert_int_equal(tq_answer_parse(&a, &mem, line, sizeof(line) - 1,
	    "a", NULL, NULL), 0);
	assert_string_equal(a.why, "one");
	assert_int_equal(a.err.n, 7);
	tq_arena_fini(&mem);
}

static int
parse(struct tq_answer *a, struct tq_arena *mem, const char *line)
{
	return tq_answer_parse(a, mem, line, strlen(line), "a", "b", NULL);
}

static void
error_has_a_type_and_a_retry_a_time(void **state)
{
	struct tq_answer a;
	struct tq_arena mem;

	(void)state;
	tq_arena_init(&mem);
	assert_int_equal(parse(&a, &mem, "{\"id\":\"a\",\"error\":\"no\","
	    "\"type\":\"KeyError\"}"), 0);
	assert_string_equal(a.type, "KeyError");
	assert_true(a.retry == -1);
	assert_int_equal(parse(&a, &mem, "{\"id\":\"a\",\"retry\":1.5}"), 0);
	assert_true(a.retry == 1500 * TQ_MS);
	assert_int_equal(a.retries, -1);
	assert_int_equal(parse(&a, &mem, "{\"id\":\"a\",\"error\":\"no\","
	    "\"retries\":3,\"retry\":2}"), 0);
	assert_int_equal(a.retries, 3);
	assert_true(a.retry == 2 * TQ_SECOND);
	tq_arena_fini(&mem);
}

static void
string_that_is_no_plain_line_is_kept_exactly(void **state)
{
	struct tq_answer a;
	struct tq_arena mem;

	(void)state;
	tq_arena_init(&mem);
	assert_int_equal(parse(&a, &mem, "{\"id\":\"a\",\"result\":\"x\"}"),
	    0);
	assert_int_equal(a.exact.n, 0);
	assert_int_equal(parse(&a, &mem, "{\"id\":\"a\",\"result\":\"\"}"),
	    0);
	assert_string_equal(a.exact.p, "\"\"");
	assert_int_equal(parse(&a, &mem,
	    "{\"id\":\"a\",\"result\":\"x\\n\"}"), 0);
	assert_string_equal(a.exact.p, "\"x\\n\"");
	assert_int_equal(a.out.n, 2);
	tq_arena_fini(&mem);
}

static void
exception_has_arguments(void **state)
{
	struct tq_answer a;
	struct tq_arena mem;

	(void)state;
	tq_arena_init(&mem);
	assert_int_equal(parse(&a, &mem, "{\"id\":\"a\",\"error\":\"no\","
	    "\"type\":\"E\",\"args\":[\"x\", 2]}"), 0);
	assert_string_equal(a.args.p, "[\"x\",2]");
	assert_int_equal(a.args.n, 7);
	tq_arena_fini(&mem);
}

static void
another_task_may_be_named(void **state)
{
	struct tq_answer a;
	struct tq_arena mem;

	(void)state;
	tq_arena_init(&mem);
	assert_int_equal(parse(&a, &mem, "{\"id\":\"a\",\"replace\":"
	    "{\"task\":\"x\", \"args\":[1]}}"), 0);
	assert_int_equal(a.is_report, 0);
	assert_int_equal(a.status, 0);
	assert_string_equal(a.replace.p, "{\"task\":\"x\",\"args\":[1]}");
	assert_int_equal(parse(&a, &mem, "{\"id\":\"a\",\"replace\":null}"),
	    0);
	assert_string_equal(a.replace.p, "null");
	tq_arena_fini(&mem);
}

static void
progress_is_no_answer(void **state)
{
	struct tq_answer a;
	struct tq_arena mem;

	(void)state;
	tq_arena_init(&mem);
	assert_int_equal(parse(&a, &mem, "{\"id\":\"a\"}"), 0);
	assert_false(a.is_report);
	assert_int_equal(parse(&a, &mem, "{\"id\":\"a\",\"progress\":\"5%\"}"),
	    0);
	assert_true(a.is_report);
	assert_memory_equal(a.report.text.p, "5%", 2);
	assert_int_equal(parse(&a, &mem, "{\"id\":\"a\",\"state\":\"X\","
	    "\"meta\":{\"n\": 1}}"), 0);
	assert_string_equal(a.report.state, "X");
	assert_string_equal(a.report.text.p, "{\"n\":1}");
	tq_arena_fini(&mem);
}

static void
second_answer_is_told_from_a_wrong_one(void **state)
{
	struct tq_answer a;
	struct tq_arena mem;

	(void)state;
	tq_arena_init(&mem);
	assert_int_equal(parse(&a, &mem, "{\"id\":\"b\"}"), -1);
	assert_int_equal(errno, EALREADY);
	assert_int_equal(parse(&a, &mem, "{\"id\":\"c\"}"), -1);
	assert_int_equal(errno, EINVAL);
	tq_arena_fini(&mem);
}

static void
quoted_line_obeys_nobody(void **state)
{
	char buf[16];

	(void)state;
	tq_answer_quote(buf, sizeof(buf), "a\033[1m\xff\n", 7);
	assert_string_equal(buf, "a?[1m??");
	tq_answer_quote(buf, 4, "abcdef", 6);
	assert_string_equal(buf, "abc");
}

static void
children_are_an_array(void **state)
{
	static const char line[] = "{\"id\":\"a\",\"result\":1,"
	    "\"children\":[\"b\", [[\"c\", null], null]]}";
	static const char bad[] = "{\"id\":\"a\",\"children\":\"b\"}";
	struct tq_answer a;
	struct tq_arena mem;

	(void)state;
	tq_arena_init(&mem);
	assert_int_equal(tq_answer_parse(&a, &mem, line, strlen(line), "a",
	    NULL, NULL), 0);
	assert_int_equal(a.children.n, strlen("[\"b\",[[\"c\",null],null]]"));
	assert_memory_equal(a.children.p, "[\"b\",[[\"c\",null],null]]",
	    a.children.n);
	assert_int_equal(tq_answer_parse(&a, &mem, bad, strlen(bad), "a",
	    NULL, NULL), -1);
	tq_arena_fini(&mem);
}

static void
arguments_that_are_no_json_are_left_out(void **state)
{
	static const char line[] = "{\"id\":\"a\",\"error\":\"nan\","
	    "\"type\":\"ValueError\",\"args\":[NaN]}";
	struct tq_answer a;
	struct tq_arena mem;

	(void)state;
	tq_arena_init(&mem);
	assert_int_equal(tq_answer_parse(&a, &mem, line, strlen(line), "a",
	    NULL, NULL), 0);
	assert_string_equal(a.type, "ValueError");
	assert_int_equal(a.args.n, 0);
	assert_string_equal(a.why, "nan");
	tq_arena_fini(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_read),
		cmocka_unit_test(reason_is_the_first_line_of_the_error),
		cmocka_unit_test(error_has_a_type_and_a_retry_a_time),
		cmocka_unit_test(string_that_is_no_plain_line_is_kept_exactly),
		cmocka_unit_test(exception_has_arguments),
		cmocka_unit_test(arguments_that_are_no_json_are_left_out),
		cmocka_unit_test(children_are_an_array),
		cmocka_unit_test(another_task_may_be_named),
		cmocka_unit_test(progress_is_no_answer),
		cmocka_unit_test(second_answer_is_told_from_a_wrong_one),
		cmocka_unit_test(quoted_line_obeys_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
