/*
 * Options of tqput(1) in a line of a file: a schedule.  A mistake is one line's
 * and no reason to exit.
 */
#ifndef TQ_COMMAND_LINE_H
#define TQ_COMMAND_LINE_H

#include <tq/tq.h>

#include "command/place.h"
#include "message/limits.h"

/* What the options of a line say.  Strings are borrowed from its words. */
struct tq_line {
	struct tq_task	 task;		/* eta and expires are not set */
	tq_time		 delay, expires; /* after the put, 0: not said */
	struct tq_place	 place;
	struct tq_limits limits;
	char		 limits_text[TQ_LIMITS_MAX + 1];
	const char	**needs;
	/* in a flow: what -P names, and whether -D and it may be there */
	const char	*pipe;
	int		 in_flow;
};

void	tq_line_init(struct tq_line *);
void	tq_line_fini(struct tq_line *);
/*
 * Take options from the words argv[*at] on, up to the first that is none, and
 * leave *at there; argc words in all, a NULL after them.  0, or -1 with
 * EINVAL and *at at the word that is wrong.
 */
int	tq_line_options(struct tq_line *, int argc, char *argv[], int *at,
	    struct tq_err *);
/* All are taken: let the task be what they say, run from here. */
void	tq_line_finish(struct tq_line *);
#endif
