/* From the scheme of a URL to the backend that speaks it. */
#ifndef TQ_CLIENT_MODULE_H
#define TQ_CLIENT_MODULE_H

#include <tq/backend.h>

/*
 * The module of a scheme: built in, or $TQ_MODULES/<scheme>.so (not in a
 * set-user-ID program), or the same in the directory tq was installed to.  A
 * module stays loaded until the process ends.
 *
 * 0; -1: EINVAL not a scheme, ENOTSUP no such module (the sentence names the
 * package), EPROTO a module made for another libtq.
 */
int	tq_module_find(const struct tq_module **out, const char *scheme,
	    struct tq_err *);
/*
 * Load the module of a scheme from a file that is there.  Errors as above.
 */
int	tq_module_load(const struct tq_module **out, const char *scheme,
	    const char *path, struct tq_err *);
#endif
