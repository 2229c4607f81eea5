/* What a command says on stderr, and the status it exits with. */
#include "command/status.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "message/quote.h"

int
tq_exit_of(int num)
{
	switch (num) {
	case EAGAIN:
	case EEXIST:
		return TQ_EXIT_NO;
	case EINVAL:
		return TQ_EXIT_USAGE;
	case EMSGSIZE:
	case EBADMSG:
		return TQ_EXIT_DATA;
	case ENOENT:
		return TQ_EXIT_NOENT;
	case ECONNREFUSED:
	case EINPROGRESS:
		return TQ_EXIT_AWAY;
	case EIO:
		return TQ_EXIT_IO;
	case ENOSPC:
	case EDQUOT:
	case ESTALE:
	case EBUSY:
	case ETIMEDOUT:
		return TQ_EXIT_FULL;
	case EPERM:
	case EACCES:
	case EROFS:
		return TQ_EXIT_PERM;
	case ENOTSUP:
	case EPROTO:
		return TQ_EXIT_CONFIG;
	default:
		return TQ_EXIT_OS;
	}
}

static void
say(const char *fmt, va_list ap)
{
	char text[2048];
	struct tq_buf b;

	vsnprintf(text, sizeof(text), fmt, ap);
	tq_buf_init(&b);
	tq_buf_str(&b, getprogname());
	tq_buf_str(&b, ": ");
	/* a sentence may quote what a task or another user chose */
	tq_escape(&b, text, strlen(text));
	tq_buf_byte(&b, '\n');
	if (tq_buf_ok(&b))
		tq_io_write(STDERR_FILENO, b.p, b.n);
	tq_buf_fini(&b);
}

void
tq_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void
tq_die(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	exit(status);
}

void
tq_die_err(const struct tq_err *e)
{
	tq_die(tq_exit_of(e->num), "%s", e->text);
}

void
tq_die_open(const struct tq_err *e)
{
	tq_die(e->num == ENOTSUP ? TQ_EXIT_AWAY : tq_exit_of(e->num), "%s",
	    e->text);
}
