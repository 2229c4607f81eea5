/*
 * Options of tqput(1) in a line of a file, a flow or a schedule.  A mistake is
 * one line's and no reason to exit.
 */
#ifndef TQ_COMMAND_LINE_H
#define TQ_COMMAND_LINE_H

#include "command/spec.h"

/*
 * Take options from the words argv[*at] on, up to the first that is none, and
 * leave *at there; argc words in all, a NULL after them.  letters: the short
 * ones that may be there, TQ_PUT_FLOW or TQ_PUT_BEAT.  0, or -1 with EINVAL or
 * ENOMEM and *at at the word that is wrong.
 */
int	tq_line_options(struct tq_spec *, const char *letters, int argc,
	    char *argv[], int *at, struct tq_err *);
#endif
