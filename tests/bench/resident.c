/*
 * tqrun with two places on 200,000 named tasks for a resident handler that
 * does nothing, against the same lines through two pipes without a queue; the
 * same tasks by a handler in this process; and how long one takes from its put
 * to the news of its end.
 *
 * The program is its own handler: tqrun sets TQ_RESIDENT for one.
 */
#define _GNU_SOURCE		/* pipe2(2) */
#include "bench.h"

enum { TASKS = 200000, PLACES = 2 };

struct handler {
	pid_t	 pid;
	FILE	*in, *out;
};

static void
start_handler(struct handler *h)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1)
		err(1, "pipe");
	if ((h->pid = fork()) == -1)
		err(1, "fork");
	if (h->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl("/proc/self/exe", "resident", "handle", (char *)NULL);
		err(1, "exec");
	}
	close(in[0]);
	close(out[1]);
	h->in = fdopen(in[1], "w");
	h->out = fdopen(out[0], "r");
	if (h->in == NULL || h->out == NULL)
		err(1, "fdopen");
}

/* Lines of 300 bytes, about what a task has, and their answers. */
static double
raw_pipes(void)
{
	char line[256], pad[] = "                                          ";
	struct handler h[PLACES];
	double t0;
	int i;

	for (i = 0; i < PLACES; i++)
		start_handler(&h[i]);
	t0 = bench_now();
	for (i = 0; i < TASKS + PLACES; i++) {
		if (i >= PLACES && fgets(line, sizeof(line),
		    h[i % PLACES].out) == NULL)
			errx(1, "no answer");
		if (i >= TASKS)
			continue;
		fprintf(h[i % PLACES].in, "{\"id\":\"%036d\",%s%s%s%s%s%s}\n",
		    i, pad, pad, pad, pad, pad, pad);
		fflush(h[i % PLACES].in);
	}
	t0 = bench_now() - t0;
	for (i = 0; i < PLACES; i++) {
		fclose(h[i].in);
		fclose(h[i].out);
		bench_reap(h[i].pid);
	}
	return TASKS / t0;
}

static void
put_tasks(struct tq *tq)
{
	struct tq_err e;
	struct tq_task t;
	struct tq_id id;
	int i;

	tq_task_init(&t);
	t.kind = TQ_KIND_NAMED;
	t.name = "noop";
	for (i = 0; i < TASKS; i++)
		if (tq_put(tq, &t, TQ_FOREVER, &id, &e) == -1)
			bench_die(&e, "put");
}

static double
run_tqrun(const char *self)
{
	const char *run[] = { "tqrun", "-j", "2", "-E", "-U", self, NULL };
	struct bench_dir d;
	struct tq *tq;
	double t;

	bench_dir_make(&d);
	setenv("TQ_DIR", d.path, 1);
	bench_policy(&d, "none");
	tq = bench_open(&d);
	put_tasks(tq);
	t = bench_command(run, "/dev/null", "/dev/null");
	tq_close(tq);
	bench_spool_remove(&d);
	return TASKS / t;
}

/*
 * A process between us and the handler that passes lines on and back, with
 * its ends in *w.
 */
static int
pipe_through(struct handler *w, struct handler *h)
{
	int in[2], out[2];
	char line[256];
	FILE *f;

	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1 ||
	    (w->pid = fork()) == -1)
		return -1;
	if (w->pid == 0) {
		close(in[1]);
		close(out[0]);
		if ((f = fdopen(in[0], "r")) == NULL)
			err(1, "fdopen");
		while (fgets(line, sizeof(line), f) != NULL) {
			fputs(line, h->in);
			fflush(h->in);
			if (fgets(line, sizeof(line), h->out) == NULL ||
			    write(out[1], line, strlen(line)) == -1)
				_exit(1);
		}
		_exit(0);
	}
	close(in[0]);
	close(out[1]);
	w->in = fdopen(in[1], "w");
	w->out = fdopen(out[0], "r");
	return w->in == NULL || w->out == NULL ? -1 : 0;
}

/* ---- in process ------------------------------------------------------- */

static int
nothing(struct tq_call *c)
{
	(void)c;
	return 0;
}

static double
run_in_process(void)
{
	static const struct tq_handler noop = { "noop", nothing, NULL };
	struct tq_work w = { .handlers = &noop, .nhandlers = 1 };
	struct bench_dir d;
	struct tq_err e;
	struct tq *tq;
	double t;

	bench_dir_make(&d);
	setenv("TQ_DIR", d.path, 1);
	bench_policy(&d, "none");
	tq = bench_open(&d);
	put_tasks(tq);
	t = bench_now();
	if (tq_work(tq, &w, &e) == -1)
		bench_die(&e, "work");
	t = bench_now() - t;
	if (w.done != TASKS)
		errx(1, "%llu tasks done", (unsigned long long)w.done);
	tq_close(tq);
	bench_spool_remove(&d);
	return TASKS / t;
}

