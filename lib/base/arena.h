/*
 * Memory given out piece by piece and taken back all at once.  Blocks are
 * chained, each at least twice the last; a reset keeps the newest and
 * greatest, so that a loop which resets soon allocates nothing, unless that is
 * over 1 MiB: what one long message took is given back.
 */
#ifndef TQ_BASE_ARENA_H
#define TQ_BASE_ARENA_H

#include <stddef.h>

#include <tq/types.h>

struct tq_arena_block;
struct tq_buf;

struct tq_arena {
	struct tq_arena_block *top;	/* newest and greatest, NULL: none */
	size_t		 used;		/* bytes given out of it */
};

void	 tq_arena_init(struct tq_arena *);
void	 tq_arena_fini(struct tq_arena *);	/* keeps errno */
/* n bytes aligned for any type, not zeroed; NULL: ENOMEM. */
void	*tq_arena_alloc(struct tq_arena *, size_t n);
/* A copy of n bytes and a NUL behind them; NULL: ENOMEM. */
char	*tq_arena_copy(struct tq_arena *, const void *, size_t n);
/*
 * What a buffer holds, copied with a NUL behind it; {NULL, 0}: ENOMEM, or the
 * buffer had failed.  The buffer is empty then.
 */
struct tq_bytes tq_arena_keep(struct tq_arena *, struct tq_buf *);
/* Take back all that was given out. */
void	 tq_arena_reset(struct tq_arena *);

/*
 * An arena behind the `mem` of a struct tq_claim or tq_info: the one at *mem
 * after a reset, or a new one when *mem is NULL.  NULL: ENOMEM.
 */
struct tq_arena *tq_arena_reuse(void **mem);
/* Free what tq_arena_reuse() made; NULL is allowed; keeps errno. */
void	 tq_arena_free(void *mem);
#endif
