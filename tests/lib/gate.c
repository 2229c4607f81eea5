/* Tasks that ask something of gates; see gate.h. */
#include <string.h>

#include "lib/base/clock.h"
#include "lib/spool/gate.h"
#include "tests/lib/gate.h"

void
t_gate_put(struct t_spool *f, uint32_t n, const struct t_gate_task *t)
{
	struct tq_spool_put p = { .id = t_id(n), .queue = t->queue == NULL ?
	    "q" : t->queue, .pri = t->pri == 0 ? 4 : t->pri, .keep = -1,
	    .expires = t->expires, .body_fd = -1 };
	struct tq_spool_ties ties = { .open = 0 };
	struct tq_ask ask = { .lane = 0 };
	struct tq_buf b;
	size_t which;

	tq_buf_init(&b);
	if (t->lane != NULL)
		ask.lane = tq_gate_hash(t->lane, strlen(t->lane));
	if (t->name != NULL)
		ask.name = tq_gate_hash(t->name, strlen(t->name));
	if (t->need != NULL)
		assert_int_equal(tq_ask_need(&ask, t->need, NULL), 0);
	tq_ask_encode(&b, &ask);
	if (b.n > 0) {
		ties.rel.has = 1u << TQ_REL_ASK;
		ties.rel.ask = (struct tq_bytes){ (const char *)b.p, b.n };
		p.ties = &ties;
	}
	assert_int_equal(tq_spool_put(f->sp, &p, 1, 0, &which, &f->e), 0);
	tq_buf_fini(&b);
}

/* Claim from a queue: the number of the task, 0 none. */
uint32_t
t_gate_claim_as(struct t_spool *f, const char *queue,
    const struct tq_offer *offer, size_t noffers, struct tq_spool_got *got)
{
	struct tq_take take = { .queue = { queue }, .nqueues = 1,
	    .offer = offer, .noffers = noffers };
	struct tq_uuid id;
	uint32_t n;
	int rv;

	rv = tq_spool_claim(f->sp, &take, got, &f->e);
	assert_int_not_equal(rv, -1);
	for (n = 1; rv == 1; n++) {
		id = t_id(n);
		if (memcmp(&id, &got->s.id, sizeof(id)) == 0)
			return n;
	}
	return 0;
}

uint32_t
t_gate_claim(struct t_spool *f, struct tq_spool_got *got)
{
	return t_gate_claim_as(f, "q", NULL, 0, got);
}

void
t_gate_set(struct t_spool *f, const char *queue, const char *name,
    const char *value)
{
	assert_int_equal(tq_spool_set(f->sp, queue, name, value, &f->e), 0);
}

void
t_gate_act(struct t_spool *f, enum tq_verb verb, uint32_t n, const char *value)
{
	struct tq_uuid id = t_id(n);
	uint64_t changed = 0;
	size_t which;

	assert_int_equal(tq_spool_act(f->sp, verb, &id, 1, value, 0, &changed,
	    &which, &f->e), 0);
	assert_int_equal(changed, 1);
}

/* Let an attempt end in RETRY at a time. */
void
t_gate_retry(struct t_spool *f, const struct tq_spool_got *got, tq_time when)
{
	const int none[2] = { -1, -1 };
	struct tq_rec_end end = { .state = TQ_RETRY, .when = when };
	int taken[2];

	assert_int_equal(tq_spool_settle(f->sp, &got->s.id, got->slot,
	    got->s.attempt, &end, none, taken, 0, &f->e), 0);
}

void
t_gate_sound(struct t_spool *f)
{
	char why[128] = "";

	assert_int_equal(tq_core_enter(f->sp, &f->e), 0);
	if (!tq_table_audit(&f->sp->t, why, sizeof(why)))
		fail_msg("%s", why);
	tq_core_leave(f->sp);
}

void
t_gate_rebuild(struct t_spool *f)
{
	t_spool_rebuild(f);
	t_gate_sound(f);
}

/* Let the ledger begin with what is written from now on. */
void
t_gate_turn(struct t_spool *f)
{
	struct tq_top *top = f->sp->t.top;
	uint32_t last = TQ_LSN_SEG(top->tail), n;

	for (n = 1000; TQ_LSN_SEG(top->tail) == last; n++) {
		t_spool_put(f, n, "other", 900);
		t_gate_act(f, TQ_DO_REVOKE, n, NULL);
		t_gate_act(f, TQ_DO_FORGET, n, NULL);
	}
	while (top->base <= last)
		assert_int_not_equal(tq_retire_step(f->sp, TQ_RETIRE_FORCED, tq_clock_wall(),
		    &f->e), -1);
}

/* The slot of task n. */
struct tq_slot *
t_gate_slot(struct t_spool *f, uint32_t n)
{
	struct tq_uuid id = t_id(n);

	return tq_table_slot(&f->sp->t, tq_table_find(&f->sp->t, &id));
}

int
t_gate_parked(struct t_spool *f, uint32_t n)
{
	return tq_gate_parked(&f->sp->t, t_gate_slot(f, n));
}

unsigned
t_gate_attempt(struct t_spool *f, const struct tq_spool_got *got)
{
	struct tq_slot *s = tq_table_slot(&f->sp->t, tq_table_find(&f->sp->t,
	    &got->s.id));

	return s == NULL || s->state != TQ_STARTED ? 0 : s->attempt;
}
