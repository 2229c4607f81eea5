/* Unit tests of lib/worker/handler.c: who may put a program there. */
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/worker/handler.h"
#include "tests/lib/t.h"

struct fixture {
	char		 dir[T_PATH_MAX];
	struct tq_handlers h;
};

static int
setup(void **state)
{
	struct fixture *f = test_malloc(sizeof(*f));

	memset(&f->h, 0, sizeof(f->h));
	t_tmpdir(f->dir);
	assert_int_equal(tq_handlers_add(&f->h, f->dir, NULL), 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	tq_handlers_fini(&f->h);
	t_rmdir(f->dir);
	test_free(f);
	return 0;
}

static void
make(struct fixture *f, const char *name, mode_t mode)
{
	char path[T_PATH_MAX + 64];

	t_write(f->dir, name, "#!/bin/sh\n", 10);
	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	assert_int_equal(chmod(path, mode), 0);
}

/* What looking for a name fails with, 0 if it does not. */
static int
look(struct fixture *f, const char *name, struct tq_err *e)
{
	char path[PATH_MAX], want[T_PATH_MAX + 300];

	if (tq_handlers_find(path, &f->h, name, e) == -1)
		return errno;
	snprintf(want, sizeof(want), "%s/%s", f->dir, name);
	assert_string_equal(path, want);
	return 0;
}

static void
an_executable_of_ours_is_found(void **state)
{
	make(*state, "send", 0755);
	assert_int_equal(look(*state, "send", NULL), 0);
}

static void
an_unknown_name_is_not_registered(void **state)
{
	struct tq_err e;

	assert_int_equal(look(*state, "tasks.add", &e), ENOENT);
	assert_string_equal(e.text, "NotRegistered: tasks.add");
}

static void
a_name_is_never_a_path(void **state)
{
	static const char *const names[] = {
		"../x", "/bin/sh", "a/b", ".", "..", ".hidden", "-rf", "",
		"a b", "a\n"
	};
	struct tq_err e;
	size_t i;

	for (i = 0; i < T_COUNT(names); i++)
		assert_int_equal(look(*state, names[i], &e), ENOENT);
}

static void
what_others_may_write_is_refused(void **state)
{
	struct tq_err e;

	make(*state, "group", 0775);
	make(*state, "world", 0757);
	assert_int_equal(look(*state, "group", &e), EPERM);
	assert_non_null(strstr(e.text, "mode 775"));
	assert_int_equal(look(*state, "world", &e), EPERM);
}

static void
what_belongs_to_another_user_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[T_PATH_MAX + 64];
	struct tq_err e;

	if (geteuid() != 0)
		skip();
	make(f, "foreign", 0755);
	snprintf(path, sizeof(path), "%s/foreign", f->dir);
	assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
	assert_int_equal(look(f, "foreign", &e), EPERM);
	assert_non_null(strstr(e.text, "uid 12345"));
}

static void
what_is_no_executable_file_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[T_PATH_MAX + 64];

	make(f, "data", 0644);
	assert_int_equal(look(f, "data", NULL), EACCES);
	snprintf(path, sizeof(path), "%s/dir", f->dir);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(look(f, "dir", NULL), EPERM);
}

static void
a_link_may_not_lead_out(void **state)
{
	struct fixture *f = *state;
	char path[T_PATH_MAX + 64];
	struct tq_err e;

	make(f, "send", 0755);
	snprintf(path, sizeof(path), "%s/inside", f->dir);
	assert_int_equal(symlink("send", path), 0);
	snprintf(path, sizeof(path), "%s/outside", f->dir);
	assert_int_equal(symlink("/bin/sh", path), 0);
	assert_int_equal(look(f, "inside", NULL), 0);
	assert_int_equal(look(f, "outside", &e), EPERM);
	assert_non_null(strstr(e.text, "leads out"));
}

static void
directories_of_others_are_refused(void **state)
{
	struct fixture *f = *state;
	struct tq_err e;

	assert_int_equal(tq_handlers_add(&f->h, "/no/such", &e), -1);
	assert_int_equal(e.num, ENOENT);
	assert_int_equal(chmod(f->dir, 0777), 0);
	assert_int_equal(tq_handlers_add(&f->h, f->dir, &e), -1);
	assert_int_equal(e.num, EPERM);
	assert_int_equal(f->h.n, 1);
}

static void
a_list_is_searched_in_order(void **state)
{
	struct fixture *f = *state;
	char list[2 * T_PATH_MAX + 8], other[T_PATH_MAX], path[PATH_MAX];
	char want[T_PATH_MAX + 8];

	t_tmpdir(other);
	snprintf(list, sizeof(list), "%s::%s", other, f->dir);
	tq_handlers_fini(&f->h);
	assert_int_equal(tq_handlers_add_list(&f->h, list, NULL), 0);
	assert_int_equal(f->h.n, 2);
	make(f, "send", 0755);
	assert_int_equal(look(f, "send", NULL), 0);
	t_write(other, "send", "", 0);
	snprintf(want, sizeof(want), "%s/send", other);
	assert_int_equal(chmod(want, 0700), 0);
	assert_int_equal(tq_handlers_find(path, &f->h, "send", NULL), 0);
	assert_string_equal(path, want);
	t_rmdir(other);
}

#define HANDLER_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HANDLER_TEST(an_executable_of_ours_is_found),
		HANDLER_TEST(an_unknown_name_is_not_registered),
		HANDLER_TEST(a_name_is_never_a_path),
		HANDLER_TEST(what_others_may_write_is_refused),
		HANDLER_TEST(what_belongs_to_another_user_is_refused),
		HANDLER_TEST(what_is_no_executable_file_is_refused),
		HANDLER_TEST(a_link_may_not_lead_out),
		HANDLER_TEST(directories_of_others_are_refused),
		HANDLER_TEST(a_list_is_searched_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
