/* TLS: finding who speaks it. */
#include "backend/tls.h"

#include <errno.h>

#include "backend/part.h"

int
tq_tls_open(struct tq_tls **out, const char *host,
    const struct tq_tls_rules *rules, struct tq_err *e)
{
	tq_tls_opener *module;

	if (tq_part(&module, "tls", "tq_tls_module") == -1)
		return tq_fail(e, ENOTSUP, "no TLS: tq's tls.so, which needs "
		    "OpenSSL, is not installed");
	return module(out, host, rules, e);
}
