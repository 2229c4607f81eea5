/* Compressed bodies: finding who unpacks them. */
#define _GNU_SOURCE	/* dladdr */

#include "backend/unpack.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Where the object that holds this function lies, as the sibling of it. */
static int
sibling_path(char *out, size_t size)
{
	Dl_info info;
	const char *slash;
	int n;

	if (dladdr((void *)(uintptr_t)tq_unpack, &info) == 0 ||
	    (slash = strrchr(info.dli_fname, '/')) == NULL)
		return -1;
	n = snprintf(out, size, "%.*s/unpack.so",
	    (int)(slash - info.dli_fname), info.dli_fname);
	return n > 0 && (size_t)n < size ? 0 : -1;
}

int
tq_unpack(struct tq_buf *out, const char *name, struct tq_bytes in,
    size_t max, struct tq_err *e)
{
	tq_celery_unpack *unpack;
	char path[PATH_MAX];
	void *so;

	/* loaded once: later calls only count up */
	if (sibling_path(path, sizeof(path)) == -1 ||
	    (so = dlopen(path, RTLD_NOW | RTLD_LOCAL)) == NULL)
		return tq_fail(e, ENOTSUP, "message: the body is compressed "
		    "(%.60s), and tq's unpack.so is not installed", name);
	*(void **)&unpack = dlsym(so, "tq_unpack_module");
	if (unpack == NULL)
		return tq_fail(e, ENOTSUP, "message: %s is none of tq's",
		    path);
	return unpack(out, name, in, max, e);
}
