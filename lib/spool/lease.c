/* When leases end; see lease.h. */
#include "spool/lease.h"

#include "base/clock.h"

uint32_t
tq_lease_end(tq_time lease)
{
	tq_time end = tq_clock_deadline(tq_clock_boot(), lease);

	/* the second after it: a lease is never shorter than was said */
	return end / TQ_SECOND + 1 > UINT32_MAX ? UINT32_MAX :
	    (uint32_t)(end / TQ_SECOND + 1);
}

int
tq_lease_over(uint32_t end)
{
	return tq_clock_boot() / TQ_SECOND >= end;
}

tq_time
tq_lease_bound(struct tq_table *t, const struct tq_slot *s, tq_time lease)
{
	struct tq_qrow *q = tq_table_queue(t, s->queue);
	tq_time most = tq_setting_get(q == NULL ? NULL : &q->set,
	    &t->top->set, TQ_SET_LEASE);

	return most != 0 && lease > most ? most : lease;
}

void
tq_lease_reboot(struct tq_table *t, tq_time now)
{
	uint32_t n, steps = 0, count = t->wrows[0].claimed.n;
	struct tq_slot *s;

	for (n = t->wrows[0].claimed.head; n != 0 && steps++ < count;
	    n = s->next) {
		if ((s = tq_table_slot(t, n)) == NULL)
			return;
		s->epoch = tq_lease_end(s->due > now ? s->due - now : 0);
	}
}
