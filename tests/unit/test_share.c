/* Unit tests of lib/spool/share.c: one ledger, one table. */
#define _GNU_SOURCE	/* F_OFD_SETLK */
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/spool/core.h"
#include "tests/lib/spool.h"

/* The name of the table that a spool's lock file says; free it. */
static char *
object_of(const char *dir)
{
	char *text = t_read(dir, "lock", NULL), name[64];

	assert_int_equal(sscanf(text, "tq table %63s", name), 1);
	free(text);
	return strdup(name);
}

static void
copy_file(const char *from, const char *to, const char *name)
{
	size_t n;
	char *p = t_read(from, name, &n);

	t_write(to, name, p, n);
	free(p);
}

/* What cp -a makes of a spool: the same bytes in other files. */
static void
copy_spool(const char *from, const char *to)
{
	static const char *const dirs[] = { "", "/ledger", "/files", "/live",
	    "/damaged" };
	static const char *const files[] = { "format", "lock", "owners",
	    "ledger/00000001.seg" };
	char path[2 * T_PATH_MAX];
	size_t i;

	for (i = 0; i < T_COUNT(dirs); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", to, dirs[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	for (i = 0; i < T_COUNT(files); i++)
		copy_file(from, to, files[i]);
}

static int
knows(struct tq_spool *sp, uint32_t n)
{
	struct tq_uuid id = t_id(n);

	return tq_table_find(&sp->t, &id) != 0;
}

static void
handles_of_a_process_share_a_table(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool *other = t_spool_open(f);

	t_spool_put(f, 1, "q", 1);
	assert_ptr_equal(other->t.top, f->sp->t.top);
	assert_true(knows(other, 1));
	tq_spool_close(other);
	t_spool_put(f, 2, "q", 1);
	assert_true(knows(f->sp, 2));
}

static void
processes_share_a_table(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool *sp;
	int status;
	pid_t pid;

	t_spool_put(f, 1, "q", 1);
	tq_spool_close(f->sp);
	f->sp = NULL;
	if ((pid = fork()) == 0)
		_exit(tq_spool_open(&sp, f->dir, 0, NULL) == -1 ? 1 :
		    knows(sp, 1) ? 0 : 2);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
table_outlives_its_processes(void **state)
{
	struct t_spool *f = *state;
	char *before = object_of(f->dir), *after;

	tq_spool_close(f->sp);
	f->sp = t_spool_open(f);
	after = object_of(f->dir);
	assert_string_equal(after, before);
	free(before);
	free(after);
}

static void
lost_table_is_made_again(void **state)
{
	struct t_spool *f = *state;
	char *before = object_of(f->dir), *after;

	t_spool_put(f, 1, "q", 1);
	tq_spool_close(f->sp);
	assert_int_equal(shm_unlink(before), 0);
	f->sp = t_spool_open(f);
	after = object_of(f->dir);
	assert_string_not_equal(after, before);
	assert_true(knows(f->sp, 1));
	free(before);
	free(after);
}

/* Two spools that append through one tail would overwrite each other. */
static void
copy_of_a_spool_has_a_table_of_its_own(void **state)
{
	struct t_spool *f = *state;
	char to[T_PATH_MAX + 16], *first = object_of(f->dir), *second;
	struct tq_spool *copy;

	t_spool_put(f, 1, "q", 1);
	(void)snprintf(to, sizeof(to), "%s/copy", f->tmp);
	copy_spool(f->dir, to);
	assert_int_equal(tq_spool_open(&copy, to, 0, &f->e), 0);
	assert_ptr_not_equal(copy->t.top, f->sp->t.top);
	second = object_of(to);
	assert_string_not_equal(second, first);
	assert_true(knows(copy, 1));
	t_spool_put(f, 2, "q", 1);
	assert_false(knows(copy, 2));
	assert_int_equal(tq_share_linked(f->sp), 1);
	tq_spool_close(copy);
	assert_int_equal(shm_unlink(second), 0);
	free(first);
	free(second);
}

static void
senseless_name_is_replaced(void **state)
{
	struct t_spool *f = *state;
	char *before = object_of(f->dir);

	t_spool_put(f, 1, "q", 1);
	tq_spool_close(f->sp);
	assert_int_equal(shm_unlink(before), 0);
	free(before);
	t_write(f->dir, "lock", "tq table /../etc/passwd 1 2 3\n", 30);
	f->sp = t_spool_open(f);
	assert_true(knows(f->sp, 1));
}

static void
object_of_another_inode_is_not_used(void **state)
{
	struct t_spool *f = *state;
	char *name = object_of(f->dir);
	int fd;

	tq_spool_close(f->sp);
	assert_int_equal(shm_unlink(name), 0);
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(ftruncate(fd, (off_t)tq_table_size()), 0);
	f->sp = t_spool_open(f);
	assert_int_equal(f->sp->t.top->magic != 0, 1);
	close(fd);
	(void)shm_unlink(name);
	free(name);
}

/* Somebody alive uses a table: nobody may make another. */
static void
held_table_is_not_replaced(void **state)
{
	struct t_spool *f = *state;
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = 0, .l_len = 1 };
	char path[T_PATH_MAX + 16];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/lock", f->dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &fl), -1);
	tq_spool_close(f->sp);
	f->sp = NULL;
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &fl), 0);
	close(fd);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, t_setup_spool, \
    t_teardown_spool)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(handles_of_a_process_share_a_table),
		TEST(processes_share_a_table),
		TEST(table_outlives_its_processes),
		TEST(lost_table_is_made_again),
		TEST(copy_of_a_spool_has_a_table_of_its_own),
		TEST(senseless_name_is_replaced),
		TEST(object_of_another_inode_is_not_used),
		TEST(held_table_is_not_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
