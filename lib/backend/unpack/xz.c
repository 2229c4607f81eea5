/* The xz container, and .lzma before it. */
#include <stdlib.h>

#include <lzma.h>

#include "backend/unpack/unpack.h"

/* xz -9 asks for 65 MiB; a header can ask for 4 GiB. */
#define MEMORY_MAX	(80 << 20)

static int
xz_open(struct tq_unpack_stream *s)
{
	static const lzma_stream fresh = LZMA_STREAM_INIT;
	lzma_stream *z;

	if ((z = malloc(sizeof(*z))) == NULL)
		return -1;
	*z = fresh;
	if (lzma_auto_decoder(z, MEMORY_MAX, 0) != LZMA_OK) {
		free(z);
		return -1;
	}
	s->codec = z;
	return 0;
}

static enum tq_unpack_step
xz_step(struct tq_unpack_stream *s)
{
	lzma_stream *z = s->codec;
	lzma_ret rv;

	z->next_in = (const uint8_t *)s->in;
	z->avail_in = s->nin;
	z->next_out = (uint8_t *)s->out;
	z->avail_out = s->nout;
	rv = lzma_code(z, LZMA_RUN);
	s->in = (const char *)z->next_in;
	s->nin = z->avail_in;
	s->out = (char *)z->next_out;
	s->nout = z->avail_out;
	switch (rv) {
	case LZMA_OK:
	case LZMA_BUF_ERROR:
		return TQ_UNPACK_MORE;
	case LZMA_STREAM_END:
		return TQ_UNPACK_END;
	case LZMA_MEM_ERROR:
		return TQ_UNPACK_NOMEM;
	default:	/* LZMA_MEMLIMIT_ERROR too: it would be for ever */
		return TQ_UNPACK_BAD;
	}
}

static void
xz_close(struct tq_unpack_stream *s)
{
	lzma_end(s->codec);
	free(s->codec);
}

const struct tq_unpack_codec tq_unpack_xz = {
	.names = { "application/x-lzma", "lzma", "xz" },
	.open = xz_open,
	.step = xz_step,
	.close = xz_close
};
