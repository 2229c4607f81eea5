/*
 * storm_graph [-n graphs] [-s seed] dir log
 *
 * Two putters of graphs, three workers and one who revokes, in one spool, and a
 * killer that ends one of them with SIGKILL every few milliseconds and now and
 * then takes the table away, until all graphs are put; then the dying stops and
 * what is left is worked off.
 *
 * A graph is a chord, put whole or member by member into an open group; a chain
 * with a task for its failure; or a task of a key that many want.  The oracle is
 * the log, outside the queue.  At the end nothing is unended, whatever was told
 * to be put has its end, a callback that ran did so after all of its members,
 * and no task's end was accepted twice.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tq/tq.h>

#include "lib/base/clock.h"

#define PUTTERS		2
#define WORKERS		3
#define REVOKER		(PUTTERS + WORKERS)
#define CREW		(REVOKER + 1)
#define MEMBERS		6		/* of a chord; links of a chain */
#define GRAPHS_MAX	5000
#define ID		40

struct sea {
	unsigned	 graphs;
	_Atomic unsigned next[PUTTERS];
	_Atomic int	 calm, wrong;
};

static struct sea *sea;
static const char *dir, *logpath;
static int logfd;
static uint64_t rng;

static unsigned
any(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned)(rng >> 33) % n;
}

static void
nap(tq_time t)
{
	struct timespec ts;

	tq_clock_timespec(&ts, t);
	(void)nanosleep(&ts, NULL);
}

static void
note(const char *what, const char *id)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "%s %s\n", what, id);

	if (write(logfd, line, (size_t)n) != n)
		err(1, "%s", logpath);
}

#define WRONG(...) do {							\
	warnx(__VA_ARGS__);						\
	sea->wrong = 1;							\
} while (0)

static struct tq *
open_spool(void)
{
	struct tq_err e;
	struct tq *tq;

	if (tq_open(&tq, dir, NULL, 0, &e) == -1) {
		WRONG("open: %s", e.text);
		_exit(1);
	}
	return tq;
}

/* ---- putting ------------------------------------------------------------ */

/* Names of the tasks of graph n: "g.N" its group, "m.N.K", "cb.N", "err.N". */
struct names {
	char		 group[ID], member[MEMBERS][ID], callback[ID], bad[ID];
};

static void
name_all(struct names *v, unsigned n, unsigned life)
{
	unsigned k;

	(void)snprintf(v->group, ID, "g.%u.%u", n, life);
	(void)snprintf(v->callback, ID, "cb.%u.%u", n, life);
	(void)snprintf(v->bad, ID, "err.%u.%u", n, life);
	for (k = 0; k < MEMBERS; k++)
		(void)snprintf(v->member[k], ID, "m.%u.%u.%u", n, life, k);
}

static struct tq_task *
body(struct tq_task *t, const char *id)
{
	tq_task_init(t);
	t->id = id;
	t->body = (struct tq_bytes){ "body", 4 };
	return t;
}

/* 1 if a task has ended. */
static int
has_ended(struct tq *tq, const char *id)
{
	struct tq_info i;
	struct tq_err e;
	int rv;

	tq_info_init(&i);
	rv = tq_stat(tq, id, 0, &i, &e) == 1 && TQ_STATE_ENDED(i.state);
	tq_info_fini(&i);
	return rv;
}

static int
put(struct tq *tq, const struct tq_task *t, unsigned n)
{
	struct tq_id out[MEMBERS + 2];
	struct tq_err e;

	if (tq_put_many(tq, t, n, TQ_SECOND, out, &e) == 0)
		return 0;
	/* a group that was revoked meanwhile takes no more members */
	if (errno != EEXIST && !(errno == EINVAL && t->group != NULL &&
	    has_ended(tq, t->group)))
		WRONG("put %s: %s", t->id, e.text);
	return -1;
}

