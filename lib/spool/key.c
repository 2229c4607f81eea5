/*
 * The index by key: rows of unended tasks that have one.  Linear hashing with
 * chains through the rows, as index.c has it for ids, with one bucket for each
 * row that was ever used.
 */
#include <string.h>

#include "spool/graph.h"

uint64_t
tq_key_hash(const struct tq_table *t, const char *key, size_t n)
{
	uint64_t h = t->top->hash_seed ^ n * UINT64_C(0x9e3779b97f4a7c15), v;

	for (; n > 0; key += sizeof(v), n -= n < sizeof(v) ? n : sizeof(v)) {
		v = 0;
		memcpy(&v, key, n < sizeof(v) ? n : sizeof(v));
		h = (h ^ v) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	h ^= h >> 29;
	return h == 0 ? 1 : h;
}

/* Bucket of a hash while `used` buckets are in use, used >= 1. */
static uint32_t
bucket(const struct tq_top *top, uint64_t hash)
{
	uint32_t level = top->key_level & 31;
	uint32_t b = (uint32_t)hash & ((2u << level) - 1);

	if (b >= top->keys.used)
		b &= (1u << level) - 1;
	return b;
}

static uint32_t *
bucket_of(struct tq_table *t, uint64_t hash)
{
	const struct tq_top *top = t->top;
	uint32_t b;

	if (top->keys.used == 0)
		return NULL;
	b = bucket(top, hash);
	if (b >= top->keys.cap || top->keys.cap > TQ_SLOTS_MAX) {
		t->bad = 1;
		return NULL;
	}
	return &t->keys[b];
}

static struct tq_ext *
row(struct tq_table *t, uint32_t n)
{
	if (n > t->top->exts.used || t->top->exts.used >= TQ_SLOTS_MAX) {
		t->bad = 1;
		return NULL;
	}
	return &t->exts[n];
}

/* One more bucket, filled from the one half the way back. */
static void
split(struct tq_table *t)
{
	struct tq_top *top = t->top;
	uint32_t new = top->keys.used, *from, n, steps = 0;
	struct tq_ext *x;

	if (new >= top->keys.cap || top->keys.cap > TQ_SLOTS_MAX) {
		t->bad = 1;
		return;
	}
	top->keys.used = new + 1;
	t->keys[new] = 0;
	if (new == 0)
		return;
	if (new == 2u << (top->key_level & 31))
		top->key_level++;
	from = &t->keys[new & ((1u << (top->key_level & 31)) - 1)];
	while ((n = *from) != 0 && steps++ <= top->exts.used) {
		if ((x = row(t, n)) == NULL)
			return;
		if (bucket(top, x->key) == new) {
			*from = x->chain;
			x->chain = t->keys[new];
			t->keys[new] = n;
		} else
			from = &x->chain;
	}
}

void
tq_key_add(struct tq_table *t, uint32_t ext)
{
	struct tq_ext *x = row(t, ext);
	uint32_t *b;
	int i;

	if (x == NULL)
		return;
	/* two: rows without a key may have come before */
	for (i = 0; i < 2 && t->top->keys.used < t->top->exts.used; i++)
		split(t);
	if ((b = bucket_of(t, x->key)) == NULL)
		return;
	x->chain = *b;
	*b = ext;
}

void
tq_key_del(struct tq_table *t, uint32_t ext)
{
	struct tq_ext *x = row(t, ext), *o;
	uint32_t *at, steps = 0;

	if (x == NULL)
		return;
	at = bucket_of(t, x->key);
	while (at != NULL && *at != 0 && *at != ext) {
		if ((o = row(t, *at)) == NULL || steps++ > t->top->exts.used) {
			t->bad = 1;
			return;
		}
		at = &o->chain;
	}
	if (at != NULL && *at == ext)
		*at = x->chain;
	x->chain = 0;
}

uint32_t
tq_key_next(struct tq_table *t, uint64_t hash, uint32_t ext)
{
	struct tq_ext *x;
	uint32_t *b, n, steps = 0;

	if (ext != 0)
		n = (x = row(t, ext)) == NULL ? 0 : x->chain;
	else
		n = (b = bucket_of(t, hash)) == NULL ? 0 : *b;
	for (; n != 0; n = x->chain) {
		if ((x = row(t, n)) == NULL || steps++ > t->top->exts.used) {
			t->bad = 1;
			return 0;
		}
		if (x->key == hash)
			return n;
	}
	return 0;
}
