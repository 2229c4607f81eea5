/*
 * tqrun with two places on 200,000 named tasks for a resident handler that
 * does nothing, against the same lines through two pipes without a queue.
 *
 * The program is its own handler: tqrun sets TQ_RESIDENT for one.
 */
#define _GNU_SOURCE		/* pipe2(2) */
#include "bench.h"

enum { TASKS = 200000, PLACES = 2 };

/* Answer each line with its id, as a handler does. */
static int
handle(void)
{
	static const char head[] = "{\"id\":\"";
	char *line = NULL, *end;
	size_t size = 0, n = sizeof(head) - 1;

	while (getline(&line, &size, stdin) > 0) {
		if (strncmp(line, head, n) != 0 ||
		    (end = strchr(line + n, '"')) == NULL)
			errx(1, "strange task: %s", line);
		printf("%.*s\"}\n", (int)(end - line), line);
		fflush(stdout);
	}
	free(line);
	return 0;
}

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

int
main(int argc, char **argv)
{
	double tqrun[BENCH_RUNS], raw[BENCH_RUNS];
	char self[PATH_MAX];
	ssize_t n;
	int k;

	if (getenv("TQ_RESIDENT") != NULL ||
	    (argc == 2 && strcmp(argv[1], "handle") == 0))
		return handle();
	if (!bench_wanted(argc, argv, "resident"))
		return 0;
	if ((n = readlink("/proc/self/exe", self, sizeof(self) - 1)) == -1)
		err(1, "/proc/self/exe");
	self[n] = '\0';
	for (k = 0; k < BENCH_RUNS; k++) {
		raw[k] = raw_pipes();
		tqrun[k] = run_tqrun(self);
	}
	bench_print("resident", bench_median(tqrun, BENCH_RUNS), "tasks/s",
	    bench_median(raw, BENCH_RUNS));
	return 0;
}
