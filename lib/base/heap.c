/*
 * A binary heap in the caller's memory.
 *
 * 1. Places count from 1; the children of place p are 2p and 2p + 1.
 * 2. No item is less, by (due, order), than its parent.
 * 3. Whoever writes a slot into a place tells `moved`; no place changes
 *    without it.
 * The count may come from shared memory: one over cap is taken for damage
 * and every call refuses.
 */
#include <stddef.h>

#include "heap.h"

static int
heap_less(const struct tq_heap_item *a, const struct tq_heap_item *b)
{
	if (a->due != b->due)
		return a->due < b->due;
	return a->order < b->order;
}

static void
heap_set(struct tq_heap *h, uint32_t place, const struct tq_heap_item *item)
{
	h->v[place - 1] = *item;
	if (h->moved != NULL)
		h->moved(h->arg, item->slot, place);
}

/* Put item where it belongs on the way from place to the root. */
static void
heap_up(struct tq_heap *h, uint32_t place, const struct tq_heap_item *item)
{
	while (place > 1 && heap_less(item, &h->v[place / 2 - 1])) {
		heap_set(h, place, &h->v[place / 2 - 1]);
		place /= 2;
	}
	heap_set(h, place, item);
}

/* Put item where it belongs below place, in a heap of n. */
static void
heap_down(struct tq_heap *h, uint32_t n, uint32_t place,
    const struct tq_heap_item *item)
{
	uint32_t child;

	while (place <= n / 2) {
		child = place * 2;
		if (child < n && heap_less(&h->v[child], &h->v[child - 1]))
			child++;
		if (!heap_less(&h->v[child - 1], item))
			break;
		heap_set(h, place, &h->v[child - 1]);
		place = child;
	}
	heap_set(h, place, item);
}

int
tq_heap_push(struct tq_heap *h, const struct tq_heap_item *item)
{
	struct tq_heap_item copy = *item;
	uint32_t n = *h->n;

	if (n >= h->cap)
		return -1;
	*h->n = n + 1;
	heap_up(h, n + 1, &copy);
	return 0;
}

const struct tq_heap_item *
tq_heap_peek(const struct tq_heap *h)
{
	uint32_t n = *h->n;

	if (n == 0 || n > h->cap)
		return NULL;
	return &h->v[0];
}

int
tq_heap_remove(struct tq_heap *h, uint32_t place)
{
	struct tq_heap_item last;
	uint32_t n = *h->n;

	if (place == 0 || place > n || n > h->cap)
		return -1;
	if (h->moved != NULL)
		h->moved(h->arg, h->v[place - 1].slot, 0);
	last = h->v[n - 1];
	*h->n = --n;
	if (place > n)
		return 0;
	/* The last item fills the hole; it may be too small or too big there. */
	if (place > 1 && heap_less(&last, &h->v[place / 2 - 1]))
		heap_up(h, place, &last);
	else
		heap_down(h, n, place, &last);
	return 0;
}
