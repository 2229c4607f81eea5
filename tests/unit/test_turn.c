/* Unit tests of the turns that verbs take through the lock (upkeep.c). */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/spool.h"

static void
what_is_written_is_not_done_again(void **state)
{
	struct t_spool *f = *state;
	struct tq_turn t = { .rv = 0 };
	int rounds = 0;

	while (tq_turn_next(f->sp, &t, &f->e)) {
		uint32_t n;

		rounds++;
		t.rv = tq_queue_make(f->sp, "q", &n, 0, t.now, &f->e);
		f->sp->t.bad = 1;
	}

	assert_int_equal(rounds, 1);
	assert_int_equal(t.rv, 1);
}

static void
what_a_bad_table_says_is_done_is_done_again(void **state)
{
	struct t_spool *f = *state;
	struct tq_turn t = { .rv = 0 };
	int rounds = 0;

	while (tq_turn_next(f->sp, &t, &f->e)) {
		f->sp->t.bad = rounds++ == 0;
		t.rv = 1;
	}

	assert_int_equal(rounds, 2);
	assert_int_equal(t.rv, 1);
}

static void
what_was_decided_by_a_bad_table_is_not_written(void **state)
{
	struct t_spool *f = *state;
	struct tq_turn t = { .rv = 0 };
	int rounds = 0;
	uint32_t n;

	while (tq_turn_next(f->sp, &t, &f->e)) {
		f->sp->t.bad = rounds++ == 0;
		t.rv = tq_queue_make(f->sp, "q", &n, 0, t.now, &f->e);
	}

	assert_int_equal(rounds, 2);
	assert_int_equal(t.rv, 1);
}

static void
refusal_by_a_bad_table_is_not_believed(void **state)
{
	struct t_spool *f = *state;
	struct tq_turn t = { .rv = 0 };
	uint64_t generation = f->sp->t.top->generation;
	int rounds = 0;

	while (tq_turn_next(f->sp, &t, &f->e)) {
		f->sp->t.bad = rounds == 0;
		t.rv = rounds++ == 0 ? -1 : 2;
	}

	assert_int_equal(rounds, 2);
	assert_int_equal(t.rv, 2);
	assert_int_not_equal(f->sp->t.top->generation, generation);
}

static void
room_that_is_wanted_is_there_in_the_next_turn(void **state)
{
	struct t_spool *f = *state;
	struct tq_ledger *l = &f->sp->l;
	struct tq_turn t = { .rv = 0 };
	int rounds = 0;

	assert_int_equal(tq_core_enter(f->sp, &f->e), 0);
	while (tq_ledger_next(l, 1) == 1)
		continue;
	/* what somebody did not get before is not what is wanted now */
	tq_ledger_begin(l);
	assert_int_equal(tq_ledger_fit(l, 0, UINT64_MAX / 2, 1), 0);
	tq_core_leave(f->sp);
	while (tq_turn_next(f->sp, &t, &f->e)) {
		rounds++;
		t.rv = tq_ledger_next(l, t.now);
	}

	assert_int_equal(rounds, 2);
	assert_int_equal(t.rv, 1);
}

static void
room_that_is_not_to_be_had_is_told(void **state)
{
	struct t_spool *f = *state;
	struct tq_turn t = { .rv = 0 };
	int rounds = 0;

	while (tq_turn_next(f->sp, &t, &f->e)) {
		rounds++;
		tq_ledger_begin(&f->sp->l);
		t.rv = tq_ledger_fit(&f->sp->l, 0, UINT64_MAX / 2, t.now);
	}

	assert_int_equal(errno, ENOSPC);
	assert_int_equal(f->e.num, ENOSPC);
	assert_int_equal(rounds, 1);
	assert_int_equal(t.rv, -1);
	assert_true(t.full);
}

static void
refusal_keeps_its_errno(void **state)
{
	struct t_spool *f = *state;
	struct tq_turn t = { .rv = 0 };

	while (tq_turn_next(f->sp, &t, &f->e))
		t.rv = tq_fail(&f->e, ESTALE, "no");

	assert_int_equal(errno, ESTALE);
	assert_int_equal(t.rv, -1);
	assert_false(t.full);
}

/* Somebody scribbled over the index by id. */
static void
scribble(struct t_spool *f)
{
	memset(f->sp->t.buckets, 0xff, f->sp->t.top->buckets.cap *
	    sizeof(*f->sp->t.buckets));
}

static void
task_is_not_unknown_because_the_index_is_wild(void **state)
{
	struct t_spool *f = *state;
	struct tq_uuid id = t_id(1);
	struct tq_spool_source source;
	struct tq_spool_look look;
	unsigned char known = 0;
	size_t which;

	t_spool_put(f, 1, "q", 8);
	scribble(f);
	assert_int_equal(tq_spool_known(f->sp, &id, 1, &known, &f->e), 0);
	assert_int_equal(known, 1);
	scribble(f);
	assert_int_equal(tq_spool_source(f->sp, &id, &source, &f->e), 0);
	scribble(f);
	assert_int_equal(tq_spool_look(f->sp, &id, 0, &look, &f->e), 1);
	scribble(f);
	assert_int_equal(tq_spool_wait(f->sp, &id, 1, 0, 0, NULL, &which,
	    &f->e), 0);
}

