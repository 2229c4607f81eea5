/* The words of a command, as they go to the server. */
#ifndef TQ_REDIS_CMD_H
#define TQ_REDIS_CMD_H

#include <stddef.h>

#include <tq/types.h>

#include "base/buf.h"

/*
 * Words are added one by one; the count goes in front when the command is
 * sent, so that one may be kept and sent again.
 */
struct tq_redis_cmd {
	struct tq_buf	 bytes;		/* RESP bulk strings */
	size_t		 n;
};

void	tq_redis_cmd_init(struct tq_redis_cmd *);
void	tq_redis_cmd_fini(struct tq_redis_cmd *);
void	tq_redis_cmd_reset(struct tq_redis_cmd *);

void	tq_redis_cmd_put(struct tq_redis_cmd *, const void *, size_t n);
void	tq_redis_cmd_str(struct tq_redis_cmd *, const char *);
/* Pieces that make one word, the last of them NULL. */
void	tq_redis_cmd_join(struct tq_redis_cmd *, const char *, ...)
	    __attribute__((__sentinel__));
void	tq_redis_cmd_num(struct tq_redis_cmd *, int64_t);
/* A point or length of time as seconds with six decimals. */
void	tq_redis_cmd_time(struct tq_redis_cmd *, tq_time);
/* The same back, as a server has it: a score may be any number. */
tq_time	tq_redis_time(const char *);
#endif
