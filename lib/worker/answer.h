/*
 * What a resident handler answers (pure): one JSON object on one line,
 *
 *	{"id": ID, "result": any, "error": "text", "type": "name",
 *	 "args": [...], "status": n, "retry": seconds, "retries": n,
 *	 "children": [...]}
 *
 * of which only id must be there.  status is read as the exit status of a
 * program; it is 0 without an error and 1 with one.  type and args are those
 * of an exception; without args it has the first line of the error.  retry
 * tries the task again after that time, which is no failure; with retries the
 * error is one, of which the task may have that many before, and retry the
 * delay.  children are ids or result tuples of what it put.  A task of Celery
 * may name another to run in its place, a signature:
 *
 *	{"id": ID, "replace": {"task": "name", ...}}
 *
 * or nothing (null), and then it ends without a word.
 * Before its answer a task may say how far it is,
 *
 *	{"id": ID, "progress": "text"}
 *	{"id": ID, "state": "name", "meta": any}
 */
#ifndef TQ_WORKER_ANSWER_H
#define TQ_WORKER_ANSWER_H

#include <tq/tq.h>

#include "base/arena.h"

#define TQ_ANSWER_MAX	(16 << 20)	/* bytes of a line */
#define TQ_ANSWER_BAD	76		/* status of a task whose answer is bad
					 * or missing: EX_PROTOCOL, sysexits(3) */

struct tq_answer {
	int		 is_report;	/* report alone is set: no answer yet */
	struct tq_report report;
	int		 status;	/* 0 to 255 */
	int		 json;		/* out is a JSON value, not a string */
	struct tq_bytes	 out;		/* result: a string as it is, another
					 * value as a line of compact JSON */
	struct tq_bytes	 exact;		/* as JSON, a string that is not told
					 * from `out`: empty, or a whole line */
	struct tq_bytes	 err;		/* error, as it is */
	const char	*why;		/* the first line of it, or NULL */
	const char	*type;		/* of the error, or NULL */
	struct tq_bytes	 args;		/* of the type: a JSON array, or none */
	tq_time		 retry;		/* after that, -1: not asked for */
	int		 retries;	/* failures it may have, -1: not said */
	struct tq_bytes	 children;	/* a JSON array, or none */
	struct tq_bytes	 replace;	/* JSON, a signature or null, or none */
};

/*
 * Read n bytes of a line without its newline as the answer for task id; what
 * *out points to is in mem.  EALREADY: it is for `before` (or NULL), which was
 * answered; EINVAL: it is none; the sentences say why and quote it; ENOMEM.
 */
int	tq_answer_parse(struct tq_answer *out, struct tq_arena *mem,
	    const char *line, size_t n, const char *id, const char *before,
	    struct tq_err *);
/* Write up to size - 1 bytes of the line for people to read. */
void	tq_answer_quote(char *buf, size_t size, const char *line, size_t n);
#endif
