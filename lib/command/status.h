/*
 * How a command ends: its words on stderr and its exit status (commands.md
 * calls them the two families; here, the ordinary one and pass-through).
 */
#ifndef TQ_COMMAND_STATUS_H
#define TQ_COMMAND_STATUS_H

#include <tq/types.h>

/* The ordinary family: <sysexits.h>, and 1 for a clean "no". */
enum tq_exit {
	TQ_EXIT_OK	= 0,
	TQ_EXIT_NO	= 1,
	TQ_EXIT_USAGE	= 64,
	TQ_EXIT_DATA	= 65,	/* bad input record, damage found */
	TQ_EXIT_NOENT	= 66,	/* no such queue, id or worker */
	TQ_EXIT_AWAY	= 69,	/* broker unreachable, module missing */
	TQ_EXIT_BUG	= 70,
	TQ_EXIT_OS	= 71,	/* a system call failed */
	TQ_EXIT_CREATE	= 73,
	TQ_EXIT_IO	= 74,	/* unknown whether it was done */
	TQ_EXIT_FULL	= 75,	/* queue, disk, quota; claim no longer yours */
	TQ_EXIT_PERM	= 77,
	TQ_EXIT_CONFIG	= 78	/* a setting or option that cannot be kept */
};

/* The pass-through family: the task's own 0-123, or one of these. */
#define TQ_PASS_UNFINISHED	124
#define TQ_PASS_FAILED		125	/* tq itself, or no status */

/* The ordinary status of an errno value that libtq promised. */
int	tq_exit_of(int num);

/*
 * Write "tqput: " and the sentence to stderr in one write, escaped as
 * everything that goes to a terminal is.
 */
void	tq_warn(const char *fmt, ...)
	    __attribute__((__format__(__printf__, 1, 2)));
/* The same, then exit with status. */
_Noreturn void tq_die(int status, const char *fmt, ...)
	    __attribute__((__format__(__printf__, 2, 3)));
/* Say e's sentence and exit with tq_exit_of(e->num). */
_Noreturn void tq_die_err(const struct tq_err *e);
/* The same after tq_open(), where ENOTSUP means a missing module: 69. */
_Noreturn void tq_die_open(const struct tq_err *e);
#endif
