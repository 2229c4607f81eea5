/* Unit tests of lib/message/quote.c and utf8.c. */
#include <string.h>

#include "lib/message/quote.h"
#include "lib/message/utf8.h"
#include "tests/lib/t.h"

static void
assert_text(const struct tq_buf *b, const char *want)
{
	assert_true(tq_buf_ok(b));
	assert_int_equal(b->n, strlen(want));
	assert_memory_equal(b->p, want, b->n);
}

static void
words_are_quoted_only_where_needed(void **state)
{
	static const struct { const char *in, *want; } v[] = {
		{ "make", "x make" },
		{ "--opt=a,b", "x --opt=a,b" },
		{ "/usr/bin/cc", "x /usr/bin/cc" },
		{ "", "x ''" },
		{ "a b", "x 'a b'" },
		{ "it's", "x 'it'\\''s'" },
		{ "'", "x ''\\'''" },
		{ "$HOME", "x '$HOME'" },
		{ "a\\b", "x 'a\\b'" },
		{ "~", "x '~'" },
		{ "caf\xc3\xa9", "x 'caf\xc3\xa9'" },
		{ "a\nb", "x $'a\\012b'" },
		{ "\x1b]52'\\", "x $'\\033]52\\'\\\\'" },
		{ "\xff", "x $'\\377'" },
		{ "\xe2\x80\xae", "x $'\\342\\200\\256'" }
	};
	const char *argv[] = { "x", NULL };
	struct tq_buf b;
	size_t i;

	(void)state;
	tq_buf_init(&b);
	for (i = 0; i < T_COUNT(v); i++) {
		tq_buf_reset(&b);
		argv[1] = v[i].in;
		tq_quote_argv(&b, 2, argv);
		assert_text(&b, v[i].want);
	}
	tq_buf_fini(&b);
}

static void
first_word_is_never_syntax(void **state)
{
	static const char *const assignment[] = { "A=b" };
	static const char *const reserved[] = { "time" };
	struct tq_buf b;

	(void)state;
	tq_buf_init(&b);
	tq_quote_argv(&b, 1, assignment);
	tq_buf_byte(&b, ' ');
	tq_quote_argv(&b, 1, reserved);
	assert_text(&b, "'A=b' 'time'");
	tq_buf_fini(&b);
}

static void
each_kind_has_its_command_line(void **state)
{
	static const char *const argv[] = { "echo $1", "a b" };
	static const char *const kwargs[] = { "k=v w" };
	struct tq_task t;
	struct tq_buf b;

	(void)state;
	tq_buf_init(&b);
	tq_task_init(&t);
	tq_quote_task(&b, &t);
	assert_text(&b, "");
	t.kind = TQ_KIND_SHELL;
	t.argc = 1;
	t.argv = argv;
	tq_quote_task(&b, &t);
	assert_text(&b, "sh -c 'echo $1'");
	tq_buf_reset(&b);
	t.argc = 2;
	tq_quote_task(&b, &t);
	assert_text(&b, "sh -c 'echo $1' sh 'a b'");
	tq_buf_reset(&b);
	t.kind = TQ_KIND_NAMED;
	t.name = "add";
	t.kwc = 1;
	t.kwargs = kwargs;
	tq_quote_task(&b, &t);
	assert_text(&b, "add --kw 'k=v w' 'echo $1' 'a b'");
	tq_buf_fini(&b);
}

static void
escape_leaves_nothing_a_terminal_obeys(void **state)
{
	static const struct { const char *in, *want; } v[] = {
		{ "plain text", "plain text" },
		{ "a\tb\nc\\", "a\\tb\\nc\\\\" },
		{ "\x1b[1m", "\\x1b[1m" },
		{ "\r\x7f", "\\x0d\\x7f" },
		{ "\xc2\x9b", "\\xc2\\x9b" },			/* CSI */
		{ "\xe2\x80\xae", "\\xe2\\x80\\xae" },		/* RLO */
		{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6" },		/* LRI */
		{ "\xd8\x9c", "\\xd8\\x9c" },			/* ALM */
		{ "\xe2\x80\xa8", "\\xe2\\x80\\xa8" },		/* LS */
		{ "\xc3\xa9\xf0\x9f\x98\x80", "\xc3\xa9\xf0\x9f\x98\x80" },
		{ "\xc3", "\\xc3" },
		{ "\xc0\xaf", "\\xc0\\xaf" },			/* overlong */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }		/* surrogate */
	};
	struct tq_buf b;
	size_t i;

	(void)state;
	tq_buf_init(&b);
	for (i = 0; i < T_COUNT(v); i++) {
		tq_buf_reset(&b);
		tq_escape(&b, v[i].in, strlen(v[i].in));
		assert_text(&b, v[i].want);
	}
	tq_buf_reset(&b);
	tq_escape(&b, "a\0b", 3);
	assert_text(&b, "a\\x00b");
	tq_buf_fini(&b);
}

static void
what_was_escaped_is_had_back(void **state)
{
	static const char *const v[] = { "", "id", "a b", "a\\b", "\\x41",
	    "\\\\t", "t\tn\n", "\xff\xfe", "\xe2\x80\xae", "\\" };
	struct tq_buf b;
	size_t i;

	(void)state;
	tq_buf_init(&b);
	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		tq_buf_reset(&b);
		tq_escape(&b, v[i], strlen(v[i]));
		tq_buf_byte(&b, '\0');
		tq_unescape((char *)b.p);
		assert_string_equal((char *)b.p, v[i]);
	}
	tq_buf_fini(&b);
}

static void
other_backslashes_stay(void **state)
{
	char s[] = "a\\s\\x4\\xg0\\x00\\x4A\\";

	(void)state;
	tq_unescape(s);
	assert_string_equal(s, "a\\s\\x4\\xg0\\x00\\x4A\\");
}

static void
utf8_is_read_strictly(void **state)
{
	uint32_t c;

	(void)state;
	assert_int_equal(tq_utf8_get(&c, "\xf4\x8f\xbf\xbf", 4), 4);
	assert_int_equal(c, 0x10ffff);
	assert_int_equal(tq_utf8_get(&c, "\xf4\x90\x80\x80", 4), 0);
	assert_int_equal(tq_utf8_get(&c, "\xe0\x9f\xbf", 3), 0);
	assert_int_equal(tq_utf8_get(&c, "\xf0\x8f\xbf\xbf", 4), 0);
	assert_int_equal(tq_utf8_get(&c, "\xc2", 1), 0);
	assert_int_equal(tq_utf8_get(&c, "\x80", 1), 0);
	assert_true(tq_utf8_valid("a\xc2\x80", 3));
	assert_false(tq_utf8_valid("a\xc2", 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_quoted_only_where_needed),
		cmocka_unit_test(first_word_is_never_syntax),
		cmocka_unit_test(each_kind_has_its_command_line),
		cmocka_unit_test(escape_leaves_nothing_a_terminal_obeys),
		cmocka_unit_test(what_was_escaped_is_had_back),
		cmocka_unit_test(other_backslashes_stay),
		cmocka_unit_test(utf8_is_read_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
