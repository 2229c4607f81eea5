/* Unit tests of lib/worker/capture.c, with the files of no broker. */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/io.h"
#include "lib/worker/capture.h"
#include "tests/lib/t.h"

struct fixture {
	struct tq	*tq;
	struct tq_capture c;
	struct tq_outcome out;
};

static int
setup(void **state)
{
	struct fixture *f = test_malloc(sizeof(*f));

	assert_int_equal(tq_open(&f->tq, "null:", NULL, 0, NULL), 0);
	assert_int_equal(tq_capture_open(&f->c, f->tq, 1, NULL), 0);
	tq_outcome_init(&f->out, TQ_SUCCESS);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	tq_capture_close(&f->c);
	tq_close(f->tq);
	test_free(f);
	return 0;
}

static void
put(struct fixture *f, int i, const char *s)
{
	assert_int_equal(tq_io_write(f->c.fd[i], s, strlen(s)), 0);
}

/* Let stdout hold n bytes: lines of 16 with their offset in them. */
static void
put_much(struct fixture *f, long n)
{
	char buf[65536 + 1];		/* and a NUL behind the last */
	size_t i, at;

	for (at = 0; at < (size_t)n; at += 65536) {
		for (i = 0; i < 65536; i += 16)
			snprintf(buf + i, 17, "%015zx\n", at + i);
		assert_int_equal(tq_io_write(f->c.fd[0], buf, 65536), 0);
	}
}

static int
collect(struct fixture *f, int64_t max)
{
	return tq_capture_collect(&f->c, &f->out, max, NULL);
}

static off_t
size_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_size;
}

static void
nothing_written_is_no_output(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(collect(f, TQ_CAPTURE_MAX), 0);
	assert_int_equal(f->out.out.n, 0);
	assert_int_equal(f->out.err.n, 0);
	assert_int_equal(f->out.out_fd, -1);
	assert_int_equal(f->out.err_fd, -1);
}

static void
little_is_read_back(void **state)
{
	struct fixture *f = *state;

	put(f, 0, "result\n");
	put(f, 1, "warning\n");
	assert_int_equal(collect(f, TQ_CAPTURE_MAX), 0);
	assert_int_equal(f->out.out.n, 7);
	assert_memory_equal(f->out.out.p, "result\n", 7);
	assert_int_equal(f->out.err.n, 8);
	assert_memory_equal(f->out.err.p, "warning\n", 8);
	assert_int_equal(f->out.out_fd, -1);
}

static void
much_is_handed_over_as_a_file(void **state)
{
	struct fixture *f = *state;

	put_much(f, 65536);
	assert_int_equal(collect(f, TQ_CAPTURE_MAX), 0);
	assert_int_equal(f->out.out.n, 0);
	assert_int_equal(f->out.out_fd, f->c.fd[0]);
	assert_int_equal(size_of(f->out.out_fd), 65536);
}

static void
too_much_loses_its_middle_and_says_so(void **state)
{
	struct fixture *f = *state;
	char buf[64];
	const off_t half = TQ_CAPTURE_MAX / 2;

	put_much(f, TQ_CAPTURE_MAX + 65536);
	assert_int_equal(collect(f, TQ_CAPTURE_MAX), 0);
	assert_int_equal(size_of(f->out.out_fd), TQ_CAPTURE_MAX);
	assert_int_equal(tq_io_pread(f->out.out_fd, buf, 16, half - 16), 16);
	assert_memory_equal(buf, "000000001fffff0\n", 16);
	assert_int_equal(tq_io_pread(f->out.out_fd, buf, 34, half), 34);
	assert_memory_equal(buf, "\n[tqrun: 65536 bytes cut here]\n", 31);
	assert_int_equal(tq_io_pread(f->out.out_fd, buf, 16,
	    TQ_CAPTURE_MAX - 16), 16);
	assert_memory_equal(buf, "00000000400fff0\n", 16);
}

