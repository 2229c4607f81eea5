/*
 * A schedule over death at, and failure of, each single system call.
 *
 * Ticks are put one after the other as tqbeat does: who is told that a put
 * failed asks where the schedule stands and goes on from there.  The n-th call
 * through struct tq_sys kills the process, or fails.  Then another goes on, and
 * of every tick there is exactly one task: tick k puts task "t<k>", which can be
 * put once.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "tests/lib/crash.h"

#define TICKS	4		/* that one process puts */
#define LARGE	20000		/* a body that is a file */

static tq_time
last(struct crash_world *w, struct tq *tq)
{
	struct tq_err e;
	tq_time at = 0;

	/* a disk that failed once is sound again */
	if (tq_last(tq, "s", &at, &e) == -1 &&
	    tq_last(tq, "s", &at, &e) == -1)
		crash_die(w, "last: %s", e.text);
	return at;
}

/* Put the tick after `from`; -1 with what tq_tick() said. */
static int
put(struct crash_world *w, struct tq *tq, tq_time from)
{
	static char body[LARGE];
	struct tq_tick tick = { .schedule = "s", .last = from,
	    .at = from + 1 };
	struct tq_task t;
	struct tq_err e;
	struct tq_id id;
	char name[16];

	tick.until = tq_clock_wall() + 3600 * TQ_SECOND;
	tq_task_init(&t);
	snprintf(name, sizeof(name), "t%d", (int)from + 1);
	t.id = name;
	t.queue = "q";
	t.body.p = body;
	t.body.n = from % 3 == 1 ? sizeof(body) : 10;
	if (tq_tick(tq, &tick, &t, 0, &id, &e) == 0)
		return 0;
	if (e.num == EEXIST)
		crash_die(w, "tick %d is put already: %s", (int)tick.at,
		    e.text);
	if (e.num == ESTALE)
		crash_die(w, "nobody else puts: %s", e.text);
	return -1;
}

/* Ticks up to a number; w->ntasks is the last that we were told was put. */
static void
put_up_to(struct crash_world *w, struct tq *tq, tq_time end)
{
	tq_time at = last(w, tq);
	int failed = 0;

	while (at < end) {
		if (put(w, tq, at) == 0)
			w->ntasks = (unsigned)++at;
		else if (failed++ > 2)
			crash_die(w, "tick %d is not put", (int)at + 1);
		else
			at = last(w, tq);
	}
}

static void
act(struct crash_world *w)
{
	struct tq *tq = crash_open(w);

	t_sys_arm(w->at, w->inject);
	put_up_to(w, tq, TICKS);
	w->calls = t_sys_disarm();
	tq_close(tq);
}

static void
count(struct crash_world *w, struct tq *tq, unsigned want)
{
	struct tq_info info;
	struct tq_err e;
	char name[16];
	unsigned i;
	int rv;

	tq_info_init(&info);
	for (i = 1; i <= want + 1; i++) {
		snprintf(name, sizeof(name), "t%u", i);
		if ((rv = tq_stat(tq, name, 0, &info, &e)) == -1)
			crash_die(w, "%s: %s", name, e.text);
		if (rv != (i <= want))
			crash_die(w, "%s is %s, after tick %u", name,
			    rv ? "there" : "not there", want);
	}
	tq_info_fini(&info);
}

/* What was told holds, and what is put belongs to a tick; then go on. */
static void
verify(struct crash_world *w)
{
	struct tq *tq = crash_open(w);
	tq_time at = last(w, tq);

	if (at < w->ntasks)
		crash_die(w, "tick %u was put, and the last is %d", w->ntasks,
		    (int)at);
	count(w, tq, (unsigned)at);
	put_up_to(w, tq, TICKS + 2);
	count(w, tq, TICKS + 2);
	tq_close(tq);
}

static void
one_run(struct crash_world *w, unsigned at, int inject, int lose)
{
	crash_again(w);
	crash_harm(act, w, at, inject);
	if (lose)
		crash_lose_table(w);
	crash_must(verify, w, "what is found");
}

static void
every_tick_is_put_once_over_every_call(void **state)
{
	static const struct crash_kind harms[] = {
		{ 0, 0 }, { 0, 1 }, { T_SYS_TORN, 0 }, { EIO, 0 },
		{ ENOSPC, 0 }
	};

	crash_every_call(*state, one_run, harms, T_COUNT(harms));
}

/* ---- two at once ----------------------------------------------------------- */

#define RACE	200

/* As tqbeat: a tick that another put is asked for again. */
static void
race(struct crash_world *w)
{
	struct tq *tq = crash_open(w);
	struct tq_tick tick = { .schedule = "s" };
	struct tq_task t;
	struct tq_err e;
	struct tq_id id;
	tq_time at = last(w, tq);

	tq_task_init(&t);
	t.queue = "q";
	t.body.p = "x";
	t.body.n = 1;
	tick.until = tq_clock_wall() + 3600 * TQ_SECOND;
	while (at < RACE) {
		tick.last = at;
		tick.at = at + 1;
		if (tq_tick(tq, &tick, &t, 0, &id, &e) == 0)
			at++;
		else if (e.num == ESTALE)
			at = last(w, tq);
		else
			crash_die(w, "tick: %s", e.text);
	}
	tq_close(tq);
}

static int
add_ready(const struct tq_queue_info *q, void *arg)
{
	*(uint64_t *)arg += q->count[TQ_READY];
	return 0;
}

static void
verify_race(struct crash_world *w)
{
	struct tq *tq = crash_open(w);
	uint64_t n = 0;
	struct tq_err e;

	if (tq_queues(tq, add_ready, &n, &e) == -1)
		crash_die(w, "queues: %s", e.text);
	if (n != RACE || last(w, tq) != RACE)
		crash_die(w, "%llu tasks of %d ticks", (unsigned long long)n,
		    (int)last(w, tq));
	tq_close(tq);
}

static void
of_several_one_puts_each_tick(void **state)
{
	struct crash_world *w = *state;
	pid_t pid[4];
	size_t i;

	for (i = 0; i < T_COUNT(pid); i++)
		pid[i] = crash_start(race, w);
	for (i = 0; i < T_COUNT(pid); i++)
		assert_int_equal(crash_wait(pid[i]), 0);
	crash_must(verify_race, w, "what is put");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CRASH_TEST(every_tick_is_put_once_over_every_call),
		CRASH_TEST(of_several_one_puts_each_tick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
