/* Unit tests of lib/spool/apply.c: what each record does, and replay. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/spool/apply.h"
#include "lib/spool/verb.h"
#include "tests/lib/spool.h"

#define TASKS	300
#define STEPS	3000

/* ---- one record ------------------------------------------------------------- */

static int
setup_table(void **state)
{
	struct tq_table *t = test_calloc(1, sizeof(*t));

	t_table_make(t);
	*state = t;
	return 0;
}

static int
teardown_table(void **state)
{
	t_table_free(*state);
	test_free(*state);
	return 0;
}

/* Let the table follow *r as replay does; it stands at a place of its own. */
static void
apply(struct tq_table *t, struct tq_rec *r)
{
	r->seq = ++t->top->seq;
	r->length = 56;
	r->time = 1000 + (tq_time)r->seq;
	tq_apply(t, r, TQ_LSN(1, r->seq * 64), NULL);
}

static void
put(struct tq_table *t, uint32_t n, unsigned flags, tq_time eta)
{
	struct tq_rec r = { .type = TQ_REC_PUT, .id = t_id(n), .put = {
	    .queue = 1, .pri = 4, .flags = (uint8_t)flags, .eta = eta } };

	apply(t, &r);
}

static void
claim(struct tq_table *t, uint32_t n, unsigned attempt)
{
	struct tq_rec r = { .type = TQ_REC_CLAIM, .id = t_id(n), .st = {
	    .row = 3, .epoch = 8, .attempt = (uint16_t)attempt } };

	apply(t, &r);
}

static void
end(struct tq_table *t, uint32_t n, enum tq_state state, unsigned flags)
{
	struct tq_rec r = { .type = TQ_REC_END, .id = t_id(n), .end = {
	    .state = (uint8_t)state, .flags = (uint8_t)flags,
	    .when = 5000 } };

	apply(t, &r);
}

/* The slot of task n, NULL if there is none. */
static struct tq_slot *
slot(struct tq_table *t, uint32_t n)
{
	struct tq_uuid id = t_id(n);

	return tq_table_slot(t, tq_table_find(t, &id));
}

static enum tq_state
state_of(struct tq_table *t, uint32_t n)
{
	struct tq_slot *s = slot(t, n);

	return s == NULL ? TQ_ABSENT : s->state;
}

static void
put_chooses_the_state(void **state)
{
	struct tq_table *t = *state;

	put(t, 1, 0, 0);
	put(t, 2, TQ_PF_HOLD, 0);
	put(t, 3, 0, 9000);
	put(t, 4, 0, 900);		/* an ETA that is over */
	put(t, 5, TQ_PF_HOLD, 9000);
	assert_int_equal(state_of(t, 1), TQ_READY);
	assert_int_equal(state_of(t, 2), TQ_HELD);
	assert_int_equal(state_of(t, 3), TQ_DELAYED);
	assert_int_equal(state_of(t, 4), TQ_READY);
	assert_int_equal(state_of(t, 5), TQ_HELD);
	assert_int_equal(t->qrows[1].puts, 5);
}

static void
put_twice_in_the_ledger_is_one_task(void **state)
{
	struct tq_table *t = *state;

	put(t, 1, 0, 0);
	put(t, 1, TQ_PF_HOLD, 0);
	assert_int_equal(state_of(t, 1), TQ_READY);
	assert_int_equal(t->top->ntasks, 1);
}

static void
claim_names_its_owner(void **state)
{
	struct tq_table *t = *state;
	struct tq_slot *s;

	put(t, 1, 0, 0);
	claim(t, 1, 1);
	s = slot(t, 1);
	assert_int_equal(s->state, TQ_STARTED);
	assert_int_equal(s->row, 3);
	assert_int_equal(s->epoch, 8);
	assert_int_equal(s->attempt, 1);
	assert_int_equal(t->wrows[3].claimed.n, 1);
	assert_int_equal(t->top->started, 1);
}

/* What an END of that state leaves, and whether a CLAIM may follow. */
static const struct {
	enum tq_state	 end, want;
	int		 again;
} ends[] = {
	{ TQ_READY, TQ_READY, 1 },
	{ TQ_RETRY, TQ_RETRY, 1 },
	{ TQ_SUCCESS, TQ_SUCCESS, 0 },
	{ TQ_FAILURE, TQ_FAILURE, 0 },
	{ TQ_REVOKED, TQ_REVOKED, 0 },
	{ TQ_EXPIRED, TQ_EXPIRED, 0 },
};

