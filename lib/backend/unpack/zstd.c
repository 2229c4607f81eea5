/* Zstandard. */
#include <zstd.h>

#include "backend/unpack/unpack.h"

/* The window a frame may ask for, as a power of two: 32 MiB. */
#define WINDOW_LOG_MAX	25

static int
zstd_open(struct tq_unpack_stream *s)
{
	ZSTD_DStream *z;

	if ((z = ZSTD_createDStream()) == NULL)
		return -1;
	ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	s->codec = z;
	return 0;
}

static enum tq_unpack_step
zstd_step(struct tq_unpack_stream *s)
{
	ZSTD_inBuffer in = { s->in, s->nin, 0 };
	ZSTD_outBuffer out = { s->out, s->nout, 0 };
	size_t left;

	left = ZSTD_decompressStream(s->codec, &out, &in);
	s->in += in.pos;
	s->nin -= in.pos;
	s->out += out.pos;
	s->nout -= out.pos;
	if (ZSTD_isError(left))
		return TQ_UNPACK_BAD;
	return left == 0 ? TQ_UNPACK_END : TQ_UNPACK_MORE;
}

static void
zstd_close(struct tq_unpack_stream *s)
{
	ZSTD_freeDStream(s->codec);
}

const struct tq_unpack_codec tq_unpack_zstd = {
	.names = { "application/zstd", "zstd", "zstandard" },
	.open = zstd_open,
	.step = zstd_step,
	.close = zstd_close
};
