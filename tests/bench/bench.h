/*
 * What the bench programs share: clock, median, the output line, private
 * spools, and the raw limits that more than one of them compares with.
 *
 * Each program is one file that includes this one, so that it can be built
 * and read alone.  It prints the figures named on its command line, all of
 * its figures when none is named, nothing when only others are.  README says
 * how each figure is taken.
 */
#ifndef TQ_BENCH_BENCH_H
#define TQ_BENCH_BENCH_H

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tq/tq.h>

#define BENCH_RUNS	5		/* a median is of this many */
#define BENCH_BODY	100		/* bytes in the body of a task */
#define BENCH_LINE	"file-%06d\n"	/* a record of -m */

/* Seconds on the monotonic clock. */
static inline double
bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static inline int
bench_cmp(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value below which a share q of the n samples lie; sorts them. */
static inline double
bench_quantile(double *v, size_t n, double q)
{
	qsort(v, n, sizeof(*v), bench_cmp);
	return v[(size_t)(q * (n - 1) + 0.5)];
}

static inline double
bench_median(double *v, size_t n)
{
	return bench_quantile(v, n, 0.5);
}

/* 1 if the figure is to be taken. */
static inline int
bench_wanted(int argc, char **argv, const char *figure)
{
	int i;

	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], figure) == 0)
			return 1;
	return argc < 2;
}

/* One line of output; it is flushed, since a bound may kill us later. */
static inline void
bench_print(const char *figure, double value, const char *unit, double limit)
{
	printf("%s\t%.6g\t%s\t%.6g\t%.3f\n", figure, value, unit, limit,
	    limit > 0 ? value / limit : 0);
	fflush(stdout);
}

static inline void __attribute__((__noreturn__))
bench_die(const struct tq_err *e, const char *what)
{
	errx(1, "%s: %s", what, e->text);
}

