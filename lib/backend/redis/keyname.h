/* What things are called on the server.  Names are in mem; NULL: ENOMEM. */
#ifndef TQ_REDIS_KEYNAME_H
#define TQ_REDIS_KEYNAME_H

#include "backend/redis/cmd.h"
#include "backend/redis/place.h"
#include "base/arena.h"

/* Up to five pieces as one string. */
const char *tq_redis_glue(struct tq_arena *, const char *, const char *,
	    const char *, const char *, const char *);
const char *tq_redis_list_key(const struct tq_redis_place *,
	    struct tq_arena *, const char *queue, int priority);
/* How many bytes of a list's name, behind the prefix, are that of its queue. */
size_t	tq_redis_list_queue(const struct tq_redis_place *, const char *list);
/*
 * Two words: the set of the bindings of an exchange, and one from a key to the
 * queue that is called like it and `more`.
 */
void	tq_redis_binding(struct tq_redis_cmd *, const struct tq_redis_place *,
	    const char *exchange, const char *key, const char *more);
/* The queue of "key SEP pattern SEP queue", which is cut, or NULL. */
char	*tq_redis_binding_cut(const struct tq_redis_place *, char *member,
	    char **pattern);
/* Of results: "celery-task-meta-ID", "celery-taskset-meta-GID". */
const char *tq_redis_meta_key(const struct tq_redis_place *,
	    struct tq_arena *, const char *id);
const char *tq_redis_group_key(const struct tq_redis_place *,
	    struct tq_arena *, const char *gid);
const char *tq_redis_own_key(const struct tq_redis_place *,
	    struct tq_arena *, const char *name);
/*
 * The prefix as the beginning of a pattern, into 2 * TQ_REDIS_PREFIX_MAX + 1
 * bytes at least; its length.
 */
size_t	tq_redis_glob(char *out, const char *prefix);
#endif
