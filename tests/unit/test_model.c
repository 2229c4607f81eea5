/*
 * The states of tasks that wait for each other, explored to the end.
 *
 * The model is what tq_spool(5) says under "Dependencies", in a few dozen lines
 * that know nothing of edges, lists or records.  From the state after the puts
 * every event is tried on every task, in every state that can be reached; after
 * each the spool must be where the model is and its table must agree with
 * itself; each state that is new is rebuilt from the ledger too, and must be the
 * same.  The model takes no step that is no arrow of the page, and all of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/spool/core.h"
#include "lib/spool/graph.h"
#include "tests/lib/spool.h"

#define MAX		4	/* tasks of a scene */
#define NODES		20000	/* states that a scene may have */
#define PATH		48	/* events that lead to one */

/* ---- the model --------------------------------------------------------- */

enum event {
	SUCCEED, FAIL, AGAIN, CRASH, REVOKE, HOLD, RELEASE, REOPEN, EXPIRE,
	DUE, NEVENTS
};

/* Left out of larger scenes, or they would have a hundred thousand steps. */
#define FEW	(1 << AGAIN | 1 << CRASH | 1 << EXPIRE | 1 << DUE)

struct scene {
	const char	*name;
	unsigned	 less;		/* events that do not happen in it */
	int		 n;
	struct {
		int		 ndeps, deps[MAX];
		enum tq_when	 when;
		int		 is_group, group;	/* number + 1 of it, 0 none */
	}		 task[MAX];
};

struct mtask {
	uint8_t		 state;
	uint8_t		 started;	/* ever */
	uint8_t		 caused;	/* it ended by what it waited for */
	uint8_t		 crashed;
	int8_t		 blame;		/* the first of those to fail, -1 */
};

struct model {
	struct mtask	 t[MAX];
};

static int
waits_for(const struct scene *s, int x, int d)
{
	int i;

	if (s->task[x].is_group)
		return s->task[d].group == x + 1;
	for (i = 0; i < s->task[x].ndeps; i++)
		if (s->task[x].deps[i] == d)
			return 1;
	return 0;
}

/* What the tasks that x waits for say. */
static enum tq_verdict
verdict(const struct scene *s, const struct model *m, int x)
{
	int d, left = 0, bad = 0;

	for (d = 0; d < s->n; d++)
		if (waits_for(s, x, d)) {
			left += !TQ_STATE_ENDED(m->t[d].state);
			bad += TQ_STATE_ENDED(m->t[d].state) &&
			    m->t[d].state != TQ_SUCCESS;
		}
	if (s->task[x].is_group)
		return left > 0 ? TQ_VERDICT_WAIT : bad > 0 ?
		    TQ_VERDICT_FAILED : TQ_VERDICT_SUCCESS;
	if (bad > 0 && s->task[x].when == TQ_WHEN_OK)
		return TQ_VERDICT_FAILED;
	if (left > 0)
		return TQ_VERDICT_WAIT;
	return s->task[x].when == TQ_WHEN_FAIL && bad == 0 ?
	    TQ_VERDICT_UNNEEDED : TQ_VERDICT_RUN;
}

static int
find_bad(const struct scene *s, const struct model *m, int x)
{
	int d;

	/* which of several is not said: the spool looks at the youngest first */
	for (d = s->n - 1; d >= 0; d--)
		if (waits_for(s, x, d) && TQ_STATE_ENDED(m->t[d].state) &&
		    m->t[d].state != TQ_SUCCESS)
			break;
	return d;
}

