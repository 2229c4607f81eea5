/* The only reads of the clock. */
#ifndef TQ_BASE_CLOCK_H
#define TQ_BASE_CLOCK_H

#include <tq/types.h>

tq_time	tq_clock_wall(void);	/* CLOCK_REALTIME: records, ETAs */
tq_time	tq_clock_mono(void);	/* CLOCK_MONOTONIC: deadlines of waits */
tq_time	tq_clock_coarse(void);	/* the same to some ms, for a fifth of its price */
tq_time	tq_clock_boot(void);	/* CLOCK_BOOTTIME: leases, time limits */
/* now + timeout without overflow; TQ_FOREVER stays TQ_FOREVER. */
tq_time	tq_clock_deadline(tq_time now, tq_time timeout);
/* ns to a struct timespec. */
struct timespec;
void	tq_clock_timespec(struct timespec *out, tq_time);
#endif
