/*
 * TQ_ROUTES (pure): which queue a named task goes to when nobody said.  A
 * line is a glob(7) of names and a queue; the first that matches counts; blank
 * lines and those that begin with # are skipped.
 */
#ifndef TQ_MESSAGE_CELERY_ROUTE_H
#define TQ_MESSAGE_CELERY_ROUTE_H

#include "base/arena.h"
#include "message/celery_plan.h"

/* EINVAL names the line; *out and its strings are in mem. */
int	tq_celery_routes_parse(const struct tq_celery_route **out, size_t *n,
	    struct tq_arena *mem, const char *text, struct tq_err *);
/* The queue of a name, or NULL. */
const char *tq_celery_route(const struct tq_celery_route *, size_t n,
	    const char *name);
#endif
