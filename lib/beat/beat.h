/*
 * Fire a schedule: put the task of each line when it is due, once.
 *
 * What has been put is known to the broker alone (tq_tick() in tq/tq.h), so
 * there is nothing here to lose: whoever has the schedule may die at any
 * moment, be started again, or run twice.
 *
 *	last	the last tick of a line as the broker knows it.  A line that it
 *		does not know begins now.
 *	due	the ticks in (last, now], of which `missed` says which are put:
 *		one, the latest of them; all, each in turn; none, the latest if
 *		it is not a minute late.
 *	put	the task, and last moves to its tick: one transaction.
 *		COMMIT POINT.  ESTALE: somebody else was faster; ask again.
 *
 * A tick whose put is refused (a full or closed queue) stays due and is tried
 * again.  One whose key is held is put by nobody: last moves without a task.
 *
 * The clock: ticks go by the system clock.  Set forward, the ticks left out
 * were missed; set back, they have been put and are not put again, until it
 * shows a later time than last.  When it was set back by more than two days it
 * had been wrong before, and the line begins anew.
 */
#ifndef TQ_BEAT_BEAT_H
#define TQ_BEAT_BEAT_H

#include <tq/tq.h>

#include "schedule.h"

struct tq_beat {
	struct tq	*tq;
	const char	*path;		/* of the schedule */
	struct tq_maker	 maker;
	void		(*wrong)(const char *sentence);
	void		(*step)(const char *sentence);	/* or NULL */
};

/*
 * Fire until TERM or INT; HUP reads the schedule again.  0, or -1: ENOTSUP
 * the broker keeps no schedules, others when it cannot begin.
 */
int	tq_beat_run(struct tq_beat *, struct tq_err *);

/*
 * Call each for the next n ticks of a schedule after now, in their order.
 * Lines of @reboot have none.
 */
int	tq_beat_next(const struct tq_schedule *, tq_time now, size_t n,
	    void (*each)(const struct tq_entry *, const struct tq_zone *,
	    tq_time tick, void *), void *arg, struct tq_err *);
#endif
