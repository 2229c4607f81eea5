/* Unit tests of lib/spool/lead.c: who syncs for all. */
#include <errno.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/spool/lead.h"
#include "lib/spool/lock.h"
#include "tests/lib/spool.h"

static int
setup(void **state)
{
	struct tq_table *t = test_calloc(1, sizeof(*t));

	t_table_make(t);
	*state = t;
	return 0;
}

static int
teardown(void **state)
{
	t_table_free(*state);
	test_free(*state);
	return 0;
}

/*
 * Leads and waits here are all of one thread: a mutex of type NORMAL is busy
 * for its own holder, too.
 */

/* One who has waited for the leader that is there, for so long. */
static struct tq_lead
waited(const struct tq_top *top, tq_time time)
{
	return (struct tq_lead){ .led = top->led,
		.since = tq_clock_mono() - time };
}

static void
who_leads_alone_writes_nothing_again(void **state)
{
	struct tq_top *top = ((struct tq_table *)*state)->top;
	struct tq_lead w = { 0 };

	assert_int_equal(tq_lead_try(&w, top), 0);
	assert_int_equal(tq_lead_counts(&w, top), 1);
	assert_int_equal(tq_lead_pid(top), getpid());
	tq_lead_give(&w, top);
	assert_int_equal(tq_lead_try(&w, top), 0);
	tq_lead_give(&w, top);
}

static void
a_leader_is_waited_for(void **state)
{
	struct tq_top *top = ((struct tq_table *)*state)->top;
	struct tq_lead w = { 0 }, other = { 0 };

	assert_int_equal(tq_lead_try(&w, top), 0);
	assert_int_equal(tq_lead_try(&other, top), -1);
	assert_int_equal(errno, EBUSY);
	other = waited(top, TQ_LOCK_PATIENCE / 2);
	assert_int_equal(tq_lead_try(&other, top), -1);
	assert_int_equal(errno, EBUSY);
	tq_lead_give(&w, top);
}

static void
each_lead_is_waited_for_anew(void **state)
{
	struct tq_top *top = ((struct tq_table *)*state)->top;
	struct tq_lead w = { 0 }, other = waited(top, 2 * TQ_LOCK_PATIENCE);

	assert_int_equal(tq_lead_try(&w, top), 0);
	assert_int_equal(tq_lead_try(&other, top), -1);
	assert_int_equal(errno, EBUSY);
	tq_lead_give(&w, top);
}

static void
who_gets_nowhere_is_passed_by(void **state)
{
	struct tq_top *top = ((struct tq_table *)*state)->top;
	struct tq_lead w = { 0 }, other, next = { 0 };

	assert_int_equal(tq_lead_try(&w, top), 0);
	other = waited(top, TQ_LOCK_PATIENCE);
	assert_int_equal(tq_lead_try(&other, top), 1);
	assert_int_equal(tq_lead_counts(&w, top), 0);
	assert_int_equal(tq_lead_counts(&other, top), 1);
	tq_lead_give(&other, top);
	/* and those who come then do not wait for him at all */
	assert_int_equal(tq_lead_try(&next, top), 0);
	tq_lead_give(&w, top);
	assert_int_equal(tq_lead_counts(&next, top), 1);
	tq_lead_give(&next, top);
}

static void
one_after_another_is_passed_by(void **state)
{
	struct tq_top *top = ((struct tq_table *)*state)->top;
	struct tq_lead w[TQ_LEADS] = { { 0 } }, other;
	int i;

	assert_int_equal(tq_lead_try(&w[0], top), 0);
	for (i = 1; i < TQ_LEADS; i++) {
		w[i] = waited(top, TQ_LOCK_PATIENCE);
		assert_int_equal(tq_lead_try(&w[i], top), 1);
	}
	other = waited(top, TQ_LOCK_PATIENCE);
	assert_int_equal(tq_lead_try(&other, top), -1);
	assert_int_equal(errno, EBUSY);
	/* a slow disk, it may be: for so long it is not */
	other = waited(top, TQ_LEAD_PATIENCE);
	assert_int_equal(tq_lead_try(&other, top), -1);
	assert_int_equal(errno, ETIMEDOUT);
	/* one of them goes on: his place is free */
	tq_lead_give(&w[1], top);
	assert_int_equal(tq_lead_try(&other, top), 1);
	assert_int_equal(other.n, w[1].n);
	for (i = 2; i < TQ_LEADS; i++)
		tq_lead_give(&w[i], top);
	tq_lead_give(&w[0], top);
	tq_lead_give(&other, top);
}

static void
a_wild_number_leads_nowhere_else(void **state)
{
	struct tq_top *top = ((struct tq_table *)*state)->top;
	struct tq_lead w = { 0 };

	top->lead = UINT32_MAX;
	assert_int_equal(tq_lead_try(&w, top), 0);
	assert_true(w.n < TQ_LEADS);
	assert_int_equal(tq_lead_pid(top), getpid());
	tq_lead_give(&w, top);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_leads_alone_writes_nothing_again),
		TEST(a_leader_is_waited_for),
		TEST(each_lead_is_waited_for_anew),
		TEST(who_gets_nowhere_is_passed_by),
		TEST(one_after_another_is_passed_by),
		TEST(a_wild_number_leads_nowhere_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
