/* Who waits for whom, and what they say; see model.h. */
#include "tests/model/model.h"

int
m_unended(const struct m_model *m, int x)
{
	return m->t[x].state != TQ_ABSENT && !TQ_STATE_ENDED(m->t[x].state);
}

int
m_failed(const struct m_model *m, int x)
{
	return TQ_STATE_ENDED(m->t[x].state) && m->t[x].state != TQ_SUCCESS;
}

int
m_real(const struct m_model *m, int d)
{
	while (m->t[d].alias != -1)
		d = m->t[d].alias;
	return d;
}

int
m_needs(const struct m_scene *s, int x, int d)
{
	int i;

	if (s->task[x].is_group)
		return s->task[d].group == x + 1;
	for (i = 0; i < s->task[x].ndeps; i++)
		if (s->task[x].deps[i] == d)
			return 1;
	return 0;
}

int
m_waits_for(const struct m_scene *s, const struct m_model *m, int x, int d)
{
	return m->t[x].state != TQ_ABSENT && m->t[d].state != TQ_ABSENT &&
	    (m_needs(s, x, d) || m->t[x].follow == d);
}

/* What the tasks that x waits for say, whether it heeds them or not. */
static enum tq_verdict
verdict(const struct m_scene *s, const struct m_model *m, int x)
{
	const struct m_task_is *is = &s->task[x];
	int d, left = m->t[x].open, bad = 0, pipe = 0;

	for (d = 0; d < s->n; d++) {
		if (!m_waits_for(s, m, x, d))
			continue;
		left += m_unended(m, m_real(m, d));
		if (!m_needs(s, x, d) || !m_failed(m, m_real(m, d)))
			continue;
		bad++;
		pipe |= is->pipe && is->deps[is->ndeps - 1] == d;
	}
	if (is->is_group)
		return left > 0 ? TQ_VERDICT_WAIT : bad > 0 ?
		    TQ_VERDICT_FAILED : TQ_VERDICT_SUCCESS;
	if (pipe || (bad > 0 && is->when == TQ_WHEN_OK))
		return TQ_VERDICT_FAILED;
	if (left > 0)
		return TQ_VERDICT_WAIT;
	return is->when == TQ_WHEN_FAIL && bad == 0 ? TQ_VERDICT_UNNEEDED :
	    TQ_VERDICT_RUN;
}

int
m_vain(const struct m_scene *s, const struct m_model *m, int x)
{
	enum tq_verdict v = verdict(s, m, x);

	return v == TQ_VERDICT_FAILED || v == TQ_VERDICT_UNNEEDED;
}

enum tq_verdict
m_verdict(const struct m_scene *s, const struct m_model *m, int x)
{
	return m->t[x].freed ? TQ_VERDICT_RUN : verdict(s, m, x);
}

int
m_key_holder(const struct m_scene *s, const struct m_model *m, int x,
    int started)
{
	int y;

	for (y = 0; y < s->n; y++)
		if (y != x && s->task[x].key && s->task[y].key &&
		    m_unended(m, y) && m->t[y].started == started)
			return y;
	return -1;
}

int
m_key_taken(const struct m_scene *s, const struct m_model *m, int x)
{
	return m_key_holder(s, m, x, 0) != -1 || m_key_holder(s, m, x, 1) != -1;
}