/* A chord: whole, or its group first and then one member after the other. */
static void
put_chord(struct tq *tq, const struct names *v, int open)
{
	struct tq_select sel = { .nids = 1, .ids = &(const char *){ v->group } };
	struct tq_task t[MEMBERS + 2];
	struct tq_err e;
	unsigned k;

	body(&t[0], v->group)->kind = TQ_KIND_GROUP;
	t[0].body.n = 0;
	body(&t[1], v->callback)->pipe = v->group;
	t[1].body.n = 0;
	t[1].flags = TQ_TASK_CHORD;
	for (k = 0; k < MEMBERS; k++)
		body(&t[k + 2], v->member[k])->group = v->group;
	if (!open) {
		if (put(tq, t, MEMBERS + 2) == -1)
			return;
	} else {
		t[0].flags = TQ_TASK_OPEN;
		if (put(tq, t, 2) == -1)
			return;
		for (k = 0; k < MEMBERS; k++) {
			if (any(4) == 0)
				nap(TQ_MS);
			if (put(tq, &t[k + 2], 1) == -1)
				return;
		}
		if (tq_do(tq, TQ_DO_SEAL, &sel, NULL, 0, NULL, &e) == -1) {
			WRONG("seal %s: %s", v->group, e.text);
			return;
		}
	}
	note("PUT", v->callback);
}

static void
put_chain(struct tq *tq, const struct names *v)
{
	const char *after[MEMBERS + 1];
	struct tq_task t[MEMBERS + 1];
	unsigned k;

	for (k = 0; k < MEMBERS; k++) {
		body(&t[k], v->member[k]);
		if (k == 0)
			continue;
		after[k] = v->member[k - 1];
		t[k].after = &after[k];
		t[k].nafter = 1;
	}
	after[k] = v->member[k - 1];
	body(&t[k], v->bad)->after = &after[k];
	t[k].nafter = 1;
	t[k].when = TQ_WHEN_FAIL;
	if (put(tq, t, MEMBERS + 1) == 0)
		note("PUT", v->bad);
}

static void
put_keyed(struct tq *tq, const struct names *v)
{
	struct tq_task t;

	body(&t, v->member[0])->key = "the key";
	t.on_key = (enum tq_on_key)any(3);
	if (put(tq, &t, 1) == 0)
		note("PUT", v->member[0]);
}

static void
putter(unsigned place, unsigned life)
{
	struct tq *tq = open_spool();
	struct names v;
	unsigned n;

	while ((n = sea->next[place]) < sea->graphs) {
		/* under a name of this life: one before may have put a part */
		name_all(&v, n * PUTTERS + place, life);
		switch (n % 4) {
		case 0:
		case 1:
			put_chord(tq, &v, n % 4);
			break;
		case 2:
			put_chain(tq, &v);
			break;
		default:
			put_keyed(tq, &v);
			break;
		}
		sea->next[place] = n + 1;
		/* lest it be over before anybody died */
		nap((tq_time)any(30) * TQ_MS);
	}
	tq_close(tq);
}

/* ---- working ------------------------------------------------------------ */

static void
worker(void)
{
	struct tq_take take = { .timeout = TQ_SECOND / 5 };
	struct tq *tq = open_spool();
	struct tq_outcome o;
	struct tq_claim c;
	struct tq_err e;
	int idle = 0, rv, fails;

	tq_claim_init(&c);
	/* dead owners are looked for once a second */
	while (!sea->calm || idle < 8) {
		if ((rv = tq_claim(tq, &take, &c, &e)) == -1) {
			WRONG("claim: %s", e.text);
			break;
		}
		idle = rv == 0 ? idle + 1 : 0;
		if (rv == 0)
			continue;
		note("START", c.ref.id.s);
		if (any(3) == 0)
			nap(any(2000) * (TQ_MS / 1000));
		fails = any(12) == 0;
		tq_outcome_init(&o, fails ? TQ_FAILURE : TQ_SUCCESS);
		o.status = fails;
		if (tq_settle(tq, &c.ref, &o, 0, &e) == 0)
			note(fails ? "FAIL" : "END", c.ref.id.s);
		else if (errno != ESTALE)
			WRONG("%s: settle: %s", c.ref.id.s, e.text);
	}
	tq_claim_fini(&c);
	tq_close(tq);
}

/* Now and then somebody gives up on what he had put. */
static void
revoker(void)
{
	struct tq *tq = open_spool();
	struct tq_select sel = { .nids = 1 };
	struct names v;
	const char *id;
	struct tq_err e;

	while (!sea->calm) {
		nap((tq_time)any(40) * TQ_MS);
		name_all(&v, any(sea->graphs * PUTTERS), 1 + any(3));
		id = any(2) ? v.group : v.member[any(MEMBERS)];
		sel.ids = &id;
		if (tq_do(tq, TQ_DO_REVOKE, &sel, NULL, 0, NULL, &e) == -1 &&
		    errno != ENOENT)
			WRONG("revoke %s: %s", id, e.text);
	}
	tq_close(tq);
}

