/* Transferring tasks; see transfer.h. */
#include "command/transfer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	if (x->held > 0)
		tq_warn("transfer: %llu stay held, for they may be at %s: "
		    "transfer them there again", (unsigned long long)x->held,
		    x->place);
	if (x->left > NAMED)
		tq_warn("transfer: and %llu more stay",
		    (unsigned long long)x->left - NAMED);
	if (x->started > 0)
		tq_warn("transfer: %llu that have started stay",
		    (unsigned long long)x->started);
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

/* Mark those of n that are not marked yet. */
static int
mark(struct tq_transfer *x, const struct tq_transfer_item **v, size_t n,
    struct tq_err *e)
{
	uint64_t changed;
	size_t i, k = 0;

	for (i = 0; i < n; i++)
		if (!v[i]->again)
			x->ids[k++] = v[i]->id;
	return act(x, TQ_DO_HOLD, k, &changed, e);
}

/*
 * Give n back that were not put.  One that was marked when we came may be
 * there, whatever the target says now.
 */
static void
give_back(struct tq_transfer *x, const struct tq_transfer_item **v, size_t n)
{
	struct tq_err why;
	uint64_t changed;
	size_t i, k = 0;

	for (i = 0; i < n; i++)
		if (v[i]->again)
			x->held++;
		else
			x->ids[k++] = v[i]->id;
	if (act(x, TQ_DO_RELEASE, k, &changed, &why) == 0)
		return;
	x->held += k;
	tq_warn("%s", why.text);
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

/* ---- reading --------------------------------------------------------- */

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
	if (tq_transfer_make(x, &x->task[x->k++], info, e) == 0)
		return 0;
	if (e->num != ENOENT && e->num != EBADMSG)
		return -1;
	/* its body is gone, or damaged: that is no fault of the others */
	if (x->task[--x->k].body_fd >= 0)
		close(x->task[x->k].body_fd);
	leave(x, it->id, TQ_EXIT_DATA, "%s", e->text);
	give_back(x, &it, 1);
	return 0;
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
take_some(struct tq_transfer *x, const struct tq_transfer_item **v, size_t n,
    size_t *used, struct tq_err *e)
{
	for (*used = 0; *used < n && x->bytes < BYTES && x->files < FILES;
	    (*used)++)
		if (take(x, v[*used], e) == -1) {
			*used = 0;
			return -1;
		}
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
	struct tq_transfer_item it = *x->item[i];
	const struct tq_transfer_item *p = &it;

	if (tq_put(x->to, t, 0, &x->out[i], e) == 0)
		return 1;
	if (!is_its_own(e->num))
		return -1;
	if (it.again && e->num == EEXIST && strcmp(x->out[i].s, t->id) == 0) {
		/* who cannot tell has to be believed */
		it.again = tq_same(x->to, t, NULL) != 0;
		if (it.again)
			return 1;
	}
	leave(x, t->id, e->num == EINVAL ? TQ_EXIT_DATA : tq_exit_of(e->num),
	    "%s", e->text);
	give_back(x, &p, 1);
	return 0;
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
	size_t done;
	int rv;

	rv = put_all(x, &done, e);
	if (finish(x, &why) == -1) {
		*e = why;
		x->held += x->k - done;
		return -1;
	}
	if (rv == -1 && e->num == EIO) {
		x->held += x->k - done;
		return -1;
	}
	give_back(x, x->item + done, x->k - done);
	if (rv == 0 || (e->num != EPERM && e->num != ENOSPC))
		return rv;
	tq_warn("%s", e->text);
	if (x->status <= TQ_EXIT_NO)
		x->status = TQ_EXIT_FULL;
	return 1;
}

/* ---- all of it ------------------------------------------------------- */

/*
 * Those of n that may go.  What the target knows already is not ours, unless
 * we were here before: that it does not know it is what our mark says.
 */
static int
choose(struct tq_transfer *x, const struct tq_transfer_item *v, size_t n,
    size_t *k, struct tq_err *e)
{
	size_t i;

	for (i = 0; i < n; i++)
		x->ids[i] = v[i].id;
	if (tq_known(x->to, x->ids, n, x->known, e) == -1)
		return -1;
	for (i = *k = 0; i < n; i++)
		if (!x->known[i] || v[i].again)
			x->go[(*k)++] = &v[i];
		else
			leave(x, v[i].id, TQ_EXIT_NO,
			    "%s: the id is known already", x->place);
	return 0;
}

int
tq_transfer_some(struct tq_transfer *x, const struct tq_transfer_item *v,
    size_t n, struct tq_err *e)
{
	size_t at, used;
	int rv;

	if (choose(x, v, n, &n, e) == -1 || mark(x, x->go, n, e) == -1)
		return -1;
	for (at = 0, rv = 0; rv == 0 && at < n; at += used) {
		rv = take_some(x, x->go + at, n - at, &used, e);
		if (rv == 0)
			rv = put_some(x, e);
		drop(x);
	}
	give_back(x, x->go + at, n - at);
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
	x->go = calloc(TQ_TRANSFER_MAX, sizeof(*x->go));
	x->known = calloc(TQ_TRANSFER_MAX, sizeof(*x->known));
	if (x->info == NULL || x->task == NULL || x->item == NULL ||
	    x->out == NULL || x->ids == NULL || x->there == NULL ||
	    x->go == NULL || x->known == NULL)
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
	free(x->go);
	free(x->known);
}

