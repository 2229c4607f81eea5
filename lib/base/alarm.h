/*
 * An alarm: a descriptor that becomes readable at a time of the wall clock, and
 * at once when that clock is set (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET)
 * or the machine was asleep.
 */
#ifndef TQ_BASE_ALARM_H
#define TQ_BASE_ALARM_H

#include <tq/types.h>

/* A new one, not set; -1 with errno: who waits lives by his timeouts. */
int	tq_alarm_make(void);
/*
 * Set it, anew if it was set: it rings at `at` or as soon as that is past.
 * 0, or 1: the clock was set a moment ago, what was computed with it may be
 * wrong.  fd -1: nothing happens.
 */
int	tq_alarm_set(int fd, tq_time at);
/* Silence it: 1 the clock was set, 0 its time had come, or it did not ring. */
int	tq_alarm_take(int fd);
#endif
