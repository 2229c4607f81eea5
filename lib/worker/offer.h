/*
 * What a worker has for tasks that need something: units of named resources,
 * each with one task at a time, and its places, the resource "slot".
 */
#ifndef TQ_WORKER_OFFER_H
#define TQ_WORKER_OFFER_H

#include <tq/tq.h>

#include "base/buf.h"

#define TQ_STOCK_MAX	1024		/* units of one resource */

/* Units of one resource. */
struct tq_stock {
	char		 name[TQ_NAME_MAX + 1];
	unsigned	 n;
	unsigned	*number;	/* n of them, as tasks are told */
	unsigned	*place;		/* that has each, 0: free */
};

struct tq_offers {
	/* for struct tq_take: places first, then what is in stock */
	struct tq_offer	 show[TQ_OFFERS_MAX];
	size_t		 n;
	struct tq_stock	 stock[TQ_OFFERS_MAX - 1];
};

/* Nothing but places. */
void	tq_offers_init(struct tq_offers *);
void	tq_offers_fini(struct tq_offers *);
/*
 * Add "name" (one unit), "name=n" (units 0 to n - 1) or "name:2,3" (those).
 * EINVAL, quoted; ENOMEM.
 */
int	tq_offers_add(struct tq_offers *, const char *text, struct tq_err *);
/* How many places there are and how many of them are free. */
void	tq_offers_places(struct tq_offers *, unsigned total, unsigned free);

/* How many places a task takes. */
unsigned tq_offers_weight(const struct tq_task *);
/* Give the place what a claimed task needs; take it back from the place. */
void	tq_offers_give(struct tq_offers *, unsigned place,
	    const struct tq_task *);
void	tq_offers_return(struct tq_offers *, unsigned place);
/*
 * Numbers of stock i that a place has, as "0,3", appended to *out; 0 when it
 * has none.
 */
int	tq_offers_told(struct tq_buf *out, const struct tq_offers *, size_t i,
	    unsigned place);
#endif
