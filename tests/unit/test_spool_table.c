/* Unit tests of lib/spool/table.c and audit.c. */
#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/spool/forget.h"
#include "lib/spool/state.h"
#include "lib/spool/table.h"
#include "tests/lib/spool.h"

/* An empty table with queue 1, "q". */
static int
setup(void **state)
{
	struct tq_table *t = test_calloc(1, sizeof(*t));

	t_table_make(t);
	assert_non_null(tq_table_queue_at(t, 1));
	t->qrows[1].used = 1;
	memcpy(t->qrows[1].name, "q", 2);
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

static void
assert_sound(struct tq_table *t)
{
	char why[256] = "t->bad";

	if (!tq_table_audit(t, why, sizeof(why)))
		fail_msg("%s", why);
}

/* A task of queue 1 with id number n, in a state; its slot. */
static uint32_t
add(struct tq_table *t, uint32_t n, enum tq_state state)
{
	struct tq_uuid id = t_id(n);
	uint32_t slot = tq_table_add(t, &id);

	assert_int_not_equal(slot, 0);
	t->slots[slot].queue = 1;
	t->slots[slot].seq = n;
	tq_table_enter(t, slot, state, 0);
	return slot;
}

static void
move(struct tq_table *t, uint32_t slot, enum tq_state state)
{
	tq_table_leave(t, slot);
	tq_table_enter(t, slot, state, 0);
}

static uint32_t
find(struct tq_table *t, uint32_t n)
{
	struct tq_uuid id = t_id(n);

	return tq_table_find(t, &id);
}

/* ---- the index ------------------------------------------------------------------ */

static void
empty_table_finds_nothing(void **state)
{
	struct tq_table *t = *state;

	assert_int_equal(find(t, 1), 0);
	assert_int_equal(t->bad, 0);
	assert_sound(t);
}

static void
every_one_of_100000_is_found(void **state)
{
	struct tq_table *t = *state;
	uint32_t i;

	for (i = 1; i <= 100000; i++)
		(void)add(t, i, TQ_READY);
	for (i = 1; i <= 100000; i++)
		assert_int_equal(find(t, i), i);
	assert_int_equal(find(t, 100001), 0);
	assert_int_equal(t->top->ntasks, 100000);
	assert_sound(t);
}

/* The longest chain of a bucket. */
static uint32_t
longest_chain(struct tq_table *t)
{
	uint32_t b, n, len, max = 0;

	for (b = 0; b < t->top->buckets.used; b++) {
		for (n = t->buckets[b], len = 0; n != 0; n = t->slots[n].chain)
			len++;
		if (len > max)
			max = len;
	}
	return max;
}

static void
chains_stay_short(void **state)
{
	struct tq_table *t = *state;
	uint32_t i;

	for (i = 1; i <= 100000; i++)
		(void)add(t, i, TQ_READY);
	/* as balls thrown into as many bins: 8 or so, 10 after a split */
	assert_in_range(longest_chain(t), 1, 24);
}

/* n ids of tq_uuid_make(), `gap` after each other; the longest chain. */
static uint32_t
chain_of_ids(struct tq_table *t, uint32_t n, tq_time gap)
{
	struct tq_uuid_maker m = { .last = 0 };
	tq_time now = 1700000000 * TQ_SECOND;
	struct tq_uuid id;

	for (; n > 0; n--, now += gap) {
		tq_uuid_make(&id, &m, now);
		assert_int_not_equal(tq_table_add(t, &id), 0);
	}
	return longest_chain(t);
}

static void
chains_of_ids_that_come_fast_stay_short(void **state)
{
	assert_in_range(chain_of_ids(*state, 50000, TQ_MS / 1000), 1, 24);
}

/* Each is the first of its millisecond: their counters are all the same. */
static void
chains_of_ids_that_come_slowly_stay_short(void **state)
{
	assert_in_range(chain_of_ids(*state, 50000, 7 * TQ_MS), 1, 24);
}

static void
deleted_slots_are_used_again(void **state)
{
	struct tq_table *t = *state;
	uint32_t i;

	for (i = 1; i <= 1000; i++)
		(void)add(t, i, TQ_READY);
	for (i = 1; i <= 1000; i += 2)
		tq_table_del(t, find(t, i), 0);
	assert_int_equal(t->top->ntasks, 500);
	assert_int_equal(find(t, 1), 0);
	assert_int_equal(find(t, 2), 2);
	assert_sound(t);
	for (i = 2001; i <= 2500; i++)
		(void)add(t, i, TQ_READY);
	assert_int_equal(t->top->slots.used, 1000);
	assert_int_equal(t->top->ntasks, 1000);
	assert_int_not_equal(find(t, 2500), 0);
	assert_sound(t);
}

static void
cleared_table_is_empty_and_sound(void **state)
{
	struct tq_table *t = *state;
	uint64_t generation = t->top->generation;

	(void)add(t, 1, TQ_READY);
	(void)add(t, 2, TQ_SUCCESS);
	tq_table_clear(t);
	assert_int_equal(find(t, 1), 0);
	assert_int_equal(tq_table_queue_find(t, "q", 1), 0);
	assert_int_equal(t->top->ntasks, 0);
	assert_int_equal(t->top->generation, generation + 1);
	assert_sound(t);
}

static void
no_memory_is_enospc(void **state)
{
	struct tq_table *t = *state;

	t_sys_arm(1, ENOSPC);
	assert_int_equal(tq_table_reserve(t, 1000000), -1);
	t_sys_disarm();
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(t->bad, 0);
	assert_int_equal(tq_table_reserve(t, TQ_SLOTS_MAX), -1);
	assert_int_equal(errno, ENOSPC);
	(void)add(t, 1, TQ_READY);
	assert_sound(t);
}

/* ---- lists ------------------------------------------------------------------------ */

static void
ready_list_is_in_the_order_of_entering(void **state)
{
	struct tq_table *t = *state;
	struct tq_list *l = &t->qrows[1].ready[0];
	uint32_t a = add(t, 1, TQ_READY), b = add(t, 2, TQ_READY);
	uint32_t c = add(t, 3, TQ_READY);

	assert_int_equal(l->head, a);
	assert_int_equal(t->slots[a].next, b);
	assert_int_equal(t->slots[b].next, c);
	assert_int_equal(l->tail, c);
	assert_int_equal(l->n, 3);
	assert_int_equal(t->qrows[1].nready, 3);
}

static void
one_handed_back_is_first(void **state)
{
	struct tq_table *t = *state;
	uint32_t a = add(t, 1, TQ_READY);

	(void)add(t, 2, TQ_READY);
	move(t, a, TQ_STARTED);
	tq_table_leave(t, a);
	tq_table_enter(t, a, TQ_READY, TQ_ENTER_HEAD);
	assert_int_equal(t->qrows[1].ready[0].head, a);
	assert_sound(t);
}

static void
leaving_from_anywhere_keeps_the_rest(void **state)
{
	struct tq_table *t = *state;
	struct tq_list *l = &t->qrows[1].ready[0];
	uint32_t a = add(t, 1, TQ_READY), b = add(t, 2, TQ_READY);
	uint32_t c = add(t, 3, TQ_READY), d = add(t, 4, TQ_READY);

	move(t, b, TQ_HELD);
	assert_int_equal(t->slots[a].next, c);
	assert_int_equal(t->slots[c].prev, a);
	move(t, a, TQ_HELD);
	assert_int_equal(l->head, c);
	move(t, d, TQ_HELD);
	assert_int_equal(l->tail, c);
	move(t, c, TQ_HELD);
	assert_int_equal(l->head, 0);
	assert_int_equal(l->tail, 0);
	assert_int_equal(l->n, 0);
	assert_int_equal(t->qrows[1].count[TQ_HELD], 4);
	assert_sound(t);
}

static void
each_priority_has_a_list(void **state)
{
	struct tq_table *t = *state;
	struct tq_uuid id;
	uint32_t n;
	int pri;

	for (pri = 0; pri <= TQ_PRI_MAX; pri++) {
		id = t_id((uint32_t)pri + 1);
		n = tq_table_add(t, &id);
		t->slots[n].queue = 1;
		t->slots[n].pri = (uint8_t)pri;
		tq_table_enter(t, n, TQ_READY, 0);
		assert_int_equal(t->qrows[1].ready[pri].head, n);
	}
	assert_sound(t);
}

static void
owned_claims_stand_with_their_owner(void **state)
{
	struct tq_table *t = *state;
	uint32_t a = add(t, 1, TQ_READY), b = add(t, 2, TQ_READY);

	t->slots[a].row = 7;
	move(t, a, TQ_STARTED);
	move(t, b, TQ_STARTED);	/* a lease: nobody's row */
	assert_int_equal(t->wrows[7].claimed.head, a);
	assert_int_equal(t->wrows[7].claimed.n, 1);
	assert_int_equal(t->top->started, 2);
	assert_sound(t);
	move(t, a, TQ_SUCCESS);
	assert_int_equal(t->wrows[7].claimed.n, 0);
	assert_int_equal(t->top->started, 1);
	assert_sound(t);
}

static void
ends_stand_in_two_lists(void **state)
{
	struct tq_table *t = *state;

	(void)add(t, 1, TQ_SUCCESS);
	(void)add(t, 2, TQ_FAILURE);
	(void)add(t, 3, TQ_REVOKED);
	(void)add(t, 4, TQ_EXPIRED);
	assert_int_equal(t->top->done.n, 3);
	assert_int_equal(t->top->dead.n, 1);
	assert_sound(t);
}

static void
bytes_are_of_unended_tasks(void **state)
{
	struct tq_table *t = *state;
	uint32_t a = add(t, 1, TQ_ABSENT);

	t->slots[a].size = 500;
	t->top->live = 500;
	tq_table_enter(t, a, TQ_READY, 0);
	assert_int_equal(t->qrows[1].bytes, 500);
	move(t, a, TQ_STARTED);
	assert_int_equal(t->qrows[1].bytes, 500);
	move(t, a, TQ_SUCCESS);
	assert_int_equal(t->qrows[1].bytes, 0);
	tq_table_del(t, a, 0);
	assert_int_equal(t->top->live, 0);
}

/* ---- timers ------------------------------------------------------------------------ */

static const struct {
	enum tq_state	 state;
	uint8_t		 flags;
	tq_time		 due, expires;
	tq_time		 want;		/* when its timer goes off, 0 never */
} timers[] = {
	{ TQ_HELD, 0, 10, 0, 0 },
	{ TQ_HELD, 0, 10, 20, 20 },
	{ TQ_BLOCKED, 0, 10, 20, 20 },
	{ TQ_DELAYED, 0, 10, 0, 10 },
	{ TQ_DELAYED, 0, 10, 20, 10 },
	{ TQ_DELAYED, 0, 30, 20, 20 },
	{ TQ_RETRY, 0, 10, 20, 10 },
	{ TQ_RETRY, 0, 30, 20, 20 },
	{ TQ_READY, 0, 10, 0, 0 },
	{ TQ_READY, 0, 10, 20, 20 },
	{ TQ_STARTED, 0, 10, 20, 0 },
	{ TQ_STARTED, TQ_PF_LEASED, 10, 20, 0 },
	{ TQ_SUCCESS, 0, 10, 20, 0 },
	{ TQ_SUCCESS, TQ_PF_KEEP, 10, 20, 10 },
	{ TQ_FAILURE, TQ_PF_KEEP, 10, 20, 10 },
};

static void
timer_follows_from_the_state(void **state)
{
	struct tq_table *t = *state;
	tq_time due;
	uint32_t n;
	size_t i;

	for (i = 0; i < T_COUNT(timers); i++) {
		n = add(t, 1, TQ_ABSENT);
		t->slots[n].flags = timers[i].flags;
		t->slots[n].due = timers[i].due;
		t->slots[n].expires = timers[i].expires;
		tq_table_enter(t, n, timers[i].state, 0);
		(void)tq_table_due(t, 0, &due);
		assert_int_equal(due, timers[i].want);
		/* this one waits for nothing, as the audit would say */
		if (timers[i].state != TQ_BLOCKED)
			assert_sound(t);
		tq_table_del(t, n, 0);
		assert_int_equal(t->top->heap.used, 0);
	}
}

static uint32_t
add_delayed(struct tq_table *t, uint32_t n, tq_time due)
{
	uint32_t slot = add(t, n, TQ_ABSENT);

	t->slots[slot].due = due;
	tq_table_enter(t, slot, TQ_DELAYED, 0);
	return slot;
}

static void
timers_are_due_in_order(void **state)
{
	struct tq_table *t = *state;
	uint32_t late = add_delayed(t, 1, 300), soon = add_delayed(t, 2, 100);
	uint32_t same = add_delayed(t, 3, 100);
	tq_time due;

	assert_int_equal(tq_table_due(t, 99, &due), 0);
	assert_int_equal(due, 100);
	assert_int_equal(tq_table_due(t, 100, &due), soon);
	tq_table_del(t, soon, 0);
	assert_int_equal(tq_table_due(t, 1000, &due), same);
	move(t, same, TQ_READY);
	assert_int_equal(tq_table_due(t, 1000, &due), late);
	assert_sound(t);
}

/* ---- queues ------------------------------------------------------------------------- */

static void
queue_is_found_by_its_whole_name(void **state)
{
	struct tq_table *t = *state;

	assert_int_equal(tq_table_queue_find(t, "q", 1), 1);
	assert_int_equal(tq_table_queue_find(t, "qq", 2), 0);
	assert_int_equal(tq_table_queue_find(t, "", 0), 0);
	t->qrows[1].used = 0;
	assert_int_equal(tq_table_queue_find(t, "q", 1), 0);
	assert_int_equal(t->bad, 0);
}

static void
queue_is_found_where_it_stands_now(void **state)
{
	struct tq_table *t = *state;

	assert_int_equal(tq_table_queue_find(t, "q", 1), 1);
	strlcpy(t->qrows[1].name, "r", sizeof(t->qrows[1].name));
	assert_int_equal(tq_table_queue_find(t, "q", 1), 0);
	assert_int_equal(tq_table_queue_find(t, "r", 1), 1);
	strlcpy(tq_table_queue_at(t, 2)->name, "q", sizeof(t->qrows[2].name));
	t->qrows[2].used = 1;
	assert_int_equal(tq_table_queue_find(t, "q", 1), 2);
	assert_int_equal(tq_table_queue_find(t, "r", 1), 1);
}

static void
queue_numbers_are_used_again(void **state)
{
	struct tq_table *t = *state;
	uint32_t n = tq_table_queue_new(t);

	assert_int_equal(n, 2);
	t->qrows[2].used = 1;
	assert_int_equal(tq_table_queue_new(t), 3);
	t->qrows[1].used = 0;
	assert_int_equal(tq_table_queue_new(t), 1);
	assert_null(tq_table_queue_at(t, TQ_QROWS_MAX));
	assert_int_equal(errno, ENOSPC);
	assert_null(tq_table_ctx_at(t, TQ_CTX_MAX));
	assert_int_equal(errno, ENOSPC);
}

/* ---- wild numbers ------------------------------------------------------------------- */

static void
number_out_of_range_is_no_slot(void **state)
{
	struct tq_table *t = *state;

	(void)add(t, 1, TQ_READY);
	assert_null(tq_table_slot(t, 0));
	assert_int_equal(t->bad, 0);
	assert_null(tq_table_slot(t, 2));
	assert_int_equal(t->bad, 1);
	t->bad = 0;
	assert_null(tq_table_slot(t, UINT32_MAX));
	assert_int_equal(t->bad, 1);
	t->bad = 0;
	assert_null(tq_table_queue(t, 2));
	assert_int_equal(t->bad, 1);
	t->bad = 0;
	assert_null(tq_table_owner(t, TQ_WORKERS_MAX));
	assert_int_equal(t->bad, 1);
	t->bad = 0;
	assert_null(tq_table_ctx(t, UINT32_MAX));
	assert_int_equal(t->bad, 1);
}

static void
chain_in_a_circle_ends(void **state)
{
	struct tq_table *t = *state;
	uint32_t a = add(t, 1, TQ_READY);

	t->slots[a].chain = a;
	assert_int_equal(find(t, 1), a);
	t->slots[a].id.b[0] ^= 1;
	assert_int_equal(find(t, 1), 0);
	assert_int_equal(t->bad, 1);
}

/* All that may be done with a table, whatever stands in it. */
static void
use_all(struct tq_table *t)
{
	struct tq_uuid id = t_id(3), other = t_id(77);
	char why[256];
	tq_time due;
	uint32_t n;

	n = tq_table_find(t, &id);
	if (n != 0)
		tq_table_del(t, n, 0);
	(void)tq_table_find(t, &other);
	n = tq_table_add(t, &other);
	if (n != 0 && n <= t->top->slots.used) {
		t->slots[n].queue = 1;
		t->slots[n].due = 5;
		tq_table_enter(t, n, TQ_DELAYED, 0);
	}
	(void)tq_table_due(t, 1000, &due);
	(void)tq_table_queue_find(t, "q", 1);
	(void)tq_table_queue_new(t);
	(void)tq_table_reserve(t, 10);
	(void)tq_table_audit(t, why, sizeof(why));
}

static void
wild_number_never_leads_outside(void **state)
{
	struct tq_table *t = *state;
	static const uint32_t values[] = { 0, 1, 5, 1000, 65536,
	    TQ_SLOTS_MAX, 0x7fffffff, UINT32_MAX - 1, UINT32_MAX };
	uint32_t *const at[] = {
		&t->top->slots.cap, &t->top->slots.used,
		&t->top->buckets.cap, &t->top->buckets.used,
		&t->top->heap.cap, &t->top->heap.used,
		&t->top->queues.cap, &t->top->queues.used,
		&t->top->level, &t->top->free, &t->top->ntasks,
		&t->buckets[0], &t->buckets[1],
		&t->slots[3].next, &t->slots[3].prev, &t->slots[3].chain,
		&t->slots[3].heap, &t->slots[3].ctx, &t->heap[0].slot,
		&t->qrows[1].ready[0].head, &t->qrows[1].ready[0].tail,
		&t->qrows[1].ready[0].n, &t->top->done.head,
	};
	size_t i, k;

	for (i = 0; i < T_COUNT(at); i++)
		for (k = 0; k < T_COUNT(values); k++) {
			tq_table_clear(t);
			assert_non_null(tq_table_queue_at(t, 1));
			t->qrows[1].used = 1;
			memcpy(t->qrows[1].name, "q", 2);
			(void)add_delayed(t, 1, 100);
			(void)add(t, 2, TQ_READY);
			(void)add(t, 3, TQ_READY);
			(void)add(t, 4, TQ_READY);
			(void)add(t, 5, TQ_SUCCESS);
			assert_sound(t);
			*at[i] = values[k];
			use_all(t);
		}
}

static void
wild_table_can_be_cleared(void **state)
{
	struct tq_table *t = *state;
	uint32_t i;

	for (i = 1; i <= 10; i++)
		(void)add(t, i, TQ_READY);
	t->qrows[3000].used = 1;
	memset(&t->top->slots, 0xff, sizeof(t->top->slots));
	memset(&t->top->buckets, 0xff, sizeof(t->top->buckets));
	memset(&t->top->heap, 0xff, sizeof(t->top->heap));
	memset(&t->top->queues, 0xff, sizeof(t->top->queues));
	memset(&t->top->ctxs, 0xff, sizeof(t->top->ctxs));
	assert_int_equal(tq_table_sane(t), 0);
	tq_table_clear(t);
	assert_int_equal(tq_table_sane(t), 1);
	assert_int_equal(t->bad, 0);
	assert_int_equal(t->qrows[3000].used, 0);
	assert_sound(t);
}

/* ---- the audit ------------------------------------------------------------------------ */

/* Three ready, one delayed, one claimed, one ended. */
static void
populate(struct tq_table *t)
{
	(void)add(t, 1, TQ_READY);
	(void)add(t, 2, TQ_READY);
	(void)add(t, 3, TQ_READY);
	(void)add_delayed(t, 4, 100);
	t->slots[add(t, 5, TQ_ABSENT)].row = 2;
	tq_table_enter(t, 5, TQ_STARTED, 0);
	(void)add(t, 6, TQ_SUCCESS);
	tq_table_del(t, add(t, 7, TQ_READY), 0);
}

/* The audit names what was done to a sound table. */
static void
assert_named(struct tq_table *t, const char *want)
{
	char why[256] = "";

	assert_int_equal(tq_table_audit(t, why, sizeof(why)), 0);
	if (strstr(why, want) == NULL)
		fail_msg("'%s' does not say '%s'", why, want);
	tq_table_clear(t);
	assert_non_null(tq_table_queue_at(t, 1));
	t->qrows[1].used = 1;
	memcpy(t->qrows[1].name, "q", 2);
	populate(t);
	assert_sound(t);
}

static void
audit_finds_each_kind_of_wrong(void **state)
{
	struct tq_table *t = *state;

	populate(t);
	assert_sound(t);
	t->slots[2].next = 0;
	assert_named(t, "the q list has 2 members, not 3");
	t->slots[3].prev = 1;
	assert_named(t, "slot 3 does not belong to the q list");
	t->slots[2].state = TQ_HELD;
	assert_named(t, "slot 2 does not belong to the q list");
	t->slots[3].next = 3;
	assert_named(t, "slot 3 does not belong to the q list");
	t->slots[3].next = 500;
	assert_named(t, "the q list is wild");
	t->slots[2].id = t->slots[1].id;
	assert_named(t, "is not indexed");
	t->slots[4].queue = 9;
	assert_named(t, "slot 4 is not indexed");
	t->slots[4].heap = 2;
	assert_named(t, "slot 4 has a wrong timer");
	t->slots[4].heap = 0;
	assert_named(t, "1 timers of 0 tasks");
	t->top->ntasks++;
	assert_named(t, "7 tasks, 6 indexed, 6 in a list");
	t->top->free = 0;
	assert_named(t, "7 slots 6 hold a task and 0 are free");
	t->slots[7].chain = 1;
	assert_named(t, "the list of free slots is wild");
	t->top->started = 0;
	assert_named(t, "1 claims, not 0");
	t->top->live = 8;
	assert_named(t, "0 live bytes, not 8");
	t->qrows[1].nready++;
	assert_named(t, "counts of queue q are wrong");
	t->qrows[1].count[TQ_DELAYED] = 0;
	assert_named(t, "counts of queue q are wrong");
	t->wrows[2].claimed.n = 0;
	assert_named(t, "the claimed list");
	t->top->done.head = 0;
	assert_named(t, "the done list has 0 members, not 1");
	t->top->queues.used = UINT32_MAX;
	assert_named(t, "its regions are wild");
}

static void
word_of_an_id_is_never_the_common_one(void **state)
{
	struct tq_uuid id = t_id(1);
	int i;

	(void)state;
	for (i = 0; i < 256; i++) {
		id.b[15] = (unsigned char)i;
		assert_in_range(tq_table_word(&id), 1, TQ_FUTEX_WORDS - 1);
	}
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(empty_table_finds_nothing),
		TEST(every_one_of_100000_is_found),
		TEST(chains_stay_short),
		TEST(chains_of_ids_that_come_fast_stay_short),
		TEST(chains_of_ids_that_come_slowly_stay_short),
		TEST(deleted_slots_are_used_again),
		TEST(cleared_table_is_empty_and_sound),
		TEST(no_memory_is_enospc),
		TEST(ready_list_is_in_the_order_of_entering),
		TEST(one_handed_back_is_first),
		TEST(leaving_from_anywhere_keeps_the_rest),
		TEST(each_priority_has_a_list),
		TEST(owned_claims_stand_with_their_owner),
		TEST(ends_stand_in_two_lists),
		TEST(bytes_are_of_unended_tasks),
		TEST(timer_follows_from_the_state),
		TEST(timers_are_due_in_order),
		TEST(queue_is_found_by_its_whole_name),
		TEST(queue_is_found_where_it_stands_now),
		TEST(queue_numbers_are_used_again),
		TEST(number_out_of_range_is_no_slot),
		TEST(chain_in_a_circle_ends),
		TEST(wild_number_never_leads_outside),
		TEST(wild_table_can_be_cleared),
		TEST(audit_finds_each_kind_of_wrong),
		cmocka_unit_test(word_of_an_id_is_never_the_common_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
