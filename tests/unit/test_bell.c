/*
 * Unit tests of lib/spool/bell.c, among queues of their own where they may have
 * that: beside them any process of ours may take away what they leave.
 */
#define _GNU_SOURCE	/* unshare() */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
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

static int alone;	/* nobody else sees our queues */

/* An inbox, and somebody who sends to it. */
struct fixture {
	struct tq_bell	 b;
	struct tq_bell_peer p;
	struct tq_err	 e;
	char		 buf[TQ_BELL_MSG];
};

static int
make(struct fixture *f, mode_t mode)
{
	return tq_bell_make(&f->b, mode, (gid_t)-1, &f->e);
}

static int
setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	*state = f;
	f->p.mq = (mqd_t)-1;
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

/* An owner that dies without a word leaves this of his inbox. */
static struct tq_bell
leave_behind(void)
{
	struct tq_bell left = { .mq = (mqd_t)-1 };

	assert_int_equal(tq_bell_make(&left, 0600, (gid_t)-1, NULL), 0);
	(void)mq_close(left.mq);
	return left;
}

static int
is_there(const struct tq_bell *b)
{
	struct stat st;
	mqd_t mq = mq_open(b->name, O_RDONLY);
	int rv;

	if (mq == (mqd_t)-1)
		return 0;
	rv = fstat(mq, &st) == 0 && st.st_ino == b->ino;
	(void)mq_close(mq);
	return rv;
}

static void
inbox_of_the_dead_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct tq_bell left;

	need_bell(f);
	tq_bell_free(&f->b);
	left = leave_behind();
	f->b = left;
	(void)send_words(f, "for the dead");
	assert_int_equal(make(f, 0600), 0);
	if (alone)
		assert_string_equal(f->b.name, left.name);
	assert_int_not_equal(f->b.ino, left.ino);
	assert_int_equal(take(f), 0);
	/* who still has the old one open finds the new */
	assert_int_equal(send_words(f, "hello"), 0);
	assert_int_equal(take(f), 1);
	assert_string_equal(f->buf, "hello");
}

static void
living_have_places_of_their_own(void **state)
{
	struct fixture *f = *state;
	struct tq_bell other = { .mq = (mqd_t)-1 };

	need_bell(f);
	assert_int_equal(tq_bell_make(&other, 0600, (gid_t)-1, &f->e), 0);
	assert_string_not_equal(f->b.name, other.name);
	tq_bell_sweep();
	tq_bell_bury(f->b.name, f->b.dev, f->b.ino);
	assert_true(is_there(&f->b));
	assert_true(is_there(&other));
	tq_bell_free(&other);
}

static void
only_the_named_is_buried(void **state)
{
	struct fixture *f = *state;
	struct tq_bell left;

	need_bell(f);
	left = leave_behind();
	tq_bell_bury(left.name, left.dev, left.ino + 1);
	tq_bell_bury(left.name + 1, left.dev, left.ino);
	tq_bell_bury(left.name, left.dev, 0);
	if (alone)
		assert_true(is_there(&left));
	tq_bell_bury(left.name, left.dev, left.ino);
	assert_false(is_there(&left));
}

static void
sweep_takes_those_of_the_dead(void **state)
{
	struct fixture *f = *state;
	struct tq_bell left;

	need_bell(f);
	left = leave_behind();
	tq_bell_sweep();
	assert_false(is_there(&left));
	assert_true(is_there(&f->b));
}

/* The dead have all queues that a user may have. */
static void
dead_leave_one_for_the_living(void **state)
{
	struct mq_attr attr = { .mq_maxmsg = 10, .mq_msgsize = TQ_BELL_MSG };
	struct fixture *f = *state;
	char name[TQ_BELL_NAME];
	int n;

	need_bell(f);
	tq_bell_free(&f->b);
	for (n = 1023; n > 0; n--) {
		snprintf(name, sizeof(name), "/tq-%lu-%d",
		    (unsigned long)geteuid(), n);
		f->b.mq = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
		if (f->b.mq == (mqd_t)-1 && errno != EEXIST)
			break;
		(void)mq_close(f->b.mq);
	}
	assert_int_not_equal(n, 0);
	assert_int_equal(make(f, 0600), 0);
	assert_int_equal(send_words(f, NULL), 0);
	assert_int_equal(take(f), 2);
	tq_bell_sweep();
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

/* How many of our inboxes there are. */
static int
inboxes(void)
{
	char name[TQ_BELL_NAME];
	mqd_t mq;
	int i, n = 0;

	for (i = 0; i < 1024; i++) {
		snprintf(name, sizeof(name), "/tq-%lu-%d",
		    (unsigned long)geteuid(), i);
		if ((mq = mq_open(name, O_RDONLY)) != (mqd_t)-1) {
			(void)mq_close(mq);
			n++;
		}
	}
	return n;
}

static void
dead_workers_leave_one_inbox(void **state)
{
	const struct tq_take take = { .queue = { "q" }, .nqueues = 1 };
	struct t_spool *f = *state;
	uint64_t changed = 0;
	int i;

	if (!alone)
		skip();
	for (i = 0; i < 5; i++)
		live_and_die(f);
	assert_int_equal(inboxes(), 1);
	/* not even where the table that named it is lost */
	assert_int_equal(tq_core_enter(f->sp, &f->e), 0);
	assert_int_equal(tq_rebuild(f->sp, &f->e), 0);
	tq_core_leave(f->sp);
	live_and_die(f);
	assert_int_equal(inboxes(), 1);
	assert_int_equal(tq_core_enter(f->sp, &f->e), 0);
	assert_int_equal(tq_rebuild(f->sp, &f->e), 0);
	tq_core_leave(f->sp);
	assert_int_equal(tq_spool_gc(f->sp, &changed, &f->e), 0);
	assert_int_equal(inboxes(), 0);
	/* gc lets that of the living be */
	assert_int_equal(tq_spool_join(f->sp, &take, 1, &f->e), 0);
	assert_int_equal(tq_spool_gc(f->sp, &changed, &f->e), 0);
	assert_int_equal(inboxes(), 1);
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
		TEST(inbox_of_the_dead_is_replaced),
		TEST(living_have_places_of_their_own),
		TEST(only_the_named_is_buried),
		TEST(sweep_takes_those_of_the_dead),
		TEST(dead_leave_one_for_the_living),
		TEST(inbox_that_is_gone_is_said_so),
		TEST(waiter_wakes_when_something_is_there),
		TEST(waiter_wakes_after_its_timeout),
		TEST(waiter_wakes_when_its_alarm_rings),
		TEST(umask_does_not_cut_the_mode),
		cmocka_unit_test(without_an_inbox_nothing_is_there),
		cmocka_unit_test_setup_teardown(
		    dead_workers_leave_one_inbox, t_setup_spool,
		    t_teardown_spool),
	};

	alone = unshare(CLONE_NEWIPC) == 0;

	return cmocka_run_group_tests(tests, NULL, NULL);
}
