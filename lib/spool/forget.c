/*
 * Slots are freed: ended tasks that are let go, by command or by number; and
 * how long one is kept.
 */
#include "spool/forget.h"

#include <string.h>

#include "spool/file.h"
#include "spool/gate.h"
#include "spool/graph.h"
#include "spool/handle.h"
#include "spool/state.h"

/*
 * Ended tasks over the limit are let go several at once, and then as many
 * fewer are kept: those that ended one after the other stand side by side in
 * memory, so that a few dozen cost not much more than one.
 */
#define TRIM_MAX	64
#define TRIM_PART	1024	/* of the limit, at most one such part */

void
tq_table_del(struct tq_table *t, uint32_t n, tq_time now)
{
	struct tq_slot *s = tq_table_slot(t, n);
	struct tq_crow *c;

	if (s == NULL)
		return;
	tq_table_leave(t, n);
	if (s->ext != 0)
		tq_graph_drop(t, n, now);
	tq_table_unindex(t, n);
	if ((c = tq_table_ctx(t, s->ctx)) != NULL && c->refs > 0)
		c->refs--;
	t->top->live -= s->size;
	tq_table_live(t, s->put, 0);
	if (s->pass != 0)
		tq_gate_gone(t, n);
	memset(s, 0, sizeof(*s));
	s->chain = t->top->free;
	t->top->free = n;
	t->top->ntasks--;
}

void
tq_apply_forget(struct tq_table *t, uint32_t n, tq_time now,
    struct tq_spool *sp)
{
	struct tq_slot *s = tq_table_slot(t, n);

	if (s == NULL || (s->ext != 0 && !tq_graph_forget(t, n)))
		return;
	if (sp != NULL && s->flags & (TQ_PF_BODYFILE | TQ_PF_OUTFILE))
		tq_file_litter(sp, s);
	tq_table_del(t, n, now);
}

void
tq_apply_oldest(struct tq_table *t, struct tq_list *l, tq_time now,
    struct tq_spool *sp)
{
	int64_t max = tq_setting_get(NULL, &t->top->set, TQ_SET_KEEP_OUTCOME);
	int64_t i, n = 1 + max / TRIM_PART;

	if (l->n <= max)
		return;
	if (n > TRIM_MAX)
		n = TRIM_MAX;
	/* more than came: a limit that was lowered is reached in time */
	for (i = 0; i <= n && l->head != 0 && !t->bad; i++)
		tq_apply_forget(t, l->head, now, sp);
}

void
tq_apply_trim(struct tq_table *t, tq_time now)
{
	int64_t max = tq_setting_get(NULL, &t->top->set, TQ_SET_KEEP_OUTCOME);
	struct tq_list *const lists[] = { &t->top->done, &t->top->dead };
	uint32_t last;
	int i;

	for (i = 0; i < 2; i++)
		for (last = 0; lists[i]->n > max && !t->bad &&
		    lists[i]->head != last;) {
			last = lists[i]->head;
			tq_apply_forget(t, last, now, NULL);
		}
}

tq_time
tq_apply_until(struct tq_table *t, const struct tq_slot *s,
    enum tq_state state, tq_time end, int *own)
{
	struct tq_qrow *q = tq_table_queue(t, s->queue);
	int which = state == TQ_FAILURE ? TQ_SET_KEEP_FAILED : TQ_SET_KEEP;
	tq_time keep;

	*own = q != NULL && q->set.is_set >> which & 1;
	keep = tq_setting_get(q == NULL ? NULL : &q->set, &t->top->set, which);
	if (keep == 0 && state == TQ_FAILURE)
		return 0;
	return keep > INT64_MAX - end ? 0 : end + keep;
}

void
tq_apply_forget_told(struct tq_table *t, uint32_t n, const struct tq_slot *s,
    tq_time now, struct tq_spool *sp)
{
	const struct tq_ext *x = tq_table_ext(t, s);

	if (x != NULL && x->pins > 0 && !(x->flags & TQ_XF_GONE)) {
		if (sp != NULL && s->flags & (TQ_PF_BODYFILE | TQ_PF_OUTFILE))
			tq_file_litter(sp, s);
		tq_table_del(t, n, now);
	} else
		tq_apply_forget(t, n, now, sp);
}
