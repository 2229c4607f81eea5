/* Unit tests of lib/spool/owner.c. */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "lib/spool/owner.h"
#include "tests/lib/t.h"

#define MANY	300
#define ROWS	16
#define NOW	((tq_time)1234)

/* A directory with an empty owners file, and who asks about it. */
struct fixture {
	char		 dir[T_PATH_MAX];
	int		 dirfd, probe;
	struct tq_owner	 o;
	struct tq_err	 e;
};

static int
setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	t_tmpdir(f->dir);
	t_write(f->dir, "owners", "", 0);
	f->dirfd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->probe = tq_owner_probe(f->dirfd);
	assert_int_not_equal(f->probe, -1);
	f->o.fd = -1;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	tq_owner_give(&f->o);
	close(f->probe);
	close(f->dirfd);
	t_rmdir(f->dir);
	test_free(f);
	return 0;
}

static void
take(struct fixture *f, struct tq_owner *o)
{
	if (tq_owner_take(o, f->dirfd, ROWS, NOW, &f->e) == -1)
		fail_msg("%s", f->e.text);
}

static void
taken_row_is_alive_until_given(void **state)
{
	struct fixture *f = *state;
	struct tq_owner was;

	take(f, &f->o);
	was = f->o;
	assert_int_equal(was.row, 1);
	assert_int_not_equal(was.epoch, 0);
	assert_int_equal(tq_owner_alive(f->probe, was.row, was.epoch), 1);
	tq_owner_give(&f->o);
	assert_int_equal(f->o.fd, -1);
	assert_int_equal(tq_owner_alive(f->probe, was.row, was.epoch), 0);
	tq_owner_give(&f->o);
}

static void
owners_have_rows_of_their_own(void **state)
{
	struct fixture *f = *state;
	struct tq_owner second;

	take(f, &f->o);
	take(f, &second);
	assert_int_equal(second.row, 2);
	assert_int_equal(tq_owner_alive(f->probe, 1, f->o.epoch), 1);
	assert_int_equal(tq_owner_alive(f->probe, 2, second.epoch), 1);
	tq_owner_give(&second);
}

static void
next_owner_of_a_row_is_another(void **state)
{
	struct fixture *f = *state;
	uint32_t before;

	take(f, &f->o);
	before = f->o.epoch;
	tq_owner_give(&f->o);
	take(f, &f->o);
	assert_int_equal(f->o.row, 1);
	assert_int_not_equal(f->o.epoch, before);
	assert_int_equal(tq_owner_alive(f->probe, 1, before), 0);
	assert_int_equal(tq_owner_alive(f->probe, 1, f->o.epoch), 1);
}

/* A power cut took the file, and a claim of the epoch before is on disk. */
static void
epoch_of_a_lost_file_is_another(void **state)
{
	struct fixture *f = *state;
	uint32_t before;

	take(f, &f->o);
	before = f->o.epoch;
	tq_owner_give(&f->o);
	t_write(f->dir, "owners", "", 0);
	take(f, &f->o);
	assert_int_not_equal(f->o.epoch, before);
}

static void
row_says_who_it_is(void **state)
{
	struct fixture *f = *state;
	struct tq_owner_info info;
	char host[256] = "";

	take(f, &f->o);
	assert_int_equal(tq_owner_read(&info, f->probe, f->o.row), 0);
	assert_int_equal(info.epoch, f->o.epoch);
	assert_int_equal(info.pid, getpid());
	assert_int_equal(info.since, NOW);
	assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
	assert_memory_equal(info.host, host,
	    strnlen(host, TQ_OWNER_HOST - 1));
}

static void
row_nobody_took_is_empty(void **state)
{
	struct fixture *f = *state;
	struct tq_owner_info info;

	assert_int_equal(tq_owner_read(&info, f->probe, 9), 0);
	assert_int_equal(info.epoch, 0);
	assert_int_equal(tq_owner_alive(f->probe, 9, 0), 0);
	assert_int_equal(tq_owner_alive(f->probe, 9, 1), 0);
}

