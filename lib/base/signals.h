/* The signals of a long-lived process, through a descriptor. */
#ifndef TQ_BASE_SIGNALS_H
#define TQ_BASE_SIGNALS_H

#include <stddef.h>

#include <tq/types.h>

/*
 * Block the n signals, ignore PIPE, and return a descriptor that is readable
 * when one of them has come; -1.  Nothing is interrupted then.
 */
int	tq_signals_take(const int *signals, size_t n, struct tq_err *);
/* The next that has come, 0: none. */
unsigned tq_signals_next(int fd);
#endif
