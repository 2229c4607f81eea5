/*
 * TQ_STATUS_FD of a place: a pipe on which its tasks, one after another, say
 * how far they are and what shall become of them.
 */
#ifndef TQ_WORKER_TALK_H
#define TQ_WORKER_TALK_H

#include <stdint.h>

#include <tq/tq.h>

#include "base/buf.h"
#include "words.h"

/* What it wants to become of it, said last. */
enum tq_wish { TQ_WISH_NONE, TQ_WISH_FAIL, TQ_WISH_REPLACE, TQ_WISH_RETRY };

struct tq_talk {
	int		 in;		/* where we read */
	int		 out;		/* the task's end */
	int		 epoll;		/* where in is watched */
	uint64_t	 key;		/* with this as data.u64 */
	struct tq_buf	 line;		/* what is read of one */

	/* of the task that runs */
	enum tq_wish	 wish;
	tq_time		 delay;		/* RETRY */
	struct tq_buf	 type;		/* FAIL, NUL-terminated */
	struct tq_buf	 text;		/* FAIL: message; REPLACE: task; ditto */
	struct tq_buf	 result;	/* JSON, n 0: none */
	struct tq_buf	 children;	/* ids, a JSON array but for its end */
	char		 wrong[TQ_WHY_MAX + 1];	/* about a bad line, "" none */

	/* progress that is not told yet */
	struct tq_buf	 state;		/* NUL-terminated, n 0: none */
	struct tq_buf	 progress;
	int		 untold;
	tq_time		 told;		/* the last, CLOCK_BOOTTIME */
};

int	tq_talk_open(struct tq_talk *, int epoll, uint64_t key,
	    struct tq_err *);
void	tq_talk_close(struct tq_talk *);
/*
 * Read what there is of the task of c, and tell its progress, but not more
 * than twenty times a second; at the end of the task `last` tells none.
 */
void	tq_talk_hear(struct tq_talk *, struct tq *, const struct tq_claim *c,
	    tq_time now);
void	tq_talk_last(struct tq_talk *);
/* The same that a resident handler reports otherwise; of it no more is kept
 * than fits. */
void	tq_talk_say(struct tq_talk *, const struct tq_report *);
/* Tell what is untold and due; when to come again, TQ_FOREVER: never. */
tq_time	tq_talk_tick(struct tq_talk *, struct tq *, const struct tq_claim *,
	    tq_time now);
/*
 * Forget the task that ended; renew: a process of it may still have its end
 * of the pipe.
 */
int	tq_talk_reset(struct tq_talk *, int renew, struct tq_err *);
#endif
