/* Unit tests of lib/spool/settle.c, and of events, which look behind it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/spool/verb.h"
#include "tests/lib/spool.h"

/* Claim task n for an hour. */
static void
lease(struct t_spool *f, uint32_t n, struct tq_spool_got *got)
{
	struct tq_take take = { .queue = { "q" }, .nqueues = 1,
	    .lease = 3600 * TQ_SECOND };
	struct tq_uuid want = t_id(n);

	assert_int_equal(tq_spool_claim(f->sp, &take, got, &f->e), 1);
	assert_memory_equal(&got->s.id, &want, sizeof(want));
}

/* All chains of the index lead nowhere: the next look meets a wild number. */
static void
make_wild(struct t_spool *f)
{
	uint32_t i;

	for (i = 0; i < f->sp->t.top->buckets.cap; i++)
		f->sp->t.buckets[i] = UINT32_MAX - 1;
}

static void
wild_number_ends_no_lease(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got;

	t_spool_put(f, 1, "q", 10);
	lease(f, 1, &got);
	make_wild(f);
	if (tq_spool_renew(f->sp, &got.s.id, 0, got.s.attempt,
	    3600 * TQ_SECOND, &f->e) == -1)
		fail_msg("%s", f->e.text);
}

/* Of the put of a task with that id; its place, by a look at its slot. */
static void
damage_put(struct t_spool *f, uint32_t n)
{
	struct tq_uuid id = t_id(n);
	tq_lsn at;
	struct tq_segment *s;

	at = f->sp->t.slots[tq_table_find(&f->sp->t, &id)].put;
	s = tq_ledger_segment(&f->sp->l, TQ_LSN_SEG(at));
	assert_non_null(s);
	assert_int_equal(pwrite(s->fd, "damage", 6, TQ_LSN_OFF(at) +
	    TQ_REC_HEAD + 4), 6);
}

static void
result_whose_put_cannot_be_read_is_kept(void **state)
{
	struct t_spool *f = *state;
	struct tq_uuid id = t_id(1);
	struct tq_spool_got got;
	uint32_t n;

	t_spool_put(f, 1, "q", 10);
	t_spool_claim(f, 1, "q", &got);
	n = tq_table_find(&f->sp->t, &id);
	f->sp->t.slots[n].flags |= TQ_PF_KEEP;
	damage_put(f, 1);
	t_spool_settle(f, &got, TQ_SUCCESS);
	assert_int_equal(tq_table_find(&f->sp->t, &id), n);
	assert_true(f->sp->t.slots[n].due == 0);
}

static void
end_that_must_wait_for_a_segment_is_counted_once(void **state)
{
	struct t_spool *f = *state;
	struct tq_top *top = f->sp->t.top;
	struct tq_spool_got got;
	struct tq_wrow *w;
	uint32_t n = 2, before;

	t_spool_put(f, 1, "q", 10);
	t_spool_claim(f, 1, "q", &got);
	w = tq_table_owner(&f->sp->t, got.s.row);
	assert_non_null(w);
	w->done = 0;
	/* as if nobody had prepared one, and this is full */
	do {
		before = TQ_LSN_OFF(top->tail);
		t_spool_put(f, n++, "q", 10);
	} while (2 * TQ_LSN_OFF(top->tail) - before <= top->seg_size);
	top->last = TQ_LSN_SEG(top->tail);
	t_spool_settle(f, &got, TQ_SUCCESS);
	assert_int_equal(w->done, 1);
}

/* ---- events -------------------------------------------------------------- */

static int
note_put(const struct tq_rec *r, const char *queue, void *arg)
{
	unsigned *seen = arg;

	(void)queue;
	if (r->type == TQ_REC_PUT)
		*seen |= 1u << tq_le32(r->id.b);
	return 0;
}

static void
damaged_record_hides_no_later_event(void **state)
{
	struct t_spool *f = *state;
	uint64_t at = f->sp->t.top->tail;
	unsigned seen = 0, i;

	for (i = 1; i <= 3; i++)
		t_spool_put(f, i, "q", 100);
	damage_put(f, 2);
	assert_int_not_equal(tq_spool_events(f->sp, &at, 0, note_put, &seen,
	    &f->e), -1);
	assert_int_equal(seen, 1u << 1 | 1u << 3);
	assert_true(at == f->sp->t.top->tail);
}

#define T(f) cmocka_unit_test_setup_teardown(f, t_setup_spool, t_teardown_spool)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(wild_number_ends_no_lease),
		T(result_whose_put_cannot_be_read_is_kept),
		T(end_that_must_wait_for_a_segment_is_counted_once),
		T(damaged_record_hides_no_later_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
