/*
 * Unit tests of how directories and environments are interned by puts
 * (put_find.c).
 */
#include <string.h>

#include "tests/lib/spool.h"

/* Put task n with these bytes as its context; the number that it got. */
static uint32_t
put(struct t_spool *f, uint32_t n, const char *ctx)
{
	struct tq_spool_put p = { .id = t_id(n), .queue = "q",
	    .pri = TQ_PRI_DEFAULT, .keep = -1, .body_fd = -1,
	    .ctx = { ctx, strlen(ctx) } };
	struct tq_uuid id = t_id(n);
	size_t which;

	if (tq_spool_put(f->sp, &p, 1, 0, &which, &f->e) == -1)
		fail_msg("put: %s", f->e.text);
	return f->sp->t.slots[tq_table_find(&f->sp->t, &id)].ctx;
}

static void
forget(struct t_spool *f, uint32_t n)
{
	struct tq_uuid id = t_id(n);
	uint64_t changed = 0;
	size_t which;

	if (tq_spool_act(f->sp, TQ_DO_REVOKE, &id, 1, NULL, 0, &changed,
	    &which, &f->e) == -1 || tq_spool_act(f->sp, TQ_DO_FORGET, &id, 1,
	    NULL, 0, &changed, &which, &f->e) == -1)
		fail_msg("forget: %s", f->e.text);
	assert_int_equal(changed, 2);
}

static void
same_bytes_have_one_number(void **state)
{
	struct t_spool *f = *state;
	uint32_t one = put(f, 1, "one"), two = put(f, 2, "two");

	assert_int_not_equal(one, 0);
	assert_int_not_equal(two, one);
	assert_int_equal(put(f, 3, "one"), one);
	assert_int_equal(put(f, 4, "one"), one);
	assert_int_equal(put(f, 5, "two"), two);
	assert_int_equal(put(f, 6, ""), 0);
	assert_int_equal(put(f, 7, "two"), two);
	t_spool_rebuild(f);
	assert_int_equal(put(f, 8, "one"), one);
	assert_int_equal(put(f, 9, "two"), two);
}

static void
number_that_nobody_names_is_taken_again(void **state)
{
	struct t_spool *f = *state;
	uint32_t one = put(f, 1, "one"), two = put(f, 2, "two");

	forget(f, 1);
	assert_int_equal(put(f, 3, "three"), one);
	assert_int_not_equal(put(f, 4, "one"), one);
	assert_int_equal(put(f, 5, "two"), two);
	assert_int_equal(put(f, 6, "three"), one);
}

static void
numbers_of_one_call_are_not_taken_from_each_other(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_put v[2];
	struct tq_uuid id;
	uint32_t one = put(f, 1, "one"), a;
	size_t which;

	forget(f, 1);
	memset(v, 0, sizeof(v));
	v[0] = (struct tq_spool_put){ .id = t_id(2), .queue = "q",
	    .keep = -1, .body_fd = -1, .ctx = { "one", 3 } };
	v[1] = v[0];
	v[1].id = t_id(3);
	v[1].ctx = (struct tq_bytes){ "two", 3 };
	assert_int_equal(tq_spool_put(f->sp, v, 2, 0, &which, &f->e), 0);

	id = t_id(2);
	a = f->sp->t.slots[tq_table_find(&f->sp->t, &id)].ctx;
	assert_int_equal(a, one);
	id = t_id(3);
	assert_int_not_equal(
	    f->sp->t.slots[tq_table_find(&f->sp->t, &id)].ctx, one);
}

#define ON_SPOOL(f)	\
	cmocka_unit_test_setup_teardown(f, t_setup_spool, t_teardown_spool)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SPOOL(same_bytes_have_one_number),
		ON_SPOOL(number_that_nobody_names_is_taken_again),
		ON_SPOOL(numbers_of_one_call_are_not_taken_from_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
