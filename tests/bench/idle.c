/*
 * A tqrun with nothing to do: how often it wakes, and how much memory is its
 * own.
 */
#include <signal.h>

#include "bench.h"

enum { SETTLE = 3, WATCH = 10 };		/* seconds */

/* Sum of the numbers after each line head `key` of a file under /proc. */
static double
proc_sum(pid_t pid, const char *file, const char *key)
{
	char path[64], line[256];
	double sum = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	if ((f = fopen(path, "r")) == NULL)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			sum += strtod(line + strlen(key), NULL);
	fclose(f);
	return sum;
}

static void
pause_for(double seconds)
{
	struct timespec ts = { .tv_sec = (time_t)seconds };

	nanosleep(&ts, NULL);
}

int
main(int argc, char **argv)
{
	const char *run[] = { "tqrun", NULL };
	double a, b, wakes[BENCH_RUNS], rss;
	struct bench_dir d;
	pid_t pid;
	int k;

	if (!bench_wanted(argc, argv, "idle-wakes") &&
	    !bench_wanted(argc, argv, "idle-rss"))
		return 0;
	bench_dir_make(&d);
	bench_policy(&d, "full");
	setenv("TQ_DIR", d.path, 1);
	pid = bench_spawn(run, "/dev/null", "/dev/null");
	pause_for(SETTLE);
	for (k = 0; k < BENCH_RUNS; k++) {
		a = proc_sum(pid, "status", "voluntary_ctxt_switches:");
		pause_for((double)WATCH / BENCH_RUNS);
		b = proc_sum(pid, "status", "voluntary_ctxt_switches:");
		wakes[k] = (b - a) / ((double)WATCH / BENCH_RUNS);
	}
	rss = bench_private(pid);
	kill(pid, SIGTERM);
	bench_reap(pid);
	bench_spool_remove(&d);
	bench_print("idle-wakes", bench_median(wakes, BENCH_RUNS), "1/s", 1);
	bench_print("idle-rss", rss, "bytes", 4 << 20);
	return 0;
}
