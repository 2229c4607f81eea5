/* Unit tests of lib/worker/states.c. */
#include "lib/worker/states.h"
#include "tests/lib/t.h"

struct row {
	enum tq_life	 from;
	enum tq_life_event event;
	enum tq_life	 to;
	enum tq_life_action act;
};

static void
check_all(const struct row *r, size_t n)
{
	enum tq_life life;

	for (; n > 0; n--, r++) {
		life = r->from;
		assert_int_equal(tq_life_step(&life, r->event), r->act);
		assert_int_equal(life, r->to);
	}
}

static void
joins_then_claims(void **state)
{
	static const struct row rows[] = {
		{ TQ_LIFE_STARTING, TQ_LIFE_JOINED, TQ_LIFE_RUNNING,
		    TQ_LIFE_CLAIM },
		{ TQ_LIFE_STARTING, TQ_LIFE_EMPTY, TQ_LIFE_STARTING,
		    TQ_LIFE_NOTHING },
		{ TQ_LIFE_STARTING, TQ_LIFE_STOP, TQ_LIFE_STOPPED,
		    TQ_LIFE_LEAVE },
	};

	(void)state;
	check_all(rows, T_COUNT(rows));
}

static void
an_idle_worker_stays(void **state)
{
	static const struct row rows[] = {
		{ TQ_LIFE_RUNNING, TQ_LIFE_EMPTY, TQ_LIFE_RUNNING,
		    TQ_LIFE_NOTHING },
		{ TQ_LIFE_RUNNING, TQ_LIFE_GRACE, TQ_LIFE_RUNNING,
		    TQ_LIFE_NOTHING },
	};

	(void)state;
	check_all(rows, T_COUNT(rows));
}

static void
the_first_stop_drains_the_second_kills(void **state)
{
	static const struct row rows[] = {
		{ TQ_LIFE_RUNNING, TQ_LIFE_STOP, TQ_LIFE_DRAINING,
		    TQ_LIFE_DRAIN },
		{ TQ_LIFE_DRAINING, TQ_LIFE_STOP, TQ_LIFE_STOPPING,
		    TQ_LIFE_KILL },
		{ TQ_LIFE_STOPPING, TQ_LIFE_STOP, TQ_LIFE_STOPPING,
		    TQ_LIFE_KILL },
	};

	(void)state;
	check_all(rows, T_COUNT(rows));
}

static void
a_stop_while_finishing_is_the_first(void **state)
{
	static const struct row rows[] = {
		{ TQ_LIFE_RUNNING, TQ_LIFE_DONE, TQ_LIFE_FINISHING,
		    TQ_LIFE_FINISH },
		{ TQ_LIFE_FINISHING, TQ_LIFE_DONE, TQ_LIFE_FINISHING,
		    TQ_LIFE_NOTHING },
		{ TQ_LIFE_FINISHING, TQ_LIFE_STOP, TQ_LIFE_DRAINING,
		    TQ_LIFE_DRAIN },
	};

	(void)state;
	check_all(rows, T_COUNT(rows));
}

static void
grace_ends_with_term_then_kill(void **state)
{
	static const struct row rows[] = {
		{ TQ_LIFE_DRAINING, TQ_LIFE_GRACE, TQ_LIFE_STOPPING,
		    TQ_LIFE_TERM },
		{ TQ_LIFE_STOPPING, TQ_LIFE_GRACE, TQ_LIFE_STOPPING,
		    TQ_LIFE_KILL },
	};

	(void)state;
	check_all(rows, T_COUNT(rows));
}

static void
now_kills_whatever_it_does(void **state)
{
	static const struct row rows[] = {
		{ TQ_LIFE_RUNNING, TQ_LIFE_NOW, TQ_LIFE_STOPPING,
		    TQ_LIFE_KILL },
		{ TQ_LIFE_FINISHING, TQ_LIFE_NOW, TQ_LIFE_STOPPING,
		    TQ_LIFE_KILL },
		{ TQ_LIFE_DRAINING, TQ_LIFE_NOW, TQ_LIFE_STOPPING,
		    TQ_LIFE_KILL },
	};

	(void)state;
	check_all(rows, T_COUNT(rows));
}

static void
leaves_when_nothing_runs_any_more(void **state)
{
	static const struct row rows[] = {
		{ TQ_LIFE_FINISHING, TQ_LIFE_EMPTY, TQ_LIFE_STOPPED,
		    TQ_LIFE_LEAVE },
		{ TQ_LIFE_DRAINING, TQ_LIFE_EMPTY, TQ_LIFE_STOPPED,
		    TQ_LIFE_LEAVE },
		{ TQ_LIFE_STOPPING, TQ_LIFE_EMPTY, TQ_LIFE_STOPPED,
		    TQ_LIFE_LEAVE },
	};

	(void)state;
	check_all(rows, T_COUNT(rows));
}

static void
stopped_is_for_ever(void **state)
{
	enum tq_life life = TQ_LIFE_STOPPED;
	int event;

	(void)state;
	for (event = 0; event < TQ_NLIFE_EVENTS; event++)
		assert_int_equal(tq_life_step(&life,
		    (enum tq_life_event)event), TQ_LIFE_NOTHING);
	assert_int_equal(life, TQ_LIFE_STOPPED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins_then_claims),
		cmocka_unit_test(an_idle_worker_stays),
		cmocka_unit_test(the_first_stop_drains_the_second_kills),
		cmocka_unit_test(a_stop_while_finishing_is_the_first),
		cmocka_unit_test(grace_ends_with_term_then_kill),
		cmocka_unit_test(now_kills_whatever_it_does),
		cmocka_unit_test(leaves_when_nothing_runs_any_more),
		cmocka_unit_test(stopped_is_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
