/* Contract: of all who have the same schedule one puts each tick. */
#include <errno.h>
#include <string.h>

#include "lib/base/clock.h"
#include "tests/contract/contract.h"

#define HOUR	(3600 * TQ_SECOND)

/* A body task for queue q. */
static struct tq_task
task(void)
{
	struct tq_task t;

	tq_task_init(&t);
	t.queue = "q";
	t.body.p = "x";
	t.body.n = 1;
	return t;
}

static struct tq_tick
tick(tq_time last, tq_time at)
{
	return (struct tq_tick){ .schedule = "a schedule", .last = last,
	    .at = at, .until = tq_clock_wall() + HOUR };
}

static tq_time
last(struct ground *g)
{
	tq_time at = -1;
	int rv;

	MUST(g, rv = tq_last(g->tq, "a schedule", &at, &g->e));
	assert_int_equal(rv, at != 0);
	return at;
}

static void
tick_puts_its_task_and_moves_the_schedule_on(void **state)
{
	struct ground *g = *state;
	struct tq_tick first = tick(0, 100), second = tick(100, 200);
	struct tq_task t = task();
	struct tq_id id;

	assert_int_equal(last(g), 0);
	MUST(g, tq_tick(g->tq, &first, &t, 0, &id, &g->e));
	assert_int_equal(contract_state(g, id.s), TQ_READY);
	assert_int_equal(last(g), 100);
	MUST(g, tq_tick(g->tq, &second, &t, 0, &id, &g->e));
	assert_int_equal(last(g), 200);
	assert_int_equal(contract_count(g, "q", 0), 2);
}

static void
tick_that_somebody_else_put_is_not_put_again(void **state)
{
	struct ground *g = *state;
	struct tq *other = contract_open(g);
	struct tq_tick one = tick(0, 100), late = tick(50, 150);
	struct tq_task t = task();
	struct tq_id id;

	MUST(g, tq_tick(other, &one, &t, 0, &id, &g->e));
	MUST_FAIL(g, tq_tick(g->tq, &one, &t, 0, &id, &g->e), ESTALE,
	    "a schedule");
	MUST_FAIL(g, tq_tick(g->tq, &late, &t, 0, &id, &g->e), ESTALE,
	    "a schedule");
	assert_int_equal(last(g), 100);
	assert_int_equal(contract_count(g, "q", 0), 1);
	tq_close(other);
}

static void
schedule_moves_without_a_task_and_back(void **state)
{
	struct ground *g = *state;
	struct tq_tick on = tick(0, 100), back = tick(100, -7);
	struct tq_id id;

	MUST(g, tq_tick(g->tq, &on, NULL, 0, &id, &g->e));
	assert_int_equal(last(g), 100);
	MUST(g, tq_tick(g->tq, &back, NULL, 0, &id, &g->e));
	assert_int_equal(last(g), -7);
	assert_int_equal(contract_count(g, "q", 0), 0);
}

static void
refused_put_leaves_the_schedule_where_it_was(void **state)
{
	struct ground *g = *state;
	struct tq_tick one = tick(0, 100), none = tick(0, 0);
	struct tq_task t = task();
	struct tq_id id;

	MUST_FAIL(g, tq_tick(g->tq, &none, &t, 0, &id, &g->e), EINVAL,
	    "a schedule");
	t.pri = 10;
	MUST_FAIL(g, tq_tick(g->tq, &one, &t, 0, &id, &g->e), EINVAL, "10");
	t.pri = 4;
	contract_put_text(g, "q", "there", "");
	t.id = "there";
	MUST_FAIL(g, tq_tick(g->tq, &one, &t, 0, &id, &g->e), EEXIST,
	    "there");
	t.id = NULL;
	contract_do_queue(g, TQ_DO_CLOSE, "q", 0);
	MUST_FAIL(g, tq_tick(g->tq, &one, &t, 0, &id, &g->e), EPERM, "closed");
	assert_int_equal(last(g), 0);
	one.schedule = "";
	MUST_FAIL(g, tq_tick(g->tq, &one, &t, 0, &id, &g->e), EINVAL, "");
	MUST_FAIL(g, tq_last(g->tq, "", &one.at, &g->e), EINVAL, "");
}

static void
schedule_is_forgotten_after_its_time(void **state)
{
	struct ground *g = *state;
	struct tq_tick one = tick(0, 100), again = tick(0, 300);
	struct tq_task t = task();
	struct tq_id id;

	one.until = tq_clock_wall() + 20 * TQ_MS;
	MUST(g, tq_tick(g->tq, &one, &t, 0, &id, &g->e));
	T_UNTIL(last(g) == 0);
	MUST(g, tq_tick(g->tq, &again, &t, 0, &id, &g->e));
	assert_int_equal(last(g), 300);
}

static void
schedules_do_not_know_each_other(void **state)
{
	struct ground *g = *state;
	struct tq_tick one = tick(0, 100), other = tick(0, 200);
	struct tq_id id;

	other.schedule = "another";
	MUST(g, tq_tick(g->tq, &one, NULL, 0, &id, &g->e));
	MUST(g, tq_tick(g->tq, &other, NULL, 0, &id, &g->e));
	assert_int_equal(last(g), 100);
}

const struct contract_test contract_tick[] = {
	CONTRACT_TEST(tick_puts_its_task_and_moves_the_schedule_on),
	CONTRACT_TEST(tick_that_somebody_else_put_is_not_put_again),
	CONTRACT_TEST(schedule_moves_without_a_task_and_back),
	CONTRACT_TEST(refused_put_leaves_the_schedule_where_it_was),
	CONTRACT_TEST(schedule_is_forgotten_after_its_time),
	CONTRACT_TEST(schedules_do_not_know_each_other),
	{ NULL, NULL }
};
