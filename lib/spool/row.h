/*
 * The rows of workers in the table.  A row is filled by its worker (work.c)
 * and cleared by him or by who found him dead (timer.c).
 */
#ifndef TQ_SPOOL_ROW_H
#define TQ_SPOOL_ROW_H

#include "spool/bell.h"
#include "spool/table.h"

/* 1 if the worker of a row serves the queue. */
int	tq_row_serves(const struct tq_wrow *w, uint32_t queue);
/* Under the lock: a row whose owner is gone serves and sleeps no more. */
void	tq_row_clear(struct tq_table *t, struct tq_wrow *w);

#endif
