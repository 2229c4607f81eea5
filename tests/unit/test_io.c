/* Unit tests of lib/base/io.c. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/io.h"
#include "tests/lib/t.h"

static int
open_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_not_equal(fd, -1);
	return fd;
}

static int
open_new(const char *dir)
{
	int dirfd = open_dir(dir), fd;

	fd = openat(dirfd, "f", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	close(dirfd);
	return fd;
}

static void
pwrite_and_pread_are_whole(void **state)
{
	char buf[8];
	int fd = open_new(*state);

	assert_int_equal(tq_io_pwrite(fd, "abcdef", 6, 2), 0);
	assert_int_equal(tq_io_pread(fd, buf, 4, 2), 4);
	assert_memory_equal(buf, "abcd", 4);
	close(fd);
}

static void
pread_stops_at_the_end(void **state)
{
	char buf[8];
	int fd = open_new(*state);

	assert_int_equal(tq_io_pwrite(fd, "abc", 3, 0), 0);
	assert_int_equal(tq_io_pread(fd, buf, sizeof(buf), 1), 2);
	assert_int_equal(tq_io_pread(fd, buf, sizeof(buf), 99), 0);
	close(fd);
}

static void
read_collects_the_pieces_of_a_pipe(void **state)
{
	char buf[16];
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(tq_io_write(fds[1], "abc", 3), 0);
	assert_int_equal(tq_io_write(fds[1], "de", 2), 0);
	close(fds[1]);
	assert_int_equal(tq_io_read(fds[0], buf, sizeof(buf)), 5);
	assert_memory_equal(buf, "abcde", 5);
	close(fds[0]);
}

/* A pwrite that writes one byte at a time, stopped by a signal each time. */
static int crumbs;

static ssize_t
crumbling_pwrite(int fd, const void *p, size_t n, off_t off)
{
	if (crumbs++ % 2 == 0) {
		errno = EINTR;
		return -1;
	}
	return pwrite(fd, p, n > 1 ? 1 : n, off);
}

static void
short_and_stopped_writes_go_on(void **state)
{
	char buf[8];
	int fd = open_new(*state), rv;

	crumbs = 0;
	tq_sys.pwrite = crumbling_pwrite;
	rv = tq_io_pwrite(fd, "abcdef", 6, 0);
	tq_sys.pwrite = pwrite;
	assert_int_equal(rv, 0);
	assert_int_equal(crumbs, 12);
	assert_int_equal(tq_io_pread(fd, buf, 6, 0), 6);
	assert_memory_equal(buf, "abcdef", 6);
	close(fd);
}

static void
closed_descriptor_is_an_error(void **state)
{
	char c = 0;

	(void)state;
	assert_int_equal(tq_io_pwrite(-1, &c, 1, 0), -1);
	assert_int_equal(tq_io_pread(-1, &c, 1, 0), -1);
	assert_int_equal(tq_io_write(-1, &c, 1), -1);
	assert_int_equal(tq_io_read(-1, &c, 1), -1);
	assert_int_equal(tq_io_sync(-1), -1);
	assert_int_equal(errno, EBADF);
}

static void
replace_makes_and_overwrites_a_file(void **state)
{
	int dirfd = open_dir(*state);
	char *p;
	size_t n;

	assert_int_equal(tq_io_replace(dirfd, "f", "first", 5, 0600, NULL), 0);
	assert_int_equal(tq_io_replace(dirfd, "f", "2nd", 3, 0600, NULL), 0);
	p = t_read(*state, "f", &n);
	assert_int_equal(n, 3);
	assert_string_equal(p, "2nd");
	free(p);
	close(dirfd);
}

static void
replace_gives_the_mode_whatever_the_umask(void **state)
{
	int dirfd = open_dir(*state);
	struct stat sb;
	mode_t mask;

	mask = umask(077);
	assert_int_equal(tq_io_replace(dirfd, "f", "x", 1, 0664, NULL), 0);
	umask(mask);
	assert_int_equal(fstatat(dirfd, "f", &sb, 0), 0);
	assert_int_equal(sb.st_mode & 07777, 0664);
	close(dirfd);
}

