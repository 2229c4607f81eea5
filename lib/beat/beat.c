/* Fire a schedule; see beat.h. */
#include "beat.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alarm.h"
#include "base/clock.h"
#include "base/date.h"
#include "base/notify.h"
#include "base/signals.h"

#define DAY		(86400 * TQ_SECOND)
#define LATE		(60 * TQ_SECOND) /* a tick is missed after this */
#define WRONG		(2 * DAY)	/* beat.h, The clock */
#define KNOWN		(366 * DAY)	/* the broker is to know a tick */
#define KNOWN_BOOT	(3660 * DAY)	/* longer than a machine is up */
#define AGAIN		(10 * TQ_SECOND) /* what was refused is tried again */
#define SLEEP		(60 * TQ_SECOND) /* at most: the net of every wait */
#define BURST		64		/* ticks of a line before the next one's */

struct loop {
	struct tq_beat	*b;
	struct tq_schedule schedule;
	struct tq_zones	 zones;
	int		 alarm, signals;
	int		 started;	/* the first schedule was read */
	int		 ready;		/* the manager is to be told so */
	tq_time		 boot;		/* what this boot is known by */
	tq_time		 watchdog;	/* how often it is fed, 0: none */
};

static void
say(void (*fn)(const char *), const char *fmt, ...)
    __attribute__((__format__(__printf__, 2, 3)));

static void
say(void (*fn)(const char *), const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (fn == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fn(text);
}

/* A time for people, as the clocks of the line's zone show it. */
static const char *
shown(struct loop *l, const struct tq_entry *entry, tq_time t, char out[32])
{
	struct tq_zone z;

	if (entry->when.kind == TQ_CRONTAB_REBOOT) {
		snprintf(out, 32, "this boot");
		return out;
	}
	z = tq_zones_use(&l->zones, entry->zone);
	tq_zone_format(out, 32, &z, t);
	(void)tq_zones_use(&l->zones, "");
	return out;
}

/* ---- what the broker knows ------------------------------------------------ */

/*
 * A number for this boot, not 0: the clock may be set after it, so no time
 * tells boots apart.
 */
static tq_time
boot_number(void)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	char id[64];
	ssize_t n = 0, i;
	int fd;

	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		n = read(fd, id, sizeof(id));
		close(fd);
	}
	if (n <= 0)
		return 0;
	for (i = 0; i < n; i++)
		h = (h ^ (unsigned char)id[i]) * UINT64_C(0x100000001b3);
	return (tq_time)(h >> 1 | 1);
}

/* When a line is due next, given its last tick. */
static tq_time
after(struct loop *l, const struct tq_entry *entry)
{
	struct tq_zone z;
	tq_time next;

	if (entry->when.kind == TQ_CRONTAB_REBOOT)
		return entry->last == l->boot ? TQ_FOREVER : 0;
	z = tq_zones_use(&l->zones, entry->zone);
	next = tq_next(&entry->when, &z, entry->last);
	(void)tq_zones_use(&l->zones, "");
	return next;
}

static void
stand(struct loop *l, struct tq_entry *entry, tq_time last)
{
	entry->last = last;
	entry->known = 1;
	entry->next = after(l, entry);
}

/*
 * Move a line on to a tick, with its task or (NULL) without.  0 and *id; -1
 * as tq_tick(), after which the line is not known if somebody else moved it.
 */
static int
move(struct loop *l, struct tq_entry *entry, tq_time at,
    const struct tq_task *t, struct tq_id *id, struct tq_err *e)
{
	struct tq_tick tick = { .schedule = entry->name,
	    .last = entry->last, .at = at };
	struct tq_entry moved = *entry;

	moved.last = at;
	if (entry->when.kind == TQ_CRONTAB_REBOOT)
		tick.until = tq_clock_deadline(tq_clock_wall(), KNOWN_BOOT);
	else
		tick.until = tq_clock_deadline(after(l, &moved), KNOWN);
	if (tq_tick(l->b->tq, &tick, t, 0, id, e) == -1) {
		entry->known = errno != ESTALE && errno != EIO;
		return -1;
	}
	stand(l, entry, at);
	return 0;
}

