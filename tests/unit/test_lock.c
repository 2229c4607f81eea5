/* Unit tests of lib/spool/lock.c. */
#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/spool/lock.h"
#include "tests/lib/t.h"

/* What processes share: a lock as the table has it, and words to sleep on. */
struct shared {
	pthread_mutex_t	 m;
	_Atomic uint32_t word, count;
};

static int
setup(void **state)
{
	struct shared *s;
	pthread_mutexattr_t a;

	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(s, MAP_FAILED);
	assert_int_equal(pthread_mutexattr_init(&a), 0);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	assert_int_equal(pthread_mutex_init(&s->m, &a), 0);
	pthread_mutexattr_destroy(&a);
	*state = s;
	return 0;
}

static int
teardown(void **state)
{
	munmap(*state, sizeof(struct shared));
	return 0;
}

/* A child that takes the lock and dies with it. */
static void
die_inside(struct shared *s)
{
	int status;
	pid_t pid;

	if ((pid = fork()) == 0)
		_exit(tq_lock_take(&s->m, NULL) == -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
held_lock_is_busy(void **state)
{
	struct shared *s = *state;

	assert_int_equal(tq_lock_take(&s->m, NULL), 0);
	assert_int_equal(tq_lock_try(&s->m), -1);
	assert_int_equal(errno, EBUSY);
	tq_lock_give(&s->m);
	assert_int_equal(tq_lock_try(&s->m), 0);
	tq_lock_give(&s->m);
}

static void
death_inside_is_told_to_the_next(void **state)
{
	struct shared *s = *state;

	die_inside(s);
	assert_int_equal(tq_lock_take(&s->m, NULL), 1);
	tq_lock_give(&s->m);
	assert_int_equal(tq_lock_take(&s->m, NULL), 0);
	tq_lock_give(&s->m);
}

static void
death_inside_is_told_to_who_tries(void **state)
{
	struct shared *s = *state;

	die_inside(s);
	assert_int_equal(tq_lock_try(&s->m), 1);
	tq_lock_give(&s->m);
	assert_int_equal(tq_lock_try(&s->m), 0);
	tq_lock_give(&s->m);
}

static void
death_of_who_was_told_of_one_is_told_too(void **state)
{
	struct shared *s = *state;

	die_inside(s);
	die_inside(s);
	assert_int_equal(tq_lock_take(&s->m, NULL), 1);
	tq_lock_give(&s->m);
	assert_int_equal(tq_lock_take(&s->m, NULL), 0);
	tq_lock_give(&s->m);
}

static void *
count_up(void *arg)
{
	struct shared *s = arg;
	uint32_t n;
	int i;

	for (i = 0; i < 10000; i++) {
		if (tq_lock_take(&s->m, NULL) != 0)
			return s;
		n = atomic_load_explicit(&s->count, memory_order_relaxed);
		atomic_store_explicit(&s->count, n + 1, memory_order_relaxed);
		tq_lock_give(&s->m);
	}
	return NULL;
}

static void
one_at_a_time_is_inside(void **state)
{
	struct shared *s = *state;
	pthread_t t[4];
	void *bad;
	int i;

	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, count_up, s), 0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(t[i], &bad), 0);
		assert_null(bad);
	}
	assert_int_equal(s->count, 40000);
}

/* ---- futexes ------------------------------------------------------------------- */

static void
word_that_changed_is_not_slept_on(void **state)
{
	struct shared *s = *state;
	tq_time start = tq_clock_mono();

	s->word = 1;
	tq_futex_wait(&s->word, 0, 3600 * TQ_SECOND);
	assert_in_range(tq_clock_mono() - start, 0, 60 * TQ_SECOND);
}

static void
sleeper_wakes_after_its_timeout(void **state)
{
	struct shared *s = *state;
	tq_time start = tq_clock_mono();

	tq_futex_wait(&s->word, 0, 0);
	tq_futex_wait(&s->word, 0, -1);
	while (tq_clock_mono() - start < 5 * TQ_MS)
		tq_futex_wait(&s->word, 0, 5 * TQ_MS);
	assert_int_equal(s->word, 0);
}

static void
wake_changes_the_word(void **state)
{
	struct shared *s = *state;

	s->word = UINT32_MAX;
	tq_futex_wake(&s->word);
	assert_int_equal(s->word, 0);
}

static void
sleeper_of_another_process_is_woken(void **state)
{
	struct shared *s = *state;
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		s->count = 1;
		while (s->word == 0)
			tq_futex_wait(&s->word, 0, 3600 * TQ_SECOND);
		_exit(0);
	}
	T_UNTIL(s->count == 1);
	tq_futex_wake(&s->word);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(held_lock_is_busy),
		TEST(death_inside_is_told_to_the_next),
		TEST(death_inside_is_told_to_who_tries),
		TEST(death_of_who_was_told_of_one_is_told_too),
		TEST(one_at_a_time_is_inside),
		TEST(word_that_changed_is_not_slept_on),
		TEST(sleeper_wakes_after_its_timeout),
		TEST(wake_changes_the_word),
		TEST(sleeper_of_another_process_is_woken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
