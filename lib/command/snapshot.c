/*
 * A copy of what tq_queues() and tq_workers() tell.  Every string in it is
 * our own: the callbacks' are gone when they return.
 */
#include "command/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the callbacks need: where to put it, what to keep, what went wrong. */
struct taking {
	struct tq_snapshot *to;
	const char *const *queues;
	size_t		 n;
	struct tq_err	*e;
};

/* 1 if one of the comma-separated words of list is the n bytes at name. */
static int
in_list(const char *list, const char *name)
{
	size_t len = strlen(name), word;

	for (; *list != '\0'; list += word + (list[word] == ',')) {
		word = strcspn(list, ",");
		if (word == len && memcmp(list, name, len) == 0)
			return 1;
	}
	return 0;
}

/* 1 if one of the queues asked for is in list, or if none was asked for. */
static int
wanted(const struct taking *t, const char *list)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (in_list(list, t->queues[i]))
			return 1;
	return t->n == 0;
}

/* A copy of s, "" for NULL; NULL when there is no memory. */
static char *
copy(const char *s)
{
	return strdup(s != NULL ? s : "");
}

/* *v with room for one more than n, doubled at each power of two. */
static int
room(void *v, size_t n, size_t size)
{
	void *p, **at = v;

	if ((n & (n - 1)) != 0)
		return 0;
	if ((p = reallocarray(*at, n == 0 ? 1 : n * 2, size)) == NULL)
		return -1;
	*at = p;
	return 0;
}

static int
take_queue(const struct tq_queue_info *q, void *arg)
{
	struct taking *t = arg;
	struct tq_snapshot *to = t->to;
	struct tq_queue_info *mine;

	if (!wanted(t, q->name))
		return 0;
	if (room(&to->queue, to->nqueues, sizeof(*to->queue)) == -1)
		return tq_fail_sys(t->e, ENOMEM, "queues");
	mine = &to->queue[to->nqueues++];
	*mine = *q;
	if ((mine->name = copy(q->name)) == NULL)
		return tq_fail_sys(t->e, ENOMEM, "queues");
	return 0;
}

/* Copy n ids; NULL when there is no memory, an empty list for none. */
static const char *const *
copy_ids(const char *const *ids, size_t n)
{
	const char **mine;
	size_t i;

	if ((mine = calloc(n + 1, sizeof(*mine))) == NULL)
		return NULL;
	for (i = 0; i < n; i++) {
		if ((mine[i] = copy(ids[i])) != NULL)
			continue;
		while (i > 0)
			free((char *)mine[--i]);
		free(mine);
		return NULL;
	}
	return mine;
}

static int
take_worker(const struct tq_worker_info *w, void *arg)
{
	struct taking *t = arg;
	struct tq_snapshot *to = t->to;
	struct tq_worker_info *mine;

	if (!wanted(t, w->queues != NULL ? w->queues : ""))
		return 0;
	if (room(&to->worker, to->nworkers, sizeof(*to->worker)) == -1)
		return tq_fail_sys(t->e, ENOMEM, "workers");
	mine = &to->worker[to->nworkers++];
	*mine = *w;
	mine->name = copy(w->name);
	mine->host = copy(w->host);
	mine->queues = copy(w->queues);
	mine->status = copy(w->status != NULL ? w->status : "");
	mine->limits = copy(w->limits != NULL ? w->limits : "");
	mine->ids = copy_ids(w->ids, w->nids);
	if (mine->ids == NULL)
		mine->nids = 0;
	if (mine->name == NULL || mine->host == NULL || mine->queues == NULL ||
	    mine->status == NULL || mine->limits == NULL ||
	    mine->ids == NULL)
		return tq_fail_sys(t->e, ENOMEM, "workers");
	return 0;
}

int
tq_snapshot_take(struct tq_snapshot *out, struct tq *tq,
    const char *const *queues, size_t n, tq_time at, struct tq_err *e)
{
	struct taking t = { .to = out, .queues = queues, .n = n, .e = e };

	memset(out, 0, sizeof(*out));
	out->at = at;
	if (tq_queues(tq, take_queue, &t, e) != 0)
		return -1;
	if (tq_workers(tq, take_worker, &t, e) != 0 && errno != ENOTSUP)
		return -1;
	return 0;
}

void
tq_snapshot_fini(struct tq_snapshot *s)
{
	struct tq_worker_info *w;
	size_t i;

	while (s->nqueues > 0)
		free((char *)s->queue[--s->nqueues].name);
	while (s->nworkers > 0) {
		w = &s->worker[--s->nworkers];
		free((char *)w->name);
		free((char *)w->host);
		free((char *)w->queues);
		free((char *)w->status);
		free((char *)w->limits);
		for (i = 0; i < w->nids; i++)
			free((char *)w->ids[i]);
		free((void *)w->ids);
	}
	free(s->queue);
	free(s->worker);
	s->queue = NULL;
	s->worker = NULL;
}

const struct tq_queue_info *
tq_snapshot_queue(const struct tq_snapshot *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->nqueues; i++)
		if (strcmp(s->queue[i].name, name) == 0)
			return &s->queue[i];
	return NULL;
}
