/* Broker URLs: scheme://user:password@host:port/path?query (RFC 3986). */
#ifndef TQ_BASE_URL_H
#define TQ_BASE_URL_H

#include <tq/backend.h>

/*
 * Parse s; *out borrows from a block returned through mem, which the caller
 * frees.  "spool:/dir" and "spool:" have a path only; a value with a '/' and
 * no scheme is a spool's path.  EINVAL, quoted without the password.
 */
int	tq_url_parse(struct tq_url *out, void **mem, const char *s,
	    struct tq_err *);
/* Value of a query option, percent-decoded, into buf: 1 found, 0 not, -1. */
int	tq_url_option(const struct tq_url *, const char *name, char *buf,
	    size_t size);
/* The URL with its password as "***" into buf. */
void	tq_url_redact(char *buf, size_t size, const char *s);
#endif
