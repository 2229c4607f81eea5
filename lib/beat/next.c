/*
 * When a line of a schedule is due next; see next.h.
 *
 * Two clocks are read as seconds: t of UTC, and l of the wall, which shows
 * l = t + offset(t).  tq_next() walks t in pieces of one offset and at most a
 * day, and looks for a minute of the line among those that the wall clock
 * shows in the piece for the first time:
 *
 *	seen	every time of the wall before it has been shown or left out
 *
 * A piece [t, u) shows [t + o, u + o); what of it is before `seen` is a
 * repetition.  If the next piece begins to show later than `seen`, the times
 * between were left out, and become one tick at u.
 */
#include <stddef.h>

#include "next.h"

#define MINUTE		60
#define HOUR		3600
#define DAY		86400
/* Longer than any zone's clocks were ever put back at once. */
#define LOOK_BACK	(26 * HOUR)
/* 29 February is away at most eight years: 1896 to 1904, 2096 to 2104. */
#define LOOK_AHEAD	(INT64_C(9) * 366 * DAY)
#define LAST_SECOND	(INT64_MAX / TQ_SECOND)

/* Day of the month and month (1-12) of a day counted from 1970-01-01. */
static void
civil(int64_t day, int *dom, int *month)
{
	int64_t z, era, doe, yoe, doy, mp;

	/* years begin on 1 March, eras of 400 of them are all equal */
	z = day + 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*dom = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int
day_matches(const struct tq_cron *cron, int64_t day)
{
	int dom, month, dow, by_dom, by_dow;

	civil(day, &dom, &month);
	if (!(cron->months >> month & 1))
		return 0;
	/* 1970-01-01 was a Thursday */
	dow = (int)(day + 4 - 7 * floor_div(day + 4, 7));
	by_dom = cron->doms >> dom & 1;
	by_dow = cron->dows >> dow & 1;
	return cron->both ? by_dom && by_dow : by_dom || by_dow;
}

/* The first minute of the line in [from, to), seconds of the wall; -1 none. */
static int
first_minute(const struct tq_cron *cron, int64_t from, int64_t to,
    int64_t *out)
{
	int64_t l = floor_div(from + MINUTE - 1, MINUTE) * MINUTE, day, second;

	while (l < to) {
		day = floor_div(l, DAY);
		second = l - day * DAY;
		if (!day_matches(cron, day))
			l = (day + 1) * DAY;
		else if (!(cron->hours >> (second / HOUR) & 1))
			l = day * DAY + (second / HOUR + 1) * HOUR;
		else if (!(cron->minutes >> (second % HOUR / MINUTE) & 1))
			l += MINUTE;
		else {
			*out = l;
			return 0;
		}
	}
	return -1;
}

/* The first second in (t, u] whose offset is not o, which t has and u not. */
static int64_t
find_change(const struct tq_zone *z, int64_t t, int64_t u, int64_t o)
{
	int64_t middle;

	while (u - t > 1) {
		middle = t + (u - t) / 2;
		if (z->offset(z->arg, middle) == o)
			t = middle;
		else
			u = middle;
	}
	return u;
}

/* The first tick at a second >= from; LAST_SECOND: none. */
static int64_t
next_second(const struct tq_cron *cron, const struct tq_zone *z, int64_t from)
{
	int64_t t = from - LOOK_BACK, end = from + LOOK_AHEAD;
	int64_t o = z->offset(z->arg, t), seen = t + o, low, l, u, p;

	for (; t < end && t < LAST_SECOND; t = u, o = p) {
		u = t + DAY;
		if ((p = z->offset(z->arg, u)) != o) {
			u = find_change(z, t, u, o);
			p = z->offset(z->arg, u);
		}
		low = from + o > seen ? from + o : seen;
		if (first_minute(cron, low, u + o, &l) == 0)
			return l - o;
		if (u + o > seen)
			seen = u + o;
		if (u + p > seen) {
			if (u >= from &&
			    first_minute(cron, seen, u + p, &l) == 0)
				return u;
			seen = u + p;
		}
	}
	return LAST_SECOND;
}

tq_time
tq_next(const struct tq_crontab *c, const struct tq_zone *z, tq_time after)
{
	int64_t t;

	if (c->kind == TQ_CRONTAB_EVERY) {
		t = after - after % c->every;
		/* before 1970 % goes the other way */
		if (after % c->every >= 0 &&
		    __builtin_add_overflow(t, c->every, &t))
			return TQ_FOREVER;
		return t;
	}
	t = next_second(&c->cron, z, floor_div(after, TQ_SECOND) + 1);
	return t >= LAST_SECOND ? TQ_FOREVER : t * TQ_SECOND;
}

tq_time
tq_next_last(const struct tq_crontab *c, const struct tq_zone *z,
    tq_time after, tq_time upto)
{
	tq_time back = HOUR * TQ_SECOND, from, t, last = 0;

	if (c->kind == TQ_CRONTAB_EVERY) {
		t = upto - upto % c->every;
		return t > after ? t : 0;
	}
	/* look at longer and longer stretches that end at upto */
	do {
		from = upto - after > back ? upto - back : after;
		for (t = tq_next(c, z, from); t <= upto; t = tq_next(c, z, t))
			last = t;
		back = back > TQ_FOREVER / 24 ? TQ_FOREVER : back * 24;
	} while (last == 0 && from != after);
	return last;
}
