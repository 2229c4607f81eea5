/* Events, and what follows from them; see model.h. */
#include <string.h>

#include "tests/model/model.h"

static unsigned taken[TQ_NARROWS][TQ_NSTATES];
static int noting;

void
m_note_arrows(int on)
{
	noting = on;
}

unsigned
m_arrows_taken(enum tq_arrow arrow, enum tq_state from)
{
	return taken[arrow][from];
}

const char *
m_event_name(enum m_event ev)
{
	static const char *const names[M_NEVENTS] = { "put", "seal", "leave",
	    "claim", "succeed", "fail", "drop", "again", "give", "crash",
	    "revoke", "hold", "release", "reopen", "forth", "back",
	    "reopens", "rebuild" };

	return names[ev];
}

/* ---- what follows ------------------------------------------------------- */

static void
arrow(enum tq_arrow a, struct m_task *t, enum tq_state to)
{
	if (!tq_arrow_is(a, t->state, to))
		fail_msg("no arrow %s from %s to %s", tq_arrow_name(a),
		    tq_state_name(t->state), tq_state_name(to));
	if (noting)
		taken[a][t->state] |= 1u << to;
	t->state = (uint8_t)to;
}

/* A task came into another state: those that wait for it take note. */
static void
enter(const struct m_scene *s, struct m_model *m, int x, enum tq_arrow a,
    enum tq_state state)
{
	int was = TQ_STATE_ENDED(m->t[x].state), y, d;

	arrow(a, &m->t[x], state);
	m->t[x].caused = a == TQ_ARROW_JUDGE && state != TQ_SUCCESS;
	if (TQ_STATE_ENDED(state))
		m->t[x].open = m->t[x].crashed = m->t[x].due = 0;
	if (TQ_STATE_ENDED(state) || state == TQ_STARTED)
		m->t[x].freed = 0;
	if (TQ_STATE_ENDED(state) || state == TQ_HELD)
		m->t[x].holds = 0;
	for (y = 0; y < s->n; y++)
		for (d = 0; d < s->n; d++) {
			if (!m_waits_for(s, m, y, d) || m_real(m, d) != x)
				continue;
			/* at once, even if x does not stay so */
			if (was && !TQ_STATE_ENDED(state) &&
			    tq_arrow_leads(TQ_ARROW_BLOCK, m->t[y].state) &&
			    !m->t[y].started &&
			    m_verdict(s, m, y) == TQ_VERDICT_WAIT)
				arrow(TQ_ARROW_BLOCK, &m->t[y], TQ_BLOCKED);
		}
}

/* Whose state may follow from what it waits for. */
static int
follows(const struct m_task *t)
{
	return t->state == TQ_BLOCKED || (!t->started && (t->state ==
	    TQ_HELD || t->state == TQ_READY || t->state == TQ_DELAYED));
}

/* One step of one task towards agreement: 1 it took one. */
static int
agree(const struct m_scene *s, struct m_model *m, int x)
{
	struct m_task *t = &m->t[x];
	enum tq_verdict v = m_verdict(s, m, x);

	/* what ended it has been undone */
	if (t->caused && !m_vain(s, m, x)) {
		if (m_key_taken(s, m, x)) {
			t->caused = 0;	/* it stays so, for good */
			return 1;
		}
		t->waived = s->task[x].expires != 0;
		enter(s, m, x, TQ_ARROW_REOPEN, TQ_BLOCKED);
		return 1;
	}
	if (!follows(t))
		return 0;
	if (v == TQ_VERDICT_WAIT) {
		if (!tq_arrow_leads(TQ_ARROW_BLOCK, t->state))
			return 0;
		enter(s, m, x, TQ_ARROW_BLOCK, TQ_BLOCKED);
		return 1;
	}
	if (v == TQ_VERDICT_RUN) {
		if (t->state != TQ_BLOCKED)
			return 0;
		enter(s, m, x, TQ_ARROW_UNBLOCK, t->due > m->clock ?
		    TQ_DELAYED : TQ_READY);
		return 1;
	}
	enter(s, m, x, TQ_ARROW_JUDGE, v == TQ_VERDICT_SUCCESS ? TQ_SUCCESS :
	    v == TQ_VERDICT_FAILED ? TQ_FAILURE : TQ_REVOKED);
	return 1;
}

/* What time makes of a task: 1 it did something. */
static int
time_comes(const struct m_scene *s, struct m_model *m, int x)
{
	struct m_task *t = &m->t[x];

	if (s->task[x].expires != 0 && !t->waived &&
	    s->task[x].expires <= m->clock &&
	    tq_arrow_leads(TQ_ARROW_EXPIRE, t->state)) {
		enter(s, m, x, TQ_ARROW_EXPIRE, TQ_EXPIRED);
		return 1;
	}
	if (tq_arrow_leads(TQ_ARROW_DUE, t->state) && t->due <= m->clock) {
		enter(s, m, x, TQ_ARROW_DUE, TQ_READY);
		return 1;
	}
	/* in the spool that is seen when somebody is about to claim it */
	if (t->state == TQ_READY && t->due > m->clock) {
		enter(s, m, x, TQ_ARROW_EARLY, t->started ? TQ_RETRY :
		    TQ_DELAYED);
		return 1;
	}
	return 0;
}

