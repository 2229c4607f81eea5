/*
 * Gates: what a ready task must pass besides being first in line.
 *
 *	LANE	one task at a time (or as many as it is wide), from its first start
 *		until it has ended or a person took it out of line (hold): between
 *		two attempts it keeps its lane, in RETRY and, when its time came or
 *		its worker died, READY
 *	KEY	at most `limit` tasks of a key STARTED
 *	NAME	at most `limit` tasks of a name STARTED
 *	RATE	at most `limit` starts of tasks of a name in a `period`
 *	SHARE	units of a resource that all workers share
 *	CLASS	no gate of its own: where tasks that need the same resources stand
 *
 * A queue has a cap and a rate too (settings): they close it whole, nobody is
 * parked for them.  A gate is a row found by kind and hash; it is there while
 * somebody set a limit for it or, of a lane, while it is held or waited for.
 * Two names of one 64-bit hash share a gate, which is stricter, not wrong.
 *
 * A task that asks for nothing has no row of passes, and pays a comparison.
 *
 * In line and parked.  A READY task stands in line (in its queue's list, or in
 * that of its class there), or is parked at one gate.  A claim takes the first
 * in line; if a gate refuses it, the task is parked there and the next is
 * looked at, at most TQ_PARKS of them in one critical section.  So a task is
 * passed over once for each time that it came into line, however many wait.
 *
 *	           claim: refused                     claim: all let it pass
 *	PARKED <------------------- IN LINE ------------------------> STARTED
 *	   |                           ^ |
 *	   `---- the gate opens -------' `--> held, revoked, moved, expired
 *
 * What keeps anybody from being forgotten.  The room of a gate is how many it
 * would let pass now.
 *
 *  1. A task is parked only at a gate that has no room.
 *  2. Where room comes to be (a holder leaves, a limit rises or goes), as many
 *     as there is room for come back into line, of each queue and class by
 *     priority, then by place.
 *  3. A start takes one from the room and one out of the line.
 *  4. A task that leaves the line without a start counts for 2 at each of its
 *     gates: it may have been the one that was let in.
 *
 * So at every gate, in each queue and class, as many stand in line as there is
 * room, or nobody is parked.  Of each queue and class, because another's may be
 * paused or served by no worker.  Too many in line are no harm: they are
 * refused again.  A gate that let in as many as one critical section may stays
 * in the list of opened ones, and the next goes on with it.
 *
 * RATE has room with time, not with ends: `armed` says that nobody it let in
 * is in line, and then tq_gate_tick() lets one in when its time has come.
 *
 * What a crash leaves.  Limits are records (GATE), counts follow from the
 * tasks STARTED and in RETRY, `next` of a rate from the CLAIMs in the ledger;
 * what was retired with its segments counts as one start when the ledger
 * begins, so that no restart gives a burst.  Units held of a shared resource
 * are a record (UNITS) beside the CLAIM, again beside a CARRY.  Who is parked
 * is in no record: after a rebuild all stand in line and are refused again.
 *
 * Rates.  A start at s lets the next be at next = max(next, s - slack) + gap,
 * with gap = period / limit and slack a nanosecond less than gap: a start that
 * comes late is made up for, and in every window of one period (its ends
 * included) there are at most limit + 1 starts.
 *
 * Needs.  Tasks with needs stand in lists by class, so that a worker without
 * what they need never walks past them.  A claim compares the first of the
 * queue's list and of each class.  One that would fit into what the worker has
 * at all, but not into what is free, reserves: nothing behind it that needs the
 * same resource is taken, so that a task which needs much is not starved by
 * those that need little.
 */
#ifndef TQ_SPOOL_GATE_H
#define TQ_SPOOL_GATE_H

#include <tq/tq.h>

#include "base/buf.h"
#include "base/rules.h"
#include "spool/table.h"

enum tq_gate_kind {
	TQ_GATE_LANE = 1,
	TQ_GATE_KEY,
	TQ_GATE_NAME,
	TQ_GATE_RATE,
	TQ_GATE_SHARE,
	TQ_GATE_CLASS,
	TQ_GATE_NKINDS
};

