/* The spool as a broker: the handle, and the calls that go straight on. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "backend/builtin.h"
#include "backend/spool/local.h"

/* ---- the handle ------------------------------------------------------ */

static void
local_close(void *b)
{
	struct tq_local *l = b;
	int saved = errno;

	if (l == NULL)
		return;
	tq_spool_close(l->sp);
	tq_buf_fini(&l->bytes);
	free(l->puts);
	free(l->places);
	free(l->ids);
	free(l);
	errno = saved;
}

static int
local_open(void **b, const struct tq_url *url, unsigned flags,
    struct tq_err *e)
{
	struct tq_local *l;

	if (url->path == NULL)
		return tq_fail(e, EINVAL, "spool: no directory is named");
	if ((l = calloc(1, sizeof(*l))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", url->path);
	tq_buf_init(&l->bytes);
	l->uid = (uint32_t)geteuid();
	if (tq_spool_open(&l->sp, url->path, flags, e) == -1) {
		l->sp = NULL;
		local_close(l);
		return -1;
	}
	*b = l;
	return 0;
}

static const char *
local_dir(void *b)
{
	struct tq_local *l = b;

	return tq_spool_path(l->sp);
}

/* ---- straight on ----------------------------------------------------- */

static int
local_sync(void *b, struct tq_err *e)
{
	struct tq_local *l = b;

	return tq_spool_sync(l->sp, e);
}

static int
local_wait_idle(void *b, const char *const *queues, size_t n,
    tq_time timeout, struct tq_err *e)
{
	struct tq_local *l = b;

	return tq_spool_wait_idle(l->sp, queues, n, timeout, e);
}

static int
local_queues(void *b, int (*each)(const struct tq_queue_info *, void *),
    void *arg, struct tq_err *e)
{
	struct tq_local *l = b;

	return tq_spool_queues(l->sp, each, arg, e);
}

static int
local_set(void *b, const char *queue, const char *name, const char *value,
    struct tq_err *e)
{
	struct tq_local *l = b;

	return tq_spool_set(l->sp, queue, name, value, e);
}

static int
local_settings(void *b, const char *queue,
    int (*each)(const char *, const char *, int, void *), void *arg,
    struct tq_err *e)
{
	struct tq_local *l = b;

	return tq_spool_settings(l->sp, queue, each, arg, e);
}

static int
local_check(void *b, unsigned flags, void (*each)(const char *, void *),
    void *arg, struct tq_err *e)
{
	struct tq_local *l = b;

	return tq_spool_check(l->sp, flags, each, arg, e);
}

static int
local_join(void *b, const struct tq_take *take, unsigned jobs,
    struct tq_err *e)
{
	struct tq_local *l = b;

	return tq_spool_join(l->sp, take, jobs, e);
}

static void
local_status(void *b, const struct tq_worker_state *s)
{
	struct tq_local *l = b;

	tq_spool_status(l->sp, s);
}

static int
local_sleep(void *b, const struct tq_take *take, tq_time *next,
    struct tq_err *e)
{
	struct tq_local *l = b;

	return tq_spool_sleep(l->sp, take, next, e);
}

static int
local_fd(void *b)
{
	struct tq_local *l = b;

	return tq_spool_fd(l->sp);
}

static int
local_mail(void *b, char *buf, size_t size, struct tq_err *e)
{
	struct tq_local *l = b;
	int rv;

	if ((rv = tq_spool_mail(l->sp, buf, size)) == -1)
		return tq_fail_sys(e, errno, "inbox");
	return rv;
}

static int
local_known(void *b, const char *const *ids, size_t n, unsigned char *known,
    struct tq_err *e)
{
	struct tq_local *l = b;

	return tq_local_ids(l, ids, n, e) == -1 ? -1 :
	    tq_spool_known(l->sp, l->ids, n, known, e);
}

static int
local_send(void *b, const char *name, const char *words, unsigned *sent,
    struct tq_err *e)
{
	struct tq_local *l = b;

	return tq_spool_send(l->sp, name, words, sent, e);
}

static int
local_capture(void *b, unsigned capture, enum tq_stream stream, char *path,
    size_t size, struct tq_err *e)
{
	struct tq_local *l = b;

	return tq_spool_capture(l->sp, capture, stream, path, size, e);
}

static int
local_sweep(void *b, struct tq_err *e)
{
	struct tq_local *l = b;

	return tq_spool_sweep(l->sp, e);
}

static const struct tq_broker_ops local_broker = {
	.open = local_open,
	.close = local_close,
	.dir = local_dir,
	.put = tq_local_put,
	.known = local_known,
	.tick = tq_local_tick,
	.last = tq_local_last,
	.sync = local_sync,
	.claim = tq_local_claim,
	.settle = tq_local_settle,
	.renew = tq_local_renew,
	.list = tq_local_list,
	.wait_idle = local_wait_idle,
	.queues = local_queues,
	.workers = tq_local_workers,
	.events = tq_local_events,
	.act = tq_local_act,
	.set = local_set,
	.settings = local_settings,
	.check = local_check,
	.join = local_join,
	.status = local_status,
	.sleep = local_sleep,
	.fd = local_fd,
	.mail = local_mail,
	.send = local_send,
	.capture = local_capture,
	.sweep = local_sweep,
	.report = tq_local_report
};

const struct tq_module tq_spool_module = {
	.version = TQ_BACKEND_VERSION,
	.scheme = "spool",
	.broker = &local_broker,
	.store = &tq_local_store
};
