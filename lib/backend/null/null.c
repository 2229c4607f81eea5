/*
 * The broker that keeps nothing: puts are accepted and dropped, nothing is
 * ever claimed, no id is known, there is no queue and no worker.  It is the
 * floor under every benchmark, and the smallest legal backend: what is NULL in
 * its tables answers ENOTSUP.
 */
#include <sys/types.h>

#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tq/backend.h>

#include "backend/builtin.h"
#include "base/clock.h"
#include "base/id.h"

struct null {
	struct tq_uuid_maker ids;
};

static int
null_open(void **b, const struct tq_url *url, unsigned flags,
    struct tq_err *e)
{
	(void)url;
	(void)flags;
	if ((*b = calloc(1, sizeof(struct null))) == NULL)
		return tq_fail_sys(e, ENOMEM, "null");
	return 0;
}

static void
null_close(void *b)
{
	int saved = errno;

	free(b);
	errno = saved;
}

/* Ids are given all the same: whoever puts may go on with them. */
static int
null_put(void *b, const struct tq_task *t, size_t n, tq_time timeout,
    struct tq_id *out, struct tq_err *e)
{
	struct null *null = b;
	struct tq_uuid id;
	tq_time now = tq_clock_wall();
	size_t i;

	(void)timeout;
	(void)e;
	for (i = 0; i < n; i++) {
		if (t[i].id != NULL) {
			strlcpy(out[i].s, t[i].id, sizeof(out[i].s));
			continue;
		}
		tq_uuid_make(&id, &null->ids, now);
		tq_uuid_format(out[i].s, &id);
	}
	return 0;
}

static int
null_known(void *b, const char *const *ids, size_t n, unsigned char *known,
    struct tq_err *e)
{
	(void)b;
	(void)ids;
	(void)e;
	memset(known, 0, n);
	return 0;
}

static int
null_sync(void *b, struct tq_err *e)
{
	(void)b;
	(void)e;
	return 0;
}

/* Wait the timeout out, so that a loop of claims does not spin. */
static int
null_claim(void *b, const struct tq_take *take, struct tq_claim *c,
    struct tq_err *e)
{
	struct timespec until;

	(void)b;
	(void)c;
	(void)e;
	if (take->timeout > 0) {
		tq_clock_timespec(&until, tq_clock_deadline(tq_clock_mono(),
		    take->timeout));
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until,
		    NULL);
	}
	return 0;
}

static int
null_settle(void *b, const struct tq_ref *ref, struct tq_outcome *o,
    unsigned flags, struct tq_err *e)
{
	(void)b;
	(void)o;
	(void)flags;
	return tq_fail(e, ESTALE, "%s/%u: null gives no claims", ref->id.s,
	    ref->attempt);
}

static int
null_list(void *b, const struct tq_select *sel,
    int (*each)(const struct tq_info *, void *), void *arg, struct tq_err *e)
{
	(void)b;
	(void)sel;
	(void)each;
	(void)arg;
	(void)e;
	return 0;
}

static int
null_queues(void *b, int (*each)(const struct tq_queue_info *, void *),
    void *arg, struct tq_err *e)
{
	(void)b;
	(void)each;
	(void)arg;
	(void)e;
	return 0;
}

static int
null_workers(void *b, int (*each)(const struct tq_worker_info *, void *),
    void *arg, struct tq_err *e)
{
	(void)b;
	(void)each;
	(void)arg;
	(void)e;
	return 0;
}

static int
null_wait_idle(void *b, const char *const *queues, size_t n, tq_time timeout,
    struct tq_err *e)
{
	(void)b;
	(void)queues;
	(void)n;
	(void)timeout;
	(void)e;
	return 1;
}

/* As a store of another broker's outcomes: it drops them too. */
static int
null_store_put(void *b, const struct tq_claim *c, struct tq_outcome *o,
    struct tq_err *e)
{
	(void)b;
	(void)c;
	(void)o;
	(void)e;
	return 0;
}

static int
null_stat(void *b, const char *id, unsigned flags, struct tq_info *out,
    struct tq_err *e)
{
	(void)b;
	(void)id;
	(void)flags;
	(void)out;
	(void)e;
	return 0;
}

static int
null_wait(void *b, const char *const *ids, size_t n, size_t count,
    tq_time timeout, enum tq_state *ended, struct tq_err *e)
{
	(void)b;
	(void)n;
	(void)count;
	(void)timeout;
	(void)ended;
	return tq_fail(e, ENOENT, "%s: null knows no task", ids[0]);
}

static ssize_t
null_read(void *b, const char *id, unsigned attempt, enum tq_stream stream,
    uint64_t off, void *buf, size_t n, struct tq_err *e)
{
	(void)b;
	(void)attempt;
	(void)stream;
	(void)off;
	(void)buf;
	(void)n;
	return tq_fail(e, ENOENT, "%s: null knows no task", id);
}

static const struct tq_broker_ops null_broker = {
	.open = null_open,
	.close = null_close,
	.put = null_put,
	.known = null_known,
	.sync = null_sync,
	.claim = null_claim,
	.settle = null_settle,
	.list = null_list,
	.queues = null_queues,
	.workers = null_workers,
	.wait_idle = null_wait_idle
};

static const struct tq_store_ops null_store = {
	.open = null_open,
	.close = null_close,
	.put = null_store_put,
	.stat = null_stat,
	.wait = null_wait,
	.read = null_read
};

const struct tq_module tq_null_module = {
	.version = TQ_BACKEND_VERSION,
	.scheme = "null",
	.broker = &null_broker,
	.store = &null_store
};
