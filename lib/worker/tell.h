/* A claimed task as JSON, as handlers and hooks are told it (pure). */
#ifndef TQ_WORKER_TELL_H
#define TQ_WORKER_TELL_H

#include <tq/tq.h>

#include "base/buf.h"

/*
 * Put the task of a claim, on one line with its newline; an error is sticky
 * in the buffer.
 *
 *	body	its bytes: it is for a resident handler, who gets operands as
 *		they came and, as "message", headers, properties and embed of
 *		a message of Celery; NULL: only their number is told
 *	end	how the attempt ended; NULL: it has not
 */
void	tq_tell_task(struct tq_buf *, const struct tq_claim *,
	    const struct tq_bytes *body, const struct tq_outcome *end);
#endif