#define TQ_PARKS	64	/* tasks refused in one critical section */
#define TQ_LETS		64	/* tasks let in by one change */

/* ---- gate_ask.c: what a task asks, as bytes of its record (pure) -------- */

/*
 *	u8 mask: 1 lane, 2 name; for each u64 hash; then for each resource
 *	that it needs u64 hash, varint n
 */
struct tq_ask {
	uint64_t	 lane, name;	/* hashes, 0: none */
	struct tq_needs	 needs;		/* by rising hash */
};

/* Hash of a name, never 0. */
uint64_t tq_gate_hash(const void *p, size_t n);
/* Hash of a set of needs: of the class of tasks that have them. */
uint64_t tq_gate_class(const struct tq_needs *needs);
/* Append what is asked; nothing asked appends nothing. */
void	tq_ask_encode(struct tq_buf *b, const struct tq_ask *ask);
/* 0, or -1 (EBADMSG). */
int	tq_ask_decode(struct tq_ask *out, struct tq_bytes bytes);
/*
 * Add "name" or "name=n" of len bytes to the needs, units of the same name
 * added up.  EINVAL, quoted.
 */
int	tq_ask_need(struct tq_ask *ask, const char *need, struct tq_err *e);

/* The time from one start to the next; 0 is no limit. */
tq_time	tq_rate_gap(uint32_t limit, tq_time period);
/* 1 if there may be a start now; the next one after a start at `at`. */
int	tq_rate_open(tq_time next, tq_time gap, tq_time now);
tq_time	tq_rate_next(tq_time next, tq_time gap, tq_time at);

/* ---- gate_row.c: rows ---------------------------------------------------- */

struct tq_pass	*tq_table_pass(struct tq_table *t, const struct tq_slot *);
struct tq_gate	*tq_table_gate(struct tq_table *t, uint32_t n);
struct tq_wait	*tq_table_wait(struct tq_table *t, uint32_t n);
struct tq_needs	*tq_table_needs(struct tq_table *t, const struct tq_gate *);
struct tq_units	*tq_table_units(struct tq_table *t, const struct tq_gate *);

/* Number of a gate, 0 none; the same, made if need be, 0 with ENOSPC. */
uint32_t tq_gate_find(struct tq_table *t, unsigned kind, uint64_t hash);
uint32_t tq_gate_need(struct tq_table *t, unsigned kind, uint64_t hash);
/* Free it if nobody set, holds, names or waits for it. */
void	tq_gate_unneed(struct tq_table *t, uint32_t n);
/* Row where tasks of a queue and class wait at a gate; 0 with ENOSPC. */
uint32_t tq_wait_need(struct tq_table *t, uint32_t gate, unsigned queue,
	    uint32_t class);
/* Free it if nobody waits in it. */
void	tq_wait_unneed(struct tq_table *t, uint32_t n);
/* Give a slot what its record asks; the pass goes with the slot. */
void	tq_pass_give(struct tq_table *t, uint32_t slot, const struct tq_ask *,
	    uint64_t key);
void	tq_pass_take(struct tq_table *t, struct tq_slot *s);

/* ---- gate.c: counting, refusing, parking --------------------------------- */

/* From one start to the next at a RATE. */
tq_time	tq_gate_gap(const struct tq_gate *g);
/* How many it would let pass now. */
uint32_t tq_gate_room(const struct tq_gate *g, tq_time now);
/* Somebody may have to be let in there. */
void	tq_gate_mark(struct tq_table *t, uint32_t n);

