/*
 * Many tasks from records on stdin, put in batches (tqput -m).
 */
#ifndef TQ_COMMAND_MANY_H
#define TQ_COMMAND_MANY_H

#include <tq/tq.h>

#include "command/spec.h"
#include "command/weave.h"

/* Records of JSON of more text than this are put in several batches. */
#define TQ_MANY_BYTES	(64 << 20)

struct tq_many {
	struct tq	*tq;
	/*
	 * What all of them share.  A record is added to its argv, or stands
	 * in it for `replace`; with no argv of TQ_KIND_SHELL it is the string.
	 */
	const struct tq_spec *base;
	const char	*replace;	/* NULL: at the end */
	int		 json;		/* records are tasks; base counts first */
	int		 delim;		/* end of a record: '\n' or '\0' */
	int		 quiet;		/* print no ids */
	enum tq_shape	 shape;		/* what they make; then one id is printed */
	const char	*chord;		/* of TQ_SHAPE_CHORD */
	tq_time		 timeout;	/* of each batch, while the queue is full */
};

/*
 * Put every record of stdin.  A batch is put when it is full or when stdin
 * has nothing more right now; its ids are printed once it is on disk, so that
 * on failure the ids printed are exactly those put.  0; 1 the keys of some
 * were taken: the ids of who has them are printed in their place; -1: EBADMSG a
 * record is not a task (its number is said); others as tq_put().
 */
int	tq_many_put(const struct tq_many *, struct tq_err *);
#endif
