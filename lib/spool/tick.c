/* Ticks of schedules; see tick.h. */
#include "spool/tick.h"

#include <errno.h>
#include <string.h>

/* Few, and each looked at once a tick: a walk is as good as an index. */
static struct tq_trow *
find(struct tq_table *t, const struct tq_uuid *id)
{
	uint32_t n;

	for (n = 0; n < t->top->ticks.used; n++)
		if (t->trows[n].rec != 0 &&
		    memcmp(&t->trows[n].id, id, sizeof(*id)) == 0)
			return &t->trows[n];
	return NULL;
}

static int
is_over(const struct tq_trow *row, tq_time now)
{
	return row->until <= now;
}

/* A row that is free, or will be taken from who has it; NULL: behind all. */
static struct tq_trow *
find_place(struct tq_table *t, tq_time now)
{
	uint32_t n;

	for (n = 0; n < t->top->ticks.used; n++)
		if (t->trows[n].rec == 0 || is_over(&t->trows[n], now))
			return &t->trows[n];
	return NULL;
}

struct tq_trow *
tq_tick_find(struct tq_table *t, const struct tq_uuid *id, tq_time now)
{
	struct tq_trow *row;

	if (!tq_table_sane(t) || (row = find(t, id)) == NULL ||
	    is_over(row, now))
		return NULL;
	return row;
}

int
tq_tick_reserve(struct tq_table *t, tq_time now)
{
	if (!tq_table_sane(t)) {
		errno = ENOSPC;
		return -1;
	}
	if (find_place(t, now) != NULL)
		return 0;
	return tq_table_tick_at(t, t->top->ticks.used) == NULL ? -1 : 0;
}

void
tq_tick_apply(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn)
{
	struct tq_trow *row;

	if (!tq_table_sane(t))
		return;
	if ((row = find(t, &r->id)) == NULL &&
	    (row = find_place(t, r->time)) == NULL) {
		row = tq_table_tick_at(t, t->top->ticks.used);
		if (row == NULL) {
			t->bad = 1;
			return;
		}
		memset(row, 0, sizeof(*row));
		t->top->ticks.used++;
	}
	tq_table_live(t, row->rec, lsn);
	row->id = r->id;
	row->at = r->last.at;
	row->until = r->last.until;
	row->rec = lsn;
}

int
tq_tick_carry(struct tq_table *t, const struct tq_rec *r, tq_lsn lsn,
    tq_time now)
{
	struct tq_trow *row;

	if (!tq_table_sane(t) || (row = find(t, &r->id)) == NULL ||
	    row->rec != lsn)
		return 0;
	if (!is_over(row, now))
		return 1;
	tq_table_live(t, row->rec, 0);
	memset(row, 0, sizeof(*row));
	return 0;
}
