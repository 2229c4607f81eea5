/*
 * Fuzz target of the ledger's records.  The input is first a record as it
 * stands, then, by its first byte, the payload of one whose header holds.
 * What decodes must encode to bytes that decode to the same, which is seen by
 * encoding once more.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/spool/record.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Decode the record of n bytes at p and encode it into *out: 0 or -1. */
static int
recode(struct tq_buf *out, const unsigned char *p, size_t n)
{
	struct tq_rec_end end;
	struct tq_rec r;
	struct tq_cur c;

	memset(&r, 0, sizeof(r));
	if (tq_rec_head(&r, p, n) == -1 || tq_rec_decode(&r, p) == -1)
		return -1;
	if (r.type == TQ_REC_CARRY) {
		tq_cur_init(&c, r.ends.p, r.ends.n);
		while (tq_rec_end_next(&end, &c) == 1)
			continue;
	}
	tq_rec_encode(out, &r);
	if (!tq_buf_ok(out))
		abort();
	tq_rec_seal(out->p, &r, (uint32_t)out->n);
	return 0;
}

static void
check(const unsigned char *p, size_t n)
{
	struct tq_buf once, twice;

	tq_buf_init(&once);
	tq_buf_init(&twice);
	if (recode(&once, p, n) == 0 &&
	    (recode(&twice, once.p, once.n) == -1 || once.n != twice.n ||
	    memcmp(once.p, twice.p, once.n) != 0))
		abort();
	tq_buf_fini(&twice);
	tq_buf_fini(&once);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct tq_seg_head h;
	struct tq_rec r;
	unsigned char *q;

	check(p, n);
	if (n >= TQ_SEG_HEAD)
		(void)tq_seg_decode(&h, p);
	if (n == 0)
		return 0;
	memset(&r, 0, sizeof(r));
	r.type = p[0];
	/* a block of its own: a sanitizer sees a read past its end */
	if ((q = malloc(TQ_REC_HEAD + n - 1)) == NULL)
		return 0;
	memcpy(q + TQ_REC_HEAD, p + 1, n - 1);
	tq_rec_seal(q, &r, (uint32_t)(TQ_REC_HEAD + n - 1));
	check(q, TQ_REC_HEAD + n - 1);
	free(q);
	return 0;
}
