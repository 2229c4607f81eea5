/*
 * Fuzz target of the record bodies: the first byte of the input chooses head,
 * context or outcome.  What decodes must encode to bytes that decode to the
 * same, which is seen by encoding once more.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/message/native.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* One of the pairs: decode, and encode what came out.  0 or -1. */
typedef int recode(struct tq_buf *out, struct tq_arena *, const void *,
    size_t);

static int
recode_head(struct tq_buf *out, struct tq_arena *mem, const void *p,
    size_t n)
{
	struct tq_task t;

	if (tq_native_head_get(&t, mem, p, n, NULL) == -1)
		return -1;
	tq_native_head_put(out, &t);
	return 0;
}

static int
recode_ctx(struct tq_buf *out, struct tq_arena *mem, const void *p, size_t n)
{
	struct tq_task t;

	if (tq_native_ctx_get(&t, mem, p, n, NULL) == -1)
		return -1;
	tq_native_ctx_put(out, &t);
	return 0;
}

static int
recode_outcome(struct tq_buf *out, struct tq_arena *mem, const void *p,
    size_t n)
{
	struct tq_native_sizes sizes;
	struct tq_outcome o;

	(void)mem;
	if (tq_native_outcome_get(&o, &sizes, p, n, NULL) == -1)
		return -1;
	tq_native_outcome_put(out, &o, &sizes);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static recode *const pairs[] = {
		recode_head, recode_ctx, recode_outcome
	};
	struct tq_buf once, twice;
	struct tq_arena mem;
	recode *pair;

	if (n == 0)
		return 0;
	pair = pairs[p[0] % 3];
	tq_buf_init(&once);
	tq_buf_init(&twice);
	tq_arena_init(&mem);
	if (pair(&once, &mem, p + 1, n - 1) == 0) {
		if (pair(&twice, &mem, once.p, once.n) == -1 ||
		    once.n != twice.n || memcmp(once.p, twice.p, once.n) != 0)
			abort();
	}
	tq_arena_fini(&mem);
	tq_buf_fini(&twice);
	tq_buf_fini(&once);
	return 0;
}
