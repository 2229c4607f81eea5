/* Unit tests of lib/message/json*.c and base64.c. */
#include <errno.h>
#include <string.h>

#include "lib/message/base64.h"
#include "lib/message/json.h"
#include "tests/lib/t.h"

struct fixture {
	struct tq_buf	 b;
	struct tq_arena	 mem;
	struct tq_info	 info;
	struct tq_err	 e;
};

static int
setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	tq_buf_init(&f.b);
	tq_arena_init(&f.mem);
	tq_task_init(&f.info.task);
	tq_outcome_init(&f.info.end, TQ_ABSENT);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	tq_buf_fini(&f->b);
	tq_arena_fini(&f->mem);
	return 0;
}

static int
decode(struct fixture *f, const char *text)
{
	return tq_json_task_decode(&f->info.task, &f->mem, text, strlen(text),
	    &f->e);
}

static void
assert_text(const struct tq_buf *b, const char *want)
{
	assert_true(tq_buf_ok(b));
	assert_int_equal(b->n, strlen(want));
	assert_memory_equal(b->p, want, b->n);
}

/* The text, decoded and encoded again, is want. */
static void
assert_becomes(struct fixture *f, const char *text, const char *want)
{
	f->e.text[0] = '\0';
	if (decode(f, text) == -1)
		fail_msg("%s: %s", text, f->e.text);
	assert_int_equal(tq_task_check(&f->info.task, &f->e), 0);
	tq_buf_reset(&f->b);
	tq_json_task_encode(&f->b, &f->info, &f->info.task.body);
	assert_text(&f->b, want);
}

static void
command_keeps_every_byte(void **state)
{
	struct fixture *f = *state;

	assert_becomes(f, "{\"argv\":[\"a b\",{\"base64\":\"/w==\"}]}",
	    "{\"pri\":4,\"argv\":[\"a b\",{\"base64\":\"/w==\"}],"
	    "\"cmd\":\"'a b' $'\\\\377'\"}");
	assert_int_equal(f->info.task.kind, TQ_KIND_COMMAND);
	assert_string_equal(f->info.task.argv[1], "\xff");
	assert_null(f->info.task.argv[2]);
}

static void
shell_string_has_operands(void **state)
{
	struct fixture *f = *state;

	assert_becomes(f, "{\"shell\":\"echo $1\",\"args\":[\"x\"]}",
	    "{\"pri\":4,\"shell\":\"echo $1\",\"args\":[\"x\"],"
	    "\"cmd\":\"sh -c 'echo $1' sh x\"}");
	assert_int_equal(f->info.task.kind, TQ_KIND_SHELL);
	assert_int_equal(f->info.task.argc, 2);
}

static void
listed_command_line_is_run_by_a_shell(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(decode(f, "{\"tail\":\"x\",\"state\":\"ready\","
	    "\"name\":null,\"lane\":null,\"cmd\":\"make all\"}"), 0);
	assert_int_equal(f->info.task.kind, TQ_KIND_SHELL);
	assert_string_equal(f->info.task.argv[0], "make all");
}

static void
operands_of_strings_are_not_json(void **state)
{
	struct fixture *f = *state;

	assert_becomes(f,
	    "{\"name\":\"t.add\",\"args\":[\"2\"],\"kwargs\":{\"k\":\"v\"}}",
	    "{\"pri\":4,\"name\":\"t.add\",\"args\":[\"2\"],"
	    "\"kwargs\":{\"k\":\"v\"},\"cmd\":\"t.add --kw k=v 2\"}");
	assert_int_equal(f->info.task.flags, 0);
}

static void
other_operands_are_json(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(decode(f, "{\"name\":\"a\",\"args\":"
	    "[0.1,9007199254740993,\"x\",{\"a\":[null]}],"
	    "\"kwargs\":{\"k\":true}}"), 0);
	assert_int_equal(f->info.task.flags, TQ_TASK_JSON);
	assert_string_equal(f->info.task.argv[0], "0.1");
	assert_string_equal(f->info.task.argv[1], "9007199254740993");
	assert_string_equal(f->info.task.argv[2], "\"x\"");
	assert_string_equal(f->info.task.argv[3], "{\"a\":[null]}");
	assert_string_equal(f->info.task.kwargs[0], "k=true");
}

