/*
 * What a command inherits and cannot use: standard descriptors that were
 * closed, as by "<&-", are held open; a limit on file sizes is an error of the
 * write that meets it, and no signal that ends the command without a word.
 */
#include "command/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "command/status.h"

void
tq_stdio_hold(void)
{
	int fd;

	(void)signal(SIGXFSZ, SIG_IGN);
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) != -1)
			continue;
		/* the wrong way round, so that its use is still an error */
		if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY :
		    O_RDONLY) != fd)
			tq_die(TQ_EXIT_OS, "/dev/null: %s", strerror(errno));
	}
}
