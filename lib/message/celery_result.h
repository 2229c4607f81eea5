/*
 * What Celery's result stores keep: the meta of a task, the meta of a group,
 * result tuples, and the parts of a chord on Redis.  Slices and strings live
 * as celery.h says.
 */
#ifndef TQ_MESSAGE_CELERY_RESULT_H
#define TQ_MESSAGE_CELERY_RESULT_H

#include "message/celery.h"

/*
 * An exception: type is a name, message the array of its arguments.  Python
 * raises a class of that name, that of the module if it is loaded there.
 */
struct tq_celery_exc {
	const char	*type;		/* NULL: there is none */
	const char	*module;	/* or NULL */
	struct tq_bytes	 message;	/* JSON array; {NULL, 0}: [] */
};

struct tq_celery_meta {
	const char	*task_id;
	const char	*status;	/* "SUCCESS", ..., or a custom word */
	struct tq_bytes	 result;	/* JSON; none: null */
	struct tq_celery_exc exc;	/* of RETRY, FAILURE and REVOKED;
					 * encoded instead of result */
	struct tq_bytes	 traceback;	/* text, not JSON; n 0: null */
	struct tq_bytes	 children;	/* list of result tuples; none: [] */
	tq_time		 date_done;	/* 0: null */
	int		 date_naive;	/* without +00:00, as of 5.2 */
	const char	*group_id, *parent_id;	/* NULL: left out */
	/* with result_extended */
	const char	*name, *worker, *queue;
	struct tq_bytes	 args, kwargs;
	int64_t		 retries;	/* TQ_CELERY_NONE: left out */
	const struct tq_celery_member *others;
	size_t		 nothers;
};

void	tq_celery_meta_init(struct tq_celery_meta *);
int	tq_celery_meta_decode(struct tq_celery_meta *out, struct tq_arena *mem,
	    const char *text, size_t n, const struct tq_celery_bounds *,
	    struct tq_err *);
void	tq_celery_meta_encode(struct tq_buf *, const struct tq_celery_meta *);
/* 1 if it has a member of that name, as it stands in JSON. */
int	tq_celery_meta_knows(struct tq_bytes name);
/* The map of an exception, null when there is none. */
void	tq_celery_exc_encode(struct tq_buf *, const struct tq_celery_exc *);
/* EBADMSG for a map a Python client could not raise. */
int	tq_celery_exc_decode(struct tq_celery_exc *out, struct tq_arena *mem,
	    struct tq_bytes value, struct tq_err *);
/* "ValueError('bad', 3)", for the event, ChordError and people. */
void	tq_celery_exc_repr(struct tq_buf *, const struct tq_celery_exc *);

/*
 * Celery's states as ours.  A custom word is TQ_STARTED, PENDING and
 * RECEIVED are TQ_READY.
 */
enum tq_state tq_celery_state_in(const char *status);
/* 1 for SUCCESS, FAILURE and REVOKED: nothing comes after. */
int	tq_celery_state_final(const char *status);

/* ---- result tuples --------------------------------------------------- */

/* [[id, parent], null]: a task; parent NULL: null. */
void	tq_celery_tuple_put(struct tq_buf *, const char *id,
	    const char *parent);
/* [[gid, parent], [tuple of each]]: a group of n tasks. */
void	tq_celery_tuple_put_group(struct tq_buf *, const char *gid,
	    const char *parent, const char *const *ids, size_t n);

struct tq_celery_tuple {
	const char	*id;
	struct tq_bytes	 parent;	/* a tuple, or none */
	struct tq_bytes	 members;	/* of a group: tuples; none: a task */
};
int	tq_celery_tuple_decode(struct tq_celery_tuple *out,
	    struct tq_arena *mem, struct tq_bytes text, struct tq_err *);
/* Ids of the tasks that a list of tuples is of, in mem; EBADMSG, ENOMEM. */
int	tq_celery_tuple_ids(const char *const **ids, size_t *n,
	    struct tq_arena *mem, struct tq_bytes tuples);

/* The meta of a group, {"result": tuple}. */
void	tq_celery_group_encode(struct tq_buf *, const char *gid,
	    const char *const *ids, size_t n);
int	tq_celery_group_decode(struct tq_celery_tuple *out,
	    struct tq_arena *mem, const char *text, size_t n,
	    const struct tq_celery_bounds *, struct tq_err *);

/* ---- chords on Redis ------------------------------------------------- */

/* A member of the sorted set: [1, id, state, result]. */
struct tq_celery_part {
	const char	*id, *status;
	struct tq_bytes	 result;	/* JSON */
};
void	tq_celery_part_encode(struct tq_buf *, const struct tq_celery_part *);
int	tq_celery_part_decode(struct tq_celery_part *out,
	    struct tq_arena *mem, const char *text, size_t n,
	    const struct tq_celery_bounds *, struct tq_err *);
#endif