/* Two raw appends a task, for its start and its end. */
static double
raw_appends(void)
{
	struct bench_dir d;
	char path[PATH_MAX + 8], line[100] = "";
	double t;
	int fd, i;

	bench_dir_make(&d);
	snprintf(path, sizeof(path), "%s/raw", d.path);
	if ((fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600)) == -1)
		err(1, "%s", path);
	t = bench_now();
	for (i = 0; i < 2 * TASKS; i++)
		if (write(fd, line, sizeof(line)) != sizeof(line))
			err(1, "%s", path);
	t = bench_now() - t;
	close(fd);
	unlink(path);
	rmdir(d.path);
	return TASKS / t;
}

/* ---- latency ---------------------------------------------------------- */

enum { TRIPS = 1000 };

/* From before the put to after the wait, median of TRIPS, in us. */
static double
trip(struct tq *tq)
{
	static double v[TRIPS];
	struct tq_task t;
	struct tq_id id;
	const char *ids[1] = { id.s };
	struct tq_err e;
	int i;

	tq_task_init(&t);
	t.kind = TQ_KIND_NAMED;
	t.name = "noop";
	/* the first waits for the handler to start */
	for (i = -1; i < TRIPS; i++) {
		double t0 = bench_now();

		if (tq_put(tq, &t, TQ_FOREVER, &id, &e) == -1 ||
		    tq_wait(tq, ids, 1, 0, TQ_FOREVER, NULL, &e) == -1)
			bench_die(&e, "trip");
		if (i >= 0)
			v[i] = (bench_now() - t0) * 1e6;
	}
	return bench_median(v, TRIPS);
}

/* Start tqrun on that spool; its pid once it serves. */
static pid_t
start_tqrun(const char *self)
{
	pid_t pid;

	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		execlp("tqrun", "tqrun", "-j", "1", "-U", self, (char *)NULL);
		err(1, "tqrun");
	}
	return pid;
}

static double
latency(const char *self)
{
	struct bench_dir d;
	struct tq *tq;
	double us;
	pid_t pid;

	bench_dir_make(&d);
	setenv("TQ_DIR", d.path, 1);
	bench_policy(&d, "none");
	tq = bench_open(&d);
	pid = start_tqrun(self);
	us = trip(tq);
	kill(pid, SIGTERM);
	bench_reap(pid);
	tq_close(tq);
	bench_spool_remove(&d);
	return us;
}

/*
 * The same way from process to process without a queue, in us: to a worker, to
 * a handler and back by pipes.
 */
static double
raw_trip(void)
{
	static double v[TRIPS];
	struct handler h, w;
	char line[256];
	int i;

	start_handler(&h);
	if (pipe_through(&w, &h) == -1)
		err(1, "pipe");
	for (i = 0; i < TRIPS; i++) {
		double t0 = bench_now();

		fprintf(w.in, "{\"id\":\"%036d\"}\n", i);
		fflush(w.in);
		if (fgets(line, sizeof(line), w.out) == NULL)
			errx(1, "no answer");
		v[i] = (bench_now() - t0) * 1e6;
	}
	fclose(w.in);
	fclose(w.out);
	bench_reap(w.pid);
	fclose(h.in);
	fclose(h.out);
	bench_reap(h.pid);
	return bench_median(v, TRIPS);
}

static void
resident(const char *self)
{
	double tqrun[BENCH_RUNS], raw[BENCH_RUNS];
	int k;

	for (k = 0; k < BENCH_RUNS; k++) {
		raw[k] = raw_pipes();
		tqrun[k] = run_tqrun(self);
	}
	bench_print("resident", bench_median(tqrun, BENCH_RUNS), "tasks/s",
	    bench_median(raw, BENCH_RUNS));
}

static void
in_process(void)
{
	double here[BENCH_RUNS], raw[BENCH_RUNS];
	int k;

	for (k = 0; k < BENCH_RUNS; k++) {
		raw[k] = raw_appends();
		here[k] = run_in_process();
	}
	bench_print("in-process", bench_median(here, BENCH_RUNS), "tasks/s",
	    bench_median(raw, BENCH_RUNS));
}

static void
trips(const char *self)
{
	double us[BENCH_RUNS], raw[BENCH_RUNS];
	int k;

	for (k = 0; k < BENCH_RUNS; k++) {
		raw[k] = raw_trip();
		us[k] = latency(self);
	}
	bench_print("latency", bench_median(us, BENCH_RUNS), "us",
	    bench_median(raw, BENCH_RUNS));
}

int
main(int argc, char **argv)
{
	char self[PATH_MAX];
	ssize_t n;

	if (getenv("TQ_RESIDENT") != NULL ||
	    (argc == 2 && strcmp(argv[1], "handle") == 0))
		return bench_handle();
	if ((n = readlink("/proc/self/exe", self, sizeof(self) - 1)) == -1)
		err(1, "/proc/self/exe");
	self[n] = '\0';
	if (bench_wanted(argc, argv, "resident"))
		resident(self);
	if (bench_wanted(argc, argv, "in-process"))
		in_process();
	if (bench_wanted(argc, argv, "latency"))
		trips(self);
	return 0;
}
