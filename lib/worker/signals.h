/* The signals of a worker, through a descriptor: nothing is interrupted. */
#ifndef TQ_WORKER_SIGNALS_H
#define TQ_WORKER_SIGNALS_H

#include <tq/types.h>

/*
 * Block CHLD, TERM, INT, QUIT, HUP, USR1 and USR2, ignore PIPE, and return a
 * descriptor that is readable when one of them has come; -1.
 */
int	tq_signals_take(struct tq_err *);
/* The next that has come, 0: none. */
unsigned tq_signals_next(int fd);
#endif
