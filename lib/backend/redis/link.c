/* Finding a server, losing it, and finding it again. */
#include <errno.h>

#include "backend/redis/redis.h"
#include "base/clock.h"

#define PAUSE_MIN	(100 * TQ_MS)
#define PAUSE_MAX	(5 * TQ_SECOND)
#define FAILURES_MAX	20	/* of a worker, about a minute and a half */

/*
 * Connect for the first time; with TQ_OPEN_AWAY a server that cannot be reached
 * may come later, and is not asked again in this moment.  One that is silent
 * may only stall: who has time asks again, as one that reads its data.
 */
int
tq_redis_connect(struct tq_redis *r, struct tq_redis_conn *c, struct tq_err *e)
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
