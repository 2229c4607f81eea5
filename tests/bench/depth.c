/*
 * A million queued tasks: what a put, a claim and an end cost above them
 * against above a thousand, what memory and disk each task takes, and how
 * long the spool takes to open again after the shared memory is gone.
 */
#include "bench.h"

enum {
	SHALLOW = 1000, DEEP = 1000000,
	STEP = 1000,			/* tasks in one sample */
	SAMPLES = 25
};

/* Bytes that the shared-memory objects mapped by this process occupy. */
static double
shm_bytes(void)
{
	char line[PATH_MAX + 128], last[PATH_MAX] = "", *p;
	struct stat st;
	double sum = 0;
	FILE *f;

	if ((f = fopen("/proc/self/maps", "r")) == NULL)
		err(1, "/proc/self/maps");
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if ((p = strstr(line, "/dev/shm/")) == NULL)
			continue;
		if (strcmp(p, last) != 0 && stat(p, &st) == 0)
			sum += st.st_blocks * 512.0;
		snprintf(last, sizeof(last), "%s", p);
	}
	fclose(f);
	return sum;
}

static double disk_sum;			/* nftw(3) passes no argument */

static int
disk_add(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)path, (void)ftw;
	if (flag == FTW_F)
		disk_sum += st->st_blocks * 512.0;
	return 0;
}

static double
disk_bytes(const struct bench_dir *d)
{
	disk_sum = 0;
	if (nftw(d->path, disk_add, 16, FTW_PHYS) == -1)
		err(1, "%s", d->path);
	return disk_sum;
}

/* Read every file of the spool once, as any recovery must. */
static int
read_file(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	static char buf[1 << 18];
	int fd;

	(void)st, (void)ftw;
	if (flag != FTW_F)
		return 0;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		err(1, "%s", path);
	while (read(fd, buf, sizeof(buf)) > 0)
		continue;
	close(fd);
	return 0;
}

static double
read_all(const struct bench_dir *d)
{
	double t0 = bench_now();

	if (nftw(d->path, read_file, 16, FTW_PHYS) == -1)
		err(1, "%s", d->path);
	return bench_now() - t0;
}

/*
 * Run f in a child, so that nobody maps the spool when it is over; returns
 * what f returned.
 */
static double
in_child(double (*f)(const struct bench_dir *), const struct bench_dir *d)
{
	volatile double *rv = bench_shared();
	pid_t pid;

	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		*rv = f(d);
		_exit(0);
	}
	bench_reap(pid);
	return *rv;
}

/* Fill the deep spool and say what its tasks take. */
static double
fill(const struct bench_dir *d)
{
	struct tq *tq = bench_open(d);
	double shm = shm_bytes(), disk = disk_bytes(d);

	bench_put(tq, DEEP);
	bench_print("shm-per-task", (shm_bytes() - shm) / DEEP, "bytes", 16);
	bench_print("disk-per-task", (disk_bytes(d) - disk) / DEEP, "bytes",
	    BENCH_BODY);
	tq_close(tq);
	return 0;
}

/* One sample: STEP puts, then STEP claims and ends; ns for each. */
static void
sample(struct tq *tq, double *put, double *take)
{
	double t0, t1, t2;

	t0 = bench_now();
	bench_put(tq, STEP);
	t1 = bench_now();
	bench_take(tq, STEP);
	t2 = bench_now();
	*put = (t1 - t0) / STEP * 1e9;
	*take = (t2 - t1) / STEP * 1e9;
}

/* Samples of the two spools alternate, so that both see the same weather. */
static double
compare(const struct bench_dir *deep)
{
	double dput[SAMPLES], dtake[SAMPLES], sput[SAMPLES], stake[SAMPLES];
	struct bench_dir shallow;
	struct tq *td, *ts;
	int i;

	bench_dir_make(&shallow);
	bench_policy(&shallow, "none");
	ts = bench_open(&shallow);
	td = bench_open(deep);
	bench_put(ts, SHALLOW);
	for (i = 0; i < SAMPLES; i++) {
		sample(ts, &sput[i], &stake[i]);
		sample(td, &dput[i], &dtake[i]);
	}
	tq_close(ts);
	tq_close(td);
	bench_spool_remove(&shallow);
	bench_print("depth-put", bench_median(dput, SAMPLES), "ns",
	    bench_median(sput, SAMPLES));
	bench_print("depth-claim-end", bench_median(dtake, SAMPLES), "ns",
	    bench_median(stake, SAMPLES));
	return 0;
}

static double
lose(const struct bench_dir *d)
{
	struct tq *tq = bench_open(d);

	bench_table_remove();
	tq_close(tq);
	return 0;
}

static int
add_ready(const struct tq_queue_info *q, void *arg)
{
	*(uint64_t *)arg += q->count[TQ_READY];
	return 0;
}

/* Open the spool, see that the million is there, and return the seconds. */
static double
reopen(const struct bench_dir *d)
{
	struct tq_err e;
	struct tq *tq;
	double t0 = bench_now(), t;
	uint64_t ready = 0;

	tq = bench_open(d);
	if (tq_queues(tq, add_ready, &ready, &e) == -1)
		bench_die(&e, "queues");
	t = bench_now() - t0;
	if (ready != DEEP)
		errx(1, "reopen: %llu tasks ready", (unsigned long long)ready);
	tq_close(tq);
	return t;
}

static void
reopen_all(const struct bench_dir *d)
{
	double value[BENCH_RUNS], limit[BENCH_RUNS];
	int k;

	for (k = 0; k < BENCH_RUNS; k++) {
		in_child(lose, d);
		limit[k] = read_all(d);
		value[k] = in_child(reopen, d);
	}
	bench_print("reopen", bench_median(value, BENCH_RUNS), "s",
	    bench_median(limit, BENCH_RUNS));
}

int
main(int argc, char **argv)
{
	int sizes, costs, again;
	struct bench_dir d;

	sizes = bench_wanted(argc, argv, "shm-per-task") ||
	    bench_wanted(argc, argv, "disk-per-task");
	costs = bench_wanted(argc, argv, "depth-put") ||
	    bench_wanted(argc, argv, "depth-claim-end");
	again = bench_wanted(argc, argv, "reopen");
	if (!sizes && !costs && !again)
		return 0;
	bench_dir_make(&d);
	bench_policy(&d, "none");
	in_child(fill, &d);
	if (again)
		reopen_all(&d);
	if (costs)
		in_child(compare, &d);
	bench_spool_remove(&d);
	return 0;
}