static void
put(struct t_spool *f, uint32_t n, int rv)
{
	struct tq_spool_put p = { .id = t_id(n), .queue = "q", .body_fd = -1,
	    .pri = 4 };
	size_t which;

	assert_int_equal(tq_spool_put(f->sp, &p, 1, 0, &which, &f->e), rv);
}

static void
id_is_not_put_twice_because_the_index_is_wild(void **state)
{
	struct t_spool *f = *state;

	put(f, 1, 0);
	scribble(f);
	put(f, 1, -1);
	assert_int_equal(errno, EEXIST);
}

static void
body_is_no_orphan_because_the_index_is_wild(void **state)
{
	struct timespec long_ago[2] = { { 1, 0 }, { 1, 0 } };
	struct t_spool *f = *state;
	struct tq_spool_got got;
	uint64_t changed = 0;
	struct dirent *d;
	int files;
	DIR *dp;

	t_spool_put(f, 1, "q", 100000);
	files = openat(f->sp->dirfd, "files", O_RDONLY | O_DIRECTORY);
	assert_int_not_equal(files, -1);
	assert_non_null(dp = fdopendir(files));
	while ((d = readdir(dp)) != NULL)
		(void)utimensat(files, d->d_name, long_ago, 0);
	closedir(dp);
	scribble(f);
	assert_int_equal(tq_spool_gc(f->sp, &changed, &f->e), 0);
	t_spool_claim(f, 1, "q", &got);
	assert_int_equal(changed, 0);
}

static void
group_is_not_empty_because_the_index_is_wild(void **state)
{
	struct tq_spool_ties group = { .rel = { .has = 1u << TQ_REL_GROUP } };
	struct tq_spool_ties member = { .rel = { .has = 1u << TQ_REL_MEMBER,
	    .member = t_id(1) } };
	struct tq_spool_put v[2] = {
		{ .id = t_id(1), .queue = "q", .body_fd = -1, .ties = &group },
		{ .id = t_id(2), .queue = "q", .body_fd = -1, .ties = &member },
	};
	struct tq_spool_source *members;
	struct t_spool *f = *state;
	size_t n;

	assert_int_equal(tq_spool_put(f->sp, v, 2, 0, &n, &f->e), 0);
	scribble(f);
	assert_int_equal(tq_spool_sources(f->sp, &v[0].id, &members, &n,
	    &f->e), 0);
	assert_int_equal(n, 1);
	assert_memory_equal(&members->id, &v[1].id, sizeof(v[1].id));
	free(members);
}

static void
task_is_found_although_its_row_is_wild(void **state)
{
	static const char *const queue = "q";
	struct t_spool *f = *state;
	struct tq_uuid *ids;
	size_t n;

	t_spool_put(f, 1, "q", 1);
	t_spool_put(f, 2, "q", 1);
	f->sp->t.slots[1].queue = UINT16_MAX;
	assert_int_equal(tq_spool_ids(f->sp, &queue, 1, 0, &ids, &n, &f->e),
	    0);
	assert_int_equal(n, 2);
	free(ids);
}

/* Write all that lives into new segments, and read it from there. */
static void
carry_all(struct t_spool *f)
{
	uint32_t upto = TQ_LSN_SEG(f->sp->t.top->tail);
	struct tq_turn t = { .rv = 0 };

	while (tq_turn_next(f->sp, &t, &f->e))
		t.rv = tq_ledger_next(&f->sp->l, t.now);
	while (f->sp->t.top->base <= upto)
		assert_int_not_equal(tq_retire_step(f->sp, TQ_RETIRE_FORCED,
		    t.now, &f->e), -1);
	t_spool_rebuild(f);
}

static void
tasks_that_are_moved_stand_in_the_order_they_were_named_in(void **state)
{
	struct tq_uuid ids[3] = { t_id(3), t_id(1), t_id(2) };
	struct t_spool *f = *state;
	struct tq_spool_got got;
	uint64_t changed = 0;
	size_t which;

	t_spool_put(f, 1, "q", 1);
	t_spool_put(f, 2, "q", 1);
	t_spool_put(f, 3, "q", 1);
	assert_int_equal(tq_spool_act(f->sp, TQ_DO_MOVE, ids, 3, "r", 0,
	    &changed, &which, &f->e), 0);
	carry_all(f);
	t_spool_claim(f, 3, "r", &got);
	t_spool_claim(f, 1, "r", &got);
	t_spool_claim(f, 2, "r", &got);
}

#define ON_SPOOL(f)	\
	cmocka_unit_test_setup_teardown(f, t_setup_spool, t_teardown_spool)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SPOOL(what_is_written_is_not_done_again),
		ON_SPOOL(what_a_bad_table_says_is_done_is_done_again),
		ON_SPOOL(what_was_decided_by_a_bad_table_is_not_written),
		ON_SPOOL(refusal_by_a_bad_table_is_not_believed),
		ON_SPOOL(room_that_is_wanted_is_there_in_the_next_turn),
		ON_SPOOL(room_that_is_not_to_be_had_is_told),
		ON_SPOOL(refusal_keeps_its_errno),
		ON_SPOOL(task_is_not_unknown_because_the_index_is_wild),
		ON_SPOOL(id_is_not_put_twice_because_the_index_is_wild),
		ON_SPOOL(group_is_not_empty_because_the_index_is_wild),
		ON_SPOOL(
		    tasks_that_are_moved_stand_in_the_order_they_were_named_in),
		ON_SPOOL(task_is_found_although_its_row_is_wild),
		ON_SPOOL(body_is_no_orphan_because_the_index_is_wild),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
