/* Putting, and waiting while the queue is full. */
#ifndef TQ_COMMAND_PATIENT_H
#define TQ_COMMAND_PATIENT_H

#include <tq/tq.h>

/*
 * Put n tasks, in halves where they are too big together; ids are written to
 * out in order and *done says how many.  Says once on a terminal that the
 * queue is full, before it waits.  0, or -1 as tq_put_many().
 */
int	tq_put_patient(struct tq *, const struct tq_task *, size_t n,
	    tq_time timeout, struct tq_id *out, size_t *done, struct tq_err *);
/* The same in one piece, or EMSGSIZE; the ids are the tasks' own. */
int	tq_put_whole(struct tq *, const struct tq_task *, size_t n,
	    tq_time timeout, struct tq_err *);
#endif
