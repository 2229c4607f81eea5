/* Redis as a broker and a result store: the tables of the module. */
#include <stddef.h>

#include "backend/redis/redis.h"

static const struct tq_broker_ops broker = {
	.open = tq_redis_open,
	.close = tq_redis_close,
	.results = tq_redis_results,
	.put = tq_redis_put,
	.sync = tq_redis_sync
};

static const struct tq_store_ops store = {
	.open = tq_redis_open_store,
	.close = tq_redis_close
};

extern const struct tq_module tq_module;
const struct tq_module tq_module = {
	.version = TQ_BACKEND_VERSION,
	.scheme = "redis",
	.broker = &broker,
	.store = &store
};