static pid_t
launch(unsigned place, unsigned seed)
{
	static unsigned lives[CREW];
	unsigned life = ++lives[place];
	pid_t pid;

	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid != 0)
		return pid;
	rng = seed * UINT64_C(0x9e3779b97f4a7c15) + place + 1;
	if (place < PUTTERS)
		putter(place, life);
	else if (place < REVOKER)
		worker();
	else
		revoker();
	_exit(0);
}

/* ---- the storm ---------------------------------------------------------- */

static int
all_put(void)
{
	unsigned i;

	for (i = 0; i < PUTTERS; i++)
		if (sea->next[i] < sea->graphs)
			return 0;
	return 1;
}

/* The table goes: everybody makes it anew from the ledger. */
static void
lose_table(void)
{
	char path[4096], name[128], *p;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/lock", dir);
	if ((f = fopen(path, "r")) == NULL)
		return;
	if (fscanf(f, "tq table /%100s", name) == 1) {
		for (p = name; *p != '\0' && *p != '/'; p++)
			continue;
		if (*p == '\0') {
			(void)snprintf(path, sizeof(path), "/dev/shm/%s", name);
			(void)unlink(path);
		}
	}
	fclose(f);
}

static unsigned
storm(pid_t pid[CREW])
{
	unsigned kills = 0, i;

	while (!all_put() && !sea->wrong) {
		nap((tq_time)(5 + any(30)) * TQ_MS);
		i = any(CREW);
		if (pid[i] != 0) {
			kill(pid[i], SIGKILL);
			waitpid(pid[i], NULL, 0);
			kills++;
		}
		if (any(40) == 0)
			lose_table();
		pid[i] = launch(i, any(1u << 30));
	}
	return kills;
}

static void
calm(pid_t pid[CREW])
{
	tq_time until = tq_clock_mono() + 60 * TQ_SECOND;
	unsigned i, left = CREW;
	int status;

	sea->calm = 1;
	for (i = PUTTERS; i < REVOKER; i++)
		if (pid[i] == 0 || waitpid(pid[i], NULL, WNOHANG) == pid[i])
			pid[i] = launch(i, i);
	while (left > 0 && tq_clock_mono() < until) {
		nap(5 * TQ_MS);
		for (i = left = 0; i < CREW; i++) {
			if (pid[i] != 0 && waitpid(pid[i], &status, WNOHANG) ==
			    pid[i]) {
				if (status != 0)
					WRONG("%u of the crew: status %#x", i,
					    (unsigned)status);
				pid[i] = 0;
			}
			left += pid[i] != 0;
		}
	}
	for (i = 0; i < CREW; i++)
		if (pid[i] != 0) {
			WRONG("%u of the crew comes to no end", i);
			kill(pid[i], SIGKILL);
			waitpid(pid[i], NULL, 0);
		}
}

/* ---- oracle ------------------------------------------------------------- */

struct line {
	char		 what[8], id[ID];
};

static struct line *
read_log(size_t *n)
{
	struct line *v = NULL, l;
	size_t cap = 0;
	FILE *f;

	*n = 0;
	if ((f = fopen(logpath, "r")) == NULL)
		err(1, "%s", logpath);
	while (fscanf(f, "%7s %39s\n", l.what, l.id) == 2) {
		if (*n == cap) {
			cap = cap == 0 ? 4096 : cap * 2;
			if ((v = realloc(v, cap * sizeof(*v))) == NULL)
				err(1, NULL);
		}
		v[(*n)++] = l;
	}
	fclose(f);
	return v;
}

