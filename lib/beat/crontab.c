/*
 * Lines of a schedule file; see crontab.h.  Each function below reads what its
 * comment says, from the place c->p on, and leaves c->p behind it or, when it
 * fails, at what it could not take.
 *
 *	line	= [blanks] [ "#" ... | "CRON_TZ" "=" zone | entry ]
 *	entry	= when blanks [ "[" options "]" blanks ] command
 *	when	= field blanks field blanks field blanks field blanks field
 *		| "@every" blanks duration | "@" word
 *	field	= item *( "," item )
 *	item	= ( "*" | value [ "-" value ] ) [ "/" number ]
 *
 * A bracket begins options only if neither a blank nor another follows it:
 * "[ -f x ] && y" and "[[ a = b ]]" are commands of the shell.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/date.h"
#include "crontab.h"

#define NUMBER_MAX	9999	/* of a step; values have limits of their own */

/* What is being read: the line from its first byte to its end. */
struct reader {
	const char	*p, *end;
	struct tq_err	*e;
};

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

/* Words for five fields. */
static const struct {
	const char	*word, *fields;
} nicknames[] = {
	{ "annually", "0 0 1 1 *" },
	{ "daily", "0 0 * * *" },
	{ "hourly", "0 * * * *" },
	{ "midnight", "0 0 * * *" },
	{ "monthly", "0 0 1 * *" },
	{ "weekly", "0 0 * * 0" },
	{ "yearly", "0 0 1 1 *" },
};

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void
skip_blanks(struct reader *c)
{
	while (c->p < c->end && is_blank(*c->p))
		c->p++;
}

/* Length of the word at c->p. */
static size_t
word_length(const struct reader *c)
{
	const char *p = c->p;

	while (p < c->end && !is_blank(*p))
		p++;
	return (size_t)(p - c->p);
}

static int
take_char(struct reader *c, char want)
{
	if (c->p == c->end || *c->p != want)
		return 0;
	c->p++;
	return 1;
}

/* The rest of the word at c->p, for a sentence that quotes it. */
#define QUOTED(c)	(int)word_length(c), (c)->p

/* digits, at most max */
static int
take_number(struct reader *c, int max, int *out)
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
take_value(struct reader *c, const struct field *f, int *out)
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
	    QUOTED(c), f->name, f->min, f->max,
	    f->words != NULL ? " or its name" : "");
}

/* ( "*" | value [ "-" value ] ) [ "/" number ], added to *set */
static int
take_item(struct reader *c, const struct field *f, uint64_t *set)
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
				    (int)(word_length(c) +
				    (size_t)(upper - first)), first);
			}
		}
	}
	if (c->p < c->end && *c->p == '/') {
		if (!range)
			return tq_fail(c->e, EINVAL, "'%.*s': a step needs a "
			    "range or * before it", QUOTED(c));
		c->p++;
		if (take_number(c, NUMBER_MAX, &step) == -1 || step == 0) {
			c->p -= step == 0;
			return tq_fail(c->e, EINVAL, "'%.*s': want a step "
			    "from 1 to %d", QUOTED(c), NUMBER_MAX);
		}
	}
	for (; low <= high; low += step)
		*set |= UINT64_C(1) << low;
	return 0;
}

/* item *( "," item ) */
static int
take_field(struct reader *c, const struct field *f, uint64_t *set)
{
	*set = 0;
	do {
		if (take_item(c, f, set) == -1)
			return -1;
	} while (take_char(c, ','));
	if (c->p < c->end && !is_blank(*c->p))
		return tq_fail(c->e, EINVAL, "'%.*s' does not belong to %s",
		    QUOTED(c), f->name);
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
static int
take_fields(struct reader *c, struct tq_cron *cron)
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
			skip_blanks(c);
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
		    "has such a day", QUOTED(c));
	}
	return 0;
}

