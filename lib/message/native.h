/*
 * A task as the bytes of our own records: three pure pairs of encode and
 * decode.  The offsets are in native.c and in tq_spool(5).
 *
 * The record that holds these bytes stores id, queue, priority, ETA and
 * expiry itself; none of them is here.  Decoded strings point into the bytes
 * given, which must live as long as the view; only vectors of pointers are
 * allocated, from mem.
 *
 * Decoding fails with EBADMSG (damaged), EPROTO (written by a newer tq) or
 * ENOMEM.  Encoding fails through the buffer's own error.
 */
#ifndef TQ_MESSAGE_NATIVE_H
#define TQ_MESSAGE_NATIVE_H

#include <stddef.h>
#include <stdint.h>

#include <tq/tq.h>

#include "base/arena.h"
#include "base/buf.h"

/*
 * The head: kind, flags, name, operands, label, parent, root, retries, time
 * limits, keep, uid and limits.  get sets all of *out, what is not here to "not
 * set".
 */
void	tq_native_head_put(struct tq_buf *, const struct tq_task *);
int	tq_native_head_get(struct tq_task *out, struct tq_arena *mem,
	    const void *, size_t n, struct tq_err *);

/*
 * The context: dir, umask and env, which many tasks share.  get sets these
 * three of *out and leaves the rest alone.
 */
void	tq_native_ctx_put(struct tq_buf *, const struct tq_task *);
int	tq_native_ctx_get(struct tq_task *out, struct tq_arena *mem,
	    const void *, size_t n, struct tq_err *);

/* How much an attempt wrote; what of it is kept, the record knows. */
struct tq_native_sizes {
	uint64_t	 out, err;	/* bytes */
	int		 cut;		/* output was cut: it did not fit */
};

/*
 * The outcome without its output: state, status, signal, when, why, type,
 * result, times, memory and sizes.  get sets all of *out and *sizes; why, type
 * and result point into the bytes given.
 */
void	tq_native_outcome_put(struct tq_buf *, const struct tq_outcome *,
	    const struct tq_native_sizes *sizes);
int	tq_native_outcome_get(struct tq_outcome *out,
	    struct tq_native_sizes *sizes, const void *, size_t n,
	    struct tq_err *);
/* The kind that the first bytes of a head say; TQ_KIND_BODY for none. */
enum tq_kind tq_native_head_kind(const void *p, size_t n);

#endif
