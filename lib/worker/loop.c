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

#include "backlog.h"
#include "base/alarm.h"
#include "base/clock.h"
#include "base/notify.h"
#include "base/signals.h"
#include "bound.h"
#include "face.h"
#include "loop.h"
#include "mail.h"
#include "peers.h"
#include "pool.h"
#include "remote.h"
#include "scale.h"
#include "states.h"

/*
 * data.u64 of what the epoll watches; a peer's is KEY_PEERS plus its row, a
 * resident handler's KEY_RESIDENTS plus its number, that of TQ_STATUS_FD
 * KEY_TALKS plus the place.
 */
enum {
	KEY_SIGNALS, KEY_BELL, KEY_ALARM, KEY_PEERS, KEY_RESIDENTS = 1 << 16,
	KEY_TALKS = KEY_RESIDENTS + TQ_PLACES_MAX * TQ_USES_MAX
};

/*
 * timeout(1) and a shell's trap send TERM to us and again to our group: that
 * is one wish, not the second one that ends tasks at once.
 */
#define APART	(200 * TQ_MS)

struct loop {
	struct tq_worker *w;
	struct tq	*tq;
	const struct tq_say *say;
	struct tq_pool	 pool;
	struct tq_cgroup cgroup;
	struct tq_scale	 scale;
	struct tq_remote remote;
	struct tq_peers	 peers;
	struct tq_face	 face;
	int		 epoll, signals;
	int		 alarm;		/* of the next timer, -1: none to be had */
	enum tq_life	 life;
	tq_time		 now;		/* CLOCK_BOOTTIME, once a round */
	tq_time		 deadline;	/* of TQ_LIFE_GRACE, TQ_FOREVER: none */
	tq_time		 told;		/* by TERM or INT to stop, 0: not yet */
	tq_time		 pause;		/* claim nothing before */
	tq_time		 weighed;	/* the load of the machine, */
	char		 heavy[24];	/* and what is over its bound, "" none */
	tq_time		 second;	/* what is done once a second, next */
	unsigned	 contrary;	/* times that a claim found nothing and
					 * a sleep something, in a row */
	struct tq_err	 gone;		/* why there is no broker any more */
	char		 said[2][512];	/* the last complaints about the broker */
};

/* ---- what happens to it ---------------------------------------------- */

/* How it is, before the numbers. */
static void
show_status(struct loop *l)
{
	char how[48];

	snprintf(how, sizeof(how), "%s%s%s",
	    l->life == TQ_LIFE_RUNNING ? "" : "stopping: ", l->heavy,
	    l->heavy[0] != '\0' ? ": " : "");
	tq_face_status(&l->face, how);
}

static void
happen(struct loop *l, enum tq_life_event event)
{
	switch (tq_life_step(&l->life, event)) {
	case TQ_LIFE_NOTHING:
		return;
	case TQ_LIFE_CLAIM:
		tq_notify("READY=1");
		tq_hooks_worker(l->w->rules.hooks, TQ_HOOK_START, l->now);
		break;
	case TQ_LIFE_FINISH:
		break;
	case TQ_LIFE_DRAIN:
		l->deadline = tq_clock_deadline(l->now, l->w->grace);
		tq_face_stopping(l->w->grace);
		break;
	case TQ_LIFE_TERM:
		l->deadline = tq_clock_deadline(l->now, TQ_KILL_AFTER);
		tq_pool_term(&l->pool, l->now);
		break;
	case TQ_LIFE_KILL:
		l->deadline = TQ_FOREVER;
		tq_pool_kill(&l->pool);
		break;
	case TQ_LIFE_LEAVE:
		break;
	}
	tq_say(l->say, TQ_SAY_STEP, "%s", tq_life_name(l->life));
}

static void
set_size(struct loop *l, unsigned size)
{
	if (size == l->pool.size)
		return;
	tq_pool_resize(&l->pool, size);
	tq_face_row(&l->face);
	tq_say(l->say, TQ_SAY_STEP, "%u places", l->pool.size);
}

