/* Put a task and stand for it. */
#include "command/stand.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "command/replay.h"
#include "command/status.h"

#define LOOK_EVERY	(200 * TQ_MS)	/* at `caught`, while the queue is full */

static volatile sig_atomic_t caught;

static void
catch(int sig)
{
	caught = sig;
}

/* Caught before the put, so that none falls between it and the waiting. */
static void
catch_signals(void)
{
	struct sigaction sa = { .sa_handler = catch };

	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

static tq_time
left(tq_time deadline)
{
	tq_time t;

	if (deadline == TQ_FOREVER)
		return TQ_FOREVER;
	t = deadline - tq_clock_mono();
	return t > 0 ? t : 0;
}

/* A put that can be interrupted as long as the queue is full. */
static int
put(struct tq *tq, const struct tq_task *t, tq_time deadline,
    struct tq_id *id, struct tq_err *e)
{
	tq_time slice = 0;
	int said = 0;

	while (tq_put(tq, t, slice, id, e) == -1) {
		if (caught != 0) {
			tq_close(tq);
			exit(128 + caught);
		}
		if (e->num != ENOSPC || left(deadline) == 0)
			return -1;
		if (!said++ && isatty(STDERR_FILENO))
			tq_warn("%s, waiting", e->text);
		slice = left(deadline);
		if (slice > LOOK_EVERY)
			slice = LOOK_EVERY;
	}
	return 0;
}

/* Take the task back, and kill it if it runs. */
static _Noreturn void
take_back(struct tq *tq, const char *id, int sig)
{
	struct tq_select sel = { .ids = &id, .nids = 1 };
	struct tq_err e;

	if (tq_do(tq, TQ_DO_REVOKE, &sel, NULL, 0, NULL, &e) == -1)
		tq_warn("%s", e.text);
	if (tq_do(tq, TQ_DO_KILL, &sel, NULL, 0, NULL, &e) == -1)
		tq_warn("%s", e.text);
	tq_close(tq);
	exit(128 + sig);
}

/* The status of a task that has ended. */
static int
status_of(struct tq *tq, const char *id)
{
	struct tq_info info;
	struct tq_err e;
	int rv;

	tq_info_init(&info);
	switch (tq_stat(tq, id, 0, &info, &e)) {
	case 1:
		rv = tq_replay_status(&info);
		break;
	case 0:
		tq_warn("%s: its result is kept no longer", id);
		rv = TQ_PASS_FAILED;
		break;
	default:
		tq_warn("%s", e.text);
		rv = TQ_PASS_FAILED;
	}
	tq_info_fini(&info);
	return rv;
}

void
tq_stand_refused(const struct tq_err *e)
{
	tq_die(TQ_PASS_FAILED, "%s: %s", e->num == EIO ?
	    "unknown whether queued" : "not queued", e->text);
}

int
tq_stand_for(struct tq *tq, const struct tq_task *t, tq_time timeout,
    unsigned flags)
{
	tq_time deadline = tq_clock_deadline(tq_clock_mono(), timeout);
	struct tq_follow follow = { .tq = tq, .streams = TQ_REPLAY_BOTH };
	struct tq_id id;
	struct tq_err e;
	int rv, live = (flags & TQ_STAND_FOLLOW) != 0;

	catch_signals();
	if (put(tq, t, deadline, &id, &e) == -1)
		tq_stand_refused(&e);
	follow.id = id.s;
	rv = tq_replay_wait(tq, id.s, live ? &follow : NULL, left(deadline),
	    &caught, &e);
	if (caught != 0 && rv != 1)
		take_back(tq, id.s, caught);
	if (rv == 0) {
		tq_warn("queued: %s", id.s);
		return TQ_PASS_UNFINISHED;
	}
	if (rv == 1 && !live)
		rv = tq_replay(tq, id.s, 0, TQ_REPLAY_BOTH, &e);
	if (rv == -1) {
		/* it may run yet: whose it is can still be asked */
		tq_warn("queued: %s", id.s);
		tq_die(TQ_PASS_FAILED, "%s", e.text);
	}
	return status_of(tq, id.s);
}
