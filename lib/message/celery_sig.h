/*
 * Signatures: tasks to be, as callbacks, chains, groups and chords carry
 * them.  Slices and strings live as celery.h says.
 */
#ifndef TQ_MESSAGE_CELERY_SIG_H
#define TQ_MESSAGE_CELERY_SIG_H

#include "message/celery.h"

struct tq_celery_sig {
	const char	*task;
	struct tq_bytes	 args, kwargs;	/* array and object */
	const char	*subtask_type;	/* "group", "chord", ..., or NULL */
	int		 immutable;
	struct tq_bytes	 chord_size;	/* of a newer Celery, or none */

	/* options; those not set are NULL, none or TQ_CELERY_NONE */
	const char	*task_id, *root_id, *parent_id, *group_id;
	const char	*reply_to, *queue, *exchange, *routing_key, *shadow;
	int64_t		 group_index, retries, priority;
	tq_time		 time_limit, soft_time_limit;
	tq_time		 countdown;	/* from now; NONE: not set */
	tq_time		 eta;		/* 0: none */
	tq_time		 expires;	/* 0: none */
	tq_time		 expires_in;	/* from now, when it was a number */
	int		 ignore_result;
	int64_t		 nesting;	/* replaced_task_nesting */
	struct tq_bytes	 chord;		/* signature */
	struct tq_bytes	 chain;		/* list, the next one last */
	struct tq_bytes	 link, link_error;	/* a signature or a list */
	struct tq_bytes	 headers;	/* object */
	struct tq_bytes	 stamped_headers;	/* list */
	const struct tq_celery_member *others;	/* options, as they came */
	size_t		 nothers;
	struct tq_bytes	 options;	/* all of them as they came */
};

void	tq_celery_sig_init(struct tq_celery_sig *);
/*
 * text is checked JSON, a slice of a message.  EBADMSG names the field; what
 * is missing of args, kwargs and options is empty.
 */
int	tq_celery_sig_decode(struct tq_celery_sig *out, struct tq_arena *mem,
	    struct tq_bytes text, struct tq_err *);
/* options is not looked at: the fields and others say it all. */
void	tq_celery_sig_encode(struct tq_buf *, const struct tq_celery_sig *);
/*
 * The signatures of a list, of one signature, or of none; each checked to be
 * an object.  *out has *n slices in mem.
 */
int	tq_celery_sig_list(const struct tq_bytes **out, size_t *n,
	    struct tq_arena *mem, struct tq_bytes text, struct tq_err *);
#endif