/*
 * Ask where a line stands.  One that nobody knows begins now; @reboot, at the
 * start of tqbeat, with this boot.
 */
static int
learn(struct loop *l, struct tq_entry *entry, tq_time now, struct tq_err *e)
{
	struct tq_id id;
	tq_time last;
	int rv;

	if ((rv = tq_last(l->b->tq, entry->name, &last, e)) == -1)
		return -1;
	stand(l, entry, last);
	if (rv == 1)
		return 0;
	if (entry->when.kind != TQ_CRONTAB_REBOOT)
		return move(l, entry, now, NULL, &id, e);
	return entry->first ? 0 : move(l, entry, l->boot, NULL, &id, e);
}

/* The clock was far ahead when the last tick was put: begin anew. */
static int
begin_anew(struct loop *l, struct tq_entry *entry, tq_time now,
    struct tq_err *e)
{
	struct tq_id id;
	char text[32];

	say(l->b->wrong, "%s:%u: the last tick was put for %s, which is to "
	    "come: the clock was wrong; it begins anew", l->b->path,
	    entry->line, shown(l, entry, entry->last, text));
	return move(l, entry, now, NULL, &id, e);
}

/* ---- firing ---------------------------------------------------------------- */

/* Which tick is put next, 0: none of those that are due. */
static tq_time
choose(struct loop *l, const struct tq_entry *entry, tq_time now)
{
	struct tq_zone z;
	tq_time t;

	if (entry->when.kind == TQ_CRONTAB_REBOOT)
		return l->boot;
	if (entry->missed == TQ_MISSED_ALL)
		return entry->next;
	z = tq_zones_use(&l->zones, entry->zone);
	t = tq_next_last(&entry->when, &z, entry->last, now);
	(void)tq_zones_use(&l->zones, "");
	return t;
}

/* Put what is due of a line, one tick.  0 or -1. */
static int
fire(struct loop *l, struct tq_entry *entry, tq_time now, struct tq_err *e)
{
	tq_time tick = choose(l, entry, now);
	struct tq_task t = *entry->task;
	struct tq_err ignored;
	struct tq_id id;
	char text[32];

	shown(l, entry, tick, text);
	if (entry->missed == TQ_MISSED_NONE && now - tick > LATE &&
	    entry->when.kind != TQ_CRONTAB_REBOOT) {
		say(l->b->step, "%s:%u: missed %s", l->b->path, entry->line,
		    text);
		return move(l, entry, tick, NULL, &id, e);
	}
	if (entry->delay > 0)
		t.eta = tq_clock_deadline(now, entry->delay);
	if (entry->expires > 0)
		t.expires = tq_clock_deadline(now, entry->expires);
	if (move(l, entry, tick, &t, &id, e) == 0) {
		say(l->b->step, "%s:%u: put %s for %s", l->b->path,
		    entry->line, id.s, text);
		return 0;
	}
	if (e->num != EEXIST || t.key == NULL)
		return -1;
	/* its key is held, and that is what a key is for */
	say(l->b->step, "%s:%u: not put for %s: %s has key '%s'", l->b->path,
	    entry->line, text, id.s, t.key);
	return move(l, entry, tick, NULL, &id, &ignored);
}

/* Something outside fails: say it once, try again in a while. */
static void
complain(struct loop *l, struct tq_entry *entry, const struct tq_err *e)
{
	entry->retry = tq_clock_deadline(tq_clock_boot(), AGAIN);
	if (entry->told != e->num)
		say(l->b->wrong, "%s:%u: %s; the tick is not lost",
		    l->b->path, entry->line, e->text);
	entry->told = e->num;
}

