/*
 * The top of the table: its lock, the words of the ledger, counts and the heads
 * of lists.  The ledger sees this of the table and no more; the rules are in
 * table.h.
 */
#ifndef TQ_SPOOL_TOP_H
#define TQ_SPOOL_TOP_H

#include <pthread.h>
#include <stdatomic.h>

#include <tq/types.h>

#include "spool/setting.h"

#define TQ_FUTEX_WORDS	64
#define TQ_LEADS	4		/* leaders that may be stuck at once: all but one */
#define TQ_HOME_MAX	1024

/* A place in the ledger: segment number << 32 | offset.  0: none. */
typedef uint64_t tq_lsn;
#define TQ_LSN(seg, off)	((tq_lsn)(seg) << 32 | (uint32_t)(off))
#define TQ_LSN_SEG(l)		((uint32_t)((l) >> 32))
#define TQ_LSN_OFF(l)		((uint32_t)(l))

struct tq_list {
	uint32_t	 head, tail;
	uint32_t	 n;
	uint32_t	 pad;
};

/* Counts of the regions: how much is allocated, how much of it in use. */
struct tq_region {
	uint32_t	 cap, used;
};

/*
 * The fields that every put, claim and end change stand first, in as few cache
 * lines as they fit: two processors that work on one spool hand each of these
 * lines to and fro.  The lock has a line of its own, for who waits for it
 * takes that line away from who holds it; what is mostly read has another.
 */
struct tq_top {
	_Alignas(64) pthread_mutex_t lock; /* robust: table and tail */
	uint32_t	 retired;	/* object was removed: let go, reopen */
	_Atomic int32_t	 holder;	/* pid that took the lock last */

	_Alignas(64) _Atomic tq_lsn tail; /* where the next record goes */
	_Atomic uint64_t seq;		/* of the last record */
	uint32_t	 crc;		/* of the last record */
	uint32_t	 dirty;		/* the tail moved, the table not yet */
	uint32_t	 intent;	/* bytes about to be written at the tail;
					 * what does not fit into its segment,
					 * into the next behind its head */
	uint32_t	 started;	/* claims that hold a reserve */
	uint64_t	 live;		/* bytes of live records */
	_Atomic uint64_t reserved;	/* bytes promised to ENDs of claims */
	uint32_t	 ntasks;
	uint32_t	 free;		/* first free slot */
	_Atomic uint32_t ready_word;	/* rises with every task that is ready */
	uint32_t	 sleepers;	/* owners registered for a ring */

	struct tq_region slots, buckets, heap;
	struct tq_list	 done;		/* success, revoked, expired: by end */
	_Atomic uint64_t left;		/* free bytes of the disk, as last asked */
	uint64_t	 spare[2];

	uint32_t	 salt;		/* of the tail's segment */
	uint32_t	 seg_size;
	_Atomic uint32_t base;		/* oldest segment */
	_Atomic uint32_t last;		/* newest segment that is prepared */
	uint64_t	 durable_seq;
	_Atomic uint64_t durable;	/* everything before this is on disk */
	uint32_t	 rows;		/* greatest row that was joined */
	uint32_t	 level;		/* buckets < 2^level before the split */

	/* what is read or written now and then */
	_Alignas(64) pthread_mutex_t sync[TQ_LEADS]; /* robust: leader of a
					 * commit; see lead.h */
	pthread_mutex_t	 care;		/* robust: makes and retires segments */
	uint64_t	 magic;
	uint64_t	 layout;
	uint64_t	 hash_seed;
	unsigned char	 boot[16];
	uint64_t	 generation;	/* rises with every rebuild */
	_Atomic uint32_t lead;		/* which of `sync` counts */
	_Atomic uint32_t led;		/* rises with every lead */
	_Atomic int32_t	 leader[TQ_LEADS]; /* pid that took each of them last */
	_Atomic uint32_t progress;	/* of a rebuild, for who waits */
	uint32_t	 damaged;	/* places of damage found */
	uint32_t	 where;		/* segment of the last of them */
	tq_lsn		 scan;		/* how far the base segment is carried */
	_Atomic uint64_t fail_from, fail_to; /* what the last failed sync covered */
	_Atomic tq_time	 synced;	/* monotonic time of the last sync */
	_Atomic uint32_t readonly;	/* errno of a sync that cannot be mended */
	struct tq_region queues, ctxs;
	struct tq_list	 dead;		/* failure: by end */
	struct tq_settings set;
	tq_lsn		 set_rec;	/* QUEUE record of number 0 */
	struct tq_region exts, keys, edges, ticks;
	uint32_t	 free_ext, free_edge;
	uint32_t	 key_level;	/* as level, of the buckets of keys */
	uint32_t	 nexts, nedges;	/* in use */
	/* rows of what is under way, first and last; see graph.h */
	uint32_t	 work, work_last, todo, todo_last;
	struct tq_region gate_index, gates, waits, passes, needs, units;
	uint32_t	 free_gate, free_wait, free_pass, free_need, free_unit;
	uint32_t	 rates;		/* gates of that kind */
	uint32_t	 opened;	/* gates that may let some in */
	uint32_t	 ngates[8];	/* by kind */
	/* ---- dies with the machine ---- */
	tq_time		 swept;		/* wall: dead owners looked for */
	_Atomic uint32_t durable_word;	/* futex: rises with durable */
	_Atomic uint32_t durable_waiters;
	_Atomic uint32_t room_word;	/* futex: a queue got room */
	_Atomic uint32_t room_waiters;
	_Atomic uint32_t tail_word;	/* futex: the ledger grew */
	_Atomic uint32_t tail_waiters;
	/* futexes: 0 for who waits for the first of several, else by id */
	_Atomic uint32_t end_word[TQ_FUTEX_WORDS];
	char		 home[TQ_HOME_MAX]; /* path of its spool when it was made,
					 * "": it is too long; see reap.c */
};

#endif
