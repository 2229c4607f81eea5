/*
 * tqrun with two places on 2,000 times a program, output captured and results
 * stored: `true` against a loop of posix_spawn(3) with two in flight and
 * against xargs -P 2; a static program, `tqput -V`, against the loop alone.
 */
#include "bench.h"

enum { TASKS = 2000, PLACES = 2 };

static double
raw_spawn(const char *program, const char *arg)
{
	/* with an argument, as the others: without one `true` does less */
	const char *argv[] = { program, arg, NULL };
	double t0 = bench_now();
	int i;

	for (i = 0; i < TASKS; i++) {
		if (i >= PLACES)
			bench_reap(-1);
		bench_spawn(argv, "/dev/null", "/dev/null");
	}
	for (i = 0; i < PLACES; i++)
		bench_reap(-1);
	return TASKS / (bench_now() - t0);
}

static double
run_xargs(const char *lines)
{
	const char *argv[] = { "xargs", "-P", "2", "-n", "1", "true", NULL };

	return TASKS / bench_command(argv, lines, "/dev/null");
}

static double
run_tqrun(const char *lines, const char *program, const char *arg)
{
	const char *put[] = { "tqput", "-m", "-Q", "--", program, arg, NULL };
	const char *run[] = { "tqrun", "-j", "2", "-E", NULL };
	struct bench_dir d;
	double t;

	bench_dir_make(&d);
	setenv("TQ_DIR", d.path, 1);
	bench_command(put, lines, "/dev/null");
	t = bench_command(run, "/dev/null", "/dev/null");
	bench_spool_remove(&d);
	return TASKS / t;
}

static void
measure_true(const char *lines)
{
	double tqrun[BENCH_RUNS], spawn[BENCH_RUNS], xargs[BENCH_RUNS];
	int k;

	for (k = 0; k < BENCH_RUNS; k++) {
		spawn[k] = raw_spawn("true", "1");
		xargs[k] = run_xargs(lines);
		tqrun[k] = run_tqrun(lines, "true", NULL);
	}
	bench_print("exec-spawn", bench_median(tqrun, BENCH_RUNS), "tasks/s",
	    bench_median(spawn, BENCH_RUNS));
	bench_print("exec-xargs", bench_median(tqrun, BENCH_RUNS), "tasks/s",
	    bench_median(xargs, BENCH_RUNS));
}

/* It prints a line: what is captured is not nothing. */
static void
measure_static(const char *lines)
{
	double tqrun[BENCH_RUNS], spawn[BENCH_RUNS];
	int k;

	for (k = 0; k < BENCH_RUNS; k++) {
		spawn[k] = raw_spawn("tqput", "-V");
		tqrun[k] = run_tqrun(lines, "tqput", "-V");
	}
	bench_print("exec-static", bench_median(tqrun, BENCH_RUNS), "tasks/s",
	    bench_median(spawn, BENCH_RUNS));
}

int
main(int argc, char **argv)
{
	char lines[PATH_MAX + 8];
	struct bench_dir d;

	bench_dir_make(&d);
	bench_lines(&d, TASKS, lines, sizeof(lines));
	if (bench_wanted(argc, argv, "exec-spawn") ||
	    bench_wanted(argc, argv, "exec-xargs"))
		measure_true(lines);
	if (bench_wanted(argc, argv, "exec-static"))
		measure_static(lines);
	bench_dir_remove(&d);
	return 0;
}
