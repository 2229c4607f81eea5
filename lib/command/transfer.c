/* Transferring tasks; see transfer.h. */
#include "command/transfer.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "command/body.h"
#include "command/patient.h"
#include "command/status.h"

#define BYTES		(16 << 20)	/* of bodies in memory at a time */
#define FILES		64		/* and in files */
#define NAMED		20		/* that many that stay are named */

/* ---- what is said ---------------------------------------------------- */

/* A task stays here, for a reason that is a status of its own. */
static void __attribute__((__format__(__printf__, 4, 5)))
leave(struct tq_transfer *x, const char *id, int status, const char *fmt, ...)
{
	char why[512];
	va_list ap;

	if (x->status <= TQ_EXIT_NO)
		x->status = status;
	if (++x->left > NAMED)
		return;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	tq_warn("%s stays: %s", id, why);
}

void
tq_transfer_say(const struct tq_transfer *x)
{
	if (x->left > NAMED)
		tq_warn("transfer: and %llu more stay",
		    (unsigned long long)x->left - NAMED);
	if (x->started > 0)
		tq_warn("transfer: %llu that have started stay",
		    (unsigned long long)x->started);
}

/* ---- reading --------------------------------------------------------- */

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

/* The task as it is to be put there, from what stands here. */
static int
make(struct tq_transfer *x, struct tq_task *t, const struct tq_info *info,
    struct tq_err *e)
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

/* Why a task has not our mark. */
static void
say_unmarked(struct tq_transfer *x, const struct tq_info *info)
{
	if (TQ_STATE_ENDED(info->state))
		return;
	if (info->state == TQ_STARTED)
		x->started++;
	else if (info->mark != 0)
		leave(x, info->id.s, TQ_EXIT_NO, "a transfer to another place "
		    "was not finished");
	else
		leave(x, info->id.s, TQ_EXIT_NO, "it is tied to other tasks");
}

/* Take one of those marked in hand: 0 also if it is not to go. */
static int
take(struct tq_transfer *x, const struct tq_transfer_item *it, struct tq_err *e)
{
	struct tq_info *info = &x->info[x->k];
	int rv;

	if ((rv = tq_stat(x->from, it->id, 0, info, e)) != 1)
		return rv;
	if (info->mark != x->mark) {
		say_unmarked(x, info);
		return 0;
	}
	x->item[x->k] = it;
	tq_task_init(&x->task[x->k]);
	return make(x, &x->task[x->k++], info, e);
}

static void
drop(struct tq_transfer *x)
{
	size_t i;

	for (i = 0; i < x->k; i++)
		if (x->task[i].body_fd >= 0)
			close(x->task[i].body_fd);
	x->k = x->bytes = x->files = 0;
}

/* As many of n as are put at a time; *used is how many were looked at. */
static int
take_some(struct tq_transfer *x, const struct tq_transfer_item *v, size_t n,
    size_t *used, struct tq_err *e)
{
	for (*used = 0; *used < n && x->bytes < BYTES && x->files < FILES;
	    (*used)++)
		if (take(x, &v[*used], e) == -1) {
			*used = 0;
			return -1;
		}
	return 0;
}

/* ---- changing what is here ------------------------------------------- */

static int
act(struct tq_transfer *x, enum tq_verb verb, size_t n, uint64_t *changed,
    struct tq_err *e)
{
	struct tq_select sel = { .ids = x->ids, .nids = n };

	*changed = 0;
	return n == 0 ? 0 : tq_do(x->from, verb, &sel, x->place,
	    TQ_DO_TRANSFER | (x->force ? TQ_DO_FORCE : 0), changed, e);
}

static int
act_on(struct tq_transfer *x, enum tq_verb verb,
    const struct tq_transfer_item *v, size_t n, uint64_t *changed,
    struct tq_err *e)
{
	size_t i;

	for (i = 0; i < n; i++)
		x->ids[i] = v[i].id;
	return act(x, verb, n, changed, e);
}

/* Somebody has released or revoked what we held, while it was put there. */
static void
say_changed(struct tq_transfer *x, size_t n)
{
	struct tq_info info;
	size_t i;

	tq_info_init(&info);
	for (i = 0; i < n; i++) {
		if (tq_stat(x->from, x->ids[i], 0, &info, NULL) != 1 ||
		    (info.state == TQ_REVOKED && info.why != NULL &&
		    strncmp(info.why, "transferred", 11) == 0))
			continue;
		tq_warn("%s is at %s, and %s here: somebody changed it "
		    "meanwhile", x->ids[i], x->place,
		    tq_state_name(info.state));
		x->status = x->status > TQ_EXIT_NO ? x->status : TQ_EXIT_NO;
	}
	tq_info_fini(&info);
}

/* What is there ends here. */
static int
finish(struct tq_transfer *x, struct tq_err *e)
{
	uint64_t changed;

	memcpy(x->ids, x->there, x->nthere * sizeof(*x->ids));
	if (act(x, TQ_DO_REVOKE, x->nthere, &changed, e) == -1)
		return -1;
	if (changed < x->nthere)
		say_changed(x, x->nthere);
	x->moved += x->nthere;
	return 0;
}

