/* What the URL of a Redis server says. */
#ifndef TQ_REDIS_PLACE_H
#define TQ_REDIS_PLACE_H

#include <tq/backend.h>

#include "backend/tls.h"

#define TQ_REDIS_STEPS_MAX	10
#define TQ_REDIS_PREFIX_MAX	128
#define TQ_REDIS_SEP_MAX	16
#define TQ_REDIS_OPTION_MAX	1024

/*
 * redis://[[user]:password@]host[:port]/[db][?name=value...], or a socket:
 * redis:///path/of/socket?db=n, redis+socket:///path/of/socket?virtual_host=n.
 * rediss:// is the first of them over TLS.
 */
struct tq_redis_place {
	char		*host;		/* NULL: a socket */
	char		*path;		/* of the socket, or NULL */
	int		 port;
	int		 db;
	char		*user, *password;	/* or NULL */
	char		 name[256];	/* "redis://host:port/db", for people */
	int		 is_tls;
	struct tq_tls_rules tls;
	/* options, as tq_celery(7) tells them */
	char		 prefix[TQ_REDIS_PREFIX_MAX + 1];	/* of queues */
	char		 results[TQ_REDIS_PREFIX_MAX + 2];	/* of results */
	char		 sep[TQ_REDIS_SEP_MAX + 1];	/* see keyname.c */
	tq_time		 visibility;	/* held longer, Celery gives it again */
	tq_time		 timeout;	/* of one operation */
	tq_time		 lease;		/* of tq, without a sign of life */
	int		 extended;	/* results tell name, args and more */
	int		 track;		/* results tell what has started */
	int		 unordered;	/* parts of chords are in lists */
	unsigned	 crashes;	/* deaths of workers that fail a task */
	int		 tq_only;	/* workers=tq: no others read the queues */
	unsigned	 steps[TQ_REDIS_STEPS_MAX];	/* rising, the first 0 */
	size_t		 nsteps;
};

/*
 * Read the parts of a URL; as the URL of a result store `prefix` is that of
 * results.  EINVAL, EPERM and others for the file of a password.  The caller
 * ends with tq_redis_place_fini(), also after a failure.
 */
int	tq_redis_place_init(struct tq_redis_place *, const struct tq_url *,
	    int is_store, struct tq_err *);
/* place_option.c: an option: 1 and its value, 0 it is not there, -1 EINVAL. */
int	tq_redis_place_option(char value[TQ_REDIS_OPTION_MAX],
	    const struct tq_url *, const char *name, struct tq_err *);
/* 0, and *out is what it was if it is not there; -1 EINVAL. */
int	tq_redis_place_time(tq_time *out, const struct tq_url *,
	    const char *name, struct tq_err *);
int	tq_redis_place_yes(int *out, const struct tq_url *, const char *name,
	    struct tq_err *);
/* The part of it that is about TLS (place_tls.c). */
int	tq_redis_place_tls(struct tq_redis_place *, const struct tq_url *,
	    struct tq_err *);
void	tq_redis_place_fini(struct tq_redis_place *);
/* 1 if both are the same server, whatever the database. */
int	tq_redis_place_same(const struct tq_redis_place *,
	    const struct tq_redis_place *);
#endif
