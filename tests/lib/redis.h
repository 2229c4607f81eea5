/* A Redis server of a test program alone, on a socket in a directory. */
#ifndef TQ_TESTS_REDIS_H
#define TQ_TESTS_REDIS_H

#include <sys/types.h>

struct t_redis {
	char		 dir[4096];
	pid_t		 pid;
};

/* 1 started; 0 there is no redis-server here.  Ends with t_redis_stop(). */
int	t_redis_start(struct t_redis *);
void	t_redis_stop(struct t_redis *);
/* Forget everything in all of its databases. */
void	t_redis_flush(const struct t_redis *);

#endif
