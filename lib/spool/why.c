/* Why a ready task is not running: what the tables of queues and gates say. */
#include <stdio.h>
#include <string.h>

#include "base/rules.h"
#include "spool/gate.h"
#include "spool/row.h"
#include "spool/verb.h"

static void
rate_text(struct tq_spool_look *out, uint32_t limit, tq_time period)
{
	char rate[40];

	tq_rate_format(rate, sizeof(rate), limit, period);
	snprintf(out->why_text, sizeof(out->why_text), "rate %s", rate);
	out->why = out->why_text;
}

static void
cap_text(struct tq_spool_look *out, int64_t cap)
{
	snprintf(out->why_text, sizeof(out->why_text), "cap %lld",
	    (long long)cap);
	out->why = out->why_text;
}

/* The gate that keeps it back. */
static void
look_gate(struct tq_spool *sp, const struct tq_gate *g,
    struct tq_spool_look *out)
{
	struct tq_slot *s;

	switch (g->kind) {
	case TQ_GATE_LANE:
		out->why = "lane busy";
		if ((s = tq_table_slot(&sp->t, g->more)) != NULL)
			out->gate.busy = s->id;
		break;
	case TQ_GATE_RATE:
		rate_text(out, g->limit, g->period);
		break;
	default:
		cap_text(out, g->limit);
		break;
	}
}

/* Whether any worker that serves its queue has what it needs. */
static void
look_needs(struct tq_spool *sp, const struct tq_slot *s,
    struct tq_spool_look *out)
{
	struct tq_pass *p = tq_table_pass(&sp->t, s);
	struct tq_gate *g = p == NULL ? NULL : tq_table_gate(&sp->t, p->class);
	struct tq_needs *needs = g == NULL ? NULL : tq_table_needs(&sp->t, g);
	uint32_t i, n = needs == NULL ? 0 : needs->n;
	unsigned row, served = 0;
	int met[TQ_NEEDS_MAX] = { 0 };
	const struct tq_wrow *w;

	for (row = 1; n > 0 && row <= sp->t.top->rows && row < TQ_WORKERS_MAX;
	    row++) {
		w = &sp->t.wrows[row];
		if (w->joined == 0 || !tq_row_serves(w, s->queue))
			continue;
		served = 1;
		if (tq_line_offered(&sp->t, s, w))
			return;
		for (i = 0; i < n; i++)
			met[i] |= tq_line_meets(&sp->t, &needs->v[i], w);
	}
	if (!served)
		return;
	out->gate.unoffered = 1;
	for (i = 0; i < n; i++)
		if (!met[i])
			out->gate.lacking = needs->v[i].hash;
}

void
tq_look_why(struct tq_spool *sp, const struct tq_slot *s,
    const struct tq_qrow *q, tq_time now, struct tq_spool_look *out)
{
	const struct tq_settings *all = &sp->t.top->set;
	struct tq_gate *g;

	switch (tq_queue_closed(&sp->t, q, now)) {
	case TQ_CLOSED_PAUSE:
		out->why = "paused";
		return;
	case TQ_CLOSED_CAP:
		cap_text(out, tq_setting_get(&q->set, all, TQ_SET_CAP));
		return;
	case TQ_CLOSED_RATE:
		rate_text(out, (uint32_t)tq_setting_get(&q->set, all,
		    TQ_SET_RATE), tq_setting_get(&q->set, all,
		    TQ_SET_PERIOD));
		return;
	case TQ_OPEN:
		break;
	}
	if (s->pass == 0)
		return;
	g = tq_table_gate(&sp->t, tq_gate_refuses(&sp->t, s, now));
	if (g != NULL)
		look_gate(sp, g, out);
	else
		look_needs(sp, s, out);
}
