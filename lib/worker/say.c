/* What a worker has to say to people. */
#include <sys/stat.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "message/quote.h"
#include "say.h"

/* What the journal knows them by, from syslog(3). */
static const char *const priority[] = {
	[TQ_SAY_WRONG] = "<4>", [TQ_SAY_NOTE] = "<6>", [TQ_SAY_STEP] = "<6>"
};

static int
wanted(const struct tq_say *say, enum tq_say_level level)
{
	if (level >= TQ_SAY_HINT)
		return say->terminal && (level == TQ_SAY_HINT || !say->steps);
	return level != TQ_SAY_STEP || say->steps;
}

/* Hand a line on, and free it. */
static void
hand_on(const struct tq_say *say, enum tq_say_level level, struct tq_buf *b)
{
	tq_buf_byte(b, '\0');
	if (tq_buf_ok(b))
		say->fn(say->arg, level, (const char *)b->p);
	tq_buf_fini(b);
}

void
tq_say(const struct tq_say *say, enum tq_say_level level, const char *fmt, ...)
{
	char text[1024];
	struct tq_buf b;
	va_list ap;

	if (!wanted(say, level))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!say->journal) {
		say->fn(say->arg, level, text);
		return;
	}
	tq_buf_init(&b);
	tq_buf_str(&b, priority[level]);
	tq_escape(&b, text, strlen(text));
	hand_on(say, level, &b);
}

/* " key=value", in quotes where a reader would get lost otherwise. */
static void
add(struct tq_buf *b, const char *key, const char *value)
{
	struct tq_buf safe;
	size_t i;

	tq_buf_printf(b, " %s=", key);
	if (*value != '\0' && strpbrk(value, " \"=") == NULL) {
		tq_escape(b, value, strlen(value));
		return;
	}
	tq_buf_init(&safe);
	tq_escape(&safe, value, strlen(value));
	tq_buf_byte(b, '"');
	for (i = 0; i < safe.n; i++) {
		if (safe.p[i] == '"')
			tq_buf_byte(b, '\\');
		tq_buf_byte(b, safe.p[i]);
	}
	tq_buf_byte(b, '"');
	tq_buf_fini(&safe);
}

static void
begin(struct tq_buf *b, const char *event, const struct tq_claim *c)
{
	tq_buf_init(b);
	tq_buf_printf(b, "%s%s", priority[TQ_SAY_STEP], event);
	add(b, "task", c->ref.id.s);
	if (c->task.queue != NULL)
		add(b, "queue", c->task.queue);
	if (c->task.label != NULL)
		add(b, "label", c->task.label);
	tq_buf_printf(b, " attempt=%u", c->ref.attempt);
}

void
tq_say_started(const struct tq_say *say, const struct tq_claim *c,
    const char *program)
{
	struct tq_buf b;

	if (!wanted(say, TQ_SAY_STEP))
		return;
	if (!say->journal) {
		tq_say(say, TQ_SAY_STEP, "%s: started %s", c->ref.id.s,
		    program);
		return;
	}
	begin(&b, "started", c);
	add(&b, "program", program);
	hand_on(say, TQ_SAY_STEP, &b);
}

void
tq_say_ended(const struct tq_say *say, const struct tq_claim *c,
    const struct tq_outcome *end)
{
	tq_time wall = tq_clock_wall() - c->start;
	struct tq_buf b;

	if (!wanted(say, TQ_SAY_STEP))
		return;
	if (!say->journal) {
		tq_say(say, TQ_SAY_STEP, "%s: %s, status %d%s%s", c->ref.id.s,
		    tq_state_name(end->state), end->status,
		    end->why != NULL ? ": " : "",
		    end->why != NULL ? end->why : "");
		return;
	}
	begin(&b, "ended", c);
	add(&b, "state", tq_state_name(end->state));
	tq_buf_printf(&b, " status=%d", end->status);
	if (wall > 0)		/* the clock may have been set back */
		tq_buf_printf(&b, " wall=%" PRId64 ".%03" PRId64,
		    wall / TQ_SECOND, wall % TQ_SECOND / TQ_MS);
	if (end->why != NULL)
		add(&b, "why", end->why);
	hand_on(say, TQ_SAY_STEP, &b);
}

int
tq_say_journal(int fd)
{
	const char *is = getenv("JOURNAL_STREAM");
	char want[64];
	struct stat st;

	if (is == NULL || fstat(fd, &st) == -1)
		return 0;
	snprintf(want, sizeof(want), "%" PRIuMAX ":%" PRIuMAX,
	    (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(is, want) == 0;
}
