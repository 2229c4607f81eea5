/*
 * Tasks that go all the way: put by one process, claimed and ended by
 * another, policy none.  The limit is a loop of write(2) of the same bodies.
 */
#include "bench.h"

enum { N = 200000 };

static double
flow(void)
{
	struct bench_dir d;
	struct tq *tq;
	double t0, t1;
	pid_t pid;

	bench_dir_make(&d);
	bench_policy(&d, "none");
	t0 = bench_now();
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		tq = bench_open(&d);
		bench_take(tq, N);
		tq_close(tq);
		_exit(0);
	}
	tq = bench_open(&d);
	bench_put(tq, N);
	bench_reap(pid);
	t1 = bench_now();
	tq_close(tq);
	bench_spool_remove(&d);
	return N / (t1 - t0);
}

int
main(int argc, char **argv)
{
	double value[BENCH_RUNS], limit[BENCH_RUNS];
	size_t k;

	if (!bench_wanted(argc, argv, "flow-none"))
		return 0;
	for (k = 0; k < BENCH_RUNS; k++) {
		limit[k] = bench_raw_append(N, BENCH_BODY, 0);
		value[k] = flow();
	}
	bench_print("flow-none", bench_median(value, BENCH_RUNS), "tasks/s",
	    bench_median(limit, BENCH_RUNS));
	return 0;
}
