/* What a worker finds to do, and what it does when there is nothing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backlog.h"
#include "base/alarm.h"
#include "base/clock.h"
#include "loop_own.h"

#define STARVED		(3 * TQ_SECOND)	/* no descriptor to be had */
#define LOOKS		3		/* before nothing is left to do */

/*
 * The broker takes nothing any more: end as for TERM, but what ends from now
 * on is not kept and will run again.  Whoever started us may find another one,
 * or this broker mended; a spool is as new when all have left it.
 */
static void
lose_broker(struct tq_loop *l, const struct tq_err *e)
{
	l->gone = *e;
	l->pool.broken = 1;
	(void)tq_pool_tick(&l->pool, l->now);
	if (l->pool.busy > 0) {
		tq_say(l->say, TQ_SAY_WRONG, "%s; waiting for %u that run",
		    e->text, l->pool.busy);
		snprintf(l->gone.text, sizeof(l->gone.text), "stopped by that");
	}
	tq_loop_happen(l, TQ_LIFE_STOP);
}

/*
 * 1 if this process is out of descriptors, nothing runs whose end would give
 * some back, and it has been so for a while: perhaps a peer that we watched or
 * a hook has left meanwhile.
 */
static int
is_starved(struct tq_loop *l, const struct tq_err *e)
{
	if (e->num != EMFILE || l->pool.busy > 0)
		return 0;
	if (l->starved == 0)
		l->starved = l->now;
	return l->now - l->starved >= STARVED;
}

/* Fail with it, if it is no use to wait; else say it if that is due. */
static void
complain(struct tq_loop *l, const struct tq_err *e, struct tq_once *said,
    const char *why)
{
	/* what was never allowed will not be; later it may be for a moment */
	if (e->num == ECONNREFUSED || e->num == EIO || e->num == ENOTSUP ||
	    is_starved(l, e) || (!l->served && (e->num == EACCES || e->num == EROFS))) {
		if (l->gone.num == 0)
			lose_broker(l, e);
		return;
	}
	if (tq_once_due(said, why, l->now))
		tq_say(l->say, TQ_SAY_WRONG, "%s", e->text);
	l->pause = l->now + TQ_SECOND;
}

void
tq_loop_complain(struct tq_loop *l, const struct tq_err *e)
{
	complain(l, e, &l->said, e->text);
}

void
tq_loop_untold(struct tq_loop *l, const struct tq_err *e)
{
	const char *why = strstr(e->text, ": ");

	/* of all that are not taken for that reason one is named */
	complain(l, e, &l->untold, why == NULL ? e->text : why);
}

/* With -E, when there is nothing left to do: 1 it leaves. */
static int
leave_if_done(struct tq_loop *l)
{
	struct tq_backlog b;
	struct tq_err e;
	int looks;

	if (!l->w->exit_empty || l->pool.busy > 0)
		return 0;
	/* a broker may miss what another worker tries again just now */
	for (looks = 0; looks < LOOKS; looks++) {
		if (tq_backlog_count(&b, l->tq, &l->pool.rules.take, &e) == -1) {
			tq_loop_complain(l, &e);
			return 0;
		}
		if (b.work > 0)
			return 0;
	}
	if (b.waiting > 0)
		tq_say(l->say, TQ_SAY_NOTE, "%llu task%s delayed or held",
		    (unsigned long long)b.waiting, b.waiting == 1 ? "" : "s");
	tq_loop_happen(l, TQ_LIFE_DONE);
	return 1;
}

/* How long it is until next, a second at most. */
static tq_time
time_left(tq_time next)
{
	tq_time left = next - tq_clock_wall();

	if (left < 0)
		return 0;
	return left < TQ_SECOND ? left : TQ_SECOND;
}

