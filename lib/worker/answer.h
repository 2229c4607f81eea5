/*
 * What a resident handler answers (pure): one JSON object on one line,
 *
 *	{"id": ID, "result": any, "error": "text", "status": n}
 *
 * of which only id must be there.  status is read as the exit status of a
 * program; it is 0 without an error and 1 with one.
 */
#ifndef TQ_WORKER_ANSWER_H
#define TQ_WORKER_ANSWER_H

#include <tq/types.h>

#include "base/arena.h"

#define TQ_ANSWER_MAX	(16 << 20)	/* bytes of a line */
#define TQ_ANSWER_BAD	76		/* status of a task whose answer is bad
					 * or missing: EX_PROTOCOL, sysexits(3) */

struct tq_answer {
	int		 status;	/* 0 to 255 */
	struct tq_bytes	 out;		/* result: a string as it is, another
					 * value as a line of compact JSON */
	struct tq_bytes	 err;		/* error, as it is */
	const char	*why;		/* the first line of it, or NULL */
};

/*
 * Read n bytes of a line without its newline as the answer for task id; what
 * *out points to is in mem.  EINVAL: it is none, the sentence says why and
 * quotes it; ENOMEM.
 */
int	tq_answer_parse(struct tq_answer *out, struct tq_arena *mem,
	    const char *line, size_t n, const char *id, struct tq_err *);
/* Write up to size - 1 bytes of the line for people to read. */
void	tq_answer_quote(char *buf, size_t size, const char *line, size_t n);
#endif
