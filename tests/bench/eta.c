/*
 * Tasks with a time: what a put costs above a million that wait, how late an
 * idle worker starts one, and whether any starts early.
 */
#include <signal.h>

#include "bench.h"

enum {
	SHALLOW = 1000, DEEP = 1000000,
	STEP = 1000,			/* tasks in one sample */
	SAMPLES = 25,
	STARTS = 200,			/* of which the lateness is taken */
	APART = 25,			/* ms between two of them */
	MANY = 100000,			/* watched for an early start */
	SPREAD = 10000			/* ms over which their times lie */
};

/* The system clock, in ns. */
static int64_t
wall(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* A step of the golden ratio: evenly spread, in no order. */
static uint32_t
scatter(void)
{
	static uint32_t x;

	return x += UINT32_C(0x9e3779b9);
}

/* ---- the cost of a put --------------------------------------------------- */

/* Put n tasks for times in the next hours but one, one call each. */
static void
put_delayed(struct tq *tq, size_t n)
{
	static const char body[BENCH_BODY] = "a body";
	int64_t base = wall() + 3600 * TQ_SECOND;
	struct tq_task t;
	struct tq_err e;
	struct tq_id id;

	tq_task_init(&t);
	t.body.p = body;
	t.body.n = sizeof(body);
	while (n-- > 0) {
		t.eta = base + scatter() * INT64_C(1000);
		if (tq_put(tq, &t, TQ_FOREVER, &id, &e) == -1)
			bench_die(&e, "put");
	}
}

static double
sample(struct tq *tq)
{
	double t0 = bench_now();

	put_delayed(tq, STEP);
	return (bench_now() - t0) / STEP * 1e9;
}

/* Samples of the two spools alternate, so that both see the same weather. */
static void
put_cost(void)
{
	double deep[SAMPLES], shallow[SAMPLES];
	struct bench_dir d, s;
	struct tq *td, *ts;
	int i;

	bench_dir_make(&d);
	bench_dir_make(&s);
	bench_policy(&d, "none");
	bench_policy(&s, "none");
	td = bench_open(&d);
	ts = bench_open(&s);
	put_delayed(td, DEEP);
	put_delayed(ts, SHALLOW);
	for (i = 0; i < SAMPLES; i++) {
		shallow[i] = sample(ts);
		deep[i] = sample(td);
	}
	tq_close(td);
	tq_close(ts);
	bench_print("delay-put", bench_median(deep, SAMPLES), "ns",
	    bench_median(shallow, SAMPLES));
	bench_spool_remove(&d);
	bench_spool_remove(&s);
}

/* ---- the start ------------------------------------------------------------ */

/* How late a command is that says what time it is. */
static double
lateness(struct tq *tq, const char *stamp)
{
	const char *argv[] = { stamp };
	char out[64] = "";
	struct tq_task t;
	struct tq_err e;
	struct tq_id id;
	const char *ids[1] = { id.s };

	tq_task_init(&t);
	t.kind = TQ_KIND_COMMAND;
	t.flags = TQ_TASK_LOCAL;
	t.argc = 1;
	t.argv = argv;
	t.eta = wall() + APART * TQ_MS;
	if (tq_put(tq, &t, TQ_FOREVER, &id, &e) == -1 ||
	    tq_wait(tq, ids, 1, 0, 60 * TQ_SECOND, NULL, &e) == -1 ||
	    tq_read(tq, id.s, 0, TQ_STDOUT, 0, out, sizeof(out) - 1, &e) == -1)
		bench_die(&e, "a delayed task");
	return (double)(strtoll(out, NULL, 10) - t.eta) / 1e6;
}

/* The same without a queue: sleep until that time, then run it. */
static double
bare(const char *stamp, const char *out)
{
	const char *argv[] = { stamp, NULL };
	int64_t eta = wall() + APART * TQ_MS;
	struct timespec ts = { eta / 1000000000, eta % 1000000000 };
	char text[64] = "";
	FILE *f;

	(void)unlink(out);
	clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &ts, NULL);
	(void)bench_command(argv, "/dev/null", out);
	if ((f = fopen(out, "r")) == NULL ||
	    fgets(text, sizeof(text), f) == NULL)
		err(1, "%s", out);
	fclose(f);
	return (double)(strtoll(text, NULL, 10) - eta) / 1e6;
}

static void
start(const char *program)
{
	const char *run[] = { "tqrun", "-j", "1", NULL };
	double value[STARTS], limit[STARTS];
	char stamp[PATH_MAX], out[PATH_MAX + 8];
	struct bench_dir d;
	struct tq *tq;
	pid_t pid;
	int i;

	/* it stands beside us */
	if (realpath(program, stamp) == NULL)
		err(1, "%s", program);
	if (strrchr(stamp, '/') + sizeof("/stamp") > stamp + sizeof(stamp))
		errx(1, "%s: name too long", stamp);
	memcpy(strrchr(stamp, '/'), "/stamp", sizeof("/stamp"));
	bench_dir_make(&d);
	bench_policy(&d, "none");
	snprintf(out, sizeof(out), "%s/stamp", d.path);
	if (setenv("TQ_DIR", d.path, 1) == -1)
		err(1, "setenv");
	tq = bench_open(&d);
	pid = bench_spawn(run, "/dev/null", "/dev/null");
	(void)lateness(tq, stamp);	/* until it is there */
	for (i = 0; i < STARTS; i++) {
		value[i] = lateness(tq, stamp);
		limit[i] = bare(stamp, out);
	}
	kill(pid, SIGTERM);
	bench_reap(pid);
	tq_close(tq);
	bench_spool_remove(&d);
	bench_print("eta-late", bench_median(value, STARTS), "ms",
	    bench_median(limit, STARTS));
}

/* ---- early ---------------------------------------------------------------- */

static void
early(void)
{
	struct tq_take take = { .timeout = 60 * TQ_SECOND };
	struct tq_outcome o;
	struct bench_dir d;
	struct tq_claim c;
	struct tq_task t;
	struct tq_err e;
	struct tq_id id;
	struct tq *tq;
	int64_t base;
	int i, n = 0;

	bench_dir_make(&d);
	bench_policy(&d, "none");
	tq = bench_open(&d);
	tq_task_init(&t);
	tq_claim_init(&c);
	base = wall() + 1000 * TQ_MS;
	for (i = 0; i < MANY; i++) {
		t.eta = base + (int64_t)scatter() * (SPREAD * TQ_MS >> 16) /
		    (1 << 16);
		if (tq_put(tq, &t, TQ_FOREVER, &id, &e) == -1)
			bench_die(&e, "put");
	}
	for (i = 0; i < MANY; i++) {
		if (tq_claim(tq, &take, &c, &e) != 1)
			bench_die(&e, "claim");
		n += wall() < c.task.eta;
		tq_outcome_init(&o, TQ_SUCCESS);
		if (tq_settle(tq, &c.ref, &o, 0, &e) == -1)
			bench_die(&e, "settle");
	}
	tq_claim_fini(&c);
	tq_close(tq);
	bench_spool_remove(&d);
	bench_print("eta-early", n, "tasks", MANY);
}

int
main(int argc, char **argv)
{
	if (bench_wanted(argc, argv, "delay-put"))
		put_cost();
	if (bench_wanted(argc, argv, "eta-late"))
		start(argv[0]);
	if (bench_wanted(argc, argv, "eta-early"))
		early();
	return 0;
}
