/*
 * Unit tests of lib/worker/cgroup.c: in a directory that looks like a cgroup,
 * and in a real one where this machine lets us make one.
 */
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/worker/cgroup.h"
#include "lib/worker/proc.h"
#include "tests/lib/t.h"

#define CGROUP2_MAGIC	0x63677270

struct fixture {
	char		 base[64];	/* of a fake one */
	char		 own[96];	/* where a worker makes its groups */
	struct tq_cgroup cg;
	struct tq_leaf	 leaf;
};

static void
write_file(const char *dir, const char *name, const char *value)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_non_null(f = fopen(path, "we"));
	fputs(value, f);
	assert_int_equal(fclose(f), 0);
}

static const char *
read_file(const char *dir, const char *name)
{
	static char buf[256];
	char path[256];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if ((f = fopen(path, "re")) == NULL)
		return "none";
	n = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	buf[n] = '\0';
	return buf;
}

/* A directory with the files that the kernel would make in a group. */
static void
fake_group(const char *dir, const char *controllers)
{
	assert_true(mkdir(dir, 0700) == 0 || errno == EEXIST);
	write_file(dir, "cgroup.controllers", controllers);
	write_file(dir, "cgroup.subtree_control", "");
	write_file(dir, "cgroup.procs", "");
	write_file(dir, "cgroup.events", "populated 0\nfrozen 0\n");
}

static void
fake_leaf(const struct fixture *f, const char *name)
{
	char dir[128];

	snprintf(dir, sizeof(dir), "%s/%s", f->own, name);
	fake_group(dir, "");
	write_file(dir, "cgroup.kill", "");
	write_file(dir, "cpu.max", "");
	write_file(dir, "memory.current", "0\n");
	write_file(dir, "memory.events", "oom 0\noom_kill 3\n");
	write_file(dir, "memory.max", "");
	write_file(dir, "memory.oom.group", "");
	write_file(dir, "memory.swap.max", "");
	write_file(dir, "pids.max", "");
}

static const char *
leaf_file(const struct fixture *f, const char *name)
{
	return read_file(f->own, name);
}

static int
fake_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->base, "/tmp/tq-cgroup.XXXXXX");
	assert_non_null(mkdtemp(f->base));
	snprintf(f->own, sizeof(f->own), "%s/tq-%ld", f->base,
	    (long)getpid());
	fake_group(f->base, "cpuset cpu memory pids\n");
	fake_group(f->own, "");
	fake_leaf(f, "worker");
	fake_leaf(f, "7.0");
	fake_leaf(f, "7.1");
	f->cg.dir = -1;
	tq_leaf_init(&f->leaf, 7);
	*state = f;
	return 0;
}

static int
fake_teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	tq_leaf_leave(&f->leaf);
	tq_cgroup_close(&f->cg);
	snprintf(command, sizeof(command), "rm -rf %s", f->base);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void
the_worker_moves_and_hands_controllers_down(void **state)
{
	struct fixture *f = *state;
	char words[64];

	assert_int_equal(tq_cgroup_open(&f->cg, f->base, NULL), 0);
	assert_string_equal(leaf_file(f, "worker/cgroup.procs"), "0");
	/* one order after the other, of which a plain file keeps the last */
	assert_memory_equal(read_file(f->base, "cgroup.subtree_control"),
	    "+pids", 5);
	assert_memory_equal(leaf_file(f, "cgroup.subtree_control"), "+pids",
	    5);
	tq_cgroup_words(words, sizeof(words), &f->cg);
	assert_string_equal(words, "cgroup:cpu,memory,pids,kill");
}

static void
what_is_not_offered_is_not_had(void **state)
{
	struct fixture *f = *state;
	struct tq_limits l = { .v = { [TQ_LIMIT_MEM] = 4096,
	    [TQ_LIMIT_NPROC] = 9, [TQ_LIMIT_CPUS] = 500 } };
	char words[64];

	write_file(f->base, "cgroup.controllers", "memory_ pid pids hugetlb\n");
	assert_int_equal(tq_cgroup_open(&f->cg, f->base, NULL), 0);
	tq_cgroup_words(words, sizeof(words), &f->cg);
	assert_string_equal(words, "cgroup:pids,kill");
	assert_int_equal(tq_leaf_make(&f->leaf, &f->cg, &l, NULL), 0);
	assert_int_equal(l.v[TQ_LIMIT_MEM], 4096);
	assert_int_equal(l.v[TQ_LIMIT_CPUS], 500);
	assert_int_equal(l.v[TQ_LIMIT_NPROC], 0);
	assert_string_equal(leaf_file(f, "7.0/pids.max"), "9");
}