/* The arrows of tq_spool(5), States; a claim and its end are one event here. */
static const uint16_t arrows[TQ_NSTATES] = {
	[TQ_HELD] = 1 << TQ_READY | 1 << TQ_BLOCKED | 1 << TQ_REVOKED |
	    1 << TQ_EXPIRED | 1 << TQ_FAILURE,
	[TQ_BLOCKED] = 1 << TQ_READY | 1 << TQ_HELD | 1 << TQ_REVOKED |
	    1 << TQ_EXPIRED | 1 << TQ_FAILURE | 1 << TQ_SUCCESS,
	[TQ_READY] = 1 << TQ_HELD | 1 << TQ_REVOKED |
	    1 << TQ_EXPIRED | 1 << TQ_BLOCKED | 1 << TQ_FAILURE |
	    1 << TQ_SUCCESS | 1 << TQ_RETRY,
	[TQ_RETRY] = 1 << TQ_READY | 1 << TQ_HELD | 1 << TQ_REVOKED |
	    1 << TQ_EXPIRED,
	[TQ_SUCCESS] = 1 << TQ_READY | 1 << TQ_BLOCKED,
	[TQ_FAILURE] = 1 << TQ_READY | 1 << TQ_BLOCKED,
	[TQ_REVOKED] = 1 << TQ_READY | 1 << TQ_BLOCKED,
	[TQ_EXPIRED] = 1 << TQ_READY,
};
static uint16_t seen[TQ_NSTATES];

/* A task came into another state: those that wait for it take note. */
static void
enter(const struct scene *s, struct model *m, int x, enum tq_state state,
    int caused)
{
	int was = TQ_STATE_ENDED(m->t[x].state), y;

	if (!(arrows[m->t[x].state] >> state & 1))
		fail_msg("no arrow from %s to %s", tq_state_name(
		    m->t[x].state), tq_state_name(state));
	seen[m->t[x].state] |= (uint16_t)(1 << state);
	m->t[x].state = (uint8_t)state;
	m->t[x].caused = (uint8_t)caused;
	for (y = 0; y < s->n; y++) {
		if (!waits_for(s, y, x))
			continue;
		if (was && !TQ_STATE_ENDED(state)) {
			if (m->t[y].blame == x)
				m->t[y].blame = -1;
			/* at once, even if x does not stay so */
			if (m->t[y].state == TQ_READY && !m->t[y].started &&
			    verdict(s, m, y) == TQ_VERDICT_WAIT)
				m->t[y].state = TQ_BLOCKED;
		}
		if (TQ_STATE_ENDED(state) && state != TQ_SUCCESS &&
		    m->t[y].blame == -1)
			m->t[y].blame = (int8_t)x;
	}
}

/* 1 if what ended a task has been undone. */
static int
undone(const struct scene *s, const struct model *m, int x)
{
	int d, blame = m->t[x].blame;

	if (!m->t[x].caused)
		return 0;
	if (m->t[x].state == TQ_FAILURE)
		return blame == -1 || !TQ_STATE_ENDED(m->t[blame].state) ||
		    m->t[blame].state == TQ_SUCCESS;
	for (d = 0; d < s->n; d++)
		if (waits_for(s, x, d) && m->t[d].state != TQ_SUCCESS)
			return 1;
	return 0;
}

/* One step of one task towards agreement: 1 it took one. */
static int
agree(const struct scene *s, struct model *m, int x)
{
	struct mtask *t = &m->t[x];

	if (undone(s, m, x)) {
		t->crashed = 0;
		enter(s, m, x, TQ_BLOCKED, 0);
		return 1;
	}
	if (t->state != TQ_BLOCKED && t->state != TQ_HELD &&
	    (t->started || t->state != TQ_READY))
		return 0;
	switch (verdict(s, m, x)) {
	case TQ_VERDICT_WAIT:
		if (t->state != TQ_READY)
			return 0;
		enter(s, m, x, TQ_BLOCKED, 0);
		return 1;
	case TQ_VERDICT_RUN:
		if (t->state != TQ_BLOCKED)
			return 0;
		enter(s, m, x, TQ_READY, 0);
		return 1;
	default:
		break;
	}
	if (t->state == TQ_READY)
		return 0;	/* a person let it run all the same */
	if (t->blame == -1)
		t->blame = (int8_t)find_bad(s, m, x);
	switch (verdict(s, m, x)) {
	case TQ_VERDICT_SUCCESS:
		enter(s, m, x, TQ_SUCCESS, 0);
		return 1;
	case TQ_VERDICT_FAILED:
		enter(s, m, x, TQ_FAILURE, 1);
		return 1;
	default:
		enter(s, m, x, TQ_REVOKED, 1);
		return 1;
	}
}

