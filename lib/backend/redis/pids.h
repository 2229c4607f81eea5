/* The processes of a worker. */
#ifndef TQ_REDIS_PIDS_H
#define TQ_REDIS_PIDS_H

#include <stddef.h>
#include <stdint.h>

#define TQ_REDIS_PIDS_MAX	1024

/*
 * The children of this process: what it runs now, resident handlers among it.
 * Without any its own pid, as of a pool of Celery that has none.  How many.
 */
size_t	tq_redis_pids(int64_t pids[TQ_REDIS_PIDS_MAX]);
#endif
