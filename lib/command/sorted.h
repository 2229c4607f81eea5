/* Tasks in the order of one of their columns. */
#ifndef TQ_COMMAND_SORTED_H
#define TQ_COMMAND_SORTED_H

#include <tq/tq.h>

/*
 * As tq_list(), but ordered by a column: numbers by value and before words,
 * words by byte, equal ones in order of their put.  A '-' before the name
 * turns the order round.  Memory grows with the number of tasks; one that is
 * forgotten meanwhile is left out.  Exits 64 when there is no such column.
 */
int	tq_list_sorted(struct tq *, const struct tq_select *,
	    const char *column, int (*each)(const struct tq_info *, void *),
	    void *arg, struct tq_err *);
#endif
