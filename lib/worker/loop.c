/*
 * The loop of a worker: one epoll over signals (ends of children among them),
 * the bell, the next timer and the deaths of other workers.
 *
 * It sleeps at most a second: a ring may be lost, a worker die on a machine
 * whose processes it cannot watch.  states.h draws its life.
 */
#define _GNU_SOURCE		/* close_range(2), CLOSE_RANGE_CLOEXEC */
#include <sys/epoll.h>
#include <sys/prctl.h>

#include <linux/close_range.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alarm.h"
#include "base/clock.h"
#include "base/signals.h"
#include "bound.h"
#include "loop_own.h"

/*
 * data.u64 of what the epoll watches; a peer's is KEY_PEERS plus its row, a
 * resident handler's KEY_RESIDENTS plus its number, that of TQ_STATUS_FD
 * KEY_TALKS plus the place.
 */
enum {
	KEY_SIGNALS, KEY_BELL, KEY_ALARM, KEY_PEERS, KEY_RESIDENTS = 1 << 16,
	KEY_TALKS = KEY_RESIDENTS + TQ_PLACES_MAX * TQ_USES_MAX
};

/* ---- rounds ---------------------------------------------------------- */

/* The bell may be another after a spool was made anew. */
static void
watch_bell(struct tq_loop *l)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd;

	ev.data.u64 = KEY_BELL;
	if ((fd = tq_worker_fd(l->tq)) != -1)
		(void)epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev);
}

/* How it is, before the numbers.  1 if that is news. */
static int
show_status(struct tq_loop *l)
{
	char how[48];

	snprintf(how, sizeof(how), "%s%s%s",
	    l->life == TQ_LIFE_RUNNING ? "" : "stopping: ", l->heavy,
	    l->heavy[0] != '\0' ? ": " : "");
	return tq_face_status(&l->face, how);
}

/* The same for who waits until nothing is left. */
static void
show_now(struct tq_loop *l)
{
	l->shown = 1;
	tq_say(l->say, TQ_SAY_NOW, "%s", l->face.status);
}

static void
once_a_second(struct tq_loop *l)
{
	struct tq_err e;
	/* what is over at once is not worth a line */
	int long_since = l->second != 0;

	l->second = l->now + TQ_SECOND;
	tq_loop_size(l, tq_scale_down(&l->scale, l->pool.size, l->now));
	if ((show_status(l) || !l->shown) && long_since && l->w->exit_empty)
		show_now(l);
	tq_pool_trim(&l->pool);
	if (tq_peers_refresh(&l->peers, l->tq, &e) == -1 && errno != ENOTSUP)
		tq_loop_complain(l, &e);
}

static tq_time
until(const struct tq_loop *l, tq_time length, tq_time point)
{
	if (point == TQ_FOREVER || point - l->now > length)
		return length;
	return point > l->now ? point - l->now : 0;
}

static void
wait_for(struct tq_loop *l, tq_time length)
{
	struct epoll_event ev[8];
	struct tq_err e;
	int i, n, died = 0;

	length = until(l, length, tq_face_alive(&l->face, l->now));
	/* up, not down: waking before a time means looking in vain */
	n = epoll_wait(l->epoll, ev, 8, (int)((length + TQ_MS - 1) / TQ_MS));
	l->now = tq_clock_boot();
	for (i = 0; i < n; i++) {
		if (ev[i].data.u64 == KEY_SIGNALS)
			tq_loop_signals(l);
		else if (ev[i].data.u64 == KEY_BELL)
			tq_loop_mails(l);
		else if (ev[i].data.u64 >= KEY_TALKS)
			tq_pool_listen(&l->pool, ev[i].data.u64, l->now);
		else if (ev[i].data.u64 == KEY_ALARM)
			(void)tq_alarm_take(l->alarm);
		else if (ev[i].data.u64 >= KEY_RESIDENTS)
			tq_pool_hear(&l->pool, ev[i].data.u64, l->now);
		else {
			tq_peers_died(&l->peers, ev[i].data.u64);
			died = 1;
		}
	}
	if (died && tq_worker_sweep(l->tq, &e) == -1 && errno != ENOTSUP)
		tq_loop_complain(l, &e);
}

/*
 * Nothing runs any more: is every outcome where it is kept?  A remote broker
 * may not have heard of the last ones.  Asked once a second until -g is over,
 * then once more; who leaves with some untold says so.
 */
static int
all_told(struct tq_loop *l)
{
	struct tq_err e;

	if (l->life == TQ_LIFE_STARTING || l->life == TQ_LIFE_RUNNING ||
	    l->gone.num != 0)
		return 1;
	if (l->life != TQ_LIFE_STOPPING && l->now < l->pause)
		return 0;
	if (tq_sync(l->tq, &e) == 0 || e.num == ENOTSUP)
		return 1;
	/* a broker that is away may come back; a disk that fails does not */
	if (e.num == ETIMEDOUT && l->life != TQ_LIFE_STOPPING) {
		tq_loop_complain(l, &e);
		return 0;
	}
	l->gone = e;
	if (e.num == ETIMEDOUT)
		l->gone.num = ECONNREFUSED;
	return 1;
}

/* Give the broker what was kept for it; returns how long there is nothing. */
static tq_time
give_back(struct tq_loop *l)
{
	struct tq_err e;
	tq_time wait;

	if (l->w->hold == NULL || l->now < l->pause)
		return TQ_SECOND;
	if (tq_hold_tick(l->w->hold, &wait, &e) == -1) {
		tq_loop_complain(l, &e);
		return TQ_SECOND;
	}
	return wait;
}

