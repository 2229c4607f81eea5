/*
 * Loading a module, by dlopen(3): the only file that asks for a dynamic
 * loader.  A program without one brings its own (lib/command/twin.c).
 */
#include <dlfcn.h>
#include <errno.h>

#include "client/module.h"

int
tq_module_load(const struct tq_module **out, const char *scheme,
    const char *path, struct tq_err *e)
{
	const struct tq_module *m;
	void *so;

	if ((so = dlopen(path, RTLD_NOW | RTLD_LOCAL)) == NULL)
		return tq_fail(e, ENOTSUP, "%s: module: %s", scheme,
		    dlerror());
	if ((m = dlsym(so, "tq_module")) == NULL) {
		dlclose(so);
		return tq_fail(e, EPROTO, "%s: %s is not a module of tq",
		    scheme, path);
	}
	if (m->version != TQ_BACKEND_VERSION) {
		tq_fail(e, EPROTO, "%s: %s is of version %u, this tq wants %d",
		    scheme, path, (unsigned)m->version, TQ_BACKEND_VERSION);
		dlclose(so);
		return -1;
	}
	*out = m;
	return 0;
}
