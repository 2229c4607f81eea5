/* How calls on a handle say "not here" and "not a name". */
#include "client/handle.h"

#include <errno.h>

int
tq_broker_lacks(const struct tq *tq, const char *what, struct tq_err *e)
{
	return tq_fail(e, ENOTSUP, "%s: this broker cannot %s", tq->scheme,
	    what);
}

int
tq_store_lacks(const struct tq *tq, const char *what, struct tq_err *e)
{
	if (tq->store == NULL)
		return tq_fail(e, ENOTSUP,
		    "%s: this broker keeps no results: it cannot %s",
		    tq->scheme, what);
	return tq_fail(e, ENOTSUP, "%s: this result store cannot %s",
	    tq->store_scheme, what);
}

int
tq_check_queue(const char *name, struct tq_err *e)
{
	if (name != NULL && tq_name_valid(name))
		return 0;
	return tq_fail(e, EINVAL, "'%.140s' is not a queue name",
	    name == NULL ? "" : name);
}

int
tq_check_queues(const char *const *names, size_t n, struct tq_err *e)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (tq_check_queue(names[i], e) == -1)
			return -1;
	}
	return 0;
}

int
tq_check_id(const char *id, struct tq_err *e)
{
	if (id != NULL && tq_id_valid(id))
		return 0;
	return tq_fail(e, EINVAL, "'%.260s' is not an id",
	    id == NULL ? "" : id);
}

int
tq_check_ids(const char *const *ids, size_t n, struct tq_err *e)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (tq_check_id(ids[i], e) == -1)
			return -1;
	}
	return 0;
}