/* duration, longer than nothing */
static int
take_every(struct reader *c, struct tq_crontab *out)
{
	char text[64];

	skip_blanks(c);
	if (c->p == c->end)
		return tq_fail(c->e, EINVAL, "@every needs a length of time");
	if (word_length(c) >= sizeof(text))
		return tq_fail(c->e, EINVAL, "'%.*s': too long a time",
		    QUOTED(c));
	memcpy(text, c->p, word_length(c));
	text[word_length(c)] = '\0';
	if (tq_duration_parse(&out->every, text, c->e) == -1)
		return -1;
	if (out->every < TQ_SECOND)
		return tq_fail(c->e, EINVAL, "'%s': want a second or more",
		    text);
	c->p += word_length(c);
	out->kind = TQ_CRONTAB_EVERY;
	return 0;
}

/* "@every" blanks duration | "@" word */
static int
take_nickname(struct reader *c, struct tq_crontab *out)
{
	size_t i, n = word_length(c) - 1;
	const char *word = c->p + 1;
	struct reader r;

	if (n == 5 && strncasecmp(word, "every", n) == 0) {
		c->p += n + 1;
		return take_every(c, out);
	}
	if (n == 6 && strncasecmp(word, "reboot", n) == 0) {
		c->p += n + 1;
		out->kind = TQ_CRONTAB_REBOOT;
		return 0;
	}
	for (i = 0; i < sizeof(nicknames) / sizeof(nicknames[0]); i++)
		if (strlen(nicknames[i].word) == n &&
		    strncasecmp(word, nicknames[i].word, n) == 0) {
			r.p = nicknames[i].fields;
			r.end = r.p + strlen(r.p);
			r.e = c->e;
			c->p += n + 1;
			return take_fields(&r, &out->cron);
		}
	return tq_fail(c->e, EINVAL, "'%.*s': want @yearly, @monthly, "
	    "@weekly, @daily, @hourly, @reboot or @every", QUOTED(c));
}

/* Move *p behind the quoted part or escape that begins there: 1, 0: unended. */
static int
skip_quoted(const char **p, const char *end)
{
	char quote = *(*p)++;

	if (quote == '\\') {
		if (*p == end)
			return 0;
		(*p)++;
		return 1;
	}
	for (; *p < end; (*p)++) {
		if (**p == quote) {
			(*p)++;
			return 1;
		}
		if (quote == '"' && **p == '\\' && *p + 1 < end)
			(*p)++;
	}
	return 0;
}

/* "[" options "]" blanks */
static int
take_options(struct reader *c, struct tq_bytes *out)
{
	const char *p = c->p + 1;

	out->p = p;
	while (p < c->end && *p != ']') {
		if (*p != '\'' && *p != '"' && *p != '\\')
			p++;
		else if (!skip_quoted(&p, c->end))
			break;
	}
	if (p >= c->end || *p != ']')
		return tq_fail(c->e, EINVAL, "the bracket is not closed");
	out->n = (size_t)(p - out->p);
	c->p = p + 1;
	if (c->p < c->end && !is_blank(*c->p))
		return tq_fail(c->e, EINVAL, "'%.*s': a blank must follow the "
		    "bracket", QUOTED(c));
	skip_blanks(c);
	return 0;
}

/* when blanks [ "[" options "]" blanks ] command */
static int
take_entry(struct reader *c, struct tq_crontab *out)
{
	const char *first = c->p;
	int rv;

	out->kind = TQ_CRONTAB_CRON;
	rv = *c->p == '@' ? take_nickname(c, out) :
	    take_fields(c, &out->cron);
	if (rv == -1)
		return -1;
	out->when.p = first;
	out->when.n = (size_t)(c->p - first);
	skip_blanks(c);
	if (c->end - c->p > 1 && *c->p == '[' && !is_blank(c->p[1]) &&
	    c->p[1] != '[' && take_options(c, &out->options) == -1)
		return -1;
	if (c->p == c->end)
		return tq_fail(c->e, EINVAL, "there is no command");
	out->command.p = c->p;
	out->command.n = (size_t)(c->end - c->p);
	c->p = c->end;
	return 0;
}

