/*
 * How long a task takes from its put in one process to the return of the
 * claim in another that sleeps, against a message through a POSIX queue to
 * a process that sleeps in mq_receive(3).
 *
 * Both are taken with the two processes bound to two processors, then bound
 * to one, because waking a halted processor costs five times the rest.
 */
#define _GNU_SOURCE		/* sched_setaffinity(2) */

#include <mqueue.h>
#include <sched.h>

#include "bench.h"

enum { ROUNDS = 400, WARM = 20 };

/* Both sides of one way to hand something over. */
struct way {
	void	(*prepare)(struct way *);	/* before the fork */
	void	(*open)(struct way *);		/* on each side, after it */
	void	(*send)(struct way *);		/* in the parent */
	void	(*receive)(struct way *);	/* in the child; sleeps */
	void	(*finish)(struct way *);	/* in the parent */
	struct bench_dir dir;
	struct tq *tq;
	struct tq_claim claim;
	mqd_t	 mq;
};

static void
tq_prepare(struct way *w)
{
	bench_dir_make(&w->dir);
	bench_policy(&w->dir, "none");
}

static void
tq_side(struct way *w)
{
	w->tq = bench_open(&w->dir);
	tq_claim_init(&w->claim);
}

static void
tq_send(struct way *w)
{
	bench_put(w->tq, 1);
}

/* The task before is settled first: that is not part of the latency. */
static void
tq_receive(struct way *w)
{
	struct tq_take take = { .timeout = 10 * TQ_SECOND };
	struct tq_outcome o;
	struct tq_err e;

	tq_outcome_init(&o, TQ_SUCCESS);
	o.status = 0;
	if (w->claim.ref.attempt > 0 &&
	    tq_settle(w->tq, &w->claim.ref, &o, 0, &e) == -1)
		bench_die(&e, "settle");
	switch (tq_claim(w->tq, &take, &w->claim, &e)) {
	case -1:
		bench_die(&e, "claim");
	case 0:
		errx(1, "claim: nothing for 10 s");
	}
}

static void
tq_finish(struct way *w)
{
	tq_close(w->tq);
	bench_spool_remove(&w->dir);
}

static void
mq_prepare(struct way *w)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 8 };
	char name[64];

	snprintf(name, sizeof(name), "/tq-bench-%d", (int)getpid());
	w->mq = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
	if (w->mq == (mqd_t)-1)
		err(1, "mq_open %s", name);
	mq_unlink(name);
}

static void
mq_side(struct way *w)
{
	(void)w;		/* a message queue is shared by the fork */
}

static void
mq_send_one(struct way *w)
{
	if (mq_send(w->mq, "", 1, 0) == -1)
		err(1, "mq_send");
}

static void
mq_receive_one(struct way *w)
{
	char buf[8];

	if (mq_receive(w->mq, buf, sizeof(buf), NULL) == -1)
		err(1, "mq_receive");
}

static void
mq_finish(struct way *w)
{
	mq_close(w->mq);
}

/* Bind this process to the k-th of the processors it may use. */
static void
bind_cpu(const cpu_set_t *all, int k)
{
	cpu_set_t one;
	int cpu;

	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, all) && k-- == 0) {
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			if (sched_setaffinity(0, sizeof(one), &one) == -1)
				err(1, "sched_setaffinity");
			return;
		}
}

/* Wait until a process is seen asleep twice, a millisecond apart. */
static void
await_sleep(pid_t pid)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	char path[64], buf[256], *p;
	int fd, seen = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	while (seen < 2) {
		if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
			err(1, "%s", path);
		n = read(fd, buf, sizeof(buf) - 1);
		close(fd);
		if (n <= 0)
			err(1, "%s", path);
		buf[n] = '\0';
		p = strrchr(buf, ')');
		seen = p != NULL && p[1] == ' ' && p[2] == 'S' ? seen + 1 : 0;
		nanosleep(&ms, NULL);
	}
}

/* The child: sleep until something comes, note when, say so. */
static void
receiver(struct way *w, volatile double *when, int done)
{
	int i;

	for (i = 0; i < WARM + ROUNDS; i++) {
		w->receive(w);
		*when = bench_now();
		if (write(done, "d", 1) != 1)
			err(1, "done");
	}
	_exit(0);
}

/* Fill ROUNDS latencies in seconds. */
static void
rounds(struct way *w, int ncpus, double *out)
{
	volatile double *when;
	cpu_set_t all;
	int done[2], i;
	double t0;
	pid_t pid;
	char c;

	if (sched_getaffinity(0, sizeof(all), &all) == -1)
		err(1, "sched_getaffinity");
	when = bench_shared();
	if (pipe(done) == -1)
		err(1, "pipe");
	w->prepare(w);
	bind_cpu(&all, 0);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		bind_cpu(&all, ncpus - 1);
		w->open(w);
		receiver(w, when, done[1]);
	}
	w->open(w);
	for (i = 0; i < WARM + ROUNDS; i++) {
		await_sleep(pid);
		t0 = bench_now();
		w->send(w);
		if (read(done[0], &c, 1) != 1)
			err(1, "done");
		if (i >= WARM)
			out[i - WARM] = *when - t0;
	}
	bench_reap(pid);
	w->finish(w);
	sched_setaffinity(0, sizeof(all), &all);
	munmap((void *)when, sizeof(*when));
	close(done[0]);
	close(done[1]);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char	*median, *p99;
		int		 ncpus;
	} rows[] = {
		{ "dispatch", "dispatch-p99", 2 },
		{ "dispatch-1cpu", "dispatch-1cpu-p99", 1 },
	};
	struct way tq = { .prepare = tq_prepare, .open = tq_side,
	    .send = tq_send, .receive = tq_receive, .finish = tq_finish };
	struct way mq = { .prepare = mq_prepare, .open = mq_side,
	    .send = mq_send_one, .receive = mq_receive_one,
	    .finish = mq_finish };
	double v[BENCH_RUNS], v99[BENCH_RUNS], l[BENCH_RUNS], l99[BENCH_RUNS];
	double s[ROUNDS];
	size_t i, k;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!bench_wanted(argc, argv, rows[i].median) &&
		    !bench_wanted(argc, argv, rows[i].p99))
			continue;
		for (k = 0; k < BENCH_RUNS; k++) {
			rounds(&mq, rows[i].ncpus, s);
			l[k] = 1e6 * bench_median(s, ROUNDS);
			l99[k] = 1e6 * bench_quantile(s, ROUNDS, 0.99);
			rounds(&tq, rows[i].ncpus, s);
			v[k] = 1e6 * bench_median(s, ROUNDS);
			v99[k] = 1e6 * bench_quantile(s, ROUNDS, 0.99);
		}
		bench_print(rows[i].median, bench_median(v, BENCH_RUNS), "us",
		    bench_median(l, BENCH_RUNS));
		bench_print(rows[i].p99, bench_median(v99, BENCH_RUNS), "us",
		    bench_median(l99, BENCH_RUNS));
	}
	return 0;
}
