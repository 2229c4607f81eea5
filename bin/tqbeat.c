/*
 * tqbeat [-v] [-b url] [-n count] schedule-file
 *
 * Put tasks at the times that a file of crontab(5) lines says; with -n print
 * the next times and exit.  The broker knows what has been put, so this may be
 * killed, started again or run twice.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "beat/beat.h"
#include "command/arg.h"
#include "command/line.h"
#include "command/options.h"
#include "command/print.h"
#include "command/status.h"
#include "command/stdio.h"

static const char usage[] = "[-v] [-b url] [-n count] schedule-file";

static const struct tq_option table[] = {
	{ 'b', "broker", "url", "where to put tasks" },
	{ 'n', "count", "count", "print the next times and exit" },
	{ 'v', "verbose", NULL, "say each put on stderr" },
};

/* ---- the task of a line ------------------------------------------------ */

struct made {
	struct tq_spec	 spec;
	const char	*argv[1];
};

static void
drop(struct tq_entry *entry)
{
	struct made *m = entry->made;

	if (m != NULL)
		tq_spec_fini(&m->spec);
	free(m);
	entry->made = NULL;
}

/* Options of a task, and missed=, in any order. */
static int
take_words(struct tq_entry *entry, struct tq_spec *s, char *words[], size_t n,
    size_t *bad, struct tq_err *e)
{
	int at = 0, rv;

	while (words[at] != NULL) {
		rv = tq_line_options(s, TQ_PUT_BEAT, (int)n, words, &at,
		    e);
		if (rv == 0 && words[at] != NULL &&
		    (rv = tq_entry_word(entry, words[at], e)) == 0)
			at++;
		if (rv == -1) {
			*bad = (size_t)at;
			return -1;
		}
	}
	return 0;
}

static int
make(struct tq_entry *entry, char *words[], size_t n, size_t *bad,
    struct tq_err *e)
{
	struct made *m = calloc(1, sizeof(*m));
	struct tq_task *t;

	*bad = n;
	if (m == NULL)
		return tq_fail_sys(e, errno, "options");
	entry->made = m;
	t = &m->spec.task;
	tq_spec_init(&m->spec, 0);
	t->kind = TQ_KIND_SHELL;
	if (take_words(entry, &m->spec, words, n, bad, e) == -1)
		goto fail;
	tq_spec_finish(&m->spec);
	m->argv[0] = entry->command;
	t->argc = 1;
	t->argv = m->argv;
	t->flags |= TQ_TASK_LOCAL;
	if (tq_task_check(t, e) == -1)
		goto fail;
	entry->task = t;
	return 0;
 fail:
	drop(entry);
	return -1;
}

static const struct tq_maker maker = { make, drop };

/* ---- telling ------------------------------------------------------------- */

static void
tell(const char *sentence)
{
	tq_warn("%s", sentence);
}

/* Where the next times are printed to, and the file they are of. */
struct listing {
	struct tq_print	 out;
	const char	*path;
};

static void
print(const struct tq_entry *entry, const struct tq_zone *z, tq_time tick,
    void *arg)
{
	struct listing *l = arg;
	char when[32], place[PATH_MAX + 16];

	tq_zone_format(when, sizeof(when), z, tick);
	snprintf(place, sizeof(place), "%s:%u", l->path, entry->line);
	tq_print_str(&l->out, "time", when);
	tq_print_str(&l->out, "line", place);
	tq_print_str(&l->out, "command", entry->command);
	tq_print_end(&l->out);
}

static int
print_next(const char *path, size_t n)
{
	struct listing l = { .path = path };
	struct tq_schedule s;
	struct tq_err e;
	unsigned bad;

	if (tq_schedule_read(&s, path, &maker, tell, &e) == -1)
		tq_die_err(&e);
	tq_print_init(&l.out, STDOUT_FILENO, TQ_PRINT_TEXT);
	if (tq_beat_next(&s, tq_clock_wall(), n, print, &l, &e) == -1)
		tq_die_err(&e);
	tq_print_flush(&l.out);
	tq_print_fini(&l.out);
	bad = s.bad;
	tq_schedule_free(&s, &maker);
	return bad > 0 ? TQ_EXIT_DATA : TQ_EXIT_OK;
}

int
main(int argc, char *argv[])
{
	struct tq_beat b = { .maker = maker, .wrong = tell };
	struct tq_options o;
	struct tq_err e;
	char *urls = NULL;
	size_t n = 0;
	int key;

	tq_stdio_hold();
	tq_options_init(&o, usage, table, sizeof(table) / sizeof(table[0]));
	while ((key = tq_options_next(&o, argc, argv)) != -1)
		switch (key) {
		case 'b':
			tq_arg_broker(&urls, "-b", optarg);
			break;
		case 'n':
			n = (size_t)tq_arg_number("-n", optarg, 1, 1000000);
			break;
		case 'v':
			b.step = tell;
			break;
		}
	if (argc - optind != 1)
		tq_options_usage(&o, argc == optind ? "no schedule" :
		    "more than one schedule");
	if (n > 0) {
		free(urls);
		return print_next(argv[optind], n);
	}
	b.path = argv[optind];
	/* a put is on disk when it returns, also by policy batch */
	if (tq_open(&b.tq, urls, NULL, TQ_OPEN_ONESHOT, &e) == -1)
		tq_die_open(&e);
	if (tq_beat_run(&b, &e) == -1)
		tq_die_err(&e);
	tq_close(b.tq);
	free(urls);
	return TQ_EXIT_OK;
}
