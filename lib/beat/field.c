/*
 * The five fields of crontab(5); see field.h.
 *
 *	field	= item *( "," item )
 *	item	= ( "*" | value [ "-" value ] ) [ "/" number ]
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "field.h"

#define NUMBER_MAX	9999	/* of a step; values have limits of their own */

static const char *const month_names[] = {
	"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct",
	"nov", "dec", NULL
};
static const char *const day_names[] = {
	"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL
};

enum { MINUTE, HOUR, DOM, MONTH, DOW, NFIELDS };

static const struct field {
	const char	*name;
	int		 min, max;
	const char *const *words;	/* for min, min + 1, ..., or NULL */
} fields[NFIELDS] = {
	{ "a minute", 0, 59, NULL },
	{ "an hour", 0, 23, NULL },
	{ "a day of the month", 1, 31, NULL },
	{ "a month", 1, 12, month_names },
	{ "a day of the week", 0, 7, day_names },
};

static int
take_char(struct tq_reader *c, char want)
{
	if (c->p == c->end || *c->p != want)
		return 0;
	c->p++;
	return 1;
}

/* digits, at most max */
static int
take_number(struct tq_reader *c, int max, int *out)
{
	const char *p = c->p;
	int v = 0;

	for (; p < c->end && isdigit((unsigned char)*p); p++)
		if ((v = v * 10 + (*p - '0')) > max)
			return -1;
	if (p == c->p)
		return -1;
	c->p = p;
	*out = v;
	return 0;
}

/* a number of the field, or the first three letters of a name */
static int
take_value(struct tq_reader *c, const struct field *f, int *out)
{
	int i;

	if (c->p < c->end && isalpha((unsigned char)*c->p) &&
	    f->words != NULL && c->end - c->p >= 3) {
		for (i = 0; f->words[i] != NULL; i++)
			if (strncasecmp(c->p, f->words[i], 3) == 0)
				break;
		if (f->words[i] != NULL && (c->end - c->p == 3 ||
		    !isalnum((unsigned char)c->p[3]))) {
			*out = f->min + i;
			c->p += 3;
			return 0;
		}
	} else if (take_number(c, f->max, out) == 0) {
		if (*out >= f->min)
			return 0;
		/* the 0th of a month: point at it, not behind it */
		while (c->p[-1] == '0' && c->p[-2] == '0')
			c->p--;
		c->p--;
	}
	return tq_fail(c->e, EINVAL, "'%.*s': want %s from %d to %d%s",
	    TQ_QUOTED(c), f->name, f->min, f->max,
	    f->words != NULL ? " or its name" : "");
}

/* ( "*" | value [ "-" value ] ) [ "/" number ], added to *set */
static int
take_item(struct tq_reader *c, const struct field *f, uint64_t *set)
{
	const char *first = c->p, *upper;
	int low = f->min, high = f->max, step = 1, range = 1;

	if (!take_char(c, '*')) {
		if (take_value(c, f, &low) == -1)
			return -1;
		high = low;
		if ((range = take_char(c, '-'))) {
			upper = c->p;
			if (take_value(c, f, &high) == -1)
				return -1;
			/* Sunday ends a week as well as it begins one */
			if (f == &fields[DOW] && high == 0 && low > 0)
				high = 7;
			if (high < low) {
				c->p = upper;
				return tq_fail(c->e, EINVAL, "'%.*s': the "
				    "range ends before it begins",
				    (int)(tq_reader_word(c) +
				    (size_t)(upper - first)), first);
			}
		}
	}
	if (c->p < c->end && *c->p == '/') {
		if (!range)
			return tq_fail(c->e, EINVAL, "'%.*s': a step needs a "
			    "range or * before it", TQ_QUOTED(c));
		c->p++;
		if (take_number(c, NUMBER_MAX, &step) == -1 || step == 0) {
			c->p -= step == 0;
			return tq_fail(c->e, EINVAL, "'%.*s': want a step "
			    "from 1 to %d", TQ_QUOTED(c), NUMBER_MAX);
		}
	}
	for (; low <= high; low += step)
		*set |= UINT64_C(1) << low;
	return 0;
}

/* item *( "," item ) */
static int
take_field(struct tq_reader *c, const struct field *f, uint64_t *set)
{
	*set = 0;
	do {
		if (take_item(c, f, set) == -1)
			return -1;
	} while (take_char(c, ','));
	if (c->p < c->end && !tq_is_blank(*c->p))
		return tq_fail(c->e, EINVAL, "'%.*s' does not belong to %s",
		    TQ_QUOTED(c), f->name);
	return 0;
}

/* 1 if some day of the sets is in a calendar: 30 February is not. */
static int
ever(const struct tq_cron *cron, int any_dow)
{
	static const int days[] = {
		0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	int m, d;

	if (!any_dow)
		return 1;
	for (m = 1; m <= 12; m++)
		for (d = 1; d <= days[m]; d++)
			if (cron->months >> m & 1 && cron->doms >> d & 1)
				return 1;
	return 0;
}

/* field blanks field blanks field blanks field blanks field */
int
tq_fields_take(struct tq_reader *c, struct tq_cron *cron)
{
	const char *dom = NULL;
	uint64_t set[NFIELDS];
	int i, star = 0;

	for (i = 0; i < NFIELDS; i++) {
		if (c->p == c->end)
			return tq_fail(c->e, EINVAL, "%s is missing",
			    fields[i].name);
		if (i == DOM)
			dom = c->p;
		if ((i == DOM || i == DOW) && *c->p == '*')
			star |= 1 << i;
		if (take_field(c, &fields[i], &set[i]) == -1)
			return -1;
		if (i < DOW)
			tq_reader_skip(c);
	}
	cron->minutes = set[MINUTE];
	cron->hours = (uint32_t)set[HOUR];
	cron->doms = (uint32_t)set[DOM];
	cron->months = (uint32_t)set[MONTH];
	/* 7 is Sunday too */
	cron->dows = (uint32_t)((set[DOW] | set[DOW] >> 7) & 0x7f);
	cron->both = star != 0;
	if (!ever(cron, star >> DOW & 1)) {
		c->p = dom;
		return tq_fail(c->e, EINVAL, "'%.*s': no month of the line "
		    "has such a day", TQ_QUOTED(c));
	}
	return 0;
}
