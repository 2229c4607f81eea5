/*
 * The index by id: linear hashing with chains through the slots.  There is
 * one bucket for each slot that was ever used; every new slot splits one
 * bucket, so that the work of an add is the same however many tasks wait.
 */
#include <string.h>

#include "spool/table.h"

/*
 * Ids that tq makes begin with 48 bits of milliseconds and a 12-bit counter
 * from 0 (RFC 9562 §5.7).  Each millisecond has a place of its own, at random,
 * from which the counter counts: tasks put one after the other stand in
 * neighbouring buckets and the cache is used, and those that come slowly, of
 * which each is the first of its millisecond, do not all meet in a few.
 * Other ids (digests, version 8) are mixed.
 */
static uint64_t
hash(const struct tq_table *t, const struct tq_uuid *id)
{
	const unsigned char *b = id->b;
	uint64_t v;

	if (b[6] >> 4 == 7) {
		v = (uint64_t)b[2] << 24 | (uint64_t)b[3] << 16 |
		    (uint64_t)b[4] << 8 | b[5];
		return (v * UINT64_C(0x9e3779b97f4a7c15) >> 32) +
		    ((uint64_t)(b[6] & 0x0f) << 8 | b[7]);
	}
	memcpy(&v, b + 8, sizeof(v));
	v = (v ^ t->top->hash_seed) * UINT64_C(0x9e3779b97f4a7c15);
	return v >> 32;
}

/* Bucket of a hash while `used` buckets are in use, used >= 1. */
static uint32_t
bucket(const struct tq_table *t, uint64_t h)
{
	uint32_t level = t->top->level & 31;
	uint32_t b = (uint32_t)h & ((2u << level) - 1);

	if (b >= t->top->buckets.used)
		b &= (1u << level) - 1;
	return b;
}

/*
 * One more bucket: what belongs to it moves over from the bucket half the
 * way back.  The work of an add stays constant, however many tasks wait.
 */
static void
split(struct tq_table *t)
{
	struct tq_top *top = t->top;
	uint32_t new = top->buckets.used, *from, *to, n, steps = 0;
	struct tq_slot *s;

	if (new == 0) {
		top->buckets.used = 1;
		t->buckets[0] = 0;
		return;
	}
	if (new >= top->buckets.cap || top->buckets.cap > TQ_SLOTS_MAX) {
		t->bad = 1;
		return;
	}
	if (new == 2u << (top->level & 31))
		top->level++;
	top->buckets.used = new + 1;
	from = &t->buckets[new & ((1u << (top->level & 31)) - 1)];
	to = &t->buckets[new];
	/* read, then write: only a fault of a read maps what is around it */
	n = *from;
	*to = 0;
	for (; n != 0 && steps++ <= top->slots.used; n = *from) {
		if ((s = tq_table_slot(t, n)) == NULL)
			return;
		if (bucket(t, hash(t, &s->id)) == new) {
			*from = s->chain;
			s->chain = *to;
			*to = n;
		} else
			from = &s->chain;
	}
}

static uint32_t *
bucket_of(struct tq_table *t, const struct tq_uuid *id)
{
	uint32_t b;

	if (t->top->buckets.used == 0)
		return NULL;
	b = bucket(t, hash(t, id));
	if (b >= t->top->buckets.cap || t->top->buckets.cap > TQ_SLOTS_MAX) {
		t->bad = 1;
		return NULL;
	}
	return &t->buckets[b];
}

uint32_t
tq_table_find(struct tq_table *t, const struct tq_uuid *id)
{
	uint32_t *b = bucket_of(t, id), n, steps = 0;
	struct tq_slot *s;

	if (b == NULL)
		return 0;
	for (n = *b; n != 0; n = s->chain) {
		if ((s = tq_table_slot(t, n)) == NULL ||
		    steps++ > t->top->slots.used) {
			t->bad = 1;
			return 0;
		}
		if (memcmp(&s->id, id, sizeof(*id)) == 0)
			return n;
	}
	return 0;
}

uint32_t
tq_table_add(struct tq_table *t, const struct tq_uuid *id)
{
	struct tq_top *top = t->top;
	struct tq_slot *s;
	uint32_t n, *b;

	if ((n = top->free) != 0) {
		if ((s = tq_table_slot(t, n)) == NULL)
			return 0;
		top->free = s->chain;
	} else {
		if (tq_table_reserve(t, 1) == -1)
			return 0;
		n = ++top->slots.used;
		split(t);
	}
	s = &t->slots[n];
	memset(s, 0, sizeof(*s));
	s->id = *id;
	if ((b = bucket_of(t, id)) == NULL)
		return 0;
	s->chain = *b;
	*b = n;
	top->ntasks++;
	return n;
}

void
tq_table_unindex(struct tq_table *t, uint32_t n)
{
	struct tq_slot *s = &t->slots[n], *o;
	uint32_t *at = bucket_of(t, &s->id), steps = 0;

	while (at != NULL && *at != n) {
		if ((o = tq_table_slot(t, *at)) == NULL ||
		    steps++ > t->top->slots.used) {
			t->bad = 1;
			return;
		}
		at = &o->chain;
	}
	if (at != NULL)
		*at = s->chain;
}
