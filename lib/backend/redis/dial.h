/* Sockets that lead to a server, opened within a time. */
#ifndef TQ_REDIS_DIAL_H
#define TQ_REDIS_DIAL_H

#include "backend/redis/place.h"

/*
 * A connected socket that does not block, or -1: *why says why, or errno does
 * when it is NULL.  until is CLOCK_MONOTONIC.
 */
int	tq_redis_dial(const struct tq_redis_place *, tq_time until,
	    const char **why);
/* Wait for events of poll(2) on fd until then: 1, 0 the time is over, -1. */
int	tq_redis_poll(int fd, short events, tq_time until);
#endif
