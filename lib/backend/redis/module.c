/* Redis as a broker and a result store: the tables of the module. */
#include <stddef.h>

#include "backend/redis/calls.h"
#include "backend/redis/redis.h"

/* ---- what a worker does again and again ------------------------------- */

static int
worker_claim(void *b, const struct tq_take *take, struct tq_claim *c,
    struct tq_err *e)
{
	return tq_redis_hope(b, tq_redis_claim(b, take, c, e), e);
}

static int
worker_settle(void *b, const struct tq_ref *ref, struct tq_outcome *o,
    unsigned flags, struct tq_err *e)
{
	return tq_redis_hope(b, tq_redis_settle(b, ref, o, flags, e), e);
}

static int
worker_sleep(void *b, const struct tq_take *take, tq_time *next,
    struct tq_err *e)
{
	return tq_redis_hope(b, tq_redis_sleep(b, take, next, e), e);
}

static int
worker_workers(void *b, int (*each)(const struct tq_worker_info *, void *),
    void *arg, struct tq_err *e)
{
	return tq_redis_hope(b, tq_redis_workers(b, each, arg, e), e);
}

static int
worker_queues(void *b, int (*each)(const struct tq_queue_info *, void *),
    void *arg, struct tq_err *e)
{
	return tq_redis_hope(b, tq_redis_queues(b, each, arg, e), e);
}

static int
worker_sweep(void *b, struct tq_err *e)
{
	return tq_redis_hope(b, tq_redis_sweep(b, e), e);
}

static int
worker_release(void *b, const char *token, struct tq_bytes text,
    struct tq_err *e)
{
	return tq_redis_hope(b, tq_redis_local_release(b, token, text, e), e);
}

static int
worker_sync(void *b, struct tq_err *e)
{
	return tq_redis_hope(b, tq_redis_sync(b, e), e);
}

/* ---- the tables ------------------------------------------------------- */

static const struct tq_broker_ops broker = {
	.open = tq_redis_open,
	.close = tq_redis_close,
	.results = tq_redis_results,
	.put = tq_redis_put,
	.known = tq_redis_known,
	.same = tq_redis_same,
	.tick = tq_redis_tick,
	.last = tq_redis_last,
	.sync = worker_sync,
	.claim = worker_claim,
	.settle = worker_settle,
	.alive = tq_redis_alive,
	.renew = tq_redis_renew,
	.list = tq_redis_list,
	.wait_idle = tq_redis_wait_idle,
	.queues = worker_queues,
	.workers = worker_workers,
	.events = tq_redis_events,
	.option = tq_redis_option,
	.act = tq_redis_act,
	.set = tq_redis_set,
	.settings = tq_redis_settings,
	.check = tq_redis_check,
	.join = tq_redis_join,
	.status = tq_redis_status,
	.sleep = worker_sleep,
	.fd = tq_redis_fd,
	.mail = tq_redis_mail,
	.send = tq_redis_send,
	.sweep = worker_sweep,
	.hold = tq_redis_local_hold,
	.release = worker_release
};

static const struct tq_store_ops store = {
	.open = tq_redis_open_store,
	.close = tq_redis_close,
	.put = tq_redis_store_put,
	.stat = tq_redis_stat,
	.ahead = tq_redis_ahead,
	.wait = tq_redis_wait,
	.read = tq_redis_read_stream,
	.report = tq_redis_report
};

extern const struct tq_module tq_module;
const struct tq_module tq_module = {
	.version = TQ_BACKEND_VERSION,
	.scheme = "redis",
	.queue = "celery",
	.broker = &broker,
	.store = &store
};
