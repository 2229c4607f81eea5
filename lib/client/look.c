/* Looking: tasks, results, queues, workers, events. */
#include <sys/stat.h>

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "client/handle.h"

#define TAIL_MIN	4	/* characters of an id's tail */

void
tq_info_init(struct tq_info *i)
{
	memset(i, 0, sizeof(*i));
	tq_task_init(&i->task);
	tq_outcome_init(&i->end, TQ_ABSENT);
}

void
tq_info_fini(struct tq_info *i)
{
	tq_arena_free(i->mem);
	tq_info_init(i);
}

int
tq_stat(struct tq *tq, const char *id, unsigned flags, struct tq_info *out,
    struct tq_err *e)
{
	unsigned exact = flags & ~(unsigned)TQ_FIND_TAIL;
	int rv;

	if (tq_check_id(id, e) == -1)
		return -1;
	if (tq->store == NULL || tq->store->stat == NULL)
		return tq_store_lacks(tq, "find a task", e);
	/* a whole id is never ambiguous, whatever it is a tail of */
	rv = tq->store->stat(tq->s, id, exact, out, e);
	if (rv != 0 || exact == flags || strlen(id) < TAIL_MIN)
		return rv;
	return tq->store->stat(tq->s, id, flags, out, e);
}

int
tq_stat_ahead(struct tq *tq, const char *const *ids, size_t n,
    struct tq_err *e)
{
	return tq->store == NULL || tq->store->ahead == NULL ? 0 :
	    tq->store->ahead(tq->s, ids, n, e);
}

int
tq_known(struct tq *tq, const char *const *ids, size_t n, unsigned char *known,
    struct tq_err *e)
{
	if (tq_check_ids(ids, n, e) == -1)
		return -1;
	if (tq->ops->known == NULL)
		return tq_broker_lacks(tq, "tell which ids it knows", e);
	return n == 0 ? 0 : tq->ops->known(tq->b, ids, n, known, e);
}

/* What a spool has under an id is what was put: nobody changes it. */
static int
runs_same(const struct tq_info *info, const struct tq_task *t)
{
	uint64_t body = t->body.n;
	struct stat st;
	int i;

	if (t->body_fd >= 0 && fstat(t->body_fd, &st) == 0)
		body = (uint64_t)st.st_size;
	if (info->task.kind != t->kind || info->task.argc != t->argc ||
	    info->body_size != body)
		return 0;
	for (i = 0; i < t->argc; i++)
		if (strcmp(info->task.argv[i], t->argv[i]) != 0)
			return 0;
	return 1;
}

int
tq_same(struct tq *tq, const struct tq_task *t, struct tq_err *e)
{
	struct tq_info info;
	int rv;

	if (tq_check_id(t->id, e) == -1)
		return -1;
	if (tq->ops->same != NULL)
		return tq->ops->same(tq->b, t, e);
	if (tq_spool_dir(tq) == NULL)
		return tq_broker_lacks(tq, "tell what was put", e);
	tq_info_init(&info);
	if ((rv = tq_stat(tq, t->id, 0, &info, e)) == 1)
		rv = runs_same(&info, t);
	tq_info_fini(&info);
	return rv;
}

int
tq_list(struct tq *tq, const struct tq_select *sel,
    int (*each)(const struct tq_info *, void *), void *arg,
    struct tq_err *e)
{
	if (tq_check_queues(sel->queues, sel->nqueues, e) == -1 ||
	    tq_check_ids(sel->ids, sel->nids, e) == -1)
		return -1;
	if (tq->ops->list == NULL)
		return tq_broker_lacks(tq, "list tasks", e);
	return tq->ops->list(tq->b, sel, each, arg, e);
}

int
tq_wait(struct tq *tq, const char *const *ids, size_t n, size_t count,
    tq_time timeout, enum tq_state *ended, struct tq_err *e)
{
	if (tq_check_ids(ids, n, e) == -1)
		return -1;
	if (count > n)
		return tq_fail(e, EINVAL, "wait for %zu of %zu tasks", count,
		    n);
	if (tq->store == NULL || tq->store->wait == NULL)
		return tq_store_lacks(tq, "wait", e);
	if (n == 0)
		return 1;
	return tq->store->wait(tq->s, ids, n, count == 0 ? n : count, timeout,
	    ended, e);
}

int
tq_wait_idle(struct tq *tq, const char *const *queues, size_t n,
    tq_time timeout, struct tq_err *e)
{
	if (tq_check_queues(queues, n, e) == -1)
		return -1;
	if (tq->ops->wait_idle == NULL)
		return tq_broker_lacks(tq, "wait for a queue", e);
	return tq->ops->wait_idle(tq->b, queues, n, timeout, e);
}

ssize_t
tq_read(struct tq *tq, const char *id, unsigned attempt,
    enum tq_stream stream, uint64_t off, void *buf, size_t n,
    struct tq_err *e)
{
	if (tq_check_id(id, e) == -1)
		return -1;
	if (stream > TQ_STDERR)
		return tq_fail(e, EINVAL, "no stream %d", (int)stream);
	if (tq->store == NULL || tq->store->read == NULL)
		return tq_store_lacks(tq, "read output", e);
	return tq->store->read(tq->s, id, attempt, stream, off, buf, n, e);
}

int
tq_queues(struct tq *tq, int (*each)(const struct tq_queue_info *, void *),
    void *arg, struct tq_err *e)
{
	if (tq->ops->queues == NULL)
		return tq_broker_lacks(tq, "list queues", e);
	return tq->ops->queues(tq->b, each, arg, e);
}

int
tq_workers(struct tq *tq, int (*each)(const struct tq_worker_info *, void *),
    void *arg, struct tq_err *e)
{
	if (tq->ops->workers == NULL)
		return tq_broker_lacks(tq, "list workers", e);
	return tq->ops->workers(tq->b, each, arg, e);
}

int
tq_events(struct tq *tq, uint64_t *seq, tq_time timeout,
    int (*each)(const struct tq_event *, void *), void *arg,
    struct tq_err *e)
{
	if (tq->ops->events == NULL)
		return tq_broker_lacks(tq, "tell events", e);
	return tq->ops->events(tq->b, seq, timeout, each, arg, e);
}
