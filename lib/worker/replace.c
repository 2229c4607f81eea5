/*
 * A task that named another to run in its place: that one gets its claim, as
 * a program gets a process by exec(2), so who waits for the one waits for the
 * other, and a worker that dies meanwhile runs the first again.
 */
#include <errno.h>
#include <unistd.h>

#include "message/json.h"
#include "replace.h"

/* A task that names another for ever is none. */
#define REPLACED_MAX	100

/*
 * Let the claimed task be t in all that says what is run, and how; local: it
 * is of this machine's spool.
 */
static void
put_on(struct tq_task *task, const struct tq_task *t, int local)
{
	/* what this user put, he may turn into a command */
	if (task->uid == (int64_t)geteuid() && local)
		task->flags |= TQ_TASK_LOCAL;
	task->kind = t->kind;
	task->flags = (task->flags & ~(unsigned)TQ_TASK_JSON) |
	    (t->flags & TQ_TASK_JSON);
	task->name = t->name;
	task->argc = t->argc;
	task->argv = t->argv;
	task->kwc = t->kwc;
	task->kwargs = t->kwargs;
	task->body = t->body;
	if (task->body_fd != -1)
		close(task->body_fd);
	task->body_fd = -1;
	if (t->dir != NULL)
		task->dir = t->dir;
	if (t->env != NULL)
		task->env = t->env;
	if (t->limits != NULL)
		task->limits = t->limits;
	if (t->retries >= 0)
		task->retries = t->retries;
	if (t->soft != 0 || t->hard != 0) {
		task->soft = t->soft;
		task->hard = t->hard;
	}
}

int
tq_replace_task(struct tq_place *p, const struct tq_place_rules *rules,
    const char *json, size_t n, struct tq_err *e)
{
	struct tq_task t;

	if (p->replaced++ == REPLACED_MAX)
		return tq_fail(e, EINVAL, "replaced %d times", REPLACED_MAX);
	if (tq_json_task_decode(&t, &p->other, json, n, e) == -1 ||
	    tq_task_check(&t, e) == -1)
		return -1;
	if (t.kind == TQ_KIND_BODY || t.kind == TQ_KIND_GROUP)
		return tq_fail(e, EINVAL, "nothing to run");
	put_on(&p->claim.task, &t, rules->plan.dir != NULL);
	return 0;
}
