/* A schedule file: its lines and their tasks; see schedule.h. */
#include "schedule.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

/* What is at hand while a file is read. */
struct reading {
	struct tq_schedule *s;
	const char	*path;
	const struct tq_maker *maker;
	void		(*tell)(const char *);
	struct tq_bytes	 zone;		/* of the lines that follow */
	int		 lost;		/* it was wrong: they have none */
	unsigned	 line;
};

int
tq_entry_word(struct tq_entry *entry, const char *word, struct tq_err *e)
{
	static const char *const words[] = {
		"missed=one", "missed=all", "missed=none"
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], word) == 0) {
			entry->missed = (enum tq_missed)i;
			return 0;
		}
	return tq_fail(e, EINVAL, "'%s' is neither an option nor missed=one, "
	    "missed=all or missed=none", word);
}

/* ---- one line ---------------------------------------------------------- */

static void
complain(struct reading *r, size_t column, const char *sentence)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s:%u:%zu: %s", r->path, r->line, column,
	    sentence);
	r->tell(text);
	r->s->bad++;
}

/* The words of the options in one block, and how many; -1 with *at. */
static int
split(struct tq_entry *entry, char ***out, size_t **places, size_t *at,
    struct tq_err *e)
{
	struct tq_bytes s = entry->when.options;
	size_t n = 0, room = s.n + 1, max = s.n / 2 + 2;
	char *p;
	int rv;

	*out = reallocarray(NULL, max, sizeof(**out));
	*places = reallocarray(NULL, max, sizeof(**places));
	p = entry->words = malloc(room);
	if (*out == NULL || *places == NULL || p == NULL)
		return tq_fail_sys(e, ENOMEM, "options");
	for (*at = 0; (rv = tq_crontab_word(p, room, s, at, e)) == 1; n++) {
		(*out)[n] = p;
		(*places)[n] = *at;	/* behind it */
		room -= strlen(p) + 1;
		p += strlen(p) + 1;
	}
	(*out)[n] = NULL;
	return rv == -1 ? -1 : (int)n;
}

/* Where word i of the options begins: the first non-blank behind the last. */
static size_t
word_at(struct tq_bytes s, const size_t *places, size_t i)
{
	size_t at = i == 0 ? 0 : places[i - 1];

	while (at < s.n && (s.p[at] == ' ' || s.p[at] == '\t'))
		at++;
	return at;
}

/* Let the maker make the task.  -1: *at is where the options are wrong. */
static int
make_task(struct reading *r, struct tq_entry *entry, size_t *at,
    struct tq_err *e)
{
	size_t *places = NULL, bad = 0;
	char **words = NULL;
	int n, rv = -1;

	if ((n = split(entry, &words, &places, at, e)) != -1) {
		rv = r->maker->make(entry, words, (size_t)n, &bad, e);
		if (rv == -1)
			*at = bad < (size_t)n ? word_at(entry->when.options,
			    places, bad) : 0;
	}
	free(places);
	free(words);
	return rv;
}

static void
hash(SHA2_CTX *ctx, struct tq_bytes s)
{
	/* with an end that is in none of them */
	SHA256Update(ctx, (const uint8_t *)s.p, s.n);
	SHA256Update(ctx, (const uint8_t *)"", 1);
}

/* The words of the times, one blank between them. */
static void
hash_when(SHA2_CTX *ctx, struct tq_bytes s)
{
	const char *p = s.p, *end = s.p + s.n, *word;

	while (p < end) {
		for (word = p; p < end && *p != ' ' && *p != '\t'; p++)
			continue;
		hash(ctx, (struct tq_bytes){ word, (size_t)(p - word) });
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
	}
}

static void
name_entry(const struct tq_schedule *s, struct tq_entry *entry)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	struct tq_bytes zone = { entry->zone, strlen(entry->zone) };
	char hex[33];
	SHA2_CTX ctx;
	unsigned same = 1;
	size_t i, n;

	SHA256Init(&ctx);
	hash(&ctx, zone);
	hash_when(&ctx, entry->when.when);
	hash(&ctx, entry->when.options);
	hash(&ctx, entry->when.command);
	SHA256Final(digest, &ctx);
	for (i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	n = (size_t)snprintf(entry->name, sizeof(entry->name), "beat.%lu.%s",
	    (unsigned long)geteuid(), hex);
	for (i = 0; i < s->n; i++)
		same += strncmp(s->v[i].name, entry->name, n) == 0;
	if (same > 1)
		snprintf(entry->name + n, sizeof(entry->name) - n, ".%u",
		    same);
}

