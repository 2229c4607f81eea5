/*
 * The table: an index over the ledger in shared memory.  It is never the
 * truth: what stands above the ruled line of a struct is rebuilt from the
 * ledger, what stands below it dies with the machine.
 *
 * Rules
 *  1. Every access is under the lock in the top, but for the words marked
 *     atomic.
 *  2. Offsets and slot numbers, never pointers; 0 is "none", slot 0 is never
 *     used.  The members of a group of processes may scribble here, so every
 *     number read is checked before it is followed; a wild one sets t->bad,
 *     the walk ends, and whoever holds the lock rebuilds the table.
 *  3. The object is sparse: each region has room for its greatest size, and
 *     only what is in use is allocated, by posix_fallocate(3), so that a full
 *     file system is ENOSPC here and not SIGBUS later.
 *  4. Two builds whose layouts differ refuse each other: `layout` is computed
 *     from the sizes and offsets of the structs.
 *  5. A slot is in exactly the lists its state says (see state.h).
 */
#ifndef TQ_SPOOL_TABLE_H
#define TQ_SPOOL_TABLE_H

#include <tq/types.h>

#include "base/heap.h"
#include "base/id.h"
#include "spool/top.h"

#define TQ_TABLE_MAGIC	UINT64_C(0x31656c6261747174)	/* "tqtable1" */
#define TQ_SLOTS_MAX	(1u << 25)	/* tasks a spool can hold */
#define TQ_EDGES_MAX	(1u << 26)
#define TQ_KEYS_MAX	(TQ_SLOTS_MAX / 4)	/* buckets by key */
#define TQ_KEYS_LINE	7
#define TQ_GATES_MAX	(1u << 20)
#define TQ_GATE_BUCKETS	(1u << 16)
#define TQ_CLASSES_MAX	256	/* different sets of needs at a time */
#define TQ_NEEDS_MAX	8	/* resources that one task needs */
#define TQ_SHARES_MAX	64	/* resources that workers share */
#define TQ_UNITS_MAX	1024	/* units of one of them */
#define TQ_WORKERS_MAX	1024
#define TQ_QROWS_MAX	4096
#define TQ_CTX_MAX	(1u << 16)
#define TQ_TICKS_MAX	4096		/* schedules */
#define TQ_SEGS_MAX	(1u << 16)	/* segments of one ledger */

/* `row` of a held slot that is marked: what its task was (transfer.c). */
#define TQ_WAS_HELD	1u
#define TQ_WAS_RETRY	2u
#define TQ_WAS_LANE	4u	/* it had its lane, and has it still */

/* One task.  120 bytes: with its bucket 124 a queued task. */
struct tq_slot {
	struct tq_uuid	 id;
	uint64_t	 seq;		/* of its PUT: the order of acceptance */
	tq_lsn		 put;		/* its PUT or CARRY */
	tq_lsn		 end;		/* its newest END, or that CARRY, or 0 */
	tq_time		 due;		/* DELAYED, RETRY: ETA; STARTED with
					 * LEASED: end of the lease as the wall
					 * clock was; ended: kept until; 0 none */
	tq_time		 expires;	/* not started after, 0 never */
	tq_time		 time;		/* when it came into its state */
	uint32_t	 next, prev;	/* in the list of its state */
	uint32_t	 chain;		/* next in its bucket; next free slot */
	uint32_t	 heap;		/* place in the timer heap, 0 none */
	uint32_t	 ctx;		/* interned context, 0 none */
	uint32_t	 epoch;		/* STARTED: of its owner; LEASED: end of
					 * the lease in s of CLOCK_BOOTTIME; HELD:
					 * mark of a transfer, 0 none */
	uint16_t	 row;		/* STARTED: owner's row, 0 none; HELD and
					 * marked: what it was, TQ_WAS_* */
	uint16_t	 queue;
	uint16_t	 attempt;	/* claims so far */
	uint8_t		 state, pri;
	uint8_t		 flags;		/* TQ_PF_* */
	uint8_t		 crashes, laters, failures;
	uint32_t	 size;		/* bytes of its live records */
	uint32_t	 ext;		/* row of its ties to others, 0 none */
	uint32_t	 pass;		/* row of the gates it passes, 0 none */
	/* ---- dies with the machine ---- */
	uint16_t	 capture;	/* STARTED: number of its capture files */
	uint8_t		 waited;	/* somebody sleeps on its futex word */
	uint8_t		 pad;
};

/*
 * What ties a task to others: a row of its own, so that a task that is tied to
 * nothing pays a number in its slot.  graph.h says what the fields mean.
 */
