/*
 * A disk that forgets, lies or fails: bits that flip in segments, segments
 * cut short or gone, syncs that fail once or for ever.  What is damaged is set
 * aside and named, what is not damaged goes on.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/io.h"
#include "lib/spool/record.h"
#include "tests/lib/crash.h"

#define TASKS	150	/* of 1000 bytes: three segments */
#define SEGMENT	65536

/* ---- children ---------------------------------------------------------- */

static void
fill(struct crash_world *w)
{
	struct tq *tq = crash_open(w);
	unsigned n;

	for (n = 0; n < TASKS; n += 10)
		crash_put(w, tq, n, 10, 1000);
	tq_close(tq);
}

/* Count in w->failures what is missing, and expect it no more. */
static void
find_missing(struct crash_world *w)
{
	struct tq *tq = crash_open(w);
	struct tq_info i;
	struct tq_err e;
	unsigned n;
	char id[16];
	int rv;

	tq_info_init(&i);
	for (n = 0; n < w->ntasks; n++) {
		snprintf(id, sizeof(id), "t%u", n);
		if ((rv = tq_stat(tq, id, 0, &i, &e)) == -1)
			crash_die(w, "%s: %s", id, e.text);
		if (rv == 0) {
			w->task[n].put = CRASH_ASKED;
			w->failures++;
		}
	}
	tq_info_fini(&i);
	tq_close(tq);
}

static void
name_segment(const char *text, void *arg)
{
	unsigned *named = arg;

	*named += strncmp(text, "ledger", 6) == 0;
}

static void
check_finds_damage(struct crash_world *w)
{
	struct tq *tq = crash_open(w);
	unsigned named = 0;
	struct tq_err e;
	int n = tq_check(tq, 0, name_segment, &named, &e);

	if (n < 1 || named < 1)
		crash_die(w, "check finds %d damages and names %u", n, named);
	tq_close(tq);
}

static void
salvage(struct crash_world *w)
{
	struct tq *tq = crash_open(w);
	unsigned named = 0;
	struct tq_err e;

	if (tq_check(tq, TQ_CHECK_SALVAGE, name_segment, &named, &e) == -1)
		crash_die(w, "salvage: %s", e.text);
	tq_close(tq);
}

/* ---- damage ------------------------------------------------------------- */

static int
open_segment(const struct crash_world *w, unsigned number)
{
	char path[T_PATH_MAX + 32];
	int fd;

	snprintf(path, sizeof(path), "%s/ledger/%08x.seg", w->dir, number);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	return fd;
}

/* Turn over a bit of the last byte of a segment that is not zero, or of `at`. */
static void
flip(const struct crash_world *w, unsigned number, off_t at)
{
	int fd = open_segment(w, number);
	unsigned char buf[SEGMENT];

	assert_int_equal(pread(fd, buf, sizeof(buf), 0), sizeof(buf));
	if (at == -1)
		for (at = SEGMENT - 1; at > 0 && buf[at] == 0; at--)
			continue;
	buf[at] ^= 0x10;
	assert_int_equal(pwrite(fd, buf + at, 1, at), 1);
	close(fd);
}

static unsigned
files_in(const struct crash_world *w, const char *dir)
{
	char path[T_PATH_MAX + 16];
	const struct dirent *d;
	unsigned n = 0;
	DIR *dp;

	snprintf(path, sizeof(path), "%s/%s", w->dir, dir);
	assert_non_null(dp = opendir(path));
	while ((d = readdir(dp)) != NULL)
		n += d->d_name[0] != '.';
	closedir(dp);
	return n;
}

static unsigned
set_aside(const struct crash_world *w)
{
	return files_in(w, "damaged");
}

/* What remains is all there, and after a salvage nothing is damaged. */
static void
rest_goes_on(struct crash_world *w, unsigned min, unsigned max)
{
	w->failures = 0;
	crash_must(find_missing, w, "look for what is missing");
	assert_in_range(w->failures, min, max);
	crash_must(check_finds_damage, w, "check");
	crash_must(salvage, w, "salvage");
	crash_must(crash_verify, w, "verify");
	crash_lose_table(w);
	crash_must(crash_verify, w, "verify without the table");
	crash_must(crash_drain, w, "drain");
}

static void
flipped_bit_costs_one_batch(void **state)
{
	struct crash_world *w = *state;

	crash_must(fill, w, "fill");
	crash_lose_table(w);
	flip(w, 1, 20000);
	/* the ten of one transaction are there together or not at all */
	rest_goes_on(w, 1, 10);
	assert_int_not_equal(set_aside(w), 0);
}

static void
flipped_bit_in_the_last_record_is_damage(void **state)
{
	struct crash_world *w = *state;

	crash_must(fill, w, "fill");
	crash_lose_table(w);
	flip(w, 3, -1);
	rest_goes_on(w, 1, 10);
	assert_int_not_equal(set_aside(w), 0);
}

