/* What a worker knows of the names of tasks: how many began, how fast. */
#ifndef TQ_REDIS_NAMES_H
#define TQ_REDIS_NAMES_H

#include <sys/queue.h>

#include <stdint.h>

#include "base/pace.h"

#define TQ_REDIS_NAMES	1024		/* known at most; others go uncounted */
#define TQ_REDIS_RATE_MAX	32

struct tq_redis_name {
	SLIST_ENTRY(tq_redis_name) link;
	uint64_t	 begun;
	struct tq_pace	 pace;
	char		 rate[TQ_REDIS_RATE_MAX];	/* as it was set, "" none */
	char		 name[];
};

struct tq_redis_names {
	SLIST_HEAD(, tq_redis_name) list[64];
	size_t		 n;
};

void	tq_redis_names_fini(struct tq_redis_names *);
/* What is known of a name, made if it is new; NULL: too many, or no memory. */
struct tq_redis_name *tq_redis_name(struct tq_redis_names *,
	    const char *name);
/* The same, but NULL when nothing is known of it. */
const struct tq_redis_name *tq_redis_name_find(const struct tq_redis_names *,
	    const char *name);
/* All of them, in no order; v has room for names->n. */
void	tq_redis_names_all(const struct tq_redis_names *,
	    const struct tq_redis_name **v);
#endif