static void
a_group_that_cannot_be_arranged_is_refused(void **state)
{
	struct fixture *f = *state;
	char words[64], path[128];
	struct tq_err e;

	/* no place to move to */
	snprintf(path, sizeof(path), "%s/worker/cgroup.procs", f->own);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(tq_cgroup_open(&f->cg, f->base, &e), -1);
	assert_non_null(strstr(e.text, f->own));
	tq_cgroup_words(words, sizeof(words), &f->cg);
	assert_string_equal(words, "rlimit");
	assert_int_equal(tq_cgroup_open(&f->cg, "/nowhere", &e), -1);
	assert_int_equal(e.num, ENOENT);
}

static void
limits_are_kept_by_the_group(void **state)
{
	struct fixture *f = *state;
	struct tq_limits l = { .v = { [TQ_LIMIT_MEM] = 1 << 20,
	    [TQ_LIMIT_NPROC] = 12, [TQ_LIMIT_CPUS] = 1500,
	    [TQ_LIMIT_NOFILE] = 5 } };

	assert_int_equal(tq_cgroup_open(&f->cg, f->base, NULL), 0);
	assert_int_equal(tq_leaf_make(&f->leaf, &f->cg, &l, NULL), 0);
	assert_string_equal(leaf_file(f, "7.0/memory.max"), "1048576");
	assert_string_equal(leaf_file(f, "7.0/memory.swap.max"), "0");
	assert_string_equal(leaf_file(f, "7.0/memory.oom.group"), "1");
	assert_string_equal(leaf_file(f, "7.0/pids.max"), "12");
	assert_string_equal(leaf_file(f, "7.0/cpu.max"), "150000 100000");
	/* and what it cannot keep is left */
	assert_int_equal(l.v[TQ_LIMIT_MEM], 0);
	assert_int_equal(l.v[TQ_LIMIT_NPROC], 0);
	assert_int_equal(l.v[TQ_LIMIT_CPUS], 0);
	assert_int_equal(l.v[TQ_LIMIT_NOFILE], 5);
}

static void
limits_of_the_task_before_are_lifted(void **state)
{
	struct fixture *f = *state;
	struct tq_limits l = { .v = { [TQ_LIMIT_MEM] = 1 << 20 } };
	struct tq_limits none = { .v = { 0 } };
	char own[160];

	assert_int_equal(tq_cgroup_open(&f->cg, f->base, NULL), 0);
	assert_int_equal(tq_leaf_make(&f->leaf, &f->cg, &l, NULL), 0);
	snprintf(own, sizeof(own), "%s/7.0", f->own);
	write_file(own, "memory.max", "");
	write_file(own, "memory.swap.max", "");
	assert_int_equal(tq_leaf_make(&f->leaf, &f->cg, &none, NULL), 0);
	assert_string_equal(leaf_file(f, "7.0/memory.max"), "max");
	assert_string_equal(leaf_file(f, "7.0/memory.swap.max"), "max");
	/* what stands there already is not written again */
	write_file(own, "memory.max", "as it was");
	assert_int_equal(tq_leaf_make(&f->leaf, &f->cg, &none, NULL), 0);
	assert_string_equal(leaf_file(f, "7.0/memory.max"), "as it was");
}

static void
memory_that_is_left_makes_a_new_group(void **state)
{
	struct fixture *f = *state;
	struct tq_limits l = { .v = { [TQ_LIMIT_MEM] = 1 << 20 } };
	struct tq_limits again = l;
	char own[160];

	assert_int_equal(tq_cgroup_open(&f->cg, f->base, NULL), 0);
	assert_int_equal(tq_leaf_make(&f->leaf, &f->cg, &l, NULL), 0);
	snprintf(own, sizeof(own), "%s/7.0", f->own);
	write_file(own, "memory.current", "100000\n");
	assert_int_equal(tq_leaf_make(&f->leaf, &f->cg, &again, NULL), 0);
	assert_int_equal(f->leaf.generation, 1);
	assert_string_equal(leaf_file(f, "7.1/memory.max"), "1048576");
}