/* Somebody wants more or fewer: of a range, both ends move. */
static void
resize(struct loop *l, long by)
{
	long size = (long)l->pool.size + by;

	tq_scale_move(&l->scale, by, TQ_PLACES_MAX);
	if (size < (long)l->scale.min)
		size = (long)l->scale.min;
	set_size(l, size < (long)l->scale.max ? (unsigned)size :
	    l->scale.max);
}

/* Other bounds of the places, as -j min,max. */
static void
scale(struct loop *l, unsigned least, unsigned most)
{
	unsigned size = l->pool.size;

	l->scale.min = least;
	l->scale.max = most;
	if (size < least)
		size = least;
	set_size(l, size < most ? size : most);
	tq_face_row(&l->face);
}

static void
on_signal(struct loop *l, unsigned signo)
{
	switch (signo) {
	case SIGCHLD:
		tq_pool_reap(&l->pool);
		break;
	case SIGTERM:
	case SIGINT:
		if (l->life == TQ_LIFE_STOPPED && l->now - l->told >= APART)
			tq_hooks_kill(l->w->rules.hooks);
		if (l->told == 0 || l->now - l->told >= APART)
			happen(l, TQ_LIFE_STOP);
		l->told = l->now;
		break;
	case SIGQUIT:
		if (l->life == TQ_LIFE_STOPPED)
			tq_hooks_kill(l->w->rules.hooks);
		happen(l, TQ_LIFE_NOW);
		break;
	case SIGUSR1:
		resize(l, 1);
		break;
	case SIGUSR2:
		resize(l, -1);
		break;
	case SIGHUP:
		/* other settings of handlers are read for each task */
		tq_bounds_set(&l->w->rules);
		tq_pool_renew(&l->pool, l->now);
		tq_say(l->say, TQ_SAY_STEP, "settings are read again");
		break;
	}
}

static void
read_signals(struct loop *l)
{
	unsigned signo;

	while ((signo = tq_signals_next(l->signals)) != 0)
		on_signal(l, signo);
}

/* Of remote control: another queue or time limit. */
static void
change(struct loop *l, const struct tq_mail *mail)
{
	struct tq_take *take = &l->pool.rules.take;
	struct tq_err e;
	int rv = 0;

	if (mail->verb == TQ_MAIL_LIMIT)
		rv = tq_remote_limit(&l->remote, mail->name, mail->soft,
		    mail->hard, &e);
	else if (mail->verb == TQ_MAIL_SERVE)
		rv = tq_remote_serve(&l->remote, take, mail->name, &e);
	else
		tq_remote_leave(take, mail->name);
	if (rv == -1)
		tq_say(l->say, TQ_SAY_WRONG, "%s", e.text);
	tq_face_queues(&l->face, take);
}

static void
read_mails(struct loop *l)
{
	char words[512];
	struct tq_mail mail;
	struct tq_err e;

	while (tq_worker_mail(l->tq, words, sizeof(words), &e) == 1) {
		if (tq_mail_parse(&mail, words, &e) == -1) {
			tq_say(l->say, TQ_SAY_WRONG, "%s", e.text);
			continue;
		}
		switch (mail.verb) {
		case TQ_MAIL_PING:
			/* the answer is in its row */
			l->face.pong = mail.pong;
			tq_face_row(&l->face);
			break;
		case TQ_MAIL_STOP:
			/* unlike a second TERM, a second one says the same */
			if (l->life <= TQ_LIFE_FINISHING)
				happen(l, TQ_LIFE_STOP);
			break;
		case TQ_MAIL_GROW:
			resize(l, (long)mail.n);
			break;
		case TQ_MAIL_SHRINK:
			resize(l, -(long)mail.n);
			break;
		case TQ_MAIL_KILL:
			/* it may have ended meanwhile */
			(void)tq_pool_signal(&l->pool, mail.id.s, mail.sig,
			    l->now);
			break;
		case TQ_MAIL_SCALE:
			scale(l, mail.n, mail.most);
			break;
		case TQ_MAIL_SERVE:
		case TQ_MAIL_LEAVE:
		case TQ_MAIL_LIMIT:
			change(l, &mail);
			break;
		}
	}
}

