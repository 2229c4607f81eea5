/* Unit tests of lib/beat/schedule.c and zone.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/beat/beat.h"
#include "tests/lib/t.h"

struct fixture {
	char		 dir[T_PATH_MAX];
	char		 path[T_PATH_MAX + 8];
	struct tq_schedule s;
	struct tq_err	 e;
};

static char told[4096];		/* the callback passes no argument */
static unsigned made;		/* tasks that are not dropped */

static void
tell(const char *sentence)
{
	/* without the directory, which is another each time */
	const char *p = strrchr(sentence, '/');

	snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s\n",
	    p != NULL ? p + 1 : sentence);
}

/* A word "bad" is one; "all" is missed=all's. */
static int
make(struct tq_entry *entry, char *words[], size_t n, size_t *bad,
    struct tq_err *e)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strncmp(words[i], "missed=", 7) == 0) {
			if (tq_entry_word(entry, words[i], e) == -1) {
				*bad = i;
				return -1;
			}
		} else if (strcmp(words[i], "bad") == 0) {
			*bad = i;
			return tq_fail(e, EINVAL, "'bad' is no good");
		}
	assert_null(words[n]);
	entry->made = entry;
	made++;
	return 0;
}

static void
drop(struct tq_entry *entry)
{
	made -= entry->made != NULL;
}

static const struct tq_maker maker = { make, drop };

static int
setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	setenv("TZ", "UTC0", 1);
	t_tmpdir(f->dir);
	snprintf(f->path, sizeof(f->path), "%s/tab", f->dir);
	told[0] = '\0';
	made = 0;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	tq_schedule_free(&f->s, &maker);
	assert_int_equal(made, 0);
	t_rmdir(f->dir);
	test_free(f);
	return 0;
}

static void
read_text(struct fixture *f, const char *text)
{
	tq_schedule_free(&f->s, &maker);
	t_write(f->dir, "tab", text, strlen(text));
	if (tq_schedule_read(&f->s, f->path, &maker, tell, &f->e) == -1)
		fail_msg("%s", f->e.text);
}

/* The name of the only line of a text. */
static void
name_of(struct fixture *f, const char *text, char name[80])
{
	read_text(f, text);
	assert_int_equal(f->s.n, 1);
	memcpy(name, f->s.v[0].name, 80);
}

static void
lines_become_entries(void **state)
{
	struct fixture *f = *state;

	read_text(f, "# x\n\nCRON_TZ=UTC\n@daily [missed=all a]  echo hi  \n"
	    "CRON_TZ=\n@reboot up");
	assert_string_equal(told, "");
	assert_int_equal(f->s.n, 2);
	assert_int_equal(f->s.v[0].line, 4);
	assert_string_equal(f->s.v[0].command, "echo hi");
	assert_string_equal(f->s.v[0].zone, "UTC");
	assert_int_equal(f->s.v[0].missed, TQ_MISSED_ALL);
	assert_int_equal(f->s.v[1].line, 6);
	assert_string_equal(f->s.v[1].command, "up");
	assert_string_equal(f->s.v[1].zone, "");
	assert_int_equal(f->s.v[1].missed, TQ_MISSED_ONE);
}

static void
wrong_lines_are_told_and_left_out(void **state)
{
	struct fixture *f = *state;

	read_text(f, "@daily a\n@dayly b\n  @daily [x  bad] c\n"
	    "@daily [missed=x] d\nCRON_TZ=No/where\n@daily e\nCRON_TZ=\n"
	    "@daily f\n");
	assert_string_equal(told,
	    "tab:2:1: '@dayly': want @yearly, @monthly, @weekly, @daily, "
	    "@hourly, @reboot or @every\n"
	    "tab:3:14: 'bad' is no good\n"
	    "tab:4:9: 'missed=x' is neither an option nor missed=one, "
	    "missed=all or missed=none\n"
	    "zoneinfo\n"
	    "tab:6:1: its CRON_TZ is wrong\n");
	assert_int_equal(f->s.bad, 5);
	assert_int_equal(f->s.n, 2);
	assert_string_equal(f->s.v[0].command, "a");
	assert_string_equal(f->s.v[1].command, "f");
}

static void
line_has_the_same_name_wherever_it_stands(void **state)
{
	struct fixture *f = *state;
	char one[80], two[80];

	name_of(f, "30 2 * * * [-q a] run it\n", one);
	name_of(f, "# moved\n\n  30\t2 *   * * [-q a]   run it", two);
	assert_string_equal(one, two);
}

static void
line_that_says_something_else_has_another(void **state)
{
	static const char *const others[] = {
		"31 2 * * * [-q a] run it", "30 2 * * * [-q b] run it",
		"30 2 * * * run it", "30 2 * * * [-q a] run  it",
		"CRON_TZ=UTC\n30 2 * * * [-q a] run it",
	};
	struct fixture *f = *state;
	char one[80], other[80];
	size_t i;

	name_of(f, "30 2 * * * [-q a] run it", one);
	for (i = 0; i < T_COUNT(others); i++) {
		name_of(f, others[i], other);
		assert_string_not_equal(one, other);
	}
}

