/*
 * What the files that do what a caller asks for share.  One of them takes the
 * lock, looks or decides, writes, leaves and does the upkeep.
 */
#ifndef TQ_SPOOL_VERB_H
#define TQ_SPOOL_VERB_H

#include "spool/upkeep.h"

/* ---- timer.c ------------------------------------------------------------ */

/*
 * Under the lock: move due timers, at most a slice.  Adds ENDs of the expired
 * to the table through the ledger.  1 done, 0 a segment is wanted, -1.  *next
 * is when the next timer is due, 0 none.
 */
int	tq_timers(struct tq_spool *sp, tq_time now, tq_time *next,
	    struct tq_err *e);
/*
 * Under the lock: the same for one slot that has not ended, which may be due
 * behind many others or, when the clock was set back, not be due any more.
 * As tq_core_write().
 */
int	tq_timer_one(struct tq_spool *sp, uint32_t n, tq_time now,
	    struct tq_err *e);
/*
 * Not under the lock: all that is due, for a tenth of a second at most, and
 * tq_sweep_due(), so that who looks at many tasks, or waits, sees what time and
 * the death of others have made of them.  0; 1 not now,
 * for the disk is full: those that expired are as they were; -1.
 */
int	tq_timers_turn(struct tq_spool *sp, struct tq_err *e);
/*
 * Under the lock: hand back up to a slice of what dead owners hold, adding to
 * *n how many.  As tq_core_write(), or 2 when there may be more.
 */
int	tq_sweep(struct tq_spool *sp, tq_time now, int *n, struct tq_err *e);
/*
 * Under the lock: a slice of that if nobody has done it for a second.  As
 * tq_core_write(); who has no descriptor to ask for owners leaves it to others.
 */
int	tq_sweep_due(struct tq_spool *sp, tq_time now, struct tq_err *e);

/* ---- put_find.c --------------------------------------------------------- */

/*
 * Under the lock: make a queue.  1 and its number, 0 a segment is wanted, -1.
 */
int	tq_queue_make(struct tq_spool *sp, const char *name, uint32_t *out,
	    uint64_t keep, tq_time now, struct tq_err *e);
/* The same for one that may be there; ENOENT if it may not be made. */
int	tq_queue_need(struct tq_spool *sp, const char *name, uint32_t *out,
	    uint64_t keep, tq_time now, struct tq_err *e);

/* ---- own.c --------------------------------------------------------------- */

/* Be an owner: take a row, once. */
int	tq_own(struct tq_spool *sp, struct tq_err *e);
int	tq_capture_path(struct tq_spool *sp, unsigned row, unsigned capture,
	    enum tq_stream stream, char *path, size_t size, struct tq_err *e);

/* ---- choose.c ------------------------------------------------------------ */

/*
 * Under the lock: the next task of the queues served, of the first that has
 * one; with weights, of one drawn in proportion to them among those that have
 * one.  Whom gates refuse is parked; *parks is 0 or less when that was enough
 * for one critical section.
 */
uint32_t tq_choose(struct tq_spool *sp, const struct tq_take *take,
	    tq_time now, int *parks);

/* ---- work.c, report.c ---------------------------------------------------- */

/*
 * Before a handle closes: hand back what it holds, uncounted, and leave its
 * row as nobody's.
 */
void	tq_leave_work(struct tq_spool *sp);
/* Keep words that came while only rings were looked for. */
void	tq_mail_keep(struct tq_spool *sp, const char *words);
/* All rows of live workers, copied; free it.  joined 0: no worker. */
struct tq_wrow *tq_rows_copy(struct tq_spool *sp, struct tq_err *e);
/* Take away what our attempts said. */
void	tq_report_clear(struct tq_spool *sp);

/* ---- look.c, why.c ------------------------------------------------------ */

/* Copy a slot and what the table knows around it: 1, 0 unknown, -1. */
int	tq_look_slot(struct tq_spool *sp, const struct tq_uuid *id,
	    struct tq_spool_look *out, struct tq_err *e);
/* Under the lock: why a READY task of this queue is not running, if it is so. */
void	tq_look_why(struct tq_spool *sp, const struct tq_slot *s,
	    const struct tq_qrow *q, tq_time now, struct tq_spool_look *out);

/* ---- gate_act.c: limits as settings ---------------------------------------- */

/* 1 if a setting's name is that of a gate's limit. */
int	tq_gate_named(const char *setting);
/* Set one, durably; "" or 0 takes it away.  EINVAL, ENOSPC. */
int	tq_gate_change(struct tq_spool *sp, const char *setting,
	    const char *value, struct tq_err *e);
/* Call each for every one that is set, as tq_settings(). */
int	tq_gate_list(struct tq_spool *sp, int (*each)(const char *,
	    const char *, int, void *), void *arg, struct tq_err *e);

/* ---- transfer.c --------------------------------------------------------- */

/* Mark of the place that a slot's task is on its way to, 0: it is not. */
uint32_t tq_transfer_mark(const struct tq_slot *s);
/* Let the ALTER of a held slot let it go. */
void	tq_transfer_release(struct tq_rec *r, struct tq_table *t,
	    const struct tq_slot *s, tq_time now);
/* 1 if the verb is one that room is kept for. */
int	tq_transfer_is_kept(enum tq_verb verb, unsigned flags,
	    const struct tq_spool_transfer *tr);
/* The record that does the verb of a transfer to a slot: 1, or 0. */
int	tq_transfer_decide(struct tq_rec *r, enum tq_verb verb,
	    unsigned flags, const struct tq_spool_transfer *tr,
	    struct tq_table *t, const struct tq_slot *s, tq_time now);
/* Let nobody else transfer until sp is closed.  EBUSY. */
int	tq_transfer_lock(struct tq_spool *sp, struct tq_err *e);

#endif
