/*
 * Tell a service manager how we are.  The protocol, sd_notify(3), is one
 * datagram of lines to a Unix socket; a name that begins with '@' is in the
 * abstract name space.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <bsd/stdlib.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/notify.h"

void
tq_notify(const char *lines)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	socklen_t len;
	size_t n;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    (n = strlen(path)) >= sizeof(sun.sun_path))
		return;
	memcpy(sun.sun_path, path, n);
	if (path[0] == '@')
		sun.sun_path[0] = '\0';
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return;
	(void)sendto(fd, lines, strlen(lines), MSG_DONTWAIT | MSG_NOSIGNAL,
	    (const struct sockaddr *)&sun, len);
	close(fd);
}

tq_time
tq_notify_watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID"), *wrong;
	long long n;

	if (usec == NULL || (pid != NULL &&
	    strtonum(pid, 1, INT32_MAX, &wrong) != getpid()))
		return 0;
	n = strtonum(usec, 1, INT64_MAX / 1000, &wrong);
	return wrong == NULL ? n * 1000 / 2 : 0;
}