static void
no_free_row_is_enospc(void **state)
{
	struct fixture *f = *state;
	struct tq_owner o[ROWS];
	int i;

	for (i = 1; i < ROWS; i++)
		take(f, &o[i]);
	assert_int_equal(tq_owner_take(&f->o, f->dirfd, ROWS, NOW, &f->e),
	    -1);
	assert_int_equal(f->e.num, ENOSPC);
	assert_int_equal(f->o.fd, -1);
	for (i = 1; i < ROWS; i++)
		tq_owner_give(&o[i]);
}

/* Wait until the other end of a pipe wrote or closed; bytes read. */
static ssize_t
hear(int fd)
{
	char c;

	return read(fd, &c, 1);
}

static void
killed_owner_is_dead_at_once(void **state)
{
	struct fixture *f = *state;
	struct tq_owner_info info;
	struct tq_owner o;
	int fd[2], status;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	if ((pid = fork()) == 0) {
		alarm(60);	/* lest a test that fails leave it behind */
		if (tq_owner_take(&o, f->dirfd, ROWS, NOW, NULL) == -1 ||
		    write(fd[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(hear(fd[0]), 1);
	assert_int_equal(tq_owner_read(&info, f->probe, 1), 0);
	assert_int_equal(tq_owner_alive(f->probe, 1, info.epoch), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(tq_owner_alive(f->probe, 1, info.epoch), 0);
	close(fd[0]);
	close(fd[1]);
}

/* A forked child that does not exec would keep a dead parent alive. */
static void
child_does_not_keep_its_parent_alive(void **state)
{
	struct fixture *f = *state;
	int fd[2], status;
	pid_t pid;

	take(f, &f->o);
	assert_int_equal(pipe(fd), 0);
	if ((pid = fork()) == 0) {
		if (write(fd[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(hear(fd[0]), 1);
	assert_int_equal(tq_owner_alive(f->probe, 1, f->o.epoch), 1);
	tq_owner_give(&f->o);
	assert_int_equal(tq_owner_alive(f->probe, 1, 1), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(fd[0]);
	close(fd[1]);
}

static void
guarded_descriptor_is_closed_in_a_child(void **state)
{
	struct fixture *f = *state;
	int guarded = dup(f->dirfd), free = dup(f->dirfd), status;
	pid_t pid;

	assert_int_equal(tq_owner_guard(guarded), 0);
	assert_int_equal(tq_owner_guard(free), 0);
	tq_owner_unguard(free);
	if ((pid = fork()) == 0)
		_exit((fcntl(guarded, F_GETFD) != -1) |
		    (fcntl(free, F_GETFD) == -1) << 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	tq_owner_unguard(guarded);
	close(guarded);
	close(free);
}

static void
however_many_are_guarded(void **state)
{
	struct fixture *f = *state;
	int fd[MANY], status, i;
	pid_t pid;

	for (i = 0; i < MANY; i++) {
		fd[i] = dup(f->dirfd);
		assert_int_not_equal(fd[i], -1);
		assert_int_equal(tq_owner_guard(fd[i]), 0);
	}
	if ((pid = fork()) == 0)
		_exit(fcntl(fd[0], F_GETFD) != -1 ||
		    fcntl(fd[MANY - 1], F_GETFD) != -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	for (i = 0; i < MANY; i++) {
		tq_owner_unguard(fd[i]);
		close(fd[i]);
	}
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(taken_row_is_alive_until_given),
		TEST(owners_have_rows_of_their_own),
		TEST(next_owner_of_a_row_is_another),
		TEST(epoch_of_a_lost_file_is_another),
		TEST(row_says_who_it_is),
		TEST(row_nobody_took_is_empty),
		TEST(no_free_row_is_enospc),
		TEST(killed_owner_is_dead_at_once),
		TEST(child_does_not_keep_its_parent_alive),
		TEST(guarded_descriptor_is_closed_in_a_child),
		TEST(however_many_are_guarded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
