/* Words for people at a terminal. */
#include "command/hint.h"

#include <bsd/string.h>
#include <string.h>

#include "command/status.h"

/* The queue that a task is in; "" when that cannot be told. */
static void
queue_of(char out[TQ_NAME_MAX + 1], struct tq *tq, const char *id)
{
	struct tq_info info;

	out[0] = '\0';
	tq_info_init(&info);
	if (tq_stat(tq, id, 0, &info, NULL) == 1)
		strlcpy(out, info.task.queue, TQ_NAME_MAX + 1);
	tq_info_fini(&info);
}

void
tq_hint_put(struct tq *tq, const char *id)
{
	char queue[TQ_NAME_MAX + 1];

	queue_of(queue, tq, id);
	tq_warn("%s: queue '%s' of %s", id, queue, tq_url(tq));
}

/* 1: the queue has no worker; 2: it has. */
static int
find_workers(const struct tq_queue_info *q, void *arg)
{
	const char *queue = arg;

	if (strcmp(q->name, queue) != 0)
		return 0;
	/* of whom nobody knows, there may be some */
	return q->workers > 0 ? 2 : 1;
}

void
tq_hint_workers(struct tq *tq, const char *id)
{
	char queue[TQ_NAME_MAX + 1];

	queue_of(queue, tq, id);
	if (tq_queues(tq, find_workers, queue, NULL) == 1)
		tq_warn("no worker serves queue '%s'; start one with: "
		    "tqrun -q %s", queue, queue);
}
