/* Opening, closing, and finding a lost server again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/redis/worker.h"
#include "base/clock.h"

#define PAUSE_MIN	(100 * TQ_MS)
#define PAUSE_MAX	(5 * TQ_SECOND)
#define FAILURES_MAX	20	/* of a worker, about a minute and a half */

static void
init(struct tq_redis *r, unsigned flags)
{
	struct tq_uuid id;
	char text[37];

	r->flags = flags;
	tq_redis_conn_init(&r->main, &r->place);
	tq_redis_conn_init(&r->store, &r->results);
	tq_redis_conn_init(&r->sub, &r->place);
	tq_redis_conn_init(&r->listen, &r->results);
	tq_redis_conn_init(&r->events_in, &r->place);
	tq_arena_init(&r->kept);
	tq_arena_init(&r->mem);
	tq_buf_init(&r->buf);
	tq_buf_init(&r->stream);
	tq_redis_cmd_init(&r->cmd);
	tq_redis_cmd_init(&r->look);
	tq_redis_cmd_init(&r->listens);
	TAILQ_INIT(&r->held);
	r->batch = 1;
	r->epoll = r->timer = -1;
	if (gethostname(r->host, sizeof(r->host) - 1) == -1)
		snprintf(r->host, sizeof(r->host), "localhost");
	snprintf(r->node, sizeof(r->node), "tq%d@%s", (int)getpid(), r->host);
	snprintf(r->origin, sizeof(r->origin), "gen%d@%s", (int)getpid(),
	    r->host);
	tq_uuid_make(&id, &r->ids, tq_clock_wall());
	tq_uuid_format(text, &id);
	snprintf(r->stem, sizeof(r->stem), TQ_REDIS_TAG "%s.", text);
}

static void
fini(struct tq_redis *r)
{
	tq_redis_leave(r);
	tq_redis_open_drop(r);
	tq_redis_worker_free(r);
	tq_redis_forget_revoked(r);
	free(r->peers);
	free(r->query);
	free(r->tasks);
	tq_redis_conn_fini(&r->main);
	tq_redis_conn_fini(&r->store);
	tq_redis_conn_fini(&r->sub);
	tq_redis_conn_fini(&r->listen);
	tq_redis_cmd_fini(&r->listens);
	tq_redis_conn_fini(&r->events_in);
	tq_redis_place_fini(&r->place);
	tq_redis_place_fini(&r->results);
	tq_arena_fini(&r->kept);
	tq_arena_fini(&r->mem);
	tq_buf_fini(&r->buf);
	tq_buf_fini(&r->stream);
	tq_redis_cmd_fini(&r->cmd);
	tq_redis_cmd_fini(&r->look);
	free(r);
}

/*
 * Connect for the first time; with TQ_OPEN_AWAY a server that cannot be reached
 * may come later, and is not asked again in this moment.  One that is silent
 * may only stall: who has time asks again, as one that reads its data.
 */
static int
open_conn(struct tq_redis *r, struct tq_redis_conn *c, struct tq_err *e)
{
	tq_time until = tq_clock_deadline(tq_clock_mono(), c->place->timeout);

	if (tq_redis_conn_open(c, e) == 0)
		return 0;
	if (errno == ECONNREFUSED && tq_clock_mono() >= until)
		e->num = errno = EINPROGRESS;
	if (!(r->flags & TQ_OPEN_AWAY) || (errno != ECONNREFUSED &&
	    errno != EINPROGRESS))
		return -1;
	r->retry = tq_clock_mono() + PAUSE_MAX;
	return 0;
}

static int
open_handle(void **b, const struct tq_url *u, unsigned flags, int is_store,
    struct tq_err *e)
{
	struct tq_redis *r;
	int rv = -1;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return tq_fail_sys(e, ENOMEM, "redis");
	init(r, flags);
	r->is_store = is_store;
	if (u->query != NULL && (r->query = strdup(u->query)) == NULL) {
		fini(r);
		return tq_fail_sys(e, ENOMEM, "redis");
	}
	if (tq_redis_site_open(r, e) == 0 && tq_redis_place_init(is_store ?
	    &r->results : &r->place, u, is_store, e) == 0)
		rv = open_conn(r, is_store ? &r->store : &r->main, e);
	if (rv == -1) {
		fini(r);
		return -1;
	}
	r->apart = is_store;
	r->main.keeps = r->store.keeps = !(flags & TQ_OPEN_ONESHOT);
	*b = r;
	return 0;
}