static void
end_decides_the_state(void **state)
{
	struct tq_table *t = *state;
	uint32_t i;

	for (i = 0; i < T_COUNT(ends); i++) {
		put(t, i + 1, 0, 0);
		claim(t, i + 1, 1);
		end(t, i + 1, ends[i].end, 0);
		assert_int_equal(state_of(t, i + 1), ends[i].want);
		assert_int_equal(slot(t, i + 1)->row, 0);
		claim(t, i + 1, 2);
		assert_int_equal(state_of(t, i + 1) == TQ_STARTED,
		    ends[i].again);
	}
	assert_int_equal(t->top->done.n, 3);
	assert_int_equal(t->top->dead.n, 1);
}

static void
end_counts_what_it_was(void **state)
{
	struct tq_table *t = *state;
	struct tq_slot *s;

	put(t, 1, 0, 0);
	end(t, 1, TQ_READY, TQ_EF_CRASH);
	end(t, 1, TQ_RETRY, TQ_EF_LATER);
	end(t, 1, TQ_RETRY, TQ_EF_FAILED);
	end(t, 1, TQ_RETRY, TQ_EF_FAILED);
	s = slot(t, 1);
	assert_int_equal(s->crashes, 1);
	assert_int_equal(s->laters, 1);
	assert_int_equal(s->failures, 2);
	assert_int_equal(s->due, 5000);
}

static void
counts_stay_at_their_top(void **state)
{
	struct tq_table *t = *state;
	int i;

	put(t, 1, 0, 0);
	for (i = 0; i < 300; i++)
		end(t, 1, TQ_RETRY, TQ_EF_FAILED);
	assert_int_equal(slot(t, 1)->failures, 255);
}

static void
retry_takes_a_new_place(void **state)
{
	struct tq_table *t = *state;
	uint64_t before;

	put(t, 1, 0, 0);
	before = slot(t, 1)->seq;
	end(t, 1, TQ_READY, TQ_EF_CRASH);
	assert_int_equal(slot(t, 1)->seq, before);
	end(t, 1, TQ_RETRY, 0);
	assert_in_range(slot(t, 1)->seq, before + 1, UINT64_MAX);
}

static void
record_of_an_unknown_task_is_passed_over(void **state)
{
	struct tq_table *t = *state;
	struct tq_rec alter = { .type = TQ_REC_ALTER, .id = t_id(9),
	    .st = { .state = TQ_READY, .queue = 1 } };
	struct tq_rec touch = { .type = TQ_REC_TOUCH, .id = t_id(9) };
	struct tq_rec forget = { .type = TQ_REC_FORGET, .id = t_id(9) };
	char why[256];

	claim(t, 9, 1);
	end(t, 9, TQ_SUCCESS, 0);
	apply(t, &alter);
	apply(t, &touch);
	apply(t, &forget);
	assert_int_equal(t->top->ntasks, 0);
	assert_int_equal(t->bad, 0);
	assert_int_equal(tq_table_audit(t, why, sizeof(why)), 1);
}

static void
forget_leaves_nothing(void **state)
{
	struct tq_table *t = *state;
	struct tq_rec r = { .type = TQ_REC_FORGET, .id = t_id(1) };

	put(t, 1, 0, 0);
	end(t, 1, TQ_SUCCESS, 0);
	apply(t, &r);
	assert_int_equal(t->top->ntasks, 0);
	assert_int_equal(t->top->live, 0);
	assert_int_equal(t->top->done.n, 0);
}

static void
touch_moves_a_lease_only(void **state)
{
	struct tq_table *t = *state;
	struct tq_rec r = { .type = TQ_REC_CLAIM, .id = t_id(1), .st = {
	    .attempt = 1, .flags = TQ_PF_LEASED, .due = 2000 } };
	const struct tq_slot *s;

	put(t, 1, 0, 0);
	apply(t, &r);
	r.type = TQ_REC_TOUCH;
	r.st.due = 9000;
	r.st.epoch = 9;
	apply(t, &r);
	s = tq_table_slot(t, tq_table_find(t, &r.id));
	assert_int_equal(s->due, 9000);
	assert_int_equal(s->epoch, 9);
	assert_int_equal(t->wrows[0].claimed.n, 1);
	end(t, 1, TQ_SUCCESS, 0);
	apply(t, &r);
	assert_int_equal(state_of(t, 1), TQ_SUCCESS);
}

