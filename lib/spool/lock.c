/* Robust mutexes and futexes between processes; see lock.h. */
#define _GNU_SOURCE	/* pthread_mutex_clocklock(), syscall() */
#include "spool/lock.h"

#include <sys/syscall.h>

#include <errno.h>
#include <linux/futex.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/*
 * Critical sections are shorter than a sleep and a wake (0.3 µs against
 * 8 µs), so look again a few times before asking the kernel.
 */
#define SPINS	200

/*
 * 0, 1 or -1 from what a pthread call said.  After a death the mutex is made
 * whole at once: who dies while he mends what it guards has died inside, too.
 */
static int
verdict(pthread_mutex_t *m, int rv)
{
	if (rv == 0)
		return 0;
	if (rv == EOWNERDEAD) {
		(void)pthread_mutex_consistent(m);
		return 1;
	}
	errno = rv;
	return -1;
}

int
tq_lock_try(pthread_mutex_t *m)
{
	return verdict(m, pthread_mutex_trylock(m));
}

int
tq_lock_take(pthread_mutex_t *m, const _Atomic uint32_t *progress)
{
	uint32_t seen = progress == NULL ? 0 : *progress, now;
	struct timespec ts;
	int i, rv;

	for (i = 0; i < SPINS; i++) {
		if ((rv = pthread_mutex_trylock(m)) != EBUSY)
			return verdict(m, rv);
		tq_relax();
	}
	for (;;) {
		tq_clock_timespec(&ts, tq_clock_mono() + TQ_LOCK_PATIENCE);
		rv = pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &ts);
		if (rv != ETIMEDOUT)
			return verdict(m, rv);
		now = progress == NULL ? 0 : *progress;
		if (now == seen) {
			errno = EBUSY;
			return -1;
		}
		seen = now;
	}
}

void
tq_lock_give(pthread_mutex_t *m)
{
	(void)pthread_mutex_unlock(m);
}

void
tq_futex_wait(_Atomic uint32_t *word, uint32_t seen, tq_time timeout)
{
	struct timespec ts;

	if (timeout <= 0)
		return;
	tq_clock_timespec(&ts, timeout);
	(void)syscall(SYS_futex, (void *)word, FUTEX_WAIT, seen, &ts, NULL, 0);
}

void
tq_futex_wake(_Atomic uint32_t *word)
{
	atomic_fetch_add(word, 1);
	(void)syscall(SYS_futex, (void *)word, FUTEX_WAKE, INT32_MAX, NULL,
	    NULL, 0);
}
