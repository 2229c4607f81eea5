/*
 * Flow files of tqput -F: a graph of tasks, one a line,
 *
 *	name [options] [: dependency ...] <TAB> command
 *
 * A backslash at the end of a line continues it, a line that begins with # is a
 * comment.  Words before the TAB may be quoted as in a shell; what stands
 * behind it is a shell's.  The colon may stand at the end of the word before
 * it.
 *
 * Reading one is pure; tq_flow_put() makes tasks of it.
 */
#ifndef TQ_COMMAND_FLOW_H
#define TQ_COMMAND_FLOW_H

#include <tq/tq.h>

#include "base/arena.h"
#include "command/spec.h"
#include "command/weave.h"

#define TQ_FLOW_MAX	(16u << 20)	/* bytes of a file */

/* A line. */
struct tq_flow_node {
	const char	*name;
	unsigned	 line;		/* where it begins, from 1 */
	int		 argc;		/* words of its options */
	char		**argv;
	size_t		 ndeps;
	const char	**deps;		/* names */
	size_t		*after;		/* their places among the nodes */
	const char	*command;
};

struct tq_flow {
	const char	*file;		/* for what is said of it */
	struct tq_flow_node *v;		/* n, each behind those it waits for */
	size_t		 n;
	struct tq_arena	 mem;
};

/*
 * Read n bytes of text: 0; -1 and EBADMSG with "file:line: ..." for a line that
 * makes no sense, a name that is there twice or nowhere, and for a circle with
 * the names on it.  Ends with tq_flow_fini() either way.
 */
int	tq_flow_parse(struct tq_flow *, const char *file, const char *text,
	    size_t n, struct tq_err *);
/* The same for a file, which is read by tq_text_read(). */
int	tq_flow_read(struct tq_flow *, const char *file, struct tq_err *);
void	tq_flow_fini(struct tq_flow *);

/*
 * Put all of it or nothing: *out gets the id of the group that its tasks are
 * in.  base: what holds for all of them where their lines say nothing.  A flow
 * that is too large for one transaction is put in several, and nothing of it
 * runs before the last.
 */
int	tq_flow_put(struct tq *, struct tq_flow *, const struct tq_spec *base,
	    tq_time timeout, struct tq_id *out, struct tq_err *);

#endif