/* ---- claiming -------------------------------------------------------- */

/*
 * The broker takes nothing any more: end as for TERM, but what ends from now on
 * is not kept and will run again.  Whoever started us may find another broker,
 * or this one mended; a spool is as new when all have left it.
 */
static void
lose_broker(struct loop *l, const struct tq_err *e)
{
	l->gone = *e;
	l->pool.broken = 1;
	(void)tq_pool_tick(&l->pool, l->now);
	if (l->pool.busy > 0) {
		tq_say(l->say, TQ_SAY_WRONG, "%s; waiting for %u that run",
		    e->text, l->pool.busy);
		snprintf(l->gone.text, sizeof(l->gone.text), "stopped by that");
	}
	happen(l, TQ_LIFE_STOP);
}

/*
 * Something outside fails: say it once, try again in a second.  A broker that
 * is gone for good, or whose disk is, is not waited for.
 */
static void
complain(struct loop *l, const struct tq_err *e)
{
	if (e->num == ECONNREFUSED || e->num == EIO) {
		if (l->gone.num == 0)
			lose_broker(l, e);
		return;
	}
	/* two, for what fails may say in turns that it tries and waits */
	if (strcmp(l->said[0], e->text) != 0 &&
	    strcmp(l->said[1], e->text) != 0) {
		tq_say(l->say, TQ_SAY_WRONG, "%s", e->text);
		memcpy(l->said[1], l->said[0], sizeof(l->said[1]));
		snprintf(l->said[0], sizeof(l->said[0]), "%s", e->text);
	}
	l->pause = l->now + TQ_SECOND;
}

/* For -E: is there nothing left to do? */
static void
look_for_end(struct loop *l)
{
	struct tq_backlog b;
	struct tq_err e;

	if (tq_backlog_count(&b, l->tq, &l->pool.rules.take, &e) == -1) {
		complain(l, &e);
		return;
	}
	if (l->w->hold != NULL &&
	    tq_hold_count(l->w->hold, &b.work, &b.waiting, &e) == -1) {
		complain(l, &e);
		return;
	}
	if (b.work > 0)
		return;
	if (b.waiting > 0)
		tq_say(l->say, TQ_SAY_NOTE, "%llu tasks delayed or held",
		    (unsigned long long)b.waiting);
	happen(l, TQ_LIFE_DONE);
}

/* How long it may sleep when places are free and nothing is ready. */
static tq_time
sleep_time(struct loop *l)
{
	struct tq_err e;
	tq_time next = 0, left;
	int rv;

	if (l->pool.rules.take.nqueues == 0)
		return TQ_SECOND;
	rv = tq_worker_sleep(l->tq, &l->pool.rules.take, &next, &e);
	if (rv == -1) {
		complain(l, &e);
		return TQ_SECOND;
	}
	if (rv == 0)
		return l->contrary++ == 0 ? 0 : 10 * TQ_MS;
	l->contrary = 0;
	if (tq_alarm_set(l->alarm, next) == 1)
		return 0;
	left = next - tq_clock_wall();
	if (left < 0)
		return 0;
	return left < TQ_SECOND ? left : TQ_SECOND;
}

/* All places are filled: with -j min,max there may be more of them. */
static tq_time
when_full(struct loop *l)
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
		complain(l, &e);
		return TQ_SECOND;
	}
	size = tq_scale_up(&l->scale, l->pool.size, b.ready, l->now);
	if (size == l->pool.size)
		return TQ_SCALE_EVERY;
	set_size(l, size);
	return 0;
}

/* How long to claim nothing since the machine is busy; 0: it is not. */
static tq_time
too_heavy(struct loop *l)
{
	struct tq_err e;

	if (l->weighed != 0 && l->now - l->weighed < TQ_LOAD_EVERY)
		return l->heavy[0] != '\0' ?
		    l->weighed + TQ_LOAD_EVERY - l->now : 0;
	l->weighed = l->now;
	switch (tq_load_look(&l->w->load, l->heavy, sizeof(l->heavy), &e)) {
	case -1:
		complain(l, &e);
		return TQ_SECOND;
	case 0:
		return TQ_LOAD_EVERY;
	}
	l->heavy[0] = '\0';
	return 0;
}

