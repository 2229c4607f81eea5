/* How much memory a process takes. */
#ifndef TQ_WORKER_RSS_H
#define TQ_WORKER_RSS_H

#include <sys/types.h>

#include <stdint.h>

/* Its resident set in bytes, 0 when that cannot be read. */
int64_t	tq_rss(pid_t);
#endif
