/* bzip2. */
#include <stdint.h>
#include <stdlib.h>

#include <bzlib.h>

#include "backend/unpack/unpack.h"

static int
bz2_open(struct tq_unpack_stream *s)
{
	bz_stream *z;

	if ((z = calloc(1, sizeof(*z))) == NULL)
		return -1;
	if (BZ2_bzDecompressInit(z, 0, 0) != BZ_OK) {
		free(z);
		return -1;
	}
	s->codec = z;
	return 0;
}

static enum tq_unpack_step
bz2_step(struct tq_unpack_stream *s)
{
	bz_stream *z = s->codec;
	int rv;

	z->next_in = (char *)(uintptr_t)s->in;
	z->avail_in = (unsigned)s->nin;
	z->next_out = s->out;
	z->avail_out = (unsigned)s->nout;
	rv = BZ2_bzDecompress(z);
	s->in = z->next_in;
	s->nin = z->avail_in;
	s->out = z->next_out;
	s->nout = z->avail_out;
	switch (rv) {
	case BZ_OK:
		return TQ_UNPACK_MORE;
	case BZ_STREAM_END:
		return TQ_UNPACK_END;
	case BZ_MEM_ERROR:
		return TQ_UNPACK_NOMEM;
	default:
		return TQ_UNPACK_BAD;
	}
}

static void
bz2_close(struct tq_unpack_stream *s)
{
	BZ2_bzDecompressEnd(s->codec);
	free(s->codec);
}

const struct tq_unpack_codec tq_unpack_bz2 = {
	.names = { "application/x-bz2", "bzip2", "bzip" },
	.open = bz2_open,
	.step = bz2_step,
	.close = bz2_close
};
