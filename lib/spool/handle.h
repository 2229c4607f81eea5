/*
 * The handle of a spool: what a process has of it, for who has no business with
 * the lock.  Files below the core, in lib/spool/floors, see the handle by this
 * header and not by core.h: they are called under the lock, or need none.
 */
#ifndef TQ_SPOOL_HANDLE_H
#define TQ_SPOOL_HANDLE_H

#include <sys/types.h>

#include <tq/types.h>

#include "base/buf.h"
#include "base/id.h"
#include "spool/bell.h"
#include "spool/format.h"
#include "spool/ledger.h"
#include "spool/owner.h"
#include "spool/spool.h"
#include "spool/table.h"

/* How long a command waits for things that are over in moments. */
#define TQ_PATIENCE	(5 * TQ_SECOND)

/* Of those to be told of one change, by ring and by call. */
#define TQ_RINGS_MAX	8
#define TQ_CALLS_MAX	4

/* The table of one spool as mapped in this process; shared by its handles. */
struct tq_share;

struct tq_spool {
	char		*path;
	int		 dirfd, ledgerfd, filesfd;
	unsigned	 flags;		/* TQ_OPEN_* */
	int		 retire_due;	/* as our last write found it */
	int		 cascading;	/* in tq_cascade() */
	int		 behind;	/* it had more to do when we left */
	uint32_t	 ahead;		/* slot that may be claimed next */
	uint32_t	 near;		/* queue of our last put or claim */
	uint32_t	 ready_seen;	/* ready_word when we found nothing */
	int		 caring;	/* holds the `care` mutex */
	int		 same_boot;	/* its last table is of this boot */
	int		 begun;		/* it had a table, and so a segment */
	int		 pid;		/* ours, for the diagnostic of the lock */
	struct tq_format format;
	struct tq_share	*share;
	struct tq_table	 t;		/* copied from the share */
	struct tq_ledger l;
	struct tq_uuid_maker maker;
	tq_time		 came;		/* mono, coarse: for the lock, the last time;
					 * what is looked at once a second goes by
					 * it, a reading of the clock is 21 ns */
	tq_time		 looked;	/* coarse: identity of the table checked */
	tq_time		 floored;	/* coarse: free space checked */
	int		 under_floor;
	tq_time		 roomy;		/* mono: room for output was there */
	struct tq_uuid	 other;		/* the task that a refusal is about */
	tq_lsn		 mine;		/* end of the last record we wrote */
	int		 wrote;		/* one since we entered */
	uint32_t	 tables;	/* how many it has used, one after another */
	uint16_t	 reported;	/* capture numbers up to it have said
					 * something */

	/* as a claimer */
	struct tq_owner	 owner;
	int		 probe;		/* asks about other owners, or -1 */
	int		 transfer;	/* holds the byte of transfer.c, or -1 */
	struct tq_bell	 bell;
	int		 alarm;		/* base/alarm.h, or -1 */
	int		 bell_tried;	/* they were to be made, once */
	struct tq_bell_peer *peers;	/* TQ_WORKERS_MAX, made on demand */
	tq_lsn		*lsns;		/* scratch of a large transaction */
	size_t		 nlsns;
	unsigned	 jobs;
	char		 status[64], limits[48];
	uint32_t	 rotor;		/* of weighted choice */
	struct tq_buf	 mail;		/* words taken while looking for rings */

	/* rings to send once the lock is given back: due.h */
	unsigned	 nrings;
	uint16_t	 ring[TQ_RINGS_MAX];
	/* queues without a worker, to call for one then */
	unsigned	 ncalls;
	uint16_t	 call[TQ_CALLS_MAX];
	/* ids whose waiters to wake, as indices of futex words */
	uint64_t	 wake;
	/* files of forgotten tasks, to be unlinked outside the lock */
	struct tq_buf	 litter;

	struct tq_buf	 ctx;		/* bytes of the last context read */
	uint32_t	 ctx_number;
	uint64_t	 ctx_hash;
	struct tq_buf	 keep;		/* record bytes that outlive a read */
	struct tq_buf	 units;		/* of shared resources, of the last claim */
};

#endif
