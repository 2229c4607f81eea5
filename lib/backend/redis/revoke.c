/*
 * Revoked ids.  Celery keeps them in the memory of each worker; here they are
 * on the server, for whoever starts later, and each taker knows them by heart:
 * the script that takes tells when there are others.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/redis.h"
#include "base/clock.h"

#define KEPT_MAX	50000			/* Celery's numbers */
#define KEPT		(3 * 3600 * TQ_SECOND)

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
tq_redis_forget_revoked(struct tq_redis *r)
{
	while (r->nrevoked > 0)
		free(r->revoked[--r->nrevoked]);
	free(r->revoked);
	r->revoked = NULL;
}

int
tq_redis_learn_revoked(struct tq_redis *r, const char *revision,
    struct tq_err *e)
{
	const char *key = tq_redis_own_key(r, &r->mem, "tq.revoked");
	redisReply *a;
	size_t i;

	if (key == NULL)
		return tq_fail_sys(e, ENOMEM, "revoked ids");
	a = tq_redis_say(&r->main, e, "ZRANGE", key, "0", "-1", NULL);
	if (a == NULL)
		return -1;
	tq_redis_forget_revoked(r);
	r->revoked = calloc(a->elements + 1, sizeof(*r->revoked));
	for (i = 0; i < a->elements && r->revoked != NULL; i++) {
		r->revoked[i] = strdup(a->element[i]->str);
		if (r->revoked[i] == NULL)
			break;
		r->nrevoked++;
	}
	i = a->elements;
	freeReplyObject(a);
	if (r->revoked == NULL || r->nrevoked < i)
		return tq_fail_sys(e, ENOMEM, "revoked ids");
	qsort(r->revoked, r->nrevoked, sizeof(*r->revoked), by_text);
	snprintf(r->revision, sizeof(r->revision), "%s", revision);
	return 0;
}

int
tq_redis_is_revoked(const struct tq_redis *r, const char *id)
{
	return r->nrevoked > 0 && bsearch(&id, r->revoked, r->nrevoked,
	    sizeof(*r->revoked), by_text) != NULL;
}

/* Add ids to those that must not start. */
int
tq_redis_revoke(struct tq_redis *r, const char *const *ids, size_t n,
    struct tq_err *e)
{
	tq_time now = tq_clock_wall();
	redisReply *a;
	size_t i;

	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, r->place.prefix);
	tq_redis_cmd_time(&r->cmd, now);
	tq_redis_cmd_time(&r->cmd, now - KEPT);
	tq_redis_cmd_num(&r->cmd, KEPT_MAX);
	for (i = 0; i < n; i++)
		tq_redis_cmd_str(&r->cmd, ids[i]);
	if ((a = tq_redis_call(&r->main, TQ_REDIS_REVOKE, &r->cmd, e)) ==
	    NULL)
		return -1;
	freeReplyObject(a);
	return 0;
}
