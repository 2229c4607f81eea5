/* Unit tests of lib/worker/mail.c. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "lib/worker/mail.h"
#include "tests/lib/t.h"

struct row {
	const char	*words;
	enum tq_mail_verb verb;
	unsigned	 n;
	const char	*id;
	int		 sig;
};

static void
good_words_are_read(void **state)
{
	static const struct row rows[] = {
		{ "ping", TQ_MAIL_PING, 0, "", 0 },
		{ "stop", TQ_MAIL_STOP, 0, "", 0 },
		{ "grow 2", TQ_MAIL_GROW, 2, "", 0 },
		{ "shrink 1024", TQ_MAIL_SHRINK, 1024, "", 0 },
		{ "kill abc", TQ_MAIL_KILL, 0, "abc", SIGTERM },
		{ "kill abc KILL", TQ_MAIL_KILL, 0, "abc", SIGKILL },
		{ "kill abc SIGUSR1", TQ_MAIL_KILL, 0, "abc", SIGUSR1 },
		{ "kill abc 1", TQ_MAIL_KILL, 0, "abc", 1 },
		{ "kill two words HUP", TQ_MAIL_KILL, 0, "two words", SIGHUP },
		{ "kill two words", TQ_MAIL_KILL, 0, "two words", SIGTERM },
	};
	struct tq_mail mail;
	const struct row *r;

	(void)state;
	for (r = rows; r < rows + T_COUNT(rows); r++) {
		assert_int_equal(tq_mail_parse(&mail, r->words, NULL), 0);
		assert_int_equal(mail.verb, r->verb);
		assert_int_equal(mail.n, r->n);
		assert_string_equal(mail.id.s, r->id);
		assert_int_equal(mail.sig, r->sig);
	}
}

static void
the_broker_says_a_line(void **state)
{
	struct tq_mail mail;

	(void)state;
	assert_int_equal(tq_mail_parse(&mail, "say a b: c", NULL), 0);
	assert_int_equal(mail.verb, TQ_MAIL_SAY);
	assert_string_equal(mail.text, "a b: c");
	assert_int_equal(tq_mail_parse(&mail, "say", NULL), -1);
}

static void
ping_says_what_to_answer(void **state)
{
	struct tq_mail mail;

	(void)state;
	assert_int_equal(tq_mail_parse(&mail, "ping 123456789012", NULL), 0);
	assert_int_equal(mail.verb, TQ_MAIL_PING);
	assert_true(mail.pong == 123456789012);
}

static void
remote_control_is_read(void **state)
{
	struct tq_mail mail;

	(void)state;
	assert_int_equal(tq_mail_parse(&mail, "scale 2 8", NULL), 0);
	assert_int_equal(mail.verb, TQ_MAIL_SCALE);
	assert_int_equal(mail.n, 2);
	assert_int_equal(mail.most, 8);
	assert_int_equal(tq_mail_parse(&mail, "serve images", NULL), 0);
	assert_int_equal(mail.verb, TQ_MAIL_SERVE);
	assert_string_equal(mail.name, "images");
	assert_int_equal(tq_mail_parse(&mail, "leave images", NULL), 0);
	assert_int_equal(mail.verb, TQ_MAIL_LEAVE);
	assert_int_equal(tq_mail_parse(&mail, "limit a.b 1500000000 0",
	    NULL), 0);
	assert_int_equal(mail.verb, TQ_MAIL_LIMIT);
	assert_string_equal(mail.name, "a.b");
	assert_true(mail.soft == 1500 * TQ_MS);
	assert_true(mail.hard == 0);
}

static void
bad_words_are_quoted(void **state)
{
	static const char *const rows[] = {
		"", "pin", "pings", "ping 0", "ping x", "stop now", "grow", "grow 0", "grow -1",
		"grow 1025", "grow x", "shrink", "kill", "kill ",
		"scale", "scale 1", "scale 0 1", "scale 2 1", "scale 1 1025",
		"scale 1 2 3", "serve", "serve ", "serve a b", "leave ../a",
		"limit", "limit a", "limit a 1", "limit a b c", "limit a 1 -1",
		"limit a 1 2 3", "limit -a 1 2",
	};
	struct tq_mail mail;
	struct tq_err e;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(rows); i++) {
		assert_int_equal(tq_mail_parse(&mail, rows[i], &e), -1);
		assert_int_equal(e.num, EINVAL);
		assert_non_null(strstr(e.text, rows[i]));
	}
}

static void
an_endless_mail_is_refused(void **state)
{
	char words[1000];
	struct tq_mail mail;

	(void)state;
	memset(words, 'x', sizeof(words));
	memcpy(words, "kill ", 5);
	words[400] = '\0';
	assert_int_equal(tq_mail_parse(&mail, words, NULL), -1);
	words[400] = 'x';
	words[999] = '\0';
	assert_int_equal(tq_mail_parse(&mail, words, NULL), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_words_are_read),
		cmocka_unit_test(the_broker_says_a_line),
		cmocka_unit_test(ping_says_what_to_answer),
		cmocka_unit_test(remote_control_is_read),
		cmocka_unit_test(bad_words_are_quoted),
		cmocka_unit_test(an_endless_mail_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