static void
settle_all(const struct m_scene *s, struct m_model *m)
{
	int x, steps = 0, again;

	do {
		for (x = 0, again = 0; x < s->n; x++)
			again |= agree(s, m, x);
		for (x = 0; x < s->n && !again; x++)
			again |= time_comes(s, m, x);
		assert_true(steps++ < 100);
	} while (again);
}

/* ---- puts --------------------------------------------------------------- */

static void
make(const struct m_scene *s, struct m_model *m, int x)
{
	const struct m_task_is *is = &s->task[x];
	struct m_task *t = &m->t[x];
	int waits;

	t->due = is->eta;
	t->open = (uint8_t)is->open;
	/* asked as if it were there */
	t->state = TQ_READY;
	waits = is->is_group || m_verdict(s, m, x) != TQ_VERDICT_RUN;
	t->state = TQ_ABSENT;
	arrow(TQ_ARROW_PUT, t, is->held ? TQ_HELD : waits ? TQ_BLOCKED :
	    is->eta > m->clock ? TQ_DELAYED : TQ_READY);
}

static int
put(const struct m_scene *s, struct m_model *m, int x)
{
	const struct m_task_is *is = &s->task[x];
	int i, old, running, g = is->group - 1;

	if (!is->later || m->t[x].state != TQ_ABSENT)
		return M_NOT;
	if (g >= 0 && !m->t[g].open)
		return M_REFUSED;
	for (i = 0; i < is->ndeps; i++)
		if (m->t[is->deps[i]].state == TQ_ABSENT)
			return M_REFUSED;
	old = m_key_holder(s, m, x, 0);
	running = m_key_holder(s, m, x, 1);
	/* one that has started and is alone, and does not run now, is no other */
	if (old == -1 && running != -1 && m->t[running].state != TQ_STARTED) {
		old = running;
		running = -1;
	}
	if (old != -1 && is->on_key != TQ_KEY_REPLACE)
		return M_REFUSED;
	if (running != -1 && is->on_key == TQ_KEY_SKIP)
		return M_REFUSED;
	m->t[x].follow = (int8_t)running;
	make(s, m, x);
	if (old != -1) {
		m->t[old].alias = (int8_t)x;
		enter(s, m, old, TQ_ARROW_DOWN, TQ_REVOKED);
	}
	return M_DONE;
}

void
m_begin(const struct m_scene *s, struct m_model *m)
{
	int x;

	memset(m, 0, sizeof(*m));
	for (x = 0; x < M_TASKS; x++)
		m->t[x].alias = m->t[x].follow = -1;
	for (x = 0; x < s->n; x++)
		if (!s->task[x].later)
			make(s, m, x);
	settle_all(s, m);
}

/* ---- events ------------------------------------------------------------- */

/* A group was given up: its members go with it. */
static void
down(const struct m_scene *s, struct m_model *m, int group)
{
	int y;

	for (y = s->n - 1; y >= 0; y--)
		if (s->task[y].group == group + 1 && m_unended(m, y)) {
			enter(s, m, y, TQ_ARROW_DOWN, TQ_REVOKED);
			down(s, m, y);
		}
}

static int
claim(const struct m_scene *s, struct m_model *m, int x)
{
	int y;

	if (m->t[x].state != TQ_READY)
		return M_NOT;
	for (y = 0; s->lane && y < s->n; y++)
		if (y != x && (m->t[y].holds || (y < x && !m->t[x].moved &&
		    !m->t[y].moved && m->t[y].state == TQ_READY)))
			return M_NOT;
	enter(s, m, x, TQ_ARROW_CLAIM, TQ_STARTED);
	m->t[x].started = 1;
	m->t[x].due = 0;
	m->t[x].holds = s->lane != 0;
	return M_DONE;
}

/* The end of an attempt. */
static int
settle(const struct m_scene *s, struct m_model *m, enum m_event ev, int x)
{
	static const enum tq_state to[M_NEVENTS] = { [M_SUCCEED] = TQ_SUCCESS,
	    [M_FAIL] = TQ_FAILURE, [M_DROP] = TQ_REVOKED,
	    [M_AGAIN] = TQ_RETRY, [M_GIVE] = TQ_READY };
	struct m_task *t = &m->t[x];

	if (t->state != TQ_STARTED || (ev == M_AGAIN && m->clock == s->clock))
		return M_NOT;
	if (ev == M_CRASH && (t->crashed || s->task[x].once))
		enter(s, m, x, TQ_ARROW_CRASH, TQ_FAILURE);
	else if (ev == M_CRASH) {
		t->crashed = 1;
		enter(s, m, x, TQ_ARROW_CRASH, TQ_READY);
	} else
		enter(s, m, x, TQ_ARROW_SETTLE, to[ev]);
	if (ev == M_AGAIN)
		t->due = m->clock + 1;
	return M_DONE;
}

