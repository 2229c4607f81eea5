/* Compressed bodies: finding who unpacks them. */
#include "backend/unpack.h"

#include <errno.h>

#include "backend/part.h"

int
tq_unpack(struct tq_buf *out, const char *name, struct tq_bytes in,
    size_t max, struct tq_err *e)
{
	tq_celery_unpack *unpack;

	if (tq_part(&unpack, "unpack", "tq_unpack_module") == -1)
		return tq_fail(e, ENOTSUP, "message: the body is compressed "
		    "(%.60s), and tq's unpack.so is not installed", name);
	return unpack(out, name, in, max, e);
}
