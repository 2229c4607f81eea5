/* Sockets that lead to a server, opened within a time. */
#include "backend/redis/dial.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <bsd/string.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

int
tq_redis_poll(int fd, short events, tq_time until)
{
	struct pollfd p = { .fd = fd, .events = events };
	tq_time left;
	int rv;

	for (;;) {
		left = until - tq_clock_mono();
		if (left < 0)
			left = 0;
		if (left > 1000 * TQ_SECOND)
			left = 1000 * TQ_SECOND;
		rv = poll(&p, 1, (int)((left + TQ_MS - 1) / TQ_MS));
		if (rv != -1 || errno != EINTR)
			return rv;
	}
}

/* A socket connected to that address, or -1. */
static int
connect_to(const struct sockaddr *sa, socklen_t len, tq_time until)
{
	socklen_t size = sizeof(int);
	int fd, num = 0, one = 1;

	fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (fd == -1)
		return -1;
	if (connect(fd, sa, len) == -1) {
		num = errno;
		if (num == EINPROGRESS) {
			num = tq_redis_poll(fd, POLLOUT, until) == 1 ? 0 :
			    ETIMEDOUT;
			if (num == 0)
				(void)getsockopt(fd, SOL_SOCKET, SO_ERROR,
				    &num, &size);
		}
	}
	if (num != 0) {
		close(fd);
		errno = num;
		return -1;
	}
	if (sa->sa_family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
		    sizeof(one));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	return fd;
}

static int
dial_socket(const struct tq_redis_place *p, tq_time until, const char **why)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (strlcpy(sun.sun_path, p->path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path)) {
		*why = "the path of the socket is too long";
		return -1;
	}
	return connect_to((struct sockaddr *)&sun, sizeof(sun), until);
}

/* What of the resolver is the thread's, and so the caller's program's. */
struct patience {
	int		 retrans, retry;
};

/*
 * getaddrinfo(3) has no deadline, and asks each server of resolv.conf(5) twice
 * for five seconds: let it be asked once, and all of them within the time.
 */
static void
bound_resolver(struct patience *was, tq_time until)
{
	tq_time left = (until - tq_clock_mono()) / TQ_SECOND;
	int each;

	/* a program may have set these, and this call would not keep them */
	was->retrans = _res.options & RES_INIT ? _res.retrans : 0;
	was->retry = _res.retry;
	if (res_init() == -1)
		return;
	if (was->retrans == 0) {
		was->retrans = _res.retrans;
		was->retry = _res.retry;
	}
	each = (int)(left < 60 ? left : 60) / (_res.nscount > 1 ?
	    _res.nscount : 1);
	if (each < 1)
		each = 1;
	if (_res.retrans > each)
		_res.retrans = each;
	_res.retry = 1;
}

/* getaddrinfo(3) within the time, if the name is one to be asked for. */
static int
look_up(struct addrinfo **list, const struct tq_redis_place *p,
    const char *port, tq_time until)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV
	};
	struct patience was;
	int rv;

	if (strcmp(p->host, "localhost") == 0 ||
	    p->host[strspn(p->host, "0123456789.:abcdefABCDEF")] == '\0')
		return getaddrinfo(p->host, port, &hints, list);
	bound_resolver(&was, until);
	rv = getaddrinfo(p->host, port, &hints, list);
	_res.retrans = was.retrans;
	_res.retry = was.retry;
	return rv;
}

/* The addresses of a name in turn. */
static int
dial_host(const struct tq_redis_place *p, tq_time until, const char **why)
{
	struct addrinfo *list, *ai;
	char port[16];
	int rv, fd = -1, num = ECONNREFUSED;

	snprintf(port, sizeof(port), "%d", p->port);
	if ((rv = look_up(&list, p, port, until)) != 0) {
		*why = gai_strerror(rv);
		return -1;
	}
	for (ai = list; ai != NULL && fd == -1; ai = ai->ai_next) {
		fd = connect_to(ai->ai_addr, ai->ai_addrlen, until);
		if (fd == -1)
			num = errno;
	}
	freeaddrinfo(list);
	errno = num;
	return fd;
}

int
tq_redis_dial(const struct tq_redis_place *p, tq_time until,
    const char **why)
{
	*why = NULL;
	return p->path != NULL ? dial_socket(p, until, why) :
	    dial_host(p, until, why);
}
