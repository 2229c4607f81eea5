/*
 * Fuzzes lines of a schedule file: what is taken must say when it is due next,
 * later than asked, at a minute of the line, and its words must come apart.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/beat/crontab.h"
#include "lib/beat/next.h"

#define NOW	(INT64_C(1774740000) * TQ_SECOND)	/* an hour before a gap */
#define GAP	INT64_C(1774746000)

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int64_t
offset(void *arg, int64_t t)
{
	(void)arg;
	return t < GAP ? 3600 : 7200;
}

static void
check_slice(const char *line, size_t n, struct tq_bytes s)
{
	if (s.n > 0 && (s.p < line || s.p + s.n > line + n))
		abort();
}

static void
check_words(struct tq_bytes s)
{
	char word[64];
	struct tq_err e;
	size_t at = 0, was;
	int rv;

	do {
		was = at;
		rv = tq_crontab_word(word, sizeof(word), s, &at, &e);
		if (at > s.n || at < was || (rv == 1 && at == was))
			abort();
	} while (rv == 1);
}

static void
check_next(const struct tq_crontab *c)
{
	const struct tq_zone z = { offset, NULL };
	tq_time t = NOW, last;
	int64_t minute;
	int i;

	for (i = 0; i < 3; i++) {
		if ((last = tq_next(c, &z, t)) <= t)
			abort();
		if (last == TQ_FOREVER)
			return;
		t = last;
		minute = (t / TQ_SECOND + offset(NULL, t / TQ_SECOND)) / 60 % 60;
		if (c->kind == TQ_CRONTAB_CRON && t != GAP * TQ_SECOND &&
		    !(c->cron.minutes >> minute & 1))
			abort();
	}
	if (tq_next_last(c, &z, NOW, t) != t)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct tq_crontab c;
	struct tq_err e;
	size_t column = 0;
	char *line;

	/* in memory of its own, so that a byte too far is seen */
	if ((line = malloc(n + (n == 0))) == NULL)
		return 0;
	if (n > 0)
		memcpy(line, p, n);
	if (tq_crontab_parse(&c, line, n, &column, &e) == -1) {
		if (column < 1 || column > n + 1 || e.text[0] == '\0')
			abort();
		free(line);
		return 0;
	}
	check_slice(line, n, c.when);
	check_slice(line, n, c.zone);
	check_slice(line, n, c.options);
	check_slice(line, n, c.command);
	check_words(c.options);
	if (c.kind == TQ_CRONTAB_CRON || c.kind == TQ_CRONTAB_EVERY)
		check_next(&c);
	free(line);
	return 0;
}
