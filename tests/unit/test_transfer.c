/* Unit tests of lib/spool/transfer.c: marks of tasks on their way elsewhere. */
#include <errno.h>
#include <string.h>

#include "lib/base/clock.h"
#include "tests/lib/spool.h"

#define HERE	7u
#define THERE	8u

static void
put(struct t_spool *f, uint32_t n, unsigned flags,
    const struct tq_spool_ties *ties)
{
	struct tq_spool_put v = { .id = t_id(n), .queue = "q", .pri = 4,
	    .flags = (uint8_t)flags, .keep = -1, .body_fd = -1,
	    .ties = ties };
	size_t which;

	if (tq_spool_put(f->sp, &v, 1, 0, &which, &f->e) == -1)
		fail_msg("put %u: %s", n, f->e.text);
}

/* How many of one it did it to. */
static uint64_t
transfer(struct t_spool *f, enum tq_verb verb, uint32_t n, uint32_t mark,
    unsigned flags)
{
	const struct tq_spool_transfer tr = { .mark = mark,
	    .meta = { "gone", 4 }, .brief = { "g", 1 } };
	struct tq_uuid id = t_id(n);
	uint64_t changed = 0;

	if (tq_spool_transfer(f->sp, verb, &id, 1, &tr, flags, &changed,
	    &f->e) == -1)
		fail_msg("%s", f->e.text);
	return changed;
}

static uint64_t
act(struct t_spool *f, enum tq_verb verb, uint32_t n, const char *value,
    unsigned flags)
{
	struct tq_uuid id = t_id(n);
	uint64_t changed = 0;
	size_t which;

	assert_int_equal(tq_spool_act(f->sp, verb, &id, 1, value, flags,
	    &changed, &which, &f->e), 0);
	return changed;
}

static struct tq_slot
look(struct t_spool *f, uint32_t n)
{
	struct tq_spool_look out;
	struct tq_uuid id = t_id(n);

	assert_int_equal(tq_spool_look(f->sp, &id, 0, &out, &f->e), 1);
	return out.s;
}

static void
marked_task_is_held_for_one_place(void **state)
{
	struct t_spool *f = *state;

	put(f, 1, 0, NULL);
	assert_int_equal(transfer(f, TQ_DO_HOLD, 1, HERE, 0), 1);
	assert_int_equal(look(f, 1).state, TQ_HELD);
	assert_int_equal(transfer(f, TQ_DO_HOLD, 1, HERE, 0), 0);
	assert_int_equal(transfer(f, TQ_DO_HOLD, 1, THERE, 0), 0);
	assert_int_equal(transfer(f, TQ_DO_RELEASE, 1, THERE, 0), 0);
	assert_int_equal(transfer(f, TQ_DO_REVOKE, 1, THERE, 0), 0);
	assert_int_equal(transfer(f, TQ_DO_HOLD, 1, THERE, TQ_DO_FORCE), 1);
	assert_int_equal(tq_transfer_mark(&(struct tq_slot){
	    .state = TQ_STARTED, .epoch = HERE }), 0);
	assert_int_equal(look(f, 1).epoch, THERE);
}

static void
what_comes_back_is_as_it_was(void **state)
{
	struct t_spool *f = *state;
	struct tq_slot s;

	put(f, 1, 0, NULL);
	put(f, 2, TQ_PF_HOLD, NULL);
	transfer(f, TQ_DO_HOLD, 1, HERE, 0);
	transfer(f, TQ_DO_HOLD, 2, HERE, 0);
	t_spool_rebuild(f);
	assert_int_equal(transfer(f, TQ_DO_RELEASE, 1, HERE, 0), 1);
	assert_int_equal(transfer(f, TQ_DO_RELEASE, 2, HERE, 0), 1);
	s = look(f, 1);
	assert_int_equal(s.state, TQ_READY);
	assert_int_equal(s.row, 0);
	assert_int_equal(s.epoch, 0);
	s = look(f, 2);
	assert_int_equal(s.state, TQ_HELD);
	assert_int_equal(tq_transfer_mark(&s), 0);
	assert_int_equal(act(f, TQ_DO_RELEASE, 2, NULL, 0), 1);
	assert_int_equal(look(f, 2).row, 0);
}

/* Let segments go until the base has risen twice. */
static void
retire(struct t_spool *f)
{
	uint32_t base = f->sp->t.top->base;

	while (f->sp->t.top->base < base + 2) {
		t_spool_put(f, 1000, "q", 3000);
		act(f, TQ_DO_REVOKE, 1000, NULL, 0);
		act(f, TQ_DO_FORGET, 1000, NULL, 0);
		assert_int_not_equal(tq_retire_step(f->sp, TQ_RETIRE_FORCED,
		    tq_clock_wall(), &f->e), -1);
	}
}

static void
mark_outlives_table_and_segments(void **state)
{
	struct t_spool *f = *state;

	put(f, 1, TQ_PF_HOLD, NULL);
	transfer(f, TQ_DO_HOLD, 1, HERE, 0);
	t_spool_rebuild(f);
	assert_int_equal(look(f, 1).epoch, HERE);
	retire(f);
	t_spool_rebuild(f);
	assert_int_equal(look(f, 1).epoch, HERE);
	assert_int_equal(look(f, 1).row, 1);
}

