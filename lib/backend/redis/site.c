/*
 * What the planner must know of the site, and where an exchange leads.
 *
 * The environment says what a Celery worker's configuration says: TQ_ROUTES
 * is its task_routes, TQ_DEFAULT_QUEUE its task_default_queue.  Bindings of
 * exchanges stand in sets on the server, as kombu keeps them.
 */
#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/redis.h"
#include "base/clock.h"
#include "message/celery_route.h"

/* ---- the site -------------------------------------------------------- */

int
tq_redis_site_open(struct tq_redis *r, struct tq_err *e)
{
	const char *queue = getenv("TQ_DEFAULT_QUEUE");
	const char *routes = getenv("TQ_ROUTES");

	r->usual = "celery";
	if (queue != NULL && *queue != '\0')
		r->usual = tq_arena_copy(&r->kept, queue, strlen(queue));
	if (r->usual == NULL)
		return tq_fail_sys(e, ENOMEM, "redis");
	return routes == NULL ? 0 : tq_celery_routes_parse(&r->routes,
	    &r->nroutes, &r->kept, routes, e);
}

void
tq_redis_site(const struct tq_redis *r, struct tq_celery_site *site,
    const char *from)
{
	memset(site, 0, sizeof(*site));
	site->now = tq_clock_wall();
	site->origin = r->origin;
	site->worker = r->node;
	site->queue = r->usual;
	site->from = from;
	site->routes = r->routes;
	site->nroutes = r->nroutes;
	site->flags = TQ_CELERY_SITE_ZERO_FIRST;
	if (r->results.extended)
		site->flags |= TQ_CELERY_SITE_EXTENDED;
	if (r->place.tq_only)
		site->flags |= TQ_CELERY_SITE_TQ;
}

/* ---- exchanges ------------------------------------------------------- */

/* 1 if a topic exchange with that pattern takes the key. */
static int
matches(const char *pattern, const char *key)
{
	regex_t re;
	int rv;

	if (*pattern == '\0' || strlen(pattern) > 1024 ||
	    regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return 0;
	rv = regexec(&re, key, 0, NULL, 0) == 0;
	regfree(&re);
	return rv;
}

/* The queue of a binding, if it is one of key. */
static const char *
bound(const struct tq_redis *r, struct tq_arena *mem,
    const redisReply *member, const char *key)
{
	char *word, *pattern, *queue;

	if (member->type != REDIS_REPLY_STRING ||
	    (word = tq_arena_copy(mem, member->str, member->len)) == NULL ||
	    (queue = tq_redis_binding_cut(&r->place, word, &pattern)) ==
	    NULL || !tq_name_valid(queue))
		return NULL;
	return strcmp(word, key) == 0 || matches(pattern, key) ? queue : NULL;
}

/*
 * kombu drops what no binding takes; we put it into the queue of that name,
 * where somebody can find it.
 */
const char *
tq_redis_bound_queue(struct tq_redis *r, struct tq_arena *mem,
    const char *exchange, const char *key, struct tq_err *e)
{
	const char *queue = NULL;
	struct tq_redis_cmd cmd;
	redisReply *a;
	size_t i;

	tq_redis_cmd_init(&cmd);
	tq_redis_cmd_str(&cmd, "SMEMBERS");
	tq_redis_cmd_join(&cmd, r->place.prefix, "_kombu.binding.", exchange,
	    NULL);
	a = tq_redis_call(&r->main, TQ_REDIS_PLAIN, &cmd, e);
	tq_redis_cmd_fini(&cmd);
	if (a == NULL)
		return NULL;
	for (i = 0; a->type == REDIS_REPLY_ARRAY && i < a->elements &&
	    queue == NULL; i++)
		queue = bound(r, mem, a->element[i], key);
	freeReplyObject(a);
	if (queue == NULL)
		queue = tq_name_valid(key) ? key : r->usual;
	return queue;
}
