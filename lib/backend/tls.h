/*
 * TLS over a socket of a module's, as a client.  OpenSSL is a part of its own
 * (part.h), tls.so, made where pkg-config finds it.
 *
 * Poll(2) on the socket tells all there is to wait for as long as recv is
 * given room for a whole record: then nothing stays decrypted in here.
 */
#ifndef TQ_BACKEND_TLS_H
#define TQ_BACKEND_TLS_H

#include <sys/types.h>

#include <stddef.h>

#include <tq/types.h>

#define TQ_TLS_RECORD	16384	/* bytes at most, RFC 8446 §5.1 */

struct tq_tls_rules {
	int		 any_cert;	/* whoever signed it, whoever's it is */
	int		 any_host;	/* whoever's it is */
	/* files in PEM, or NULL */
	char		*ca;		/* who may sign, instead of the system's */
	char		*cert, *key;	/* ours; the key may be with the cert */
};

/*
 * The functions of a connection.  Where they fail *e says why: EPERM one of
 * the two does not trust the other, ECONNREFUSED all else.
 */
struct tq_tls {
	/*
	 * Begin, on a connected socket that does not block, the same each
	 * time.  1: it stands; 0: after that event of poll(2) again; -1
	 */
	int		 (*shake)(struct tq_tls *, int fd, short *event,
			    struct tq_err *);
	/* as recv(2) and send(2); -1 and EAGAIN, which says nothing: later */
	ssize_t		 (*recv)(struct tq_tls *, void *, size_t,
			    struct tq_err *);
	ssize_t		 (*send)(struct tq_tls *, const void *, size_t,
			    struct tq_err *);
	/* says goodbye, without waiting; the socket is the caller's */
	void		 (*close)(struct tq_tls *);
};

typedef int tq_tls_opener(struct tq_tls **out, const char *host,
    const struct tq_tls_rules *, struct tq_err *);

/*
 * All there must be before there is a socket; host is a name or address that
 * the certificate must be for.  0; -1: ENOTSUP no TLS here, EINVAL a file that
 * the rules name.
 */
int	tq_tls_open(struct tq_tls **out, const char *host,
	    const struct tq_tls_rules *, struct tq_err *);
/* What tls.so shows. */
tq_tls_opener	tq_tls_module;
#endif