static void
json_text_is_one_line_and_harmless(void **state)
{
	static const char *const argv[] = {
		"[1,\n\t1.50, \"\xe2\x80\xae\"]", "not json"
	};
	struct fixture *f = *state;
	struct tq_task *t = &f->info.task;

	t->kind = TQ_KIND_NAMED;
	t->flags = TQ_TASK_JSON;
	t->name = "a";
	t->argc = 2;
	t->argv = argv;
	tq_json_task_encode(&f->b, &f->info, NULL);
	tq_buf_byte(&f->b, '\0');
	assert_non_null(strstr((char *)f->b.p,
	    "\"args\":[[1,  1.50, \"\\u202e\"],\"not json\"]"));
	assert_null(strchr((char *)f->b.p, '\n'));
}

static void
every_setting_comes_back(void **state)
{
	static const char text[] = "{\"id\":\"i\",\"queue\":\"q\",\"pri\":9,"
	    "\"label\":\"\xc3\xa9\",\"body\":\"hi\\n\",\"cwd\":\"/tmp\","
	    "\"umask\":\"0022\",\"env\":[\"A=b\"],"
	    "\"eta\":\"2026-11-23T12:00:00.123Z\","
	    "\"expires\":\"2026-11-24T12:00:00.000Z\",\"retries\":3,"
	    "\"backoff\":\"2,1.5,5m\",\"lane\":\"l\","
	    "\"needs\":[\"gpu=2\",\"slot\"],"
	    "\"soft\":1.5,\"hard\":10,\"limits\":\"mem=1k\",\"keep\":0,"
	    "\"hold\":true,"
	    "\"once\":true,\"noresult\":true,\"parent\":\"p\","
	    "\"root\":\"r\"}";
	struct fixture *f = *state;

	/* the id of a listing is not the task's, but info's */
	memcpy(f->info.id.s, "i", 2);
	f->info.state = TQ_ABSENT;
	assert_int_equal(decode(f, text), 0);
	f->info.task.id = NULL;
	assert_becomes(f, text, text);
	assert_int_equal(f->info.task.umask, 022);
	assert_int_equal(f->info.task.soft, 3 * TQ_SECOND / 2);
}

static void
body_with_a_nul_is_base64(void **state)
{
	struct fixture *f = *state;

	assert_becomes(f, "{\"body\":{\"base64\":\"YQBi\"}}",
	    "{\"pri\":4,\"body\":{\"base64\":\"YQBi\"}}");
	assert_int_equal(f->info.task.body.n, 3);
}

static void
past_of_a_task_is_told_and_ignored(void **state)
{
	static const char *const argv[] = { "x", NULL };
	struct fixture *f = *state;

	f->info.task.kind = TQ_KIND_COMMAND;
	f->info.task.argc = 1;
	f->info.task.argv = argv;
	f->info.state = TQ_FAILURE;
	f->info.attempt = 2;
	f->info.put = TQ_SECOND;
	f->info.end.state = TQ_FAILURE;
	f->info.end.status = 1;
	f->info.end.user = TQ_MS;
	f->info.why = "bad";
	f->info.body_size = 0;
	f->info.out_size = 5;
	tq_json_task_encode(&f->b, &f->info, NULL);
	assert_text(&f->b, "{\"state\":\"failure\",\"pri\":4,"
	    "\"argv\":[\"x\"],\"cmd\":\"x\",\"put\":\"1970-01-01T00:00:01.000Z\",\"attempt\":2,"
	    "\"status\":1,\"user\":0.001,\"why\":\"bad\",\"out\":5}");
	tq_buf_byte(&f->b, '\0');
	assert_int_equal(decode(f, (char *)f->b.p), 0);
}

