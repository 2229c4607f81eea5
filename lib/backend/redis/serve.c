/* Which queues a worker serves, and which tasks it runs. */
#include <bsd/string.h>
#include <errno.h>
#include <string.h>

#include "backend/redis/keyname.h"
#include "backend/redis/see.h"
#include "backend/redis/work.h"
#include "backend/redis/worker.h"
#include "message/celery.h"

/* Named exchanges of Celery find the queues that we read. */
static int
bind_queue(struct tq_redis *r, const char *queue, struct tq_err *e)
{
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "SADD");
	tq_redis_binding(&r->cmd, &r->place, queue, queue, "");
	return tq_redis_post(&r->main, TQ_REDIS_PLAIN, &r->cmd, NULL, NULL,
	    e);
}

static size_t
place_of(const struct tq_redis_worker *w, const char *queue)
{
	size_t i;

	for (i = 0; i < w->nqueues; i++)
		if (strcmp(w->queue[i], queue) == 0)
			break;
	return i;
}

int
tq_redis_serve(struct tq_redis *r, const char *queue, struct tq_err *e)
{
	struct tq_redis_worker *w = r->worker;

	if (place_of(w, queue) < w->nqueues)
		return 0;
	if (w->nqueues == TQ_QUEUES_MAX)
		return tq_fail(e, EMSGSIZE, "%d queues are served already",
		    TQ_QUEUES_MAX);
	if (bind_queue(r, queue, e) == -1)
		return -1;
	(void)strlcpy(w->queue[w->nqueues++], queue, sizeof(w->queue[0]));
	return tq_redis_note(r, 1, e);
}

int
tq_redis_leave_queue(struct tq_redis *r, const char *queue, struct tq_err *e)
{
	struct tq_redis_worker *w = r->worker;
	size_t i = place_of(w, queue);

	if (i == w->nqueues)
		return 0;
	w->nqueues--;
	memmove(w->queue[i], w->queue[i + 1],
	    (w->nqueues - i) * sizeof(w->queue[0]));
	return tq_redis_note(r, 1, e);
}

/* The list of names has commas between; "*" is any. */
int
tq_redis_runs(const struct tq_redis *r, const char *name)
{
	const char *s = r->tasks;
	size_t len = strlen(name), n;

	if (s == NULL || strcmp(name, TQ_CELERY_EXEC) == 0)
		return s != NULL;
	for (;; s += n + 1) {
		n = strcspn(s, ",");
		if ((n == 1 && *s == '*') ||
		    (n == len && memcmp(s, name, n) == 0))
			return 1;
		if (s[n] == '\0')
			return 0;
	}
}
