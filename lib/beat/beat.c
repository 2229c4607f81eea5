/* Fire a schedule: the loop; see beat.h. */
#include "fire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alarm.h"
#include "base/clock.h"
#include "base/notify.h"
#include "base/signals.h"

#define SLEEP		(60 * TQ_SECOND) /* at most: the net of every wait */

struct loop {
	struct tq_firing f;
	struct tq_schedule schedule;
	int		 alarm, signals;
	int		 started;	/* the first schedule was read */
	int		 ready;		/* the manager is to be told so */
	tq_time		 watchdog;	/* how often it is fed, 0: none */
};

/*
 * A number for this boot; 0 and errno if it cannot be had: the clock may be set
 * after it, so no time tells boots apart.
 */
static tq_time
boot_number(void)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	char id[64];
	ssize_t n = -1, i;
	int fd;

	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		n = read(fd, id, sizeof(id));
		close(fd);
	}
	if (n <= 0) {
		errno = n == 0 ? EIO : errno;
		return 0;
	}
	for (i = 0; i < n; i++)
		h = (h ^ (unsigned char)id[i]) * UINT64_C(0x100000001b3);
	return (tq_time)(h >> 1 | 1);
}

/* Look at every line; when there is something to do next. */
static tq_time
round_of(struct loop *l)
{
	tq_time now = tq_clock_wall(), next = TQ_FOREVER;
	struct tq_entry *entry;
	int again = 0;
	size_t i;

	for (i = 0; i < l->schedule.n; i++) {
		entry = &l->schedule.v[i];
		again |= tq_fire(&l->f, entry, now);
		/* what is tried again is found by the net */
		if (entry->retry == 0 && entry->next < next)
			next = entry->next;
	}
	return again ? now : next;
}

/* Read the schedule: the first, or in place of the one there is. */
static int
load(struct loop *l, struct tq_err *e)
{
	struct tq_schedule s;
	size_t i;

	if (tq_schedule_read(&s, l->f.b->path, &l->f.b->maker, l->f.b->wrong,
	    e) == -1)
		return -1;
	tq_schedule_free(&l->schedule, &l->f.b->maker);
	l->schedule = s;
	for (i = 0; i < s.n; i++)
		s.v[i].first = !l->started;
	l->started = 1;
	l->ready = 1;
	tq_beat_say(l->f.b->step, "%s: %zu good lines, %u wrong", l->f.b->path,
	    s.n, s.bad);
	return 0;
}

/* Every line has begun: what was missed from now on is put. */
static void
tell_manager(struct loop *l)
{
	char lines[96];

	if (l->ready) {
		snprintf(lines, sizeof(lines),
		    "READY=1\nSTATUS=%zu good lines, %u wrong", l->schedule.n,
		    l->schedule.bad);
		tq_notify(lines);
		l->ready = 0;
	}
	if (l->watchdog != 0)
		tq_notify("WATCHDOG=1");
}

