/* What damaged bytes of the ledger were; see lost.c. */
#ifndef TQ_SPOOL_LOST_H
#define TQ_SPOOL_LOST_H

#include "spool/handle.h"

struct tq_lost {
	uint32_t	 seg, from;	/* where they stand */
	const unsigned char *p;
	size_t		 n;
	int		 cut;		/* they go, as a torn tail does */
};

/* In replay, whose last record was written at `now`. */
void	tq_lost_apply(struct tq_table *t, const struct tq_lost *l, tq_time now);
/* Tell what they were, a sentence for each record. */
void	tq_lost_say(struct tq_spool *sp, const struct tq_lost *l,
	    void (*each)(const char *, void *), void *arg);
#endif
