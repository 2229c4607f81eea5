/*
 * What a person's retry makes of a task: graph.h, rule 7.
 */
#ifndef TQ_SPOOL_RETRY_H
#define TQ_SPOOL_RETRY_H

#include "spool/record.h"
#include "spool/table.h"

/* The ids that one call names. */
struct tq_retry {
	struct tq_uuid	*ids;		/* in their order as bytes */
	size_t		 n;
	unsigned	 flags;		/* TQ_DO_* */
};

/* 0, or -1 and ENOMEM. */
int	tq_retry_init(struct tq_retry *y, const struct tq_uuid *ids, size_t n,
	    unsigned flags);
void	tq_retry_fini(struct tq_retry *y);
/*
 * The record recs[n] that runs a task once more, behind n of the same slice: 1,
 * 0 when it stays as it is.
 */
int	tq_retry_decide(const struct tq_retry *y, struct tq_table *t,
	    const struct tq_slot *s, struct tq_rec *recs, size_t n);

#endif