int
tq_redis_open(void **b, const struct tq_url *u, unsigned flags,
    struct tq_err *e)
{
	return open_handle(b, u, flags, 0, e);
}

int
tq_redis_open_store(void **b, const struct tq_url *u, unsigned flags,
    struct tq_err *e)
{
	return open_handle(b, u, flags, 1, e);
}

/* 1 if the broker was opened with this query. */
static int
is_query(const struct tq_redis *r, const char *query)
{
	if (query == NULL || r->query == NULL)
		return query == NULL && r->query == NULL;
	return strcmp(query, r->query) == 0;
}

/* The broker keeps the results too, at that URL: here or elsewhere. */
int
tq_redis_results(void *b, const struct tq_url *u, unsigned flags,
    struct tq_err *e)
{
	struct tq_redis *r = b;

	(void)flags;
	tq_redis_place_fini(&r->results);
	/* the broker's own URL again: its prefix is that of queues */
	if (tq_redis_place_init(&r->results, u, !is_query(r, u->query), e) ==
	    -1)
		return -1;
	r->apart = !tq_redis_place_same(&r->place, &r->results);
	return r->apart ? open_conn(r, &r->store, e) : 0;
}

void
tq_redis_close(void *b)
{
	int saved = errno;

	fini(b);
	errno = saved;
}

/* ---- losing and finding ---------------------------------------------- */

/* A server that was lost is not asked all the time. */
static int
find_again(struct tq_redis *r, struct tq_redis_conn *c, struct tq_err *e)
{
	tq_time now = tq_clock_mono(), pause = PAUSE_MIN;
	struct tq_err why;
	unsigned i;

	if (c->wire.fd != -1)
		return 0;
	if (now < r->retry)
		return tq_fail(e, ETIMEDOUT, "%s", c->lost.text);
	if (tq_redis_conn_open(c, &why) == 0) {
		r->failures = 0;
		/* leases passed while the server was away; nobody is dead */
		if (c == &r->main && c->opened > 1)
			r->grace = tq_clock_mono() + 2 * PAUSE_MAX;
		return 0;
	}
	for (i = 0; i < r->failures && pause < PAUSE_MAX; i++)
		pause *= 2;
	r->retry = tq_clock_mono() + (pause < PAUSE_MAX ? pause : PAUSE_MAX);
	if (r->worker != NULL && why.num == EINPROGRESS)
		return tq_fail(e, ETIMEDOUT, "%s", why.text);
	if (r->worker == NULL || why.num != ECONNREFUSED)
		return tq_fail(e, why.num, "%s", why.text);
	/* a worker waits for its server, but not for ever */
	if (++r->failures >= FAILURES_MAX)
		return tq_fail(e, ECONNREFUSED, "%s; %u times in a row",
		    why.text, r->failures);
	return tq_fail(e, ETIMEDOUT, "%s", why.text);
}

/*
 * A server that takes no writes may have been the one that does: its name may
 * lead to another by now.
 */
static void
drop_all(struct tq_redis *r)
{
	tq_redis_conn_drop(&r->main);
	tq_redis_conn_drop(&r->store);
	tq_redis_conn_drop(&r->sub);
	tq_redis_conn_drop(&r->listen);
	tq_redis_conn_drop(&r->events_in);
}

/*
 * To a worker ECONNREFUSED says that its broker is gone for good: a loss is
 * none as long as there is hope.  One that has something else to do for a
 * moment (EINPROGRESS) will be asked again.
 */
int
tq_redis_hope(struct tq_redis *r, int rv, struct tq_err *e)
{
	if (rv == -1 && r->worker != NULL && errno == EROFS)
		drop_all(r);
	if (rv != -1 || r->worker == NULL || (errno != EINPROGRESS &&
	    (errno != ECONNREFUSED || r->failures >= FAILURES_MAX)))
		return rv;
	if (e != NULL)
		e->num = ETIMEDOUT;
	errno = ETIMEDOUT;
	return -1;
}

int
tq_redis_ready(struct tq_redis *r, struct tq_err *e)
{
	return find_again(r, &r->main, e);
}

int
tq_redis_ready_store(struct tq_redis *r, struct tq_err *e)
{
	if (r->store.wire.fd != -1)
		return 0;
	/* opened late: most commands never ask for a result */
	if (r->store.lost.num == 0)
		return tq_redis_conn_open(&r->store, e);
	return find_again(r, &r->store, e);
}
