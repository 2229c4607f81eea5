/*
 * Operands of a named task as a program sees them: JSON strings as they are,
 * other values as compact JSON.
 */
#ifndef TQ_WORKER_OPERAND_H
#define TQ_WORKER_OPERAND_H

#include <tq/task.h>

#include "base/arena.h"

/*
 * Copy *t to *out with args and kwargs as plain text; those of a task that is
 * not TQ_TASK_JSON are plain already.  The new strings are in mem.  ENOMEM;
 * EINVAL: an operand that is no JSON value, or a string with a NUL in it.
 */
int	tq_operands_plain(struct tq_task *out, struct tq_arena *mem,
	    const struct tq_task *t, struct tq_err *);
#endif
