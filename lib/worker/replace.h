/* A task that named another to run in its place. */
#ifndef TQ_WORKER_REPLACE_H
#define TQ_WORKER_REPLACE_H

#include "place.h"

/*
 * Let the claimed task of a place be the one of n bytes of JSON in all that
 * says what is run, and how.  EINVAL, EMSGSIZE: it is none, or it was done
 * too often; ENOMEM.
 */
int	tq_replace_task(struct tq_place *, const struct tq_place_rules *,
	    const char *json, size_t n, struct tq_err *);
#endif
