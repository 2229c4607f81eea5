/* Unit tests of lib/base/err.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/t.h"

static void
failing_says_number_and_sentence(void **state)
{
	struct tq_err e;

	(void)state;
	errno = 0;
	assert_int_equal(tq_fail(&e, EBADMSG, "field %d: '%s'", 3, "x"), -1);
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(e.num, EBADMSG);
	assert_string_equal(e.text, "field 3: 'x'");
}

static void
failing_without_a_place_for_it_sets_errno(void **state)
{
	(void)state;
	errno = 0;
	assert_int_equal(tq_fail(NULL, ENOENT, "%s", "x"), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(tq_fail_sys(NULL, ENOSPC, "%s", "x"), -1);
	assert_int_equal(errno, ENOSPC);
}

static void
reason_of_the_system_is_appended(void **state)
{
	struct tq_err e;

	(void)state;
	assert_int_equal(tq_fail_sys(&e, ENOSPC, "spool %s", "/x"), -1);
	assert_int_equal(errno, ENOSPC);
	assert_string_equal(e.text, "spool /x: No space left on device");
}

static void
long_sentence_is_cut_and_ends(void **state)
{
	char s[2 * sizeof(((struct tq_err *)0)->text)];
	struct tq_err e;

	(void)state;
	memset(s, 'a', sizeof(s) - 1);
	s[sizeof(s) - 1] = '\0';
	tq_fail(&e, EINVAL, "%s", s);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	tq_fail_sys(&e, EINVAL, "%s", s);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
}

static void
every_state_comes_back_from_its_name(void **state)
{
	const char *name;
	int i, bad = 0;

	(void)state;
	for (i = TQ_HELD; i < TQ_NSTATES; i++) {
		name = tq_state_name((enum tq_state)i);
		bad += tq_state_parse(name, strlen(name)) != (enum tq_state)i;
	}
	assert_int_equal(bad, 0);
}

static void
part_of_a_name_is_no_state(void **state)
{
	(void)state;
	assert_int_equal(tq_state_parse("ready", 4), TQ_ABSENT);
	assert_int_equal(tq_state_parse("readyx", 6), TQ_ABSENT);
	assert_int_equal(tq_state_parse("Ready", 5), TQ_ABSENT);
	assert_int_equal(tq_state_parse("", 0), TQ_ABSENT);
	assert_int_equal(tq_state_parse("ready,held", 5), TQ_READY);
}

static void
number_that_is_no_state_is_unknown(void **state)
{
	(void)state;
	assert_string_equal(tq_state_name((enum tq_state)TQ_NSTATES),
	    "unknown");
	assert_string_equal(tq_state_name((enum tq_state)77), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failing_says_number_and_sentence),
		cmocka_unit_test(failing_without_a_place_for_it_sets_errno),
		cmocka_unit_test(reason_of_the_system_is_appended),
		cmocka_unit_test(long_sentence_is_cut_and_ends),
		cmocka_unit_test(every_state_comes_back_from_its_name),
		cmocka_unit_test(part_of_a_name_is_no_state),
		cmocka_unit_test(number_that_is_no_state_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
