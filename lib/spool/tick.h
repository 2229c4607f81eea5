/*
 * Ticks of schedules: which was the last one that something was put for.
 *
 * A schedule is known by a digest of its name.  Its row says its last tick,
 * and until when that must be known.  A LAST record, in the transaction of
 * the put, moves it on; the put goes through only if the row says what the
 * putter believes.  So of all who have the same schedule one puts each tick,
 * however often they start again, and whatever the clock does.
 *
 * A row whose `until` has passed counts as absent.  Its place is taken by the
 * next new schedule, and retirement does not carry it.
 */
#ifndef TQ_SPOOL_TICK_H
#define TQ_SPOOL_TICK_H

#include "spool/record.h"
#include "spool/table.h"

/* Row of a schedule, NULL: none that is known at `now`. */
struct tq_trow	*tq_tick_find(struct tq_table *t, const struct tq_uuid *,
		    tq_time now);
/* Room for one more row, so that a LAST cannot fail; -1 with ENOSPC. */
int		 tq_tick_reserve(struct tq_table *t, tq_time now);
/* Let the table follow a LAST record that stands at lsn. */
void		 tq_tick_apply(struct tq_table *t, const struct tq_rec *r,
		    tq_lsn lsn);
/* Retirement: 1 if the LAST at lsn is to be carried, 0 not. */
int		 tq_tick_carry(struct tq_table *t, const struct tq_rec *r,
		    tq_lsn lsn, tq_time now);

#endif