static void
settle_all(const struct scene *s, struct model *m)
{
	int x, steps = 0, again;

	do {
		for (x = 0, again = 0; x < s->n; x++)
			again |= agree(s, m, x);
		assert_true(steps++ < 100);
	} while (again);
}

static void
model_begin(const struct scene *s, struct model *m)
{
	int x;

	memset(m, 0, sizeof(*m));
	for (x = 0; x < s->n; x++) {
		m->t[x].blame = -1;
		m->t[x].state = s->task[x].is_group ? TQ_BLOCKED : TQ_READY;
	}
	settle_all(s, m);
}

static void
revoke(const struct scene *s, struct model *m, int x)
{
	int y;

	enter(s, m, x, TQ_REVOKED, 0);
	for (y = s->n - 1; y >= 0; y--)
		if (s->task[y].group == x + 1 &&
		    !TQ_STATE_ENDED(m->t[y].state))
			enter(s, m, y, TQ_REVOKED, 0);
}

/* 1 if the event can happen to task x; then the model is where it leads. */
static int
model_step(const struct scene *s, struct model *m, enum event ev, int x)
{
	struct mtask *t = &m->t[x];
	int group = s->task[x].is_group, ended = TQ_STATE_ENDED(t->state);

	switch (ev) {
	case SUCCEED:
	case FAIL:
	case AGAIN:
	case CRASH:
		if (t->state != TQ_READY || (ev == CRASH && t->crashed))
			return 0;
		t->started = 1;
		t->crashed |= ev == CRASH;
		if (ev != CRASH)
			enter(s, m, x, ev == SUCCEED ? TQ_SUCCESS :
			    ev == FAIL ? TQ_FAILURE : TQ_RETRY, 0);
		break;
	case REVOKE:
		if (ended)
			return 0;
		revoke(s, m, x);
		break;
	case HOLD:
		if (ended || group || t->state == TQ_HELD)
			return 0;
		enter(s, m, x, TQ_HELD, 0);
		break;
	case RELEASE:
		if (t->state != TQ_HELD)
			return 0;
		enter(s, m, x, !t->started &&
		    verdict(s, m, x) != TQ_VERDICT_RUN ? TQ_BLOCKED :
		    TQ_READY, 0);
		break;
	case REOPEN:
		if (!ended)
			return 0;
		t->crashed = 0;
		enter(s, m, x, group ? TQ_BLOCKED : TQ_READY, 0);
		break;
	case EXPIRE:
		if (ended || group)
			return 0;
		enter(s, m, x, TQ_EXPIRED, 0);
		break;
	default:
		if (t->state != TQ_RETRY)
			return 0;
		enter(s, m, x, TQ_READY, 0);
		break;
	}
	settle_all(s, m);
	return 1;
}

/* ---- the spool ---------------------------------------------------------- */

struct run {
	const struct scene *s;
	struct t_spool	*f;
	uint32_t	 base;		/* ids of this run are behind it */
};

static struct tq_uuid
id_of(const struct run *r, int x)
{
	return t_id(r->base + (uint32_t)x + 1);
}

static const char *
queue_of(int x)
{
	static const char *const names[MAX] = { "q0", "q1", "q2", "q3" };

	return names[x];
}

static void
spool_begin(struct run *r)
{
	struct tq_spool_ties ties[MAX];
	struct tq_spool_put v[MAX];
	struct tq_uuid deps[MAX][MAX];
	const struct scene *s = r->s;
	size_t which;
	int x, i;

	memset(ties, 0, sizeof(ties));
	memset(v, 0, sizeof(v));
	for (x = 0; x < s->n; x++) {
		v[x].id = id_of(r, x);
		v[x].queue = queue_of(x);
		v[x].keep = v[x].body_fd = -1;
		v[x].ties = &ties[x];
		if (s->task[x].is_group)
			ties[x].rel.has |= 1u << TQ_REL_GROUP;
		if (s->task[x].group != 0) {
			ties[x].rel.has |= 1u << TQ_REL_MEMBER;
			ties[x].rel.member = id_of(r, s->task[x].group - 1);
		}
		for (i = 0; i < s->task[x].ndeps; i++)
			deps[x][i] = id_of(r, s->task[x].deps[i]);
		if (s->task[x].ndeps == 0)
			continue;
		ties[x].rel.has |= 1u << TQ_REL_AFTER | 1u << TQ_REL_WHEN;
		ties[x].rel.when = (uint8_t)s->task[x].when;
		ties[x].rel.after.p = (const char *)deps[x];
		ties[x].rel.after.n = (size_t)s->task[x].ndeps *
		    sizeof(deps[x][0]);
	}
	if (tq_spool_put(r->f->sp, v, (size_t)s->n, 0, &which,
	    &r->f->e) == -1)
		fail_msg("put: %s", r->f->e.text);
}