static void
carry_makes_an_unknown_task_whole(void **state)
{
	struct tq_table *t = *state;
	struct tq_rec r = { .type = TQ_REC_CARRY, .id = t_id(1),
	    .put = { .queue = 1, .pri = 4 }, .st = { .state = TQ_RETRY,
	    .queue = 2, .pri = 9, .attempt = 7, .crashes = 1, .laters = 2,
	    .failures = 3, .due = 8000, .start = 55, .seq = 44 } };
	struct tq_slot *s;

	apply(t, &r);
	s = slot(t, 1);
	assert_non_null(s);
	assert_int_equal(s->state, TQ_RETRY);
	assert_int_equal(s->queue, 2);
	assert_int_equal(s->pri, 9);
	assert_int_equal(s->attempt, 7);
	assert_int_equal(s->crashes, 1);
	assert_int_equal(s->laters, 2);
	assert_int_equal(s->failures, 3);
	assert_int_equal(s->due, 8000);
	assert_int_equal(s->time, 55);
	assert_int_equal(s->seq, 44);
	assert_true(s->end == 0);
}

static void
carry_of_a_known_task_moves_its_place_only(void **state)
{
	struct tq_table *t = *state;
	struct tq_rec r = { .type = TQ_REC_CARRY, .id = t_id(1),
	    .put = { .queue = 1 }, .st = { .state = TQ_HELD, .queue = 1 } };
	tq_lsn before;

	put(t, 1, 0, 0);
	before = slot(t, 1)->put;
	apply(t, &r);
	assert_int_equal(state_of(t, 1), TQ_READY);
	assert_true(slot(t, 1)->put > before);
	assert_int_equal(t->top->ntasks, 1);
	assert_int_equal(t->top->live, slot(t, 1)->size);
}

static void
task_before_its_queue_gets_the_name_later(void **state)
{
	struct tq_table *t = *state;
	struct tq_rec r = { .type = TQ_REC_QUEUE, .number = 1,
	    .name = { "mail", 4 }, .bytes = { "\1", 1 } };

	put(t, 1, 0, 0);
	assert_string_equal(t->qrows[1].name, "lost.1");
	apply(t, &r);
	assert_string_equal(t->qrows[1].name, "mail");
	assert_int_equal(t->qrows[1].paused, 1);
	assert_int_equal(t->qrows[1].closed, 0);
	assert_int_equal(t->qrows[1].nready, 1);
}

static void
removed_queue_takes_its_tasks_along(void **state)
{
	struct tq_table *t = *state;
	struct tq_rec r = { .type = TQ_REC_RMQ, .number = 1 };

	put(t, 1, 0, 0);
	end(t, 1, TQ_SUCCESS, 0);
	apply(t, &r);
	assert_int_equal(t->top->ntasks, 0);
	assert_int_equal(t->qrows[1].used, 0);
}

static void
numbers_out_of_range_are_passed_over(void **state)
{
	struct tq_table *t = *state;
	struct tq_rec r = { .type = TQ_REC_PUT, .id = t_id(1) };

	r.put.queue = 0;
	apply(t, &r);
	r.put.queue = UINT16_MAX;
	apply(t, &r);
	r.type = TQ_REC_CTX;
	r.number = UINT32_MAX;
	apply(t, &r);
	r.type = TQ_REC_QUEUE;
	r.name = (struct tq_bytes){ "q", 1 };
	r.bytes = (struct tq_bytes){ "", 1 };
	apply(t, &r);
	r.number = TQ_QROWS_MAX;
	apply(t, &r);
	assert_int_equal(t->top->ntasks, 0);
	assert_int_equal(t->bad, 0);
}

/* ---- replay ------------------------------------------------------------------- */

/* A linear congruence: the same steps on every machine. */
static uint32_t
draw(uint32_t *x, uint32_t n)
{
	*x = *x * UINT32_C(1664525) + UINT32_C(1013904223);
	return (uint32_t)((uint64_t)(*x >> 8) * n >> 24);
}