static void
equal_lines_are_told_apart_by_their_order(void **state)
{
	struct fixture *f = *state;
	char one[80];

	name_of(f, "@daily x", one);
	read_text(f, "@daily x\n@daily y\n@daily x\n@daily x\n");
	assert_int_equal(f->s.n, 4);
	assert_string_equal(f->s.v[0].name, one);
	assert_string_not_equal(f->s.v[2].name, one);
	assert_string_not_equal(f->s.v[3].name, f->s.v[2].name);
}

static void
too_many_lines_and_bytes_are_refused(void **state)
{
	struct fixture *f = *state;
	char *text = malloc(TQ_SCHEDULE_BYTES + 2), *p = text;
	int i;

	assert_non_null(text);
	for (i = 0; i <= TQ_SCHEDULE_LINES; i++)
		p += sprintf(p, "@daily x%d\n", i);
	read_text(f, text);
	assert_int_equal(f->s.n, TQ_SCHEDULE_LINES);
	assert_string_equal(told,
	    "tab:4097:1: more than 4096 lines that put tasks\n");
	memset(text, '#', TQ_SCHEDULE_BYTES + 1);
	t_write(f->dir, "tab", text, TQ_SCHEDULE_BYTES + 1);
	free(text);
	tq_schedule_free(&f->s, &maker);
	assert_int_equal(tq_schedule_read(&f->s, f->path, &maker, tell,
	    &f->e), -1);
	assert_int_equal(errno, EMSGSIZE);
}

static void
file_that_cannot_be_read_is_named(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tq_schedule_read(&f->s, "/no/such", &maker, tell,
	    &f->e), -1);
	assert_int_equal(errno, ENOENT);
	assert_non_null(strstr(f->e.text, "/no/such"));
}

/* ---- zones --------------------------------------------------------------- */

static void
zone_is_a_file_of_the_database_or_a_rule(void **state)
{
	static const char *const good[] = {
		"", "CET-1CEST,M3.5.0,M10.5.0/3", "EST5", "<+0330>-3:30"
	};
	static const char *const bad[] = {
		"No/where", "/etc/localtime", "../../../etc/passwd", "E",
		":UTC", "<x", "Mars", "."
	};
	struct tq_err e;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(good); i++)
		assert_int_equal(tq_zone_check(good[i], strlen(good[i]), &e),
		    0);
	for (i = 0; i < T_COUNT(bad); i++) {
		if (tq_zone_check(bad[i], strlen(bad[i]), &e) != -1)
			fail_msg("'%s' was taken", bad[i]);
		assert_non_null(strstr(e.text, bad[i]));
	}
}

static void
zones_are_used_one_after_another(void **state)
{
	struct tq_zones zones;
	struct tq_zone z;
	char text[32];

	(void)state;
	assert_int_equal(tq_zones_init(&zones), 0);
	z = tq_zones_use(&zones, "CET-1CEST,M3.5.0,M10.5.0/3");
	tq_zone_format(text, sizeof(text), &z, INT64_C(1782864000) *
	    TQ_SECOND);
	assert_string_equal(text, "2026-07-01T02:00:00+02:00");
	z = tq_zones_use(&zones, "<-0330>3:30");
	tq_zone_format(text, sizeof(text), &z, INT64_C(1782864000) *
	    TQ_SECOND);
	assert_string_equal(text, "2026-06-30T20:30:00-03:30");
	tq_zones_fini(&zones);
	assert_string_equal(getenv("TZ"), "UTC0");
}

/* ---- the next ticks --------------------------------------------------------- */

static void
add(const struct tq_entry *entry, const struct tq_zone *z, tq_time tick,
    void *arg)
{
	char *out = arg;
	char when[32];

	tq_zone_format(when, sizeof(when), z, tick);
	snprintf(out + strlen(out), 512 - strlen(out), "%s %s\n", when,
	    entry->command);
}

static void
next_ticks_come_in_their_order(void **state)
{
	struct fixture *f = *state;
	char out[512] = "";

	read_text(f, "0 12 * * * noon\nCRON_TZ=EST5\n0 8 * * * east\n"
	    "@reboot up\n@every 12h half\n");
	assert_int_equal(tq_beat_next(&f->s, INT64_C(1782864000) * TQ_SECOND,
	    4, add, out, &f->e), 0);
	assert_string_equal(out,
	    "2026-07-01T12:00:00+00:00 noon\n"
	    "2026-07-01T07:00:00-05:00 half\n"
	    "2026-07-01T08:00:00-05:00 east\n"
	    "2026-07-01T19:00:00-05:00 half\n");
	read_text(f, "@reboot up\n");
	out[0] = '\0';
	assert_int_equal(tq_beat_next(&f->s, 1, 4, add, out, &f->e), 0);
	assert_string_equal(out, "");
}

#define ON_FILE(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_FILE(lines_become_entries),
		ON_FILE(wrong_lines_are_told_and_left_out),
		ON_FILE(line_has_the_same_name_wherever_it_stands),
		ON_FILE(line_that_says_something_else_has_another),
		ON_FILE(equal_lines_are_told_apart_by_their_order),
		ON_FILE(too_many_lines_and_bytes_are_refused),
		ON_FILE(file_that_cannot_be_read_is_named),
		ON_FILE(zone_is_a_file_of_the_database_or_a_rule),
		ON_FILE(zones_are_used_one_after_another),
		ON_FILE(next_ticks_come_in_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
