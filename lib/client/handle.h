/* What a handle is made of, and how its calls say "not here". */
#ifndef TQ_CLIENT_HANDLE_H
#define TQ_CLIENT_HANDLE_H

#include <stddef.h>

#include <tq/backend.h>

#include "base/id.h"
#include "client/spare.h"
#include "message/celery_route.h"

struct tq {
	const char	*scheme;		/* of the broker */
	const char	*usual;			/* its module's queue, or NULL */
	const struct tq_broker_ops *ops;
	void		*b;
	const char	*store_scheme;
	const struct tq_store_ops *store;	/* NULL: none */
	void		*s;			/* b when they are one */
	char		*url;			/* in use, without password */
	char		*whole;			/* and with it */
	char		*queue;			/* where -q is not given */
	const struct tq_celery_route *routes;	/* before that, if remote */
	size_t		 nroutes;
	struct tq_arena	 mem;			/* of the routes */
	struct tq_task	*tasks;			/* room of tq_put_many() */
	size_t		 ntasks;
	const struct tq_spare *spare;		/* or NULL */
	char		*away;			/* which brokers before this one
						 * did not answer, or NULL */
	struct tq_uuid_maker ids;		/* of what goes there */
};

/* 1 if the broker keeps the outcomes itself. */
static inline int
tq_shares_store(const struct tq *tq)
{
	return tq->s == tq->b;
}

/* Fail with ENOTSUP: the broker has no such operation; or the store. */
int	tq_broker_lacks(const struct tq *, const char *what, struct tq_err *);
int	tq_store_lacks(const struct tq *, const char *what, struct tq_err *);

/* 0, or -1 with EINVAL: not the name of a queue; not an id. */
int	tq_check_queue(const char *name, struct tq_err *);
int	tq_check_queues(const char *const *names, size_t n, struct tq_err *);
int	tq_check_id(const char *id, struct tq_err *);
int	tq_check_ids(const char *const *ids, size_t n, struct tq_err *);
#endif
