/*
 * Exceptions for Python, of what became of a task (pure): its result store
 * keeps a map of class, module and arguments, from which a client makes an
 * exception to raise.
 *
 *	ended by a time limit	billiard's SoftTimeLimitExceeded, or
 *				TimeLimitExceeded when it was killed
 *	lost with its workers	billiard's WorkerLostError
 *	without a handler	Celery's NotRegistered
 *	revoked, expired	Celery's TaskRevokedError
 *	named by the task	that class: of Python, Celery or billiard by
 *				its bare name, of a module by a dotted one
 *	anything else		CommandFailed("exit status 3: last line")
 *
 * A class that the client's Python does not know is made on the spot from
 * its name.  What must not be raised there (SystemExit would end the client)
 * or needs other arguments than a text is made so, too.
 */
#ifndef TQ_MESSAGE_CELERY_RAISE_H
#define TQ_MESSAGE_CELERY_RAISE_H

#include "message/celery_plan.h"
#include "message/celery_result.h"

#define TQ_RAISE_MODULE		"tq.errors"	/* nobody has it */
#define TQ_RAISE_CELERY		"celery.exceptions"
#define TQ_RAISE_TRACE_MAX	(64 << 10)	/* bytes of a traceback, the
						 * last ones */

/* The exception of an end that is no success; strings are in mem.  ENOMEM. */
int	tq_celery_raise(struct tq_celery_exc *out, struct tq_arena *mem,
	    const struct tq_celery_task *, const struct tq_celery_end *,
	    struct tq_err *);
/* One of module and type whose only argument is a text.  ENOMEM. */
int	tq_celery_raise_text(struct tq_celery_exc *out, struct tq_arena *mem,
	    const char *module, const char *type, const char *text,
	    struct tq_err *);
/* What it wrote to stderr, as text in UTF-8; n 0: nothing, or ENOMEM. */
struct tq_bytes tq_celery_trace(struct tq_arena *mem, struct tq_bytes err);
#endif
