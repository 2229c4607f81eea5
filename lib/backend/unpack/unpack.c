/*
 * Unpacking a body, piece by piece, so that a bomb is found out after the
 * bytes that are allowed and one.
 */
#include "backend/unpack/unpack.h"

#include <errno.h>
#include <string.h>

#define PIECE	(64 << 10)

static const struct tq_unpack_codec *const codecs[] = {
	&tq_unpack_zlib, &tq_unpack_bz2, &tq_unpack_xz, &tq_unpack_zstd
};

static const struct tq_unpack_codec *
find(const char *name)
{
	const struct tq_unpack_codec *c;
	size_t i, k;

	for (i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		if ((c = codecs[i]) == NULL)
			continue;
		for (k = 0; k < 4 && c->names[k] != NULL; k++) {
			if (strcmp(c->names[k], name) == 0)
				return c;
		}
	}
	return NULL;
}

/* One piece more at the end of out; what the step left of it is given back. */
static enum tq_unpack_step
unpack_piece(struct tq_buf *out, const struct tq_unpack_codec *c,
    struct tq_unpack_stream *s)
{
	enum tq_unpack_step step;
	size_t left = s->nin;

	if ((s->out = tq_buf_grow(out, PIECE)) == NULL)
		return TQ_UNPACK_NOMEM;
	s->nout = PIECE;
	step = c->step(s);
	out->n -= s->nout;
	/* nothing taken and nothing given: it was cut off */
	if (step == TQ_UNPACK_MORE && s->nin == left && s->nout == PIECE)
		return TQ_UNPACK_BAD;
	return step;
}

int
tq_unpack_module(struct tq_buf *out, const char *name, struct tq_bytes in,
    size_t max, struct tq_err *e)
{
	const struct tq_unpack_codec *c;
	struct tq_unpack_stream s = { in.p, in.n, NULL, 0, NULL };
	enum tq_unpack_step step;

	if ((c = find(name)) == NULL)
		return tq_fail(e, ENOTSUP, "message: the body is compressed "
		    "as '%.60s', which this tq does not read", name);
	if (c->open(&s) == -1)
		return tq_fail_sys(e, ENOMEM, "message: compressed body");
	do
		step = unpack_piece(out, c, &s);
	while (step == TQ_UNPACK_MORE && out->n <= max);
	c->close(&s);
	if (step == TQ_UNPACK_NOMEM)
		return tq_fail(e, ENOMEM, "message: no memory to unpack a "
		    "body (%.60s)", name);
	if (out->n > max)
		return tq_fail(e, EMSGSIZE, "message: the body unpacks to "
		    "more than %zu bytes", max);
	if (step == TQ_UNPACK_BAD || s.nin > 0)
		return tq_fail(e, EBADMSG, "message: the compressed body "
		    "(%.60s) is damaged %zu bytes before its end", name,
		    s.nin);
	return 0;
}
