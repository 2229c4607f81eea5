/*
 * What a meta of ours tells besides what Celery's do, in its member "tq".
 */
#ifndef TQ_REDIS_EXTRA_H
#define TQ_REDIS_EXTRA_H

#include <tq/tq.h>

#include "base/arena.h"
#include "base/buf.h"

struct tq_redis_extra {
	struct tq_outcome o;	/* but for its files */
	unsigned	 attempt, crashes, laters, failures;
	tq_time		 put, start, end;
	int		 has_result;	/* the meta's is what it returned */
	int		 is_value;	/* and no program wrote anything else */
	const char	*queue, *worker;
};

/* Put it as a JSON object. */
void	tq_redis_extra_put(struct tq_buf *, const struct tq_redis_extra *);
/* Read it; strings and bytes are in mem.  What is not there is "not set". */
int	tq_redis_extra_get(struct tq_redis_extra *out, struct tq_arena *mem,
	    struct tq_bytes json, struct tq_err *);
#endif
