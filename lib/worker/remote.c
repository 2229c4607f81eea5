/* What remote control changes of a worker while it works (pure). */
#include <bsd/string.h>
#include <errno.h>
#include <string.h>

#include "remote.h"

/* ---- queues ---------------------------------------------------------- */

static size_t
place_of(const struct tq_take *take, const char *queue)
{
	size_t i;

	for (i = 0; i < take->nqueues; i++)
		if (strcmp(take->queue[i], queue) == 0)
			break;
	return i;
}

/* Room for a name that the take points to nowhere. */
static char *
free_name(struct tq_remote *r, const struct tq_take *take)
{
	size_t i, k;

	for (k = 0; k < TQ_QUEUES_MAX; k++) {
		for (i = 0; i < take->nqueues; i++)
			if (take->queue[i] == r->queue[k])
				break;
		if (i == take->nqueues)
			return r->queue[k];
	}
	return NULL;
}

static unsigned
lightest(const struct tq_take *take)
{
	unsigned least = 0;
	size_t i;

	for (i = 0; i < take->nqueues; i++)
		if (i == 0 || take->weight[i] < least)
			least = take->weight[i];
	return least;
}

int
tq_remote_serve(struct tq_remote *r, struct tq_take *take, const char *queue,
    struct tq_err *e)
{
	unsigned weight = lightest(take);
	char *name;

	if (place_of(take, queue) < take->nqueues)
		return 0;
	if (take->nqueues == TQ_QUEUES_MAX ||
	    (name = free_name(r, take)) == NULL)
		return tq_fail(e, EMSGSIZE, "queue %s: %d are served already",
		    queue, TQ_QUEUES_MAX);
	(void)strlcpy(name, queue, sizeof(r->queue[0]));
	take->queue[take->nqueues] = name;
	take->weight[take->nqueues++] = weight;
	return 0;
}

void
tq_remote_leave(struct tq_take *take, const char *queue)
{
	size_t i = place_of(take, queue), n;

	if (i == take->nqueues)
		return;
	n = --take->nqueues - i;
	memmove(&take->queue[i], &take->queue[i + 1],
	    n * sizeof(take->queue[0]));
	memmove(&take->weight[i], &take->weight[i + 1],
	    n * sizeof(take->weight[0]));
}

/* ---- time limits ----------------------------------------------------- */

const struct tq_remote_times *
tq_remote_limits(const struct tq_remote *r, const char *name)
{
	size_t i;

	for (i = 0; r != NULL && name != NULL && i < r->ntimes; i++)
		if (strcmp(r->times[i].name, name) == 0)
			return &r->times[i];
	return NULL;
}

int
tq_remote_limit(struct tq_remote *r, const char *name, tq_time soft,
    tq_time hard, struct tq_err *e)
{
	const struct tq_remote_times *old = tq_remote_limits(r, name);
	struct tq_remote_times *t;

	if (old == NULL && r->ntimes == TQ_REMOTE_TIMES)
		return tq_fail(e, EMSGSIZE, "%s: %d names have time limits "
		    "already", name, TQ_REMOTE_TIMES);
	t = &r->times[old != NULL ? (size_t)(old - r->times) : r->ntimes++];
	(void)strlcpy(t->name, name, sizeof(t->name));
	t->soft = soft;
	t->hard = hard;
	return 0;
}
