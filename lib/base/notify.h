/* Tell a service manager how we are: sd_notify(3) without its library. */
#ifndef TQ_BASE_NOTIFY_H
#define TQ_BASE_NOTIFY_H

#include <tq/types.h>

/*
 * Send lines like "READY=1\nSTATUS=..." to $NOTIFY_SOCKET, if it is set.
 * Nobody waits for it, and a manager that does not listen is no error.
 */
void	tq_notify(const char *lines);
/*
 * How often to send "WATCHDOG=1": half of what $WATCHDOG_USEC allows, which is
 * meant for the process $WATCHDOG_PID; 0: nobody waits for it.
 */
tq_time	tq_notify_watchdog(void);
#endif
