/* What a transfer puts elsewhere, made of what stands here. */
#include "command/transfer.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "command/body.h"

/* What of the retries is left, where some are used up. */
static int
count_retries(const struct tq_transfer *x, struct tq_task *t,
    const struct tq_info *info, struct tq_err *e)
{
	char text[64];

	if (info->failures == 0)
		return 0;
	if (t->retries < 0) {
		if (tq_get(x->from, info->task.queue, "retries", text,
		    sizeof(text), e) == -1)
			return -1;
		t->retries = (int)strtonum(text, 0, TQ_RETRIES_MAX, NULL);
	}
	t->retries = (int64_t)t->retries > info->failures ?
	    t->retries - (int)info->failures : 0;
	return 0;
}

/* A body that is a file here becomes one of ours, without a name. */
static int
copy_body(struct tq_transfer *x, struct tq_task *t, uint64_t size,
    struct tq_err *e)
{
	char buf[TQ_BODY_SMALL];
	uint64_t at = 0;
	ssize_t n;

	if ((t->body_fd = tq_body_file(tq_spool_dir(x->to), e)) == -1)
		return -1;
	while ((n = tq_read(x->from, t->id, 0, TQ_STDIN, at, buf, sizeof(buf),
	    e)) > 0) {
		if (tq_io_write(t->body_fd, buf, (size_t)n) == -1)
			return tq_fail_sys(e, errno, "%s: body", t->id);
		at += (uint64_t)n;
	}
	if (n == 0 && at != size)
		return tq_fail(e, EBADMSG, "%s: a body of %llu bytes, of %llu",
		    t->id, (unsigned long long)at, (unsigned long long)size);
	return (int)n;
}

int
tq_transfer_make(struct tq_transfer *x, struct tq_task *t,
    const struct tq_info *info, struct tq_err *e)
{
	*t = info->task;
	t->id = info->id.s;
	/* the usual queue is another one with another broker */
	if (strcmp(t->queue, tq_queue(x->from)) == 0)
		t->queue = NULL;
	t->eta = info->eta;
	t->flags &= ~(unsigned)TQ_TASK_HOLD;
	if (info->held_before)
		t->flags |= TQ_TASK_HOLD;
	/* it would be trusted as if we had said it */
	if (t->uid != (int64_t)geteuid())
		t->flags &= ~(unsigned)TQ_TASK_LOCAL;
	t->on_key = TQ_KEY_SKIP;
	if (count_retries(x, t, info, e) == -1)
		return -1;
	x->bytes += t->body.n;
	if (info->body_size <= t->body.n)
		return 0;
	x->files++;
	return copy_body(x, t, info->body_size, e);
}
