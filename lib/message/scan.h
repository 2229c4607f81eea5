/*
 * JSON text read in place.
 *
 * A value is a slice of the text it stands in: nothing is converted, so a
 * number keeps its digits, an object the order of its members, and a value
 * goes into another text as it came.  Text from outside passes once through
 * tq_scan_check(), which neither recurses nor allocates; every other function
 * takes a slice of checked text and trusts it.
 *
 * A slice is trimmed: it begins and ends with the value.  {NULL, 0} is no
 * value; every question about it is answered "no", and it holds nothing.
 */
#ifndef TQ_MESSAGE_SCAN_H
#define TQ_MESSAGE_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include <tq/types.h>

#include "base/arena.h"
#include "base/buf.h"

#define TQ_SCAN_DEPTH_MAX	256	/* that bounds can allow */

struct tq_scan_bounds {
	size_t		 bytes;
	size_t		 nodes;		/* values and names of members */
	unsigned	 depth;		/* arrays and objects in each other */
};

/*
 * Check that n bytes are one JSON value within bounds, and let *out be that
 * value.  Beyond RFC 8259 the words NaN, Infinity and -Infinity pass, which
 * Python's json writes.  Names that stand twice in an object pass too: the
 * last one counts, as in Python.  UTF-8 is required, an escape of half a
 * surrogate pair is not looked at.  0, or -1 with EBADMSG or EMSGSIZE and
 * where the text went wrong.
 */
int	tq_scan_check(struct tq_bytes *out, const char *p, size_t n,
	    const struct tq_scan_bounds *, struct tq_err *);
/* The same without those words. */
int	tq_scan_check_strict(struct tq_bytes *out, const char *p, size_t n,
	    const struct tq_scan_bounds *, struct tq_err *);

enum tq_scan_type {
	TQ_SCAN_NONE,		/* no value */
	TQ_SCAN_NULL,
	TQ_SCAN_BOOL,
	TQ_SCAN_NUMBER,		/* NaN and Infinity too */
	TQ_SCAN_STRING,
	TQ_SCAN_ARRAY,
	TQ_SCAN_OBJECT
};

enum tq_scan_type tq_scan_type(struct tq_bytes);
/* "a string", "null", ... for sentences. */
const char	*tq_scan_type_name(struct tq_bytes);
/* 1 for no value and for null. */
int	tq_scan_unset(struct tq_bytes);

/* Going through an array or object; anything else is empty. */
struct tq_scan {
	const char	*p, *end;	/* what is left */
};

void	tq_scan_init(struct tq_scan *, struct tq_bytes);
/* The next element: 1, or 0 at the end. */
int	tq_scan_next(struct tq_scan *, struct tq_bytes *value);
/* The next member, its name as a string's slice: 1, or 0 at the end. */
int	tq_scan_member(struct tq_scan *, struct tq_bytes *name,
	    struct tq_bytes *value);
/* How many elements or members. */
size_t	tq_scan_count(struct tq_bytes);
/* The last member of that name, or no value. */
struct tq_bytes tq_scan_get(struct tq_bytes object, const char *name);
/* Element i from 0, or no value. */
struct tq_bytes tq_scan_at(struct tq_bytes array, size_t i);

/* 1 if v is a string and says s. */
int	tq_scan_says(struct tq_bytes v, const char *s);
/*
 * The bytes of a string, escapes undone, with a NUL behind them, in mem.
 * {NULL, 0} with EINVAL when v is no string, EILSEQ over half a surrogate
 * pair, ENOMEM.
 */
struct tq_bytes tq_scan_string(struct tq_arena *mem, struct tq_bytes v);
/* The same with U+FFFD for half a pair: text for people. */
struct tq_bytes tq_scan_text(struct tq_arena *mem, struct tq_bytes v);
/* 1 and *out if v is an integer of 64 bits, written without . and e. */
int	tq_scan_int(int64_t *out, struct tq_bytes v);
/* 1 and *out if v is a finite number. */
int	tq_scan_real(double *out, struct tq_bytes v);
/* 1 and *out if v is true or false. */
int	tq_scan_bool(int *out, struct tq_bytes v);

/*
 * Going through v in pieces without the white space between them: a string, or
 * whatever stands up to the next one or to a blank.
 */
void	tq_scan_pieces(struct tq_scan *, struct tq_bytes v);
int	tq_scan_piece(struct tq_scan *, struct tq_bytes *piece);
/* Put v without the white space between its parts. */
void	tq_scan_compact(struct tq_buf *, struct tq_bytes v);
/* Put n bytes of UTF-8 as a string, in ASCII as Python's json writes it. */
void	tq_scan_quote(struct tq_buf *, const char *p, size_t n);
#endif
