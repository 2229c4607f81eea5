/*
 * Leases: claims that outlive a process, and so have an end in time.
 *
 * They end by CLOCK_BOOTTIME, so that setting the wall clock neither ends nor
 * prolongs one.  A slot says the second in which its lease does.  It knows the
 * table alone.
 */
#ifndef TQ_SPOOL_LEASE_H
#define TQ_SPOOL_LEASE_H

#include "spool/table.h"

/* The second in which a lease of that length from now ends. */
uint32_t tq_lease_end(tq_time lease);
/* Whether the lease with that end has passed. */
int	tq_lease_over(uint32_t end);
/* Under the lock: that much of a lease as the task's queue allows. */
tq_time	tq_lease_bound(struct tq_table *t, const struct tq_slot *s,
	    tq_time lease);
/* After a boot: the same, from what is left of each by the wall clock. */
void	tq_lease_reboot(struct tq_table *t, tq_time now);

#endif
