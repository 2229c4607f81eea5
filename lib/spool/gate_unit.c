/* Units of the resources that all workers share; see gate.h. */
#include "spool/gate.h"

void
tq_units_drop(struct tq_table *t, const struct tq_pass *p, uint32_t slot)
{
	struct tq_gate *class = tq_table_gate(t, p->class), *g;
	struct tq_needs *needs;
	struct tq_units *u;
	uint32_t i, k, n;

	if (class == NULL || t->top->ngates[TQ_GATE_SHARE] == 0 ||
	    (needs = tq_table_needs(t, class)) == NULL)
		return;
	for (i = 0; i < needs->n; i++) {
		n = tq_gate_find(t, TQ_GATE_SHARE, needs->v[i].hash);
		if ((g = tq_table_gate(t, n)) == NULL || g->count == 0 ||
		    (u = tq_table_units(t, g)) == NULL)
			continue;
		for (k = 0; k < TQ_UNITS_MAX; k++)
			if (u->slot[k] == slot) {
				u->slot[k] = 0;
				g->count--;
				t->freed = 1;
			}
		tq_gate_unneed(t, n);
	}
}

void
tq_units_hold(struct tq_table *t, uint32_t slot, struct tq_bytes units)
{
	struct tq_units *u;
	struct tq_gate *g;
	struct tq_cur c;
	uint64_t hash, k, unit;
	const void *p;

	tq_cur_init(&c, units.p, units.n);
	while (c.n > 0 && (p = tq_cur_get(&c, 8)) != NULL) {
		hash = tq_le64(p);
		k = tq_cur_varint(&c);
		g = tq_table_gate(t, tq_gate_need(t, TQ_GATE_SHARE, hash));
		if (g == NULL || (u = tq_table_units(t, g)) == NULL) {
			t->bad = 1;
			return;
		}
		for (; k > 0 && !c.err; k--) {
			unit = tq_cur_varint(&c);
			if (c.err || unit >= TQ_UNITS_MAX)
				return;
			g->count += u->slot[unit] == 0;
			u->slot[unit] = slot;
		}
	}
}

void
tq_units_of(struct tq_table *t, const struct tq_slot *s, struct tq_buf *out)
{
	struct tq_pass *p = tq_table_pass(t, s);
	struct tq_gate *class = p == NULL ? NULL : tq_table_gate(t, p->class);
	uint32_t i, k, n, slot = (uint32_t)(s - t->slots);
	struct tq_needs *needs;
	struct tq_units *u;
	struct tq_gate *g;
	unsigned char *to;

	if (class == NULL || (needs = tq_table_needs(t, class)) == NULL)
		return;
	for (i = 0; i < needs->n; i++) {
		g = tq_table_gate(t, tq_gate_find(t, TQ_GATE_SHARE,
		    needs->v[i].hash));
		if (g == NULL || (u = tq_table_units(t, g)) == NULL)
			continue;
		for (k = n = 0; k < TQ_UNITS_MAX; k++)
			n += u->slot[k] == slot;
		if (n == 0 || (to = tq_buf_grow(out, 8)) == NULL)
			continue;
		tq_set64(to, g->hash);
		tq_buf_varint(out, n);
		for (k = 0; k < TQ_UNITS_MAX; k++)
			if (u->slot[k] == slot)
				tq_buf_varint(out, k);
	}
}
