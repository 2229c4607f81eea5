/* The log of a storm over graphs; see log.h. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/storm.h"
#include "tests/storm/log.h"

#define TICKS_MAX	20000

void
storm_lines_read(struct storm_lines *out)
{
	struct storm_line *v = NULL, l;
	size_t cap = 0, n = 0;
	FILE *f;

	if ((f = fopen(storm_logpath(), "r")) == NULL)
		err(1, "%s", storm_logpath());
	while (fscanf(f, "%7s %39s\n", l.what, l.id) == 2) {
		if (n == cap) {
			cap = cap == 0 ? 4096 : cap * 2;
			if ((v = reallocarray(v, cap, sizeof(*v))) == NULL)
				err(1, NULL);
		}
		v[n++] = l;
	}
	fclose(f);
	out->v = v;
	out->n = n;
}

static int
is(const struct storm_line *l, const char *what, const char *id)
{
	return strcmp(l->what, what) == 0 && strcmp(l->id, id) == 0;
}

size_t
storm_line(const struct storm_lines *l, const char *what, const char *id)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (is(&l->v[i], what, id))
			break;
	return i;
}

int
storm_line_like(const struct storm_lines *l, const char *what,
    const char *part)
{
	const char *p;
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i].what, what) == 0 &&
		    (p = strstr(l->v[i].id, part)) != NULL &&
		    strchr(".", p[strlen(part)]) != NULL)
			return 1;
	return 0;
}

/* ---- ends --------------------------------------------------------------- */

static int
unended(const struct tq_info *i, void *arg)
{
	const char *unserved = arg;

	if (strcmp(i->task.queue, unserved) != 0)
		storm_wrong("%s: is %s for ever: %s", i->id.s,
		    tq_state_name(i->state), i->why == NULL ? "" : i->why);
	return 0;
}

static int
is_end(const struct storm_line *l)
{
	return strcmp(l->what, "END") == 0 || strcmp(l->what, "FAIL") == 0;
}

/* By the lines before it, a task had so many ends and retries. */
static void
count(const struct storm_lines *l, size_t at, unsigned *ends,
    unsigned *retries)
{
	size_t i;

	*ends = *retries = 0;
	for (i = 0; i < at; i++)
		if (strcmp(l->v[i].id, l->v[at].id) == 0) {
			*ends += (unsigned)is_end(&l->v[i]);
			*retries += strcmp(l->v[i].what, "RETRY") == 0;
		}
}

static void
judge_line(struct tq *tq, const struct storm_lines *l, size_t at)
{
	const struct storm_line *line = &l->v[at];
	unsigned ends, retries;
	struct tq_info i;
	struct tq_err e;

	count(l, at, &ends, &retries);
	if (is_end(line) && ends > retries)
		storm_wrong("%s: two ends were accepted", line->id);
	if (strcmp(line->what, "START") == 0 && ends > retries)
		storm_wrong("%s: started after its end", line->id);
	if (strcmp(line->what, "PUT") != 0)
		return;
	tq_info_init(&i);
	if (tq_stat(tq, line->id, 0, &i, &e) != 1)
		storm_wrong("%s: LOST", line->id);
	tq_info_fini(&i);
}

void
storm_judge_ends(struct tq *tq, const struct storm_lines *l,
    const char *unserved)
{
	struct tq_select sel = { .states = 1u << TQ_HELD | 1u << TQ_DELAYED |
	    1u << TQ_BLOCKED | 1u << TQ_READY | 1u << TQ_STARTED |
	    1u << TQ_RETRY };
	char queue[64];
	struct tq_err e;
	size_t i;

	(void)snprintf(queue, sizeof(queue), "%s", unserved);
	if (tq_list(tq, &sel, unended, queue, &e) == -1)
		storm_wrong("list: %s", e.text);
	for (i = 0; i < l->n; i++)
		judge_line(tq, l, i);
}

/* ---- ticks -------------------------------------------------------------- */

struct ticks {
	unsigned	 last;
	unsigned char	 seen[TICKS_MAX];
};

static int
tick(const struct tq_info *i, void *arg)
{
	struct ticks *t = arg;
	unsigned n = (unsigned)strtoul(i->task.label, NULL, 10);

	if (n == 0 || n > t->last || n >= TICKS_MAX)
		storm_wrong("tick %u was put, the last is %u", n, t->last);
	else if (t->seen[n]++ != 0)
		storm_wrong("tick %u was put twice", n);
	return 0;
}

void
storm_judge_ticks(struct tq *tq, const char *schedule, const char *queue)
{
	static struct ticks t;
	struct tq_select sel = { .queues = &queue, .nqueues = 1 };
	tq_time last = 0;
	struct tq_err e;
	unsigned n;

	if (tq_last(tq, schedule, &last, &e) == -1)
		storm_wrong("last: %s", e.text);
	t.last = (unsigned)last;
	if (tq_list(tq, &sel, tick, &t, &e) == -1)
		storm_wrong("list: %s", e.text);
	for (n = 1; n <= t.last && n < TICKS_MAX; n++)
		if (!t.seen[n])
			storm_wrong("tick %u was not put", n);
}
