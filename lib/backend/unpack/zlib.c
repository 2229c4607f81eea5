/* zlib streams (RFC 1950), which Celery calls x-gzip, and real gzip. */
#include <stdlib.h>

#include <zlib.h>

#include "backend/unpack/unpack.h"

static int
zlib_open(struct tq_unpack_stream *s)
{
	z_stream *z;

	if ((z = calloc(1, sizeof(*z))) == NULL)
		return -1;
	/* + 32: the header says which of the two it is */
	if (inflateInit2(z, MAX_WBITS + 32) != Z_OK) {
		free(z);
		return -1;
	}
	s->codec = z;
	return 0;
}

static enum tq_unpack_step
zlib_step(struct tq_unpack_stream *s)
{
	z_stream *z = s->codec;
	int rv;

	z->next_in = (Bytef *)(uintptr_t)s->in;
	z->avail_in = (uInt)s->nin;
	z->next_out = (Bytef *)s->out;
	z->avail_out = (uInt)s->nout;
	rv = inflate(z, Z_NO_FLUSH);
	s->in = (const char *)z->next_in;
	s->nin = z->avail_in;
	s->out = (char *)z->next_out;
	s->nout = z->avail_out;
	switch (rv) {
	case Z_OK:
	case Z_BUF_ERROR:
		return TQ_UNPACK_MORE;
	case Z_STREAM_END:
		return TQ_UNPACK_END;
	case Z_MEM_ERROR:
		return TQ_UNPACK_NOMEM;
	default:
		return TQ_UNPACK_BAD;
	}
}

static void
zlib_close(struct tq_unpack_stream *s)
{
	inflateEnd(s->codec);
	free(s->codec);
}

const struct tq_unpack_codec tq_unpack_zlib = {
	.names = { "application/x-gzip", "gzip", "zlib" },
	.open = zlib_open,
	.step = zlib_step,
	.close = zlib_close
};
