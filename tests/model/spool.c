/* The events of the model, done to a spool; see model.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/spool/gate.h"
#include "tests/model/model.h"

#define HOUR		(3600 * TQ_SECOND)
#define START		(20000 * HOUR)

static tq_time wall = START;

tq_time
m_spool_now(void)
{
	return wall += 1000;
}

/* The time that a number of the model stands for. */
static tq_time
time_of(int clock)
{
	return START + clock * HOUR;
}

static struct tq_uuid
id_of(const struct m_run *r, int x)
{
	return t_id(r->base + (uint32_t)x + 1);
}

static const char *
queue_of(const struct m_run *r, int x)
{
	static const char *const names[M_TASKS] = { "q0", "q1", "q2", "q3",
	    "q4" };

	return names[r->s->lane ? 0 : x];
}

static struct tq_slot *
slot_of(const struct m_run *r, int x)
{
	struct tq_uuid id = id_of(r, x);

	return tq_table_slot(&r->f->sp->t, tq_table_find(&r->f->sp->t, &id));
}

void
m_spool_open(struct m_run *r)
{
	int x;

	for (x = 0; x < r->s->n; x++)
		r->of[x] = t_spool_open(r->f);
	/* the second death is one too many */
	assert_int_equal(tq_spool_set(r->f->sp, NULL, "crashes", "2",
	    &r->f->e), 0);
}

void
m_spool_close(struct m_run *r)
{
	int x;

	for (x = 0; x < r->s->n; x++)
		tq_spool_close(r->of[x]);
}

/* ---- puts --------------------------------------------------------------- */

/* What a task says of others; deps has room for those it waits for. */
static void
relate(const struct m_run *r, int x, struct tq_spool_ties *t,
    struct tq_uuid deps[M_TASKS], struct tq_buf *ask)
{
	const struct m_task_is *is = &r->s->task[x];
	struct tq_ask lane = { .lane = 42 };
	int i, n = is->ndeps - is->pipe;

	t->on_key = is->on_key;
	t->open = is->open;
	t->rel.when = (uint8_t)is->when;
	t->rel.has |= 1u << TQ_REL_WHEN;
	if (is->is_group)
		t->rel.has |= 1u << TQ_REL_GROUP;
	if (is->group != 0) {
		t->rel.has |= 1u << TQ_REL_MEMBER;
		t->rel.member = id_of(r, is->group - 1);
	}
	for (i = 0; i < n; i++)
		deps[i] = id_of(r, is->deps[i]);
	if (n > 0) {
		t->rel.has |= 1u << TQ_REL_AFTER;
		t->rel.after.p = (const char *)deps;
		t->rel.after.n = (size_t)n * sizeof(deps[0]);
	}
	if (is->pipe) {
		t->rel.has |= 1u << TQ_REL_PIPE;
		t->rel.pipe = id_of(r, is->deps[n]);
	}
	if (is->key) {
		t->rel.has |= 1u << TQ_REL_KEY;
		t->rel.key.p = (const char *)&r->base;
		t->rel.key.n = sizeof(r->base);
	}
	if (r->s->lane) {
		lane.lane += r->base;
		tq_ask_encode(ask, &lane);
		t->rel.has |= 1u << TQ_REL_ASK;
		t->rel.ask.p = (const char *)ask->p;
		t->rel.ask.n = ask->n;
	}
}

/* Put tasks x to x + n - 1 in one transaction. */
static int
put(struct m_run *r, struct tq_spool *sp, int x, int n)
{
	struct tq_spool_ties ties[M_TASKS];
	struct tq_spool_put v[M_TASKS];
	struct tq_uuid deps[M_TASKS][M_TASKS];
	struct tq_buf ask[M_TASKS];
	const struct m_task_is *is;
	size_t which;
	int i, rv;

	memset(ties, 0, sizeof(ties));
	memset(v, 0, sizeof(v));
	for (i = 0; i < n; i++) {
		is = &r->s->task[x + i];
		v[i].id = id_of(r, x + i);
		v[i].queue = queue_of(r, x + i);
		v[i].keep = v[i].body_fd = -1;
		v[i].eta = is->eta == 0 ? 0 : time_of(is->eta);
		v[i].expires = is->expires == 0 ? 0 : time_of(is->expires);
		v[i].flags = (is->held ? TQ_PF_HOLD : 0) |
		    (is->once ? TQ_PF_ONCE : 0);
		v[i].ties = &ties[i];
		tq_buf_init(&ask[i]);
		relate(r, x + i, &ties[i], deps[i], &ask[i]);
	}
	rv = tq_spool_put(sp, v, (size_t)n, 0, &which, &r->f->e);
	for (i = 0; i < n; i++)
		tq_buf_fini(&ask[i]);
	return rv;
}

