/*
 * Tasks that are tied to others: keys, groups, a failure with many dependants,
 * a chain.  The limits are the same tasks without ties, or goals.  Where two
 * kinds of put are compared it is by the time of the processor: nobody waits
 * for anything else at policy none.
 */
#include "bench.h"

#include <time.h>

enum {
	KEYS = 1000000,			/* that are there */
	MEMBERS = 100000, DEPENDANTS = 100000, LINKS = 10000,
	BATCH = 1000
};

struct work {
	struct bench_dir d;
	struct tq	*tq;
	struct tq_task	*t;		/* BATCH */
	struct tq_id	*id;		/* of the last batch */
	char		(*name)[32];	/* keys or ids of a batch */
	struct tq_err	 e;
};

static double
cpu_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

static void
begin(struct work *w, const char *policy)
{
	bench_dir_make(&w->d);
	bench_policy(&w->d, policy);
	w->tq = bench_open(&w->d);
	w->t = calloc(BATCH, sizeof(*w->t));
	w->id = calloc(BATCH, sizeof(*w->id));
	w->name = calloc(BATCH, sizeof(*w->name));
	if (w->t == NULL || w->id == NULL || w->name == NULL)
		err(1, "calloc");
}

static void
end(struct work *w)
{
	tq_close(w->tq);
	free(w->t);
	free(w->id);
	free(w->name);
	bench_spool_remove(&w->d);
}

static struct tq_task *
body(struct tq_task *t)
{
	static const char bytes[BENCH_BODY] = "a body";

	tq_task_init(t);
	t->kind = TQ_KIND_BODY;
	t->body.p = bytes;
	t->body.n = sizeof(bytes);
	return t;
}

static void
put(struct work *w, size_t n)
{
	if (tq_put_many(w->tq, w->t, n, 0, w->id, &w->e) == -1)
		bench_die(&w->e, "put");
}

/* ---- keys --------------------------------------------------------------- */

/* Put n tasks one by one, with keys from `first` on or without. */
static void
put_keys(struct work *w, size_t n, size_t first, int keyed)
{
	size_t i;

	for (i = 0; i < n; i++) {
		body(&w->t[0]);
		(void)snprintf(w->name[0], sizeof(w->name[0]), "feed-%zu",
		    first + i);
		if (keyed)
			w->t[0].key = w->name[0];
		put(w, 1);
	}
}

/* Both at the same depth, in turns; how much longer a key takes. */
static void
key_put(const char *figure, const char *policy, size_t more,
    double (*now)(void))
{
	double plain[BENCH_RUNS], keyed[BENCH_RUNS], t[3];
	struct work w;
	struct tq_err e;
	size_t k;

	begin(&w, "none");
	put_keys(&w, KEYS, 0, 1);
	if (tq_set(w.tq, NULL, "sync", policy, &e) == -1)
		bench_die(&e, policy);
	for (k = 0; k < BENCH_RUNS; k++) {
		t[0] = now();
		put_keys(&w, more, 0, 0);
		t[1] = now();
		put_keys(&w, more, KEYS + k * more, 1);
		t[2] = now();
		plain[k] = (t[1] - t[0]) / (double)more;
		keyed[k] = (t[2] - t[1]) / (double)more;
	}
	end(&w);
	bench_print(figure, 1e9 * bench_median(keyed, BENCH_RUNS), "ns",
	    1e9 * bench_median(plain, BENCH_RUNS));
}

/* ---- groups ------------------------------------------------------------- */

/* Members, and the callback of their chord, put and taken; seconds. */
static double
run_group(int grouped)
{
	struct tq_id group;
	struct tq_select sel = { .nids = 1,
	    .ids = &(const char *){ group.s } };
	struct work w;
	double t0, t1;
	size_t i, k;

	begin(&w, "none");
	t0 = cpu_now();
	body(&w.t[0]);
	body(&w.t[1]);
	if (grouped) {
		tq_task_init(&w.t[0]);
		w.t[0].kind = TQ_KIND_GROUP;
		w.t[0].flags = TQ_TASK_OPEN;
	}
	put(&w, 1);
	group = w.id[0];
	if (grouped) {
		tq_task_init(&w.t[1]);
		w.t[1].pipe = group.s;
		w.t[1].flags = TQ_TASK_CHORD;
	}
	w.t[0] = w.t[1];
	put(&w, 1);
	for (i = 0; i < MEMBERS; i += BATCH) {
		for (k = 0; k < BATCH; k++)
			body(&w.t[k])->group = grouped ? group.s : NULL;
		put(&w, BATCH);
	}
	if (grouped && tq_do(w.tq, TQ_DO_SEAL, &sel, NULL, 0, NULL,
	    &w.e) == -1)
		bench_die(&w.e, "seal");
	bench_take(w.tq, MEMBERS + (grouped ? 1 : 2));
	t1 = cpu_now();
	end(&w);
	return t1 - t0;
}

