/* Unit tests of lib/worker/proc.c and tree.c: real processes. */
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/worker/proc.h"
#include "lib/worker/tree.h"
#include "tests/lib/t.h"

static const char *const plain_env[] = { "PATH=/usr/bin:/bin", NULL };

struct fixture {
	char		 dir[T_PATH_MAX];
	char		 mark[2][40];	/* of this test alone */
	struct tq_proc	 proc;
};

static int
setup(void **state)
{
	struct fixture *f = test_malloc(sizeof(*f));
	char path[T_PATH_MAX + 16];

	t_tmpdir(f->dir);
	snprintf(f->mark[0], sizeof(f->mark[0]), "TQ_MARK=test-%ld/1",
	    (long)getpid());
	snprintf(f->mark[1], sizeof(f->mark[1]), "TQ_MARK=test-%ld/2",
	    (long)getpid());
	memset(&f->proc, 0, sizeof(f->proc));
	f->proc.env = plain_env;
	f->proc.umask = -1;
	f->proc.fd[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/out", f->dir);
	f->proc.fd[1] = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	f->proc.fd[2] = f->proc.fd[1];
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	close(f->proc.fd[0]);
	close(f->proc.fd[1]);
	t_rmdir(f->dir);
	test_free(f);
	return 0;
}

static pid_t
start(struct fixture *f, const char *const *argv)
{
	struct tq_err e;
	int status;
	pid_t pid;

	f->proc.file = argv[0];
	f->proc.argv = argv;
	if (tq_proc_start(&pid, &f->proc, &status, &e) == -1)
		fail_msg("%s: %s", argv[0], e.text);
	return pid;
}

static int
finish(pid_t pid)
{
	int wstatus;

	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_true(WIFEXITED(wstatus));
	return WEXITSTATUS(wstatus);
}

/* Run sh -c string, and say what it wrote. */
static char *
shell(struct fixture *f, const char *string)
{
	const char *argv[] = { "sh", "-c", string, NULL };

	finish(start(f, argv));
	return t_read(f->dir, "out", NULL);
}

static void
check_shell(struct fixture *f, const char *string, const char *want)
{
	char *got = shell(f, string);

	assert_string_equal(got, want);
	free(got);
}

/* What starting a program of that name fails with: its status and text. */
static int
refusal(struct fixture *f, const char *file, struct tq_err *e)
{
	const char *argv[] = { file, NULL };
	int status;
	pid_t pid;

	f->proc.file = file;
	f->proc.argv = argv;
	assert_int_equal(tq_proc_start(&pid, &f->proc, &status, e), -1);
	/* no zombie is left */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	return status;
}

/*
 * valgrind makes fork of our clone: what a child says through memory does not
 * reach us there, and only the status tells.
 */
static void
skip_under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	if (preload != NULL && strstr(preload, "vgpreload") != NULL)
		skip();
}

static void
arguments_arrive_byte_for_byte(void **state)
{
	const char *argv[] = {
		"printf", "<%s>", "", ";id", "$(id)", "-rf", "a\nb", "\xff",
		NULL
	};
	struct fixture *f = *state;
	char *got;

	assert_int_equal(finish(start(f, argv)), 0);
	got = t_read(f->dir, "out", NULL);
	assert_string_equal(got, "<><;id><$(id)><-rf><a\nb><\xff>");
	free(got);
}

static void
the_environment_is_exactly_what_is_given(void **state)
{
	static const char *const env[] = { "PATH=/usr/bin:/bin", "A=b", NULL };
	const char *argv[] = { "env", NULL };
	struct fixture *f = *state;
	char *got;

	f->proc.env = env;
	assert_int_equal(finish(start(f, argv)), 0);
	got = t_read(f->dir, "out", NULL);
	assert_string_equal(got, "PATH=/usr/bin:/bin\nA=b\n");
	free(got);
}

static void
our_descriptors_are_closed_in_it(void **state)
{
	struct fixture *f = *state;
	char string[80];

	snprintf(string, sizeof(string),
	    "[ -e /proc/self/fd/%d ] || printf closed", f->proc.fd[1]);
	check_shell(f, string, "closed");
}