void
m_spool_begin(struct m_run *r)
{
	int n = 0;

	wall = START;
	while (n < r->s->n && !r->s->task[n].later)
		n++;
	if (n > 0 && put(r, r->of[0], 0, n) == -1)
		fail_msg("put: %s", r->f->e.text);
}

/* All of a run goes, so that the spool stays small. */
void
m_spool_end(struct m_run *r)
{
	static const enum tq_verb verbs[] = { TQ_DO_REVOKE, TQ_DO_FORGET };
	struct tq_uuid ids[M_TASKS];
	uint64_t changed = 0;
	size_t which, i, n = 0;
	int x;

	for (x = 0; x < r->s->n; x++)
		if (slot_of(r, x) != NULL)
			ids[n++] = id_of(r, x);
	for (i = 0; i < 2; i++)
		assert_int_equal(tq_spool_act(r->f->sp, verbs[i], ids, n,
		    NULL, TQ_DO_FORCE, &changed, &which, &r->f->e), 0);
	r->base += M_TASKS;
}

/* ---- events ------------------------------------------------------------- */

/* Another task that the claim got, -1 none. */
static int
claim(struct m_run *r, int x)
{
	struct tq_take take = { .queue = { queue_of(r, x) }, .nqueues = 1 };
	struct tq_spool_got got;
	struct tq_uuid id;
	int y;

	if (tq_spool_claim(r->of[x], &take, &got, &r->f->e) == 0)
		return -1;
	for (y = 0; y < r->s->n; y++) {
		id = id_of(r, y);
		if (memcmp(&got.s.id, &id, sizeof(id)) == 0)
			break;
	}
	assert_true(y < r->s->n);
	r->got[y] = got;
	return y;
}

static void
settle(struct m_run *r, enum m_event ev, int x, int want)
{
	static const int none[2] = { -1, -1 };
	static const enum tq_state to[M_NEVENTS] = { [M_SUCCEED] = TQ_SUCCESS,
	    [M_FAIL] = TQ_FAILURE, [M_DROP] = TQ_REVOKED,
	    [M_AGAIN] = TQ_RETRY, [M_GIVE] = TQ_READY };
	struct tq_rec_end end = { .state = (uint8_t)to[ev] };
	struct tq_uuid id = id_of(r, x);
	int taken[2];

	if (ev == M_AGAIN)
		/* at the next number, whatever has been of this one */
		end.when = time_of((int)((wall - START) / HOUR) + 1);
	assert_int_equal(tq_spool_settle(r->of[x], &id, r->got[x].slot,
	    r->got[x].s.attempt, &end, none, taken, 0, &r->f->e),
	    want == M_DONE ? 0 : -1);
	if (want != M_DONE)
		assert_int_equal(errno, ESTALE);
}

/* What the kernel does to a process that is killed: its locks go. */
static void
die(struct m_run *r, int x)
{
	const struct tq_slot *s = slot_of(r, x);
	int y;

	/* in a lane another's handle may have claimed it */
	for (y = 0; y < r->s->n; y++)
		if (r->of[y]->owner.fd != -1 && s->row ==
		    r->of[y]->owner.row)
			tq_owner_give(&r->of[y]->owner);
	assert_int_not_equal(tq_spool_sweep(r->f->sp, &r->f->e), -1);
}

static void
verb(struct m_run *r, enum tq_verb verb, int x, int want)
{
	struct tq_uuid id = id_of(r, x);
	uint64_t changed = 0;
	size_t which;

	assert_int_equal(tq_spool_act(r->f->sp, verb, &id, 1, NULL,
	    TQ_DO_FORCE, &changed, &which, &r->f->e), 0);
	assert_int_equal(changed, want == M_DONE);
}

/* What a cascade and time left to others is done by them. */
static void
rest(struct m_run *r)
{
	struct tq_spool *sp = r->f->sp;
	tq_time next, now;

	do {
		now = m_spool_now();
		assert_int_equal(tq_core_enter(sp, &r->f->e), 0);
		assert_int_equal(tq_timers(sp, now, &next, &r->f->e), 1);
		tq_core_leave(sp);
	} while (next == now);
}

