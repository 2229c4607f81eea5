/* Unit tests of lib/base/signame.c. */
#include <signal.h>
#include <string.h>

#include "lib/base/signame.h"
#include "tests/lib/t.h"

static void
signals_have_names_and_numbers(void **state)
{
	(void)state;
	assert_int_equal(tq_signal_number("TERM"), SIGTERM);
	assert_int_equal(tq_signal_number("SIGUSR1"), SIGUSR1);
	assert_int_equal(tq_signal_number("kill"), SIGKILL);
	assert_int_equal(tq_signal_number("15"), SIGTERM);
	assert_int_equal(tq_signal_number("64"), 64);
	assert_string_equal(tq_signal_name(SIGHUP), "HUP");
}

static void
what_is_none_has_none(void **state)
{
	(void)state;
	assert_int_equal(tq_signal_number("BOGUS"), 0);
	assert_int_equal(tq_signal_number("SIG"), 0);
	assert_int_equal(tq_signal_number(""), 0);
	assert_int_equal(tq_signal_number("0"), 0);
	assert_int_equal(tq_signal_number("65"), 0);
	assert_int_equal(tq_signal_number("-9"), 0);
	assert_null(tq_signal_name(0));
	assert_null(tq_signal_name(SIGSEGV));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_have_names_and_numbers),
		cmocka_unit_test(what_is_none_has_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
