/* Unit tests of lib/base/arena.c. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "tests/lib/t.h"

static void
a_copy_has_a_nul_behind_it(void **state)
{
	struct tq_arena a;

	(void)state;
	tq_arena_init(&a);
	assert_string_equal(tq_arena_copy(&a, "abcdef", 3), "abc");
	assert_string_equal(tq_arena_copy(&a, NULL, 0), "");
	tq_arena_fini(&a);
}

static void
more_than_there_is_fails(void **state)
{
	struct tq_arena a;

	(void)state;
	tq_arena_init(&a);
	assert_null(tq_arena_copy(&a, "", SIZE_MAX));
	assert_int_equal(errno, ENOMEM);
	tq_arena_fini(&a);
}

static void
what_is_kept_is_the_arenas_and_the_buffer_empty(void **state)
{
	struct tq_bytes first, second, none;
	struct tq_arena a;
	struct tq_buf b;

	(void)state;
	tq_arena_init(&a);
	tq_buf_init(&b);
	tq_buf_str(&b, "one");
	first = tq_arena_keep(&a, &b);
	tq_buf_str(&b, "and two");
	second = tq_arena_keep(&a, &b);
	none = tq_arena_keep(&a, &b);
	tq_buf_fini(&b);
	assert_int_equal(first.n, 3);
	assert_string_equal(first.p, "one");
	assert_int_equal(second.n, 7);
	assert_string_equal(second.p, "and two");
	assert_int_equal(none.n, 0);
	assert_string_equal(none.p, "");
	tq_arena_fini(&a);
}

static void
of_a_buffer_that_failed_nothing_is_kept(void **state)
{
	struct tq_arena a;
	struct tq_bytes v;
	struct tq_buf b;

	(void)state;
	tq_arena_init(&a);
	tq_buf_init(&b);
	tq_buf_str(&b, "half of it");
	assert_null(tq_buf_grow(&b, SIZE_MAX));
	v = tq_arena_keep(&a, &b);
	assert_null(v.p);
	assert_int_equal(v.n, 0);
	assert_int_equal(errno, EMSGSIZE);
	assert_true(tq_buf_ok(&b));
	tq_buf_fini(&b);
	tq_arena_fini(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_has_a_nul_behind_it),
		cmocka_unit_test(more_than_there_is_fails),
		cmocka_unit_test(what_is_kept_is_the_arenas_and_the_buffer_empty),
		cmocka_unit_test(of_a_buffer_that_failed_nothing_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