/* What tq_table_enter() and tq_table_leave() tell of a slot with a pass. */
void	tq_gate_entered(struct tq_table *t, uint32_t n);
void	tq_gate_left(struct tq_table *t, uint32_t n, unsigned state);
/* Its slot is forgotten: so is what it asked. */
void	tq_gate_gone(struct tq_table *t, uint32_t n);
/* Where a slot that becomes READY stands: row of waits, 0 its queue's list. */
uint32_t tq_gate_place(struct tq_table *t, const struct tq_slot *s);
/* Let a READY slot that stands in its queue's list stand in its class: 1, 0. */
int	tq_gate_stand(struct tq_table *t, uint32_t slot);
/* 1 if a slot holds its lane, READY between two attempts too. */
int	tq_gate_has_lane(struct tq_table *t, const struct tq_slot *s);
/* 1 if its state is one in which it holds the lane that it asks for. */
int	tq_gate_keeps_lane(const struct tq_slot *s);
/* 1 if a READY slot is parked. */
int	tq_gate_parked(struct tq_table *t, const struct tq_slot *s);

/* Gate that refuses a READY slot now, 0 none. */
uint32_t tq_gate_refuses(struct tq_table *t, const struct tq_slot *s,
	    tq_time now);
/* Park it there; -1 with ENOSPC. */
int	tq_gate_park(struct tq_table *t, uint32_t slot, uint32_t gate);
/* A start at that time was recorded: rates follow. */
void	tq_gate_started(struct tq_table *t, const struct tq_slot *s,
	    tq_time at);

/* ---- gate_let.c ----------------------------------------------------- */

struct tq_spool;
/* Let in whom the opened gates have room for; ring for them if sp is given. */
void	tq_gate_let(struct tq_table *t, struct tq_spool *sp);
/* The same for rates whose time has come; *next sinks to the next such time. */
void	tq_gate_tick(struct tq_spool *sp, tq_time now, tq_time *next);

/* ---- gate_limit.c ----------------------------------------------------- */

/* Follow a GATE record: a limit was set, or is gone (0). */
void	tq_gate_set(struct tq_table *t, unsigned kind, uint64_t hash,
	    uint32_t limit, tq_time period, tq_lsn lsn);
/* After a replay: what started before the ledger begins counts as one start. */
void	tq_gate_assume(struct tq_table *t, tq_time begins);
/* ---- gate_unit.c ----------------------------------------------------- */

/*
 * Units of shared resources that a STARTED slot has, as a UNITS record says
 * it: for each resource u64 hash, varint n and n varints.
 */
void	tq_units_hold(struct tq_table *t, uint32_t slot, struct tq_bytes units);
void	tq_units_of(struct tq_table *t, const struct tq_slot *s,
	    struct tq_buf *out);
/* It starts no more: they are free. */
void	tq_units_drop(struct tq_table *t, const struct tq_pass *p,
	    uint32_t slot);

/* ---- gate_line.c: who is next --------------------------------------------- */

/* Why a queue gives nothing now. */
enum tq_closed { TQ_OPEN, TQ_CLOSED_PAUSE, TQ_CLOSED_CAP, TQ_CLOSED_RATE };
enum tq_closed tq_queue_closed(struct tq_table *t, const struct tq_qrow *q,
	    tq_time now);
/* From one start of the queue to the next by its rate, 0: it has none. */
tq_time	tq_queue_gap(struct tq_table *t, const struct tq_qrow *q);

/*
 * The next task that the taker may start from the queue, 0 none; whom gates
 * refuse is parked.  *parks counts down; at 0 it gives up, and there may be
 * more.
 */
uint32_t tq_line_best(struct tq_table *t, uint32_t queue,
	    const struct tq_take *take, tq_time now, int *parks);
/*
 * Choose units of shared resources for a slot that fits: append to *units
 * what a UNITS record says.
 */
void	tq_line_units(struct tq_table *t, const struct tq_slot *s,
	    const struct tq_take *take, struct tq_buf *units);
/* 1 if what a slot needs is offered by a worker, or shared. */
int	tq_line_offered(struct tq_table *t, const struct tq_slot *s,
	    const struct tq_wrow *w);
/* The same for one of its needs. */
int	tq_line_meets(struct tq_table *t, const struct tq_need *need,
	    const struct tq_wrow *w);
#endif
