/*
 * What tq adds to Celery's messages: the header `tq`, and the task that is a
 * raw command.  Both are for workers of tq; tq_message(5) says every member.
 */
#ifndef TQ_MESSAGE_CELERY_POLICY_H
#define TQ_MESSAGE_CELERY_POLICY_H

#include "message/celery_field.h"

/* Put the header's object; nothing when there is nothing to say. */
int	tq_celery_policy_put(struct tq_buf *, const struct tq_task *,
	    struct tq_err *);
/* Set what it says in *out. */
void	tq_celery_policy_get(struct tq_celery_reader *, struct tq_task *out,
	    struct tq_bytes object);

/* Put the kwargs of a tq.exec. */
void	tq_celery_exec_put(struct tq_buf *, const struct tq_task *);
/* Set kind, operands, body and place of *out. */
void	tq_celery_exec_get(struct tq_celery_reader *, struct tq_task *out,
	    struct tq_bytes kwargs);
#endif
