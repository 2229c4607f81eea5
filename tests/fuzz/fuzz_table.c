/*
 * Fuzz target of the table in shared memory.  The input is a list of steps:
 * calls as the spool makes them, and numbers scribbled over slots, lists,
 * buckets, timers and counts as a broken member of the group may.  No call may
 * leave the object or run on for ever, and a cleared table is sound again.
 */
#define _GNU_SOURCE	/* memfd_create() */
#include <sys/mman.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/spool/forget.h"
#include "lib/spool/gate.h"
#include "lib/spool/record.h"
#include "lib/spool/state.h"
#include "lib/spool/table.h"

#define TASKS	8

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
start(struct tq_table *t)
{
	int fd = memfd_create("table", MFD_CLOEXEC);

	if (fd == -1 || ftruncate(fd, (off_t)tq_table_size()) == -1 ||
	    tq_table_map(t, fd) == -1 || tq_table_init(t, fd) == -1)
		abort();
	t->top->hash_seed = 1;	/* the same input does the same */
}

static struct tq_uuid
id_of(unsigned n)
{
	struct tq_uuid id;

	memset(&id, 0, sizeof(id));
	id.b[8] = (unsigned char)(n % (2 * TASKS));
	return id;
}

static uint32_t
find(struct tq_table *t, struct tq_cur *c)
{
	struct tq_uuid id = id_of(tq_cur_byte(c));

	return tq_table_find(t, &id);
}

static enum tq_state
state_of(struct tq_cur *c)
{
	enum tq_state state = 1 + tq_cur_byte(c) % (TQ_NSTATES - 1);

	/* what is blocked waits for something, which nothing here does */
	return state == TQ_BLOCKED ? TQ_HELD : state;
}

/* What a task may ask: a lane, a name, a need, or nothing. */
static void
ask(struct tq_table *t, uint32_t n, unsigned v)
{
	struct tq_ask a = { .lane = v & 1, .name = v >> 1 & 3 };

	if (v & 8)
		(void)tq_ask_need(&a, v & 16 ? "gpu=2" : "slot", NULL);
	tq_pass_give(t, n, &a, v >> 5 & 1);
}

/* As a claim, a limit that somebody sets, and time do. */
static void
gate(struct tq_table *t, struct tq_cur *c)
{
	static const struct tq_offer gpu = { "gpu", 2, 1 };
	const struct tq_take take = { .offer = &gpu, .noffers = 1 };
	unsigned v = tq_cur_byte(c);
	int parks = 4;
	uint32_t n;

	switch (v % 3) {
	case 0:
		n = tq_line_best(t, 1, &take, v, &parks);
		if (n == 0)
			break;
		tq_table_leave(t, n);
		tq_table_enter(t, n, TQ_STARTED, 0);
		tq_gate_started(t, &t->slots[n], v);
		break;
	case 1:
		tq_gate_set(t, 1 + v / 3 % TQ_GATE_SHARE, 1 + v / 16 % 3,
		    tq_cur_byte(c) % 4, 100, TQ_LSN(1, 64));
		break;
	default:
		tq_gate_let(t, NULL);
		break;
	}
}

/* As a put does. */
static void
add(struct tq_table *t, struct tq_cur *c)
{
	struct tq_uuid id = id_of(tq_cur_byte(c));
	enum tq_state state = state_of(c);
	unsigned v = tq_cur_byte(c);
	struct tq_slot *s;
	uint32_t n;

	if (tq_table_find(t, &id) != 0 || tq_table_reserve(t, 1) == -1 ||
	    (n = tq_table_add(t, &id)) == 0 ||
	    (s = tq_table_slot(t, n)) == NULL)
		return;
	s->queue = 1;
	s->pri = v % 10;
	s->row = v % 4;
	s->due = v;
	s->expires = v / 2;
	s->flags = (uint8_t)(v & (TQ_PF_LEASED | TQ_PF_KEEP));
	ask(t, n, v);
	tq_table_enter(t, n, state, v & TQ_ENTER_HEAD);
}

static void
move(struct tq_table *t, struct tq_cur *c)
{
	uint32_t n = find(t, c);
	enum tq_state state = state_of(c);

	if (n == 0)
		return;
	tq_table_leave(t, n);
	tq_table_enter(t, n, state, 0);
}

