/* Opening a broker only to look. */
#ifndef TQ_COMMAND_LOOK_H
#define TQ_COMMAND_LOOK_H

#include <tq/tq.h>

/*
 * As tq_open() without a store of its own, but looking makes no spool: one that
 * is not there looks like one that is empty; or, with wait, sleep until it is
 * there.  0; 1 after a sleep; -1.
 */
int	tq_look_open(struct tq **out, const char *url, int wait,
	    struct tq_err *);
#endif