static void
it_leads_a_group_of_its_own(void **state)
{
	check_shell(*state, "set -- $(cat /proc/$$/stat); "
	    "[ $5 = $$ ] && [ $6 != $$ ] && printf yes", "yes");
}

static void
signals_are_neither_blocked_nor_ignored(void **state)
{
	sigset_t all, old;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	/*
	 * 32 and 33 are libc's own: whoever started this test may have had
	 * them ignored, and no program can change that through libc.
	 */
	check_shell(*state,
	    "sed -n 's/^Sig\\(Blk\\|Ign\\):.*\\([0-9a-f]\\{16\\}\\)$/"
	    "\\1 \\2/p' /proc/self/status | while read -r name mask; do "
	    "printf '%s:%x ' $name $((0x$mask & ~0x180000000)); done",
	    "Blk:0 Ign:0 ");
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void
directory_and_umask_are_its_own(void **state)
{
	struct fixture *f = *state;
	mode_t mine = umask(022);
	char want[T_PATH_MAX + 16];

	f->proc.dir = f->dir;
	f->proc.umask = 027;
	snprintf(want, sizeof(want), "%s\n0027\n", f->dir);
	check_shell(f, "pwd -P; umask", want);
	assert_int_equal(umask(mine), 022);
}

static void
a_missing_program_is_127(void **state)
{
	struct tq_err e;

	skip_under_valgrind();
	assert_int_equal(refusal(*state, "no-such-program", &e), 127);
	assert_string_equal(e.text, "no-such-program: command not found");
	assert_int_equal(refusal(*state, "/no/such/program", &e), 127);
	assert_non_null(strstr(e.text, "/no/such/program: "));
	assert_int_equal(refusal(*state, "", &e), 127);
}

static void
what_is_no_program_is_126(void **state)
{
	struct fixture *f = *state;
	char path[T_PATH_MAX + 16];
	struct tq_err e;

	skip_under_valgrind();
	t_write(f->dir, "file", "data", 4);
	snprintf(path, sizeof(path), "%s/file", f->dir);
	assert_int_equal(refusal(f, path, &e), 126);
	assert_non_null(strstr(e.text, strerror(EACCES)));
	assert_int_equal(refusal(f, f->dir, &e), 126);
}

static void
a_directory_that_cannot_be_entered_is_126_and_named(void **state)
{
	struct fixture *f = *state;
	struct tq_err e;

	skip_under_valgrind();
	f->proc.dir = "/no/such/place";
	assert_int_equal(refusal(f, "true", &e), 126);
	assert_non_null(strstr(e.text, "/no/such/place"));
}

static void
its_own_path_is_searched(void **state)
{
	struct fixture *f = *state;
	char entry[T_PATH_MAX + 16], path[T_PATH_MAX + 16];
	const char *env[] = { entry, NULL };
	const char *argv[] = { "only-here", NULL };

	t_write(f->dir, "only-here", "#!/bin/sh\nexit 9\n", 17);
	snprintf(path, sizeof(path), "%s/only-here", f->dir);
	assert_int_equal(chmod(path, 0700), 0);
	snprintf(entry, sizeof(entry), "PATH=/nowhere:%s", f->dir);
	f->proc.env = env;
	assert_int_equal(finish(start(f, argv)), 9);
}

static void
a_script_without_a_first_line_is_run_by_sh(void **state)
{
	struct fixture *f = *state;
	char path[T_PATH_MAX + 16];
	const char *argv[] = { path, "7", NULL };

	skip_under_valgrind();
	t_write(f->dir, "script", "exit $1\n", 8);
	snprintf(path, sizeof(path), "%s/script", f->dir);
	assert_int_equal(chmod(path, 0700), 0);
	assert_int_equal(finish(start(f, argv)), 7);
}

static void
it_dies_with_its_worker(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = { "sleep", "1000", NULL };
	int ends[2];
	pid_t worker, task;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	if ((worker = fork()) == 0) {
		task = start(f, argv);
		if (write(ends[1], &task, sizeof(task)) == sizeof(task))
			pause();
		_exit(1);
	}
	assert_int_equal(read(ends[0], &task, sizeof(task)), sizeof(task));
	kill(worker, SIGKILL);
	assert_int_equal(waitpid(worker, NULL, 0), worker);
	T_UNTIL(waitpid(task, NULL, WNOHANG) == task);
	close(ends[0]);
	close(ends[1]);
}

/* ---- trees ----------------------------------------------------------- */

/* Start sh -c string, which says "up" when all its processes are there. */
static pid_t
start_tree(struct fixture *f, const char *string)
{
	const char *env[] = { "PATH=/usr/bin:/bin", f->mark[0], NULL };
	const char *argv[] = { "sh", "-c", string, NULL };
	struct stat st;
	pid_t pid;

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	f->proc.env = env;
	pid = start(f, argv);
	f->proc.env = plain_env;
	T_UNTIL(fstat(f->proc.fd[1], &st) == 0 && st.st_size > 0);
	return pid;
}

/* Reap everything; the last of them has gone when there are no children. */
static void
reap_all(void)
{
	T_UNTIL(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void
check_tree_ends(struct fixture *f, const char *string)
{
	pid_t pid = start_tree(f, string);
	struct tq_tree tree = { pid, f->mark[0], &pid, 1 };

	assert_int_equal(tq_tree_end(&tree), 0);
	reap_all();
}

static void
a_child_that_ignores_term_is_ended(void **state)
{
	check_tree_ends(*state, "trap '' TERM; echo up; sleep 1000; sleep 1000");
}

static void
a_grandchild_in_another_session_is_ended(void **state)
{
	check_tree_ends(*state,
	    "setsid sh -c 'echo up; sleep 1000; :' & wait");
}

static void
an_orphan_in_another_session_is_ended(void **state)
{
	check_tree_ends(*state, "(setsid sh -c 'exec >/dev/null; sleep 1000; "
	    ":' &); (setsid sh -c 'echo up; sleep 1000; :' &); sleep 1000");
}

static void
a_forking_task_is_ended(void **state)
{
	check_tree_ends(*state,
	    "echo up; i=0; while [ $((i += 1)) -lt 200 ]; do "
	    "setsid sleep 1000 & done; wait");
}

static void
another_task_is_spared(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = { "sleep", "1000", NULL };
	pid_t pids[2];
	struct tq_tree tree = { 0, f->mark[0], pids, 2 };

	pids[1] = start(f, argv);
	tree.root = pids[0] = start_tree(f, "echo up; sleep 1000; :");
	assert_int_equal(tq_tree_end(&tree), 0);
	T_UNTIL(waitpid(pids[0], NULL, WNOHANG) == pids[0]);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	assert_int_equal(kill(pids[1], 0), 0);
	assert_int_equal(waitpid(pids[1], NULL, WNOHANG), 0);
	kill(pids[1], SIGKILL);
	reap_all();
}

static void
remains_of_another_worker_are_ended(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t pid;

	/* as if the worker of this tree had died: found by its mark alone */
	pid = start_tree(f, "(setsid sh -c 'echo up; sleep 1000; :' &); "
	    "sleep 1000; :");
	assert_int_equal(tq_tree_end_remains(f->mark[1]), 0);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(tq_tree_end_remains(f->mark[0]), 0);
	reap_all();
}

#define PROC_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PROC_TEST(arguments_arrive_byte_for_byte),
		PROC_TEST(the_environment_is_exactly_what_is_given),
		PROC_TEST(our_descriptors_are_closed_in_it),
		PROC_TEST(it_leads_a_group_of_its_own),
		PROC_TEST(signals_are_neither_blocked_nor_ignored),
		PROC_TEST(directory_and_umask_are_its_own),
		PROC_TEST(a_missing_program_is_127),
		PROC_TEST(what_is_no_program_is_126),
		PROC_TEST(a_directory_that_cannot_be_entered_is_126_and_named),
		PROC_TEST(its_own_path_is_searched),
		PROC_TEST(a_script_without_a_first_line_is_run_by_sh),
		PROC_TEST(it_dies_with_its_worker),
		PROC_TEST(a_child_that_ignores_term_is_ended),
		PROC_TEST(a_grandchild_in_another_session_is_ended),
		PROC_TEST(an_orphan_in_another_session_is_ended),
		PROC_TEST(a_forking_task_is_ended),
		PROC_TEST(another_task_is_spared),
		PROC_TEST(remains_of_another_worker_are_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
