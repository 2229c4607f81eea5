/*
 * tqput as a process: one call after another with policy full and policy
 * none, and -m with 100,000 records.  The limits are `true` as a process,
 * with one raw append and fdatasync(2) where the put is synced.
 */
#include "bench.h"

enum { CALLS = 1000, RECORDS = 100000, BATCH = 1000 };

/* Seconds of CALLS calls of a program, one after another. */
static double
calls(const char *const *argv)
{
	double t0 = bench_now();
	int i;

	for (i = 0; i < CALLS; i++)
		bench_reap(bench_spawn(argv, "/dev/null", "/dev/null"));
	return bench_now() - t0;
}

static double
calls_tqput(const char *policy)
{
	const char *argv[] = { "tqput", "-Q", "true", NULL };
	struct bench_dir d;
	struct tq *tq;
	double t;

	bench_dir_make(&d);
	bench_policy(&d, policy);
	tq = bench_open(&d);		/* a warm spool: its table is there */
	setenv("TQ_DIR", d.path, 1);
	t = calls(argv);
	tq_close(tq);
	bench_spool_remove(&d);
	return t;
}

static double
calls_true(void)
{
	const char *argv[] = { "true", NULL };

	return calls(argv);
}

/* Calls a second against those of true, each with a raw synced append. */
static void
put_process_full(void)
{
	double value[BENCH_RUNS], limit[BENCH_RUNS];
	int k;

	for (k = 0; k < BENCH_RUNS; k++) {
		limit[k] = CALLS / (calls_true() +
		    CALLS / bench_raw_append(CALLS, BENCH_BODY, 1));
		value[k] = CALLS / calls_tqput("full");
	}
	bench_print("process-full", bench_median(value, BENCH_RUNS),
	    "calls/s", bench_median(limit, BENCH_RUNS));
}

/* Microseconds a call against those of true. */
static void
put_process_none(void)
{
	double value[BENCH_RUNS], limit[BENCH_RUNS];
	int k;

	for (k = 0; k < BENCH_RUNS; k++) {
		limit[k] = calls_true() / CALLS * 1e6;
		value[k] = calls_tqput("none") / CALLS * 1e6;
	}
	bench_print("process-none", bench_median(value, BENCH_RUNS), "us",
	    bench_median(limit, BENCH_RUNS));
}

static double
many(const char *lines)
{
	const char *argv[] = { "tqput", "-m", "true", NULL };
	struct bench_dir d;
	char ids[PATH_MAX + 8];
	double t;

	bench_dir_make(&d);
	bench_policy(&d, "full");
	setenv("TQ_DIR", d.path, 1);
	snprintf(ids, sizeof(ids), "%s/ids", d.path);
	t = bench_command(argv, lines, ids);
	bench_spool_remove(&d);
	return RECORDS / t;
}

/* Tasks a second against appends of as many bytes, synced by the batch. */
static void
put_many(void)
{
	double value[BENCH_RUNS], limit[BENCH_RUNS];
	char lines[PATH_MAX + 8];
	struct bench_dir d;
	int k;

	bench_dir_make(&d);
	bench_lines(&d, RECORDS, lines, sizeof(lines));
	for (k = 0; k < BENCH_RUNS; k++) {
		limit[k] = BATCH * bench_raw_append(RECORDS / BATCH,
		    BATCH * sizeof("file-000000"), 1);
		value[k] = many(lines);
	}
	bench_dir_remove(&d);
	bench_print("many-full", bench_median(value, BENCH_RUNS), "tasks/s",
	    bench_median(limit, BENCH_RUNS));
}

int
main(int argc, char **argv)
{
	if (bench_wanted(argc, argv, "process-full"))
		put_process_full();
	if (bench_wanted(argc, argv, "process-none"))
		put_process_none();
	if (bench_wanted(argc, argv, "many-full"))
		put_many();
	return 0;
}
