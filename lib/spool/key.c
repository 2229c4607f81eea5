/*
 * The index by key: rows of unended tasks that have one.  Linear hashing as
 * index.c has it for ids, but keys are spread at random, so each row that is
 * looked at is a miss of the cache.  A bucket is a line of the cache with seven
 * rows and the upper bits of their hashes; what is more stands in a chain
 * through the rows.  There is a bucket for every four rows that were ever used:
 * one line is read to find a key or find it missing; a split touches no row.
 */
#include <string.h>

#include "spool/graph.h"

/* An entry: row in bits 0 to 24, above bit 25 its hash.  0: free. */
#define ROW(e)		((uint32_t)(e) & (TQ_SLOTS_MAX - 1))
#define HASH(h)		((h) & ~(uint64_t)(2 * TQ_SLOTS_MAX - 1))
#define HASH_SHIFT	26
#define PER_BUCKET	4		/* rows, for which there is a bucket */

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
	uint32_t h = (uint32_t)(hash >> HASH_SHIFT);
	uint32_t b = h & ((2u << level) - 1);

	if (b >= top->keys.used)
		b &= (1u << level) - 1;
	return b;
}

static struct tq_keys *
bucket_of(struct tq_table *t, uint64_t hash)
{
	const struct tq_top *top = t->top;
	uint32_t b;

	if (top->keys.used == 0)
		return NULL;
	b = bucket(top, hash);
	if (b >= top->keys.cap || top->keys.cap > TQ_KEYS_MAX) {
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

/* Put an entry into a bucket, or its row into the chain behind that. */
static void
push(struct tq_table *t, struct tq_keys *b, uint64_t entry)
{
	struct tq_ext *x;
	int i;

	for (i = 0; i < TQ_KEYS_LINE; i++)
		if (b->entry[i] == 0) {
			b->entry[i] = entry;
			return;
		}
	if ((x = row(t, ROW(entry))) == NULL)
		return;
	x->chain = (uint32_t)b->more;
	b->more = ROW(entry);
}

/* One more bucket, filled from the one half the way back. */
static void
split(struct tq_table *t)
{
	struct tq_top *top = t->top;
	uint32_t new = top->keys.used, n, next, steps = 0;
	struct tq_keys old, *from;
	struct tq_ext *x;
	int i;

	if (new >= top->keys.cap || top->keys.cap > TQ_KEYS_MAX) {
		t->bad = 1;
		return;
	}
	top->keys.used = new + 1;
	memset(&t->keys[new], 0, sizeof(t->keys[new]));
	if (new == 0)
		return;
	if (new == 2u << (top->key_level & 31))
		top->key_level++;
	from = &t->keys[new & ((1u << (top->key_level & 31)) - 1)];
	old = *from;
	memset(from, 0, sizeof(*from));
	for (i = 0; i < TQ_KEYS_LINE; i++)
		if (old.entry[i] != 0)
			push(t, bucket(top, old.entry[i]) == new ?
			    &t->keys[new] : from, old.entry[i]);
	for (n = (uint32_t)old.more; n != 0 && steps++ <= top->exts.used;
	    n = next) {
		if ((x = row(t, n)) == NULL)
			return;
		next = x->chain;
		x->chain = 0;
		push(t, bucket(top, x->key) == new ? &t->keys[new] : from,
		    HASH(x->key) | n);
	}
}

void
tq_key_add(struct tq_table *t, uint32_t ext)
{
	struct tq_ext *x = row(t, ext);
	struct tq_keys *b;
	int i;

	if (x == NULL)
		return;
	/* twice: rows without a key may have come before */
	for (i = 0; i < 2 && (uint64_t)PER_BUCKET * t->top->keys.used <
	    t->top->exts.used; i++)
		split(t);
	if ((b = bucket_of(t, x->key)) != NULL)
		push(t, b, HASH(x->key) | ext);
}

void
tq_key_del(struct tq_table *t, uint32_t ext)
{
	struct tq_ext *x = row(t, ext), *o;
	uint32_t n, steps = 0;
	struct tq_keys *b;
	int i;

	if (x == NULL || (b = bucket_of(t, x->key)) == NULL)
		return;
	for (i = 0; i < TQ_KEYS_LINE; i++)
		if (ROW(b->entry[i]) == ext) {
			b->entry[i] = 0;
			return;
		}
	if (b->more == ext)
		b->more = x->chain;
	else
		for (n = (uint32_t)b->more; n != 0; n = o->chain) {
			if ((o = row(t, n)) == NULL ||
			    steps++ > t->top->exts.used) {
				t->bad = 1;
				return;
			}
			if (o->chain != ext)
				continue;
			o->chain = x->chain;
			break;
		}
	x->chain = 0;
}

/* Without the lock: nothing that is read here is believed. */
__attribute__((__no_sanitize_thread__)) void
tq_key_expect(struct tq_table *t, uint64_t hash)
{
	struct tq_top now;

	now.keys.used = t->top->keys.used;
	now.key_level = t->top->key_level;
	if (now.keys.used > 0 && now.keys.used < TQ_KEYS_MAX)
		__builtin_prefetch(&t->keys[bucket(&now, hash)], 1);
}

/* The place in a line behind row `ext`; TQ_KEYS_LINE if it is not there. */
static int
place_behind(const struct tq_keys *b, uint32_t ext)
{
	int i;

	for (i = 0; i < TQ_KEYS_LINE; i++)
		if (ROW(b->entry[i]) == ext)
			return i + 1;
	return TQ_KEYS_LINE;
}

uint32_t
tq_key_next(struct tq_table *t, uint64_t hash, uint32_t ext)
{
	struct tq_keys *b = bucket_of(t, hash);
	uint32_t n, steps = 0;
	struct tq_ext *x;
	int i;

	if (b == NULL)
		return 0;
	n = (uint32_t)b->more;
	i = ext == 0 ? 0 : place_behind(b, ext);
	for (; i < TQ_KEYS_LINE; i++)
		if (b->entry[i] != 0 && HASH(b->entry[i]) == HASH(hash) &&
		    (x = row(t, ROW(b->entry[i]))) != NULL && x->key == hash)
			return ROW(b->entry[i]);
	/* `ext` stood in the chain, if it did not in the line */
	if (ext != 0 && place_behind(b, ext) == TQ_KEYS_LINE &&
	    ROW(b->entry[TQ_KEYS_LINE - 1]) != ext &&
	    (x = row(t, ext)) != NULL)
		n = x->chain;
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

int
tq_key_taken(struct tq_table *t, const struct tq_slot *s,
    const struct tq_rec *recs, size_t n)
{
	const struct tq_ext *x = tq_table_ext(t, s), *o;
	const struct tq_slot *other;

	if (x == NULL || x->key == 0)
		return 0;
	if (tq_key_next(t, x->key, 0) != 0)
		return 1;
	while (n-- > 0)
		if (recs[n].type == TQ_REC_ALTER &&
		    !TQ_STATE_ENDED(recs[n].st.state) &&
		    (other = tq_table_slot(t, recs[n].hint)) != NULL &&
		    (o = tq_table_ext(t, other)) != NULL && o->key == x->key)
			return 1;
	return 0;
}