static void
bad_objects_are_refused_with_a_reason(void **state)
{
	static const struct { const char *in, *want; } v[] = {
		{ "", "is not JSON" },
		{ "[]", "not an object" },
		{ "{}", "no command, name or body" },
		{ "{\"id\":\"x\",\"cmd\":null}", "no command, name or body" },
		{ "{\"que\":\"x\"}", "no member 'que'" },
		{ "{\"lanes\":\"x\"}", "no member 'lanes'" },
		{ "{\"pri\":\"x\"}", "pri is not a number" },
		{ "{\"pri\":1,\"pri\":2}", "duplicate" },
		{ "{\"argv\":\"x\"}", "argv is not an array" },
		{ "{\"argv\":[1]}", "argv is neither a string" },
		{ "{\"argv\":[{\"base64\":\"YQA=\"}]}", "argv holds a NUL" },
		{ "{\"argv\":[{\"base64\":\"YQ\"}]}", "not base64" },
		{ "{\"argv\":[\"a\"],\"shell\":\"b\"}", "more than one" },
		{ "{\"name\":\"a\",\"cmd\":\"a 1\"}", "but no args" },
		{ "{\"name\":\"a\",\"kwargs\":{\"a=b\":\"c\"}}", "'a=b'" },
		{ "{\"name\":\"a\",\"kwargs\":[]}", "not an object" },
		{ "{\"kwargs\":{}}", "kwargs without name" },
		{ "{\"args\":[]}", "args without name" },
		{ "{\"body\":5}", "only its size, 5 bytes" },
		{ "{\"eta\":\"12:00\"}", "eta '12:00'" },
		{ "{\"soft\":-1}", "soft is not a number of seconds" },
		{ "{\"umask\":18}", "umask is not an octal" },
		{ "{\"hold\":1}", "hold is neither true" }
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < T_COUNT(v); i++) {
		assert_int_equal(decode(f, v[i].in), -1);
		if (strstr(f->e.text, v[i].want) == NULL)
			fail_msg("%s: %s", v[i].in, f->e.text);
	}
}

static void
depth_is_bounded(void **state)
{
	char text[2 * TQ_JSON_DEPTH_MAX + 4];
	struct tq_err e;

	(void)state;
	memset(text, '[', TQ_JSON_DEPTH_MAX);
	memset(text + TQ_JSON_DEPTH_MAX, ']', TQ_JSON_DEPTH_MAX);
	assert_int_equal(tq_json_check(text, 2 * TQ_JSON_DEPTH_MAX, &e), 0);
	memset(text, '[', TQ_JSON_DEPTH_MAX + 1);
	memset(text + TQ_JSON_DEPTH_MAX + 1, ']', TQ_JSON_DEPTH_MAX + 1);
	assert_int_equal(tq_json_check(text, 2 * TQ_JSON_DEPTH_MAX + 2, &e),
	    -1);
	assert_int_equal(e.num, EMSGSIZE);
	/* brackets in a string open nothing */
	text[0] = text[TQ_JSON_DEPTH_MAX + 3] = '"';
	memset(text + 1, '[', TQ_JSON_DEPTH_MAX + 2);
	assert_int_equal(tq_json_check(text, TQ_JSON_DEPTH_MAX + 4, &e), 0);
}

static void
json_operands_keep_their_digits(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(decode(f, "{\"name\":\"n\",\"kwargs\":{\"\\u00e4\": "
	    "[ 1.10 ]},\"args\":[123456789012345678901234567890, -0, 1e999, "
	    "{\"a b\": [1, 2]}],\"pri\":3}"), 0);
	assert_int_equal(f->info.task.argc, 4);
	assert_string_equal(f->info.task.argv[0],
	    "123456789012345678901234567890");
	assert_string_equal(f->info.task.argv[1], "-0");
	assert_string_equal(f->info.task.argv[2], "1e999");
	assert_string_equal(f->info.task.argv[3], "{\"a b\":[1,2]}");
	assert_int_equal(f->info.task.kwc, 1);
	assert_string_equal(f->info.task.kwargs[0], "\xc3\xa4=[1.10]");
	assert_int_equal(f->info.task.pri, 3);
	/* other numbers are ours */
	assert_int_equal(decode(f, "{\"argv\":[\"a\"],\"pri\":"
	    "99999999999999999999}"), -1);
}