/* ---- putting --------------------------------------------------------- */

/* 1 if a refusal is about one task alone. */
static int
is_its_own(int num)
{
	return num == EEXIST || num == ENOTSUP || num == EMSGSIZE ||
	    num == EINVAL;
}

/* One task: 1 it is there, 0 it stays here, -1. */
static int
put_one(struct tq_transfer *x, size_t i, struct tq_err *e)
{
	const struct tq_task *t = &x->task[i];
	uint64_t changed;

	if (tq_put(x->to, t, 0, &x->out[i], e) == 0 || (e->num == EEXIST &&
	    x->item[i]->again && strcmp(x->out[i].s, t->id) == 0))
		return 1;
	if (!is_its_own(e->num))
		return -1;
	leave(x, t->id, e->num == EINVAL ? TQ_EXIT_DATA : tq_exit_of(e->num),
	    "%s", e->text);
	return act_on(x, TQ_DO_RELEASE, x->item[i], 1, &changed, e);
}

/*
 * All that are in hand; *done of them are known to be there, or to stay.  A
 * refusal of some makes us try one at a time, to know which.
 */
static int
put_all(struct tq_transfer *x, size_t *done, struct tq_err *e)
{
	int rv;

	rv = tq_put_patient(x->to, x->task, x->k, 0, x->out, done, e);
	for (x->nthere = 0; x->nthere < *done; x->nthere++)
		x->there[x->nthere] = x->task[x->nthere].id;
	if (rv == 0 || !is_its_own(e->num))
		return rv;
	for (; *done < x->k; (*done)++) {
		if ((rv = put_one(x, *done, e)) == -1)
			return -1;
		if (rv == 1)
			x->there[x->nthere++] = x->task[*done].id;
	}
	return 0;
}

/* Put what is in hand, and end it here. */
static int
put_some(struct tq_transfer *x, struct tq_err *e)
{
	struct tq_err why;
	uint64_t changed;
	size_t done, i;
	int rv;

	rv = put_all(x, &done, e);
	if (rv == -1 && e->num == EPERM)
		e->num = ENOSPC;	/* it is closed: 75, as tqput(1) says */
	if (finish(x, &why) == -1) {
		*e = why;
		return -1;
	}
	if (rv == -1 && e->num == EIO) {
		tq_warn("%zu tasks stay held here, for they may be at %s: "
		    "transfer them there again", x->k - done, x->place);
		return -1;
	}
	for (i = done; i < x->k; i++)
		x->ids[i - done] = x->task[i].id;
	if (rv == -1 && act(x, TQ_DO_RELEASE, x->k - done, &changed,
	    &why) == -1)
		tq_warn("%s", why.text);
	return rv;
}

int
tq_transfer_some(struct tq_transfer *x, const struct tq_transfer_item *v,
    size_t n, struct tq_err *e)
{
	struct tq_err why;
	uint64_t changed;
	size_t at, used;
	int rv;

	rv = act_on(x, TQ_DO_HOLD, v, n, &changed, e);
	if (rv == -1)
		return -1;
	for (at = 0; rv == 0 && at < n; at += used) {
		rv = take_some(x, v + at, n - at, &used, e);
		if (rv == 0)
			rv = put_some(x, e);
		drop(x);
	}
	if (rv == -1 && act_on(x, TQ_DO_RELEASE, v + at, n - at, &changed,
	    &why) == -1)
		tq_warn("%s", why.text);
	return rv;
}

int
tq_transfer_begin(struct tq_transfer *x, struct tq_err *e)
{
	static const struct tq_select none;

	x->info = calloc(TQ_TRANSFER_MAX, sizeof(*x->info));
	x->task = calloc(TQ_TRANSFER_MAX, sizeof(*x->task));
	x->item = calloc(TQ_TRANSFER_MAX, sizeof(*x->item));
	x->out = calloc(TQ_TRANSFER_MAX, sizeof(*x->out));
	x->ids = calloc(TQ_TRANSFER_MAX, sizeof(*x->ids));
	x->there = calloc(TQ_TRANSFER_MAX, sizeof(*x->there));
	if (x->info == NULL || x->task == NULL || x->item == NULL ||
	    x->out == NULL || x->ids == NULL || x->there == NULL)
		return tq_fail_sys(e, ENOMEM, "transfer");
	return tq_do(x->from, TQ_DO_HOLD, &none, x->place, TQ_DO_TRANSFER,
	    NULL, e);
}

void
tq_transfer_end(struct tq_transfer *x)
{
	size_t i;

	for (i = 0; x->info != NULL && i < TQ_TRANSFER_MAX; i++)
		tq_info_fini(&x->info[i]);
	free(x->info);
	free(x->task);
	free(x->item);
	free(x->out);
	free(x->ids);
	free(x->there);
}

