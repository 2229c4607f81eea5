/* Loading the parts that lie beside a module. */
#define _GNU_SOURCE	/* dladdr */

#include "backend/part.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The path of a part: the sibling of the object that holds this function. */
static int
sibling_path(char *out, size_t size, const char *name)
{
	Dl_info info;
	const char *slash;
	int n;

	if (dladdr((void *)(uintptr_t)tq_part, &info) == 0 ||
	    (slash = strrchr(info.dli_fname, '/')) == NULL)
		return -1;
	n = snprintf(out, size, "%.*s/%s.so",
	    (int)(slash - info.dli_fname), info.dli_fname, name);
	return n > 0 && (size_t)n < size ? 0 : -1;
}

int
tq_part(void *out, const char *name, const char *function)
{
	char path[PATH_MAX];
	void *so, *sym;

	/* loaded once: later calls only count up */
	if (sibling_path(path, sizeof(path), name) == -1 ||
	    (so = dlopen(path, RTLD_NOW | RTLD_LOCAL)) == NULL ||
	    (sym = dlsym(so, function)) == NULL)
		return -1;
	memcpy(out, &sym, sizeof(sym));
	return 0;
}
