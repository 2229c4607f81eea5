/*
 * How the table follows the ledger: the one function that changes it by a
 * record, called by who wrote the record (core.c) and by replay (recover.c), so
 * that the table is a function of the ledger by construction.  See apply.c.
 */
#ifndef TQ_SPOOL_APPLY_H
#define TQ_SPOOL_APPLY_H

#include "spool/handle.h"

/*
 * Let the table follow one record that stands at lsn.  sp may be NULL in
 * replay: then nobody is woken and no file unlinked.
 */
void	tq_apply(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn,
	    struct tq_spool *sp);

/* ---- apply_row.c ------------------------------------------------------- */

/*
 * A row that a record needs.  Who writes one has made room for it; a replay
 * that finds none must not go on as if the record had not been there: the
 * table is bad then.
 */
struct tq_qrow *tq_apply_qrow(struct tq_table *t, uint32_t n);
struct tq_crow *tq_apply_crow(struct tq_table *t, uint32_t n);
/*
 * The row of a queue that a task names.  In replay the QUEUE record may stand
 * behind it, carried out of an older segment, or be lost to damage: the task
 * is kept all the same, under a name that is no queue's until one comes.
 */
struct tq_qrow *tq_apply_queue_of(struct tq_table *t, uint32_t n);

void	tq_apply_queue(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn,
	    struct tq_spool *sp);
void	tq_apply_rmq(struct tq_table *t, const struct tq_rec *r);
void	tq_apply_ctx(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn);
void	tq_apply_gate(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn);

/* ---- apply_new.c ------------------------------------------------------- */

void	tq_apply_put(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn,
	    struct tq_spool *sp);
/* A carried task that is not known: it stood in segments that are gone. */
void	tq_apply_carried(struct tq_table *t, const struct tq_rec *r,
	    tq_lsn lsn);
/* What ALTER and CARRY say whole. */
void	tq_apply_state(struct tq_slot *s, const struct tq_rec_state *st);
/* A record of that length lives in the ledger for a slot, too. */
void	tq_apply_grow(struct tq_table *t, struct tq_slot *s, uint32_t length);
#endif
