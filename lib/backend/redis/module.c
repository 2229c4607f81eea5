/* Redis as a broker and a result store: the tables of the module. */
#include <stddef.h>

#include "backend/redis/redis.h"
#include "backend/redis/worker.h"

static const struct tq_broker_ops broker = {
	.open = tq_redis_open,
	.close = tq_redis_close,
	.results = tq_redis_results,
	.put = tq_redis_put,
	.sync = tq_redis_sync,
	.claim = tq_redis_claim,
	.settle = tq_redis_settle,
	.renew = tq_redis_renew,
	.list = tq_redis_list,
	.wait_idle = tq_redis_wait_idle,
	.queues = tq_redis_queues,
	.workers = tq_redis_workers,
	.option = tq_redis_option,
	.act = tq_redis_act,
	.join = tq_redis_join,
	.status = tq_redis_status,
	.sleep = tq_redis_sleep,
	.fd = tq_redis_fd,
	.mail = tq_redis_mail,
	.send = tq_redis_send,
	.sweep = tq_redis_sweep
};

static const struct tq_store_ops store = {
	.open = tq_redis_open_store,
	.close = tq_redis_close,
	.put = tq_redis_store_put,
	.stat = tq_redis_stat,
	.wait = tq_redis_wait,
	.read = tq_redis_read_stream
};

extern const struct tq_module tq_module;
const struct tq_module tq_module = {
	.version = TQ_BACKEND_VERSION,
	.scheme = "redis",
	.queue = "celery",
	.broker = &broker,
	.store = &store
};
