/*
 * Revoked ids.  Celery keeps them in the memory of each worker; here they are
 * on the server, for whoever starts later, and each taker knows them by heart:
 * the script that takes tells when there are others.
 *
 * What a task was stamped with (Celery 5.3) is revoked as a mark among them, a
 * byte that begins no id, and name and value as they stand in JSON.  Both come
 * from Python's encoder: a letter is spelled the same way.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/keyname.h"
#include "backend/redis/redis.h"
#include "base/clock.h"

#define MARK		'\1'
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
	const char *key = tq_redis_own_key(&r->place, &r->mem, "tq.revoked");
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

/* ---- stamps ---------------------------------------------------------- */

const char *
tq_redis_mark(struct tq_arena *mem, struct tq_bytes name,
    struct tq_bytes value)
{
	struct tq_buf b;
	const char *mark;

	tq_buf_init(&b);
	tq_buf_byte(&b, MARK);
	tq_scan_compact(&b, name);
	tq_buf_byte(&b, ':');
	tq_scan_compact(&b, value);
	mark = tq_buf_ok(&b) ? tq_arena_copy(mem, b.p, b.n) : NULL;
	tq_buf_fini(&b);
	return mark;
}

void
tq_redis_marks_sort(const char **mark, size_t n)
{
	qsort(mark, n, sizeof(*mark), by_text);
}

size_t
tq_redis_marks(char *const *sorted, size_t n)
{
	size_t marks = 0;

	while (marks < n && sorted[marks][0] == MARK)
		marks++;
	return marks;
}

static int
is_among(struct tq_arena *mem, struct tq_bytes name, struct tq_bytes value,
    const char *const *mark, size_t n)
{
	const char *one = tq_redis_mark(mem, name, value);

	return one != NULL && bsearch(&one, mark, n, sizeof(*mark), by_text) !=
	    NULL;
}

int
tq_redis_is_marked(struct tq_arena *mem, const struct tq_celery_task *m,
    const char *const *mark, size_t n)
{
	struct tq_bytes name, value, one;
	struct tq_scan stamps, list;

	if (n == 0 || tq_scan_count(m->stamped_headers) == 0)
		return 0;
	tq_scan_init(&stamps, m->stamps);
	while (tq_scan_member(&stamps, &name, &value)) {
		if (tq_scan_type(value) != TQ_SCAN_ARRAY &&
		    is_among(mem, name, value, mark, n))
			return 1;
		tq_scan_init(&list, value);
		while (tq_scan_type(value) == TQ_SCAN_ARRAY &&
		    tq_scan_next(&list, &one))
			if (is_among(mem, name, one, mark, n))
				return 1;
	}
	return 0;
}

int
tq_redis_is_stamped(const struct tq_redis *r, struct tq_arena *mem,
    const struct tq_celery_task *m)
{
	return tq_redis_is_marked(mem, m, (const char *const *)r->revoked,
	    tq_redis_marks(r->revoked, r->nrevoked));
}

/* Add ids, or marks, to those that must not start. */
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
