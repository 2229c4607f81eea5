/* Unit tests of lib/spool/bell.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/alarm.h"
#include "lib/base/clock.h"
#include "lib/spool/bell.h"
#include "tests/lib/spool.h"
#include "tests/lib/t.h"

/* An inbox, and somebody who sends to it. */
struct fixture {
	struct tq_bell	 b;
	struct tq_bell_peer p;
	struct tq_err	 e;
	char		 name[TQ_BELL_NAME];
	char		 buf[TQ_BELL_MSG];
};

static int
make(struct fixture *f, mode_t mode)
{
	return tq_bell_make(&f->b, f->name, mode, (gid_t)-1, &f->e);
}

static int
setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	*state = f;
	f->p.mq = (mqd_t)-1;
	snprintf(f->name, sizeof(f->name), "/tq-test-%ld", (long)getpid());
	if (make(f, 0600) == -1) {
		print_message("no message queues here: %s\n", f->e.text);
		f->b.mq = (mqd_t)-1;
	}
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	tq_bell_peer_free(&f->p);
	tq_bell_free(&f->b);
	test_free(f);
	return 0;
}

/* Where no message queue can be had there is nothing to test. */
static void
need_bell(const struct fixture *f)
{
	if (f->b.mq == (mqd_t)-1)
		skip();
}

static int
send_words(struct fixture *f, const char *words)
{
	return tq_bell_send(&f->p, f->b.name, f->b.dev, f->b.ino, words);
}

static int
take(struct fixture *f)
{
	return tq_bell_take(&f->b, f->buf, sizeof(f->buf));
}

static void
ring_is_heard_once(void **state)
{
	struct fixture *f = *state;

	need_bell(f);
	assert_int_equal(take(f), 0);
	assert_int_equal(send_words(f, NULL), 0);
	assert_int_equal(take(f), 2);
	assert_int_equal(take(f), 0);
}

static void
mail_comes_with_its_words(void **state)
{
	struct fixture *f = *state;

	need_bell(f);
	assert_int_equal(send_words(f, "grow 2"), 0);
	assert_int_equal(take(f), 1);
	assert_string_equal(f->buf, "grow 2");
}

static void
mail_overtakes_rings(void **state)
{
	struct fixture *f = *state;

	need_bell(f);
	assert_int_equal(send_words(f, NULL), 0);
	assert_int_equal(send_words(f, "stop"), 0);
	assert_int_equal(take(f), 1);
	assert_string_equal(f->buf, "stop");
	assert_int_equal(take(f), 2);
}

static void
words_are_cut_to_the_buffer(void **state)
{
	struct fixture *f = *state;

	need_bell(f);
	assert_int_equal(send_words(f, "resize"), 0);
	assert_int_equal(tq_bell_take(&f->b, f->buf, 4), 1);
	assert_string_equal(f->buf, "res");
}

/* Its owner has not looked yet, so it will. */
static void
full_inbox_is_no_failure_of_a_ring(void **state)
{
	struct fixture *f = *state;
	int i;

	need_bell(f);
	for (i = 0; i < 30; i++)
		assert_int_equal(send_words(f, NULL), 0);
	assert_int_equal(send_words(f, "ping"), -1);
	assert_int_equal(errno, EAGAIN);
}

static void
queue_of_somebody_else_is_not_talked_to(void **state)
{
	struct fixture *f = *state;

	need_bell(f);
	assert_int_equal(tq_bell_send(&f->p, f->b.name, f->b.dev,
	    f->b.ino + 1, NULL), -1);
	assert_int_equal(errno, ESTALE);
	assert_int_equal(take(f), 0);
}

static void
inbox_made_anew_is_reached(void **state)
{
	struct fixture *f = *state;

	need_bell(f);
	assert_int_equal(send_words(f, NULL), 0);
	tq_bell_free(&f->b);
	assert_int_equal(make(f, 0600), 0);
	assert_int_equal(send_words(f, NULL), 0);
	assert_int_equal(take(f), 2);
}

static void
inbox_of_a_dead_owner_is_replaced(void **state)
{
	struct fixture *f = *state;
	mqd_t dead = f->b.mq;
	uint64_t ino = f->b.ino;

	need_bell(f);
	assert_int_equal(send_words(f, "for the dead"), 0);
	assert_int_equal(make(f, 0600), 0);
	assert_string_equal(f->b.name, f->name);
	assert_int_not_equal(f->b.ino, ino);
	assert_int_equal(take(f), 0);
	/* who still has the old one open finds the new */
	assert_int_equal(send_words(f, "hello"), 0);
	assert_int_equal(take(f), 1);
	assert_string_equal(f->buf, "hello");
	(void)mq_close(dead);
}

static void
rows_and_spools_have_names_of_their_own(void **state)
{
	const struct stat here = { .st_dev = 0xfe01, .st_ino = 7 };
	const struct stat there = { .st_dev = 0xfe01, .st_ino = 8 };
	const struct stat disk = { .st_dev = 0xfe02, .st_ino = 7 };
	char name[4][TQ_BELL_NAME], again[TQ_BELL_NAME];
	int i, k;

	(void)state;
	tq_bell_name(name[0], &here, 1);
	tq_bell_name(name[1], &here, 255);
	tq_bell_name(name[2], &there, 1);
	tq_bell_name(name[3], &disk, 1);
	tq_bell_name(again, &here, 1);
	assert_string_equal(name[0], again);
	for (i = 0; i < 4; i++)
		for (k = 0; k < i; k++)
			assert_string_not_equal(name[i], name[k]);
}

