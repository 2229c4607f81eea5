/* Tell a service manager how we are: sd_notify(3) without its library. */
#ifndef TQ_BASE_NOTIFY_H
#define TQ_BASE_NOTIFY_H

/*
 * Send lines like "READY=1\nSTATUS=..." to $NOTIFY_SOCKET, if it is set.
 * Nobody waits for it, and a manager that does not listen is no error.
 */
void	tq_notify(const char *lines);
#endif
