/*
 * A binary heap of slot numbers in the caller's memory, least (due, order)
 * first, so that equal dues leave in the order they came.  Nothing is
 * allocated and no pointer is kept: the memory may be shared, and whatever is
 * read from it is checked against n before it is used.
 */
#ifndef TQ_BASE_HEAP_H
#define TQ_BASE_HEAP_H

#include <stdint.h>

#include <tq/types.h>

struct tq_heap_item {
	tq_time		 due;
	uint64_t	 order;		/* breaks ties: lower first */
	uint32_t	 slot;
	uint32_t	 pad;
};

struct tq_heap {
	struct tq_heap_item *v;
	uint32_t	*n;		/* how many */
	uint32_t	 cap;
	/* told of every move of a slot: its new place from 1, 0 when it left */
	void		(*moved)(void *, uint32_t slot, uint32_t place);
	void		*arg;
};

int	tq_heap_push(struct tq_heap *, const struct tq_heap_item *); /* -1 full */
/* The least item, NULL when empty. */
const struct tq_heap_item *tq_heap_peek(const struct tq_heap *);
/* Remove the item at place (1 is the least); -1 when there is none. */
int	tq_heap_remove(struct tq_heap *, uint32_t place);
#endif
