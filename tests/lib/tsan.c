/*
 * The thread sanitizer of GCC 12 does not know pthread_mutex_clocklock(3): a
 * lock taken by it would look like none.  Under that sanitizer alone this
 * stands in for libc's, by the calls that are known.
 */
#define _GNU_SOURCE	/* pthread_mutex_clocklock() */
#include <pthread.h>
#include <time.h>

typedef int no_empty_unit;

#if defined(__SANITIZE_THREAD__)
int
pthread_mutex_clocklock(pthread_mutex_t *m, clockid_t clock,
    const struct timespec *deadline)
{
	struct timespec there, here;

	clock_gettime(clock, &there);
	clock_gettime(CLOCK_REALTIME, &here);
	here.tv_sec += deadline->tv_sec - there.tv_sec;
	here.tv_nsec += deadline->tv_nsec - there.tv_nsec;
	if (here.tv_nsec < 0) {
		here.tv_sec--;
		here.tv_nsec += 1000000000;
	} else if (here.tv_nsec >= 1000000000) {
		here.tv_sec++;
		here.tv_nsec -= 1000000000;
	}
	return pthread_mutex_timedlock(m, &here);
}
#endif