struct tq_ext {
	uint64_t	 key;		/* hash of its key, 0: it has none */
	uint32_t	 slot;		/* whose it is, 0: free */
	uint32_t	 chain;		/* next in its bucket of keys; next free row */
	uint32_t	 out, in;	/* first edge to who waits for it; to what
					 * it waits for, and its members */
	uint32_t	 left, bad;	/* of in: not ended; without success */
	uint32_t	 pins;		/* of out: to who still needs its result */
	uint32_t	 cursor;	/* edge where its work goes on */
	uint32_t	 work, todo;	/* next in these lists */
	uint32_t	 cause;		/* slot of the one that decided its end */
	uint32_t	 unused;
	uint8_t		 when;		/* enum tq_when */
	uint8_t		 act;		/* enum tq_todo */
	uint16_t	 flags;		/* TQ_XF_* */
	uint32_t	 members;	/* of a group: the next one's number */
};

/* `to` waits for `from`, or is the group that it is in. */
struct tq_edge {
	uint32_t	 from, to;	/* slots; from 0: free */
	uint32_t	 fnext, fprev;	/* in the list of from */
	uint32_t	 tnext, tprev;	/* in the list of to; next free edge */
	uint32_t	 number;	/* of a member in its group */
	uint8_t		 kind;		/* enum tq_edge_kind */
	uint8_t		 flags;		/* TQ_EG_* */
	uint16_t	 spare;
};

/* ---- gates: gate.h says what all this means -------------------------- */

/* What a task that passes gates asks of them. */
struct tq_pass {
	uint64_t	 lane, key, name; /* hashes, 0: it has none */
	uint32_t	 class : 31,	/* gate of what it needs, 0 nothing */
			 holds : 1;	/* its lane */
	uint32_t	 wait;		/* READY: row of waits where it stands, 0:
				 * in its queue's list; next free row */
};

/* One gate. */
struct tq_gate {
	uint64_t	 hash;
	tq_lsn		 rec;		/* its GATE record, 0: nobody set it */
	tq_time		 next;		/* RATE: no start before */
	tq_time		 period;	/* RATE: of `limit` starts */
	uint32_t	 limit;		/* 0: none */
	uint32_t	 count;		/* what is held of it */
	uint32_t	 chain;		/* next in its bucket; next free row */
	uint32_t	 waits;		/* first row of who waits at it */
	uint32_t	 opened;	/* next of those that may let some in */
	uint32_t	 rates;		/* RATE: next of all of them */
	uint32_t	 more;		/* LANE: slot that holds it; CLASS: row of
				 * needs; SHARE: row of units */
	uint32_t	 refs;		/* CLASS: passes that name it */
	uint8_t		 kind;		/* enum tq_gate_kind, 0: free */
	uint8_t		 listed;	/* in the list of opened ones */
	uint8_t		 armed;		/* RATE: nobody it let in is in line */
	uint8_t		 pad[5];
};

/* Who waits at one gate, or stands in a class, of one queue. */
struct tq_wait {
	struct tq_list	 list[TQ_PRI_MAX + 1];
	uint32_t	 gate;		/* 0: free row */
	uint32_t	 next;		/* of its gate; next free row */
	uint32_t	 qnext;		/* of its queue, when gate is a class */
	uint32_t	 class;
	uint32_t	 n;
	uint16_t	 queue;
	uint16_t	 pad;
};

struct tq_need {
	uint64_t	 hash;		/* of the resource's name */
	uint32_t	 n;
	uint32_t	 pad;
};

/* What tasks of one class need. */
struct tq_needs {
	uint32_t	 n;
	uint32_t	 next;		/* next free row */
	struct tq_need	 v[TQ_NEEDS_MAX];
};

/* Who has each unit of a resource that workers share: slots, 0 nobody. */
struct tq_units {
	uint32_t	 slot[TQ_UNITS_MAX];
};

/* A bucket of the index by key, a line of the cache; see key.c. */
struct tq_keys {
	_Alignas(64) uint64_t entry[TQ_KEYS_LINE];
	uint64_t	 more;		/* row, the first of a chain */
};

/* One queue; number 0 is never used.  What every task changes is together. */
struct tq_qrow {
	char		 name[TQ_NAME_MAX + 1];
	uint8_t		 used, paused, closed;
	uint32_t	 called;	/* when it was seen whether anybody
					 * serves it, see call.c; 0 not yet */
	tq_lsn		 rec;		/* its newest QUEUE record */
	struct tq_settings set;
	_Alignas(64) uint32_t count[TQ_NSTATES];
	uint32_t	 nready;
	uint64_t	 puts, claims;
	uint64_t	 bytes;		/* of unended tasks */
	uint64_t	 successes, failures;
	struct tq_list	 ready[TQ_PRI_MAX + 1];
	tq_time		 next;		/* setting rate: no start before */
	uint32_t	 classes;	/* rows of waits of what needs something */
	uint32_t	 pad2;
};

