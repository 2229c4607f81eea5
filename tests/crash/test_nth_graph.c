/*
 * Death at, and failure of, each single system call, of tasks that wait for
 * each other.
 *
 * As test_nth.c does it, with scenes of a few tasks each: the put of a chord
 * and of a chain, the end that closes a group, a failure and what follows from
 * it, a revocation.  Afterwards a put is there whole or not at all, as it was
 * told; all that is left is worked off, which starts each task at most once
 * more, none before what it waits for; and then nothing is left that has not
 * ended, and the states fit together.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/crash.h"

#define TASKS	5	/* at most, of a scene */

struct scene {
	const char	*id[TASKS];	/* NULL: no more */
	void	(*before)(struct crash_world *, struct tq *);
	void	(*act)(struct crash_world *, struct tq *);
	/* what the states are at the end; 1 if they fit */
	int	(*fits)(const struct crash_world *, const enum tq_state *);
};

static const struct scene *scene;	/* of the children */

/* ---- what is done ------------------------------------------------------- */

/* 1 done, 0 unknown or refused. */
static int
answered(struct crash_world *w, int rv, const char *call, struct tq_err *e)
{
	if (rv != -1)
		return 1;
	if (e->num != EIO && e->num != w->inject)
		crash_die(w, "%s: %s (errno %d)", call, e->text, e->num);
	return 0;
}

/*
 * Put tasks whose ids are those of the scene.  A group's members are those
 * behind it up to the last, which waits for the group; else each waits for the
 * one before it.
 */
static void
put(struct crash_world *w, struct tq *tq, int group)
{
	static const char *const argv[] = { "true" };
	struct tq_task t[TASKS];
	struct tq_id ids[TASKS];
	struct tq_err e = { 0 };
	const char *first = scene->id[0];
	unsigned n, i;
	int rv;

	for (n = 0; n < TASKS && scene->id[n] != NULL; n++) {
		tq_task_init(&t[n]);
		t[n].id = scene->id[n];
		t[n].kind = group && n == 0 ? TQ_KIND_GROUP : TQ_KIND_COMMAND;
		t[n].argc = group && n == 0 ? 0 : 1;
		t[n].argv = argv;
		if (group && n > 0)
			t[n].group = first;
		else if (n > 0) {
			t[n].after = &scene->id[n - 1];
			t[n].nafter = 1;
		}
	}
	if (group) {
		t[n - 1].group = NULL;
		t[n - 1].after = &scene->id[0];
		t[n - 1].nafter = 1;
	}
	for (i = 0; i < n; i++)
		w->task[i].put = CRASH_ASKED;
	rv = tq_put_many(tq, t, n, 0, ids, &e);
	for (i = 0; i < n && (rv == 0 || e.num != EIO); i++)
		w->task[i].put = rv == 0 ? CRASH_DONE : CRASH_REFUSED;
	(void)answered(w, rv, "put", &e);
}

static unsigned
number(const struct crash_world *w, const char *id)
{
	unsigned i;

	for (i = 0; i < TASKS && scene->id[i] != NULL; i++)
		if (strcmp(id, scene->id[i]) == 0)
			return i;
	crash_die(w, "a task '%s' that nobody put", id);
}

/* Claim one and end it, `f` in failure.  1; 0 there is none, or it failed. */
static int
work(struct crash_world *w, struct tq *tq)
{
	struct tq_take take = { .nqueues = 0 };
	struct tq_outcome o;
	struct tq_err e = { 0 };
	struct tq_claim c;
	unsigned i;
	int rv;

	tq_claim_init(&c);
	rv = tq_claim(tq, &take, &c, &e);
	if (answered(w, rv, "claim", &e) && rv == 1) {
		i = number(w, c.ref.id.s);
		if (w->task[i].end == CRASH_DONE)
			crash_die(w, "%s starts after its end", c.ref.id.s);
		w->task[i].claim++;
		tq_outcome_init(&o, c.ref.id.s[0] == 'f' ? TQ_FAILURE :
		    TQ_SUCCESS);
		w->task[i].end = CRASH_ASKED;
		rv = tq_settle(tq, &c.ref, &o, TQ_SETTLE_SYNC, &e);
		if (answered(w, rv, "end", &e))
			w->task[i].end = CRASH_DONE;
		rv = rv == 0;
	} else
		rv = 0;
	tq_claim_fini(&c);
	return rv;
}

