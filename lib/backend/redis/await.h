/*
 * Waiting for results: whom (awaited.c), listening for them (listen.c), looking
 * at them (await.c).
 *
 * Whoever waits listens first and looks then, so that no end falls between;
 * and looks again now and then.  A group ends with the last of its members.
 *
 * He listens and looks over two connections, and a server may read them in
 * either order: he looks when it has said that he listens.
 *
 * What an id names is not known before: each is listened for as a task, and the
 * first look asks whether it is a group, too.  If one is, its members take its
 * place, and all is listened for and looked at once more.
 *
 * Who waits for a part of his time only comes back for the same: until then it
 * is listened on, and what was not confirmed yet stays on its way.  He learns
 * what his ids are before he listens to something else.
 */
#ifndef TQ_REDIS_AWAIT_H
#define TQ_REDIS_AWAIT_H

#include "backend/redis/redis.h"

/* A task that is listened for: asked for itself, or as one of a group. */
struct tq_redis_awaited {
	const char	*id;
	size_t		 of;		/* place of what was asked for */
	enum tq_state	 state;
	struct tq_bytes	 group;		/* it is one: what was saved of it */
};

struct tq_redis_waiting {
	struct tq_redis	*r;
	const char *const *ids;		/* n that were asked for */
	size_t		 n;
	int		 known;		/* what they are */
	int		 listens;	/* told of what comes to v */
	enum tq_state	*ended;		/* n of them */
	size_t		*open;		/* n: members that must still end */
	size_t		 nended;	/* of ids */
	struct tq_redis_awaited	*v;		/* nv of them, as they were asked for */
	size_t		 nv, cap;
	struct tq_redis_awaited	**by_id;	/* the same in order, nsorted of them */
	size_t		 nsorted;
	struct tq_err	 odd;		/* a meta that cannot be read; num 0 */
	struct tq_arena	 mem;
};

/* awaited.c */
/* All that were asked for, each as one task; once. */
int	tq_redis_awaited_begin(struct tq_redis_waiting *, struct tq_err *);
/*
 * It was asked which of them are groups.  1: some, so that something else is to
 * be listened for.
 */
int	tq_redis_awaited_know(struct tq_redis_waiting *, struct tq_err *);
/* One has ended, if that is an end. */
void	tq_redis_awaited_note(struct tq_redis_waiting *, struct tq_redis_awaited *, enum tq_state);
/* The same for an id, wherever it was asked for. */
void	tq_redis_awaited_told(struct tq_redis_waiting *, const char *id, enum tq_state);

/* listen.c */
/*
 * Listen up to `until` for all, and nobody else; 1: what was said before the
 * server heard of it may be missed.
 */
int	tq_redis_listen(struct tq_redis_waiting *, tq_time until, struct tq_err *);
/* What still comes of those is nobody's. */
int	tq_redis_unlisten(struct tq_redis *, struct tq_err *);
#endif