static void
group(void)
{
	double plain[BENCH_RUNS], grouped[BENCH_RUNS];
	size_t k;

	for (k = 0; k < BENCH_RUNS; k++) {
		plain[k] = run_group(0);
		grouped[k] = run_group(1);
	}
	bench_print("group", bench_median(grouped, BENCH_RUNS), "s",
	    bench_median(plain, BENCH_RUNS));
}

/* ---- a failure and those that waited ------------------------------------ */

static double
run_dependants(void)
{
	static const char *const after[] = { "first" };
	struct tq_take take = { .timeout = 0 };
	struct tq_outcome o;
	struct tq_claim c;
	struct work w;
	double t0, t1;
	size_t i, k;

	begin(&w, "none");
	body(&w.t[0])->id = "first";
	put(&w, 1);
	for (i = 0; i < DEPENDANTS; i += BATCH) {
		for (k = 0; k < BATCH; k++) {
			body(&w.t[k])->after = after;
			w.t[k].nafter = 1;
		}
		put(&w, BATCH);
	}
	tq_claim_init(&c);
	if (tq_claim(w.tq, &take, &c, &w.e) != 1)
		errx(1, "nothing to claim");
	tq_outcome_init(&o, TQ_FAILURE);
	t0 = bench_now();
	if (tq_settle(w.tq, &c.ref, &o, 0, &w.e) == -1)
		bench_die(&w.e, "settle");
	if (tq_wait_idle(w.tq, NULL, 0, TQ_FOREVER, &w.e) == -1)
		bench_die(&w.e, "wait");
	t1 = bench_now();
	tq_claim_fini(&c);
	end(&w);
	return t1 - t0;
}

static void
dependants(void)
{
	double value[BENCH_RUNS];
	size_t k;

	for (k = 0; k < BENCH_RUNS; k++)
		value[k] = run_dependants();
	bench_print("dependants", bench_median(value, BENCH_RUNS), "s", 1);
}

/* ---- a chain ------------------------------------------------------------ */

/* Take a chain of n links; links a second. */
static double
run_chain(size_t n)
{
	const char *after[BATCH];
	char last[TQ_ID_MAX + 1] = "";
	struct work w;
	double t0, t1;
	size_t i, k;

	begin(&w, "none");
	for (i = 0; i < n; i += BATCH) {
		for (k = 0; k < BATCH; k++) {
			(void)snprintf(w.name[k], sizeof(w.name[k]),
			    "link-%zu", i + k);
			body(&w.t[k])->id = w.name[k];
			after[k] = k == 0 ? last : w.name[k - 1];
			w.t[k].after = &after[k];
			w.t[k].nafter = *after[k] != '\0';
		}
		put(&w, BATCH);
		(void)snprintf(last, sizeof(last), "%s", w.name[BATCH - 1]);
	}
	t0 = bench_now();
	bench_take(w.tq, n);
	t1 = bench_now();
	end(&w);
	return n / (t1 - t0);
}

static void
chain(void)
{
	double value[BENCH_RUNS];
	size_t k;

	for (k = 0; k < BENCH_RUNS; k++)
		value[k] = run_chain(LINKS);
	bench_print("chain", bench_median(value, BENCH_RUNS), "links/s",
	    20000);
}

int
main(int argc, char **argv)
{
	if (bench_wanted(argc, argv, "key-put"))
		key_put("key-put", "full", 500, bench_now);
	if (bench_wanted(argc, argv, "key-put-none"))
		key_put("key-put-none", "none", 50000, cpu_now);
	if (bench_wanted(argc, argv, "group"))
		group();
	if (bench_wanted(argc, argv, "dependants"))
		dependants();
	if (bench_wanted(argc, argv, "chain"))
		chain();
	return 0;
}
