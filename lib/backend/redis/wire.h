/* Bytes to and from a server: over a socket, or over TLS on it. */
#ifndef TQ_REDIS_WIRE_H
#define TQ_REDIS_WIRE_H

#include <sys/types.h>

#include "backend/redis/place.h"
#include "backend/tls.h"

struct tq_redis_wire {
	int		 fd;		/* -1: none; does not block */
	struct tq_tls	*tls;		/* or NULL */
};

/*
 * Connect, with TLS where the place says so, until then (CLOCK_MONOTONIC).  *e
 * tells why not, without the name of the place: ECONNREFUSED, EPERM, EINVAL or
 * ENOTSUP (backend/tls.h).
 */
int	tq_redis_wire_open(struct tq_redis_wire *,
	    const struct tq_redis_place *, tq_time until, struct tq_err *);
/* Keeps errno. */
void	tq_redis_wire_close(struct tq_redis_wire *);

/*
 * As recv(2) and send(2), never waiting; -1 with EAGAIN says nothing in *e.
 * There must be room for TQ_TLS_RECORD bytes.
 */
ssize_t	tq_redis_wire_recv(struct tq_redis_wire *, void *, size_t,
	    struct tq_err *);
ssize_t	tq_redis_wire_send(struct tq_redis_wire *, const void *, size_t,
	    struct tq_err *);
#endif