static void
replace_does_not_follow_what_a_crash_left(void **state)
{
	int dirfd = open_dir(*state);
	char *p;

	t_write(*state, "victim", "precious", 8);
	assert_int_equal(symlinkat("victim", dirfd, ".f.tmp"), 0);
	assert_int_equal(tq_io_replace(dirfd, "f", "x", 1, 0600, NULL), 0);
	p = t_read(*state, "victim", NULL);
	assert_string_equal(p, "precious");
	free(p);
	close(dirfd);
}

static void
replace_refuses_a_name_too_long_for_its_twin(void **state)
{
	char name[300];
	struct tq_err e;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[252] = '\0';
	assert_int_equal(tq_io_replace(AT_FDCWD, name, "x", 1, 0600, &e), -1);
	assert_int_equal(e.num, ENAMETOOLONG);
}

/*
 * Whichever call fails, the old file or the new one is there, whole; the
 * error is told, with the file's name; and nothing else stays behind.
 */
static void
replace_that_fails_anywhere_leaves_old_or_new(void **state)
{
	unsigned n, calls, bad = 0;
	int dirfd = open_dir(*state), rv;
	struct tq_err e;
	char *p;

	t_write(*state, "f", "old", 3);
	for (n = 1; ; n++) {
		t_sys_arm(n, EIO);
		rv = tq_io_replace(dirfd, "f", "new", 3, 0600, &e);
		calls = t_sys_disarm();
		if (n > calls)
			break;
		p = t_read(*state, "f", NULL);
		bad += strcmp(p, "old") != 0 && strcmp(p, "new") != 0;
		bad += rv != -1 || e.num != EIO || strncmp(e.text, "f:", 2);
		bad += faccessat(dirfd, ".f.tmp", F_OK, 0) == 0;
		free(p);
	}
	assert_int_equal(rv, 0);
	/* unlink, open, write, sync, rename, sync of the directory */
	assert_int_equal(calls, 6);
	assert_int_equal(bad, 0);
	close(dirfd);
}

static void
copy_takes_what_is_asked(void **state)
{
	int from = open_new(*state), fds[2];
	char buf[16];

	assert_int_equal(tq_io_pwrite(from, "0123456789", 10, 0), 0);
	assert_int_equal(pipe(fds), 0);
	assert_true(tq_io_copy(fds[1], from, 2, 3) == 3);
	assert_true(tq_io_copy(fds[1], from, 7, -1) == 3);
	assert_true(tq_io_copy(fds[1], from, 8, 99) == 2);
	assert_true(tq_io_copy(fds[1], from, 0, 0) == 0);
	close(fds[1]);
	assert_int_equal(tq_io_read(fds[0], buf, sizeof(buf)), 8);
	assert_memory_equal(buf, "23478989", 8);
	close(fds[0]);
	close(from);
}

static void
copy_is_right_over_many_blocks(void **state)
{
	size_t i, n = 200001, bad = 0;
	char *p = malloc(n), *q;
	int to;

	for (i = 0; i < n; i++)
		p[i] = (char)(i % 251);
	t_write(*state, "big", p, n);
	to = open_new(*state);
	{
		int dirfd = open_dir(*state);
		int from = openat(dirfd, "big", O_RDONLY | O_CLOEXEC);

		assert_true(tq_io_copy(to, from, 0, -1) == (off_t)n);
		close(from);
		close(dirfd);
	}
	q = t_read(*state, "f", &i);
	assert_int_equal(i, n);
	bad = memcmp(p, q, n) != 0;
	assert_int_equal(bad, 0);
	free(p);
	free(q);
	close(to);
}

#define IN_DIR(f) \
	cmocka_unit_test_setup_teardown(f, t_setup_dir, t_teardown_dir)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(pwrite_and_pread_are_whole),
		IN_DIR(pread_stops_at_the_end),
		cmocka_unit_test(read_collects_the_pieces_of_a_pipe),
		IN_DIR(short_and_stopped_writes_go_on),
		cmocka_unit_test(closed_descriptor_is_an_error),
		IN_DIR(replace_makes_and_overwrites_a_file),
		IN_DIR(replace_gives_the_mode_whatever_the_umask),
		IN_DIR(replace_does_not_follow_what_a_crash_left),
		IN_DIR(replace_refuses_a_name_too_long_for_its_twin),
		IN_DIR(replace_that_fails_anywhere_leaves_old_or_new),
		IN_DIR(copy_takes_what_is_asked),
		IN_DIR(copy_is_right_over_many_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
