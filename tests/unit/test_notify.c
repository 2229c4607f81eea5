/* Unit tests of lib/base/notify.c. */
#include <sys/socket.h>
#include <sys/un.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/notify.h"
#include "tests/lib/t.h"

/* A service manager that listens at a path; '@': an abstract name. */
static int
manager(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t n = strlen(path);
	int fd;

	assert_true(n < sizeof(sun.sun_path));
	memcpy(sun.sun_path, path, n);
	if (path[0] == '@')
		sun.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_not_equal(fd, -1);
	assert_int_equal(bind(fd, (const struct sockaddr *)&sun,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
	return fd;
}

static void
check_hears(int fd)
{
	char buf[64];

	tq_notify("READY=1\nSTATUS=well");
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 19);
	assert_memory_equal(buf, "READY=1\nSTATUS=well", 19);
	close(fd);
}

static void
a_manager_at_a_path_hears_it(void **state)
{
	char path[T_PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/notify", (char *)*state);
	check_hears(manager(path));
}

static void
a_manager_of_an_abstract_name_hears_it(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "@tq-test-%ld", (long)getpid());
	check_hears(manager(path));
}

static void
nothing_is_sent_where_nobody_was_named(void **state)
{
	char buf[64], path[T_PATH_MAX + 16];
	int fd;

	snprintf(path, sizeof(path), "%s/notify", (char *)*state);
	fd = manager(path);
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	tq_notify("READY=1");
	/* relative: no manager says so */
	assert_int_equal(setenv("NOTIFY_SOCKET", "notify", 1), 0);
	tq_notify("READY=1");
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), -1);
	close(fd);
}

static void
a_watchdog_is_fed_twice_as_often_as_it_bites(void **state)
{
	(void)state;
	assert_int_equal(setenv("WATCHDOG_USEC", "3000000", 1), 0);
	assert_int_equal(unsetenv("WATCHDOG_PID"), 0);
	assert_int_equal(tq_notify_watchdog(), 1500 * TQ_MS);
}

static void
a_watchdog_of_another_process_is_not_ours(void **state)
{
	char pid[32];

	(void)state;
	assert_int_equal(setenv("WATCHDOG_USEC", "3000000", 1), 0);
	assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0);
	assert_int_equal(tq_notify_watchdog(), 0);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
	assert_int_equal(tq_notify_watchdog(), 1500 * TQ_MS);
}

static void
no_time_or_a_wrong_one_is_no_watchdog(void **state)
{
	(void)state;
	assert_int_equal(unsetenv("WATCHDOG_PID"), 0);
	assert_int_equal(unsetenv("WATCHDOG_USEC"), 0);
	assert_int_equal(tq_notify_watchdog(), 0);
	assert_int_equal(setenv("WATCHDOG_USEC", "0", 1), 0);
	assert_int_equal(tq_notify_watchdog(), 0);
	assert_int_equal(setenv("WATCHDOG_USEC", "3s", 1), 0);
	assert_int_equal(tq_notify_watchdog(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_manager_at_a_path_hears_it,
		    t_setup_dir, t_teardown_dir),
		cmocka_unit_test(a_manager_of_an_abstract_name_hears_it),
		cmocka_unit_test_setup_teardown(
		    nothing_is_sent_where_nobody_was_named, t_setup_dir,
		    t_teardown_dir),
		cmocka_unit_test(a_watchdog_is_fed_twice_as_often_as_it_bites),
		cmocka_unit_test(a_watchdog_of_another_process_is_not_ours),
		cmocka_unit_test(no_time_or_a_wrong_one_is_no_watchdog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
