/* Lists of slots: put, taken out, found by a slot's state; see list.h. */
#include "spool/list.h"

#include "spool/gate.h"
#include "spool/record.h"

/* Looked at from the head of a list for a place in it. */
#define PLACE_STEPS	64

void
tq_list_put(struct tq_table *t, struct tq_list *l, uint32_t n, int at_head)
{
	struct tq_slot *s = &t->slots[n], *o;
	uint32_t *end = at_head ? &l->head : &l->tail;

	s->next = s->prev = 0;
	if (*end == 0) {
		l->head = l->tail = n;
	} else {
		if ((o = tq_table_slot(t, *end)) == NULL)
			return;
		if (at_head) {
			s->next = *end;
			o->prev = n;
		} else {
			s->prev = *end;
			o->next = n;
		}
		*end = n;
	}
	l->n++;
}

void
tq_list_del(struct tq_table *t, struct tq_list *l, uint32_t n)
{
	struct tq_slot *s = &t->slots[n], *o;

	if (s->prev == 0)
		l->head = s->next;
	else if ((o = tq_table_slot(t, s->prev)) != NULL)
		o->next = s->next;
	if (s->next == 0)
		l->tail = s->prev;
	else if ((o = tq_table_slot(t, s->next)) != NULL)
		o->prev = s->prev;
	s->next = s->prev = 0;
	l->n--;
}

int
tq_slot_pinned(struct tq_table *t, const struct tq_slot *s)
{
	const struct tq_ext *x = tq_table_ext(t, s);

	return x != NULL && x->pins > 0;
}

void
tq_list_place(struct tq_table *t, struct tq_list *l, uint32_t n)
{
	struct tq_slot *s = &t->slots[n], *o = tq_table_slot(t, l->tail);
	uint32_t at = l->head;
	int steps = 0;

	if (o == NULL || o->seq <= s->seq) {
		tq_list_put(t, l, n, 0);
		return;
	}
	while ((o = tq_table_slot(t, at)) != NULL && o->seq <= s->seq &&
	    steps++ < PLACE_STEPS)
		at = o->next;
	if (o == NULL || o->prev == 0) {
		tq_list_put(t, l, n, o != NULL);
		return;
	}
	s->next = at;
	s->prev = o->prev;
	o->prev = n;
	if ((o = tq_table_slot(t, s->prev)) != NULL)
		o->next = n;
	l->n++;
}

struct tq_list *
tq_list_of(struct tq_table *t, const struct tq_slot *s)
{
	struct tq_wrow *w;
	struct tq_qrow *q;
	struct tq_pass *p;
	struct tq_wait *at;

	switch (s->state) {
	case TQ_READY:
		if (s->pri > TQ_PRI_MAX)
			return NULL;
		p = s->pass == 0 ? NULL : tq_table_pass(t, s);
		if (p != NULL && (at = tq_table_wait(t, p->wait)) != NULL)
			return &at->list[s->pri];
		q = tq_table_queue(t, s->queue);
		return q == NULL ? NULL : &q->ready[s->pri];
	case TQ_STARTED:
		/* leased ones have no owner: they stand in row 0 */
		w = s->row == 0 ? &t->wrows[0] : tq_table_owner(t, s->row);
		return w == NULL ? NULL : &w->claimed;
	case TQ_BLOCKED:
		/* a group that members are still put into */
		w = tq_table_owner(t, s->row);
		return w == NULL ? NULL : &w->claimed;
	case TQ_FAILURE:
		return tq_slot_pinned(t, s) ? NULL : &t->top->dead;
	case TQ_SUCCESS:
	case TQ_REVOKED:
	case TQ_EXPIRED:
		return tq_slot_pinned(t, s) ? NULL : &t->top->done;
	default:
		return NULL;
	}
}