static void
a_group_with_processes_is_not_taken(void **state)
{
	struct fixture *f = *state;
	struct tq_limits l = { .v = { 0 } };
	char own[160];

	assert_int_equal(tq_cgroup_open(&f->cg, f->base, NULL), 0);
	snprintf(own, sizeof(own), "%s/7.0", f->own);
	write_file(own, "cgroup.events", "populated 1\nfrozen 0\n");
	assert_int_equal(tq_leaf_make(&f->leaf, &f->cg, &l, NULL), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(tq_leaf_make(&f->leaf, &f->cg, &l, NULL), 0);
	assert_int_equal(f->leaf.generation, 1);
}

static void
kills_for_memory_are_told_once(void **state)
{
	struct fixture *f = *state;
	struct tq_limits l = { .v = { 0 } };
	char own[160];

	assert_int_equal(tq_cgroup_open(&f->cg, f->base, NULL), 0);
	assert_null(tq_leaf_why(&f->leaf));
	assert_int_equal(tq_leaf_make(&f->leaf, &f->cg, &l, NULL), 0);
	/* of tasks before this worker */
	assert_null(tq_leaf_why(&f->leaf));
	snprintf(own, sizeof(own), "%s/7.0", f->own);
	write_file(own, "memory.events", "low 0\noom 1\noom_kill 4\n");
	assert_string_equal(tq_leaf_why(&f->leaf),
	    "killed: memory limit (cgroup)");
	assert_null(tq_leaf_why(&f->leaf));
	write_file(own, "memory.events", "low 0\noom 1\noom_kill 5\n");
	assert_string_equal(tq_leaf_why(&f->leaf),
	    "killed: out of memory (service or machine)");
}

static void
groups_of_the_dead_are_removed(void **state)
{
	struct fixture *f = *state;
	char dead[96], live[96], leaf[112];

	snprintf(dead, sizeof(dead), "%s/tq-dead", f->base);
	snprintf(leaf, sizeof(leaf), "%s/1.0", dead);
	snprintf(live, sizeof(live), "%s/tq-live", f->base);
	assert_int_equal(mkdir(dead, 0700), 0);
	assert_int_equal(mkdir(leaf, 0700), 0);
	fake_group(live, "");
	write_file(live, "cgroup.events", "populated 1\n");
	assert_int_equal(tq_cgroup_open(&f->cg, f->base, NULL), 0);
	assert_int_equal(access(dead, F_OK), -1);
	assert_int_equal(access(live, F_OK), 0);
}

/* ---- a real one ---------------------------------------------------------- */

/* The hierarchy of version 2, NULL when there is none. */
static const char *
hierarchy(void)
{
	static const char *const paths[] = {
		"/sys/fs/cgroup", "/sys/fs/cgroup/unified"
	};
	struct statfs fs;
	size_t i;

	for (i = 0; i < 2; i++)
		if (statfs(paths[i], &fs) == 0 &&
		    fs.f_type == CGROUP2_MAGIC && access(paths[i], W_OK) == 0)
			return paths[i];
	return NULL;
}

/*
 * In a child, in a new group that is delegated to it: what body returns, 0 for
 * good.
 */
static void
in_group(int (*body)(const struct tq_cgroup *))
{
	char path[128], found[256], own[160], *dirs[3];
	struct tq_cgroup cg;
	int status, i, tries, rv = 90;
	pid_t pid;

	if (hierarchy() == NULL)
		skip();
	snprintf(path, sizeof(path), "%s/tq-test-XXXXXX", hierarchy());
	if (mkdtemp(path) == NULL)
		skip();
	if ((pid = fork()) == 0) {
		int fd = -1;
		char procs[160];

		snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
		if ((fd = open(procs, O_WRONLY)) == -1 ||
		    write(fd, "0", 1) != 1)
			_exit(91);
		if (tq_cgroup_find(found, sizeof(found)) != 0)
			_exit(92);	/* nobody delegated it yet */
		if (setxattr(path, "user.delegate", "1", 1, 0) == -1)
			_exit(93);
		if (tq_cgroup_find(found, sizeof(found)) != 1 ||
		    strcmp(found, path) != 0)
			_exit(94);
		if (tq_cgroup_open(&cg, found, NULL) == -1)
			_exit(95);
		rv = body(&cg);
		tq_cgroup_close(&cg);
		_exit(rv);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	snprintf(own, sizeof(own), "%s/tq-%ld/worker", path, (long)pid);
	for (i = 0; i < 3; i++) {
		dirs[i] = strdup(own);
		*strrchr(own, '/') = '\0';
	}
	for (i = 0; i < 3; i++) {
		/* the dead may be in it for a moment */
		for (tries = 0; tries < 20000 && rmdir(dirs[i]) == -1 &&
		    errno == EBUSY; tries++)
			usleep(1000);
		free(dirs[i]);
	}
	assert_int_equal(status, 0);
}

/* Start sh -c script in a leaf; its pid. */
static pid_t
start(const struct tq_leaf *leaf, const char *script, int out)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const char *const env[] = { "PATH=/usr/bin:/bin", NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), status;
	struct tq_proc p = { .file = "/bin/sh", .argv = argv, .env = env,
	    .umask = -1, .fd = { null, out, null }, .leaf = leaf };
	pid_t pid;

	if (tq_proc_start(&pid, &p, &status, NULL) == -1)
		pid = -1;
	close(null);
	return pid;
}

static int
born_inside(const struct tq_cgroup *cg)
{
	struct tq_limits none = { .v = { 0 } };
	char buf[256] = "", want[64];
	struct tq_leaf leaf;
	int p[2], status;
	ssize_t n;

	tq_leaf_init(&leaf, 3);
	if (tq_leaf_make(&leaf, cg, &none, NULL) == -1 || pipe(p) == -1 ||
	    start(&leaf, "exec grep ^0:: /proc/self/cgroup", p[1]) == -1)
		return 1;
	close(p[1]);
	if ((n = read(p[0], buf, sizeof(buf) - 1)) <= 0)
		return 2;
	snprintf(want, sizeof(want), "/tq-%ld/3.0\n", (long)getpid());
	if (strstr(buf, want) == NULL)
		return 3;
	if (wait(&status) == -1 || status != 0)
		return 4;
	/* an empty group goes with its place */
	tq_leaf_close(&leaf, cg);
	return faccessat(cg->dir, "3.0", F_OK, 0) == -1 ? 0 : 5;
}

static void
a_process_is_born_in_its_group(void **state)
{
	(void)state;
	in_group(born_inside);
}

/* How many processes a leaf has. */
static int
members(const struct tq_leaf *leaf)
{
	int fd = openat(leaf->dir, "cgroup.procs", O_RDONLY), n = 0;
	char c;

	while (read(fd, &c, 1) == 1)
		n += c == '\n';
	close(fd);
	return n;
}

/* 1 once the last process of a leaf has gone, 0 if that takes too long. */
static int
empties(const struct tq_leaf *leaf)
{
	int i;

	for (i = 0; members(leaf) > 0; i++) {
		if (i == 20000)
			return 0;
		usleep(1000);
	}
	return 1;
}

static int
nobody_escapes(const struct tq_cgroup *cg)
{
	/* its own session, no parent, no signals: and it forks on and on */
	static const char bomb[] =
	    "trap '' TERM; setsid sh -c 'sleep 600 & sleep 600 &'; "
	    "while :; do (sleep 600 &) ; done";
	struct tq_limits none = { .v = { 0 } };
	struct tq_leaf leaf;
	pid_t pid;

	if ((cg->has & TQ_CGROUP_KILL) == 0)
		return 0;
	tq_leaf_init(&leaf, 1);
	if (tq_leaf_make(&leaf, cg, &none, NULL) == -1 ||
	    (pid = start(&leaf, bomb, STDERR_FILENO)) == -1)
		return 1;
	while (members(&leaf) < 30)
		usleep(1000);
	tq_leaf_kill(&leaf);
	if (waitpid(pid, NULL, 0) != pid)
		return 2;
	if (!empties(&leaf))
		return 3;
	tq_leaf_close(&leaf, cg);
	return faccessat(cg->dir, "1.0", F_OK, 0) == -1 ? 0 : 4;
}

static void
a_fork_bomb_ends_at_once(void **state)
{
	(void)state;
	in_group(nobody_escapes);
}

static int
memory_ends_it(const struct tq_cgroup *cg)
{
	struct tq_limits l = { .v = { [TQ_LIMIT_MEM] = 16 << 20 } };
	struct tq_leaf leaf;
	int status;
	pid_t pid;

	if ((cg->has & TQ_CGROUP_MEMORY) == 0)
		return 0;
	tq_leaf_init(&leaf, 1);
	if (tq_leaf_make(&leaf, cg, &l, NULL) == -1 ||
	    (pid = start(&leaf, "dd if=/dev/zero of=/dev/null bs=64M count=1;"
	    "exit 0", STDERR_FILENO)) == -1)
		return 1;
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) ||
	    WTERMSIG(status) != SIGKILL)
		return 2;
	if (tq_leaf_why(&leaf) == NULL)
		return 3;
	if (!empties(&leaf))
		return 4;
	tq_leaf_close(&leaf, cg);
	return 0;
}

static void
a_task_over_its_memory_is_killed_whole(void **state)
{
	(void)state;
	in_group(memory_ends_it);
}

#define FAKE(name) \
	cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE(the_worker_moves_and_hands_controllers_down),
		FAKE(what_is_not_offered_is_not_had),
		FAKE(a_group_that_cannot_be_arranged_is_refused),
		FAKE(limits_are_kept_by_the_group),
		FAKE(limits_of_the_task_before_are_lifted),
		FAKE(memory_that_is_left_makes_a_new_group),
		FAKE(a_group_with_processes_is_not_taken),
		FAKE(kills_for_memory_are_told_once),
		FAKE(groups_of_the_dead_are_removed),
		cmocka_unit_test(a_process_is_born_in_its_group),
		cmocka_unit_test(a_fork_bomb_ends_at_once),
		cmocka_unit_test(a_task_over_its_memory_is_killed_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