static void
run(struct tq_loop *l)
{
	tq_time length, due;
	struct tq_err e;
	int second;

	while (l->life != TQ_LIFE_STOPPED) {
		second = l->now >= l->second;
		/* without a bell; a ring among them is for the claim below */
		if (second)
			tq_loop_mails(l);
		length = give_back(l);
		if (l->life == TQ_LIFE_RUNNING)
			length = until(l, tq_loop_claim(l), l->now + length);
		due = tq_pool_tick(&l->pool, l->now);
		if (l->pool.trouble.num != 0) {
			e = l->pool.trouble;
			l->pool.trouble.num = 0;
			tq_loop_untold(l, &e);
		}
		if (l->now >= l->deadline) {
			l->deadline = TQ_FOREVER;
			tq_loop_happen(l, TQ_LIFE_GRACE);
		}
		if (l->pool.busy == 0 && all_told(l))
			tq_loop_happen(l, TQ_LIFE_EMPTY);
		if (l->life == TQ_LIFE_STOPPED)
			break;
		/* behind the claim, which says better what a broker lacks */
		if (second)
			once_a_second(l);
		watch_bell(l);
		length = until(l, length, due);
		length = until(l, length, l->deadline);
		length = until(l, length, l->now + tq_loop_keep(l));
		wait_for(l, length);
	}
}

/* Those hooks that still run get their time. */
static void
finish_hooks(struct tq_loop *l)
{
	struct tq_hooks *h = l->w->rules.hooks;
	tq_time due;

	tq_hooks_worker(h, TQ_HOOK_STOP, l->now);
	while (h != NULL && h->nrunning > 0) {
		due = tq_hooks_tick(h, l->now);
		wait_for(l, until(l, TQ_SECOND, due));
	}
}

/* ---- beginning ------------------------------------------------------- */

/* Before the first child: what is born before stays where we were. */
static void
take_cgroup(struct tq_loop *l)
{
	char base[PATH_MAX];
	struct tq_err e;

	l->cgroup.dir = -1;
	if (tq_cgroup_find(base, sizeof(base)) &&
	    tq_cgroup_open(&l->cgroup, base, &e) == -1)
		tq_say(l->say, TQ_SAY_WRONG, "%s", e.text);
	tq_cgroup_words(l->face.limits, sizeof(l->face.limits), &l->cgroup);
	l->pool.rules.cgroup = &l->cgroup;
}

static int
begin(struct tq_loop *l, struct tq_err *e)
{
	static const int signals[] = {
		SIGCHLD, SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2
	};
	struct epoll_event ev = { .events = EPOLLIN };
	struct tq_worker *w = l->w;

	/* without it (Linux before 5.11) tasks get what we were given */
	(void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		return tq_fail_sys(e, errno, "subreaper");
	if ((l->epoll = epoll_create1(EPOLL_CLOEXEC)) == -1)
		return tq_fail_sys(e, errno, "epoll");
	if ((l->signals = tq_signals_take(signals,
	    sizeof(signals) / sizeof(signals[0]), e)) == -1)
		return -1;
	tq_face_init(&l->face, l->tq, &l->pool, &l->scale);
	tq_face_queues(&l->face, &w->rules.take);
	take_cgroup(l);
	l->pool.rules.plan.remote = &l->remote;
	l->pool.rules.take.runs = tq_plan_has;
	l->pool.rules.take.runs_arg = &l->pool.rules.plan;
	l->pool.rules.epoll = l->epoll;
	l->pool.rules.key = KEY_RESIDENTS;
	l->pool.rules.talk_key = KEY_TALKS;
	ev.data.u64 = KEY_SIGNALS;
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->signals, &ev) == -1)
		return tq_fail_sys(e, errno, "epoll");
	ev.data.u64 = KEY_ALARM;
	if ((l->alarm = tq_alarm_make()) != -1 &&
	    epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->alarm, &ev) == -1)
		return tq_fail_sys(e, errno, "epoll");
	if (tq_worker_join(l->tq, &w->rules.take, w->places, e) == -1)
		return -1;
	tq_bounds_set(&w->rules);
	if (tq_worker_fd(l->tq) == -1)
		tq_say(l->say, TQ_SAY_WRONG, "no message queue to be had: "
		    "tasks are found within a second, tqctl cannot reach us");
	return 0;
}

int
tq_worker_run(struct tq_worker *w, struct tq_err *e)
{
	struct tq_loop *l;
	int rv = -1;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return tq_fail_sys(e, errno, "worker");
	l->w = w;
	l->tq = w->rules.tq;
	l->say = w->rules.say;
	l->epoll = l->signals = l->alarm = l->cgroup.dir = -1;
	l->life = TQ_LIFE_STARTING;
	l->now = tq_clock_boot();
	l->deadline = TQ_FOREVER;
	l->scale.min = w->places;
	l->scale.max = w->places_max > w->places ? w->places_max : w->places;
	if (tq_pool_init(&l->pool, &w->rules, w->places, w->count, e) == -1) {
		free(l);
		return -1;
	}
	if (begin(l, e) == -1)
		goto out;
	tq_peers_init(&l->peers, l->epoll, KEY_PEERS);
	tq_loop_happen(l, TQ_LIFE_JOINED);
	run(l);
	if (l->shown && show_status(l))
		show_now(l);
	finish_hooks(l);
	tq_peers_fini(&l->peers);
	w->done = l->pool.done;
	w->failed = l->pool.failed;
	rv = l->gone.num == 0 ? 0 :
	    tq_fail(e, l->gone.num, "%s", l->gone.text);
out:
	tq_pool_fini(&l->pool);
	tq_cgroup_close(&l->cgroup);
	if (l->signals != -1)
		close(l->signals);
	if (l->alarm != -1)
		close(l->alarm);
	if (l->epoll != -1)
		close(l->epoll);
	free(l);
	return rv;
}
