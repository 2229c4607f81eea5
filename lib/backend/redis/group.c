/*
 * Groups: Celery keeps none but as a list of ids that a client saved under
 * `celery-taskset-meta-GID`; how it stands is how its members do.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/redis/keyname.h"
#include "backend/redis/meta.h"
#include "backend/redis/redis.h"

/* The meta of the group as text: 1, 0, -1. */
static int
fetch(struct tq_redis *r, struct tq_bytes *out, struct tq_arena *mem,
    const char *gid, struct tq_err *e)
{
	const char *key = tq_redis_group_key(&r->results, mem, gid);
	redisReply *a;

	out->n = 0;
	if (key == NULL)
		return tq_fail_sys(e, ENOMEM, "group %s", gid);
	if (tq_redis_ready_store(r, e) == -1 ||
	    (a = tq_redis_say(&r->store, e, "GET", key, NULL)) == NULL)
		return -1;
	if (a->type == REDIS_REPLY_STRING) {
		out->n = a->len;
		out->p = tq_arena_copy(mem, a->str, a->len);
	}
	freeReplyObject(a);
	if (out->n > 0 && out->p == NULL)
		return tq_fail_sys(e, ENOMEM, "group %s", gid);
	return out->n > 0;
}

int
tq_redis_group_read(const char *const **ids, size_t *n, struct tq_arena *mem,
    struct tq_bytes text, const char *gid, struct tq_err *e)
{
	struct tq_celery_tuple t;
	struct tq_celery_bounds b;

	tq_celery_bounds_init(&b);
	b.body.bytes = 64 << 20;
	b.body.nodes = 10000000;
	if (tq_celery_group_decode(&t, mem, text.p, text.n, &b, e) == -1)
		return -1;
	/* a group in it is one of its results, and ends with its own members */
	if (tq_celery_tuple_ids(ids, n, mem, t.members) == 0)
		return 0;
	return errno == ENOMEM ? tq_fail_sys(e, ENOMEM, "group %s", gid) :
	    tq_fail(e, EBADMSG, "group %s: bad members", gid);
}

int
tq_redis_group(struct tq_redis *r, const char *const **ids, size_t *n,
    struct tq_arena *mem, const char *gid, struct tq_err *e)
{
	struct tq_bytes text;
	int rv;

	if ((rv = fetch(r, &text, mem, gid, e)) != 1)
		return rv;
	return tq_redis_group_read(ids, n, mem, text, gid, e) == -1 ? -1 : 1;
}

/* The first that did not succeed, for people. */
static int
blame(struct tq_info *out, struct tq_arena *mem, const char *id,
    enum tq_state state)
{
	char text[TQ_WHY_MAX + 1];

	snprintf(text, sizeof(text), "%.200s: %s", id, tq_state_name(state));
	out->why = out->end.why = tq_arena_copy(mem, text, strlen(text));
	return out->why == NULL ? -1 : 0;
}

int
tq_redis_group_stat(struct tq_redis *r, const char *gid, struct tq_info *out,
    struct tq_arena *mem, struct tq_err *e)
{
	const char *const *ids;
	struct tq_redis_meta m;
	size_t i, n, ended = 0;
	int rv;

	if ((rv = tq_redis_group(r, &ids, &n, mem, gid, e)) != 1)
		return rv;
	out->task.kind = TQ_KIND_GROUP;
	out->state = TQ_SUCCESS;
	out->end.status = 0;
	for (i = 0; i < n; i++) {
		rv = tq_redis_meta_look(r, &m, mem, ids[i], e);
		if (rv == -1)
			return -1;
		if (rv == 0 || !TQ_STATE_ENDED(m.state))
			continue;
		ended++;
		if (m.state == TQ_SUCCESS || out->state == TQ_FAILURE)
			continue;
		out->state = TQ_FAILURE;
		out->end.status = -1;
		if (blame(out, mem, ids[i], m.state) == -1)
			return tq_fail_sys(e, ENOMEM, "group %s", gid);
	}
	if (ended < n) {
		out->state = TQ_BLOCKED;
		out->why = NULL;
	}
	out->end.state = out->state;
	return 1;
}
