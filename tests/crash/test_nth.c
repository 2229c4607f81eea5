/*
 * Death at, and failure of, each single system call.
 *
 * A scene is done once to count the calls it makes through struct tq_sys, and
 * then once for every n: the n-th kills the process, or tears a write in half
 * and kills it, or fails with EIO or ENOSPC.  Every time a fresh process opens
 * the spool, with the table the dead left and without it, and holds it
 * against the oracle; then all that is left is worked off.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/crash.h"

/* What is done before, unharmed, and what is done with the call that harms. */
struct scene {
	void	(*before)(struct crash_world *);
	void	(*act)(struct crash_world *, struct tq *);
};

#define DEAD	60	/* tasks that compacting forgets */
#define LIVE	4

static const struct scene *scene;	/* of the children */

/* ---- scenes ------------------------------------------------------------ */

static void
no_preparation(struct crash_world *w)
{
	tq_close(crash_open(w));
}

static void
act_put(struct crash_world *w, struct tq *tq)
{
	crash_put(w, tq, 0, 1, 100);
	crash_put(w, tq, 1, 5, 300);
	crash_put(w, tq, 6, 1, 20000);	/* a file */
	crash_put(w, tq, 7, 1, 100);
}

static void
before_claim(struct crash_world *w)
{
	struct tq *tq = crash_open(w);

	crash_put(w, tq, 0, 6, 500);
	crash_put(w, tq, 6, 1, 20000);
	tq_close(tq);
}

static void
act_claim(struct crash_world *w, struct tq *tq)
{
	struct tq_claim c;
	int i;

	tq_claim_init(&c);
	for (i = 0; i < 7; i++)
		crash_claim(w, tq, &c);
	tq_claim_fini(&c);
}

static void
act_end(struct crash_world *w, struct tq *tq)
{
	struct tq_claim c;
	int i;

	tq_claim_init(&c);
	for (i = 0; i < 4; i++)
		if (crash_claim(w, tq, &c) >= 0)
			crash_end(w, tq, &c, i % 2 ? 30000 : 200);
	tq_claim_fini(&c);
}

/* Segments of 64 KiB: three of them are filled. */
static void
act_rotate(struct crash_world *w, struct tq *tq)
{
	unsigned i;

	for (i = 0; i < 48; i += 4)
		crash_put(w, tq, i, 4, 3500);
}

/* Tasks that are to be forgotten, and some that stay in between. */
static void
before_compact(struct crash_world *w)
{
	struct tq *tq = crash_open(w);
	struct tq_claim c;
	struct tq_err e;
	unsigned i;

	if (tq_set(tq, NULL, "sync", "none", &e) == -1)
		crash_die(w, "set: %s", e.text);
	for (i = 0; i < DEAD; i += 4)
		crash_put(w, tq, i, 4, 3500);
	for (i = DEAD; i < DEAD + LIVE; i++)
		crash_put(w, tq, i, 1, 1000);
	tq_claim_init(&c);
	for (i = 0; i < DEAD + 2; i++)
		if (crash_claim(w, tq, &c) >= 0)
			crash_end(w, tq, &c, 100);
	tq_claim_fini(&c);
	if (tq_set(tq, NULL, "sync", "full", &e) == -1)
		crash_die(w, "set: %s", e.text);
	tq_close(tq);
}

/* Most of the ledger is not needed any more, and goes. */
static void
act_compact(struct crash_world *w, struct tq *tq)
{
	struct tq_select all = { .nids = 0 }, dead = { .nids = DEAD };
	const char *ids[DEAD];
	char text[DEAD][8];
	struct tq_err e;
	unsigned i;

	for (i = 0; i < DEAD; i++) {
		snprintf(text[i], sizeof(text[i]), "t%u", i);
		ids[i] = text[i];
		w->task[i].put = CRASH_ASKED;
	}
	dead.ids = ids;
	if (tq_do(tq, TQ_DO_FORGET, &dead, NULL, 0, NULL, &e) == 0)
		for (i = 0; i < DEAD; i++)
			w->task[i].put = CRASH_NOT;
	else if (errno != EIO && errno != w->inject)
		crash_die(w, "forget: %s (errno %d)", e.text, errno);
	if (tq_do(tq, TQ_DO_GC, &all, NULL, 0, NULL, &e) == -1 &&
	    errno != EIO && errno != w->inject)
		crash_die(w, "gc: %s (errno %d)", e.text, errno);
}