/* Numbers of any size, but only what is JSON, and no name twice. */
static void
large_numbers_are_json(void **state)
{
	static const struct {
		const char	*text;
		int		 rv;
	} v[] = {
		{ "123456789012345678901234567890", 0 },
		{ "[-99999999999999999999, {\"a\": [1e999]}]", 0 },
		{ "{\"a\": 1, \"a\": 2}", -1 },
		{ "{\"a\": 99999999999999999999, \"a\": 1}", -1 },
		{ "99999999999999999999x", -1 },
		{ "[99999999999999999999, NaN]", -1 },
		{ "[99999999999999999999, \"\\ud800\"]", -1 }
	};
	struct tq_err e;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(v); i++) {
		assert_int_equal(tq_json_check(v[i].text, strlen(v[i].text),
		    &e), v[i].rv);
	}
}

static void
strings_are_escaped(void **state)
{
	struct fixture *f = *state;

	tq_json_str(&f->b, "a\"\\\n\t\x1b\xff\xc2\x9b", 9);
	assert_text(&f->b,
	    "\"a\\\"\\\\\\n\\t\\u001b\xef\xbf\xbd\\u009b\"");
}

static void
seconds_have_no_idle_digits(void **state)
{
	static const struct { tq_time in; const char *want; } v[] = {
		{ 0, "0" }, { TQ_SECOND, "1" }, { TQ_SECOND / 4, "0.25" },
		{ 1, "0.000000001" }, { -TQ_SECOND / 2, "-0.5" },
		{ 10 * TQ_SECOND + 100, "10.0000001" }
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < T_COUNT(v); i++) {
		tq_buf_reset(&f->b);
		tq_json_seconds(&f->b, v[i].in);
		assert_text(&f->b, v[i].want);
	}
}

/* RFC 4648 section 10. */
static void
base64_is_that_of_the_rfc(void **state)
{
	static const struct { const char *in, *want; } v[] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }
	};
	struct fixture *f = *state;
	char back[16];
	size_t i, n;

	for (i = 0; i < T_COUNT(v); i++) {
		tq_buf_reset(&f->b);
		tq_base64_put(&f->b, v[i].in, strlen(v[i].in));
		assert_text(&f->b, v[i].want);
		assert_int_equal(tq_base64_get(back, &n, v[i].want,
		    strlen(v[i].want)), 1);
		assert_int_equal(n, strlen(v[i].in));
		assert_memory_equal(back, v[i].in, n);
	}
	assert_int_equal(tq_base64_get(back, &n, "Zg=", 3), 0);
	assert_int_equal(tq_base64_get(back, &n, "Z===", 4), 0);
	assert_int_equal(tq_base64_get(back, &n, "Z=g=", 4), 0);
	assert_int_equal(tq_base64_get(back, &n, "Zg-=", 4), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(command_keeps_every_byte),
		TEST(shell_string_has_operands),
		TEST(listed_command_line_is_run_by_a_shell),
		TEST(operands_of_strings_are_not_json),
		TEST(other_operands_are_json),
		TEST(json_text_is_one_line_and_harmless),
		TEST(every_setting_comes_back),
		TEST(body_with_a_nul_is_base64),
		TEST(past_of_a_task_is_told_and_ignored),
		TEST(bad_objects_are_refused_with_a_reason),
		cmocka_unit_test(depth_is_bounded),
		TEST(json_operands_keep_their_digits),
		TEST(large_numbers_are_json),
		TEST(strings_are_escaped),
		TEST(seconds_have_no_idle_digits),
		TEST(base64_is_that_of_the_rfc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