static struct tq_slot *
slot_of(struct run *r, int x, uint32_t *n)
{
	struct tq_uuid id = id_of(r, x);

	*n = tq_table_find(&r->f->sp->t, &id);
	assert_int_not_equal(*n, 0);
	return &r->f->sp->t.slots[*n];
}

/* Let time come to a slot: its expiry, or the end of its delay. */
static void
time_comes(struct run *r, int x, int expiry)
{
	struct tq_spool *sp = r->f->sp;
	enum tq_state state;
	struct tq_slot *s;
	tq_time next;
	uint32_t n;

	assert_int_equal(tq_core_enter(sp, &r->f->e), 0);
	s = slot_of(r, x, &n);
	state = s->state;
	tq_table_leave(&sp->t, n);
	if (expiry)
		s->expires = 1;
	else
		s->due = 1;
	tq_table_enter(&sp->t, n, state, 0);
	assert_int_not_equal(tq_timers(sp, tq_clock_wall(), &next, &r->f->e),
	    -1);
	s->expires = 0;
	tq_core_leave(sp);
}

static void
claim_and_end(struct run *r, int x, enum event ev)
{
	static const int none[2] = { -1, -1 };
	struct tq_take take = { .queue = { queue_of(x) }, .nqueues = 1 };
	struct tq_rec_end end = { .state = TQ_SUCCESS };
	struct tq_spool *sp = r->f->sp;
	struct tq_spool_got got;
	struct tq_uuid id = id_of(r, x);
	int taken[2];

	if (ev == CRASH)
		sp = t_spool_open(r->f);
	assert_int_equal(tq_spool_claim(sp, &take, &got, &r->f->e), 1);
	assert_memory_equal(&got.s.id, &id, sizeof(id));
	if (ev == CRASH) {
		tq_spool_close(sp);
		return;
	}
	if (ev == FAIL)
		end.state = TQ_FAILURE;
	if (ev == AGAIN) {
		end.state = TQ_RETRY;
		end.when = INT64_MAX / 2;
	}
	assert_int_equal(tq_spool_settle(sp, &id, got.slot, got.s.attempt,
	    &end, none, taken, 0, &r->f->e), 0);
}

static void
spool_step(struct run *r, enum event ev, int x)
{
	static const enum tq_verb verbs[NEVENTS] = { [REVOKE] = TQ_DO_REVOKE,
	    [HOLD] = TQ_DO_HOLD, [RELEASE] = TQ_DO_RELEASE,
	    [REOPEN] = TQ_DO_RETRY };
	struct tq_uuid id = id_of(r, x);
	uint64_t changed = 0;
	size_t which;

	switch (ev) {
	case SUCCEED:
	case FAIL:
	case AGAIN:
	case CRASH:
		claim_and_end(r, x, ev);
		break;
	case EXPIRE:
	case DUE:
		time_comes(r, x, ev == EXPIRE);
		break;
	default:
		/* a delayed one that is released may run, for this test */
		if (ev == RELEASE)
			slot_of(r, x, &(uint32_t){ 0 })->due = 0;
		assert_int_equal(tq_spool_act(r->f->sp, verbs[ev], &id, 1,
		    NULL, TQ_DO_FORCE, &changed, &which, &r->f->e), 0);
		assert_int_equal(changed, 1);
		break;
	}
}