/* One interned context: directory, umask, environment. */
struct tq_crow {
	uint64_t	 hash;
	tq_lsn		 rec;		/* its CTX record, 0: unused row */
	uint32_t	 refs;		/* slots that name it */
	uint32_t	 size;
};

/* One schedule: tick.h. */
struct tq_trow {
	struct tq_uuid	 id;		/* digest of its name */
	tq_time		 at;		/* its last tick */
	tq_time		 until;		/* the row is free after that */
	tq_lsn		 rec;		/* its newest LAST, 0: the row is free */
};

/* One owner: a handle that claims.  Row 0 lists the leased claims. */
struct tq_wrow {
	struct tq_list	 claimed;	/* slots it owns, of any epoch */
	/* ---- dies with the machine ---- */
	uint32_t	 joined;	/* 0, or epoch of the handle below */
	uint32_t	 sleeping;	/* registered: ring it */
	tq_time		 wake;		/* sleeping: when it looks by itself */
	int32_t		 pid;
	uint32_t	 jobs;
	tq_time		 since;
	uint64_t	 claims, done, failed;
	uint64_t	 mq_dev, mq_ino; /* of its inbox, to notice a swap */
	char		 mq[32];	/* name of its inbox, "" none */
	uint16_t	 queue[TQ_QUEUES_MAX]; /* it serves, 0 ends */
	struct tq_need	 offer[TQ_NEEDS_MAX]; /* resources it has, n 0 ends */
	char		 status[64];
	char		 limits[48];
	int64_t		 rss;
	uint64_t	 pong;
	char		 host[65];
};

/* Of an object that is not mapped: 1, 0 it is no table of this build. */
int	tq_table_home_read(int fd, char home[TQ_HOME_MAX]);
int	tq_table_wrow_read(int fd, unsigned row, struct tq_wrow *out);

#define TQ_NAMED	64

/* A mapping of the table in this process. */
struct tq_table {
	struct tq_top	*top;
	struct tq_wrow	*wrows;
	struct tq_qrow	*qrows;
	struct tq_crow	*crows;
	uint32_t	*segs;		/* by number modulo TQ_SEGS_MAX: what
					 * lives in it, tasks and rows */
	struct tq_heap_item *heap;
	uint32_t	*buckets;
	struct tq_slot	*slots;
	struct tq_ext	*exts;
	struct tq_keys	*keys;
	struct tq_edge	*edges;
	struct tq_trow	*trows;
	uint32_t	*gate_index;
	struct tq_gate	*gates;
	struct tq_wait	*waits;
	struct tq_pass	*passes;
	struct tq_needs	*needs;
	struct tq_units	*units;
	int		 fd;
	int		 bad;		/* a wild number was met: rebuild */
	uint16_t	 named[TQ_NAMED];	/* queues found by name */
	/* between the two halves of a change of state, see gate.h */
	uint32_t	 departed;	/* slot that left the line */
	int		 freed;		/* units of a shared resource */
};

/* ---- table.c: the object ------------------------------------------------- */

/* Size of the sparse object. */
uint64_t	 tq_table_size(void);
/*
 * Map the object and set *t; never unmapped (a robust mutex whose holder
 * unmapped it and died is never reported).  0 or -1 with errno; EPROTO: made
 * by a build of another layout.
 */
int		 tq_table_map(struct tq_table *t, int fd);
/* Make an empty table in a mapped, zeroed object.  0 or -1 (ENOSPC). */
int		 tq_table_init(struct tq_table *t, int fd);
/* Empty it for a rebuild; what dies with the machine and the locks stay. */
void		 tq_table_clear(struct tq_table *t);
/* What lived at one place of the ledger lives at another; 0: nowhere. */
void		 tq_table_live(struct tq_table *t, tq_lsn from, tq_lsn to);
/* How much lives in a segment. */
uint32_t	 tq_table_lives(const struct tq_table *t, uint32_t number);
/* Number, from 1, of the futex word that waiters of an id sleep on. */
unsigned	 tq_table_word(const struct tq_uuid *);

/* ---- table_room.c: what is there, and more of it -------------------------- */

/*
 * 1 if how much of each region is allocated and in use can be true, else 0
 * and t->bad: whoever runs through a region asks first.
 */
