/*
 * Puts through libtq: policy none a record at a time, policy full with one,
 * 16 and 64 producers at once.  The limits are a loop of write(2), and of
 * write(2) and fdatasync(2), of the same bodies.
 */
#include "bench.h"

enum { N_NONE = 200000, N_FULL = 2000, N_MANY = 6400 };

static double
put_none(void)
{
	struct bench_dir d;
	struct tq *tq;
	double t0, t1;

	bench_dir_make(&d);
	bench_policy(&d, "none");
	tq = bench_open(&d);
	bench_put(tq, 1000);
	t0 = bench_now();
	bench_put(tq, N_NONE);
	t1 = bench_now();
	tq_close(tq);
	bench_spool_remove(&d);
	return N_NONE / (t1 - t0);
}

/* One of many: say that the spool is open, wait for the start, put. */
static void
producer(const struct bench_dir *d, size_t n, int ready, int start)
{
	struct tq *tq = bench_open(d);
	char c = 'r';

	bench_put(tq, 1);
	if (write(ready, &c, 1) != 1 || read(start, &c, 1) != 0)
		err(1, "start");
	bench_put(tq, n);
	tq_close(tq);
	_exit(0);
}

/* Puts a second of all producers together, the first to the last. */
static double
put_full(int producers, size_t n)
{
	struct bench_dir d;
	int ready[2], start[2], i;
	double t0, t1;
	char c;

	bench_dir_make(&d);
	bench_policy(&d, "full");
	if (pipe(ready) == -1 || pipe(start) == -1)
		err(1, "pipe");
	for (i = 0; i < producers; i++)
		switch (fork()) {
		case -1:
			err(1, "fork");
		case 0:
			close(start[1]);
			producer(&d, n / producers, ready[1], start[0]);
		}
	for (i = 0; i < producers; i++)
		if (read(ready[0], &c, 1) != 1)
			err(1, "ready");
	t0 = bench_now();
	close(start[1]);		/* end of file is the starting shot */
	for (i = 0; i < producers; i++)
		bench_reap(-1);
	t1 = bench_now();
	close(start[0]);
	close(ready[0]);
	close(ready[1]);
	bench_spool_remove(&d);
	return n / producers * producers / (t1 - t0);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char	*figure;
		int		 producers;	/* 0: policy none */
		size_t		 n;
	} rows[] = {
		{ "put-none", 0, N_NONE },
		{ "put-full", 1, N_FULL },
		{ "put-full-16", 16, N_MANY },
		{ "put-full-64", 64, N_MANY },
	};
	double value[BENCH_RUNS], limit[BENCH_RUNS];
	size_t i, k;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!bench_wanted(argc, argv, rows[i].figure))
			continue;
		for (k = 0; k < BENCH_RUNS; k++) {
			if (rows[i].producers == 0) {
				limit[k] = bench_raw_append(N_NONE,
				    BENCH_BODY, 0);
				value[k] = put_none();
			} else {
				limit[k] = bench_raw_append(N_FULL,
				    BENCH_BODY, 1);
				value[k] = put_full(rows[i].producers,
				    rows[i].n);
			}
		}
		bench_print(rows[i].figure, bench_median(value, BENCH_RUNS),
		    "tasks/s", bench_median(limit, BENCH_RUNS));
	}
	return 0;
}
