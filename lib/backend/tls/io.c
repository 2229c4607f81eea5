/*
 * The socket under TLS.  OpenSSL's own would write(2), and a server that has
 * gone would end whoever uses libtq with SIGPIPE.
 */
#include <sys/socket.h>

#include <errno.h>

#include "backend/tls/tls.h"

static int
io_read(BIO *b, char *p, int n)
{
	struct tq_tls_io *io = BIO_get_data(b);
	ssize_t got;

	BIO_clear_retry_flags(b);
	do
		got = recv(io->fd, p, (size_t)n, MSG_DONTWAIT);
	while (got == -1 && errno == EINTR);
	if (got == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		BIO_set_retry_read(b);
	else if (got <= 0)
		io->num = got == 0 ? 0 : errno;
	return (int)got;
}

static int
io_write(BIO *b, const char *p, int n)
{
	struct tq_tls_io *io = BIO_get_data(b);
	ssize_t gone;

	BIO_clear_retry_flags(b);
	do
		gone = send(io->fd, p, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (gone == -1 && errno == EINTR);
	if (gone == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		BIO_set_retry_write(b);
	else if (gone == -1)
		io->num = errno;
	return (int)gone;
}

static long
io_ctrl(BIO *b, int what, long n, void *p)
{
	(void)b;
	(void)n;
	(void)p;
	return what == BIO_CTRL_FLUSH;	/* nothing is kept back */
}

BIO *
tq_tls_io_open(struct tq_tls_io *io)
{
	BIO *b;

	/* of no kind of its own: OpenSSL has numbers for a hundred in all */
	io->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "tq socket");
	if (io->method == NULL ||
	    !BIO_meth_set_read(io->method, io_read) ||
	    !BIO_meth_set_write(io->method, io_write) ||
	    !BIO_meth_set_ctrl(io->method, io_ctrl) ||
	    (b = BIO_new(io->method)) == NULL)
		return NULL;
	BIO_set_data(b, io);
	BIO_set_init(b, 1);
	return b;
}

void
tq_tls_io_close(struct tq_tls_io *io)
{
	BIO_meth_free(io->method);
	io->method = NULL;
}