/* A person's retry; of a copy where all begins again that does so with it. */
static void
retry(const struct m_scene *s, struct m_model *m, int x,
    const struct m_model *with)
{
	struct m_task *t = &m->t[x];
	int group = s->task[x].is_group;
	int vain = !group && m_vain(s, with, x);

	t->waived = s->task[x].expires != 0;
	t->alias = -1;
	enter(s, m, x, TQ_ARROW_RETRY, group ? TQ_BLOCKED : TQ_READY);
	t->freed = (uint8_t)vain;
}

/* A retry of all that did not succeed, in one call. */
static int
retry_all(const struct m_scene *s, struct m_model *m)
{
	struct m_model with = *m;
	int x, y, is[M_TASKS] = { 0 }, any = 0;

	for (x = 0; x < s->n; x++) {
		if (!m_failed(m, x) || m_key_taken(s, m, x))
			continue;
		with.t[x].state = TQ_READY;
		with.t[x].alias = -1;
		/* of two that have the key, the first */
		for (y = 0, is[x] = 1; y < x && s->task[x].key; y++)
			if (is[y] && s->task[y].key)
				is[x] = 0;
		any |= is[x];
	}
	for (x = 0; x < s->n; x++)
		if (is[x]) {
			retry(s, m, x, &with);
			m->t[x].moved = s->lane != 0;
		}
	/* what it waits for may end at once, but it began again before that */
	for (x = 0; x < s->n; x++)
		if (is[x] && m->t[x].state == TQ_READY && !m->t[x].started &&
		    m_verdict(s, m, x) != TQ_VERDICT_RUN)
			arrow(TQ_ARROW_BLOCK, &m->t[x], TQ_BLOCKED);
	return any ? M_DONE : M_NOT;
}

/* What a person does. */
static int
verb(const struct m_scene *s, struct m_model *m, enum m_event ev, int x)
{
	struct m_task *t = &m->t[x];
	int group = s->task[x].is_group;

	if (t->state == TQ_ABSENT)
		return M_NOT;
	switch (ev) {
	case M_REVOKE:
		if (!m_unended(m, x))
			return M_REFUSED;
		enter(s, m, x, TQ_ARROW_REVOKE, TQ_REVOKED);
		down(s, m, x);
		return M_DONE;
	case M_HOLD:
		if (group || !tq_arrow_leads(TQ_ARROW_HOLD, t->state))
			return M_REFUSED;
		enter(s, m, x, TQ_ARROW_HOLD, TQ_HELD);
		return M_DONE;
	case M_RELEASE:
		if (t->state != TQ_HELD)
			return M_REFUSED;
		enter(s, m, x, TQ_ARROW_RELEASE, !t->started &&
		    m_verdict(s, m, x) != TQ_VERDICT_RUN ? TQ_BLOCKED :
		    t->due > m->clock ? TQ_DELAYED : TQ_READY);
		return M_DONE;
	default:
		if (m_unended(m, x) || m_key_taken(s, m, x))
			return M_REFUSED;
		retry(s, m, x, m);
		return M_DONE;
	}
}

/* Who puts the members of a group has put the last, or dies. */
static int
filled(const struct m_scene *s, struct m_model *m, enum m_event ev, int x)
{
	if (!m->t[x].open)
		return M_NOT;
	m->t[x].open = 0;
	if (ev == M_LEAVE) {
		enter(s, m, x, TQ_ARROW_ORPHAN, TQ_FAILURE);
		down(s, m, x);
	}
	return M_DONE;
}

static int
tick(const struct m_scene *s, struct m_model *m, enum m_event ev, int x)
{
	if (x != 0 || m->clock == (ev == M_FORTH ? s->clock : 0))
		return M_NOT;
	m->clock = (uint8_t)(m->clock + (ev == M_FORTH ? 1 : -1));
	return M_DONE;
}

static int
happen(const struct m_scene *s, struct m_model *m, enum m_event ev, int x)
{
	switch (ev) {
	case M_PUT:
		return put(s, m, x);
	case M_SEAL:
	case M_LEAVE:
		return filled(s, m, ev, x);
	case M_CLAIM:
		return claim(s, m, x);
	case M_REVOKE:
	case M_HOLD:
	case M_RELEASE:
	case M_REOPEN:
		return verb(s, m, ev, x);
	case M_FORTH:
	case M_BACK:
		return tick(s, m, ev, x);
	case M_REOPENS:
		return x == 0 ? retry_all(s, m) : M_NOT;
	case M_REBUILD:
		return x == 0 ? M_DONE : M_NOT;
	default:
		return settle(s, m, ev, x);
	}
}

int
m_step(const struct m_scene *s, struct m_model *m, enum m_event ev, int x)
{
	int rv;

	if (s->less & M_BIT(ev) || (rv = happen(s, m, ev, x)) == M_NOT)
		return M_NOT;
	if (rv == M_DONE && s->lane && ev != M_CLAIM && ev != M_SUCCEED &&
	    ev != M_FAIL && ev != M_FORTH && ev != M_BACK && ev < M_REOPENS)
		m->t[x].moved = 1;
	settle_all(s, m);
	return rv;
}