static void
put_any(struct t_spool *f, uint32_t *x)
{
	static const char *const queues[] = { "a", "b", "c" };
	static const char ctxs[] = "0123456789";
	struct tq_spool_put p = { .keep = -1, .body_fd = -1 };
	static const char body[300];
	size_t which;

	p.id = t_id(1 + draw(x, TASKS));
	p.queue = queues[draw(x, 3)];
	p.pri = (uint8_t)draw(x, 10);
	p.flags = draw(x, 8) == 0 ? TQ_PF_HOLD : 0;
	p.eta = draw(x, 5) == 0 ? TQ_FOREVER - (tq_time)draw(x, 1000) : 0;
	p.expires = draw(x, 5) == 0 ? TQ_FOREVER : 0;
	p.ctx.p = ctxs + draw(x, 10);
	p.ctx.n = draw(x, 2);
	p.body.p = body;
	p.body.n = draw(x, sizeof(body));
	if (tq_spool_put(f->sp, &p, 1, 0, &which, &f->e) == -1)
		assert_int_equal(f->e.num, EEXIST);
}

static void
claim_and_settle(struct t_spool *f, uint32_t *x)
{
	static const uint8_t states[] = { TQ_SUCCESS, TQ_SUCCESS, TQ_FAILURE,
	    TQ_RETRY, TQ_READY };
	static const uint8_t flags[] = { 0, TQ_EF_CRASH, TQ_EF_LATER,
	    TQ_EF_FAILED };
	struct tq_take take = { .queue = { "a", "b", "c" }, .nqueues = 3 };
	static const int none[2] = { -1, -1 };
	struct tq_rec_end e = { .when = TQ_FOREVER };
	struct tq_spool_got got;
	int taken[2];

	if (draw(x, 4) == 0)
		take.lease = 1000 * TQ_SECOND;
	if (tq_spool_claim(f->sp, &take, &got, &f->e) == 0)
		return;
	if (draw(x, 4) == 0)
		return;		/* still running when the machine stops */
	e.state = states[draw(x, T_COUNT(states))];
	e.flags = flags[draw(x, T_COUNT(flags))];
	e.out.p = "output";
	e.out.n = draw(x, 7);
	assert_int_equal(tq_spool_settle(f->sp, &got.s.id, got.slot,
	    got.s.attempt, &e, none, taken, 0, &f->e), 0);
}

static void
act_any(struct t_spool *f, uint32_t *x)
{
	static const struct {
		enum tq_verb	 verb;
		const char	*value;
	} acts[] = {
		{ TQ_DO_HOLD, NULL }, { TQ_DO_RELEASE, NULL },
		{ TQ_DO_REVOKE, NULL }, { TQ_DO_FORGET, NULL },
		{ TQ_DO_RETRY, NULL }, { TQ_DO_MOVE, "b" },
		{ TQ_DO_PRI, "7" },
	};
	struct tq_uuid id = t_id(1 + draw(x, TASKS));
	uint32_t i = draw(x, T_COUNT(acts));
	uint64_t changed = 0;
	size_t which;

	if (tq_spool_act(f->sp, acts[i].verb, &id, 1, acts[i].value,
	    draw(x, 2) ? TQ_DO_FORCE : 0, &changed, &which, &f->e) == -1)
		assert_int_equal(f->e.num, ENOENT);
}

static void
set_any(struct t_spool *f, uint32_t *x)
{
	static const char *const values[] = { "", "1h", "7d" };

	assert_int_equal(tq_spool_set(f->sp, draw(x, 2) ? "a" : NULL, "keep",
	    values[draw(x, 3)], &f->e), 0);
}

static void
step(struct t_spool *f, uint32_t *x)
{
	uint32_t what = draw(x, 20);

	if (what < 9)
		put_any(f, x);
	else if (what < 15)
		claim_and_settle(f, x);
	else if (what < 19)
		act_any(f, x);
	else
		set_any(f, x);
}

/* What replay must give again of a slot: all above the ruled line but links. */
static struct tq_slot
essence(const struct tq_slot *s)
{
	struct tq_slot v = *s;

	v.next = v.prev = v.chain = v.heap = 0;
	v.capture = 0;
	v.waited = 0;
	return v;
}

/* A copy of what stands in the table before a rebuild. */
struct memory {
	struct tq_slot	 slot[TASKS];	/* by id; state ABSENT: none */
	struct tq_qrow	 queue[8];
	uint32_t	 done[TASKS], ndone, dead[TASKS], ndead;
	uint32_t	 ntasks, started;
	uint64_t	 live, reserved, seq;
	uint32_t	 crc;
	tq_lsn		 tail;
};

