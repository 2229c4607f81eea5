/* Unit tests of lib/worker/offer.c. */
#include <errno.h>
#include <string.h>

#include "lib/worker/offer.h"
#include "tests/lib/t.h"

static struct tq_offers o;

static int
setup(void **state)
{
	(void)state;
	tq_offers_init(&o);
	tq_offers_places(&o, 4, 3);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	tq_offers_fini(&o);
	return 0;
}

/* What a place is told of stock i. */
static void
told(size_t i, unsigned place, const char *want)
{
	struct tq_buf b;

	tq_buf_init(&b);
	assert_int_equal(tq_offers_told(&b, &o, i, place), *want != '\0');
	tq_buf_byte(&b, '\0');
	assert_string_equal((char *)b.p, want);
	tq_buf_fini(&b);
}

static void
places_come_first(void **state)
{
	(void)state;
	assert_int_equal(o.n, 1);
	assert_string_equal(o.show[0].name, "slot");
	assert_int_equal(o.show[0].total, 4);
	assert_int_equal(o.show[0].free, 3);
}

static void
units_are_given_and_come_back(void **state)
{
	static const char *const two[] = { "gpu=2" }, *const one[] = {
	    "gpu", "disk", "gpus=9" };
	const struct tq_task a = { .needs = two, .nneeds = 1 };
	const struct tq_task b = { .needs = one, .nneeds = 3 };

	(void)state;
	assert_int_equal(tq_offers_add(&o, "gpu:7,5,3", NULL), 0);
	assert_int_equal(tq_offers_add(&o, "disk=2", NULL), 0);
	assert_int_equal(o.show[1].total, 3);
	tq_offers_give(&o, 1, &a);
	assert_int_equal(o.show[1].free, 1);
	tq_offers_give(&o, 2, &b);
	assert_int_equal(o.show[1].free, 0);
	assert_int_equal(o.show[2].free, 1);
	told(0, 1, "7,5");
	told(0, 2, "3");
	told(1, 2, "0");
	told(1, 1, "");
	tq_offers_return(&o, 1);
	assert_int_equal(o.show[1].free, 2);
	told(0, 1, "");
	tq_offers_give(&o, 3, &a);
	told(0, 3, "7,5");
}

static void
a_task_takes_one_place_or_as_many_as_it_says(void **state)
{
	static const char *const four[] = { "gpu=2", "slot=4" };
	const struct tq_task wide = { .needs = four, .nneeds = 2 };
	const struct tq_task plain = { .nneeds = 0 };
	const struct tq_task gpu = { .needs = four, .nneeds = 1 };

	(void)state;
	assert_int_equal(tq_offers_weight(&wide), 4);
	assert_int_equal(tq_offers_weight(&plain), 1);
	assert_int_equal(tq_offers_weight(&gpu), 1);
}

static void
senseless_offers_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "=1", "a b", "gpu=", "gpu=0", "gpu=x", "gpu=1025", "gpu:",
		"gpu:1,", "gpu:1,1", "gpu:-1", "gpu:x", "gpu:99999999999",
		"slot=3"
	};
	struct tq_err e;
	char name[] = "a";
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(bad); i++) {
		assert_int_equal(tq_offers_add(&o, bad[i], &e), -1);
		assert_int_equal(e.num, EINVAL);
	}
	assert_int_equal(o.n, 1);
	for (; name[0] < 'a' + TQ_OFFERS_MAX - 1; name[0]++)
		assert_int_equal(tq_offers_add(&o, name, NULL), 0);
	assert_int_equal(tq_offers_add(&o, "z", &e), -1);
	tq_offers_fini(&o);
	tq_offers_init(&o);
	assert_int_equal(tq_offers_add(&o, "gpu", NULL), 0);
	assert_int_equal(tq_offers_add(&o, "gpu=2", &e), -1);
}

int
main(void)
{
#define OFFERS(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		OFFERS(places_come_first),
		OFFERS(units_are_given_and_come_back),
		OFFERS(a_task_takes_one_place_or_as_many_as_it_says),
		OFFERS(senseless_offers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
