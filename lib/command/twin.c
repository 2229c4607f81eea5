/*
 * A command that is linked statically, because it is run so often that the
 * dynamic loader is a third of its time, cannot load a module.  It has a twin
 * that can, installed beside the modules: it becomes that one, with the same
 * arguments, before it has read or written anything.
 *
 * Only such a command is linked with this file; in the others load.c of libtq
 * does the loading.
 */
#include <bsd/stdlib.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "client/module.h"

/* Our own command line, as the kernel has it: strings with their NULs. */
static int
read_args(struct tq_buf *b)
{
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	char part[4096];
	ssize_t n;

	if (fd == -1)
		return -1;
	while ((n = read(fd, part, sizeof(part))) > 0)
		tq_buf_put(b, part, (size_t)n);
	close(fd);
	return n == -1 || !tq_buf_ok(b) || b->n == 0 ? -1 : 0;
}

/* Pointers to the strings; NULL without memory. */
static char **
split_args(const struct tq_buf *b)
{
	size_t i, n = 0;
	char **argv;

	for (i = 0; i < b->n; i++)
		n += b->p[i] == '\0';
	if ((argv = reallocarray(NULL, n + 1, sizeof(*argv))) == NULL)
		return NULL;
	for (i = n = 0; i < b->n; i += strlen((char *)b->p + i) + 1)
		argv[n++] = (char *)b->p + i;
	argv[n] = NULL;
	return argv;
}

int
tq_module_load(const struct tq_module **out, const char *scheme,
    const char *path, struct tq_err *e)
{
	const char *end = strrchr(path, '/');
	char twin[PATH_MAX], **argv;
	struct tq_buf b;

	(void)out;
	tq_buf_init(&b);
	if (snprintf(twin, sizeof(twin), "%.*s/%s",
	    end == NULL ? 0 : (int)(end - path), path, getprogname()) <
	    (int)sizeof(twin) && read_args(&b) == 0 &&
	    (argv = split_args(&b)) != NULL) {
		(void)execv(twin, argv);
		free(argv);
	}
	tq_buf_fini(&b);
	return tq_fail(e, ENOTSUP, "%s: no program that can load its module "
	    "(%s: %s)", scheme, twin, strerror(errno));
}
