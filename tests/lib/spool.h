/*
 * What the unit tests of lib/spool share: a table without a spool, a spool
 * without a client, and ids that are easy to tell apart.
 */
#ifndef TQ_TESTS_SPOOL_H
#define TQ_TESTS_SPOOL_H

#include <stdint.h>

#include "lib/spool/verb.h"
#include "tests/lib/t.h"

/* An empty table in memory of its own; ends with t_table_free(). */
void	t_table_make(struct tq_table *t);
void	t_table_free(struct tq_table *t);

/* The id number n; n counts from 1. */
struct tq_uuid t_id(uint32_t n);

/* A spool in a directory of its own, with segments of the least size. */
struct t_spool {
	char		 tmp[T_PATH_MAX];	/* what t_tmpdir() made */
	char		 dir[T_PATH_MAX + 8];
	struct tq_spool	*sp;
	struct tq_err	 e;
};

/* cmocka's setup and teardown: *state is a struct t_spool. */
int	t_setup_spool(void **state);
int	t_teardown_spool(void **state);
/* Another handle of it, or fail the test. */
struct tq_spool *t_spool_open(struct t_spool *f);
/* Put one task with id number n and that many bytes of body. */
void	t_spool_put(struct t_spool *f, uint32_t n, const char *queue,
	    size_t body);
/* Claim the next task of a queue; its id must be number n. */
void	t_spool_claim(struct t_spool *f, uint32_t n, const char *queue,
	    struct tq_spool_got *got);
/* End the attempt that was claimed. */
void	t_spool_settle(struct t_spool *f, const struct tq_spool_got *got,
	    enum tq_state state);
/* Make the table anew from the ledger. */
void	t_spool_rebuild(struct t_spool *f);
#endif