/* Do what there is to do for a line now; *again when there is more. */
static void
look(struct loop *l, struct tq_entry *entry, tq_time now, int *again)
{
	struct tq_err e;
	int i, rv = 0;

	if (entry->retry != 0 && tq_clock_boot() < entry->retry)
		return;
	for (i = 0; i < BURST; i++) {
		if (!entry->known)
			rv = learn(l, entry, now, &e);
		else if (entry->when.kind != TQ_CRONTAB_REBOOT &&
		    entry->last > tq_clock_deadline(now, WRONG))
			rv = begin_anew(l, entry, now, &e);
		else if (entry->next <= now)
			rv = fire(l, entry, now, &e);
		else
			break;
		if (rv == -1 && e.num != ESTALE) {
			complain(l, entry, &e);
			return;
		}
		entry->retry = 0;
		if (rv == 0)
			entry->told = 0;
	}
	*again |= i == BURST;
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
		look(l, entry, now, &again);
		/* what is tried again is found by the net */
		if (entry->retry == 0 && entry->next < next)
			next = entry->next;
	}
	return again ? now : next;
}

/* ---- the loop ---------------------------------------------------------------- */

/* Read the schedule: the first, or in place of the one there is. */
static int
load(struct loop *l, struct tq_err *e)
{
	struct tq_schedule s;
	size_t i;

	if (tq_schedule_read(&s, l->b->path, &l->b->maker, l->b->wrong,
	    e) == -1)
		return -1;
	tq_schedule_free(&l->schedule, &l->b->maker);
	l->schedule = s;
	for (i = 0; i < s.n; i++)
		s.v[i].first = !l->started;
	l->started = 1;
	l->ready = 1;
	say(l->b->step, "%s: %zu lines, %u wrong", l->b->path, s.n, s.bad);
	return 0;
}

/* Every line has begun: what was missed from now on is put. */
static void
tell_manager(struct loop *l)
{
	char lines[96];

	if (l->ready) {
		snprintf(lines, sizeof(lines),
		    "READY=1\nSTATUS=%zu lines, %u wrong", l->schedule.n,
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
	(void)tq_zones_use(&l->zones, "UTC0");
	(void)tq_zones_use(&l->zones, "");
	if (strcmp(l->b->path, "-") == 0)
		say(l->b->wrong, "stdin cannot be read again");
	else if (load(l, &e) == -1)
		say(l->b->wrong, "%s; the schedule is as it was", e.text);
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
			most = AGAIN;
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

static void
run(struct loop *l)
{
	tq_time next;

	do {
		next = round_of(l);
		tell_manager(l);
	} while (!sleep_until(l, next));
	tq_notify("STOPPING=1");
}

int
tq_beat_run(struct tq_beat *b, struct tq_err *e)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM };
	struct loop l = { .b = b, .alarm = -1, .signals = -1 };
	tq_time last;
	int rv = -1;

	if (tq_zones_init(&l.zones) == -1)
		return tq_fail_sys(e, errno, "time zone");
	l.watchdog = tq_notify_watchdog();
	/* one that keeps no schedules says so now and not at the first tick */
	if (tq_last(b->tq, "beat", &last, e) == -1)
		goto out;
	if ((l.boot = boot_number()) == 0) {
		(void)tq_fail(e, ENOENT, "/proc/sys/kernel/random/boot_id: "
		    "no way to tell boots apart");
		goto out;
	}
	l.signals = tq_signals_take(signals,
	    sizeof(signals) / sizeof(signals[0]), e);
	if (l.signals == -1 || load(&l, e) == -1)
		goto out;
	l.alarm = tq_alarm_make();
	run(&l);
	rv = 0;
 out:
	tq_schedule_free(&l.schedule, &b->maker);
	if (l.alarm != -1)
		close(l.alarm);
	if (l.signals != -1)
		close(l.signals);
	tq_zones_fini(&l.zones);
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
