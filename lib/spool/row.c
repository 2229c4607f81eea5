/* Rows of workers: whom they serve, and how one is cleared; see row.h. */
#include "spool/row.h"

#include <string.h>

int
tq_row_serves(const struct tq_wrow *w, uint32_t queue)
{
	int i;

	for (i = 0; i < TQ_QUEUES_MAX && w->queue[i] != 0; i++)
		if (w->queue[i] == queue)
			return 1;
	return 0;
}

/* It is about to serve no more: look anew with the next ready task. */
static void
call_again(struct tq_table *t, const struct tq_wrow *w)
{
	struct tq_qrow *q;
	int i;

	for (i = 0; i < TQ_QUEUES_MAX && w->queue[i] != 0; i++)
		if ((q = tq_table_queue(t, w->queue[i])) != NULL)
			q->called = 0;
}

void
tq_row_clear(struct tq_table *t, struct tq_wrow *w)
{
	if (w->sleeping && t->top->sleepers > 0)
		t->top->sleepers--;
	/* a killed owner could not take its inbox away */
	if (memchr(w->mq, '\0', sizeof(w->mq)) != NULL)
		tq_bell_bury(w->mq, w->mq_dev, w->mq_ino);
	call_again(t, w);
	w->joined = 0;
	w->sleeping = 0;
	w->mq[0] = '\0';
}