/* A number that a child made later can fill in for its parent. */
static inline volatile double *
bench_shared(void)
{
	void *p = mmap(NULL, sizeof(double), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

/* ---- private spools -------------------------------------------------- */

struct bench_dir {
	char	 path[PATH_MAX];
};

/* Make a fresh directory under $TMPDIR, or /tmp. */
static inline void
bench_dir_make(struct bench_dir *d)
{
	const char *tmp = getenv("TMPDIR");

	if (tmp == NULL || *tmp == '\0')
		tmp = "/tmp";
	if (snprintf(d->path, sizeof(d->path), "%s/bench.XXXXXX", tmp) >=
	    (int)sizeof(d->path))
		errx(1, "%s: name too long", tmp);
	if (mkdtemp(d->path) == NULL)
		err(1, "%s", d->path);
}

static inline int
bench_rm(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static inline void
bench_dir_remove(const struct bench_dir *d)
{
	if (nftw(d->path, bench_rm, 16, FTW_DEPTH | FTW_PHYS) == -1)
		warn("%s", d->path);
}

/* Make a file of n short lines in a directory, and its path. */
static inline void
bench_lines(const struct bench_dir *d, int n, char *path, size_t size)
{
	FILE *f;
	int i;

	if (snprintf(path, size, "%s/lines", d->path) >= (int)size)
		errx(1, "%s: name too long", d->path);
	if ((f = fopen(path, "w")) == NULL)
		err(1, "%s", path);
	for (i = 0; i < n; i++)
		fprintf(f, BENCH_LINE, i);
	if (fclose(f) != 0)
		err(1, "%s", path);
}

/* Open the spool in a directory. */
static inline struct tq *
bench_open(const struct bench_dir *d)
{
	struct tq_err e;
	struct tq *tq;

	if (tq_open(&tq, d->path, NULL, 0, &e) == -1)
		bench_die(&e, d->path);
	return tq;
}

/* Remove the shared-memory objects that this process maps. */
static inline void
bench_table_remove(void)
{
	char line[PATH_MAX + 128], *p;
	FILE *f;
	int n = 0;

	if ((f = fopen("/proc/self/maps", "r")) == NULL)
		err(1, "/proc/self/maps");
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if ((p = strstr(line, "/dev/shm/")) != NULL && unlink(p) == 0)
			n++;
	}
	fclose(f);
	if (n == 0)
		errx(1, "no shared memory found to remove");
}

/* Remove a spool that nobody uses, its table too. */
static inline void
bench_spool_remove(const struct bench_dir *d)
{
	struct tq *tq = bench_open(d);

	bench_table_remove();
	tq_close(tq);
	bench_dir_remove(d);
}

/* Give the spool in a directory its sync policy, making it if need be. */
static inline void
bench_policy(const struct bench_dir *d, const char *policy)
{
	struct tq_err e;
	struct tq *tq = bench_open(d);

	if (tq_set(tq, NULL, "sync", policy, &e) == -1)
		bench_die(&e, policy);
	tq_close(tq);
}

/* Put n tasks of a body of BENCH_BODY bytes, one call each. */
static inline void
bench_put(struct tq *tq, size_t n)
{
	static const char body[BENCH_BODY] = "a body";
	struct tq_err e;
	struct tq_task t;
	struct tq_id id;

	tq_task_init(&t);
	t.kind = TQ_KIND_BODY;
	t.body.p = body;
	t.body.n = sizeof(body);
	while (n-- > 0)
		if (tq_put(tq, &t, TQ_FOREVER, &id, &e) == -1)
			bench_die(&e, "put");
}

/* Claim n tasks and end each in success. */
static inline void
bench_take(struct tq *tq, size_t n)
{
	struct tq_take take = { .timeout = 10 * TQ_SECOND };
	struct tq_outcome o;
	struct tq_claim c;
	struct tq_err e;
	int rv;

	tq_claim_init(&c);
	while (n-- > 0) {
		if ((rv = tq_claim(tq, &take, &c, &e)) == -1)
			bench_die(&e, "claim");
		if (rv == 0)
			errx(1, "claim: nothing for 10 s, %zu missing", n + 1);
		tq_outcome_init(&o, TQ_SUCCESS);
		o.status = 0;
		if (tq_settle(tq, &c.ref, &o, 0, &e) == -1)
			bench_die(&e, "settle");
	}
	tq_claim_fini(&c);
}

/* ---- raw limits ------------------------------------------------------ */

/*
 * Append n records of `bytes` bytes, one write(2) each, with a fdatasync(2)
 * after each if sync is non-zero.  Returns records a second.
 */
static inline double
bench_raw_append(size_t n, size_t bytes, int sync)
{
	static const char rec[1 << 16];
	struct bench_dir d;
	char path[PATH_MAX + 8];
	double t0, t1;
	size_t i;
	int fd;

	bench_dir_make(&d);
	snprintf(path, sizeof(path), "%s/log", d.path);
	if ((fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
	    0600)) == -1)
		err(1, "%s", path);
	t0 = bench_now();
	for (i = 0; i < n; i++) {
		if (write(fd, rec, bytes) != (ssize_t)bytes)
			err(1, "%s: write", path);
		if (sync && fdatasync(fd) == -1)
			err(1, "%s: fdatasync", path);
	}
	t1 = bench_now();
	close(fd);
	bench_dir_remove(&d);
	return n / (t1 - t0);
}

/* Start a program found in PATH with its stdin and stdout as given. */
static inline pid_t
bench_spawn(const char *const *argv, const char *in, const char *out)
{
	extern char **environ;
	posix_spawn_file_actions_t fa;
	pid_t pid;
	int error;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, in, O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&fa, 1, out, O_WRONLY | O_CREAT,
	    0600);
	/* POSIX promises that argv is not changed, its prototype does not */
	error = posix_spawnp(&pid, argv[0], &fa, NULL, (char *const *)argv,
	    environ);
	posix_spawn_file_actions_destroy(&fa);
	if (error != 0)
		errx(1, "%s: %s", argv[0], strerror(error));
	return pid;
}

/* Wait for one child (-1: any) and insist on its success. */
static inline void
bench_reap(pid_t pid)
{
	int status;

	while ((pid = waitpid(pid, &status, 0)) == -1)
		if (errno != EINTR)
			err(1, "waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		errx(1, "process %d ended with %#x", (int)pid,
		    (unsigned)status);
}

/* Run a program to its end, which must be a success; returns seconds. */
static inline double
bench_command(const char *const *argv, const char *in, const char *out)
{
	double t0 = bench_now();

	bench_reap(bench_spawn(argv, in, out));
	return bench_now() - t0;
}

/*
 * Bytes in private mappings that no other process has: what the kernel calls
 * Private_Clean and Private_Dirty, without the table and the segments, which
 * are shared even while only one process maps them.
 */
static inline double
bench_private(pid_t pid)
{
	char path[64], line[512], perms[8];
	int private = 0;
	double sum = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	if ((f = fopen(path, "r")) == NULL)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%*x-%*x %7s", perms) == 1)
			private = perms[3] == 'p';
		else if (private && strncmp(line, "Private_", 8) == 0)
			sum += strtod(line + strcspn(line, " "), NULL);
	}
	fclose(f);
	return sum * 1024;
}

/* Be a resident handler that does nothing: answer each line with its id. */
static inline int
bench_handle(void)
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
#endif