static void
a_limit_cuts_and_says_so(void **state)
{
	static const char want[] =
	    "head\n[tqrun: 92 bytes cut here]\n";
	struct fixture *f = *state;
	const size_t n = sizeof(want) - 1;

	put(f, 0, "head");
	for (int i = 0; i < 96; i++)
		put(f, 0, "x");
	put(f, 1, "12345678");
	assert_int_equal(collect(f, 8), 0);
	assert_true(f->out.flags & TQ_OUTCOME_CUT);
	assert_int_equal(f->out.out.n, n);
	assert_memory_equal(f->out.out.p, want, n);
	assert_int_equal(f->out.err.n, 8);
}

static void
what_just_fits_is_not_cut(void **state)
{
	struct fixture *f = *state;

	put(f, 0, "12345678");
	assert_int_equal(collect(f, 8), 0);
	assert_int_equal(f->out.flags, 0);
	assert_int_equal(f->out.out.n, 8);
}

static void
what_is_over_the_limit_takes_no_room(void **state)
{
	struct fixture *f = *state;
	char buf[16];
	struct stat st;

	put_much(f, 4 << 20);
	tq_capture_trim(&f->c, 1 << 20);
	assert_int_equal(fstat(f->c.fd[0], &st), 0);
	assert_int_equal(st.st_size, 4 << 20);
	assert_in_range(st.st_blocks, 1, (1 << 20) / 512 + 16);
	assert_int_equal(collect(f, 1 << 20), 0);
	assert_int_equal(size_of(f->out.out_fd), 1 << 20);
	assert_int_equal(tq_io_pread(f->out.out_fd, buf, 16, (1 << 20) - 16),
	    16);
	assert_memory_equal(buf, "0000000003ffff0\n", 16);
}

static void
the_next_task_finds_empty_files(void **state)
{
	struct fixture *f = *state;
	int fd = f->c.fd[0];

	put(f, 0, "old");
	put_much(f, 65536);
	put(f, 1, "old");
	collect(f, TQ_CAPTURE_MAX);
	assert_int_equal(tq_capture_reset(&f->c, &f->out, 0, NULL), 0);
	assert_int_equal(f->c.fd[0], fd);
	put(f, 0, "new");
	assert_int_equal(size_of(f->c.fd[0]), 3);
	assert_int_equal(size_of(f->c.fd[1]), 0);
}

static void
a_stray_writer_does_not_reach_the_next_task(void **state)
{
	struct fixture *f = *state;
	int stray;

	stray = dup(f->c.fd[0]);
	collect(f, TQ_CAPTURE_MAX);
	assert_int_equal(tq_capture_reset(&f->c, &f->out, 1, NULL), 0);
	assert_int_equal(tq_io_write(stray, "late", 4), 0);
	assert_int_equal(size_of(f->c.fd[0]), 0);
	close(stray);
}

static void
a_file_that_was_taken_is_made_anew(void **state)
{
	struct fixture *f = *state;
	int kept;

	put_much(f, 65536);
	collect(f, TQ_CAPTURE_MAX);
	kept = dup(f->c.fd[0]);
	f->out.taken_out = 1;
	assert_int_equal(tq_capture_reset(&f->c, &f->out, 0, NULL), 0);
	assert_int_equal(size_of(kept), 65536);
	assert_int_equal(size_of(f->c.fd[0]), 0);
	close(kept);
}

#define CAPTURE_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CAPTURE_TEST(nothing_written_is_no_output),
		CAPTURE_TEST(little_is_read_back),
		CAPTURE_TEST(much_is_handed_over_as_a_file),
		CAPTURE_TEST(too_much_loses_its_middle_and_says_so),
		CAPTURE_TEST(a_limit_cuts_and_says_so),
		CAPTURE_TEST(what_just_fits_is_not_cut),
		CAPTURE_TEST(what_is_over_the_limit_takes_no_room),
		CAPTURE_TEST(the_next_task_finds_empty_files),
		CAPTURE_TEST(a_stray_writer_does_not_reach_the_next_task),
		CAPTURE_TEST(a_file_that_was_taken_is_made_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
