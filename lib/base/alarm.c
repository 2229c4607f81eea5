/* A descriptor that rings at a time of the wall clock; see alarm.h. */
#include <sys/timerfd.h>

#include <errno.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "base/alarm.h"
#include "base/clock.h"

int
tq_alarm_make(void)
{
	return timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
}

int
tq_alarm_set(int fd, tq_time at)
{
	struct itimerspec its = { { 0, 0 }, { 0, 0 } };

	if (fd == -1)
		return 0;
	/* all zero would switch it off */
	tq_clock_timespec(&its.it_value, at > 0 ? at : 1);
	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
	    &its, NULL) == -1 && errno == ECANCELED;
}

int
tq_alarm_take(int fd)
{
	uint64_t times;

	return fd != -1 && read(fd, &times, sizeof(times)) == -1 &&
	    errno == ECANCELED;
}
