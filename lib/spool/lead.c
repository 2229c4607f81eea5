/* Who syncs for all; see lead.h. */
#include "spool/lead.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "spool/lock.h"

/* Between two tries of one who waits to lead. */
#define PAUSE	(10 * TQ_MS)

/* The mutex that counts. */
static uint32_t
current(const struct tq_top *top)
{
	return atomic_load(&top->lead) % TQ_LEADS;
}

int
tq_lead_counts(const struct tq_lead *w, const struct tq_top *top)
{
	return w->n == current(top);
}

int
tq_lead_pid(const struct tq_top *top)
{
	return atomic_load(&top->leader[current(top)]);
}

static int
leads(struct tq_lead *w, struct tq_top *top, uint32_t n, int rv)
{
	w->n = n;
	w->since = 0;
	atomic_store(&top->leader[n], (int32_t)getpid());
	atomic_fetch_add(&top->led, 1);
	return rv;
}

/* For how long the same one leads. */
static tq_time
waited(struct tq_lead *w, const struct tq_top *top)
{
	uint32_t led = atomic_load(&top->led);
	tq_time now = tq_clock_mono();

	if (w->since == 0 || led != w->led) {
		w->led = led;
		w->since = now;
	}
	return now - w->since;
}

/* Let go of a mutex that did not count any more when it was had. */
static int
too_late(struct tq_top *top, uint32_t n)
{
	tq_lock_give(&top->sync[n]);
	errno = EBUSY;
	return -1;
}

static int
pass_by(struct tq_lead *w, struct tq_top *top, uint32_t old)
{
	uint32_t i, n, seen = atomic_load(&top->lead);

	for (i = 1; i < TQ_LEADS; i++) {
		n = (old + i) % TQ_LEADS;
		if (tq_lock_try(&top->sync[n]) == -1)
			continue;
		if (seen % TQ_LEADS != old ||
		    !atomic_compare_exchange_strong(&top->lead, &seen, n))
			return too_late(top, n);
		return leads(w, top, n, 1);
	}
	errno = waited(w, top) < TQ_LEAD_PATIENCE ? EBUSY : ETIMEDOUT;
	return -1;
}

int
tq_lead_try(struct tq_lead *w, struct tq_top *top)
{
	uint32_t n = current(top);
	int rv;

	if ((rv = tq_lock_try(&top->sync[n])) == -1) {
		if (errno != EBUSY || waited(w, top) < TQ_LOCK_PATIENCE)
			return -1;
		return pass_by(w, top, n);
	}
	if (n != current(top))
		return too_late(top, n);
	return leads(w, top, n, rv);
}

int
tq_lead_take(struct tq_lead *w, struct tq_top *top)
{
	int rv;

	while ((rv = tq_lead_try(w, top)) == -1 && errno == EBUSY)
		tq_futex_wait(&top->durable_word,
		    atomic_load(&top->durable_word), PAUSE);
	return rv;
}

void
tq_lead_give(const struct tq_lead *w, struct tq_top *top)
{
	tq_lock_give(&top->sync[w->n]);
}
