/* Queues that are named on the command line. */
#ifndef TQ_COMMAND_QUEUES_H
#define TQ_COMMAND_QUEUES_H

#include <tq/tq.h>

/*
 * A misspelt queue is no empty one: 0 if the broker knows all n of them, -1
 * ENOENT with the first that it does not.
 */
int	tq_queues_check(struct tq *, const char *const *names, size_t n,
	    struct tq_err *);
#endif
