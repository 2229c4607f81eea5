/*
 * What the planner must know of the site, where an exchange leads, and which
 * queues there are.
 *
 * The environment says what a Celery worker's configuration says: TQ_ROUTES
 * is its task_routes, TQ_DEFAULT_QUEUE its task_default_queue.  Bindings of
 * exchanges stand in sets on the server, as kombu keeps them.
 */
#include <bsd/string.h>
#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/keyname.h"
#include "backend/redis/redis.h"
#include "base/clock.h"
#include "message/celery_route.h"

#define BINDING		"_kombu.binding."

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

/* ---- the queues there are ---------------------------------------------- */

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Add what is a queue of tasks and not of control. */
static int
add_members(struct tq_redis *r, const char *key, const char ***v, size_t *n,
    size_t *cap, struct tq_arena *mem, struct tq_err *e)
{
	redisReply *a;
	const char **p, *name;
	char *pattern;
	size_t i;

	a = tq_redis_say(&r->main, e, "SMEMBERS", key, NULL);
	if (a == NULL)
		return -1;
	for (i = 0; i < a->elements; i++) {
		name = tq_redis_binding_cut(&r->place, a->element[i]->str,
		    &pattern);
		if (name == NULL || !tq_name_valid(name) || strstr(name, "pidbox") != NULL ||
		    strncmp(name, "celeryev", 8) == 0)
			continue;
		if (*n == *cap) {
			*cap = *cap == 0 ? 16 : 2 * *cap;
			p = tq_arena_alloc(mem, *cap * sizeof(*p));
			if (p == NULL)
				break;
			if (*n > 0)
				memcpy(p, *v, *n * sizeof(*p));
			*v = p;
		}
		(*v)[*n] = tq_arena_copy(mem, name, strlen(name));
		if ((*v)[*n] == NULL)
			break;
		++*n;
	}
	name = i < a->elements ? NULL : "";
	freeReplyObject(a);
	return name == NULL ? tq_fail_sys(e, ENOMEM, "queues") : 0;
}

int
tq_redis_queue_names(struct tq_redis *r, const char *const **out, size_t *n,
    struct tq_arena *mem, struct tq_err *e)
{
	char cursor[TQ_REDIS_CURSOR] = "0", match[2 * TQ_REDIS_PREFIX_MAX + 32];
	const redisReply *keys;
	const char **v = NULL;
	size_t cap = 0, i, k;
	redisReply *a;
	int rv = 0;

	*n = 0;
	tq_redis_glob(match, r->place.prefix);
	strlcat(match, BINDING "*", sizeof(match));
	do {
		a = tq_redis_say(&r->main, e, "SCAN", cursor, "MATCH", match,
		    "COUNT", "1000", "TYPE", "set", NULL);
		if (a == NULL)
			return -1;
		rv = tq_redis_cursor(&r->place, cursor, a, e);
		keys = tq_redis_reply_at(a, 1);
		for (i = 0; i < keys->elements && rv == 0; i++)
			rv = add_members(r, keys->element[i]->str, &v, n, &cap,
			    mem, e);
		freeReplyObject(a);
	} while (rv == 0 && strcmp(cursor, "0") != 0);
	if (rv == 0 && *n > 1) {
		qsort(v, *n, sizeof(*v), by_name);
		for (i = k = 1; i < *n; i++)
			if (strcmp(v[i], v[k - 1]) != 0)
				v[k++] = v[i];
		*n = k;
	}
	*out = (const char *const *)v;
	return rv;
}
