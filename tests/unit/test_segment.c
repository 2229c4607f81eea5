/* Unit tests of lib/spool/segment.c. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/io.h"
#include "lib/spool/segment.h"
#include "tests/lib/t.h"

/* A directory, and the head of a segment to be made in it. */
struct fixture {
	char		 dir[T_PATH_MAX];
	int		 dirfd;
	struct tq_seg_head h;
	struct tq_segment s;
};

static int
setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	t_tmpdir(f->dir);
	f->dirfd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_not_equal(f->dirfd, -1);
	f->h.version = TQ_FORMAT;
	f->h.number = 1;
	f->h.size = TQ_SEG_MIN;
	f->h.salt = 9;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	tq_segment_close(&f->s);
	close(f->dirfd);
	t_rmdir(f->dir);
	test_free(f);
	return 0;
}

static void
make(struct fixture *f)
{
	assert_int_equal(tq_segment_make(f->dirfd, &f->h, 0600, 1), 0);
}

static void
make_and_open(struct fixture *f)
{
	make(f);
	assert_int_equal(tq_segment_open(&f->s, NULL, f->dirfd, 1), 0);
}

static void
open_refused(struct fixture *f, uint32_t number, int num)
{
	errno = 0;
	assert_int_equal(tq_segment_open(&f->s, NULL, f->dirfd, number), -1);
	assert_int_equal(errno, num);
}

static void
names_are_numbers_in_hex(void **state)
{
	char name[TQ_SEG_NAME];

	(void)state;
	tq_segment_name(name, 0x1a);
	assert_string_equal(name, "0000001a.seg");
	tq_segment_name(name, UINT32_MAX);
	assert_string_equal(name, "ffffffff.seg");
	assert_int_equal(tq_segment_number("0000001a.seg"), 0x1a);
	assert_int_equal(tq_segment_number("ffffffff.seg"), UINT32_MAX);
}

static void
other_names_are_no_segments(void **state)
{
	static const char *const names[] = {
		"", ".", ".new", "00000000.seg", "0000001A.seg", "1a.seg",
		"0000001a.seg~", "0000001a", "00000001a.seg", "0000001a.SEG"
	};
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(names); i++)
		assert_int_equal(tq_segment_number(names[i]), 0);
}

static void
fresh_segment_is_whole_and_zero(void **state)
{
	struct fixture *f = *state;
	static const char zeros[TQ_SEG_MIN - TQ_SEG_HEAD];
	struct tq_seg_head h;
	char *bytes;
	size_t n;

	make(f);
	bytes = t_read(f->dir, "00000001.seg", &n);
	assert_int_equal(n, TQ_SEG_MIN);
	assert_int_equal(tq_seg_decode(&h, (unsigned char *)bytes), 0);
	assert_int_equal(h.salt, 9);
	assert_memory_equal(bytes + TQ_SEG_HEAD, zeros, sizeof(zeros));
	free(bytes);
}