static struct tq_entry *
new_entry(struct tq_schedule *s, struct tq_err *e)
{
	struct tq_entry *v;

	if (s->n == TQ_SCHEDULE_LINES) {
		(void)tq_fail(e, EINVAL, "more than %d lines that put tasks",
		    TQ_SCHEDULE_LINES);
		return NULL;
	}
	if ((s->n & (s->n - 1)) == 0) {
		v = reallocarray(s->v, s->n == 0 ? 1 : 2 * s->n, sizeof(*v));
		if (v == NULL) {
			(void)tq_fail_sys(e, ENOMEM, "schedule");
			return NULL;
		}
		s->v = v;
	}
	memset(&s->v[s->n], 0, sizeof(s->v[s->n]));
	return &s->v[s->n];
}

static void
add_entry(struct reading *r, const struct tq_crontab *c, const char *line)
{
	struct tq_entry *entry;
	struct tq_err e;
	size_t at;

	if (r->lost) {
		/* at another hour than was meant is worse than not at all */
		complain(r, 1, "its CRON_TZ is wrong");
		return;
	}
	if ((entry = new_entry(r->s, &e)) == NULL) {
		complain(r, 1, e.text);
		return;
	}
	entry->when = *c;
	entry->line = r->line;
	entry->command = c->command.p;
	snprintf(entry->zone, sizeof(entry->zone), "%.*s", (int)r->zone.n,
	    r->zone.n > 0 ? r->zone.p : "");
	if (make_task(r, entry, &at, &e) == -1) {
		complain(r, c->options.p == NULL ? 1 :
		    (size_t)(c->options.p - line) + at + 1, e.text);
		free(entry->words);
		return;
	}
	name_entry(r->s, entry);
	r->s->n++;
}

/* One line of n bytes, with a NUL behind it. */
static void
take_line(struct reading *r, char *line, size_t n)
{
	struct tq_crontab c;
	struct tq_err e;
	size_t column;

	if (tq_crontab_parse(&c, line, n, &column, &e) == -1) {
		complain(r, column, e.text);
		return;
	}
	switch (c.kind) {
	case TQ_CRONTAB_NOTHING:
		break;
	case TQ_CRONTAB_ZONE:
		r->zone = c.zone;
		r->lost = tq_zone_check(c.zone.p, c.zone.n, &e) == -1;
		if (r->lost)
			complain(r, (size_t)(c.zone.p - line) + 1, e.text);
		break;
	default:
		/* blanks at the end are not part of it */
		line[c.command.p + c.command.n - line] = '\0';
		add_entry(r, &c, line);
		break;
	}
}

/* ---- the file ------------------------------------------------------------ */

int
tq_schedule_read(struct tq_schedule *out, const char *path,
    const struct tq_maker *maker, void (*tell)(const char *),
    struct tq_err *e)
{
	struct reading r = { .s = out, .path = path, .maker = maker,
	    .tell = tell };
	char *line, *newline, *end;
	size_t n = 0;

	memset(out, 0, sizeof(*out));
	out->text = tq_text_read(&n, path, TQ_SCHEDULE_BYTES, e);
	if (out->text == NULL)
		return -1;
	end = out->text + n;
	for (line = out->text; line < end; line = newline + 1) {
		newline = memchr(line, '\n', (size_t)(end - line));
		if (newline == NULL)
			newline = end;
		*newline = '\0';
		r.line++;
		take_line(&r, line, (size_t)(newline - line));
	}
	return 0;
}

void
tq_schedule_free(struct tq_schedule *s, const struct tq_maker *maker)
{
	int saved = errno;
	size_t i;

	for (i = 0; i < s->n; i++) {
		maker->drop(&s->v[i]);
		free(s->v[i].words);
	}
	free(s->v);
	free(s->text);
	memset(s, 0, sizeof(*s));
	errno = saved;
}
