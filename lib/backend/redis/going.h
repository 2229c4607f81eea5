/* Going through what stands on the broker: look.c for those who look. */
#ifndef TQ_REDIS_GOING_H
#define TQ_REDIS_GOING_H

#include "backend/redis/redis.h"

/* So many tasks the server looks for by itself; of more all is read here. */
#define TQ_REDIS_FEW	16
/* On its way from one place to another a task may be missed in both. */
#define TQ_REDIS_LOOKS	3

enum tq_redis_where { TQ_REDIS_IN_LIST, TQ_REDIS_IN_HAND, TQ_REDIS_IN_WAIT };

/* One of the ids that are looked for. */
struct tq_redis_wanted {
	const char	*id;
	size_t		 of;		/* its place among them */
	int		 found;
};

/* Going through everything, or what has a text inside. */
struct tq_redis_going {
	struct tq_redis	*r;
	const struct tq_select *sel;
	const char	*needle;
	/* each message: not 0 ends it */
	int		(*each)(struct tq_redis_going *, struct tq_info *,
			    const struct tq_redis_read *, const char *tag);
	int		(*user)(const struct tq_info *, void *);
	void		*arg;
	struct tq_info	*out;
	struct tq_bytes	*body;
	struct tq_arena	*mem;		/* what is found stays here */
	const struct tq_ref *ref;
	struct tq_redis_held **held;
	int		 unready;	/* not what stands in lists */
	const char	*name;
	struct tq_redis_cmd *cmd;
	struct tq_err	*e;
	/* of the message at hand */
	enum tq_redis_where place;
	const char	*score, *list, *tag;
	struct tq_redis_spots *spots;
	struct tq_redis_wanted *wanted;	/* by id; or NULL, see needle */
	size_t		 nwanted, left;	/* of these: to be found */
	struct tq_redis_whys *whys;
	char		 found[TQ_REDIS_TAG_MAX];
};

/* All of unacked, of tq.waiting or of a list. */
int	tq_redis_through(struct tq_redis_going *, enum tq_redis_where,
	    const char *queue, const char *list, struct tq_info *);
/* All of it, of the queues that are chosen; what `each` returned, or -1. */
int	tq_redis_everywhere(struct tq_redis_going *, struct tq_err *);
/* How a message stands that was read: all but its worker. */
int	tq_redis_describe(struct tq_info *out, struct tq_arena *mem,
	    const struct tq_redis_read *, enum tq_redis_where,
	    const char *queue, const char *score, const char *tag);
/* ahead.c: how one stood of many that were looked for; text.p NULL: nowhere. */
struct tq_redis_seen {
	const char	*id, *queue, *score, *tag;
	enum tq_redis_where place;
	struct tq_bytes	 text;
};
/* NULL: it was not among them. */
const struct tq_redis_seen *tq_redis_ahead_seen(const struct tq_redis *,
	    const char *id);
/* 1 if the selectors take it. */
int	tq_redis_is_selected(const struct tq_select *, const struct tq_info *);
#endif
