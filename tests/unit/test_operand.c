/* Unit tests of lib/worker/operand.c: what a program gets of JSON. */
#include "lib/base/arena.h"
#include "lib/worker/operand.h"
#include "tests/lib/t.h"

static struct tq_arena mem;

static int
setup(void **state)
{
	(void)state;
	tq_arena_init(&mem);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	tq_arena_fini(&mem);
	return 0;
}

static void
assert_operand(const char *text, const char *want)
{
	const char *argv[] = { text, NULL };
	struct tq_task t, out;
	struct tq_err e;

	tq_task_init(&t);
	t.kind = TQ_KIND_NAMED;
	t.name = "x";
	t.flags = TQ_TASK_JSON;
	t.argc = 1;
	t.argv = argv;
	assert_int_equal(tq_operands_plain(&out, &mem, &t, &e), 0);
	assert_string_equal(out.argv[0], want);
}

static void
strings_are_bytes_and_values_compact_json(void **state)
{
	(void)state;
	assert_operand("\"a b\"", "a b");
	assert_operand("[1, {\"a\": 2.50}]", "[1,{\"a\":2.50}]");
}

static void
of_typed_values_the_string_is_given(void **state)
{
	(void)state;
	assert_operand("{\"__type__\": \"uuid\", \"__value__\": "
	    "{\"hex\": \"0000000000000000000000000000000a\"}}",
	    "00000000-0000-0000-0000-00000000000a");
	assert_operand("{\"__type__\": \"datetime\", \"__value__\": "
	    "\"2020-01-02T03:04:05+00:00\"}", "2020-01-02T03:04:05+00:00");
	assert_operand("{\"__type__\": \"decimal\", \"__value__\": "
	    "\"1.50\"}", "1.50");
}

static void
of_types_that_are_not_known_all_is_given(void **state)
{
	(void)state;
	assert_operand("{\"__type__\": \"new\", \"__value__\": 1}",
	    "{\"__type__\":\"new\",\"__value__\":1}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    strings_are_bytes_and_values_compact_json, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    of_typed_values_the_string_is_given, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    of_types_that_are_not_known_all_is_given, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