/* Claim what can be claimed; returns how long there is nothing to do. */
static tq_time
claim(struct loop *l)
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
		complain(l, &e);
		return TQ_SECOND;
	}
	l->said[0][0] = l->said[1][0] = '\0';
	tq_scale_note(&l->scale, l->pool.busy, l->now);
	if (l->pool.left == 0) {
		happen(l, TQ_LIFE_DONE);
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
	if (l->w->exit_empty && l->pool.busy == 0) {
		look_for_end(l);
		if (l->life != TQ_LIFE_RUNNING)
			return 0;
	}
	return sleep_time(l);
}

/* ---- rounds ---------------------------------------------------------- */

/* The bell may be another after a spool was made anew. */
static void
watch_bell(struct loop *l)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd;

	ev.data.u64 = KEY_BELL;
	if ((fd = tq_worker_fd(l->tq)) != -1)
		(void)epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static void
once_a_second(struct loop *l)
{
	struct tq_err e;

	if (l->now < l->second)
		return;
	l->second = l->now + TQ_SECOND;
	set_size(l, tq_scale_down(&l->scale, l->pool.size, l->now));
	show_status(l);
	tq_pool_trim(&l->pool);
	if (tq_peers_refresh(&l->peers, l->tq, &e) == -1 && errno != ENOTSUP)
		complain(l, &e);
	/* without a bell this is how mails are found */
	read_mails(l);
}

static tq_time
until(const struct loop *l, tq_time length, tq_time point)
{
	if (point == TQ_FOREVER || point - l->now > length)
		return length;
	return point > l->now ? point - l->now : 0;
}

static void
wait_for(struct loop *l, tq_time length)
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
			read_signals(l);
		else if (ev[i].data.u64 == KEY_BELL)
			read_mails(l);
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
		complain(l, &e);
}

/*
 * Nothing runs any more: is every outcome where it is kept?  A remote broker
 * may not have heard of the last ones.  Asked once a second until -g is over,
 * then once more; who leaves with some untold says so.
 */
static int
all_told(struct loop *l)
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
		complain(l, &e);
		return 0;
	}
	l->gone = e;
	if (e.num == ETIMEDOUT)
		l->gone.num = ECONNREFUSED;
	return 1;
}

/* Give the broker what was kept for it; returns how long there is nothing. */
static tq_time
give_back(struct loop *l)
{
	struct tq_err e;
	tq_time wait;

	if (l->w->hold == NULL || l->now < l->pause)
		return TQ_SECOND;
	if (tq_hold_tick(l->w->hold, &wait, &e) == -1) {
		complain(l, &e);
		return TQ_SECOND;
	}
	return wait;
}

static void
run(struct loop *l)
{
	tq_time length, due;
	struct tq_err e;

	while (l->life != TQ_LIFE_STOPPED) {
		length = give_back(l);
		if (l->life == TQ_LIFE_RUNNING)
			length = until(l, claim(l), l->now + length);
		due = tq_pool_tick(&l->pool, l->now);
		if (l->pool.trouble.num != 0) {
			e = l->pool.trouble;
			l->pool.trouble.num = 0;
			complain(l, &e);
		}
		if (l->now >= l->deadline) {
			l->deadline = TQ_FOREVER;
			happen(l, TQ_LIFE_GRACE);
		}
		if (l->pool.busy == 0 && all_told(l))
			happen(l, TQ_LIFE_EMPTY);
		if (l->life == TQ_LIFE_STOPPED)
			break;
		once_a_second(l);
		watch_bell(l);
		length = until(l, length, due);
		length = until(l, length, l->deadline);
		wait_for(l, length);
	}
}

/* Those hooks that still run get their time. */
static void
finish_hooks(struct loop *l)
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
take_cgroup(struct loop *l)
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
begin(struct loop *l, struct tq_err *e)
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
	struct loop *l;
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
	happen(l, TQ_LIFE_JOINED);
	run(l);
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