/* How long it may sleep when places are free and nothing is ready. */
static tq_time
sleep_time(struct tq_loop *l)
{
	struct tq_err e;
	tq_time next = 0;
	int rv;

	if (l->pool.rules.take.nqueues == 0)
		return TQ_SECOND;
	rv = tq_worker_sleep(l->tq, &l->pool.rules.take, &next, &e);
	if (rv == -1) {
		tq_loop_complain(l, &e);
		return TQ_SECOND;
	}
	if (rv == 0)
		return l->contrary++ == 0 ? 0 : 10 * TQ_MS;
	l->contrary = 0;
	if (tq_alarm_set(l->alarm, next) == 1)
		return 0;
	return time_left(next);
}

/*
 * How long it may sleep for what it wrote, whether or not it claims: while long
 * tasks run in every place the ends of others are to get durable.
 */
tq_time
tq_loop_keep(struct tq_loop *l)
{
	tq_time next = 0;
	struct tq_err e;

	if (l->gone.num != 0)
		return TQ_SECOND;
	if (tq_worker_sleep(l->tq, NULL, &next, &e) != -1)
		return time_left(next);
	if (e.num != ENOTSUP)
		tq_loop_complain(l, &e);
	return l->gone.num != 0 ? 0 : TQ_SECOND;
}

/* All places are filled: with -j min,max there may be more of them. */
static tq_time
when_full(struct tq_loop *l)
{
	struct tq_backlog b;
	struct tq_err e;
	unsigned size;

	l->contrary = 0;
	if (l->pool.size >= l->scale.max)
		return TQ_SECOND;
	if (!tq_scale_due(&l->scale, l->pool.size, l->now))
		return TQ_SCALE_EVERY;
	if (tq_backlog_count(&b, l->tq, &l->pool.rules.take, &e) == -1) {
		tq_loop_complain(l, &e);
		return TQ_SECOND;
	}
	size = tq_scale_up(&l->scale, l->pool.size, b.ready, l->now);
	if (size == l->pool.size)
		return TQ_SCALE_EVERY;
	tq_loop_size(l, size);
	return 0;
}

/* How long to claim nothing since the machine is busy; 0: it is not. */
static tq_time
too_heavy(struct tq_loop *l)
{
	struct tq_err e;

	if (l->weighed != 0 && l->now - l->weighed < TQ_LOAD_EVERY)
		return l->heavy[0] != '\0' ?
		    l->weighed + TQ_LOAD_EVERY - l->now : 0;
	l->weighed = l->now;
	switch (tq_load_look(&l->w->load, l->heavy, sizeof(l->heavy), &e)) {
	case -1:
		tq_loop_complain(l, &e);
		return TQ_SECOND;
	case 0:
		return TQ_LOAD_EVERY;
	}
	l->heavy[0] = '\0';
	return 0;
}

tq_time
tq_loop_claim(struct tq_loop *l)
{
	enum tq_filled filled = TQ_FILLED_IDLE;
	struct tq_err e;
	tq_time wait;

	if (l->now < l->pause)
		return l->pause - l->now;
	if ((wait = too_heavy(l)) != 0)
		return wait;
	/* to a broker no queue is the default one: here it has left them all */
	if (l->pool.rules.take.nqueues > 0 &&
	    tq_pool_fill(&l->pool, &filled, &e) == -1) {
		tq_loop_complain(l, &e);
		/* a full disk claims nothing; is there anything to claim? */
		return e.num == ENOSPC && leave_if_done(l) ? 0 : TQ_SECOND;
	}
	tq_once_reset(&l->said);
	l->starved = 0;
	l->served = 1;
	tq_scale_note(&l->scale, l->pool.busy, l->now);
	if (l->pool.left == 0) {
		tq_loop_happen(l, TQ_LIFE_DONE);
		return 0;
	}
	switch (filled) {
	case TQ_FILLED_FULL:
		return when_full(l);
	case TQ_FILLED_SOME:
		return 0;
	case TQ_FILLED_IDLE:
		break;
	}
	if (leave_if_done(l))
		return 0;
	return sleep_time(l);
}