int		 tq_table_sane(struct tq_table *t);
/* Room for n more slots, buckets and timers, so that an add cannot fail. */
int		 tq_table_reserve(struct tq_table *t, uint32_t n);
/* Room for n more timers; -1 with ENOSPC. */
int		 tq_table_timers(struct tq_table *t, uint32_t n);
/* Room for so many more rows of ties and edges, so that none is refused. */
int		 tq_table_reserve_ties(struct tq_table *t, uint32_t exts,
		    uint32_t edges);
/* Room for so many more passes, and for as many gates and rows of waits. */
int		 tq_table_reserve_gates(struct tq_table *t, uint32_t passes,
		    uint32_t gates);
/* Number of the queue of a name, 0 none; a free number, 0 with ENOSPC. */
uint32_t	 tq_table_queue_find(struct tq_table *t, const char *, size_t);
uint32_t	 tq_table_queue_new(struct tq_table *t);
/* Row number n, allocated if need be, for replay; NULL with ENOSPC. */
struct tq_qrow	*tq_table_queue_at(struct tq_table *t, uint32_t n);
struct tq_crow	*tq_table_ctx_at(struct tq_table *t, uint32_t n);
/* The same for schedules, which count from 0; it is not in use for that. */
struct tq_trow	*tq_table_tick_at(struct tq_table *t, uint32_t n);

/* ---- rows by number ------------------------------------------------------ */

/*
 * Row by number, NULL (and t->bad) for a wild one, NULL for 0.  They stand
 * here because a task that goes all the way asks for forty.
 */
static inline struct tq_slot *
tq_table_slot(struct tq_table *t, uint32_t n)
{
	uint32_t cap = t->top->slots.cap;

	if (n == 0)
		return NULL;
	if (n > t->top->slots.used || n >= cap || cap > TQ_SLOTS_MAX) {
		t->bad = 1;
		return NULL;
	}
	return &t->slots[n];
}

static inline struct tq_qrow *
tq_table_queue(struct tq_table *t, uint32_t n)
{
	uint32_t cap = t->top->queues.cap;

	if (n == 0 || n >= cap || cap > TQ_QROWS_MAX || !t->qrows[n].used) {
		if (n != 0)
			t->bad = 1;
		return NULL;
	}
	return &t->qrows[n];
}

static inline struct tq_wrow *
tq_table_owner(struct tq_table *t, uint32_t n)
{
	if (n == 0)
		return NULL;
	if (n >= TQ_WORKERS_MAX) {
		t->bad = 1;
		return NULL;
	}
	return &t->wrows[n];
}

static inline struct tq_crow *
tq_table_ctx(struct tq_table *t, uint32_t n)
{
	uint32_t cap = t->top->ctxs.cap;

	if (n == 0)
		return NULL;
	if (n >= cap || cap > TQ_CTX_MAX) {
		t->bad = 1;
		return NULL;
	}
	return &t->crows[n];
}

/* The row of ties of a slot, NULL for none or (and t->bad) a wild one. */
static inline struct tq_ext *
tq_table_ext(struct tq_table *t, const struct tq_slot *s)
{
	uint32_t cap = t->top->exts.cap;

	if (s->ext == 0)
		return NULL;
	if (s->ext > t->top->exts.used || s->ext >= cap || cap > TQ_SLOTS_MAX) {
		t->bad = 1;
		return NULL;
	}
	return &t->exts[s->ext];
}

/* ---- tie.c --------------------------------------------------------------- */

/* The row of ties of a slot, made if need be; NULL with ENOSPC. */
struct tq_ext	*tq_table_ext_need(struct tq_table *t, uint32_t slot);
void		 tq_table_ext_free(struct tq_table *t, uint32_t ext);
struct tq_edge	*tq_table_edge(struct tq_table *t, uint32_t n);
/* A new edge, in no list; 0 with ENOSPC. */
uint32_t	 tq_table_edge_new(struct tq_table *t);
void		 tq_table_edge_free(struct tq_table *t, uint32_t n);

/* ---- index.c ------------------------------------------------------------- */

/* Number of the slot of an id, 0 when there is none. */
uint32_t	 tq_table_find(struct tq_table *t, const struct tq_uuid *);
/* A new slot in state ABSENT, indexed by id; 0 with errno ENOSPC. */
uint32_t	 tq_table_add(struct tq_table *t, const struct tq_uuid *);
/* Take it out of the index alone. */
void		 tq_table_unindex(struct tq_table *t, uint32_t n);

/* ---- audit.c ------------------------------------------------------------- */

/* 1 if every list, count and index agrees; for tests and tqctl check. */
int		 tq_table_audit(struct tq_table *t, char *why, size_t size);
#endif
