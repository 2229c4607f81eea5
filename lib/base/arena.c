/* Memory given out piece by piece and taken back all at once. */
#include "base/arena.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define ALIGN		_Alignof(max_align_t)
#define FIRST_SIZE	4096
#define KEEP_MOST	(1 << 20)	/* bytes of a block that a reset keeps */

struct tq_arena_block {
	struct tq_arena_block *older;
	size_t		 size;		/* bytes of data */
	max_align_t	 data[];
};

/* Free a chain of blocks. */
static void
block_free(struct tq_arena_block *b)
{
	struct tq_arena_block *older;
	int saved = errno;

	for (; b != NULL; b = older) {
		older = b->older;
		free(b);
	}
	errno = saved;
}

void
tq_arena_init(struct tq_arena *a)
{
	a->top = NULL;
	a->used = 0;
}

void
tq_arena_fini(struct tq_arena *a)
{
	block_free(a->top);
	tq_arena_init(a);
}

/* Chain a block with room for n bytes. */
static int
arena_grow(struct tq_arena *a, size_t n)
{
	struct tq_arena_block *b;
	size_t size = FIRST_SIZE;

	if (a->top != NULL && a->top->size <= SIZE_MAX / 4)
		size = 2 * a->top->size;
	if (size < n)
		size = n;
	if (size > SIZE_MAX - sizeof(*b) ||
	    (b = malloc(sizeof(*b) + size)) == NULL) {
		errno = ENOMEM;
		return -1;
	}
	b->older = a->top;
	b->size = size;
	a->top = b;
	a->used = 0;
	return 0;
}

void *
tq_arena_alloc(struct tq_arena *a, size_t n)
{
	void *p;

	if (n > SIZE_MAX - ALIGN) {
		errno = ENOMEM;
		return NULL;
	}
	n = (n + ALIGN - 1) & ~(ALIGN - 1);
	if (a->top == NULL || a->top->size - a->used < n) {
		if (arena_grow(a, n) == -1)
			return NULL;
	}
	p = (char *)a->top->data + a->used;
	a->used += n;
	return p;
}

char *
tq_arena_copy(struct tq_arena *a, const void *p, size_t n)
{
	char *s;

	if (n == SIZE_MAX) {
		errno = ENOMEM;
		return NULL;
	}
	if ((s = tq_arena_alloc(a, n + 1)) == NULL)
		return NULL;
	if (n > 0)
		memcpy(s, p, n);
	s[n] = '\0';
	return s;
}

struct tq_bytes
tq_arena_keep(struct tq_arena *a, struct tq_buf *b)
{
	struct tq_bytes out = { NULL, 0 };

	if (!tq_buf_ok(b))
		errno = b->err;
	else if ((out.p = tq_arena_copy(a, b->p, b->n)) != NULL)
		out.n = b->n;
	tq_buf_reset(b);
	return out;
}

void
tq_arena_reset(struct tq_arena *a)
{
	if (a->top != NULL && a->top->size > KEEP_MOST)
		tq_arena_fini(a);
	if (a->top != NULL) {
		block_free(a->top->older);
		a->top->older = NULL;
	}
	a->used = 0;
}

struct tq_arena *
tq_arena_reuse(void **mem)
{
	struct tq_arena *a = *mem;

	if (a != NULL) {
		tq_arena_reset(a);
		return a;
	}
	if ((a = malloc(sizeof(*a))) == NULL)
		return NULL;
	tq_arena_init(a);
	*mem = a;
	return a;
}

void
tq_arena_free(void *mem)
{
	int saved = errno;

	if (mem == NULL)
		return;
	tq_arena_fini(mem);
	free(mem);
	errno = saved;
}
