/* What is there: workers and messages, each as it stands. */
#ifndef TQ_REDIS_SEE_H
#define TQ_REDIS_SEE_H

#include "backend/redis/redis.h"

/* meta.c */
/* The meta of a task, in mem; none: {NULL, 0}. */
int	tq_redis_meta_get(struct tq_redis *, struct tq_bytes *out,
	    struct tq_arena *, const char *id, struct tq_err *);

/* ask.c */
/* Let workers know of revoked ids; kill: those that run are ended, too. */
int	tq_redis_tell_revoked(struct tq_redis *, const char *const *ids,
	    size_t n, int kill, struct tq_err *);
/* An envelope, addressed already, as text in r->buf; 0 or -1. */
int	tq_redis_seal(struct tq_redis *, struct tq_celery_envelope *);
/* Ask all workers who they are: r->peers. */
int	tq_redis_meet(struct tq_redis *, struct tq_err *);
/* What we know of one, made if it is new; NULL: no memory. */
struct tq_redis_peer *tq_redis_peer(struct tq_redis *, const char *name);

/* note.c */
/* Write our note, when it has changed or is growing old. */
int	tq_redis_note(struct tq_redis *, int changed, struct tq_err *);
/* Who has it, and why it is not running. */
int	tq_redis_explain(struct tq_redis *, struct tq_info *, const char *tag,
	    struct tq_err *);

/* ahead.c */
void	tq_redis_ahead_end(struct tq_redis *);

/* away.c */
/* 1 if some worker keeps the message of this id. */
int	tq_redis_is_local(struct tq_redis *, const char *id, struct tq_err *);
/*
 * Go through them, or look for the one of an id: 1 it is in *info; 0; -1.  What
 * *info borrows is in mem.
 */
int	tq_redis_away(struct tq_redis *, const char *id, struct tq_info *info,
	    struct tq_arena *mem, int (*each)(const struct tq_info *, void *),
	    void *arg, struct tq_err *);

/* limit.c */
/* Say of a ready one which limit keeps it back. */
int	tq_redis_limit_explain(struct tq_redis *, struct tq_info *,
	    struct tq_arena *mem, struct tq_err *);

/* find.c */
/* Find a task that has not ended: 1 and *out, all in mem; 0; -1. */
int	tq_redis_find(struct tq_redis *, const char *id, struct tq_info *out,
	    struct tq_arena *mem, struct tq_err *);
int	tq_redis_find_body(struct tq_redis *, const char *id,
	    struct tq_bytes *out, struct tq_arena *mem, struct tq_err *);

/* spot.c: where tasks stand */
struct tq_redis_spot {
	const char	*where;		/* "list", "wait"; NULL: it is held */
	const char	*key;		/* of the list; tag of the others */
	enum tq_state	 state;
	size_t		 of;		/* which of several ids it is */
	struct tq_id	 id;
	char		 queue[TQ_NAME_MAX + 1];
	struct tq_bytes	 text;
};
struct tq_redis_spots {
	struct tq_redis_spot *v;	/* n of them; to be freed */
	size_t		 n, cap;
	struct tq_arena	*mem;		/* what they point to */
};
/* Add what is selected, or with an id that one. */
int	tq_redis_spot(struct tq_redis *, struct tq_redis_spots *,
	    const struct tq_select *, const char *id, struct tq_err *);
/* Add those of n ids that stand somewhere, in the order of the ids. */
int	tq_redis_spot_ids(struct tq_redis *, struct tq_redis_spots *,
	    const char *const *ids, size_t n, struct tq_err *);
#endif
