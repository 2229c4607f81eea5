/* Unit tests of lib/base/heap.c. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/heap.h"
#include "tests/lib/t.h"

#define CAP	200

/* A heap, and where its slots believe they are. */
struct fixture {
	struct tq_heap_item v[CAP];
	uint32_t	 n;
	uint32_t	 place[CAP];
	struct tq_heap	 h;
};

static void
note_place(void *arg, uint32_t slot, uint32_t place)
{
	struct fixture *f = arg;

	f->place[slot] = place;
}

static int
setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	f->h.v = f->v;
	f->h.n = &f->n;
	f->h.cap = CAP;
	f->h.moved = note_place;
	f->h.arg = f;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	test_free(*state);
	return 0;
}

static void
push(struct fixture *f, uint32_t slot, tq_time due, uint64_t order)
{
	struct tq_heap_item item = { .due = due, .order = order,
	    .slot = slot };

	assert_int_equal(tq_heap_push(&f->h, &item), 0);
}

/* Slot of the least item, which is removed; UINT32_MAX when empty. */
static uint32_t
pop(struct fixture *f)
{
	const struct tq_heap_item *item = tq_heap_peek(&f->h);
	uint32_t slot;

	if (item == NULL)
		return UINT32_MAX;
	slot = item->slot;
	assert_int_equal(tq_heap_remove(&f->h, 1), 0);
	return slot;
}

/* How many slots do not stand where they were told they do. */
static unsigned
count_misplaced(const struct fixture *f)
{
	unsigned i, bad = 0;

	for (i = 0; i < f->n; i++)
		bad += f->place[f->v[i].slot] != i + 1;
	return bad;
}

static void
empty_heap_has_no_least(void **state)
{
	struct fixture *f = *state;

	assert_null(tq_heap_peek(&f->h));
	assert_int_equal(tq_heap_remove(&f->h, 1), -1);
}

static void
least_due_comes_first(void **state)
{
	struct fixture *f = *state;

	push(f, 0, 30, 0);
	push(f, 1, 10, 1);
	push(f, 2, 20, 2);
	assert_int_equal(pop(f), 1);
	assert_int_equal(pop(f), 2);
	assert_int_equal(pop(f), 0);
	assert_int_equal(f->n, 0);
}

static void
equal_dues_leave_in_the_order_they_came(void **state)
{
	struct fixture *f = *state;
	uint32_t i, bad = 0;

	for (i = 0; i < CAP; i++)
		push(f, i, 5, i);
	for (i = 0; i < CAP; i++)
		bad += pop(f) != i;
	assert_int_equal(bad, 0);
}

static void
shuffled_dues_leave_sorted(void **state)
{
	struct fixture *f = *state;
	uint32_t i, bad = 0;

	/* 77 and 200 have no common divisor: each due comes once */
	for (i = 0; i < CAP; i++)
		push(f, i * 77 % CAP, i * 77 % CAP, i);
	assert_int_equal(count_misplaced(f), 0);
	for (i = 0; i < CAP; i++)
		bad += pop(f) != i;
	assert_int_equal(bad, 0);
}

static void
item_is_removed_from_any_place(void **state)
{
	struct fixture *f = *state;
	uint32_t i, bad = 0;

	for (i = 0; i < CAP; i++)
		push(f, i, i * 77 % CAP, i);
	for (i = 0; i < CAP; i += 2) {
		bad += tq_heap_remove(&f->h, f->place[i]) != 0;
		bad += f->place[i] != 0;
		bad += count_misplaced(f);
	}
	assert_int_equal(bad, 0);
	assert_int_equal(f->n, CAP / 2);
}

static void
rest_is_sorted_after_removals(void **state)
{
	struct fixture *f = *state;
	tq_time last = -1;
	uint32_t i, slot, bad = 0;

	for (i = 0; i < CAP; i++)
		push(f, i, i * 77 % CAP, i);
	for (i = 0; i < CAP; i += 3)
		tq_heap_remove(&f->h, f->place[i]);
	while ((slot = pop(f)) != UINT32_MAX) {
		bad += (tq_time)(slot * 77 % CAP) <= last;
		last = slot * 77 % CAP;
	}
	assert_int_equal(bad, 0);
}

/* The hole under a big parent may get an item less than that parent. */
static void
filler_smaller_than_its_new_parent_goes_up(void **state)
{
	static const tq_time dues[] = { 1, 10, 2, 11, 12, 3, 4 };
	struct fixture *f = *state;
	uint32_t i;

	for (i = 0; i < T_COUNT(dues); i++)
		push(f, i, dues[i], i);
	assert_int_equal(tq_heap_remove(&f->h, f->place[3]), 0);
	assert_int_equal(pop(f), 0);
	assert_int_equal(pop(f), 2);
	assert_int_equal(pop(f), 5);
	assert_int_equal(pop(f), 6);
	assert_int_equal(pop(f), 1);
	assert_int_equal(pop(f), 4);
}

static void
full_heap_refuses(void **state)
{
	struct fixture *f = *state;
	struct tq_heap_item item = { .due = 1 };
	uint32_t i;

	for (i = 0; i < CAP; i++)
		push(f, i, 7, i);
	assert_int_equal(tq_heap_push(&f->h, &item), -1);
	assert_int_equal(f->n, CAP);
}

static void
wild_count_is_refused(void **state)
{
	struct fixture *f = *state;
	struct tq_heap_item item = { .due = 1 };

	f->n = CAP + 1;
	assert_null(tq_heap_peek(&f->h));
	assert_int_equal(tq_heap_push(&f->h, &item), -1);
	assert_int_equal(tq_heap_remove(&f->h, 1), -1);
	assert_int_equal(tq_heap_remove(&f->h, CAP + 1), -1);
	f->n = UINT32_MAX;
	assert_int_equal(tq_heap_push(&f->h, &item), -1);
}

static void
place_that_is_none_is_refused(void **state)
{
	struct fixture *f = *state;

	push(f, 0, 1, 1);
	assert_int_equal(tq_heap_remove(&f->h, 0), -1);
	assert_int_equal(tq_heap_remove(&f->h, 2), -1);
	assert_int_equal(f->n, 1);
}

#define HEAP_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HEAP_TEST(empty_heap_has_no_least),
		HEAP_TEST(least_due_comes_first),
		HEAP_TEST(equal_dues_leave_in_the_order_they_came),
		HEAP_TEST(shuffled_dues_leave_sorted),
		HEAP_TEST(item_is_removed_from_any_place),
		HEAP_TEST(rest_is_sorted_after_removals),
		HEAP_TEST(filler_smaller_than_its_new_parent_goes_up),
		HEAP_TEST(full_heap_refuses),
		HEAP_TEST(wild_count_is_refused),
		HEAP_TEST(place_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
