/*
 * How tqrun fares after 1,000,000 tasks for a resident handler and 50,000
 * programs: its memory and its descriptors, against those it had after the
 * first tenth.  Prints no figure of `make bench`: it is `make soak`, exit
 * status 1 when either has grown.
 *
 * The program is its own handler: tqrun sets TQ_RESIDENT for one.
 */
#include <dirent.h>
#include <signal.h>
#include <string.h>

#include "bench.h"

enum {
	RESIDENT = 1000000, PROGRAMS = 50000,
	ROUNDS = 10,			/* each with a tenth of both */
	BATCH = 1000
};
#define GROWTH	0.05			/* of memory, at most */

/* All but those of segments: they come and go with the ledger, a few at most. */
static int
descriptors(pid_t pid)
{
	char path[64], to[4096];
	const struct dirent *d;
	ssize_t len;
	DIR *dir;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	if ((dir = opendir(path)) == NULL)
		err(1, "%s", path);
	while ((d = readdir(dir)) != NULL) {
		len = readlinkat(dirfd(dir), d->d_name, to, sizeof(to) - 1);
		if (len <= 0)
			continue;
		to[len] = '\0';
		n += strstr(to, "/ledger/") == NULL;
	}
	closedir(dir);
	return n;
}

/* Put n tasks: programs, or for the handler. */
static void
put(struct tq *tq, int n, int program)
{
	static const char *const argv[] = { "true", NULL };
	struct tq_task t[BATCH];
	struct tq_id id[BATCH];
	struct tq_err e;
	int i;

	for (i = 0; i < BATCH; i++) {
		tq_task_init(&t[i]);
		t[i].keep = 0;
		if (program) {
			t[i].kind = TQ_KIND_COMMAND;
			t[i].flags = TQ_TASK_LOCAL;
			t[i].argc = 1;
			t[i].argv = argv;
		} else {
			t[i].kind = TQ_KIND_NAMED;
			t[i].name = "noop";
		}
	}
	for (; n > 0; n -= BATCH)
		if (tq_put_many(tq, t, BATCH, TQ_FOREVER, id, &e) == -1)
			bench_die(&e, "put");
}

struct counted {
	uint64_t	 done, failed;
};

static int
count(const struct tq_queue_info *q, void *arg)
{
	struct counted *c = arg;

	c->done += q->successes;
	c->failed += q->failures;
	return 0;
}

static void
wait_done(struct tq *tq, uint64_t want)
{
	struct counted c = { 0, 0 };
	struct tq_err e;

	if (tq_wait_idle(tq, NULL, 0, TQ_FOREVER, &e) == -1 ||
	    tq_queues(tq, count, &c, &e) == -1)
		bench_die(&e, "wait");
	if (c.done != want || c.failed != 0)
		errx(1, "%llu successes and %llu failures, wanted %llu",
		    (unsigned long long)c.done, (unsigned long long)c.failed,
		    (unsigned long long)want);
}

static int
soak(struct tq *tq, pid_t pid)
{
	double memory[ROUNDS], t0 = bench_now();
	int fd[ROUNDS], k;

	for (k = 0; k < ROUNDS; k++) {
		put(tq, PROGRAMS / ROUNDS, 1);
		put(tq, RESIDENT / ROUNDS, 0);
		wait_done(tq, (uint64_t)(k + 1) *
		    (PROGRAMS / ROUNDS + RESIDENT / ROUNDS));
		memory[k] = bench_private(pid);
		fd[k] = descriptors(pid);
		printf("%d tasks\t%.0f bytes\t%d descriptors\t%.0f s\n",
		    (k + 1) * (PROGRAMS / ROUNDS + RESIDENT / ROUNDS),
		    memory[k], fd[k], bench_now() - t0);
		fflush(stdout);
	}
	if (memory[ROUNDS - 1] > memory[0] * (1 + GROWTH))
		warnx("memory grew by %.1f %%",
		    (memory[ROUNDS - 1] / memory[0] - 1) * 100);
	else if (fd[ROUNDS - 1] != fd[0])
		warnx("%d descriptors, %d before", fd[ROUNDS - 1], fd[0]);
	else
		return 0;
	return 1;
}

int
main(void)
{
	const char *run[] = { "tqrun", "-j", "2", "-U", NULL, NULL };
	char self[PATH_MAX];
	struct bench_dir d;
	struct tq *tq;
	ssize_t n;
	pid_t pid;
	int rv;

	if (getenv("TQ_RESIDENT") != NULL)
		return bench_handle();
	if ((n = readlink("/proc/self/exe", self, sizeof(self) - 1)) == -1)
		err(1, "/proc/self/exe");
	self[n] = '\0';
	run[4] = self;
	bench_dir_make(&d);
	setenv("TQ_DIR", d.path, 1);
	bench_policy(&d, "none");
	tq = bench_open(&d);
	pid = bench_spawn(run, "/dev/null", "/dev/null");
	rv = soak(tq, pid);
	kill(pid, SIGTERM);
	bench_reap(pid);
	tq_close(tq);
	bench_spool_remove(&d);
	return rv;
}
