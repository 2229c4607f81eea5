/* Bytes to and from a server: over a socket, or over TLS on it. */
#include "backend/redis/wire.h"

#include <sys/socket.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backend/redis/dial.h"

/* An error of the system, but for that nothing can be done now. */
static int
fail(int num, struct tq_err *e)
{
	char text[128];

	if (num == EAGAIN || num == EWOULDBLOCK) {
		errno = EAGAIN;
		return -1;
	}
	if (strerror_r(num, text, sizeof(text)) != 0)
		return tq_fail(e, ECONNREFUSED, "error %d", num);
	return tq_fail(e, ECONNREFUSED, "%s", text);
}

static int
shake(struct tq_redis_wire *w, const struct tq_redis_place *p, tq_time until,
    struct tq_err *e)
{
	short event;
	int rv;

	while ((rv = w->tls->shake(w->tls, w->fd, &event, e)) == 0) {
		if ((rv = tq_redis_poll(w->fd, event, until)) == -1)
			return fail(errno, e);
		if (rv == 0)
			return tq_fail(e, ECONNREFUSED, "no answer within "
			    "%lld ms: does it speak TLS?",
			    (long long)(p->timeout / TQ_MS));
	}
	return rv == 1 ? 0 : -1;
}

int
tq_redis_wire_open(struct tq_redis_wire *w, const struct tq_redis_place *p,
    tq_time until, struct tq_err *e)
{
	const char *why;

	if (p->is_tls && tq_tls_open(&w->tls, p->host, &p->tls, e) == -1)
		return -1;
	if ((w->fd = tq_redis_dial(p, until, &why)) == -1) {
		if (why == NULL)
			fail(errno, e);
		else
			tq_fail(e, ECONNREFUSED, "%s", why);
	} else if (w->tls == NULL || shake(w, p, until, e) == 0)
		return 0;
	tq_redis_wire_close(w);
	return -1;
}

void
tq_redis_wire_close(struct tq_redis_wire *w)
{
	int saved = errno;

	if (w->tls != NULL)
		w->tls->close(w->tls);
	w->tls = NULL;
	if (w->fd != -1)
		close(w->fd);
	w->fd = -1;
	errno = saved;
}

ssize_t
tq_redis_wire_recv(struct tq_redis_wire *w, void *p, size_t n,
    struct tq_err *e)
{
	ssize_t got;

	if (w->tls != NULL)
		return w->tls->recv(w->tls, p, n, e);
	do
		got = recv(w->fd, p, n, MSG_DONTWAIT);
	while (got == -1 && errno == EINTR);
	return got == -1 ? fail(errno, e) : got;
}

ssize_t
tq_redis_wire_send(struct tq_redis_wire *w, const void *p, size_t n,
    struct tq_err *e)
{
	ssize_t gone;

	if (w->tls != NULL)
		return w->tls->send(w->tls, p, n, e);
	do
		gone = send(w->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (gone == -1 && errno == EINTR);
	return gone == -1 ? fail(errno, e) : gone;
}
