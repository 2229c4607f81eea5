/* Where the lines of a schedule stand, and putting what is due; see fire.h. */
#include "fire.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"

#define DAY		(86400 * TQ_SECOND)
#define LATE		(60 * TQ_SECOND) /* a tick is missed after this */
#define WRONG		(2 * DAY)	/* beat.h, The clock */
#define KNOWN		(366 * DAY)	/* the broker is to know a tick */
#define KNOWN_BOOT	(3660 * DAY)	/* longer than a machine is up */
#define BURST		64		/* ticks of a line before the next one's */

void
tq_beat_say(void (*fn)(const char *), const char *fmt, ...)
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
shown(struct tq_firing *f, const struct tq_entry *entry, tq_time t,
    char out[32])
{
	struct tq_zone z;

	if (entry->when.kind == TQ_CRONTAB_REBOOT) {
		snprintf(out, 32, "this boot");
		return out;
	}
	z = tq_zones_use(&f->zones, entry->zone);
	tq_zone_format(out, 32, &z, t);
	(void)tq_zones_use(&f->zones, "");
	return out;
}

/* ---- what the broker knows ------------------------------------------- */

/* When a line is due next, given its last tick. */
static tq_time
after(struct tq_firing *f, const struct tq_entry *entry)
{
	struct tq_zone z;
	tq_time next;

	if (entry->when.kind == TQ_CRONTAB_REBOOT)
		return entry->last == f->boot ? TQ_FOREVER : 0;
	z = tq_zones_use(&f->zones, entry->zone);
	next = tq_next(&entry->when, &z, entry->last);
	(void)tq_zones_use(&f->zones, "");
	return next;
}

static void
stand(struct tq_firing *f, struct tq_entry *entry, tq_time last)
{
	entry->last = last;
	entry->known = 1;
	entry->next = after(f, entry);
}

/*
 * Move a line on to a tick, with its task or (NULL) without.  0 and *id; -1
 * as tq_tick(), after which the line is not known if somebody else moved it.
 */
static int
move(struct tq_firing *f, struct tq_entry *entry, tq_time at,
    const struct tq_task *t, struct tq_id *id, struct tq_err *e)
{
	struct tq_tick tick = { .schedule = entry->name,
	    .last = entry->last, .at = at };
	struct tq_entry moved = *entry;

	moved.last = at;
	if (entry->when.kind == TQ_CRONTAB_REBOOT)
		tick.until = tq_clock_deadline(tq_clock_wall(), KNOWN_BOOT);
	else
		tick.until = tq_clock_deadline(after(f, &moved), KNOWN);
	if (tq_tick(f->b->tq, &tick, t, 0, id, e) == -1) {
		entry->known = errno != ESTALE && errno != EIO;
		return -1;
	}
	stand(f, entry, at);
	return 0;
}

/*
 * Ask where a line stands.  One that nobody knows begins now; @reboot, at the
 * start of tqbeat, with this boot.
 */
static int
learn(struct tq_firing *f, struct tq_entry *entry, tq_time now,
    struct tq_err *e)
{
	struct tq_id id;
	tq_time last;
	int rv;

	if ((rv = tq_last(f->b->tq, entry->name, &last, e)) == -1)
		return -1;
	stand(f, entry, last);
	if (rv == 1)
		return 0;
	if (entry->when.kind != TQ_CRONTAB_REBOOT)
		return move(f, entry, now, NULL, &id, e);
	return entry->first ? 0 : move(f, entry, f->boot, NULL, &id, e);
}

/* The clock was far ahead when the last tick was put: begin anew. */
static int
begin_anew(struct tq_firing *f, struct tq_entry *entry, tq_time now,
    struct tq_err *e)
{
	struct tq_id id;
	char text[32];

	tq_beat_say(f->b->wrong, "%s:%u: the last tick was put for %s, which "
	    "is to come: the clock was wrong; it begins anew", f->b->path,
	    entry->line, shown(f, entry, entry->last, text));
	return move(f, entry, now, NULL, &id, e);
}

/* ---- firing ---------------------------------------------------------- */

/* Which tick is put next, 0: none of those that are due. */
static tq_time
choose(struct tq_firing *f, const struct tq_entry *entry, tq_time now)
{
	struct tq_zone z;
	tq_time t;

	if (entry->when.kind == TQ_CRONTAB_REBOOT)
		return f->boot;
	if (entry->missed == TQ_MISSED_ALL)
		return entry->next;
	z = tq_zones_use(&f->zones, entry->zone);
	t = tq_next_last(&entry->when, &z, entry->last, now);
	(void)tq_zones_use(&f->zones, "");
	return t;
}

/* Put what is due of a line, one tick.  0 or -1. */
static int
fire(struct tq_firing *f, struct tq_entry *entry, tq_time now, struct tq_err *e)
{
	tq_time tick = choose(f, entry, now);
	struct tq_task t = *entry->task;
	struct tq_id id;
	char text[32];

	shown(f, entry, tick, text);
	if (entry->missed == TQ_MISSED_NONE && now - tick > LATE &&
	    entry->when.kind != TQ_CRONTAB_REBOOT) {
		tq_beat_say(f->b->step, "%s:%u: missed %s", f->b->path,
		    entry->line, text);
		return move(f, entry, tick, NULL, &id, e);
	}
	if (t.eta > 0)
		t.eta = tq_clock_deadline(now, t.eta);
	if (t.expires > 0)
		t.expires = tq_clock_deadline(now, t.expires);
	if (move(f, entry, tick, &t, &id, e) == 0) {
		tq_beat_say(f->b->step, "%s:%u: put %s for %s", f->b->path,
		    entry->line, id.s, text);
		return 0;
	}
	if (e->num != EEXIST || t.key == NULL)
		return -1;
	/* its key is held, and that is what a key is for */
	tq_beat_say(f->b->step, "%s:%u: not put for %s: %s has key '%s'",
	    f->b->path, entry->line, text, id.s, t.key);
	return move(f, entry, tick, NULL, &id, e);
}

/* Something outside fails: say it once, try again in a while. */
static void
complain(struct tq_firing *f, struct tq_entry *entry, const struct tq_err *e)
{
	entry->retry = tq_clock_deadline(tq_clock_boot(), TQ_FIRE_AGAIN);
	if (entry->told != e->num)
		tq_beat_say(f->b->wrong, "%s:%u: %s; the tick is not lost",
		    f->b->path, entry->line, e->text);
	entry->told = e->num;
}

int
tq_fire(struct tq_firing *f, struct tq_entry *entry, tq_time now)
{
	struct tq_err e;
	int i, rv = 0;

	if (entry->retry != 0 && tq_clock_boot() < entry->retry)
		return 0;
	for (i = 0; i < BURST; i++) {
		if (!entry->known)
			rv = learn(f, entry, now, &e);
		else if (entry->when.kind != TQ_CRONTAB_REBOOT &&
		    entry->last > tq_clock_deadline(now, WRONG))
			rv = begin_anew(f, entry, now, &e);
		else if (entry->next <= now)
			rv = fire(f, entry, now, &e);
		else
			break;
		if (rv == -1 && e.num != ESTALE) {
			complain(f, entry, &e);
			return 0;
		}
		entry->retry = 0;
		if (rv == 0)
			entry->told = 0;
	}
	return i == BURST;
}