static void
inbox_that_is_gone_is_said_so(void **state)
{
	struct fixture *f = *state;
	struct tq_bell gone = f->b;

	need_bell(f);
	tq_bell_free(&f->b);
	assert_int_equal(f->b.mq, (mqd_t)-1);
	assert_int_equal(tq_bell_send(&f->p, gone.name, gone.dev, gone.ino,
	    NULL), -1);
	assert_int_equal(errno, ENOENT);
}

static void
waiter_wakes_when_something_is_there(void **state)
{
	struct fixture *f = *state;
	tq_time start = tq_clock_mono();

	need_bell(f);
	assert_int_equal(send_words(f, NULL), 0);
	tq_bell_wait(&f->b, -1, 3600 * TQ_SECOND);
	assert_in_range(tq_clock_mono() - start, 0, 60 * TQ_SECOND);
	assert_int_equal(take(f), 2);
}

static void
waiter_wakes_after_its_timeout(void **state)
{
	struct fixture *f = *state;
	tq_time start = tq_clock_mono();

	tq_bell_wait(&f->b, -1, 5 * TQ_MS);
	assert_in_range(tq_clock_mono() - start, 5 * TQ_MS, 60 * TQ_SECOND);
	tq_bell_wait(&f->b, -1, 0);
	tq_bell_wait(&f->b, -1, -1);
}

static void
waiter_wakes_when_its_alarm_rings(void **state)
{
	struct fixture *f = *state;
	tq_time start = tq_clock_mono();
	int fd = tq_alarm_make();

	assert_int_equal(tq_alarm_set(fd, 1), 0);
	tq_bell_wait(&f->b, fd, 3600 * TQ_SECOND);
	assert_in_range(tq_clock_mono() - start, 0, 60 * TQ_SECOND);
	close(fd);
}

static void
umask_does_not_cut_the_mode(void **state)
{
	struct fixture *f = *state;
	mode_t old = umask(077);
	struct stat st;

	tq_bell_free(&f->b);
	(void)make(f, 0660);
	umask(old);
	need_bell(f);
	assert_int_equal(fstat(f->b.mq, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(st.st_ino, f->b.ino);
}

static void
without_an_inbox_nothing_is_there(void **state)
{
	struct tq_bell none = { .mq = (mqd_t)-1 };
	char buf[8];

	(void)state;
	assert_int_equal(tq_bell_take(&none, buf, sizeof(buf)), 0);
	tq_bell_free(&none);
}

/* How many inboxes are named after rows of the spool. */
static int
inboxes(struct t_spool *f)
{
	char path[T_PATH_MAX + 16], name[TQ_BELL_NAME];
	struct stat st;
	unsigned row;
	mqd_t mq;
	int n = 0;

	snprintf(path, sizeof(path), "%s/owners", f->dir);
	assert_int_equal(stat(path, &st), 0);
	for (row = 1; row < TQ_WORKERS_MAX; row++) {
		tq_bell_name(name, &st, row);
		if ((mq = mq_open(name, O_WRONLY)) != (mqd_t)-1) {
			(void)mq_close(mq);
			n++;
		}
	}
	return n;
}

/* A worker that dies without a word. */
static void
live_and_die(struct t_spool *f)
{
	const struct tq_take take = { .queue = { "q" }, .nqueues = 1 };
	struct tq_spool *sp;
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		sp = t_spool_open(f);
		_exit(tq_spool_join(sp, &take, 1, NULL) == 0 &&
		    tq_spool_fd(sp) != -1 ? 0 : 1);
	}
	assert_int_not_equal(pid, -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
dead_workers_leave_one_inbox_a_row(void **state)
{
	const struct tq_take take = { .queue = { "q" }, .nqueues = 1 };
	struct t_spool *f = *state;
	uint64_t changed = 0;
	int i;

	for (i = 0; i < 5; i++)
		live_and_die(f);
	assert_int_equal(inboxes(f), 1);
	/* not even where the table that named it is lost */
	assert_int_equal(tq_core_enter(f->sp, &f->e), 0);
	assert_int_equal(tq_rebuild(f->sp, &f->e), 0);
	tq_core_leave(f->sp);
	live_and_die(f);
	assert_int_equal(inboxes(f), 1);
	assert_int_equal(tq_core_enter(f->sp, &f->e), 0);
	assert_int_equal(tq_rebuild(f->sp, &f->e), 0);
	tq_core_leave(f->sp);
	assert_int_equal(tq_spool_gc(f->sp, &changed, &f->e), 0);
	assert_int_equal(inboxes(f), 0);
	/* gc lets that of the living be */
	assert_int_equal(tq_spool_join(f->sp, &take, 1, &f->e), 0);
	assert_int_equal(tq_spool_gc(f->sp, &changed, &f->e), 0);
	assert_int_equal(inboxes(f), 1);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ring_is_heard_once),
		TEST(mail_comes_with_its_words),
		TEST(mail_overtakes_rings),
		TEST(words_are_cut_to_the_buffer),
		TEST(full_inbox_is_no_failure_of_a_ring),
		TEST(queue_of_somebody_else_is_not_talked_to),
		TEST(inbox_made_anew_is_reached),
		TEST(inbox_of_a_dead_owner_is_replaced),
		TEST(rows_and_spools_have_names_of_their_own),
		TEST(inbox_that_is_gone_is_said_so),
		TEST(waiter_wakes_when_something_is_there),
		TEST(waiter_wakes_after_its_timeout),
		TEST(waiter_wakes_when_its_alarm_rings),
		TEST(umask_does_not_cut_the_mode),
		cmocka_unit_test(without_an_inbox_nothing_is_there),
		cmocka_unit_test_setup_teardown(
		    dead_workers_leave_one_inbox_a_row, t_setup_spool,
		    t_teardown_spool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