static void
reload(struct loop *l)
{
	char lines[64];
	struct tq_err e;

	/* sd_notify(3): the manager waits for READY after this */
	snprintf(lines, sizeof(lines), "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)(tq_clock_mono() / 1000));
	tq_notify(lines);
	l->ready = 1;
	/* libc reads the file of our zone again only after another */
	(void)tq_zones_use(&l->f.zones, "UTC0");
	(void)tq_zones_use(&l->f.zones, "");
	if (strcmp(l->f.b->path, "-") == 0)
		tq_beat_say(l->f.b->wrong, "stdin cannot be read again");
	else if (load(l, &e) == -1)
		tq_beat_say(l->f.b->wrong, "%s; the schedule is as it was",
		    e.text);
}

/* 1 when it is to leave. */
static int
read_signals(struct loop *l)
{
	unsigned signo;
	int leave = 0, again = 0;

	while ((signo = tq_signals_next(l->signals)) != 0)
		if (signo == SIGHUP)
			again = 1;
		else
			leave = 1;
	if (again && !leave)
		reload(l);
	return leave;
}

/* Sleep until there is something to do; 1 when that is to leave. */
static int
sleep_until(struct loop *l, tq_time next)
{
	struct pollfd p[2] = {
		{ .fd = l->signals, .events = POLLIN },
		{ .fd = l->alarm, .events = POLLIN },
	};
	tq_time left = next - tq_clock_wall(), most = SLEEP;
	size_t i;

	for (i = 0; i < l->schedule.n; i++)
		if (l->schedule.v[i].retry != 0)
			most = TQ_FIRE_AGAIN;
	if (l->watchdog != 0 && l->watchdog < most)
		most = l->watchdog;
	if (left > most)
		left = most;
	if (left < 0 || tq_alarm_set(l->alarm, next) == 1)
		left = 0;
	/* up, not down: waking before a time means looking in vain */
	(void)poll(p, 2, (int)((left + TQ_MS - 1) / TQ_MS));
	(void)tq_alarm_take(l->alarm);
	return read_signals(l);
}

/* Until a signal, 0; or until the broker keeps nothing any more, -1. */
static int
run(struct loop *l, struct tq_err *e)
{
	tq_time next;
	int rv;

	do {
		next = round_of(l);
		/* a spool whose disk failed begins anew when all have left */
		rv = tq_sync(l->f.b->tq, e) == -1 && e->num == EIO ? -1 : 0;
		if (rv == 0)
			tell_manager(l);
	} while (rv == 0 && !sleep_until(l, next));
	tq_notify("STOPPING=1");
	return rv;
}

int
tq_beat_run(struct tq_beat *b, struct tq_err *e)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM };
	struct loop l = { .f = { .b = b }, .alarm = -1, .signals = -1 };
	tq_time last;
	int rv = -1;

	if (tq_zones_init(&l.f.zones) == -1)
		return tq_fail_sys(e, errno, "time zone");
	l.watchdog = tq_notify_watchdog();
	/* one that keeps no schedules says so now and not at the first tick */
	if (tq_last(b->tq, "beat", &last, e) == -1)
		goto out;
	if ((l.f.boot = boot_number()) == 0) {
		(void)tq_fail_sys(e, errno, "/proc/sys/kernel/random/boot_id");
		goto out;
	}
	l.signals = tq_signals_take(signals,
	    sizeof(signals) / sizeof(signals[0]), e);
	if (l.signals == -1 || load(&l, e) == -1)
		goto out;
	l.alarm = tq_alarm_make();
	rv = run(&l, e);
 out:
	tq_schedule_free(&l.schedule, &b->maker);
	if (l.alarm != -1)
		close(l.alarm);
	if (l.signals != -1)
		close(l.signals);
	tq_zones_fini(&l.f.zones);
	return rv;
}

int
tq_beat_next(const struct tq_schedule *s, tq_time now, size_t n,
    void (*each)(const struct tq_entry *, const struct tq_zone *, tq_time,
    void *), void *arg, struct tq_err *e)
{
	struct tq_zones zones;
	struct tq_zone z;
	tq_time *next;
	size_t i, first;

	if (tq_zones_init(&zones) == -1 ||
	    (next = calloc(s->n + 1, sizeof(*next))) == NULL)
		return tq_fail_sys(e, ENOMEM, "schedule");
	for (i = 0; i < s->n; i++) {
		z = tq_zones_use(&zones, s->v[i].zone);
		next[i] = s->v[i].when.kind == TQ_CRONTAB_REBOOT ?
		    TQ_FOREVER : tq_next(&s->v[i].when, &z, now);
	}
	for (; n > 0; n--) {
		for (i = first = 0; i < s->n; i++)
			if (next[i] < next[first])
				first = i;
		if (s->n == 0 || next[first] == TQ_FOREVER)
			break;
		z = tq_zones_use(&zones, s->v[first].zone);
		each(&s->v[first], &z, next[first], arg);
		next[first] = tq_next(&s->v[first].when, &z, next[first]);
	}
	free(next);
	tq_zones_fini(&zones);
	return 0;
}