static void
flipped_bit_is_found_while_the_table_lives(void **state)
{
	struct crash_world *w = *state;

	crash_must(fill, w, "fill");
	flip(w, 2, 30000);
	crash_must(check_finds_damage, w, "check");
	crash_must(salvage, w, "salvage");
	w->failures = 0;
	crash_must(find_missing, w, "look for what is missing");
	assert_in_range(w->failures, 1, 10);
	crash_must(crash_verify, w, "verify");
}

static void
short_segment_costs_its_end(void **state)
{
	struct crash_world *w = *state;
	int fd;

	crash_must(fill, w, "fill");
	crash_lose_table(w);
	fd = open_segment(w, 2);
	assert_int_equal(ftruncate(fd, SEGMENT / 2), 0);
	close(fd);
	rest_goes_on(w, 10, 40);
}

static void
missing_segment_is_named(void **state)
{
	struct crash_world *w = *state;
	char path[T_PATH_MAX + 32];

	crash_must(fill, w, "fill");
	crash_lose_table(w);
	snprintf(path, sizeof(path), "%s/ledger/00000002.seg", w->dir);
	assert_int_equal(unlink(path), 0);
	rest_goes_on(w, 40, 70);
}

/* The last that is used is lost, with one prepared behind it. */
static void
missing_end_is_named(void **state)
{
	struct crash_world *w = *state;
	char path[T_PATH_MAX + 32];

	crash_must(fill, w, "fill");
	crash_lose_table(w);
	snprintf(path, sizeof(path), "%s/ledger/00000003.seg", w->dir);
	assert_int_equal(unlink(path), 0);
	rest_goes_on(w, 10, 50);
}

static void
short_end_is_named(void **state)
{
	struct crash_world *w = *state;
	int fd;

	crash_must(fill, w, "fill");
	crash_lose_table(w);
	fd = open_segment(w, 3);
	assert_int_equal(ftruncate(fd, TQ_SEG_HEAD), 0);
	close(fd);
	rest_goes_on(w, 10, 50);
}

static void
damaged_head_of_a_segment_is_made_again(void **state)
{
	struct crash_world *w = *state;

	crash_must(fill, w, "fill");
	crash_lose_table(w);
	flip(w, 2, 12);
	flip(w, 3, 12);
	rest_goes_on(w, 0, 0);
	assert_int_equal(set_aside(w), 2);
}

/* With it the last segment looks as if it had never been used. */
static void
damaged_first_record_costs_no_other(void **state)
{
	struct crash_world *w = *state;

	crash_must(fill, w, "fill");
	crash_lose_table(w);
	flip(w, 3, TQ_SEG_HEAD + 20);
	rest_goes_on(w, 0, 0);
	assert_int_not_equal(set_aside(w), 0);
}

/* ---- syncs that fail ------------------------------------------------------ */

static int
fail_sync(int fd)
{
	(void)fd;
	errno = EIO;
	return -1;
}

/* Nothing is acknowledged, and soon nothing taken; what is there is told. */
static void
put_on_a_dead_disk(struct crash_world *w)
{
	struct tq *tq = crash_open(w);
	unsigned n = w->ntasks, i;

	w->inject = EIO;
	tq_sys.fdatasync = tq_sys.fsync = fail_sync;
	for (i = 0; i < 3; i++)
		if (crash_put(w, tq, n + i, 1, 100) == 0)
			crash_die(w, "a put is said to be on a dead disk");
	/* the disk may be sound again, the table does not trust it */
	tq_sys.fdatasync = fdatasync;
	tq_sys.fsync = fsync;
	if (crash_put(w, tq, n + i, 1, 100) != -1)
		crash_die(w, "a put is taken");
	tq_close(tq);
}

/* Nobody uses that table any more: a new one tries the disk. */
static void
put_is_taken(struct crash_world *w)
{
	struct tq *tq = crash_open(w);

	if (crash_put(w, tq, w->ntasks, 1, 100) == -1)
		crash_die(w, "a put is refused");
	tq_close(tq);
}

static void
dead_disk_loses_nothing_that_was_told(void **state)
{
	struct crash_world *w = *state;

	crash_must(fill, w, "fill");
	crash_must(put_on_a_dead_disk, w, "put");
	crash_must(crash_verify, w, "verify before anybody puts");
	crash_must(put_is_taken, w, "put by another");
	crash_must(crash_verify, w, "verify");
	crash_lose_table(w);
	crash_must(crash_verify, w, "verify without the table");
	crash_must(crash_drain, w, "drain");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CRASH_TEST(flipped_bit_costs_one_batch),
		CRASH_TEST(flipped_bit_in_the_last_record_is_damage),
		CRASH_TEST(flipped_bit_is_found_while_the_table_lives),
		CRASH_TEST(short_segment_costs_its_end),
		CRASH_TEST(missing_segment_is_named),
		CRASH_TEST(missing_end_is_named),
		CRASH_TEST(short_end_is_named),
		CRASH_TEST(damaged_head_of_a_segment_is_made_again),
		CRASH_TEST(damaged_first_record_costs_no_other),
		CRASH_TEST(dead_disk_loses_nothing_that_was_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
