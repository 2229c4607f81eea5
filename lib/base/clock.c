/* The only reads of the clock. */
#define _GNU_SOURCE	/* CLOCK_MONOTONIC_COARSE */
#include <time.h>

#include "clock.h"

static tq_time
clock_read(clockid_t id)
{
	struct timespec ts;

	/* cannot fail: the clocks below always exist */
	clock_gettime(id, &ts);
	return (tq_time)ts.tv_sec * TQ_SECOND + ts.tv_nsec;
}

tq_time
tq_clock_wall(void)
{
	return clock_read(CLOCK_REALTIME);
}

tq_time
tq_clock_mono(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

tq_time
tq_clock_coarse(void)
{
	return clock_read(CLOCK_MONOTONIC_COARSE);
}

tq_time
tq_clock_boot(void)
{
	return clock_read(CLOCK_BOOTTIME);
}

tq_time
tq_clock_deadline(tq_time now, tq_time timeout)
{
	if (timeout > 0 && now > TQ_FOREVER - timeout)
		return TQ_FOREVER;
	return now + timeout;
}

void
tq_clock_timespec(struct timespec *out, tq_time t)
{
	out->tv_sec = t / TQ_SECOND;
	out->tv_nsec = t % TQ_SECOND;
	/* tv_nsec is never negative, before 1970 too */
	if (out->tv_nsec < 0) {
		out->tv_sec--;
		out->tv_nsec += TQ_SECOND;
	}
}
