/* Directories, files and waiting for tests. */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "tests/lib/t.h"

void
t_tmpdir(char dir[T_PATH_MAX])
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, T_PATH_MAX, "%s/tq-test.XXXXXX",
	    tmp != NULL && *tmp != '\0' ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL)
		fail_msg("mkdtemp %s: %s", dir, strerror(errno));
}

static int
remove_one(const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
	(void)sb;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
t_rmdir(const char *dir)
{
	if (nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		fail_msg("remove %s: %s", dir, strerror(errno));
}

void
t_lose_table(const char *spool)
{
	char path[T_PATH_MAX + 8], name[64];
	FILE *lock;

	snprintf(path, sizeof(path), "%s/lock", spool);
	if ((lock = fopen(path, "re")) == NULL)
		return;
	if (fscanf(lock, "tq table %63s", name) == 1)
		(void)shm_unlink(name);
	fclose(lock);
}

int
t_setup_dir(void **state)
{
	char *dir = test_malloc(T_PATH_MAX);

	t_tmpdir(dir);
	*state = dir;
	return 0;
}

int
t_teardown_dir(void **state)
{
	t_rmdir(*state);
	test_free(*state);
	return 0;
}

/* Open dir/name or fail the test. */
static int
open_in(const char *dir, const char *name, int flags)
{
	char path[T_PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if ((fd = open(path, flags | O_CLOEXEC, 0666)) == -1)
		fail_msg("%s: %s", path, strerror(errno));
	return fd;
}

void
t_write(const char *dir, const char *name, const void *p, size_t n)
{
	int fd = open_in(dir, name, O_WRONLY | O_CREAT | O_TRUNC);

	assert_int_equal(write(fd, p, n), n);
	close(fd);
}

char *
t_read(const char *dir, const char *name, size_t *n)
{
	struct stat sb;
	char *p;
	int fd = open_in(dir, name, O_RDONLY);

	assert_int_equal(fstat(fd, &sb), 0);
	p = malloc((size_t)sb.st_size + 1);
	assert_non_null(p);
	assert_int_equal(read(fd, p, (size_t)sb.st_size), sb.st_size);
	p[sb.st_size] = '\0';
	if (n != NULL)
		*n = (size_t)sb.st_size;
	close(fd);
	return p;
}

void
t_pause(tq_time *until, const char *what, const char *file, int line)
{
	const struct timespec ms = { .tv_nsec = TQ_MS };

	if (*until == 0)
		*until = tq_clock_mono() + T_DEADLINE;
	if (tq_clock_mono() > *until) {
		print_error("still not: %s\n", what);
		_fail(file, line);
	}
	nanosleep(&ms, NULL);
}

static int
is_asleep(pid_t tid)
{
	char path[64], stat[256], *end;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%d/stat", (int)tid);
	fd = open_in("/proc", path, O_RDONLY);
	n = read(fd, stat, sizeof(stat) - 1);
	close(fd);
	assert_true(n > 0);
	stat[n] = '\0';
	/* its name stands before its state, in brackets */
	end = strrchr(stat, ')');
	return end != NULL && strncmp(end, ") S", 3) == 0;
}

void
t_until_asleep(pid_t tid)
{
	T_UNTIL(is_asleep(tid));
}
