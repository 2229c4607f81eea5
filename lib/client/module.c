/* From the scheme of a URL to the backend that speaks it. */
#include "client/module.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/builtin.h"
#include "client/route.h"

static const struct tq_module *const builtin[] = {
	&tq_spool_module,
	&tq_null_module
};

/* RFC 3986 section 3.1, in lower case; so no '/' and no leading dot. */
static int
is_scheme(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	static const char others[] = "abcdefghijklmnopqrstuvwxyz0123456789+-.";

	return *s != '\0' && strchr(letters, *s) != NULL &&
	    s[strspn(s, others)] == '\0' && strlen(s) <= 32;
}

/* 1 if the directory has the module, whose path it makes. */
static int
module_path(char *out, size_t size, const char *dir, const char *scheme)
{
	int n;

	if (dir == NULL)
		return 0;
	n = snprintf(out, size, "%s/%s.so", dir, scheme);
	return n > 0 && (size_t)n < size && access(out, F_OK) == 0;
}

/* Look for the module's file, and load it. */
static int
module_seek(const struct tq_module **out, const char *scheme,
    struct tq_err *e)
{
	char path[PATH_MAX];

	if (scheme == NULL || !is_scheme(scheme))
		return tq_fail(e, EINVAL, "'%.80s' is not a scheme of a URL",
		    scheme == NULL ? "" : scheme);
	if (module_path(path, sizeof(path), tq_route_env("TQ_MODULES"),
	    scheme) || module_path(path, sizeof(path), TQ_MODULE_DIR, scheme))
		return tq_module_load(out, scheme, path, e);
	/* people who come from Celery have such URLs */
	if (strcmp(scheme, "sentinel") == 0)
		return tq_fail(e, ENOTSUP, "sentinel: not served: name the "
		    "server itself, see tq_celery(7)");
	/* what make builds it with, as Debian calls it */
	return tq_fail(e, ENOTSUP, "%s: no module: there is no %s/%s.so%s",
	    scheme, TQ_MODULE_DIR, scheme, strncmp(scheme, "redis", 5) == 0 ?
	    ", which make builds where libhiredis-dev is installed" : "");
}

int
tq_module_find(const struct tq_module **out, const char *scheme,
    struct tq_err *e)
{
	size_t i;

	for (i = 0; scheme != NULL &&
	    i < sizeof(builtin) / sizeof(builtin[0]); i++) {
		if (strcmp(scheme, builtin[i]->scheme) == 0) {
			*out = builtin[i];
			return 0;
		}
	}
	return module_seek(out, scheme, e);
}
