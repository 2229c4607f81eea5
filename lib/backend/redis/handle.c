/* Opening and closing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/redis/calls.h"
#include "backend/redis/redis.h"
#include "backend/redis/send.h"
#include "backend/redis/verb.h"
#include "backend/redis/work.h"
#include "base/clock.h"

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

/* Put back what is held without an end. */
static void
leave(struct tq_redis *r)
{
	struct tq_redis_held *h, *prev;
	struct tq_err e;

	if (TAILQ_EMPTY(&r->held))
		return;
	/* best effort: what fails here is found by its lease */
	if (r->main.wire.fd != -1 && tq_redis_post_again(r, &e) == 0)
		(void)tq_redis_finish(&r->main, &e);
	for (h = TAILQ_LAST(&r->held, tq_redis_list); h != NULL; h = prev) {
		prev = TAILQ_PREV(h, tq_redis_list, link);
		if (r->main.wire.fd != -1 && h->stage == TQ_REDIS_TAKEN)
			(void)tq_redis_back(r, h, &e);
		else if (r->main.wire.fd != -1 && h->lease == 0 && !h->lost &&
		    h->stage == TQ_REDIS_CLAIMED)
			(void)tq_redis_died(r, h, &e);
		else
			tq_redis_held_drop(r, h);
	}
	if (r->main.wire.fd != -1)
		(void)tq_redis_finish(&r->main, &e);
	while ((h = TAILQ_FIRST(&r->held)) != NULL)
		tq_redis_held_drop(r, h);
}

static void
fini(struct tq_redis *r)
{
	leave(r);
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
		rv = tq_redis_connect(r, is_store ? &r->store : &r->main, e);
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
	return r->apart ? tq_redis_connect(r, &r->store, e) : 0;
}

void
tq_redis_close(void *b)
{
	int saved = errno;

	fini(b);
	errno = saved;
}
