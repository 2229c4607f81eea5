/*
 * The lock, the table and who holds them: holders that die inside, a table
 * that is removed, scribbled over or repaired by two at once, leaders that die
 * in a sync, owners that leave children behind, holders that stop.
 */
#define _GNU_SOURCE	/* RLIMIT_MSGQUEUE */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/io.h"
#include "lib/spool/verb.h"
#include "lib/spool/lock.h"
#include "tests/lib/crash.h"

/* ---- children that do harm ----------------------------------------------- */

static void
put_ten(struct crash_world *w)
{
	struct tq *tq = crash_open(w);

	crash_put(w, tq, w->ntasks, 10, 100);
	tq_close(tq);
}

static struct tq_spool *
open_core(struct crash_world *w)
{
	struct tq_spool *sp;
	struct tq_err e;

	if (tq_spool_open(&sp, w->dir, 0, &e) == -1)
		crash_die(w, "open: %s", e.text);
	return sp;
}

/* Inside the lock, with nothing changed. */
static void
die_inside(struct crash_world *w)
{
	struct tq_spool *sp = open_core(w);

	if (tq_core_enter(sp, NULL) == 0)
		raise(SIGKILL);
}

/* Inside the lock, with the table behind the ledger for all one knows. */
static void
die_dirty(struct crash_world *w)
{
	struct tq_spool *sp = open_core(w);

	if (tq_core_enter(sp, NULL) == -1)
		return;
	sp->t.top->dirty = 1;
	sp->t.top->ntasks = 7;
	sp->t.top->queues.used = 0;
	raise(SIGKILL);
}

/* In the middle of writing a record. */
static void
die_writing(struct crash_world *w)
{
	struct tq *tq = crash_open(w);

	t_sys_arm(1, T_SYS_TORN);
	crash_put(w, tq, w->ntasks, 3, 3000);
}

/* ---- death inside -------------------------------------------------------- */

