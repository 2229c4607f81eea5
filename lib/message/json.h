/*
 * A task as a JSON object, as people and handlers see it, and back.
 *
 * Members of the work; which of them is there says the kind:
 *
 *	argv	array: the words of a command
 *	shell	string for sh -c; args array: its $1, $2, ...
 *	name	of a handler; args array, kwargs object: its operands
 *	cmd	the command line as tq_quote_task() writes it; read back (as a
 *		string for sh -c) only when none of the above is there
 *
 * Operands that are not JSON (TQ_TASK_JSON) are strings.  Bytes that are not
 * UTF-8 have no place in a JSON string: such a string, and a body that holds
 * a NUL, is {"base64": "..."}.  With "json": true args and kwargs are any
 * JSON values; without it they are so when one of them is neither a string
 * nor such an object.
 *
 * Points in time are ISO 8601 in UTC to the ms, read back also as seconds
 * since 1970; lengths of time are seconds.  umask is octal in a string, env
 * an array of "name=value".  body is the bytes, or a number: only the size.
 * What is not set is left out, and null when read is the same.
 */
#ifndef TQ_MESSAGE_JSON_H
#define TQ_MESSAGE_JSON_H

#include <stddef.h>

#include <tq/tq.h>

#include "base/arena.h"
#include "base/buf.h"

#define TQ_JSON_DEPTH_MAX	32	/* of an operand: arrays and objects */
#define TQ_JSON_TEXT_MAX	(16 << 20)	/* bytes of a task's text */
#define TQ_JSON_KWARGS_MAX	256	/* members of kwargs */

/*
 * A JSON string of n bytes; what is not UTF-8 becomes U+FFFD.  Nothing in it
 * is obeyed by a terminal: control and bidi characters are \uXXXX.
 */
void	tq_json_str(struct tq_buf *, const char *, size_t n);
/* The same without loss: {"base64": "..."} when n bytes are not UTF-8. */
void	tq_json_bytes(struct tq_buf *, const char *, size_t n);
/* n bytes that are JSON, on one line. */
void	tq_json_line(struct tq_buf *, const char *, size_t n);
/* A point in time as a string, a length of time in seconds as a number. */
void	tq_json_date(struct tq_buf *, tq_time);
void	tq_json_seconds(struct tq_buf *, tq_time);

/*
 * 0 if n bytes are one JSON value (RFC 8259) of any type, with no member
 * twice; -1 with EINVAL or EMSGSIZE.
 */
int	tq_json_check(const char *, size_t n, struct tq_err *);
/*
 * The same with numbers that fit 64 bits, at most depth deep, as jansson's
 * json_t, which the caller lets go; NULL on failure.
 */
struct json_t *tq_json_load(const char *, size_t n, size_t depth,
	    struct tq_err *);

/*
 * Checked JSON with 0 for every number: what there is to say against a text but
 * for the size of its numbers.
 */
void	tq_json_skeleton(struct tq_buf *, struct tq_bytes v);

/*
 * Put a task with all that is known of it, on one line without a newline.
 * body: its bytes; NULL: only i->body_size is told.
 */
void	tq_json_task_encode(struct tq_buf *, const struct tq_info *i,
	    const struct tq_bytes *body);
/*
 * The same for a program that was made for it: operands with words that Python
 * writes and JSON does not have (NaN, Infinity) are no strings.
 */
void	tq_json_task_tell(struct tq_buf *, const struct tq_info *i,
	    const struct tq_bytes *body);

/*
 * Read n bytes of text as a task to put.  *out borrows from mem; the caller
 * passes it through tq_task_check(), as tq_put() does.  Members that tell of
 * a task's past (state, attempt, why, ...) are ignored, unknown ones refused:
 * EINVAL, EMSGSIZE, ENOMEM.
 */
int	tq_json_task_decode(struct tq_task *out, struct tq_arena *mem,
	    const char *text, size_t n, struct tq_err *);
#endif