/* name [blanks] "=" [blanks] value, the value in quotes or not */
static int
take_setting(struct reader *c, const char *equals, struct tq_crontab *out)
{
	const char *name = c->p;
	size_t n = (size_t)(equals - name);

	while (n > 0 && is_blank(name[n - 1]))
		n--;
	if (n != 7 || memcmp(name, "CRON_TZ", n) != 0)
		return tq_fail(c->e, EINVAL, "'%.*s': only CRON_TZ is set "
		    "here; a line's variables are [-e name=value]", (int)n,
		    name);
	c->p = equals + 1;
	skip_blanks(c);
	out->kind = TQ_CRONTAB_ZONE;
	out->zone.p = c->p;
	out->zone.n = (size_t)(c->end - c->p);
	if (out->zone.n >= 2 && (*c->p == '"' || *c->p == '\'') &&
	    c->end[-1] == *c->p) {
		out->zone.p++;
		out->zone.n -= 2;
	}
	return 0;
}

/* The '=' of "name =", NULL when the line does not begin so. */
static const char *
find_equals(const struct reader *c)
{
	const char *p = c->p;

	if (p == c->end || (!isalpha((unsigned char)*p) && *p != '_'))
		return NULL;
	while (p < c->end && (isalnum((unsigned char)*p) || *p == '_'))
		p++;
	while (p < c->end && is_blank(*p))
		p++;
	return p < c->end && *p == '=' ? p : NULL;
}

/* [blanks] [ "#" ... | "CRON_TZ" "=" zone | entry ] */
static int
take_line(struct reader *c, struct tq_crontab *out)
{
	const char *bad, *equals;

	skip_blanks(c);
	while (c->end > c->p && is_blank(c->end[-1]))
		c->end--;
	if (c->p == c->end || *c->p == '#')
		return 0;
	/* neither has a place in the argument of sh -c, nor can be seen */
	if ((bad = memchr(c->p, '\0', (size_t)(c->end - c->p))) != NULL ||
	    (bad = memchr(c->p, '\r', (size_t)(c->end - c->p))) != NULL) {
		c->p = bad;
		return tq_fail(c->e, EINVAL, "a %s in the line",
		    *bad == '\0' ? "NUL" : "carriage return");
	}
	if ((equals = find_equals(c)) != NULL)
		return take_setting(c, equals, out);
	return take_entry(c, out);
}

int
tq_crontab_parse(struct tq_crontab *out, const char *line, size_t n,
    size_t *column, struct tq_err *e)
{
	struct reader c = { .p = line, .end = line + n, .e = e };

	memset(out, 0, sizeof(*out));
	if (take_line(&c, out) == 0)
		return 0;
	*column = (size_t)(c.p - line) + 1;
	return -1;
}

/* ---- words in brackets ------------------------------------------------- */

/* The quoted part or escape at p: its bytes, and where they end. */
static const char *
unquote(const char *p, const char *end, char **out)
{
	char quote = *p++;

	if (quote == '\\') {
		if (p < end)
			*(*out)++ = *p++;
		return p;
	}
	for (; p < end && *p != quote; p++) {
		/* in "...", \ is itself but before these */
		if (quote == '"' && *p == '\\' && p + 1 < end &&
		    strchr("\"\\$`", p[1]) != NULL)
			p++;
		*(*out)++ = *p;
	}
	return p < end ? p + 1 : p;
}

int
tq_crontab_word(char *buf, size_t size, struct tq_bytes s, size_t *at,
    struct tq_err *e)
{
	const char *p = s.p + *at, *end = s.p + s.n, *q;
	char *out = buf;

	while (p < end && is_blank(*p))
		p++;
	*at = (size_t)(p - s.p);
	if (p == end)
		return 0;
	/* what is unquoted is never longer than it was */
	for (q = p; q < end && !is_blank(*q); )
		if (*q != '\'' && *q != '"' && *q != '\\')
			q++;
		else if (!skip_quoted(&q, end))
			return tq_fail(e, EINVAL, "a quote is not closed");
	if ((size_t)(q - p) >= size)
		return tq_fail(e, EINVAL, "a word of %zu bytes is too long",
		    (size_t)(q - p));
	while (p < q)
		if (*p != '\'' && *p != '"' && *p != '\\')
			*out++ = *p++;
		else
			p = unquote(p, q, &out);
	*out = '\0';
	*at = (size_t)(q - s.p);
	return 1;
}
