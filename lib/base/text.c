/* Text files, read whole. */
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

char *
tq_text_read(size_t *n, const char *name, size_t max, struct tq_err *e)
{
	int fd = strcmp(name, "-") == 0 ? STDIN_FILENO :
	    open(name, O_RDONLY | O_CLOEXEC);
	char *text = fd == -1 ? NULL : malloc(max + 2);
	ssize_t got = text == NULL ? -1 : 1;

	/* one byte more than there may be tells that there are too many */
	for (*n = 0; got > 0 && *n <= max; *n += (size_t)got)
		if ((got = tq_io_read(fd, text + *n, max + 1 - *n)) == -1)
			break;
	if (got == -1)
		(void)tq_fail_sys(e, errno, "%s", name);
	else if (*n > max) {
		got = -1;
		(void)tq_fail(e, EMSGSIZE, "%s: over %zu bytes", name, max);
	} else
		text[*n] = '\0';
	if (fd != -1 && fd != STDIN_FILENO)
		close(fd);
	if (got != -1)
		return text;
	free(text);
	return NULL;
}
