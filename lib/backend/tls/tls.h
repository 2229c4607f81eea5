/* What the files of tls.so share. */
#ifndef TQ_BACKEND_TLS_TLS_H
#define TQ_BACKEND_TLS_TLS_H

#include <openssl/ssl.h>

#include "backend/tls.h"

/* A socket as OpenSSL is to see it. */
struct tq_tls_io {
	int		 fd;
	int		 num;	/* errno of what failed last, 0 the end came */
	BIO_METHOD	*method;
};

/* A BIO over io->fd, whose place stays the same; NULL: no memory. */
BIO	*tq_tls_io_open(struct tq_tls_io *);
/* After the BIO has gone. */
void	tq_tls_io_close(struct tq_tls_io *);

/* What the rules ask of a connection to that host; NULL: ENOMEM, EINVAL. */
SSL	*tq_tls_rules_apply(const struct tq_tls_rules *, const char *host,
	    struct tq_err *);
#endif