static void
retry_all(struct m_run *r)
{
	struct tq_uuid ids[M_TASKS];
	uint64_t changed = 0;
	size_t which, n = 0;
	int x;

	for (x = 0; x < r->s->n; x++)
		if (slot_of(r, x) != NULL)
			ids[n++] = id_of(r, x);
	assert_int_equal(tq_spool_act(r->f->sp, TQ_DO_RETRY, ids, n, NULL, 0,
	    &changed, &which, &r->f->e), 0);
	assert_true(changed > 0);
}

int
m_spool_step(struct m_run *r, enum m_event ev, int x, int want)
{
	static const enum tq_verb verbs[M_NEVENTS] = {
	    [M_SEAL] = TQ_DO_SEAL, [M_REVOKE] = TQ_DO_REVOKE,
	    [M_HOLD] = TQ_DO_HOLD, [M_RELEASE] = TQ_DO_RELEASE,
	    [M_REOPEN] = TQ_DO_RETRY };

	switch (ev) {
	case M_PUT:
		assert_int_equal(put(r, r->of[x], x, 1),
		    want == M_DONE ? 0 : -1);
		break;
	case M_CLAIM:
		x = claim(r, x);
		break;
	case M_LEAVE:
	case M_CRASH:
		die(r, x);
		break;
	case M_FORTH:
		wall += HOUR;
		break;
	case M_BACK:
		wall -= HOUR;
		break;
	case M_REOPENS:
		retry_all(r);
		break;
	case M_REBUILD:
		r->f->sp->t.bad = 1;
		break;
	case M_SEAL:
	case M_REVOKE:
	case M_HOLD:
	case M_RELEASE:
	case M_REOPEN:
		verb(r, verbs[ev], x, want);
		break;
	default:
		settle(r, ev, x, want);
		break;
	}
	rest(r);
	return x;
}

/* ---- comparing ---------------------------------------------------------- */

/* Who ended x just now is named in its END, and did fail. */
static int
cause_differs(struct m_run *r, const struct m_model *m, int x)
{
	const struct tq_slot *s = slot_of(r, x);
	struct tq_uuid id;
	struct tq_rec rec;
	int y;

	if (tq_ledger_read(&r->f->sp->l, s->end, &rec) == -1 ||
	    rec.type != TQ_REC_END)
		return 0;	/* it was carried elsewhere */
	if (!(rec.end.flags & TQ_EF_CAUSE) || rec.end.why != (s->state ==
	    TQ_FAILURE ? TQ_CAUSE_FAILED : TQ_CAUSE_UNNEEDED))
		return 1;
	for (y = 0; y < r->s->n; y++) {
		id = id_of(r, y);
		if (memcmp(&rec.end.cause, &id, sizeof(id)) == 0)
			break;
	}
	return y == r->s->n || (s->state == TQ_FAILURE) != (m->t[y].state !=
	    TQ_SUCCESS);
}

const char *
m_spool_differs(struct m_run *r, const struct m_model *was,
    const struct m_model *m)
{
	static char text[400];
	const struct tq_slot *s;
	char why[256] = "";
	int x, state;

	for (x = 0; x < r->s->n; x++) {
		s = slot_of(r, x);
		state = s == NULL ? TQ_ABSENT : s->state;
		/* it waits once more when somebody comes to claim it */
		if (state == TQ_READY && s->due > wall)
			state = s->attempt > 0 ? TQ_RETRY : TQ_DELAYED;
		/* a clock set back says retry of one that was released, and
		 * its record says delayed */
		if (state == TQ_DELAYED && m->t[x].state == TQ_RETRY &&
		    s->attempt > 0)
			state = TQ_RETRY;
		(void)snprintf(text, sizeof(text), "task %d is %s, not %s", x,
		    tq_state_name(state), tq_state_name(m->t[x].state));
		if (state != m->t[x].state)
			return text;
		if (m->t[x].caused && !was->t[x].caused &&
		    cause_differs(r, m, x)) {
			(void)snprintf(text, sizeof(text),
			    "task %d ended for the wrong reason", x);
			return text;
		}
	}
	(void)snprintf(text, sizeof(text), "the table: %s", why);
	if (tq_table_audit(&r->f->sp->t, why, sizeof(why)))
		return NULL;
	(void)snprintf(text, sizeof(text), "the table: %s", why);
	return text;
}