/*
 * Put a number in a place.  Counts that are wild but could be true would have
 * the audit read, and so allocate, gigabytes: they are made wilder.
 */
static void
scribble(struct tq_table *t, struct tq_cur *c)
{
	unsigned where = tq_cur_byte(c);
	uint64_t at = tq_cur_varint(c), v = tq_cur_varint(c);
	struct tq_region *const regions[] = { &t->top->slots,
	    &t->top->buckets, &t->top->heap, &t->top->queues, &t->top->ctxs,
	    &t->top->passes, &t->top->gates, &t->top->waits, &t->top->needs,
	    &t->top->units };
	unsigned char *p;
	size_t size;

	switch (where % 11) {
	case 0:
		if (v > 4096)
			v |= UINT32_C(1) << 31;
		if (at & 1)
			regions[at / 2 % 10]->cap = (uint32_t)v;
		else
			regions[at / 2 % 10]->used = (uint32_t)v;
		return;
	case 1:
		p = (unsigned char *)&t->slots[1];
		size = TASKS * sizeof(*t->slots);
		break;
	case 2:
		p = (unsigned char *)t->buckets;
		size = 2 * TASKS * sizeof(*t->buckets);
		break;
	case 3:
		p = (unsigned char *)t->heap;
		size = TASKS * sizeof(*t->heap);
		break;
	case 4:
		p = (unsigned char *)&t->qrows[1];
		size = sizeof(*t->qrows);
		break;
	case 5:
		p = (unsigned char *)&t->wrows[1];
		size = 3 * sizeof(*t->wrows);
		break;
	case 6:
		p = (unsigned char *)&t->passes[1];
		size = TASKS * sizeof(*t->passes);
		break;
	case 7:
		p = (unsigned char *)&t->gates[1];
		size = TASKS * sizeof(*t->gates);
		break;
	case 8:
		p = (unsigned char *)&t->waits[1];
		size = TASKS * sizeof(*t->waits);
		break;
	case 9:
		p = (unsigned char *)&t->top->free_gate;
		size = 7 * sizeof(uint32_t);
		break;
	default:
		p = (unsigned char *)(at & 1 ? &t->top->level :
		    at & 2 ? &t->top->free : at & 4 ? &t->top->done.head :
		    &t->top->dead.tail);
		size = sizeof(uint32_t);
		break;
	}
	tq_set32(p + at % (size / 4) * 4, (uint32_t)v);
}

static void
look(struct tq_table *t, struct tq_cur *c)
{
	char why[256];
	tq_time due;

	(void)tq_table_due(t, tq_cur_byte(c), &due);
	(void)tq_table_queue_find(t, "q", 1);
	(void)tq_table_queue_new(t);
	(void)tq_table_audit(t, why, sizeof(why));
}

static void
clear(struct tq_table *t)
{
	struct tq_qrow *q;
	char why[256];

	tq_table_clear(t);
	if ((q = tq_table_queue_at(t, 1)) == NULL)
		abort();
	q->used = 1;
	memcpy(q->name, "q", 2);
	if (!tq_table_audit(t, why, sizeof(why)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct tq_table t;
	struct tq_cur c;
	int wild = 0;
	char why[256];

	if (t.top == NULL)
		start(&t);
	clear(&t);
	tq_cur_init(&c, p, n);
	while (c.n > 0 && !c.err) {
		switch (tq_cur_byte(&c) % 7) {
		case 0:
			add(&t, &c);
			break;
		case 1:
			move(&t, &c);
			break;
		case 2:
			tq_table_del(&t, find(&t, &c), 0);
			break;
		case 3:
			look(&t, &c);
			break;
		case 4:
			scribble(&t, &c);
			wild = 1;
			break;
		case 5:
			gate(&t, &c);
			break;
		default:
			(void)tq_table_reserve(&t, tq_cur_byte(&c));
			break;
		}
		if (!wild && !tq_table_audit(&t, why, sizeof(why))) {
			fprintf(stderr, "%s\n", why);
			abort();
		}
	}
	return 0;
}