/* What a cascade left to others is done by them. */
static void
spool_rest(struct run *r)
{
	tq_time next;

	assert_int_equal(tq_core_enter(r->f->sp, &r->f->e), 0);
	assert_int_not_equal(tq_timers(r->f->sp, tq_clock_wall(), &next,
	    &r->f->e), -1);
	tq_core_leave(r->f->sp);
	assert_int_equal(tq_cascade_all(r->f->sp, &r->f->e), 0);
}

static void
describe(const struct run *r, const uint8_t *path, int n, char *out,
    size_t size)
{
	static const char *const names[NEVENTS] = { "succeed", "fail",
	    "again", "crash", "revoke", "hold", "release", "reopen",
	    "expire", "due" };
	size_t at;
	int i;

	at = (size_t)snprintf(out, size, "%s:", r->s->name);
	for (i = 0; i < n && at < size; i++)
		at += (size_t)snprintf(out + at, size - at, " %s %d",
		    names[path[i] / MAX], path[i] % MAX);
}

static void
compare(struct run *r, const struct model *m, const uint8_t *path, int n,
    const char *when)
{
	char why[256] = "", text[1024];
	const struct tq_slot *s;
	uint32_t slot;
	int x;

	describe(r, path, n, text, sizeof(text));
	for (x = 0; x < r->s->n; x++) {
		s = slot_of(r, x, &slot);
		if (s->state != m->t[x].state)
			fail_msg("%s %s: task %d is %s, not %s", text, when, x,
			    tq_state_name(s->state),
			    tq_state_name(m->t[x].state));
	}
	if (!tq_table_audit(&r->f->sp->t, why, sizeof(why)))
		fail_msg("%s %s: %s", text, when, why);
}

/* All of a run goes, so that the spool stays small. */
static void
spool_end(struct run *r)
{
	static const enum tq_verb verbs[] = { TQ_DO_REVOKE, TQ_DO_FORGET };
	struct tq_uuid ids[MAX];
	uint64_t changed = 0;
	size_t which, i;
	int x;

	for (x = 0; x < r->s->n; x++)
		ids[x] = id_of(r, x);
	for (i = 0; i < 2; i++)
		assert_int_equal(tq_spool_act(r->f->sp, verbs[i], ids,
		    (size_t)r->s->n, NULL, TQ_DO_FORCE, &changed, &which,
		    &r->f->e), 0);
}

/* ---- the exploration ---------------------------------------------------- */

struct node {
	struct model	 m;
	uint8_t		 path[PATH];
	int		 n;
};

/* An open hash over nodes by their model, numbers + 1. */
static uint32_t table[4 * NODES];

/* 1 if a model is known; else it becomes that of node n. */
static int
known(const struct node *nodes, size_t n, const struct model *m)
{
	const unsigned char *p = (const unsigned char *)m;
	uint32_t h = 2166136261u;
	size_t i;

	for (i = 0; i < sizeof(*m); i++)
		h = (h ^ p[i]) * 16777619u;
	for (i = h % T_COUNT(table); table[i] != 0;
	    i = (i + 1) % T_COUNT(table))
		if (memcmp(&nodes[table[i] - 1].m, m, sizeof(*m)) == 0)
			return 1;
	table[i] = (uint32_t)n + 1;
	return 0;
}

/* Go the path of a node and one event more; look there. */
static void
visit(struct run *r, const struct node *to, int fresh)
{
	struct model m;
	int i;

	model_begin(r->s, &m);
	spool_begin(r);
	compare(r, &m, to->path, 0, "put");
	for (i = 0; i < to->n; i++) {
		assert_true(model_step(r->s, &m, to->path[i] / MAX,
		    to->path[i] % MAX));
		spool_step(r, to->path[i] / MAX, to->path[i] % MAX);
	}
	compare(r, &m, to->path, to->n, "live");
	if (fresh) {
		r->f->sp->t.bad = 1;
		spool_rest(r);
		compare(r, &m, to->path, to->n, "rebuilt");
	}
	spool_end(r);
	r->base += MAX;
}

