/* Unit tests of lib/spool/file.c. */
#define _GNU_SOURCE	/* O_TMPFILE */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/spool/file.h"
#include "lib/spool/verb.h"
#include "tests/lib/spool.h"

#define LARGE	20000		/* more than a record of these spools takes */

/* How many files there are in SPOOL/files. */
static int
count_files(const struct t_spool *f)
{
	char path[T_PATH_MAX + 16];
	const struct dirent *d;
	int n = 0;
	DIR *dp;

	(void)snprintf(path, sizeof(path), "%s/files", f->dir);
	dp = opendir(path);
	assert_non_null(dp);
	while ((d = readdir(dp)) != NULL)
		n += d->d_name[0] != '.';
	closedir(dp);
	return n;
}

/* An open file in SPOOL/live with that text. */
static int
live_file(const struct t_spool *f, const char *name, const char *text)
{
	char path[T_PATH_MAX + 32];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/live/%s", f->dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void
store(struct t_spool *f, const char *name, int fd, uint64_t size, int taken)
{
	uint64_t have = 0;
	int took = -1;

	if (tq_file_store(f->sp, name, fd, &have, &took, &f->e) == -1)
		fail_msg("%s", f->e.text);
	assert_int_equal(have, size);
	assert_int_equal(took, taken);
	close(fd);
}

static void
assert_file(const struct t_spool *f, const char *name, const char *text)
{
	char path[T_PATH_MAX];
	char *have;

	(void)snprintf(path, sizeof(path), "files/%s", name);
	have = t_read(f->dir, path, NULL);
	assert_string_equal(have, text);
	free(have);
}

static void
name_tells_whose_and_what(void **state)
{
	struct tq_uuid id;
	char name[TQ_FILE_NAME];
	int i;

	(void)state;
	for (i = 0; i < TQ_UUID_SIZE; i++)
		id.b[i] = (unsigned char)(i * 17);
	tq_file_name(name, &id, TQ_FILE_BODY, 0xbeef);
	assert_string_equal(name,
	    "00112233445566778899aabbccddeeff.b0000beef");
	tq_file_name(name, &id, TQ_FILE_OUT, 12);
	assert_string_equal(name, "00112233445566778899aabbccddeeff.12.1");
	tq_file_name(name, &id, TQ_FILE_ERR, 65535);
	assert_string_equal(name,
	    "00112233445566778899aabbccddeeff.65535.2");
}

static void
memory_reads_as_a_file(void **state)
{
	char buf[8];
	int fd;

	(void)state;
	fd = tq_file_memory("hello", 5);
	assert_int_not_equal(fd, -1);
	assert_int_equal(pread(fd, buf, sizeof(buf), 0), 5);
	assert_memory_equal(buf, "hello", 5);
	close(fd);
}

static void
foreign_file_is_copied(void **state)
{
	struct t_spool *f = *state;

	store(f, "copy", tq_file_memory("hello", 5), 5, 0);
	assert_file(f, "copy", "hello");
}

static void
capture_file_is_taken_itself(void **state)
{
	struct t_spool *f = *state;
	struct stat st;

	store(f, "taken", live_file(f, "1.0.out", "hello"), 5, 1);
	assert_file(f, "taken", "hello");
	assert_int_equal(fstatat(f->sp->filesfd, "taken", &st, 0), 0);
	assert_int_equal(st.st_nlink, 2);
}

/* Somebody could write to it by the other name. */
static void
capture_file_with_two_names_is_copied(void **state)
{
	struct t_spool *f = *state;
	int fd = live_file(f, "1.0.out", "hello");

	assert_int_equal(linkat(f->sp->dirfd, "live/1.0.out", f->sp->dirfd,
	    "live/other", 0), 0);
	store(f, "copy", fd, 5, 0);
	assert_file(f, "copy", "hello");
}

static void
later_file_replaces_an_earlier(void **state)
{
	struct t_spool *f = *state;

	store(f, "name", tq_file_memory("one", 3), 3, 0);
	store(f, "name", tq_file_memory("other", 5), 5, 0);
	assert_file(f, "name", "other");
	store(f, "name", live_file(f, "1.0.out", "third"), 5, 1);
	assert_file(f, "name", "third");
	assert_int_equal(count_files(f), 1);
}

static void
failing_to_store_leaves_no_file(void **state)
{
	struct t_spool *f = *state;
	int fd = tq_file_memory("hello", 5), taken = 1;
	uint64_t size;

	t_sys_arm(1, EDQUOT);
	assert_int_equal(tq_file_store(f->sp, "name", fd, &size, &taken,
	    &f->e), -1);
	t_sys_disarm();
	assert_int_equal(f->e.num, ENOSPC);
	assert_int_equal(taken, 0);
	assert_int_equal(count_files(f), 0);
	close(fd);
}

/* ---- files of tasks -------------------------------------------------------------- */

static void
long_body_is_a_file_and_read_back(void **state)
{
	struct t_spool *f = *state;
	struct tq_uuid id = t_id(1);
	char buf[64];

	t_spool_put(f, 1, "q", LARGE);
	assert_int_equal(count_files(f), 1);
	assert_int_equal(tq_spool_read(f->sp, &id, 0, TQ_STDIN, LARGE - 10,
	    buf, sizeof(buf), &f->e), 10);
	assert_int_equal(buf[0], 0);
}

static void
short_body_is_no_file(void **state)
{
	struct t_spool *f = *state;

	t_spool_put(f, 1, "q", tq_spool_inline_max(f->sp));
	assert_int_equal(count_files(f), 0);
}

static void
refused_put_leaves_no_file(void **state)
{
	struct t_spool *f = *state;
	static const char body[LARGE];
	struct tq_spool_put p = { .id = t_id(1), .queue = "q", .keep = -1,
	    .body = { body, sizeof(body) }, .body_fd = -1 };
	size_t which;

	t_spool_put(f, 1, "q", 1);
	assert_int_equal(tq_spool_put(f->sp, &p, 1, 0, &which, &f->e), -1);
	assert_int_equal(f->e.num, EEXIST);
	assert_int_equal(count_files(f), 0);
}

/* A second put under the id of a known task must not harm its body. */
static void
refused_put_leaves_the_file_of_the_first(void **state)
{
	struct t_spool *f = *state;
	static const char body[LARGE] = "other";
	struct tq_spool_put p = { .id = t_id(1), .queue = "q", .keep = -1,
	    .body = { body, sizeof(body) }, .body_fd = -1 };
	struct tq_uuid id = t_id(1);
	char buf[8];
	size_t which;

	t_spool_put(f, 1, "q", LARGE);
	assert_int_equal(tq_spool_put(f->sp, &p, 1, 0, &which, &f->e), -1);
	assert_int_equal(count_files(f), 1);
	assert_int_equal(tq_spool_read(f->sp, &id, 0, TQ_STDIN, 0, buf,
	    sizeof(buf), &f->e), sizeof(buf));
	assert_int_equal(buf[0], 0);
}

static void
forgotten_task_takes_its_files_along(void **state)
{
	struct t_spool *f = *state;
	struct tq_uuid id = t_id(1);
	struct tq_rec_end end = { .state = TQ_SUCCESS };
	struct tq_spool_got got;
	uint64_t changed = 0;
	int fd[2], taken[2];
	size_t which;

	t_spool_put(f, 1, "q", LARGE);
	t_spool_claim(f, 1, "q", &got);
	fd[0] = tq_file_memory("out", 3);
	fd[1] = tq_file_memory("err", 3);
	assert_int_equal(tq_spool_settle(f->sp, &id, got.slot, got.s.attempt,
	    &end, fd, taken, 0, &f->e), 0);
	close(fd[0]);
	close(fd[1]);
	assert_int_equal(count_files(f), 3);
	assert_int_equal(tq_spool_act(f->sp, TQ_DO_FORGET, &id, 1, NULL, 0,
	    &changed, &which, &f->e), 0);
	assert_int_equal(changed, 1);
	assert_int_equal(count_files(f), 0);
}

static void
output_that_finds_no_room_is_cut_and_said_so(void **state)
{
	struct t_spool *f = *state;
	struct tq_uuid id = t_id(1);
	struct tq_rec_end end = { .state = TQ_SUCCESS,
	    .out_size = LARGE };
	struct tq_spool_look look;
	struct tq_spool_got got;
	static const char text[LARGE];
	int fd[2] = { -1, -1 }, taken[2];

	t_spool_put(f, 1, "q", 1);
	t_spool_claim(f, 1, "q", &got);
	fd[0] = tq_file_memory(text, sizeof(text));
	t_sys_arm(1, ENOSPC);
	assert_int_equal(tq_spool_settle(f->sp, &id, got.slot, got.s.attempt,
	    &end, fd, taken, 0, &f->e), 0);
	t_sys_disarm();
	close(fd[0]);
	assert_int_equal(tq_spool_look(f->sp, &id, 0, &look, &f->e), 1);
	assert_int_equal(look.s.state, TQ_SUCCESS);
	assert_int_equal(look.end.flags & TQ_EF_CUT, TQ_EF_CUT);
	assert_int_equal(look.end.out_size, LARGE);
	assert_in_range(look.end.out.n, 1, LARGE - 1);
	assert_int_equal(count_files(f), 0);
}

static void
gc_lets_young_orphans_be(void **state)
{
	struct t_spool *f = *state;
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	uint64_t changed = 0;
	char name[TQ_FILE_NAME];
	struct tq_uuid id = t_id(9);

	tq_file_name(name, &id, TQ_FILE_BODY, 1);
	store(f, name, tq_file_memory("x", 1), 1, 0);
	assert_int_equal(tq_spool_gc(f->sp, &changed, &f->e), 0);
	assert_int_equal(count_files(f), 1);
	assert_int_equal(utimensat(f->sp->filesfd, name, old, 0), 0);
	assert_int_equal(tq_spool_gc(f->sp, &changed, &f->e), 0);
	assert_int_equal(count_files(f), 0);
	assert_int_equal(changed, 1);
}

static void
gc_lets_files_of_known_tasks_be(void **state)
{
	struct t_spool *f = *state;
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	char name[TQ_FILE_NAME];
	struct tq_uuid id = t_id(1);
	uint64_t changed = 0;

	t_spool_put(f, 1, "q", 1);
	tq_file_name(name, &id, TQ_FILE_BODY, 1);
	store(f, name, tq_file_memory("x", 1), 1, 0);
	assert_int_equal(utimensat(f->sp->filesfd, name, old, 0), 0);
	assert_int_equal(tq_spool_gc(f->sp, &changed, &f->e), 0);
	assert_int_equal(count_files(f), 1);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, t_setup_spool, \
    t_teardown_spool)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_tells_whose_and_what),
		cmocka_unit_test(memory_reads_as_a_file),
		TEST(foreign_file_is_copied),
		TEST(capture_file_is_taken_itself),
		TEST(capture_file_with_two_names_is_copied),
		TEST(later_file_replaces_an_earlier),
		TEST(failing_to_store_leaves_no_file),
		TEST(long_body_is_a_file_and_read_back),
		TEST(short_body_is_no_file),
		TEST(refused_put_leaves_no_file),
		TEST(refused_put_leaves_the_file_of_the_first),
		TEST(forgotten_task_takes_its_files_along),
		TEST(output_that_finds_no_room_is_cut_and_said_so),
		TEST(gc_lets_young_orphans_be),
		TEST(gc_lets_files_of_known_tasks_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