static void
what_went_has_the_outcome_that_is_given(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_look out;
	struct tq_uuid id = t_id(1);

	put(f, 1, 0, NULL);
	assert_int_equal(transfer(f, TQ_DO_REVOKE, 1, HERE, 0), 0);
	transfer(f, TQ_DO_HOLD, 1, HERE, 0);
	assert_int_equal(transfer(f, TQ_DO_REVOKE, 1, HERE, 0), 1);
	t_spool_rebuild(f);
	assert_int_equal(tq_spool_look(f->sp, &id, 0, &out, &f->e), 1);
	assert_int_equal(out.s.state, TQ_REVOKED);
	assert_int_equal(out.s.epoch, 0);
	assert_int_equal(out.end.meta.n, 4);
	assert_memory_equal(out.end.meta.p, "gone", 4);
}

static void
marked_task_is_changed_by_force_only(void **state)
{
	struct t_spool *f = *state;

	put(f, 1, 0, NULL);
	transfer(f, TQ_DO_HOLD, 1, HERE, 0);
	assert_int_equal(act(f, TQ_DO_RELEASE, 1, NULL, 0), 0);
	assert_int_equal(act(f, TQ_DO_MOVE, 1, "other", 0), 0);
	assert_int_equal(act(f, TQ_DO_PRI, 1, "7", 0), 0);
	assert_int_equal(act(f, TQ_DO_REVOKE, 1, NULL, 0), 0);
	assert_int_equal(act(f, TQ_DO_PRI, 1, "7", TQ_DO_FORCE), 1);
	assert_int_equal(look(f, 1).epoch, HERE);
	assert_int_equal(act(f, TQ_DO_RELEASE, 1, NULL, TQ_DO_FORCE), 1);
	assert_int_equal(look(f, 1).state, TQ_READY);
	assert_int_equal(look(f, 1).epoch, 0);
}

static void
tied_tasks_stay_and_a_key_is_no_tie(void **state)
{
	struct t_spool *f = *state;
	struct tq_uuid first = t_id(1);
	struct tq_spool_ties after = { .rel = { .has = 1u << TQ_REL_AFTER,
	    .after = { (const char *)&first, sizeof(first) } } };
	struct tq_spool_ties key = { .rel = { .has = 1u << TQ_REL_KEY,
	    .key = { "k", 1 } } };
	struct tq_spool_ties group = { .rel = { .has = 1u << TQ_REL_GROUP } };

	put(f, 1, 0, NULL);
	put(f, 2, 0, &after);
	put(f, 3, 0, &key);
	put(f, 4, 0, &group);
	assert_int_equal(transfer(f, TQ_DO_HOLD, 1, HERE, 0), 0);
	assert_int_equal(transfer(f, TQ_DO_HOLD, 2, HERE, 0), 0);
	assert_int_equal(transfer(f, TQ_DO_HOLD, 3, HERE, 0), 1);
	assert_int_equal(transfer(f, TQ_DO_HOLD, 4, HERE, 0), 0);
	assert_int_equal(look(f, 1).state, TQ_READY);
	assert_int_equal(look(f, 2).state, TQ_BLOCKED);
}

static void
started_task_stays(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got;

	put(f, 1, 0, NULL);
	t_spool_claim(f, 1, "q", &got);
	assert_int_equal(transfer(f, TQ_DO_HOLD, 1, HERE, 0), 0);
	assert_int_equal(transfer(f, TQ_DO_HOLD, 9, HERE, 0), 0);
	assert_int_equal(look(f, 1).state, TQ_STARTED);
}

static void
one_handle_at_a_time_transfers(void **state)
{
	const struct tq_spool_transfer tr = { .mark = HERE };
	struct t_spool *f = *state;
	struct tq_spool *other = t_spool_open(f);
	struct tq_uuid id = t_id(1);
	uint64_t changed = 0;

	put(f, 1, 0, NULL);
	transfer(f, TQ_DO_HOLD, 1, HERE, 0);
	assert_int_equal(tq_spool_transfer(other, TQ_DO_RELEASE, &id, 1, &tr,
	    0, &changed, &f->e), -1);
	assert_int_equal(errno, EBUSY);
	tq_spool_close(f->sp);
	f->sp = other;
	assert_int_equal(transfer(f, TQ_DO_RELEASE, 1, HERE, 0), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, t_setup_spool, \
	    t_teardown_spool)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(marked_task_is_held_for_one_place),
		TEST(what_comes_back_is_as_it_was),
		TEST(mark_outlives_table_and_segments),
		TEST(what_went_has_the_outcome_that_is_given),
		TEST(marked_task_is_changed_by_force_only),
		TEST(tied_tasks_stay_and_a_key_is_no_tie),
		TEST(started_task_stays),
		TEST(one_handle_at_a_time_transfers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