static void
explore(struct t_spool *f, const struct scene *s)
{
	struct node *nodes = calloc(NODES, sizeof(*nodes)), next;
	struct run r = { .s = s, .f = f, .base = 1000 };
	size_t n = 1, at;
	int ev, x, fresh;

	assert_non_null(nodes);
	memset(table, 0, sizeof(table));
	model_begin(s, &nodes[0].m);
	(void)known(nodes, 0, &nodes[0].m);
	for (at = 0; at < n; at++)
		for (ev = 0; ev < NEVENTS; ev++)
			for (x = 0; x < s->n; x++) {
				next = nodes[at];
				if (s->less >> ev & 1 || !model_step(s, &next.m, ev, x))
					continue;
				assert_true(next.n < PATH);
				next.path[next.n++] = (uint8_t)(ev * MAX + x);
				fresh = !known(nodes, n, &next.m);
				visit(&r, &next, fresh);
				if (!fresh)
					continue;
				assert_true(n < NODES);
				nodes[n++] = next;
			}
	print_message("%s: %zu states\n", s->name, n);
	free(nodes);
}

/* ---- scenes ------------------------------------------------------------- */

static void
chain_agrees_with_the_model(void **state)
{
	static const struct scene s = { .name = "chain", .n = 2, .task = {
		[1] = { .ndeps = 1, .deps = { 0 } } } };

	explore(*state, &s);
}

static void
failure_of_one_agrees_with_the_model(void **state)
{
	static const struct scene s = { .name = "fail", .n = 2, .task = {
		[1] = { .ndeps = 1, .deps = { 0 }, .when = TQ_WHEN_FAIL } } };

	explore(*state, &s);
}

static void
group_agrees_with_the_model(void **state)
{
	static const struct scene s = { .name = "group", .n = 3, .task = {
		[0] = { .is_group = 1 }, [1] = { .group = 1 },
		[2] = { .ndeps = 1, .deps = { 0 } } } };

	explore(*state, &s);
}

static void
two_dependencies_agree_with_the_model(void **state)
{
	static const struct scene s = { .name = "two", .less = FEW,
	    .n = 3, .task = {
		[2] = { .ndeps = 2, .deps = { 0, 1 } } } };

	explore(*state, &s);
}

static void
links_of_two_kinds_agree_with_the_model(void **state)
{
	static const struct scene s = { .name = "links", .less = FEW,
	    .n = 3, .task = {
		[1] = { .ndeps = 1, .deps = { 0 } },
		[2] = { .ndeps = 1, .deps = { 1 }, .when = TQ_WHEN_ANY } } };

	explore(*state, &s);
}

static void
group_of_two_agrees_with_the_model(void **state)
{
	static const struct scene s = { .name = "members", .less = FEW |
	    1 << HOLD | 1 << RELEASE, .n = 4, .task = {
		[0] = { .is_group = 1 }, [1] = { .group = 1 },
		[2] = { .group = 1 }, [3] = { .ndeps = 1, .deps = { 0 } } } };

	explore(*state, &s);
}

/* Every arrow of the page that these events can take was taken. */
static void
no_arrow_is_only_on_paper(void **state)
{
	int i;

	(void)state;
	for (i = 1; i < TQ_NSTATES; i++)
		assert_int_equal(seen[i], arrows[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(chain_agrees_with_the_model,
		    t_setup_spool, t_teardown_spool),
		cmocka_unit_test_setup_teardown(
		    failure_of_one_agrees_with_the_model, t_setup_spool,
		    t_teardown_spool),
		cmocka_unit_test_setup_teardown(group_agrees_with_the_model,
		    t_setup_spool, t_teardown_spool),
		cmocka_unit_test_setup_teardown(
		    two_dependencies_agree_with_the_model, t_setup_spool,
		    t_teardown_spool),
		cmocka_unit_test_setup_teardown(
		    links_of_two_kinds_agree_with_the_model, t_setup_spool,
		    t_teardown_spool),
		cmocka_unit_test_setup_teardown(
		    group_of_two_agrees_with_the_model, t_setup_spool,
		    t_teardown_spool),
		cmocka_unit_test(no_arrow_is_only_on_paper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
