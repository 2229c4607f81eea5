/*
 * Compressed bodies.  The libraries that unpack them are loaded with the
 * first such body and not before: hardly any message is compressed, and each
 * library would cost every start.
 */
#ifndef TQ_BACKEND_UNPACK_H
#define TQ_BACKEND_UNPACK_H

#include "message/celery.h"

/*
 * For struct tq_celery_bounds: loads unpack.so, which lies beside the module
 * this is part of.  ENOTSUP also when that is not installed.
 */
int	tq_unpack(struct tq_buf *out, const char *name, struct tq_bytes in,
	    size_t max, struct tq_err *);
#endif