static void
mode_is_not_cut_by_the_umask(void **state)
{
	struct fixture *f = *state;
	mode_t old = umask(077);
	struct stat st;

	assert_int_equal(tq_segment_make(f->dirfd, &f->h, 0660, 0), 0);
	umask(old);
	assert_int_equal(fstatat(f->dirfd, "00000001.seg", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
}

static void
failing_to_make_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	unsigned i, calls;

	t_sys_arm(UINT32_MAX, ENOSPC);
	make(f);
	calls = t_sys_disarm();
	assert_int_equal(unlinkat(f->dirfd, "00000001.seg", 0), 0);
	/* the last call syncs the directory: the segment has its name then */
	for (i = 1; i < calls; i++) {
		t_sys_arm(i, ENOSPC);
		assert_int_equal(tq_segment_make(f->dirfd, &f->h, 0600, 1),
		    -1);
		assert_int_equal(errno, ENOSPC);
		t_sys_disarm();
		assert_int_equal(faccessat(f->dirfd, ".new", F_OK, 0), -1);
		open_refused(f, 1, ENOENT);
	}
}

static void
head_says_what_was_made(void **state)
{
	struct fixture *f = *state;
	struct tq_seg_head h;

	make(f);
	assert_int_equal(tq_segment_open(&f->s, &h, f->dirfd, 1), 0);
	assert_int_equal(f->s.number, 1);
	assert_int_equal(f->s.size, TQ_SEG_MIN);
	assert_int_equal(f->s.salt, 9);
	assert_int_equal(h.number, 1);
}

static void
missing_segment_is_enoent(void **state)
{
	open_refused(*state, 7, ENOENT);
}

static void
segment_under_another_name_is_refused(void **state)
{
	struct fixture *f = *state;

	make(f);
	assert_int_equal(renameat(f->dirfd, "00000001.seg", f->dirfd,
	    "00000002.seg"), 0);
	open_refused(f, 2, EBADMSG);
}

static void
short_file_is_refused(void **state)
{
	struct fixture *f = *state;

	t_write(f->dir, "00000001.seg", "tq-ledgr", 8);
	open_refused(f, 1, EBADMSG);
}

static void
size_out_of_range_is_refused(void **state)
{
	struct fixture *f = *state;
	unsigned char head[TQ_SEG_HEAD];

	f->h.size = TQ_SEG_MIN - 1;
	tq_seg_encode(head, &f->h);
	t_write(f->dir, "00000001.seg", head, sizeof(head));
	open_refused(f, 1, EBADMSG);

	f->h.size = (1u << 30) + 1;
	tq_seg_encode(head, &f->h);
	t_write(f->dir, "00000001.seg", head, sizeof(head));
	open_refused(f, 1, EBADMSG);
}

static void
symbolic_link_is_refused(void **state)
{
	struct fixture *f = *state;

	make(f);
	assert_int_equal(symlinkat("00000001.seg", f->dirfd, "00000002.seg"),
	    0);
	open_refused(f, 2, ELOOP);
}

/* What one handle writes another reads, mapped or not. */
static void
write_is_read(struct fixture *f)
{
	const unsigned char *p;
	unsigned char buf[64];
	struct tq_segment s;
	size_t n = 5;

	assert_int_equal(tq_segment_write(&f->s, "hello", 5, 4000), 0);
	assert_int_equal(tq_segment_open(&s, NULL, f->dirfd, 1), 0);
	p = tq_segment_read(&s, buf, &n, 4000);
	assert_non_null(p);
	assert_int_equal(n, 5);
	assert_memory_equal(p, "hello", 5);
	tq_segment_close(&s);
	p = tq_segment_read(&f->s, buf, &n, 4000);
	assert_non_null(p);
	assert_memory_equal(p, "hello", 5);
}

static void
written_bytes_are_read(void **state)
{
	struct fixture *f = *state;

	make_and_open(f);
	write_is_read(f);
}

static void
stored_bytes_are_read(void **state)
{
	struct fixture *f = *state;

	make_and_open(f);
	assert_int_equal(tq_segment_map(&f->s), 0);
	write_is_read(f);
}

static void
read_ends_with_the_segment(void **state)
{
	struct fixture *f = *state;
	unsigned char buf[64];
	size_t n = sizeof(buf);

	make_and_open(f);
	assert_non_null(tq_segment_read(&f->s, buf, &n, TQ_SEG_MIN - 8));
	assert_int_equal(n, 8);
	assert_int_equal(tq_segment_map(&f->s), 0);
	n = sizeof(buf);
	assert_non_null(tq_segment_read(&f->s, buf, &n, TQ_SEG_MIN - 8));
	assert_int_equal(n, 8);
	n = sizeof(buf);
	assert_null(tq_segment_read(&f->s, buf, &n, TQ_SEG_MIN));
	assert_int_equal(errno, EBADMSG);
}

static void
closing_twice_is_allowed(void **state)
{
	struct fixture *f = *state;

	make_and_open(f);
	tq_segment_close(&f->s);
	assert_int_equal(f->s.fd, -1);
	tq_segment_close(&f->s);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_numbers_in_hex),
		cmocka_unit_test(other_names_are_no_segments),
		TEST(fresh_segment_is_whole_and_zero),
		TEST(mode_is_not_cut_by_the_umask),
		TEST(failing_to_make_leaves_nothing),
		TEST(head_says_what_was_made),
		TEST(missing_segment_is_enoent),
		TEST(segment_under_another_name_is_refused),
		TEST(short_file_is_refused),
		TEST(size_out_of_range_is_refused),
		TEST(symbolic_link_is_refused),
		TEST(written_bytes_are_read),
		TEST(stored_bytes_are_read),
		TEST(read_ends_with_the_segment),
		TEST(closing_twice_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