static void
killed_by(struct crash_world *w, void (*f)(struct crash_world *))
{
	int status = crash_run(f, w);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void
lock_is_mended_after_a_death_inside(void **state)
{
	struct crash_world *w = *state;

	crash_must(put_ten, w, "put");
	killed_by(w, die_inside);
	crash_must(put_ten, w, "put after it");
	crash_must(crash_verify, w, "verify");
}

static void
table_is_rebuilt_after_a_death_while_it_changed(void **state)
{
	struct crash_world *w = *state;

	crash_must(put_ten, w, "put");
	killed_by(w, die_dirty);
	crash_must(put_ten, w, "put after it");
	crash_must(crash_verify, w, "verify");
	crash_must(crash_drain, w, "drain");
}

static void
half_a_record_is_overwritten(void **state)
{
	struct crash_world *w = *state;

	crash_must(put_ten, w, "put");
	killed_by(w, die_writing);
	crash_must(put_ten, w, "put after it");
	crash_lose_table(w);
	crash_must(crash_verify, w, "verify");
}

static void
two_repair_at_once(void **state)
{
	struct crash_world *w = *state;
	pid_t pid[4];
	size_t i;
	int round;

	crash_must(put_ten, w, "put");
	for (round = 0; round < 5; round++) {
		killed_by(w, die_dirty);
		if (round % 2)
			crash_lose_table(w);
		for (i = 0; i < T_COUNT(pid); i++)
			pid[i] = crash_start(crash_verify, w);
		for (i = 0; i < T_COUNT(pid); i++)
			assert_int_equal(crash_wait(pid[i]), 0);
	}
}

/* ---- a table that goes away ----------------------------------------------- */

static _Atomic int *flags;	/* shared: [0] stop, [1 ..] progress */

static void
flags_make(void)
{
	flags = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(flags, MAP_FAILED);
}

#define SPAN	200	/* tasks that one of several putters has */

/* Puts and ends what is his until told to stop; each has his own numbers. */
static void
toil(struct crash_world *w, unsigned who)
{
	struct tq *tq = crash_open(w);
	struct tq_claim c;
	unsigned n;

	tq_claim_init(&c);
	for (n = 0; n < SPAN && !flags[0]; n++) {
		crash_put(w, tq, who * SPAN + n, 1, 100);
		if (crash_claim(w, tq, &c) >= 0)
			crash_end(w, tq, &c, 50);
		flags[1 + who]++;
	}
	while (!flags[0])
		if (crash_claim(w, tq, &c) >= 0)
			crash_end(w, tq, &c, 50);
	tq_claim_fini(&c);
	tq_close(tq);
}

static void toil_0(struct crash_world *w) { toil(w, 0); }
static void toil_1(struct crash_world *w) { toil(w, 1); }
static void toil_2(struct crash_world *w) { toil(w, 2); }
static void toil_3(struct crash_world *w) { toil(w, 3); }

static void (*const toilers[])(struct crash_world *) = {
	toil_0, toil_1, toil_2, toil_3
};
#define TOILERS	T_COUNT(toilers)

static int
all_moved(const int *before)
{
	size_t i;

	for (i = 0; i < TOILERS; i++)
		if (flags[1 + i] <= before[i] && flags[1 + i] < SPAN)
			return 0;
	return 1;
}

static void
wait_for_moves(void)
{
	int before[TOILERS];
	size_t i;

	for (i = 0; i < TOILERS; i++)
		before[i] = flags[1 + i];
	T_UNTIL(all_moved(before));
}

/* A file of that name, as of somebody who would like to be the table. */
static void
offer_another(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/dev/shm%s", name);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(ftruncate(fd, (off_t)tq_table_size()), 0);
	close(fd);
}

/* Opens, puts and goes while the others toil. */
static void
newcomer(struct crash_world *w)
{
	struct tq *tq = crash_open(w);

	crash_put(w, tq, TOILERS * SPAN, 1, 100);
	tq_close(tq);
}

static void
table_removed_under_load(void **state)
{
	struct crash_world *w = *state;
	char name[64], path[128];
	pid_t pid[TOILERS];
	char *lock;
	size_t i;

	flags_make();
	w->ntasks = TOILERS * SPAN;
	for (i = 0; i < TOILERS; i++)
		pid[i] = crash_start(toilers[i], w);
	wait_for_moves();
	lock = t_read(w->dir, "lock", NULL);
	assert_int_equal(sscanf(lock, "tq table %63s", name), 1);
	free(lock);
	crash_lose_table(w);
	offer_another(name);
	wait_for_moves();
	crash_must(newcomer, w, "a newcomer");
	wait_for_moves();
	flags[0] = 1;
	for (i = 0; i < TOILERS; i++)
		assert_int_equal(crash_wait(pid[i]), 0);
	crash_must(crash_verify, w, "verify");
	crash_must(crash_drain, w, "drain");
	/* what was offered is nobody's, and still there */
	snprintf(path, sizeof(path), "/dev/shm%s", name);
	assert_int_equal(unlink(path), 0);
	munmap((void *)flags, 4096);
}

/* ---- leaders, owners, holders ---------------------------------------------- */

static int
die_syncing(int fd)
{
	(void)fd;
	raise(SIGKILL);
	return -1;
}

static void
die_leading(struct crash_world *w)
{
	struct tq *tq = crash_open(w);
	unsigned n;

	/* now and then another leads for it */
	tq_sys.fdatasync = die_syncing;
	for (n = w->ntasks; n < CRASH_TASKS; n++)
		crash_put(w, tq, n, 1, 100);
}

static void
leader_killed_in_its_sync(void **state)
{
	struct crash_world *w = *state;
	pid_t pid[TOILERS];
	size_t i;

	flags_make();
	w->ntasks = TOILERS * SPAN;
	for (i = 0; i < TOILERS; i++)
		pid[i] = crash_start(toilers[i], w);
	wait_for_moves();
	for (i = 0; i < 3; i++) {
		killed_by(w, die_leading);
		wait_for_moves();
	}
	flags[0] = 1;
	for (i = 0; i < TOILERS; i++)
		assert_int_equal(crash_wait(pid[i]), 0);
	crash_must(crash_verify, w, "verify");
	crash_must(crash_drain, w, "drain");
	munmap((void *)flags, 4096);
}

/* Claims, leaves a child behind that lives on, and is killed. */
static void
die_before_child(struct crash_world *w)
{
	struct tq *tq = crash_open(w);
	struct tq_claim c;
	pid_t pid;

	tq_claim_init(&c);
	if (crash_claim(w, tq, &c) < 0)
		crash_die(w, "nothing to claim");
	if ((pid = fork()) == 0) {
		alarm(CRASH_SECONDS);	/* forked, it has none */
		pause();
		_exit(0);
	}
	flags[1] = pid;
	raise(SIGKILL);
}

static void
claim_within_3s(struct crash_world *w)
{
	struct tq_take take = { .timeout = 3 * TQ_SECOND };
	struct tq *tq = crash_open(w);
	struct tq_claim c;
	struct tq_err e;

	tq_claim_init(&c);
	if (tq_claim(tq, &take, &c, &e) != 1)
		crash_die(w, "no claim within 3 s");
	tq_claim_fini(&c);
	tq_close(tq);
}

static void
put_one(struct crash_world *w)
{
	struct tq *tq = crash_open(w);

	crash_put(w, tq, w->ntasks, 1, 100);
	tq_close(tq);
}

static void
forked_child_does_not_keep_its_parent_alive(void **state)
{
	struct crash_world *w = *state;
	pid_t child;

	flags_make();
	crash_must(put_one, w, "put");
	killed_by(w, die_before_child);
	child = flags[1];
	assert_true(child > 0);
	assert_int_equal(kill(child, 0), 0);
	crash_must(claim_within_3s, w, "claim");
	kill(child, SIGKILL);
	munmap((void *)flags, 4096);
}

static void
stop_inside(struct crash_world *w)
{
	struct tq_spool *sp = open_core(w);

	if (tq_core_enter(sp, NULL) == -1)
		crash_die(w, "no way in");
	raise(SIGSTOP);
	tq_core_leave(sp);
	tq_spool_close(sp);
}

/* The holder is named, and nobody waits much longer than the patience. */
static void
put_is_refused(struct crash_world *w)
{
	tq_time start = tq_clock_mono();
	struct tq *tq = crash_open(w);
	struct tq_task t;
	struct tq_err e;
	struct tq_id id;
	char pid[16];

	tq_task_init(&t);
	snprintf(pid, sizeof(pid), "%d", (int)flags[1]);
	if (tq_put(tq, &t, 0, &id, &e) != -1 || errno != EBUSY)
		crash_die(w, "the put was not refused");
	if (strstr(e.text, pid) == NULL)
		crash_die(w, "'%s' does not name %s", e.text, pid);
	if (tq_clock_mono() - start > TQ_LOCK_PATIENCE + 5 * TQ_SECOND)
		crash_die(w, "it took too long");
}

static void
stopped_holder_is_named(void **state)
{
	struct crash_world *w = *state;
	pid_t pid;
	int status;

	flags_make();
	crash_must(put_one, w, "put");
	flags[1] = pid = crash_start(stop_inside, w);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	crash_must(put_is_refused, w, "a put meanwhile");
	kill(pid, SIGCONT);
	assert_int_equal(crash_wait(pid), 0);
	crash_must(put_one, w, "put after it");
	crash_must(crash_verify, w, "verify");
	munmap((void *)flags, 4096);
}

/* A put whose sync never comes back, until it is told to go on. */
static int (*real_fdatasync)(int);

static int
stop_in_sync(int fd)
{
	int rv = real_fdatasync(fd);

	tq_sys.fdatasync = real_fdatasync;
	raise(SIGSTOP);
	return rv;
}

static void
stop_syncing(struct crash_world *w)
{
	struct tq *tq = crash_open(w);

	real_fdatasync = tq_sys.fdatasync;
	tq_sys.fdatasync = stop_in_sync;
	crash_put(w, tq, w->ntasks, 1, 100);
	tq_close(tq);
}

static void
put_soon(struct crash_world *w)
{
	tq_time start = tq_clock_mono();

	put_one(w);
	if (tq_clock_mono() - start > TQ_LOCK_PATIENCE)
		crash_die(w, "it waited for a leader that was passed by");
}

static void
stopped_leader_is_passed_by(void **state)
{
	struct crash_world *w = *state;
	pid_t pid;
	int status;

	crash_must(put_ten, w, "put");
	pid = crash_start(stop_syncing, w);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	crash_must(put_one, w, "a put meanwhile");
	crash_must(put_soon, w, "another");
	kill(pid, SIGCONT);
	assert_int_equal(crash_wait(pid), 0);
	crash_must(put_soon, w, "put after it");
	crash_lose_table(w);
	crash_must(crash_verify, w, "verify");
}

/* ---- no message queue --------------------------------------------------------- */

static void
claim_without_bell(struct crash_world *w)
{
	const struct rlimit none = { 1, 1 };

	if (setrlimit(RLIMIT_MSGQUEUE, &none) == -1)
		crash_die(w, "setrlimit");
	flags[1] = 1;
	claim_within_3s(w);
}

static void
works_by_timeout_without_a_message_queue(void **state)
{
	struct crash_world *w = *state;
	pid_t pid;

	flags_make();
	pid = crash_start(claim_without_bell, w);
	T_UNTIL(flags[1] == 1);
	crash_must(put_one, w, "put");
	assert_int_equal(crash_wait(pid), 0);
	munmap((void *)flags, 4096);
}

/* ---- wild numbers -------------------------------------------------------------- */

/*
 * Write random words over what the table says of tasks, queues, owners and
 * timers.  Where the ledger ends is not touched: who can write that can write
 * the ledger too.
 */
static void
scribble(struct crash_world *w)
{
	struct tq_spool *sp = open_core(w);
	struct tq_table *t = &sp->t;
	struct {
		void	*p;
		size_t	 n;
	} region[] = {
		{ t->slots + 1, 40 * sizeof(*t->slots) },
		{ t->qrows + 1, sizeof(*t->qrows) },
		{ t->wrows + 1, 4 * sizeof(*t->wrows) },
		{ t->heap, 64 },
		{ t->buckets, 512 },
		{ &t->top->slots, offsetof(struct tq_top, intent) -
		    offsetof(struct tq_top, slots) },
		{ &t->top->level, offsetof(struct tq_top, salt) -
		    offsetof(struct tq_top, level) },
		{ &t->top->queues, offsetof(struct tq_top, swept) -
		    offsetof(struct tq_top, queues) },
	};
	unsigned i, k;

	srand(w->at);
	for (i = 0; i < 60; i++) {
		k = (unsigned)rand() % (unsigned)T_COUNT(region);
		((unsigned char *)region[k].p)[(unsigned)rand() %
		    region[k].n] = (unsigned char)rand();
	}
	_exit(0);
}

static void
not_said(const char *text, void *arg)
{
	(void)text;
	(void)arg;
}

/* Whatever they are told: they must not crash, hang or corrupt the ledger. */
static void
blunder(struct crash_world *w)
{
	struct tq *tq = crash_open(w);
	struct tq_select all = { .nids = 0 };
	struct tq_take take = { .nqueues = 0 };
	struct tq_claim c;
	struct tq_err e;
	int i;

	tq_claim_init(&c);
	for (i = 0; i < 3; i++)
		if (tq_claim(tq, &take, &c, &e) == -1)
			break;
	tq_claim_fini(&c);
	(void)tq_do(tq, TQ_DO_GC, &all, NULL, 0, NULL, &e);
	(void)tq_check(tq, 0, not_said, NULL, &e);
	tq_close(tq);
}

static void
scribbled_table_costs_no_task(void **state)
{
	struct crash_world *w = *state;
	unsigned seed;

	for (seed = 1; seed <= 60; seed++) {
		crash_again(w);
		w->at = seed;
		crash_must(put_ten, w, "put");
		crash_must(put_ten, w, "put");
		crash_must(scribble, w, "scribble");
		crash_must(blunder, w, "work on a scribbled table");
		crash_lose_table(w);
		crash_must(crash_verify, w, "verify");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CRASH_TEST(lock_is_mended_after_a_death_inside),
		CRASH_TEST(table_is_rebuilt_after_a_death_while_it_changed),
		CRASH_TEST(half_a_record_is_overwritten),
		CRASH_TEST(two_repair_at_once),
		CRASH_TEST(table_removed_under_load),
		CRASH_TEST(leader_killed_in_its_sync),
		CRASH_TEST(forked_child_does_not_keep_its_parent_alive),
		CRASH_TEST(stopped_holder_is_named),
		CRASH_TEST(stopped_leader_is_passed_by),
		CRASH_TEST(works_by_timeout_without_a_message_queue),
		CRASH_TEST(scribbled_table_costs_no_task),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
