/* Queues that are named on the command line. */
#include "command/queues.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static int
is_named(const struct tq_queue_info *q, void *arg)
{
	return strcmp(q->name, arg) == 0;
}

int
tq_queues_check(struct tq *tq, const char *const *names, size_t n,
    struct tq_err *e)
{
	size_t i;
	int rv;

	for (i = 0; i < n; i++) {
		rv = tq_queues(tq, is_named, (void *)(uintptr_t)names[i], e);
		if (rv == -1)
			return -1;
		if (rv == 0)
			return tq_fail(e, ENOENT, "%s: no such queue",
			    names[i]);
	}
	return 0;
}
