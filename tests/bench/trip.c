/*
 * trip URL n: put a named task "noop" and wait for its result, n times, one
 * after another; prints the median in us.  For peer.py.
 */
#include "bench.h"

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int
main(int argc, char *argv[])
{
	struct tq_task t;
	struct tq_err e;
	struct tq_id id;
	const char *ids[1] = { id.s };
	struct timespec a, b;
	double *us;
	struct tq *tq;
	int i, n;

	if (argc != 3 || (n = atoi(argv[2])) < 1 ||
	    (us = calloc((size_t)n, sizeof(*us))) == NULL)
		errx(64, "usage: trip url n");
	if (tq_open(&tq, argv[1], NULL, 0, &e) == -1)
		errx(1, "%s", e.text);
	tq_task_init(&t);
	t.kind = TQ_KIND_NAMED;
	t.name = "noop";
	for (i = 0; i < n; i++) {
		clock_gettime(CLOCK_MONOTONIC, &a);
		if (tq_put(tq, &t, 0, &id, &e) == -1 ||
		    tq_wait(tq, ids, 1, 0, 10 * TQ_SECOND, NULL, &e) != 1)
			errx(1, "%s", e.text);
		clock_gettime(CLOCK_MONOTONIC, &b);
		us[i] = (double)(b.tv_sec - a.tv_sec) * 1e6 +
		    (double)(b.tv_nsec - a.tv_nsec) / 1e3;
	}
	qsort(us, (size_t)n, sizeof(*us), by_size);
	printf("%.1f\n", us[n / 2]);
	tq_close(tq);
	free(us);
	return 0;
}