static uint32_t
list_ids(struct tq_table *t, const struct tq_list *l, uint32_t *ids)
{
	uint32_t n, k = 0;

	for (n = l->head; n != 0; n = t->slots[n].next)
		ids[k++] = tq_le32(t->slots[n].id.b);
	return k;
}

static void
remember(struct memory *m, struct tq_table *t)
{
	uint32_t i;

	memset(m, 0, sizeof(*m));
	for (i = 0; i < TASKS; i++)
		if (slot(t, i + 1) != NULL)
			m->slot[i] = essence(slot(t, i + 1));
	memcpy(m->queue, t->qrows, sizeof(m->queue));
	m->ndone = list_ids(t, &t->top->done, m->done);
	m->ndead = list_ids(t, &t->top->dead, m->dead);
	m->ntasks = t->top->ntasks;
	m->started = t->top->started;
	m->live = t->top->live;
	m->reserved = t->top->reserved;
	m->seq = t->top->seq;
	m->crc = t->top->crc;
	m->tail = t->top->tail;
}

static void
assert_same_queue(const struct tq_qrow *a, const struct tq_qrow *b)
{
	int p;

	assert_string_equal(a->name, b->name);
	assert_int_equal(a->used, b->used);
	assert_int_equal(a->paused, b->paused);
	assert_int_equal(a->closed, b->closed);
	assert_true(a->rec == b->rec);
	assert_memory_equal(&a->set, &b->set, sizeof(a->set));
	assert_memory_equal(a->count + 1, b->count + 1,
	    sizeof(a->count) - sizeof(a->count[0]));
	assert_int_equal(a->nready, b->nready);
	assert_int_equal(a->bytes, b->bytes);
	for (p = 0; p <= TQ_PRI_MAX; p++)
		assert_int_equal(a->ready[p].n, b->ready[p].n);
}

static void
assert_same(const struct memory *a, const struct memory *b)
{
	uint32_t i;

	assert_int_equal(a->ntasks, b->ntasks);
	assert_int_equal(a->started, b->started);
	assert_int_equal(a->live, b->live);
	assert_int_equal(a->reserved, b->reserved);
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->crc, b->crc);
	assert_true(a->tail == b->tail);
	for (i = 0; i < TASKS; i++)
		assert_memory_equal(&a->slot[i], &b->slot[i],
		    sizeof(a->slot[i]));
	for (i = 1; i < T_COUNT(a->queue); i++)
		assert_same_queue(&a->queue[i], &b->queue[i]);
	assert_int_equal(a->ndone, b->ndone);
	assert_memory_equal(a->done, b->done, a->ndone * sizeof(a->done[0]));
	assert_int_equal(a->ndead, b->ndead);
	assert_memory_equal(a->dead, b->dead, a->ndead * sizeof(a->dead[0]));
}

/* Each ready list stands in the order of the places its tasks were given. */
static void
assert_ready_in_order(struct tq_table *t)
{
	const struct tq_list *l;
	uint32_t q, n;
	uint64_t last;
	int p;

	for (q = 1; q <= t->top->queues.used; q++)
		for (p = 0; p <= TQ_PRI_MAX; p++) {
			l = &t->qrows[q].ready[p];
			for (n = l->head, last = 0; n != 0;
			    n = t->slots[n].next) {
				assert_in_range(t->slots[n].seq, last,
				    UINT64_MAX);
				last = t->slots[n].seq;
			}
		}
}

static void
rebuild_and_compare(struct t_spool *f)
{
	static struct memory live, again;	/* large */
	char why[256] = "";

	if (!tq_table_audit(&f->sp->t, why, sizeof(why)))
		fail_msg("live: %s", why);
	remember(&live, &f->sp->t);
	t_spool_rebuild(f);
	remember(&again, &f->sp->t);
	assert_same(&again, &live);
	assert_ready_in_order(&f->sp->t);
	if (!tq_table_audit(&f->sp->t, why, sizeof(why)))
		fail_msg("rebuilt: %s", why);
}

static void
replay_gives_the_live_table(void **state)
{
	struct t_spool *f = *state;
	uint32_t x = 1, i;

	for (i = 1; i <= STEPS; i++) {
		step(f, &x);
		if (i % 500 == 0)
			rebuild_and_compare(f);
	}
}

