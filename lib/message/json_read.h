/*
 * The members of a JSON object, one by one and checked.
 *
 * Reading is a straight line: every get does nothing once one has failed,
 * and a member that is not there, or null, leaves its field at "not set".
 * jansson's values go when the reading ends, so strings are copied to mem.
 */
#ifndef TQ_MESSAGE_JSON_READ_H
#define TQ_MESSAGE_JSON_READ_H

#include <jansson.h>

#include <tq/types.h>

#include "base/arena.h"

struct tq_json_reader {
	json_t		*root;		/* the object */
	struct tq_bytes	 args, kwargs;	/* of it, as they stand in the text */
	struct tq_arena	*mem;
	struct tq_err	*e;
	int		 failed;
};

/* Fail; the first failure stays. */
void	tq_json_bad(struct tq_json_reader *, int num, const char *fmt, ...)
	    __attribute__((__format__(__printf__, 3, 4)));

/* The member of that name, NULL when it is not set. */
json_t	*tq_json_member(struct tq_json_reader *, const char *name);
/* n bytes of mem. */
void	*tq_json_alloc(struct tq_json_reader *, size_t n);

/* 1 if v is {"base64": "..."}. */
int	 tq_json_is_base64(const json_t *v);
/* Bytes of a string or base64 object, with a NUL behind them. */
struct tq_bytes tq_json_get_bytes(struct tq_json_reader *, const char *name,
	    const json_t *v);
/* The same without a NUL among them. */
const char *tq_json_get_string(struct tq_json_reader *, const char *name,
	    const json_t *v);
/* Checked JSON as compact text, with `prefix` of n bytes before it. */
const char *tq_json_get_text(struct tq_json_reader *, const char *prefix,
	    size_t n, struct tq_bytes v);

/* Members by name: a string, NULL when not set. */
const char *tq_json_string(struct tq_json_reader *, const char *name);
/* A number from 0 to INT_MAX. */
void	tq_json_integer(struct tq_json_reader *, const char *name, int *out);
/* true: or bit into *flags. */
void	tq_json_flag(struct tq_json_reader *, const char *name, unsigned bit,
	    unsigned *flags);
/* A length of time in seconds; a point in time as a date or in seconds. */
void	tq_json_length(struct tq_json_reader *, const char *name,
	    tq_time *out);
void	tq_json_time(struct tq_json_reader *, const char *name, tq_time *out);
/* An octal number in a string. */
void	tq_json_mode(struct tq_json_reader *, const char *name, int *out);
#endif
