/* The spool as a result store: outcomes are in the same ledger. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/spool/local.h"

/* The number of the task that a tail names: 1, 0 none, -1 two of them. */
static int
find_tail(struct tq_local *l, const char *tail, struct tq_uuid *out,
    struct tq_err *e)
{
	struct tq_uuid found[2];
	char one[37], two[37];
	int n;

	if (tail[strspn(tail, "0123456789abcdef-")] != '\0')
		return 0;
	if ((n = tq_spool_tail(l->sp, tail, found, e)) <= 0)
		return n;
	if (n > 1) {
		tq_uuid_format(one, &found[0]);
		tq_uuid_format(two, &found[1]);
		return tq_fail(e, EINVAL, "'%.40s' is ambiguous: %s, %s",
		    tail, one, two);
	}
	*out = found[0];
	return 1;
}

static int
local_stat(void *b, const char *id, unsigned flags, struct tq_info *out,
    struct tq_err *e)
{
	struct tq_local *l = b;
	struct tq_local_served served = { .known = 0 };
	struct tq_uuid number;
	int rv;

	if (flags & TQ_FIND_TAIL) {
		if ((rv = find_tail(l, id, &number, e)) != 1)
			return rv;
	} else
		(void)tq_local_id(&number, id);
	rv = tq_local_look(l, &number, flags >> 8, &served, out, e);
	tq_buf_fini(&served.names);
	return rv;
}

static int
local_wait(void *b, const char *const *ids, size_t n, size_t count,
    tq_time timeout, enum tq_state *ended, struct tq_err *e)
{
	struct tq_local *l = b;
	size_t which = 0;
	int rv;

	if (tq_local_ids(l, ids, n, e) == -1)
		return -1;
	rv = tq_spool_wait(l->sp, l->ids, n, count, timeout, ended, &which,
	    e);
	if (rv == -1 && errno == ENOENT)
		return tq_fail(e, ENOENT, "%s: no such task", ids[which]);
	return rv;
}

static ssize_t
local_read(void *b, const char *id, unsigned attempt, enum tq_stream stream,
    uint64_t off, void *buf, size_t n, struct tq_err *e)
{
	struct tq_local *l = b;
	struct tq_uuid number;
	struct tq_err why;
	ssize_t got;

	(void)tq_local_id(&number, id);
	got = tq_spool_read(l->sp, &number, attempt, stream, off, buf, n,
	    &why);
	if (got == -1)
		return tq_fail(e, why.num, "%s: %s", id, why.text);
	return got;
}

/* open and put are not: the broker's handle is the store's. */
const struct tq_store_ops tq_local_store = {
	.stat = local_stat,
	.wait = local_wait,
	.read = local_read
};
