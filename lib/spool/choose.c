/* Which task of the queues that somebody serves is next. */
#include <string.h>

#include "spool/gate.h"
#include "spool/verb.h"

/* What stands first now. */
static uint32_t
choose(struct tq_spool *sp, const struct tq_take *take, tq_time now,
    int *parks)
{
	uint32_t found[TQ_QUEUES_MAX], n, sum = 0, draw;
	size_t i;

	for (i = 0; i < take->nqueues; i++) {
		found[i] = 0;
		n = tq_table_queue_find(&sp->t, take->queue[i],
		    strlen(take->queue[i]));
		if (n == 0 || (found[i] = tq_line_best(&sp->t, n, take, now,
		    parks)) == 0)
			continue;
		if (take->weight[i] == 0)
			return found[i];
		sum += take->weight[i];
	}
	if (sum == 0)
		return 0;
	/* a step of the golden ratio visits every residue evenly */
	sp->rotor += UINT32_C(0x9e3779b9);
	draw = (uint32_t)((uint64_t)sp->rotor * sum >> 32);
	for (i = 0; i < take->nqueues; i++) {
		if (found[i] == 0)
			continue;
		if (draw < take->weight[i])
			return found[i];
		draw -= take->weight[i];
	}
	return 0;
}

uint32_t
tq_choose(struct tq_spool *sp, const struct tq_take *take, tq_time now,
    int *parks)
{
	uint32_t n;

	*parks = TQ_PARKS;
	/* who is refused by one gate may have been let in by another: rule 4 */
	while ((n = choose(sp, take, now, parks)) == 0 && *parks > 0 &&
	    sp->t.top->opened != 0 && !sp->t.bad) {
		(*parks)--;
		tq_gate_let(&sp->t, sp);
	}
	return n;
}
