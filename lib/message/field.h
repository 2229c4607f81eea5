/*
 * The parts that our record bodies are made of.
 *
 * A field is a tag byte and a value of the kind its tag says:
 *
 *	number	varint
 *	string	varint length with the NUL, bytes, NUL
 *	vector	varint count, varint length of it all, that many strings one
 *		after another, each with its NUL
 *
 * Strings carry their NUL so that a decoded task points into the record.
 */
#ifndef TQ_MESSAGE_FIELD_H
#define TQ_MESSAGE_FIELD_H

#include <stddef.h>
#include <stdint.h>

#include <tq/types.h>

#include "base/arena.h"
#include "base/buf.h"

#define TQ_FIELD_VERSION	1	/* first byte of every body */

/* NULL is not put, nor is a number below least. */
void	tq_field_put_string(struct tq_buf *, unsigned tag, const char *);
/* The same of n bytes without a NUL among them; none are not put. */
void	tq_field_put_bytes(struct tq_buf *, unsigned tag, struct tq_bytes);
void	tq_field_put_number(struct tq_buf *, unsigned tag, int64_t,
	    int64_t least);
void	tq_field_put_vector(struct tq_buf *, unsigned tag, size_t count,
	    const char *const *);

/*
 * Reading goes on until the cursor's error says otherwise: EBADMSG for bytes
 * that are not the field asked for.
 */

/* 0, or -1 with EPROTO when the version is not ours. */
int	tq_field_version(struct tq_cur *, const char *what, struct tq_err *);
/* The next tag, each at most once; 0 at the end or when damaged. */
unsigned tq_field_tag(struct tq_cur *, uint32_t *seen);
/* A number of at most max. */
int64_t	tq_field_number(struct tq_cur *, int64_t max);
/* A string of at most max bytes, in the cursor's bytes; NULL: damaged. */
const char *tq_field_string(struct tq_cur *, size_t max);
/* count strings, in the cursor's bytes, and a NULL; the vector is in mem. */
const char *const *tq_field_vector(struct tq_cur *, size_t *count,
	    struct tq_arena *mem);
/* Fail with EPROTO over a tag that is not known. */
int	tq_field_newer(const char *what, unsigned tag, struct tq_err *);
/* 0, or -1 with what the cursor found damaged. */
int	tq_field_done(const struct tq_cur *, const char *what,
	    struct tq_err *);
#endif