/* ---- scenes ------------------------------------------------------------ */

static void
nothing(struct crash_world *w, struct tq *tq)
{
	(void)w;
	(void)tq;
}

static void
put_chord(struct crash_world *w, struct tq *tq)
{
	put(w, tq, 1);
}

static void
put_chain(struct crash_world *w, struct tq *tq)
{
	put(w, tq, 0);
}

static void
almost_chord(struct crash_world *w, struct tq *tq)
{
	put(w, tq, 1);
	(void)work(w, tq);
	(void)work(w, tq);
}

static void
work_one(struct crash_world *w, struct tq *tq)
{
	(void)work(w, tq);
}

static void
revoke_first(struct crash_world *w, struct tq *tq)
{
	struct tq_select sel = { .nids = 1, .ids = scene->id };
	struct tq_err e = { 0 };

	(void)answered(w, tq_do(tq, TQ_DO_REVOKE, &sel, NULL, 0, NULL, &e),
	    "revoke", &e);
}

static int
all_are(const enum tq_state *s, enum tq_state first, enum tq_state rest)
{
	unsigned i;

	for (i = 0; i < TASKS && scene->id[i] != NULL; i++)
		if (s[i] != (i == 0 ? first : rest))
			return 0;
	return 1;
}

static int
all_succeed(const struct crash_world *w, const enum tq_state *s)
{
	(void)w;
	return all_are(s, TQ_SUCCESS, TQ_SUCCESS);
}

static int
there_or_not(const struct crash_world *w, const enum tq_state *s)
{
	if (w->task[0].put == CRASH_DONE)
		return all_succeed(w, s);
	if (w->task[0].put == CRASH_REFUSED)
		return all_are(s, TQ_ABSENT, TQ_ABSENT);
	return all_succeed(w, s) || all_are(s, TQ_ABSENT, TQ_ABSENT);
}

static int
all_fail(const struct crash_world *w, const enum tq_state *s)
{
	(void)w;
	return all_are(s, TQ_FAILURE, TQ_FAILURE);
}

static int
revoked_or_not(const struct crash_world *w, const enum tq_state *s)
{
	return all_succeed(w, s) || all_are(s, TQ_REVOKED, TQ_FAILURE);
}

/* ---- doing them --------------------------------------------------------- */

static void
before(struct crash_world *w)
{
	struct tq *tq = crash_open(w);

	scene->before(w, tq);
	tq_close(tq);
}

static void
act(struct crash_world *w)
{
	struct tq *tq = crash_open(w);

	t_sys_arm(w->at, w->inject);
	scene->act(w, tq);
	w->calls = t_sys_disarm();
	tq_close(tq);
}

static void
complain(const char *text, void *arg)
{
	(void)arg;
	fprintf(stderr, "# %s\n", text);
}

/* Whole or not at all, and without damage. */
static void
verify(struct crash_world *w)
{
	struct tq *tq = crash_open(w);
	unsigned i, n = 0, known = 0;
	struct tq_info info;
	struct tq_err e;
	int rv;

	if ((rv = tq_check(tq, 0, complain, NULL, &e)) != 0)
		crash_die(w, "check says %d: %s", rv, rv == -1 ? e.text : "");
	for (i = 0; i < TASKS && scene->id[i] != NULL; i++, n++) {
		tq_info_init(&info);
		if ((rv = tq_stat(tq, scene->id[i], 0, &info, &e)) == -1)
			crash_die(w, "%s: %s", scene->id[i], e.text);
		known += (unsigned)rv;
		tq_info_fini(&info);
	}
	if ((known != 0 && known != n) ||
	    (w->task[0].put == CRASH_DONE && known == 0) ||
	    (w->task[0].put == CRASH_REFUSED && known != 0))
		crash_die(w, "%u of %u tasks are there", known, n);
	tq_close(tq);
}