/* ---- doing them --------------------------------------------------------- */

/* The call counted from here on; the disk that failed once is sound again. */
static void
act(struct crash_world *w)
{
	struct tq *tq = crash_open(w);

	t_sys_arm(w->at, w->inject);
	scene->act(w, tq);
	w->calls = t_sys_disarm();
	if (w->at != 0 && crash_put(w, tq, w->ntasks, 1, 50) == -1)
		crash_die(w, "a put after it fails: %s", w->why);
	tq_close(tq);
}

/* Opening is what is harmed: it makes a table from the ledger. */
static void
act_recover(struct crash_world *w)
{
	char url[T_PATH_MAX + 8];
	struct tq_err e;
	struct tq *tq;

	snprintf(url, sizeof(url), "spool:%s", w->dir);
	t_sys_arm(w->at, w->inject);
	if (tq_open(&tq, url, NULL, 0, &e) == -1) {
		if (errno != EIO && errno != w->inject)
			crash_die(w, "open: %s (errno %d)", e.text, errno);
		w->calls = t_sys_disarm();
		tq_close(crash_open(w));
		return;
	}
	w->calls = t_sys_disarm();
	tq_close(tq);
}

static void
torn_put(struct crash_world *w)
{
	struct tq *tq = crash_open(w);

	t_sys_arm(3, T_SYS_TORN);
	crash_put(w, tq, DEAD + LIVE, 1, 100);
	crash_put(w, tq, DEAD + LIVE + 1, 3, 3500);
	crash_die(w, "it lives");
}

static void
one_run(struct crash_world *w, unsigned at, int inject, int lose)
{
	crash_again(w);
	crash_must(scene->before, w, "what comes before");
	crash_harm(act, w, at, inject);
	if (lose)
		crash_lose_table(w);
	/* behind half a write and without a table one cannot say what it was */
	crash_must(lose && inject == T_SYS_TORN ? crash_verify_damaged :
	    crash_verify, w, "what is found");
	if (lose && inject == T_SYS_TORN)
		return;
	crash_must(crash_drain, w, "working it off");
	crash_lose_table(w);
	crash_must(crash_verify, w, "what is found at last");
}

/* Every call of the scene, each kind of harm in turn. */
static void
every_call(struct crash_world *w, const struct scene *s)
{
	static const struct crash_kind harms[] = {
		{ 0, 0 }, { 0, 1 }, { T_SYS_TORN, 0 }, { T_SYS_TORN, 1 },
		{ EIO, 0 }, { ENOSPC, 0 }
	};

	scene = s;
	crash_every_call(w, one_run, harms, T_COUNT(harms));
}

static void
put_survives_every_call(void **state)
{
	static const struct scene s = { no_preparation, act_put };

	every_call(*state, &s);
}

static void
claim_survives_every_call(void **state)
{
	static const struct scene s = { before_claim, act_claim };

	every_call(*state, &s);
}

static void
end_survives_every_call(void **state)
{
	static const struct scene s = { before_claim, act_end };

	every_call(*state, &s);
}

static void
rotate_survives_every_call(void **state)
{
	static const struct scene s = { no_preparation, act_rotate };

	every_call(*state, &s);
}

static void
compact_survives_every_call(void **state)
{
	static const struct scene s = { before_compact, act_compact };

	every_call(*state, &s);
}

/* What recovery is harmed in: a power cut behind a torn write. */
static void
recover_once(struct crash_world *w, unsigned at, int inject, int lose)
{
	(void)lose;
	crash_again(w);
	crash_must(before_compact, w, "what comes before");
	crash_run(torn_put, w);
	crash_lose_table(w);
	crash_other_boot(w);
	crash_harm(act_recover, w, at, inject);
	crash_must(crash_verify, w, "what is found");
	crash_must(crash_drain, w, "working it off");
}

static void
recover_survives_every_call(void **state)
{
	static const struct crash_kind harms[] = {
		{ 0, 1 }, { T_SYS_TORN, 1 }, { EIO, 1 }, { ENOSPC, 1 }
	};

	crash_every_call(*state, recover_once, harms, T_COUNT(harms));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CRASH_TEST(put_survives_every_call),
		CRASH_TEST(claim_survives_every_call),
		CRASH_TEST(end_survives_every_call),
		CRASH_TEST(rotate_survives_every_call),
		CRASH_TEST(compact_survives_every_call),
		CRASH_TEST(recover_survives_every_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
