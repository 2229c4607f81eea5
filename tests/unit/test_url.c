/* Unit tests of lib/base/url.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/url.h"
#include "tests/lib/t.h"

struct row {
	const char	*in;
	struct tq_url	 want;
};

static int
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
urls_are_taken_apart(void **state)
{
	static const struct row rows[] = {
		{ "spool:", { .scheme = "spool" } },
		{ "spool:/var/spool/tq", { .scheme = "spool",
		    .path = "/var/spool/tq" } },
		{ "spool:rel", { .scheme = "spool", .path = "rel" } },
		{ "spool:/a%20b", { .scheme = "spool", .path = "/a b" } },
		{ "spool:///dir", { .scheme = "spool", .path = "/dir" } },
		{ "/dir", { .scheme = "spool", .path = "/dir" } },
		{ "./dir", { .scheme = "spool", .path = "./dir" } },
		{ "a/b%20c?d#e", { .scheme = "spool",
		    .path = "a/b%20c?d#e" } },
		{ "/odd:name", { .scheme = "spool", .path = "/odd:name" } },
		{ "null:", { .scheme = "null" } },
		{ "NULL:", { .scheme = "null" } },
		{ "redis://h", { .scheme = "redis", .host = "h" } },
		{ "redis://h:6379/0", { .scheme = "redis", .host = "h",
		    .port = 6379, .path = "/0" } },
		{ "redis://h:/0", { .scheme = "redis", .host = "h",
		    .path = "/0" } },
		{ "redis://:pw@h", { .scheme = "redis", .password = "pw",
		    .host = "h" } },
		{ "amqp://u:p@h:5672/%2Fv", { .scheme = "amqp", .user = "u",
		    .password = "p", .host = "h", .port = 5672,
		    .path = "//v" } },
		{ "amqp://u@h", { .scheme = "amqp", .user = "u",
		    .host = "h" } },
		{ "amqp://u:p%40%3a%2f@h", { .scheme = "amqp", .user = "u",
		    .password = "p@:/", .host = "h" } },
		{ "amqp://u:p@q@h", { .scheme = "amqp", .user = "u",
		    .password = "p@q", .host = "h" } },
		{ "redis://[::1]:1/2", { .scheme = "redis", .host = "::1",
		    .port = 1, .path = "/2" } },
		{ "redis://[::1]", { .scheme = "redis", .host = "::1" } },
		{ "redis+tls-1.2://h", { .scheme = "redis+tls-1.2",
		    .host = "h" } },
		{ "redis://h?a=b&c=%26", { .scheme = "redis", .host = "h",
		    .query = "a=b&c=%26" } },
		{ "redis://h/0?", { .scheme = "redis", .host = "h",
		    .path = "/0" } },
		{ "redis://h:65535", { .scheme = "redis", .host = "h",
		    .port = 65535 } },
	};
	struct tq_err e;
	struct tq_url u;
	void *mem;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(rows); i++) {
		const struct tq_url *w = &rows[i].want;

		if (tq_url_parse(&u, &mem, rows[i].in, &e) != 0)
			fail_msg("%s", e.text);
		if (!same(u.scheme, w->scheme) || !same(u.user, w->user) ||
		    !same(u.password, w->password) ||
		    !same(u.host, w->host) || !same(u.path, w->path) ||
		    !same(u.query, w->query) || u.port != w->port)
			fail_msg("'%s' was taken apart wrongly", rows[i].in);
		free(mem);
	}
}

static void
other_urls_are_refused(void **state)
{
	static const char *const rows[] = {
		"", "spool", "redis", "1:2", "redis://h:0", "redis://h:65536",
		"redis://h:6x", "redis://h:123456", "redis://[::1",
		"redis://[::1]x", "redis://h/%", "redis://h/%2",
		"redis://h/%zz", "redis://h/%00", "redis://%00@h",
		"redis://h#f", "spool://dir", "spool://u@/dir",
		"spool://:1/dir",
	};
	struct tq_err e;
	struct tq_url u;
	void *mem;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(rows); i++) {
		errno = 0;
		if (tq_url_parse(&u, &mem, rows[i], &e) != -1 ||
		    errno != EINVAL)
			fail_msg("'%s' was taken", rows[i]);
		assert_null(mem);
		if (strstr(e.text, rows[i]) == NULL)
			fail_msg("'%s' is not quoted: %s", rows[i], e.text);
	}
}

static void
no_message_tells_a_password(void **state)
{
	static const char *const rows[] = {
		"redis://u:secret@h:0", "redis://:secret@h/%zz",
		"redis://u:secret@h#f", "redis://u:se/secret@h",
		"redis://u:se?secret@h", "redis://u:se#secret@h",
		"redis://u:a@secret@h:x", "spool://u:secret@/dir",
		"spool://:secret@h/d",
	};
	struct tq_err e;
	struct tq_url u;
	void *mem;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(rows); i++) {
		if (tq_url_parse(&u, &mem, rows[i], &e) != -1)
			fail_msg("'%s' was taken", rows[i]);
		if (strstr(e.text, "secret") != NULL)
			fail_msg("%s", e.text);
	}
}

static void
password_is_hidden_and_nothing_else(void **state)
{
	static const struct {
		const char	*in, *want;
	} rows[] = {
		{ "amqp://u:p@h/v?a=b", "amqp://u:***@h/v?a=b" },
		{ "redis://:p@h", "redis://:***@h" },
		{ "REDIS://:p@h", "REDIS://:***@h" },
		{ "_x://:p@h", "_x://:***@h" },
		{ "amqp://u:a@b@h", "amqp://u:***@h" },
		{ "amqp://u@h:1/v", "amqp://u@h:1/v" },
		{ "redis://h:1/x@y", "redis://h:1/x@y" },
		{ "redis://[::1]:1/x@y", "redis://[::1]:1/x@y" },
		{ "redis://[::1]/x@y", "redis://[::1]/x@y" },
		{ "spool:/a:b@c", "spool:/a:b@c" },
		{ "/a:b@c", "/a:b@c" },
		{ "", "" },
	};
	char buf[64];
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(rows); i++) {
		tq_url_redact(buf, sizeof(buf), rows[i].in);
		assert_string_equal(buf, rows[i].want);
	}
}

static void
options_are_found_and_decoded(void **state)
{
	const struct tq_url u = { .query = "ab=1&a=x%26y&flag&e=" };
	char buf[16];

	(void)state;
	assert_int_equal(tq_url_option(&u, "a", buf, sizeof(buf)), 1);
	assert_string_equal(buf, "x&y");
	assert_int_equal(tq_url_option(&u, "ab", buf, sizeof(buf)), 1);
	assert_string_equal(buf, "1");
	assert_int_equal(tq_url_option(&u, "flag", buf, sizeof(buf)), 1);
	assert_string_equal(buf, "");
	assert_int_equal(tq_url_option(&u, "e", buf, sizeof(buf)), 1);
	assert_string_equal(buf, "");
	assert_int_equal(tq_url_option(&u, "b", buf, sizeof(buf)), 0);
	assert_int_equal(tq_url_option(&u, "fla", buf, sizeof(buf)), 0);
}

static void
option_without_a_query_is_not_found(void **state)
{
	const struct tq_url u = { 0 };
	char buf[4];

	(void)state;
	assert_int_equal(tq_url_option(&u, "a", buf, sizeof(buf)), 0);
}

static void
option_that_does_not_fit_is_an_error(void **state)
{
	const struct tq_url u = { .query = "a=1234&b=%zz" };
	char buf[5];

	(void)state;
	assert_int_equal(tq_url_option(&u, "a", buf, 5), 1);
	assert_string_equal(buf, "1234");
	assert_int_equal(tq_url_option(&u, "a", buf, 4), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(tq_url_option(&u, "b", buf, 5), -1);
	assert_int_equal(errno, EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_taken_apart),
		cmocka_unit_test(other_urls_are_refused),
		cmocka_unit_test(no_message_tells_a_password),
		cmocka_unit_test(password_is_hidden_and_nothing_else),
		cmocka_unit_test(options_are_found_and_decoded),
		cmocka_unit_test(option_without_a_query_is_not_found),
		cmocka_unit_test(option_that_does_not_fit_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
