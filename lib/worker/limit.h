/*
 * Limits that the system keeps for a process and what it starts.
 */
#ifndef TQ_WORKER_LIMIT_H
#define TQ_WORKER_LIMIT_H

#include <tq/tq.h>

#include "message/limits.h"

/*
 * Set those of the calling process, never above what it has.  For the child
 * of a vfork(2): it allocates nothing and changes nothing in memory.  -1 and
 * errno.
 */
int	tq_limit_set(const struct tq_limits *);
/*
 * Which limit ended a process with this outcome (pure); NULL: none did, as far
 * as can be told from its status and the time it used.
 */
const char *tq_limit_why(const struct tq_limits *, const struct tq_outcome *);
#endif