/* A callback's members have succeeded before it starts. */
static void
check_start(struct tq *tq, const struct line *v, size_t at)
{
	char prefix[ID];
	struct tq_info i;
	struct tq_err e;
	char group[ID];
	size_t k;
	unsigned starts = 0;

	(void)snprintf(group, ID, "g%s", v[at].id + 2);
	(void)snprintf(prefix, ID, "m%s.", v[at].id + 2);
	for (k = 0; k < at; k++)
		starts += strcmp(v[k].what, "START") == 0 &&
		    strncmp(v[k].id, prefix, strlen(prefix)) == 0;
	if (starts < MEMBERS)
		WRONG("%s: started when %u members had", v[at].id, starts);
	tq_info_init(&i);
	if (tq_stat(tq, group, 0, &i, &e) == 1 && i.state != TQ_SUCCESS &&
	    i.state != TQ_REVOKED)
		WRONG("%s: started, its group is %s", v[at].id,
		    tq_state_name(i.state));
	tq_info_fini(&i);
}

static int
unended(const struct tq_info *i, void *arg)
{
	(void)arg;
	WRONG("%s: is %s for ever: %s", i->id.s, tq_state_name(i->state),
	    i->why == NULL ? "" : i->why);
	return 0;
}

static void
finding(const char *text, void *arg)
{
	(void)arg;
	if (strncmp(text, "note:", 5) != 0)
		warnx("%s", text);
}

static int
by_id(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int c = strcmp(x->id, y->id);

	return c != 0 ? c : strcmp(x->what, y->what);
}

static void
judge(void)
{
	struct tq_select sel = { .states = 1u << TQ_HELD | 1u << TQ_DELAYED |
	    1u << TQ_BLOCKED | 1u << TQ_READY | 1u << TQ_STARTED |
	    1u << TQ_RETRY };
	struct tq *tq = open_spool();
	struct tq_info info;
	struct line *v;
	struct tq_err e;
	size_t n, i;

	if (tq_list(tq, &sel, unended, NULL, &e) == -1)
		WRONG("list: %s", e.text);
	v = read_log(&n);
	tq_info_init(&info);
	for (i = 0; i < n; i++) {
		if (strcmp(v[i].what, "PUT") == 0 &&
		    (tq_stat(tq, v[i].id, 0, &info, &e) != 1 ||
		    !TQ_STATE_ENDED(info.state)))
			WRONG("%s: LOST", v[i].id);
		if (strcmp(v[i].what, "START") == 0 &&
		    strncmp(v[i].id, "cb.", 3) == 0)
			check_start(tq, v, i);
	}
	tq_info_fini(&info);
	qsort(v, n, sizeof(*v), by_id);
	for (i = 1; i < n; i++)
		if ((strcmp(v[i].what, "END") == 0 ||
		    strcmp(v[i].what, "FAIL") == 0) &&
		    strcmp(v[i].id, v[i - 1].id) == 0 &&
		    (strcmp(v[i - 1].what, "END") == 0 ||
		    strcmp(v[i - 1].what, "FAIL") == 0))
			WRONG("%s: two ends were accepted", v[i].id);
	if (tq_check(tq, 0, finding, NULL, &e) != 0)
		WRONG("check: damage");
	free(v);
	tq_close(tq);
}

int
main(int argc, char *argv[])
{
	unsigned seed = 1, graphs = 60, kills, i;
	pid_t pid[CREW], judge_pid;
	int c;

	while ((c = getopt(argc, argv, "n:s:")) != -1)
		if (c == 'n')
			graphs = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 's')
			seed = (unsigned)strtoul(optarg, NULL, 10);
		else
			errx(64, "usage: storm_graph [-n graphs] [-s seed] "
			    "dir log");
	if (argc - optind != 2 || graphs > GRAPHS_MAX)
		errx(64, "usage: storm_graph [-n graphs] [-s seed] dir log");
	dir = argv[optind];
	logpath = argv[optind + 1];
	logfd = open(logpath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (logfd == -1)
		err(1, "%s", logpath);
	sea = mmap(NULL, sizeof(*sea), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sea == MAP_FAILED)
		err(1, "mmap");
	sea->graphs = graphs / PUTTERS;
	rng = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	for (i = 0; i < CREW; i++)
		pid[i] = launch(i, i);
	kills = storm(pid);
	calm(pid);
	/* a fresh process: this one never mapped the table */
	if ((judge_pid = fork()) == -1)
		err(1, "fork");
	if (judge_pid == 0) {
		judge();
		_exit(0);
	}
	if (waitpid(judge_pid, &c, 0) == -1 || c != 0)
		WRONG("the judge: status %#x", (unsigned)c);
	printf("seed %u: %u graphs, %u kills\n", seed, graphs, kills);
	return sea->wrong;
}
