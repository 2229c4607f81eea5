/*
 * What is common to all that unpacks.  A codec is one constant; those whose
 * library was not there when tq was built are missing and their weak symbols
 * NULL.
 */
#ifndef TQ_BACKEND_UNPACK_UNPACK_H
#define TQ_BACKEND_UNPACK_UNPACK_H

#include <stddef.h>

#include "message/celery.h"

enum tq_unpack_step {
	TQ_UNPACK_MORE,		/* it wants more of in or of out */
	TQ_UNPACK_END,		/* all of it is there */
	TQ_UNPACK_BAD,		/* damaged */
	TQ_UNPACK_NOMEM		/* no memory, or more than we allow */
};

struct tq_unpack_stream {
	const char	*in;		/* what is left of both; a step moves */
	size_t		 nin;
	char		*out;
	size_t		 nout;
	void		*codec;		/* its own */
};

struct tq_unpack_codec {
	const char	*names[4];	/* of the header; unused: NULL */
	int		 (*open)(struct tq_unpack_stream *);	/* 0 or -1 */
	enum tq_unpack_step (*step)(struct tq_unpack_stream *);
	void		 (*close)(struct tq_unpack_stream *);
};

extern const struct tq_unpack_codec tq_unpack_bz2 __attribute__((__weak__));
extern const struct tq_unpack_codec tq_unpack_xz __attribute__((__weak__));
extern const struct tq_unpack_codec tq_unpack_zlib __attribute__((__weak__));
extern const struct tq_unpack_codec tq_unpack_zstd __attribute__((__weak__));

/* What dlsym(3) finds. */
int	tq_unpack_module(struct tq_buf *out, const char *name,
	    struct tq_bytes in, size_t max, struct tq_err *);
#endif