/* Work off what is left; then all have ended, in states that fit. */
static void
finish(struct crash_world *w)
{
	enum tq_state state[TASKS] = { TQ_ABSENT };
	struct tq *tq = crash_open(w);
	unsigned i, started[TASKS];
	struct tq_info info;
	struct tq_err e;

	w->inject = 0;
	for (i = 0; i < TASKS; i++)
		started[i] = w->task[i].claim;
	while (work(w, tq))
		continue;
	for (i = 0; i < TASKS && scene->id[i] != NULL; i++) {
		tq_info_init(&info);
		if (tq_stat(tq, scene->id[i], 0, &info, &e) == 1)
			state[i] = info.state;
		tq_info_fini(&info);
		if (state[i] != TQ_ABSENT && !TQ_STATE_ENDED(state[i]))
			crash_die(w, "%s stays %s", scene->id[i],
			    tq_state_name(state[i]));
		if (w->task[i].claim - started[i] > 1)
			crash_die(w, "%s is started twice", scene->id[i]);
	}
	if (!scene->fits(w, state))
		crash_die(w, "states %s %s %s do not fit",
		    tq_state_name(state[0]), tq_state_name(state[1]),
		    tq_state_name(state[2]));
	tq_close(tq);
}

static void
one_run(struct crash_world *w, unsigned at, int inject, int lose)
{
	crash_again(w);
	crash_must(before, w, "what comes before");
	crash_harm(act, w, at, inject);
	if (lose)
		crash_lose_table(w);
	crash_must(verify, w, "what is found");
	crash_must(finish, w, "working it off");
	crash_lose_table(w);
	crash_must(verify, w, "what is found at last");
}

static void
every_call(struct crash_world *w, const struct scene *s)
{
	static const struct crash_kind harms[] = {
		{ 0, 0 }, { 0, 1 }, { T_SYS_TORN, 0 }, { EIO, 0 }, { EIO, 1 },
		{ ENOSPC, 0 }, { ENOSPC, 1 }
	};

	scene = s;
	crash_every_call(w, one_run, harms, T_COUNT(harms));
}

static void
chord_is_put_whole_or_not(void **state)
{
	static const struct scene s = { { "g", "m1", "m2", "m3", "c" },
	    nothing, put_chord, there_or_not };

	every_call(*state, &s);
}

static void
chain_is_put_whole_or_not(void **state)
{
	static const struct scene s = { { "a", "b", "c" }, nothing, put_chain,
	    there_or_not };

	every_call(*state, &s);
}

static void
group_is_closed_once(void **state)
{
	static const struct scene s = { { "g", "m1", "m2", "m3", "c" },
	    almost_chord, work_one, all_succeed };

	every_call(*state, &s);
}

static void
failure_reaches_all_that_wait(void **state)
{
	static const struct scene s = { { "f", "b", "c", "d" }, put_chain,
	    work_one, all_fail };

	every_call(*state, &s);
}

static void
revocation_reaches_all_that_wait(void **state)
{
	static const struct scene s = { { "a", "b", "c", "d" }, put_chain,
	    revoke_first, revoked_or_not };

	every_call(*state, &s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CRASH_TEST(chord_is_put_whole_or_not),
		CRASH_TEST(chain_is_put_whole_or_not),
		CRASH_TEST(group_is_closed_once),
		CRASH_TEST(failure_reaches_all_that_wait),
		CRASH_TEST(revocation_reaches_all_that_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