static void
replay_after_retirement_gives_the_live_table(void **state)
{
	struct t_spool *f = *state;
	uint32_t x = 2, i, k;

	for (i = 1; i <= STEPS; i++) {
		step(f, &x);
		if (i % 300 != 0)
			continue;
		for (k = 0; k < 200; k++)
			assert_int_not_equal(tq_retire_step(f->sp, TQ_RETIRE_FORCED,
			    1000, &f->e), -1);
		rebuild_and_compare(f);
	}
	assert_in_range(f->sp->t.top->base, 2, UINT32_MAX);
}

static void
reopened_task_stays_without_expiry_when_carried(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_put p = { .id = t_id(1), .queue = "a", .keep = -1,
	    .body_fd = -1, .expires = 1 };
	struct tq_uuid id = t_id(1);
	uint64_t changed = 0, n = 0;
	size_t which;

	assert_int_equal(tq_spool_put(f->sp, &p, 1, 0, &which, &f->e), 0);
	assert_int_equal(tq_spool_gc(f->sp, &n, &f->e), 0);
	assert_int_equal(state_of(&f->sp->t, 1), TQ_EXPIRED);
	assert_int_equal(tq_spool_act(f->sp, TQ_DO_RETRY, &id, 1, NULL, 0,
	    &changed, &which, &f->e), 0);
	assert_int_equal(changed, 1);
	for (n = 100; n < 400; n++)
		t_spool_put(f, (uint32_t)n, "b", 1000);
	for (n = 0; n < 100; n++)
		assert_int_not_equal(tq_retire_step(f->sp, TQ_RETIRE_FORCED, 1000, &f->e),
		    -1);
	t_spool_rebuild(f);
	assert_int_equal(state_of(&f->sp->t, 1), TQ_READY);
	assert_int_equal(slot(&f->sp->t, 1)->expires, 0);
}

static void
rebuild_without_memory_is_refused(void **state)
{
	struct t_spool *f = *state;
	unsigned i, calls;

	t_spool_put(f, 1, "a", 10);
	/* as after a crash of the machine: nothing is allocated */
	assert_int_equal(tq_core_enter(f->sp, &f->e), 0);
	f->sp->t.top->slots.cap = f->sp->t.top->queues.cap = 0;
	t_sys_arm(UINT32_MAX, ENOSPC);
	assert_int_equal(tq_rebuild(f->sp, &f->e), 0);
	calls = t_sys_disarm();
	assert_in_range(calls, 1, 100);
	for (i = 1; i <= calls; i++) {
		f->sp->t.top->slots.cap = f->sp->t.top->queues.cap = 0;
		t_sys_arm(i, ENOSPC);
		if (tq_rebuild(f->sp, &f->e) == 0)
			assert_int_equal(state_of(&f->sp->t, 1), TQ_READY);
		t_sys_disarm();
	}
	assert_int_equal(tq_rebuild(f->sp, &f->e), 0);
	assert_int_equal(state_of(&f->sp->t, 1), TQ_READY);
	tq_core_leave(f->sp);
}

#define TABLE(f) cmocka_unit_test_setup_teardown(f, setup_table, \
    teardown_table)
#define SPOOL(f) cmocka_unit_test_setup_teardown(f, t_setup_spool, \
    t_teardown_spool)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TABLE(put_chooses_the_state),
		TABLE(put_twice_in_the_ledger_is_one_task),
		TABLE(claim_names_its_owner),
		TABLE(end_decides_the_state),
		TABLE(end_counts_what_it_was),
		TABLE(counts_stay_at_their_top),
		TABLE(retry_takes_a_new_place),
		TABLE(record_of_an_unknown_task_is_passed_over),
		TABLE(forget_leaves_nothing),
		TABLE(touch_moves_a_lease_only),
		TABLE(carry_makes_an_unknown_task_whole),
		TABLE(carry_of_a_known_task_moves_its_place_only),
		TABLE(task_before_its_queue_gets_the_name_later),
		TABLE(removed_queue_takes_its_tasks_along),
		TABLE(numbers_out_of_range_are_passed_over),
		SPOOL(replay_gives_the_live_table),
		SPOOL(replay_after_retirement_gives_the_live_table),
		SPOOL(reopened_task_stays_without_expiry_when_carried),
		SPOOL(rebuild_without_memory_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
