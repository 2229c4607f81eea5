/*
 * The regions of the table: where each begins in the object.  Only table.c and
 * table_room.c know.
 */
#ifndef TQ_SPOOL_REGION_H
#define TQ_SPOOL_REGION_H

#include "spool/table.h"

/* Every one on a boundary of 64 KiB. */
#define ALIGN(n)	(((uint64_t)(n) + 0xffff) & ~(uint64_t)0xffff)
#define AT_WROWS	ALIGN(sizeof(struct tq_top))
#define AT_QROWS	ALIGN(AT_WROWS + TQ_WORKERS_MAX * sizeof(struct tq_wrow))
#define AT_CROWS	ALIGN(AT_QROWS + TQ_QROWS_MAX * sizeof(struct tq_qrow))
#define AT_SEGS		ALIGN(AT_CROWS + TQ_CTX_MAX * sizeof(struct tq_crow))
#define AT_HEAP		ALIGN(AT_SEGS + TQ_SEGS_MAX * sizeof(uint32_t))
#define AT_BUCKETS	ALIGN(AT_HEAP + \
			    (uint64_t)TQ_SLOTS_MAX * sizeof(struct tq_heap_item))
#define AT_SLOTS	ALIGN(AT_BUCKETS + (uint64_t)TQ_SLOTS_MAX * 4)
#define AT_EXTS		ALIGN(AT_SLOTS + \
			    (uint64_t)TQ_SLOTS_MAX * sizeof(struct tq_slot))
#define AT_KEYS		ALIGN(AT_EXTS + \
			    (uint64_t)TQ_SLOTS_MAX * sizeof(struct tq_ext))
#define AT_EDGES	ALIGN(AT_KEYS + \
			    (uint64_t)TQ_KEYS_MAX * sizeof(struct tq_keys))
#define AT_TICKS	ALIGN(AT_EDGES + \
			    (uint64_t)TQ_EDGES_MAX * sizeof(struct tq_edge))
#define AT_PASSES	ALIGN(AT_TICKS + TQ_TICKS_MAX * sizeof(struct tq_trow))
#define AT_GATES	ALIGN(AT_PASSES + \
			    (uint64_t)TQ_SLOTS_MAX * sizeof(struct tq_pass))
#define AT_WAITS	ALIGN(AT_GATES + \
			    (uint64_t)TQ_GATES_MAX * sizeof(struct tq_gate))
#define AT_GATE_INDEX	ALIGN(AT_WAITS + \
			    (uint64_t)TQ_GATES_MAX * sizeof(struct tq_wait))
#define AT_NEEDS	ALIGN(AT_GATE_INDEX + \
			    (uint64_t)TQ_GATE_BUCKETS * sizeof(uint32_t))
#define AT_UNITS	ALIGN(AT_NEEDS + \
			    (uint64_t)TQ_CLASSES_MAX * sizeof(struct tq_needs))
#define AT_END		ALIGN(AT_UNITS + \
			    (uint64_t)TQ_SHARES_MAX * sizeof(struct tq_units))

/* Have n bytes of the object from `at` on allocated: 0, -1 with ENOSPC. */
int	tq_region_allocate(int fd, uint64_t at, uint64_t n);

#endif
