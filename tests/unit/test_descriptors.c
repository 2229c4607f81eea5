/*
 * A process that is out of descriptors knows nothing of the disk: it is refused,
 * and whoever comes next finds the spool as it was.
 */
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "lib/base/io.h"
#include "lib/spool/core.h"
#include "lib/spool/lock.h"
#include "tests/lib/spool.h"

#define TASKS	40	/* of 4,000 bytes: three segments */

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

/* All tasks up to number n are there, also after a replay. */
static void
assert_all(struct t_spool *f, uint32_t n)
{
	uint32_t i, there = 0;

	t_spool_rebuild(f);
	for (i = 1; i <= n; i++) {
		struct tq_uuid id = t_id(i);

		there += tq_table_find(&f->sp->t, &id) != 0;
	}
	assert_int_equal(there, n);
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

/* The next call of openat() fails. */
static int	(*good_openat)(int, const char *, int, ...);

static int
openat_fails_once(int dirfd, const char *name, int flags, ...)
{
	(void)dirfd;
	(void)name;
	(void)flags;
	tq_sys.openat = good_openat;
	errno = EMFILE;
	return -1;
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
	good_openat = tq_sys.openat;
	tq_sys.openat = openat_fails_once;
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

#define T(f) cmocka_unit_test_setup_teardown(f, t_setup_spool, t_teardown_spool)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(sync_that_could_not_be_tried_has_not_failed),
		T(rescue_without_descriptors_is_left_to_others),
		T(rescue_leaves_no_segment_out),
		T(failed_rebuild_forgets_no_failed_sync),
		T(task_that_cannot_be_read_is_not_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
