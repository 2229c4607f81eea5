/* Why tasks of a list wait: why.c. */
#ifndef TQ_REDIS_WHY_H
#define TQ_REDIS_WHY_H

#include "backend/redis/redis.h"

#define TQ_REDIS_WHYS	256	/* lanes and queues that are remembered */

struct tq_redis_why {
	char		 kind;		/* 'l' or 'q'; 0: not asked yet */
	const char	*of, *why;
};

struct tq_redis_whys {
	struct tq_arena	 mem;
	struct tq_redis_why v[TQ_REDIS_WHYS];
	size_t		 n, next;
};

void	tq_redis_whys_init(struct tq_redis_whys *);
void	tq_redis_whys_fini(struct tq_redis_whys *);
/* Add what can be said of one that is listed; the text lives as long as *w. */
int	tq_redis_why(struct tq_redis *, struct tq_redis_whys *,
	    struct tq_info *, struct tq_err *);
#endif
