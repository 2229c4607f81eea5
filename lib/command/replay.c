/* What became of a task, passed through: output, then status. */
#include "command/replay.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "command/status.h"

#define LOOK_EVERY	(200 * TQ_MS)	/* at *stop */
#define FOLLOW_EVERY	(50 * TQ_MS)	/* at what the task wrote */

/* Copy a stream from *off to its present end. */
static int
copy_stream(struct tq *tq, const char *id, unsigned attempt,
    enum tq_stream stream, uint64_t *off, struct tq_err *e)
{
	char buf[65536];
	int to = stream == TQ_STDOUT ? STDOUT_FILENO : STDERR_FILENO;
	ssize_t n;

	while ((n = tq_read(tq, id, attempt, stream, *off, buf, sizeof(buf),
	    e)) > 0) {
		if (tq_io_write(to, buf, (size_t)n) == -1)
			return tq_fail(e, EIO, "%s: %s",
			    stream == TQ_STDOUT ? "stdout" : "stderr",
			    strerror(errno));
		*off += (uint64_t)n;
	}
	return n == -1 ? -1 : 0;
}

int
tq_replay(struct tq *tq, const char *id, unsigned attempt, unsigned streams,
    struct tq_err *e)
{
	uint64_t out = 0, err = 0;

	if (streams & TQ_REPLAY_OUT &&
	    copy_stream(tq, id, attempt, TQ_STDOUT, &out, e) == -1)
		return -1;
	if (streams & TQ_REPLAY_ERR &&
	    copy_stream(tq, id, attempt, TQ_STDERR, &err, e) == -1)
		return -1;
	return 0;
}

static int
drain(struct tq_follow *f, struct tq_err *e)
{
	if (f->streams & TQ_REPLAY_OUT && copy_stream(f->tq, f->id,
	    f->attempt, TQ_STDOUT, &f->out, e) == -1)
		return -1;
	if (f->streams & TQ_REPLAY_ERR && copy_stream(f->tq, f->id,
	    f->attempt, TQ_STDERR, &f->err, e) == -1)
		return -1;
	return 0;
}

int
tq_follow_more(struct tq_follow *f, struct tq_err *e)
{
	struct tq_info info;
	unsigned attempt;
	int rv;

	tq_info_init(&info);
	rv = tq_stat(f->tq, f->id, 0, &info, e);
	attempt = info.attempt;
	tq_info_fini(&info);
	if (rv == 0)
		return tq_fail(e, ENOENT, "%s: no such id", f->id);
	if (rv == -1 || attempt == 0)
		return rv == -1 ? -1 : 0;
	/* the end of an attempt comes before the beginning of the next */
	if (f->attempt != 0 && attempt != f->attempt) {
		if (drain(f, e) == -1)
			return -1;
		f->out = f->err = 0;
	}
	f->attempt = attempt;
	return drain(f, e);
}

/* A server that is gone or still reads its data may be back. */
static int
is_lost(const struct tq_err *e)
{
	return e->num == ECONNREFUSED || e->num == ETIMEDOUT ||
	    e->num == EINPROGRESS;
}

int
tq_replay_wait(struct tq *tq, const char *id, struct tq_follow *f,
    tq_time timeout, const volatile sig_atomic_t *stop, struct tq_err *e)
{
	tq_time slice = f != NULL ? FOLLOW_EVERY : LOOK_EVERY;
	tq_time end = tq_clock_deadline(tq_clock_mono(), timeout);
	tq_time left, heard = tq_clock_mono();
	int rv;

	for (;;) {
		if (stop != NULL && *stop != 0)
			return tq_fail(e, EINTR, "%s: interrupted", id);
		left = timeout == TQ_FOREVER ? slice : end - tq_clock_mono();
		if (left < 0)
			left = 0;
		rv = tq_wait(tq, &id, 1, 1, left < slice ? left : slice, NULL,
		    e);
		if (f != NULL && (rv != -1 || e->num == EINTR) &&
		    tq_follow_more(f, e) == -1)
			rv = -1;
		if (rv == -1 && e->num != EINTR) {
			if (!is_lost(e) || (timeout != TQ_FOREVER ?
			    left <= slice :
			    tq_clock_mono() - heard > TQ_LOST_MAX))
				return -1;
			continue;
		}
		heard = tq_clock_mono();
		if (rv == 1)
			return 1;
		if (rv == 0 && left <= slice && timeout != TQ_FOREVER)
			return 0;
	}
}

/* An end without a status of its own: success, or the reason. */
static int
no_status(const struct tq_info *info)
{
	if (info->state == TQ_SUCCESS)
		return 0;
	tq_warn("%s: %s%s%s", info->id.s, tq_state_name(info->state),
	    info->why != NULL ? ": " : "", info->why != NULL ? info->why : "");
	return TQ_PASS_FAILED;
}

int
tq_replay_status(const struct tq_info *info)
{
	if (!TQ_STATE_ENDED(info->state)) {
		tq_warn("%s: not finished, %s", info->id.s,
		    tq_state_name(info->state));
		return TQ_PASS_UNFINISHED;
	}
	if (info->end.status < 0 || info->state == TQ_REVOKED ||
	    info->state == TQ_EXPIRED)
		return no_status(info);
	if (info->end.status > TQ_PASS_FAILED && info->why != NULL)
		tq_warn("%s: %s", info->id.s, info->why);
	return info->end.status;
}
