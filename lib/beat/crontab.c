/*
 * Lines of a schedule file; see crontab.h.  Each function below reads what its
 * comment says, from the place c->p on, and leaves c->p behind it or, when it
 * fails, at what it could not take.
 *
 *	line	= [blanks] [ "#" ... | "CRON_TZ" "=" zone | entry ]
 *	entry	= when blanks [ "[" options "]" blanks ] command
 *	when	= field blanks field blanks field blanks field blanks field
 *		| "@every" blanks duration | "@" word
 *
 * A bracket begins options only if neither a blank nor another follows it:
 * "[ -f x ] && y" and "[[ a = b ]]" are commands of the shell.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/date.h"
#include "field.h"

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

/* duration, longer than nothing */
static int
take_every(struct tq_reader *c, struct tq_crontab *out)
{
	char text[64];

	tq_reader_skip(c);
	if (c->p == c->end)
		return tq_fail(c->e, EINVAL, "@every needs a length of time");
	if (tq_reader_word(c) >= sizeof(text))
		return tq_fail(c->e, EINVAL, "'%.*s': too long a time",
		    TQ_QUOTED(c));
	memcpy(text, c->p, tq_reader_word(c));
	text[tq_reader_word(c)] = '\0';
	if (tq_duration_parse(&out->every, text, c->e) == -1)
		return -1;
	if (out->every < TQ_SECOND)
		return tq_fail(c->e, EINVAL, "'%s': want a second or more",
		    text);
	c->p += tq_reader_word(c);
	out->kind = TQ_CRONTAB_EVERY;
	return 0;
}

/* "@every" blanks duration | "@" word */
static int
take_nickname(struct tq_reader *c, struct tq_crontab *out)
{
	size_t i, n = tq_reader_word(c) - 1;
	const char *word = c->p + 1;
	struct tq_reader r;

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
			return tq_fields_take(&r, &out->cron);
		}
	return tq_fail(c->e, EINVAL, "'%.*s': want @yearly, @monthly, "
	    "@weekly, @daily, @hourly, @reboot or @every", TQ_QUOTED(c));
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
take_options(struct tq_reader *c, struct tq_bytes *out)
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
	if (c->p < c->end && !tq_is_blank(*c->p))
		return tq_fail(c->e, EINVAL, "'%.*s': a blank must follow the "
		    "bracket", TQ_QUOTED(c));
	tq_reader_skip(c);
	return 0;
}

/* when blanks [ "[" options "]" blanks ] command */
static int
take_entry(struct tq_reader *c, struct tq_crontab *out)
{
	const char *first = c->p;
	int rv;

	out->kind = TQ_CRONTAB_CRON;
	rv = *c->p == '@' ? take_nickname(c, out) :
	    tq_fields_take(c, &out->cron);
	if (rv == -1)
		return -1;
	out->when.p = first;
	out->when.n = (size_t)(c->p - first);
	tq_reader_skip(c);
	if (c->end - c->p > 1 && *c->p == '[' && !tq_is_blank(c->p[1]) &&
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
take_setting(struct tq_reader *c, const char *equals, struct tq_crontab *out)
{
	const char *name = c->p;
	size_t n = (size_t)(equals - name);

	while (n > 0 && tq_is_blank(name[n - 1]))
		n--;
	if (n != 7 || memcmp(name, "CRON_TZ", n) != 0)
		return tq_fail(c->e, EINVAL, "'%.*s': only CRON_TZ is set "
		    "here; a line's variables are [-e name=value]", (int)n,
		    name);
	c->p = equals + 1;
	tq_reader_skip(c);
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
find_equals(const struct tq_reader *c)
{
	const char *p = c->p;

	if (p == c->end || (!isalpha((unsigned char)*p) && *p != '_'))
		return NULL;
	while (p < c->end && (isalnum((unsigned char)*p) || *p == '_'))
		p++;
	while (p < c->end && tq_is_blank(*p))
		p++;
	return p < c->end && *p == '=' ? p : NULL;
}

/* [blanks] [ "#" ... | "CRON_TZ" "=" zone | entry ] */
static int
take_line(struct tq_reader *c, struct tq_crontab *out)
{
	const char *bad, *equals;

	tq_reader_skip(c);
	while (c->end > c->p && tq_is_blank(c->end[-1]))
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
	struct tq_reader c = { .p = line, .end = line + n, .e = e };

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
	const char *p, *end, *q;
	char *out = buf;

	if (*at == s.n)		/* there may be no text at all */
		return 0;
	p = s.p + *at;
	end = s.p + s.n;
	while (p < end && tq_is_blank(*p))
		p++;
	*at = (size_t)(p - s.p);
	if (p == end)
		return 0;
	/* what is unquoted is never longer than it was */
	for (q = p; q < end && !tq_is_blank(*q); )
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
