/*
 * A process that is out of descriptors knows nothing of the disk: it is refused,
 * and whoever comes next finds the spool as it was.
 */
#define _GNU_SOURCE	/* gettid() */
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/io.h"
#include "lib/spool/core.h"
#include "lib/spool/lock.h"
#include "lib/spool/upkeep.h"
#include "tests/lib/spool.h"

#define TASKS	40	/* of 4,000 bytes: three segments */
#define FEW	10	/* one */

static struct rlimit before;

/* From here to have_all() no descriptor can be had. */
static void
have_none(void)
{
	struct rlimit none;
	int fd = dup(STDERR_FILENO);	/* the lowest that is free */

	assert_int_not_equal(fd, -1);
	close(fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)fd;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

static void
have_all(void)
{
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* How many of the tasks up to number n are there. */
static uint32_t
there(struct t_spool *f, uint32_t n)
{
	struct tq_uuid id;
	uint32_t i, k = 0;

	assert_int_equal(tq_core_enter(f->sp, &f->e), 0);
	for (i = 1; i <= n; i++) {
		id = t_id(i);
		k += tq_table_find(&f->sp->t, &id) != 0;
	}
	tq_core_leave(f->sp);
	return k;
}

/* All tasks up to number n are there, also after a replay. */
static void
assert_all(struct t_spool *f, uint32_t n)
{
	t_spool_rebuild(f);
	assert_int_equal(there(f, n), n);
}

static void
fill(struct t_spool *f)
{
	uint32_t i;

	for (i = 1; i <= TASKS; i++)
		t_spool_put(f, i, "q", 4000);
	assert_true(TQ_LSN_SEG(f->sp->t.top->tail) > 2);
	assert_int_equal(tq_spool_set(f->sp, NULL, "sync", "full", &f->e), 0);
}

/* ---- syncs -------------------------------------------------------------- */

static void
sync_that_could_not_be_tried_has_not_failed(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got;
	struct tq_spool *other;

	fill(f);
	t_spool_claim(f, 1, "q", &got);		/* is not synced */
	other = t_spool_open(f);
	have_none();
	assert_int_equal(tq_core_told(other, &f->e), -1);
	have_all();
	assert_int_equal(f->sp->t.top->readonly, 0);
	assert_true(f->sp->t.top->fail_to == 0);
	t_spool_put(f, TASKS + 1, "q", 10);
	tq_spool_close(other);
	assert_all(f, TASKS + 1);
}

static int
fdatasync_fails(int fd)
{
	(void)fd;
	errno = EIO;
	return -1;
}

static void
rescue_without_descriptors_is_left_to_others(void **state)
{
	int (*good)(int) = tq_sys.fdatasync;
	struct t_spool *f = *state;
	struct tq_spool_got got;

	fill(f);
	t_spool_claim(f, 1, "q", &got);
	tq_sys.fdatasync = fdatasync_fails;
	have_none();
	assert_int_equal(tq_core_told(f->sp, &f->e), -1);
	have_all();
	tq_sys.fdatasync = good;
	assert_int_equal(f->sp->t.top->readonly, 0);
	t_spool_put(f, TASKS + 1, "q", 10);
	assert_all(f, TASKS + 1);
}

/* The n-th call of openat() from now on fails. */
static int	(*good_openat)(int, const char *, int, ...);
static unsigned	opens;

static int
openat_fails_once(int dirfd, const char *name, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (--opens > 0)
		return good_openat(dirfd, name, flags, mode);
	tq_sys.openat = good_openat;
	errno = EMFILE;
	return -1;
}

static void
fail_open(unsigned n)
{
	opens = n;
	good_openat = tq_sys.openat;
	tq_sys.openat = openat_fails_once;
}

/* 1 if it did not come to that. */
static int
none_failed(void)
{
	int rv = tq_sys.openat == openat_fails_once;

	tq_sys.openat = good_openat;
	return rv;
}

static void
rescue_leaves_no_segment_out(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool *other;

	fill(f);
	other = t_spool_open(f);
	/* as if the sync of all of it had failed */
	f->sp->t.top->durable = TQ_LSN(1, 0);
	f->sp->t.top->fail_to = f->sp->t.top->tail;
	fail_open(1);
	assert_int_equal(tq_rescue(other, &f->e), -1);
	tq_spool_close(other);
	assert_int_equal(f->sp->t.top->readonly, 0);
	t_spool_put(f, TASKS + 1, "q", 10);
	assert_all(f, TASKS + 1);
}

/* ---- replays ------------------------------------------------------------ */

static void
failed_rebuild_forgets_no_failed_sync(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool *other;
	tq_lsn tail;

	fill(f);
	other = t_spool_open(f);
	tail = f->sp->t.top->tail;
	f->sp->t.top->durable = TQ_LSN(1, 0);
	f->sp->t.top->fail_to = tail;
	assert_int_equal(tq_lock_take(&f->sp->t.top->lock, NULL), 0);
	have_none();
	assert_int_equal(tq_rebuild(other, &f->e), -1);
	have_all();
	tq_lock_give(&f->sp->t.top->lock);
	tq_spool_close(other);
	assert_true(f->sp->t.top->fail_to == tail);
	assert_all(f, TASKS);
	/* who came then has written it again */
	assert_true(TQ_LSN_SEG(f->sp->t.top->tail) > TQ_LSN_SEG(tail));
}

/* ---- salvage ------------------------------------------------------------ */

static void
say_nothing(const char *text, void *arg)
{
	(void)text;
	(void)arg;
}

static void
salvage_ends_whatever_fails(void **state)
{
	struct t_spool *f = *state;
	struct tq_segment *s;
	uint32_t i;
	unsigned n = 0;
	int rv, mended = 0;

	/* the tail is in the base, until there is another segment */
	for (i = 1; i <= FEW; i++)
		t_spool_put(f, i, "q", 4000);
	s = tq_ledger_segment(&f->sp->l, 1);
	assert_non_null(s);
	assert_int_equal(pwrite(s->fd, "damage", 6, 20000), 6);
	(void)alarm(30);
	do {
		fail_open(++n);
		rv = tq_spool_check(f->sp, TQ_CHECK_SALVAGE, say_nothing, NULL,
		    &f->e);
		mended |= rv == 1;
		assert_in_range(there(f, FEW), FEW - 1, FEW);
	} while (!none_failed());
	(void)alarm(0);
	assert_true(mended);
	assert_true(n > 10);
	assert_int_equal(tq_spool_check(f->sp, 0, say_nothing, NULL, &f->e), 0);
}

/* ---- whose turn it is ---------------------------------------------------- */

struct holder {
	struct tq_spool	*sp;
	pid_t		 tid;		/* who is to wait for it */
	_Atomic int	 holds, done;
	int		 slept;
};

static int
sleeps(pid_t tid)
{
	char name[64], text[256] = "";
	const char *p;
	FILE *fp;

	(void)snprintf(name, sizeof(name), "/proc/self/task/%d/stat", tid);
	fp = fopen(name, "r");
	assert_non_null(fp);
	(void)fgets(text, sizeof(text), fp);
	(void)fclose(fp);
	p = strrchr(text, ')');
	return p != NULL && p[2] == 'S';
}

static void *
hold_care(void *arg)
{
	tq_time end = tq_clock_mono() + 2 * TQ_SECOND;
	struct holder *h = arg;

	(void)tq_lock_take(&h->sp->t.top->care, NULL);
	h->holds = 1;
	while (!h->done && !(h->slept = sleeps(h->tid)) &&
	    tq_clock_mono() < end)
		continue;
	tq_lock_give(&h->sp->t.top->care);
	return NULL;
}

static void
who_wants_to_retire_sleeps_until_it_is_his_turn(void **state)
{
	struct t_spool *f = *state;
	struct holder h = { .sp = f->sp, .tid = gettid() };
	pthread_t thread;

	fill(f);
	assert_int_equal(pthread_create(&thread, NULL, hold_care, &h), 0);
	while (!h.holds)
		continue;
	assert_int_equal(tq_retire_step(f->sp, TQ_RETIRE_FORCED, 1, &f->e), 1);
	h.done = 1;
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(h.slept);
}

/* ---- looking ------------------------------------------------------------ */

static void
task_that_cannot_be_read_is_not_unknown(void **state)
{
	struct t_spool *f = *state;
	struct tq_uuid id = t_id(1);
	struct tq_spool_look look;
	struct tq_spool *other;

	fill(f);
	other = t_spool_open(f);
	have_none();
	assert_int_equal(tq_spool_look(other, &id, 0, &look, &f->e), -1);
	assert_int_equal(errno, EMFILE);
	have_all();
	assert_int_equal(tq_spool_look(other, &id, 0, &look, &f->e), 1);
	tq_spool_close(other);
}

static void
output_that_cannot_be_read_is_not_missing(void **state)
{
	struct t_spool *f = *state;
	struct tq_uuid id = t_id(1);
	struct tq_spool_source source;
	struct tq_spool_output out;
	struct tq_spool_got got;
	struct tq_spool *other;
	unsigned char head[8];

	fill(f);
	t_spool_claim(f, 1, "q", &got);
	t_spool_settle(f, &got, TQ_SUCCESS);
	other = t_spool_open(f);
	assert_int_equal(tq_spool_source(other, &id, &source, &f->e), 0);
	have_none();
	assert_int_equal(tq_spool_output(other, &source, &out, &f->e), -1);
	assert_int_equal(f->e.num, EMFILE);
	assert_int_equal(tq_spool_head(other, &source, head, sizeof(head),
	    &f->e), -1);
	assert_int_equal(f->e.num, EMFILE);
	have_all();
	assert_int_equal(tq_spool_output(other, &source, &out, &f->e), 0);
	assert_int_equal(tq_spool_head(other, &source, head, sizeof(head),
	    &f->e), 0);
	tq_spool_close(other);
}

#define T(f) cmocka_unit_test_setup_teardown(f, t_setup_spool, t_teardown_spool)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(sync_that_could_not_be_tried_has_not_failed),
		T(rescue_without_descriptors_is_left_to_others),
		T(rescue_leaves_no_segment_out),
		T(failed_rebuild_forgets_no_failed_sync),
		T(salvage_ends_whatever_fails),
		T(who_wants_to_retire_sleeps_until_it_is_his_turn),
		T(task_that_cannot_be_read_is_not_unknown),
		T(output_that_cannot_be_read_is_not_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
