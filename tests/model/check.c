/* What must hold in every state and over every event; see model.h. */
#include <stdio.h>
#include <string.h>

#include "tests/model/model.h"

/* ---- a state ------------------------------------------------------------ */

/* Of a key: one that has not started, and the one that it has to follow. */
static const char *
wrong_key(const struct m_scene *s, const struct m_model *m)
{
	int x, fresh = 0, begun = 0, last = -1;

	for (x = 0; x < s->n; x++) {
		if (!s->task[x].key || !m_unended(m, x))
			continue;
		if (m->t[x].started)
			begun++;
		else {
			fresh++;
			last = x;
		}
	}
	if (fresh > 1 || begun > 1)
		return "a key has two tasks";
	if (fresh == 1 && begun == 1 && m->t[last].state != TQ_BLOCKED &&
	    m->t[last].state != TQ_HELD)
		return "two tasks of a key may run at once";
	return NULL;
}

static const char *
wrong_lane(const struct m_scene *s, const struct m_model *m)
{
	int x, holders = 0;

	for (x = 0; x < s->n; x++) {
		holders += m->t[x].holds;
		if (s->lane && m->t[x].state == TQ_STARTED && !m->t[x].holds)
			return "one runs that has not its lane";
	}
	return holders > 1 ? "two have the lane" : NULL;
}

static const char *
wrong_task(const struct m_scene *s, const struct m_model *m, int x)
{
	const struct m_task *t = &m->t[x];

	if (t->state == TQ_BLOCKED && m_verdict(s, m, x) != TQ_VERDICT_WAIT)
		return "blocked by nothing";
	if (t->state == TQ_BLOCKED && t->started)
		return "one that has started is blocked";
	if (t->caused && m_verdict(s, m, x) != (t->state == TQ_FAILURE ?
	    TQ_VERDICT_FAILED : TQ_VERDICT_UNNEEDED))
		return "ended by what is not so";
	if (m_unended(m, x) && t->state != TQ_STARTED && !t->waived &&
	    s->task[x].expires != 0 && s->task[x].expires <= m->clock)
		return "waits after its time";
	return NULL;
}

/* The next step of one that people let go on, and whose every run succeeds. */
static int
go_on(const struct m_scene *s, struct m_model *m, int x)
{
	static const enum m_event evs[] = { M_SEAL, M_RELEASE, M_CLAIM,
	    M_SUCCEED };
	size_t i;

	for (i = 0; i < T_COUNT(evs); i++)
		if (m_step(s, m, evs[i], x) == M_DONE)
			return 1;
	return 0;
}

/* From here all come to an end: nothing waits for ever. */
static const char *
wrong_end(const struct m_scene *scene, const struct m_model *from)
{
	struct m_scene s = *scene;
	struct m_model m = *from;
	int x, steps = 0, again;

	s.less = 0;
	do {
		for (x = 0, again = 0; x < s.n; x++)
			again |= go_on(&s, &m, x);
		if (!again)
			again = m_step(&s, &m, M_FORTH, 0) == M_DONE;
	} while (again && steps++ < 100);
	for (x = 0; x < s.n; x++)
		if (m_unended(&m, x))
			return "one never ends";
	return NULL;
}

const char *
m_wrong(const struct m_scene *s, const struct m_model *m)
{
	const char *why;
	int x;

	for (x = 0; x < s->n; x++)
		if ((why = wrong_task(s, m, x)) != NULL)
			return why;
	if ((why = wrong_key(s, m)) != NULL ||
	    (why = wrong_lane(s, m)) != NULL)
		return why;
	return wrong_end(s, m);
}

/* ---- an event ----------------------------------------------------------- */

/* What happened to another task, y, is what may follow. */
static const char *
wrong_other(const struct m_task *a, const struct m_task *b, int time,
    int down)
{
	if (a->state == b->state)
		return NULL;
	/* a barrier opens once: who has started is not started by it again */
	if (a->started && !TQ_STATE_ENDED(a->state) && !time &&
	    b->state != TQ_REVOKED)
		return "one that had started was moved by another";
	if (a->state == TQ_STARTED && !(down && b->state == TQ_REVOKED))
		return "a running one was ended by another";
	if (b->state == TQ_STARTED)
		return "started by another";
	return NULL;
}

const char *
m_wrong_step(const struct m_scene *s, const struct m_model *from,
    enum m_event ev, int x, const struct m_model *to)
{
	int time = ev == M_FORTH || ev == M_BACK, y;
	int down = ev == M_REVOKE || ev == M_LEAVE;
	const struct m_task *a, *b;
	const char *why;

	for (y = 0; y < s->n; y++) {
		a = &from->t[y];
		b = &to->t[y];
		if (y != x && (why = wrong_other(a, b, time, down)) != NULL)
			return why;
		if ((y == x && ev == M_REOPEN) || ev == M_REOPENS)
			continue;
		if (a->state == TQ_EXPIRED && b->state != TQ_EXPIRED)
			return "one that expired came back";
		if (a->state == TQ_REVOKED && !a->caused &&
		    b->state != TQ_REVOKED)
			return "one that was revoked came back";
		if (a->state == TQ_SUCCESS && !s->task[y].is_group &&
		    b->state != TQ_SUCCESS)
			return "a success came back";
		if (b->state == TQ_STARTED && a->state != TQ_STARTED &&
		    s->task[y].expires != 0 && !b->waived &&
		    s->task[y].expires <= to->clock)
			return "one that expired started";
	}
	return NULL;
}
